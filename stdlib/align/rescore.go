package align

import (
	"context"
	"errors"
	"math"

	"weir/runtime/op"
	"weir/stdlib/align/composition"
	"weir/stdlib/align/kernel"
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

// rescorer scores and aligns pairs under matrices that are made for their compositions. Its scores are in 1/composition.Unit of the scheme's.
type rescorer struct {
	adjuster *composition.Adjuster
	scorer   *kernel.Scorer
	tracer   *trace.Aligner
	path     trace.Alignment

	codes  [][]byte
	values []kernel.Values
	scores []int32
}

// adjusterOf makes the matrices for a scheme with known statistics. The error is a *scoring.Error.
func adjusterOf(method composition.Method, s *scoring.Scheme) (*composition.Adjuster, error) {
	if _, err := stats.New(s); err != nil {
		return nil, err
	}
	return composition.New(method, s.Matrix)
}

// newRescorer makes a rescorer. The error is an *op.Error.
func newRescorer(method composition.Method, s *scoring.Scheme) (*rescorer, error) {
	a, err := adjusterOf(method, s)
	if err != nil {
		return nil, &op.Error{Code: "W6305", Message: "compositions cannot be accounted for with this scheme", Err: err}
	}
	fine := *s
	fine.Scale, fine.First, fine.Extend = composition.Unit*s.Scale, composition.Unit*s.First, composition.Unit*s.Extend
	scorer, err := kernel.NewScorer(&fine)
	if err != nil {
		return nil, pathError(err)
	}
	return &rescorer{adjuster: a, scorer: scorer, tracer: trace.NewAligner(&fine)}, nil
}

// stopWith makes the run's end stop what the rescorer does.
func (r *rescorer) stopWith(ctx context.Context) {
	r.scorer.Stop = func() bool { return ctx.Err() != nil }
	r.tracer.Stop = ctx.Err
}

// align aligns an encoded pair, and leaves the alignment in path. The score is 0 where there is no alignment.
func (r *rescorer) align(query, target []byte) (int32, error) {
	q, t := r.adjuster.Compose(query), r.adjuster.Compose(target)
	scores := r.adjuster.Scores(&q, &t)
	if scores == nil {
		return 0, nil
	}
	r.tracer.SetScores((*kernel.Values)(scores))
	if err := r.tracer.Align(query, target, &r.path); err != nil {
		return 0, err
	}
	return r.path.Score, nil
}

// together is how many targets are scored at once: their matrices take 1 MiB.
const together = 256

// score sets the score of each hit, whose position is that of a target in targets, to that of its pair with an encoded query. Of a pair that has no
// alignment it is 0. Not all are set where the run is being stopped.
func (r *rescorer) score(query []byte, targets [][]byte, found []hit) error {
	q := r.adjuster.Compose(query)
	for len(found) > 0 {
		some := found[:min(len(found), together)]
		found = found[len(some):]
		r.codes, r.values = r.codes[:0], r.values[:0]
		for i := range some {
			target := targets[some[i].pos]
			t := r.adjuster.Compose(target)
			scores := r.adjuster.Scores(&q, &t)
			if scores == nil {
				scores = &composition.Scores{} // under which everything scores 0
			}
			r.codes, r.values = append(r.codes, target), append(r.values, kernel.Values(*scores))
		}
		r.scores = append(r.scores[:0], make([]int32, len(some))...)
		var failed error
		r.scorer.ScoreEach(query, r.codes, r.values, func(t int) int32 {
			r.tracer.SetScores(&r.values[t])
			if err := r.tracer.Align(query, r.codes[t], &r.path); err != nil {
				failed = err
			}
			return r.path.Score
		}, r.scores)
		if failed != nil {
			return failed
		}
		for i := range some {
			some[i].score = r.scores[i]
		}
	}
	return nil
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
