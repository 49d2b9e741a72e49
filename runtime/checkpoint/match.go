package checkpoint

import (
	"encoding/json"
	"fmt"
	"reflect"

	"weir/compiler/logical"
	"weir/planner/physical"
)

// Class says what becomes of the state of an operator when a run is taken up with another plan.
type Class string

// The classes.
const (
	Same       Class = "same"       // the operator is as it was
	Migratable Class = "migratable" // its state is dealt out anew: among another number of tasks, or in another stage
	Lost       Class = "lost"       // the operator is gone, or means something else now
	Fresh      Class = "new"        // an operator that had no state before
)

// NodeState is the class of one node's state.
type NodeState struct {
	Node  string `json:"node"` // as messages call it
	Class Class  `json:"class"`
	Why   string `json:"why"`
}

// Match joins the nodes of a plan with those of the plan that made a checkpoint.
type Match struct {
	Old    *physical.Plan
	Nodes  map[int]int // by ID: of the new plan, of the old one
	States []NodeState // of operators with state, in plan order; the lost ones last
}

// Lost reports whether state would be lost.
func (m *Match) Lost() bool {
	for _, s := range m.States {
		if s.Class == Lost {
			return true
		}
	}
	return false
}

// MatchPlan finds the nodes of a plan in the plan of a checkpoint: by the let that they stand in, their operator and their number among the
// like. State belongs to the operators that wrote some.
func (c *Checkpoint) MatchPlan(p *physical.Plan) (Match, error) {
	m := Match{Old: &physical.Plan{}, Nodes: map[int]int{}}
	if err := json.Unmarshal(c.Plan, m.Old); err != nil {
		return m, fmt.Errorf("the plan of the checkpoint cannot be read: %w", err)
	}
	stateful := map[int]bool{}
	for i, o := range c.Owners {
		if o.Op >= 0 && (len(c.frames[i]) > 0 || len(c.files[i]) > 0) {
			stateful[o.Node] = true
		}
	}
	for _, s := range c.Sources {
		if old := stageOf(m.Old, s.Stage); old != nil {
			for _, o := range old.Ops {
				n := m.Old.Node(o.Node)
				if n != nil && (len(n.Inputs) == 0 || o.Part == physical.Scan) {
					stateful[o.Node] = true
				}
			}
		}
	}
	type key struct {
		let, op string
		number  int
	}
	keys := func(p *physical.Plan) map[key]*logical.Node {
		out, count := map[key]*logical.Node{}, map[key]int{}
		for _, n := range p.Nodes {
			k := key{n.Let, n.Op, 0}
			count[k]++
			out[key{n.Let, n.Op, count[k]}] = n
		}
		return out
	}
	was := keys(m.Old)
	found := map[int]bool{}
	count := map[key]int{}
	for _, n := range p.Nodes {
		k := key{n.Let, n.Op, 0}
		count[k]++
		old := was[key{n.Let, n.Op, count[k]}]
		if old == nil {
			m.States = append(m.States, NodeState{n.Name(), Fresh, "the checkpoint does not have it"})
			continue
		}
		found[old.ID] = true
		if !stateful[old.ID] {
			m.Nodes[n.ID] = old.ID
			continue
		}
		if why := differ(p, n, m.Old, old); why != "" {
			m.States = append(m.States, NodeState{n.Name(), Lost, why})
			continue
		}
		m.Nodes[n.ID] = old.ID
		if tasksOf(p, n.ID) != tasksOf(m.Old, old.ID) {
			m.States = append(m.States, NodeState{n.Name(), Migratable, fmt.Sprintf("in %d tasks instead of %d", tasksOf(p, n.ID), tasksOf(m.Old, old.ID))})
		} else {
			m.States = append(m.States, NodeState{n.Name(), Same, "as it was"})
		}
	}
	for _, n := range m.Old.Nodes {
		if stateful[n.ID] && !found[n.ID] {
			m.States = append(m.States, NodeState{n.Name(), Lost, "the pipeline does not have it any more"})
		}
	}
	return m, nil
}

// differ says in what the meaning of a node's state differs; "" where it does not.
func differ(p *physical.Plan, n *logical.Node, oldPlan *physical.Plan, old *logical.Node) string {
	a, err := json.Marshal(n.Args)
	b, err2 := json.Marshal(old.Args)
	if err != nil || err2 != nil || string(a) != string(b) {
		return "its arguments are others"
	}
	rows := (&logical.Plan{Nodes: p.Nodes}).InRows(n)
	oldRows := (&logical.Plan{Nodes: oldPlan.Nodes}).InRows(old)
	if !reflect.DeepEqual(rows, oldRows) {
		return "its input has other columns"
	}
	if !reflect.DeepEqual(n.Out.Row, old.Out.Row) {
		return "its output has other columns"
	}
	return ""
}

func stageOf(p *physical.Plan, id int) *physical.Stage {
	for _, s := range p.Stages {
		if s.ID == id {
			return s
		}
	}
	return nil
}

func tasksOf(p *physical.Plan, node int) int {
	n := 0
	for _, s := range p.Stages {
		for _, o := range s.Ops {
			if o.Node == node {
				n = max(n, s.Parallelism)
			}
		}
	}
	return n
}
