package core

import (
	"fmt"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/fn"
)

// And is three-valued: false and null is false.
var And = operator(expr.And, "is true where both are. `false and null` is false, `true and null` is null.", operands,
	logical(false), fn.Ex("true and false", "false"), fn.Ex("false and null", "false"))

// Or is three-valued: true or null is true.
var Or = operator(expr.Or, "is true where one is. `true or null` is true, `false or null` is null.", operands,
	logical(true), fn.Ex("true or false", "true"), fn.Ex("true or null", "true"))

// logical resolves a connective of which one operand decides alone where it has the value decides.
func logical(decides bool) func([]types.Type) (op.Overload, error) {
	return func(args []types.Type) (op.Overload, error) {
		if err := fn.Arity(args, 2); err != nil {
			return op.Overload{}, err
		}
		result := boolean
		for _, a := range args {
			if a.Kind != types.Bool && a.Kind != types.Null {
				return op.Overload{}, fmt.Errorf("(bool, bool), not %s", fn.List(args))
			}
			result.Nullable = result.Nullable || a.Nullable || a.Kind == types.Null
		}
		p := boolean.OrNull()
		return op.Overload{Params: []types.Type{p, p}, Result: result, NullAware: true, Eval: func(c *op.Call) (*batch.Vector, error) {
			a, b := c.Args[0], c.Args[1]
			nulls := fn.NewNulls(c.N)
			v := fn.MapBools(c, func(i int) bool {
				an, bn := a.IsNull(i), b.IsNull(i)
				if !an && a.Bool(i) == decides || !bn && b.Bool(i) == decides {
					return decides
				}
				if an || bn {
					nulls.Set(i)
					return false
				}
				return !decides
			})
			return nulls.Apply(v), nil
		}}, nil
	}
}

// Not negates.
var Not = operator(expr.Not, "is true where its operand is false.", fn.Params("a: The operand."),
	fn.Overloads(fn.S("bool", "bool", func(c *op.Call) (*batch.Vector, error) {
		a := fn.Bools(c.Args[0])
		return fn.MapBools(c, func(i int) bool { return !a.At(i) }), nil
	})), fn.Ex("not true", "false"))

// If chooses between two values; a null condition chooses the second.
var If = operator(expr.If, "is the first value where the condition is true, else (where it is null, too) the second.",
	fn.Params("cond: The condition.", "then: The value where it is true.", "else: The value otherwise."),
	func(args []types.Type) (op.Overload, error) {
		if err := fn.Arity(args, 3); err != nil {
			return op.Overload{}, err
		}
		if args[0].Kind != types.Bool && args[0].Kind != types.Null {
			return op.Overload{}, fmt.Errorf("a bool as its condition, not %s", args[0])
		}
		t, ok := types.Unify(args[1], args[2])
		if !ok {
			return op.Overload{}, fmt.Errorf("both branches of one type, not %s and %s", args[1], args[2])
		}
		return op.Overload{Params: []types.Type{boolean.OrNull(), t, t}, Result: t, NullAware: true, Eval: evalIf}, nil
	}, fn.Ex(`if 1 < 2 { "yes" } else { "no" }`, `"yes"`), fn.Ex(`if false { 1 } else { 2.5 }`, "2.5"))

func evalIf(c *op.Call) (*batch.Vector, error) {
	cond := c.Args[0]
	return fn.Pick(c, c.Args[1:], func(i int) int {
		if !cond.IsNull(i) && cond.Bool(i) {
			return 0
		}
		return 1
	}), nil
}

// Coalesce supplies a value for null.
var Coalesce = operator(expr.Coalesce, "is the left operand, or the right one where that is null.", operands,
	func(args []types.Type) (op.Overload, error) {
		if err := fn.Arity(args, 2); err != nil {
			return op.Overload{}, err
		}
		t, ok := types.Unify(args[0].NotNull(), args[1])
		if !ok {
			return op.Overload{}, fmt.Errorf("two values of one type, not %s and %s", args[0], args[1])
		}
		t.Nullable = args[1].Nullable || args[1].Kind == types.Null
		return op.Overload{Params: []types.Type{t.OrNull(), t}, Result: t, NullAware: true, Eval: func(c *op.Call) (*batch.Vector, error) {
			return fn.Pick(c, c.Args, func(i int) int {
				if c.Args[0].IsNull(i) {
					return 1
				}
				return 0
			}), nil
		}}, nil
	}, fn.Ex("null ?? 3", "3"), fn.Ex(`"a" ?? "b"`, `"a"`))

// IsNull tests for null.
var IsNull = operator(expr.IsNull, "is true where its operand is null.", fn.Params("a: The operand."), nullTest(true),
	fn.Ex("null is null", "true"), fn.Ex("1 is null", "false"))

// IsNotNull tests for a value.
var IsNotNull = operator(expr.NotNull, "is true where its operand is not null.", fn.Params("a: The operand."), nullTest(false),
	fn.Ex("1 is not null", "true"))

func nullTest(want bool) func([]types.Type) (op.Overload, error) {
	return func(args []types.Type) (op.Overload, error) {
		if err := fn.Arity(args, 1); err != nil {
			return op.Overload{}, err
		}
		return op.Overload{Params: []types.Type{args[0].OrNull()}, Result: boolean, NullAware: true, Eval: func(c *op.Call) (*batch.Vector, error) {
			a := c.Args[0]
			return fn.MapBools(c, func(i int) bool { return a.IsNull(i) == want }), nil
		}}, nil
	}
}

// In tests whether a list has a value.
var In = operator(expr.In, "is true where the list has an element equal to the value, false where it has none. As in SQL it is null where the value is null, and where "+
	"only a null in the list could be equal.",
	two("The value.", "The list."),
	func(args []types.Type) (op.Overload, error) {
		if err := fn.Arity(args, 2); err != nil {
			return op.Overload{}, err
		}
		if args[1].Kind != types.List {
			return op.Overload{}, fmt.Errorf("a list on its right, not %s", args[1])
		}
		t, ok := types.Unify(args[0].NotNull(), args[1].Elem.NotNull())
		if !ok {
			return op.Overload{}, fmt.Errorf("a value of the list's type %s, not %s", args[1].Elem, args[0])
		}
		elem := t
		elem.Nullable = args[1].Elem.Nullable || args[1].Elem.Kind == types.Null
		result := boolean
		result.Nullable = elem.Nullable
		return op.Overload{Params: []types.Type{t, types.ListOf(elem)}, Result: result, Eval: evalIn}, nil
	}, fn.Ex(`"a" in ["a", "b"]`, "true"), fn.Ex("3 in [1, 2]", "false"))

func evalIn(c *op.Call) (*batch.Vector, error) {
	x, list := c.Args[0], c.Args[1]
	nulls := fn.NewNulls(c.N)
	v := fn.MapBools(c, func(i int) bool {
		elems, from, to := fn.ListAt(list, i)
		unknown := false
		for k := from; k < to; k++ {
			switch {
			case elems.IsNull(k):
				unknown = true
			case fn.Equal(x, i, elems, k):
				return true
			}
		}
		if unknown {
			nulls.Set(i)
		}
		return false
	})
	return nulls.Apply(v), nil
}
