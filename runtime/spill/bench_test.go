package spill

import (
	"math/rand/v2"
	"testing"

	"weir/compiler/types"
	"weir/runtime/batch"
)

// some makes n rows of an int and a short text.
func some(n int) *batch.Batch {
	row := types.Row{{Name: "k", Type: types.Of(types.Int)}, {Name: "s", Type: types.Of(types.String)}}
	r := rand.New(rand.NewPCG(1, 2))
	k, s := batch.NewBuilder(row[0].Type, n), batch.NewBuilder(row[1].Type, n)
	for i := range n {
		k.Int(int64(i)<<8 + r.Int64N(256))
		s.String("user" + string(rune('a'+r.IntN(26))))
	}
	ord := make([]uint64, n)
	for i := range ord {
		ord[i] = uint64(i)
	}
	return &batch.Batch{Row: row, N: n, Cols: []*batch.Vector{k.Done(), s.Done()}, Ord: [][]uint64{ord}}
}

func BenchmarkWriteRead(b *testing.B) {
	x := some(4096)
	b.SetBytes(16 * int64(x.Bytes()))
	for range b.N {
		f, err := Create(b.TempDir())
		if err != nil {
			b.Fatal(err)
		}
		for range 16 {
			if err := f.Append(x); err != nil {
				b.Fatal(err)
			}
		}
		if err := f.Finish(); err != nil {
			b.Fatal(err)
		}
		read(b, f.Read())
		f.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*16*4096), "ns/row")
}

func BenchmarkMerge(b *testing.B) {
	const runs = 16
	x := some(4096)
	for range b.N {
		var from []Sequence
		for range runs {
			from = append(from, InMemory([]*batch.Batch{x}))
		}
		n := 0
		if err := Merge(x.Row, from, byKey, 256<<10, func(b *batch.Batch) error { n += b.N; return nil }); err != nil || n != runs*4096 {
			b.Fatal(n, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*runs*4096), "ns/row")
}
