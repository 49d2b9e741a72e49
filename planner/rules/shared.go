package rules

import (
	"encoding/json"

	"weir/compiler/expr"
	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/lang/diag"
	"weir/planner/internal/graph"
	"weir/runtime/op"
)

// sharedStreams computes a stream once that the pipeline describes twice: the same operator with the same arguments
// over the same inputs.
//
// Legal because an operator that repeats itself (not Unrepeatable) gives the same rows in the same order. A bad record
// is counted once then, as it is where the user has named the stream by a let.
//
// Counter-examples: two samples without a seed; two streams whose rejected rows somebody reads, since a rejected row
// names the operator's place; two inputs of one port, whose union has every row twice.
var sharedStreams = &Rule{
	Name: "shared-streams",
	Match: func(c *Context, p *Plan, n *logical.Node) bool {
		return c.op(n).Role != op.SinkRole && p.twin(n) != nil
	},
	Apply: func(c *Context, p *Plan, n *logical.Node) (string, bool) {
		first := p.twin(n)
		if c.op(n).Unrepeatable {
			return "the same as " + first.Name() + ", but two runs of it may differ", false
		}
		if (p.rejectedRead(n) || p.rejectedRead(first)) && c.mayReject(n) != "" {
			return "the same as " + first.Name() + ", but somebody reads which of them rejected a row", false
		}
		for _, u := range p.uses[n.ID] {
			for _, in := range u.Node.Inputs[u.Port] {
				if in.Node == first.ID && in.Side == u.Side {
					return "the same as " + first.Name() + ", but " + u.Node.Name() + " wants the rows of both", false
				}
			}
		}
		for _, m := range p.Nodes {
			for _, ins := range m.Inputs {
				for i := range ins {
					if ins[i].Node == n.ID {
						ins[i].Node = first.ID
					}
				}
			}
		}
		p.remove(n)
		return "the same as " + first.Name() + ": computed once", true
	},
}

// twin gives the first node before n that is the same but for its place and its let; nil where there is none.
func (p *Plan) twin(n *logical.Node) *logical.Node {
	for _, m := range p.Nodes {
		if m.ID == n.ID {
			return nil
		}
		if m.Op != n.Op || len(m.Inputs) != len(n.Inputs) {
			continue
		}
		if p.identity(m) == p.identity(n) {
			return m
		}
	}
	return nil
}

func (p *Plan) identity(n *logical.Node) string {
	s, known := p.same[n.ID]
	if !known {
		s = identity(n)
		p.same[n.ID] = s
	}
	return s
}

// identity writes what a node computes, without where it stands and how the user wrote it.
func identity(n *logical.Node) string {
	args := op.Args{}
	for name, a := range n.Args {
		b := graph.MapArg(a, func(e *expr.Expr, _ int) *expr.Expr {
			return e.Rewrite(func(x *expr.Expr) *expr.Expr { x.Span, x.Param = diag.Span{}, ""; return x })
		})
		b.Default = false
		args[name] = b
	}
	text, err := json.Marshal(struct {
		Op     string
		Args   op.Args
		Inputs [][]logical.Input
		Out    types.Stream
	}{n.Op, args, n.Inputs, n.Out})
	if err != nil {
		return n.Name() // a constant that JSON cannot hold is like no other
	}
	return string(text)
}
