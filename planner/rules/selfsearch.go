package rules

import (
	"slices"

	"weir/compiler/expr"
	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/runtime/op"
)

// selfSearch makes two uses of an operator that makes the pairs of its two inputs itself, where both are one stream: the
// first works on every unordered pair once, the second gets what it has found for either record.
//
// Legal because the operator declares that its work on a pair does not depend on the order of the two, with these
// arguments, and that the two uses together give what the one gives: rows, order and what is rejected.
//
// Counter-examples: two streams, even of one file, if they are filtered differently; `on: (sequence, description)`;
// `mode: fit`; whatever else makes query and target unlike.
var selfSearch = &Rule{
	Name: "self-search",
	Match: func(c *Context, p *Plan, n *logical.Node) bool {
		mirror := c.op(n).Caps.Mirror
		return mirror != nil && mirror.Found != "" && !n.Args.Bool(mirror.Param) && n.Args[mirror.Found] == nil &&
			len(n.Inputs) == 2 && slices.Equal(n.Inputs[0], n.Inputs[1])
	},
	Apply: func(c *Context, p *Plan, n *logical.Node) (string, bool) {
		mirror := c.op(n).Caps.Mirror
		self := "a set against itself: "
		ok, why := mirror.Symmetric(n.Args)
		if !ok {
			return self + "both orders of a pair are computed: " + why, false
		}
		first := *n
		first.ID = p.nextID()
		first.Args = n.Args.Clone()
		first.Args[mirror.Param] = &op.Arg{Expr: expr.Lit(types.Of(types.Bool), true)}
		first.Inputs = [][]logical.Input{slices.Clone(n.Inputs[0]), slices.Clone(n.Inputs[1])}
		first.Out.Row = mirror.Row
		n.Args[mirror.Found] = &op.Arg{Ports: []int{len(n.Inputs)}}
		n.Inputs = append(n.Inputs, []logical.Input{{Node: first.ID}})
		p.insert(&first, n, false)
		if why != "" {
			why = ", " + why
		}
		return self + "every unordered pair is computed once, and what is found goes to both records" + why, true
	},
}
