package composition

import "math"

// transport finds the joint probabilities of a pair's residues. Those nearest to a standard table, in the sense of relative entropy, among all that have
// given sums of rows and columns and a given relative entropy to the product of these, have by Lagrange's conditions the form
//
//	x(i, j) = u(i) · v(j) · standard(i, j)^t
//
// so that for every t they are the table of powers scaled to the sums, which Sinkhorn's iteration finds (Annals of Mathematical Statistics 35, 876, 1964).
// With growing t the entropy of x falls, and since its margins are fixed, its relative entropy to their product rises: t is unique.
type transport struct {
	logs  table
	power table
	x     table
	u, v  probabilities
}

const (
	tolerance  = 1e-11 // of sums and of the relative entropy
	sinkhorns  = 20_000
	iterations = 100
	steepest   = 64 // the greatest t: beyond, x is all but a permutation
)

// begin sets the standard table, all of whose probabilities are positive.
func (s *transport) begin(standard *table) {
	for i := range standard {
		for j, p := range standard[i] {
			s.logs[i][j] = math.Log(p)
		}
	}
}

// solve gives the joint probabilities, valid until the next call; nil where none have that relative entropy. All sums must be positive.
func (s *transport) solve(rows, columns *probabilities, entropy float64) *table {
	for i := range s.u {
		s.u[i], s.v[i] = 1, 1
	}
	at := func(t float64) (float64, bool) {
		if !s.scale(t, rows, columns) {
			return 0, false
		}
		return s.relativeEntropy(rows, columns) - entropy, true
	}
	// Bracket t, which is 1 for average compositions.
	low, high := 0.0, 1.0
	fLow := -entropy
	fHigh, ok := at(high)
	for ok && fHigh < 0 && high < steepest {
		low, fLow = high, fHigh
		high *= 2
		fHigh, ok = at(high)
	}
	if !ok || fHigh < 0 {
		return nil
	}
	// Regula falsi in the Illinois variant.
	side := 0
	for range iterations {
		if math.Abs(fHigh) <= tolerance {
			break
		}
		t := (low*fHigh - high*fLow) / (fHigh - fLow)
		if !(t > low && t < high) {
			t = (low + high) / 2
		}
		f, ok := at(t)
		switch {
		case !ok:
			return nil
		case math.Abs(f) <= tolerance:
			return &s.x
		case f < 0:
			low, fLow = t, f
			if side < 0 {
				fHigh /= 2
			}
			side = -1
		default:
			high, fHigh = t, f
			if side > 0 {
				fLow /= 2
			}
			side = 1
		}
		if high-low <= 1e-14*high {
			return &s.x
		}
	}
	if _, ok := at(high); !ok {
		return nil
	}
	return &s.x
}

// scale sets x to the powers scaled to the sums, beginning with the last factors; false where it takes too long.
func (s *transport) scale(t float64, rows, columns *probabilities) bool {
	for i := range s.logs {
		for j, l := range s.logs[i] {
			s.power[i][j] = math.Exp(t * l)
		}
	}
	for range sinkhorns {
		var sums probabilities
		for i := range s.power {
			sum := 0.0
			for j, p := range s.power[i] {
				sum += p * s.v[j]
			}
			s.u[i] = rows[i] / sum
			for j, p := range s.power[i] {
				sums[j] += p * s.u[i]
			}
		}
		// With the old v the rows are right; how far are the columns?
		worst := 0.0
		for j := range sums {
			worst = max(worst, math.Abs(sums[j]*s.v[j]/columns[j]-1))
			s.v[j] = columns[j] / sums[j]
		}
		if worst <= tolerance {
			for i := range s.x {
				for j, p := range s.power[i] {
					s.x[i][j] = s.u[i] * p * s.v[j]
				}
			}
			return true
		}
		if math.IsNaN(worst) {
			return false
		}
	}
	return false
}

// relativeEntropy is that of x to the product of its margins, in nats.
func (s *transport) relativeEntropy(rows, columns *probabilities) float64 {
	sum := 0.0
	for i := range s.x {
		for j, x := range s.x[i] {
			if x > 0 {
				sum += x * math.Log(x/(rows[i]*columns[j]))
			}
		}
	}
	return sum
}
