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
// An Aligner does that for one pair at a time. A Batch has the scores of many pairs computed in the lanes of vector
// registers, by package kernel, and reads the same paths back from them.
//
// # Which of several optimal alignments
//
// The one that ends after the fewest query residues, and of those after the fewest target residues. From its end,
// column by column towards the start: a local alignment begins as soon as its score is reached; else a pair of
// residues, if that is optimal; else the shortest optimal run of target residues against a gap (D); else the shortest
// optimal run of query residues against a gap (I).
package trace

import (
	"math"
	"slices"

	"weir/stdlib/align/scoring"
)

// MatrixBytes is the memory in which an Aligner keeps scores that it reads a path from. For targets longer than 262,144
// residues it is 16 rows of scores.
const MatrixBytes = 16 << 20

const (
	matrixCells = MatrixBytes / 4
	minRows     = 16
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
	profile       [scoring.MaxCodes][]int32 // by query code: its score with every target residue, empty until it is used
	now           checkpoint                // the row that was computed last
	kept          []int32                   // rows of scores that the path is read from
	spare         []checkpoint

	walk walk

	// Stop, where it is set, is asked now and then during a long alignment; its error ends the alignment and is what Align gives.
	Stop  func() error
	asked int // cells since Stop was asked
}

// checkpoint is all that the rows after row depend on: its scores and, by column from 1 on, the best scores that end
// in a gap against the next row's residue.
type checkpoint struct {
	row  int
	h, e []int32
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
	return a.align(query, target, math.MaxInt32, out)
}

// AlignKnown is Align for a pair whose score is known to be score: it looks no further once an alignment of that score
// has ended. Given another score, it may find an alignment that is not optimal.
func (a *Aligner) AlignKnown(query, target []byte, score int32, out *Alignment) error {
	return a.align(query, target, score, out)
}

// stopEvery is the cells that are computed between two questions whether to go on: some hundredths of a second.
const stopEvery = 1 << 24

// stopped unwinds an alignment that is not to be finished.
type stopped struct{ err error }

func (a *Aligner) align(query, target []byte, known int32, out *Alignment) (err error) {
	defer func() {
		if r := recover(); r != nil {
			s, ok := r.(stopped)
			if !ok {
				panic(r)
			}
			err = s.err
		}
	}()
	if err := a.scheme.CheckLengths(len(query), len(target)); err != nil {
		return err
	}
	a.query, a.target = query, target
	for i := range a.profile {
		a.profile[i] = a.profile[i][:0]
	}
	*out = Alignment{Ops: out.Ops[:0]}
	end := newEnd(a.scheme, len(query), known)
	a.firstRow(&end)
	if width := len(target) + 1; len(query)+1 <= a.keptRows(width) {
		a.keep(len(query), &end)
		a.walk.begin(&end, out.Ops)
		a.readBack(0, width)
	} else {
		a.alignLong(&end, out.Ops)
	}
	a.walk.finish(&end, len(query), len(target), out)
	out.measure(a.scheme.Matrix, query, target)
	return nil
}

// keptRows is how many rows of a width are kept at once.
func (a *Aligner) keptRows(width int) int { return max(a.cells/width, a.minRows) }

// resize is a slice of n elements with any content.
func resize(s []int32, n int) []int32 {
	if cap(s) < n {
		return make([]int32, n)
	}
	return s[:n]
}

// firstRow starts with row 0, which no query residue has entered.
func (a *Aligner) firstRow(end *end) {
	a.now.row = 0
	a.now.h = resize(a.now.h, len(a.target)+1)
	a.now.e = resize(a.now.e, len(a.target))
	for j := range a.now.h {
		a.now.h[j] = a.border(j, a.scheme.Free.TargetStart)
	}
	for j := range a.now.e {
		a.now.e[j] = a.now.h[j+1] - a.first
		if a.local {
			a.now.e[j] = 0
		}
	}
	end.row(0, a.now.h, 0)
}

// border is the score of k residues of one sequence before the first residue of the other.
func (a *Aligner) border(k int, free bool) int32 {
	if k == 0 || free || a.local {
		return 0
	}
	return -a.first - int32(k-1)*a.extend
}

// keep computes the rows after the current one up to row hi and keeps them and it.
func (a *Aligner) keep(hi int, end *end) {
	width := len(a.now.h)
	a.kept = resize(a.kept, (hi-a.now.row+1)*width)
	at := copy(a.kept, a.now.h)
	for a.now.row < hi && !end.found() {
		a.next(end)
		at += copy(a.kept[at:], a.now.h)
	}
}

// next computes the next row, and shows it to end, if there is one.
func (a *Aligner) next(end *end) {
	h, e := a.now.h, a.now.e
	if a.asked += len(h); a.asked > stopEvery && a.Stop != nil {
		a.asked = 0
		if err := a.Stop(); err != nil {
			panic(stopped{err})
		}
	}
	diagonal := h[0]
	h[0] = a.border(a.now.row+1, a.scheme.Free.QueryStart)
	scores := a.profileOf(a.query[a.now.row] & (scoring.MaxCodes - 1))
	a.now.row++
	var best int32
	if a.local {
		best = rowLocal(scores, h[1:], e, diagonal, a.first, a.extend)
	} else {
		rowGlobal(scores, h[1:], e, diagonal, h[0]-a.first, a.first, a.extend)
	}
	if end != nil {
		end.row(a.now.row, h, best)
	}
}

// profileOf has the scores of a query residue with the target's residues.
func (a *Aligner) profileOf(code byte) []int32 {
	if len(a.profile[code]) < len(a.target) {
		scores := &a.scores[code]
		profile := resize(a.profile[code], len(a.target))
		for j, t := range a.target {
			profile[j] = scores[t&(scoring.MaxCodes-1)]
		}
		a.profile[code] = profile
	}
	return a.profile[code]
}

// rowLocal turns the scores h of a row, from column 1 on, into those of the next one, and returns the largest of them.
// diagonal is the score of the old row's column 0. The floor of 0 is in e, which is never below it.
func rowLocal(scores, h, e []int32, diagonal, first, extend int32) int32 {
	scores = scores[:len(h)]
	e = e[:len(h)]
	f := -first
	var best int32
	for j, score := range scores {
		down := e[j]
		here := max(diagonal+score, down, f)
		diagonal = h[j]
		h[j] = here
		best = max(best, here)
		here -= first
		f = max(f-extend, here)
		e[j] = max(down-extend, here, 0)
	}
	return best
}

// rowGlobal is rowLocal without the floor of 0; f is the score of a gap from the new row's column 0.
func rowGlobal(scores, h, e []int32, diagonal, f, first, extend int32) {
	scores = scores[:len(h)]
	e = e[:len(h)]
	for j, score := range scores {
		down := e[j]
		here := max(diagonal+score, down, f)
		diagonal = h[j]
		h[j] = here
		here -= first
		f = max(f-extend, here)
		e[j] = max(down-extend, here)
	}
}

// end looks for the place where the best alignment ends.
type end struct {
	local, queryEnd, targetEnd bool // the last two: residues after the alignment's end are free
	queryLen                   int
	known                      int32 // no alignment scores more

	score int32
	i, j  int
}

func newEnd(s *scoring.Scheme, queryLen int, known int32) end {
	return end{local: s.Mode == scoring.Local, queryEnd: s.Free.QueryEnd, targetEnd: s.Free.TargetEnd,
		queryLen: queryLen, known: known, score: negInf}
}

// found says that no later row can have a better end.
func (e *end) found() bool { return e != nil && e.score >= e.known }

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
