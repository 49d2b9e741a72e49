package spill

import (
	"slices"

	"weir/compiler/types"
	"weir/runtime/batch"
)

// Batches of fewer than smallRows rows and smallBytes bytes are joined, up to joinRows rows or joinBatches batches.
const (
	smallRows   = 256
	smallBytes  = 64 << 10
	joinRows    = 1024
	joinBatches = 64
)

// Buffer is rows held in memory, in the order in which they came. Rows that come one by one are joined, since a batch of its own takes
// much more than a row.
type Buffer struct {
	row     types.Row
	batches []*batch.Batch
	rows    int64
	bytes   int64
	small   []*batch.Batch // the last ones of batches
	joined  int            // rows of small
}

// NewBuffer makes an empty buffer for batches of these columns.
func NewBuffer(row types.Row) *Buffer { return &Buffer{row: row} }

// Add adds the rows that count, without their origins.
func (x *Buffer) Add(b *batch.Batch) {
	c := *b
	c.Origin = nil
	b = c.Own()
	x.batches = append(x.batches, b)
	x.rows += int64(b.N)
	n := held(b)
	x.bytes += n
	if b.N >= smallRows || n >= smallBytes || slices.ContainsFunc(b.Cols, func(v *batch.Vector) bool { return v.Dict != nil }) {
		x.small, x.joined = nil, 0
		return
	}
	x.small = append(x.small, b)
	if x.joined += b.N; x.joined < joinRows && len(x.small) < joinBatches {
		return
	}
	for _, s := range x.small {
		x.bytes -= held(s)
	}
	all := Concat(x.row, x.small)
	x.batches = append(x.batches[:len(x.batches)-len(x.small)], all)
	x.bytes += held(all)
	x.small, x.joined = nil, 0
}

// held estimates the memory that a batch takes with all that belongs to it.
func held(b *batch.Batch) int64 { return int64(b.Bytes() + 256 + 192*len(b.Cols)) }

// Batches gives the rows. The slice is the caller's, the batches are not to be changed.
func (x *Buffer) Batches() []*batch.Batch { return slices.Clone(x.batches) }

// Rows counts the rows.
func (x *Buffer) Rows() int64 { return x.rows }

// Bytes is the memory held.
func (x *Buffer) Bytes() int64 { return x.bytes }

// Reset forgets the rows.
func (x *Buffer) Reset() { *x = Buffer{row: x.row} }
