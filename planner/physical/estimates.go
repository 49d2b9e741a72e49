package physical

import (
	"fmt"

	"weir/compiler/logical"
	"weir/planner/estimate"
	"weir/planner/internal/graph"
	"weir/runtime/op"
)

// Estimates asks every operator, in topological order, what is known of its output and work. What an operator does not
// say is unknown, but for definitions, which keep the number of rows. Side outputs are unknown, and so is what they
// feed.
func Estimates(nodes []*logical.Node, c *op.Catalogue, s op.Storage) (map[int]NodeEstimate, error) {
	rows, err := graph.Rows(nodes)
	if err != nil {
		return nil, err
	}
	out := make(map[int]NodeEstimate, len(nodes))
	for _, n := range nodes {
		o := graph.Operator(c, n.Op)
		in := make([]estimate.Stream, len(n.Inputs))
		for port, ins := range n.Inputs {
			in[port] = union(ins, out)
		}
		e := NodeEstimate{}
		switch {
		case o.Estimate != nil:
			e.Out, e.Work = o.Estimate(&op.Estimating{In: in, Rows: rows[n.ID], Args: n.Args, Storage: s})
		case o.Caps.Defs != "" && len(in) == 1:
			e.Out = estimate.Stream{Rows: in[0].Rows, Width: definedWidths(n, o, in[0].Width)}
		}
		out[n.ID] = e
	}
	return out, nil
}

// union adds the rows of the streams of a port. A width is known where one stream alone feeds it.
func union(ins []logical.Input, known map[int]NodeEstimate) estimate.Stream {
	var sum estimate.Stream
	for i, in := range ins {
		if in.Side != "" {
			return estimate.Stream{}
		}
		s := known[in.Node].Out
		if i == 0 {
			sum = s
			continue
		}
		sum = estimate.Stream{Rows: sum.Rows.Plus(s.Rows)}
	}
	return sum
}

// definedWidths gives the widths of columns that are mere references.
func definedWidths(n *logical.Node, o *op.Operator, in map[string]estimate.Number) map[string]estimate.Number {
	out := map[string]estimate.Number{}
	if o.Caps.KeepsInput {
		for path, w := range in {
			out[path] = w
		}
	}
	if a := n.Args[o.Caps.Defs]; a != nil {
		for _, d := range a.Defs {
			delete(out, d.Name)
		}
		for _, d := range a.Defs {
			path, ok := d.Expr.Path()
			if w, known := in[path]; ok && known {
				out[d.Name] = w
			}
		}
	}
	return out
}

// Risks lists what a user should know before a run, in stage order. Nothing here makes a result wrong.
func Risks(p *Plan, c *op.Catalogue) []string {
	var out []string
	add := func(n *logical.Node, format string, args ...any) {
		out = append(out, n.Name()+" "+fmt.Sprintf(format, args...))
	}
	widest := 1
	for _, s := range p.Stages {
		widest = max(widest, s.Parallelism)
	}
	for _, s := range p.Stages {
		for _, o := range s.Ops {
			n := p.Node(o.Node)
			d := graph.Operator(c, n.Op)
			if o.Part == Scan {
				continue
			}
			if o.Part == Whole && d.Role == op.TransformRole && widest > 1 && s.Parallelism == 1 && len(s.Inputs) > 0 &&
				isSized(d, n) {
				add(n, "runs in one task: its input is in one")
			}
			if o.Part == Whole && d.Role != op.SinkRole && len(n.Inputs) > 0 && widest > 1 && gathers(s, o) {
				add(n, "sees all rows in one task, whatever the parallelism")
			}
			if d.AtLeastOnce {
				add(n, "may repeat rows after a failure: it is at-least-once")
			}
			if d.Lossy && o.Port == 0 {
				add(n, "drops or approximates, as it was asked to")
			}
			if d.Unrepeatable && o.Port == 0 {
				add(n, "may give other rows when it is run again")
			}
			if d.Role == op.SourceRole && n.Out.Unbounded {
				add(n, "does not end: it runs until it is stopped")
			}
		}
	}
	return out
}

// gathers reports whether the operator's rows are gathered from elsewhere.
func gathers(s *Stage, o Op) bool {
	for _, x := range s.Inputs {
		if x.Kind == Gather && s.Ops[x.To].Node == o.Node {
			return true
		}
	}
	return false
}
