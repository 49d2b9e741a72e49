package testcat

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// eval computes a value of a row from the arguments' values, none of which is null.
type eval func(args []any) (any, error)

func (f eval) vector(c *op.Call) (*batch.Vector, error) {
	b := batch.NewBuilder(c.Type, c.N)
	for i := range c.N {
		args := make([]any, len(c.Args))
		for k, a := range c.Args {
			args[k] = a.Value(i)
		}
		v, err := f(args)
		if err != nil {
			c.Fail(i, "W6401", err.Error())
			v = nil
		}
		b.Any(v)
	}
	return b.Done(), nil
}

// form is one signature: "int, int → int".
type form struct {
	text string
	eval eval
}

func overloads(forms ...form) func([]types.Type) (op.Overload, error) {
	return func(args []types.Type) (op.Overload, error) {
		var wants []string
		for _, exact := range []bool{true, false} {
			for _, f := range forms {
				params, result, _ := strings.Cut(f.text, " → ")
				wants = append(wants, params)
				var want []types.Type
				for _, p := range strings.Split(params, ", ") {
					want = append(want, t(p))
				}
				ok := len(want) == len(args)
				for i := 0; ok && i < len(want); i++ {
					ok = args[i].NotNull().Equal(want[i]) || !exact && args[i].NotNull().AssignableTo(want[i])
				}
				if ok {
					o := op.Overload{Params: want, Result: t(result)}
					if f.eval != nil {
						o.Eval = f.eval.vector
					}
					return o, nil
				}
			}
		}
		return op.Overload{}, errors.New("(" + strings.Join(wants[:len(forms)], ") or (") + ")")
	}
}

func ints(f func(a, b int64) (int64, error)) eval {
	return func(v []any) (any, error) { return f(v[0].(int64), v[1].(int64)) }
}

func floats(f func(a, b float64) float64) eval {
	return func(v []any) (any, error) { return f(v[0].(float64), v[1].(float64)), nil }
}

func text(v []any) (any, error) { return fmt.Sprint(v[0], v[1]), nil }

func operator(name string, resolve func([]types.Type) (op.Overload, error)) *op.Function {
	return &op.Function{Name: name, Hidden: true, Resolve: resolve}
}

func functions() []*op.Function {
	add := func(a, b int64) (int64, error) {
		if c := a + b; (c > a) == (b > 0) {
			return c, nil
		}
		return 0, fmt.Errorf("integer overflow: %d + %d", a, b)
	}
	out := []*op.Function{
		operator(expr.Add, overloads(form{"int, int → int", ints(add)},
			form{"float, float → float", floats(func(a, b float64) float64 { return a + b })},
			form{"string, string → string", text}, form{"path, string → path", text},
			form{"timestamp, duration → timestamp", ints(add)}, form{"duration, duration → duration", ints(add)})),
		operator(expr.Sub, overloads(form{"int, int → int", ints(func(a, b int64) (int64, error) { return add(a, -b) })},
			form{"float, float → float", floats(func(a, b float64) float64 { return a - b })},
			form{"timestamp, timestamp → duration", nil}, form{"timestamp, duration → timestamp", nil})),
		operator(expr.Mul, overloads(form{"int, int → int", ints(func(a, b int64) (int64, error) { return a * b, nil })},
			form{"float, float → float", floats(func(a, b float64) float64 { return a * b })})),
		operator(expr.Div, overloads(form{"float, float → float", floats(func(a, b float64) float64 { return a / b })})),
		operator(expr.IntDiv, overloads(form{"int, int → int", ints(func(a, b int64) (int64, error) {
			if b == 0 {
				return 0, fmt.Errorf("division by zero: %d // 0", a)
			}
			return a / b, nil
		})})),
		operator(expr.Mod, overloads(form{"int, int → int", nil})),
		operator(expr.Neg, overloads(form{"int → int", nil}, form{"float → float", nil},
			form{"duration → duration", nil})),
		operator(expr.Index, func(args []types.Type) (op.Overload, error) {
			if args[0].Kind != types.List || args[1].Kind != types.Int {
				return op.Overload{}, errors.New("a list and an int")
			}
			return op.Overload{Params: args, Result: args[0].Elem.OrNull()}, nil
		}),
		{Name: "length", Params: []op.FuncParam{{Name: "x"}}, Total: true,
			Resolve: func(args []types.Type) (op.Overload, error) {
				if k := args[0].Kind; k != types.List && !k.IsSequence() && k != types.String {
					return op.Overload{}, errors.New("a string, a sequence or a list")
				}
				return op.Overload{Params: args, Result: t("int"),
					Eval: eval(func(v []any) (any, error) { return int64(len(fmt.Sprint(v[0]))), nil }).vector}, nil
			}},
		{Name: "lower", Params: []op.FuncParam{{Name: "text"}},
			Resolve: overloads(form{"string → string",
				func(v []any) (any, error) { return strings.ToLower(v[0].(string)), nil }})},
		{Name: "round", Params: []op.FuncParam{{Name: "x"}, {Name: "digits", Default: "0"}},
			Resolve: overloads(form{"float, int → float", nil})},
		{Name: "least", Params: []op.FuncParam{{Name: "x", Variadic: true}},
			Resolve: overloads(form{"int, int → int", nil}, form{"float, float → float", nil})},
		{Name: "to_string", Params: []op.FuncParam{{Name: "x"}},
			Resolve: overloads(form{"int → string", func(v []any) (any, error) { return fmt.Sprint(v[0]), nil }},
				form{"float → string", nil})},
		{Name: "contains", Params: []op.FuncParam{{Name: "text"}, {Name: "part"}},
			Resolve: overloads(form{"string, string → bool", nil})},
		{Name: "max", Params: []op.FuncParam{{Name: "a"}, {Name: "b"}}, Resolve: overloads(form{"int, int → int", nil})},
		{Name: "matches", Params: []op.FuncParam{{Name: "text"}, {Name: "pattern"}},
			Resolve: func(args []types.Type) (op.Overload, error) {
				o, err := overloads(form{"string, string → bool", nil})(args)
				o.Prepare = func(consts []any) (func(*op.Call) (*batch.Vector, error), error) {
					if p, ok := consts[1].(string); ok {
						if _, err := regexp.Compile(p); err != nil {
							return nil, err
						}
					}
					return nil, nil
				}
				return o, err
			}},
	}
	for _, name := range []string{expr.Eq, expr.Ne, expr.Lt, expr.Le, expr.Gt, expr.Ge} {
		out = append(out, comparison(name))
	}
	return out
}

func comparison(name string) *op.Function {
	return &op.Function{Name: name, Hidden: true, Total: true, Resolve: func(args []types.Type) (op.Overload, error) {
		if s := args[0].Kind.Storage(); (s == types.StoreList || s == types.StoreRecord) && name != expr.Eq &&
			name != expr.Ne {
			return op.Overload{}, errors.New("values that have an order")
		}
		o := op.Overload{Params: args, Result: t("bool")}
		if name == expr.Eq {
			o.Eval = eval(func(v []any) (any, error) { return v[0] == v[1], nil }).vector
		}
		return o, nil
	}}
}

func aggregates() []*op.Aggregate {
	number := func(name, result string) *op.Aggregate {
		return &op.Aggregate{Name: name, Params: []op.FuncParam{{Name: "x"}},
			Resolve: func(args []types.Type) ([]types.Type, types.Type, error) {
				if k := args[0].Kind; k != types.Int && k != types.Float {
					return nil, types.Type{}, errors.New("a number")
				}
				r := args[0].NotNull()
				if result != "" {
					r = t(result)
				}
				r.Nullable = args[0].Nullable
				return args, r, nil
			}}
	}
	quantile := number("quantile", "float")
	quantile.Params = append(quantile.Params, op.FuncParam{Name: "q"})
	quantile.New = func(_ []types.Type, consts []any) (op.Accumulator, error) {
		if q, ok := consts[1].(float64); !ok || q < 0 || q > 1 {
			return nil, errors.New("q lies between 0 and 1")
		}
		return nil, nil
	}
	return []*op.Aggregate{number("sum", ""), number("mean", "float"), number("max", ""), quantile,
		{Name: "first", Params: []op.FuncParam{{Name: "x"}},
			Resolve: func(args []types.Type) ([]types.Type, types.Type, error) { return args, args[0], nil }},
		{Name: "count", Params: []op.FuncParam{{Name: "x", Variadic: true}},
			Resolve: func(args []types.Type) ([]types.Type, types.Type, error) { return args, t("int"), nil }}}
}
