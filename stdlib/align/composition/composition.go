// Package composition adjusts a substitution matrix to what two proteins are made of, as blastp's composition-based statistics do.
//
// A matrix is made for sequences of an average composition. Between two sequences that are rich in the same residues, unrelated ones score too high
// with it; between two of unlike compositions related ones score too low. Both methods here make a matrix for one pair, on the scale of the standard
// one, so that the standard one's statistical parameters go with its scores.
//
// Scaled is the method of Schäffer, Aravind, Madden, Shavirin, Spouge, Wolf, Koonin and Altschul (Nucleic Acids Research 29, 2994, 2001): the standard
// matrix is scaled so that its λ for the two compositions is what its λ for an average one was. It is never scaled up, and down to the half at most.
//
// Adjusted is that of Yu, Wootton and Altschul (PNAS 100, 15688, 2003) and Altschul, Wootton, Gertz, Agarwala, Morgulis, Schäffer and Yu (FEBS Journal
// 272, 5101, 2005): the probabilities with which residues face each other are changed as little as possible so that they agree with the two
// compositions, to which PseudoCounts residues of average composition are added, while their relative entropy is Entropy. Where the compositions
// differ much and so do the lengths (see rule.go), or there are no such probabilities, it is Scaled, as Altschul et al. recommend and blastp does.
package composition

import (
	"fmt"
	"math"

	"weir/stdlib/align/scoring"
	"weir/stdlib/align/stats"
)

// Method is how a matrix is adjusted.
type Method uint8

const (
	Scaled   Method = iota // blastp's -comp_based_stats 1
	Adjusted               // blastp's -comp_based_stats 2
)

// Unit is how many units of an adjusted matrix make one of the standard matrix: blastp's.
const Unit = 32

const (
	// PseudoCounts is the number of residues of average composition that are added to a sequence before a matrix is adjusted to it.
	PseudoCounts = 20
	// Entropy is the relative entropy of an adjusted matrix in nats per pair of residues, whichever the standard matrix: about BLOSUM62's.
	Entropy = 0.44
)

// residues is the number of amino acids that a composition counts, in the order of standard.
const residues = 20

const standard = "ARNDCQEGHILKMFPSTWYV"

// probabilities of the standard amino acids; they add up to 1.
type probabilities [residues]float64

// Composition is what a sequence is made of.
type Composition struct {
	of     probabilities
	count  int // standard residues
	length int // all residues
}

// Scores are the values of a matrix by query code and target code, in 1/Unit of the standard matrix's units.
type Scores [scoring.MaxCodes][scoring.MaxCodes]int32

// Adjuster makes matrices for pairs from one standard matrix. It holds one goroutine's scratch memory, so it is not safe for concurrent use.
type Adjuster struct {
	method   Method
	standard *frequencies
	lambda   float64 // the standard matrix's for an average composition, per 1/Unit

	letters   letters
	basic     [residues][residues]int32 // the standard matrix in 1/Unit
	fixed     Scores                    // values that no composition changes: those of the stop
	transport transport
	out       Scores
}

// New prepares a method for a matrix, which must have the 20 × 20 values of one whose frequencies are known: the toolkit's BLOSUM45, 50, 62, 80 and 90
// and PAM30, 70 and 250. The error is a *scoring.Error.
func New(method Method, m *scoring.Matrix) (*Adjuster, error) {
	name, ok := stats.Toolkit(m)
	if !ok {
		return nil, &scoring.Error{Message: fmt.Sprintf("a composition cannot be accounted for with matrix %s", m.Name),
			Hint: "the frequencies behind a matrix are known for " + stats.KnownMatrices() + " and published matrices of the same values"}
	}
	f := known(name)
	a := &Adjuster{method: method, standard: f, lambda: ungappedLambda(m) / Unit, letters: lettersOf(m)}
	for i := range residues {
		for j := range residues {
			a.basic[i][j] = round(math.Log(f.joint[i][j]/(f.background[i]*f.background[j])) / a.lambda)
		}
	}
	for i := range scoring.MaxCodes {
		for j := range scoring.MaxCodes {
			a.fixed[i][j] = Unit * int32(m.Scores[i][j])
		}
	}
	a.transport.begin(&f.joint)
	return a, nil
}

// Compose counts a sequence, encoded for the matrix. U counts as C; what is no standard amino acid counts for the length alone.
func (a *Adjuster) Compose(codes []byte) Composition {
	var n [scoring.MaxCodes]int
	for _, c := range codes {
		n[c%scoring.MaxCodes]++
	}
	c := Composition{length: len(codes)}
	for i, code := range a.letters.standard {
		k := n[code]
		if standard[i] == 'C' && a.letters.selenocysteine != scoring.NoCode {
			k += n[a.letters.selenocysteine]
		}
		c.of[i] = float64(k)
		c.count += k
	}
	for i := range c.of {
		c.of[i] /= float64(max(c.count, 1))
	}
	return c
}

// Scores makes the matrix for a pair. It is valid until the next call. The result is nil where one of the sequences has no standard amino acid.
func (a *Adjuster) Scores(query, target *Composition) *Scores {
	if query.count == 0 || target.count == 0 {
		return nil
	}
	if a.method == Adjusted && !scales(query, target, &a.standard.background) {
		q, t := query.withPseudoCounts(&a.standard.background), target.withPseudoCounts(&a.standard.background)
		if joint := a.transport.solve(&q, &t, Entropy); joint != nil {
			return a.expand(joint, &q, &t, &q, &t, a.lambda)
		}
	}
	lambda := a.lambda / a.ratio(query, target)
	return a.expand(&a.standard.joint, &a.standard.background, &a.standard.background, &query.of, &target.of, lambda)
}

// withPseudoCounts are the composition's probabilities with PseudoCounts residues of the background added.
func (c *Composition) withPseudoCounts(background *probabilities) probabilities {
	weight := PseudoCounts / float64(c.count+PseudoCounts)
	var p probabilities
	for i := range p {
		p[i] = (1-weight)*c.of[i] + weight*background[i]
	}
	return p
}

// round is the nearest whole number, halves away from zero.
func round(x float64) int32 { return int32(math.Round(x)) }
