package tabular

import (
	"fmt"
	"testing"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/runtime/op/optest"
)

// null counts rows and keeps nothing.
type null struct {
	optest.Ignore
	rows int
}

func (n *null) Emit(b *batch.Batch) error       { n.rows += b.Len(); return nil }
func (n *null) Side(string, *batch.Batch) error { return nil }
func (n *null) Reject(r op.Rejection) error     { return fmt.Errorf("rejected: %s", r.Reason) }

// readings has rows of about 95 bytes a line as JSON.
func readings(n int) (types.Row, *batch.Batch) {
	row := types.Row{{Name: "plate", Type: types.Of(types.String)}, {Name: "well", Type: types.Of(types.String)}, {Name: "cycle", Type: types.Of(types.Int)},
		{Name: "od600", Type: types.Of(types.Float)}, {Name: "ok", Type: types.Of(types.Bool)}, {Name: "operator", Type: types.Of(types.String)}}
	rows := make([][]any, n)
	for i := range rows {
		rows[i] = []any{fmt.Sprintf("P%05d", i%97), fmt.Sprintf("%c%d", 'A'+i%8, i%12), int64(i), float64(i%1000) / 1000, i%7 != 0, "robot-arm-12"}
	}
	return row, table(row, rows...)
}

func BenchmarkRead(b *testing.B) {
	row, rows := readings(50_000)
	for _, c := range []struct {
		write, read *op.Operator
		out         types.Row
		name        string
	}{{WriteJSONL, ReadJSONL, row, "jsonl"}, {WriteJSONL, ReadJSONL, row[2:3], "jsonl-one-column"}, {WriteCSV, ReadCSV, row, "csv"}, {WriteTSV, ReadTSV, row, "tsv"}} {
		b.Run(c.name, func(b *testing.B) {
			m := &memory{files: map[string][]byte{}}
			a := op.Args{"path": pathArg("x"), "as": {Row: row}}
			if err := write(b, world{storage: m}, c.write, a, row, rows); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(m.files["x"])))
			b.ReportAllocs()
			for b.Loop() {
				src, err := c.read.Source(&op.Config{Args: a, Out: c.out})
				if err != nil {
					b.Fatal(err)
				}
				n := &null{}
				_ = src.Open(world{storage: m})
				for s, err := range src.Splits(world{storage: m}, nil) {
					if err == nil {
						err = src.Read(s, n)
					}
					if err != nil {
						b.Fatal(err)
					}
				}
				if n.rows != rows.N {
					b.Fatal(n.rows)
				}
			}
			b.ReportMetric(float64(rows.N*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func BenchmarkWrite(b *testing.B) {
	row, rows := readings(50_000)
	for _, o := range []*op.Operator{WriteJSONL, WriteCSV, WriteTSV} {
		b.Run(o.Name, func(b *testing.B) {
			m := &memory{files: map[string][]byte{}}
			for b.Loop() {
				if err := write(b, world{storage: m}, o, op.Args{"path": pathArg("x")}, row, rows); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(len(m.files["x"])))
			b.ReportMetric(float64(rows.N*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
