package parquet

import (
	"strings"

	"github.com/apache/arrow-go/v18/parquet/compress"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/textio"
)

// codeUnwritable is the code of a type that a file cannot have; lang/diag explains it.
const codeUnwritable = "W2807"

// WriteParquet is the operator that writes Parquet files.
var WriteParquet = &op.Operator{
	Name: "write_parquet",
	Role: op.SinkRole,
	Doc: `writes Parquet files, with statistics and dictionaries.

bool, int, float, string, bytes and timestamp (UTC, nanoseconds) are what they are in Parquet; duration and size are 64-bit
integers of nanoseconds and bytes, paths, sequences and cigars strings; lists are lists, records groups, and what may be null
is optional. The row's own types stand in the metadata under ` + "`weir.row`" + `, and read_parquet goes by them.

A row group is held in memory until it is complete, packed, by each task that writes. At a checkpoint the row group is
written as it is, so that frequent checkpoints make small row groups.`,
	Params: append([]op.Param{
		{Name: "path", Kind: op.Value, Type: types.Of(types.Path), Required: true, Doc: "A file, which is written by one task and becomes visible when the run " +
			"ends; a folder (with a trailing /) of parts, which every task writes; or - for standard output."},
		{Name: "compression", Kind: op.Word, Words: []string{"zstd", "snappy", "gzip", "none"}, Default: "zstd", Doc: "How pages are packed."},
		{Name: "row_group", Kind: op.Value, Type: types.Of(types.Size), Default: "64MiB", Doc: "About what a row group has before it is packed, from 64KiB to 1GiB."},
	}, textio.Params...),
	SingleTask: textio.SingleTask,
	Type:       typedSink,
	New: func(c *op.Config) (op.Instance, error) {
		w := &writer{Sink: textio.SinkOf(c.Args, "parquet"), encoder: newEncoder(c.In[0], c.Args)}
		w.Sink.Encoder = w.encoder
		return w, nil
	},
	Examples: []op.Example{{Doc: "Rows of a table as Parquet, in parts of about 128 MiB.", Code: `let readings = read_csv("readings.csv", as: { plate: string, od: float? })
let kept = readings |> filter(od is not null)
kept |> write_parquet("readings/", roll: 128MiB)

test "a reading without a value is dropped" {
  given readings = [{ plate: "P1", od: 0.5 }, { plate: "P2", od: null }]
  expect kept = [{ plate: "P1", od: 0.5 }]
}
`}},
}

// codecs are the words of the parameter compression.
var codecs = map[string]compress.Compression{"zstd": compress.Codecs.Zstd, "snappy": compress.Codecs.Snappy, "gzip": compress.Codecs.Gzip,
	"none": compress.Codecs.Uncompressed}

// Bounds of a row group, in bytes.
const (
	minRowGroup     = 64 << 10
	maxRowGroup     = 1 << 30
	defaultRowGroup = 64 << 20
)

func typedSink(t *op.Typing) types.Row {
	textio.Check(t)
	if n := t.Args.Int("row_group", defaultRowGroup); n < minRowGroup || n > maxRowGroup {
		t.Errorf("row_group", codeUnwritable, "a row group has from 64KiB to 1GiB, not %s", t.Args["row_group"])
	}
	for _, f := range t.In[0].Row {
		if path := empty(f.Name, f.Type); path != "" {
			t.Errorf("", codeUnwritable, "`%s` is a record without fields, which a Parquet file cannot have: drop it before, as in `|> drop(%s)`",
				path, strings.SplitN(path, ".", 2)[0])
		}
	}
	return nil
}

// empty gives the path of a record without fields within a type; "" where there is none.
func empty(path string, t types.Type) string {
	switch t.Kind {
	case types.List:
		return empty(path, *t.Elem)
	case types.Record:
		if len(t.Fields) == 0 {
			return path
		}
		for _, f := range t.Fields {
			if p := empty(path+"."+f.Name, f.Type); p != "" {
				return p
			}
		}
	}
	return ""
}

// writer is the sink.
type writer struct {
	textio.Sink
	encoder *encoder
}

// Data writes rows.
func (w *writer) Data(_ int, b *batch.Batch, _ op.Output) error {
	if b.Len() == 0 {
		return nil
	}
	if err := w.Begin(); err != nil {
		return err
	}
	if err := w.encoder.add(b); err != nil {
		return w.Failed(err)
	}
	return w.Written()
}
