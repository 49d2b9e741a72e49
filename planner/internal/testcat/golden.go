package testcat

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// Golden compares named texts with those of a txtar file, and writes the file where WEIR_UPDATE is set.
func Golden(t *testing.T, file string, names []string, texts map[string]string) {
	t.Helper()
	got := &txtar.Archive{}
	for _, name := range names {
		got.Files = append(got.Files, txtar.File{Name: name, Data: []byte(texts[name])})
	}
	if os.Getenv("WEIR_UPDATE") != "" {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, txtar.Format(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(txtar.Format(want)), string(txtar.Format(got))); d != "" {
		t.Errorf("%s (- want, + got; WEIR_UPDATE=1 writes it anew):\n%s", file, d)
	}
}
