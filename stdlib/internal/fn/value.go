package fn

import (
	"bytes"
	"cmp"
	"math"

	"weir/compiler/types"
	"weir/runtime/batch"
)

// Compare orders two values of the same kind as sort does: null last, NaN before it, -0 with 0, bytes by value, lists and records element
// by element.
func Compare(a *batch.Vector, i int, b *batch.Vector, j int) int {
	if a.Dict != nil {
		a, i = a.Dict, int(a.Idx[i])
	}
	if b.Dict != nil {
		b, j = b.Dict, int(b.Idx[j])
	}
	if va, vb := a.Valid.Get(i), b.Valid.Get(j); !va || !vb {
		return cmp.Compare(b2i(!va), b2i(!vb))
	}
	switch a.Type.Kind.Storage() {
	case types.StoreBool:
		return cmp.Compare(b2i(a.Bools[i]), b2i(b.Bools[j]))
	case types.StoreInt:
		return cmp.Compare(a.Ints[i], b.Ints[j])
	case types.StoreFloat:
		return CompareFloats(a.Floats[i], b.Floats[j])
	case types.StoreBytes:
		return bytes.Compare(a.Bytes(i), b.Bytes(j))
	case types.StoreList:
		x, xe, y, ye := a.Offs[i], a.Offs[i+1], b.Offs[j], b.Offs[j+1]
		for ; x < xe && y < ye; x, y = x+1, y+1 {
			if c := Compare(a.Fields[0], int(x), b.Fields[0], int(y)); c != 0 {
				return c
			}
		}
		return cmp.Compare(xe-x, ye-y)
	case types.StoreRecord:
		for k := range a.Fields {
			if c := Compare(a.Fields[k], i, b.Fields[k], j); c != 0 {
				return c
			}
		}
	}
	return 0
}

// CompareFloats orders floats with NaN behind +inf and -0 equal to 0.
func CompareFloats(x, y float64) int {
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	case x == y:
		return 0
	}
	return cmp.Compare(b2i(math.IsNaN(x)), b2i(math.IsNaN(y)))
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Equal is what `==` says of two values of the same kind: floats by IEEE 754 (NaN is equal to nothing), lists and records element by
// element, where null is equal to null.
func Equal(a *batch.Vector, i int, b *batch.Vector, j int) bool {
	if a.Dict != nil {
		a, i = a.Dict, int(a.Idx[i])
	}
	if b.Dict != nil {
		b, j = b.Dict, int(b.Idx[j])
	}
	if va, vb := a.Valid.Get(i), b.Valid.Get(j); !va || !vb {
		return va == vb
	}
	switch a.Type.Kind.Storage() {
	case types.StoreFloat:
		return a.Floats[i] == b.Floats[j]
	case types.StoreList:
		if a.Offs[i+1]-a.Offs[i] != b.Offs[j+1]-b.Offs[j] {
			return false
		}
		for k := range int(a.Offs[i+1] - a.Offs[i]) {
			if !Equal(a.Fields[0], int(a.Offs[i])+k, b.Fields[0], int(b.Offs[j])+k) {
				return false
			}
		}
		return true
	case types.StoreRecord:
		for k := range a.Fields {
			if !Equal(a.Fields[k], i, b.Fields[k], j) {
				return false
			}
		}
		return true
	}
	return Compare(a, i, b, j) == 0
}
