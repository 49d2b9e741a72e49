// Package batch has the columnar batches in which records travel: between two operators of a chain by reference, between
// stages through a channel, past a process in the codec of this package.
//
// A batch and its vectors are immutable once emitted: an operator that changes rows makes new vectors and shares the rest, so that a
// stream with two consumers needs no copy. A filter makes a new selection and shares everything.
package batch

import (
	"strings"

	"weir/compiler/types"
)

// Origin says where the rows of a batch come from, for messages and for rejected rows. The slices have one entry a row, or are nil
// where that is not known; Record and Line count from 1, Byte from 0.
type Origin struct {
	File   string
	Record []int64
	Line   []int64
	Byte   []int64
}

// Batch is rows of one stream.
type Batch struct {
	Row  types.Row
	N    int       // rows in each column
	Cols []*Vector // one a column of Row
	Sel  []uint32  // the rows that count, ascending; nil for all N

	// Ord orders the rows of a stream whatever task computes them: one slice a level, each with N entries, compared level by level.
	// A source gives (split, row in split); pairs gives (number of the first record, number of the second). It is what makes the order of
	// an output independent of parallelism. No levels: the stream has no order.
	Ord [][]uint64

	Origin *Origin // nil where rows no longer come from one record
}

// Len gives the number of rows that count.
func (b *Batch) Len() int {
	if b.Sel != nil {
		return len(b.Sel)
	}
	return b.N
}

// Pos gives the position in the columns of the i-th row that counts.
func (b *Batch) Pos(i int) int {
	if b.Sel != nil {
		return int(b.Sel[i])
	}
	return i
}

// Col gives the vector of a column path such as "score" or "query.sequence"; nil where there is none.
func (b *Batch) Col(path string) *Vector {
	name, rest, nested := strings.Cut(path, ".")
	i := b.Row.Index(name)
	if i < 0 {
		return nil
	}
	v := b.Cols[i]
	for nested {
		name, rest, nested = strings.Cut(rest, ".")
		k := -1
		for j, f := range v.Type.Fields {
			if f.Name == name {
				k = j
			}
		}
		if k < 0 {
			return nil
		}
		v = v.Field(k)
	}
	return v
}

// With gives a batch with other columns over the same rows.
func (b *Batch) With(row types.Row, cols []*Vector) *Batch {
	c := *b
	c.Row, c.Cols = row, cols
	return &c
}

// Select gives the batch with another selection, which must be a subset of the present one.
func (b *Batch) Select(sel []uint32) *Batch {
	c := *b
	c.Sel = sel
	return &c
}

// Compact gives the batch with only the rows that count, without a selection.
func (b *Batch) Compact() *Batch {
	if b.Sel == nil {
		return b
	}
	return b.Take(b.Sel)
}

// Take gives the rows at these positions, in that order, without a selection.
func (b *Batch) Take(idx []uint32) *Batch {
	out := &Batch{Row: b.Row, N: len(idx), Cols: make([]*Vector, len(b.Cols))}
	for i, c := range b.Cols {
		out.Cols[i] = c.Take(idx)
	}
	for _, level := range b.Ord {
		out.Ord = append(out.Ord, take(level, idx))
	}
	if o := b.Origin; o != nil {
		out.Origin = &Origin{File: o.File}
		for _, c := range []struct{ from, to *[]int64 }{
			{&o.Record, &out.Origin.Record}, {&o.Line, &out.Origin.Line}, {&o.Byte, &out.Origin.Byte}} {
			if *c.from != nil {
				*c.to = take(*c.from, idx)
			}
		}
	}
	return out
}

// Bytes estimates the memory that the batch keeps alive, in bytes.
func (b *Batch) Bytes() int {
	n := 0
	for _, c := range b.Cols {
		n += c.bytes()
	}
	return n + 8*b.N*len(b.Ord)
}

// Slice gives the rows from i up to j of a batch without a selection.
func (b *Batch) Slice(i, j int) *Batch {
	idx := make([]uint32, j-i)
	for k := range idx {
		idx[k] = uint32(i + k)
	}
	return b.Take(idx)
}
