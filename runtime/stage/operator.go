package stage

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"weir/compiler/expr"
	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/planner/physical"
	"weir/runtime/batch"
	"weir/runtime/eval"
	"weir/runtime/op"
)

// rejectedSide is the side output that every operator has.
const rejectedSide = "rejected"

// rejectedRows bounds the rejected rows that are held before they are passed on; maxRaw the bytes of a rejected record
// that are kept.
const (
	rejectedRows = 1024
	maxRaw       = 1024
)

// consumer is an input port of an operator of the same stage.
type consumer struct{ op, port, edge int }

// operator is one operator of a task. It is the Context and the Output of its own instance.
type operator struct {
	task      *Task
	index     int
	op        physical.Op
	node      *logical.Node
	name      string
	spec      *op.Operator
	config    *op.Config
	instance  op.Instance // this or source
	source    op.Source
	opened    bool
	counters  *NodeCounters
	memory    int64
	timers    []int64 // ascending
	clock     clock
	consumers map[string][]consumer
	leaves    map[string]bool
	rejected  []op.Rejection

	enough bool // it wants no more rows
	left   bool // nobody behind the stage wants rows of its main output
}

// Emit implements op.Output.
func (o *operator) Emit(b *batch.Batch) error {
	if b.Len() == 0 {
		return nil
	}
	if err := o.check(b, o.node.Out.Row); err != nil {
		return err
	}
	o.counters.RowsOut.Add(int64(b.Len()))
	o.counters.Bytes.Add(int64(b.Size()))
	if err := o.send("", b); err != nil || o.source == nil {
		return err
	}
	return o.flushRejected() // a source may read for long
}

// Rest implements op.SourceOutput.
func (o *operator) Rest(rest func() (op.Split, error)) error {
	if err := o.flushRejected(); err != nil {
		return err
	}
	if o.task.c.Rest == nil {
		return nil
	}
	return o.outside(func() error { return o.task.c.Rest(o.index, rest) })
}

// Wait implements op.SourceOutput.
func (o *operator) Wait(ready <-chan struct{}) error {
	if err := o.flushRejected(); err != nil {
		return err
	}
	return o.outside(func() error {
		if o.task.c.Wait != nil {
			return o.task.c.Wait(ready)
		}
		select {
		case <-ready:
			return nil
		case <-o.task.c.Context.Done():
			return context.Cause(o.task.c.Context)
		}
	})
}

// outside lets the driver work in the middle of an operator's call: that time is not the operator's.
func (o *operator) outside(f func() error) error {
	prev := o.task.enter(-1)
	err := f()
	o.task.leave(prev)
	return err
}

// Side implements op.Output. Rows that nothing consumes are counted under the side's name.
func (o *operator) Side(name string, b *batch.Batch) error {
	if b.Len() == 0 {
		return nil
	}
	o.Count(name, int64(b.Len()))
	if err := o.check(b, o.sideRow(name)); err != nil {
		return err
	}
	return o.send(name, b)
}

// Reject implements op.Output.
func (o *operator) Reject(r op.Rejection) error {
	o.counters.Rejected.Add(1)
	if len(r.Raw) > maxRaw {
		r.Raw = r.Raw[:maxRaw]
	}
	if len(o.consumers[rejectedSide]) == 0 && !o.leaves[rejectedSide] {
		return o.task.c.Reject(o.node, r)
	}
	o.rejected = append(o.rejected, r)
	if len(o.rejected) >= rejectedRows {
		return o.flushRejected()
	}
	return nil
}

// flushRejected passes the rejected rows on.
func (o *operator) flushRejected() error {
	if len(o.rejected) == 0 {
		return nil
	}
	b := rejectedBatch(o.node.Op, o.rejected)
	o.rejected = o.rejected[:0]
	return o.send(rejectedSide, b)
}

// rejectedBatch makes rows of types.Rejected.
func rejectedBatch(operator string, rs []op.Rejection) *batch.Batch {
	build := make([]*batch.Builder, len(types.Rejected))
	for i, f := range types.Rejected {
		build[i] = batch.NewBuilder(f.Type, len(rs))
	}
	text := func(i int, s string) {
		if s == "" && types.Rejected[i].Type.Nullable {
			build[i].Null()
		} else {
			build[i].String(s)
		}
	}
	number := func(i int, x int64, known bool) {
		if known {
			build[i].Int(x)
		} else {
			build[i].Null()
		}
	}
	for _, r := range rs {
		text(0, operator)
		text(1, r.File)
		number(2, r.Record, r.Record > 0)
		number(3, r.Line, r.Line > 0)
		number(4, r.Byte, r.Byte >= 0 && (r.Record > 0 || r.Line > 0))
		text(5, r.Code)
		text(6, r.Reason)
		text(7, r.Raw)
	}
	b := &batch.Batch{Row: types.Rejected, N: len(rs)}
	for _, x := range build {
		b.Cols = append(b.Cols, x.Done())
	}
	return b
}

// send gives rows to all who read the output.
func (o *operator) send(side string, b *batch.Batch) error {
	if err := o.task.c.Context.Err(); err != nil {
		return context.Cause(o.task.c.Context)
	}
	for _, c := range o.consumers[side] {
		if err := o.task.Data(c.op, c.port, b); err != nil {
			return err
		}
	}
	if o.leaves[side] && !(side == "" && o.left) {
		switch err := o.task.c.Out(o.index, side, b); {
		case errors.Is(err, op.ErrEnough):
			o.left = o.left || side == ""
		case err != nil:
			return err
		}
	}
	if side == "" && o.unwanted() {
		return op.ErrEnough
	}
	return nil
}

// unwanted reports whether nobody wants any more what the operator has to give. A side output that is read is always wanted.
func (o *operator) unwanted() bool {
	for side, cs := range o.consumers {
		if side != "" && len(cs) > 0 {
			return false
		}
		for _, c := range cs {
			if !o.task.ops[c.op].enough {
				return false
			}
		}
	}
	for side := range o.leaves {
		if side != "" || !o.left {
			return false
		}
	}
	return len(o.consumers)+len(o.leaves) > 0
}

// check sees that a batch has the columns it should have: a flaw of an operator is found where it is made.
func (o *operator) check(b *batch.Batch, row types.Row) error {
	if len(b.Cols) != len(row) {
		return &Bug{Node: o.name, What: fmt.Sprintf("a batch of %d columns, not %s", len(b.Cols), row)}
	}
	for i, c := range b.Cols {
		if c == nil || c.N != b.N || c.Type.Kind != row[i].Type.Kind {
			return &Bug{Node: o.name, What: fmt.Sprintf("column `%s` is not %d values of %s", row[i].Name, b.N, row[i].Type)}
		}
	}
	return nil
}

// The rest implements op.Context.

func (o *operator) Context() context.Context { return o.task.c.Context }
func (o *operator) Catalogue() *op.Catalogue { return o.task.c.Catalogue }
func (o *operator) Storage() op.Storage      { return o.task.c.Storage }
func (o *operator) Staging() op.Staging      { return nodeStaging{o.task.c.Staging, o.node.ID} }
func (o *operator) TempDir() string          { return o.task.c.TempDir }
func (o *operator) Memory() int64            { return o.memory }
func (o *operator) Task() int                { return o.task.c.Task }
func (o *operator) Tasks() int               { return o.task.c.Tasks }
func (o *operator) Now() time.Time           { return o.task.c.Now() }

func (o *operator) Compile(e *expr.Expr, in types.Row) (op.Evaluator, error) {
	ev, err := eval.Compile(o.task.c.Catalogue, e, in)
	if err != nil {
		return nil, &op.Error{Code: codePlan, Message: fmt.Sprintf("`%s` cannot be evaluated", e), Node: o.name, Err: err}
	}
	return ev, nil
}

func (o *operator) Restored() uint64 { return o.task.c.Restored }

func (o *operator) Resumable() bool {
	return o.task.c.Resumable != nil && o.task.c.Resumable()
}

func (o *operator) KeyGroups() (first, last, all int) {
	all = max(o.task.c.KeyGroups, 1)
	first, last = KeyGroupsOf(o.task.c.Task, o.task.c.Tasks, all)
	return first, last, all
}

func (o *operator) Count(name string, n int64) { o.counters.Add(name, n) }

func (o *operator) SetTimer(t int64) {
	i := sort.Search(len(o.timers), func(i int) bool { return o.timers[i] >= t })
	if i < len(o.timers) && o.timers[i] == t {
		return
	}
	o.timers = append(o.timers, 0)
	copy(o.timers[i+1:], o.timers[i:])
	o.timers[i] = t
}
