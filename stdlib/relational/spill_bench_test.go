package relational_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

const events = `type E = { ts: int, user: string, country: string, amount: float }
type U = { name: string, plan: string, age: int }
let e = read_jsonl("e.jsonl", as: E)
let u = read_jsonl("u.jsonl", as: U)
`

// eventBatches makes n events of a number of users, in batches of 4096 rows.
func eventBatches(row types.Row, n, users int) []*batch.Batch {
	r := rand.New(rand.NewPCG(1, 2))
	var out []*batch.Batch
	for from := 0; from < n; from += 4096 {
		m := min(4096, n-from)
		c := []*batch.Builder{batch.NewBuilder(row[0].Type, m), batch.NewBuilder(row[1].Type, m), batch.NewBuilder(row[2].Type, m), batch.NewBuilder(row[3].Type, m)}
		ord := [][]uint64{make([]uint64, m), make([]uint64, m)}
		for i := range m {
			c[0].Int(r.Int64N(1 << 40))
			c[1].String(fmt.Sprintf("user%06d", r.IntN(users)))
			c[2].String([]string{"DE", "FR", "JP", "US"}[r.IntN(4)])
			c[3].Float(r.Float64() * 100)
			ord[1][i] = uint64(from + i)
		}
		b := &batch.Batch{Row: row, N: m, Ord: ord}
		for _, x := range c {
			b.Cols = append(b.Cols, x.Done())
		}
		out = append(out, b)
	}
	return out
}

// benchmarkSort sorts 5 million rows.
func benchmarkSort(b *testing.B, keys string, memory int64) {
	n, in := nodeOf(b, events+"e |> sort("+keys+") |> print()\nu |> print()\n", "sort")
	const rows = 5_000_000
	batches := eventBatches(in[0], rows, 100_000)
	b.ResetTimer()
	from := cpuTime()
	for range b.N {
		x := make1(b, n, in, &room{surroundings{memory: memory}, b.TempDir(), 0, 128})
		feed(b, x, batches, nil)
		x.Close()
	}
	b.ReportMetric(float64((cpuTime()-from).Nanoseconds())/float64(b.N*rows), "cpu-ns/row")
}

func feed(b *testing.B, x op.Instance, ports ...[]*batch.Batch) {
	for port, batches := range ports {
		for _, p := range batches {
			if err := x.Data(port, p, nowhere{}); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := x.Drain(nowhere{}); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkSortInt(b *testing.B)         { benchmarkSort(b, "ts", 1<<40) }
func BenchmarkSortString(b *testing.B)      { benchmarkSort(b, "user", 1<<40) }
func BenchmarkSortTwo(b *testing.B)         { benchmarkSort(b, "desc(country), amount", 1<<40) }
func BenchmarkSortIntSpill(b *testing.B)    { benchmarkSort(b, "ts", 64<<20) }
func BenchmarkSortStringSpill(b *testing.B) { benchmarkSort(b, "user", 64<<20) }

// userBatches makes n users.
func userBatches(row types.Row, n int) []*batch.Batch {
	var out []*batch.Batch
	for from := 0; from < n; from += 4096 {
		m := min(4096, n-from)
		c := []*batch.Builder{batch.NewBuilder(row[0].Type, m), batch.NewBuilder(row[1].Type, m), batch.NewBuilder(row[2].Type, m)}
		ord := [][]uint64{make([]uint64, m), make([]uint64, m)}
		for i := range m {
			c[0].String(fmt.Sprintf("user%06d", (from+i)*7919%n))
			c[1].String([]string{"free", "pro", "team"}[i%3])
			c[2].Int(int64(i % 90))
			ord[1][i] = uint64(from + i)
		}
		b := &batch.Batch{Row: row, N: m, Ord: ord}
		for _, x := range c {
			b.Cols = append(b.Cols, x.Done())
		}
		out = append(out, b)
	}
	return out
}

// benchmarkJoin joins 5 million events with 100,000 users.
func benchmarkJoin(b *testing.B, kind string, memory int64) {
	n, in := nodeOf(b, events+"e |> join(u, on: (user = name), kind: "+kind+") |> print()\n", "join")
	const rows = 5_000_000
	ports := [][]*batch.Batch{eventBatches(in[0], rows, 100_000), userBatches(in[1], 100_000)}
	b.ResetTimer()
	from := cpuTime()
	for range b.N {
		x := make1(b, n, in, &room{surroundings{memory: memory}, b.TempDir(), 0, 128})
		feed(b, x, ports...)
		x.Close()
	}
	b.ReportMetric(float64((cpuTime()-from).Nanoseconds())/float64(b.N*rows), "cpu-ns/row")
}

func BenchmarkJoinInner(b *testing.B)      { benchmarkJoin(b, "inner", 1<<40) }
func BenchmarkJoinSemi(b *testing.B)       { benchmarkJoin(b, "semi", 1<<40) }
func BenchmarkJoinInnerSpill(b *testing.B) { benchmarkJoin(b, "inner", 64<<20) }
func BenchmarkJoinInnerParts(b *testing.B) { benchmarkJoin(b, "inner", 8<<20) }
