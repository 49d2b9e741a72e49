// Package local runs a physical plan on this machine: one goroutine a task, bounded channels of batches between stages.
//
// A source's splits are handed to whichever task is free. Rows of a stage find their task by the exchange: forward,
// hash by key group, broadcast, rebalance, or gather into one task in a fixed order, so that the output is the same at
// any parallelism. A single file becomes visible when every task has ended and every sink is prepared; the parts of a folder do so with
// every checkpoint. If anything fails before, or the context ends, nothing else stays visible.
//
// # Checkpoints
//
// The coordinator asks the tasks with sources for a barrier. Such a task takes it between two splits, or where the source says what is left of
// the split: it sends the barrier to all tasks behind it, and its operators write their state. Every other task takes it when it has come through
// all channels; until then it takes nothing from those through which it has come (aligned barriers: Chandy and Lamport 1985; Carbone et al. 2015). What can
// be written later is, while rows flow on. When all have, the manifest is written, and then the sinks commit.
// A task that has drained is part of every later checkpoint with the state of its end. The last checkpoint is taken when all have.
package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"weir/planner/physical"
	"weir/runtime/checkpoint"
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
	// Events is told what happens besides. It is called from any goroutine, one at a time.
	Events      func(Event)
	Clock       Clock        // nil for the system's
	Scheduler   Scheduler    // nil for goroutines that wait by that clock
	Checkpoints *Checkpoints // nil for none
	// Handle is called once, before the run begins, with what the run can be asked for while it goes on.
	Handle func(*Handle)
}

// Checkpoints says whether the state of a run is kept, so that it can be taken up again.
type Checkpoints struct {
	// Store is the folder; nil where Dir is to be opened when the first checkpoint is due.
	Store *checkpoint.Store
	Dir   string
	Every time.Duration // 0 for none but the last
	After time.Duration // the first one is not taken before
	// From is where the run is taken up; nil where it begins. It must have been made by a plan of the same nodes; Match gives them.
	From  *checkpoint.Checkpoint
	Match checkpoint.Match
}

// Event is something that happened in a run.
type Event struct {
	Kind       EventKind
	Dir        string          // of CheckpointsBegin
	Checkpoint CheckpointStats // of CheckpointComplete
	Err        error           // of CheckpointFailed
}

// EventKind says what happened.
type EventKind uint8

const (
	CheckpointsBegin   EventKind = iota // the run takes long, and from now on its state is kept
	CheckpointComplete                  // the run can be taken up from here
	CheckpointFailed                    // and will be tried again
)

// Handle is a run that goes on.
type Handle struct{ r *run }

// Savepoint takes a checkpoint into a folder of its own and waits for it.
func (h *Handle) Savepoint(ctx context.Context, store *checkpoint.Store) error {
	done := make(chan error, 1)
	h.r.coordinator.ask(store, func(err error) { done <- err })
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-h.r.ctx.Done():
		return errors.New("the run has ended")
	}
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
	// Checkpoints are those of this process; Resumable says that a failed run can be taken up again.
	Checkpoints CheckpointStats `json:"checkpoints,omitzero"`
	Resumable   bool            `json:"resumable,omitempty"`
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
	r := &run{parent: ctx, plan: plan, o: o, counters: stage.NewCounters(plan), sched: o.Scheduler}
	if r.sched == nil {
		r.sched = goroutines{o.Clock}
	}
	began, cpu := time.Now(), cpuTime()
	r.rejects.max = o.MaxErrors
	r.ctx, r.cancel = context.WithCancelCause(ctx)
	defer r.cancel(nil)
	r.staging = staging.New(o.TempDir, o.Memory/4)
	err := r.run(began)
	if cerr := r.staging.Close(); err == nil && cerr != nil {
		err = cerr
	}
	s := &Summary{Nodes: map[int]stage.Counts{}, Wall: time.Since(began), CPU: cpuTime() - cpu}
	s.Rejected, s.Rejections = r.rejects.summary()
	for _, n := range plan.Nodes {
		c := r.counters.Node(n.ID).Counts()
		s.Nodes[n.ID] = c
	}
	if r.coordinator != nil {
		s.Checkpoints = r.coordinator.stats
		s.Resumable = err != nil && r.coordinator.resumable()
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
	parent      context.Context
	ctx         context.Context // ends at the first failure, too
	cancel      context.CancelCauseFunc
	plan        *physical.Plan
	o           Options
	id          string // of the run, over all restarts
	counters    *stage.Counters
	staging     *staging.Area
	stages      []*stageRun
	rejects     rejects
	sched       Scheduler
	coordinator *coordinator
	all         sync.WaitGroup // everything that was started

	from       *checkpoint.Checkpoint // where the run is taken up; nil where it begins
	matched    *matched
	restoreDir string // for files of the checkpoint

	failure sync.Mutex
	err     error

	events sync.Mutex
}

// tell tells Options.Events.
func (r *run) tell(e Event) {
	if r.o.Events == nil {
		return
	}
	r.events.Lock()
	defer r.events.Unlock()
	r.o.Events(e)
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

// run builds all tasks, lets them work, and waits for their end.
func (r *run) run(began time.Time) error {
	if err := r.begin(); err != nil {
		return err
	}
	if r.restoreDir != "" {
		defer func() { _ = os.RemoveAll(r.restoreDir) }() // what is left there is only copies
	}
	if err := r.build(); err != nil {
		return err
	}
	if r.o.Handle != nil {
		r.o.Handle(&Handle{r})
	}
	stop := r.report(began)
	for _, s := range r.stages {
		s.start()
	}
	r.start(r.coordinator.work)
	r.sched.Join(&r.all)
	stop()
	r.failure.Lock()
	defer r.failure.Unlock()
	if r.err == nil && !r.coordinator.over.Load() {
		r.err = interrupted(r.parent)
	}
	return r.err
}

// start starts a goroutine of the run.
func (r *run) start(f func()) {
	r.all.Add(1)
	r.sched.Go(f, r.all.Done)
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
	var cause error
	if r.max > 0 {
		cause = fmt.Errorf("%d rows were rejected, and --max-errors allows %d", r.n, r.max)
	}
	return rej.Stop(node, cause)
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
	codeResume      = "W6008" // a checkpoint that this run cannot be taken up from
)

func badPlan(format string, args ...any) error {
	return &op.Error{Code: codePlan, Message: "the plan cannot be run: " + fmt.Sprintf(format, args...),
		Hint: "make it anew with `weir plan --save`"}
}
