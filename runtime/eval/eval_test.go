package eval

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

var (
	tBool   = types.Of(types.Bool)
	tInt    = types.Of(types.Int)
	tFloat  = types.Of(types.Float)
	tString = types.Of(types.String)
)

// scalar is a function both as the catalogue has it and as the reference interpreter calls it.
type scalar struct {
	params []types.Type
	result types.Type
	aware  bool
	f      func(args []any) (value any, reason string)
}

var scalars = map[string]scalar{
	"+": {[]types.Type{tInt, tInt}, tInt, false, func(a []any) (any, string) {
		x, y := a[0].(int64), a[1].(int64)
		if s := x + y; (s > x) == (y > 0) {
			return s, ""
		}
		return nil, fmt.Sprintf("integer overflow: %d + %d", x, y)
	}},
	"//": {[]types.Type{tInt, tInt}, tInt, false, func(a []any) (any, string) {
		if a[1].(int64) == 0 {
			return nil, "division by zero"
		}
		return a[0].(int64) / a[1].(int64), ""
	}},
	"/": {[]types.Type{tFloat, tFloat}, tFloat, false, func(a []any) (any, string) {
		return asFloat(a[0]) / asFloat(a[1]), ""
	}},
	"<":      {[]types.Type{tInt, tInt}, tBool, false, func(a []any) (any, string) { return a[0].(int64) < a[1].(int64), "" }},
	"not":    {[]types.Type{tBool}, tBool, false, func(a []any) (any, string) { return !a[0].(bool), "" }},
	"length": {[]types.Type{tString}, tInt, false, func(a []any) (any, string) { return int64(len(a[0].(string))), "" }},
	"upper":  {[]types.Type{tString}, tString, false, func(a []any) (any, string) { return strings.ToUpper(a[0].(string)), "" }},
	"int": {[]types.Type{tString}, tInt, false, func(a []any) (any, string) {
		var x int64
		if _, err := fmt.Sscanf(a[0].(string), "%d", &x); err != nil {
			return nil, fmt.Sprintf("no number: %q", a[0])
		}
		return x, ""
	}},
	"is_null": {[]types.Type{{}}, tBool, true, func(a []any) (any, string) { return a[0] == nil, "" }},
}

// asFloat widens for the interpreter, which the evaluator does by itself.
func asFloat(x any) float64 {
	if i, is := x.(int64); is {
		return float64(i)
	}
	return x.(float64)
}

// equal is `==` for every type; its overload has the types that it is asked for.
func equal(a []any) (any, string) { return reflect.DeepEqual(a[0], a[1]), "" }

func testCatalogue(t testing.TB) *op.Catalogue {
	var fns []*op.Function
	for name, s := range scalars {
		fns = append(fns, &op.Function{Name: name, Resolve: func(args []types.Type) (op.Overload, error) {
			if len(args) != len(s.params) {
				return op.Overload{}, fmt.Errorf("%d arguments", len(s.params))
			}
			for i, p := range s.params {
				if p.Kind != types.Invalid && !args[i].AssignableTo(p.OrNull()) {
					return op.Overload{}, fmt.Errorf("%s", p)
				}
			}
			return op.Overload{Params: s.params, Result: s.result, NullAware: s.aware, Eval: vectorised(s.f)}, nil
		}})
	}
	fns = append(fns, &op.Function{Name: "==", Resolve: func(args []types.Type) (op.Overload, error) {
		u, ok := types.Unify(args[0], args[1])
		if !ok {
			return op.Overload{}, fmt.Errorf("two values of one type")
		}
		return op.Overload{Params: []types.Type{u, u}, Result: tBool, Eval: vectorised(equal)}, nil
	}})
	cat, err := op.NewCatalogue(nil, fns, nil)
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

// vectorised makes a function of vectors. A slot that it is not asked for holds nonsense, to show that nobody looks at
// it.
func vectorised(f func([]any) (any, string)) func(c *op.Call) (*batch.Vector, error) {
	return func(c *op.Call) (*batch.Vector, error) {
		values := make([]any, c.N)
		c.Each(func(row int) {
			args := make([]any, len(c.Args))
			for i, a := range c.Args {
				args[i] = a.Value(row)
			}
			v, reason := f(args)
			if reason != "" {
				c.Fail(row, "W6401", reason)
			}
			values[row] = v
		})
		b := batch.NewBuilder(c.Type.OrNull(), c.N)
		for _, v := range values {
			b.Any(v)
		}
		return b.Done(), nil
	}
}

var errRow = fmt.Errorf("the row fails")

// interpret is the naive reference: one row, one value at a time. Its error is the reason for which the row fails.
func interpret(e *expr.Expr, row map[string]any) (any, error) {
	sub := func(i int) (any, error) { return interpret(e.Args[i], row) }
	switch e.Kind {
	case expr.Const:
		return e.Value, nil
	case expr.Column:
		return row[e.Name], nil
	case expr.Field:
		r, err := sub(0)
		if err != nil || r == nil {
			return nil, err
		}
		for k, f := range e.Args[0].Type.Fields {
			if f.Name == e.Name {
				return r.([]any)[k], nil
			}
		}
	}
	switch e.Name {
	case expr.And, expr.Or:
		stop := e.Name == expr.Or
		a, err := sub(0)
		if err != nil || a == stop {
			return a, err
		}
		b, err := sub(1)
		if err != nil || b == stop {
			return b, err
		}
		if a == nil || b == nil {
			return nil, nil
		}
		return !stop, nil
	case expr.If:
		c, err := sub(0)
		if err != nil {
			return nil, err
		}
		if c == true {
			return sub(1)
		}
		return sub(2)
	case expr.Coalesce:
		if a, err := sub(0); err != nil || a != nil {
			return a, err
		}
		return sub(1)
	case expr.Cast:
		a, err := sub(0)
		if x, is := a.(int64); is && e.Type.Kind == types.Float {
			return float64(x), err
		}
		return a, err
	case expr.In:
		x, err := sub(0)
		if err != nil {
			return nil, err
		}
		var result any = false
		if list := e.Args[1]; list.Name == expr.MakeList {
			for _, a := range list.Args {
				v, err := interpret(a, row)
				if err != nil {
					return nil, err
				}
				if x == nil || v == nil {
					result = nil
				} else if reflect.DeepEqual(x, v) {
					return true, nil
				}
			}
			return result, nil
		}
		list, err := sub(1)
		if err != nil || list == nil {
			return nil, err
		}
		for _, v := range list.([]any) {
			if x == nil || v == nil {
				result = nil
			} else if reflect.DeepEqual(x, v) {
				return true, nil
			}
		}
		return result, nil
	}
	args := make([]any, len(e.Args))
	null := false
	for i := range e.Args {
		a, err := sub(i)
		if err != nil {
			return nil, err
		}
		args[i] = a
		null = null || a == nil
	}
	switch e.Name {
	case expr.MakeList, expr.MakeRec:
		return args, nil
	}
	s := scalars[e.Name]
	if e.Name == expr.Eq {
		s.f = equal
	}
	if null && !s.aware {
		return nil, nil
	}
	v, reason := s.f(args)
	if reason != "" {
		return nil, fmt.Errorf("%w: %s", errRow, reason)
	}
	return v, nil
}

var inRow = types.Row{
	{Name: "i", Type: tInt.OrNull()}, {Name: "j", Type: tInt}, {Name: "s", Type: tString.OrNull()}, {Name: "b", Type: tBool.OrNull()},
	{Name: "l", Type: types.ListOf(tInt.OrNull()).OrNull()},
	{Name: "r", Type: types.RecordOf(types.Field{Name: "x", Type: tInt.OrNull()}, types.Field{Name: "t", Type: tString}).OrNull()},
}

// drawExpr draws an expression of the type.
func drawExpr(t *rapid.T, want types.Type, depth int) *expr.Expr {
	null := want.OrNull()
	call := func(name string, args ...*expr.Expr) *expr.Expr {
		return &expr.Expr{Kind: expr.Call, Name: name, Type: null, Args: args}
	}
	sub := func(u types.Type) *expr.Expr { return drawExpr(t, u, depth-1) }
	rec := func() *expr.Expr { return expr.Col("r", inRow[5].Type) }
	var choices []func() *expr.Expr
	add := func(f ...func() *expr.Expr) { choices = append(choices, f...) }
	switch want.Kind {
	case types.Int:
		add(func() *expr.Expr { return expr.Lit(tInt, rapid.Int64Range(-2, 2).Draw(t, "int")) },
			func() *expr.Expr { return expr.Lit(null, nil) },
			func() *expr.Expr { return expr.Col("i", inRow[0].Type) },
			func() *expr.Expr { return expr.Col("j", inRow[1].Type) },
			func() *expr.Expr {
				return &expr.Expr{Kind: expr.Field, Name: "x", Type: null, Args: []*expr.Expr{rec()}}
			})
		if depth > 0 {
			add(func() *expr.Expr { return call("+", sub(tInt), sub(tInt)) },
				func() *expr.Expr { return call("//", sub(tInt), sub(tInt)) },
				func() *expr.Expr { return call("length", sub(tString)) },
				func() *expr.Expr { return call("int", sub(tString)) },
				func() *expr.Expr {
					r := call(expr.MakeRec, sub(tString), sub(tInt))
					r.Type = types.RecordOf(types.Field{Name: "p", Type: tString.OrNull()}, types.Field{Name: "q", Type: tInt.OrNull()})
					return &expr.Expr{Kind: expr.Field, Name: "q", Type: null, Args: []*expr.Expr{r}}
				})
		}
	case types.String:
		add(func() *expr.Expr {
			return expr.Lit(tString, rapid.SampledFrom([]string{"", "1", "ab"}).Draw(t, "text"))
		},
			func() *expr.Expr { return expr.Col("s", inRow[2].Type) },
			func() *expr.Expr {
				return &expr.Expr{Kind: expr.Field, Name: "t", Type: null, Args: []*expr.Expr{rec()}}
			})
		if depth > 0 {
			add(func() *expr.Expr { return call("upper", sub(tString)) })
		}
	case types.Float:
		add(func() *expr.Expr { return call(expr.Cast, sub(tInt)) })
		if depth > 0 {
			add(func() *expr.Expr { return call("/", sub(tInt), sub(tFloat)) })
		}
	case types.Bool:
		add(func() *expr.Expr { return expr.Col("b", inRow[3].Type) },
			func() *expr.Expr { return expr.Lit(tBool, rapid.Bool().Draw(t, "bool")) })
		if depth > 0 {
			elem := rapid.SampledFrom([]types.Type{tInt, tString, tFloat}).Draw(t, "elem")
			list := func() *expr.Expr {
				n := rapid.IntRange(0, 3).Draw(t, "elements")
				e := &expr.Expr{Kind: expr.Call, Name: expr.MakeList, Type: types.ListOf(elem.OrNull())}
				for range n {
					e.Args = append(e.Args, sub(elem))
				}
				return e
			}
			add(func() *expr.Expr { return call(expr.And, sub(tBool), sub(tBool)) },
				func() *expr.Expr { return call(expr.Or, sub(tBool), sub(tBool)) },
				func() *expr.Expr { return call("not", sub(tBool)) },
				func() *expr.Expr { return call("<", sub(tInt), sub(tInt)) },
				func() *expr.Expr { return call("==", sub(elem), sub(elem)) },
				func() *expr.Expr { return call("is_null", sub(elem)) },
				func() *expr.Expr { return call(expr.In, sub(elem), list()) },
				func() *expr.Expr { return call(expr.In, sub(tInt), expr.Col("l", inRow[4].Type)) })
		}
	}
	if depth > 0 {
		add(func() *expr.Expr { return call(expr.If, sub(tBool), sub(want), sub(want)) },
			func() *expr.Expr { return call(expr.Coalesce, sub(want), sub(want)) })
	}
	return rapid.SampledFrom(choices).Draw(t, "node")()
}

// drawBatch draws rows, their columns perhaps as dictionaries, perhaps over one index, perhaps with a selection.
func drawBatch(t *rapid.T) *batch.Batch {
	m := rapid.IntRange(1, 6).Draw(t, "entries")
	maybe := func(v any) any {
		if rapid.IntRange(0, 3).Draw(t, "null") == 0 {
			return nil
		}
		return v
	}
	number := func() any { return rapid.SampledFrom([]int64{-1, 0, 1, 2, math.MaxInt64}).Draw(t, "value") }
	text := func() any { return rapid.SampledFrom([]string{"", "0", "1", "ab", "Xyz"}).Draw(t, "string") }
	b := &batch.Batch{Row: inRow, N: m}
	for _, f := range inRow {
		v := batch.NewBuilder(f.Type, m)
		for range m {
			switch f.Name {
			case "i":
				v.Any(maybe(number()))
			case "j":
				v.Any(number())
			case "s":
				v.Any(maybe(text()))
			case "b":
				v.Any(maybe(rapid.Bool().Draw(t, "bool")))
			case "l":
				list := []any{}
				for range rapid.IntRange(0, 2).Draw(t, "elements") {
					list = append(list, maybe(number()))
				}
				v.Any(maybe(list))
			case "r":
				v.Any(maybe([]any{maybe(number()), text()}))
			}
		}
		b.Cols = append(b.Cols, v.Done())
	}
	if rapid.Bool().Draw(t, "dictionary") {
		n := rapid.IntRange(0, 12).Draw(t, "rows")
		index := func() []uint32 {
			idx := make([]uint32, n)
			for i := range idx {
				idx[i] = uint32(rapid.IntRange(0, m-1).Draw(t, "index"))
			}
			return idx
		}
		shared, one := index(), rapid.Bool().Draw(t, "one index")
		for i, v := range b.Cols {
			if !one {
				shared = index()
			}
			b.Cols[i] = &batch.Vector{Type: v.Type, N: n, Dict: v, Idx: shared}
		}
		b.N = n
	}
	if rapid.Bool().Draw(t, "selected") {
		b.Sel = []uint32{}
		for i := range b.N {
			if rapid.Bool().Draw(t, "counts") {
				b.Sel = append(b.Sel, uint32(i))
			}
		}
	}
	return b
}

// TestAgainstInterpreter: the evaluator gives what a naive interpreter gives row by row, values and failures.
func TestAgainstInterpreter(t *testing.T) {
	cat := testCatalogue(t)
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SampledFrom([]types.Type{tInt, tString, tFloat, tBool}).Draw(t, "type")
		e, b := drawExpr(t, want, 4), drawBatch(t)
		ev, err := Compile(cat, e, inRow)
		if err != nil {
			t.Fatalf("%s: %v", e, err)
		}
		v, failures, err := ev.Eval(b)
		if err != nil {
			t.Fatalf("%s: %v", e, err)
		}
		if v.N != b.N {
			t.Fatalf("%s: %d values for %d rows", e, v.N, b.N)
		}
		failed := map[int]string{}
		for i, f := range failures {
			if i > 0 && f.Row <= failures[i-1].Row {
				t.Fatalf("%s: failures out of order", e)
			}
			failed[f.Row] = f.Reason
		}
		for i := range b.Len() {
			p := b.Pos(i)
			row := map[string]any{}
			for k, f := range inRow {
				row[f.Name] = b.Cols[k].Value(p)
			}
			value, err := interpret(e, row)
			if err != nil {
				if reason, is := failed[p]; !is || err.Error() != "the row fails: "+reason {
					t.Fatalf("%s over %v: failed %q, want %v", e, row, reason, err)
				}
				delete(failed, p)
				continue
			}
			if got := v.Value(p); !sameValue(got, value) {
				t.Fatalf("%s over %v: got %v, want %v", e, row, got, value)
			}
		}
		if len(failed) > 0 {
			t.Fatalf("%s: rows fail that should not: %v", e, failed)
		}
	})
}

func sameValue(a, b any) bool {
	x, xf := a.(float64)
	y, yf := b.(float64)
	if xf && yf && math.IsNaN(x) && math.IsNaN(y) {
		return true
	}
	return reflect.DeepEqual(a, b)
}

// TestFold: what Fold gives is what the interpreter gives; what fails or reads a column does not fold.
func TestFold(t *testing.T) {
	cat := testCatalogue(t)
	rapid.Check(t, func(t *rapid.T) {
		e := drawExpr(t, tInt, 3)
		got, ok := Fold(cat, e)
		if !ok {
			return
		}
		want, err := interpret(e, map[string]any{})
		if err != nil || !sameValue(got, want) {
			t.Fatalf("%s folds to %v, want %v, %v", e, got, want, err)
		}
	})
	two := expr.Lit(tInt, int64(2))
	for name, want := range map[string]any{"+": int64(4), "//": int64(1)} {
		e := &expr.Expr{Kind: expr.Call, Name: name, Type: tInt, Args: []*expr.Expr{two, two}}
		if got, ok := Fold(cat, e); !ok || got != want {
			t.Errorf("%s folds to %v, %v", e, got, ok)
		}
	}
	zero := &expr.Expr{Kind: expr.Call, Name: "//", Type: tInt, Args: []*expr.Expr{two, expr.Lit(tInt, int64(0))}}
	if v, ok := Fold(cat, zero); ok {
		t.Errorf("2 // 0 folds to %v", v)
	}
	if v, ok := Fold(cat, expr.Col("i", tInt)); ok {
		t.Errorf("a column folds to %v", v)
	}
}

// TestDictionaryOnce: over a dictionary a function computes each entry in use once, and the result keeps the index.
func TestDictionaryOnce(t *testing.T) {
	calls := 0
	cat, err := op.NewCatalogue(nil, []*op.Function{{Name: "f", Resolve: func([]types.Type) (op.Overload, error) {
		return op.Overload{Params: []types.Type{tInt, tInt}, Result: tInt, Eval: func(c *op.Call) (*batch.Vector, error) {
			return vectorised(func(a []any) (any, string) { calls++; return a[0], "" })(c)
		}}, nil
	}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	d := batch.NewBuilder(tInt, 3)
	for i := range int64(3) {
		d.Int(i)
	}
	idx := []uint32{0, 0, 1, 1, 0, 1}
	b := &batch.Batch{Row: types.Row{{Name: "i", Type: tInt}}, N: len(idx), Cols: []*batch.Vector{{Type: tInt, N: len(idx), Dict: d.Done(), Idx: idx}}}
	e := &expr.Expr{Kind: expr.Call, Name: "f", Type: tInt, Args: []*expr.Expr{expr.Col("i", tInt), expr.Lit(tInt, int64(7))}}
	ev, err := Compile(cat, e, b.Row)
	if err != nil {
		t.Fatal(err)
	}
	v, failures, err := ev.Eval(b)
	if err != nil || failures != nil {
		t.Fatal(err, failures)
	}
	if calls != 2 {
		t.Errorf("%d calls for 2 entries in use", calls)
	}
	if v.Dict == nil || &v.Idx[0] != &idx[0] {
		t.Error("the result does not share the index")
	}
}

// TestPrunedRecord: a record column that the planner has pruned is read by name, not by position.
func TestPrunedRecord(t *testing.T) {
	full := types.RecordOf(types.Field{Name: "x", Type: tInt}, types.Field{Name: "t", Type: tString})
	pruned := types.Row{{Name: "r", Type: types.RecordOf(types.Field{Name: "t", Type: tString})}}
	e := &expr.Expr{Kind: expr.Field, Name: "t", Type: tString, Args: []*expr.Expr{expr.Col("r", full)}}
	ev, err := Compile(testCatalogue(t), e, pruned)
	if err != nil {
		t.Fatal(err)
	}
	rec := batch.NewBuilder(pruned[0].Type, 1)
	rec.Any([]any{"ab"})
	v, _, err := ev.Eval(&batch.Batch{Row: pruned, N: 1, Cols: []*batch.Vector{rec.Done()}})
	if err != nil || v.Value(0) != "ab" {
		t.Fatal(v, err)
	}
}

// TestCompileErrors: a flawed plan is an error that names what is wrong, never a panic.
func TestCompileErrors(t *testing.T) {
	cat := testCatalogue(t)
	deep := expr.Col("j", tInt)
	for range maxDepth + 1 {
		deep = &expr.Expr{Kind: expr.Call, Name: "+", Type: tInt, Args: []*expr.Expr{deep, deep}}
	}
	for want, e := range map[string]*expr.Expr{
		"no column is called `nope`":    expr.Col("nope", tInt),
		"no field is called `z`":        {Kind: expr.Field, Name: "z", Type: tInt, Args: []*expr.Expr{expr.Col("r", inRow[5].Type)}},
		"no function is called `nope`":  {Kind: expr.Call, Name: "nope", Type: tInt},
		"`length` wants string":         {Kind: expr.Call, Name: "length", Type: tInt, Args: []*expr.Expr{expr.Col("j", tInt)}},
		"`and` has 0 arguments, not 2":  {Kind: expr.Call, Name: expr.And, Type: tBool},
		"`upper` gives string, not int": {Kind: expr.Call, Name: "upper", Type: tInt, Args: []*expr.Expr{expr.Col("s", tString)}},
		"nested more than":              deep,
		"of unknown kind":               {Kind: "what"},
		"there is no expression":        nil,
	} {
		if _, err := Compile(cat, e, inRow); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
