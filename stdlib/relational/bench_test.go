package relational_test

import (
	"testing"

	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/runtime/op/optest"
)

// benchmark gives an operator the same batch again and again.
func benchmark(b *testing.B, stage string) {
	p := pipe(b, stage)
	const n = 4096
	rows := make([][]any, n)
	names := []string{"ada", "bob", "cyd", "dan", "eve", "fay"}
	for i := range rows {
		rows[i] = []any{names[i*7919%6], float64(i%100) * 0.1, int64(i * 7919 % 1000), []any{nil, "x"}}
	}
	t := table(p.in[0], rows)
	x, err := catalogue.Operator(p.node.Op).New(&op.Config{Args: p.node.Args, In: p.in, Out: p.node.Out.Row})
	if err != nil {
		b.Fatal(err)
	}
	if err := x.Open(&surroundings{}); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for range b.N {
		if err := x.Data(0, t, nowhere{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/row")
}

type nowhere struct{ optest.Ignore }

func (nowhere) Emit(*batch.Batch) error         { return nil }
func (nowhere) Side(string, *batch.Batch) error { return nil }
func (nowhere) Reject(op.Rejection) error       { return nil }

func BenchmarkFilter(b *testing.B)    { benchmark(b, "filter(x >= 500)") }
func BenchmarkFilterTwo(b *testing.B) { benchmark(b, `filter(x >= 500 and k == "ada")`) }
func BenchmarkDerive(b *testing.B)    { benchmark(b, "derive(y = x * 2 + 1)") }
func BenchmarkAggregate(b *testing.B) { benchmark(b, "aggregate(by: k, n = count(), s = sum(f))") }
func BenchmarkAggregateInt(b *testing.B) {
	benchmark(b, "aggregate(by: x, n = count(), s = sum(f), m = max(x))")
}
