package relational

import (
	"strings"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// Drop removes columns.
var Drop = &op.Operator{
	Name: "drop",
	Role: op.TransformRole,
	Doc: `removes columns; the others stay in their order.

A path such as ` + "`query.sequence`" + ` removes a field of a record.`,
	Params: []op.Param{{Name: "columns", Kind: op.Columns, Required: true, Variadic: true, Min: 1, Doc: "The columns to remove."}},
	Type: func(t *op.Typing) types.Row {
		gone := map[string]bool{}
		for _, n := range t.Args.Names("columns") {
			gone[n] = true
		}
		row := without(t.In[0].Row, "", gone)
		if len(row) == 0 {
			t.Errorf("columns", codeNoColumns, "drop leaves no column")
			return nil
		}
		return row
	},
	Caps:     op.Caps{RowWise: true, Needs: passOn()},
	Estimate: sameStream,
	New:      func(c *op.Config) (op.Instance, error) { return &drop{cfg: c}, nil },
	Examples: []op.Example{{Doc: "Without the notes.", Code: `let plates = read_jsonl("p.jsonl", as: { plate: string, note: string, n: int })
let out = plates |> drop(note)
out |> print()
test "the note goes" {
  given plates = [{ plate: "P1", note: "x", n: 3 }]
  expect out = [{ plate: "P1", n: 3 }]
}
`}},
}

// without gives the fields whose path is not in gone; a record of which nothing is left goes, too.
func without(fields []types.Field, prefix string, gone map[string]bool) types.Row {
	var out types.Row
	for _, f := range fields {
		if gone[prefix+f.Name] {
			continue
		}
		if f.Type.Kind == types.Record && len(f.Type.Fields) > 0 {
			if f.Type.Fields = without(f.Type.Fields, prefix+f.Name+".", gone); len(f.Type.Fields) == 0 {
				continue
			}
		}
		out = append(out, f)
	}
	return out
}

type drop struct {
	op.Base
	cfg *op.Config
}

func (d *drop) Data(_ int, b *batch.Batch, out op.Output) error {
	return out.Emit(project(b, d.cfg.Out))
}

// Rename gives columns other names.
var Rename = &op.Operator{
	Name:   "rename",
	Role:   op.TransformRole,
	Doc:    "gives columns other names, in their places: `rename(new = old)`.",
	Params: []op.Param{{Name: "columns", Kind: op.Defs, Required: true, Variadic: true, Min: 1, Doc: "new = old, …"}},
	Type: func(t *op.Typing) types.Row {
		names := map[string]string{}
		for _, d := range t.Args["columns"].Defs {
			if d.Expr.Kind != expr.Column {
				t.Errorf("columns", codeNotColumn, "rename wants a column behind `%s =`, not the expression `%s`: derive defines columns by expressions", d.Name, d.Expr)
				return nil
			}
			if _, twice := names[d.Expr.Name]; twice {
				t.Errorf("columns", codeDuplicate, "`%s` is renamed twice", d.Expr.Name)
				return nil
			}
			names[d.Expr.Name] = d.Name
		}
		var row types.Row
		for _, f := range t.In[0].Row {
			if n, ok := names[f.Name]; ok {
				f.Name = n
			}
			if row.Index(f.Name) >= 0 {
				t.Errorf("columns", codeDuplicate, "there would be two columns `%s`", f.Name)
				return nil
			}
			row = append(row, f)
		}
		name, rest, nested := strings.Cut(t.In[0].Time, ".")
		if n, ok := names[name]; ok {
			name = n
		}
		if t.Out.Time = name; nested {
			t.Out.Time += "." + rest
		}
		return row
	},
	Caps: op.Caps{RowWise: true, Needs: func(a op.Args, in []types.Row, need op.ColumnSet) []op.ColumnSet {
		old := oldNames(a)
		s := op.NewColumnSet()
		for _, p := range need.Paths() {
			name, rest, nested := strings.Cut(p, ".")
			if o, ok := old[name]; ok {
				name = o
			}
			if nested {
				name += "." + rest
			}
			s.Add(name)
		}
		return []op.ColumnSet{s}
	}},
	Estimate: sameStream,
	New:      func(c *op.Config) (op.Instance, error) { return &rename{cfg: c, old: oldNames(c.Args)}, nil },
	Examples: []op.Example{{Doc: "Two columns exchange their names.", Code: `let rows = read_jsonl("r.jsonl", as: { a: int, b: int })
let out = rows |> rename(b = a, a = b)
out |> print()
test "exchanged" {
  given rows = [{ a: 1, b: 2 }]
  expect out = [{ a: 2, b: 1 }]
}
`}},
}

// oldNames gives the old name by the new one.
func oldNames(a op.Args) map[string]string {
	old := map[string]string{}
	for _, d := range a["columns"].Defs {
		old[d.Name] = d.Expr.Name
	}
	return old
}

type rename struct {
	op.Base
	cfg *op.Config
	old map[string]string
}

func (r *rename) Data(_ int, b *batch.Batch, out op.Output) error {
	cols := make([]*batch.Vector, len(r.cfg.Out))
	for i, f := range r.cfg.Out {
		name, ok := r.old[f.Name]
		if !ok {
			name = f.Name
		}
		cols[i] = b.Cols[b.Row.Index(name)].Project(f.Type)
	}
	return out.Emit(b.With(r.cfg.Out, cols))
}
