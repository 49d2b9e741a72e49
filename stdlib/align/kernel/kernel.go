// Package kernel computes exact alignment scores, and nothing but scores, as fast as one processor core can: one query
// against many targets at a time, a target in every lane of a vector register. A Scorer gives the scores of pairs, a
// Matrix those of all their prefixes, which package trace reads paths back from.
//
// The method is that of Rognes (SWIPE, 2011) with the tiles of DIAMOND (Buchfink et al., 2021): targets are packed into
// lanes, a score profile of the packed targets is built once and read by many queries, and a tile of four target columns
// goes down the query. Scores saturate at eight bits first; what reaches the top runs again with sixteen and then
// thirty-two. Every path gives exactly the scores of the reference in package scalar.
package kernel

import (
	"cmp"
	"math"
	"slices"

	"weir/stdlib/align/scoring"
)

// Below stands for the score of a pair that is known to stay under the Scorer's minimum.
const Below = math.MinInt32

// Set is a set of target indices: bit i%64 of word i/64. Words beyond its end are empty.
type Set []uint64

// Has says whether i is in the set.
func (s Set) Has(i int) bool { return i>>6 < len(s) && s[i>>6]>>(i&63)&1 != 0 }

// Add puts i, which must be less than 64 times the length, into the set.
func (s Set) Add(i int) { s[i>>6] |= 1 << (i & 63) }

// NewSet is an empty set with room for n indices.
func NewSet(n int) Set { return make(Set, (n+63)/64) }

// Block is a list of targets prepared for scoring under one scheme. It is immutable and safe for concurrent use.
type Block struct {
	targets  [][]byte
	byLength []int32 // indices of targets, longest first
	filled   int     // how many are not empty
	residues int64

	bounds     []int64 // for each target a number that no score can exceed
	leastBound int64
}

// NewBlock prepares targets, given as residue codes of the scheme's matrix. It keeps the slices, which must not change
// afterwards, and their order. Beyond them a block takes Bytes of memory.
func NewBlock(s *scoring.Scheme, targets [][]byte) *Block {
	b := &Block{targets: targets, byLength: make([]int32, len(targets)), bounds: make([]int64, len(targets)),
		leastBound: math.MaxInt64}
	_, swapped := newSides(s)
	for i, t := range targets {
		b.byLength[i] = int32(i)
		b.residues += int64(len(t))
		b.bounds[i] = swapped.rowBound(t)
		b.leastBound = min(b.leastBound, b.bounds[i])
		if len(t) > 0 {
			b.filled++
		}
	}
	slices.SortStableFunc(b.byLength, func(x, y int32) int {
		return cmp.Compare(len(targets[y]), len(targets[x]))
	})
	return b
}

// Len is the number of targets.
func (b *Block) Len() int { return len(b.targets) }

// Residues is the sum of the targets' lengths.
func (b *Block) Residues() int64 { return b.residues }

// Bytes is the memory the block takes beside the targets themselves.
func (b *Block) Bytes() int64 { return int64(len(b.targets)) * (24 + 4 + 8) }
