package rules

import (
	"strings"

	"weir/compiler/expr"
	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/planner/internal/graph"
)

// projectionPruning drops columns, and fields of records, that nobody reads: they are then not read, not computed, not
// laid out in blocks and carried over no exchange. It goes from the sinks to the sources, so that a node's readers have
// said what they need before it is asked.
//
// Legal because a row's other columns do not depend on a column that is dropped. A source still gets its whole declared
// row in its arguments: what it rejects must not depend on what is asked of it. A definition that may reject a row
// stays, though nobody reads it.
//
// Counter-examples: `derive(x = a // b) |> select(a)`: x stays, rows with b = 0 are rejected. What an operator that
// declares no needs reads: everything. The columns before a sink: all of them are written.
var projectionPruning = &Rule{
	Name:     "projection-pruning",
	Backward: true,
	Match: func(c *Context, p *Plan, n *logical.Node) bool {
		need := c.needed(p)[n.ID]
		return len(n.Out.Row) > 0 && !types.RecordOf(need.Prune(n.Out.Row)...).Equal(types.RecordOf(n.Out.Row...))
	},
	Apply: func(c *Context, p *Plan, n *logical.Node) (string, bool) {
		need := c.needed(p)[n.ID]
		row := c.prunedRow(p, n, need)
		gone := dropped("", n.Out.Row, row)
		if len(gone) == 0 {
			return "keeps " + list(dropped("", n.Out.Row, need.Prune(n.Out.Row))) + ": " + c.whyKept(p, n), false
		}
		if defs := c.op(n).Caps.Defs; defs != "" && n.Args[defs] != nil {
			arg := *n.Args[defs]
			arg.Defs = keptDefs(c, n, need)
			n.Args[defs] = &arg
		}
		n.Out.Row = row
		p.repair()
		return "nobody reads " + list(gone), true
	},
}

func (c *Context) whyKept(p *Plan, n *logical.Node) string {
	if !c.prunes(n) {
		return n.Op + " does not say that it can do without them"
	}
	if c.op(n).Caps.Defs != "" && c.mayReject(n) != "" {
		return c.mayReject(n)
	}
	return "a part of a record passes with the whole"
}

func list(names []string) string {
	const most = 8
	if len(names) > most {
		return "`" + strings.Join(names[:most], "`, `") + "`, …"
	}
	return "`" + strings.Join(names, "`, `") + "`"
}

// dropped lists the paths that the row has no more.
func dropped(prefix string, was, is []types.Field) []string {
	var out []string
	for _, f := range was {
		t, ok := types.Row(is).Lookup(f.Name)
		switch {
		case !ok:
			out = append(out, prefix+f.Name)
		case f.Type.Kind == types.Record:
			out = append(out, dropped(prefix+f.Name+".", f.Type.Fields, t.Fields)...)
		}
	}
	return out
}

// repair carries a cut record on to everything that it passes through, and into the types of the expressions that read
// it.
func (p *Plan) repair() {
	w := graph.NewWalk(len(p.Nodes))
	for _, n := range p.Nodes {
		in, err := w.Add(n)
		if err != nil {
			return // the check that follows says so
		}
		read := in
		if len(in) == 0 {
			read = []types.Row{n.Out.Row} // a condition over what the source gives
		}
		for name, a := range n.Args {
			n.Args[name] = graph.MapArg(a, func(e *expr.Expr, port int) *expr.Expr {
				if port >= len(read) {
					return e
				}
				return graph.Retype(e, read[port])
			})
		}
		row := append(types.Row(nil), n.Out.Row...)
		for k, f := range row {
			for _, r := range in {
				if t, ok := r.Lookup(f.Name); ok && isCut(t, f.Type) {
					t.Nullable = f.Type.Nullable
					row[k].Type = t
				}
			}
		}
		n.Out.Row = row
	}
}

// isCut reports whether a record type is another one with fields left out.
func isCut(cut, whole types.Type) bool {
	if cut.Kind != types.Record || whole.Kind != types.Record || len(cut.Fields) > len(whole.Fields) {
		return false
	}
	for _, f := range cut.Fields {
		t, ok := whole.Field(f.Name)
		if !ok || !t.Equal(f.Type) && !isCut(f.Type, t) {
			return false
		}
	}
	return true
}
