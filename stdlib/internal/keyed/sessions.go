package keyed

import (
	"bytes"
	"container/heap"
	"math"
	"slices"
	"sort"

	"weir/runtime/batch"
	"weir/runtime/op"
)

// Sessions are the groups of an instance whose windows merge: those of a key that meet or overlap are one.
type Sessions struct {
	spec Spec
	keys *part       // numbers the keys; it has neither ordinals nor accumulators
	of   [][]session // by key, in the order of time
	live int         // keys that have a session

	accs   []op.Accumulator // of sessions, by their groups
	empty  [][]byte         // the state of a group without rows, by accumulator
	levels int
	ord    []uint64 // levels numbers a session
	size   uint32   // groups that have been in use
	free   []uint32
	ends   endings
	byKey  []uint32 // of the rows of a batch, their groups

	files files
	runs  []*run // where event time stands still, what memory had no room for
}

// session is one window of a key, and its group.
type session struct {
	Window
	group uint32
}

// NewSessions makes an empty state.
func NewSessions(spec Spec) (*Sessions, error) {
	p, err := newPart(&spec)
	if err != nil {
		return nil, err
	}
	s := &Sessions{spec: spec}
	for _, a := range p.accs {
		s.empty = append(s.empty, a.MarshalGroup(nil, 0))
	}
	s.files = newFiles(&s.spec)
	return s, s.clear()
}

// clear forgets all sessions in memory.
func (s *Sessions) clear() error {
	p, err := newPart(&s.spec)
	if err != nil {
		return err
	}
	s.accs, s.size, s.free, s.ord, s.ends = p.accs, 0, nil, nil, nil
	s.forget()
	return nil
}

// Fit puts the sessions into a file where they take more than there is memory for. It must not be called where event time goes on: sessions in files
// are given back by the last Finish only.
func (s *Sessions) Fit() error {
	if s.Bytes() <= s.spec.limit() || s.Len() == 0 {
		return nil
	}
	return s.spill()
}

// Close gives the space of all files back.
func (s *Sessions) Close() error { return closeRuns(s.runs) }

func (s *Sessions) ordinals(g uint32) []uint64 {
	return s.ord[int(g)*s.levels : (int(g)+1)*s.levels]
}

func (s *Sessions) forget() {
	s.keys = &part{slots: make([]slot, 8), ends: []int{0}}
	s.of, s.live = nil, 0
}

// Bytes estimates the memory held.
func (s *Sessions) Bytes() int64 {
	s.keys.measure()
	n := s.keys.held + int64(24*cap(s.of)+24*int(s.size)+8*cap(s.ord)+4*cap(s.free)+32*cap(s.ends))
	for _, a := range s.accs {
		n += int64(a.Bytes())
	}
	return n
}

// Len counts the sessions that are open.
func (s *Sessions) Len() int { return int(s.size) - len(s.free) }

// key numbers a key.
func (s *Sessions) key(key []byte, hash uint64) uint32 {
	k, added := s.keys.find(key, hash)
	if added {
		s.of = append(s.of, nil)
	}
	return k
}

// Add takes rows in, each with a window of its own.
func (s *Sessions) Add(k *Keys, rows []uint32, windows []Window, args [][]*batch.Vector, ord [][]uint64) error {
	if s.size == 0 {
		s.levels = len(ord)
	}
	s.byKey = s.byKey[:0]
	from := 0
	for i, row := range rows {
		n := k.number(row)
		key := s.key(k.key(n), k.hash[n])
		first, last := s.touching(key, windows[i])
		if last-first > 1 { // what was added to them so far must be in their groups before they are put together
			if err := s.count(rows[from:i], args, ord); err != nil {
				return err
			}
			from = i
		}
		g, err := s.place(key, first, last, windows[i])
		if err != nil {
			return err
		}
		p := part{levels: s.levels, ord: s.ord}
		p.place(g, ord, int(row))
		s.byKey = append(s.byKey, g)
	}
	return s.count(rows[from:], args, ord)
}

// count gives the accumulators the rows whose groups are known.
func (s *Sessions) count(rows []uint32, args [][]*batch.Vector, ord [][]uint64) error {
	if len(rows) > 0 {
		for i, a := range s.accs {
			if err := a.Add(s.byKey, rows, args[i], ord); err != nil {
				return err
			}
		}
	}
	s.byKey = s.byKey[:0]
	return nil
}

// touching gives the sessions of a key, of[first:last], that a window meets or overlaps.
func (s *Sessions) touching(key uint32, w Window) (first, last int) {
	list := s.of[key]
	first = sort.Search(len(list), func(i int) bool { return list[i].End >= w.Start })
	last = first
	for last < len(list) && list[last].Start <= w.End {
		last++
	}
	return first, last
}

// place makes one session of a window and of those that it touches, and gives its group.
func (s *Sessions) place(key uint32, first, last int, w Window) (uint32, error) {
	list := s.of[key]
	if first == last {
		if len(list) == 0 {
			s.live++
		}
		g := s.group()
		s.of[key] = slices.Insert(list, first, session{w, g})
		heap.Push(&s.ends, ending{w.End, key, g})
		return g, nil
	}
	x := &list[first]
	x.Start, x.End = min(x.Start, w.Start), max(x.End, w.End, list[last-1].End)
	for _, y := range list[first+1 : last] {
		if err := s.merge(x.group, y.group); err != nil {
			return 0, err
		}
	}
	s.of[key] = slices.Delete(list, first+1, last)
	return x.group, nil
}

// group gives a free group.
func (s *Sessions) group() uint32 {
	if n := len(s.free); n > 0 {
		g := s.free[n-1]
		s.free = s.free[:n-1]
		for level := range s.levels {
			s.ord[int(g)*s.levels+level] = 1<<64 - 1
		}
		return g
	}
	for range s.levels {
		s.ord = append(s.ord, 1<<64-1)
	}
	s.size++
	return s.size - 1
}

// merge adds the state of a group to another one's, and frees it.
func (s *Sessions) merge(to, from uint32) error {
	other, err := s.spec.New()
	if err != nil {
		return err
	}
	for i, a := range s.accs {
		if err := other[i].UnmarshalGroup(a.MarshalGroup(nil, int(from)), 0); err != nil {
			return err
		}
		if err := a.Merge(other[i], []uint32{to}); err != nil {
			return err
		}
	}
	lower(s.ordinals(to), s.ordinals(from))
	return s.release(from)
}

func (s *Sessions) release(g uint32) error {
	for i, a := range s.accs {
		if err := a.UnmarshalGroup(s.empty[i], int(g)); err != nil {
			return err
		}
	}
	s.free = append(s.free, g)
	return nil
}

// ending is when a session ended when it began; it may have gone on.
type ending struct {
	end        int64
	key, group uint32
}

type endings []ending

func (h endings) Len() int           { return len(h) }
func (h endings) Less(i, j int) bool { return h[i].end < h[j].end }
func (h endings) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *endings) Push(x any)        { *h = append(*h, x.(ending)) }
func (h *endings) Pop() any {
	x := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return x
}

// Finish gives the sessions that have ended by a time to emit, in the order of their ends, their starts and their keys, and drops them. Those that went into
// files come in the order of their keys, at the last Finish, until math.MaxInt64.
func (s *Sessions) Finish(until int64, emit func(*Block) error) error {
	if len(s.runs) > 0 {
		if until != math.MaxInt64 {
			return nil
		}
		if err := s.spill(); err != nil {
			return err
		}
		return s.finishRuns(emit)
	}
	type ended struct {
		session
		key uint32
	}
	var list []ended
	for len(s.ends) > 0 && s.ends[0].end <= until {
		e := heap.Pop(&s.ends).(ending)
		i := slices.IndexFunc(s.of[e.key], func(x session) bool { return x.group == e.group })
		if i < 0 {
			continue
		}
		x := s.of[e.key][i]
		if x.End > until {
			heap.Push(&s.ends, ending{x.End, e.key, e.group})
			continue
		}
		list = append(list, ended{x, e.key})
		if s.of[e.key] = slices.Delete(s.of[e.key], i, i+1); len(s.of[e.key]) == 0 {
			s.of[e.key] = nil
			s.live--
		}
	}
	slices.SortFunc(list, func(a, b ended) int {
		if c := compareWindows(a.Window, b.Window); c != 0 {
			return c
		}
		return bytes.Compare(s.keys.key(a.key), s.keys.key(b.key))
	})
	for rest := list; len(rest) > 0; {
		n := min(len(rest), blockRows)
		b := &Block{N: n, refs: make([]ref, n), windows: make([]Window, n), parts: []*part{{levels: s.levels, ord: s.ord, accs: s.accs}}, keys: make([][]byte, n)}
		for i, x := range rest[:n] {
			b.refs[i].group, b.windows[i], b.keys[i] = x.group, x.Window, s.keys.key(x.key)
		}
		if err := emit(b); err != nil {
			return err
		}
		rest = rest[n:]
	}
	for _, x := range list {
		if err := s.release(x.group); err != nil {
			return err
		}
	}
	return s.tidy()
}

// tidy forgets keys without sessions once they are most of all.
func (s *Sessions) tidy() error {
	if s.keys.len() < 1024 || 2*s.live > s.keys.len() {
		return nil
	}
	keys, of := s.keys, s.of
	s.forget()
	s.ends = s.ends[:0]
	for k, list := range of {
		if len(list) == 0 {
			continue
		}
		key := keys.key(uint32(k))
		n := s.key(key, Hash(key))
		s.of[n] = list
		s.live++
		for _, x := range list {
			s.ends = append(s.ends, ending{x.End, n, x.group})
		}
	}
	heap.Init(&s.ends)
	return nil
}

// Snapshot writes the sessions that are open.
func (s *Sessions) Snapshot(w op.SnapshotWriter) error {
	for _, r := range s.runs {
		if err := w.File(r.name, r.file.Path()); err != nil {
			return err
		}
	}
	byGroup := map[int][]uint32{}
	for k := range uint32(s.keys.len()) {
		if len(s.of[k]) > 0 {
			g := s.spec.group(Hash(s.keys.key(k)))
			byGroup[g] = append(byGroup[g], k)
		}
	}
	for g := s.spec.First; g < s.spec.Last; g++ {
		x := entryWriter{size: 256 << 10, flush: frames(func(frame []byte) error { return w.KeyGroup(g, frame) })}
		for _, k := range byGroup[g] {
			for _, y := range s.of[k] {
				if err := x.put(y.Window, s.keys.key(k), s.ordinals(y.group), s.accs, int(y.group)); err != nil {
					return err
				}
			}
		}
		if err := x.done(); err != nil {
			return err
		}
	}
	return nil
}

// Restore takes in what snapshots have written, of this instance or of several.
func (s *Sessions) Restore(r op.SnapshotReader) error {
	l := loader{spec: &s.spec, take: s.take}
	if err := l.restore(r); err != nil {
		return err
	}
	var err error
	s.runs, err = s.files.restore(r)
	return err
}

// take takes in the sessions of a part.
func (s *Sessions) take(windows []Window, _ int, in *part) error {
	if s.size == 0 {
		s.levels = in.levels
	}
	groups := make([]uint32, in.len())
	for i := range groups {
		key := in.key(uint32(i))
		k := s.key(key, Hash(key))
		first, last := s.touching(k, windows[i])
		if first != last {
			return errState
		}
		g, err := s.place(k, first, last, windows[i])
		if err != nil {
			return err
		}
		groups[i] = g
		copy(s.ordinals(g), in.ord[i*in.levels:(i+1)*in.levels])
	}
	for i, a := range s.accs {
		if err := a.Merge(in.accs[i], groups); err != nil {
			return err
		}
	}
	return nil
}
