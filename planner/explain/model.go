// Package explain makes a plan readable: one model of a plan, and a renderer for each form that a user may want it in.
// A renderer takes all it shows from the model; numbers that are not known are `?`.
package explain

import (
	"fmt"
	"strings"

	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/planner/internal/graph"
	"weir/planner/physical"
	"weir/runtime/op"
)

// Version of the model's JSON.
const Version = 1

// Model is a plan for reading.
type Model struct {
	File        string   `json:"file"`
	Target      string   `json:"target"`
	Parallelism int      `json:"parallelism"` // of the widest stage
	Hash        string   `json:"hash"`
	Params      []Param  `json:"params,omitempty"`
	Stages      []*Stage `json:"stages"`
	Rules       []Rule   `json:"rules,omitempty"`
	Risks       []string `json:"risks,omitempty"`
}

// Param is a parameter: cutoff = 100, and whether the user gave it.
type Param struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Given bool   `json:"given,omitempty"` // by -p
}

// Stage is a stage: its tasks, what they wait for, and its operators.
type Stage struct {
	ID    int    `json:"id"`
	Tasks int    `json:"tasks"`
	After []int  `json:"after,omitempty"`
	Work  string `json:"work,omitempty"` // how work comes: "splits on request", "tiles on request"
	Ops   []*Op  `json:"ops"`
}

// Op is an operator in a stage.
type Op struct {
	Node    int      `json:"node"`
	At      string   `json:"at,omitempty"` // file:line
	Name    string   `json:"name"`
	Part    string   `json:"part,omitempty"` // "collect" or "scan"
	Args    []string `json:"args,omitempty"`
	Set     []string `json:"set,omitempty"`     // what the planner has set: min_score: cutoff (100)
	Columns string   `json:"columns,omitempty"` // of the output
	Feeds   []Feed   `json:"feeds,omitempty"`   // within the stage
	From    []Edge   `json:"from,omitempty"`    // from other stages
	Rows    string   `json:"rows"`
	Bytes   string   `json:"bytes,omitempty"`
	Cells   string   `json:"cells,omitempty"`
	Sink    bool     `json:"sink,omitempty"`
}

// Feed is an operator of the same stage that feeds this one.
type Feed struct {
	Op   int    `json:"op"` // index in Stage.Ops
	Side string `json:"side,omitempty"`
	Port int    `json:"port,omitempty"`
}

// Edge is an exchange.
type Edge struct {
	Stage int    `json:"stage"`
	Op    int    `json:"op"` // index in that stage's Ops
	Name  string `json:"name"`
	Side  string `json:"side,omitempty"`
	Port  int    `json:"port,omitempty"`
	Text  string `json:"text"` // "gather, sorted by ordinals", "hash by sample"
}

// Rule is what a rule did or did not do.
type Rule struct {
	Name  string `json:"name"`
	Fired bool   `json:"fired"`
	Node  string `json:"node,omitempty"`
	Why   string `json:"why"`
}

// New makes the model of a plan that physical.Validate accepts.
func New(p *physical.Plan, c *op.Catalogue) *Model {
	m := &Model{File: p.File, Target: p.Target, Hash: p.Hash, Risks: p.Risks}
	for _, q := range p.Params {
		m.Params = append(m.Params, Param{q.Name, q.Value, q.Source == "-p"})
	}
	nodes := make(map[int]*logical.Node, len(p.Nodes))
	for _, n := range p.Nodes {
		nodes[n.ID] = n
	}
	for _, s := range p.Stages {
		m.Parallelism = max(m.Parallelism, s.Parallelism)
		m.Stages = append(m.Stages, newStage(p, s, nodes, c))
	}
	for _, d := range p.Decisions {
		m.Rules = append(m.Rules, Rule{d.Rule, d.Fired, d.Node, d.Why})
	}
	return m
}

func newStage(p *physical.Plan, s *physical.Stage, nodes map[int]*logical.Node, c *op.Catalogue) *Stage {
	out := &Stage{ID: s.ID, Tasks: s.Parallelism, After: s.After}
	for k, o := range s.Ops {
		n := nodes[o.Node]
		d := graph.Operator(c, n.Op)
		switch {
		case o.Part == physical.Scan:
			out.Work = "tiles on request"
		case d.Role == op.SourceRole && s.Parallelism > 1:
			out.Work = "splits on request"
		}
		x := newOp(p, o, nodes, d)
		for port, ins := range o.Inputs {
			for _, in := range ins {
				x.Feeds = append(x.Feeds, Feed{in.Op, in.Side, port})
			}
		}
		for _, e := range s.Inputs {
			if e.To == k {
				x.From = append(x.From, Edge{e.Stage, e.From, nodes[p.Stages[e.Stage].Ops[e.From].Node].Op, e.Side,
					e.Port, exchangeText(e)})
			}
		}
		out.Ops = append(out.Ops, x)
	}
	return out
}

func exchangeText(e physical.Exchange) string {
	s := string(e.Kind)
	for i, k := range e.Keys {
		if i == 0 {
			s += " by "
		} else {
			s += ", "
		}
		s += k.Expr.String()
	}
	switch e.Order {
	case physical.BySplit:
		s += ", split by split"
	case physical.ByOrdinals:
		s += ", sorted by ordinals"
	}
	return s
}

func newOp(p *physical.Plan, o physical.Op, nodes map[int]*logical.Node, d *op.Operator) *Op {
	n := nodes[o.Node]
	x := &Op{Node: n.ID, Name: n.Op, Rows: Unknown, Sink: d.Role == op.SinkRole}
	if !n.Span.IsZero() {
		x.At = fmt.Sprintf("%s:%d", n.Span.File, n.Span.Start.Line)
	}
	if o.Part != physical.Whole {
		x.Part = string(o.Part)
	}
	e := p.Estimates[n.ID]
	if o.Part == physical.Collect {
		x.Rows = ""
		if len(n.Inputs) > 1 {
			x.Part += fmt.Sprintf(" of input %d", o.Port+1)
		}
		return x
	}
	x.Args, x.Set = arguments(n, d, nodes)
	x.Columns = columns(n.Out.Row)
	if x.Sink {
		x.Rows = ""
	} else {
		x.Rows = Quantity(e.Out.Rows, "row", "rows")
	}
	if e.Work.Bytes.Known() {
		x.Bytes = Bytes(e.Work.Bytes)
	}
	if e.Work.Cells.Known() || len(d.Caps.SizedBy) > 0 {
		x.Cells = Quantity(e.Work.Cells, "cell", "cells")
	}
	return x
}

// arguments writes what the user wrote, in declared order, positional ones without their names; and what the planner
// has set.
func arguments(n *logical.Node, d *op.Operator, nodes map[int]*logical.Node) (args, set []string) {
	for _, p := range d.Params {
		a := n.Args[p.Name]
		if a == nil || a.Default {
			continue
		}
		text := a.String()
		if p.Kind == op.Stream {
			text = streams(n, a.Ports, nodes)
		}
		switch {
		case p.Hidden:
			set = append(set, floorText(d, p.Name, text))
		case p.Required && !p.Named || p.Variadic:
			args = append(args, text)
		default:
			args = append(args, p.Name+": "+text)
		}
	}
	return args, set
}

// streams names the streams at the ports: by their lets, or by the operators that give them.
func streams(n *logical.Node, ports []int, nodes map[int]*logical.Node) string {
	var names []string
	for _, port := range ports {
		for _, in := range n.Inputs[port] {
			name := nodes[in.Node].Let
			if name == "" {
				name = nodes[in.Node].Op
			}
			if in.Side != "" {
				name += "." + in.Side
			}
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// floorText writes a bound as a condition: score >= 100.
func floorText(d *op.Operator, param, text string) string {
	for _, f := range d.Caps.Floors {
		if f.Param == param {
			return f.Column + " >= " + text
		}
	}
	return param + ": " + text
}

// columns names the columns of a row, records with their fields. Long lists are cut.
func columns(r types.Row) string {
	const most = 12
	var parts []string
	for i, f := range r {
		if i == most {
			parts = append(parts, fmt.Sprintf("… %d more", len(r)-most))
			break
		}
		name := f.Name
		if f.Type.Kind == types.Record {
			name += " { " + columns(f.Type.Fields) + " }"
		}
		parts = append(parts, name)
	}
	return strings.Join(parts, ", ")
}

// Title writes an operator with its part: "pairs · collect".
func (o *Op) Title() string {
	if o.Part != "" {
		return o.Name + " · " + o.Part
	}
	return o.Name
}

// Call writes an operator with its arguments: filter(length(sequence) >= 30).
func (o *Op) Call() string {
	if strings.HasPrefix(o.Part, "collect") {
		return o.Title()
	}
	return o.Title() + "(" + strings.Join(o.Args, ", ") + ")"
}

// Numbers writes what is known of rows and work.
func (o *Op) Numbers() []string {
	var out []string
	for _, s := range []string{o.Rows, o.Bytes, o.Cells} {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// Tasks writes a number of tasks.
func Tasks(n int) string {
	if n == 1 {
		return "1 task"
	}
	return fmt.Sprintf("%s tasks", thousands(int64(n)))
}
