package gather

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"weir/runtime/batch"
)

// Rows that come in order, wholly or for a while, from one task or from several, are given in order, whatever goes to files.
func TestSortLaneRising(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		l := &sortLane{row: numberRow, limit: rapid.SampledFrom([]int64{1, 500, 5000, 1 << 30}).Draw(t, "limit"), dir: dir}
		defer func() {
			if err := l.close(); err != nil {
				t.Error(err)
			}
		}()
		next := make([]int64, rapid.IntRange(1, 3).Draw(t, "tasks"))
		var want [][2]int64
		for range rapid.IntRange(0, 40).Draw(t, "batches") {
			task := rapid.IntRange(0, len(next)-1).Draw(t, "task")
			if rapid.IntRange(0, 20).Draw(t, "back") == 0 {
				next[task] = 0
			}
			step := rapid.Int64Range(0, 3).Draw(t, "step")
			var rows [][2]int64
			for range rapid.SampledFrom([]int{1, 2, 7, chunkRows + 3}).Draw(t, "rows") {
				rows = append(rows, [2]int64{next[task] / 7, next[task] % 7})
				next[task] += step
			}
			want = append(want, rows...)
			if err := l.add(message{rows: numbered(rows...)}, true, nil); err != nil {
				t.Fatal(err)
			}
		}
		var got [][2]int64
		if err := l.finish(func(b *batch.Batch) error {
			if b.N > chunkRows {
				t.Fatalf("a batch of %d rows", b.N)
			}
			for i := range b.N {
				got = append(got, [2]int64{b.Cols[0].Int(i), b.Cols[1].Int(i)})
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		slices.SortStableFunc(want, func(a, b [2]int64) int { return slices.Compare(a[:], b[:]) })
		if !slices.Equal(got, want) {
			t.Fatalf("%d rows out of order", len(got))
		}
	})
}
