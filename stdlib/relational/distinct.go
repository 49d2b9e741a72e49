package relational

import (
	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/planner/estimate"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/keyed"
)

// Distinct keeps one row of those that are equal.
var Distinct = &op.Operator{
	Name: "distinct",
	Role: op.TransformRole,
	Doc: `keeps the first row of those whose keys are equal, in the order of the stream; without ` + "`on:`" + `, of those that are equal in every column.

Null is equal to null here, NaN to NaN and 0.0 to -0.0. Rows that memory has no room for go to disk.`,
	Params:  []op.Param{{Name: "on", Kind: op.Keys, Doc: "The columns by which rows are equal."}},
	Bounded: op.NeedsEnd,
	Type:    sameRow,
	Caps: op.Caps{Keyed: "on", Needs: func(a op.Args, in []types.Row, need op.ColumnSet) []op.ColumnSet {
		if len(keysOf(a, "on")) == 0 {
			return []op.ColumnSet{op.AllColumns(in[0])}
		}
		return passOn("on")(a, in, need)
	}},
	Estimate: func(e *op.Estimating) (estimate.Stream, estimate.Work) {
		out := e.In[0]
		out.Rows = out.Rows.Between(0, 0.5, "assumed")
		return out, estimate.Work{}
	},
	New: func(c *op.Config) (op.Instance, error) { return &distinct{cfg: c}, nil },
	Examples: []op.Example{{Doc: "The first reading of each plate.", Code: `let readings = read_jsonl("r.jsonl", as: { plate: string, od: float })
let out = readings |> distinct(on: plate)
out |> print()
test "the first stays" {
  given readings = [{ plate: "P1", od: 0.1 }, { plate: "P2", od: 0.3 }, { plate: "P1", od: 0.2 }]
  expect out = [{ plate: "P1", od: 0.1 }, { plate: "P2", od: 0.3 }]
}
`}},
}

// distinct holds the first row of every key so far. A row that comes later but stands before takes its place.
type distinct struct {
	op.Base
	cfg     *op.Config
	keys    []evaluator
	groups  *keyed.State
	encoded keyed.Keys
	rows    []uint32
}

func (d *distinct) Open(ctx op.Context) (err error) {
	for _, k := range keysOf(d.cfg.Args, "on") {
		ev, err := compile(ctx, k.Expr, d.cfg.In[0])
		if err != nil {
			return err
		}
		d.keys = append(d.keys, ev)
	}
	if len(d.keys) == 0 {
		for _, f := range d.cfg.In[0] {
			ev, err := compile(ctx, expr.Col(f.Name, f.Type), d.cfg.In[0])
			if err != nil {
				return err
			}
			d.keys = append(d.keys, ev)
		}
	}
	spec := keyed.Spec{Memory: ctx.Memory(), Dir: ctx.TempDir(), Spilled: func() { ctx.Count("spills", 1) }, Types: make([]types.Type, 1),
		New: func() ([]op.Accumulator, error) { return []op.Accumulator{&firstRow{row: d.cfg.Out}}, nil }}
	spec.First, spec.Last, spec.All = ctx.KeyGroups()
	d.groups, err = keyed.New(spec)
	return err
}

func (d *distinct) Data(_ int, b *batch.Batch, out op.Output) error {
	keys, b, err := evalAll(d.keys, b, out)
	if err != nil || b.Len() == 0 {
		return err
	}
	d.encoded.Set(keys, b)
	return d.groups.Add(keyed.Window{}, &d.encoded, positions(b, &d.rows), [][]*batch.Vector{project(b, d.cfg.Out).Cols}, b.Ord)
}

func (d *distinct) Drain(out op.Output) error {
	return d.groups.Finish(keyed.Window{}, func(g *keyed.Block) error { return out.Emit(firstRows(g)) })
}

func (d *distinct) Snapshot(_ uint64, w op.SnapshotWriter) error { return d.groups.Snapshot(w) }

func (d *distinct) Restore(r op.SnapshotReader) error { return d.groups.Restore(r) }

func (d *distinct) Close() error {
	if d.groups == nil {
		return nil
	}
	return d.groups.Close()
}
