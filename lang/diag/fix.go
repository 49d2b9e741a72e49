package diag

import (
	"cmp"
	"slices"
)

// ApplyFixes gives src with the fixes of the findings in it applied. A fix is applied as a whole or not at all: where
// an edit of it overlaps one that is taken already, the fix waits for the next check. Findings earlier in the text go
// first. Edits of other files than file, and edits that lie outside src, are left alone.
func ApplyFixes(file string, src []byte, list List) []byte {
	list = slices.Clone(list)
	list.Sort()
	var taken []Edit
	for _, d := range list {
		if d.Fix != nil && fits(file, len(src), taken, d.Fix.Edits) {
			taken = append(taken, d.Fix.Edits...)
		}
	}
	slices.SortStableFunc(taken, func(a, b Edit) int { return cmp.Compare(a.Span.Start.Offset, b.Span.Start.Offset) })
	out := make([]byte, 0, len(src))
	at := 0
	for _, e := range taken {
		out = append(out, src[at:e.Span.Start.Offset]...)
		out = append(out, e.New...)
		at = e.Span.End.Offset
	}
	return append(out, src[at:]...)
}

// fits reports whether edits lie in file and meet neither those taken nor one another. Two insertions at one place
// meet: their order would be arbitrary.
func fits(file string, size int, taken, edits []Edit) bool {
	for i, e := range edits {
		start, end := e.Span.Start.Offset, e.Span.End.Offset
		if e.Span.File != file || start < 0 || end < start || end > size {
			return false
		}
		meets := func(o Edit) bool {
			a, b := o.Span.Start.Offset, o.Span.End.Offset
			return start < b && a < end || start == a
		}
		if slices.ContainsFunc(taken, meets) || slices.ContainsFunc(edits[:i], meets) {
			return false
		}
	}
	return len(edits) > 0
}
