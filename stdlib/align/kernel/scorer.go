package kernel

import (
	"math"

	"weir/stdlib/align/scalar"
	"weir/stdlib/align/scoring"
)

// Scorer scores pairs under one scheme. It holds one goroutine's scratch memory, so it is not safe for concurrent use.
type Scorer struct {
	scheme *scoring.Scheme
	path   *path
	min    int32
	cells  int64
}

// NewScorer makes a Scorer that uses the path that Active names. The error says what is wrong with WEIR_ALIGN_PATH.
func NewScorer(s *scoring.Scheme) (*Scorer, error) {
	p, err := active()
	if err != nil {
		return nil, err
	}
	return &Scorer{scheme: s, path: p, min: math.MinInt32}, nil
}

// SetMin tells the Scorer that the caller has no use for scores under min. It may then report such a pair as Below, or
// with its score; the scores of all other pairs are exact. A new Scorer reports every score.
func (sc *Scorer) SetMin(min int32) { sc.min = min }

// Cells is the sum of query length × target length over all pairs asked for since the Scorer was made.
func (sc *Scorer) Cells() int64 { return sc.cells }

// Scores sets scores[i] to the score of query against the block's target i, for every i.
func (sc *Scorer) Scores(query []byte, b *Block, scores []int32) {
	sc.ScoreAll([][]byte{query}, b, nil, [][]int32{scores})
}

// ScoreAll sets scores[q][t] to the score, in the scheme's integer units, of query q against the block's target t, for
// all t in want[q], and leaves the rest of scores alone. A nil want asks for every pair, a nil want[q] for every target.
// Pairs must pass Scheme.CheckLengths. One call with many queries is faster than many calls, and queries next to each
// other that want nearly the same targets are faster than queries that do not.
func (sc *Scorer) ScoreAll(queries [][]byte, b *Block, want []Set, scores [][]int32) {
	for q, query := range queries {
		for t, target := range b.targets {
			if want == nil || want[q] == nil || want[q].Has(t) {
				scores[q][t] = scalar.Score(sc.scheme, query, target)
				sc.cells += int64(len(query)) * int64(len(target))
			}
		}
	}
}
