package relational

import (
	"fmt"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/planner/estimate"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// Distinct keeps one row of those that are equal.
var Distinct = &op.Operator{
	Name: "distinct",
	Role: op.TransformRole,
	Doc: `keeps the first row of those whose keys are equal, in the order of the stream; without ` + "`on:`" + `, of those that are equal in every column.

Null is equal to null here, NaN to NaN and 0.0 to -0.0.` + fmt.Sprintf(boundsDoc, "the rows that it keeps"),
	Params:  []op.Param{{Name: "on", Kind: op.Keys, Doc: "The columns by which rows are equal."}},
	Bounded: op.NeedsWindow,
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
	New: func(c *op.Config) (op.Instance, error) { return &distinct{cfg: c, groups: newGroups()}, nil },
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
	ctx     op.Context
	keys    []evaluator
	groups  *groups
	first   []place // by key
	batches []*batch.Batch
	held    int64
}

func (d *distinct) Open(ctx op.Context) error {
	d.ctx = ctx
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
	return nil
}

func (d *distinct) Data(_ int, b *batch.Batch, out op.Output) error {
	keys, b, err := evalAll(d.keys, b, out)
	if err != nil {
		return err
	}
	var keep []uint32
	at := map[uint32]int{} // a key's row in keep
	for i := range b.Len() {
		row := b.Pos(i)
		n, added := d.groups.add(d.groups.encode(keys, row))
		before := added || d.groups.before(n, b.Ord, row)
		d.groups.place(n, added, b.Ord, row)
		switch {
		case added:
			d.first = append(d.first, place{})
		case !before:
			continue
		}
		if k, here := at[n]; here {
			keep[k] = uint32(row)
			continue
		}
		at[n] = len(keep)
		d.first[n] = place{uint32(len(d.batches)), uint32(len(keep))}
		keep = append(keep, uint32(row))
	}
	if len(keep) == 0 {
		return nil
	}
	kept := project(b, d.cfg.Out).Take(keep).Own()
	d.batches = append(d.batches, kept)
	d.held += int64(kept.Bytes())
	return fits(d.ctx, d.held+d.groups.bytes()+8*int64(cap(d.first)), fmt.Sprintf("%d different rows", len(d.first)),
		"give more memory, select fewer columns before, or split the work over more tasks")
}

func (d *distinct) Drain(out op.Output) error {
	order := d.groups.inOrder()
	for len(order) > 0 {
		part := order[:min(len(order), outRows)]
		order = order[len(part):]
		pos := make([]place, len(part))
		for i, n := range part {
			pos[i] = d.first[n]
		}
		b := gather(d.batches, pos, d.cfg.Out)
		b.Ord = d.groups.ordinalsOf(part)
		if err := out.Emit(b); err != nil {
			return err
		}
	}
	return nil
}
