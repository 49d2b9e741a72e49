package check

import (
	"fmt"
	"strings"

	"weir/compiler/expr"
	"weir/compiler/resolve"
	"weir/compiler/types"
	"weir/lang/diag"
	"weir/lang/syntax"
	"weir/runtime/op"
)

// callExpr types a call in an expression: of an fn, a function or, where they may stand, an aggregate.
func (c *checker) callExpr(x *syntax.Call, s *scope) *expr.Expr {
	name := x.Func.Name
	if y := s.module.Lookup(name); y != nil && y.Kind == resolve.Fn {
		return c.inline(x, y, s)
	}
	cat := c.o.Catalogue
	if s.aggs != nil && !s.aggs.inside {
		if a := cat.Aggregate(name); a != nil && (cat.Function(name) == nil || fits(a.Params, len(x.Args))) {
			return c.aggregateCall(x, a, s)
		}
	}
	f := cat.Function(name)
	if f == nil || f.Hidden {
		if s.module.MayHave(name) {
			return poison
		}
		c.noFunction(x, s)
		return poison
	}
	args, ok := c.funcArgs(x, f.Params, s)
	if !ok {
		return poison
	}
	return c.apply(name, args, x.Span)
}

// fits reports whether so many arguments can be meant for the parameters.
func fits(params []op.FuncParam, n int) bool {
	return n <= len(params) || len(params) > 0 && params[len(params)-1].Variadic
}

func (c *checker) noFunction(x *syntax.Call, s *scope) {
	name, cat := x.Func.Name, c.o.Catalogue
	d := diag.Diagnostic{Code: "W2102", Span: x.Func.Span, Message: fmt.Sprintf("unknown function `%s`", name)}
	switch {
	case cat.Aggregate(name) != nil && s.aggs != nil:
		d.Code, d.Message = "W2119", fmt.Sprintf("aggregate `%s` stands in another aggregate", name)
		d.Hint = "aggregate twice: `|> aggregate(…) |> aggregate(…)`"
	case cat.Aggregate(name) != nil:
		d.Code, d.Message = "W2109", fmt.Sprintf("aggregate `%s` can stand only in an operator that groups rows", name)
		d.Hint = fmt.Sprintf("write `|> aggregate(by: …, x = %s(…))`", name)
	case cat.Operator(name) != nil:
		d.Code, d.Message = "W2110", fmt.Sprintf("`%s` is an operator, and a value is wanted", name)
		d.Hint = fmt.Sprintf("operators stand in a pipe: `|> %s(…)`", name)
	default:
		suggest(&d, name, x.Func.Span, "", c.functionNames(s.module))
		if d.Fix == nil {
			d.Hint = "`weir ops` lists all functions"
		}
	}
	c.report(d)
}

// pipeMeant reports `a > select(id)`.
func (c *checker) pipeMeant(x *syntax.Binary) {
	c.report(diag.Diagnostic{Code: "W2111", Span: x.OpSpan, Message: "did you mean `|>`?", Label: "`>` compares",
		Fix: &diag.Fix{Message: "replace with `|>`", Edits: []diag.Edit{{Span: x.OpSpan, New: "|>"}}}})
}

// funcArgs puts a call's arguments into the order of the parameters and types them.
func (c *checker) funcArgs(x *syntax.Call, params []op.FuncParam, s *scope) ([]*expr.Expr, bool) {
	given := make([]syntax.Expr, len(params))
	var rest []syntax.Expr
	ok, named := true, false
	for i, a := range x.Args {
		switch a.Kind {
		case syntax.Column:
			c.optionMeant(a, "arguments")
			ok = false
		case syntax.Option:
			named = true
			k := -1
			for j, p := range params {
				if p.Name == a.Name.Name {
					k = j
				}
			}
			if k < 0 {
				var names []string
				for _, p := range params {
					names = append(names, p.Name)
				}
				d := diag.Diagnostic{Code: "W2112", Span: a.Name.Span,
					Message: fmt.Sprintf("`%s` has no argument `%s`", x.Func.Name, a.Name.Name)}
				suggest(&d, a.Name.Name, a.Name.Span, fmt.Sprintf("`%s` takes", x.Func.Name), names)
				c.report(d)
				ok = false
				continue
			}
			if given[k] != nil {
				c.errorf("W2204", a.Name.Span, "argument `%s` is given twice", a.Name.Name)
				ok = false
				continue
			}
			given[k] = a.Value
		default:
			switch {
			case named:
				c.report(diag.Diagnostic{Code: "W2205", Span: a.Value.Pos(),
					Message: "an argument without a name stands behind one with a name", Hint: "put it first"})
				ok = false
			case i < len(params):
				given[i] = a.Value
			case len(params) > 0 && params[len(params)-1].Variadic:
				rest = append(rest, a.Value)
			default:
				c.errorf("W2112", a.Value.Pos(), "`%s` takes %s", x.Func.Name, countOf(len(params), "argument"))
				return nil, false
			}
		}
	}
	var args []*expr.Expr
	for i, p := range params {
		switch {
		case given[i] != nil:
			args = append(args, c.expr(given[i], s))
		case p.Default != "":
			args = append(args, c.defaultExpr(p.Default, x.Span, s))
		case p.Variadic:
		case ok:
			c.report(diag.Diagnostic{Code: "W2112", Span: x.Span,
				Message: fmt.Sprintf("`%s` lacks its argument `%s`", x.Func.Name, p.Name), Hint: signature(x.Func.Name, params)})
			return nil, false
		}
	}
	for _, r := range rest {
		args = append(args, c.expr(r, s))
	}
	return args, ok
}

func countOf(n int, what string) string {
	switch n {
	case 0:
		return "no " + what
	case 1:
		return "one " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func signature(name string, params []op.FuncParam) string {
	parts := make([]string, len(params))
	for i, p := range params {
		parts[i] = p.Name
		if p.Default != "" {
			parts[i] += ": " + p.Default
		}
		if p.Variadic {
			parts[i] += ", …"
		}
	}
	return "it is called so: `" + name + "(" + strings.Join(parts, ", ") + ")`"
}

// apply makes the call of a function over typed arguments.
func (c *checker) apply(name string, args []*expr.Expr, at diag.Span) *expr.Expr {
	stripped, full := make([]types.Type, len(args)), make([]types.Type, len(args))
	null := false
	for i, a := range args {
		if poisoned(a) {
			return poison
		}
		full[i], stripped[i] = a.Type, a.Type.NotNull()
		null = null || nullable(a)
	}
	f := c.o.Catalogue.Function(name)
	if f == nil {
		c.errorf("W2102", at, "this build of weir has no function `%s`", name)
		return poison
	}
	ov, err := f.Resolve(stripped)
	if err == nil && ov.NullAware {
		ov, err = f.Resolve(full)
	}
	if err != nil {
		c.wrongTypes(name, f.Hidden, full, err, at)
		return poison
	}
	out := make([]*expr.Expr, len(args))
	consts := make([]any, len(args))
	anyConst := false
	for i, a := range args {
		out[i] = a
		if n := len(ov.Params); n > 0 {
			want := ov.Params[min(i, n-1)]
			if want.Kind != types.Invalid && a.Type.NotNull().AssignableTo(want.OrNull()) {
				out[i] = cast(a, want)
			}
		}
		if out[i].Kind == expr.Const && out[i].Value != nil {
			consts[i], anyConst = out[i].Value, true
		}
	}
	if ov.Prepare != nil && anyConst {
		if _, err := ov.Prepare(consts); err != nil {
			c.report(diag.Diagnostic{Code: "W2114", Span: constSpan(out, at),
				Message: fmt.Sprintf("`%s` cannot work with this: %s", name, err)})
			return poison
		}
	}
	t := ov.Result
	if !ov.NullAware {
		t.Nullable = t.Nullable || null
	}
	return &expr.Expr{Kind: expr.Call, Name: name, Type: t, Args: out, Span: at}
}

// constSpan is the place of the only constant, or else that of the call.
func constSpan(args []*expr.Expr, at diag.Span) diag.Span {
	var s diag.Span
	n := 0
	for _, a := range args {
		if a.Kind == expr.Const {
			s, n = a.Span, n+1
		}
	}
	if n == 1 && !s.IsZero() {
		return s
	}
	return at
}

func (c *checker) wrongTypes(name string, operator bool, args []types.Type, err error, at diag.Span) {
	parts := make([]string, len(args))
	for i, t := range args {
		parts[i] = t.NotNull().String()
	}
	got := strings.Join(parts, " and ")
	if len(parts) > 2 {
		got = strings.Join(parts[:len(parts)-1], ", ") + " and " + parts[len(parts)-1]
	}
	d := diag.Diagnostic{Code: "W2105", Span: at, Label: fmt.Sprintf("`%s` wants %s", name, err)}
	switch {
	case name == expr.Neg:
		d.Message, d.Label = "there is no `-` of "+got, "`-` wants "+err.Error()
	case name == expr.Index:
		d.Message, d.Label = fmt.Sprintf("%s cannot be indexed by %s", parts[0], parts[len(parts)-1]),
			"an index wants "+err.Error()
	case operator:
		d.Message = fmt.Sprintf("there is no `%s` of %s", name, got)
		if k := otherThanString(args[0].Kind, args[len(args)-1].Kind); name == expr.Add && k != types.Invalid {
			d.Hint = "turn the value into text first: `to_string(…)`"
		}
	case len(parts) == 0:
		d.Message = fmt.Sprintf("`%s` cannot be called without arguments", name)
	default:
		d.Message = fmt.Sprintf("`%s` cannot be called with %s", name, got)
	}
	c.report(d)
}
