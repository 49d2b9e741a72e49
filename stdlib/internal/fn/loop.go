package fn

import (
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// MaxValue bounds the bytes of one value that a function makes; a longer one rejects the row.
const MaxValue = 256 << 20

// MaxVector bounds the bytes that a function makes for one batch.
const MaxVector = 1 << 30

// Col reads the values of a fixed-width vector, a dictionary or not.
type Col[T any] struct {
	Vals []T
	Idx  []uint32 // nil: Vals has one value a row
}

// At gives the value of a row.
func (c Col[T]) At(row int) T {
	if c.Idx != nil {
		row = int(c.Idx[row])
	}
	return c.Vals[row]
}

// Dense gives the values so that value i is vals[i&mask]: a constant stays one value.
func Dense[T any](c Col[T], n int) (vals []T, mask int) {
	switch {
	case c.Idx == nil:
		return c.Vals, -1
	case len(c.Vals) == 1:
		return c.Vals, 0
	}
	vals = make([]T, n)
	for i, k := range c.Idx {
		vals[i] = c.Vals[k]
	}
	return vals, -1
}

// Ints reads an int-like vector.
func Ints(v *batch.Vector) Col[int64] {
	if v.Dict != nil {
		return Col[int64]{v.Dict.Ints, v.Idx}
	}
	return Col[int64]{v.Ints, nil}
}

// Floats reads a float vector.
func Floats(v *batch.Vector) Col[float64] {
	if v.Dict != nil {
		return Col[float64]{v.Dict.Floats, v.Idx}
	}
	return Col[float64]{v.Floats, nil}
}

// Bools reads a bool vector.
func Bools(v *batch.Vector) Col[bool] {
	if v.Dict != nil {
		return Col[bool]{v.Dict.Bools, v.Idx}
	}
	return Col[bool]{v.Bools, nil}
}

// MapInts computes an int-like result row by row.
func MapInts(c *op.Call, f func(row int) int64) *batch.Vector {
	out := make([]int64, c.N)
	c.Each(func(i int) { out[i] = f(i) })
	return &batch.Vector{Type: c.Type, N: c.N, Ints: out}
}

// MapFloats computes a float result row by row.
func MapFloats(c *op.Call, f func(row int) float64) *batch.Vector {
	out := make([]float64, c.N)
	c.Each(func(i int) { out[i] = f(i) })
	return &batch.Vector{Type: c.Type, N: c.N, Floats: out}
}

// MapBools computes a bool result row by row.
func MapBools(c *op.Call, f func(row int) bool) *batch.Vector {
	out := make([]bool, c.N)
	c.Each(func(i int) { out[i] = f(i) })
	return &batch.Vector{Type: c.Type, N: c.N, Bools: out}
}

// MapBytes computes a byte-like result row by row: f appends the value to dst. Values above MaxValue are rejected.
func MapBytes(c *op.Call, f func(dst []byte, row int) []byte) (*batch.Vector, error) {
	v := &batch.Vector{Type: c.Type, N: c.N, Refs: make([]batch.Ref, c.N)}
	var err error
	c.Each(func(i int) {
		if err != nil {
			return
		}
		start := len(v.Buf)
		v.Buf = f(v.Buf, i)
		switch n := len(v.Buf) - start; {
		case n > MaxValue:
			v.Buf = v.Buf[:start]
			TooLarge(c, i)
		case len(v.Buf) > MaxVector:
			err = &op.Error{Code: CodeTooLarge, Message: "an expression makes more than 1 GiB of text out of one batch of rows"}
		default:
			v.Refs[i] = batch.Ref{Off: uint32(start), Len: uint32(n)}
		}
	})
	return v, err
}

// TooLarge rejects a row whose value would pass MaxValue bytes.
func TooLarge(c *op.Call, row int) {
	c.Fail(row, CodeTooLarge, "the result is larger than 256 MiB")
}

// SubBytes computes a byte-like result that is a part of the argument, without copying: f gives its bounds.
func SubBytes(c *op.Call, a *batch.Vector, f func(x []byte, row int) (from, to int)) *batch.Vector {
	v := &batch.Vector{Type: c.Type, N: c.N, Refs: make([]batch.Ref, c.N)}
	src := a
	if a.Dict != nil {
		src = a.Dict
	}
	v.Buf = src.Buf
	c.Each(func(i int) {
		k := i
		if a.Dict != nil {
			k = int(a.Idx[i])
		}
		from, to := f(src.Bytes(k), i)
		v.Refs[i] = batch.Ref{Off: src.Refs[k].Off + uint32(from), Len: uint32(to - from)}
	})
	return v
}

// Nulls lets an implementation with a nullable result mark rows as null.
type Nulls struct {
	valid batch.Bitmap
	n     int
}

// NewNulls starts with no nulls among n rows.
func NewNulls(n int) *Nulls { return &Nulls{n: n} }

// Set marks a row as null.
func (s *Nulls) Set(row int) {
	if s.valid == nil {
		s.valid = batch.NewBitmap(s.n)
		s.valid.Fill(s.n)
	}
	s.valid.Clear(row)
}

// Apply puts the nulls onto a vector that was just made and gives it.
func (s *Nulls) Apply(v *batch.Vector) *batch.Vector {
	v.Valid = s.valid
	return v
}

// Pick makes the vector whose row i is row i of args[choice(i)], or null where the choice is negative. It works for every type. Bytes of a
// dictionary are copied once, not once a row.
func Pick(c *op.Call, args []*batch.Vector, choice func(row int) int) *batch.Vector {
	s := Stack(c.Type, args)
	idx := make([]uint32, c.N)
	for i := range idx {
		idx[i] = s.Null
	}
	c.Each(func(i int) {
		if k := choice(i); k >= 0 {
			idx[i] = s.At(k, i)
		}
	})
	v := s.All.Take(idx)
	v.Type = c.Type
	return v
}

// Stacked is the values of several vectors in one, and a null.
type Stacked struct {
	All  *batch.Vector
	Null uint32 // the position of a null
	vs   []*batch.Vector
	base []uint32
}

// Stack puts vectors of one type under each other.
func Stack(t types.Type, vs []*batch.Vector) *Stacked {
	s := &Stacked{vs: vs}
	row := types.Row{{Name: "", Type: t.OrNull()}}
	var parts []*batch.Batch
	add := func(v *batch.Vector) {
		s.base = append(s.base, s.Null)
		s.Null += uint32(v.N)
		parts = append(parts, &batch.Batch{Row: row, N: v.N, Cols: []*batch.Vector{v}})
	}
	for _, v := range vs {
		if v.Dict != nil {
			v = v.Dict
		}
		if v.Type.Kind == types.Null { // a bare null has no storage
			v = batch.NewBuilder(t, 0).Done()
		}
		add(v)
	}
	b := batch.NewBuilder(t.OrNull(), 1)
	b.Any(nil)
	null := s.Null
	add(b.Done())
	s.Null = null
	s.All = batch.Concat(row, parts).Cols[0]
	return s
}

// At gives the position in All of row i of vector k.
func (s *Stacked) At(k, i int) uint32 {
	v := s.vs[k]
	if v.Type.Kind == types.Null {
		return s.Null
	}
	if v.Dict != nil {
		i = int(v.Idx[i])
	}
	return s.base[k] + uint32(i)
}

// ListAt gives the elements of a list: the positions from … to-1 of a vector.
func ListAt(v *batch.Vector, row int) (elems *batch.Vector, from, to int) {
	if v.Dict != nil {
		v, row = v.Dict, int(v.Idx[row])
	}
	return v.Fields[0], int(v.Offs[row]), int(v.Offs[row+1])
}
