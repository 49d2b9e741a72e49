package exchange

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/planner/physical"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// Every row goes to one task, that of its key's group, whatever the selection; rows of one key stay together, and in order.
func TestSplit(t *testing.T) {
	str := types.Of(types.String)
	row := types.Row{{Name: "k", Type: str}, {Name: "n", Type: types.Of(types.Int)}}
	x := &physical.Exchange{Kind: physical.Hash, Row: row, Keys: []op.Key{{Expr: expr.Col("k", str)}}}
	rapid.Check(t, func(t *rapid.T) {
		groups := rapid.SampledFrom([]int{7, 128, 4096}).Draw(t, "groups")
		tasks := rapid.IntRange(1, 7).Draw(t, "tasks")
		h, err := NewHash(&op.Catalogue{}, x, groups)
		if err != nil {
			t.Fatal(err)
		}
		keys := rapid.SliceOfN(rapid.StringMatching(`[a-d]{0,2}`), 1, 40).Draw(t, "keys")
		k, n := batch.NewBuilder(str, len(keys)), batch.NewBuilder(types.Of(types.Int), len(keys))
		for i, s := range keys {
			k.String(s)
			n.Int(int64(i))
		}
		b := &batch.Batch{Row: row, N: len(keys), Cols: []*batch.Vector{k.Done(), n.Done()}}
		var sel []uint32
		for i := range keys {
			if rapid.Bool().Draw(t, "selected") {
				sel = append(sel, uint32(i))
			}
		}
		if rapid.Bool().Draw(t, "selection") {
			b = b.Select(sel)
		}
		parts, err := h.Split(b, tasks)
		if err != nil || len(parts) != tasks {
			t.Fatal(len(parts), err)
		}
		var got, want []int64
		for i := range b.Len() {
			want = append(want, b.Cols[1].Int(b.Pos(i)))
		}
		for task, p := range parts {
			if p == nil {
				continue
			}
			last := int64(-1)
			for i := range p.Len() {
				at := p.Pos(i)
				if g := batch.KeyGroup(batch.AppendKey(nil, p.Cols[0], at), groups); tasks > 1 && g*tasks/groups != task {
					t.Fatalf("a row of group %d of %d is task %d's of %d", g, groups, task, tasks)
				}
				x := p.Cols[1].Int(at)
				if x <= last {
					t.Fatal("the order is another")
				}
				last = x
				got = append(got, x)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}
