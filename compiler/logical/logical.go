// Package logical has the typed plan of a pipeline: what the compiler makes and the only thing the planner starts from. Names are
// resolved, types checked, parameters are constants, fn and import are gone.
package logical

import (
	"fmt"

	"weir/compiler/types"
	"weir/lang/diag"
	"weir/runtime/op"
)

// Rows is the reserved operator of a node that stands for rows written in a test. Its argument "rows" has them: Expr is a constant list of
// records, Row their type.
const Rows = "rows"

// Plan is a graph of nodes in topological order: a node stands behind its inputs.
type Plan struct {
	File   string  `json:"file"`
	Params []Param `json:"params,omitempty"`
	Nodes  []*Node `json:"nodes"`
}

// Param is a parameter and the value it has in this run. A secret's value is never here.
type Param struct {
	Name   string     `json:"name"`
	Type   types.Type `json:"type"`
	Value  string     `json:"value"`  // as a literal of the language
	Source string     `json:"source"` // "default" or "-p"
}

// Node is one use of an operator.
type Node struct {
	ID  int    `json:"id"` // unique in the plan, stable from compiler to run
	Op  string `json:"op"`
	Let string `json:"let,omitempty"` // the binding whose pipeline it stands in
	// Args are complete: defaults are filled in.
	Args op.Args `json:"args,omitempty"`
	// Inputs has the pipe at port 0, then the Stream arguments. A port that several streams feed takes their union.
	Inputs [][]Input    `json:"inputs,omitempty"`
	Out    types.Stream `json:"out"`
	Span   diag.Span    `json:"at,omitzero"`
}

// Input is an output of another node: its main one, or a side output by name.
type Input struct {
	Node int    `json:"node"`
	Side string `json:"side,omitempty"`
}

// Node finds a node by its ID; nil where there is none.
func (p *Plan) Node(id int) *Node {
	for _, n := range p.Nodes {
		if n.ID == id {
			return n
		}
	}
	return nil
}

// Consumers lists the nodes that read an output of the node, with the port, in plan order.
func (p *Plan) Consumers(id int) []Use {
	var out []Use
	for _, n := range p.Nodes {
		for port, ins := range n.Inputs {
			for _, in := range ins {
				if in.Node == id {
					out = append(out, Use{n, port, in.Side})
				}
			}
		}
	}
	return out
}

// Use is one place where an output of a node is read.
type Use struct {
	Node *Node
	Port int
	Side string
}

// InRows gives the row of each input port. Side outputs have the row of types.Rejected, or that of the node's first input (late).
func (p *Plan) InRows(n *Node) []types.Row {
	rows := make([]types.Row, len(n.Inputs))
	for port, ins := range n.Inputs {
		if len(ins) == 0 {
			continue
		}
		from := p.Node(ins[0].Node)
		switch ins[0].Side {
		case "":
			rows[port] = from.Out.Row
		case "rejected":
			rows[port] = types.Rejected
		default:
			rows[port] = p.InRows(from)[0]
		}
	}
	return rows
}

// Name is how messages call a node: "align (pairwise.flow:13)".
func (n *Node) Name() string {
	if n.Span.IsZero() {
		return n.Op
	}
	return fmt.Sprintf("%s (%s:%d)", n.Op, n.Span.File, n.Span.Start.Line)
}

// Clone copies the plan so that a rule can rewrite it. Arguments and types are shared: they are not changed, only replaced.
func (p *Plan) Clone() *Plan {
	c := *p
	c.Nodes = make([]*Node, len(p.Nodes))
	for i, n := range p.Nodes {
		m := *n
		m.Args = n.Args.Clone()
		m.Inputs = make([][]Input, len(n.Inputs))
		for k, ins := range n.Inputs {
			m.Inputs[k] = append([]Input(nil), ins...)
		}
		c.Nodes[i] = &m
	}
	return &c
}
