package rules

import (
	"fmt"
	"slices"

	"weir/compiler/expr"
	"weir/compiler/logical"
	"weir/planner/internal/graph"
)

// predicatePushdown moves a filter before the operator that stands before it, where that only defines columns: rows
// that will be dropped need no columns, and the filter comes nearer to what can use it.
//
// Legal because such an operator gives one row for each, in order, and the condition over the defined columns is the
// same condition over what they are defined as. A column that is a mere reference is replaced by it; one that is
// computed is not, it would be computed twice.
//
// Counter-examples: `derive(x = a // b) |> filter(a > 0)`: before, rows with b = 0 were rejected whatever a is; moved,
// only some of them are. `derive(…) |> filter(x > 0)` where another pipeline reads the derive's output: it must see all
// rows.
//
// A fixpoint ends: every application moves a filter nearer to the sources, and none moves away.
var predicatePushdown = &Rule{
	Name:     "predicate-pushdown",
	Fixpoint: true,
	Match: func(c *Context, p *Plan, n *logical.Node) bool {
		m := p.before(n)
		return c.isFilter(n) && m != nil && passable(c, m)
	},
	Apply: func(c *Context, p *Plan, n *logical.Node) (string, bool) {
		cond, bottom := c.condition(n), p.before(n)
		var top *logical.Node // the farthest operator that it can pass
		why := ""
		for m, reader := bottom, n; m != nil && passable(c, m); m, reader = p.before(m), m {
			var moved *expr.Expr
			if moved, why = c.pass(p, n, m, reader, cond); moved == nil {
				break
			}
			cond, top = moved, m
		}
		if top == nil {
			return "`" + cond.String() + "` stays behind " + bottom.Name() + ": " + why, false
		}
		o := c.op(n)
		arg := *n.Args[o.Caps.Condition]
		arg.Expr = cond
		n.Args[o.Caps.Condition] = &arg
		p.redirect(n.ID, bottom.ID)
		n.Inputs[0] = append([]logical.Input(nil), top.Inputs[0]...)
		n.Out.Row = p.rows[top.ID][0]
		top.Inputs[0] = []logical.Input{{Node: n.ID}}
		p.Nodes = slices.DeleteFunc(p.Nodes, func(m *logical.Node) bool { return m.ID == n.ID })
		p.insert(n, top, false)
		return fmt.Sprintf("`%s` moved before %s: what is dropped needs no further column", cond, top.Name()), true
	},
}

// passable reports whether an operator has the shape that filters may pass.
func passable(c *Context, m *logical.Node) bool {
	return len(m.Inputs) == 1 && c.op(m).Caps.RowWise && !c.isFilter(m)
}

// pass gives the condition of the filter n as it would be before m, whose output the reader has; or nil, and why it cannot be there.
func (c *Context) pass(p *Plan, n, m, reader *logical.Node, cond *expr.Expr) (moved *expr.Expr, why string) {
	if why := c.mayReject(m); why != "" {
		return nil, why + ", and which rows are rejected must not change"
	}
	if other := p.other(m, reader); other != "" {
		return nil, other + " reads all of its rows"
	}
	if p.sides(n) || p.sides(m) || len(m.Inputs[0]) != 1 {
		return nil, "a side output is in use, or several streams come in"
	}
	if !n.Out.Row.Equal(p.rows[n.ID][0]) {
		return nil, "it narrows a column's type for what follows"
	}
	moved, computed := c.through(m, cond)
	if moved == nil {
		return nil, "`" + computed + "` is computed there, and would be computed twice"
	}
	return moved, ""
}

// through writes an expression over a defining operator's output as one over its input; nil, and the column, where one
// is computed there.
func (c *Context) through(m *logical.Node, e *expr.Expr) (moved *expr.Expr, computed string) {
	caps := c.op(m).Caps
	defs := map[string]*expr.Expr{}
	if a := m.Args[caps.Defs]; a != nil {
		for _, d := range a.Defs {
			defs[d.Name] = d.Expr
		}
	}
	out := e.Rewrite(func(x *expr.Expr) *expr.Expr {
		if x.Kind != expr.Column {
			return x
		}
		d, ok := defs[x.Name]
		if !ok {
			if !caps.KeepsInput {
				computed = x.Name
			}
			return x
		}
		_, isPath := d.Path()
		if !isPath && (d.Kind != expr.Const || len(d.Type.Fields) > 0) || !d.Type.Equal(x.Type) {
			computed = x.Name
		}
		return d
	})
	if computed != "" {
		return nil, computed
	}
	return out, ""
}

// filterMerge joins two filters that follow each other: one pass over a batch, one selection.
//
// Legal where the second condition cannot fail: a row that the first rejects or drops is rejected or dropped still, and
// the second has a say only over the others. `and` does not evaluate its right side where the left is false; where it
// is null, a condition that cannot fail does no harm.
//
// Counter-examples: `filter(b != 0) |> filter(a // b > 2)`: a row that fails is rejected by the second filter, and
// `.rejected` names it. `filter(x is not null) |> filter(x > 1)`: the second condition is one over a column without
// nulls, which is so only behind the first.
//
// A fixpoint ends: every application takes a node away.
var filterMerge = &Rule{
	Name:     "filter-merge",
	Fixpoint: true,
	Match: func(c *Context, p *Plan, n *logical.Node) bool {
		m := p.before(n)
		return c.isFilter(n) && m != nil && c.isFilter(m) && m.Op == n.Op
	},
	Apply: func(c *Context, p *Plan, n *logical.Node) (string, bool) {
		m := p.before(n)
		cond := c.condition(n)
		stays := "`" + cond.String() + "` stays behind " + m.Name() + ": "
		if s := graph.Fallible(c.Catalogue, cond); s != "" {
			return stays + "`" + s + "` may fail, and a rejected row says where", false
		}
		if other := p.other(m, n); other != "" {
			return stays + other + " reads all of its rows", false
		}
		if p.sides(m) || p.sides(n) {
			return stays + "a side output is in use", false
		}
		in := p.rows[m.ID][0]
		for _, path := range cond.Columns() {
			was, _ := graph.Resolve(p.rows[n.ID][0], path)
			if is, ok := graph.Resolve(in, path); !ok || !is.Equal(was) {
				return stays + "only there is `" + path + "` without nulls", false
			}
		}
		o := c.op(m)
		arg := *m.Args[o.Caps.Condition]
		arg.Expr = expr.AndAll([]*expr.Expr{c.condition(m), cond})
		m.Args[o.Caps.Condition] = &arg
		m.Out = n.Out
		p.redirect(n.ID, m.ID)
		if !p.remove(n) {
			return stays + "its rejected rows are read, and it must be there even if there are none", false
		}
		return "`" + cond.String() + "` joined to the filter before it", true
	},
}
