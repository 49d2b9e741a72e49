package batch

import (
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

// Project gives the vector as one of type t: a record cut down to the fields of t, by name; anything else the same values, which t may know to
// be without nulls.
func (v *Vector) Project(t types.Type) *Vector {
	if v.Type.Equal(t) {
		return v
	}
	if v.Dict != nil {
		return &Vector{Type: t, N: v.N, Dict: v.Dict.Project(t), Idx: v.Idx}
	}
	out := *v
	out.Type = t
	if t.Kind == types.Record {
		out.Fields = make([]*Vector, len(t.Fields))
		for k, f := range t.Fields {
			for j, g := range v.Type.Fields {
				if g.Name == f.Name {
					out.Fields[k] = v.Fields[j].Project(f.Type)
				}
			}
		}
	}
	return &out
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
