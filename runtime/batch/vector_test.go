package batch

import (
	"testing"

	"pgregory.net/rapid"

	"weir/compiler/types"
)

// values lists the rows of a batch that count, in the form of constants.
func values(b *Batch) [][]any {
	out := make([][]any, b.Len())
	for i := range out {
		for _, c := range b.Cols {
			out[i] = append(out[i], c.Value(b.Pos(i)))
		}
	}
	return out
}

// Joining batches gives their rows in order, whatever they are made of.
func TestConcat(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := drawBatch(t)
		batches := []*Batch{first}
		var want [][]any
		for range rapid.IntRange(0, 2).Draw(t, "more") {
			n := rapid.IntRange(0, 4).Draw(t, "rows")
			b := &Batch{Row: first.Row, N: n}
			for _, f := range first.Row {
				b.Cols = append(b.Cols, drawVector(t, f.Type, n))
			}
			batches = append(batches, b)
		}
		for _, b := range batches {
			want = append(want, values(b)...)
		}
		got := values(Concat(first.Row, batches))
		if len(got) != len(want) {
			t.Fatalf("%d rows, want %d", len(got), len(want))
		}
		for i := range want {
			for k := range want[i] {
				if !sameValue(got[i][k], want[i][k]) {
					t.Fatalf("row %d: %v, want %v", i, got[i], want[i])
				}
			}
		}
	})
}

// Taking rows, and resolving a dictionary, changes no value.
func TestTakeAndFlat(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawBatch(t)
		if b.N == 0 {
			return
		}
		idx := drawIndex(t, rapid.IntRange(0, 6).Draw(t, "taken"), b.N)
		got := b.Take(idx)
		for k, c := range b.Cols {
			flat := c.Flat()
			for i, p := range idx {
				want := c.Value(int(p))
				if !sameValue(got.Cols[k].Value(i), want) || !sameValue(flat.Value(int(p)), want) {
					t.Fatalf("column %d, row %d", k, p)
				}
			}
		}
	})
}

// A record that is cut down keeps its nulls and the values of the fields that stay, in their order.
func TestProject(t *testing.T) {
	full := types.RecordOf(types.Field{Name: "a", Type: types.Of(types.Int)}, types.Field{Name: "b", Type: types.RecordOf(
		types.Field{Name: "c", Type: types.Of(types.String)}, types.Field{Name: "d", Type: types.Of(types.Int)})}).OrNull()
	b := NewBuilder(full, 2)
	b.Any([]any{int64(1), []any{"x", int64(2)}})
	b.Any(nil)
	cut := types.RecordOf(types.Field{Name: "b", Type: types.RecordOf(types.Field{Name: "d", Type: types.Of(types.Int)})}).OrNull()
	v := b.Done()
	for _, v := range []*Vector{v, {Type: full, N: 2, Dict: v, Idx: []uint32{0, 1}}} {
		got := v.Project(cut)
		if !sameValue(got.Value(0), []any{[]any{int64(2)}}) || got.Value(1) != nil || !got.Type.Equal(cut) {
			t.Errorf("%v %v", got.Value(0), got.Value(1))
		}
	}
}
