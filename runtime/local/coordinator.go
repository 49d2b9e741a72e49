package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"weir/runtime/checkpoint"
	"weir/runtime/op"
	"weir/runtime/stage"
)

// coordinator takes checkpoints: it lets the sources send barriers, gathers what the tasks say of their state, writes the manifest and tells the
// tasks to commit. One checkpoint is under way at a time.
type coordinator struct {
	run   *run
	wake  *Signal
	tasks int

	triggered  atomic.Uint64 // the barrier that sources are to send
	completed  atomic.Uint64 // the last complete checkpoint
	over       atomic.Bool   // completed is the last one of the run
	committing atomic.Bool   // the run has succeeded, whatever happens now

	mu       sync.Mutex
	store    *checkpoint.Store // nil until checkpoints are kept
	active   *pending
	finished map[*task]*record
	settled  map[int]*progress // by stage: splits done as of the last barriers
	requests []request         // savepoints that somebody wants
	stats    CheckpointStats
	possible bool // there may be a checkpoint
}

// request is a savepoint that is wanted in a folder.
type request struct {
	store *checkpoint.Store
	done  func(error)
}

// CheckpointStats is what is known of a run's checkpoints.
type CheckpointStats struct {
	Dir      string        `json:"dir,omitempty"` // "" where none are kept
	Complete int           `json:"complete"`
	Failed   int           `json:"failed,omitempty"`
	Last     uint64        `json:"last,omitempty"` // its number
	At       time.Time     `json:"at,omitzero"`    // of the last one's end
	Took     time.Duration `json:"took_ns,omitempty"`
	Pause    time.Duration `json:"pause_ns,omitempty"` // the longest that a task stood still for it
	Bytes    int64         `json:"bytes,omitempty"`    // of state, files that did not change left out
}

// pending is a checkpoint under way.
type pending struct {
	id      uint64
	began   time.Time
	writer  *checkpoint.Writer
	waiting int // tasks that have not given their state
	rest    map[int]map[uint64]stage.Assignment
	err     error
	pause   time.Duration
}

// record is the state of a task as it was written: frames in memory, and what is to be written later.
type record struct {
	task   *task
	frames []frame
	later  []func() error
	direct *checkpoint.Writer // where later functions write
	owners map[int]int        // numbers in direct, by operator
	err    error
}

type frame struct {
	op, group int
	state     []byte
}

// opWriter is the op.SnapshotWriter of one operator of a task.
type opWriter struct {
	r  *record
	op int
}

func (w opWriter) add(group int, state []byte) error {
	if w.r.direct != nil {
		return w.r.direct.Frame(w.r.owner(w.op), group, state)
	}
	w.r.frames = append(w.r.frames, frame{w.op, group, append([]byte(nil), state...)})
	return nil
}

func (w opWriter) KeyGroup(group int, state []byte) error { return w.add(group, state) }
func (w opWriter) Item(state []byte) error                { return w.add(-1, state) }
func (w opWriter) Later(f func() error)                   { w.r.later = append(w.r.later, f) }

func (w opWriter) File(name, path string) error {
	c := w.r.task.stage.run.coordinator
	c.mu.Lock()
	p := c.active
	c.mu.Unlock()
	if p == nil || p.writer == nil { // nothing is kept of this one
		return nil
	}
	return p.writer.File(w.r.ownerIn(p.writer, w.op), name, path)
}

// owner gives the number of an operator's state in the checkpoint that is written.
func (r *record) owner(i int) int { return r.ownerIn(r.direct, i) }

func (r *record) ownerIn(w *checkpoint.Writer, i int) int {
	if n, is := r.owners[i]; is {
		return n
	}
	s := r.task.stage.plan
	o := checkpoint.Owner{Stage: s.ID, Op: i, Task: r.task.number}
	if i >= 0 {
		o.Node, o.Part, o.Port = s.Ops[i].Node, string(s.Ops[i].Part), s.Ops[i].Port
	}
	if r.owners == nil {
		r.owners = map[int]int{}
	}
	r.owners[i] = w.Owner(o)
	return r.owners[i]
}

// write writes a record into a checkpoint. A record of a task that has drained is written into every later one, too.
func (r *record) write(w *checkpoint.Writer) error {
	if r.err != nil {
		return r.err
	}
	r.direct = w
	for _, f := range r.frames {
		if err := w.Frame(r.owner(f.op), f.group, f.state); err != nil {
			return err
		}
	}
	for len(r.later) > 0 {
		f := r.later[0]
		r.later = r.later[1:]
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

func newCoordinator(r *run) *coordinator {
	c := &coordinator{run: r, wake: NewSignal(), finished: map[*task]*record{}, settled: map[int]*progress{}}
	if r.o.Checkpoints != nil {
		c.store = r.o.Checkpoints.Store
		if c.store != nil {
			c.stats.Dir = c.store.Dir()
		}
	}
	if r.from != nil {
		c.triggered.Store(r.from.ID)
	}
	return c
}

// take records the state of a task.
func (c *coordinator) take(t *task, id uint64) *record {
	rec := &record{task: t}
	rec.err = t.st.Snapshot(id, func(i int) op.SnapshotWriter { return opWriter{rec, i} })
	if rec.err == nil && t.gather != nil && !t.over {
		rec.err = t.gather.Snapshot(opWriter{rec, -1})
	}
	return rec
}

// snapshot takes a task's part of a checkpoint. What is to be written later is, by a goroutine of its own.
func (c *coordinator) snapshot(t *task, id uint64) error {
	began := time.Now()
	rec := c.take(t, id)
	if rec.err != nil {
		return rec.err
	}
	var rest *stage.Assignment
	if t.reading != nil {
		s, err := t.rest()
		if err != nil {
			return err
		}
		rest = &stage.Assignment{Op: t.reading.Op, Split: s}
	}
	c.mu.Lock()
	p := c.active
	if p == nil || p.id != id {
		c.mu.Unlock()
		return fmt.Errorf("a barrier of checkpoint %d, which is not under way", id)
	}
	p.pause = max(p.pause, time.Since(began))
	c.settle(t)
	if rest != nil {
		if p.rest[t.stage.plan.ID] == nil {
			p.rest[t.stage.plan.ID] = map[uint64]stage.Assignment{}
		}
		p.rest[t.stage.plan.ID][t.reading.seq] = *rest
	}
	c.mu.Unlock()
	c.run.all.Add(1)
	c.run.sched.Go(func() { c.ack(p, rec.write(p.writer)) }, c.run.all.Done)
	return nil
}

// settle notes the splits that the task has read. c.mu is held.
func (c *coordinator) settle(t *task) {
	if t.stage.splits == nil {
		return
	}
	s := c.settled[t.stage.plan.ID]
	for _, seq := range t.settled {
		s.add(seq)
	}
	t.settled = t.settled[:0]
}

// ended gives the records of the tasks that have drained and whose part of a checkpoint that is. c.mu is held.
func (c *coordinator) ended(id uint64) []*record {
	var out []*record
	for _, s := range c.run.stages {
		for _, t := range s.tasks {
			// One that has taken the barrier before it drained has another part.
			if rec := c.finished[t]; rec != nil && t.barrier < id {
				out = append(out, rec)
			}
		}
	}
	return out
}

// settleFinished notes what tasks that have drained had read. c.mu is held, and no checkpoint is under way.
func (c *coordinator) settleFinished() {
	for t := range c.finished {
		c.settle(t)
	}
}

// ack says that a task's state is written.
func (c *coordinator) ack(p *pending, err error) {
	c.mu.Lock()
	p.waiting--
	if p.err == nil {
		p.err = err
	}
	c.mu.Unlock()
	c.wake.Set()
}

// finish takes the state of a task that has drained: what its sinks have prepared.
func (c *coordinator) finish(t *task) error {
	c.mu.Lock()
	id := c.triggered.Load() + 1
	if p := c.active; p != nil && t.barrier < p.id {
		id = p.id
	}
	c.mu.Unlock()
	rec := c.take(t, id)
	if rec.err != nil {
		return rec.err
	}
	c.mu.Lock()
	c.finished[t] = rec
	switch p := c.active; {
	case p == nil:
		c.settle(t)
	case t.barrier < p.id:
		// It counts for the checkpoint under way, which writes it with those of the tasks that had ended before.
		c.settle(t)
		p.waiting--
	}
	// Else it has read on since the barrier: that is settled when the next checkpoint begins.
	c.mu.Unlock()
	c.wake.Set()
	return nil
}

// work takes checkpoints until all tasks have drained, and then the last one.
func (c *coordinator) work() {
	r := c.run
	began := r.sched.Now()
	next := c.due(began, began)
	for r.ctx.Err() == nil {
		c.mu.Lock()
		all, asked := len(c.finished) == c.tasks, len(c.requests) > 0
		c.mu.Unlock()
		if all {
			c.last()
			return
		}
		now := r.sched.Now()
		switch {
		case asked:
			c.savepoint()
		case !next.IsZero() && !now.Before(next):
			if err := c.checkpoint(nil, false); err != nil {
				return
			}
			next = c.due(began, r.sched.Now())
		default:
			r.sched.Wait(r.ctx, next, nil, c.wake)
		}
	}
}

// due is when the next checkpoint is to be taken; zero for never.
func (c *coordinator) due(began, now time.Time) time.Time {
	o := c.run.o.Checkpoints
	switch {
	case o == nil || o.Every <= 0:
		return time.Time{}
	case o.After > 0 && now.Before(began.Add(o.After)):
		return began.Add(o.After)
	}
	return now.Add(o.Every)
}

// open opens the folder of a run that keeps checkpoints only when it takes long.
func (c *coordinator) open() error {
	if c.store != nil {
		return nil
	}
	s, old, err := checkpoint.Open(c.run.ctx, c.run.o.Storage, c.run.o.Checkpoints.Dir)
	if err != nil {
		return err
	}
	if old != nil { // of a run that nobody wanted to go on with
		_ = old.Close() // read only
		if err := s.Clear(c.run.ctx); err != nil {
			return err
		}
	}
	c.mu.Lock()
	c.store, c.stats.Dir = s, s.Dir()
	c.mu.Unlock()
	c.run.tell(Event{Kind: CheckpointsBegin, Dir: s.Dir()})
	return nil
}

// checkpoint takes one. An error of the storage does not end the run: it is told, and the next one is tried. The error is for a run that
// has ended.
func (c *coordinator) checkpoint(into *checkpoint.Store, savepoint bool) error {
	err := c.try(into, savepoint)
	r := c.run
	if r.ctx.Err() != nil {
		return stopped(r.ctx)
	}
	if err != nil {
		c.mu.Lock()
		c.stats.Failed++
		c.mu.Unlock()
		r.tell(Event{Kind: CheckpointFailed, Err: err})
		if savepoint {
			return err
		}
	}
	return nil
}

func (c *coordinator) try(into *checkpoint.Store, savepoint bool) error {
	r := c.run
	if into == nil {
		if err := c.open(); err != nil {
			return err
		}
		into = c.store
	}
	id := c.triggered.Load() + 1
	w, err := into.Begin(r.ctx, id)
	if err != nil {
		return err
	}
	p := &pending{id: id, began: time.Now(), writer: w, rest: map[int]map[uint64]stage.Assignment{}}
	for _, s := range r.stages {
		if s.splits != nil {
			s.splits.begin()
		}
	}
	c.mu.Lock()
	c.settleFinished()
	p.waiting = c.tasks - len(c.finished)
	c.active = p
	c.triggered.Store(id)
	c.mu.Unlock()
	for _, s := range r.stages {
		if s.splits != nil {
			s.wakeAll()
		}
	}
	var sources []checkpoint.Source
	var ended []*record
	for {
		c.mu.Lock()
		done := p.waiting == 0
		if done {
			c.active = nil
			for _, s := range r.stages {
				if s.splits != nil {
					sources = append(sources, s.splits.end(c.settled[s.plan.ID], p.rest[s.plan.ID]))
				}
			}
			ended = c.ended(id)
		}
		c.mu.Unlock()
		if done {
			break
		}
		if r.ctx.Err() != nil {
			_ = w.Abort() // the run has failed already
			return stopped(r.ctx)
		}
		r.sched.Wait(r.ctx, time.Time{}, nil, c.wake)
	}
	err = p.err
	if err == nil {
		err = c.complete(w, sources, ended, false, savepoint)
	}
	if err != nil {
		return errors.Join(err, w.Abort())
	}
	c.count(p, w)
	if !savepoint {
		c.commit(id)
	}
	return nil
}

// count notes a complete checkpoint.
func (c *coordinator) count(p *pending, w *checkpoint.Writer) {
	c.mu.Lock()
	c.stats.Complete++
	c.stats.Last, c.stats.At, c.stats.Took, c.stats.Pause, c.stats.Bytes = p.id, c.run.sched.Now(), time.Since(p.began), p.pause, w.Size()
	stats := c.stats
	c.mu.Unlock()
	c.run.tell(Event{Kind: CheckpointComplete, Checkpoint: stats})
}

// complete writes what the tasks have not written themselves.
func (c *coordinator) complete(w *checkpoint.Writer, sources []checkpoint.Source, ended []*record, finished, savepoint bool) error {
	r := c.run
	for _, rec := range ended {
		again := &record{task: rec.task, frames: rec.frames}
		if err := again.write(w); err != nil {
			return err
		}
	}
	meta, err := r.staging.Persist(w)
	if err != nil {
		return err
	}
	plan, err := json.Marshal(r.plan)
	if err != nil {
		return err
	}
	m := checkpoint.Manifest{Run: r.id, Time: r.sched.Now(), PlanHash: r.plan.Hash, Plan: plan, KeyGroups: KeyGroups, Finished: finished, Savepoint: savepoint,
		Sources: sources, Meta: meta}
	m.Rejected, _ = r.rejects.summary()
	counts := map[int]stage.Counts{}
	for _, n := range r.plan.Nodes {
		counts[n.ID] = r.counters.Node(n.ID).Counts()
	}
	if m.Counters, err = json.Marshal(counts); err != nil {
		return err
	}
	for _, s := range r.stages {
		st := checkpoint.Stage{ID: s.plan.ID, Parallelism: s.plan.Parallelism, Finished: true}
		for _, t := range s.tasks {
			is := false
			for _, rec := range ended {
				is = is || rec.task == t
			}
			st.Finished = st.Finished && is
		}
		m.Stages = append(m.Stages, st)
	}
	// Whatever Commit says, the checkpoint may be there from now on, and what sinks have prepared must stay. In a run that has failed they may
	// have dropped it already.
	c.mu.Lock()
	c.possible = c.possible || r.ctx.Err() == nil
	possible := c.possible
	c.mu.Unlock()
	if !possible {
		return stopped(r.ctx)
	}
	return w.Commit(m)
}

// commit tells the tasks that a checkpoint is complete.
func (c *coordinator) commit(id uint64) {
	c.completed.Store(id)
	for _, s := range c.run.stages {
		s.wakeAll()
	}
}

// last takes the checkpoint of the end, and lets all tasks commit.
func (c *coordinator) last() {
	r := c.run
	id, began := c.triggered.Load()+1, time.Now()
	c.mu.Lock()
	c.settleFinished()
	store := c.store
	ended := c.ended(id)
	c.mu.Unlock()
	if store != nil {
		w, err := store.Begin(r.ctx, id)
		if err == nil {
			var sources []checkpoint.Source
			for _, s := range r.stages {
				if s.splits != nil {
					sources = append(sources, s.splits.end(c.settled[s.plan.ID], nil))
				}
			}
			if err = c.complete(w, sources, ended, true, false); err != nil {
				err = errors.Join(err, w.Abort())
			} else {
				c.count(&pending{id: id, began: began}, w)
			}
		}
		if err != nil {
			r.fail(err)
			return
		}
	}
	r.failure.Lock()
	ok := r.err == nil && r.parent.Err() == nil
	if ok {
		c.committing.Store(true)
	}
	r.failure.Unlock()
	if !ok {
		return
	}
	c.mu.Lock()
	requests := c.requests
	c.requests = nil
	c.mu.Unlock()
	for _, q := range requests {
		q.done(errors.New("the run has ended"))
	}
	c.completed.Store(id)
	c.over.Store(true)
	for _, s := range r.stages {
		s.wakeAll()
	}
}

// savepoint takes the first one that is asked for.
func (c *coordinator) savepoint() {
	c.mu.Lock()
	q := c.requests[0]
	c.requests = c.requests[1:]
	c.mu.Unlock()
	q.done(c.checkpoint(q.store, true))
}

// ask asks for a checkpoint in a folder of its own. done is called once.
func (c *coordinator) ask(store *checkpoint.Store, done func(error)) {
	c.mu.Lock()
	c.requests = append(c.requests, request{store, done})
	c.mu.Unlock()
	c.wake.Set()
}

// resumable reports that there may be a checkpoint from which the run can be taken up again.
func (c *coordinator) resumable() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.run.from != nil || c.possible
}
