// Package local runs a physical plan on this machine: one goroutine a task, bounded channels of batches between stages.
//
// A source's splits are handed to whichever task is free. Rows of a stage find their task by the exchange: forward,
// hash by key group, broadcast, rebalance, or gather into one task in a fixed order, so that the output is the same at
// any parallelism. A sink's output becomes visible when every task has ended and every sink is prepared; if anything
// fails before, or the context ends, nothing of it stays.
package local

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"weir/planner/physical"
	"weir/runtime/op"
	"weir/runtime/stage"
	"weir/runtime/staging"
)

// Options says what a run may use.
type Options struct {
	Catalogue *op.Catalogue
	Storage   op.Storage
	TempDir   string // for what does not fit in memory; "" for the system's
	Memory    int64  // bytes for the whole run, held rows and staged blocks together; 0 for DefaultMemory
	// MaxErrors is how many rejected rows that nothing consumes are borne; the next one stops the run. -1 for any
	// number.
	MaxErrors int64
	// Progress is told of the run's state several times a second, and once at the end. It is called from one goroutine.
	Progress func(Progress)
	Clock    Clock // nil for the system's
}

// DefaultMemory is what a run may hold where Options.Memory does not say.
const DefaultMemory = 1 << 30

// Clock is processing time.
type Clock interface {
	Now() time.Time
	After(d time.Duration) <-chan time.Time
}

type systemClock struct{}

func (systemClock) Now() time.Time                         { return time.Now() }
func (systemClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// Summary is what a run did. It is given also for a run that failed.
type Summary struct {
	Nodes    map[int]stage.Counts `json:"nodes"` // by node ID
	Rejected int64                `json:"rejected"`
	// Rejections are the first rejected rows that nothing consumed, at most MaxRejections.
	Rejections []Rejection   `json:"rejections,omitempty"`
	Wall       time.Duration `json:"wall_ns"`
	CPU        time.Duration `json:"cpu_ns"` // of the whole process, user and system
}

// MaxRejections bounds Summary.Rejections.
const MaxRejections = 10

// Rejection is a rejected row and the operator that rejected it.
type Rejection struct {
	Node string `json:"node"` // as messages call it
	op.Rejection
}

// Run executes a plan to its end. The error is the first failure: an *op.Error, a *stage.Bug, or, where ctx ended, one
// that wraps context.Cause(ctx).
func Run(ctx context.Context, plan *physical.Plan, o Options) (*Summary, error) {
	if o.Memory <= 0 {
		o.Memory = DefaultMemory
	}
	if o.Clock == nil {
		o.Clock = systemClock{}
	}
	began, cpu := time.Now(), cpuTime()
	r := &run{parent: ctx, plan: plan, o: o, counters: stage.NewCounters(plan), decided: make(chan struct{})}
	r.rejects.max = o.MaxErrors
	r.ctx, r.cancel = context.WithCancelCause(ctx)
	defer r.cancel(nil)
	area := staging.New(o.TempDir, o.Memory/4)
	r.staging = area
	err := r.run(began)
	if cerr := area.Close(); err == nil && cerr != nil {
		err = cerr
	}
	s := &Summary{Nodes: map[int]stage.Counts{}, Wall: time.Since(began), CPU: cpuTime() - cpu}
	s.Rejected, s.Rejections = r.rejects.summary()
	for _, n := range plan.Nodes {
		c := r.counters.Node(n.ID).Counts()
		s.Nodes[n.ID] = c
	}
	return s, err
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// run is one execution.
type run struct {
	parent   context.Context
	ctx      context.Context // ends at the first failure, too
	cancel   context.CancelCauseFunc
	plan     *physical.Plan
	o        Options
	counters *stage.Counters
	staging  op.Staging
	stages   []*stageRun
	rejects  rejects

	failure sync.Mutex
	err     error

	decided chan struct{} // closed when commit has its value
	commit  bool
}

// fail ends the run; the first failure is the one that is reported.
func (r *run) fail(err error) {
	if err == nil {
		return
	}
	r.failure.Lock()
	defer r.failure.Unlock()
	if r.err != nil {
		return
	}
	if r.parent.Err() != nil {
		err = interrupted(r.parent)
	}
	r.err = err
	r.cancel(err)
}

// interrupted is the error of a run whose context has ended: it wraps both what ended it and ctx.Err().
func interrupted(ctx context.Context) error {
	err := context.Cause(ctx)
	if !errors.Is(err, ctx.Err()) {
		err = fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return &op.Error{Code: codeInterrupted, Message: "the run was interrupted", Err: err}
}

// run builds all tasks, lets them work, and decides whether what they have prepared becomes visible.
func (r *run) run(began time.Time) error {
	if err := r.build(); err != nil {
		return err
	}
	var all, working sync.WaitGroup // tasks and their helpers; tasks that have not prepared their output
	for _, s := range r.stages {
		s.start(&all, &working)
	}
	stop := r.report(began)
	prepared := make(chan struct{})
	go func() { working.Wait(); close(prepared) }()
	select {
	case <-prepared:
	case <-r.ctx.Done():
	}
	r.failure.Lock()
	if r.err == nil && r.parent.Err() != nil {
		r.err = interrupted(r.parent)
	}
	r.commit = r.err == nil
	r.failure.Unlock()
	close(r.decided)
	all.Wait()
	<-prepared
	stop()
	r.failure.Lock()
	defer r.failure.Unlock()
	return r.err
}

// rejects counts the rejected rows that nothing consumes.
type rejects struct {
	mu    sync.Mutex
	max   int64
	n     int64
	first []Rejection
}

// add takes one; the error says that there are too many.
func (r *rejects) add(node string, rej op.Rejection) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.n++
	if len(r.first) < MaxRejections {
		r.first = append(r.first, Rejection{node, rej})
	}
	if r.max < 0 || r.n <= r.max {
		return nil
	}
	e := &op.Error{Code: rej.Code, Message: rej.Reason, Node: node, File: rej.File, Record: rej.Record, Line: rej.Line,
		Hint: "to go on without such rows write `.rejected` of their `let` to a file, or allow some with --max-errors"}
	if rej.Byte > 0 {
		e.Byte = rej.Byte
	}
	if r.max > 0 {
		e.Err = fmt.Errorf("%d rows were rejected, and --max-errors allows %d", r.n, r.max)
	}
	return e
}

func (r *rejects) summary() (int64, []Rejection) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.n, r.first
}

// Codes of what goes wrong here; lang/diag explains them.
const (
	codePlan        = "W6001" // the plan cannot be run
	codeInterrupted = "W6006"
)

func badPlan(format string, args ...any) error {
	return &op.Error{Code: codePlan, Message: "the plan cannot be run: " + fmt.Sprintf(format, args...),
		Hint: "make it anew with `weir plan --save`"}
}
