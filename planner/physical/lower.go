package physical

import (
	"fmt"
	"slices"

	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/planner/internal/graph"
	"weir/runtime/op"
)

// LowerOptions say what a plan is lowered for.
type LowerOptions struct {
	Catalogue   *op.Catalogue
	Storage     op.Storage // to count a source's splits; nil where nothing may be read
	Target      string
	Parallelism int  // tasks of a stage that can be spread; at least 1
	Rebalance   bool // deal rows out before costly operators
}

// Lower makes stages of a logical plan that graph.Check accepts: one stage an operator (two or more for a staged one),
// with an exchange between any two. The rules that follow take exchanges away and chain stages; a plan may be run
// without them.
//
// A stage's parallelism follows from its operator: a source has as many tasks as splits, up to Parallelism; what works
// row by row has its input's; what needs keys together or scans tiles has Parallelism; all else has one task.
func Lower(p *logical.Plan, o LowerOptions) (*Plan, []Decision, error) {
	out := &Plan{Version: Version, File: p.File, Target: o.Target, Params: p.Params, Nodes: p.Nodes}
	a, err := newAnalysis(out, o.Catalogue)
	if err != nil {
		return nil, nil, err
	}
	l := &lowering{opts: o, plan: out, a: a, places: map[int][]feed{}}
	for _, n := range p.Nodes {
		l.node(n)
	}
	return out, l.decisions, nil
}

type lowering struct {
	opts      LowerOptions
	plan      *Plan
	a         *analysis
	places    map[int][]feed // where a node's outputs come from: its scan or the whole first, then its collects
	decisions []Decision
}

func (l *lowering) decide(rule string, n *logical.Node, why string) {
	l.decisions = append(l.decisions, Decision{Rule: rule, Fired: true, Node: n.Name(), Why: why})
}

func (l *lowering) node(n *logical.Node) {
	d, rows := graph.Operator(l.opts.Catalogue, n.Op), l.a.rows[n.ID]
	switch placeOf(d, n, rows) {
	case placeSource:
		tasks, why := l.splits(d, n)
		l.decide("source-splits", n, why)
		l.stage(n, Op{Node: n.ID, Part: Whole}, tasks)
	case placeStaged:
		l.staged(n)
	case placeSingle:
		s := l.stage(n, Op{Node: n.ID, Part: Whole}, 1)
		for port := range n.Inputs {
			l.gather(s, n, port, l.a.needsOrder(d, n))
		}
		l.a.add(s)
		return
	case placeKeyed:
		s := l.stage(n, Op{Node: n.ID, Part: Whole}, l.opts.Parallelism)
		for port := range n.Inputs {
			keys := graph.KeysOf(d, n, port, rows[port])
			l.connect(s, n, port, func(feed) Exchange { return Exchange{Kind: Hash, Keys: keys} })
		}
		l.decide("hash-exchange", n, "rows of one key come together: "+keysText(graph.KeysOf(d, n, 0, rows[0])))
	case placeAny:
		l.spread(n, d)
	}
	l.a.add(l.plan.Stages[len(l.plan.Stages)-1])
}

func keysText(keys []op.Key) string {
	s := ""
	for i, k := range keys {
		if i > 0 {
			s += ", "
		}
		s += k.Expr.String()
	}
	return s
}

// stage appends a stage of one operator; places then finds the operator's outputs there.
func (l *lowering) stage(n *logical.Node, o Op, tasks int) *Stage {
	s := &Stage{ID: len(l.plan.Stages), Ops: []Op{o}, Parallelism: tasks}
	l.plan.Stages = append(l.plan.Stages, s)
	at := feed{stage: s.ID}
	if o.Part == Scan {
		l.places[n.ID] = append([]feed{at}, l.places[n.ID]...)
	} else {
		l.places[n.ID] = append(l.places[n.ID], at)
	}
	return s
}

// sources lists where the streams of a node's input port come from. What a staged operator rejects comes from all its
// parts.
func (l *lowering) sources(n *logical.Node, port int) []feed {
	var out []feed
	for _, in := range n.Inputs[port] {
		at := l.places[in.Node]
		if in.Side == "" {
			at = at[:1]
		}
		for _, f := range at {
			f.side = in.Side
			out = append(out, f)
		}
	}
	return out
}

// connect adds an exchange for every stream of the node's input port; make gives its kind.
func (l *lowering) connect(s *Stage, n *logical.Node, port int, make func(feed) Exchange) {
	for _, f := range l.sources(n, port) {
		x := make(f)
		x.Stage, x.From, x.Side, x.To, x.Port, x.Row = f.stage, f.op, f.side, 0, port, l.a.rows[n.ID][port]
		s.Inputs = append(s.Inputs, x)
	}
}

// gather brings a port's streams into the stage's one task, in order where that is wanted.
func (l *lowering) gather(s *Stage, n *logical.Node, port int, ordered bool) {
	sole := len(l.sources(n, port)) == 1
	note := ""
	l.connect(s, n, port, func(f feed) Exchange {
		x := Exchange{Kind: Gather}
		if !ordered {
			return x
		}
		switch known := l.a.streams[f.stage][f.op].order; {
		case sole && known == inOrder:
		case sole && known == inSplits:
			x.Order, note = BySplit, "split by split"
		default:
			x.Order, note = ByOrdinals, "sorted by ordinals"
		}
		return x
	})
	if note != "" {
		l.decide("gather", n, "it needs all rows in one task and in order, and they come from several tasks or out of order: "+note)
	}
}

func (l *lowering) splits(d *op.Operator, n *logical.Node) (tasks int, why string) {
	count := -1
	if d.Caps.SplitCount != nil {
		count = d.Caps.SplitCount(n.Args, l.opts.Storage)
	}
	switch {
	case count < 0:
		return l.opts.Parallelism, "the number of splits is not known before the run: all tasks ask for them"
	case count <= 1:
		return 1, "one split, so one task"
	case count < l.opts.Parallelism:
		return count, fmt.Sprintf("%d splits, so %d tasks", count, count)
	}
	return l.opts.Parallelism, fmt.Sprintf("%d splits for %s", count, tasksText(l.opts.Parallelism))
}

func tasksText(n int) string {
	if n == 1 {
		return "1 task"
	}
	return fmt.Sprintf("%d tasks", n)
}

func (l *lowering) staged(n *logical.Node) {
	var after []int
	for port := range n.Inputs {
		s := l.stage(n, Op{Node: n.ID, Part: Collect, Port: port}, 1)
		l.gather(s, n, port, true)
		l.a.add(s)
		after = append(after, s.ID)
	}
	s := l.stage(n, Op{Node: n.ID, Part: Scan}, l.opts.Parallelism)
	s.After = after
	l.decide("tiles", n, "its input is laid out as blocks once; tiles over them are fetched by free tasks, so nothing of size n² crosses an exchange")
}

// spread puts an operator that may run anywhere where its input is.
func (l *lowering) spread(n *logical.Node, d *op.Operator) {
	tasks, streams := 0, 0
	for port := range n.Inputs {
		for _, f := range l.sources(n, port) {
			tasks = max(tasks, l.plan.Stages[f.stage].Parallelism)
			streams++
		}
	}
	costly := l.opts.Parallelism > 1 && streams == 1 && tasks == 1 && isSized(d, n)
	if costly && l.opts.Rebalance {
		tasks = l.opts.Parallelism
		l.decide("rebalance", n, fmt.Sprintf("its input is in one task and a row is costly here: rows are dealt out to %d tasks", tasks))
	}
	s := l.stage(n, Op{Node: n.ID, Part: Whole}, tasks)
	for port := range n.Inputs {
		l.connect(s, n, port, func(f feed) Exchange {
			if l.plan.Stages[f.stage].Parallelism == tasks {
				return Exchange{Kind: Forward}
			}
			return Exchange{Kind: Rebalance}
		})
	}
}

// isSized reports whether the operator says that the work of a row grows with the product of two lengths.
func isSized(d *op.Operator, n *logical.Node) bool {
	return len(d.Caps.SizedBy) > 0 && !slices.ContainsFunc(d.Caps.SizedBy,
		func(p string) bool { return n.Args.Expr(p) == nil })
}

// rowOf gives the row of an output of a node.
func (a *analysis) rowOf(node int, side string) types.Row {
	switch {
	case side == "":
		return a.nodes[node].Out.Row
	case side == graph.Rejected:
		return types.Rejected
	case len(a.rows[node]) > 0:
		return a.rows[node][0]
	}
	return nil
}
