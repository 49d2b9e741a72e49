package local

import (
	"weir/compiler/expr"
	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/planner/physical"
	"weir/runtime/op"
)

// planner makes physical plans for tests: every operator is a stage of its own unless it is chained.
type planner struct {
	plan   physical.Plan
	stages map[int]int // of a node: its stage
	places map[int]int // and its place there
}

func newPlanner() *planner {
	return &planner{plan: physical.Plan{Version: physical.Version}, stages: map[int]int{}, places: map[int]int{}}
}

func (p *planner) node(name string, args op.Args, out types.Row, inputs ...[]logical.Input) int {
	id := len(p.plan.Nodes) + 1
	p.plan.Nodes = append(p.plan.Nodes, &logical.Node{ID: id, Op: name, Args: args, Inputs: inputs, Out: types.Stream{Row: out}})
	return id
}

func (p *planner) stage(parallelism int) *physical.Stage {
	s := &physical.Stage{ID: len(p.plan.Stages), Parallelism: parallelism}
	p.plan.Stages = append(p.plan.Stages, s)
	return s
}

func (p *planner) add(s *physical.Stage, node int, part physical.Part, inputs ...[]physical.ChainInput) int {
	s.Ops = append(s.Ops, physical.Op{Node: node, Part: part, Inputs: inputs})
	p.stages[node], p.places[node] = s.ID, len(s.Ops)-1
	return len(s.Ops) - 1
}

func in(node int) []logical.Input              { return []logical.Input{{Node: node}} }
func side(node int, name string) logical.Input { return logical.Input{Node: node, Side: name} }

// source begins a stage with numbers.
func (p *planner) source(parallelism int, args op.Args) (int, *physical.Stage) {
	n, s := p.node("numbers", args, numberRow), p.stage(parallelism)
	p.add(s, n, physical.Whole)
	return n, s
}

// chain puts an operator behind another one of the same stage.
func (p *planner) chain(name string, args op.Args, out types.Row, from int) int {
	n := p.node(name, args, out, in(from))
	s := p.plan.Stages[p.stages[from]]
	p.add(s, n, physical.Whole, []physical.ChainInput{{Op: p.places[from]}})
	return n
}

// behind begins a stage with an operator that reads another stage through an exchange.
func (p *planner) behind(parallelism int, name string, args op.Args, out types.Row, kind physical.ExchangeKind, order physical.Order, from ...logical.Input) int {
	n, s := p.node(name, args, out, from), p.stage(parallelism)
	p.add(s, n, physical.Whole)
	for _, f := range from {
		row := p.plan.Node(f.Node).Out.Row
		if f.Side == "rejected" {
			row = types.Rejected
		}
		x := physical.Exchange{Stage: p.stages[f.Node], From: p.places[f.Node], Side: f.Side, Kind: kind, Order: order, Row: row}
		if kind == physical.Hash {
			x.Keys = []op.Key{{Expr: expr.Col("v", tInt)}}
		}
		s.Inputs = append(s.Inputs, x)
	}
	return n
}

// pairs cuts the staged operator in two.
func (p *planner) pairs(parallelism int, from int, order physical.Order) int {
	n := p.node("pairs", nil, pairRow, in(from))
	collect := p.stage(1)
	p.add(collect, n, physical.Collect)
	collect.Inputs = []physical.Exchange{{Stage: p.stages[from], From: p.places[from], Kind: physical.Gather, Order: order, Row: numberRow}}
	scan := p.stage(parallelism)
	scan.After = []int{collect.ID}
	p.add(scan, n, physical.Scan)
	return n
}
