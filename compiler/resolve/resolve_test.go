package resolve_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"weir/compiler/resolve"
)

func TestPath(t *testing.T) {
	root := t.TempDir()
	outside := t.TempDir()
	for _, d := range []string{"sub", "data"} {
		if err := os.Mkdir(filepath.Join(root, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(outside, filepath.Join(root, "away")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(root, "data"), filepath.Join(root, "near")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(root, "sub", "x.flow")
	in := func(p string) string { return filepath.Join(root, p) }
	for literal, want := range map[string]string{
		"a.tsv":           in("sub/a.tsv"),
		"../data/a.tsv":   in("data/a.tsv"),
		"../out/":         in("out") + "/",
		"./b/../*.fasta":  in("sub/*.fasta"),
		"..":              root,
		in("data/x"):      in("data/x"),
		"../near/a.tsv":   in("near/a.tsv"),
		"-":               "-",
		"s3://b/k/../x":   "s3://b/k/../x",
		"hdfs://n/p":      "hdfs://n/p",
		"../..":           "",
		"../../x":         "",
		"../data/../../x": "",
		"/etc/passwd":     "",
		outside:           "",
		"../away/x":       "",
		"../away":         "",
		"a\x00b":          "",
		"../sub2/../../y": "",
	} {
		got, err := resolve.Path(root, file, literal)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("Path(%q) = %q, %v; want %q", literal, got, err, want)
		}
	}
}

// TestLoad: a file that is imported by two others is read once, and what it imports itself is not handed on.
func TestLoad(t *testing.T) {
	files := map[string]string{
		"sub/a.flow": "import \"../c.flow\"\nlet a = 1\nparam hidden: int = 1\n",
		"sub/b.flow": "import \"../c.flow\"\nfn b(x) = x\n",
		"c.flow":     "let c = 2\ntype c = { x: int }\n",
	}
	reads := map[string]int{}
	read := func(name string) ([]byte, error) {
		reads[name]++
		if s, ok := files[filepath.ToSlash(name)]; ok {
			return []byte(s), nil
		}
		return nil, errors.New("no such file")
	}
	src := "import \"sub/a.flow\"\nimport \"sub/b.flow\"\nimport \"./sub/a.flow\"\nlet d = 3\n"
	p, diags := resolve.Load("main.flow", []byte(src), resolve.Options{ReadFile: read})
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	for name, n := range reads {
		if n != 1 {
			t.Errorf("%s was read %d times", name, n)
		}
	}
	if len(p.Files()) != 4 || p.Files()[0].Name != "main.flow" {
		t.Errorf("%d files, the first %s", len(p.Files()), p.Files()[0].Name)
	}
	for name, want := range map[string]bool{"a": true, "b": true, "d": true, "c": false, "hidden": false} {
		if got := p.Main.Lookup(name) != nil; got != want {
			t.Errorf("main.flow sees %s: %v", name, got)
		}
	}
	if m := p.Main.Lookup("a").Module; m.Lookup("c") == nil || m.Types["c"] == nil || m.Lookup("hidden") == nil {
		t.Error("sub/a.flow does not see what is its own, or what it imports")
	}
}
