package relational_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"weir/compiler"
)

var update = flag.Bool("update", false, "write what the tests give into their golden files")

// TestErrors: what the operators say of arguments that make no sense. testdata/errors.txtar has pairs of files: name.flow, and name.want.
func TestErrors(t *testing.T) {
	const path = "testdata/errors.txtar"
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(a.Files); i += 2 {
		src := string(a.Files[i].Data)
		r := compiler.Compile(a.Files[i].Name, a.Files[i].Data, compiler.Options{Catalogue: catalogue})
		got := report(r.Diags, src)
		if *update {
			a.Files[i+1].Data = []byte(got)
			continue
		}
		if want := string(a.Files[i+1].Data); strings.TrimSpace(got) != strings.TrimSpace(want) {
			t.Errorf("%s: got\n%s\nwant\n%s", a.Files[i].Name, got, want)
		}
		if !r.Diags.HasErrors() {
			t.Errorf("%s has no errors", a.Files[i].Name)
		}
	}
	if *update {
		if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
