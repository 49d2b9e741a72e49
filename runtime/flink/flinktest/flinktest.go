// Package flinktest is a model of Flink for tests of workers: subtasks, channels with aligned barriers, checkpoints, splits on request, restores at another
// parallelism, tasks that have finished and are not run again. It follows docs/flink.md and keeps everything in this process.
package flinktest

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"weir/planner/physical"
	"weir/runtime/flink/protocol"
	"weir/runtime/flink/worker"
	"weir/runtime/op"
)

// Job is what is run.
type Job struct {
	Plan      *physical.Plan
	Catalogue *op.Catalogue
	Storage   op.Storage
	KeyGroups int
	Work      string // folder in Storage
	Temp      string
	MaxErrors int64
	Memory    int64 // of a worker; 0 for its default
	// Parallelism overrides the plan's, by stage.
	Parallelism map[int]int
}

// Checkpoint is a complete one.
type Checkpoint struct {
	ID     uint64
	Stages map[int]*stageState
}

type stageState struct {
	finished bool // every subtask
	groups   map[int][][]byte
	items    [][]byte
	given    uint64
	crc      uint32
	marks    [][]byte
	returned []split
}

type split struct {
	seq  uint64
	data []byte
}

// Run is an execution.
type Run struct {
	job    Job
	ctx    context.Context
	cancel context.CancelCauseFunc
	from   *Checkpoint

	mu       sync.Mutex
	stages   []*stageRun
	last     *Checkpoint
	active   *pending
	nextID   uint64
	working  sync.WaitGroup
	finished chan struct{}
}

type stageRun struct {
	plan     *physical.Stage
	tasks    []*subtask
	finished bool // it was, in the checkpoint that the run is taken up from
	ended    bool // it is, and no later checkpoint has its state
	// of a stage with a source
	source  bool
	queue   []split
	all     bool
	given   uint64
	crc     uint32
	marks   [][]byte
	ready   *sync.Cond
	pending map[uint64][]byte // marks of queued splits
}

type pending struct {
	id      uint64
	waiting int
	c       *Checkpoint
	done    chan struct{}
}

// event is what waits for a subtask.
type event struct {
	packet  []byte
	barrier uint64
	split   *split
	end     bool // of the channel, or of the splits
}

type channel struct {
	queue   []event
	blocked bool
	ended   bool
}

type subtask struct {
	run      *Run
	stage    *stageRun
	number   int
	in       *protocol.Writer
	inPipe   io.Closer
	channels map[string]*channel
	control  []event // barriers that the coordinator sends, commits, splits
	wake     *sync.Cond
	inFlight int
	wants    bool
	barrier  uint64 // that the worker is at; 0 for none
	begun    uint64 // the last barrier
	groups   map[int][][]byte
	items    [][]byte
	ended    bool // END_INPUT was sent
	drained  bool
	over     bool
	passed   uint64 // the last barrier that went downstream
	// committed is the last checkpoint that the worker has committed.
	committed uint64
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Start begins a run, from a checkpoint or, where that is nil, from the beginning.
func Start(ctx context.Context, job Job, from *Checkpoint) *Run {
	r := &Run{job: job, from: from, nextID: 1, finished: make(chan struct{})}
	r.ctx, r.cancel = context.WithCancelCause(ctx)
	if from != nil {
		r.nextID, r.last = from.ID+1, from
	}
	for _, s := range job.Plan.Stages {
		sr := &stageRun{plan: s, ready: sync.NewCond(&r.mu), pending: map[uint64][]byte{}}
		n := s.Parallelism
		if x := job.Parallelism[s.ID]; x > 0 {
			n = x
		}
		state := r.state(s.ID)
		sr.finished = state != nil && state.finished
		sr.source = len(s.Inputs) == 0
		if state != nil {
			sr.given, sr.crc, sr.marks, sr.queue = state.given, state.crc, slices.Clone(state.marks), slices.Clone(state.returned)
		}
		for i := range n {
			sr.tasks = append(sr.tasks, &subtask{run: r, stage: sr, number: i, channels: map[string]*channel{}, wake: sync.NewCond(&r.mu)})
		}
		r.stages = append(r.stages, sr)
	}
	for _, s := range r.stages { // every task sends to every task
		for _, in := range s.plan.Inputs {
			for _, t := range s.tasks {
				for _, up := range r.stage(in.Stage).tasks {
					t.channels[up.name()] = &channel{ended: r.stage(in.Stage).finished}
				}
			}
		}
	}
	context.AfterFunc(r.ctx, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, s := range r.stages {
			s.ready.Broadcast()
			for _, t := range s.tasks {
				t.wake.Broadcast()
			}
		}
	})
	for _, s := range r.stages {
		if s.finished {
			continue
		}
		if s.source {
			r.start(func() error { return r.enumerate(s) })
		}
		for _, t := range s.tasks {
			r.start(t.work)
		}
	}
	return r
}

func (r *Run) state(stage int) *stageState {
	if r.from == nil {
		return nil
	}
	return r.from.Stages[stage]
}

func (r *Run) stage(id int) *stageRun {
	return r.stages[slices.IndexFunc(r.stages, func(s *stageRun) bool { return s.plan.ID == id })]
}

func (r *Run) start(f func() error) {
	r.working.Add(1)
	go func() {
		defer r.working.Done()
		if err := f(); err != nil {
			r.cancel(err)
		}
	}()
}

// Wait waits for the end: it takes the last checkpoint when all have drained. It gives the failure of a worker.
func (r *Run) Wait() error {
	for r.ctx.Err() == nil {
		r.mu.Lock()
		all := true
		for _, s := range r.stages {
			for _, t := range s.tasks {
				for !s.finished && !t.drained && r.ctx.Err() == nil {
					t.wake.Wait()
				}
				all = all && (s.finished || t.drained)
			}
		}
		r.mu.Unlock()
		if all && r.Checkpoint() {
			break
		}
	}
	if err := context.Cause(r.ctx); err != nil {
		r.Kill()
		return err
	}
	r.Kill()
	return nil
}

// Kill ends all at once, as a lost machine does, and gives the last complete checkpoint; nil where there is none.
func (r *Run) Kill() *Checkpoint {
	r.cancel(errKilled)
	r.mu.Lock()
	for _, s := range r.stages {
		for _, t := range s.tasks {
			t.over = true
			if t.inPipe != nil {
				_ = t.inPipe.Close() // the worker sees the end
			}
			t.wake.Broadcast()
		}
	}
	r.mu.Unlock()
	r.working.Wait()
	return r.last
}

var errKilled = errors.New("killed")

// Err is the failure that ended the run, nil where there is none yet.
func (r *Run) Err() error { return context.Cause(r.ctx) }

// Checkpoint takes one; false where the run ends before.
func (r *Run) Checkpoint() bool {
	r.mu.Lock()
	id := r.nextID
	r.nextID++
	var ending []*stageRun // of which every task has drained before
	p := &pending{id: id, c: &Checkpoint{ID: id, Stages: map[int]*stageState{}}, done: make(chan struct{})}
	for _, s := range r.stages {
		x := &stageState{finished: s.finished || s.ended, groups: map[int][][]byte{}, given: s.given, crc: s.crc, marks: slices.Clone(s.marks)}
		p.c.Stages[s.plan.ID] = x
		if x.finished {
			continue
		}
		for _, q := range s.queue { // handed back by a restore
			if q.seq < s.given {
				x.returned = append(x.returned, q)
			}
		}
		drained := true
		for _, t := range s.tasks {
			p.waiting++
			drained = drained && t.drained
			if s.source {
				t.control = append(t.control, event{barrier: id})
			}
			t.wake.Broadcast()
		}
		if drained {
			ending = append(ending, s)
		}
	}
	if r.active = p; p.waiting == 0 {
		close(p.done)
	}
	r.mu.Unlock()
	select {
	case <-p.done:
	case <-r.ctx.Done():
		return false
	}
	r.mu.Lock()
	r.last = p.c
	for _, s := range r.stages {
		if s.finished || s.ended {
			continue
		}
		for _, t := range s.tasks {
			_ = errors.Join(t.in.Write(protocol.Commit, protocol.Uint64(id)), t.in.Flush()) // a worker that is gone has been noticed
		}
	}
	for _, s := range r.stages {
		for _, t := range s.tasks {
			for !s.finished && !s.ended && t.committed < id && r.ctx.Err() == nil {
				t.wake.Wait()
			}
		}
	}
	for _, s := range ending { // Flink lets its tasks go when they have committed
		s.ended = s.ended || r.ctx.Err() == nil
	}
	r.mu.Unlock()
	return r.ctx.Err() == nil
}

func (t *subtask) name() string { return fmt.Sprintf("%d/%d", t.stage.plan.ID, t.number) }

// open is the first frame of a worker.
func (r *Run) open(s *stageRun, mode string) (protocol.OpenRequest, error) {
	plan, err := physical.Encode(r.job.Plan)
	o := protocol.OpenRequest{Protocol: protocol.Version, Mode: mode, Plan: plan, Stage: s.plan.ID, Tasks: len(s.tasks), KeyGroups: r.job.KeyGroups, Window: 16,
		Outputs: protocol.Outputs(r.job.Plan, s.plan.ID), Temp: r.job.Temp, Run: "test", Work: r.job.Work, MaxErrors: r.job.MaxErrors, Memory: r.job.Memory}
	for i := range o.Outputs {
		o.Outputs[i].Tasks = len(r.stage(o.Outputs[i].Stage).tasks)
	}
	if r.from != nil {
		o.Restored = r.from.ID
	}
	return o, err
}

// process starts a worker. Its end with a failure is told by its last frame.
func (r *Run) process() (in *protocol.Writer, inPipe io.Closer, out *protocol.Reader) {
	ir, iw := io.Pipe()
	or, ow := io.Pipe()
	r.working.Go(func() {
		_ = worker.Run(context.Background(), ir, ow, worker.Options{Catalogue: r.job.Catalogue, Version: "test",
			Storage: func(json.RawMessage) (op.Storage, error) { return r.job.Storage, nil }})
		_ = errors.Join(ow.Close(), ir.Close())
	})
	return protocol.NewWriter(iw), pipes{iw, or}, protocol.NewReader(or)
}

// pipes are a host's ends.
type pipes struct{ in, out io.Closer }

func (p pipes) Close() error { return errors.Join(p.in.Close(), p.out.Close()) }

// enumerate lists the splits of a stage.
func (r *Run) enumerate(s *stageRun) error {
	o, err := r.open(s, protocol.ModeSplits)
	if err != nil {
		return err
	}
	o.Given, o.CRC, o.Marks = s.given, s.crc, s.marks
	in, pipe, out := r.process()
	defer func() { _ = pipe.Close() }()
	stop := context.AfterFunc(r.ctx, func() { _ = pipe.Close() })
	defer stop()
	data, err := json.Marshal(o)
	if err != nil {
		return err
	}
	r.working.Go(func() { _ = errors.Join(in.Write(protocol.Open, data), in.Flush()) }) // the worker says something first
	for {
		f, err := out.Read()
		if err != nil {
			if r.ctx.Err() != nil || errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		switch f.Kind {
		case protocol.NextSplit:
			seq, rest, _ := f.Uint64()
			n := binary.LittleEndian.Uint32(rest)
			r.mu.Lock()
			s.queue = append(s.queue, split{seq, rest[4+n:]})
			s.pending[seq] = rest[4 : 4+n]
		case protocol.SplitsEnd:
			r.mu.Lock()
			s.all = true
		case protocol.Failed:
			return failed(f)
		default:
			continue
		}
		s.ready.Broadcast()
		for _, t := range s.tasks {
			t.wake.Broadcast()
		}
		r.mu.Unlock()
	}
}

// Failure is what a worker has said that it ends of.
type Failure struct{ protocol.Failure }

func (f *Failure) Error() string { return f.Message + " " + f.Cause }

func failed(f protocol.Frame) error {
	x := &Failure{}
	if err := json.Unmarshal(f.Payload, &x.Failure); err != nil {
		return err
	}
	return x
}

// work is the life of a subtask.
func (t *subtask) work() error {
	r := t.run
	o, err := r.open(t.stage, protocol.ModeStage)
	if err != nil {
		return err
	}
	o.Task = t.number
	data, err := json.Marshal(o)
	if err != nil {
		return err
	}
	in, pipe, out := r.process()
	r.mu.Lock()
	t.in, t.inPipe = in, pipe
	over := t.over
	r.mu.Unlock()
	if over {
		_ = pipe.Close()
	}
	listening := make(chan error, 1)
	ready := make(chan struct{})
	go func() { listening <- t.listen(out, ready) }()
	err = t.speak(data, ready)
	if err != nil {
		_ = pipe.Close()
	}
	if heard := <-listening; heard != nil {
		return heard
	}
	return err
}

// speak opens the worker and feeds it.
func (t *subtask) speak(open []byte, ready <-chan struct{}) error {
	r := t.run
	if err := t.in.Write(protocol.Open, open); err != nil {
		return quiet(r, err)
	}
	if s := r.state(t.stage.plan.ID); s != nil {
		n := len(t.stage.tasks)
		for _, g := range slices.Sorted(maps.Keys(s.groups)) {
			if g*n/r.job.KeyGroups != t.number {
				continue
			}
			for _, piece := range s.groups[g] {
				if err := t.in.Write(protocol.RestoreGroup, protocol.Uint32(uint32(g)), piece); err != nil {
					return quiet(r, err)
				}
			}
		}
		for i, item := range s.items {
			if i%n == t.number {
				if err := t.in.Write(protocol.RestoreItem, item); err != nil {
					return quiet(r, err)
				}
			}
		}
	}
	if err := errors.Join(t.in.Write(protocol.Start), t.in.Flush()); err != nil {
		return quiet(r, err)
	}
	select {
	case <-ready:
	case <-r.ctx.Done():
		return nil
	}
	for {
		e, ok := t.next()
		if !ok {
			return nil
		}
		var err error
		switch {
		case e.barrier > 0:
			err = t.in.Write(protocol.Barrier, protocol.Uint64(e.barrier))
		case e.split != nil:
			err = t.in.Write(protocol.Split, protocol.Uint64(e.split.seq), e.split.data)
		case e.end:
			err = t.in.Write(protocol.EndInput)
		default:
			err = t.in.Write(protocol.Data, e.packet)
		}
		if err := errors.Join(err, t.in.Flush()); err != nil {
			return quiet(r, err)
		}
	}
}

// quiet forgets errors of a run that has ended.
func quiet(r *Run, err error) error {
	if r.ctx.Err() != nil || errors.Is(err, io.ErrClosedPipe) {
		return nil
	}
	return err
}

// next waits for what is to be told to the worker; false at the end.
func (t *subtask) next() (event, bool) {
	r := t.run
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		if r.ctx.Err() != nil || t.over {
			return event{}, false
		}
		if e, ok := t.take(); ok {
			return e, true
		}
		t.wake.Wait()
	}
}

// take takes what can be told now. r.mu is held.
func (t *subtask) take() (event, bool) {
	if t.barrier > 0 { // until the worker has answered
		return event{}, false
	}
	if len(t.control) > 0 {
		e := t.control[0]
		t.control = t.control[1:]
		t.barrier, t.begun = e.barrier, e.barrier
		return e, true
	}
	if s := t.stage; s.source {
		if !t.wants || t.ended {
			return event{}, false
		}
		if len(s.queue) > 0 {
			x := s.queue[0]
			s.queue = s.queue[1:]
			if x.seq >= s.given {
				s.given = x.seq + 1
				s.crc = crc32.Update(s.crc, castagnoli, x.data)
				if m := s.pending[x.seq]; len(m) > 0 {
					s.marks = append(s.marks, m)
				}
			}
			t.wants = false
			return event{split: &x}, true
		}
		if s.all {
			t.ended = true
			return event{end: true}, true
		}
		return event{}, false
	}
	ended, blocked := 0, 0
	for _, name := range slices.Sorted(maps.Keys(t.channels)) {
		c := t.channels[name]
		switch {
		case c.blocked:
			blocked++
		case c.ended:
			ended++
		case len(c.queue) > 0 && c.queue[0].barrier > 0:
			c.queue, c.blocked = c.queue[1:], true
			blocked++
		case len(c.queue) > 0 && c.queue[0].end:
			c.queue, c.ended = c.queue[1:], true
			ended++
		case len(c.queue) > 0 && t.inFlight < 16:
			e := c.queue[0]
			c.queue = c.queue[1:]
			t.inFlight++
			return e, true
		}
	}
	if a := t.run.active; a != nil && t.begun < a.id && blocked+ended == len(t.channels) && !t.stage.ended {
		for _, c := range t.channels {
			c.blocked = false
		}
		t.barrier, t.begun = a.id, a.id
		return event{barrier: t.barrier}, true
	}
	if ended == len(t.channels) && !t.ended {
		t.ended = true
		return event{end: true}, true
	}
	return event{}, false
}

// listen hears what the worker says.
func (t *subtask) listen(out *protocol.Reader, ready chan<- struct{}) error {
	r := t.run
	for {
		f, err := out.Read()
		if err != nil {
			if r.ctx.Err() != nil || t.over {
				return nil
			}
			return fmt.Errorf("worker %s: %w", t.name(), err)
		}
		switch f.Kind {
		case protocol.Ready:
			close(ready)
		case protocol.Failed:
			return failed(f)
		case protocol.Committed:
			id, _, _ := f.Uint64()
			r.mu.Lock()
			t.committed = id
			t.wake.Broadcast()
			r.mu.Unlock()
		case protocol.Hello, protocol.Metrics, protocol.Watermark:
		default:
			r.mu.Lock()
			err := t.hear(f)
			r.mu.Unlock()
			if err != nil {
				return err
			}
		}
	}
}

// hear takes a frame in. r.mu is held.
func (t *subtask) hear(f protocol.Frame) error {
	r := t.run
	switch f.Kind {
	case protocol.Out:
		outputs := protocol.Outputs(r.job.Plan, t.stage.plan.ID)
		o := outputs[binary.LittleEndian.Uint16(f.Payload)]
		to := r.stage(o.Stage).tasks[binary.LittleEndian.Uint32(f.Payload[2:])]
		c := to.channels[t.name()]
		c.queue = append(c.queue, event{packet: f.Payload[6:]})
		to.wake.Broadcast()
	case protocol.Consumed:
		n, _, _ := f.Uint32()
		t.inFlight -= int(n)
	case protocol.WantSplit:
		t.wants = true
	case protocol.Group:
		g, piece, _ := f.Uint32()
		if len(t.items) > 0 {
			return fmt.Errorf("worker %s: a key group behind an item", t.name())
		}
		if n := len(t.stage.tasks); int(g)*n/r.job.KeyGroups != t.number {
			return fmt.Errorf("worker %s: state of key group %d", t.name(), g)
		}
		t.pass(event{barrier: t.barrier})
		if t.groups == nil {
			t.groups = map[int][][]byte{}
		}
		t.groups[int(g)] = append(t.groups[int(g)], piece)
	case protocol.Item:
		t.pass(event{barrier: t.barrier})
		t.items = append(t.items, f.Payload)
	case protocol.Snapshot:
		id, _, _ := f.Uint64()
		if id != t.barrier || r.active == nil || r.active.id != id {
			return fmt.Errorf("worker %s: snapshot %d, wanted %d", t.name(), id, t.barrier)
		}
		t.pass(event{barrier: t.barrier})
		s := r.active.c.Stages[t.stage.plan.ID]
		for g, pieces := range t.groups {
			s.groups[g] = append(s.groups[g], pieces...)
		}
		s.items = append(s.items, t.items...)
		t.groups, t.items, t.barrier = nil, nil, 0
		if r.active.waiting--; r.active.waiting == 0 {
			close(r.active.done)
		}
	case protocol.Drained:
		t.drained = true
		for _, s := range r.stages {
			for _, x := range s.tasks {
				if c := x.channels[t.name()]; c != nil {
					c.queue = append(c.queue, event{end: true})
					x.wake.Broadcast()
				}
			}
		}
	default:
		return fmt.Errorf("worker %s: a frame of kind %d", t.name(), f.Kind)
	}
	t.wake.Broadcast()
	return nil
}

// pass sends a barrier downstream, once. r.mu is held. One that has drained has said its end already.
func (t *subtask) pass(e event) {
	if t.passed == e.barrier || t.drained {
		return
	}
	t.passed = e.barrier
	for _, s := range t.run.stages {
		for _, x := range s.tasks {
			if c := x.channels[t.name()]; c != nil {
				c.queue = append(c.queue, e)
				x.wake.Broadcast()
			}
		}
	}
}

// String shows where every subtask is, for a test that has got stuck.
func (r *Run) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b strings.Builder
	if r.active != nil {
		fmt.Fprintf(&b, "checkpoint %d waits for %d\n", r.active.id, r.active.waiting)
	}
	for _, s := range r.stages {
		fmt.Fprintf(&b, "stage %d: finished %v, ended %v, %d splits queued, all %v\n", s.plan.ID, s.finished, s.ended, len(s.queue), s.all)
		for _, t := range s.tasks {
			fmt.Fprintf(&b, "  task %d: barrier %d, begun %d, input over %v, drained %v, in flight %d, wants %v, control %d\n", t.number, t.barrier, t.begun, t.ended, t.drained, t.inFlight,
				t.wants, len(t.control))
			for _, name := range slices.Sorted(maps.Keys(t.channels)) {
				c := t.channels[name]
				fmt.Fprintf(&b, "    from %s: %d queued, blocked %v, ended %v\n", name, len(c.queue), c.blocked, c.ended)
			}
		}
	}
	return b.String()
}
