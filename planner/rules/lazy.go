package rules

import (
	"slices"

	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/planner/internal/graph"
	"weir/runtime/op"
)

// lazySplit runs an operator twice where its dear columns are wanted only for rows that a filter over its cheap columns
// has left: first for the cheap ones, before the filter, then for the dear ones, behind it.
//
// Legal because an operator that works row by row and declares tiers finds the cheap columns in its input the second
// time and keeps them, and rejects the first time whatever it rejects at all (op.Caps.Lazy).
//
// Counter-examples: a filter on `identity`, which is dear itself; columns of one tier only; a filter over columns of
// the input alone; a second pipeline that wants the dear columns of all rows. A bound that the operator applies itself
// needs no split: it is no filter any more.
var lazySplit = &Rule{
	Name: "lazy-split",
	Match: func(c *Context, p *Plan, n *logical.Node) bool {
		return c.op(n).Caps.Lazy != nil && c.op(n).Caps.RowWise && len(n.Inputs) == 1
	},
	Apply: func(c *Context, p *Plan, n *logical.Node) (string, bool) {
		o, in := c.op(n), p.rows[n.ID][0]
		tier := tiers(o, n, in)
		need := c.needed(p)[n.ID]
		low, high := span(tier, need)
		switch {
		case high < 0:
			return "none of its columns is needed", false
		case low == high:
			return "all columns needed are of one tier", false
		}
		readers := p.readers(n)
		if len(readers) != 1 || !c.isFilter(readers[0].Node) || p.sides(n) {
			return "no filter stands right behind it, or not only one", false
		}
		f := readers[0].Node
		reads := op.NewColumnSet()
		reads.AddExpr(c.condition(f))
		_, cheap := span(tier, reads)
		_, dear := span(tier, c.needed(p)[f.ID])
		switch {
		case cheap < 0:
			return "the filter behind it reads none of its columns", false
		case cheap >= dear:
			return "the filter behind it reads the dearest columns itself", false
		case p.sides(f):
			return "a side output of the filter is in use", false
		}
		c.split(p, n, f, tier, cheap)
		return "cheap columns first, then `" + c.condition(f).String() +
			"`, then the dear ones for the rows that are left", true
	},
}

// split makes the second run of n, behind the filter f. The first keeps the columns up to a tier.
func (c *Context) split(p *Plan, n, f *logical.Node, tier map[string]op.LazyColumn, cheap int) {
	o := c.op(n)
	second := *n
	second.ID = p.nextID()
	second.Args = n.Args.Clone()
	for _, fl := range o.Caps.Floors {
		delete(second.Args, fl.Param) // the first run has dropped what lies under it
	}
	second.Inputs = [][]logical.Input{{{Node: f.ID}}}
	second.Out = f.Out
	keep := func(r types.Row) types.Row {
		var out types.Row
		for _, col := range r {
			if l, lazy := tier[col.Name]; !lazy || l.Tier <= cheap {
				out = append(out, col)
			}
		}
		return out
	}
	n.Out.Row, f.Out.Row = keep(n.Out.Row), keep(f.Out.Row)
	p.redirect(f.ID, second.ID)
	for _, m := range p.Nodes {
		for port, ins := range m.Inputs {
			if slices.Contains(ins, logical.Input{Node: n.ID, Side: graph.Rejected}) {
				m.Inputs[port] = append(ins, logical.Input{Node: second.ID, Side: graph.Rejected})
			}
		}
	}
	p.insert(&second, f, true)
}

// tiers gives the lazy columns that the node computes: those that its input does not have.
func tiers(o *op.Operator, n *logical.Node, in types.Row) map[string]op.LazyColumn {
	out := map[string]op.LazyColumn{}
	for _, l := range o.Caps.Lazy(n.Args) {
		if in.Index(l.Name) < 0 {
			out[l.Name] = l
		}
	}
	return out
}

// span gives the lowest and highest tier among the columns of a set; -1 for none.
func span(tier map[string]op.LazyColumn, s op.ColumnSet) (low, high int) {
	low, high = -1, -1
	for _, path := range s.Paths() {
		if l, ok := tier[root(path)]; ok {
			if low < 0 || l.Tier < low {
				low = l.Tier
			}
			high = max(high, l.Tier)
		}
	}
	return low, high
}

// lazyTiers says what an operator with lazy columns has to compute. It changes nothing: an operator computes the
// columns that its output has, and pruning has left only those that are used.
//
// Counter-example: none; where a dear column is used, it says which.
var lazyTiers = &Rule{
	Name: "lazy-tiers",
	Match: func(c *Context, p *Plan, n *logical.Node) bool {
		return c.op(n).Caps.Lazy != nil && len(n.Inputs) > 0
	},
	Apply: func(c *Context, p *Plan, n *logical.Node) (string, bool) {
		tier := tiers(c.op(n), n, p.rows[n.ID][0])
		top, most := op.LazyColumn{Tier: -1}, op.LazyColumn{Tier: -1}
		for _, l := range c.op(n).Caps.Lazy(n.Args) {
			if _, ok := tier[l.Name]; ok && l.Tier > most.Tier {
				most = l
			}
		}
		for _, f := range n.Out.Row {
			if l, ok := tier[f.Name]; ok && l.Tier > top.Tier {
				top = l
			}
		}
		switch {
		case top.Tier < 0:
			return "none of its columns is used: none is computed", true
		case top.Tier < most.Tier:
			return top.Why + ": no column that is used needs " + most.Why, true
		}
		return "`" + top.Name + "` is used: " + top.Why, false
	},
}
