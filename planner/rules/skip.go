package rules

import (
	"weir/compiler/expr"
	"weir/compiler/logical"
	"weir/planner/internal/graph"
	"weir/runtime/op"
)

// blockSkipping tells a source what the filter behind it wants, so that the source need not read blocks of which it knows, from
// statistics or an index, that they have no such row. The filter stays.
//
// Legal because the source leaves out only rows that the filter would drop, none that it would reject (op.Skip), and every other
// row keeps its place in the order.
//
// Counter-examples: `risky(x) > 0 and amount > 5`: a row with a small amount may be rejected first; `amount > 5 and risky(x) > 0` where
// amount may be null: `and` evaluates its right side where the left is null, and may reject the row there; a filter
// that gives the rows it drops to a side output; a second pipeline that reads all rows.
var blockSkipping = &Rule{
	Name: "block-skipping",
	Match: func(c *Context, p *Plan, n *logical.Node) bool {
		m := p.before(n)
		return c.isFilter(n) && m != nil && c.op(m).Caps.Skip != nil
	},
	Apply: func(c *Context, p *Plan, n *logical.Node) (string, bool) {
		m, cond := p.before(n), c.condition(n)
		skip := c.op(m).Caps.Skip
		reads := m.Name() + " reads every block: "
		if other := p.other(m, n); other != "" {
			return reads + other + " reads all of its rows", false
		}
		if p.sides(n) {
			return reads + "a side output of the filter is in use", false
		}
		var taken []*expr.Expr
		why := "no part of `" + cond.String() + "` can tell its blocks apart"
		parts := cond.Conjuncts()
		for i, part := range parts {
			if s := graph.Fallible(c.Catalogue, part); s != "" {
				if c.helps(m, parts[i+1:]) {
					why = "`" + s + "` comes first and may reject a row"
				}
				break
			}
			if !skip.Helps(m.Args, part) {
				continue
			}
			if s := c.fallible(parts[i+1:]); s != "" && part.Type.Nullable {
				why = "`" + part.String() + "` may be null, and then `" + s + "` may reject a row"
				continue
			}
			taken = append(taken, part)
		}
		if len(taken) == 0 {
			return reads + why, false
		}
		known := expr.AndAll(taken)
		m.Args[skip.Param] = &op.Arg{Expr: known}
		return m.Name() + " leaves out blocks that have no row with `" + known.String() + "`", true
	},
}

// helps reports whether one of the conditions can tell blocks of the source apart.
func (c *Context) helps(m *logical.Node, conds []*expr.Expr) bool {
	for _, e := range conds {
		if c.op(m).Caps.Skip.Helps(m.Args, e) {
			return true
		}
	}
	return false
}

// fallible gives the first part of the conditions that may reject a row; "" where there is none.
func (c *Context) fallible(conds []*expr.Expr) string {
	for _, e := range conds {
		if s := graph.Fallible(c.Catalogue, e); s != "" {
			return s
		}
	}
	return ""
}
