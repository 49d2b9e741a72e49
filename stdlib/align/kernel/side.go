package kernel

import "weir/stdlib/align/scoring"

// side is a scheme as the kernels see it, with one sequence down the rows of the matrix and one along its columns: the
// query and the target, or the other way round.
type side struct {
	local         bool
	scores        [scoring.MaxCodes][scoring.MaxCodes]int8 // by row code, then column code
	scale         int32
	first, extend int32
	rowFree       bool // columns before the first row cost nothing
	columnFree    bool // rows before the first column cost nothing
	lastRow       bool // columns after the last row cost nothing
	lastColumn    bool // rows after the last column cost nothing

	most    int64                   // the best value of the matrix, scaled, at least 0
	rowMost [scoring.MaxCodes]int64 // the same for one row code
}

// newSides makes the two sides: queries down the rows, and targets down the rows.
func newSides(s *scoring.Scheme) (direct, swapped side) {
	direct = side{local: s.Mode == scoring.Local, scores: s.Matrix.Scores, scale: s.Scale, first: s.First,
		extend: s.Extend, rowFree: s.Free.TargetStart, columnFree: s.Free.QueryStart, lastRow: s.Free.TargetEnd,
		lastColumn: s.Free.QueryEnd}
	swapped = direct
	swapped.rowFree, swapped.columnFree = direct.columnFree, direct.rowFree
	swapped.lastRow, swapped.lastColumn = direct.lastColumn, direct.lastRow
	for a := range scoring.MaxCodes {
		for b := range scoring.MaxCodes {
			swapped.scores[b][a] = direct.scores[a][b]
		}
	}
	direct.bound()
	swapped.bound()
	return direct, swapped
}

func (s *side) bound() {
	for a := range s.scores {
		for _, score := range s.scores[a] {
			s.rowMost[a] = max(s.rowMost[a], int64(score)*int64(s.scale))
		}
		s.most = max(s.most, s.rowMost[a])
	}
}

// rowBound is a number that the score of row against any column cannot exceed.
func (s *side) rowBound(row []byte) int64 {
	var sum int64
	for _, code := range row {
		sum += s.rowMost[code&(scoring.MaxCodes-1)]
	}
	return sum
}

// border is the score of k residues of one sequence before the first residue of the other.
func (s *side) border(k int, free bool) int32 {
	if k == 0 || free || s.local {
		return 0
	}
	return -s.first - int32(k-1)*s.extend
}

// fits says whether a kernel's lanes have room for the costs and scores of the scheme at all.
func (s *side) fits(k *kernel) bool {
	var least int64
	for a := range s.scores {
		for _, score := range s.scores[a] {
			least = min(least, int64(score)*int64(s.scale))
		}
	}
	if s.local {
		return least >= k.minScore && s.most <= k.maxScore && int64(s.first) <= k.maxGap
	}
	// How far global alignments fall below 0: to open a gap in each sequence, once more for E and F, once more for what
	// is compared with them; and the columns before the first residue.
	return int64(k.zero)-4*int64(s.first)+least-2*tileColumns*int64(s.extend) > int64(k.bottom)
}

// exceeds says whether a global score might rise out of a kernel's lanes.
func (s *side) exceeds(k *kernel, rowBound int64, m, n int) bool {
	high := min(rowBound, s.most*int64(min(m, n))) + int64(s.extend)*int64(m+n+2*tileColumns)
	return high > int64(k.top)-int64(k.zero)
}
