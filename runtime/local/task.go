package local

import (
	"sync/atomic"
	"time"

	"weir/planner/physical"
	"weir/runtime/batch"
	"weir/runtime/gather"
	"weir/runtime/op"
	"weir/runtime/stage"
)

// output names an output of an operator of a stage.
type output struct {
	op   int
	side string
}

// task is one goroutine of a stage.
type task struct {
	stage    *stageRun
	number   int
	st       *stage.Task
	wake     *Signal    // something has happened that concerns the task
	space    *Signal    // there is room in one of links again
	links    []*channel // to the tasks behind this one
	inbox    *inbox
	channels []int // by Stage.Inputs: how many there are
	senders  map[output][]*sender
	outs     []*sender
	gather   *gather.Gather // of task 0, where inputs are ordered

	seq     uint64 // of the split being read
	reading *assignment
	settled []uint64                 // splits read to their ends since the last barrier
	rest    func() (op.Split, error) // what is left of the split being read, where that is known at this moment
	barrier uint64                   // the last one that was taken
	skip    bool                     // the checkpoint that the run is taken up from was after the task's end
	over    bool                     // it has drained
	sated   []atomic.Bool            // by Stage.Inputs: no more rows are wanted
	commits uint64                   // committed up to this checkpoint
}

// run is the life of the task.
func (t *task) run() {
	r := t.stage.run
	r.fail(t.work())
	r.fail(t.gather.Close())
	r.fail(t.st.Close())
}

// work takes in everything and drains; then it waits for what it wrote to be committed.
func (t *task) work() error {
	r := t.stage.run
	if err := t.st.Open(); err != nil {
		return err
	}
	if r.from != nil {
		if err := t.restore(); err != nil {
			return err
		}
	}
	if t.skip && t.stage.splits != nil {
		t.stage.splits.stop()
	}
	if !t.skip {
		if err := t.consume(); err != nil {
			return err
		}
		t.seq = gather.Drained + uint64(t.number)
		if err := t.st.Drain(); err != nil {
			return err
		}
	}
	for _, s := range t.outs {
		if err := s.all(message{kind: endMessage}); err != nil {
			return err
		}
	}
	t.over = true
	if err := r.coordinator.finish(t); err != nil {
		return err
	}
	t.stage.drained()
	for {
		last := r.coordinator.over.Load()
		if err := t.commit(); err != nil {
			return err
		}
		if last {
			return nil
		}
		if r.ctx.Err() != nil && !r.coordinator.committing.Load() {
			return stopped(r.ctx)
		}
		r.sched.Wait(r.ctx, time.Time{}, nil, t.wake)
	}
}

// consume takes in splits and messages until there are no more of either.
func (t *task) consume() error {
	r := t.stage.run
	opened, splits := false, t.stage.splits != nil
	for {
		if r.ctx.Err() != nil {
			return stopped(r.ctx)
		}
		busy, err := t.poll()
		if err != nil {
			return err
		}
		if splits && t.unread() {
			t.stage.splits.stop()
			splits = false
		}
		if splits {
			a, ok, over := t.stage.splits.next()
			switch {
			case ok:
				if !opened {
					opened = true
					if err := t.st.OpenSources(); err != nil {
						return err
					}
				}
				if err := t.read(a); err != nil {
					return err
				}
				continue
			case over:
				splits = false
				continue
			}
		}
		if busy {
			continue
		}
		if !splits && t.inbox.ended() {
			break
		}
		r.sched.Wait(r.ctx, t.deadline(), nil, t.wake)
	}
	if t.gather != nil {
		return t.gather.Finish()
	}
	return nil
}

// deadline is when the next timer is due; zero for never.
func (t *task) deadline() time.Time {
	if at, ok := t.st.NextTimer(); ok {
		return time.Unix(0, at)
	}
	return time.Time{}
}

// poll does what has come up: it commits, takes a barrier, lets timers fire, and takes messages in, as many as wait. busy says that there was
// something.
func (t *task) poll() (busy bool, err error) {
	if err := t.commit(); err != nil {
		return false, err
	}
	if at, ok := t.st.NextTimer(); ok {
		if now := t.stage.run.sched.Now().UnixNano(); at <= now {
			busy = true
			if err := t.st.Timer(now); err != nil {
				return true, err
			}
		}
	}
	for n := t.inbox.waiting() + 1; n > 0; n-- {
		if err := t.align(); err != nil {
			return true, err
		}
		m, c, ok := t.inbox.pop()
		if !ok {
			break
		}
		busy = true
		if err := t.receive(m, c); err != nil {
			return true, err
		}
	}
	return busy, nil
}

// align takes a barrier that has come from everywhere.
func (t *task) align() error {
	id := t.stage.run.coordinator.triggered.Load()
	if id <= t.barrier || !t.inbox.aligned() || t.stage.splits == nil && t.inbox.ended() {
		return nil // a task whose input has ended drains, and that is its part of the checkpoint
	}
	if t.stage.splits == nil && !t.inbox.blocked() || t.reading != nil && t.rest == nil {
		return nil
	}
	t.barrier = id
	for _, c := range t.links {
		if err := t.put(c, message{kind: barrierMessage, id: id}); err != nil {
			return err
		}
	}
	if err := t.stage.run.coordinator.snapshot(t, id); err != nil {
		return err
	}
	t.inbox.unblock()
	return nil
}

// read reads one split and says so.
func (t *task) read(a assignment) error {
	t.seq, t.reading = a.seq, &a
	err := t.st.Assign(a.Assignment)
	t.reading, t.rest = nil, nil
	if err != nil {
		return err
	}
	for _, s := range t.outs {
		if s.order == physical.BySplit {
			if err := s.put(0, message{kind: splitEndMessage, input: s.input, seq: a.seq}); err != nil {
				return err
			}
		}
	}
	t.settled = append(t.settled, a.seq)
	t.stage.splits.finished(a)
	return nil
}

// atRest is stage.Config.Rest: the world goes on in the middle of a split.
func (t *task) atRest(_ int, rest func() (op.Split, error)) error {
	t.rest = rest // it holds until the source emits again, which it does outside of this call and of waitFor
	_, err := t.poll()
	return err
}

// waitFor is stage.Config.Wait.
func (t *task) waitFor(ready <-chan struct{}) error {
	r := t.stage.run
	for {
		if r.ctx.Err() != nil {
			return stopped(r.ctx)
		}
		select { // what is there already is not waited for
		case <-ready:
			return nil
		default:
		}
		busy, err := t.poll()
		if err != nil {
			return err
		}
		if busy {
			continue
		}
		if r.sched.Wait(r.ctx, t.deadline(), ready, t.wake) {
			return nil
		}
	}
}

// receive takes a message from upstream.
func (t *task) receive(m message, c *channel) error {
	if m.kind == barrierMessage {
		return nil
	}
	in := &t.stage.plan.Inputs[m.input]
	if t.gather.Ordered(m.input) {
		if m.kind == watermarkMessage || m.kind == idleMessage {
			return nil // event time stands still in a stream whose rows are put in order: it is not live
		}
		var err error
		switch {
		case m.kind == dataMessage && !t.sated[m.input].Load():
			err = t.gather.Rows(m.input, m.seq, m.batch)
		case m.kind == splitEndMessage:
			err = t.gather.SplitEnd(m.input, m.seq)
		}
		if err != nil {
			return err
		}
		t.satisfied(m.input)
	} else if m.kind == dataMessage {
		err := t.st.Data(in.To, in.Port, m.batch)
		t.satisfied(m.input)
		return err
	}
	switch m.kind {
	case watermarkMessage:
		return t.st.Watermark(m.input, c.number[m.input], m.at)
	case idleMessage:
		return t.st.Idle(m.input, c.number[m.input])
	case endMessage:
		return t.st.InputEnded(m.input, c.number[m.input])
	}
	return nil
}

// satisfied tells the tasks before this one when no more rows of an input are wanted.
func (t *task) satisfied(input int) {
	in := &t.stage.plan.Inputs[input]
	if !t.st.Enough(in.To) || t.sated[input].Swap(true) {
		return
	}
	for _, c := range t.inbox.channels {
		c.from.wake.Set()
	}
}

// unread reports whether what is left of the splits need not be read: nobody in the stage wants its rows, or nobody behind it, and it has no sink.
func (t *task) unread() bool {
	if t.st.EnoughRead() {
		return true
	}
	for _, s := range t.outs {
		if !s.unwanted() {
			return false
		}
	}
	return len(t.outs) > 0 && !t.st.HasSink()
}

// ordered takes rows that have been put in order.
func (t *task) ordered(to, port int, b *batch.Batch) error {
	if r := t.stage.run; r.ctx.Err() != nil {
		return stopped(r.ctx)
	}
	return t.st.Data(to, port, b)
}

// out sends rows that leave the stage.
func (t *task) out(from int, side string, b *batch.Batch) error {
	enough := true
	for _, s := range t.senders[output{from, side}] {
		if s.unwanted() {
			continue
		}
		enough = false
		if err := s.send(b, t.seq); err != nil {
			return err
		}
	}
	if enough {
		return op.ErrEnough
	}
	return nil
}

// mark sends what is known of event time behind an operator.
func (t *task) mark(from int, m message) error {
	for _, s := range t.outs {
		if s.op != from {
			continue
		}
		if err := s.all(m); err != nil {
			return err
		}
	}
	return nil
}

func (t *task) watermark(from int, at int64) error {
	return t.mark(from, message{kind: watermarkMessage, at: at})
}

func (t *task) idle(from int) error { return t.mark(from, message{kind: idleMessage}) }

// commit makes final what belongs to checkpoints that are complete.
func (t *task) commit() error {
	id := t.stage.run.coordinator.completed.Load()
	if id <= t.commits {
		return nil
	}
	t.commits = id
	return t.st.Commit(id)
}
