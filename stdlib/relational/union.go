package relational

import (
	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/planner/estimate"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// Union puts streams together.
var Union = &op.Operator{
	Name: "union",
	Role: op.TransformRole,
	Doc: `puts the rows of several streams together; equal rows stay as often as they come.

The streams have the same columns, in any order; the output has that of the first. A type that covers both is taken: float for int and float, T? for T and T?.
In the order of the output all rows of a stream stand before those of the next one.`,
	Params: []op.Param{{Name: "others", Kind: op.Stream, Required: true, Variadic: true, Min: 1, Doc: "The other streams."}},
	Type: func(t *op.Typing) types.Row {
		row := append(types.Row(nil), t.In[0].Row...)
		for _, in := range t.In[1:] {
			for _, f := range in.Row {
				if row.Index(f.Name) < 0 {
					t.Errorf("others", codeRows, "the first stream has no column `%s`: it has %s, this one %s", f.Name, t.In[0].Row, in.Row)
					return nil
				}
			}
			for i, f := range row {
				u, ok := in.Row.Lookup(f.Name)
				if !ok {
					t.Errorf("others", codeRows, "a stream has no column `%s`: the first has %s, this one %s", f.Name, t.In[0].Row, in.Row)
					return nil
				}
				if row[i].Type, ok = types.Unify(f.Type, u); !ok {
					t.Errorf("others", codeRows, "`%s` is %s in one stream and %s in another", f.Name, f.Type, u)
					return nil
				}
			}
		}
		return row
	},
	Caps: op.Caps{RowWise: true, Needs: func(_ op.Args, in []types.Row, need op.ColumnSet) []op.ColumnSet {
		out := make([]op.ColumnSet, len(in))
		for i := range out {
			out[i] = op.NewColumnSet(need.Paths()...)
		}
		return out
	}},
	Estimate: func(e *op.Estimating) (estimate.Stream, estimate.Work) {
		out := e.In[0]
		for _, in := range e.In[1:] {
			out.Rows = out.Rows.Plus(in.Rows)
		}
		return out, estimate.Work{}
	},
	New: func(c *op.Config) (op.Instance, error) { return &union{cfg: c}, nil },
	Examples: []op.Example{{Doc: "The columns may stand in another order.", Code: `let old = read_jsonl("a.jsonl", as: { id: string, n: int })
let new = read_jsonl("b.jsonl", as: { n: float, id: string })
let out = old |> union(new)
out |> print()
test "both" {
  given old = [{ id: "a", n: 1 }]
  given new = [{ n: 2.5, id: "b" }]
  expect out = [{ id: "a", n: 1.0 }, { id: "b", n: 2.5 }]
}
`}},
}

type union struct {
	op.Base
	cfg   *op.Config
	casts [][]op.Evaluator // by port and column of the output; nil where nothing changes
}

func (u *union) Open(ctx op.Context) error {
	for _, in := range u.cfg.In {
		evals := make([]op.Evaluator, len(u.cfg.Out))
		for i, f := range u.cfg.Out {
			t, _ := in.Lookup(f.Name)
			if t.NotNull().Equal(f.Type.NotNull()) {
				continue
			}
			e := &expr.Expr{Kind: expr.Call, Name: expr.Cast, Type: f.Type, Args: []*expr.Expr{expr.Col(f.Name, t)}}
			var err error
			if evals[i], err = ctx.Compile(e, in); err != nil {
				return err
			}
		}
		u.casts = append(u.casts, evals)
	}
	return nil
}

func (u *union) Data(port int, b *batch.Batch, out op.Output) error {
	cols := make([]*batch.Vector, len(u.cfg.Out))
	for i, f := range u.cfg.Out {
		if ev := u.casts[port][i]; ev != nil {
			v, _, err := ev.Eval(b)
			if err != nil {
				return err
			}
			cols[i] = v
			continue
		}
		cols[i] = b.Cols[b.Row.Index(f.Name)].Project(f.Type)
	}
	c := b.With(u.cfg.Out, cols)
	if len(b.Ord) > 0 { // a level above those of the stream: the number of the stream
		level := make([]uint64, b.N)
		for i := range level {
			level[i] = uint64(port)
		}
		c.Ord = append([][]uint64{level}, b.Ord...)
	}
	return out.Emit(c)
}
