package s3

import (
	"path"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParsePath(t *testing.T) {
	for in, want := range map[string][2]string{"s3://b/k": {"b", "k"}, "s3://b/a/b.c": {"b", "a/b.c"}, "s3://b/": {"b", ""}, "s3://b": {"b", ""}, "s3://b//k": {"b", "/k"}} {
		p, err := parsePath(in)
		if err != nil || p.bucket != want[0] || p.key != want[1] || p.path != in {
			t.Errorf("%s: %+v, %v", in, p, err)
		}
		if p.key != "" && p.in(p.key) != in {
			t.Errorf("%s is written %s", in, p.in(p.key))
		}
	}
}

// Without ** a pattern means what path.Match says; ** stands for any folders.
func TestMatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "*", "?", "[ab]", "/"}), 0, 6).Draw(t, "pattern"), "")
		key := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "/"}), 0, 6).Draw(t, "key"), "")
		if strings.Contains(pattern, "**") {
			return
		}
		want, err := path.Match(pattern, key)
		if err != nil {
			t.Fatal(err)
		}
		if got := match(strings.Split(pattern, "/"), strings.Split(key, "/")); got != want {
			t.Fatalf("%q matches %q: %v, want %v", pattern, key, got, want)
		}
	})
	for _, c := range []struct {
		pattern, key string
		want         bool
	}{
		{"**/x", "x", true}, {"**/x", "a/b/x", true}, {"**/x", "a/xx", false}, {"a/**/x", "a/x", true}, {"a/**/x", "b/x", false}, {"a/**", "a/b/c", true},
		{"**/*.fa", "a/b.fa", true}, {"**/b/**/x", "a/b/c/d/x", true}, {"**/b/**/x", "a/c/d/x", false},
	} {
		if got := match(strings.Split(c.pattern, "/"), strings.Split(c.key, "/")); got != c.want {
			t.Errorf("%s, %s: %v", c.pattern, c.key, got)
		}
	}
	if _, err := parsePattern(place{"s3://b/**/**/**/**/x", "b", "**/**/**/**/x"}); err == nil {
		t.Error("four times ** is let through")
	}
}

// Parts are as large as they must be, never larger than asked for without need, and few enough.
func TestPartSize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.Int64Range(MinPartSize, 64<<20).Draw(t, "part")
		size := rapid.Int64Range(0, 5<<40).Draw(t, "size")
		got := (&Store{o: Options{PartSize: part}}).partSize(size)
		switch {
		case got < part || (size+got-1)/got > MaxParts:
			t.Fatalf("%d bytes in parts of %d: %d", size, part, got)
		case got > part && (size+part-1)/part <= MaxParts:
			t.Fatalf("%d bytes fit into parts of %d, got %d", size, part, got)
		case got > part && got-size/MaxParts > 1<<20:
			t.Fatalf("%d for %d is too large", got, size)
		}
	})
}
