package local

import (
	"context"
	"fmt"
	"testing"

	"weir/planner/physical"
	"weir/runtime/op"
)

// BenchmarkRun gives the rows a second that pass from a source through a map, a hash exchange, a keyed sum and a sorted
// gather; batches of 1,000 rows.
func BenchmarkRun(b *testing.B) {
	for _, parallelism := range []int{1, 2} {
		b.Run(fmt.Sprint(parallelism), func(b *testing.B) {
			const rows = 1_000_000
			for b.Loop() {
				p := newPlanner()
				src, _ := p.source(parallelism, op.Args{"rows": lit(rows / 20), "splits": lit(20), "step": lit(1000)})
				d := p.chain("double", nil, numberRow, src)
				sum := p.behind(parallelism, "sum", nil, numberRow, physical.Hash, "", in(d)[0])
				p.behind(1, "collect", op.Args{"to": text("sums")}, nil, physical.Gather, physical.ByOrdinals, in(sum)[0])
				if _, _, err := execute(b, context.Background(), p, Options{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
		})
	}
}
