package check

import (
	"fmt"

	"weir/compiler/expr"
	"weir/compiler/resolve"
	"weir/compiler/types"
	"weir/lang/diag"
	"weir/lang/syntax"
)

// enter begins the inlining of an fn, unless it is inlined already or too deep.
func (c *checker) enter(y *resolve.Symbol, at diag.Span) bool {
	c.uses[y] = true
	for i, k := range c.calls {
		if k.fn != y {
			continue
		}
		var syms []*resolve.Symbol
		for _, k := range c.calls[i:] {
			syms = append(syms, k.fn)
		}
		d := diag.Diagnostic{Code: "W2007", Span: y.Span, Message: fmt.Sprintf("`%s` calls itself", y.Name),
			Label: cycle(append(syms, y)),
			Hint:  "there is no recursion: a fn is put in the place of its call"}
		saved := c.calls
		c.calls = nil
		c.report(d)
		c.calls = saved
		return false
	}
	if len(c.calls) >= maxInline {
		c.limit(at, "", "fn call each other more than %d deep", maxInline)
		return false
	}
	c.calls = append(c.calls, call{y, at})
	return true
}

func (c *checker) leave() { c.calls = c.calls[:len(c.calls)-1] }

// inline puts the body of an fn in the place of its call in an expression.
func (c *checker) inline(x *syntax.Call, y *resolve.Symbol, s *scope) *expr.Expr {
	d := y.Decl.(*syntax.Fn)
	if c.symbolStreams(y, 0) {
		c.uses[y] = true
		c.report(diag.Diagnostic{Code: "W2110", Span: x.Func.Span,
			Message: fmt.Sprintf("`%s` is a part of a pipeline, and a value is wanted", y.Name),
			Related: []diag.Related{{Span: y.Span, Label: "declared here"}},
			Hint:    fmt.Sprintf("it stands in a pipe: `|> %s(…)`", y.Name)})
		return poison
	}
	args, ok := c.bind(x, d)
	if !ok {
		c.uses[y] = true
		return poison
	}
	locals := map[string]*local{}
	bad := false
	for i, p := range d.Params {
		var e *expr.Expr
		who := fmt.Sprintf("`%s` of `%s`", p.Name.Name, y.Name)
		if args[i] != nil {
			e = c.expr(args[i], s)
		} else {
			e = c.expr(p.Default, &scope{module: y.Module})
		}
		if p.Type != nil && !poisoned(e) {
			at := x.Span
			if args[i] != nil {
				at = args[i].Pos()
			}
			e = c.assign(e, c.typeOf(p.Type, y.Module), at, who)
		}
		bad = bad || poisoned(e)
		locals[p.Name.Name] = &local{value: e}
	}
	if !c.enter(y, x.Span) {
		return poison
	}
	defer c.leave()
	if bad || c.broken[y] {
		return poison
	}
	e := c.expr(d.Body, &scope{module: y.Module, locals: locals})
	e = c.result(e, d, y)
	if !poisoned(e) && larger(e, maxExpr) > maxExpr {
		c.limit(x.Span, "", "this expression has more than %d parts once every fn is inlined", maxExpr)
		return poison
	}
	return e
}

// result fits the body of an fn to the type that it declares.
func (c *checker) result(e *expr.Expr, d *syntax.Fn, y *resolve.Symbol) *expr.Expr {
	if d.Result == nil || poisoned(e) {
		return e
	}
	return c.assign(e, c.typeOf(d.Result, y.Module), d.Body.Pos(), fmt.Sprintf("`%s`", y.Name))
}

// larger counts the nodes of an expression, large constants for more than one, up to just above limit.
func larger(e *expr.Expr, limit int) int {
	n := 1 + size(e.Value, 100*limit)/100
	for _, a := range e.Args {
		if n > limit {
			break
		}
		n += larger(a, limit-n)
	}
	return n
}

// bind puts the arguments of a call into the order of the fn's parameters; nil where the default stands.
func (c *checker) bind(x *syntax.Call, d *syntax.Fn) ([]syntax.Expr, bool) {
	args := make([]syntax.Expr, len(d.Params))
	ok, named := true, false
	for i, a := range x.Args {
		switch {
		case a.Kind == syntax.Column:
			c.optionMeant(a, "arguments")
			ok = false
		case a.Kind == syntax.Option:
			named = true
			ok = c.bindNamed(a, d, args) && ok
		case named:
			c.report(diag.Diagnostic{Code: "W2205", Span: a.Value.Pos(),
				Message: "an argument without a name stands behind one with a name", Hint: "put it first"})
			ok = false
		case i >= len(args):
			c.report(diag.Diagnostic{Code: "W2112", Span: a.Value.Pos(),
				Message: fmt.Sprintf("`%s` takes %s", d.Name.Name, countOf(len(args), "argument")),
				Related: []diag.Related{{Span: d.Name.Span, Label: "declared here"}}})
			return nil, false
		default:
			args[i] = a.Value
		}
	}
	if !ok {
		return nil, false
	}
	for i, p := range d.Params {
		if args[i] == nil && p.Default == nil {
			c.report(diag.Diagnostic{Code: "W2112", Span: x.Span,
				Message: fmt.Sprintf("`%s` lacks its argument `%s`", d.Name.Name, p.Name.Name),
				Related: []diag.Related{{Span: d.Name.Span, Label: "declared here"}}})
			return nil, false
		}
	}
	return args, true
}

// bindNamed takes `name: value` of a call.
func (c *checker) bindNamed(a syntax.Arg, d *syntax.Fn, args []syntax.Expr) bool {
	var names []string
	for k, p := range d.Params {
		names = append(names, p.Name.Name)
		if p.Name.Name != a.Name.Name {
			continue
		}
		if args[k] != nil {
			c.errorf("W2204", a.Name.Span, "`%s` is given twice", a.Name.Name)
			return false
		}
		args[k] = a.Value
		return true
	}
	e := diag.Diagnostic{Code: "W2112", Span: a.Name.Span,
		Message: fmt.Sprintf("`%s` has no parameter `%s`", d.Name.Name, a.Name.Name)}
	suggest(&e, a.Name.Name, a.Name.Span, fmt.Sprintf("`%s` takes", d.Name.Name), names)
	c.report(e)
	return false
}

// fragment puts the operators of an fn in the place of its call in a pipe. Its arguments are typed where they are
// used, against the row there.
func (c *checker) fragment(in *stream, x *syntax.Call, y *resolve.Symbol, s *scope) *stream {
	d := y.Decl.(*syntax.Fn)
	c.uses[y] = true
	if in != nil && !c.takesInput(d.Body, y.Module, 0) && !in.open {
		c.report(diag.Diagnostic{Code: "W2212", Span: x.Func.Span, Message: fmt.Sprintf("`%s` begins a pipeline", y.Name),
			Related: []diag.Related{{Span: y.Span, Label: "it begins with a source"}}})
		return lost()
	}
	args, ok := c.bind(x, d)
	if !ok || !c.enter(y, x.Span) {
		return lost()
	}
	defer c.leave()
	locals := map[string]*local{}
	for i, p := range d.Params {
		l := &local{x: args[i], in: s}
		if args[i] == nil {
			l.x, l.in = p.Default, &scope{module: y.Module}
		}
		if p.Type != nil {
			l.want = c.typeOf(p.Type, y.Module)
		}
		locals[p.Name.Name] = l
	}
	if d.Result != nil {
		c.report(diag.Diagnostic{Code: "W2105", Span: d.Result.Pos(),
			Message: fmt.Sprintf("`%s` is a part of a pipeline and has no type", y.Name), Hint: "leave the type out"})
	}
	return c.stream(d.Body, &scope{module: y.Module, locals: locals}, in)
}

// local gives an argument of the fn being inlined.
func (c *checker) local(l *local, id syntax.Ident, s *scope) *expr.Expr {
	if l.value != nil {
		return l.value
	}
	in := *l.in
	in.row, in.aggs, in.known, in.hides = s.row, s.aggs, s.known, s.hides
	e := c.expr(l.x, &in)
	if l.want.Kind != types.Invalid {
		e = c.assign(e, l.want, l.x.Pos(), "`"+id.Name+"`")
	}
	return e
}

// standalone checks an fn that no call may check: its body, over parameters of the types it declares.
func (c *checker) standalone(y *resolve.Symbol) {
	d := y.Decl.(*syntax.Fn)
	locals := map[string]*local{}
	typed := true
	for _, p := range d.Params {
		if locals[p.Name.Name] != nil {
			c.errorf("W2001", p.Name.Span, "parameter `%s` is there twice", p.Name.Name)
			return
		}
		var t types.Type
		if p.Type != nil {
			t = c.typeOf(p.Type, y.Module)
		}
		typed = typed && t.Kind != types.Invalid
		locals[p.Name.Name] = &local{value: &expr.Expr{Kind: expr.Column, Name: p.Name.Name, Type: t, Span: p.Name.Span}}
		if z := y.Module.Lookup(p.Name.Name); z != nil && z.Kind != resolve.Fn {
			c.shadows = append(c.shadows, Shadow{p.Name.Name, "parameter of the fn", z.Kind.String(), p.Name.Span, z.Span})
		}
	}
	if !typed || c.symbolStreams(y, 0) {
		return
	}
	// The call stack holds the fn itself, so that recursion is found though nothing calls it.
	was := c.uses[y]
	c.calls = []call{{y, y.Span}}
	e := c.expr(d.Body, &scope{module: y.Module, locals: locals})
	e = c.result(e, d, y)
	c.broken[y] = poisoned(e)
	c.calls, c.uses[y] = nil, was
}
