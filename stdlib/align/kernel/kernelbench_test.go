package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkKernel runs each kernel alone, with everything in the caches.
func BenchmarkKernel(b *testing.B) {
	const rows, tiles, codes = 340, 64, 24
	for _, p := range paths {
		for kind, kernels := range [][]kernel{p.local, p.global} {
			for i := range kernels {
				k := &kernels[i]
				stride := codes * tileColumns * k.vector
				a := args{query: make([]uint16, rows), profile: aligned(nil, tiles*stride), edge: aligned(nil, rows*2*k.vector),
					acc: aligned(nil, k.vector), tops: aligned(nil, tiles*(1+tileColumns)*k.vector), rows: rows, tiles: tiles,
					stride: int64(stride), first: 12, extend: 1,
					zero: aligned(nil, k.vector)}
				random := rand.New(rand.NewPCG(1, 2))
				for i := range a.query {
					a.query[i] = uint16(random.IntN(codes) * tileColumns * k.vector / 8)
				}
				lanes := k.vector * 8 / k.bits
				for i := range tiles * codes * tileColumns * lanes {
					setElement(a.profile, k.bits, i, int32(random.IntN(9))-5)
				}
				b.Run(fmt.Sprintf("%s/%s%d", p.name, []string{"local", "global"}[kind], k.bits), func(b *testing.B) {
					for b.Loop() {
						k.run(&a)
					}
					b.ReportMetric(float64(b.N)*rows*tiles*tileColumns*float64(lanes)/b.Elapsed().Seconds()/1e9, "GCUPS")
				})
			}
		}
	}
}
