package relational

import (
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// Derive adds columns.
var Derive = &op.Operator{
	Name: "derive",
	Role: op.TransformRole,
	Doc: `adds columns, or replaces columns of the same name.

All expressions see the input row: a column defined here is seen by the next operator, not by its neighbour. A row for which an expression has
no value is rejected.`,
	Params: []op.Param{{Name: "columns", Kind: op.Defs, Required: true, Variadic: true, Min: 1, Doc: "name = expression, …"}},
	Type: func(t *op.Typing) types.Row {
		row := t.In[0].Row
		for _, d := range t.Args["columns"].Defs {
			if !columnType(t, "columns", d.Name, d.Expr.Type) {
				return nil
			}
			row = row.With(d.Name, d.Expr.Type)
		}
		return row
	},
	Caps: op.Caps{RowWise: true, Defs: "columns", KeepsInput: true,
		Needs: func(a op.Args, in []types.Row, need op.ColumnSet) []op.ColumnSet {
			s, made := op.NewColumnSet(), map[string]bool{}
			for _, d := range a["columns"].Defs {
				made[d.Name] = true
				needDef(s, need, d)
			}
			for f := range in[0] {
				if c := in[0][f].Name; !made[c] {
					addUnder(s, need, c, c)
				}
			}
			return []op.ColumnSet{s}
		}},
	Estimate: sameStream,
	New:      func(c *op.Config) (op.Instance, error) { return &define{cfg: c}, nil },
	Examples: []op.Example{{Doc: "Both expressions see the input row.", Code: `let readings = read_jsonl("r.jsonl", as: { a: int, b: int })
let out = readings |> derive(a = b, b = a, total = a + b)
out |> print()
test "columns are exchanged" {
  given readings = [{ a: 1, b: 2 }]
  expect out = [{ a: 2, b: 1, total: 3 }]
}
`}},
}

// Select keeps and defines columns; all others go.
var Select = &op.Operator{
	Name: "select",
	Role: op.TransformRole,
	Doc: `makes rows of the given columns, in this order; all others are dropped.

` + "`select(id, n = length(sequence))`" + `: a column stands for itself, a field of a record comes under its own name, an expression needs one. A row for
which an expression has no value is rejected.`,
	Params: []op.Param{{Name: "columns", Kind: op.Defs, Required: true, Variadic: true, Min: 1, Doc: "column, name = expression, …"}},
	Type: func(t *op.Typing) types.Row {
		var row types.Row
		for _, d := range t.Args["columns"].Defs {
			if !columnType(t, "columns", d.Name, d.Expr.Type) {
				return nil
			}
			row = append(row, types.Field{Name: d.Name, Type: d.Expr.Type})
		}
		return row
	},
	Caps: op.Caps{RowWise: true, Defs: "columns",
		Needs: func(a op.Args, in []types.Row, need op.ColumnSet) []op.ColumnSet {
			s := op.NewColumnSet()
			for _, d := range a["columns"].Defs {
				needDef(s, need, d)
			}
			return []op.ColumnSet{s}
		}},
	Estimate: sameStream,
	New:      func(c *op.Config) (op.Instance, error) { return &define{cfg: c}, nil },
	Examples: []op.Example{{Doc: "A column, a field and an expression.", Code: `let people = read_jsonl("p.jsonl", as: { name: string, home: { town: string }, born: int })
let out = people |> select(name, home.town, age = 2026 - born)
out |> print()
test "three columns" {
  given people = [{ name: "Ada", home: { town: "London" }, born: 1996 }]
  expect out = [{ name: "Ada", town: "London", age: 30 }]
}
`}},
}

// addUnder adds to s what need has of a column of the output, under the path that it comes from.
func addUnder(s, need op.ColumnSet, column, path string) {
	sub, all := need.Under(column)
	if all {
		s.Add(path)
		return
	}
	for _, p := range sub.Paths() {
		s.Add(path + "." + p)
	}
}

// needDef adds what a definition reads: a mere column where it is needed, an expression always, since it may reject rows.
func needDef(s, need op.ColumnSet, d op.Def) {
	if path, plain := d.Expr.Path(); plain {
		addUnder(s, need, d.Name, path)
	} else {
		s.AddExpr(d.Expr)
	}
}

// define computes the definitions of derive and select. Every expression is evaluated, since one that the planner has not dropped may reject
// rows; what Out lacks is not emitted.
type define struct {
	op.Base
	cfg   *op.Config
	defs  []op.Def
	evals []evaluator
}

func (d *define) Open(ctx op.Context) error {
	for _, def := range d.cfg.Args["columns"].Defs {
		if _, plain := def.Expr.Path(); plain && d.cfg.Out.Index(def.Name) < 0 {
			continue
		}
		ev, err := compile(ctx, def.Expr, d.cfg.In[0])
		if err != nil {
			return err
		}
		d.defs, d.evals = append(d.defs, def), append(d.evals, ev)
	}
	return nil
}

func (d *define) Data(_ int, b *batch.Batch, out op.Output) error {
	made, b, err := evalAll(d.evals, b, out)
	if err != nil || b.Len() == 0 {
		return err
	}
	cols := make([]*batch.Vector, len(d.cfg.Out))
	for i, f := range d.cfg.Out {
		for k, def := range d.defs {
			if def.Name == f.Name {
				cols[i] = made[k].Project(f.Type)
			}
		}
		if cols[i] == nil {
			cols[i] = b.Cols[b.Row.Index(f.Name)].Project(f.Type)
		}
	}
	return out.Emit(b.With(d.cfg.Out, cols))
}
