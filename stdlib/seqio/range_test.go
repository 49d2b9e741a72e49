package seqio

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// inRanges reads a file in ranges of so many bytes, and tells all that came; where good records stand is told where it is known of all ranges alike.
func inRanges(t testing.TB, path string, size int64) string {
	t.Helper()
	defer func(n int64) { rangeBytes = n }(rangeBytes)
	rangeBytes = size
	out, err := read(t, args(path))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, x := range out.batches {
		for i := range x.N {
			fmt.Fprintf(&b, "%d %q %q %s\n", x.Origin.Byte[i], x.Col("id").Bytes(i), x.Col("description").Bytes(i), x.Col("sequence").Bytes(i))
		}
	}
	for _, r := range out.rejected {
		r.File = ""
		fmt.Fprintf(&b, "%+v\n", r)
	}
	return b.String()
}

// TestRanges: the same records come, and the same are rejected at the same places, whatever the ranges are in which a file is read.
func TestRanges(t *testing.T) {
	for _, n := range nasty {
		data, err := os.ReadFile("testdata/nasty/" + n.file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) || len(data) > 2_000 {
			continue
		}
		path := put(t, "f", data)
		want := inRanges(t, path, 1<<30)
		for _, size := range []int64{1, 2, 3, 7, 64, 1000} {
			if got := inRanges(t, path, size); got != want {
				t.Errorf("%s in ranges of %d:\n%s", n.file, size, cmp.Diff(want, got))
			}
		}
	}
}

// TestAnyRanges does it with whatever stands in a file.
func TestAnyRanges(t *testing.T) {
	dir := t.TempDir()
	piece := rapid.SampledFrom([]string{">", ">a", ">b c\n", "\n", "\r", "\r\n", "ACD", "acd\n", ";x\n", ";", "1", "-", " ", "\xef", "\xbb\xbf", "\xef\xbb\xbf", "\x00"})
	rapid.Check(t, func(rt *rapid.T) {
		text := strings.Join(rapid.SliceOfN(piece, 0, 40).Draw(rt, "text"), "")
		path := dir + "/f"
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			rt.Fatal(err)
		}
		size := rapid.Int64Range(1, int64(len(text)+2)).Draw(rt, "range")
		if want, got := inRanges(t, path, 1<<30), inRanges(t, path, size); got != want {
			rt.Fatalf("%q in ranges of %d:\n%s", text, size, cmp.Diff(want, got))
		}
	})
}
