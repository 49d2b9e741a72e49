package local

import (
	"time"

	"weir/planner/physical"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/runtime/stage"
)

// messageKind is what a message between tasks says.
type messageKind uint8

const (
	dataMessage     messageKind = iota // rows
	splitEndMessage                    // every row of split seq has been sent
	endMessage                         // the upstream task has drained
)

// message goes from a task to a task.
type message struct {
	kind  messageKind
	input int    // index in Stage.Inputs of the receiver
	seq   uint64 // number of the split that the rows are of, see dispenser; drained rows come behind all splits
	batch *batch.Batch
}

// output names an output of an operator of a stage.
type output struct {
	op   int
	side string
}

// task is one goroutine of a stage.
type task struct {
	stage   *stageRun
	number  int
	st      *stage.Task
	inbox   chan message
	ends    int // endMessages to come
	senders map[output][]*sender
	outs    []*sender
	gather  *gather // of task 0, where inputs are ordered
	seq     uint64  // of the split being read
}

// run is the life of the task. prepared is called once: when what the task writes is prepared, or when it has failed.
func (t *task) run(prepared func()) {
	r := t.stage.run
	err := t.work()
	if err != nil {
		r.fail(err)
	}
	prepared()
	if err == nil && t.st.HasSink() {
		<-r.decided
		if r.commit {
			r.fail(t.st.Commit(1))
		}
	}
	if t.gather != nil {
		t.gather.close()
	}
	r.fail(t.st.Close())
}

// work takes in everything, drains and prepares.
func (t *task) work() error {
	if err := t.st.Open(); err != nil {
		return err
	}
	if err := t.consume(); err != nil {
		return err
	}
	t.seq = drained + uint64(t.number)
	if err := t.st.Drain(); err != nil {
		return err
	}
	for _, s := range t.outs {
		if err := s.end(); err != nil {
			return err
		}
	}
	if t.stage.working.Add(-1) == 0 {
		close(t.stage.ended)
	}
	return t.st.Snapshot(1, func(int) op.SnapshotWriter { return discard{} })
}

// consume takes in splits and messages until there are no more of either.
func (t *task) consume() error {
	var splits chan assignment
	if t.stage.splits != nil {
		splits = t.stage.splits.out
	}
	shared, opened := t.stage.shared, false
	for splits != nil || shared != nil || t.ends > 0 {
		var timer <-chan time.Time
		now := t.stage.run.o.Clock.Now()
		if at, ok := t.st.NextTimer(); ok {
			timer = t.stage.run.o.Clock.After(time.Duration(at - now.UnixNano()))
		}
		var err error
		select {
		case <-t.stage.run.ctx.Done():
			return stopped(t.stage.run.ctx)
		case m := <-t.inbox:
			err = t.receive(m)
		case m, more := <-shared:
			if !more {
				shared = nil
				continue
			}
			err = t.receive(m)
		case a, more := <-splits:
			if !more {
				splits = nil
				continue
			}
			if !opened {
				opened = true
				err = t.st.OpenSources()
			}
			if err == nil {
				err = t.read(a)
			}
		case <-timer:
			err = t.st.Timer(t.stage.run.o.Clock.Now().UnixNano())
		}
		if err != nil {
			return err
		}
	}
	if t.gather != nil {
		return t.gather.finish()
	}
	return nil
}

// read reads one split and says so.
func (t *task) read(a assignment) error {
	t.seq = a.seq
	if err := t.st.Assign(a.Assignment); err != nil {
		return err
	}
	for _, s := range t.outs {
		if s.order == physical.BySplit {
			if err := s.to(t.stage.run, s.dst.tasks[0].inbox, message{kind: splitEndMessage, input: s.input, seq: a.seq}); err != nil {
				return err
			}
		}
	}
	t.stage.splits.finished(a)
	return nil
}

// receive takes a message from upstream.
func (t *task) receive(m message) error {
	in := &t.stage.plan.Inputs[m.input]
	if m.kind == endMessage {
		t.ends--
	}
	if t.gather != nil && in.Order != physical.Unordered {
		return t.gather.receive(m)
	}
	if m.kind == dataMessage {
		return t.st.Data(in.To, in.Port, m.batch)
	}
	return nil
}

// out sends rows that leave the stage.
func (t *task) out(from int, side string, b *batch.Batch) error {
	for _, s := range t.senders[output{from, side}] {
		if err := s.send(b, t.seq); err != nil {
			return err
		}
	}
	return nil
}

// discard takes the state of a bounded run's end, which nobody will need.
type discard struct{}

func (discard) KeyGroup(int, []byte) error { return nil }
func (discard) Item([]byte) error          { return nil }
func (discard) File(string, string) error  { return nil }
func (discard) Later(func() error)         {}
