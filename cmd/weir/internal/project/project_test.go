package project

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{"1KiB": 1024, "2GB": 2e9, "0.5MiB": 512 << 10, "7B": 7} {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "12", "-1MiB", "MiB", "NaNMiB", "1e300TiB", "12 XB"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("%q is %d", text, got)
		}
	}
}

// The nearest project file above a pipeline counts.
func TestLoadNearest(t *testing.T) {
	dir := t.TempDir()
	sub := filepath.Join(dir, "a", "b")
	if err := os.MkdirAll(sub, 0o777); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write(FileName, "params: { x: outer }\n")
	p, diags := Load(filepath.Join(sub, "p.flow"))
	if len(diags) > 0 || p.Params["x"].Text != "outer" || p.Root != dir {
		t.Errorf("%+v %v", p, diags)
	}
	write("a/"+FileName, "params: { x: inner }\nroot: ..\n")
	p, diags = Load(filepath.Join(sub, "p.flow"))
	if len(diags) > 0 || p.Params["x"].Text != "inner" || p.Root != dir {
		t.Errorf("%+v %v", p, diags)
	}
}

// No text makes the reader panic or find a place outside the file.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"root: .", "params: {a: 1, a: 2}", "targets: [1]", "targets: {c: {kind: yarn, dir: hdfs:///w, ha: {zookeeper: a:1}, scaling: {max: 3}, flink: {a: b}, parallelism: 9}}", "targets: {yarn: &y {scaling: {min: 2}, kind: *y}}", "a: &x\n  b: *x", "\"\xff", "target: local\ntargets:\n  local: {memory: 1GiB}", "- 1", "root: [", "? a\n: b"} {
		f.Add(s)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		p, diags := parse(filepath.Join(dir, FileName), dir, []byte(text))
		if p == nil {
			t.Fatal("no project")
		}
		for _, d := range diags {
			if d.Code == "" || d.Message == "" || strings.Contains(d.Message, "\n") || d.Span.Start.Offset > len(text) || d.Span.End.Offset > len(text) {
				t.Errorf("%+v", d)
			}
		}
	})
}
