package stat

import (
	"encoding/binary"
	"math"

	"weir/compiler/types"
	"weir/runtime/batch"
)

// appendValue appends value i of a vector so that readValue can read it, bit by bit.
func appendValue(dst []byte, v *batch.Vector, i int) []byte {
	if v.Dict != nil {
		v, i = v.Dict, int(v.Idx[i])
	}
	if !v.Valid.Get(i) {
		return append(dst, 0)
	}
	dst = append(dst, 1)
	switch v.Type.Kind.Storage() {
	case types.StoreBool:
		return binary.AppendVarint(dst, flag(v.Bools[i]))
	case types.StoreInt:
		return binary.AppendVarint(dst, v.Ints[i])
	case types.StoreFloat:
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v.Floats[i]))
	case types.StoreBytes:
		return appendBytes(dst, v.Bytes(i))
	case types.StoreList:
		dst = binary.AppendUvarint(dst, uint64(v.Offs[i+1]-v.Offs[i]))
		for k := v.Offs[i]; k < v.Offs[i+1]; k++ {
			dst = appendValue(dst, v.Fields[0], int(k))
		}
	case types.StoreRecord:
		for _, f := range v.Fields {
			dst = appendValue(dst, f, i)
		}
	}
	return dst
}

// readValue reads a value in the form of a constant.
func readValue(r *reader, t types.Type) any {
	if r.uint() == 0 {
		return nil
	}
	switch t.Kind.Storage() {
	case types.StoreBool:
		return r.int() != 0
	case types.StoreInt:
		return r.int()
	case types.StoreFloat:
		return math.Float64frombits(r.eight())
	case types.StoreList:
		out := []any{}
		for range r.count() {
			out = append(out, readValue(r, *t.Elem))
		}
		return out
	case types.StoreRecord:
		out := make([]any, len(t.Fields))
		for k, f := range t.Fields {
			out[k] = readValue(r, f.Type)
		}
		return out
	}
	return string(r.bytes())
}

// AppendValue appends value i of a vector in a form that ReadValue reads, bit by bit.
func AppendValue(dst []byte, v *batch.Vector, i int) []byte { return appendValue(dst, v, i) }

// ReadValue reads a value of a type in the form of a constant (see batch.Builder.Any), and gives what is behind it. The error says that it is none.
func ReadValue(src []byte, t types.Type) (x any, rest []byte, err error) {
	r := reader{b: src}
	if x = readValue(&r, t); r.bad {
		return nil, nil, errState
	}
	return x, r.b, nil
}
