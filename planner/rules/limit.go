package rules

import (
	"weir/compiler/logical"
	"weir/runtime/op"
)

// limitPushdown tells an operator that can do with finding its first rows how many the limit behind it wants. The limit stays.
//
// Legal because the operator gives the same first rows in the same order (op.Caps.LimitedBy), the limit drops all others, and
// operators between the two that only compute columns give one row for each.
//
// Counter-examples: a filter between the two; a computed column that may reject a row, in whose place the limit takes another one;
// a second pipeline that reads all rows.
var limitPushdown = &Rule{
	Name: "limit-pushdown",
	Match: func(c *Context, p *Plan, n *logical.Node) bool {
		return c.limits(n) && c.limited(p, n) != nil
	},
	Apply: func(c *Context, p *Plan, n *logical.Node) (string, bool) {
		m, limit := c.limited(p, n), n.Args[c.op(n).Caps.Limits].Expr
		all := m.Name() + " gives all rows: "
		for behind := n; behind != m; {
			x := p.before(behind)
			if other := p.other(x, behind); other != "" {
				return all + other + " reads them", false
			}
			if x != m {
				if why := c.mayReject(x); why != "" {
					return all + why, false
				}
			}
			behind = x
		}
		param := c.op(m).Caps.LimitedBy
		if old, ok := m.Args.Const(param); ok && number(old) <= number(limit.Value) {
			return m.Name() + " gives no more than " + m.Args[param].Expr.String() + " rows already", false
		}
		m.Args[param] = &op.Arg{Expr: limit}
		return m.Name() + " finds only its first " + limit.String() + " rows", true
	},
}

// limits reports whether the node keeps a number of first rows.
func (c *Context) limits(n *logical.Node) bool {
	limits := c.op(n).Caps.Limits
	return limits != "" && n.Args.Expr(limits) != nil
}

// limited gives the operator that can be told of the limit n: the first one before n that does not only compute columns; nil for none.
func (c *Context) limited(p *Plan, n *logical.Node) *logical.Node {
	m := p.before(n)
	for m != nil && c.op(m).Caps.Defs != "" {
		m = p.before(m)
	}
	if m == nil || c.op(m).Caps.LimitedBy == "" {
		return nil
	}
	return m
}
