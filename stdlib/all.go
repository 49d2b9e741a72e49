// Package stdlib is the standard library: the explicit list of all operators, functions and aggregates. To add one, write its registration in
// a file of its own and name it in its package's list; a new package is named here.
package stdlib

import (
	"slices"

	"weir/runtime/op"
	"weir/stdlib/align"
	"weir/stdlib/bio"
	"weir/stdlib/core"
	"weir/stdlib/lists"
	"weir/stdlib/math"
	"weir/stdlib/parquet"
	"weir/stdlib/relational"
	"weir/stdlib/seqio"
	"weir/stdlib/stat"
	"weir/stdlib/tabular"
	"weir/stdlib/text"
	"weir/stdlib/timefn"
)

// Catalogue gives all that a pipeline can use. The error is a mistake in a registration.
func Catalogue() (*op.Catalogue, error) {
	operators := slices.Concat(seqio.Operators, tabular.Operators, parquet.Operators, relational.Operators, align.Operators)
	functions := slices.Concat(core.Functions, text.Functions, math.Functions, timefn.Functions, lists.Functions, bio.Functions)
	return op.NewCatalogue(operators, functions, stat.Aggregates)
}
