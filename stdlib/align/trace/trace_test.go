package trace

import (
	"math/rand/v2"
	"testing"

	"weir/stdlib/align/scoring"
)

func BenchmarkAlign350(b *testing.B) {
	m, _ := scoring.Builtin("BLOSUM62")
	for _, mode := range []scoring.Mode{scoring.Local, scoring.Global} {
		b.Run(mode.String(), func(b *testing.B) {
			s, err := scoring.NewScheme(mode, m, scoring.Gap{Open: 11, Extend: 1}, scoring.Ends{})
			if err != nil {
				b.Fatal(err)
			}
			r := rand.New(rand.NewPCG(1, 2))
			q, t := make([]byte, 350), make([]byte, 350)
			for i := range q {
				q[i], t[i] = byte(r.IntN(20)), byte(r.IntN(20))
				if r.IntN(3) == 0 {
					t[i] = q[i]
				}
			}
			a := NewAligner(s)
			var out Alignment
			b.ReportAllocs()
			for b.Loop() {
				if err := a.Align(q, t, &out); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(350*350*float64(b.N)/b.Elapsed().Seconds()/1e9, "GCUPS")
		})
	}
}
