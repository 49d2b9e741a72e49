package composition

import "math"

// When Adjusted scales instead: NCBI's rule, from the second of the papers above.
const (
	unlike     = 0.16 // the compositions' distance is greater than this,
	angle      = 70   // the angle in degrees between their differences from the background is, too,
	lengthwise = 3    // and one sequence is more than so many times as long as the other.
	// But not where a sequence of more than shortest residues consists of two kinds of residues by more than lopsided.
	shortest = 50
	lopsided = 0.4
)

// scales says that a pair's matrix is to be scaled and not to be adjusted.
func scales(query, target *Composition, background *probabilities) bool {
	if query.isLopsided() || target.isLopsided() {
		return false
	}
	apart := distance(&query.of, &target.of)
	q, t := distance(&query.of, background), distance(&target.of, background)
	between := math.Acos((q*q+t*t-apart*apart)/2/q/t) * 180 / math.Pi // NaN for the background itself
	long, short := float64(max(query.length, target.length)), float64(min(query.length, target.length))
	return apart > unlike && long/short > lengthwise && between > angle
}

func (c *Composition) isLopsided() bool {
	var first, second float64
	for _, p := range c.of {
		if p > first {
			first, second = p, first
		} else if p > second {
			second = p
		}
	}
	return c.length > shortest && first+second > lopsided
}

// distance is the square root of the Jensen–Shannon divergence, in nats: a metric (Endres and Schindelin, IEEE Transactions on Information Theory 49,
// 1858, 2003).
func distance(p, q *probabilities) float64 {
	sum := 0.0
	for i := range p {
		middle := (p[i] + q[i]) / 2
		if p[i] > 0 {
			sum += p[i] * math.Log(p[i]/middle) / 2
		}
		if q[i] > 0 {
			sum += q[i] * math.Log(q[i]/middle) / 2
		}
	}
	return math.Sqrt(max(sum, 0))
}
