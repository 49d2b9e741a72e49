package keyed

import (
	"container/heap"
	"slices"
)

// spill puts all sessions that are open into a run, in the order of their keys and starts.
func (s *Sessions) spill() error {
	keys := make([]ref, 0, s.live)
	for k := range uint32(s.keys.len()) {
		if len(s.of[k]) > 0 {
			keys = append(keys, ref{prefix: prefixOf(s.keys.key(k)), group: k})
		}
	}
	slices.SortFunc(keys, func(a, b ref) int { return compareRefs(a, b, s.keys.key(a.group), s.keys.key(b.group)) })
	r, err := s.files.write(Window{}, func(w *entryWriter) error {
		for _, k := range keys {
			for _, y := range s.of[k.group] {
				if err := w.put(y.Window, s.keys.key(k.group), s.ordinals(y.group), s.accs, int(y.group)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.runs = append(s.runs, r)
	return s.clear()
}

// finishRuns gives all sessions to emit, in the order of their keys and starts. Those of several runs that meet or overlap are one.
func (s *Sessions) finishRuns(emit func(*Block) error) error {
	m, err := s.files.merge(s.runs)
	if err != nil {
		return err
	}
	x := sessionMerging{s: s, emit: emit}
	if err := x.begin(); err != nil {
		return err
	}
	for len(m.cursors) > 0 {
		c := heap.Pop((*byKey)(m)).(*cursor)
		if err := x.add(c); err != nil {
			return err
		}
		if err := c.skip(); err != nil {
			return err
		}
		m.push(c)
	}
	return x.flush()
}

// sessionMerging makes blocks of sessions that are read from files.
type sessionMerging struct {
	s       *Sessions
	emit    func(*Block) error
	in      pile
	groups  []uint32 // by what is in it, the session
	windows []Window
	keys    [][]byte
}

func (x *sessionMerging) begin() (err error) {
	x.in, err = newPile(&x.s.spec)
	x.groups, x.windows, x.keys = nil, nil, nil
	return err
}

// add takes in what a cursor stands at, with its pieces.
func (x *sessionMerging) add(c *cursor) error {
	w, n := c.entries.window(c.i), len(x.windows)
	if n > 0 && string(x.keys[n-1]) == string(c.key(c.i)) && w.Start <= x.windows[n-1].End {
		x.windows[n-1].End = max(x.windows[n-1].End, w.End)
	} else {
		if x.full() {
			if err := x.flush(); err != nil {
				return err
			}
		}
		x.windows, x.keys = append(x.windows, w), append(x.keys, slices.Clone(c.key(c.i)))
	}
	x.groups = append(x.groups, uint32(len(x.windows)-1))
	if err := x.in.load(c.entries, c.i, nil); err != nil {
		return err
	}
	for {
		if err := c.next(); err != nil || c.ended() || c.part(c.i) == 0 {
			return err
		}
		if err := x.in.piece(c.part(c.i), c.state(c.i)); err != nil {
			return err
		}
	}
}

// full reports whether the sessions so far are enough for a block.
func (x *sessionMerging) full() bool {
	if len(x.windows) >= blockRows {
		return true
	}
	if len(x.windows)%16 != 0 {
		return false
	}
	x.in.measure()
	return x.in.held > x.s.spec.limit()/4
}

func (x *sessionMerging) flush() error {
	if len(x.windows) == 0 {
		return nil
	}
	p, err := newPart(&x.s.spec)
	if err != nil {
		return err
	}
	n := len(x.windows)
	p.setLevels(x.in.levels)
	for range n * p.levels {
		p.ord = append(p.ord, 1<<64-1)
	}
	for i, g := range x.groups {
		lower(p.ord[int(g)*p.levels:(int(g)+1)*p.levels], x.in.ord[i*p.levels:(i+1)*p.levels])
	}
	for i, a := range p.accs {
		if err := a.Merge(x.in.accs[i], x.groups); err != nil {
			return err
		}
	}
	b := &Block{N: n, windows: x.windows, keys: x.keys, refs: make([]ref, n), parts: []*part{p}}
	for i := range b.refs {
		b.refs[i].group = uint32(i)
	}
	if err := x.emit(b); err != nil {
		return err
	}
	return x.begin()
}
