package keyed

import (
	"bytes"

	"weir/runtime/op"
)

// part is groups in memory, numbered in the order in which they came: their keys, their least ordinals, and one accumulator of each kind
// for all of them. A table of open addressing, at most three quarters full, finds a key's number.
type part struct {
	slots  []uint64 // the low half of a key's hash, and its number + 1; 0 is free
	ends   []int    // key g is keys[ends[g]:ends[g+1]]
	keys   []byte
	levels int
	ord    []uint64 // levels numbers a group
	accs   []op.Accumulator
	held   int64 // what measure said last
}

func newPart(s *Spec) (*part, error) {
	accs, err := s.New()
	if err != nil {
		return nil, err
	}
	return &part{slots: make([]uint64, 8), ends: []int{0}, accs: accs}, nil
}

func (p *part) len() int { return len(p.ends) - 1 }

func (p *part) key(g uint32) []byte { return p.keys[p.ends[g]:p.ends[g+1]] }

// measure gives the change of the memory held, in bytes, since it was asked last.
func (p *part) measure() int64 {
	n := int64(8*cap(p.slots) + 8*cap(p.ends) + cap(p.keys) + 8*cap(p.ord))
	for _, a := range p.accs {
		n += int64(a.Bytes())
	}
	change := n - p.held
	p.held = n
	return change
}

// find gives the number of a key, and whether it is new.
func (p *part) find(key []byte, hash uint64) (g uint32, added bool) {
	mask := uint64(len(p.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		s := p.slots[i]
		if s == 0 {
			break
		}
		if uint32(s>>32) == uint32(hash) && bytes.Equal(p.key(uint32(s)-1), key) {
			return uint32(s) - 1, false
		}
	}
	g = uint32(p.len())
	if 4*(int(g)+1) > 3*len(p.slots) {
		p.grow()
		mask = uint64(len(p.slots) - 1)
	}
	p.keys = append(p.keys, key...)
	p.ends = append(p.ends, len(p.keys))
	p.insert(hash, uint64(uint32(hash))<<32|uint64(g+1))
	return g, true
}

func (p *part) insert(hash, slot uint64) {
	mask := uint64(len(p.slots) - 1)
	i := hash & mask
	for p.slots[i] != 0 {
		i = (i + 1) & mask
	}
	p.slots[i] = slot
}

func (p *part) grow() {
	old := p.slots
	p.slots = make([]uint64, 2*len(old))
	for _, s := range old {
		if s != 0 {
			p.insert(s>>32, s)
		}
	}
}

// lookup finds or makes the groups of rows, and makes their ordinals the least of the rows.
func (p *part) lookup(k *Keys, rows, groups []uint32, ord [][]uint64) {
	if p.len() == 0 {
		p.levels = len(ord)
	}
	use := uint64(k.use) << 32
	for i, row := range rows {
		n := k.number(row)
		if len(k.memo) > 0 {
			if m := k.memo[n]; m&^(1<<32-1) == use {
				groups[i] = uint32(m)
				continue
			}
		}
		g, added := p.find(k.key(n), k.hash[n])
		if added {
			p.addOrdinals(ord, int(row))
		}
		if len(k.memo) > 0 {
			k.memo[n] = use | uint64(g)
		}
		groups[i] = g
	}
	if p.levels != 2 || len(ord) != 2 {
		for i, row := range rows {
			p.place(groups[i], ord, int(row))
		}
		return
	}
	first, second := ord[0], ord[1]
	for i, row := range rows {
		at := p.ord[2*int(groups[i]):][:2:2]
		if x, y := first[row], second[row]; x < at[0] || x == at[0] && y < at[1] {
			at[0], at[1] = x, y
		}
	}
}

// addOrdinals gives a new group the ordinals of a row.
func (p *part) addOrdinals(ord [][]uint64, row int) {
	for level := range p.levels {
		x := uint64(0)
		if level < len(ord) {
			x = ord[level][row]
		}
		p.ord = append(p.ord, x)
	}
}

// place makes the ordinals of a group those of a row where they are less.
func (p *part) place(g uint32, ord [][]uint64, row int) {
	at := p.ord[int(g)*p.levels:]
	for level := range min(p.levels, len(ord)) {
		switch x := ord[level][row]; {
		case x > at[level]:
			return
		case x < at[level]:
			for ; level < min(p.levels, len(ord)); level++ {
				at[level] = ord[level][row]
			}
			return
		}
	}
}

// absorb takes in the groups of another part, which keeps them.
func (p *part) absorb(q *part) error {
	groups := make([]uint32, q.len())
	for g := range groups {
		groups[g] = p.take(q, uint32(g))
	}
	for i, a := range p.accs {
		if err := a.Merge(q.accs[i], groups); err != nil {
			return err
		}
	}
	return nil
}

// take finds or makes the group for one of another part's, with the lesser ordinals; it leaves the accumulators alone.
func (p *part) take(q *part, from uint32) uint32 {
	if p.len() == 0 {
		p.levels = q.levels
	}
	key := q.key(from)
	g, added := p.find(key, Hash(key))
	theirs := q.ord[int(from)*q.levels : (int(from)+1)*q.levels]
	if added {
		for level := range p.levels {
			x := uint64(0)
			if level < len(theirs) {
				x = theirs[level]
			}
			p.ord = append(p.ord, x)
		}
		return g
	}
	ours := p.ord[int(g)*p.levels : (int(g)+1)*p.levels]
	for level := range min(len(ours), len(theirs)) {
		if ours[level] != theirs[level] {
			if theirs[level] < ours[level] {
				copy(ours[level:], theirs[level:])
			}
			break
		}
	}
	return g
}

// append adds a group without looking whether its key is there: for parts that are absorbed by another one.
func (p *part) append(key []byte, ord [][]uint64, row int) (g int) {
	if p.len() == 0 {
		p.levels = len(ord)
	}
	p.keys = append(p.keys, key...)
	p.ends = append(p.ends, len(p.keys))
	p.addOrdinals(ord, row)
	return p.len() - 1
}
