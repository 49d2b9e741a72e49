package relational

import (
	"cmp"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// place is a row of held batches, which have no selection.
type place struct{ batch, row uint32 }

// compareOrdinals orders two rows by their places in the stream.
func compareOrdinals(a *batch.Batch, i int, b *batch.Batch, j int) int {
	for level := range min(len(a.Ord), len(b.Ord)) {
		if c := cmp.Compare(a.Ord[level][i], b.Ord[level][j]); c != 0 {
			return c
		}
	}
	return 0
}

// giveInOrder emits rows of held batches in a new order; their ordinals are their numbers in it.
func giveInOrder(batches []*batch.Batch, pos []place, row types.Row, out op.Output) error {
	for from := 0; from < len(pos); from += outRows {
		part := pos[from:min(len(pos), from+outRows)]
		b := gather(batches, part, row)
		ord := make([]uint64, len(part))
		for i := range ord {
			ord[i] = uint64(from + i)
		}
		b.Ord = [][]uint64{ord}
		if err := out.Emit(b); err != nil {
			return err
		}
	}
	return nil
}

// gather makes one batch of rows of several. Bytes of rows that are not asked for are not copied.
func gather(batches []*batch.Batch, pos []place, row types.Row) *batch.Batch {
	base := map[uint32]uint32{} // a batch's rows begin there, in parts
	need := map[uint32][]uint32{}
	var used []uint32
	for _, p := range pos {
		if _, ok := need[p.batch]; !ok {
			used = append(used, p.batch)
		}
		need[p.batch] = append(need[p.batch], p.row)
	}
	parts := make([]*batch.Batch, len(used))
	n := uint32(0)
	for i, k := range used {
		base[k] = n
		parts[i] = batches[k].Take(need[k])
		n += uint32(len(need[k]))
	}
	idx := make([]uint32, len(pos))
	for i, p := range pos { // the rows of a batch come in the order in which they were asked for
		idx[i] = base[p.batch]
		base[p.batch]++
	}
	return batch.Concat(row, parts).Take(idx)
}
