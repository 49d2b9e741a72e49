package trace

import (
	"slices"

	"weir/stdlib/align/scoring"
)

// walk is the way back from the alignment's end to its start.
type walk struct {
	i, j int // residues of query and target before the columns that were read
	ops  []Op
	done bool // a local alignment's start was reached

	// A run of query residues against a gap that began before the kept rows: whatever row it opened at has the score
	// gapScore plus the cost of the run so far.
	inGap    bool
	gapEnd   int // the row at which the run ends
	gapScore int32
}

// begin starts at the end of the alignment.
func (w *walk) begin(end *end, ops []Op) {
	*w = walk{i: end.i, j: end.j, ops: ops}
}

// readBack follows the path through the kept rows, the first of which is row lo, until it leaves them at row lo.
func (a *Aligner) readBack(lo, width int) {
	w := &a.walk
	at := func(i, j int) int32 { return a.kept[(i-lo)*width+j] }
	for !w.done {
		if w.inGap && !a.findOpening(lo, at) {
			return
		}
		if w.i == lo || w.j == 0 {
			return
		}
		score := at(w.i, w.j)
		switch {
		case a.local && score == 0:
			w.done = true
		case w.j > 0 && score == at(w.i-1, w.j-1)+a.pairScore(w.i, w.j):
			w.add(Match, 1)
			w.i--
			w.j--
		default:
			if k := a.runAlongRow(a.kept[(w.i-lo)*width:][:w.j+1]); k > 0 {
				w.add(Delete, k)
				w.j -= k
				continue
			}
			w.inGap, w.gapEnd, w.gapScore = true, w.i, score
			w.i--
		}
	}
}

// pairScore is the score of a query residue and a target residue, both counted from 1.
func (a *Aligner) pairScore(i, j int) int32 {
	return a.scores[a.query[i-1]&(scoring.MaxCodes-1)][a.target[j-1]&(scoring.MaxCodes-1)]
}

// runAlongRow is the length of the shortest run of target residues against a gap that gives the row's last score, 0 if
// there is none.
func (a *Aligner) runAlongRow(row []int32) int {
	last := len(row) - 1
	opening := row[last] + a.first
	for k := 1; k <= last; k++ {
		if row[last-k] == opening {
			return k
		}
		opening += a.extend
	}
	return 0
}

// findOpening looks for the row at which the run of query residues against a gap opened, from row w.i on, which is
// below the run's end. It says whether it found one among the kept rows.
func (a *Aligner) findOpening(lo int, at func(i, j int) int32) bool {
	w := &a.walk
	for ; w.i >= lo; w.i-- {
		k := w.gapEnd - w.i
		if at(w.i, w.j) == w.gapScore+a.first+int32(k-1)*a.extend {
			w.add(Insert, k)
			w.inGap = false
			return true
		}
		if w.i == lo {
			break
		}
	}
	return false
}

// add puts a run of columns before those that were read.
func (w *walk) add(kind byte, n int) {
	if n == 0 {
		return
	}
	if last := len(w.ops) - 1; last >= 0 && w.ops[last].Kind == kind {
		w.ops[last].Len += n
		return
	}
	w.ops = append(w.ops, Op{kind, n})
}

// finish turns the path round, adds the end gaps of an alignment that is not local, and hands it over. The sequences' lengths are given.
func (w *walk) finish(end *end, query, target int, out *Alignment) {
	out.Score = end.score
	if !end.local {
		// What is left when one sequence is used up is the gap at the start.
		w.add(Insert, w.i)
		w.add(Delete, w.j)
	}
	slices.Reverse(w.ops)
	out.Ops = w.ops
	out.Span = span(w.i, end.i, w.j, end.j)
	if !end.local {
		out.addRun(Insert, query-end.i)
		out.addRun(Delete, target-end.j)
		out.Span = span(0, query, 0, target)
	}
	w.ops = nil
}

// span is the part of the sequences between numbers of residues before it and up to its end.
func span(queryBefore, queryEnd, targetBefore, targetEnd int) Span {
	var s Span
	if queryEnd > queryBefore {
		s.QueryStart, s.QueryEnd = queryBefore+1, queryEnd
	}
	if targetEnd > targetBefore {
		s.TargetStart, s.TargetEnd = targetBefore+1, targetEnd
	}
	return s
}

// addRun puts a run of columns after the path.
func (a *Alignment) addRun(kind byte, n int) {
	if n == 0 {
		return
	}
	if last := len(a.Ops) - 1; last >= 0 && a.Ops[last].Kind == kind {
		a.Ops[last].Len += n
		return
	}
	a.Ops = append(a.Ops, Op{kind, n})
}
