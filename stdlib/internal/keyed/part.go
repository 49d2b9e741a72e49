package keyed

import (
	"bytes"
	"encoding/binary"
	"slices"
	"sync/atomic"

	"weir/runtime/op"
)

// part is groups in memory, numbered in the order in which they came: their keys, their least ordinals, and one accumulator of each kind
// for all of them. A table of open addressing, at most seven eighths full, finds a key's number.
type part struct {
	id     uint32 // that no other part has: see Keys.memo
	slots  []slot
	ends   []int // key g is keys[ends[g]:ends[g+1]]
	keys   []byte
	levels int
	ord    []uint64 // levels numbers a group
	top    []uint64 // the greatest ordinals of a group: rows behind them change no group's
	accs   []op.Accumulator
	held   int64 // what measure said last

	places  []uint64 // see touch
	touched byte
}

// slot is a place of the table: where a key is, so that it can be compared without a look at part.ends.
type slot struct {
	hash  uint32 // the low half
	group uint32 // + 1; 0 is free
	at    uint64 // of the key in part.keys, and its length in the lowest lenBits bits
}

const (
	lenBits = 20
	maxLen  = 1<<lenBits - 1 // stands for this length and all above
)

func slotOf(hash uint64, g uint32, at, n int) slot {
	return slot{uint32(hash), g + 1, uint64(at)<<lenBits | uint64(min(n, maxLen))}
}

// holds reports whether a slot that is not free has the key.
func (p *part) holds(s slot, key []byte, hash uint64) bool {
	n := len(key)
	if s.hash != uint32(hash) || int(s.at&maxLen) != min(n, maxLen) {
		return false
	}
	at := s.at >> lenBits
	if n >= 8 && n <= 16 {
		k := p.keys[at : at+uint64(n)]
		return binary.LittleEndian.Uint64(k) == binary.LittleEndian.Uint64(key) &&
			binary.LittleEndian.Uint64(k[n-8:]) == binary.LittleEndian.Uint64(key[n-8:])
	}
	return bytes.Equal(p.key(s.group-1), key)
}

func newPart(s *Spec) (*part, error) {
	accs, err := s.New()
	if err != nil {
		return nil, err
	}
	return &part{id: lastPart.Add(1), slots: make([]slot, 8), ends: []int{0}, accs: accs}, nil
}

// lastPart is the number of the part that was made last.
var lastPart atomic.Uint32

func (p *part) len() int { return len(p.ends) - 1 }

func (p *part) key(g uint32) []byte { return p.keys[p.ends[g]:p.ends[g+1]] }

// measure gives the change of the memory held, in bytes, since it was asked last.
func (p *part) measure() int64 {
	n := int64(16*cap(p.slots) + 8*cap(p.ends) + cap(p.keys) + 8*cap(p.ord))
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
		if s.group == 0 {
			return p.add(key, hash), true
		}
		if p.holds(s, key, hash) {
			return s.group - 1, false
		}
	}
}

// add makes a group for a key that is not there.
func (p *part) add(key []byte, hash uint64) uint32 {
	g := uint32(p.len())
	if 8*(int(g)+1) > 7*len(p.slots) {
		p.grow()
	}
	p.insert(slotOf(hash, g, len(p.keys), len(key)))
	p.keys = append(p.keys, key...)
	p.ends = append(p.ends, len(p.keys))
	return g
}

func (p *part) insert(s slot) {
	mask := uint32(len(p.slots) - 1)
	i := s.hash & mask
	for p.slots[i].group != 0 {
		i = (i + 1) & mask
	}
	p.slots[i] = s
}

func (p *part) grow() {
	old := p.slots
	p.slots = make([]slot, 2*len(old))
	for _, s := range old {
		if s.group != 0 {
			p.insert(s)
		}
	}
}

// lookup finds or makes the groups of rows, and makes their ordinals the least of the rows.
func (p *part) lookup(k *Keys, rows, groups []uint32, ord [][]uint64) {
	if p.len() == 0 {
		p.setLevels(len(ord))
	}
	p.touch(k, rows)
	if len(k.memo) > 0 {
		p.remembered(k, rows, groups, ord)
	} else {
		for i, row := range rows {
			g, added := p.find(k.key(row), k.hash[row])
			if added {
				p.addOrdinals(ord, int(row))
			}
			groups[i] = g
		}
	}
	if p.levels != 2 || len(ord) != 2 {
		for i, row := range rows {
			p.place(groups[i], ord, int(row))
		}
		return
	}
	first, second, top0, top1 := ord[0], ord[1], p.top[0], p.top[1]
	for i, row := range rows {
		x, y := first[row], second[row]
		if x > top0 || x == top0 && y >= top1 {
			continue
		}
		if at := p.ord[2*int(groups[i]):][:2:2]; x < at[0] || x == at[0] && y < at[1] {
			at[0], at[1] = x, y
		}
	}
}

// remembered finds or makes the groups of rows whose keys come again.
func (p *part) remembered(k *Keys, rows, groups []uint32, ord [][]uint64) {
	id := uint64(p.id) << 32
	for i, row := range rows {
		n := k.idx[row]
		if m := k.memo[n]; m&^(1<<32-1) == id {
			groups[i] = uint32(m)
			continue
		}
		g, added := p.find(k.key(n), k.hash[n])
		if added {
			p.addOrdinals(ord, int(row))
		}
		k.memo[n] = id | uint64(g)
		groups[i] = g
	}
}

// touch reads what lookup is going to read, as many places at a time as the processor can: first the slots, then the keys that they point to.
func (p *part) touch(k *Keys, rows []uint32) {
	if len(k.memo) > 0 || len(p.keys) == 0 {
		return
	}
	if cap(p.places) < len(rows) {
		p.places = make([]uint64, len(rows))
	}
	places := p.places[:len(rows)]
	mask := uint64(len(p.slots) - 1)
	for i, row := range rows {
		places[i] = p.slots[k.hash[row]&mask].at >> lenBits
	}
	for _, at := range places {
		p.touched += p.keys[at]
	}
}

func (p *part) setLevels(n int) {
	p.levels, p.top = n, make([]uint64, n)
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
	p.raise()
}

// raise notes the ordinals of the group that was added last.
func (p *part) raise() {
	if last := p.ord[len(p.ord)-p.levels:]; slices.Compare(last, p.top) > 0 {
		copy(p.top, last)
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
		p.setLevels(q.levels)
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
		p.raise()
		return g
	}
	lower(p.ord[int(g)*p.levels:(int(g)+1)*p.levels], theirs)
	return g
}

// lower makes ordinals others where those are less.
func lower(ours, theirs []uint64) {
	for level := range min(len(ours), len(theirs)) {
		if ours[level] != theirs[level] {
			if theirs[level] < ours[level] {
				copy(ours[level:], theirs[level:])
			}
			return
		}
	}
}

// append adds a group without looking whether its key is there: for parts that are absorbed by another one.
func (p *part) append(key []byte, ord [][]uint64, row int) (g int) {
	if p.len() == 0 {
		p.setLevels(len(ord))
	}
	p.keys = append(p.keys, key...)
	p.ends = append(p.ends, len(p.keys))
	p.addOrdinals(ord, row)
	return p.len() - 1
}
