// Package stage drives one parallel instance of a stage: a tree of operators with function calls between them. A driver
// (one machine's, or a cluster's worker) sends it messages; an operator does not know who drives it.
//
// A Task is used by one goroutine at a time. Its messages come in this order: Open, perhaps OpenSources, Restore; then
// Assign, Data, Watermark, Timer, Snapshot and Commit as they come; Drain at the end of the input, a last Snapshot and
// Commit; Close, always. To stop without draining, or to abort, is to end the context and Close.
package stage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/planner/physical"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// Config is what a task is made from.
type Config struct {
	Context   context.Context
	Plan      *physical.Plan
	Stage     int // its ID
	Catalogue *op.Catalogue
	Storage   op.Storage
	Staging   op.Staging
	Counters  *Counters
	TempDir   string
	Memory    int64 // bytes for all operators of the task together
	Task      int   // from 0
	Tasks     int
	Now       func() time.Time
	KeyGroups int // all there are
	// Channels says, for each of Stage.Inputs, how many upstream tasks send to this one. Only watermarks need it.
	Channels []int
	Restored uint64 // see op.Context.Restored
	// Resumable is op.Context.Resumable; nil for never.
	Resumable func() bool
	// Rest and Wait are where a source that reads meets the driver: see op.SourceOutput. Operator Ops[source] is reading. Nil: there is nothing to
	// do, and to wait is only to wait.
	Rest func(source int, rest func() (op.Split, error)) error
	Wait func(ready <-chan struct{}) error
	// Watermark and Idle take what Ops[from] says of event time to the exchanges that read it. Nil: nobody does.
	Watermark func(from int, t int64) error
	Idle      func(from int) error
	// Out takes rows that leave the stage, of the operator Ops[from] and the side output ("" for the main one). It is
	// called only for outputs that an exchange of the plan reads, and for a main output no more when it has returned op.ErrEnough.
	Out func(from int, side string, b *batch.Batch) error
	// Reject takes a rejected row that nothing consumes; an error stops the run.
	Reject func(node *logical.Node, r op.Rejection) error
}

// Assignment is a split of one of the stage's sources.
type Assignment struct {
	Op    int // index in Stage.Ops
	Split op.Split
}

// output names an output of an operator of a stage.
type output struct {
	op   int
	side string
}

// Task is one parallel instance of a stage.
type Task struct {
	c       Config
	ops     []*operator
	order   []int // indices of ops, inputs before consumers
	current int   // the operator that is at work, for time and for panics; -1 for none
	since   time.Time
	// external has the edges of the upstream tasks, by input and their number.
	external [][]consumer
}

// New makes a task; nothing is opened yet. It checks the plan as far as it goes by it.
func New(c Config) (*Task, error) {
	t, err := prepare(c)
	if err != nil {
		return nil, err
	}
	for i := range t.ops {
		if err := t.make(i); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// prepare builds the tree without the operators' instances.
func prepare(c Config) (*Task, error) {
	t := &Task{c: c, current: -1}
	var s *physical.Stage
	leaves := map[output]bool{}
	for _, x := range c.Plan.Stages {
		if x.ID == c.Stage {
			s = x
		}
		for _, in := range x.Inputs {
			if in.Stage == c.Stage {
				leaves[output{in.From, in.Side}] = true
			}
		}
	}
	if s == nil {
		return nil, badPlan("there is no stage %d", c.Stage)
	}
	plan := &logical.Plan{Nodes: c.Plan.Nodes}
	for i, x := range s.Ops {
		n := c.Plan.Node(x.Node)
		if n == nil {
			return nil, badPlan("stage %d has an operator of node %d, which is not there", s.ID, x.Node)
		}
		o := &operator{
			task: t, index: i, op: x, node: n, name: n.Name(), counters: c.Counters.Node(n.ID),
			consumers: map[string][]consumer{}, leaves: map[string]bool{},
		}
		if o.spec = c.Catalogue.Operator(n.Op); o.spec == nil {
			return nil, &op.Error{Code: codePlan, Message: fmt.Sprintf("there is no operator `%s`", n.Op), Node: o.name,
				Hint: "the plan was made by another version: make it anew with `weir plan --save`"}
		}
		for l := range leaves {
			if l.op == i {
				o.leaves[l.side] = true
			}
		}
		o.config = &op.Config{Name: o.name, Args: n.Args, In: plan.InRows(n), Out: n.Out.Row}
		t.ops = append(t.ops, o)
	}
	if err := t.connect(s); err != nil {
		return nil, err
	}
	for k, in := range s.Inputs {
		var edges []consumer
		if k < len(c.Channels) && in.To >= 0 && in.To < len(t.ops) {
			for range c.Channels[k] {
				edges = append(edges, consumer{in.To, in.Port, t.ops[in.To].clock.edge()})
			}
		}
		t.external = append(t.external, edges)
	}
	t.share()
	t.findLive()
	return t, nil
}

// connect fills in who consumes what, and the order.
func (t *Task) connect(s *physical.Stage) error {
	waits := make([]int, len(s.Ops)) // inputs that are not yet in the order
	for i, x := range s.Ops {
		for port, ins := range x.Inputs {
			for _, in := range ins {
				if in.Op < 0 || in.Op >= len(s.Ops) {
					return badPlan("stage %d: operator %d reads operator %d, which is not there", s.ID, i, in.Op)
				}
				from := t.ops[in.Op]
				from.consumers[in.Side] = append(from.consumers[in.Side], consumer{i, port, t.ops[i].clock.edge()})
				waits[i]++
			}
		}
	}
	for len(t.order) < len(s.Ops) {
		before := len(t.order)
		for i := range s.Ops {
			if waits[i] != 0 {
				continue
			}
			waits[i] = -1
			t.order = append(t.order, i)
			for _, cs := range t.ops[i].consumers {
				for _, c := range cs {
					waits[c.op]--
				}
			}
		}
		if len(t.order) == before {
			return badPlan("the operators of stage %d read each other in a circle", s.ID)
		}
	}
	return nil
}

// share divides the task's memory among the operators that hold rows.
func (t *Task) share() {
	holders := int64(0)
	for _, o := range t.ops {
		if !o.spec.Caps.RowWise {
			holders++
		}
	}
	for _, o := range t.ops {
		o.memory = t.c.Memory / max(holders, 1)
	}
}

// make makes the instance of an operator.
func (t *Task) make(i int) (err error) {
	defer t.guard(&err)
	o := t.ops[i]
	t.enter(i)
	defer t.leave(-1)
	switch {
	case o.op.Part == physical.Collect && o.spec.Staged != nil:
		if o.op.Port < 0 || o.op.Port >= len(o.config.In) {
			return badPlan("%s has no input %d", o.name, o.op.Port)
		}
		o.instance, err = o.spec.Staged.Collect(o.config, o.op.Port)
	case o.op.Part == physical.Scan && o.spec.Staged != nil:
		o.source, err = o.spec.Staged.Scan(o.config)
	case o.op.Part == physical.Whole && o.spec.Source != nil:
		o.source, err = o.spec.Source(o.config)
	case o.op.Part == physical.Whole && o.spec.New != nil:
		o.instance, err = o.spec.New(o.config)
	default:
		return &op.Error{Code: codeNotYet, Message: fmt.Sprintf("`%s` cannot run yet", o.node.Op), Node: o.name,
			Hint: "`weir ops` lists the operators that can"}
	}
	return o.blame(err)
}

// HasSink reports whether a sink is among the operators: only such a task must be committed.
func (t *Task) HasSink() bool {
	for _, o := range t.ops {
		if o.spec.Role == op.SinkRole {
			return true
		}
	}
	return false
}

// HasSource reports whether the task reads splits.
func (t *Task) HasSource() bool {
	for _, o := range t.ops {
		if o.source != nil {
			return true
		}
	}
	return false
}

// Open opens all operators but the sources.
func (t *Task) Open() (err error) {
	for _, i := range t.order {
		if o := t.ops[i]; o.instance != nil {
			if err := t.call(i, func() error { o.opened = true; return o.instance.Open(o) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// OpenSources opens the sources: when the stages that must have ended before have.
func (t *Task) OpenSources() error {
	for _, i := range t.order {
		if o := t.ops[i]; o.source != nil {
			if err := t.call(i, func() error { o.opened = true; return o.source.Open(o) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// Splits calls yield for every split of every source of the stage, in order. It makes source instances of its own for
// that. seen gives the marks of the splits that Ops[i] gave before a restart.
func Splits(c Config, seen func(i int) []json.RawMessage, yield func(Assignment) error) error {
	t, err := prepare(c)
	if err != nil {
		return err
	}
	for _, i := range t.order {
		o := t.ops[i]
		isSource := o.op.Part == physical.Scan || o.op.Part == physical.Whole && o.spec.Source != nil
		if !isSource {
			continue
		}
		if err := t.make(i); err != nil {
			return err
		}
		err := t.call(i, func() error {
			o.opened = true
			if err := o.source.Open(o); err != nil {
				return err
			}
			for s, err := range o.source.Splits(o, seen(i)) {
				if err != nil {
					return err
				}
				if err := yield(Assignment{i, s}); err != nil {
					return err
				}
			}
			return nil
		})
		if err := errors.Join(err, t.Close()); err != nil {
			return first(err)
		}
	}
	return nil
}

// Enough reports whether operator i wants no more rows, or, of a source, whether nobody wants its rows any more: its splits that are left need not
// be read.
func (t *Task) Enough(i int) bool { return i >= 0 && i < len(t.ops) && t.ops[i].enough }

// EnoughRead reports whether Enough holds for all sources of the task.
func (t *Task) EnoughRead() bool {
	for _, o := range t.ops {
		if o.source != nil && !o.enough {
			return false
		}
	}
	return true
}

// Assign reads one split to its end, or until nobody wants more of it.
func (t *Task) Assign(a Assignment) error {
	if a.Op < 0 || a.Op >= len(t.ops) || t.ops[a.Op].source == nil {
		return badPlan("stage %d has no source at %d", t.c.Stage, a.Op)
	}
	o := t.ops[a.Op]
	return t.call(a.Op, func() error { return o.source.Read(a.Split, o) })
}

// Data brings rows to an input port of operator to.
func (t *Task) Data(to, port int, b *batch.Batch) error {
	if to < 0 || to >= len(t.ops) || t.ops[to].instance == nil {
		return badPlan("stage %d has no operator %d that takes rows", t.c.Stage, to)
	}
	if b.Len() == 0 {
		return nil
	}
	o := t.ops[to]
	if o.enough {
		return nil
	}
	o.counters.RowsIn.Add(int64(b.Len()))
	return t.call(to, func() error { return o.instance.Data(port, b, o) })
}

// NextTimer gives the earliest processing time (nanoseconds) that an operator has asked for.
func (t *Task) NextTimer() (at int64, ok bool) {
	for _, o := range t.ops {
		if len(o.timers) > 0 && (!ok || o.timers[0] < at) {
			at, ok = o.timers[0], true
		}
	}
	return at, ok
}

// Timer says that processing time has reached now (nanoseconds): due timers fire.
func (t *Task) Timer(now int64) error {
	return t.all(func(o *operator) error {
		for len(o.timers) > 0 && o.timers[0] <= now {
			at := o.timers[0]
			o.timers = o.timers[1:]
			if err := o.instance.Timer(at, o); err != nil {
				return err
			}
		}
		return nil
	})
}

// Drain says that all input has ended: what is held is given out, operator by operator.
func (t *Task) Drain() error {
	return t.all(func(o *operator) error { return o.instance.Drain(o) })
}

// Snapshot writes the state as of the barrier id; writer gives where the state of Ops[i] goes.
func (t *Task) Snapshot(id uint64, writer func(i int) op.SnapshotWriter) error {
	return t.all(func(o *operator) error { return o.instance.Snapshot(id, writer(o.index)) })
}

// Restore brings back what Snapshot wrote; nil for an operator without state.
func (t *Task) Restore(reader func(i int) op.SnapshotReader) error {
	return t.all(func(o *operator) error {
		if r := reader(o.index); r != nil {
			return o.instance.Restore(r)
		}
		return nil
	})
}

// Commit makes every snapshot up to id final.
func (t *Task) Commit(id uint64) error {
	return t.all(func(o *operator) error { return o.instance.Commit(id) })
}

// Close releases everything that was opened, whatever fails. It may be called more than once.
func (t *Task) Close() error {
	var errs []error
	for _, i := range t.order {
		o := t.ops[i]
		if !o.opened {
			continue
		}
		o.opened = false
		errs = append(errs, t.call(i, func() error {
			if o.source != nil {
				return o.source.Close()
			}
			return o.instance.Close()
		}))
	}
	return first(errors.Join(errs...))
}

// all calls f for every operator that takes rows, inputs before consumers.
func (t *Task) all(f func(o *operator) error) error {
	for _, i := range t.order {
		if o := t.ops[i]; o.instance != nil {
			if err := t.call(i, func() error { return f(o) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// call lets operator i work: its time is counted, its rejected rows are passed on, its errors and panics bear its name.
func (t *Task) call(i int, f func() error) (err error) {
	defer t.guard(&err)
	o := t.ops[i]
	prev := t.enter(i)
	if err = f(); errors.Is(err, op.ErrEnough) {
		o.enough, err = true, nil
	}
	if err == nil {
		err = o.flushRejected()
	}
	t.leave(prev)
	return o.blame(err)
}

// enter charges the time so far to who was at work, and lets operator i begin.
func (t *Task) enter(i int) (prev int) {
	now := time.Now()
	prev = t.current
	if prev >= 0 {
		t.ops[prev].counters.Busy.Add(int64(now.Sub(t.since)))
	}
	t.current, t.since = i, now
	return prev
}

func (t *Task) leave(prev int) { t.enter(prev) }

// sideRow is the row of a side output.
func (o *operator) sideRow(side string) types.Row {
	if side == rejectedSide {
		return types.Rejected
	}
	if len(o.config.In) > 0 {
		return o.config.In[0]
	}
	return nil
}
