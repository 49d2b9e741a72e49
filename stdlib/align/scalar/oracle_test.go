package scalar_test

import (
	"runtime"
	"sync"
	"testing"

	"weir/stdlib/align/scalar"
	"weir/stdlib/align/scoring/oracletest"
)

// Every pair in every configuration; one pair in 37 under -short, in 331 under the race detector.
func TestScoresEqualTheOracle(t *testing.T) {
	configs := oracletest.Configs(t)
	pairs := oracletest.Pairs(t)
	if len(pairs) != 44850 {
		t.Fatalf("%d pairs", len(pairs))
	}
	step := 1
	if testing.Short() {
		step = 37
	}
	if raceEnabled {
		step = 331
	}
	sequences := oracletest.Sequences(t)
	for column, c := range configs {
		t.Run(c.Name, func(t *testing.T) {
			codes := oracletest.Encode(t, c.Scheme.Matrix, sequences)
			workers := runtime.GOMAXPROCS(0)
			var wg sync.WaitGroup
			for w := range workers {
				wg.Go(func() {
					for i := w * step; i < len(pairs); i += workers * step {
						p := pairs[i]
						score := scalar.Score(c.Scheme, codes[p.Query], codes[p.Target])
						if got, want := c.Scheme.Float(score), p.Scores[column]; got != want {
							t.Errorf("S%03d S%03d: %v, want %v", p.Query+1, p.Target+1, got, want)
						}
					}
				})
			}
			wg.Wait()
		})
	}
}
