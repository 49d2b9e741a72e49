package batch

import (
	"fmt"
	"math"

	"weir/compiler/types"
)

// Builder makes a vector value by value. The zero value of a slot is what Null leaves behind.
type Builder struct {
	v     *Vector
	nulls bool
}

// NewBuilder starts a vector of the type with room for n values.
func NewBuilder(t types.Type, n int) *Builder {
	v := &Vector{Type: t}
	switch t.Kind.Storage() {
	case types.StoreBool:
		v.Bools = make([]bool, 0, n)
	case types.StoreInt:
		v.Ints = make([]int64, 0, n)
	case types.StoreFloat:
		v.Floats = make([]float64, 0, n)
	case types.StoreBytes:
		v.Refs = make([]Ref, 0, n)
	case types.StoreList:
		v.Offs = make([]uint32, 1, n+1)
	}
	return &Builder{v: v}
}

// Len gives the number of values so far.
func (b *Builder) Len() int { return b.v.N }

// Size estimates the bytes held so far.
func (b *Builder) Size() int { return b.v.bytes() }

func (b *Builder) next() {
	i := b.v.N
	b.v.N++
	if b.nulls {
		if i>>6 >= len(b.v.Valid) {
			b.v.Valid = append(b.v.Valid, 0)
		}
		b.v.Valid.Set(i)
	}
}

// Null appends a null.
func (b *Builder) Null() {
	v := b.v
	switch v.Type.Kind.Storage() {
	case types.StoreBool:
		v.Bools = append(v.Bools, false)
	case types.StoreInt:
		v.Ints = append(v.Ints, 0)
	case types.StoreFloat:
		v.Floats = append(v.Floats, 0)
	case types.StoreBytes:
		v.Refs = append(v.Refs, Ref{})
	case types.StoreList:
		v.Offs = append(v.Offs, v.Offs[len(v.Offs)-1])
	}
	if !b.nulls {
		b.nulls = true
		v.Valid = NewBitmap(v.N + 1)
		v.Valid.Fill(v.N)
	}
	if v.N>>6 >= len(v.Valid) {
		v.Valid = append(v.Valid, 0)
	}
	v.N++
}

// Bool appends a bool.
func (b *Builder) Bool(x bool) { b.v.Bools = append(b.v.Bools, x); b.next() }

// Int appends an int-like value.
func (b *Builder) Int(x int64) { b.v.Ints = append(b.v.Ints, x); b.next() }

// Float appends a float.
func (b *Builder) Float(x float64) { b.v.Floats = append(b.v.Floats, x); b.next() }

// MaxBuf bounds the bytes that one vector can hold, since a Ref has 32 bits. Whoever fills a batch flushes it far below.
const MaxBuf = math.MaxUint32

const tooLong = "batch: a vector of more than 4 GiB of text"

// Bytes appends a copy of a run of bytes. It panics past MaxBuf bytes in one vector: a bug of the caller, who must flush.
func (b *Builder) Bytes(x []byte) { appendText(b, x) }

// String appends a copy of a string, as Bytes does.
func (b *Builder) String(x string) { appendText(b, x) }

func appendText[T []byte | string](b *Builder, x T) {
	off := len(b.v.Buf)
	if off+len(x) > MaxBuf {
		panic(tooLong)
	}
	b.v.Buf = append(b.v.Buf, x...)
	b.v.Refs = append(b.v.Refs, Ref{uint32(off), uint32(len(x))})
	b.next()
}

// Any appends a value in the form of a constant: nil, bool, int64, float64, string, []any for a list's elements or a record's fields.
// Lists and records are built only this way; it is for constants, tests and slow paths.
func (b *Builder) Any(x any) {
	v := b.v
	if v.Type.Kind == types.Record {
		if v.Fields == nil {
			v.Fields = make([]*Vector, len(v.Type.Fields))
		}
	}
	switch x := x.(type) {
	case nil:
		if v.Type.Kind == types.Record {
			for i, f := range v.Type.Fields {
				v.Fields[i] = appendAny(v.Fields[i], f.Type, nil)
			}
		}
		b.Null()
	case bool:
		b.Bool(x)
	case int64:
		if v.Type.Kind == types.Float {
			b.Float(float64(x))
		} else {
			b.Int(x)
		}
	case float64:
		b.Float(x)
	case string:
		b.String(x)
	case []any:
		if v.Type.Kind == types.List {
			var elem *Vector
			if v.Fields != nil {
				elem = v.Fields[0]
			}
			for _, e := range x {
				elem = appendAny(elem, *v.Type.Elem, e)
			}
			if elem == nil {
				elem = NewBuilder(*v.Type.Elem, 0).Done()
			}
			v.Fields = []*Vector{elem}
			v.Offs = append(v.Offs, uint32(elem.N))
		} else {
			for i, f := range v.Type.Fields {
				v.Fields[i] = appendAny(v.Fields[i], f.Type, x[i])
			}
		}
		b.next()
	default:
		panic(fmt.Sprintf("batch: no value can be a %T", x))
	}
}

// appendAny goes on building a vector that Done has given out; fields and elements are held so between two values.
func appendAny(v *Vector, t types.Type, x any) *Vector {
	b := &Builder{v: v}
	if v == nil {
		b = NewBuilder(t, 1)
	} else {
		b.nulls = v.Valid != nil
	}
	b.Any(x)
	return b.Done()
}

// Done gives the vector. The builder must not be used again.
func (b *Builder) Done() *Vector {
	if b.v.Type.Kind == types.List && b.v.Fields == nil {
		b.v.Fields = []*Vector{NewBuilder(*b.v.Type.Elem, 0).Done()}
	}
	if b.v.Type.Kind == types.Record && b.v.Fields == nil {
		for _, f := range b.v.Type.Fields {
			b.v.Fields = append(b.v.Fields, NewBuilder(f.Type, 0).Done())
		}
	}
	return b.v
}

// Value gives value i in the form of a constant (see Builder.Any). It allocates: for tests, messages and slow paths.
func (v *Vector) Value(i int) any {
	if v.Dict != nil {
		v, i = v.Dict, int(v.Idx[i])
	}
	if !v.Valid.Get(i) {
		return nil
	}
	switch v.Type.Kind.Storage() {
	case types.StoreBool:
		return v.Bools[i]
	case types.StoreInt:
		return v.Ints[i]
	case types.StoreFloat:
		return v.Floats[i]
	case types.StoreBytes:
		return string(v.Bytes(i))
	case types.StoreList:
		out := []any{}
		for k := v.Offs[i]; k < v.Offs[i+1]; k++ {
			out = append(out, v.Fields[0].Value(int(k)))
		}
		return out
	case types.StoreRecord:
		out := make([]any, len(v.Fields))
		for k, f := range v.Fields {
			out[k] = f.Value(i)
		}
		return out
	}
	return nil
}

// Repeat gives a vector of n times the same value.
func Repeat(t types.Type, x any, n int) *Vector {
	b := NewBuilder(t, 1)
	b.Any(x)
	return &Vector{Type: t, N: n, Dict: b.Done(), Idx: make([]uint32, n)}
}
