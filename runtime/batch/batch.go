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

// Bitmap has one bit a value. A nil Bitmap says that every value is there.
type Bitmap []uint64

// NewBitmap makes a bitmap of n bits, all clear.
func NewBitmap(n int) Bitmap { return make(Bitmap, (n+63)/64) }

// Get reports bit i; true where the bitmap is nil.
func (b Bitmap) Get(i int) bool { return b == nil || b[i>>6]&(1<<(uint(i)&63)) != 0 }

// Set sets bit i.
func (b Bitmap) Set(i int) { b[i>>6] |= 1 << (uint(i) & 63) }

// Clear clears bit i.
func (b Bitmap) Clear(i int) { b[i>>6] &^= 1 << (uint(i) & 63) }

// Fill sets the first n bits.
func (b Bitmap) Fill(n int) {
	for i := 0; i < n>>6; i++ {
		b[i] = ^uint64(0)
	}
	if n&63 != 0 {
		b[n>>6] |= 1<<(uint(n)&63) - 1
	}
}

// Ref is a run of bytes in Vector.Buf.
type Ref struct{ Off, Len uint32 }

// Vector is one column of N values. Which slices are in use follows from Type.Kind.Storage(). Where Valid is clear the value is null and
// its slot holds a zero.
//
// A dictionary vector has Dict and Idx and nothing else: value i is Dict's value Idx[i]. Type is then Dict's type. Any kind may
// come as a dictionary, records too; Flat resolves it.
type Vector struct {
	Type  types.Type
	N     int
	Valid Bitmap

	Bools  []bool    // StoreBool
	Ints   []int64   // StoreInt
	Floats []float64 // StoreFloat
	Refs   []Ref     // StoreBytes: runs of Buf, in any order, overlaps allowed
	Buf    []byte
	Offs   []uint32  // StoreList: N+1 offsets into Fields[0]
	Fields []*Vector // StoreList: the element vector; StoreRecord: one a field, each of N values

	Dict *Vector
	Idx  []uint32
}

// IsNull reports whether value i is null.
func (v *Vector) IsNull(i int) bool {
	if v.Dict != nil {
		return v.Dict.IsNull(int(v.Idx[i]))
	}
	return !v.Valid.Get(i)
}

// Bytes gives value i of a byte-like vector. The slice must not be changed.
func (v *Vector) Bytes(i int) []byte {
	if v.Dict != nil {
		v, i = v.Dict, int(v.Idx[i])
	}
	r := v.Refs[i]
	return v.Buf[r.Off : r.Off+r.Len : r.Off+r.Len]
}

// Int gives value i of an int-like vector.
func (v *Vector) Int(i int) int64 {
	if v.Dict != nil {
		v, i = v.Dict, int(v.Idx[i])
	}
	return v.Ints[i]
}

// Float gives value i of a float vector.
func (v *Vector) Float(i int) float64 {
	if v.Dict != nil {
		v, i = v.Dict, int(v.Idx[i])
	}
	return v.Floats[i]
}

// Bool gives value i of a bool vector.
func (v *Vector) Bool(i int) bool {
	if v.Dict != nil {
		v, i = v.Dict, int(v.Idx[i])
	}
	return v.Bools[i]
}

// Field gives the vector of field k of a record vector, as a dictionary where the record is one. Nulls of the record are not
// carried over: a field of a null record must be asked for through the record.
func (v *Vector) Field(k int) *Vector {
	if v.Dict != nil {
		f := v.Dict.Field(k)
		if f.Dict != nil { // a dictionary of dictionaries: resolve the inner one
			f = f.Flat()
		}
		return &Vector{Type: f.Type, N: v.N, Dict: f, Idx: v.Idx}
	}
	return v.Fields[k]
}

// Project gives the vector cut down to the fields of record type t; any other vector as it is.
func (v *Vector) Project(t types.Type) *Vector {
	if t.Kind != types.Record || v.Type.Equal(t) {
		return v
	}
	if v.Dict != nil {
		return &Vector{Type: t, N: v.N, Dict: v.Dict.Project(t), Idx: v.Idx}
	}
	out := &Vector{Type: t, N: v.N, Valid: v.Valid}
	for _, f := range t.Fields {
		for k, g := range v.Type.Fields {
			if g.Name == f.Name {
				out.Fields = append(out.Fields, v.Fields[k].Project(f.Type))
			}
		}
	}
	return out
}

// Flat gives the vector without a dictionary at its top.
func (v *Vector) Flat() *Vector {
	if v.Dict == nil {
		return v
	}
	return v.Dict.Take(v.Idx)
}

// Take gives the values at the positions idx, in that order. Bytes are shared, not copied.
func (v *Vector) Take(idx []uint32) *Vector {
	if v.Dict != nil {
		inner := make([]uint32, len(idx))
		for i, p := range idx {
			inner[i] = v.Idx[p]
		}
		return &Vector{Type: v.Type, N: len(idx), Dict: v.Dict, Idx: inner}
	}
	out := &Vector{Type: v.Type, N: len(idx)}
	if v.Valid != nil {
		out.Valid = NewBitmap(len(idx))
		for i, p := range idx {
			if v.Valid.Get(int(p)) {
				out.Valid.Set(i)
			}
		}
	}
	switch v.Type.Kind.Storage() {
	case types.StoreBool:
		out.Bools = take(v.Bools, idx)
	case types.StoreInt:
		out.Ints = take(v.Ints, idx)
	case types.StoreFloat:
		out.Floats = take(v.Floats, idx)
	case types.StoreBytes:
		out.Refs, out.Buf = take(v.Refs, idx), v.Buf
	case types.StoreRecord:
		for _, f := range v.Fields {
			out.Fields = append(out.Fields, f.Take(idx))
		}
	case types.StoreList:
		out.Offs = make([]uint32, 1, len(idx)+1)
		var inner []uint32
		for _, p := range idx {
			for k := v.Offs[p]; k < v.Offs[p+1]; k++ {
				inner = append(inner, k)
			}
			out.Offs = append(out.Offs, uint32(len(inner)))
		}
		out.Fields = []*Vector{v.Fields[0].Take(inner)}
	}
	return out
}

func take[T any](from []T, idx []uint32) []T {
	out := make([]T, len(idx))
	for i, p := range idx {
		out[i] = from[p]
	}
	return out
}

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

func (v *Vector) bytes() int {
	if v == nil {
		return 0
	}
	n := 8*len(v.Valid) + len(v.Bools) + 8*(len(v.Ints)+len(v.Floats)+len(v.Refs)) + len(v.Buf) + 4*(len(v.Offs)+len(v.Idx)) + v.Dict.bytes()
	for _, f := range v.Fields {
		n += f.bytes()
	}
	return n
}

// Locate sets where the row at this position comes from, as far as that is known, and leaves the rest as it is.
func (b *Batch) Locate(row int, file *string, record, line, byteOffset *int64) {
	o := b.Origin
	if o == nil {
		return
	}
	*file = o.File
	for _, c := range []struct {
		from []int64
		to   *int64
	}{{o.Record, record}, {o.Line, line}, {o.Byte, byteOffset}} {
		if c.from != nil {
			*c.to = c.from[row]
		}
	}
}

// Slice gives the rows from i up to j of a batch without a selection.
func (b *Batch) Slice(i, j int) *Batch {
	idx := make([]uint32, j-i)
	for k := range idx {
		idx[k] = uint32(i + k)
	}
	return b.Take(idx)
}

// Concat gives one batch with the rows that count of all batches, in order, dictionaries and selections resolved, bytes copied together.
// Ordinals are kept where all batches have the same number of levels; origins are not.
func Concat(row types.Row, batches []*Batch) *Batch {
	out := &Batch{Row: row, Cols: make([]*Vector, len(row))}
	for _, b := range batches {
		out.N += b.Len()
	}
	if len(batches) > 0 {
		for level := range batches[0].Ord {
			ord := make([]uint64, 0, out.N)
			for _, b := range batches {
				if len(b.Ord) != len(batches[0].Ord) {
					ord = nil
					break
				}
				for i := range b.Len() {
					ord = append(ord, b.Ord[level][b.Pos(i)])
				}
			}
			if ord == nil && out.N > 0 {
				out.Ord = nil
				break
			}
			out.Ord = append(out.Ord, ord)
		}
	}
	for c, f := range row {
		vs := make([]*Vector, len(batches))
		for i, b := range batches {
			v := b.Cols[c].Flat()
			if b.Sel != nil {
				v = v.Take(b.Sel)
			}
			vs[i] = v
		}
		out.Cols[c] = concat(f.Type, vs, out.N)
	}
	return out
}

// concat joins flat vectors of one type that have n values together.
func concat(t types.Type, vs []*Vector, n int) *Vector {
	out := &Vector{Type: t, N: n}
	for _, v := range vs {
		if v.Valid != nil {
			out.Valid = NewBitmap(n)
		}
	}
	if out.Valid != nil {
		at := 0
		for _, v := range vs {
			for i := range v.N {
				if v.Valid.Get(i) {
					out.Valid.Set(at + i)
				}
			}
			at += v.N
		}
	}
	switch t.Kind.Storage() {
	case types.StoreBool:
		for _, v := range vs {
			out.Bools = append(out.Bools, v.Bools...)
		}
	case types.StoreInt:
		for _, v := range vs {
			out.Ints = append(out.Ints, v.Ints...)
		}
	case types.StoreFloat:
		for _, v := range vs {
			out.Floats = append(out.Floats, v.Floats...)
		}
	case types.StoreBytes:
		out.Refs = make([]Ref, 0, n)
		for _, v := range vs {
			for _, r := range v.Refs {
				out.Refs = append(out.Refs, Ref{uint32(len(out.Buf)), r.Len})
				out.Buf = append(out.Buf, v.Buf[r.Off:r.Off+r.Len]...)
			}
		}
	case types.StoreList:
		out.Offs = make([]uint32, 1, n+1)
		elems := make([]*Vector, len(vs))
		total := 0
		for k, v := range vs {
			for i := range v.N {
				out.Offs = append(out.Offs, uint32(total)+v.Offs[i+1]-v.Offs[0])
			}
			idx := make([]uint32, 0, v.Offs[v.N]-v.Offs[0])
			for p := v.Offs[0]; p < v.Offs[v.N]; p++ {
				idx = append(idx, p)
			}
			elems[k] = v.Fields[0].Take(idx).Flat()
			total += elems[k].N
		}
		out.Fields = []*Vector{concat(*t.Elem, elems, total)}
	case types.StoreRecord:
		for k, f := range t.Fields {
			fs := make([]*Vector, len(vs))
			for i, v := range vs {
				fs[i] = v.Fields[k].Flat()
			}
			out.Fields = append(out.Fields, concat(f.Type, fs, n))
		}
	}
	return out
}

// Size estimates the bytes of the rows that count without the dictionaries that they refer to: what moves, where Bytes is what is kept.
func (b *Batch) Size() int {
	if b.N == 0 {
		return 0
	}
	n := 8 * b.N * len(b.Ord)
	for _, c := range b.Cols {
		if c.Dict != nil {
			n += 4 * c.N
		} else {
			n += c.bytes()
		}
	}
	return int(float64(n) * float64(b.Len()) / float64(b.N))
}
