// Package stats says how surprising a local score is: its bit score and its E-value, as blastp and DIAMOND give them.
//
// The E-value is Spouge's finite-size formula (Park, Sheetlin, Ma, Madden and Spouge, "New finite-size correction for
// local alignment score distributions", BMC Research Notes 2012), which both tools use without composition-based
// statistics; the textbook formula of Karlin and Altschul differs from it by some 17 % in the median, and by orders of
// magnitude for short sequences. The parameters are those of NCBI's toolkit; they are known for some matrices and gap
// costs only.
package stats

import (
	"fmt"
	"math"
	"strings"

	"weir/stdlib/align/scoring"
)

// Model has the parameters of one matrix with one gap cost. It is immutable.
type Model struct {
	lambda, k, lnK float64

	// How a sequence's end shortens it, as linear functions of the score S: the mean length of an alignment is a·S +
	// b, its variance alpha·S + beta, and the covariance of both sequences' lengths sigma·S + tau.
	a, b, alpha, beta, sigma, tau float64
}

// New finds the parameters for a scheme. The mode must be local, and matrix and gap among those known: a toolkit
// matrix, a published one with the same 20 × 20 values (all of BLOSUM45, 50, 62 and 90 and PAM30, 70 and 250, but not
// BLOSUM80), or a user's copy of one. An emboss or linear gap counts as the affine one of the same cost. The error is
// a *scoring.Error.
func New(s *scoring.Scheme) (*Model, error) {
	if s.Mode != scoring.Local {
		return nil, &scoring.Error{Message: "bits and evalue with mode " + s.Mode.String(),
			Hint: "their statistics are those of local scores; use mode: local"}
	}
	t, ok := tableOf(s.Matrix)
	if !ok {
		return nil, &scoring.Error{Message: fmt.Sprintf("bits and evalue are not known for matrix %s", s.Matrix.Name),
			Hint: "they are known for " + KnownMatrices() + " and published matrices of the same values"}
	}
	extend := s.Extend
	open := s.First - s.Extend
	if s.Scale == 1 {
		for _, g := range t.gapped {
			if g.open == open && g.extend == extend {
				return newModel(t.ungapped, g), nil
			}
		}
	}
	return nil, &scoring.Error{
		Message: fmt.Sprintf("bits and evalue are not known for matrix %s with gap %s", s.Matrix.Name, s.Gap),
		Hint:    "affine gaps that they are known for, as open/extend: " + t.knownGaps()}
}

func newModel(u ungapped, g gapped) *Model {
	cost := float64(g.open + g.extend)
	return &Model{
		lambda: g.lambda, k: g.k, lnK: math.Log(g.k),
		a: g.a, b: 2 * cost * (u.a - g.a),
		alpha: g.alpha, beta: 2 * cost * (u.alpha - g.alpha),
		sigma: g.sigma, tau: 2 * cost * (u.alpha - g.sigma),
	}
}

// Bits is the score in bits: (λS − ln K)/ln 2.
func (m *Model) Bits(score float64) float64 {
	return (m.lambda*score - m.lnK) / math.Ln2
}

// EValue is the number of alignments of at least this score that are expected by chance between a random query of that
// length and a database of so many residues that consists of targets like this one; where the database is not larger
// than the target, of those between the two sequences alone. Lengths count residues; a sequence of none gives 0.
func (m *Model) EValue(score float64, queryLen, targetLen int, database int64) float64 {
	if queryLen <= 0 || targetLen <= 0 {
		return 0
	}
	meanQuery, reachQuery := m.edge(score, queryLen)
	meanTarget, reachTarget := m.edge(score, targetLen)
	covariance := max(2*m.sigma/m.lambda, m.sigma*score+m.tau)
	area := meanQuery*meanTarget + covariance*reachQuery*reachTarget
	targets := max(float64(database)/float64(targetLen), 1)
	return area * m.k * math.Exp(-m.lambda*score) * targets
}

// edge is, for a sequence of so many residues, the mean number of places in it where an alignment of the score may
// begin without meeting the sequence's end, and the probability that there is one.
func (m *Model) edge(s float64, length int) (mean, probability float64) {
	left := float64(length) - (m.a*s + m.b)
	deviation := math.Sqrt(max(2*m.alpha/m.lambda, m.alpha*s+m.beta))
	z := left / deviation
	probability = math.Erfc(-z/math.Sqrt2) / 2
	density := math.Exp(-z*z/2) / math.Sqrt(2*math.Pi)
	return left*probability + deviation*density, probability
}

// Toolkit names the toolkit's matrix that has the same values for the 20 standard amino acids and whose parameters are known.
func Toolkit(m *scoring.Matrix) (string, bool) {
	t, ok := tableOf(m)
	if !ok {
		return "", false
	}
	return t.matrix, true
}

// KnownMatrices lists the toolkit's matrices whose parameters are known.
func KnownMatrices() string {
	var names []string
	for _, t := range tables {
		names = append(names, t.matrix)
	}
	return strings.Join(names, ", ")
}

func (t *table) knownGaps() string {
	var costs []string
	for _, g := range t.gapped {
		costs = append(costs, fmt.Sprintf("%d/%d", g.open, g.extend))
	}
	return strings.Join(costs, ", ")
}

// tableOf finds the table whose matrix has the same values for the 20 standard amino acids.
func tableOf(m *scoring.Matrix) (*table, bool) {
	for i := range tables {
		known, ok := scoring.Builtin(tables[i].matrix)
		if ok && sameStandard(m, known) {
			return &tables[i], true
		}
	}
	return nil, false
}

func sameStandard(a, b *scoring.Matrix) bool {
	const standard = "ARNDCQEGHILKMFPSTWYV"
	for i := range len(standard) {
		for j := range len(standard) {
			x, err1 := a.Score(standard[i], standard[j])
			y, err2 := b.Score(standard[i], standard[j])
			if err1 != nil || err2 != nil || x != y {
				return false
			}
		}
	}
	return true
}
