package expr

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"weir/compiler/types"
)

// Constants keep every bit in a plan's JSON.
func TestValuesRoundTrip(t *testing.T) {
	float, int64s := types.Of(types.Float), types.Of(types.Int)
	for _, c := range []struct {
		t types.Type
		v any
	}{
		{int64s, int64(math.MinInt64)}, {int64s, int64(1<<53 + 1)}, {int64s.OrNull(), nil},
		{float, 0.1}, {float, math.Inf(-1)}, {float, math.Copysign(0, -1)}, {float, 1e300}, {float, math.NaN()},
		{types.Of(types.String), "a\u0000\"é"}, {types.Of(types.Bool), true}, {types.Of(types.Timestamp), int64(1)},
		{types.ListOf(int64s), []any{int64(1), nil}},
		{types.RecordOf(types.Field{Name: "a", Type: float}, types.Field{Name: "b", Type: types.ListOf(float)}), []any{2.0, []any{}}},
	} {
		data, err := json.Marshal(Lit(c.t, c.v))
		if err != nil {
			t.Fatal(err)
		}
		var e Expr
		if err := json.Unmarshal(data, &e); err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		again, err := json.Marshal(&e)
		if err != nil || string(again) != string(data) || FormatValue(c.t, e.Value) != FormatValue(c.t, c.v) {
			t.Errorf("%s reads back as %s (%v)", data, again, err)
		}
	}
}

// An expression reads as a user would write it: brackets only where they count.
func TestString(t *testing.T) {
	b, i := types.Of(types.Bool), types.Of(types.Int)
	x, y := Col("x", i), Col("y", i)
	call := func(name string, t types.Type, args ...*Expr) *Expr {
		return &Expr{Kind: Call, Name: name, Type: t, Args: args}
	}
	sum := call(Add, i, x, y)
	cond := call(Gt, b, x, Lit(i, int64(1)))
	cutoff := Lit(i, int64(100))
	cutoff.Param = "cutoff"
	for want, e := range map[string]*Expr{
		"(x + y) * x":           call(Mul, i, sum, x),
		"x + y * x":             call(Add, i, x, call(Mul, i, y, x)),
		"x - (y - x)":           call(Sub, i, x, call(Sub, i, y, x)),
		"not (x > 1 and x > 1)": call(Not, b, call(And, b, cond, cond)),
		"x >= cutoff (100)":     call(Ge, b, x, cutoff),
		"x is not null":         call(NotNull, b, x),
		"if x > 1 { x } else if x > 1 { y } else { 1 }": call(If, i, cond, x, call(If, i, cond, y, Lit(i, int64(1)))),
		"least(x, [x, y][0])":                           call("least", i, x, call(Index, i, call(MakeList, types.ListOf(i), x, y), Lit(i, int64(0)))),
	} {
		if got := e.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	for want, d := range map[string]time.Duration{"0s": 0, "1h30m": 90 * time.Minute, "-2d1ms": -48*time.Hour - time.Millisecond, "1us1ns": 1001} {
		if got := FormatDuration(d); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
