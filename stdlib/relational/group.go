package relational

import (
	"bytes"
	"hash/maphash"
	"slices"
	"sort"

	"weir/runtime/batch"
)

// groups numbers keys in the order in which they come, and keeps the least ordinals of each. It is a table of open addressing over the keys'
// encoded forms (batch.AppendKey), at most half full.
type groups struct {
	seed   maphash.Seed
	slots  []uint32 // number of a key + 1; 0 is free
	hashes []uint64
	ends   []int // key g is keys[ends[g]:ends[g+1]]
	keys   []byte
	levels int
	ord    []uint64 // levels numbers a key
	buf    []byte
}

func newGroups() *groups {
	return &groups{seed: maphash.MakeSeed(), slots: make([]uint32, 64), ends: []int{0}}
}

func (g *groups) len() int { return len(g.hashes) }

func (g *groups) key(i int) []byte { return g.keys[g.ends[i]:g.ends[i+1]] }

// find gives the slot of a key, free where it is not there.
func (g *groups) find(key []byte, h uint64) int {
	mask := len(g.slots) - 1
	for s := int(h) & mask; ; s = (s + 1) & mask {
		n := g.slots[s]
		if n == 0 || g.hashes[n-1] == h && bytes.Equal(g.key(int(n-1)), key) {
			return s
		}
	}
}

// add gives the number of a key; added says that it is new.
func (g *groups) add(key []byte) (n uint32, added bool) {
	h := maphash.Bytes(g.seed, key)
	s := g.find(key, h)
	if n := g.slots[s]; n != 0 {
		return n - 1, false
	}
	if 2*(len(g.hashes)+1) > len(g.slots) {
		g.grow()
		s = g.find(key, h)
	}
	g.hashes = append(g.hashes, h)
	g.keys = append(g.keys, key...)
	g.ends = append(g.ends, len(g.keys))
	g.slots[s] = uint32(len(g.hashes))
	return uint32(len(g.hashes) - 1), true
}

func (g *groups) grow() {
	g.slots = make([]uint32, 2*len(g.slots))
	mask := len(g.slots) - 1
	for n, h := range g.hashes {
		s := int(h) & mask
		for g.slots[s] != 0 {
			s = (s + 1) & mask
		}
		g.slots[s] = uint32(n + 1)
	}
}

// encode gives the joint key of a row. The slice is good until the next call.
func (g *groups) encode(keys []*batch.Vector, row int) []byte {
	g.buf = g.buf[:0]
	for _, k := range keys {
		g.buf = batch.AppendKey(g.buf, k, row)
	}
	return g.buf
}

// place makes the ordinals of a key those of a row where they are less. added says that the key is new.
func (g *groups) place(n uint32, added bool, ord [][]uint64, row int) {
	if added {
		if n == 0 {
			g.levels = len(ord)
		}
		for level := range g.levels {
			x := uint64(0)
			if level < len(ord) {
				x = ord[level][row]
			}
			g.ord = append(g.ord, x)
		}
		return
	}
	at := g.ord[int(n)*g.levels:]
	for level := range min(g.levels, len(ord)) {
		switch x := ord[level][row]; {
		case x > at[level]:
			return
		case x < at[level]:
			for ; level < min(g.levels, len(ord)); level++ {
				at[level] = ord[level][row]
			}
			return
		}
	}
}

// before reports whether a row stands before the least ordinals of a key.
func (g *groups) before(n uint32, ord [][]uint64, row int) bool {
	at := g.ordinals(int(n))
	for level := range min(g.levels, len(ord)) {
		if x := ord[level][row]; x != at[level] {
			return x < at[level]
		}
	}
	return false
}

// ordinalsOf gives the ordinals of keys as a batch has them.
func (g *groups) ordinalsOf(ns []int) [][]uint64 {
	ord := make([][]uint64, g.levels)
	for level := range ord {
		ord[level] = make([]uint64, len(ns))
		for i, n := range ns {
			ord[level][i] = g.ordinals(n)[level]
		}
	}
	return ord
}

func (g *groups) ordinals(n int) []uint64 { return g.ord[n*g.levels : (n+1)*g.levels] }

// inOrder lists the numbers of the keys by their ordinals, ties by key; without ordinals by key alone, so that the order does not depend on who
// came first.
func (g *groups) inOrder() []int {
	order := make([]int, g.len())
	for i := range order {
		order[i] = i
	}
	sort.Slice(order, func(a, b int) bool {
		i, j := order[a], order[b]
		if c := slices.Compare(g.ordinals(i), g.ordinals(j)); c != 0 {
			return c < 0
		}
		return bytes.Compare(g.key(i), g.key(j)) < 0
	})
	return order
}

// bytes estimates the memory held.
func (g *groups) bytes() int64 {
	return int64(4*cap(g.slots) + 8*cap(g.hashes) + 8*cap(g.ends) + cap(g.keys) + 8*cap(g.ord))
}
