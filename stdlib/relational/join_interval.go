package relational

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/runtime/spill"
)

// intervalJoin joins rows that come as they happen. A row meets those of the other stream that are there already, and stays for as long as
// a partner may come: until event time has passed its own by `within`. Then it is given alone if it has had none and the kind of join wants it.
// Rows stand in buckets of time, each with a table of its own, so that those of the past go together.
type intervalJoin struct {
	*join
	now     int64 // event time before it; math.MinInt64 while it stands still
	ended   bool  // no row has a partner any more
	width   int64 // of a bucket
	buckets [2][]*timeBucket
	held    int64       // bytes in memory
	clock   int64       // of the buckets' use
	file    *spill.File // to which buckets are added; nil for none
	hs      []uint64
	loaded  []uint64
	first   []uint32
}

// bucketsWithin is how many buckets `within` spans; a bucket has at least a second.
const bucketsWithin = 4

func newIntervalJoin(j *join) *intervalJoin {
	return &intervalJoin{join: j, now: math.MinInt64, width: max(j.within/bucketsWithin, int64(time.Second))}
}

func (j *intervalJoin) Data(port int, b *batch.Batch, out op.Output) error {
	side := j.sides[port]
	held, err := side.take(b, out)
	if err != nil {
		return err
	}
	byStart, starts := map[int64][]uint32{}, []int64(nil)
	for i := range held.Len() {
		row := held.Pos(i)
		t := held.Cols[side.at].Int(row)
		if t < j.now {
			at := types.Of(types.Timestamp)
			reason := "the row of " + expr.FormatValue(at, t) + " is late: event time is at " + expr.FormatValue(at, j.now) + ", and its partners may have gone"
			if err := out.Reject(op.RejectionAt(b, row, codeLate, reason)); err != nil {
				return err
			}
			continue
		}
		start := j.startOf(t)
		if byStart[start] == nil {
			starts = append(starts, start)
		}
		byStart[start] = append(byStart[start], uint32(row))
	}
	held.Origin = nil
	slices.Sort(starts)
	pairs := newJoined(j.join, out)
	for _, start := range starts {
		if err := j.add(port, start, held.Take(byStart[start]).Own(), batch.NewBitmap(len(byStart[start])), pairs); err != nil {
			return err
		}
	}
	return pairs.flush()
}

// startOf gives the bucket of a time.
func (j *intervalJoin) startOf(t int64) int64 {
	past := t % j.width
	if past < 0 {
		past += j.width
	}
	return earlier(t, past)
}

// bucket finds the first bucket of a side that starts at a time or behind it.
func (j *intervalJoin) bucket(side int, start int64) (int, bool) {
	return slices.BinarySearchFunc(j.buckets[side], start, func(b *timeBucket, t int64) int { return cmp.Compare(b.start, t) })
}

// add lets rows of one bucket meet the other side, unless pairs is nil, and holds them. met says which have had a partner.
func (j *intervalJoin) add(port int, start int64, b *batch.Batch, met batch.Bitmap, pairs *joined) error {
	side := j.sides[port]
	side.levels = max(side.levels, len(b.Ord))
	j.hs = side.hashes(j.hs[:0], j.seed, b)
	keys := side.keysOf(b)
	if pairs != nil {
		others := j.buckets[1-port]
		from, _ := j.bucket(1-port, j.startOf(earlier(start, j.within)))
		for ; from < len(others) && others[from].start <= later(later(start, j.width-1), j.within); from++ {
			x := others[from]
			if err := j.fill(1-port, x); err != nil {
				return err
			}
			if err := j.meet(port, b, keys, x, met, pairs); err != nil {
				return err
			}
			if err := j.room(x); err != nil {
				return err
			}
		}
	}
	at, here := j.bucket(port, start)
	if !here {
		j.buckets[port] = slices.Insert(j.buckets[port], at, &timeBucket{start: start, passed: math.MinInt64})
	}
	x := j.buckets[port][at]
	j.clock++
	x.used = j.clock
	if x.table == nil {
		x.table = emptyTable(side, b.N)
	}
	before := x.bytes
	x.put(b, j.hs)
	j.held += x.bytes - before
	for len(x.met)*64 < x.rows+b.N {
		x.met = append(x.met, 0)
	}
	for i := range b.N {
		if met.Get(i) {
			x.met.Set(x.rows + i)
		}
	}
	x.rows += b.N
	x.settle()
	return j.room(x)
}

// meet finds the partners of rows in a bucket of the other side.
func (j *intervalJoin) meet(port int, b *batch.Batch, keys []*batch.Vector, x *timeBucket, met batch.Bitmap, pairs *joined) error {
	t := x.table
	times := b.Cols[j.sides[port].at]
	j.first = t.candidates(j.first[:0], j.hs)
	mine, err := pairs.use(port, b)
	if err != nil {
		return err
	}
	named := map[uint32]uint32{} // batches of the table, in pairs
	for i := range b.N {
		if j.first[i] == 0 || anyNull(keys, i) {
			continue
		}
		for e := t.match(j.first[i], j.hs[i], keys, i); e != 0; e = t.more(e, j.hs[i], keys, i) {
			q := t.entries[e-1].at
			if !near(times.Int(i), t.times[q.Batch].Int(int(q.Row)), j.within) {
				continue
			}
			number := x.number(q)
			had, hadOther := met.Get(i), x.met.Get(number)
			met.Set(i)
			x.met.Set(number)
			switch {
			case j.kind == "anti", j.kind == "semi" && (port == 0 && had || port == 1 && hadOther):
				continue
			}
			k, ok := named[q.Batch]
			if !ok {
				k = pairs.number(1-port, t.batches[q.Batch])
				named[q.Batch] = k
			}
			at := [2]spill.Place{}
			at[port], at[1-port] = spill.Place{Batch: mine, Row: uint32(i)}, spill.Place{Batch: k, Row: q.Row}
			if j.kind == "semi" {
				at[1] = nobody
			}
			if err := pairs.add(at[0], at[1], spill.RowBytes(b, i)+spill.RowBytes(t.batches[q.Batch], int(q.Row))); err != nil {
				return err
			}
		}
	}
	return nil
}

func (j *intervalJoin) Watermark(t int64, out op.Output) error {
	if t <= j.now {
		return nil
	}
	j.now = t
	past := earlier(t, j.within) // rows before it have no partner any more
	if err := j.pass(past, out); err != nil {
		return err
	}
	return out.Watermark(past)
}

// pass gives the rows before a time that are given alone, and forgets buckets that are over.
func (j *intervalJoin) pass(past int64, out op.Output) error {
	pairs := newJoined(j.join, out)
	for side := range j.buckets {
		var kept []*timeBucket
		for _, x := range j.buckets[side] {
			if (x.start < past || j.ended) && j.outer(side) {
				if err := j.alone(side, x, past, pairs); err != nil {
					return err
				}
				if err := j.room(x); err != nil {
					return err
				}
			}
			if last := later(x.start, j.width-1); last < past || j.ended {
				j.held -= x.bytes
				if err := x.close(); err != nil {
					return err
				}
				continue
			}
			kept = append(kept, x)
		}
		j.buckets[side] = kept
	}
	return pairs.flush()
}

func (j *intervalJoin) Drain(out op.Output) error {
	j.ended = true
	return j.pass(math.MaxInt64, out)
}

// stateTime begins a piece of state with event time; others begin with the number of the stream whose rows they have.
const stateTime = 2

// metColumn says in a snapshot whether a row has had a partner.
var metColumn = types.Field{Name: "#met", Type: types.Of(types.Bool)}

// stateRow is the row of a snapshot.
func (s *joinSide) stateRow() types.Row { return append(slices.Clone(s.row), metColumn) }

// Snapshot writes rows by key group, behind event time.
func (j *intervalJoin) Snapshot(_ uint64, w op.SnapshotWriter) error {
	first, last, groups := j.ctx.KeyGroups()
	if j.now != math.MinInt64 {
		for g := first; g < last; g++ {
			if err := w.KeyGroup(g, binary.LittleEndian.AppendUint64([]byte{stateTime}, uint64(j.now))); err != nil {
				return err
			}
		}
	}
	for port := range j.buckets {
		for _, x := range j.buckets[port] {
			f := x.freeze()
			w.Later(func() error { return f.write(j.join, port, groups, w) })
		}
	}
	return nil
}

// Restore takes the rows of this instance's key groups that can still have a partner. The tasks of a snapshot had the same event time.
func (j *intervalJoin) Restore(r op.SnapshotReader) error {
	for _, state := range r.KeyGroups() {
		if len(state) == 9 && state[0] == stateTime {
			j.now = int64(binary.LittleEndian.Uint64(state[1:]))
			continue
		}
		if len(state) == 0 || state[0] > 1 {
			return badState("join", fmt.Errorf("a stream of no number"))
		}
		port := int(state[0])
		side := j.sides[port]
		b, err := readRows(state[1:], side.stateRow())
		if err != nil {
			return badState("join", err)
		}
		done := b.Cols[len(side.row)]
		b = b.With(side.row, b.Cols[:len(side.row)])
		byStart := map[int64][]uint32{}
		for i := range b.N {
			if t := b.Cols[side.at].Int(i); t >= earlier(j.now, j.within) {
				byStart[j.startOf(t)] = append(byStart[j.startOf(t)], uint32(i))
			}
		}
		for start, rows := range byStart {
			met := batch.NewBitmap(len(rows))
			for i, row := range rows {
				if done.Bool(int(row)) {
					met.Set(i)
				}
			}
			if err := j.add(port, start, b.Take(rows).Own(), met, nil); err != nil {
				return err
			}
		}
	}
	return r.Err()
}

func (j *intervalJoin) Close() error {
	errs := []error{j.join.Close()}
	for _, side := range j.buckets {
		for _, x := range side {
			errs = append(errs, x.close())
		}
	}
	if j.file != nil {
		errs = append(errs, j.file.Close())
	}
	j.buckets, j.file = [2][]*timeBucket{}, nil
	return errors.Join(errs...)
}
