package relational

import (
	"math"
	"slices"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/runtime/spill"
)

// joined collects pairs of rows and emits them. A row is named by its batch, whose number use gives, and its position; the batch 0 of each
// side is one row of nulls, behind all others, for a partner that is not there.
type joined struct {
	j     *join
	from  [2][]*batch.Batch
	stay  [2]int // the batches that stay when rows are given out
	at    [2][]spill.Place
	bytes int64 // of the pairs
	held  int64 // of the batches that do not stay
	chunk int64
	out   op.Output
}

var nobody = spill.Place{}

func newJoined(j *join, out op.Output) *joined {
	x := &joined{j: j, out: out, chunk: spill.ChunkBytes(j.ctx.Memory())}
	for s := range x.from {
		x.from[s], x.stay[s] = []*batch.Batch{j.sides[s].nobody()}, 1
	}
	return x
}

// nobody is a batch of one row of nulls whose ordinals are the greatest.
func (s *joinSide) nobody() *batch.Batch {
	b := &batch.Batch{N: 1}
	for _, f := range s.row {
		f.Type = f.Type.OrNull()
		b.Row = append(b.Row, f)
		c := batch.NewBuilder(f.Type, 1)
		c.Any(nil)
		b.Cols = append(b.Cols, c.Done())
	}
	for range s.levels {
		b.Ord = append(b.Ord, []uint64{math.MaxUint64})
	}
	return b
}

// keep makes the batches of a table those that stay, and the first of them number 1. All pairs so far are given out.
func (x *joined) keep(side int, batches []*batch.Batch) error {
	if err := x.flush(); err != nil {
		return err
	}
	x.from[side] = append(x.from[side][:1:1], batches...)
	x.stay[side] = len(x.from[side])
	return nil
}

// use gives the number of a batch that rows are about to come from, until use or keep is called for its side again.
func (x *joined) use(side int, b *batch.Batch) (uint32, error) {
	if x.held += int64(b.Bytes()); x.held > 4*x.chunk {
		if err := x.flush(); err != nil {
			return 0, err
		}
		x.held = int64(b.Bytes())
	}
	return x.number(side, b), nil
}

// number is use for one more batch of a side, where nobody has used its side since the other one's was.
func (x *joined) number(side int, b *batch.Batch) uint32 {
	x.from[side] = append(x.from[side], b)
	return uint32(len(x.from[side]) - 1)
}

// add adds a pair whose rows take so many bytes.
func (x *joined) add(l, r spill.Place, bytes int64) error {
	x.at[0], x.at[1] = append(x.at[0], l), append(x.at[1], r)
	if x.bytes += bytes; len(x.at[0]) < spill.Rows && x.bytes < x.chunk {
		return nil
	}
	return x.give()
}

// give emits the pairs so far.
func (x *joined) give() error {
	if len(x.at[0]) == 0 {
		return nil
	}
	j := x.j
	var of [2]*batch.Batch
	for s, side := range j.sides {
		of[s] = spill.Gather(side.row[:side.width], x.from[s], x.at[s])
	}
	b := x.beside(of, x.at[0])
	x.at[0], x.at[1], x.bytes = x.at[0][:0], x.at[1][:0], 0
	return x.out.Emit(b)
}

// pairsOf emits pairs of the rows of a batch, which is of one side, and of those at places of the other one's, behind what there is already. There
// is a partner to each.
func (x *joined) pairsOf(side int, b *batch.Batch, rows []uint32, at []spill.Place) error {
	if err := x.give(); err != nil {
		return err
	}
	var of [2]*batch.Batch
	mine, other := x.j.sides[side], x.j.sides[1-side]
	b = b.With(mine.row[:mine.width], b.Cols[:mine.width])
	b.Origin = nil
	if of[side] = b; len(rows) != b.N || rows[0] != 0 || rows[len(rows)-1] != uint32(b.N-1) || !rising(rows) {
		of[side] = b.Take(rows)
	}
	of[1-side] = spill.Gather(other.row[:other.width], x.from[1-side], at)
	return x.out.Emit(x.beside(of, nil))
}

// rising reports whether no row comes twice.
func rising(rows []uint32) bool {
	for i := 1; i < len(rows); i++ {
		if rows[i] <= rows[i-1] {
			return false
		}
	}
	return true
}

// beside makes rows of the output of left and right ones. ls has the places of the left ones, among which nobody may be; nil where nobody is.
func (x *joined) beside(of [2]*batch.Batch, ls []spill.Place) *batch.Batch {
	j := x.j
	l, r := of[0], of[1]
	row := [2]types.Row{l.Row, r.Row} // without keys and times
	b := &batch.Batch{Row: j.cfg.Out, N: l.N, Cols: make([]*batch.Vector, len(j.cfg.Out)), Ord: l.Ord}
	if !j.leftOnly() {
		b.Ord = joinedOrdinals(l.Ord, r.Ord, ls)
	}
	for i, f := range j.cfg.Out {
		lc, rc := row[0].Index(f.Name), row[1].Index(f.Name)
		var v *batch.Vector
		switch {
		case lc < 0:
			v = r.Cols[rc]
		case rc < 0:
			v = l.Cols[lc]
		default: // a key of both under full: of the side that is there
			v = either(f.Type, l.Cols[lc], r.Cols[rc], ls)
		}
		b.Cols[i] = v.Project(f.Type)
	}
	return b
}

// joinedOrdinals puts the ordinals of the right rows behind those of the left ones. Where there is no left row there is one level, the
// greatest, in the place of its ordinals: a task that has seen no left row does not know how many levels they have.
func joinedOrdinals(l, r [][]uint64, ls []spill.Place) [][]uint64 {
	if !slices.Contains(ls, nobody) {
		return append(l[:len(l):len(l)], r...)
	}
	out := make([][]uint64, max(len(l), 1)+len(r))
	for level := range out {
		out[level] = make([]uint64, len(ls))
	}
	for i, p := range ls {
		at := len(l)
		if p == nobody {
			out[0][i], at = math.MaxUint64, 1
		} else {
			for level, ord := range l {
				out[level][i] = ord[i]
			}
		}
		for level, ord := range r {
			out[at+level][i] = ord[i]
		}
	}
	return out
}

// flush emits the pairs so far, and forgets batches that do not stay.
func (x *joined) flush() error {
	err := x.give()
	for s := range x.from {
		clear(x.from[s][x.stay[s]:])
		x.from[s] = x.from[s][:x.stay[s]]
	}
	x.held = 0
	return err
}

// either takes the right value where the left row is not there.
func either(t types.Type, l, r *batch.Vector, ls []spill.Place) *batch.Vector {
	row := types.Row{{Name: "", Type: t}}
	at := make([]spill.Place, len(ls))
	for i, p := range ls {
		at[i].Row = uint32(i)
		if p == nobody {
			at[i].Batch = 1
		}
	}
	both := []*batch.Batch{{Row: row, N: len(ls), Cols: []*batch.Vector{l}}, {Row: row, N: len(ls), Cols: []*batch.Vector{r}}}
	return spill.Gather(row, both, at).Cols[0]
}
