package trace

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"weir/stdlib/align/scoring"
)

// homologs are two random proteins of a length, one residue in three the same, and a gap now and then.
func homologs(length int) (query, target []byte) {
	random := rand.New(rand.NewPCG(1, 2))
	query, target = make([]byte, length), make([]byte, length)
	at := 0
	for i := range query {
		query[i] = byte(random.IntN(20))
	}
	for j := range target {
		if random.IntN(60) == 0 {
			at += random.IntN(8)
		}
		target[j] = byte(random.IntN(20))
		if random.IntN(3) == 0 {
			target[j] = query[(j+at)%length]
		}
	}
	return query, target
}

// Titin's length is the last one; its scores alone would take 4.6 GiB.
func BenchmarkAlign(b *testing.B) {
	matrix, _ := scoring.Builtin("BLOSUM62")
	for _, mode := range []scoring.Mode{scoring.Local, scoring.Global} {
		for _, length := range []int{100, 350, 2000, 35213} {
			b.Run(fmt.Sprintf("%v/%d", mode, length), func(b *testing.B) {
				s, err := scoring.NewScheme(mode, matrix, scoring.Gap{Open: 11, Extend: 1}, scoring.Ends{})
				if err != nil {
					b.Fatal(err)
				}
				query, target := homologs(length)
				a := NewAligner(s)
				var out Alignment
				b.ReportAllocs()
				for b.Loop() {
					if err := a.Align(query, target, &out); err != nil {
						b.Fatal(err)
					}
				}
				cells := float64(length) * float64(length) * float64(b.N)
				b.ReportMetric(cells/b.Elapsed().Seconds()/1e9, "GCUPS")
			})
		}
	}
}
