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
)
