package relational_test

import (
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strings"
	"testing"
	"time"

	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/runtime/op/optest"
)

// site is the surroundings of one parallel instance in a test.
type site struct {
	surroundings
	dir                string
	task, tasks, first int
	last               int
	now                int64
	timers             []int64
	counts             map[string]int64
}

const keyGroups = 128

func (s *site) TempDir() string { return s.dir }
func (s *site) Task() int       { return s.task }
func (s *site) Tasks() int      { return s.tasks }
func (s *site) KeyGroups() (first, last, all int) {
	return s.first, s.last, keyGroups
}
func (s *site) SetTimer(t int64)           { s.timers = append(s.timers, t) }
func (s *site) Now() time.Time             { return time.Unix(0, s.now) }
func (s *site) Count(name string, n int64) { s.counts[name] += n }

// reporter is a test, or one of a property's.
type reporter interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Error(args ...any)
}

// chain is the transforms of a pipeline, one behind the other, the last of which has several instances; rows go to them by key group.
type chain struct {
	t      reporter
	nodes  []*logical.Node
	in     [][]types.Row
	live   bool
	memory int64
	dir    string
	sites  [][]*site
	ops    [][]op.Instance
	keys   []op.Evaluator // of the last operator; nil where it has none
	out    *optest.Output
	marks  []int64 // the watermarks that the instances of the last operator have passed on
}

// newChain compiles `rows |> stages |> print()`.
func newChain(t testing.TB, typ, stages string, live bool) *chain {
	t.Helper()
	src := "type T = " + typ + "\nlet rows = read_jsonl(\"in.jsonl\", as: T)\nrows |> " + stages + " |> print()\n"
	p := compile(t, src).Plan
	c := &chain{t: t, live: live, memory: 1 << 40, dir: t.TempDir()}
	for _, n := range p.Nodes {
		if o := catalogue.Operator(n.Op); o.Role == op.TransformRole {
			raw, err := json.Marshal(n.Args)
			args := op.Args{}
			if err == nil {
				err = json.Unmarshal(raw, &args)
			}
			if err != nil {
				t.Fatal(err)
			}
			m := *n
			m.Args = args
			c.nodes, c.in = append(c.nodes, &m), append(c.in, p.InRows(n))
		}
	}
	return c
}

// row is that of what comes in.
func (c *chain) row() types.Row { return c.in[0][0] }

// open makes the instances, n of the last operator, and restores them where states has some.
func (c *chain) open(n int, states []*optest.State) {
	c.t.Helper()
	c.sites, c.ops, c.out, c.marks = nil, nil, &optest.Output{}, nil
	for i, node := range c.nodes {
		k := 1
		if i == len(c.nodes)-1 {
			k = n
		}
		var ops []op.Instance
		var sites []*site
		for task := range k {
			s := &site{surroundings: surroundings{memory: c.memory}, dir: c.dir, task: task, tasks: k, first: (task*keyGroups + k - 1) / k, last: ((task+1)*keyGroups + k - 1) / k, counts: map[string]int64{}}
			x, err := catalogue.Operator(node.Op).New(&op.Config{Name: node.Op, Args: node.Args, In: c.in[i], Out: node.Out.Row, Live: c.live})
			if err == nil {
				err = x.Open(s)
			}
			if err == nil && states != nil {
				err = x.Restore(states[i].Part(s.first, s.last, task, k))
			}
			if err != nil {
				c.t.Fatalf("%s: %v", node.Op, err)
			}
			ops, sites = append(ops, x), append(sites, s)
		}
		c.ops, c.sites = append(c.ops, ops), append(c.sites, sites)
		c.marks = make([]int64, k)
	}
	last := c.nodes[len(c.nodes)-1]
	c.keys = nil
	if o := catalogue.Operator(last.Op); o.Caps.Keyed != "" && last.Args[o.Caps.Keyed] != nil {
		for _, k := range last.Args[o.Caps.Keyed].Keys {
			e, err := c.sites[0][0].Compile(k.Expr, c.in[len(c.nodes)-1][0])
			if err != nil {
				c.t.Fatal(err)
			}
			c.keys = append(c.keys, e)
		}
	}
}

func (c *chain) close() {
	for _, ops := range c.ops {
		for _, x := range ops {
			if err := x.Close(); err != nil {
				c.t.Error(err)
			}
		}
	}
}

// hop is the output of an instance: the operator behind it.
type hop struct {
	c     *chain
	level int
	task  int
}

func (h hop) Emit(b *batch.Batch) error {
	if want := h.c.nodes[h.level].Out.Row; !b.Row.Equal(want) {
		return fmt.Errorf("%s emitted %s, not %s", h.c.nodes[h.level].Op, b.Row, want)
	}
	for i, col := range b.Cols {
		for k := range b.Len() {
			if !b.Row[i].Type.Nullable && col.IsNull(b.Pos(k)) {
				return fmt.Errorf("%s: column %s is null", h.c.nodes[h.level].Op, b.Row[i].Name)
			}
		}
	}
	if h.level+1 == len(h.c.nodes) {
		return h.c.out.Emit(b)
	}
	return h.c.data(h.level+1, b)
}
func (h hop) Side(name string, b *batch.Batch) error { return h.c.out.Side(name, b) }
func (h hop) Reject(r op.Rejection) error            { return h.c.out.Reject(r) }
func (h hop) Idle() error                            { return h.c.out.Idle() }
func (h hop) Watermark(t int64) error {
	if h.level+1 == len(h.c.nodes) {
		h.c.marks[h.task] = t
		return nil
	}
	return h.c.mark(h.level+1, t)
}

// data gives a batch to an operator, dealt out by key group where it has several instances.
func (c *chain) data(level int, b *batch.Batch) error {
	ops := c.ops[level]
	if len(ops) == 1 {
		return ops[0].Data(0, b, hop{c, level, 0})
	}
	keys := make([]*batch.Vector, len(c.keys))
	for i, e := range c.keys {
		v, _, err := e.Eval(b)
		if err != nil {
			return err
		}
		keys[i] = v
	}
	sels := make([][]uint32, len(ops))
	var buf []byte
	for i := range b.Len() {
		row := b.Pos(i)
		buf = buf[:0]
		for _, k := range keys {
			buf = batch.AppendKey(buf, k, row)
		}
		g := batch.KeyGroup(buf, keyGroups)
		task := g * len(ops) / keyGroups
		sels[task] = append(sels[task], uint32(row))
	}
	for task, sel := range sels {
		if sel == nil {
			continue
		}
		if err := ops[task].Data(0, b.Select(sel), hop{c, level, task}); err != nil {
			return err
		}
	}
	return nil
}

// mark brings a watermark to an operator, and behind it where it does not say so itself.
func (c *chain) mark(level int, t int64) error {
	for task, x := range c.ops[level] {
		if err := x.Watermark(t, hop{c, level, task}); err != nil {
			return err
		}
	}
	if catalogue.Operator(c.nodes[level].Op).Caps.Watermarks || level+1 == len(c.nodes) {
		return nil
	}
	return c.mark(level+1, t)
}

func (c *chain) give(bs ...*batch.Batch) {
	c.t.Helper()
	for _, b := range bs {
		if err := c.data(0, b); err != nil {
			c.t.Fatal(err)
		}
	}
}

func (c *chain) drain() {
	c.t.Helper()
	for level, ops := range c.ops {
		for task, x := range ops {
			if err := x.Drain(hop{c, level, task}); err != nil {
				c.t.Fatal(err)
			}
		}
	}
}

// snapshot takes the state of every operator; finish does what was put off.
func (c *chain) snapshot(id uint64) (states []*optest.State, finish func()) {
	c.t.Helper()
	for _, ops := range c.ops {
		dir, err := os.MkdirTemp(c.dir, "snapshot")
		if err != nil {
			c.t.Fatal(err)
		}
		s := &optest.State{Dir: dir}
		for _, x := range ops {
			if err := x.Snapshot(id, s); err != nil {
				c.t.Fatal(err)
			}
		}
		states = append(states, s)
	}
	return states, func() {
		for _, s := range states {
			if err := s.Finish(); err != nil {
				c.t.Fatal(err)
			}
		}
	}
}

// written gives what has come out, with ordinals where so wished, in the order of that.
func (c *chain) written(ordinals bool) string {
	var lines []string
	add := func(name string, bs []*batch.Batch) {
		for _, b := range bs {
			for i := range b.Len() {
				pos := b.Pos(i)
				var l strings.Builder
				l.WriteString(name)
				if ordinals {
					for _, level := range b.Ord {
						fmt.Fprintf(&l, "%020d ", level[pos])
					}
				}
				for k, f := range b.Row {
					fmt.Fprintf(&l, "%s: %s  ", f.Name, show(b.Cols[k].Value(pos)))
				}
				lines = append(lines, l.String())
			}
		}
	}
	add("", c.out.Batches)
	for name, bs := range c.out.Sides {
		add(name+" ", bs)
	}
	for _, r := range c.out.Rejections {
		lines = append(lines, "rejected "+r.Code+" "+r.Reason)
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

// show writes a value so that floats differ by their bits.
func show(x any) string {
	switch x := x.(type) {
	case float64:
		return fmt.Sprintf("%x", x)
	case []any:
		parts := make([]string, len(x))
		for i, y := range x {
			parts[i] = show(y)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return fmt.Sprint(x)
}

// parts cuts a table into batches of n rows.
func parts(b *batch.Batch, n int) []*batch.Batch {
	var out []*batch.Batch
	for from := 0; from < b.N; from += n {
		out = append(out, b.Slice(from, min(b.N, from+n)))
	}
	return out
}
