package stat

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"slices"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/fn"
	"weir/stdlib/internal/keyed"
)

// CountDistinct counts different values.
var CountDistinct = &op.Aggregate{
	Name: "count_distinct",
	Doc: "counts the different values, exactly. Nulls do not count; every NaN is the same value, and so are 0.0 and -0.0. Values that memory has no room " +
		"for go to disk; `approx_count` needs next to no memory.",
	Params: fn.Params("x: The values."),
	Resolve: func(args []types.Type) ([]types.Type, types.Type, error) {
		if err := fn.Arity(args, 1); err != nil {
			return nil, types.Type{}, err
		}
		return args, types.Of(types.Int), nil
	},
	New: func([]types.Type, []any) (op.Accumulator, error) { return newDistinct(), nil },
}

// distinct holds the different values of all groups, in the form of batch.AppendKey, in one table of open addressing. A group has a set of its
// own number, so that what is left of a group that was dropped is not found.
type distinct struct {
	sets states[set]
	next uint32 // the number of the next set

	seed  maphash.Seed
	slots []uint64 // the low half of a value's hash, and its number + 1; 0 is free
	of    []uint32 // the set of each value
	link  []uint32 // the next value of its set, its number + 1
	ends  []int    // value i is bytes[ends[i]:ends[i+1]]
	bytes []byte
	dead  int // values of sets that were dropped
	key   []byte
}

// set is the values of a group: a list.
type set struct {
	number, first uint32 // + 1; 0 for none
	n             int64
}

var _ keyed.Streaming = (*distinct)(nil)

func newDistinct() *distinct {
	d := &distinct{seed: maphash.MakeSeed()}
	d.clear()
	return d
}

func (d *distinct) clear() {
	d.slots, d.ends, d.of, d.link, d.bytes, d.dead = make([]uint64, 8), []int{0}, nil, nil, nil, 0
}

func (d *distinct) value(i uint32) []byte { return d.bytes[d.ends[i]:d.ends[i+1]] }

func (d *distinct) hash(set uint32, key []byte) uint64 {
	return maphash.Bytes(d.seed, key) + uint64(set)*0x9e3779b97f4a7c15
}

func (d *distinct) add(g uint32, key []byte) {
	s := d.sets.at(g)
	if s.number == 0 {
		d.next++
		s.number = d.next
	}
	h := d.hash(s.number, key)
	mask := uint64(len(d.slots) - 1)
	for i := h & mask; d.slots[i] != 0; i = (i + 1) & mask {
		x := d.slots[i]
		if n := uint32(x) - 1; x>>32 == h&(1<<32-1) && d.of[n] == s.number && bytes.Equal(d.value(n), key) {
			return
		}
	}
	n := uint32(len(d.of))
	if 4*(int(n)+1) > 3*len(d.slots) {
		d.enlarge()
	}
	d.of, d.link = append(d.of, s.number), append(d.link, s.first)
	d.bytes = append(d.bytes, key...)
	d.ends = append(d.ends, len(d.bytes))
	s.first = n + 1
	s.n++
	d.insert(h&(1<<32-1)<<32 | uint64(n+1))
}

func (d *distinct) insert(slot uint64) {
	mask := uint64(len(d.slots) - 1)
	i := slot >> 32 & mask
	for d.slots[i] != 0 {
		i = (i + 1) & mask
	}
	d.slots[i] = slot
}

func (d *distinct) enlarge() {
	old := d.slots
	d.slots = make([]uint64, 2*len(old))
	for _, x := range old {
		if x != 0 {
			d.insert(x)
		}
	}
}

// each calls f with the values of a group.
func (d *distinct) each(g uint32, f func(key []byte)) {
	for i := d.sets.at(g).first; i != 0; i = d.link[i-1] {
		f(d.value(i - 1))
	}
}

// drop forgets the values of a group.
func (d *distinct) drop(g uint32) {
	s := d.sets.at(g)
	d.dead += int(s.n)
	*s = set{}
	if d.dead < 1024 || 2*d.dead < len(d.of) {
		return
	}
	old := *d
	d.clear()
	for i := range d.sets.s {
		s := &d.sets.s[i]
		first := s.first
		s.first, s.n = 0, 0
		for k := first; k != 0; k = old.link[k-1] {
			d.add(uint32(i), old.value(k-1))
		}
	}
}

func (d *distinct) Add(groups, rows []uint32, args []*batch.Vector, _ [][]uint64) error {
	d.sets.grow(groups)
	each(groups, rows, args[0], func(g uint32, row int) {
		d.key = batch.AppendKey(d.key[:0], args[0], row)
		d.add(g, d.key)
	})
	return nil
}

func (d *distinct) Merge(other op.Accumulator, groups []uint32) error {
	o, ok := other.(*distinct)
	if !ok {
		return mismatch(other)
	}
	for i, g := range groups {
		o.each(uint32(i), func(key []byte) { d.add(g, key) })
	}
	return nil
}

func (d *distinct) Append(b *batch.Builder, group int) { b.Int(d.sets.at(uint32(group)).n) }

func (d *distinct) Bytes() int {
	return 16*cap(d.sets.s) + 8*cap(d.slots) + 4*cap(d.of) + 4*cap(d.link) + 8*cap(d.ends) + cap(d.bytes)
}

// sorted lists the values of a group in order.
func (d *distinct) sorted(group int) [][]byte {
	out := make([][]byte, 0, d.sets.at(uint32(group)).n)
	d.each(uint32(group), func(key []byte) { out = append(out, key) })
	slices.SortFunc(out, bytes.Compare)
	return out
}

func (d *distinct) MarshalGroup(dst []byte, group int) []byte {
	keys := d.sorted(group)
	dst = binary.AppendUvarint(dst, uint64(len(keys)))
	for _, k := range keys {
		dst = appendBytes(dst, k)
	}
	return dst
}

func (d *distinct) UnmarshalGroup(src []byte, group int) error {
	r := reader{b: src}
	d.drop(uint32(group))
	for range r.count() {
		d.add(uint32(group), r.view())
	}
	return r.done()
}

var keyForm = &form[[]byte]{append: appendBytes, parse: (*reader).view, compare: bytes.Compare, set: true}

// Values implements keyed.Streaming.
func (d *distinct) Values(group int) int64 { return d.sets.at(uint32(group)).n }

// Pieces implements keyed.Streaming.
func (d *distinct) Pieces(group int, f func([]byte) error) error {
	return keyForm.cut(d.sorted(group), f)
}

// AddPiece implements keyed.Streaming.
func (d *distinct) AddPiece(group int, piece []byte) error {
	r := reader{b: piece}
	for len(r.b) > 0 {
		if x := r.view(); !r.bad {
			d.add(uint32(group), x)
		}
	}
	return r.done()
}

// MergePieces implements keyed.Streaming.
func (d *distinct) MergePieces(seqs []keyed.PieceReader) keyed.PieceReader {
	return keyForm.merge(seqs)
}

// Finish implements keyed.Streaming.
func (d *distinct) Finish(b *batch.Builder, _ int64, pieces keyed.PieceReader) error {
	n := int64(0)
	err := keyForm.each(pieces, func([]byte) { n++ })
	b.Int(n)
	return err
}
