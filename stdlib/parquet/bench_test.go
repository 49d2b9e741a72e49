package parquet

import (
	"os"
	"syscall"
	"testing"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/runtime/op/optest"
	"weir/runtime/storage/localfile"
)

// BenchmarkFile reads columns of the file that WEIR_PARQUET names.
func BenchmarkFile(b *testing.B) {
	path := os.Getenv("WEIR_PARQUET")
	if path == "" {
		b.Skip("WEIR_PARQUET names no file")
	}
	args, row, err := typeOf(path, nil)
	if err != nil {
		b.Fatal(err)
	}
	read := func(b *testing.B, out types.Row) {
		before, runs := cpu(), 0
		defer func() { b.ReportMetric(float64(cpu()-before)/1e6/float64(runs), "cpu-ms/op") }()
		for b.Loop() {
			runs++
			src, _ := ReadParquet.Source(&op.Config{Args: args, Out: out})
			ctx := surroundings{storage: localfile.New()}
			_ = src.Open(ctx)
			for split, err := range src.Splits(ctx, nil) {
				if err == nil {
					err = src.Read(split, discard{})
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	for _, f := range row {
		b.Run(f.Name, func(b *testing.B) { read(b, types.Row{f}) })
	}
	b.Run("none", func(b *testing.B) { read(b, types.Row{}) })
}

// discard is an output that keeps nothing.
type discard struct{ optest.Ignore }

func (discard) Emit(*batch.Batch) error         { return nil }
func (discard) Side(string, *batch.Batch) error { return nil }
func (discard) Reject(op.Rejection) error       { return nil }

// cpu gives the time that the process has computed, in nanoseconds: other work on the machine does not count.
func cpu() int64 {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return r.Utime.Nano() + r.Stime.Nano()
}
