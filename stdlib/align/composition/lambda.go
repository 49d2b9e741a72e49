package composition

import (
	"math"

	"weir/stdlib/align/scoring"
)

// average is the composition that λ of a standard matrix is known for: Robinson and Robinson, PNAS 88, 8880 (1991), in the order of standard.
var average = func() (p probabilities) {
	p = probabilities{78.05, 51.29, 44.87, 53.64, 19.25, 42.64, 62.95, 73.77, 21.99, 51.42, 90.19, 57.44, 22.43, 38.56, 52.03, 71.20, 58.41, 13.30, 32.16, 64.41}
	sum := 0.0
	for _, x := range p {
		sum += x
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}()

// excess is the expectation of exp(λ·score), less 1, and its derivative by λ: negative, for a negative expected score, between 0 and the λ of Karlin
// and Altschul (PNAS 87, 2264, 1990), where it is 0, and positive beyond.
func excess(lambda float64, scores *[residues][residues]int32, p, q *probabilities) (value, slope float64) {
	value = -1
	for i := range p {
		if p[i] == 0 {
			continue
		}
		for j := range q {
			s := float64(scores[i][j])
			term := p[i] * q[j] * math.Exp(lambda*s)
			value += term
			slope += s * term
		}
	}
	return value, slope
}

// lambdaBelow is λ where it is known to be less than a bound at which excess is positive: from there Newton's method falls towards it, as excess is convex.
func lambdaBelow(lambda float64, scores *[residues][residues]int32, p, q *probabilities) float64 {
	for range 100 {
		value, slope := excess(lambda, scores, p, q)
		step := value / slope
		if !(step > 1e-13*lambda) {
			break
		}
		lambda -= step
	}
	return lambda
}

// ungappedLambda is the λ of a matrix for two sequences of average composition, per unit of the matrix.
func ungappedLambda(m *scoring.Matrix) float64 {
	var scores [residues][residues]int32
	for i := range residues {
		for j := range residues {
			scores[i][j] = int32(m.Scores[m.Encode[standard[i]]][m.Encode[standard[j]]])
		}
	}
	bound := 1.0 / 64
	for {
		if value, _ := excess(bound, &scores, &average, &average); value > 0 {
			return lambdaBelow(bound, &scores, &average, &average)
		}
		bound *= 2
	}
}

// least is how much a matrix is scaled at most: where more would be needed, or the expected score is not negative, so that there is no λ.
const least = 0.5

// ratio is the factor by which a scaled matrix is the standard one: λ for the two compositions over the standard λ, between least and 1.
func (a *Adjuster) ratio(query, target *Composition) float64 {
	if value, _ := excess(a.lambda, &a.basic, &query.of, &target.of); value <= 0 {
		return 1
	}
	if value, _ := excess(least*a.lambda, &a.basic, &query.of, &target.of); value >= 0 {
		return least
	}
	return lambdaBelow(a.lambda, &a.basic, &query.of, &target.of) / a.lambda
}
