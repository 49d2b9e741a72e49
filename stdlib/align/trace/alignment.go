package trace

import (
	"strconv"

	"weir/stdlib/align/scoring"
)

// The kinds of an Op, as a CIGAR writes them.
const (
	Match  = 'M' // a column of two residues, equal or not
	Insert = 'I' // a query residue against a gap
	Delete = 'D' // a target residue against a gap
)

// Op is a run of columns of one kind.
type Op struct {
	Kind byte
	Len  int
}

// Span is a part of both sequences, by positions from 1, both ends inclusive. Where it has no residue of a sequence,
// that sequence's two positions are 0.
type Span struct {
	QueryStart, QueryEnd, TargetStart, TargetEnd int
}

// Alignment is one optimal alignment. Under local it goes from the first pair of residues to the last one. Otherwise
// it has every residue of both sequences, so that the end gaps, free or not, are part of Span, Ops and the counts;
// Core and the identity leave them out.
type Alignment struct {
	Score int32 // in the scheme's integer units
	Span
	Core Span // from the first pair of residues to the last one
	Ops  []Op // from the sequences' start to their end; neighbours differ in kind

	Columns       int // of the alignment
	Aligned       int // columns with two residues
	Identical     int // of them, those with the same letter, whatever the case; X and X are the same, U and C are not
	Similar       int // of them, those with a positive value in the matrix
	GapColumns    int // columns with one residue
	GapOpens      int // runs of such columns; an I run beside a D run counts by itself
	EndGapColumns int // gap columns before the first pair of residues and after the last one

	QueryLen, TargetLen int // lengths of the whole sequences
}

// Mismatches are the columns with two different letters.
func (a *Alignment) Mismatches() int { return a.Aligned - a.Identical }

// Identity is identical / columns with the internal gaps, as a fraction: blastp's pident.
func (a *Alignment) Identity() float64 { return fraction(a.Identical, a.Columns-a.EndGapColumns) }

// IdentityEmboss is identical / all columns, end gaps with them: needle's and water's.
func (a *Alignment) IdentityEmboss() float64 { return fraction(a.Identical, a.Columns) }

// IdentityAligned is identical / columns with two residues.
func (a *Alignment) IdentityAligned() float64 { return fraction(a.Identical, a.Aligned) }

// IdentityShorter is identical / length of the shorter sequence.
func (a *Alignment) IdentityShorter() float64 {
	return fraction(a.Identical, min(a.QueryLen, a.TargetLen))
}

// fraction is 0 where there is nothing to be a fraction of.
func fraction(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// AppendCIGAR appends the CIGAR of the whole alignment to dst: M for two residues, I for a query residue against a gap,
// D for a target residue against a gap. That of an empty alignment is empty.
func (a *Alignment) AppendCIGAR(dst []byte) []byte { return appendOps(dst, a.Ops) }

// AppendCoreCIGAR appends the CIGAR of Core to dst.
func (a *Alignment) AppendCoreCIGAR(dst []byte) []byte { return appendOps(dst, coreOps(a.Ops)) }

// CIGAR is AppendCIGAR as a string.
func (a *Alignment) CIGAR() string { return string(a.AppendCIGAR(nil)) }

func appendOps(dst []byte, ops []Op) []byte {
	for _, op := range ops {
		dst = strconv.AppendInt(dst, int64(op.Len), 10)
		dst = append(dst, op.Kind)
	}
	return dst
}

// coreOps cuts the gaps before the first and after the last run of pairs.
func coreOps(ops []Op) []Op {
	for len(ops) > 0 && ops[0].Kind != Match {
		ops = ops[1:]
	}
	for len(ops) > 0 && ops[len(ops)-1].Kind != Match {
		ops = ops[:len(ops)-1]
	}
	return ops
}

// Rescore is the score that the scheme gives to a path: the alignment's own Score if the path is optimal. It is what
// tests and explanations compare with; query and target are the encoded sequences.
func (a *Alignment) Rescore(s *scoring.Scheme, query, target []byte) int64 {
	i, j := max(a.QueryStart-1, 0), max(a.TargetStart-1, 0)
	var score int64
	for k, op := range a.Ops {
		switch op.Kind {
		case Match:
			for range op.Len {
				score += int64(s.Matrix.Scores[query[i]][target[j]]) * int64(s.Scale)
				i++
				j++
			}
		case Insert:
			if !a.freeGap(k, s.Free.QueryStart, s.Free.QueryEnd) {
				score -= s.GapCost(op.Len)
			}
			i += op.Len
		case Delete:
			if !a.freeGap(k, s.Free.TargetStart, s.Free.TargetEnd) {
				score -= s.GapCost(op.Len)
			}
			j += op.Len
		}
	}
	return score
}

// freeGap says whether the run of gaps Ops[k] is the first or the last run and free there.
func (a *Alignment) freeGap(k int, start, end bool) bool {
	return k == 0 && start || k == len(a.Ops)-1 && end
}

// measure fills everything but Score and Span from the path.
func (a *Alignment) measure(m *scoring.Matrix, query, target []byte) {
	a.QueryLen, a.TargetLen = len(query), len(target)
	i, j := max(a.QueryStart-1, 0), max(a.TargetStart-1, 0)
	for _, op := range a.Ops {
		a.Columns += op.Len
		switch op.Kind {
		case Match:
			if a.Aligned == 0 {
				a.Core.QueryStart, a.Core.TargetStart = i+1, j+1
			}
			a.Aligned += op.Len
			q, t := query[i:i+op.Len], target[j:j+op.Len]
			for k, c := range q {
				d := t[k]
				if c == d {
					a.Identical++
				}
				if m.Scores[c&(scoring.MaxCodes-1)][d&(scoring.MaxCodes-1)] > 0 {
					a.Similar++
				}
			}
			i += op.Len
			j += op.Len
			a.Core.QueryEnd, a.Core.TargetEnd = i, j
		case Insert:
			a.GapColumns += op.Len
			a.GapOpens++
			i += op.Len
		case Delete:
			a.GapColumns += op.Len
			a.GapOpens++
			j += op.Len
		}
	}
	a.EndGapColumns = a.Columns
	for _, op := range coreOps(a.Ops) {
		a.EndGapColumns -= op.Len
	}
}
