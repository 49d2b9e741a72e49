package physical

import (
	"weir/compiler/expr"
	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/planner/internal/graph"
	"weir/runtime/op"
)

// place is how an operator may be spread over tasks. It follows from what the operator declares.
type place uint8

const (
	placeSource place = iota // splits, read by free tasks
	placeStaged              // collected in one task, then scanned as splits
	placeSingle              // all rows in one task, in order
	placeKeyed               // rows of a key in one task
	placeAny                 // wherever its input is
)

// placeOf gives the place of a node's operator. An operator that declares nothing gets all rows in one task: that is
// always right.
func placeOf(o *op.Operator, n *logical.Node, in []types.Row) place {
	switch {
	case o.Role == op.SourceRole:
		return placeSource
	case o.Staged != nil:
		return placeStaged
	case o.SingleTask != nil && o.SingleTask(n.Args):
		return placeSingle
	case o.Caps.Keyed != "":
		if len(in) > 0 && len(graph.KeysOf(o, n, 0, in[0])) > 0 {
			return placeKeyed
		}
		return placeSingle
	case o.Role == op.SinkRole || o.Caps.RowWise || o.Caps.Condition != "" || o.Caps.Defs != "":
		return placeAny
	}
	return placeSingle
}

// needsOrder reports whether an operator in one task must see its rows in the stream's order: a keyed one without keys
// need not, its result does not depend on it; and rows of windows that close while a live stream goes on are wanted when they come, and have no
// other order.
func (a *analysis) needsOrder(o *op.Operator, n *logical.Node) bool {
	for _, port := range n.Inputs {
		for _, in := range port {
			// Several streams without an end have no order either: one would wait for the end of the other.
			if in.Side == "" && (a.timely[in.Node] || len(port) > 1 && a.nodes[in.Node].Out.Unbounded) {
				return false
			}
		}
	}
	return o.Caps.Keyed == "" || (o.SingleTask != nil && o.SingleTask(n.Args))
}

// findTimely finds the nodes whose rows come as windows close while a live stream goes on.
func (a *analysis) findTimely(nodes []*logical.Node) {
	live := map[int]bool{}
	a.timely = map[int]bool{}
	for _, n := range nodes {
		d := a.c.Operator(n.Op)
		a.timely[n.ID] = n.Out.Unbounded && d != nil && d.Caps.Keyed != ""
		live[n.ID] = n.Out.Unbounded || d != nil && d.Caps.Live != nil && d.Caps.Live(n.Args)
		for _, port := range n.Inputs {
			for _, in := range port {
				from := a.nodes[in.Node]
				live[n.ID] = live[n.ID] || live[in.Node]
				if in.Side == "" && (a.timely[in.Node] || live[in.Node] && from.Out.Windows != types.NoWindows && n.Out.Windows == types.NoWindows) {
					a.timely[n.ID] = true
				}
			}
		}
	}
}

// order is what is known of the order in which the tasks of a stage give an output's rows.
type order uint8

const (
	unordered order = iota
	inSplits        // each split's rows in order, splits anywhere
	inOrder         // one task gives all rows in the stream's order
)

// stream is what is known of the output of an operator in a stage.
type stream struct {
	order order
	keys  []string // columns by which the rows lie in tasks by key group; none where they do not
}

// feed is one stream that comes into an operator at a port.
type feed struct {
	stage, op int
	side      string
	x         *Exchange // nil within a stage
}

// analysis walks a plan in stage order and derives what is known of every stream.
type analysis struct {
	timely  map[int]bool // nodes whose rows come as windows close while a live stream goes on
	c       *op.Catalogue
	nodes   map[int]*logical.Node
	rows    map[int][]types.Row
	streams [][]stream // by stage and operator
}

func newAnalysis(p *Plan, c *op.Catalogue) (*analysis, error) {
	a := &analysis{c: c, nodes: map[int]*logical.Node{}}
	for _, n := range p.Nodes {
		a.nodes[n.ID] = n
	}
	var err error
	if a.rows, err = graph.Rows(p.Nodes); err != nil {
		return nil, err
	}
	a.findTimely(p.Nodes)
	return a, nil
}

// arriving says what is known of a stream where it enters an operator.
func (a *analysis) arriving(f feed) stream {
	s := a.streams[f.stage][f.op]
	if f.side != "" {
		s.keys = nil
	}
	if f.x == nil {
		return s
	}
	switch f.x.Kind {
	case Forward:
		return s
	case Gather:
		if f.x.Order != Unordered {
			s.order = inOrder
		}
		return stream{order: s.order}
	case Hash:
		return stream{keys: keyNames(f.x.Keys)}
	}
	return stream{}
}

// add derives the streams of the stage, whose inputs must have been added.
func (a *analysis) add(s *Stage) {
	a.streams = append(a.streams, make([]stream, len(s.Ops)))
	feeding := stageFeeds(s)
	for k, o := range s.Ops {
		n := a.nodes[o.Node]
		a.streams[s.ID][k] = a.give(s, k, graph.Operator(a.c, n.Op), n, feeding[k])
	}
}

func (a *analysis) give(s *Stage, k int, d *op.Operator, n *logical.Node, in map[int][]feed) stream {
	switch s.Ops[k].Part {
	case Scan: // tiles cross the order of the pairs
		return stream{}
	case Collect:
		return stream{order: inOrder}
	}
	switch placeOf(d, n, a.rows[n.ID]) {
	case placeSource:
		if s.Parallelism == 1 {
			return stream{order: inOrder}
		}
		return stream{order: inSplits}
	case placeAny:
		if len(in) != 1 || len(in[0]) != 1 {
			return stream{}
		}
		out := a.arriving(in[0][0])
		out.keys = carried(d, n, a.rows[n.ID][0], out.keys)
		return out
	case placeKeyed:
		return stream{keys: carried(d, n, a.rows[n.ID][0], keyNames(graph.KeysOf(d, n, 0, a.rows[n.ID][0])))}
	}
	if a.needsOrder(d, n) {
		return stream{order: inOrder}
	}
	return stream{}
}

// keyNames gives the columns that the keys are; nothing where one is not a mere column.
func keyNames(keys []op.Key) []string {
	var names []string
	for _, k := range keys {
		p, ok := k.Expr.Path()
		if !ok {
			return nil
		}
		names = append(names, p)
	}
	return names
}

// carried gives the columns of the output that hold the key columns of the input; nothing where one is lost, since then
// nobody can ask for them.
func carried(d *op.Operator, n *logical.Node, in types.Row, keys []string) []string {
	var out []string
	for _, k := range keys {
		name := k
		switch a := n.Args[d.Caps.Keyed]; {
		case d.Caps.Keyed != "" && a != nil && len(a.On) > 0:
			return nil // a row without a partner lies by the other side's key, and has no value for this one's
		case d.Caps.Keyed != "" && a != nil:
			name = keyColumn(a.Keys, k, in)
		case d.Caps.Defs != "":
			name = definedAs(n.Args[d.Caps.Defs], k, d.Caps.KeepsInput)
		}
		if _, ok := graph.Resolve(n.Out.Row, name); !ok || name == "" {
			return nil
		}
		out = append(out, name)
	}
	return out
}

// keyColumn gives the column that a keyed operator has for a key: the key's new name, unless a column of the input is
// called so, which the output may have instead.
func keyColumn(keys []op.Key, k string, in types.Row) string {
	for _, key := range keys {
		p, ok := key.Expr.Path()
		if !ok || p != k || key.Name == "" || key.Name == k {
			continue
		}
		if in.Index(key.Name) >= 0 {
			return ""
		}
		return key.Name
	}
	return k
}

// definedAs gives the column of the output that holds the input column k: k itself where it is kept, else one that is
// defined as it; "" for none.
func definedAs(a *op.Arg, k string, keeps bool) string {
	name := ""
	if keeps {
		name = k
	}
	if a == nil {
		return name
	}
	for _, def := range a.Defs {
		if def.Name == name {
			name = ""
		}
	}
	for _, def := range a.Defs {
		if p, ok := def.Expr.Path(); ok && p == k && name == "" {
			name = def.Name
		}
	}
	return name
}

// sameKeys reports whether rows that lie by the columns have lie as the keys want them: the same columns, in order and
// of the same types.
func sameKeys(have []string, want []op.Key) bool {
	names := keyNames(want)
	if len(have) == 0 || len(have) != len(names) {
		return false
	}
	for i := range have {
		if have[i] != names[i] || want[i].Expr.Kind == expr.Const {
			return false
		}
	}
	return true
}
