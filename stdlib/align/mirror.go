package align

import (
	"weir/planner/estimate"
	"weir/runtime/op"
	"weir/stdlib/align/scoring"
)

// mirrorParam is the hidden parameter by which the planner says that pairs come in both orders.
const mirrorParam = "mirrored"

// symmetric reports whether a pair has the score of the pair turned round.
func symmetric(a op.Args) (ok bool, why string) {
	s, err := schemeOf(a, nil)
	switch {
	case err != nil:
		return false, err.Error()
	case !s.Symmetric():
		by := "mode " + s.Mode.String()
		if s.Mode == scoring.Global {
			by = "free_ends"
		}
		return false, "query and target are not treated alike by " + by
	case a.Text("matrix") != "":
		return true, "if the matrix is symmetric"
	}
	return true, ""
}

// halved is the cells that are computed of those of all rows.
func halved(a op.Args, cells estimate.Number) estimate.Number {
	if a.Bool(mirrorParam) {
		return cells.Scale(0.5)
	}
	return cells
}

// mirror has the scores of the last batch of pairs, for the batch of these pairs turned round that follows.
type mirror struct {
	queries, targets *side
	pairs            []pair // ascending, as pairs gives them
	scores           []int32

	missing []pair
	rows    []int // of the missing ones
	found   []int32
}

// score is engine.score under a symmetric scheme. Pairs of one side must have been turned so that the smaller position comes first; then, like
// those of two sides, they come in one order in both batches, and one walk finds what is known. A pair that is not found, because an operator
// in between has dropped it or has changed the order, is computed.
func (m *mirror) score(e *engine, queries, targets *side, pairs []pair, out []int32) error {
	if queries != targets && queries == m.targets && targets == m.queries {
		queries, targets = targets, queries
		for i, p := range pairs {
			pairs[i] = pair{p.target, p.query}
		}
	}
	m.missing, m.rows = m.missing[:0], m.rows[:0]
	at := len(m.pairs)
	if queries == m.queries && targets == m.targets {
		at = 0
	}
	for i, p := range pairs {
		for at < len(m.pairs) && m.pairs[at].before(p) {
			at++
		}
		if at < len(m.pairs) && m.pairs[at] == p {
			out[i] = m.scores[at]
			continue
		}
		m.missing, m.rows = append(m.missing, p), append(m.rows, i)
	}
	e.ctx.Count("pairs", int64(len(pairs)-len(m.missing)))
	if len(m.missing) > 0 {
		if cap(m.found) < len(m.missing) {
			m.found = make([]int32, len(m.missing))
		}
		found := m.found[:len(m.missing)]
		if err := e.score(queries, targets, m.missing, found); err != nil {
			return err
		}
		for k, i := range m.rows {
			out[i] = found[k]
		}
	}
	m.queries, m.targets = queries, targets
	m.pairs, m.scores = append(m.pairs[:0], pairs...), append(m.scores[:0], out...)
	return nil
}

func (p pair) before(q pair) bool {
	return p.query < q.query || p.query == q.query && p.target < q.target
}
