package keyed

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"weir/compiler/types"
	"weir/runtime/batch"
)

// Rows are counted in the groups of their keys, whether these are values, or entries of dictionaries that several batches share or that are larger
// than a batch, or no keys at all, in windows that take turns and parts that go to files.
func TestDictionaries(t *testing.T) {
	dir := t.TempDir()
	ty := types.Of(types.String).OrNull()
	rapid.Check(t, func(t *rapid.T) {
		text := func() any {
			if rapid.IntRange(0, 9).Draw(t, "null") == 0 {
				return nil
			}
			return rapid.SampledFrom([]string{"", "a", "b", "a\x00", "long enough to be compared otherwise", "x", "y", "z"}).Draw(t, "text")
		}
		column := func(n int) *batch.Vector {
			b := batch.NewBuilder(ty, n)
			for range n {
				b.Any(text())
			}
			return b.Done()
		}
		dicts := []*batch.Vector{column(3), column(12)}
		spec := testSpec(0, 128)
		spec.Dir, spec.Memory = dir, rapid.SampledFrom([]int64{0, 2000}).Draw(t, "memory")
		s, err := New(spec)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		none := rapid.IntRange(0, 5).Draw(t, "no keys") == 0
		var k Keys
		want := map[string]int64{}
		for range rapid.IntRange(1, 8).Draw(t, "batches") {
			b := &batch.Batch{N: rapid.IntRange(1, 9).Draw(t, "rows"), Ord: [][]uint64{nil, nil}}
			b.Ord[0], b.Ord[1] = make([]uint64, b.N), make([]uint64, b.N)
			v := column(b.N)
			if d := rapid.IntRange(0, 2).Draw(t, "dictionary"); d < 2 {
				v = &batch.Vector{Type: ty, N: b.N, Dict: dicts[d], Idx: make([]uint32, b.N)}
				for i := range v.Idx {
					v.Idx[i] = uint32(rapid.IntRange(0, dicts[d].N-1).Draw(t, "entry"))
				}
			}
			vs := []*batch.Vector{v}
			if none {
				vs = nil
			}
			if rapid.Bool().Draw(t, "some") {
				for i := range b.N {
					if rapid.Bool().Draw(t, "counts") {
						b.Sel = append(b.Sel, uint32(i))
					}
				}
				if b.Sel == nil {
					continue
				}
			}
			k.Set(vs, b)
			rows := make([]uint32, b.Len())
			for i := range rows {
				rows[i] = uint32(b.Pos(i))
			}
			for len(rows) > 0 {
				w := Window{0, rapid.Int64Range(1, 2).Draw(t, "window")}
				n := rapid.IntRange(1, len(rows)).Draw(t, "rows of the window")
				if err := s.Add(w, &k, rows[:n], [][]*batch.Vector{nil}, b.Ord); err != nil {
					t.Fatal(err)
				}
				for _, row := range rows[:n] {
					var key []byte
					for _, v := range vs {
						key = batch.AppendKey(key, v, int(row))
					}
					want[fmt.Sprintf("%d %q", w.End, key)]++
				}
				rows = rows[n:]
			}
		}
		got := map[string]int64{}
		for _, w := range s.Windows() {
			if err := s.Finish(w, func(b *Block) error {
				for i := range b.N {
					a, g := b.Accumulator(0, i)
					got[fmt.Sprintf("%d %q", w.End, b.Key(i))] += *a.(*total).at(g)
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}
