package gather

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/staging"
)

var (
	tInt      = types.Of(types.Int)
	numberRow = types.Row{{Name: "k", Type: tInt}, {Name: "v", Type: tInt}}
)

func ints(xs ...int64) *batch.Vector {
	return &batch.Vector{Type: tInt, N: len(xs), Ints: xs}
}

// numbered makes a batch of (k, v) rows whose ordinals are (k, v), too.
func numbered(pairs ...[2]int64) *batch.Batch {
	b := &batch.Batch{Row: numberRow, N: len(pairs), Ord: [][]uint64{nil, nil}}
	var k, v []int64
	for _, p := range pairs {
		k, v = append(k, p[0]), append(v, p[1])
		b.Ord[0], b.Ord[1] = append(b.Ord[0], uint64(p[0])), append(b.Ord[1], uint64(p[1]))
	}
	b.Cols = []*batch.Vector{ints(k...), ints(v...)}
	return b
}

// TestSortLane: whatever the limit, also with more runs than are merged at once, the rows come sorted, and all of them.
func TestSortLane(t *testing.T) {
	for _, c := range []struct {
		limit   int64
		batches int
	}{{1, 3*mergeRuns + 5}, {2000, 100}, {1 << 30, 100}, {1, 1}, {1, 0}} {
		random := rand.New(rand.NewPCG(uint64(c.batches), 2))
		dir := t.TempDir()
		l := &sortLane{row: numberRow, limit: c.limit, dir: dir}
		var want [][2]int64
		for range c.batches {
			var rows [][2]int64
			for range random.IntN(9) {
				rows = append(rows, [2]int64{random.Int64N(50), random.Int64N(50)})
			}
			want = append(want, rows...)
			b := numbered(rows...)
			if random.IntN(3) == 0 {
				b.Ord = nil // sorts before rows with ordinals: told by its values
				for i := range rows {
					want[len(want)-1-i][0] -= 1000
				}
				for i, k := range b.Cols[0].Ints {
					b.Cols[0].Ints[i] = k - 1000
				}
			}
			if err := l.add(message{rows: b}, true, nil); err != nil {
				t.Fatal(err)
			}
		}
		if len(l.runs) >= mergeRuns {
			t.Errorf("%d runs are open", len(l.runs))
		}
		var got [][2]int64
		err := l.finish(func(b *batch.Batch) error {
			if b.N > chunkRows {
				t.Errorf("a batch of %d rows", b.N)
			}
			for i := range b.N {
				got = append(got, [2]int64{b.Cols[0].Int(i), b.Cols[1].Int(i)})
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(want, func(a, b [2]int64) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
		if !slices.Equal(got, want) {
			t.Errorf("limit %d: got %v, want %v", c.limit, got, want)
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
			t.Error(entries, err)
		}
		if err := l.close(); err != nil {
			t.Error(err)
		}
	}
}

// TestSplitLane: splits that are read in any order, by any number of tasks, come out in theirs, what is drained last of
// all.
func TestSplitLane(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "weir-test-*")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		h := &hold{file: staging.NewFile(dir), limit: rapid.SampledFrom([]int64{0, 300, 1 << 20}).Draw(t, "limit")}
		defer h.file.Close()
		l := &splitLane{hold: h, segments: map[uint64]*segment{}}
		sizes := rapid.SliceOfN(rapid.IntRange(0, 3), 0, 8).Draw(t, "batches of each split")
		left := map[uint64]int{} // messages to come, the end included
		for seq, n := range sizes {
			left[uint64(seq)] = n + 1
		}
		front := false
		var got []string
		emit := func(b *batch.Batch) error {
			got = append(got, fmt.Sprint(b.Cols[0].Ints))
			return nil
		}
		var want []string
		for seq, n := range sizes {
			for i := range n {
				want = append(want, fmt.Sprint([]int64{int64(seq), int64(i)}))
			}
		}
		give := func(seq uint64, i int) {
			b := &batch.Batch{Row: numberRow[:1], N: 2, Cols: []*batch.Vector{ints(int64(seq), int64(i))}}
			if err := l.add(message{seq, b}, front, emit); err != nil {
				t.Fatal(err)
			}
		}
		for len(left) > 0 {
			var open []uint64
			for seq := range left {
				open = append(open, seq)
			}
			slices.Sort(open)
			seq := rapid.SampledFrom(open).Draw(t, "split")
			front = front || rapid.IntRange(0, 3).Draw(t, "front") == 0
			if left[seq]--; left[seq] == 0 {
				delete(left, seq)
				if err := l.add(message{seq: seq}, front, emit); err != nil {
					t.Fatal(err)
				}
			} else {
				give(seq, sizes[seq]-left[seq])
			}
		}
		for _, task := range []uint64{1, 0} {
			give(Drained+task, 0)
		}
		last := int64(-1 << 63) // drained, as an int64
		want = append(want, fmt.Sprint([]int64{last, 0}), fmt.Sprint([]int64{last + 1, 0}))
		if err := l.finish(emit); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
		if h.held != 0 || h.spilt != 0 {
			t.Fatalf("%d bytes are still held, %d batches in the file", h.held, h.spilt)
		}
	})
}
