package kernel_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"weir/stdlib/align/kernel"
	"weir/stdlib/align/scalar"
	"weir/stdlib/align/scoring"
)

// Every path gives the reference's score of each pair under the pair's own matrix, in lanes of any width, and asks for what it does not take.
func TestScoreEachEqualsTheReference(t *testing.T) {
	for _, path := range kernel.Paths() {
		t.Run(path, func(t *testing.T) {
			t.Setenv(kernel.PathVariable, path)
			asked, all, empty := 0, 0, 0
			rapid.Check(t, func(t *rapid.T) {
				rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
				factor := rapid.SampledFrom([]int32{1, 16, 40}).Draw(t, "factor")
				first := rapid.Int32Range(1, 12).Draw(t, "first") * factor
				s := &scoring.Scheme{Mode: scoring.Local, Matrix: &scoring.Matrix{}, Scale: factor, First: first,
					Extend: rapid.Int32Range(0, first).Draw(t, "extend")}
				scorer, err := kernel.NewScorer(s)
				if err != nil {
					t.Fatal(err)
				}
				for range 2 { // the second time with what the first has left in the scratch memory
					query := make([]byte, rapid.SampledFrom([]int{0, 1, 7, 60, 150}).Draw(t, "query"))
					for i := range query {
						query[i] = byte(rng.IntN(26))
					}
					n := rapid.SampledFrom([]int{1, 3, 33, 80}).Draw(t, "targets")
					targets, values, want := make([][]byte, n), make([]kernel.Values, n), make([]int32, n)
					for k := range targets {
						// A part of the query, changed here and there, so that some scores are large.
						for _, c := range query[rng.IntN(len(query)+1):] {
							if rng.IntN(5) == 0 {
								c = byte(rng.IntN(26))
							}
							targets[k] = append(targets[k], c)
						}
						own := *s
						own.Matrix = &scoring.Matrix{}
						for i := range 26 {
							for j := range 26 {
								v := int8(rng.IntN(12) - 9)
								if i == j {
									v = int8(rng.IntN(100))
								}
								own.Matrix.Scores[i][j], values[k][i][j] = v, int32(v)*factor
							}
						}
						want[k] = scalar.Score(&own, query, targets[k])
					}
					got := make([]int32, n)
					for i := range got {
						got[i] = math.MinInt32
					}
					cells := scorer.Cells()
					scorer.ScoreEach(query, targets, values, func(k int) int32 { asked++; return want[k] }, got)
					all += n
					var residues int64
					for k := range got {
						residues += int64(len(targets[k]))
						if len(targets[k]) == 0 || len(query) == 0 {
							empty++
						}
						if got[k] != want[k] {
							t.Fatalf("target %d of %d: %d, want %d", k, n, got[k], want[k])
						}
					}
					if d := scorer.Cells() - cells; d != residues*int64(len(query)) {
						t.Fatalf("%d cells", d)
					}
				}
			})
			switch {
			case path == "scalar" && asked != all, path == "swar" && (asked == all || asked == empty), path != "scalar" && path != "swar" && asked != empty:
				t.Errorf("%d of %d asked for, %d of them empty", asked, all, empty)
			}
		})
	}
}

// BenchmarkScoreEach scores a query of 400 residues against as many targets with a matrix each. GCUPS are thousand millions of cells per second of
// processor time.
func BenchmarkScoreEach(b *testing.B) {
	m, _ := scoring.Builtin("BLOSUM62")
	s := &scoring.Scheme{Mode: scoring.Local, Matrix: m, Scale: 32, First: 384, Extend: 32}
	for _, n := range []int{1, 8, 64} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			scorer, err := kernel.NewScorer(s)
			if err != nil {
				b.Fatal(err)
			}
			rng := rand.New(rand.NewPCG(1, 2))
			sequence := func(n int) []byte {
				x := make([]byte, n)
				for i := range x {
					x[i] = byte(rng.IntN(20))
				}
				return x
			}
			query, targets, values := sequence(400), make([][]byte, n), make([]kernel.Values, n)
			for k := range targets {
				targets[k] = sequence(200 + rng.IntN(400))
				for i := range values[k] {
					for j := range values[k] {
						values[k][i][j] = 32*int32(m.Scores[i][j]) + int32(rng.IntN(9)) - 4
					}
				}
			}
			scores := make([]int32, n)
			start := cpuTime()
			for b.Loop() {
				scorer.ScoreEach(query, targets, values, func(int) int32 { return 0 }, scores)
			}
			b.ReportMetric(float64(scorer.Cells())/(cpuTime()-start).Seconds()/1e9, "GCUPS")
		})
	}
}
