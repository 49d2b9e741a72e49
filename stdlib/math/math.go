// Package math has the functions over numbers.
package math

import (
	"fmt"
	"math"
	"math/big"
	"strconv"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/fn"
)

// Functions lists the functions of the package.
var Functions = []*op.Function{Abs, Sign, Round, Floor, Ceil, Truncate, Sqrt, Exp, Log, Log2, Log10, Pow, IsNaN, IsFinite, ToInt, ToFloat, Least, Greatest, Clamp}

// Abs drops the sign.
var Abs = &op.Function{
	Name: "abs", Doc: "is the number or duration without its sign. The least int has none and rejects the row.", Params: fn.Params("x: A number or duration."),
	Resolve: fn.Overloads(absolute("int"), fn.S("float", "float", floatFn(math.Abs)), absolute("duration")),
	Examples: []op.FuncExample{fn.Ex("abs(-3)", "3"), fn.Ex("abs(-2.5)", "2.5"), fn.Ex("abs(-(90s))", "1m30s"),
		fn.Fails("abs(-9223372036854775807 - 1)", "integer overflow")},
}

func absolute(kind string) fn.Sig {
	return fn.S(kind, kind, func(c *op.Call) (*batch.Vector, error) {
		a := fn.Ints(c.Args[0])
		return fn.MapInts(c, func(i int) int64 {
			x := a.At(i)
			if x == math.MinInt64 {
				c.Fail(i, fn.CodeOverflow, fmt.Sprintf("integer overflow: abs(%d)", x))
			}
			return max(x, -x)
		}), nil
	})
}

// Sign gives -1, 0 or 1.
var Sign = &op.Function{
	Name: "sign", Doc: "is -1, 0 or 1 by the sign of the number; of NaN it is null.", Params: fn.Params("x: A number or duration."), Total: true,
	Resolve:  fn.Overloads(signOf("int"), fn.S("float", "int?", signOfFloat), signOf("duration")),
	Examples: []op.FuncExample{fn.Ex("sign(-7)", "-1"), fn.Ex("sign(0.5)", "1")},
}

func signOf(kind string) fn.Sig {
	return fn.S(kind, "int", func(c *op.Call) (*batch.Vector, error) {
		a := fn.Ints(c.Args[0])
		return fn.MapInts(c, func(i int) int64 { return min(1, max(-1, a.At(i))) }), nil
	})
}

func signOfFloat(c *op.Call) (*batch.Vector, error) {
	a, nulls := fn.Floats(c.Args[0]), fn.NewNulls(c.N)
	v := fn.MapInts(c, func(i int) int64 {
		switch x := a.At(i); {
		case x > 0:
			return 1
		case x < 0:
			return -1
		case x != x:
			nulls.Set(i)
		}
		return 0
	})
	return nulls.Apply(v), nil
}

// Round rounds to digits.
var Round = &op.Function{
	Name: "round", Doc: "rounds to a number of decimal digits, halves away from zero, by the decimal form that the number prints as: round(2.675, 2) is 2.68. " +
		"Negative digits round to tens, hundreds and so on. Ints stay as they are.",
	Params: []op.FuncParam{{Name: "x", Doc: "The number."}, {Name: "digits", Doc: "Digits behind the point, from -400 to 400.", Default: "0"}},
	Resolve: fn.Overloads(fn.S("float, int", "float", func(c *op.Call) (*batch.Vector, error) {
		a, d := fn.Floats(c.Args[0]), fn.Ints(c.Args[1])
		return fn.MapFloats(c, func(i int) float64 {
			if n := d.At(i); n < -400 || n > 400 {
				c.Fail(i, fn.CodeRange, fmt.Sprintf("round wants digits from -400 to 400, not %d", n))
				return 0
			}
			return round(a.At(i), int(d.At(i)))
		}), nil
	})),
	Examples: []op.FuncExample{fn.Ex("round(2.5, 0)", "3.0"), fn.Ex("round(2.675, 2)", "2.68"), fn.Ex("round(1234.5, -2)", "1200.0"), fn.Ex("round(-0.5, 0)", "-1.0")},
}

// round rounds the shortest decimal form of x.
func round(x float64, digits int) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) || x == 0 {
		return x
	}
	if digits == 0 && math.Abs(x) < 1<<52 {
		return math.Round(x) // a half is exact
	}
	s := strconv.AppendFloat(nil, math.Abs(x), 'e', -1, 64) // d.ddde±xx
	var ds []byte
	exp := 0
	for k, ch := range s {
		if ch == 'e' {
			exp, _ = strconv.Atoi(string(s[k+1:]))
			break
		}
		if ch != '.' {
			ds = append(ds, ch)
		}
	}
	keep := exp + 1 + digits // of the digits
	switch {
	case keep >= len(ds):
		return x
	case keep < 0:
		return math.Copysign(0, x)
	}
	up := ds[keep] >= '5'
	n := new(big.Int)
	if keep > 0 {
		n.SetString(string(ds[:keep]), 10)
	}
	if up {
		n.Add(n, big.NewInt(1))
	}
	y, _ := strconv.ParseFloat(n.String()+"e"+strconv.Itoa(-digits), 64)
	return math.Copysign(y, x)
}

// The functions of one number.
var (
	Floor    = real("floor", "is the greatest whole number that is not greater, as a float; `to_int` makes an int of it.", math.Floor, fn.Ex("floor(-1.5)", "-2.0"))
	Ceil     = real("ceil", "is the least whole number that is not less, as a float.", math.Ceil, fn.Ex("ceil(1.2)", "2.0"))
	Truncate = real("trunc", "is the number without what stands behind the point, as a float.", math.Trunc, fn.Ex("trunc(-1.7)", "-1.0"))
	Sqrt     = real("sqrt", "is the square root; NaN below 0.", math.Sqrt, fn.Ex("sqrt(9.0)", "3.0"))
	Exp      = real("exp", "is e to the power of the number.", math.Exp, fn.Ex("exp(0)", "1.0"))
	Log      = real("log", "is the natural logarithm; -inf at 0, NaN below.", math.Log, fn.Ex("log(1)", "0.0"))
	Log2     = real("log2", "is the logarithm to base 2; -inf at 0, NaN below.", math.Log2, fn.Ex("log2(8)", "3.0"))
	Log10    = real("log10", "is the logarithm to base 10; -inf at 0, NaN below.", math.Log10, fn.Ex("log10(1000)", "3.0"))
)

func floatFn(f func(float64) float64) fn.Eval {
	return func(c *op.Call) (*batch.Vector, error) {
		a := fn.Floats(c.Args[0])
		return fn.MapFloats(c, func(i int) float64 { return f(a.At(i)) }), nil
	}
}

func real(name, doc string, f func(float64) float64, ex op.FuncExample) *op.Function {
	return &op.Function{Name: name, Doc: doc, Params: fn.Params("x: The number."), Resolve: fn.Overloads(fn.S("float", "float", floatFn(f))), Total: true,
		Examples: []op.FuncExample{ex}}
}

// Pow raises to a power.
var Pow = &op.Function{
	Name: "pow", Doc: "is x to the power of y, as a float, by the rules of IEEE 754.", Params: fn.Params("x: The base.", "y: The exponent."), Total: true,
	Resolve: fn.Overloads(fn.S("float, float", "float", func(c *op.Call) (*batch.Vector, error) {
		a, b := fn.Floats(c.Args[0]), fn.Floats(c.Args[1])
		return fn.MapFloats(c, func(i int) float64 { return math.Pow(a.At(i), b.At(i)) }), nil
	})),
	Examples: []op.FuncExample{fn.Ex("pow(2, 10)", "1024.0")},
}

// The tests of a number.
var (
	IsNaN    = test("is_nan", "is true for NaN.", func(x float64) bool { return x != x }, fn.Ex("is_nan(0.0 / 0.0)", "true"))
	IsFinite = test("is_finite", "is true for a number that is neither NaN nor infinite.", func(x float64) bool { return !math.IsInf(x, 0) && x == x },
		fn.Ex("is_finite(1.0 / 0.0)", "false"))
)

func test(name, doc string, f func(float64) bool, ex op.FuncExample) *op.Function {
	return &op.Function{Name: name, Doc: doc, Params: fn.Params("x: The number."), Total: true,
		Resolve: fn.Overloads(fn.S("float", "bool", func(c *op.Call) (*batch.Vector, error) {
			a := fn.Floats(c.Args[0])
			return fn.MapBools(c, func(i int) bool { return f(a.At(i)) }), nil
		})), Examples: []op.FuncExample{ex}}
}

// ToInt cuts to an int.
var ToInt = &op.Function{
	Name: "to_int", Doc: "is the number without what stands behind the point, as an int; true is 1. NaN and what does not fit rejects the row.",
	Params: fn.Params("x: A number or bool."),
	Resolve: fn.Overloads(fn.S("int", "int", func(c *op.Call) (*batch.Vector, error) { return c.Args[0], nil }),
		fn.S("float", "int", func(c *op.Call) (*batch.Vector, error) {
			a := fn.Floats(c.Args[0])
			return fn.MapInts(c, func(i int) int64 {
				x := a.At(i)
				if !(x >= -(1<<63) && x < 1<<63) {
					c.Fail(i, fn.CodeOverflow, fmt.Sprintf("integer overflow: to_int(%v)", x))
					return 0
				}
				return int64(x)
			}), nil
		}),
		fn.S("bool", "int", func(c *op.Call) (*batch.Vector, error) {
			a := fn.Bools(c.Args[0])
			return fn.MapInts(c, func(i int) int64 {
				if a.At(i) {
					return 1
				}
				return 0
			}), nil
		})),
	Examples: []op.FuncExample{fn.Ex("to_int(-2.9)", "-2"), fn.Ex("to_int(true)", "1"), fn.Fails("to_int(1e300)", "integer overflow: to_int(1e+300)")},
}

// ToFloat widens.
var ToFloat = &op.Function{
	Name: "to_float", Doc: "is the number as a float; an int beyond 2^53 is rounded.", Params: fn.Params("x: A number."), Total: true,
	Resolve:  fn.Overloads(fn.S("float", "float", func(c *op.Call) (*batch.Vector, error) { return c.Args[0], nil })),
	Examples: []op.FuncExample{fn.Ex("to_float(3)", "3.0")},
}

// The extremes of arguments.
var (
	Least    = extreme("least", "is the least argument, in the order of `sort` (NaN is greater than every number). Nulls make it null; `??` helps.", -1, fn.Ex("least(3, 1, 2)", "1"))
	Greatest = extreme("greatest", "is the greatest argument, in the order of `sort` (NaN is greater than every number). Nulls make it null.", 1, fn.Ex(`greatest("a", "b")`, `"b"`))
)

func extreme(name, doc string, sign int, ex op.FuncExample) *op.Function {
	return &op.Function{Name: name, Doc: doc, Params: []op.FuncParam{{Name: "values", Doc: "Values of one type that has an order.", Variadic: true}}, Total: true,
		Resolve: func(args []types.Type) (op.Overload, error) {
			t, err := common(args)
			if err != nil {
				return op.Overload{}, err
			}
			params := make([]types.Type, len(args))
			for i := range params {
				params[i] = t
			}
			return op.Overload{Params: params, Result: t, Eval: func(c *op.Call) (*batch.Vector, error) {
				return fn.Pick(c, c.Args, func(i int) int {
					best := 0
					for k := 1; k < len(c.Args); k++ {
						if sign*fn.Compare(c.Args[k], i, c.Args[best], i) > 0 {
							best = k
						}
					}
					return best
				}), nil
			}}, nil
		}, Examples: []op.FuncExample{ex}}
}

// common gives the type of arguments that have an order.
func common(args []types.Type) (types.Type, error) {
	t := types.Of(types.Null)
	for _, a := range args {
		u, ok := types.Unify(t.NotNull(), a.NotNull())
		if st := u.Kind.Storage(); !ok || u.Kind != types.Null && (st == types.StoreNone || st == types.StoreList || st == types.StoreRecord) {
			return t, fmt.Errorf("values of one type that has an order, not %s", fn.List(args))
		}
		t = u.NotNull()
	}
	if len(args) == 0 {
		return t, fmt.Errorf("at least one value")
	}
	return t, nil
}

// Clamp limits to a range.
var Clamp = &op.Function{
	Name: "clamp", Doc: "is the value, or the low bound where it is less, or the high bound where it is greater. NaN is greater than every number.",
	Params: fn.Params("x: The value.", "low: The low bound.", "high: The high bound, which wins where it is below the low one."), Total: true,
	Resolve: func(args []types.Type) (op.Overload, error) {
		if err := fn.Arity(args, 3); err != nil {
			return op.Overload{}, err
		}
		t, err := common(args)
		if err != nil {
			return op.Overload{}, err
		}
		return op.Overload{Params: []types.Type{t, t, t}, Result: t, Eval: func(c *op.Call) (*batch.Vector, error) {
			return fn.Pick(c, c.Args, func(i int) int {
				best := 0
				if fn.Compare(c.Args[0], i, c.Args[1], i) < 0 {
					best = 1
				}
				if fn.Compare(c.Args[best], i, c.Args[2], i) > 0 {
					best = 2
				}
				return best
			}), nil
		}}, nil
	},
	Examples: []op.FuncExample{fn.Ex("clamp(12, 0, 10)", "10"), fn.Ex("clamp(-0.5, 0, 1)", "0.0")},
}
