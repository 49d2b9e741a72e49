// Package keyed holds state by key: groups of rows with the accumulators of an aggregate, in memory as far as there is room and in sorted runs
// beyond, written into snapshots by key group and read back from those of other instances.
//
// The order in which groups are given back is that of their keys, whatever memory there was; a group's ordinals are the least of its rows.
package keyed

import (
	"cmp"
	"math"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// Window is a window of event time, nanoseconds since the Unix epoch: from Start up to, not including, End. The zero Window stands for none.
type Window struct{ Start, End int64 }

func compareWindows(a, b Window) int {
	return cmp.Or(cmp.Compare(a.End, b.End), cmp.Compare(a.Start, b.Start))
}

// Spec says what the groups of a state have.
type Spec struct {
	// New makes the accumulators of groups that are numbered from 0.
	New func() ([]op.Accumulator, error)
	// Types are those of the accumulators' results.
	Types []types.Type
	// Windowed says that there are many windows, most of which have few groups.
	Windowed bool
	// First, Last and All are the key groups as op.Context.KeyGroups gives them.
	First, Last, All int
	// Memory is how many bytes may be held before groups are put into files in Dir; 0 for any number.
	Memory int64
	Dir    string
	// Spilled is called whenever groups have been put into a file; nil: nobody wants to know.
	Spilled func()
}

// Streaming is an accumulator whose groups hold values without bound. The values of a group leave memory as pieces, which come back as one
// sequence, so that no group has to fit into memory. It is asked for MarshalGroup and UnmarshalGroup only outside of this package.
type Streaming interface {
	op.Accumulator
	// Values counts the values of a group, repeated ones included.
	Values(group int) int64
	// Pieces calls f with the values in ascending order, some of them at a time. A piece is good until f returns.
	Pieces(group int, f func(piece []byte) error) error
	// AddPiece takes a piece into a group.
	AddPiece(group int, piece []byte) error
	// MergePieces makes one ascending sequence of several.
	MergePieces(seqs []PieceReader) PieceReader
	// Finish appends the result of a group of n values to b.
	Finish(b *batch.Builder, n int64, pieces PieceReader) error
}

// PieceReader gives the next piece, good until the next call; nil at the end.
type PieceReader func() ([]byte, error)

// errState is for a snapshot that this package cannot have written.
var errState = &op.Error{Code: "W6411", Message: "the state of groups cannot be read", Hint: "the checkpoint is damaged: resume from the one before"}

func (s *Spec) limit() int64 {
	if s.Memory <= 0 {
		return math.MaxInt64
	}
	return s.Memory
}

// group gives the key group of a hash.
func (s *Spec) group(hash uint64) int { return int(hash >> 32 * uint64(s.All) >> 32) }

// owns reports whether keys of the hash belong to this instance.
func (s *Spec) owns(hash uint64) bool {
	g := s.group(hash)
	return g >= s.First && g < s.Last
}
