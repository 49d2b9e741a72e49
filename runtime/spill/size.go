package spill

import (
	"weir/compiler/types"
	"weir/runtime/batch"
)

// smallRow is the bytes of a row up to which it is taken for as large as the others of its batch.
const smallRow = 1 << 10

// Sizer estimates what rows of batches take when they are gathered: in a batch of small rows their mean, else each row by itself.
type Sizer struct {
	batches []*batch.Batch
	mean    []int64 // by batch; 0 where rows are looked at
}

// NewSizer makes a sizer for rows of batches without selections.
func NewSizer(batches []*batch.Batch) *Sizer {
	s := &Sizer{batches, make([]int64, len(batches))}
	for k, b := range batches {
		s.mean[k] = mean(b)
	}
	return s
}

// mean gives the mean of the bytes of a batch's rows, 0 where one of them is large.
func mean(b *batch.Batch) int64 {
	total, varied := int64(8*len(b.Ord)*b.N), false
	for _, v := range b.Cols {
		varied = varied || isVaried(v.Type)
	}
	for i := 0; varied && i < b.N; i++ {
		n := RowBytes(b, i)
		if n > smallRow {
			return 0
		}
		total += n
	}
	if !varied {
		total += int64(8 * len(b.Cols) * b.N)
	}
	return 1 + total/int64(max(b.N, 1))
}

func isVaried(t types.Type) bool {
	switch t.Kind.Storage() {
	case types.StoreBytes, types.StoreList, types.StoreRecord:
		return true
	}
	return false
}

// Row gives the bytes of a row.
func (s *Sizer) Row(p Place) int64 {
	if n := s.mean[p.Batch]; n > 0 {
		return n
	}
	return RowBytes(s.batches[p.Batch], int(p.Row))
}

// RowBytes estimates what a row of a batch takes when it is gathered.
func RowBytes(b *batch.Batch, row int) int64 {
	n := int64(8 * len(b.Ord))
	for _, v := range b.Cols {
		n += valueBytes(v, row)
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
