package core

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// shape lays values out as a flat vector, a dictionary, or, where they are all the same, a constant.
func shape(t *rapid.T, ty types.Type, vals []any) *batch.Vector {
	b := batch.NewBuilder(ty, len(vals))
	for _, v := range vals {
		b.Any(v)
	}
	v := b.Done()
	if rapid.Bool().Draw(t, "dictionary") {
		idx := make([]uint32, v.N)
		for i := range idx {
			idx[i] = uint32(v.N - 1 - i)
		}
		return &batch.Vector{Type: ty, N: v.N, Dict: v.Take(idx), Idx: idx}
	}
	return v
}

// operands draws two columns of n values; the second may be a constant. rows are those that count.
func drawOperands(t *rapid.T, ty types.Type, one *rapid.Generator[any]) (a, b []any, va, vb *batch.Vector, rows []uint32) {
	n := rapid.IntRange(1, 8).Draw(t, "n")
	a = rapid.SliceOfN(one, n, n).Draw(t, "a")
	b = rapid.SliceOfN(one, n, n).Draw(t, "b")
	va, vb = shape(t, ty, a), shape(t, ty, b)
	if rapid.Bool().Draw(t, "constant") {
		for i := range b {
			b[i] = b[0]
		}
		vb = batch.Repeat(ty, b[0], n)
	}
	if rapid.Bool().Draw(t, "all") {
		return a, b, va, vb, nil
	}
	for i := range n {
		if rapid.Bool().Draw(t, "counts") {
			rows = append(rows, uint32(i))
		}
	}
	return a, b, va, vb, append([]uint32{}, rows...)
}

func invoke(t *rapid.T, f *op.Function, ty types.Type, va, vb *batch.Vector, rows []uint32) (*batch.Vector, map[int]string) {
	o, err := f.Resolve([]types.Type{ty, ty})
	if err != nil {
		t.Fatal(err)
	}
	failed := map[int]string{}
	v, err := o.Eval(&op.Call{N: va.N, Rows: rows, Args: []*batch.Vector{va, vb}, Type: o.Result, Fail: func(row int, _, reason string) { failed[row] = reason }})
	if err != nil {
		t.Fatal(err)
	}
	return v, failed
}

func counts(rows []uint32, i int) bool {
	if rows == nil {
		return true
	}
	for _, r := range rows {
		if int(r) == i {
			return true
		}
	}
	return false
}

// TestIntegers: + - * // % are those of the integers where the result fits, and reject the row where it does not; rows that do not count never fail.
func TestIntegers(t *testing.T) {
	ints := rapid.Map(rapid.OneOf(rapid.Int64(), rapid.Int64Range(-3, 3), rapid.SampledFrom([]int64{math.MinInt64, math.MaxInt64, math.MinInt64 + 1, 1 << 31, -1 << 32})),
		func(x int64) any { return x })
	rapid.Check(t, func(rt *rapid.T) {
		a, b, va, vb, rows := drawOperands(rt, integer, ints)
		for _, f := range []*op.Function{Add, Subtract, Multiply, DivideInt, Modulo} {
			v, failed := invoke(rt, f, integer, va, vb, rows)
			for i := range a {
				x, y, z := big.NewInt(a[i].(int64)), big.NewInt(b[i].(int64)), new(big.Int)
				ok := true
				switch f.Name {
				case expr.Add:
					z.Add(x, y)
				case expr.Sub:
					z.Sub(x, y)
				case expr.Mul:
					z.Mul(x, y)
				case expr.IntDiv, expr.Mod:
					if ok = y.Sign() != 0; ok && f.Name == expr.Mod {
						z.Rem(x, y)
					} else if ok {
						z.Quo(x, y)
					}
				}
				reason, fails := failed[i]
				switch {
				case !counts(rows, i):
					if fails {
						rt.Fatalf("row %d fails and does not count", i)
					}
				case ok && z.IsInt64():
					if fails || v.Int(i) != z.Int64() {
						rt.Fatalf("%v %s %v: got %v %q", x, f.Name, y, v.Int(i), reason)
					}
				case !fails || !strings.Contains(reason, x.String()+" "+f.Name+" "+y.String()):
					rt.Fatalf("%v %s %v: %q", x, f.Name, y, reason)
				}
			}
		}
	})
}

// TestComparisons: as Go compares, over every shape of vector.
func TestComparisons(t *testing.T) {
	kinds := map[types.Kind]*rapid.Generator[any]{
		types.Int:    rapid.Map(rapid.Int64Range(-2, 2), func(x int64) any { return x }),
		types.Float:  rapid.Map(rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, -1, math.NaN(), math.Inf(1)}), func(x float64) any { return x }),
		types.String: rapid.Map(rapid.SampledFrom([]string{"", "a", "ab", "b"}), func(x string) any { return x }),
	}
	rapid.Check(t, func(rt *rapid.T) {
		k := rapid.SampledFrom([]types.Kind{types.Int, types.Float, types.String}).Draw(rt, "kind")
		a, b, va, vb, rows := drawOperands(rt, types.Of(k), kinds[k])
		for _, f := range []*op.Function{Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual} {
			v, _ := invoke(rt, f, types.Of(k), va, vb, rows)
			for i := range a {
				var less, same, greater bool
				switch x := a[i].(type) {
				case int64:
					less, same, greater = x < b[i].(int64), x == b[i].(int64), x > b[i].(int64)
				case float64:
					less, same, greater = x < b[i].(float64), x == b[i].(float64), x > b[i].(float64)
				case string:
					less, same, greater = x < b[i].(string), x == b[i].(string), x > b[i].(string)
				}
				want := map[string]bool{expr.Eq: same, expr.Ne: !same, expr.Lt: less, expr.Le: less || same, expr.Gt: greater, expr.Ge: greater || same}[f.Name]
				if counts(rows, i) && v.Bool(i) != want {
					rt.Fatalf("%v %s %v is %v", a[i], f.Name, b[i], v.Bool(i))
				}
			}
		}
	})
}

// TestResolve: what is refused, and with which words.
func TestResolve(t *testing.T) {
	text, list := types.Of(types.String), types.ListOf(integer)
	for _, c := range []struct {
		f    *op.Function
		args []types.Type
		want string
	}{
		{Equal, []types.Type{integer, text}, "two values of one type"},
		{Less, []types.Type{list, list}, "values that have an order"},
		{Add, []types.Type{integer, text}, "not (int, string)"},
		{And, []types.Type{integer, boolean}, "(bool, bool)"},
		{If, []types.Type{boolean, integer, text}, "both branches of one type"},
		{In, []types.Type{text, list}, "a value of the list's type"},
		{Index, []types.Type{text, integer}, "(list, int)"},
		{Not, []types.Type{integer}, "bool, not int"},
	} {
		if _, err := c.f.Resolve(c.args); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.f.Name, err, c.want)
		}
	}
	for _, c := range []struct {
		f    *op.Function
		args []types.Type
		want types.Type
	}{
		{And, []types.Type{boolean.OrNull(), boolean}, boolean.OrNull()},
		{Coalesce, []types.Type{integer.OrNull(), integer}, integer},
		{If, []types.Type{boolean.OrNull(), integer, types.Of(types.Float)}, types.Of(types.Float)},
		{Add, []types.Type{types.Of(types.Path), types.Of(types.String)}, types.Of(types.Path)},
		{Add, []types.Type{types.Of(types.Protein), types.Of(types.Protein)}, types.Of(types.Protein)},
		{Add, []types.Type{types.Of(types.Protein), types.Of(types.DNA)}, text},
		{List, []types.Type{integer, types.Of(types.Null)}, types.ListOf(integer.OrNull())},
	} {
		o, err := c.f.Resolve(c.args)
		if err != nil || !o.Result.Equal(c.want) {
			t.Errorf("%s: %s %v, want %s", c.f.Name, o.Result, err, c.want)
		}
	}
}

func BenchmarkCompare(b *testing.B) {
	const n = 4096
	v := &batch.Vector{Type: integer, N: n, Ints: make([]int64, n)}
	c := batch.Repeat(integer, int64(3), n)
	o, _ := GreaterOrEqual.Resolve([]types.Type{integer, integer})
	for range b.N {
		_, _ = o.Eval(&op.Call{N: n, Args: []*batch.Vector{v, c}, Type: boolean})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/row")
}
