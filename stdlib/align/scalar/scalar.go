// Package scalar is the reference that every faster aligner is tested against: the textbook recurrences of Gotoh
// (1982), one cell at a time, in 64-bit integers, for every mode and every choice of free ends.
//
// A gap in one sequence may open directly after a gap in the other, as in Biopython and parasail.
package scalar

import (
	"math"

	"weir/stdlib/align/scoring"
)

// End is where an optimal alignment ends: the number of query and of target residues before its end, free end gaps left
// out. Of several ends with the best score it is the one with the fewest query residues, then the fewest target
// residues.
type End struct {
	Score         int32
	Query, Target int
}

// Score is the score of the best alignment of two encoded sequences, in the scheme's integer units. It is exact for
// sequences that pass Scheme.CheckLengths; where it leaves the range of an int32 it is the nearest int32. Codes must be
// below scoring.MaxCodes. Memory grows with the query's length only.
func Score(s *scoring.Scheme, query, target []byte) int32 {
	return ScoreEnds(s, query, target).Score
}

// ScoreEnds is Score with the place where the alignment ends. An empty local alignment ends at 0, 0.
func ScoreEnds(s *scoring.Scheme, query, target []byte) End {
	r := newRun(s, query, len(target))
	r.finishColumn(0)
	for j, code := range target {
		r.nextColumn(j+1, code&(scoring.MaxCodes-1))
		r.finishColumn(j + 1)
	}
	return End{Score: clamp(r.best), Query: r.bestQuery, Target: r.bestTarget}
}

// negInf is below every reachable value, and far enough above the end of the range to have costs taken off.
const negInf = math.MinInt64 / 4

// run holds the column of the matrix at one target position. A row is a number of query residues.
type run struct {
	first, extend int64
	local         bool
	free          scoring.Ends
	query         []byte
	targetLen     int
	scores        [scoring.MaxCodes][scoring.MaxCodes]int64 // by target code, then query code; scaled

	h []int64 // best score of an alignment of the two prefixes
	e []int64 // the same where the last column is a target residue in a gap

	columnBest            int64 // the best of the current column
	best                  int64
	bestQuery, bestTarget int
}

func newRun(s *scoring.Scheme, query []byte, targetLen int) *run {
	r := &run{
		first: int64(s.First), extend: int64(s.Extend), local: s.Mode == scoring.Local, free: s.Free,
		query: query, targetLen: targetLen,
		h: make([]int64, len(query)+1), e: make([]int64, len(query)+1),
		best: negInf,
	}
	for a := range r.scores {
		for b := range r.scores {
			r.scores[a][b] = int64(s.Matrix.Scores[b][a]) * int64(s.Scale)
		}
	}
	for i := range r.h {
		r.h[i] = r.border(i, s.Free.QueryStart)
		r.e[i] = negInf
	}
	return r
}

// border is the score of k residues of one sequence before the first residue of the other.
func (r *run) border(k int, free bool) int64 {
	if k == 0 || free || r.local {
		return 0
	}
	return -r.first - int64(k-1)*r.extend
}

// nextColumn moves to j target residues, the last of which is code.
func (r *run) nextColumn(j int, code byte) {
	h, e := r.h, r.e[:len(r.h)]
	scores := &r.scores[code]
	diagonal := h[0]
	h[0] = r.border(j, r.free.TargetStart)
	up, f, columnBest := h[0], int64(negInf), h[0]
	for i, q := range r.query {
		left := h[i+1]
		gapTarget := max(e[i+1]-r.extend, left-r.first)
		f = max(f-r.extend, up-r.first)
		best := max(diagonal+scores[q&(scoring.MaxCodes-1)], gapTarget, f)
		if r.local {
			best = max(best, 0)
		}
		diagonal, up = left, best
		columnBest = max(columnBest, best)
		h[i+1], e[i+1] = best, gapTarget
	}
	r.columnBest = columnBest
}

// finishColumn takes the column's cells in which an alignment may end into account.
func (r *run) finishColumn(j int) {
	switch {
	case r.local && r.columnBest < r.best:
	case r.local, r.free.QueryEnd && j == r.targetLen:
		for i := range r.h {
			r.offer(i, j)
		}
	case r.free.TargetEnd || j == r.targetLen:
		r.offer(len(r.h)-1, j)
	}
}

// offer takes an end into account; ends come by ascending j.
func (r *run) offer(i, j int) {
	if r.h[i] > r.best || r.h[i] == r.best && i < r.bestQuery {
		r.best, r.bestQuery, r.bestTarget = r.h[i], i, j
	}
}

func clamp(score int64) int32 {
	return int32(min(max(score, math.MinInt32), math.MaxInt32))
}
