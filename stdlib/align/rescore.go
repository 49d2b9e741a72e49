package align

import (
	"errors"
	"math"

	"weir/runtime/op"
	"weir/stdlib/align/composition"
	"weir/stdlib/align/scoring"
	"weir/stdlib/align/stats"
	"weir/stdlib/align/trace"
)

// compositionMethods are the words of search's parameter.
var compositionMethods = map[string]composition.Method{"scaled": composition.Scaled, "adjusted": composition.Adjusted}

// Under composition, max_evalue where it is not given, and what a pair's plain E-value may be, in multiples of it, for the pair to be aligned again:
// blastp's values.
const (
	defaultMaxEValue = 10
	stretch          = 5
)

// rescorer aligns pairs under matrices that are made for their compositions. Its scores are in 1/composition.Unit of the scheme's.
type rescorer struct {
	adjuster *composition.Adjuster
	tracer   *trace.Aligner
	path     trace.Alignment
}

// newRescorer makes a rescorer for a scheme with known statistics. The error is a *scoring.Error.
func newRescorer(method composition.Method, s *scoring.Scheme) (*rescorer, error) {
	if _, err := stats.New(s); err != nil {
		return nil, err
	}
	a, err := composition.New(method, s.Matrix)
	if err != nil {
		return nil, err
	}
	fine := *s
	fine.Scale, fine.First, fine.Extend = composition.Unit*s.Scale, composition.Unit*s.First, composition.Unit*s.Extend
	return &rescorer{adjuster: a, tracer: trace.NewAligner(&fine)}, nil
}

// align aligns an encoded pair, and leaves the alignment in path. The score is 0 where there is no alignment.
func (r *rescorer) align(query, target []byte) (int32, error) {
	q, t := r.adjuster.Compose(query), r.adjuster.Compose(target)
	scores := r.adjuster.Scores(&q, &t)
	if scores == nil {
		return 0, nil
	}
	r.tracer.SetScores((*[scoring.MaxCodes][scoring.MaxCodes]int32)(scores))
	if err := r.tracer.Align(query, target, &r.path); err != nil {
		return 0, err
	}
	return r.path.Score, nil
}

// rounded is a fine score in the scheme's units, halves up, and what that takes from it.
func rounded(fine int32) (score int32, rest float64) {
	score = int32(math.Round(float64(fine) / composition.Unit))
	return score, float64(fine)/composition.Unit - float64(score)
}

// reportComposition tells the user why there is no rescorer.
func reportComposition(t *op.Typing, err error) {
	var se *scoring.Error
	if errors.As(err, &se) {
		t.Errorf("composition", "W2311", "`composition` needs E-values and the frequencies behind the matrix: %s", se.Error())
		return
	}
	t.Errorf("composition", "W2311", "%s", err)
}
