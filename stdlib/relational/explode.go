package relational

import (
	"strings"

	"weir/compiler/types"
	"weir/planner/estimate"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// Explode makes a row of every element of a list.
var Explode = &op.Operator{
	Name: "explode",
	Role: op.TransformRole,
	Doc: `makes one row of every element of a list column, in its place; the other columns are repeated.

A row whose list is empty or null gives no row. Rows keep their order, elements that of the list.`,
	Params: []op.Param{{Name: "column", Kind: op.Columns, Required: true, Doc: "The list column."}},
	Type: func(t *op.Typing) types.Row {
		names := t.Args.Names("column")
		if len(names) != 1 || strings.Contains(names[0], ".") {
			t.Errorf("column", codeNotColumn, "explode wants one column; a list within a record is derived as a column before")
			return nil
		}
		ty, ok := t.In[0].Row.Lookup(names[0])
		if !ok || ty.Kind != types.List {
			t.Errorf("column", codeNotColumn, "explode wants a list, and `%s` is %s", names[0], ty)
			return nil
		}
		if !columnType(t, "column", names[0], *ty.Elem) {
			return nil
		}
		return t.In[0].Row.With(names[0], *ty.Elem)
	},
	Caps: op.Caps{RowWise: true, Needs: func(a op.Args, _ []types.Row, need op.ColumnSet) []op.ColumnSet {
		list := a.Names("column")[0]
		s := op.NewColumnSet(list)
		for _, p := range need.Paths() {
			if p != list && !strings.HasPrefix(p, list+".") {
				s.Add(p)
			}
		}
		return []op.ColumnSet{s}
	}},
	Estimate: func(e *op.Estimating) (estimate.Stream, estimate.Work) {
		return estimate.Stream{Width: e.In[0].Width}, estimate.Work{}
	},
	New: func(c *op.Config) (op.Instance, error) { return &explode{cfg: c, list: c.Args.Names("column")[0]}, nil },
	Examples: []op.Example{{Doc: "One row a tag.", Code: `type Row = { id: string, tags: list<string> }
let genes = read_jsonl("g.jsonl", as: Row)
let out = genes |> explode(tags)
out |> print()
test "no tag, no row" {
  given genes = [{ id: "a", tags: ["x", "y"] }, { id: "b", tags: [] }]
  expect out = [{ id: "a", tags: "x" }, { id: "a", tags: "y" }]
}
`}},
}

type explode struct {
	op.Base
	cfg  *op.Config
	list string
}

func (x *explode) Data(_ int, b *batch.Batch, out op.Output) error {
	lists := b.Cols[b.Row.Index(x.list)]
	flat := lists
	if lists.Dict != nil {
		flat = lists.Dict
	}
	idx, elems, places := make([]uint32, 0, outRows), make([]uint32, 0, outRows), make([]uint64, 0, outRows)
	flush := func() error {
		if len(idx) == 0 {
			return nil
		}
		err := x.give(b, flat.Fields[0], idx, elems, places, out)
		idx, elems, places = idx[:0], elems[:0], places[:0]
		return err
	}
	for i := range b.Len() {
		row := b.Pos(i)
		k := row
		if lists.Dict != nil {
			k = int(lists.Idx[row])
		}
		if flat.IsNull(k) {
			continue
		}
		from := flat.Offs[k]
		for e := from; e < flat.Offs[k+1]; e++ {
			idx, elems, places = append(idx, uint32(row)), append(elems, e), append(places, uint64(e-from))
			if len(idx) == outRows {
				if err := flush(); err != nil {
					return err
				}
			}
		}
	}
	return flush()
}

// give emits the elements of rows.
func (x *explode) give(b *batch.Batch, from *batch.Vector, idx, elems []uint32, places []uint64, out op.Output) error {
	keep := &batch.Batch{N: b.N, Ord: b.Ord, Origin: b.Origin}
	for _, f := range x.cfg.Out {
		if f.Name != x.list {
			keep.Row = append(keep.Row, f)
			keep.Cols = append(keep.Cols, b.Cols[b.Row.Index(f.Name)].Project(f.Type))
		}
	}
	t := keep.Take(idx)
	cols := make([]*batch.Vector, len(x.cfg.Out))
	for i, f := range x.cfg.Out {
		if f.Name == x.list {
			cols[i] = from.Take(elems).Project(f.Type)
		} else {
			cols[i] = t.Cols[t.Row.Index(f.Name)]
		}
	}
	if t = t.With(x.cfg.Out, cols); len(t.Ord) > 0 {
		t.Ord = append(t.Ord, append([]uint64(nil), places...))
	}
	return out.Emit(t)
}
