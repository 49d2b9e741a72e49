package stage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/planner/physical"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/runtime/op/optest"
)

var row = types.Row{{Name: "n", Type: types.Of(types.Int)}}

func ints(xs ...int64) *batch.Batch {
	return &batch.Batch{Row: row, N: len(xs), Cols: []*batch.Vector{{Type: row[0].Type, N: len(xs), Ints: xs}}}
}

// recorder is an operator that writes down what it hears, passes rows on, and does at certain numbers what the test
// wants.
type recorder struct {
	name string
	log  *[]string
	ctx  op.Context
}

func (r *recorder) note(format string, args ...any) {
	*r.log = append(*r.log, r.name+" "+fmt.Sprintf(format, args...))
}

func (r *recorder) Open(ctx op.Context) error { r.ctx = ctx; r.note("open"); return nil }

func (r *recorder) Data(port int, b *batch.Batch, out op.Output) error {
	r.note("data %d %v", port, b.Cols[0].Value(0))
	for i := range b.Len() {
		switch x := b.Cols[0].Value(b.Pos(i)); {
		case r.name == "late" && x == int64(7):
			if err := out.Side("late", b); err != nil {
				return err
			}
		case r.name == "picky" && x == int64(13):
			if err := out.Reject(op.Rejection{Byte: -1, Code: "W6999", Reason: "unlucky", Raw: strings.Repeat("x", 2000)}); err != nil {
				return err
			}
		case r.name == "picky" && x == int64(66):
			panic("on purpose")
		case r.name == "picky" && x == int64(67):
			return fmt.Errorf("in context: %w", &op.Error{Code: "W6998", Message: "known"})
		case r.name == "picky" && x == int64(68):
			return errors.New("plain")
		case r.name == "picky" && x == int64(69):
			return out.Emit(&batch.Batch{Row: row, N: 1, Cols: []*batch.Vector{{Type: types.Of(types.String), N: 1, Refs: make([]batch.Ref, 1)}}})
		case r.name == "picky" && x == int64(70):
			r.ctx.SetTimer(300)
			r.ctx.SetTimer(100)
			r.ctx.SetTimer(200)
			r.ctx.SetTimer(100)
		}
	}
	return out.Emit(b)
}
func (r *recorder) Watermark(t int64, _ op.Output) error { r.note("watermark %d", t); return nil }
func (r *recorder) Timer(t int64, _ op.Output) error     { r.note("timer %d", t); return nil }
func (r *recorder) Drain(out op.Output) error            { r.note("drain"); return out.Emit(ints(1000)) }
func (r *recorder) Snapshot(id uint64, w op.SnapshotWriter) error {
	r.note("snapshot %d", id)
	return errors.Join(w.KeyGroup(3, []byte("group")), w.Item([]byte("item")))
}
func (r *recorder) Restore(s op.SnapshotReader) error {
	for g, state := range s.KeyGroups() {
		r.note("group %d %s", g, state)
	}
	for state := range s.Items() {
		r.note("item %s", state)
	}
	return nil
}
func (r *recorder) Commit(id uint64) error { r.note("commit %d", id); return nil }
func (r *recorder) Close() error           { r.note("close"); return nil }

// marks are the watermarks that left the fixture's stage.
var marks []string

// fixture is a stage: an exchange feeds late, late feeds picky; picky's rows and rejected rows feed two ends; late's
// side output leaves.
func fixture(t *testing.T, change func(c *Config)) (*Task, *[]string, *[]string) {
	t.Helper()
	var log, left []string
	var ops []*op.Operator
	for _, name := range []string{"late", "picky", "end", "bin"} {
		ops = append(ops, &op.Operator{Name: name, New: func(c *op.Config) (op.Instance, error) { return &recorder{name: name, log: &log}, nil }})
	}
	cat, err := op.NewCatalogue(ops, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	one := func(id int) [][]logical.Input { return [][]logical.Input{{{Node: id}}} }
	p := &physical.Plan{
		Version: physical.Version,
		Nodes: []*logical.Node{
			{ID: 1, Op: "source", Out: types.Stream{Row: row}},
			{ID: 2, Op: "late", Inputs: one(1), Out: types.Stream{Row: row}},
			{ID: 3, Op: "picky", Inputs: one(2), Out: types.Stream{Row: row}},
			{ID: 4, Op: "end", Inputs: one(3), Out: types.Stream{Row: row}},
			{ID: 5, Op: "bin", Inputs: [][]logical.Input{{{Node: 3, Side: "rejected"}}}, Out: types.Stream{Row: types.Rejected}},
		},
		Stages: []*physical.Stage{
			{ID: 0, Parallelism: 1, Inputs: []physical.Exchange{{Stage: 2, To: 3}}, Ops: []physical.Op{ // not in topological order
				{Node: 4, Part: physical.Whole, Inputs: [][]physical.ChainInput{{{Op: 2}}}},
				{Node: 5, Part: physical.Whole, Inputs: [][]physical.ChainInput{{{Op: 2, Side: "rejected"}}}},
				{Node: 3, Part: physical.Whole, Inputs: [][]physical.ChainInput{{{Op: 3}}}},
				{Node: 2, Part: physical.Whole},
			}},
			{ID: 2, Parallelism: 2},
			{ID: 1, Parallelism: 1, Inputs: []physical.Exchange{{Stage: 0, From: 3, Side: "late"}, {Stage: 0, From: 0}}},
		},
	}
	c := Config{Context: context.Background(), Plan: p, Catalogue: cat, Counters: NewCounters(p), Memory: 4000, Tasks: 1,
		Now: func() time.Time { return time.Unix(0, 0) },
		Out: func(from int, side string, b *batch.Batch) error {
			left = append(left, fmt.Sprint(from, side, " ", b.Cols[0].Value(0)))
			return nil
		},
		Reject:    func(n *logical.Node, r op.Rejection) error { return errors.New("too many") },
		Channels:  []int{2},
		Watermark: func(from int, ts int64) error { marks = append(marks, fmt.Sprint(from, " ", ts)); return nil },
	}
	if change != nil {
		change(&c)
	}
	task, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := task.Open(); err != nil {
		t.Fatal(err)
	}
	log, marks = nil, nil
	return task, &log, &left
}

func expect(t *testing.T, got *[]string, want ...string) {
	t.Helper()
	if !slices.Equal(*got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(*got, "\n"), strings.Join(want, "\n"))
	}
	*got = nil
}

// TestMessages: every message reaches the operators, inputs before consumers, and their rows the right ones.
func TestMessages(t *testing.T) {
	task, log, left := fixture(t, nil)
	if err := task.Data(3, 2, ints(5, 7)); err != nil {
		t.Fatal(err)
	}
	expect(t, log, "late data 2 5", "picky data 0 5", "end data 0 5")
	expect(t, left, "3late 5", "0 5")
	if err := task.Data(3, 0, ints(13, 14)); err != nil {
		t.Fatal(err)
	}
	expect(t, log, "late data 0 13", "picky data 0 13", "end data 0 13", "bin data 0 picky")
	if n := task.ops[1].counters.Counts(); n.RowsIn != 1 || n.RowsOut != 1 {
		t.Errorf("counters of bin: %+v", n)
	}
	if n := task.ops[2].counters.Counts(); n.RowsIn != 4 || n.RowsOut != 4 || n.Rejected != 1 || n.Bytes != 32 {
		t.Errorf("counters of picky: %+v", n)
	}
	if n := task.ops[3].counters.Counts(); n.Named["late"] != 2 {
		t.Errorf("counters of late: %+v", n)
	}
	if err := task.Watermark(0, 0, 42); err != nil {
		t.Fatal(err)
	}
	expect(t, log) // the other upstream task has not said anything
	if err := errors.Join(task.Watermark(0, 1, 17), task.Watermark(0, 1, 16), task.Watermark(0, 1, 99)); err != nil {
		t.Fatal(err)
	}
	expect(t, log, "late watermark 17", "picky watermark 17", "end watermark 17", "bin watermark 17",
		"late watermark 42", "picky watermark 42", "end watermark 42", "bin watermark 42")
	expect(t, &marks, "0 17", "3 17", "0 42", "3 42")
	if err := errors.Join(task.Idle(0, 0), task.Idle(0, 1), task.InputEnded(0, 0), task.InputEnded(0, 1)); err != nil {
		t.Fatal(err)
	}
	expect(t, log, "late watermark 99", "picky watermark 99", "end watermark 99", "bin watermark 99")
	saved := map[int]*optest.State{}
	err := task.Snapshot(7, func(i int) op.SnapshotWriter {
		saved[i] = &optest.State{}
		return saved[i]
	})
	if err := errors.Join(err, task.Commit(7)); err != nil {
		t.Fatal(err)
	}
	expect(t, log, "late snapshot 7", "picky snapshot 7", "end snapshot 7", "bin snapshot 7",
		"late commit 7", "picky commit 7", "end commit 7", "bin commit 7")
	err = task.Restore(func(i int) op.SnapshotReader {
		if i != 2 {
			return nil
		}
		return saved[i]
	})
	if err != nil {
		t.Fatal(err)
	}
	expect(t, log, "picky group 3 group", "picky item item")
	*left = nil
	if err := task.all(func(o *operator) error {
		if o.node.Op == "bin" {
			return nil
		}
		return o.instance.Drain(o)
	}); err != nil {
		t.Fatal(err)
	}
	expect(t, log, "late drain", "picky data 0 1000", "end data 0 1000", "picky drain", "end data 0 1000", "end drain")
	expect(t, left, "0 1000", "0 1000", "0 1000")
	if err := errors.Join(task.Close(), task.Close()); err != nil {
		t.Fatal(err)
	}
	expect(t, log, "late close", "picky close", "end close", "bin close")
}

// TestIdle: nobody waits for an input that is idle; when it says something again it is waited for, even where that is no later time.
func TestIdle(t *testing.T) {
	task, log, _ := fixture(t, nil)
	must := func(errs ...error) {
		t.Helper()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
	}
	must(task.Watermark(0, 0, 10), task.Idle(0, 1))
	expect(t, log, "late watermark 10", "picky watermark 10", "end watermark 10", "bin watermark 10")
	must(task.Idle(0, 0))
	if late := task.ops[3]; !late.clock.idle || !task.ops[2].clock.idle || !task.ops[0].clock.idle {
		t.Error("what is behind idle inputs is not idle")
	}
	must(task.Watermark(0, 0, 10))
	if task.ops[3].clock.idle || task.ops[2].clock.idle || task.ops[0].clock.idle {
		t.Error("what is behind an input that is not idle any more is")
	}
	expect(t, log)
	must(task.Watermark(0, 1, 5)) // back, behind the other one: event time does not go back
	expect(t, log)
	must(task.Watermark(0, 0, 20))
	expect(t, log)
	must(task.Watermark(0, 1, 30))
	expect(t, log, "late watermark 20", "picky watermark 20", "end watermark 20", "bin watermark 20")
}

// TestAllIdle: where all inputs are idle event time goes to the furthest of them, whoever fell silent first; one that has ended holds nobody back.
func TestAllIdle(t *testing.T) {
	task, log, _ := fixture(t, nil)
	must := func(errs ...error) {
		t.Helper()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
	}
	must(task.Watermark(0, 0, 50), task.Watermark(0, 1, 10))
	expect(t, log, "late watermark 10", "picky watermark 10", "end watermark 10", "bin watermark 10")
	must(task.Idle(0, 0)) // the furthest first
	expect(t, log)
	must(task.Idle(0, 1))
	expect(t, log, "late watermark 50", "picky watermark 50", "end watermark 50", "bin watermark 50")
	if !task.ops[3].clock.idle {
		t.Error("what is behind idle inputs is not idle")
	}
	must(task.InputEnded(0, 1), task.Watermark(0, 0, 60), task.Idle(0, 0))
	expect(t, log, "late watermark 60", "picky watermark 60", "end watermark 60", "bin watermark 60")
	if !task.ops[3].clock.idle {
		t.Error("an input that has ended holds back")
	}
}

func TestTimers(t *testing.T) {
	task, log, _ := fixture(t, nil)
	if _, ok := task.NextTimer(); ok {
		t.Error("a timer that nobody set")
	}
	if err := task.Data(2, 0, ints(70)); err != nil {
		t.Fatal(err)
	}
	if at, ok := task.NextTimer(); !ok || at != 100 {
		t.Error(at, ok)
	}
	*log = nil
	if err := errors.Join(task.Timer(200), task.Timer(299)); err != nil {
		t.Fatal(err)
	}
	expect(t, log, "picky timer 100", "picky timer 200")
	if at, ok := task.NextTimer(); !ok || at != 300 {
		t.Error(at, ok)
	}
}

// TestErrors: an error and a panic bear the name of the operator that they come from, not of those that passed the rows
// on.
func TestErrors(t *testing.T) {
	task, _, _ := fixture(t, nil)
	var bug *Bug
	if err := task.Data(3, 0, ints(66)); !errors.As(err, &bug) || bug.Node != "picky" || !strings.Contains(string(bug.Stack), "stage_test.go") ||
		!strings.Contains(bug.What, "on purpose") {
		t.Errorf("got %v", err)
	}
	if err := task.Data(3, 0, ints(69)); !errors.As(err, &bug) || bug.Node != "picky" || !strings.Contains(bug.What, "column `n`") {
		t.Errorf("got %v", err)
	}
	var e *op.Error
	if err := task.Data(3, 0, ints(67)); !errors.As(err, &e) || e.Node != "picky" || e.Code != "W6998" {
		t.Errorf("got %v", err)
	}
	if err := task.Data(3, 0, ints(68)); !errors.As(err, &e) || e.Node != "picky" || e.Code != codeFailed || !strings.Contains(err.Error(), "plain") {
		t.Errorf("got %v", err)
	}
	if err := task.Data(9, 0, ints(1)); !errors.As(err, &e) || e.Code != codePlan {
		t.Errorf("got %v", err)
	}
	if err := task.Assign(Assignment{}); !errors.As(err, &e) || e.Code != codePlan {
		t.Errorf("got %v", err)
	}
}

// TestStopped: when the run has ended, rows go nowhere, and the error is the reason for its end.
func TestStopped(t *testing.T) {
	why := errors.New("over")
	ctx, cancel := context.WithCancelCause(context.Background())
	task, _, left := fixture(t, func(c *Config) { c.Context = ctx })
	cancel(why)
	if err := task.Data(3, 0, ints(1)); !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
	expect(t, left)
}

// TestRejectedWithoutConsumer: such a row is the driver's business.
func TestRejectedWithoutConsumer(t *testing.T) {
	task, _, _ := fixture(t, func(c *Config) {
		c.Plan.Stages[0].Ops[1].Inputs = nil
		c.Reject = func(n *logical.Node, r op.Rejection) error {
			if n.Op != "picky" || r.Reason != "unlucky" || len(r.Raw) != maxRaw {
				t.Errorf("%s: %+v", n.Op, r)
			}
			return errors.New("too many")
		}
	})
	if err := task.Data(3, 0, ints(13)); err == nil || !strings.Contains(err.Error(), "too many") {
		t.Errorf("got %v", err)
	}
}

// TestMemory: the task's memory is divided among the operators that hold rows.
func TestMemory(t *testing.T) {
	task, _, _ := fixture(t, func(c *Config) { c.Catalogue.Operator("late").Caps.RowWise = true; c.Memory = 3000 })
	if m := task.ops[2].Memory(); m != 1000 {
		t.Errorf("picky has %d bytes", m)
	}
}
