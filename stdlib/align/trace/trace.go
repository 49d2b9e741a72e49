// Package trace finds an optimal alignment: not its score only, but where it lies and which residues it pairs.
//
// # Method
//
// It computes the scores H(i, j) of the best alignments of all prefixes by Gotoh's (1982) recurrences, keeps them as
// whole rows (a row is a number of query residues), and reads the path back from the scores alone: no directions are
// stored, so the inner loop is that of a score-only aligner. Rows that fit into MatrixBytes are all kept. Of more, only
// some are, evenly spaced; from the last of them on, rows are computed a second time, up to the column that the path
// has reached, and read back; then from the one before. That is done again inside a stretch of rows that is still too
// large. So memory grows with the target's length, time is two to three times that of the score, and, unlike Myers and
// Miller's (1988) division, the path is the one that the whole matrix would give.
//
// # Which of several optimal alignments
//
// The one that ends after the fewest query residues, and of those after the fewest target residues. From its end, column
// by column towards the start: a local alignment begins as soon as its score is reached; else a pair of residues, if
// that is optimal; else the shortest optimal run of target residues against a gap (D); else the shortest optimal run of
// query residues against a gap (I).
package trace

import (
	"math"
	"slices"

	"weir/stdlib/align/scoring"
)

// MatrixBytes is the memory in which an Aligner keeps scores that it reads a path from. For targets longer than 65,536
// residues it is 64 rows of scores.
const MatrixBytes = 16 << 20

const (
	matrixCells = MatrixBytes / 4
	minRows     = 64
	// negInf is below every score that passes CheckLengths, by more than a gap costs.
	negInf = math.MinInt32 / 2
)

// Align is a new Aligner's Align.
func Align(s *scoring.Scheme, query, target []byte) (Alignment, error) {
	var a Alignment
	err := NewAligner(s).Align(query, target, &a)
	return a, err
}

// Aligner aligns pairs under one scheme and keeps its memory from one pair to the next. It is not safe for concurrent
// use.
type Aligner struct {
	scheme        *scoring.Scheme
	scores        [scoring.MaxCodes][scoring.MaxCodes]int32 // scaled, by query code and target code
	first, extend int32
	local         bool

	// The caps on memory; tests lower them.
	cells, minRows  int
	checkpointCells int

	query, target []byte
	h             []int32 // the kept rows, or the last two
	e             []int32 // by column, the best score that ends in a gap against the next row's residue
	spare         []checkpoint

	walk walk
}

// NewAligner prepares the alignment of pairs under a scheme.
func NewAligner(s *scoring.Scheme) *Aligner {
	a := &Aligner{scheme: s, first: s.First, extend: s.Extend, local: s.Mode == scoring.Local,
		cells: matrixCells, minRows: minRows, checkpointCells: checkpointCells}
	for i := range a.scores {
		for j := range a.scores[i] {
			a.scores[i][j] = int32(s.Matrix.Scores[i][j]) * s.Scale
		}
	}
	return a
}

// Align finds the alignment of two encoded sequences. It overwrites out and reuses its Ops. The error is that of
// Scheme.CheckLengths.
func (a *Aligner) Align(query, target []byte, out *Alignment) error {
	if err := a.scheme.CheckLengths(len(query), len(target)); err != nil {
		return err
	}
	a.query, a.target = query, target
	*out = Alignment{Ops: out.Ops[:0]}
	kept := a.keptRows(len(target) + 1)
	end := newEnd(a.scheme, len(query), len(target))
	if len(query)+1 <= kept {
		a.firstRow(a.rows(len(query)+1, len(target)+1))
		a.fill(0, len(query), len(target), a.h, &end)
		a.walk.begin(&end, out.Ops)
		a.readBack(0, a.h, len(target)+1)
	} else {
		a.alignLong(&end, out.Ops)
	}
	a.walk.finish(a, &end, out)
	out.measure(a.scheme.Matrix, query, target)
	return nil
}

// keptRows is how many rows of a width are kept at once.
func (a *Aligner) keptRows(width int) int { return max(a.cells/width, a.minRows) }

// rows makes room for rows of scores.
func (a *Aligner) rows(count, width int) []int32 {
	a.h = resize(a.h, count*width)
	a.e = resize(a.e, width-1)
	return a.h
}

// resize is a slice of n elements with any content.
func resize(s []int32, n int) []int32 {
	if cap(s) < n {
		return make([]int32, n)
	}
	return s[:n]
}

// firstRow fills row 0, which no query residue has entered, and what the gaps against row 1 cost from there.
func (a *Aligner) firstRow(h []int32) {
	for j := range len(a.target) + 1 {
		h[j] = a.border(j, a.scheme.Free.TargetStart)
	}
	for j := range a.e {
		a.e[j] = h[j+1] - a.first
	}
}

// border is the score of k residues of one sequence before the first residue of the other.
func (a *Aligner) border(k int, free bool) int32 {
	if k == 0 || free || a.local {
		return 0
	}
	return -a.first - int32(k-1)*a.extend
}

// fill computes the rows after row lo up to row hi, for the columns up to width, into h, whose first row is row lo. It
// tells end, if there is one, of every row.
func (a *Aligner) fill(lo, hi, width int, h []int32, end *end) {
	if end != nil && lo == 0 {
		end.row(0, h[:width+1], 0)
	}
	for i := lo + 1; i <= hi; i++ {
		previous := h[:width+1]
		h = h[width+1:]
		best := a.row(i, previous, h[:width+1], a.e[:width])
		if end != nil {
			end.row(i, h[:width+1], best)
		}
	}
}

// row computes row i from the one before it and returns its largest score, from column 1 on.
func (a *Aligner) row(i int, previous, current, e []int32) int32 {
	current[0] = a.border(i, a.scheme.Free.QueryStart)
	scores := &a.scores[a.query[i-1]&(scoring.MaxCodes-1)]
	if a.local {
		return rowLocal(scores, a.target, previous, current, e, a.first, a.extend)
	}
	rowGlobal(scores, a.target, previous, current, e, a.first, a.extend)
	return 0
}

// rowLocal is the cell of a local alignment along a row. e holds the best scores with a gap against this row's residue
// and is left with those against the next one's. Because a gap's first residue costs no less than its next one, a gap
// along the row need not open where another one along the row ends.
func rowLocal(scores *[scoring.MaxCodes]int32, target []byte, previous, current, e []int32, first, extend int32) int32 {
	target = target[:len(e)]
	above := previous[1:][:len(e)]
	out := current[1:][:len(e)]
	diagonal := previous[0]
	f := current[0] - first
	var best int32
	for j, code := range target {
		pair := diagonal + scores[code&(scoring.MaxCodes-1)]
		diagonal = above[j]
		down := e[j]
		h := max(pair, down, 0)
		across := h - first
		h = max(h, f)
		f = max(f-extend, across)
		out[j] = h
		best = max(best, h)
		e[j] = max(down-extend, h-first)
	}
	return best
}

// rowGlobal is rowLocal without the floor of 0.
func rowGlobal(scores *[scoring.MaxCodes]int32, target []byte, previous, current, e []int32, first, extend int32) {
	target = target[:len(e)]
	above := previous[1:][:len(e)]
	out := current[1:][:len(e)]
	diagonal := previous[0]
	f := current[0] - first
	for j, code := range target {
		pair := diagonal + scores[code&(scoring.MaxCodes-1)]
		diagonal = above[j]
		down := e[j]
		h := max(pair, down)
		across := h - first
		h = max(h, f)
		f = max(f-extend, across)
		out[j] = h
		e[j] = max(down-extend, h-first)
	}
}

// end looks for the place where the best alignment ends.
type end struct {
	local, queryEnd, targetEnd bool // the last two: residues after the alignment's end are free
	queryLen                   int

	score int32
	i, j  int
}

func newEnd(s *scoring.Scheme, queryLen, targetLen int) end {
	return end{local: s.Mode == scoring.Local, queryEnd: s.Free.QueryEnd, targetEnd: s.Free.TargetEnd,
		queryLen: queryLen, score: negInf}
}

// row takes the cells of a row in which an alignment may end into account; best is the row's largest score where the
// alignment is local. Rows come in order, so that a later end must be better.
func (e *end) row(i int, h []int32, best int32) {
	switch {
	case e.local && best <= e.score:
	case e.local:
		e.offer(i, slices.Index(h, best), best)
	case i == e.queryLen && e.targetEnd:
		for j, score := range h {
			e.offer(i, j, score)
		}
	case i == e.queryLen || e.queryEnd:
		e.offer(i, len(h)-1, h[len(h)-1])
	}
}

func (e *end) offer(i, j int, score int32) {
	if score > e.score {
		e.score, e.i, e.j = score, i, j
	}
}
