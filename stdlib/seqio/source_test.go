package seqio

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"weir/planner/estimate"
	"weir/runtime/op"
	"weir/runtime/storage/localfile"
)

// readSplits reads all splits of a source.
func readSplits(src op.Source, out op.SourceOutput) error {
	if err := src.Open(world{}); err != nil {
		return err
	}
	for s, err := range src.Splits(world{}, nil) {
		if err != nil {
			return err
		}
		if err := src.Read(s, out); err != nil {
			return err
		}
	}
	return src.Close()
}

// fastqText makes n records of 100 letters.
func fastqText(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "@read%d x\n%s\n+\n%s\n", i, strings.Repeat("ACGTN", 20), strings.Repeat("I~!@+", 20))
	}
	return b.Bytes()
}

func zipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func put(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// All columns, and only those that are wanted, plain and packed; batches stay small and rows are numbered.
func TestReadFastq(t *testing.T) {
	const n = 5000
	text := fastqText(n)
	for name, data := range map[string][]byte{"plain": text, "gzip": zipped(t, text)} {
		for _, columns := range []string{"", "id", "quality sequence"} {
			a := args(put(t, name, data))
			delete(a, "alphabet")
			row := ReadFastq.Type(&op.Typing{Args: a})
			if columns != "" {
				row = op.NewColumnSet(strings.Fields(columns)...).Prune(row)
			}
			src, err := ReadFastq.Source(&op.Config{Args: a, Out: row})
			if err != nil {
				t.Fatal(err)
			}
			out := &collector{}
			if err := readSplits(src, out); err != nil || len(out.rejected) > 0 {
				t.Fatal(err, out.rejected)
			}
			rows := 0
			for _, b := range out.batches {
				if !b.Row.Equal(row) || len(b.Cols) != len(row) || b.Bytes() > 2*batchBytes {
					t.Errorf("%s %s: a batch of %s and %d bytes", name, columns, b.Row, b.Bytes())
				}
				for i := range b.N {
					if b.Ord[0][i] != 0 || b.Ord[1][i] != uint64(rows) || b.Origin.Record[i] != int64(rows+1) || b.Origin.Line[i] != int64(4*rows+1) {
						t.Fatalf("row %d is numbered %d, record %d, line %d", rows, b.Ord[1][i], b.Origin.Record[i], b.Origin.Line[i])
					}
					rows++
				}
			}
			if rows != n {
				t.Errorf("%s %s: %d rows", name, columns, rows)
			}
		}
	}
}

// What fits into the sample is counted; of more, the number of records is within the range given.
func TestEstimate(t *testing.T) {
	fasta := func(n int) []byte {
		var b bytes.Buffer
		for i := range n {
			fmt.Fprintf(&b, ">protein%d some words\n%s\n", i, strings.Repeat("MKTAYIAKQR", 10+i%30))
		}
		return b.Bytes()
	}
	type format func(*op.Estimating) (estimate.Stream, estimate.Work)
	for _, c := range []struct {
		name     string
		estimate format
		text     func(int) []byte
	}{{"fasta", ReadFasta.Estimate, fasta}, {"fastq", ReadFastq.Estimate, fastqText}} {
		for _, zip := range []bool{false, true} {
			for _, n := range []int{0, 1, 100, 20000} {
				data := c.text(n)
				if zip {
					data = zipped(t, data)
				}
				got, work := c.estimate(&op.Estimating{Args: args(put(t, "f", data)), Storage: localfile.New()})
				if work.Bytes.Mid != float64(len(data)) {
					t.Errorf("%s of %d: %v bytes of %d", c.name, n, work.Bytes.Mid, len(data))
				}
				if n <= 100 && (got.Rows.Source != "counted" || got.Rows.Low != float64(n) || got.Rows.High != float64(n)) {
					t.Errorf("%s of %d, packed %v: %+v", c.name, n, zip, got.Rows)
				}
				if n > 100 && (got.Rows.Source != "sampled" || got.Rows.Low > float64(n) || got.Rows.High < float64(n)) {
					t.Errorf("%s of %d, packed %v: %+v", c.name, n, zip, got.Rows)
				}
				if w := got.Width["sequence"]; n > 0 && (!w.Known() || w.High < w.Low || w.Mid < 90) {
					t.Errorf("%s of %d: sequences of %+v", c.name, n, w)
				}
			}
		}
	}
	for _, e := range []*op.Estimating{{Args: args("gone.fasta"), Storage: localfile.New()}, {Args: args("x")}, {Args: args("-"), Storage: localfile.New()}} {
		if got, _ := ReadFasta.Estimate(e); got.Rows.Known() {
			t.Errorf("%s: %+v", e.Args.Text("path"), got.Rows)
		}
	}
}

func benchmark(b *testing.B, o *op.Operator, a op.Args, size, records int) {
	b.Helper()
	row := o.Type(&op.Typing{Args: a})
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		src, err := o.Source(&op.Config{Args: a, Out: row})
		if err != nil {
			b.Fatal(err)
		}
		out := &collector{}
		if err := readSplits(src, out); err != nil || len(out.rejected) > 0 {
			b.Fatal(err, out.rejected)
		}
	}
	b.ReportMetric(float64(records)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

func BenchmarkReadFasta(b *testing.B) {
	var text bytes.Buffer
	const n = 20000
	for i := range n {
		fmt.Fprintf(&text, ">sp|Q%05d|NAME_YEAST some protein OS=Saccharomyces\n", i)
		for range 6 {
			text.WriteString(strings.Repeat("MKTAYIAKQRQI", 5) + "\n")
		}
	}
	b.Run("plain", func(b *testing.B) { benchmark(b, ReadFasta, args(put(b, "f", text.Bytes())), text.Len(), n) })
	b.Run("gzip", func(b *testing.B) { benchmark(b, ReadFasta, args(put(b, "f", zipped(b, text.Bytes()))), text.Len(), n) })
}

func BenchmarkReadFastq(b *testing.B) {
	const n = 20000
	text := fastqText(n)
	b.Run("plain", func(b *testing.B) { benchmark(b, ReadFastq, args(put(b, "f", text)), len(text), n) })
}
