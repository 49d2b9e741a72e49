// Package spill keeps rows on disk that an operator cannot hold in memory: files of batches that are read back in order, sorted runs and
// their merge, and rows that are dealt out by a hash. It is a leaf: the standard library and the drivers use it.
package spill

import (
	"weir/runtime/batch"
)

// Codes of what goes wrong here; lang/diag explains them.
const (
	codeTemp    = "W6004" // a temporary file cannot be written or read
	codeDamaged = "W6005" // what was read back is not what was written
)

// Rows bounds the rows of a batch that this package makes.
const Rows = 4096

// ChunkBytes gives the bytes that a batch should have which this package makes for an operator that may use so much memory: a merge holds
// one of each of Fan runs, and they are there twice while they are read.
func ChunkBytes(memory int64) int64 { return min(max(memory/(4*Fan), 4<<10), 256<<10) }

// Sequence gives batches without selections one by one; nil at the end.
type Sequence interface {
	Next() (*batch.Batch, error)
}

// InMemory is a sequence of these batches.
func InMemory(batches []*batch.Batch) Sequence { return &inMemory{batches} }

type inMemory struct{ rest []*batch.Batch }

func (s *inMemory) Next() (*batch.Batch, error) {
	if len(s.rest) == 0 {
		return nil, nil
	}
	b := s.rest[0]
	s.rest = s.rest[1:]
	return b, nil
}

// Chain is one sequence behind the other.
func Chain(of ...Sequence) Sequence { return &chain{of} }

type chain struct{ rest []Sequence }

func (c *chain) Next() (*batch.Batch, error) {
	for len(c.rest) > 0 {
		b, err := c.rest[0].Next()
		if b != nil || err != nil {
			return b, err
		}
		c.rest = c.rest[1:]
	}
	return nil, nil
}

// each gives the batches of a sequence to f.
func each(s Sequence, f func(*batch.Batch) error) error {
	for {
		b, err := s.Next()
		if err != nil || b == nil {
			return err
		}
		if err := f(b); err != nil {
			return err
		}
	}
}
