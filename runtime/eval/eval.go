// Package eval evaluates typed expressions over batches, a column at a time.
//
// A function of the catalogue sees whole vectors. Nulls go around a strict function. `and`, `or`, `if`, `??` and `in`
// are evaluated here, lazily and from left to right: an argument is computed only for the rows that its left neighbours
// have not decided, so that an error in a branch that does not count rejects no row. Where all columns that a call
// reads are dictionaries over one index, the call computes the entries in use once and the result is a dictionary over
// the same index.
package eval

import (
	"fmt"
	"slices"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// Compile makes an expression over rows of type in ready to be evaluated. Columns are found by name; a record column
// may have fewer fields than the expression was checked with, as long as it has those that are read. An error is a flaw
// of the plan, not of the data.
func Compile(cat *op.Catalogue, e *expr.Expr, in types.Row) (op.Evaluator, error) {
	n, err := (&compiler{cat: cat, in: in}).compile(e)
	if err != nil {
		return nil, err
	}
	return evaluator{n}, nil
}

// Fold computes an expression that reads no column; ok is false where it reads one, or fails, or cannot be compiled. A
// null is a value.
func Fold(cat *op.Catalogue, e *expr.Expr) (value any, ok bool) {
	n, err := (&compiler{cat: cat}).compile(e)
	if err != nil {
		return nil, false
	}
	if c, is := n.(*constant); is {
		return c.value, true
	}
	return nil, false
}

type evaluator struct{ root node }

// Eval computes the expression for the rows that count.
func (e evaluator) Eval(b *batch.Batch) (*batch.Vector, []op.Failure, error) {
	r := &run{b: b, n: b.N}
	v, err := r.eval(e.root, b.Sel)
	if err != nil {
		return nil, nil, err
	}
	slices.SortFunc(r.failures, func(a, b op.Failure) int { return a.Row - b.Row })
	return v, r.failures, nil
}

// node is a compiled expression.
type node interface {
	// typ is the type of the vectors that eval gives.
	typ() types.Type
	// eval gives a vector of r.n values; the slots outside rows (nil: all rows) hold anything.
	eval(r *run, rows []uint32) (*batch.Vector, error)
}

// run is one evaluation over a batch.
type run struct {
	b        *batch.Batch
	n        int
	failed   batch.Bitmap // rows with a failure; nil while there is none
	failures []op.Failure // at most one a row: the first
}

// eval evaluates a node for rows; where there are none, nothing is computed.
func (r *run) eval(n node, rows []uint32) (*batch.Vector, error) {
	if none(rows, r.n) {
		return nulls(n.typ(), r.n), nil
	}
	return n.eval(r, rows)
}

func (r *run) fail(row int, code, reason string) {
	if r.failed == nil {
		r.failed = batch.NewBitmap(r.n)
	}
	if !r.failed.Get(row) {
		r.failed.Set(row)
		r.failures = append(r.failures, op.Failure{Row: row, Code: code, Reason: reason})
	}
}

// alive gives those of rows that have not failed.
func (r *run) alive(rows []uint32) []uint32 {
	if r.failed == nil {
		return rows
	}
	return where(rows, r.n, func(row int) bool { return !r.failed.Get(row) })
}

// none reports that no row is to be computed.
func none(rows []uint32, n int) bool { return n == 0 || rows != nil && len(rows) == 0 }

func count(rows []uint32, n int) int {
	if rows == nil {
		return n
	}
	return len(rows)
}

// each calls f for every row.
func each(rows []uint32, n int, f func(row int)) {
	if rows == nil {
		for i := range n {
			f(i)
		}
		return
	}
	for _, row := range rows {
		f(int(row))
	}
}

// where gives the rows that f holds for; never nil, and rows itself where it is all of them.
func where(rows []uint32, n int, f func(row int) bool) []uint32 {
	out := make([]uint32, 0, count(rows, n))
	each(rows, n, func(row int) {
		if f(row) {
			out = append(out, uint32(row))
		}
	})
	return out
}

// constant is the same value in every row.
type constant struct {
	t     types.Type
	value any
	one   *batch.Vector
}

func newConstant(t types.Type, value any) *constant {
	b := batch.NewBuilder(t, 1)
	b.Any(value)
	return &constant{t, value, b.Done()}
}

func (c *constant) typ() types.Type { return c.t }

func (c *constant) eval(r *run, _ []uint32) (*batch.Vector, error) {
	return &batch.Vector{Type: c.t, N: r.n, Dict: c.one, Idx: make([]uint32, r.n)}, nil
}

// column is a column of the input row.
type column struct {
	i int
	t types.Type
}

func (c *column) typ() types.Type { return c.t }

func (c *column) eval(r *run, _ []uint32) (*batch.Vector, error) {
	if c.i >= len(r.b.Cols) || r.b.Cols[c.i].N != r.n {
		return nil, fmt.Errorf("a batch with %d columns does not have the row that an expression was compiled for", len(r.b.Cols))
	}
	return r.b.Cols[c.i], nil
}

// field is a field of a record; null where the record is.
type field struct {
	of node
	k  int
	t  types.Type
}

func (f *field) typ() types.Type { return f.t }

func (f *field) eval(r *run, rows []uint32) (*batch.Vector, error) {
	v, err := r.eval(f.of, rows)
	if err != nil {
		return nil, err
	}
	return fieldOf(v, f.k, f.t), nil
}

// fieldOf gives field k of a record vector with the record's nulls merged in.
func fieldOf(v *batch.Vector, k int, t types.Type) *batch.Vector {
	if v.Dict != nil {
		d := fieldOf(v.Dict, k, t).Flat()
		return &batch.Vector{Type: d.Type, N: v.N, Dict: d, Idx: v.Idx}
	}
	f := v.Fields[k]
	if v.Valid == nil {
		return retype(f, t)
	}
	return withValid(f, t, v.N, nil, v.Valid.Get)
}
