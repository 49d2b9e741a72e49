// Package stdlib is the standard library: the explicit list of all operators, functions and aggregates. To add one, write its registration in
// a file of its own and name it here.
package stdlib

import (
	"slices"

	"weir/runtime/op"
	"weir/stdlib/align"
	"weir/stdlib/core"
	"weir/stdlib/relational"
	"weir/stdlib/seqio"
	"weir/stdlib/stat"
	"weir/stdlib/text"
)

// Catalogue gives all that a pipeline can use. The error is a mistake in a registration.
func Catalogue() (*op.Catalogue, error) {
	operators := slices.Concat(
		[]*op.Operator{align.Pairs, align.Align, align.Search},
		relational.Operators,
		seqio.Operators,
	)
	functions := slices.Concat(core.Functions, text.Functions)
	return op.NewCatalogue(operators, functions, stat.Aggregates)
}
