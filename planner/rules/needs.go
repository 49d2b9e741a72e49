package rules

import (
	"weir/compiler/expr"
	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/planner/internal/graph"
	"weir/runtime/op"
)

// needed gives, for every node, the column paths of its output that somebody needs.
func (c *Context) needed(p *Plan) map[int]op.ColumnSet {
	need := make(map[int]op.ColumnSet, len(p.Nodes))
	for _, n := range p.Nodes {
		need[n.ID] = op.NewColumnSet()
	}
	for i := len(p.Nodes) - 1; i >= 0; i-- {
		n := p.Nodes[i]
		for port, s := range c.needsOf(p, n, need[n.ID]) {
			for _, in := range n.Inputs[port] {
				c.need(p, need, in, s)
			}
		}
	}
	return need
}

// need adds columns to what is needed of an output.
func (c *Context) need(p *Plan, need map[int]op.ColumnSet, in logical.Input, s op.ColumnSet) {
	switch in.Side {
	case "":
		need[in.Node].AddAll(s)
	case graph.Rejected: // its row is always the same
	default: // the row of the node's first input, which must then be there
		for _, from := range p.by[in.Node].Inputs[0] {
			c.need(p, need, from, s)
		}
	}
}

// needsOf gives the columns that a node needs of each input, for those needed of its output. What the node's
// expressions read is needed in any case.
func (c *Context) needsOf(p *Plan, n *logical.Node, need op.ColumnSet) []op.ColumnSet {
	o, in := c.op(n), p.rows[n.ID]
	if len(in) == 0 {
		return nil
	}
	var out []op.ColumnSet
	switch {
	case o.Caps.Condition != "" && o.Caps.RowWise && len(in) == 1:
		s := op.NewColumnSet()
		s.AddAll(need)
		out = []op.ColumnSet{s}
	case o.Caps.Defs != "" && len(in) == 1:
		s := op.NewColumnSet()
		out = []op.ColumnSet{s}
		kept := keptDefs(c, n, need)
		if o.Caps.KeepsInput {
			for _, path := range need.Paths() {
				if !defines(n.Args[o.Caps.Defs], root(path)) {
					s.Add(path)
				}
			}
		}
		for _, d := range kept {
			s.AddExpr(d.Expr)
		}
	case o.Caps.Needs != nil:
		for _, s := range o.Caps.Needs(n.Args, in, need) {
			t := op.NewColumnSet()
			t.AddAll(s)
			out = append(out, t)
		}
	}
	for port := len(out); port < len(in); port++ {
		out = append(out, op.AllColumns(in[port]))
	}
	for name, a := range n.Args {
		if name == o.Caps.Defs {
			continue // only those that stay count
		}
		graph.MapArg(a, func(e *expr.Expr, port int) *expr.Expr {
			if port < len(out) {
				out[port].AddExpr(e)
			}
			return e
		})
	}
	for port, ins := range n.Inputs {
		if len(ins) > 1 { // the streams of a port have one row: whoever else reads one of them must not change it
			out[port].AddAll(op.AllColumns(in[port]))
		}
	}
	return out[:len(in)]
}

func defines(a *op.Arg, name string) bool {
	if a != nil {
		for _, d := range a.Defs {
			if d.Name == name {
				return true
			}
		}
	}
	return false
}

// keptDefs lists the definitions that must stay: those needed, and those that may reject a row.
func keptDefs(c *Context, n *logical.Node, need op.ColumnSet) []op.Def {
	a := n.Args[c.op(n).Caps.Defs]
	if a == nil {
		return nil
	}
	kept := []op.Def{}
	for _, d := range a.Defs {
		if need.Has(d.Name) || graph.Fallible(c.Catalogue, d.Expr) != "" {
			kept = append(kept, d)
		}
	}
	return kept
}

// prunes reports whether the node's implementation may be asked for fewer columns than its type declares.
func (c *Context) prunes(n *logical.Node) bool {
	caps := c.op(n).Caps
	return c.op(n).Role == op.SourceRole || caps.Needs != nil || caps.Condition != "" || caps.Defs != ""
}

// prunedRow gives the columns of the node's output that must stay. A record is cut where it is made; a column that
// comes from the input passes as it is, since passing a part of it would cost and save nothing; unless there are
// several inputs, of which one may have less of it.
func (c *Context) prunedRow(p *Plan, n *logical.Node, need op.ColumnSet) types.Row {
	if !c.prunes(n) {
		return n.Out.Row
	}
	caps := c.op(n).Caps
	all := op.NewColumnSet()
	all.AddAll(need)
	if caps.Defs != "" {
		for _, d := range keptDefs(c, n, need) {
			all.Add(d.Name)
		}
	}
	out := types.Row{}
	for _, f := range n.Out.Row {
		if !all.Has(f.Name) {
			continue
		}
		if caps.Defs == "" && (len(p.rows[n.ID]) > 1 || !passes(f, p.rows[n.ID])) {
			f = all.Prune(types.Row{f})[0]
		}
		out = append(out, f)
	}
	return out
}

// passes reports whether a column of the output is one of an input.
func passes(f types.Field, in []types.Row) bool {
	for _, r := range in {
		if t, ok := r.Lookup(f.Name); ok && t.NotNull().Equal(f.Type.NotNull()) {
			return true
		}
	}
	return false
}
