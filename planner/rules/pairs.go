package rules

import (
	"slices"
	"strings"

	"weir/compiler/expr"
	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/planner/internal/graph"
	"weir/runtime/op"
)

// sizeHint tells a source of pairs by the lengths of which columns the work on a pair grows, so that it cuts its splits
// into equal work.
//
// Legal because splits are cut otherwise and the rows stay the same; their order is given by their ordinals.
//
// Counter-examples: `align(reverse(a), b)`: a length that is computed is not known where the pairs are made; an
// operator between the two that does not work row by row, behind which the pairs' splits mean nothing.
var sizeHint = &Rule{
	Name:  "size-hint",
	Match: func(c *Context, p *Plan, n *logical.Node) bool { return c.sized(n) },
	Apply: func(c *Context, p *Plan, n *logical.Node) (string, bool) {
		m, paths, why := c.sizedBy(p, n)
		if why != "" {
			return why, false
		}
		hint := c.op(m).Caps.SizeHint
		if old := m.Args.Names(hint); old != nil {
			return m.Name() + " is balanced by `" + old[0] + "` already", false
		}
		m.Args[hint] = &op.Arg{Names: paths}
		return "the splits of " + m.Name() + " are balanced by the lengths of " + list(paths), true
	},
}

// mirroredPairs tells an operator whose work on a pair serves the pair turned round that both are coming, so that it
// works on one of them.
//
// Legal because the operator declares that its result does not depend on the order of the two sequences, with these
// arguments, and that it computes whatever it has not computed yet: rows, their order and what is rejected stay the same,
// whichever rows an operator in between drops. What does depend on the order, a path or an E-value, is computed of every
// row.
//
// Counter-examples: `mode: fit`, where query and target are not treated alike; `align(query.sequence,
// target.description)`: a row turned round has other sequences; an operator in between that does not work row by row; the
// second part of a split operator, which finds its cheap columns in its input.
var mirroredPairs = &Rule{
	Name: "mirrored-pairs",
	Match: func(c *Context, p *Plan, n *logical.Node) bool {
		if c.op(n).Caps.Mirror == nil || !c.sized(n) {
			return false
		}
		m := c.pairs(p, n)
		return m != nil && c.turned(m) != nil
	},
	Apply: func(c *Context, p *Plan, n *logical.Node) (string, bool) {
		mirror := c.op(n).Caps.Mirror
		m, paths, why := c.sizedBy(p, n)
		if why != "" {
			return why, false
		}
		both := m.Name() + " gives every pair in both orders, "
		columns := c.turned(m)
		if len(paths) != 2 || turnRound(paths[0], columns) != paths[1] {
			return both + "but " + list(paths) + " do not change places when a pair is turned round", false
		}
		ok, why := mirror.Symmetric(n.Args)
		switch {
		case !ok:
			return both + "and both are computed: " + why, false
		case !c.computesCheap(p, n):
			return both + "but nothing is left to compute that is the same for both", false
		}
		n.Args[mirror.Param] = &op.Arg{Expr: expr.Lit(types.Of(types.Bool), true)}
		if why != "" {
			why = ", " + why
		}
		return both + "and what is the same for both is computed once" + why, true
	},
}

// sized reports whether the node says by what the work on its rows grows.
func (c *Context) sized(n *logical.Node) bool {
	sized := c.op(n).Caps.SizedBy
	return len(sized) > 0 && !slices.ContainsFunc(sized, func(name string) bool { return n.Args.Expr(name) == nil })
}

// pairs gives the source of pairs whose rows come to n through operators that work row by row; nil for none.
func (c *Context) pairs(p *Plan, n *logical.Node) *logical.Node {
	for m := p.before(n); m != nil; m = p.before(m) {
		if c.op(m).Caps.SizeHint != "" {
			return m
		}
		if !c.op(m).Caps.RowWise {
			return nil
		}
	}
	return nil
}

// turned gives the two columns of a source of pairs that change places in its rows; nil where each pair comes once.
func (c *Context) turned(m *logical.Node) []string {
	if both := c.op(m).Caps.BothOrders; both != nil {
		return both(m.Args)
	}
	return nil
}

// turnRound gives the path in a pair turned round; "" for one that is of neither record.
func turnRound(path string, columns []string) string {
	if len(columns) == 2 {
		for i, column := range columns {
			if rest, ok := strings.CutPrefix(path, column+"."); ok {
				return columns[1-i] + "." + rest
			}
		}
	}
	return ""
}

// computesCheap reports whether a column of the lowest tier is the node's to compute.
func (c *Context) computesCheap(p *Plan, n *logical.Node) bool {
	lazy := c.op(n).Caps.Lazy
	if lazy == nil {
		return true
	}
	for _, l := range lazy(n.Args) {
		if l.Tier == 0 && p.rows[n.ID][0].Index(l.Name) >= 0 {
			return false
		}
	}
	return true
}

// sizedBy gives the source of pairs behind which the node stands, and the columns of its output by whose lengths the work
// on the node's rows grows; or why there is none.
func (c *Context) sizedBy(p *Plan, n *logical.Node) (m *logical.Node, paths []string, why string) {
	for _, name := range c.op(n).Caps.SizedBy {
		path, ok := n.Args.Expr(name).Path()
		if !ok {
			return nil, nil, "`" + n.Args.Expr(name).String() + "` is computed: its length is not known where the pairs are made"
		}
		paths = append(paths, path)
	}
	source := c.pairs(p, n)
	if source == nil {
		return nil, nil, "no source of pairs stands before it"
	}
	for m = p.before(n); ; m = p.before(m) {
		for i, path := range paths {
			e, ok := graph.PathExpr(m.Out.Row, path)
			if !ok {
				return nil, nil, "`" + path + "` is not a column of " + m.Name()
			}
			if m == source || c.op(m).Caps.Defs == "" {
				continue
			}
			moved, _ := c.through(m, e)
			if moved == nil {
				return nil, nil, "`" + path + "` is computed by " + m.Name() + ": its length is not known where the pairs are made"
			}
			if paths[i], ok = moved.Path(); !ok {
				return nil, nil, "`" + path + "` is a constant"
			}
		}
		if m == source {
			return m, paths, ""
		}
	}
}
