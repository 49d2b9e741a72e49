package rules

import (
	"slices"

	"weir/compiler/expr"
	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/planner/internal/graph"
	"weir/runtime/op"
)

// Plan is a logical plan with indexes over it. They are of the plan as it was when the rule began.
type Plan struct {
	*logical.Plan
	by   map[int]*logical.Node
	uses map[int][]logical.Use
	rows map[int][]types.Row
	same map[int]string // what nodes compute, where it has been asked for
}

func newPlan(l *logical.Plan) (*Plan, error) {
	rows, err := graph.Rows(l.Nodes)
	if err != nil {
		return nil, err
	}
	p := &Plan{Plan: l, by: make(map[int]*logical.Node, len(l.Nodes)), uses: graph.Uses(l.Nodes),
		rows: rows, same: map[int]string{}}
	for _, n := range l.Nodes {
		p.by[n.ID] = n
	}
	return p, nil
}

// before gives the node whose main output is the whole input of n; nil where there is no such node.
func (p *Plan) before(n *logical.Node) *logical.Node {
	if len(n.Inputs) != 1 || len(n.Inputs[0]) != 1 || n.Inputs[0][0].Side != "" {
		return nil
	}
	return p.by[n.Inputs[0][0].Node]
}

// readers lists what reads the node's main output.
func (p *Plan) readers(n *logical.Node) []logical.Use {
	var out []logical.Use
	for _, u := range p.uses[n.ID] {
		if u.Side == "" {
			out = append(out, u)
		}
	}
	return out
}

// other gives the name of a node besides n that reads m's main output; "" where there is none.
func (p *Plan) other(m, n *logical.Node) string {
	for _, u := range p.readers(m) {
		if u.Node.ID != n.ID {
			return u.Node.Name()
		}
	}
	return ""
}

// sides reports whether a side output of the node is read, besides `rejected`.
func (p *Plan) sides(n *logical.Node) bool {
	return slices.ContainsFunc(p.uses[n.ID], func(u logical.Use) bool {
		return u.Side != "" &&
			u.Side != graph.Rejected
	})
}

// rejectedRead reports whether the node's `rejected` is read.
func (p *Plan) rejectedRead(n *logical.Node) bool {
	return slices.ContainsFunc(p.uses[n.ID], func(u logical.Use) bool { return u.Side == graph.Rejected })
}

// redirect makes every reader of the node's main output read another's.
func (p *Plan) redirect(from, to int) {
	for _, n := range p.Nodes {
		for _, ins := range n.Inputs {
			for i := range ins {
				if ins[i].Node == from && ins[i].Side == "" {
					ins[i].Node = to
				}
			}
		}
	}
}

// remove takes away a node that never rejects and whose readers have been redirected. It reports false where somebody
// would be left without any input: one who reads only what this node rejects.
func (p *Plan) remove(n *logical.Node) bool {
	for _, m := range p.Nodes {
		for port, ins := range m.Inputs {
			kept := slices.DeleteFunc(ins, func(in logical.Input) bool { return in.Node == n.ID })
			if len(kept) == 0 && len(ins) > 0 {
				return false
			}
			m.Inputs[port] = kept
		}
	}
	p.Nodes = slices.DeleteFunc(p.Nodes, func(m *logical.Node) bool { return m.ID == n.ID })
	return true
}

// insert puts a node before or behind another.
func (p *Plan) insert(n, at *logical.Node, behind bool) {
	i := slices.IndexFunc(p.Nodes, func(m *logical.Node) bool { return m.ID == at.ID })
	if behind {
		i++
	}
	p.Nodes = slices.Insert(p.Nodes, i, n)
}

// nextID gives an ID that no node has.
func (p *Plan) nextID() int {
	id := 0
	for _, n := range p.Nodes {
		id = max(id, n.ID)
	}
	return id + 1
}

func (c *Context) op(n *logical.Node) *op.Operator { return graph.Operator(c.Catalogue, n.Op) }

// isFilter reports whether the node only decides which rows stay.
func (c *Context) isFilter(n *logical.Node) bool {
	o := c.op(n)
	return o.Caps.Condition != "" && n.Args.Expr(o.Caps.Condition) != nil && len(n.Inputs) == 1
}

func (c *Context) condition(n *logical.Node) *expr.Expr { return n.Args.Expr(c.op(n).Caps.Condition) }

// mayReject says why the node may reject a row; "" where it never does.
func (c *Context) mayReject(n *logical.Node) string {
	o := c.op(n)
	if o.Caps.Condition == "" && o.Caps.Defs == "" {
		return "nothing says that " + n.Name() + " rejects no row"
	}
	for _, name := range sortedNames(n.Args) {
		for _, e := range n.Args[name].Exprs() {
			if s := graph.Fallible(c.Catalogue, e); s != "" {
				return "`" + s + "` may fail and reject a row"
			}
		}
	}
	return ""
}

func sortedNames(a op.Args) []string {
	names := make([]string, 0, len(a))
	for name := range a {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// root gives the column of a path.
func root(path string) string {
	for i := range path {
		if path[i] == '.' {
			return path[:i]
		}
	}
	return path
}
