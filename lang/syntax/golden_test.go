package syntax_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"weir/lang/diag"
	"weir/lang/syntax"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestErrors renders what Parse says about each file of testdata/errors. An archive holds pairs: NAME.flow, and
// NAME.txt with the rendering.
func TestErrors(t *testing.T) {
	paths, err := filepath.Glob("testdata/errors/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]string{}
			for _, f := range ar.Files {
				want[f.Name] = string(f.Data)
			}
			out := &txtar.Archive{Comment: ar.Comment}
			for _, f := range ar.Files {
				name, isFlow := strings.CutSuffix(f.Name, ".flow")
				if !isFlow {
					continue
				}
				got := render(t, f.Name, f.Data)
				out.Files = append(out.Files, f, txtar.File{Name: name + ".txt", Data: []byte(got)})
				if diff := cmp.Diff(want[name+".txt"], got); diff != "" && !*update {
					t.Errorf("%s (-want +got):\n%s", f.Name, diff)
				}
			}
			if *update {
				if err := os.WriteFile(path, txtar.Format(out), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func render(t *testing.T, name string, src []byte) string {
	t.Helper()
	file, errs := syntax.Parse(name, src)
	if file == nil {
		t.Fatal("no file")
	}
	var b bytes.Buffer
	if err := diag.Render(&b, diag.FormatText, errs, func(string) []byte { return src }); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestExamples parses the examples of the language's description.
func TestExamples(t *testing.T) {
	for path, decls := range map[string]int{"pairwise.flow": 7, "growth.flow": 6} {
		src, err := os.ReadFile(filepath.Join("testdata/examples", path))
		if err != nil {
			t.Fatal(err)
		}
		file, errs := syntax.Parse(path, src)
		if len(errs) > 0 || len(file.Decls) != decls {
			t.Errorf("%s: %d declarations, want %d; %v", path, len(file.Decls), decls, errs)
		}
	}
}

// TestThreeBroken shows that each broken declaration gives its own error, and that the sound ones are there.
func TestThreeBroken(t *testing.T) {
	file, errs := syntax.Parse("x.flow", []byte("let a = f(\nlet b = 1\nlet c = +\nfn = 3\nlet d = 2\n"))
	if len(errs) != 3 {
		t.Errorf("%d errors, want 3: %v", len(errs), errs)
	}
	var names []string
	for _, d := range file.Decls {
		n, _ := syntax.DeclName(d)
		names = append(names, n.Name)
	}
	if diff := cmp.Diff([]string{"b", "d"}, names); diff != "" {
		t.Error(diff)
	}
}
