package relational

import (
	"weir/compiler/types"
	"weir/planner/estimate"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// Filter keeps the rows for which a condition holds.
var Filter = &op.Operator{
	Name: "filter",
	Role: op.TransformRole,
	Doc: `keeps the rows for which a condition is true.

A row for which the condition is null is dropped, as SQL does. Behind ` + "`filter(x is not null)`" + ` the type of x is not nullable any more.`,
	Params: []op.Param{{Name: "cond", Kind: op.RowExpr, Type: types.Of(types.Bool).OrNull(), Required: true, Doc: "The condition."}},
	Type:   sameRow,
	Caps:   op.Caps{RowWise: true, Condition: "cond", Needs: passOn("cond")},
	Estimate: func(e *op.Estimating) (estimate.Stream, estimate.Work) {
		out := e.In[0]
		out.Rows = out.Rows.Between(0, 0.5, "assumed")
		return out, estimate.Work{}
	},
	New: func(c *op.Config) (op.Instance, error) { return &filter{cfg: c}, nil },
	Examples: []op.Example{{Doc: "A reading that is missing is not dense.", Code: `type Row = { well: string, od: float? }
let readings = read_jsonl("r.jsonl", as: Row)
let dense = readings |> filter(od is not null and od > 1.0)
dense |> print()
test "null is not dense" {
  given readings = [{ well: "A1", od: 1.5 }, { well: "A2", od: null }, { well: "A3", od: 0.2 }]
  expect dense = [{ well: "A1", od: 1.5 }]
}
`}},
}

type filter struct {
	op.Base
	cfg  *op.Config
	cond evaluator
}

func (f *filter) Open(ctx op.Context) (err error) {
	f.cond, err = compile(ctx, f.cfg.Args.Expr("cond"), f.cfg.In[0])
	return err
}

func (f *filter) Data(_ int, b *batch.Batch, out op.Output) error {
	v, b, err := f.cond.eval(b, out)
	if err != nil {
		return err
	}
	sel := make([]uint32, 0, b.Len())
	switch {
	case b.Sel == nil && v.Dict == nil && v.Valid == nil:
		for i, keep := range v.Bools[:b.N] {
			if keep {
				sel = append(sel, uint32(i))
			}
		}
	default:
		for i := range b.Len() {
			if row := b.Pos(i); !v.IsNull(row) && v.Bool(row) {
				sel = append(sel, uint32(row))
			}
		}
	}
	if len(sel) == 0 {
		return nil
	}
	if len(sel) < b.Len() {
		b = b.Select(sel)
	}
	return out.Emit(project(b, f.cfg.Out))
}
