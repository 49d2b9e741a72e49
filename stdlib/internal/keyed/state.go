package keyed

import (
	"errors"
	"slices"

	"weir/runtime/batch"
)

// State is the groups of an instance of an operator, by window and key. It is used by one goroutine; only what Snapshot gives to Later runs in
// another one.
type State struct {
	spec      Spec
	streaming []int   // the accumulators that are Streaming
	shardOf   []uint8 // by key group
	stores    map[Window]*store
	held      int64 // bytes, without what is frozen
	frozen    []*frozen
	files     files
	scratch   scratch
}

// New makes an empty state.
func New(spec Spec) (*State, error) {
	s := &State{spec: spec, stores: map[Window]*store{}}
	p, err := newPart(&spec)
	if err != nil {
		return nil, err
	}
	for i, a := range p.accs {
		if _, ok := a.(Streaming); ok {
			s.streaming = append(s.streaming, i)
		}
	}
	s.shardOf = make([]uint8, max(1, spec.All))
	n := spec.shardCount()
	for g := range s.shardOf {
		i := (g - spec.First) * n / max(1, spec.Last-spec.First)
		s.shardOf[g] = uint8(min(max(i, 0), n-1))
	}
	s.files = newFiles(&s.spec)
	return s, nil
}

func (s *State) store(w Window) *store {
	t := s.stores[w]
	if t == nil {
		t = &store{window: w, shards: make([]*shard, s.spec.shardCount())}
		for i := range t.shards {
			t.shards[i] = &shard{}
		}
		s.stores[w] = t
	}
	return t
}

// Add takes rows into the groups of their keys in a window; args has the arguments of each accumulator.
func (s *State) Add(w Window, k *Keys, rows []uint32, args [][]*batch.Vector, ord [][]uint64) error {
	if err := s.thawSome(); err != nil {
		return err
	}
	if err := s.store(w).add(s, k, rows, args, ord); err != nil {
		return err
	}
	return s.fit()
}

// AddEmpty makes a group of no rows.
func (s *State) AddEmpty(w Window, key []byte) error {
	hash := Hash(key)
	sh := s.store(w).shards[s.shardOf[s.spec.group(hash)]]
	if err := sh.open(s); err != nil {
		return err
	}
	if _, added := sh.part.find(key, hash); added {
		sh.part.addOrdinals(nil, 0)
	}
	return nil
}

// Has reports whether there is anything of a window.
func (s *State) Has(w Window) bool { return s.stores[w] != nil }

// Windows lists the windows that have groups, by their ends, then their starts.
func (s *State) Windows() []Window {
	ws := make([]Window, 0, len(s.stores))
	for w := range s.stores {
		ws = append(ws, w)
	}
	slices.SortFunc(ws, compareWindows)
	return ws
}

// fit puts the largest stores into files while more is held than there is memory for.
func (s *State) fit() error {
	limit := s.spec.limit()
	if s.held <= limit {
		return nil
	}
	stores := make([]*store, 0, len(s.stores))
	for _, t := range s.stores {
		stores = append(stores, t)
	}
	slices.SortFunc(stores, func(a, b *store) int { return int(min(max(b.bytes()-a.bytes(), -1), 1)) })
	for _, t := range stores {
		if s.held <= limit/2 {
			break
		}
		if err := s.spill(t); err != nil {
			return err
		}
	}
	return nil
}

// Finish gives the groups of a window to emit, in the order of their keys, and drops them. A Block is good until emit returns.
func (s *State) Finish(w Window, emit func(*Block) error) error {
	t := s.stores[w]
	if t == nil {
		return nil
	}
	if err := t.whole(s); err != nil {
		return err
	}
	if len(t.runs) > 0 {
		if err := s.spill(t); err != nil {
			return err
		}
		if err := s.finishRuns(t, emit); err != nil {
			return err
		}
	} else if err := t.finish(emit); err != nil {
		return err
	}
	return s.drop(t)
}

// drop forgets a window.
func (s *State) drop(t *store) error {
	t.clear(s)
	delete(s.stores, t.window)
	return closeRuns(t.runs)
}

// Close gives the space of all files back.
func (s *State) Close() error {
	var errs []error
	for _, t := range s.stores {
		errs = append(errs, s.drop(t))
	}
	return errors.Join(errs...)
}
