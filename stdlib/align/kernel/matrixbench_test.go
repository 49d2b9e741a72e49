package kernel_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"weir/stdlib/align/kernel"
	"weir/stdlib/align/scoring"
)

// BenchmarkMatrix fills matrices of random proteins, of one query or of a query in each lane.
func BenchmarkMatrix(b *testing.B) {
	blosum, _ := scoring.Builtin("BLOSUM62")
	random := rand.New(rand.NewPCG(1, 2))
	sequence := func(n int) []byte {
		s := make([]byte, n)
		for i := range s {
			s[i] = byte(random.IntN(20))
		}
		return s
	}
	for _, mode := range []scoring.Mode{scoring.Local, scoring.Global} {
		s, err := scoring.NewScheme(mode, blosum, scoring.Gap{Open: 11, Extend: 1}, scoring.Ends{})
		if err != nil {
			b.Fatal(err)
		}
		for _, wide := range []bool{false, true} {
			for _, length := range []int{100, 350, 1000, 2000} {
				for _, shared := range []bool{true, false} {
					m, err := kernel.NewMatrix(s)
					if err != nil {
						b.Fatal(err)
					}
					if m.Lanes(wide) == 0 {
						continue
					}
					pairs := make([]kernel.Pair, m.Lanes(wide))
					query := sequence(length)
					for i := range pairs {
						pairs[i] = kernel.Pair{query, sequence(length)}
						if !shared {
							pairs[i].Rows = sequence(length)
						}
					}
					b.Run(fmt.Sprintf("%v/wide=%v/%d/shared=%v", mode, wide, length, shared), func(b *testing.B) {
						start := cpuTime()
						for b.Loop() {
							m.Start(pairs, wide)
							for more := true; more; more, _ = m.Next() {
							}
						}
						cells := float64(len(pairs)) * float64(length) * float64(length) * float64(b.N)
						b.ReportMetric(cells/(cpuTime()-start).Seconds()/1e9, "GCUPS")
					})
				}
			}
		}
	}
}
