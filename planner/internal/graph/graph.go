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
	w := NewWalk(len(nodes))
	for _, n := range nodes {
		if _, err := w.Add(n); err != nil {
			return nil, err
		}
	}
	return w.rows, nil
}

// Walk gives the rows of nodes that are added one by one, in topological order.
type Walk struct {
	by   map[int]*logical.Node
	rows map[int][]types.Row
}

// NewWalk begins a walk over so many nodes.
func NewWalk(nodes int) *Walk {
	return &Walk{make(map[int]*logical.Node, nodes), make(map[int][]types.Row, nodes)}
}

// Add gives the rows of the node's input ports. The node's own row may be changed until the next one is added.
func (w *Walk) Add(n *logical.Node) ([]types.Row, error) {
	in := make([]types.Row, len(n.Inputs))
	for port, ins := range n.Inputs {
		for k, from := range ins {
			r, err := w.output(n, from)
			if err != nil {
				return nil, err
			}
			if k > 0 && !r.Equal(in[port]) {
				return nil, fmt.Errorf("node %d: the streams at port %d have different rows: %s and %s",
					n.ID, port, in[port], r)
			}
			in[port] = r
		}
	}
	w.by[n.ID], w.rows[n.ID] = n, in
	return in, nil
}

// output gives the row of an output that the node reads.
func (w *Walk) output(n *logical.Node, from logical.Input) (types.Row, error) {
	src := w.by[from.Node]
	switch {
	case src == nil:
		return nil, fmt.Errorf("node %d reads node %d, which does not stand before it", n.ID, from.Node)
	case from.Side == "":
		return src.Out.Row, nil
	case from.Side == Rejected:
		return types.Rejected, nil
	case len(w.rows[src.ID]) > 0:
		return w.rows[src.ID][0], nil
	}
	return nil, fmt.Errorf("node %d reads the output %s of node %d, which has no input", n.ID, from.Side, src.ID)
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
