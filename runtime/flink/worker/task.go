package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"weir/compiler/logical"
	"weir/planner/physical"
	"weir/runtime/batch"
	"weir/runtime/flink/protocol"
	"weir/runtime/gather"
	"weir/runtime/op"
	"weir/runtime/stage"
	"weir/runtime/staging"
)

// assignment is a split with its number in the stage.
type assignment struct {
	seq uint64
	stage.Assignment
}

// task is one parallel instance of a stage.
type task struct {
	ctx      context.Context
	j        *job
	o        Options
	frames   <-chan received
	w        *protocol.Writer
	st       *stage.Task
	gather   *gather.Gather
	outputs  []*output
	counters *stage.Counters
	rejects  int64
	now      func() time.Time

	hasSource bool
	opened    bool         // the sources
	splits    []assignment // to be read
	reading   *assignment
	rest      func() (op.Split, error) // what is left of the split being read, where that is known at this moment
	asked     bool                     // WANT_SPLIT is not answered yet
	seq       uint64                   // of the split being read
	consumed  uint32                   // Data frames that the host has not been told of
	senders   []sender                 // by Stage.Inputs
	over      bool                     // END_INPUT has come
	drained   bool
	watermark int64 // that the host was told of, in milliseconds
	state     state
}

// sender is what is known of the upstream tasks of an input.
type sender struct {
	n     int // how many there are; 0 where not known yet
	ended int
	all   bool // every one had ended when the job was restored
}

func newTask(ctx context.Context, j *job, frames <-chan received, w *protocol.Writer, o Options) (*task, error) {
	t := &task{ctx: ctx, j: j, o: o, frames: frames, w: w, counters: stage.NewCounters(j.plan), now: o.Now, senders: make([]sender, len(j.stage.Inputs)), watermark: -1 << 63,
		state: newState()}
	var err error
	if t.outputs, err = newOutputs(j, o.Catalogue, w); err != nil {
		return nil, err
	}
	channels := make([]int, len(j.stage.Inputs))
	for i := range channels {
		channels[i] = 1 // until the first packet says how many there are
	}
	t.st, err = stage.New(stage.Config{
		Context: ctx, Plan: j.plan, Stage: j.Stage, Catalogue: o.Catalogue, Storage: stdout{j.storage, fmt.Sprintf("%s/stdout/%d", j.Work, j.Stage)}, Staging: j.staging(ctx),
		Counters: t.counters, TempDir: j.Temp, Memory: j.Memory / 2, Task: j.Task, Tasks: j.Tasks, Now: o.Now, KeyGroups: j.KeyGroups, Channels: channels,
		Restored: j.Restored, Resumable: func() bool { return true },
		Rest: t.atRest, Wait: t.waitFor, Watermark: t.passWatermark, Idle: t.passIdle, Out: t.out, Reject: t.reject,
	})
	if err != nil {
		return nil, err
	}
	t.hasSource = t.st.HasSource()
	if t.hasSource && len(j.stage.Inputs) > 0 {
		return nil, &op.Error{Code: codeRun, Message: fmt.Sprintf("stage %d reads splits and has inputs", j.Stage)}
	}
	t.gather = gather.New(gather.Config{Plan: j.plan, Stage: j.stage, TempDir: j.Temp, Memory: max(j.Memory/8, 8<<20), Data: t.ordered})
	return t, nil
}

// run is the life of the task.
func (t *task) run() (err error) {
	defer func() {
		cerr := errors.Join(t.gather.Close(), t.st.Close(), t.state.close())
		if err == nil || errors.Is(err, errStopped) {
			err = errors.Join(err, cerr)
		}
		if err != nil && t.ctx.Err() != nil && errors.Is(context.Cause(t.ctx), errStopped) {
			err = errStopped // whatever else has been said was said of its end
		}
	}()
	if err := t.begin(); err != nil {
		return err
	}
	stop := t.report()
	defer stop()
	for {
		busy, err := t.poll()
		if err != nil {
			return err
		}
		switch {
		case len(t.splits) > 0 && !t.drained:
			err = t.read()
		case busy:
		case t.over && !t.drained:
			err = t.drain()
		default:
			if t.hasSource && !t.over && !t.asked {
				t.asked = true
				err = t.w.Write(protocol.WantSplit)
			}
			if err == nil {
				err = t.wait(nil)
			}
		}
		if err != nil {
			return err
		}
	}
}

// begin takes the state in and opens the operators.
func (t *task) begin() error {
	for {
		f, err := next(t.ctx, t.frames)
		if err != nil {
			return err
		}
		switch f.Kind {
		case protocol.RestoreGroup:
			group, piece, ok := f.Uint32()
			if !ok || int(group) >= t.j.KeyGroups {
				return unexpected(f)
			}
			if err := t.state.addGroup(int(group), piece); err != nil {
				return err
			}
			continue
		case protocol.RestoreItem:
			if err := t.state.addItem(f.Payload); err != nil {
				return err
			}
			continue
		case protocol.Start:
		default:
			return unexpected(f)
		}
		break
	}
	if err := t.st.Open(); err != nil {
		return err
	}
	if err := t.restore(); err != nil {
		return err
	}
	return errors.Join(t.w.Write(protocol.Ready), t.w.Flush())
}

// poll does what has come up: it takes in the frames that wait, and lets timers fire. busy says that there was something.
func (t *task) poll() (busy bool, err error) {
	if at, ok := t.st.NextTimer(); ok {
		if now := t.now().UnixNano(); at <= now {
			busy = true
			if err := t.st.Timer(now); err != nil {
				return true, err
			}
		}
	}
	for n := len(t.frames); n > 0; n-- {
		busy = true
		f := <-t.frames
		if f.err != nil {
			return true, f.err
		}
		if err := t.take(f.Frame); err != nil {
			return true, err
		}
	}
	if err := t.tellConsumed(); err != nil {
		return busy, err
	}
	if t.ctx.Err() != nil {
		return busy, context.Cause(t.ctx)
	}
	return busy, nil
}

// wait waits for a frame, for a timer, or for ready, which may be nil; what was written goes out before.
func (t *task) wait(ready <-chan struct{}) error {
	if err := errors.Join(t.tellConsumed(), t.w.Flush()); err != nil {
		return err
	}
	var timer <-chan time.Time
	if at, ok := t.st.NextTimer(); ok {
		timer = time.After(time.Unix(0, at).Sub(t.now()))
	}
	select {
	case f := <-t.frames:
		if f.err != nil {
			return f.err
		}
		return t.take(f.Frame)
	case <-timer:
	case <-ready:
		return errReady
	case <-t.ctx.Done():
		return context.Cause(t.ctx)
	}
	return nil
}

// errReady says that wait has waited for ready.
var errReady = errors.New("ready")

// take does what a frame says.
func (t *task) take(f protocol.Frame) error {
	switch f.Kind {
	case protocol.Data:
		t.consumed++
		if t.hasSource || t.over {
			return unexpected(f)
		}
		return t.receive(f.Payload)
	case protocol.Split:
		seq, data, ok := f.Uint64()
		if !ok || !t.asked || t.over {
			return unexpected(f)
		}
		t.asked = false
		a := assignment{seq: seq}
		if err := json.Unmarshal(data, &a.Assignment); err != nil {
			return fmt.Errorf("a split cannot be read: %w", err)
		}
		t.splits = append(t.splits, a)
		return nil
	case protocol.EndInput:
		t.over = true
		return nil
	case protocol.Barrier:
		id, _, ok := f.Uint64()
		if !ok {
			return unexpected(f)
		}
		return t.snapshot(id)
	case protocol.Commit:
		id, _, ok := f.Uint64()
		if !ok {
			return unexpected(f)
		}
		if err := t.st.Commit(id); err != nil {
			return err
		}
		return errors.Join(t.w.Write(protocol.Committed, protocol.Uint64(id)), t.w.Flush())
	}
	return unexpected(f)
}

// tellConsumed gives the host leave to send more.
func (t *task) tellConsumed() error {
	if t.consumed == 0 {
		return nil
	}
	n := t.consumed
	t.consumed = 0
	return errors.Join(t.w.Write(protocol.Consumed, protocol.Uint32(n)), t.w.Flush())
}

// receive takes in a packet of another worker.
func (t *task) receive(data []byte) error {
	p, frame, err := parsePacket(data, len(t.j.stage.Inputs))
	if err != nil {
		return err
	}
	in, s := &t.j.stage.Inputs[p.input], &t.senders[p.input]
	if s.n == 0 {
		s.n = p.senders
		if err := t.st.Senders(p.input, s.n); err != nil {
			return err
		}
	} else if s.n != p.senders {
		return errPacket
	}
	ordered := t.gather.Ordered(p.input)
	switch p.kind {
	case rowsPacket:
		b, _, err := batch.DecodeFrame(frame)
		if err != nil {
			return err
		}
		if ordered {
			return t.gather.Rows(p.input, p.seq, b)
		}
		return t.st.Data(in.To, in.Port, b)
	case splitEndPacket:
		if ordered {
			return t.gather.SplitEnd(p.input, p.seq)
		}
	case watermarkPacket:
		if !ordered { // event time stands still in a stream whose rows are put in order
			return t.st.Watermark(p.input, p.sender, int64(p.seq))
		}
	case idlePacket:
		if !ordered {
			return t.st.Idle(p.input, p.sender)
		}
	case endPacket:
		s.ended++
		return t.st.InputEnded(p.input, p.sender)
	}
	return nil
}

// read reads one split to its end.
func (t *task) read() error {
	if !t.opened {
		t.opened = true
		if err := t.st.OpenSources(); err != nil {
			return err
		}
	}
	a := t.splits[0]
	t.splits = t.splits[1:]
	if !t.st.EnoughRead() { // else nobody wants its rows
		t.seq, t.reading = a.seq, &a
		err := t.st.Assign(a.Assignment)
		t.reading, t.rest = nil, nil
		if err != nil {
			return err
		}
	}
	for _, o := range t.outputs {
		if o.x.Order == physical.BySplit {
			if err := o.tell(splitEndPacket, a.seq); err != nil {
				return err
			}
		}
	}
	return nil
}

// drain gives out what is held: all input has come.
func (t *task) drain() error {
	if !t.state.wasDrained {
		if t.gather != nil {
			if err := t.gather.Finish(); err != nil {
				return err
			}
		}
		t.seq = gather.Drained + uint64(t.j.Task)
		if err := t.st.Drain(); err != nil {
			return err
		}
	}
	if t.awaited() {
		if err := staging.WriteFile(t.ctx, t.j.storage, t.j.endedPath(t.j.Stage), nil); err != nil {
			return err
		}
	}
	for _, o := range t.outputs {
		if err := o.tell(endPacket, 0); err != nil {
			return err
		}
	}
	t.drained = true
	return errors.Join(t.tellConsumed(), t.tellMetrics(), t.w.Write(protocol.Drained), t.w.Flush())
}

// awaited reports whether another stage waits for this one's end. Such a stage has one task.
func (t *task) awaited() bool {
	for _, s := range t.j.plan.Stages {
		if slices.Contains(s.After, t.j.Stage) {
			return true
		}
	}
	return false
}

// atRest is stage.Config.Rest: the world goes on in the middle of a split.
func (t *task) atRest(_ int, rest func() (op.Split, error)) error {
	t.rest = rest // it holds until the source emits again, which it does outside of this call and of waitFor
	_, err := t.poll()
	return err
}

// waitFor is stage.Config.Wait.
func (t *task) waitFor(ready <-chan struct{}) error {
	for {
		select {
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
		if err := t.wait(ready); errors.Is(err, errReady) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// ordered takes rows that have been put in order.
func (t *task) ordered(to, port int, b *batch.Batch) error {
	if t.ctx.Err() != nil {
		return context.Cause(t.ctx)
	}
	return t.st.Data(to, port, b)
}

// out sends rows that leave the stage.
func (t *task) out(from int, side string, b *batch.Batch) error {
	for _, o := range t.outputs {
		if o.x.From == from && o.x.Side == side {
			if err := o.rows(b, t.seq); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *task) passWatermark(from int, at int64) error {
	least := at
	for _, o := range t.outputs {
		if o.x.From == from && at > o.watermark {
			o.watermark = at
			if err := o.tell(watermarkPacket, uint64(at)); err != nil {
				return err
			}
		}
		least = min(least, o.watermark)
	}
	if ms := least / int64(time.Millisecond); ms > t.watermark {
		t.watermark = ms
		return t.w.Write(protocol.Watermark, protocol.Uint64(uint64(ms)))
	}
	return nil
}

func (t *task) passIdle(from int) error {
	for _, o := range t.outputs {
		if o.x.From == from {
			if err := o.tell(idlePacket, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// reject takes a rejected row that nothing consumes. Each task bears as many as the whole job may have.
func (t *task) reject(n *logical.Node, r op.Rejection) error {
	t.rejects++
	if t.j.MaxErrors < 0 || t.rejects <= t.j.MaxErrors {
		return nil
	}
	var cause error
	if t.j.MaxErrors > 0 {
		cause = fmt.Errorf("%d rows were rejected by one task, and --max-errors allows %d", t.rejects, t.j.MaxErrors)
	}
	return r.Stop(n.Name(), cause)
}

// report tells the host once a second what has been counted; the function that it gives ends that.
func (t *task) report() (stop func()) {
	done := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				if errors.Join(t.tellMetrics(), t.w.Flush()) != nil {
					return // the task finds out by itself
				}
			}
		}
	})
	return func() { close(done); running.Wait() }
}

func (t *task) tellMetrics() error {
	r := protocol.Report{Nodes: map[int]map[string]int64{}}
	for _, o := range t.j.stage.Ops {
		c := t.counters.Node(o.Node).Counts()
		n := map[string]int64{"rows_in": c.RowsIn, "rows_out": c.RowsOut, "rejected": c.Rejected, "bytes": c.Bytes, "busy": int64(c.Busy)}
		maps.Copy(n, c.Named)
		r.Nodes[o.Node] = n
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	r.Memory = m.Sys
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return t.w.Write(protocol.Metrics, data)
}

// stdout is a storage whose standard output is a file in the run's folder, which the client shows.
type stdout struct {
	op.Storage
	path string
}

func (s stdout) Create(ctx context.Context, path string, o op.CreateOptions) (op.StagedFile, error) {
	if strings.TrimSpace(path) == "-" {
		path = s.path
	}
	return s.Storage.Create(ctx, path, o)
}
