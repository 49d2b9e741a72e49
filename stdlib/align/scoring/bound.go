package scoring

// Composition counts the residues of a sequence by code.
type Composition [MaxCodes]int32

// Compose counts the residues of an encoded sequence.
func Compose(codes []byte) Composition {
	var c Composition
	for _, code := range codes {
		c[code%MaxCodes]++
	}
	return c
}

// Bounder bounds the score of a pair from above, from lengths and compositions alone, so that a pair that cannot reach
// a threshold need not be aligned. It is immutable.
type Bounder struct {
	scheme *Scheme
	best   int64 // the best value of the matrix, scaled, at least 0
	query  sideBound
	target sideBound
}

// sideBound has, for each code of one sequence, what one residue can bring when it meets its own letter and when it
// meets another one; both scaled and at least 0, because a residue in a gap brings 0 at best.
type sideBound struct {
	same, other [MaxCodes]int64
}

// NewBounder prepares the bounds of a scheme.
func NewBounder(s *Scheme) *Bounder {
	b := &Bounder{scheme: s, best: max(0, int64(s.Matrix.Max)) * int64(s.Scale)}
	for i := range len(s.Matrix.Letters) {
		for j := range len(s.Matrix.Letters) {
			value := int64(s.Matrix.Scores[i][j]) * int64(s.Scale)
			if i == j {
				b.query.same[i] = max(b.query.same[i], value)
				b.target.same[i] = max(b.target.same[i], value)
			} else {
				b.query.other[i] = max(b.query.other[i], value)
				b.target.other[j] = max(b.target.other[j], value)
			}
		}
	}
	return b
}

// Bound is a number that the integer score of the pair cannot exceed. It is the least of three: as many best matches as
// the shorter sequence has residues; the query's residues, each at its best partner, where only as many meet their
// own letter as the target has of it; and the same from the target's side. Less the charged gap that a difference of
// the lengths forces.
func (b *Bounder) Bound(query, target *Composition) int64 {
	var m, n, byQuery, byTarget int64
	for c := range query {
		q, t := int64(query[c]), int64(target[c])
		m += q
		n += t
		common := min(q, t)
		byQuery += common*max(b.query.same[c], b.query.other[c]) + (q-common)*b.query.other[c]
		byTarget += common*max(b.target.same[c], b.target.other[c]) + (t-common)*b.target.other[c]
	}
	bound := min(min(m, n)*b.best, byQuery, byTarget)
	if b.scheme.Mode == Local {
		return bound
	}
	free := b.scheme.Free
	switch {
	case m > n && !free.QueryStart && !free.QueryEnd:
		bound -= b.scheme.GapCost(int(m - n))
	case n > m && !free.TargetStart && !free.TargetEnd:
		bound -= b.scheme.GapCost(int(n - m))
	}
	return bound
}
