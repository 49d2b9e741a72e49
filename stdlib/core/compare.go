package core

import (
	"fmt"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/fn"
)

const orderDoc = " Numbers compare by value, text by its bytes, false stands before true. Floats follow IEEE 754: every comparison with NaN is " +
	"false, except `!=`. (Sorting and grouping put NaN behind every number and hold it equal to itself.)"

// The comparisons.
var (
	Equal = operator(expr.Eq, "is true where both are equal; lists and records element by element, and there null is equal to null."+orderDoc,
		operands, comparison(expr.Eq), fn.Ex("1 == 1.0", "true"), fn.Ex(`"a" == "b"`, "false"), fn.Ex("[1, 2] == [1, 2]", "true"))
	NotEqual = operator(expr.Ne, "is true where both differ."+orderDoc, operands, comparison(expr.Ne), fn.Ex("1 != 2", "true"))
	Less     = operator(expr.Lt, "is true where the left operand is less."+orderDoc, operands, comparison(expr.Lt), fn.Ex(`"a" < "b"`, "true"))

	LessOrEqual    = operator(expr.Le, "is true where the left operand is not greater."+orderDoc, operands, comparison(expr.Le), fn.Ex("2 <= 2", "true"))
	Greater        = operator(expr.Gt, "is true where the left operand is greater."+orderDoc, operands, comparison(expr.Gt), fn.Ex("30s > 1m", "false"))
	GreaterOrEqual = operator(expr.Ge, "is true where the left operand is not less."+orderDoc, operands, comparison(expr.Ge), fn.Ex("2.5 >= 2", "true"))
)

func comparison(name string) func([]types.Type) (op.Overload, error) {
	ordered := name != expr.Eq && name != expr.Ne
	return func(args []types.Type) (op.Overload, error) {
		if err := fn.Arity(args, 2); err != nil {
			return op.Overload{}, err
		}
		t, ok := types.Unify(args[0].NotNull(), args[1].NotNull())
		t = t.NotNull()
		st := t.Kind.Storage()
		if !ok || st == types.StoreNone && t.Kind != types.Null {
			return op.Overload{}, fmt.Errorf("two values of one type, not %s and %s", args[0].NotNull(), args[1].NotNull())
		}
		if ordered && (st == types.StoreList || st == types.StoreRecord) {
			return op.Overload{}, fmt.Errorf("values that have an order, not %s", t)
		}
		o := op.Overload{Params: []types.Type{t, t}, Result: boolean}
		switch st {
		case types.StoreInt:
			o.Eval = func(c *op.Call) (*batch.Vector, error) {
				return compare(c, name, fn.Ints(c.Args[0]), fn.Ints(c.Args[1])), nil
			}
		case types.StoreFloat:
			o.Eval = func(c *op.Call) (*batch.Vector, error) {
				return compare(c, name, fn.Floats(c.Args[0]), fn.Floats(c.Args[1])), nil
			}
		default:
			o.Eval = func(c *op.Call) (*batch.Vector, error) { return compareAny(c, name), nil }
		}
		return o, nil
	}
}

// compare has one tight loop a comparison: the others follow by exchanging the operands. It computes every slot, asked for or not, since
// that is cheaper than choosing.
func compare[T int64 | float64](c *op.Call, name string, a, b fn.Col[T]) *batch.Vector {
	switch name {
	case expr.Gt:
		name, a, b = expr.Lt, b, a
	case expr.Ge:
		name, a, b = expr.Le, b, a
	}
	out := make([]bool, c.N)
	x, mx := fn.Dense(a, c.N)
	y, my := fn.Dense(b, c.N)
	switch name {
	case expr.Eq:
		for i := range out {
			out[i] = x[i&mx] == y[i&my]
		}
	case expr.Ne:
		for i := range out {
			out[i] = x[i&mx] != y[i&my]
		}
	case expr.Lt:
		for i := range out {
			out[i] = x[i&mx] < y[i&my]
		}
	case expr.Le:
		for i := range out {
			out[i] = x[i&mx] <= y[i&my]
		}
	}
	return &batch.Vector{Type: c.Type, N: c.N, Bools: out}
}

// compareAny compares text, bools, lists and records. No order is asked of what has floats within.
func compareAny(c *op.Call, name string) *batch.Vector {
	a, b := c.Args[0], c.Args[1]
	return fn.MapBools(c, func(i int) bool {
		switch name {
		case expr.Eq:
			return fn.Equal(a, i, b, i)
		case expr.Ne:
			return !fn.Equal(a, i, b, i)
		case expr.Lt:
			return fn.Compare(a, i, b, i) < 0
		case expr.Le:
			return fn.Compare(a, i, b, i) <= 0
		case expr.Gt:
			return fn.Compare(a, i, b, i) > 0
		}
		return fn.Compare(a, i, b, i) >= 0
	})
}
