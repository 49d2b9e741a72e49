package relational

import (
	"cmp"
	"errors"
	"slices"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/runtime/spill"
)

// timeBucket is the rows of one side whose times are in [start, start+width), numbered as they came. What memory has no room for is on disk,
// and comes back when the rows of the other side are near it in time.
type timeBucket struct {
	start int64
	rows  int
	met   batch.Bitmap // by number: rows that have had a partner
	saved []savedRange // the first rows
	on    int          // how many these are
	table *joinTable   // the rows from number base on
	base  int
	bytes int64 // of the table
	small int   // batches at the end of the table that are to be joined
	used  int64 // when it was looked at last

	// Of a side whose rows are given alone: the time up to which they have been, and the rows in the table that have not, by time.
	passed int64
	order  []uint32 // numbers
	seen   int      // rows that are in order
}

// savedRange is a part of a file.
type savedRange struct {
	file     *spill.File
	from, to int64
}

// close gives the files back.
func (x *timeBucket) close() error {
	var errs []error
	for _, s := range x.saved {
		errs = append(errs, s.file.Close())
	}
	x.saved, x.table = nil, nil
	return errors.Join(errs...)
}

// put adds the rows of a batch, whose hashes are given, with the next numbers.
func (x *timeBucket) put(b *batch.Batch, hs []uint64) {
	t := x.table
	k := len(t.batches)
	t.name(b)
	for i := range b.N {
		if !anyNull(t.keys[k], i) {
			t.put(hs[i], spill.Place{Batch: uint32(k), Row: uint32(i)})
		}
	}
	x.bytes += int64(b.Bytes()) + entryBytes*int64(b.N)
}

// number is the number of a row of the table.
func (x *timeBucket) number(p spill.Place) int { return x.base + x.table.number(p) }

// Batches of fewer than smallBatch rows are joined, joinBatches at a time.
const (
	smallBatch  = 256
	joinBatches = 32
)

// settle joins small batches at the end of the table.
func (x *timeBucket) settle() {
	t := x.table
	n := len(t.batches)
	if t.batches[n-1].N >= smallBatch {
		x.small = 0
		return
	}
	if x.small++; x.small < joinBatches {
		return
	}
	from := n - x.small
	all := spill.Concat(t.side.row, t.batches[from:])
	base := t.first[from]
	for i := len(t.entries) - 1; i >= 0 && t.entries[i].at.Batch >= uint32(from); i-- {
		p := &t.entries[i].at
		*p = spill.Place{Batch: uint32(from), Row: t.first[p.Batch] - base + p.Row}
	}
	t.batches, t.first, t.keys, t.times, t.rows = t.batches[:from], t.first[:from], t.keys[:from], t.times[:from], int(base)
	t.name(all)
	if x.small = 0; all.N < smallBatch {
		x.small = 1
	}
}

// fill brings all rows of a bucket into its table.
func (j *intervalJoin) fill(side int, x *timeBucket) error {
	j.clock++
	x.used = j.clock
	if x.base == 0 && x.table != nil {
		return nil
	}
	var rest []*batch.Batch
	if x.table != nil {
		rest = x.table.batches
	}
	before := x.bytes
	x.table, x.base, x.bytes, x.small, x.order, x.seen = emptyTable(j.sides[side], x.rows), 0, 0, 0, nil, 0
	put := func(b *batch.Batch) error {
		j.loaded = j.sides[side].hashes(j.loaded[:0], j.seed, b)
		x.put(b, j.loaded)
		return nil
	}
	for _, s := range x.saved {
		if err := giveAll(s.file.ReadRange(s.from, s.to), put); err != nil {
			return err
		}
	}
	err := giveAll(spill.InMemory(rest), put)
	j.held += x.bytes - before
	return err
}

// spillFile is how large a file may be to which buckets are added.
const spillFile = 64 << 20

// evict puts the rows of a bucket on disk.
func (j *intervalJoin) evict(x *timeBucket) error {
	if j.file != nil && j.file.Size() > spillFile {
		if err := j.file.Close(); err != nil { // the buckets hold it
			return err
		}
		j.file = nil
	}
	if j.file == nil {
		var err error
		if j.file, err = spill.Create(j.ctx.TempDir()); err != nil {
			return err
		}
	}
	from := j.file.Size()
	for k, b := range x.table.batches {
		if x.base+int(x.table.first[k]) >= x.on {
			if err := j.file.Append(b); err != nil {
				return err
			}
		}
	}
	if err := j.file.Finish(); err != nil {
		return err
	}
	if to := j.file.Size(); to > from {
		j.file.Hold()
		x.saved = append(x.saved, savedRange{j.file, from, to})
	}
	j.held -= x.bytes
	x.on, x.base, x.bytes, x.table, x.small, x.order, x.seen = x.rows, x.rows, 0, nil, 0, nil, 0
	return nil
}

// room puts the buckets that have not been looked at for the longest time on disk, all but one if need be, until memory does.
func (j *intervalJoin) room(keep *timeBucket) error {
	limit := j.ctx.Memory()
	if limit <= 0 || j.held <= limit {
		return nil
	}
	var all []*timeBucket
	for _, side := range j.buckets {
		for _, x := range side {
			if x.table != nil && x != keep {
				all = append(all, x)
			}
		}
	}
	slices.SortFunc(all, func(a, b *timeBucket) int { return cmp.Compare(a.used, b.used) })
	for _, x := range all {
		if j.held <= limit-limit/4 {
			break
		}
		if err := j.evict(x); err != nil {
			return err
		}
	}
	return fits(j.ctx, j.held, "rows that lie within "+expr.FormatValue(types.Of(types.Duration), j.width)+" of each other in time",
		"give more memory, select fewer columns before, or split the work over more tasks")
}

// alone gives the rows of a bucket before a time that have had no partner.
func (j *intervalJoin) alone(side int, x *timeBucket, past int64, pairs *joined) error {
	if err := j.fill(side, x); err != nil {
		return err
	}
	t := x.table
	at := func(n uint32) spill.Place {
		k, found := slices.BinarySearch(t.first, n)
		if !found {
			k--
		}
		return spill.Place{Batch: uint32(k), Row: n - t.first[k]}
	}
	timeOf := func(n uint32) int64 {
		p := at(n)
		return t.times[p.Batch].Int(int(p.Row))
	}
	if x.seen < x.rows {
		for ; x.seen < x.rows; x.seen++ {
			if n := uint32(x.seen); !x.met.Get(x.seen) && timeOf(n) >= x.passed {
				x.order = append(x.order, n)
			}
		}
		slices.SortFunc(x.order, func(a, b uint32) int { return cmp.Or(cmp.Compare(timeOf(a), timeOf(b)), cmp.Compare(a, b)) })
	}
	x.passed = past
	named := map[uint32]uint32{}
	for len(x.order) > 0 && (timeOf(x.order[0]) < past || j.ended) {
		n := x.order[0]
		x.order = x.order[1:]
		if x.met.Get(int(n)) {
			continue
		}
		p := at(n)
		b := t.batches[p.Batch]
		k, ok := named[p.Batch]
		if !ok {
			k = pairs.number(side, b)
			named[p.Batch] = k
		}
		both := [2]spill.Place{}
		both[side] = spill.Place{Batch: k, Row: p.Row}
		if err := pairs.add(both[0], both[1], spill.RowBytes(b, int(p.Row))); err != nil {
			return err
		}
	}
	return nil
}

// frozen is a bucket as a snapshot has it.
type frozen struct {
	saved   []savedRange
	batches []*batch.Batch // behind saved
	met     batch.Bitmap
}

// freeze gives what the bucket has now, which stays while rows flow on. Whoever has written it closes the files.
func (x *timeBucket) freeze() frozen {
	f := frozen{met: slices.Clone(x.met)}
	if x.table != nil {
		f.batches = slices.Clone(x.table.batches)
	}
	if x.base > 0 {
		f.saved = slices.Clone(x.saved)
		for _, s := range f.saved {
			s.file.Hold()
		}
	}
	return f
}

// write writes the rows by key group, and with them whether they have had a partner.
func (f frozen) write(j *join, port, groups int, w op.SnapshotWriter) error {
	side := j.sides[port]
	row := side.stateRow()
	number := 0
	give := func(b *batch.Batch) error {
		v := &batch.Vector{Type: metColumn.Type, N: b.N, Bools: make([]bool, b.N)}
		for i := range v.Bools {
			v.Bools[i] = f.met.Get(number + i)
		}
		number += b.N
		b = b.With(row, append(slices.Clone(b.Cols), v))
		return side.byGroup(row, []*batch.Batch{b}, pairsOf(j.cfg.Args), groups, func(group int, b *batch.Batch) error {
			state, err := batch.AppendFrame([]byte{byte(port)}, b)
			if err != nil {
				return err
			}
			return w.KeyGroup(group, state)
		})
	}
	var errs []error
	for _, s := range f.saved {
		errs = append(errs, giveAll(s.file.ReadRange(s.from, s.to), give), s.file.Close())
	}
	return errors.Join(append(errs, giveAll(spill.InMemory(f.batches), give))...)
}
