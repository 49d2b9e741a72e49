package align_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"weir/compiler"
	"weir/lang/diag"
	"weir/stdlib"
)

// What a user wrote wrong is told with its place: every file of testdata/errors has pipelines, name.flow, and what is said of them, name.txt. WEIR_UPDATE=1
// writes the latter anew.
func TestErrors(t *testing.T) {
	cat, err := stdlib.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/errors/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(err, len(files))
	}
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out := &txtar.Archive{Comment: ar.Comment}
		for _, f := range ar.Files {
			name, ok := strings.CutSuffix(f.Name, ".flow")
			if !ok {
				continue
			}
			r := compiler.Compile(f.Name, f.Data, compiler.Options{Catalogue: cat, CheckOnly: true})
			var b bytes.Buffer
			if err := diag.Text(&b, r.Diags, func(string) []byte { return f.Data }, false); err != nil {
				t.Fatal(err)
			}
			if b.Len() == 0 {
				t.Errorf("%s: nothing is wrong", f.Name)
			}
			out.Files = append(out.Files, f, txtar.File{Name: name + ".txt", Data: b.Bytes()})
		}
		got := txtar.Format(out)
		if os.Getenv("WEIR_UPDATE") != "" {
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if d := cmp.Diff(string(txtar.Format(ar)), string(got)); d != "" && os.Getenv("WEIR_UPDATE") == "" {
			t.Errorf("%s:\n%s", file, d)
		}
	}
}

// A writer asks for the columns that its format has, and not for E-values that dna does not have.
func TestWritersOfHitsWithoutStatistics(t *testing.T) {
	cat, err := stdlib.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	for _, writer := range []string{`write_paf("d.paf")`, `write_pairwise("d.txt")`} {
		src := `let d = read_fasta("d.fasta", alphabet: dna)
d |> search(d, on: (sequence, sequence), as: (query, target), matrix: EDNAFULL, strand: both) |> ` + writer + "\n"
		if r := compiler.Compile("d.flow", []byte(src), compiler.Options{Catalogue: cat, CheckOnly: true}); len(r.Diags) > 0 {
			t.Errorf("%s: %v", writer, r.Diags)
		}
	}
}
