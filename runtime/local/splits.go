package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"sync"
	"time"

	"weir/runtime/checkpoint"
	"weir/runtime/op"
	"weir/runtime/stage"
)

// assignment is a split with its number in the stage: from 0, in the order in which the sources gave them.
type assignment struct {
	stage.Assignment
	seq uint64
}

// queuedSplits bounds the splits that are known before a task asks for them.
const queuedSplits = 4096

// dispenser hands a stage's splits to its tasks, in order, as they ask. It knows which are done, now and as of a checkpoint.
type dispenser struct {
	stage  *stageRun
	room   *Signal // set when the queue has room again
	window uint64  // how far splits may run ahead of the oldest unfinished one; 0 for any distance

	mu      sync.Mutex
	queue   []assignment
	all     bool // the sources have no more
	stopped int  // tasks that want no more
	closed  bool // no task wants more
	cancel  func()
	given   uint64
	hash    uint32
	marks   map[int][]json.RawMessage   // by source
	pending map[uint64]stage.Assignment // given to the queue and not finished
	keep    bool                        // a checkpoint is under way: those finished meanwhile stay in pending
	done    progress
	running int

	known              int
	weight, doneWeight float64
	finishedSplits     int

	// from is where the run is taken up; nil where it begins.
	from *checkpoint.Source
}

// progress is a set of splits that are done.
type progress struct {
	oldest uint64          // that is not
	ahead  map[uint64]bool // done before an older one
}

func (p *progress) add(seq uint64) {
	if p.ahead == nil {
		p.ahead = map[uint64]bool{}
	}
	p.ahead[seq] = true
	for p.ahead[p.oldest] {
		delete(p.ahead, p.oldest)
		p.oldest++
	}
}

func (p *progress) has(seq uint64) bool { return seq < p.oldest || p.ahead[seq] }

func newDispenser(s *stageRun, ordered bool) *dispenser {
	d := &dispenser{stage: s, room: NewSignal(), pending: map[uint64]stage.Assignment{}, marks: map[int][]json.RawMessage{}}
	if ordered {
		d.window = uint64(max(16, 4*s.plan.Parallelism))
	}
	return d
}

// restore takes up where a checkpoint was.
func (d *dispenser) restore(s *checkpoint.Source) {
	d.from = s
	d.done = progress{oldest: s.Oldest, ahead: map[uint64]bool{}}
	for _, seq := range s.Ahead {
		d.done.ahead[seq] = true
	}
	for i, marks := range s.Marks {
		d.marks[i] = slices.Clone(marks)
	}
}

// enumerate asks the sources for their splits.
func (d *dispenser) enumerate() {
	r := d.stage.run
	err := d.repeat()
	c := d.stage.config(0, 0, 0, nil)
	var cancel context.CancelFunc
	c.Context, cancel = context.WithCancel(r.ctx)
	defer cancel()
	d.mu.Lock()
	d.cancel = cancel
	if err == nil && d.closed {
		err = errStopped
	}
	d.mu.Unlock()
	if err == nil {
		err = stage.Splits(c, func(i int) []json.RawMessage { return d.marks[i] }, d.give)
	}
	if err == nil && d.from != nil && d.given < d.from.Given {
		err = d.changed(fmt.Errorf("there were %d splits, and there are %d", d.from.Given, d.given))
	}
	d.mu.Lock()
	d.all = true
	if d.closed && r.ctx.Err() == nil {
		err = nil // it was told to stop, or what it found is of no use any more
	}
	d.mu.Unlock()
	r.fail(err)
	d.stage.wakeAll()
}

// stop says that one of the tasks wants no more splits. When none does, no more are looked for.
func (d *dispenser) stop() {
	d.mu.Lock()
	d.stopped++
	d.closed = d.closed || d.stopped == len(d.stage.tasks)
	closed, cancel := d.closed, d.cancel
	d.mu.Unlock()
	if closed {
		if cancel != nil {
			cancel()
		}
		d.room.Set()
	}
}

// errStopped ends the enumeration of splits that nobody wants.
var errStopped = errors.New("no more splits are wanted")

// repeat hands out again what the checkpoint has of sources whose splits have marks.
func (d *dispenser) repeat() error {
	if d.from == nil || len(d.from.Marks) == 0 {
		return nil
	}
	d.mu.Lock()
	d.given, d.hash = d.from.Given, d.from.Hash
	d.mu.Unlock()
	for _, seq := range slices.Sorted(maps.Keys(d.from.Rest)) {
		x := d.from.Rest[seq]
		if err := d.put(assignment{stage.Assignment{Op: x.Op, Split: x.Split}, seq}); err != nil {
			return err
		}
	}
	return nil
}

// give takes a split from a source.
func (d *dispenser) give(a stage.Assignment) error {
	d.mu.Lock()
	seq := d.given
	d.given++
	d.hash = crc32.Update(d.hash, crc32.IEEETable, a.Split.Data)
	if len(a.Split.Mark) > 0 {
		d.marks[a.Op] = append(d.marks[a.Op], a.Split.Mark)
	}
	same := d.from == nil || d.given != d.from.Given || d.hash == d.from.Hash
	done := d.done.has(seq)
	if d.from != nil {
		if x, is := d.from.Rest[seq]; is {
			a = stage.Assignment{Op: x.Op, Split: x.Split}
		}
	}
	if same && !done {
		d.pending[seq] = a // at once with its mark: a checkpoint that has one has the other
	}
	d.mu.Unlock()
	if !same {
		return d.changed(fmt.Errorf("the first %d splits are others", d.from.Given))
	}
	if done {
		d.mu.Lock()
		d.known++
		d.weight += a.Split.Weight
		d.finishedSplits++
		d.doneWeight += a.Split.Weight
		d.mu.Unlock()
		return nil
	}
	return d.put(assignment{a, seq})
}

func (d *dispenser) changed(err error) error {
	return &op.Error{Code: codeResume, Message: "the input is not what it was when the checkpoint was made", Err: err,
		Node: d.stage.sourceName(), Hint: "files were added, removed or changed: start the run anew with another checkpoint folder"}
}

// put queues a split; it waits for room.
func (d *dispenser) put(a assignment) error {
	r := d.stage.run
	for {
		if r.ctx.Err() != nil {
			return stopped(r.ctx)
		}
		d.mu.Lock()
		if d.closed {
			d.mu.Unlock()
			return errStopped
		}
		if len(d.queue) < queuedSplits {
			d.queue = append(d.queue, a)
			d.pending[a.seq] = a.Assignment
			d.known++
			d.weight += a.Split.Weight
			d.mu.Unlock()
			d.stage.wakeAll()
			return nil
		}
		d.mu.Unlock()
		r.sched.Wait(r.ctx, time.Time{}, nil, d.room)
	}
}

// next gives a split to a task that is free; over says that there will not be any more.
func (d *dispenser) next() (a assignment, ok, over bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.queue) == 0 {
		return a, false, d.all
	}
	if a = d.queue[0]; d.window > 0 && a.seq >= d.done.oldest+d.window {
		return a, false, false
	}
	d.queue[0] = assignment{}
	d.queue = d.queue[1:]
	d.running++
	d.room.Set()
	return a, true, false
}

// finished says that a split has been read to its end.
func (d *dispenser) finished(a assignment) {
	d.mu.Lock()
	d.running--
	d.finishedSplits++
	d.doneWeight += a.Split.Weight
	d.done.add(a.seq)
	if !d.keep {
		delete(d.pending, a.seq)
	}
	d.mu.Unlock()
	if d.window > 0 {
		d.stage.wakeAll()
	}
}

// begin says that a checkpoint begins.
func (d *dispenser) begin() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.keep = true
}

// end gives how far the splits were read at the barriers of all tasks: settled are those that they had read to the end, rest what is left of those
// that they were reading. Of a source whose splits have marks every other split that it has given is kept, too; any other source gives them again.
func (d *dispenser) end(settled *progress, rest map[uint64]stage.Assignment) checkpoint.Source {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := checkpoint.Source{Stage: d.stage.plan.ID, Given: d.given, Hash: d.hash, All: d.all, Oldest: settled.oldest,
		Ahead: slices.Sorted(maps.Keys(settled.ahead)), Rest: map[uint64]checkpoint.Split{}}
	for i, marks := range d.marks {
		if len(marks) > 0 {
			if s.Marks == nil {
				s.Marks = map[int][]json.RawMessage{}
			}
			s.Marks[i] = slices.Clone(marks)
		}
	}
	for seq, a := range d.pending {
		if len(s.Marks) > 0 && !settled.has(seq) {
			s.Rest[seq] = checkpoint.Split{Op: a.Op, Split: a.Split}
		}
		if d.done.has(seq) {
			delete(d.pending, seq)
		}
	}
	if d.from != nil {
		// Those that wait to be given once more, or to be read.
		for seq, x := range d.from.Rest {
			if !settled.has(seq) {
				s.Rest[seq] = x
			}
		}
	}
	for seq, a := range rest {
		s.Rest[seq] = checkpoint.Split{Op: a.Op, Split: a.Split}
	}
	d.keep = false
	return s
}
