package parquet

import (
	"strings"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/op"
)

// test is a part of a condition that statistics can rule out.
type test struct {
	path   string
	op     string // of package expr
	values []any  // int64, float64 or string
}

// helps is op.Skip.Helps.
func helps(_ op.Args, cond *expr.Expr) bool {
	_, ok := testOf(cond)
	return ok
}

// tests takes a condition apart.
func tests(cond *expr.Expr) []test {
	if cond == nil {
		return nil
	}
	var out []test
	for _, part := range cond.Conjuncts() {
		if t, ok := testOf(part); ok {
			out = append(out, t)
		}
	}
	return out
}

// mirrored are the comparisons with their sides exchanged.
var mirrored = map[string]string{expr.Eq: expr.Eq, expr.Lt: expr.Gt, expr.Le: expr.Ge, expr.Gt: expr.Lt, expr.Ge: expr.Le}

// testOf makes a test of a comparison of a column with constants.
func testOf(e *expr.Expr) (test, bool) {
	if e.Kind != expr.Call || len(e.Args) == 0 {
		return test{}, false
	}
	if e.Name == expr.IsNull || e.Name == expr.NotNull {
		path, ok := e.Args[0].Path()
		return test{path: path, op: e.Name}, ok
	}
	if len(e.Args) != 2 {
		return test{}, false
	}
	x, y, name := uncast(e.Args[0]), uncast(e.Args[1]), e.Name
	if x.Kind == expr.Const && e.Name != expr.In {
		x, y, name = y, x, mirrored[e.Name]
	}
	path, ok := x.Path()
	if !ok || !ordered(x.Type.Kind) {
		return test{}, false
	}
	t := test{path: path, op: name}
	switch {
	case name == expr.In:
		t.values, ok = elements(y)
	case mirrored[name] != "":
		ok = y.Kind == expr.Const && y.Value != nil && ordered(y.Type.Kind)
		t.values = []any{y.Value}
	default:
		ok = false
	}
	return t, ok
}

// ordered reports whether statistics bound values of the kind.
func ordered(k types.Kind) bool {
	switch k.Storage() {
	case types.StoreInt, types.StoreFloat:
		return true
	case types.StoreBytes:
		return !k.IsSequence()
	}
	return false
}

// elements gives the constants of a list.
func elements(e *expr.Expr) ([]any, bool) {
	if e.Kind == expr.Const {
		list, ok := e.Value.([]any)
		return list, ok
	}
	var out []any
	if e.Kind != expr.Call || e.Name != expr.MakeList {
		return nil, false
	}
	for _, a := range e.Args {
		if a = uncast(a); a.Kind != expr.Const {
			return nil, false
		}
		out = append(out, a.Value)
	}
	return out, true
}

// uncast looks through an implicit widening.
func uncast(e *expr.Expr) *expr.Expr {
	for e.Kind == expr.Call && e.Name == expr.Cast && len(e.Args) == 1 {
		e = e.Args[0]
	}
	return e
}

// rulesOut reports that no value within the bounds passes the test.
func (t test) rulesOut(b bounds) bool {
	switch {
	case t.op == expr.IsNull:
		return b.nulls == 0
	case b.nulls == b.values: // a comparison with null is null
		return true
	case t.op == expr.NotNull || b.low == nil || b.high == nil:
		return false
	}
	for _, v := range t.values {
		low, ok1 := compare(b.low, v)
		high, ok2 := compare(b.high, v)
		if v == nil && t.op == expr.In {
			continue // equal to nothing
		}
		if !ok1 || !ok2 {
			return false
		}
		switch t.op {
		case expr.Lt:
			return low >= 0
		case expr.Le:
			return low > 0
		case expr.Gt:
			return high <= 0
		case expr.Ge:
			return high < 0
		}
		if low <= 0 && high >= 0 { // Eq and In: it may be there
			return false
		}
	}
	return true
}

// compare compares a bound with a constant, as the language does: an int with a float as floats.
func compare(x, y any) (int, bool) {
	switch a := x.(type) {
	case string:
		b, ok := y.(string)
		return strings.Compare(a, b), ok
	case int64:
		if b, ok := y.(int64); ok {
			return order(a, b), true
		}
		b, ok := y.(float64)
		return order(float64(a), b), ok && b == b
	case float64:
		if b, ok := y.(int64); ok {
			return order(a, float64(b)), true
		}
		b, ok := y.(float64)
		return order(a, b), ok && b == b
	}
	return 0, false
}

func order[T int64 | float64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
