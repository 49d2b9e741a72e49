package spill

import (
	"weir/compiler/types"
	"weir/runtime/batch"
)

// Sizer estimates what rows take in a batch that Gather makes.
type Sizer struct {
	fixed  int64
	varied []int // columns whose values differ in size
}

// NewSizer makes a sizer for batches of these columns.
func NewSizer(row types.Row) Sizer {
	var s Sizer
	for i, f := range row {
		switch f.Type.Kind.Storage() {
		case types.StoreBytes, types.StoreList, types.StoreRecord:
			s.varied = append(s.varied, i)
		default:
			s.fixed += 8
		}
	}
	return s
}

// Row gives the bytes of the row at a position.
func (s Sizer) Row(b *batch.Batch, row int) int64 {
	n := s.fixed + int64(8*len(b.Ord))
	for _, c := range s.varied {
		n += valueBytes(b.Cols[c], row)
	}
	return n
}

func valueBytes(v *batch.Vector, i int) int64 {
	for v.Dict != nil {
		v, i = v.Dict, int(v.Idx[i])
	}
	switch v.Type.Kind.Storage() {
	case types.StoreBytes:
		return 8 + int64(v.Refs[i].Len)
	case types.StoreList:
		n := int64(4)
		for k := v.Offs[i]; k < v.Offs[i+1]; k++ {
			n += valueBytes(v.Fields[0], int(k))
		}
		return n
	case types.StoreRecord:
		n := int64(0)
		for _, f := range v.Fields {
			n += valueBytes(f, i)
		}
		return n
	}
	return 8
}
