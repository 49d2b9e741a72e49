package physical

import (
	"fmt"
	"slices"

	"weir/compiler/types"
	"weir/planner/internal/graph"
	"weir/runtime/op"
)

// Caps of a plan that is read.
const (
	maxStages = 20_000
	// MaxParallelism is the number of key groups of a cluster, which the tasks of a stage never exceed.
	MaxParallelism = 4096
)

// Validate says what is wrong with a plan: its nodes (see graph.Check), a stage that is no tree in order, an operator's
// part that is missing or there twice, an input that is not fed exactly by what the nodes say, an exchange that the
// parallelism does not allow, a row that is not that of the output, a key that is not brought together, rows out of
// order for an operator that needs them in order. A plan that passes can be run.
func Validate(p *Plan, c *op.Catalogue) error {
	if err := shape(p); err != nil {
		return err
	}
	if err := graph.Check(p.Nodes, c); err != nil {
		return err
	}
	a, err := newAnalysis(p, c)
	if err != nil {
		return err
	}
	v := &validation{plan: p, c: c, a: a, parts: map[part]feed{}}
	for _, s := range p.Stages {
		if err := v.stage(s); err != nil {
			return fmt.Errorf("stage %d: %w", s.ID, err)
		}
	}
	return v.complete()
}

// shape checks what needs no catalogue.
func shape(p *Plan) error {
	if p.Version != Version {
		return fmt.Errorf("the plan has version %d; this weir reads version %d", p.Version, Version)
	}
	if err := graph.Shape(p.Nodes); err != nil {
		return err
	}
	if len(p.Stages) > maxStages {
		return fmt.Errorf("a plan has at most %d stages, this one has %d", maxStages, len(p.Stages))
	}
	ids := make(map[int]bool, len(p.Nodes))
	for _, n := range p.Nodes {
		ids[n.ID] = true
	}
	total := 0
	for i, s := range p.Stages {
		if s == nil || s.ID != i {
			return fmt.Errorf("stage %d is missing or has another ID", i)
		}
		if s.Parallelism < 1 || s.Parallelism > MaxParallelism {
			return fmt.Errorf("stage %d: the parallelism is %d, and must be from 1 to %d", i, s.Parallelism,
				MaxParallelism)
		}
		if len(s.Ops) == 0 {
			return fmt.Errorf("stage %d has no operator", i)
		}
		for k, o := range s.Ops {
			if !ids[o.Node] {
				return fmt.Errorf("stage %d: operator %d is of node %d, which does not exist", i, k, o.Node)
			}
			if len(o.Inputs) > graph.MaxPorts {
				return fmt.Errorf("stage %d: operator %d has more than %d ports", i, k, graph.MaxPorts)
			}
			for _, cs := range o.Inputs {
				total += len(cs)
				for _, in := range cs {
					if in.Op < 0 || in.Op >= k {
						return fmt.Errorf("stage %d: operator %d reads operator %d, which does not stand before it", i,
							k, in.Op)
					}
				}
			}
		}
		total += len(s.Inputs) + len(s.After) + len(s.Ops)
		for _, x := range s.Inputs {
			if x.Stage < 0 || x.Stage >= i || x.From < 0 || x.From >= len(p.Stages[x.Stage].Ops) || x.To < 0 ||
				x.To >= len(s.Ops) ||
				x.Port < 0 || x.Port >= graph.MaxPorts {
				return fmt.Errorf("stage %d: an exchange leads from operator %d of stage %d to operator %d, port %d: there is no such place",
					i, x.From, x.Stage, x.To, x.Port)
			}
			for _, k := range x.Keys {
				if k.Expr == nil {
					return fmt.Errorf("stage %d: a key has no expression", i)
				}
			}
		}
		for _, after := range s.After {
			if after < 0 || after >= i {
				return fmt.Errorf("stage %d begins after stage %d, which does not stand before it", i, after)
			}
		}
		if total > graph.MaxInputs*4 {
			return fmt.Errorf("the plan has more than %d operators and inputs", graph.MaxInputs*4)
		}
	}
	return nil
}

// part is what of a node a stage's operator runs.
type part struct {
	node int
	part Part
	port int
}

type validation struct {
	plan  *Plan
	c     *op.Catalogue
	a     *analysis
	parts map[part]feed
}

func (v *validation) stage(s *Stage) error {
	feeding := stageFeeds(s)
	for k, o := range s.Ops {
		if err := v.part(s, k, o); err != nil {
			return err
		}
		if err := v.inputs(s, o, feeding[k]); err != nil {
			return fmt.Errorf("operator %d (%s): %w", k, v.a.nodes[o.Node].Name(), err)
		}
	}
	for i := range s.Inputs {
		if err := v.exchange(s, &s.Inputs[i]); err != nil {
			return err
		}
	}
	v.a.add(s)
	for k, o := range s.Ops {
		if err := v.placed(s, o, feeding[k]); err != nil {
			return fmt.Errorf("operator %d (%s): %w", k, v.a.nodes[o.Node].Name(), err)
		}
	}
	return nil
}

func (v *validation) part(s *Stage, k int, o Op) error {
	n := v.a.nodes[o.Node]
	staged := graph.Operator(v.c, n.Op).Staged != nil
	ok := o.Part == Whole && !staged && o.Port == 0 || o.Part == Scan && staged && o.Port == 0 ||
		o.Part == Collect && staged && o.Port >= 0 && o.Port < len(n.Inputs)
	if !ok {
		return fmt.Errorf("%s has no part %q, port %d", n.Name(), o.Part, o.Port)
	}
	key := part{o.Node, o.Part, o.Port}
	if _, twice := v.parts[key]; twice {
		return fmt.Errorf("%s, part %s, is there twice", n.Name(), o.Part)
	}
	v.parts[key] = feed{stage: s.ID, op: k}
	if o.Part == Scan {
		for port := range n.Inputs {
			f, ok := v.parts[part{o.Node, Collect, port}]
			if !ok || !slices.Contains(s.After, f.stage) {
				return fmt.Errorf("%s is scanned and port %d is not collected by a stage that has ended before",
					n.Name(), port)
			}
		}
	}
	return nil
}

// inputs compares what feeds an operator with what its node reads.
func (v *validation) inputs(s *Stage, o Op, have map[int][]feed) error {
	n := v.a.nodes[o.Node]
	want := map[int][]string{}
	for port, ins := range n.Inputs {
		if o.Part == Scan || (o.Part == Collect && port != o.Port) {
			continue
		}
		for _, in := range ins {
			for _, key := range v.outputsOf(in.Node, in.Side) {
				want[port] = append(want[port], fmt.Sprint(key, in.Side))
			}
		}
	}
	if len(have) != len(want) {
		return fmt.Errorf("%d ports are fed, %d have inputs", len(have), len(want))
	}
	for port, names := range want {
		var got []string
		for _, f := range have[port] {
			from := v.plan.Stages[f.stage].Ops[f.op]
			got = append(got, fmt.Sprint(part{from.Node, from.Part, from.Port}, f.side))
		}
		slices.Sort(names)
		slices.Sort(got)
		if fmt.Sprint(names) != fmt.Sprint(got) {
			return fmt.Errorf("port %d is not fed by what the node reads", port)
		}
	}
	return nil
}

// outputsOf lists the parts that give an output of a node.
func (v *validation) outputsOf(node int, side string) []part {
	n := v.a.nodes[node]
	if graph.Operator(v.c, n.Op).Staged == nil {
		return []part{{node, Whole, 0}}
	}
	out := []part{{node, Scan, 0}}
	if side != "" {
		for port := range n.Inputs {
			out = append(out, part{node, Collect, port})
		}
	}
	return out
}

func (v *validation) exchange(s *Stage, x *Exchange) error {
	from := v.plan.Stages[x.Stage]
	if want := v.a.rowOf(from.Ops[x.From].Node, x.Side); !want.Equal(x.Row) {
		return fmt.Errorf("the exchange from stage %d carries %s, and the output is %s", x.Stage, x.Row, want)
	}
	switch x.Kind {
	case Forward:
		if from.Parallelism != s.Parallelism {
			return fmt.Errorf("forward from %s to %s", tasksText(from.Parallelism), tasksText(s.Parallelism))
		}
	case Gather:
		if s.Parallelism != 1 {
			return fmt.Errorf("gather to %s", tasksText(s.Parallelism))
		}
	case Hash:
		if len(x.Keys) == 0 {
			return fmt.Errorf("a hash exchange without keys")
		}
	case Broadcast, Rebalance:
	default:
		return fmt.Errorf("%q is no kind of exchange", x.Kind)
	}
	if x.Kind != Hash && len(x.Keys) > 0 {
		return fmt.Errorf("a %s exchange with keys", x.Kind)
	}
	switch x.Order {
	case Unordered:
	case BySplit, ByOrdinals:
		if x.Kind != Gather {
			return fmt.Errorf("a %s exchange in the order of %s", x.Kind, x.Order)
		}
	default:
		return fmt.Errorf("%q is no order", x.Order)
	}
	if x.Order == BySplit {
		if o := v.a.streams[x.Stage][x.From].order; o == unordered {
			return fmt.Errorf("gathered split by split, and the rows do not come in splits")
		}
	}
	return nil
}

// placed checks that the tasks of the stage give the operator the rows that it must see together, in the order in which
// it must see them.
func (v *validation) placed(s *Stage, o Op, in map[int][]feed) error {
	n := v.a.nodes[o.Node]
	d := graph.Operator(v.c, n.Op)
	if o.Part == Scan {
		return nil
	}
	single, ordered := o.Part == Collect, true
	switch placeOf(d, n, v.a.rows[n.ID]) {
	case placeSingle:
		single, ordered = true, v.a.needsOrder(d, n)
	case placeKeyed:
		return v.keyed(s, d, in, v.a.rows[n.ID], o)
	}
	if !single {
		for _, fs := range in {
			for _, f := range fs {
				if f.x != nil && (f.x.Kind == Broadcast) {
					return fmt.Errorf("a broadcast would double its rows")
				}
			}
		}
		return nil
	}
	if s.Parallelism != 1 {
		return fmt.Errorf("it must see all rows in one task, and the stage has %d", s.Parallelism)
	}
	for port, fs := range in {
		for _, f := range fs {
			if f.x != nil && f.x.Kind == Broadcast {
				return fmt.Errorf("a broadcast would double its rows")
			}
			merged := f.x != nil && f.x.Order == ByOrdinals
			if ordered && (v.a.arriving(f).order != inOrder || len(fs) > 1 && !merged) {
				return fmt.Errorf("port %d needs its rows in order and gets them out of order", port)
			}
		}
	}
	return nil
}

func (v *validation) keyed(s *Stage, d *op.Operator, in map[int][]feed, rows []types.Row, o Op) error {
	if s.Parallelism == 1 {
		return nil
	}
	for port, fs := range in {
		keys := graph.KeysOf(d, v.a.nodes[o.Node], port, rows[port])
		for _, f := range fs {
			byHash := f.x != nil && f.x.Kind == Hash && keysText(f.x.Keys) == keysText(keys)
			if !byHash && !sameKeys(v.a.arriving(f).keys, keys) {
				return fmt.Errorf("port %d: the rows of one key do not come together", port)
			}
		}
	}
	return nil
}

// complete checks that every part of every node has its place.
func (v *validation) complete() error {
	for _, n := range v.plan.Nodes {
		want := []part{{n.ID, Whole, 0}}
		if graph.Operator(v.c, n.Op).Staged != nil {
			want = v.outputsOf(n.ID, graph.Rejected)
		}
		for _, key := range want {
			if _, ok := v.parts[key]; !ok {
				return fmt.Errorf("no stage runs %s, part %s", n.Name(), key.part)
			}
		}
	}
	return nil
}

// stageFeeds gives what comes into each operator of a stage, by port.
func stageFeeds(s *Stage) []map[int][]feed {
	out := make([]map[int][]feed, len(s.Ops))
	for k := range s.Ops {
		out[k] = map[int][]feed{}
		for port, cs := range s.Ops[k].Inputs {
			for _, c := range cs {
				out[k][port] = append(out[k][port], feed{s.ID, c.Op, c.Side, nil})
			}
		}
	}
	for i := range s.Inputs {
		x := &s.Inputs[i]
		out[x.To][x.Port] = append(out[x.To][x.Port], feed{x.Stage, x.From, x.Side, x})
	}
	return out
}
