// Package graph has what every part of the planner needs of a graph of nodes: the rows at its ports, its check, and
// whether an expression can fail. The nodes may come from a file that somebody else wrote, so nothing here trusts them.
package graph

import (
	"fmt"

	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/planner/estimate"
	"weir/runtime/op"
)

// Caps of a plan: what is larger is refused, so that a hostile file costs neither memory nor time.
const (
	MaxNodes   = 10_000
	MaxPorts   = 256     // input ports of a node
	MaxInputs  = 100_000 // inputs of all nodes together
	MaxExprs   = 1_000_000
	MaxNesting = 2_000 // of an expression
)

// Rejected is the side output that every operator has that can reject.
const Rejected = "rejected"

// Rows gives the rows of the input ports of every node, by node ID. Nodes must be in topological order; Check says
// whether they are.
func Rows(nodes []*logical.Node) (map[int][]types.Row, error) {
	by := make(map[int]*logical.Node, len(nodes))
	rows := make(map[int][]types.Row, len(nodes))
	for _, n := range nodes {
		in := make([]types.Row, len(n.Inputs))
		for port, ins := range n.Inputs {
			for k, from := range ins {
				src := by[from.Node]
				if src == nil {
					return nil, fmt.Errorf("node %d reads node %d, which does not stand before it", n.ID, from.Node)
				}
				var r types.Row
				switch {
				case from.Side == "":
					r = src.Out.Row
				case from.Side == Rejected:
					r = types.Rejected
				case len(rows[src.ID]) > 0:
					r = rows[src.ID][0]
				default:
					return nil, fmt.Errorf("node %d reads the output %s of node %d, which has no input", n.ID,
						from.Side, src.ID)
				}
				if k > 0 && !r.Equal(in[port]) {
					return nil, fmt.Errorf("node %d: the streams at port %d have different rows: %s and %s", n.ID, port,
						in[port], r)
				}
				in[port] = r
			}
		}
		by[n.ID], rows[n.ID] = n, in
	}
	return rows, nil
}

// Uses lists where each node's outputs are read, in plan order, by node ID.
func Uses(nodes []*logical.Node) map[int][]logical.Use {
	uses := map[int][]logical.Use{}
	for _, n := range nodes {
		for port, ins := range n.Inputs {
			for _, in := range ins {
				uses[in.Node] = append(uses[in.Node], logical.Use{Node: n, Port: port, Side: in.Side})
			}
		}
	}
	return uses
}

// KeysOf gives the keys by which rows must come together at an input port of a keyed operator; none where the user gave
// none.
func KeysOf(o *op.Operator, n *logical.Node, port int, in types.Row) []op.Key {
	a := n.Args[o.Caps.Keyed]
	if o.Caps.Keyed == "" || a == nil {
		return nil
	}
	var keys []op.Key
	for _, k := range a.Keys {
		keys = append(keys, op.Key{Name: k.Name, Expr: k.Expr})
	}
	for _, p := range a.On {
		if port == 0 {
			keys = append(keys, op.Key{Expr: p.Left})
		} else {
			keys = append(keys, op.Key{Expr: p.Right})
		}
	}
	for _, name := range a.Names {
		if e, ok := PathExpr(in, name); ok {
			keys = append(keys, op.Key{Name: name, Expr: e})
		}
	}
	return keys
}

// rowsOperator is what the reserved operator logical.Rows declares: a source of one split.
var rowsOperator = &op.Operator{
	Name:   logical.Rows,
	Role:   op.SourceRole,
	Doc:    "gives rows written in a test.",
	Params: []op.Param{{Name: "rows", Kind: op.Value, Required: true}},
	Caps:   op.Caps{SplitCount: func(op.Args, op.Storage) int { return 1 }},
	Estimate: func(e *op.Estimating) (estimate.Stream, estimate.Work) {
		v, _ := e.Args.Const("rows")
		rows, _ := v.([]any)
		return estimate.Stream{Rows: estimate.Exact(float64(len(rows)), "counted")}, estimate.Work{}
	},
}

// Operator finds an operator of the catalogue, or the reserved one; nil where there is none.
func Operator(c *op.Catalogue, name string) *op.Operator {
	if o := c.Operator(name); o != nil || name != logical.Rows {
		return o
	}
	return rowsOperator
}
