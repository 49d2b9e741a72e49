// Package gather puts the rows that come to one task from many into the order in which the plan wants them: split by split, or sorted by their ordinals. What has
// to wait is held in memory, beyond a limit in a file, and is part of a snapshot.
package gather

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

// Drained is the number of the split of rows that come when a task drains; the task's number is added. They come behind all splits.
const Drained = 1 << 63

// Config is what a gather is made from.
type Config struct {
	Plan    *physical.Plan
	Stage   *physical.Stage
	TempDir string // "" for the system's
	Memory  int64  // bytes, before rows are written to a file
	// Data takes rows in their order, for the operator Stage.Ops[to].
	Data func(to, port int, b *batch.Batch) error
}

// Gather puts what comes through ordered exchanges into its order before the stage's one task sees it. Every input port has lanes:
// one for each upstream stage whose splits give the order, one for all inputs that are sorted by ordinals. A port's
// lanes follow each other. Nothing is ever refused, for upstream tasks may wait for each other. It is used by one goroutine.
type Gather struct {
	c      Config
	hold   *hold
	ports  []*port
	inputs []*port // by index in Stage.Inputs; nil for an input without order
	names  []laneName
	found  map[lane]bool // restored
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

// port is the lanes of an input port.
type port struct {
	to, port int // the operator's index in the stage, and its port
	lanes    []lane
	byInput  map[int]lane
}

// message is what comes of a split.
type message struct {
	seq  uint64
	rows *batch.Batch // nil: every row of the split has come
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

// New makes the gather of a stage's only task; nil where no input is ordered. A nil Gather can be restored and closed.
func New(c Config) *Gather {
	g := &Gather{c: c, hold: &hold{file: staging.NewFile(c.TempDir), limit: c.Memory}, inputs: make([]*port, len(c.Stage.Inputs)), found: map[lane]bool{}}
	type key struct{ to, port int }
	ports := map[key]*port{}
	type laneKey struct {
		port  *port
		stage int
	}
	lanes := map[laneKey]lane{}
	for i, in := range c.Stage.Inputs {
		if in.Order == physical.Unordered {
			continue
		}
		p := ports[key{in.To, in.Port}]
		if p == nil {
			p = &port{to: in.To, port: in.Port, byInput: map[int]lane{}}
			ports[key{in.To, in.Port}] = p
			g.ports = append(g.ports, p)
		}
		k := laneKey{p, in.Stage}
		if in.Order != physical.BySplit {
			k.stage = -1
		}
		l := lanes[k]
		if l == nil {
			name := laneName{order: in.Order, from: nodeOf(c.Plan, in.Stage, in.From), to: c.Stage.Ops[in.To].Node, port: in.Port}
			if in.Order == physical.BySplit {
				l = &splitLane{name: name.text(), hold: g.hold, segments: map[uint64]*segment{}, stage: in.Stage}
			} else {
				l = &sortLane{name: name.text(), row: in.Row, limit: c.Memory, dir: c.TempDir}
			}
			name.lane = l
			g.names = append(g.names, name)
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

// nodeOf gives the node of an operator of a stage.
func nodeOf(p *physical.Plan, stage, op int) int {
	for _, s := range p.Stages {
		if s.ID == stage && op >= 0 && op < len(s.Ops) {
			return s.Ops[op].Node
		}
	}
	return -1
}

// Ordered reports whether rows of an input pass through here.
func (g *Gather) Ordered(input int) bool { return g != nil && g.inputs[input] != nil }

// Rows takes rows of an ordered input, of the split with the sequence number seq, or, drained, of Drained plus the task's number.
func (g *Gather) Rows(input int, seq uint64, b *batch.Batch) error {
	return g.add(input, message{seq, b})
}

// SplitEnd says that every row of a split has come through an ordered input.
func (g *Gather) SplitEnd(input int, seq uint64) error { return g.add(input, message{seq: seq}) }

func (g *Gather) add(input int, m message) error {
	p := g.inputs[input]
	l := p.byInput[input]
	return l.add(m, l == p.lanes[0], g.emit(p))
}

func (g *Gather) emit(p *port) func(*batch.Batch) error {
	return func(b *batch.Batch) error { return g.c.Data(p.to, p.port, b) }
}

// Finish gives out what is held, when all inputs have ended.
func (g *Gather) Finish() error {
	for _, p := range g.ports {
		for _, l := range p.lanes {
			if err := l.finish(g.emit(p)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close drops what is held.
func (g *Gather) Close() error {
	if g == nil {
		return nil
	}
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
	if m.rows == nil {
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
		return emit(m.rows)
	}
	x, err := l.hold.put(m.rows)
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
