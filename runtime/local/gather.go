package local

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"weir/planner/physical"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/runtime/staging"
)

// gather puts what comes through ordered exchanges into its order before the task sees it. Every input port has lanes:
// one for each upstream stage whose splits give the order, one for all inputs that are sorted by ordinals. A port's
// lanes follow each other. Nothing is ever refused, for upstream tasks may wait for each other: what must wait is held
// in memory, and beyond a limit in a file.
type gather struct {
	task   *task
	hold   *hold
	ports  []*portGather
	inputs []*portGather // by index in Stage.Inputs; nil for an input without order
	names  []laneName
}

// laneName is by what a lane is found again: the nodes at the ends of its first exchange.
type laneName struct {
	lane           lane
	order          physical.Order
	from, to, port int
}

func (n laneName) text() string {
	if n.order == physical.ByOrdinals {
		return fmt.Sprintf("%s:%d.%d", n.order, n.to, n.port)
	}
	return fmt.Sprintf("%s:%d:%d.%d", n.order, n.from, n.to, n.port)
}

// laneOf finds the lane of a name that a checkpoint has; old gives the IDs that nodes had there.
func (g *gather) laneOf(name string, old map[int]int) lane {
	if g == nil {
		return nil
	}
	for _, n := range g.names {
		was := n
		was.from, was.to = old[n.from], old[n.to]
		if was.text() == name {
			return n.lane
		}
	}
	return nil
}

// begin lets lanes that a checkpoint did not have begin: all rows of the splits that were done have passed.
func (g *gather) begin(found map[lane]bool) {
	for _, n := range g.names {
		if l, is := n.lane.(*splitLane); is && !found[n.lane] {
			if d := g.task.stage.run.stages[l.stage].splits; d != nil {
				l.next = d.done.oldest
			}
		}
	}
}

// portGather is the lanes of a port.
type portGather struct {
	to, port int // the operator's index in the stage, and its port
	lanes    []lane
	byInput  map[int]lane
}

// lane is one ordered sequence of rows.
type lane interface {
	// add takes a message; front says that the lanes before have ended, so that rows may be given on at once.
	add(m message, front bool, emit func(*batch.Batch) error) error
	// finish gives out all that is held.
	finish(emit func(*batch.Batch) error) error
	// snapshot writes what is held, and restore brings a piece of it back.
	snapshot(w op.SnapshotWriter) error
	restore(h waiting, b *batch.Batch, files map[string]string) error
	close() error
}

// newGather makes the gather of a stage's first task; nil where no input is ordered.
func newGather(s *stageRun, memory int64, t *task) *gather {
	g := &gather{task: t, hold: &hold{file: staging.NewFile(s.run.o.TempDir), limit: memory}, inputs: make([]*portGather, len(s.plan.Inputs))}
	type key struct{ to, port int }
	ports := map[key]*portGather{}
	type laneKey struct {
		port  *portGather
		stage int
	}
	lanes := map[laneKey]lane{}
	for i, in := range s.plan.Inputs {
		if in.Order == physical.Unordered {
			continue
		}
		p := ports[key{in.To, in.Port}]
		if p == nil {
			p = &portGather{to: in.To, port: in.Port, byInput: map[int]lane{}}
			ports[key{in.To, in.Port}] = p
			g.ports = append(g.ports, p)
		}
		k := laneKey{p, in.Stage}
		if in.Order != physical.BySplit {
			k.stage = -1
		}
		l := lanes[k]
		if l == nil {
			if in.Order == physical.BySplit {
				l = &splitLane{hold: g.hold, segments: map[uint64]*segment{}, stage: in.Stage}
			} else {
				l = &sortLane{row: in.Row, limit: memory, dir: s.run.o.TempDir}
			}
			g.names = append(g.names, laneName{l, in.Order, s.run.plan.Stages[in.Stage].Ops[in.From].Node, s.plan.Ops[in.To].Node, in.Port})
			switch l := l.(type) {
			case *splitLane:
				l.name = g.names[len(g.names)-1].text()
			case *sortLane:
				l.name = g.names[len(g.names)-1].text()
			}
			lanes[k] = l
			p.lanes = append(p.lanes, l)
		}
		p.byInput[i] = l
		g.inputs[i] = p
	}
	if len(g.ports) == 0 {
		return nil
	}
	return g
}

// receive takes a message of an ordered input.
func (g *gather) receive(m message) error {
	p := g.inputs[m.input]
	l := p.byInput[m.input]
	return l.add(m, l == p.lanes[0], g.emit(p))
}

func (g *gather) emit(p *portGather) func(*batch.Batch) error {
	return func(b *batch.Batch) error {
		if err := g.task.stage.run.ctx.Err(); err != nil {
			return stopped(g.task.stage.run.ctx)
		}
		return g.task.st.Data(p.to, p.port, b)
	}
}

// finish gives out what is held, when all inputs have ended.
func (g *gather) finish() error {
	for _, p := range g.ports {
		for _, l := range p.lanes {
			if err := l.finish(g.emit(p)); err != nil {
				return err
			}
		}
	}
	return nil
}

// close drops what is held.
func (g *gather) close() error {
	var errs []error
	for _, p := range g.ports {
		for _, l := range p.lanes {
			errs = append(errs, l.close())
		}
	}
	return errors.Join(append(errs, g.hold.file.Close())...)
}

// hold keeps batches in memory up to a limit and in a file beyond it.
type hold struct {
	file  *staging.File
	limit int64
	held  int64 // bytes in memory
	spilt int   // batches in the file
}

// held is a batch that waits.
type held struct {
	b      *batch.Batch // nil where it is in the file
	bytes  int64
	region staging.Region
}

func (h *hold) put(b *batch.Batch) (held, error) {
	b = b.Own()
	x := held{b: b, bytes: int64(b.Bytes())}
	if h.held+x.bytes <= h.limit {
		h.held += x.bytes
		return x, nil
	}
	region, err := h.file.Append(b)
	h.spilt++
	return held{region: region}, err
}

func (h *hold) get(x held) (*batch.Batch, error) {
	if x.b != nil {
		h.held -= x.bytes
		return x.b, nil
	}
	b, err := h.file.Read(x.region)
	if err != nil {
		return nil, err
	}
	if h.spilt--; h.spilt == 0 {
		err = h.file.Reset()
	}
	return b, err
}

// peek is get for one that stays.
func (h *hold) peek(x held) (*batch.Batch, error) {
	if x.b != nil {
		return x.b, nil
	}
	return h.file.Read(x.region)
}

// splitLane gives rows split by split, in the order of the splits. Rows of the oldest unfinished split pass at once;
// others wait.
type splitLane struct {
	name     string
	stage    int // upstream
	hold     *hold
	next     uint64 // the split whose turn it is
	segments map[uint64]*segment
}

// segment is what is held of a split.
type segment struct {
	rows  []held
	ended bool
}

func (l *splitLane) segment(seq uint64) *segment {
	s := l.segments[seq]
	if s == nil {
		s = &segment{}
		l.segments[seq] = s
	}
	return s
}

func (l *splitLane) add(m message, front bool, emit func(*batch.Batch) error) error {
	switch m.kind {
	case endMessage:
		return nil
	case splitEndMessage:
		// Every exchange of the upstream stage into this lane says so, the first as good as the last: a task's messages
		// keep their order.
		if m.seq >= l.next {
			l.segment(m.seq).ended = true
		}
		if !front {
			return nil
		}
		return l.advance(emit)
	}
	if front && m.seq == l.next {
		if err := l.flush(l.segments[m.seq], emit); err != nil {
			return err
		}
		return emit(m.batch)
	}
	x, err := l.hold.put(m.batch)
	if err != nil {
		return err
	}
	s := l.segment(m.seq)
	s.rows = append(s.rows, x)
	return nil
}

// advance gives out the splits whose turn has come, and what there is of the one behind them.
func (l *splitLane) advance(emit func(*batch.Batch) error) error {
	for {
		s := l.segments[l.next]
		if err := l.flush(s, emit); err != nil {
			return err
		}
		if s == nil || !s.ended {
			return nil
		}
		delete(l.segments, l.next)
		l.next++
	}
}

func (l *splitLane) flush(s *segment, emit func(*batch.Batch) error) error {
	if s == nil {
		return nil
	}
	rows := s.rows
	s.rows = nil
	for _, x := range rows {
		b, err := l.hold.get(x)
		if err != nil {
			return err
		}
		if err := emit(b); err != nil {
			return err
		}
	}
	return nil
}

func (l *splitLane) finish(emit func(*batch.Batch) error) error {
	if err := l.advance(emit); err != nil {
		return err
	}
	var rest []uint64 // what tasks gave when they drained
	for seq := range l.segments {
		rest = append(rest, seq)
	}
	slices.Sort(rest)
	for _, seq := range rest {
		if err := l.flush(l.segments[seq], emit); err != nil {
			return err
		}
	}
	l.segments = nil
	return nil
}

func (l *splitLane) snapshot(w op.SnapshotWriter) error {
	h := waiting{Lane: l.name, Next: l.next}
	for _, seq := range slices.Sorted(maps.Keys(l.segments)) {
		s := l.segments[seq]
		if s.ended {
			h.Ended = append(h.Ended, seq)
		}
		for _, x := range s.rows {
			b, err := l.hold.peek(x)
			if err != nil {
				return err
			}
			if err := writeWaiting(w, waiting{Lane: l.name, Seq: seq}, b); err != nil {
				return err
			}
		}
	}
	return writeWaiting(w, h, nil)
}

func (l *splitLane) restore(h waiting, b *batch.Batch, _ map[string]string) error {
	if b != nil {
		x, err := l.hold.put(b)
		if err != nil {
			return err
		}
		s := l.segment(h.Seq)
		s.rows = append(s.rows, x)
		return nil
	}
	l.next = h.Next
	for _, seq := range h.Ended {
		l.segment(seq).ended = true
	}
	return nil
}

func (l *splitLane) close() error { return nil }
