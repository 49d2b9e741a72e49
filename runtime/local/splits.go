package local

import (
	"encoding/json"
	"sync"

	"weir/runtime/stage"
)

// assignment is a split with its number in the stage: from 0, in the order in which the source gave them.
type assignment struct {
	stage.Assignment
	seq uint64
}

// drained is the number of the rows that come when a task drains; the task's number is added.
const drained = 1 << 63

// queuedSplits bounds the splits that are known before a task asks for them.
const queuedSplits = 4096

// dispenser hands a stage's splits to its tasks, in order, as they ask.
type dispenser struct {
	stage  *stageRun
	queue  chan assignment
	out    chan assignment
	window uint64 // how far splits may run ahead of the oldest unfinished one; 0 for any distance

	mu          sync.Mutex
	known       int // splits
	all         bool
	weight      float64 // of the known ones
	done        int
	doneWeight  float64
	handed      int
	oldest      uint64          // unfinished
	ahead       map[uint64]bool // finished before an older one
	oldestMoved chan struct{}   // has a token when oldest has moved
}

func newDispenser(s *stageRun, ordered bool) *dispenser {
	d := &dispenser{stage: s, queue: make(chan assignment, queuedSplits), out: make(chan assignment), ahead: map[uint64]bool{},
		oldestMoved: make(chan struct{}, 1)}
	if ordered {
		d.window = uint64(max(16, 4*s.plan.Parallelism))
	}
	return d
}

// enumerate asks the source for its splits.
func (d *dispenser) enumerate() {
	defer close(d.queue)
	r := d.stage.run
	seq := uint64(0)
	err := stage.Splits(d.stage.config(0, 0, nil), func(int) []json.RawMessage { return nil }, func(a stage.Assignment) error {
		select {
		case d.queue <- assignment{a, seq}:
		case <-r.ctx.Done():
			return stopped(r.ctx)
		}
		seq++
		d.mu.Lock()
		defer d.mu.Unlock()
		d.known++
		d.weight += a.Split.Weight
		return nil
	})
	d.mu.Lock()
	d.all = true
	d.mu.Unlock()
	r.fail(err)
}

// feed hands the splits out.
func (d *dispenser) feed() {
	done := d.stage.run.ctx.Done()
	for {
		var a assignment
		var more bool
		select {
		case a, more = <-d.queue:
		case <-done:
			return
		}
		if !more {
			if d.stage.run.ctx.Err() == nil {
				close(d.out)
			}
			return
		}
		for d.tooFar(a.seq) {
			select {
			case <-d.oldestMoved:
			case <-done:
				return
			}
		}
		select {
		case d.out <- a:
		case <-done:
			return
		}
		d.mu.Lock()
		d.handed++
		d.mu.Unlock()
	}
}

func (d *dispenser) tooFar(seq uint64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.window > 0 && seq >= d.oldest+d.window
}

// finished says that a split has been read to its end.
func (d *dispenser) finished(a assignment) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.done++
	d.doneWeight += a.Split.Weight
	d.ahead[a.seq] = true
	for d.ahead[d.oldest] {
		delete(d.ahead, d.oldest)
		d.oldest++
	}
	select {
	case d.oldestMoved <- struct{}{}:
	default:
	}
}
