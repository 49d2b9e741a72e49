package tabular

import (
	"weir/compiler/types"
	"weir/runtime/op"
)

// Readers and writers that are known, so that a pipeline that uses one is told that it has to wait, and cannot run yet.
var (
	// ReadParquet reads Parquet files.
	ReadParquet = &op.Operator{Name: "read_parquet", Role: op.SourceRole, Doc: "reads Parquet files: only the columns and row groups that are needed.",
		Params: []op.Param{{Name: "path", Kind: op.Value, Type: types.Of(types.Path), Required: true, Doc: "A file, a folder or a glob."}}}
	// WriteParquet writes Parquet files.
	WriteParquet = &op.Operator{Name: "write_parquet", Role: op.SinkRole, Doc: "writes Parquet files.",
		Params: []op.Param{{Name: "path", Kind: op.Value, Type: types.Of(types.Path), Required: true, Doc: "A file, or a folder with a trailing /."}}}
	// Watch reads files as they appear in a folder.
	Watch = &op.Operator{Name: "watch", Role: op.SourceRole, Bounded: op.NeverEnds, Doc: "reads the files of a folder as they appear, each exactly once; the stream does not end.",
		Params: []op.Param{
			{Name: "path", Kind: op.Value, Type: types.Of(types.Path), Required: true, Doc: "A folder."},
			{Name: "format", Kind: op.Word, Words: []string{"jsonl", "csv", "tsv"}, Required: true, Named: true, Doc: "What the files are."},
			{Name: "as", Kind: op.RowType, Required: true, Named: true, Doc: "The type of a row."},
			{Name: "poll", Kind: op.Value, Type: types.Of(types.Duration), Default: "10s", Doc: "How often to look."},
		}}
)
