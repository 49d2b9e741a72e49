package kernel_test

import (
	"testing"

	"weir/stdlib/align/kernel"
	"weir/stdlib/align/scoring/oracletest"
)

// Every pair of the oracle in every configuration, one path after the other; the slow paths with less.
func TestScoresEqualTheOracle(t *testing.T) {
	pairs := oracletest.Pairs(t)
	all := oracletest.Sequences(t)
	for _, path := range kernel.Paths() {
		sequences := all
		switch {
		case path == "scalar": // package scalar has its own test of all pairs
			sequences = all[:40]
			if testing.Short() {
				sequences = all[:8]
			}
		case testing.Short() && path == "swar":
			sequences = all[:16]
		case testing.Short():
			sequences = all[:40]
		case path == "swar":
			sequences = all[:120]
		}
		t.Setenv(kernel.PathVariable, path)
		for column, c := range oracletest.Configs(t) {
			t.Run(path+"/"+c.Name, func(t *testing.T) {
				codes := oracletest.Encode(t, c.Scheme.Matrix, sequences)
				scorer, err := kernel.NewScorer(c.Scheme)
				if err != nil {
					t.Fatal(err)
				}
				want := make([]kernel.Set, len(codes))
				scores := make([][]int32, len(codes))
				for q := range codes {
					want[q] = kernel.NewSet(len(codes))
					scores[q] = make([]int32, len(codes))
					for j := q + 1; j < len(codes); j++ {
						want[q].Add(j)
					}
				}
				scorer.ScoreAll(codes, kernel.NewBlock(c.Scheme, codes), want, scores)
				for _, p := range pairs {
					if p.Query >= len(codes) || p.Target >= len(codes) {
						continue
					}
					if got, want := c.Scheme.Float(scores[p.Query][p.Target]), p.Scores[column]; got != want {
						t.Errorf("S%03d S%03d: %v, want %v", p.Query+1, p.Target+1, got, want)
					}
				}
			})
		}
	}
}
