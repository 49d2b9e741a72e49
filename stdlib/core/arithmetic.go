package core

import (
	"fmt"
	"math"
	"math/bits"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/fn"
)

// Add adds numbers, durations and sizes, moves a timestamp, and joins text and lists.
var Add = operator(expr.Add, "adds two numbers, durations or sizes, moves a timestamp by a duration, and joins two texts, a path and a text, "+
	"or two lists. An int beyond 64 bits rejects the row.", operands,
	joining(fn.Overloads(append([]fn.Sig{
		ints("int, int", "int", "+", addInts), floats("float, float", "float", func(x, y float64) float64 { return x + y }),
		ints("timestamp, duration", "timestamp", "+", addInts), ints("duration, timestamp", "timestamp", "+", addInts),
		ints("duration, duration", "duration", "+", addInts), ints("size, size", "size", "+", addInts),
	}, fn.S("path, string", "path", join), fn.S("protein, protein", "protein", join), fn.S("dna, dna", "dna", join), fn.S("rna, rna", "rna", join),
		fn.S("string, string", "string", join), fn.S("bytes, bytes", "bytes", join))...)),
	fn.Ex("1 + 2", "3"), fn.Ex(`"ab" + "c"`, `"abc"`), fn.Ex("2026-01-01T00:00:00Z + 1h", "2026-01-01T01:00:00Z"), fn.Ex("[1] + [2, 3]", "[1, 2, 3]"),
	fn.Fails("9223372036854775807 + 1", "integer overflow: 9223372036854775807 + 1"))

// Subtract subtracts numbers, durations and sizes, and takes the time between two timestamps.
var Subtract = operator(expr.Sub, "subtracts numbers, durations and sizes, moves a timestamp back by a duration, and gives the duration between "+
	"two timestamps. An int beyond 64 bits rejects the row.", operands,
	fn.Overloads(ints("int, int", "int", "-", subInts), floats("float, float", "float", func(x, y float64) float64 { return x - y }),
		ints("timestamp, timestamp", "duration", "-", subInts), ints("timestamp, duration", "timestamp", "-", subInts),
		ints("duration, duration", "duration", "-", subInts), ints("size, size", "size", "-", subInts)),
	fn.Ex("5 - 7", "-2"), fn.Ex("2026-01-01T01:00:00Z - 2026-01-01T00:00:00Z", "1h"), fn.Fails("-9223372036854775807 - 2", "integer overflow"))

// Multiply multiplies numbers, and scales durations and sizes.
var Multiply = operator(expr.Mul, "multiplies two numbers, or a duration or size by a number. An int beyond 64 bits rejects the row.", operands,
	fn.Overloads(ints("int, int", "int", "*", mulInts), floats("float, float", "float", func(x, y float64) float64 { return x * y }),
		ints("duration, int", "duration", "*", mulInts), ints("int, duration", "duration", "*", mulInts),
		ints("size, int", "size", "*", mulInts), ints("int, size", "size", "*", mulInts),
		scale("duration, float", "duration", "*"), scale("size, float", "size", "*")),
	fn.Ex("6 * 7", "42"), fn.Ex("2 * 1.5", "3.0"), fn.Ex("30s * 4", "2m"), fn.Fails("9223372036854775807 * 2", "integer overflow: 9223372036854775807 * 2"))

// Divide gives a float.
var Divide = operator(expr.Div, "divides; the quotient of two numbers, durations or sizes is a float, by IEEE 754: x / 0 is inf, -inf or NaN. A duration "+
	"or size divided by a number stays one.", operands,
	fn.Overloads(floats("float, float", "float", func(x, y float64) float64 { return x / y }),
		ratio("duration, duration"), ratio("size, size"), scale("duration, float", "duration", "/"), scale("size, float", "size", "/")),
	fn.Ex("7 / 2", "3.5"), fn.Ex("1m / 30s", "2.0"), fn.Ex("1m / 2", "30s"))

// DivideInt divides integers and drops the remainder.
var DivideInt = operator(expr.IntDiv, "divides two ints, durations or sizes and drops the remainder (towards zero, as SQL does). Division by zero "+
	"rejects the row.", operands,
	fn.Overloads(division("int, int", "int", "//"), division("duration, duration", "int", "//"), division("size, size", "int", "//"),
		division("duration, int", "duration", "//"), division("size, int", "size", "//")),
	fn.Ex("7 // 2", "3"), fn.Ex("-7 // 2", "-3"), fn.Fails("1 // 0", "division by zero: 1 // 0"))

// Modulo gives the remainder.
var Modulo = operator(expr.Mod, "is the remainder of `//`, with the sign of the left operand; for floats as C's fmod. An int by zero rejects the "+
	"row; a float by zero is NaN.", operands,
	fn.Overloads(division("int, int", "int", "%"), floats("float, float", "float", math.Mod), division("duration, duration", "duration", "%"),
		division("size, size", "size", "%")),
	fn.Ex("7 % 3", "1"), fn.Ex("-7 % 3", "-1"), fn.Ex("7.5 % 2", "1.5"), fn.Fails("1 % 0", "division by zero: 1 % 0"))

// Negate changes the sign.
var Negate = operator(expr.Neg, "changes the sign of a number or duration.", fn.Params("a: The operand."),
	fn.Overloads(negate("int"), fn.S("float", "float", func(c *op.Call) (*batch.Vector, error) {
		a := fn.Floats(c.Args[0])
		return fn.MapFloats(c, func(i int) float64 { return -a.At(i) }), nil
	}), negate("duration")), fn.Ex("-(1 + 2)", "-3"), fn.Ex("-(1m)", "-1m"))

// addInts, subInts and mulInts give a result modulo 2^64, and a negative number where it overflowed.
func addInts(x, y int64) (z, bad int64) { z = x + y; return z, (x ^ z) & (y ^ z) }
func subInts(x, y int64) (z, bad int64) { z = x - y; return z, (x ^ y) & (x ^ z) }
func mulInts(x, y int64) (z, bad int64) {
	hi, lo := bits.Mul64(uint64(x), uint64(y))
	h := int64(hi) - x>>63&y - y>>63&x // the high word of the signed product
	z = int64(lo)
	d := h ^ z>>63 // zero where it fits
	return z, d | -d
}

// ints makes a signature over int-like operands; f must be one of the functions above.
func ints(params, result, sign string, f func(x, y int64) (z, bad int64)) fn.Sig {
	return fn.S(params, result, func(c *op.Call) (*batch.Vector, error) {
		a, b := fn.Ints(c.Args[0]), fn.Ints(c.Args[1])
		x, mx := fn.Dense(a, c.N)
		y, my := fn.Dense(b, c.N)
		out := make([]int64, c.N)
		var bad, o int64
		// One loop a function, so that it is compiled into the loop. Every slot is computed; overflows are looked for afterwards.
		switch sign {
		case "+":
			for i := range out {
				out[i], o = addInts(x[i&mx], y[i&my])
				bad |= o
			}
		case "-":
			for i := range out {
				out[i], o = subInts(x[i&mx], y[i&my])
				bad |= o
			}
		default:
			for i := range out {
				out[i], o = mulInts(x[i&mx], y[i&my])
				bad |= o
			}
		}
		if bad < 0 {
			c.Each(func(i int) {
				if _, o := f(a.At(i), b.At(i)); o < 0 {
					overflow(c, i, sign)
				}
			})
		}
		return &batch.Vector{Type: c.Type, N: c.N, Ints: out}, nil
	})
}

// overflow rejects a row: "integer overflow: 9223372036854775807 + 1".
func overflow(c *op.Call, row int, sign string) {
	what := "integer"
	if k := c.Type.Kind; k != types.Int {
		what = k.String()
	}
	c.Fail(row, fn.CodeOverflow, what+" overflow: "+operation(c, row, sign))
}

func operation(c *op.Call, row int, sign string) string {
	parts := make([]string, len(c.Args))
	for k, a := range c.Args {
		parts[k] = expr.FormatValue(a.Type, a.Value(row))
	}
	if len(parts) == 1 {
		return sign + parts[0]
	}
	return parts[0] + " " + sign + " " + parts[1]
}

func floats(params, result string, f func(x, y float64) float64) fn.Sig {
	return fn.S(params, result, func(c *op.Call) (*batch.Vector, error) {
		a, b := fn.Floats(c.Args[0]), fn.Floats(c.Args[1])
		return fn.MapFloats(c, func(i int) float64 { return f(a.At(i), b.At(i)) }), nil
	})
}

// ratio divides two int-like values of a kind.
func ratio(params string) fn.Sig {
	return fn.S(params, "float", func(c *op.Call) (*batch.Vector, error) {
		a, b := fn.Ints(c.Args[0]), fn.Ints(c.Args[1])
		return fn.MapFloats(c, func(i int) float64 { return float64(a.At(i)) / float64(b.At(i)) }), nil
	})
}

// scale multiplies or divides a duration or size by a float, rounded to the nearest unit.
func scale(params, result, sign string) fn.Sig {
	return fn.S(params, result, func(c *op.Call) (*batch.Vector, error) {
		a, b := fn.Ints(c.Args[0]), fn.Floats(c.Args[1])
		return fn.MapInts(c, func(i int) int64 {
			f := b.At(i)
			if sign == "/" {
				if x := a.At(i); f == math.Trunc(f) && math.Abs(f) < 1<<53 && f != 0 && x%int64(f) == 0 {
					return x / int64(f) // exact beyond 2^53, too
				}
				f = float64(a.At(i)) / f
			} else {
				f *= float64(a.At(i))
			}
			f = math.RoundToEven(f)
			if !(f >= -(1<<63) && f < 1<<63) {
				overflow(c, i, sign)
				return 0
			}
			return int64(f)
		}), nil
	})
}

// division is // and % over int-like operands.
func division(params, result, sign string) fn.Sig {
	return fn.S(params, result, func(c *op.Call) (*batch.Vector, error) {
		a, b := fn.Ints(c.Args[0]), fn.Ints(c.Args[1])
		return fn.MapInts(c, func(i int) int64 {
			x, y := a.At(i), b.At(i)
			switch {
			case y == 0:
				c.Fail(i, fn.CodeDivision, "division by zero: "+operation(c, i, sign))
				return 0
			case sign == "%":
				return x % y // -2^63 % -1 is 0
			case x == math.MinInt64 && y == -1:
				overflow(c, i, sign)
				return 0
			}
			return x / y
		}), nil
	})
}

func negate(kind string) fn.Sig {
	return fn.S(kind, kind, func(c *op.Call) (*batch.Vector, error) {
		a := fn.Ints(c.Args[0])
		return fn.MapInts(c, func(i int) int64 {
			x := a.At(i)
			if x == math.MinInt64 {
				overflow(c, i, "-")
			}
			return -x
		}), nil
	})
}

func join(c *op.Call) (*batch.Vector, error) {
	a, b := c.Args[0], c.Args[1]
	return fn.MapBytes(c, func(dst []byte, i int) []byte {
		x, y := a.Bytes(i), b.Bytes(i)
		return append(append(dst, x...), y...)
	})
}

// joining adds the joining of lists to a Resolve.
func joining(rest func([]types.Type) (op.Overload, error)) func([]types.Type) (op.Overload, error) {
	return func(args []types.Type) (op.Overload, error) {
		if len(args) == 2 && args[0].Kind == types.List && args[1].Kind == types.List {
			t, ok := types.Unify(args[0].NotNull(), args[1].NotNull())
			if !ok {
				return op.Overload{}, fmt.Errorf("lists of one type, not %s and %s", args[0].NotNull(), args[1].NotNull())
			}
			return op.Overload{Params: []types.Type{t, t}, Result: t, Eval: joinLists}, nil
		}
		return rest(args)
	}
}

func joinLists(c *op.Call) (*batch.Vector, error) {
	return fn.MapLists(c, c.Args, func(dst []uint32, elems *fn.Elems, i int) []uint32 {
		for k := range c.Args {
			dst = elems.Append(dst, k, i)
		}
		return dst
	}), nil
}
