package keyed

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"weir/runtime/batch"
)

// store is the groups of one window, dealt out to shards by key group, so that no table has to be written, merged or enlarged in one piece when it
// is large.
type store struct {
	window Window
	shards []*shard
	runs   []*run
}

// shard is the groups of some key groups.
type shard struct {
	part   *part   // takes rows; nil while there are none
	frozen *frozen // what a snapshot is being written of; nil otherwise
}

// frozen is a part whose content must stay until it is written. Whoever looks at it holds the lock: an accumulator may tidy up while it is read.
type frozen struct {
	mu     sync.Mutex
	window Window
	part   *part
	done   atomic.Bool // it is written, or will not be
}

// shardCount gives the number of shards of a store.
func (s *Spec) shardCount() int {
	n := 64
	if s.Windowed {
		n = 8
	}
	return max(1, min(n, s.Last-s.First))
}

// scratch is memory for one call of add.
type scratch struct {
	shard  []uint8
	from   []int
	rows   []uint32
	groups []uint32
}

// add takes rows in; args are by accumulator.
func (t *store) add(s *State, k *Keys, rows []uint32, args [][]*batch.Vector, ord [][]uint64) error {
	if k.single {
		return t.addTo(s, t.shards[s.shardOf[s.spec.group(k.hash[0])]], k, rows, args, ord)
	}
	x, n := &s.scratch, len(t.shards)
	x.shard, x.rows = grown(x.shard, len(rows)), grown(x.rows, len(rows))
	x.from = grown(x.from, n+1)
	clear(x.from)
	if k.idx == nil {
		for i, row := range rows {
			at := s.shardOf[s.spec.group(k.hash[row])]
			x.shard[i] = at
			x.from[at+1]++
		}
	} else {
		for i, row := range rows {
			at := s.shardOf[s.spec.group(k.hash[k.idx[row]])]
			x.shard[i] = at
			x.from[at+1]++
		}
	}
	for i := range n {
		x.from[i+1] += x.from[i]
	}
	if n > 1 {
		for i, row := range rows {
			at := x.shard[i]
			x.rows[x.from[at]] = row
			x.from[at]++
		}
		copy(x.from[1:], x.from[:n]) // each has moved to the beginning of the next one
		x.from[0] = 0
	} else {
		copy(x.rows, rows)
	}
	for i, sh := range t.shards {
		if part := x.rows[x.from[i]:x.from[i+1]]; len(part) > 0 {
			if err := t.addTo(s, sh, k, part, args, ord); err != nil {
				return err
			}
		}
	}
	return nil
}

// addTo takes rows of one shard in.
func (t *store) addTo(s *State, sh *shard, k *Keys, rows []uint32, args [][]*batch.Vector, ord [][]uint64) error {
	if err := sh.open(s); err != nil {
		return err
	}
	s.scratch.groups = grown(s.scratch.groups, len(rows))
	groups := s.scratch.groups
	sh.part.lookup(k, rows, groups, ord)
	for j, a := range sh.part.accs {
		if err := a.Add(groups, rows, args[j], ord); err != nil {
			return err
		}
	}
	s.held += sh.part.measure()
	return nil
}

func (sh *shard) open(s *State) (err error) {
	if sh.part == nil {
		sh.part, err = newPart(&s.spec)
	}
	return err
}

// whole makes the part of every shard all that there is of it. What is still being written is copied.
func (t *store) whole(s *State) error {
	for _, sh := range t.shards {
		f := sh.frozen
		if f == nil {
			continue
		}
		if err := sh.open(s); err != nil {
			return err
		}
		sh.frozen = nil
		f.mu.Lock()
		err := sh.part.absorb(f.part)
		f.mu.Unlock()
		if err != nil {
			return err
		}
		s.held += sh.part.measure()
	}
	return nil
}

// thaw puts a shard together again of which a snapshot has been written.
func (sh *shard) thaw(s *State) error {
	f := sh.frozen
	f.mu.Lock() // whoever wrote it has seen it last
	defer f.mu.Unlock()
	sh.frozen = nil
	if sh.part != nil {
		s.held -= sh.part.held
		large, small := f.part, sh.part
		if large.len() < small.len() {
			large, small = small, large
		}
		if err := large.absorb(small); err != nil {
			return err
		}
		sh.part = large
	} else {
		sh.part = f.part
	}
	sh.part.held = 0
	s.held += sh.part.measure()
	return nil
}

// clear drops what is in memory.
func (t *store) clear(s *State) {
	for _, sh := range t.shards {
		if sh.part != nil {
			s.held -= sh.part.held
		}
		sh.part = nil
	}
}

func (t *store) bytes() int64 {
	n := int64(0)
	for _, sh := range t.shards {
		if sh.part != nil {
			n += sh.part.held
		}
	}
	return n
}

// ref is a group of a shard, with the beginning of its key as a number.
type ref struct {
	prefix uint64
	shard  uint32
	group  uint32
}

// sorted lists the groups in memory by key.
func (t *store) sorted() []ref {
	var refs []ref
	for i, sh := range t.shards {
		if sh.part == nil {
			continue
		}
		for g := range uint32(sh.part.len()) {
			refs = append(refs, ref{prefixOf(sh.part.key(g)), uint32(i), g})
		}
	}
	slices.SortFunc(refs, func(a, b ref) int {
		return compareRefs(a, b, t.shards[a.shard].part.key(a.group), t.shards[b.shard].part.key(b.group))
	})
	return refs
}

// compareRefs orders groups by their keys, of which mostly the beginnings are enough.
func compareRefs(a, b ref, x, y []byte) int {
	if a.prefix != b.prefix {
		return cmp.Compare(a.prefix, b.prefix)
	}
	return bytes.Compare(x, y)
}

// prefixOf is a number that keys are ordered by as far as it goes. It passes over the byte that says that a value is not null.
func prefixOf(key []byte) uint64 {
	switch {
	case len(key) == 0:
		return 0
	case key[0] != 1:
		return math.MaxUint64
	case len(key) >= 9:
		return binary.BigEndian.Uint64(key[1:])
	}
	var first [8]byte
	copy(first[:], key[1:])
	return binary.BigEndian.Uint64(first[:])
}
