// Package parquet reads and writes Parquet files.
//
// The metadata, the pages and the codecs are those of arrow-go; what is in the pages is decoded here, straight into batches.
package parquet

import (
	"weir/runtime/op"
)

// Operators lists the operators of the package.
var Operators = []*op.Operator{ReadParquet, WriteParquet}

// Codes of what goes wrong in these operators; lang/diag explains them.
const (
	codeNoType      = "W2802" // neither `as` nor a file says what the columns are
	codeAs          = "W2803" // a type that no column can have
	codeColumn      = "W2805" // a column of a file that has no type here, or another one than `as` says
	codeMissing     = "W6223" // a value that is missing
	codeFormat      = "W6231" // a file that is no Parquet
	codeDamaged     = "W6232" // a Parquet file that is damaged
	codeUnsupported = "W6233" // a Parquet file with something that is not read here
	codeSchema      = "W6234" // a file whose columns are not those of the pipeline
	codeUTF8        = "W6235" // text that is not UTF-8
	codeRange       = "W6236" // a value beyond what its type can hold
	codeLarge       = "W6237" // a Parquet file that would take too much memory
)
