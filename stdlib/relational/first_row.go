package relational

import (
	"encoding/binary"
	"fmt"
	"slices"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/keyed"
	"weir/stdlib/stat"
)

// firstRow is an accumulator that holds the first row of each group, by the rows' ordinals. Its arguments are the columns of the row.
type firstRow struct {
	row   types.Row
	at    []spot // by group
	kept  []*batch.Batch
	taken int64 // bytes of kept
	// open is openN rows that have come one by one; they become the next of kept.
	open    []*batch.Builder
	openOrd [][]uint64
	openN   int
}

// spot is a row of the kept batches; the zero spot stands for none.
type spot struct{ batch, row uint32 } // batch + 1

// openRows is how many rows that come one by one make a batch.
const openRows = 1024

var _ op.Accumulator = (*firstRow)(nil)

func (f *firstRow) grow(group uint32) {
	for int(group) >= len(f.at) {
		f.at = append(f.at, spot{})
	}
}

// ordinals gives a level of the ordinals of a kept row.
func (f *firstRow) ordinal(s spot, level int) uint64 {
	if int(s.batch) > len(f.kept) {
		return f.openOrd[level][s.row]
	}
	return f.kept[s.batch-1].Ord[level][s.row]
}

func (f *firstRow) levels(s spot) int {
	if int(s.batch) > len(f.kept) {
		return len(f.openOrd)
	}
	return len(f.kept[s.batch-1].Ord)
}

// before reports whether a row with these ordinals stands before a kept one.
func (f *firstRow) before(level func(int) uint64, levels int, s spot) bool {
	for l := range min(levels, f.levels(s)) {
		if x, y := level(l), f.ordinal(s, l); x != y {
			return x < y
		}
	}
	return false
}

// Add implements op.Accumulator.
func (f *firstRow) Add(groups, rows []uint32, args []*batch.Vector, ord [][]uint64) error {
	f.grow(slices.Max(groups))
	f.seal()
	next := uint32(len(f.kept)) + 1
	var keep []uint32
	for i, g := range groups {
		row := int(rows[i])
		s := f.at[g]
		switch {
		case s.batch == 0:
			f.at[g] = spot{next, uint32(len(keep))}
			keep = append(keep, rows[i])
		case s.batch == next: // of this call
			if stands(ord, row, int(keep[s.row])) {
				keep[s.row] = rows[i]
			}
		case f.before(func(l int) uint64 { return ord[l][row] }, len(ord), s):
			f.at[g] = spot{next, uint32(len(keep))}
			keep = append(keep, rows[i])
		}
	}
	if len(keep) == 0 {
		return nil
	}
	f.keep((&batch.Batch{Row: f.row, N: int(slices.Max(rows)) + 1, Cols: args, Ord: ord}).Take(keep).Own())
	return nil
}

// stands reports whether row i stands before row j.
func stands(ord [][]uint64, i, j int) bool {
	for _, level := range ord {
		if level[i] != level[j] {
			return level[i] < level[j]
		}
	}
	return false
}

func (f *firstRow) keep(b *batch.Batch) {
	f.kept = append(f.kept, b)
	f.taken += int64(b.Bytes())
}

// seal makes a batch of the rows that have come one by one.
func (f *firstRow) seal() {
	if f.openN == 0 {
		return
	}
	b := &batch.Batch{Row: f.row, N: f.openN, Ord: f.openOrd}
	for _, c := range f.open {
		b.Cols = append(b.Cols, c.Done())
	}
	f.open, f.openOrd, f.openN = nil, nil, 0
	f.keep(b)
}

// Merge implements op.Accumulator.
func (f *firstRow) Merge(other op.Accumulator, groups []uint32) error {
	o, ok := other.(*firstRow)
	if !ok {
		return fmt.Errorf("relational: a state of type %T cannot be merged here", other)
	}
	f.seal()
	o.seal()
	next := uint32(len(f.kept)) + 1
	var from []spot
	for i, g := range groups {
		f.grow(g)
		if i >= len(o.at) || o.at[i].batch == 0 {
			continue
		}
		theirs, ours := o.at[i], f.at[g]
		first := func(l int) uint64 { return o.ordinal(theirs, l) }
		switch {
		case ours.batch == 0:
			f.at[g] = spot{next, uint32(len(from))}
			from = append(from, theirs)
		case ours.batch == next:
			was := from[ours.row]
			if o.before(first, o.levels(theirs), was) {
				from[ours.row] = theirs
			}
		case f.before(first, o.levels(theirs), ours):
			f.at[g] = spot{next, uint32(len(from))}
			from = append(from, theirs)
		}
	}
	if len(from) > 0 {
		f.keep(gatherSpots([]*firstRow{o}, make([]int, len(from)), from))
	}
	return nil
}

// gatherSpots makes a batch of kept rows, each of the state that of says.
func gatherSpots(states []*firstRow, of []int, spots []spot) *batch.Batch {
	type key struct {
		state int
		batch uint32
	}
	numbers := map[key]int{}
	var parts []*batch.Batch
	var rows [][]uint32
	idx := make([]uint32, len(spots))
	for i, s := range spots {
		k := key{of[i], s.batch}
		n, ok := numbers[k]
		if !ok {
			n = len(parts)
			numbers[k] = n
			parts, rows = append(parts, states[of[i]].kept[s.batch-1]), append(rows, nil)
		}
		idx[i] = uint32(len(rows[n]))
		rows[n] = append(rows[n], s.row)
	}
	base := uint32(0)
	bases := make([]uint32, len(parts))
	for n, p := range parts {
		bases[n] = base
		base += uint32(len(rows[n]))
		parts[n] = p.Take(rows[n])
	}
	for i, s := range spots {
		idx[i] += bases[numbers[key{of[i], s.batch}]]
	}
	return batch.Concat(states[0].row, parts).Take(idx).Own()
}

// Append implements op.Accumulator; firstRows gives the rows instead.
func (f *firstRow) Append(b *batch.Builder, _ int) { b.Null() }

// firstRows gives the rows of a block of groups.
func firstRows(g *keyed.Block) *batch.Batch {
	var states []*firstRow
	numbers := map[*firstRow]int{}
	of, spots := make([]int, g.N), make([]spot, g.N)
	for i := range g.N {
		acc, group := g.Accumulator(0, i)
		f := acc.(*firstRow)
		n, ok := numbers[f]
		if !ok {
			n = len(states)
			numbers[f] = n
			states = append(states, f)
			f.seal()
		}
		of[i], spots[i] = n, f.at[group]
	}
	return gatherSpots(states, of, spots)
}

// MarshalGroup implements op.Accumulator.
func (f *firstRow) MarshalGroup(dst []byte, group int) []byte {
	f.seal()
	if group >= len(f.at) || f.at[group].batch == 0 {
		return dst
	}
	s := f.at[group]
	b := f.kept[s.batch-1]
	dst = binary.AppendUvarint(dst, uint64(len(b.Ord)))
	for _, level := range b.Ord {
		dst = binary.AppendUvarint(dst, level[s.row])
	}
	for _, c := range b.Cols {
		dst = stat.AppendValue(dst, c, int(s.row))
	}
	return dst
}

// UnmarshalGroup implements op.Accumulator.
func (f *firstRow) UnmarshalGroup(src []byte, group int) error {
	f.grow(uint32(group))
	f.at[group] = spot{}
	if len(src) == 0 {
		return nil
	}
	levels, n := binary.Uvarint(src)
	if n <= 0 || levels > uint64(len(src)) {
		return errState
	}
	src = src[n:]
	if f.openN >= openRows || f.openN > 0 && len(f.openOrd) != int(levels) {
		f.seal()
	}
	if f.openN == 0 {
		f.open, f.openOrd = nil, make([][]uint64, levels)
		for _, c := range f.row {
			f.open = append(f.open, batch.NewBuilder(c.Type, 0))
		}
	}
	row := make([]any, len(f.row))
	ord := make([]uint64, levels)
	for l := range ord {
		if ord[l], n = binary.Uvarint(src); n <= 0 {
			return errState
		}
		src = src[n:]
	}
	for i, c := range f.row {
		var err error
		if row[i], src, err = stat.ReadValue(src, c.Type); err != nil {
			return err
		}
		if row[i] == nil && !c.Type.Nullable {
			return errState
		}
	}
	if len(src) > 0 {
		return errState
	}
	f.at[group] = spot{uint32(len(f.kept)) + 1, uint32(f.openN)}
	f.openN++
	for i, c := range f.open {
		c.Any(row[i])
	}
	for l, x := range ord {
		f.openOrd[l] = append(f.openOrd[l], x)
	}
	return nil
}

// Bytes implements op.Accumulator.
func (f *firstRow) Bytes() int {
	n := f.taken + int64(8*cap(f.at))
	for _, c := range f.open {
		n += int64(c.Size())
	}
	return int(n)
}
