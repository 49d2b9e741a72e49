package rules

import (
	"fmt"
	"slices"
	"strings"

	"weir/compiler/expr"
	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/planner/internal/graph"
	"weir/runtime/op"
)

// inputPushdown moves a filter, or the parts of its condition that read one input's columns alone, before an operator of several inputs: a join
// then holds, moves and compares fewer rows.
//
// Legal because the operator says (op.Caps.Passes) that a row of this input which is not there is missing from the output in the rows that
// have it, and changes nothing else. Neither the condition nor the operator can reject a row, so that nobody sees which rows were looked at.
//
// Counter-examples: a condition on the other side of a left join: before it, rows would be given without a partner that had one; under full on
// any side; a condition over both sides; `risky(x) > 0`: before the join it also meets rows that have no partner; a column that the join
// has made nullable; a second pipeline that reads all rows.
//
// A fixpoint ends: every application moves a condition nearer to the sources.
var inputPushdown = &Rule{
	Name:     "input-pushdown",
	Fixpoint: true,
	Match: func(c *Context, p *Plan, n *logical.Node) bool {
		m := p.before(n)
		return c.isFilter(n) && m != nil && c.op(m).Caps.Passes != nil
	},
	Apply: func(c *Context, p *Plan, n *logical.Node) (string, bool) {
		m, cond := p.before(n), c.condition(n)
		stays := "`" + cond.String() + "` stays behind " + m.Name() + ": "
		if why := c.movable(p, n, m, cond); why != "" {
			return stays + why, false
		}
		parts, rest := c.byInput(p, n, m, cond.Conjuncts())
		if len(rest) == len(cond.Conjuncts()) {
			return stays + "no part of it is about one input alone, whose rows may be dropped before", false
		}
		var moved []string
		for port, es := range parts {
			if len(es) == 0 {
				continue
			}
			part := expr.AndAll(es)
			p.filterInput(c.op(n).Caps.Condition, n, m, port, part)
			moved = append(moved, "`"+part.String()+"`")
		}
		if len(rest) > 0 {
			arg := *n.Args[c.op(n).Caps.Condition]
			arg.Expr = expr.AndAll(rest)
			n.Args[c.op(n).Caps.Condition] = &arg
		} else {
			p.redirect(n.ID, m.ID)
			p.Nodes = slices.DeleteFunc(p.Nodes, func(x *logical.Node) bool { return x.ID == n.ID })
		}
		return fmt.Sprintf("%s moved before %s: it gets fewer rows", strings.Join(moved, " and "), m.Name()), true
	},
}

// movable says why no part of the condition of the filter n can stand before m; "" where one may.
func (c *Context) movable(p *Plan, n, m *logical.Node, cond *expr.Expr) (why string) {
	if s := graph.Fallible(c.Catalogue, cond); s != "" {
		return "`" + s + "` may fail, and which rows are rejected must not change"
	}
	for _, name := range sortedNames(m.Args) {
		for _, e := range m.Args[name].Exprs() {
			if s := graph.Fallible(c.Catalogue, e); s != "" {
				return "there `" + s + "` may fail, and which rows are rejected must not change"
			}
		}
	}
	if other := p.other(m, n); other != "" {
		return other + " reads all of its rows"
	}
	if p.sides(n) || p.sides(m) || p.rejectedRead(n) {
		return "a side output is in use"
	}
	if !n.Out.Row.Equal(p.rows[n.ID][0]) {
		return "it narrows a column's type for what follows"
	}
	return ""
}

// byInput deals the parts of a condition out to the inputs of m that they may stand before.
func (c *Context) byInput(p *Plan, n, m *logical.Node, conds []*expr.Expr) (parts [][]*expr.Expr, rest []*expr.Expr) {
	in := p.rows[m.ID]
	sets := c.op(m).Caps.Passes(m.Args, in)
	parts = make([][]*expr.Expr, len(m.Inputs))
	for _, e := range conds {
		port := slices.IndexFunc(sets, func(s op.ColumnSet) bool { return own(e, s) })
		if port >= 0 && port < len(m.Inputs) && len(m.Inputs[port]) == 1 && m.Inputs[port][0].Side == "" && sameTypes(e, in[port], p.rows[n.ID][0]) {
			parts[port] = append(parts[port], e)
		} else {
			rest = append(rest, e)
		}
	}
	return parts, rest
}

// own reports whether an expression reads columns of the set, and no others.
func own(e *expr.Expr, s op.ColumnSet) bool {
	paths := e.Columns()
	return len(paths) > 0 && !slices.ContainsFunc(paths, func(path string) bool { return !s[root(path)] })
}

// sameTypes reports whether the columns that an expression reads are the same in two rows.
func sameTypes(e *expr.Expr, a, b types.Row) bool {
	return !slices.ContainsFunc(e.Columns(), func(path string) bool {
		x, ok := graph.Resolve(a, path)
		y, both := graph.Resolve(b, path)
		return !ok || !both || !x.Equal(y)
	})
}

// filterInput puts a filter like n before an input of m that is one stream.
func (p *Plan) filterInput(param string, n, m *logical.Node, port int, cond *expr.Expr) {
	f := *n
	f.ID = p.nextID()
	arg := *n.Args[param]
	arg.Expr = cond
	f.Args = op.Args{}
	for name, a := range n.Args {
		f.Args[name] = a
	}
	f.Args[param] = &arg
	f.Out = p.by[m.Inputs[port][0].Node].Out
	f.Out.Row = p.rows[m.ID][port]
	f.Inputs = [][]logical.Input{{m.Inputs[port][0]}}
	m.Inputs[port] = []logical.Input{{Node: f.ID}}
	p.insert(&f, m, false)
}
