package physical

import (
	"fmt"

	"weir/runtime/op"
)

// EliminateExchanges turns exchanges that move nothing into Forward ones: a hash exchange between one task and one
// task, or of rows that lie by these keys already, and a gather from one task that has the rows in the order wanted.
func EliminateExchanges(p *Plan, c *op.Catalogue) (*Plan, []Decision, error) {
	out := p.clone()
	a, err := newAnalysis(out, c)
	if err != nil {
		return nil, nil, err
	}
	var decisions []Decision
	for _, s := range out.Stages {
		for i := range s.Inputs {
			x := &s.Inputs[i]
			from := out.Stages[x.Stage]
			n := a.nodes[s.Ops[x.To].Node]
			d := Decision{Rule: "exchange-elimination", Node: n.Name()}
			known := a.arriving(feed{x.Stage, x.From, x.Side, nil})
			switch {
			case x.Kind == Hash && s.Parallelism == 1 && from.Parallelism == 1:
				d.Fired, d.Why = true, "one task to one task: forward instead of hash"
			case x.Kind == Hash && s.Parallelism == from.Parallelism && sameKeys(known.keys, x.Keys):
				d.Fired, d.Why = true, "the rows lie by "+keysText(x.Keys)+" already: forward instead of hash"
			case x.Kind == Hash:
				d.Why = fmt.Sprintf("the rows must move: they do not lie by %s yet", keysText(x.Keys))
			case x.Kind == Gather && from.Parallelism == 1 && x.Order == Unordered:
				d.Fired, d.Why = true, "one task has all rows as they are wanted: forward instead of gather"
			case x.Kind == Gather && from.Parallelism == 1:
				d.Why = "one task has all rows, but not in order: they are " + orderText(x.Order)
			case x.Kind == Gather:
				d.Why = fmt.Sprintf("the rows come from %s", tasksText(from.Parallelism))
			default:
				continue
			}
			if d.Fired {
				x.Kind, x.Keys = Forward, nil
			}
			decisions = append(decisions, d)
		}
		a.add(s)
	}
	return out, decisions, nil
}

func orderText(o Order) string {
	switch o {
	case BySplit:
		return "held back split by split"
	case ByOrdinals:
		return "sorted by ordinals"
	}
	return "taken as they come"
}

// Chain merges stages that are joined by Forward exchanges alone: an operator whose whole input comes from one stage,
// task by task, moves behind its producer there, and a function call takes the exchange's place.
func Chain(p *Plan, c *op.Catalogue) (*Plan, []Decision, error) {
	out := p.clone()
	out.Stages = nil
	type at struct{ stage, op int }
	moved := map[at]at{} // from the old plan's places to the new one's
	var decisions []Decision
	names := map[int]string{}
	for _, n := range p.Nodes {
		names[n.ID] = n.Name()
	}
	for _, s := range p.Stages {
		into, why := chainTarget(s, out, func(stage, op int) (int, int) {
			t := moved[at{stage, op}]
			return t.stage,
				t.op
		})
		var target *Stage
		if into >= 0 {
			target = out.Stages[into]
		} else {
			target = &Stage{ID: len(out.Stages), Parallelism: s.Parallelism}
			for _, after := range s.After {
				t := moved[at{after, 0}]
				target.After = append(target.After, t.stage)
			}
			out.Stages = append(out.Stages, target)
		}
		base := len(target.Ops)
		for k, o := range s.Ops {
			o.Inputs = shift(o.Inputs, base)
			target.Ops = append(target.Ops, o)
			moved[at{s.ID, k}] = at{target.ID, base + k}
		}
		for _, x := range s.Inputs {
			from := moved[at{x.Stage, x.From}]
			if into >= 0 {
				o := &target.Ops[base+x.To]
				for len(o.Inputs) <= x.Port {
					o.Inputs = append(o.Inputs, nil)
				}
				o.Inputs[x.Port] = append(o.Inputs[x.Port], ChainInput{Op: from.op, Side: x.Side})
				continue
			}
			x.Stage, x.From = from.stage, from.op
			target.Inputs = append(target.Inputs, x)
		}
		if why != "" {
			decisions = append(decisions, Decision{Rule: "operator-chaining", Fired: into >= 0,
				Node: names[s.Ops[0].Node], Why: why})
		}
	}
	return out, decisions, nil
}

// chainTarget gives the stage of the new plan that the stage can be merged into, or -1; why is empty where there is
// nothing to say.
func chainTarget(s *Stage, out *Plan, moved func(stage, op int) (int, int)) (into int, why string) {
	if len(s.Inputs) == 0 {
		return -1, ""
	}
	into = -1
	for _, x := range s.Inputs {
		stage, _ := moved(x.Stage, x.From)
		switch {
		case x.Kind != Forward:
			return -1, fmt.Sprintf("a stage of its own: a %s exchange stands before it", x.Kind)
		case into >= 0 && stage != into:
			return -1, "a stage of its own: its input comes from several stages"
		}
		into = stage
	}
	return into, fmt.Sprintf("chained in stage %d: a function call, no exchange", out.Stages[into].ID)
}

func shift(inputs [][]ChainInput, by int) [][]ChainInput {
	out := make([][]ChainInput, len(inputs))
	for port, cs := range inputs {
		for _, c := range cs {
			out[port] = append(out[port], ChainInput{Op: c.Op + by, Side: c.Side})
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// clone copies the plan so that it can be rewritten; nodes, rows and keys are shared.
func (p *Plan) clone() *Plan {
	c := *p
	c.Stages = make([]*Stage, len(p.Stages))
	for i, s := range p.Stages {
		t := *s
		t.Ops = append([]Op(nil), s.Ops...)
		for k := range t.Ops {
			t.Ops[k].Inputs = shift(t.Ops[k].Inputs, 0)
		}
		t.Inputs = append([]Exchange(nil), s.Inputs...)
		t.After = append([]int(nil), s.After...)
		c.Stages[i] = &t
	}
	return &c
}
