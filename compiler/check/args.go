package check

import (
	"fmt"
	"strings"

	"weir/compiler/expr"
	"weir/lang/diag"
	"weir/lang/syntax"
	"weir/runtime/op"
)

// use is one use of an operator while its arguments are checked.
type use struct {
	c     *checker
	o     *op.Operator
	x     *syntax.Call
	in    []*stream // the pipe first, then the streams named as arguments
	scope scope
	args  op.Args
	given map[string][]syntax.Arg
	bad   bool // something was reported
	// lostDefs says that a column may be missing in the definitions.
	lostDefs bool
	post     []op.Def // over aggregates; nil where every column is an aggregate
}

// arguments sorts what is written to the parameters, checks each, and fills in the defaults.
func (u *use) arguments() {
	given := u.sort()
	// Streams first: On looks at their rows. Aggregates last: they look at the keys.
	for _, first := range []bool{true, false} {
		for _, p := range u.o.Params {
			if (p.Kind == op.Stream) == first && p.Kind != op.Aggs {
				u.argument(p, given[p.Name])
			}
		}
	}
	for _, p := range u.o.Params {
		if p.Kind == op.Aggs {
			u.argument(p, given[p.Name])
		}
	}
	u.lack(given)
	u.given = given
	u.defaults()
}

func (u *use) fail(d diag.Diagnostic) {
	u.bad = true
	u.c.report(d)
}

// sort gives every parameter what is written for it.
func (u *use) sort() map[string][]syntax.Arg {
	given := map[string][]syntax.Arg{}
	var positional []op.Param
	var rest *op.Param // the variadic one
	var defs *op.Param // takes name = value
	for i, p := range u.o.Params {
		if p.Hidden {
			continue
		}
		switch {
		case p.Variadic:
			rest = &u.o.Params[i]
		case p.Required && !p.Named:
			positional = append(positional, p)
		}
		if p.Variadic && (p.Kind == op.Defs || p.Kind == op.Aggs) {
			defs = &u.o.Params[i]
		}
	}
	next, named := 0, false
	for _, a := range u.x.Args {
		switch a.Kind {
		case syntax.Option:
			named = true
			u.option(a, given, defs)
		case syntax.Column:
			p, isOption := u.o.Param(a.Name.Name)
			switch {
			case isOption && !p.Hidden && !p.Variadic:
				u.bad = true
				u.c.optionMeant(a, "options")
				given[p.Name] = append(given[p.Name], a)
			case defs != nil:
				given[defs.Name] = append(given[defs.Name], a)
			default:
				u.fail(diag.Diagnostic{Code: "W2226", Span: a.Name.Span,
					Message: fmt.Sprintf("`%s` defines no columns", u.o.Name), Hint: u.signature()})
			}
		default:
			switch {
			case named && (rest == nil || rest.Kind != op.Aggs):
				u.fail(diag.Diagnostic{Code: "W2205", Span: a.Value.Pos(),
					Message: "an argument without a name stands behind an option", Hint: "put it before the options"})
			case next < len(positional):
				p := positional[next]
				next++
				if len(given[p.Name]) > 0 {
					u.twice(p.Name, a.Value.Pos())
					continue
				}
				given[p.Name] = []syntax.Arg{a}
			case rest != nil:
				given[rest.Name] = append(given[rest.Name], a)
			default:
				u.fail(diag.Diagnostic{Code: "W2206", Span: a.Value.Pos(),
					Message: fmt.Sprintf("`%s` takes %s without a name", u.o.Name, countOf(len(positional), "argument")),
					Hint:    u.signature()})
			}
		}
	}
	return given
}

func (u *use) twice(name string, at diag.Span) {
	u.fail(diag.Diagnostic{Code: "W2204", Span: at, Message: fmt.Sprintf("`%s` is given twice", name)})
}

// option takes `name: value`.
func (u *use) option(a syntax.Arg, given map[string][]syntax.Arg, defs *op.Param) {
	p, ok := u.o.Param(a.Name.Name)
	if ok && !p.Hidden {
		if len(given[p.Name]) > 0 {
			u.twice(p.Name, a.Name.Span)
			return
		}
		given[p.Name] = []syntax.Arg{a}
		return
	}
	var names []string
	for _, p := range u.o.Params {
		if !p.Hidden && !p.Variadic && (!p.Required || p.Named) {
			names = append(names, p.Name)
		}
	}
	if _, close := meant(a.Name.Name, names); defs != nil && !close {
		u.lostDefs = true
		u.fail(diag.Diagnostic{Code: "W2226", Span: a.Name.Span, Message: "a column is defined with `=`, not with `:`",
			Fix: between(a, " = ")})
		return
	}
	d := diag.Diagnostic{Code: "W2203", Span: a.Name.Span,
		Message: fmt.Sprintf("`%s` has no option `%s`", u.o.Name, a.Name.Name)}
	if len(names) == 0 {
		d.Label = fmt.Sprintf("`%s` has no options", u.o.Name)
	} else {
		suggest(&d, a.Name.Name, a.Name.Span, fmt.Sprintf("`%s` has", u.o.Name), names)
	}
	u.fail(d)
}

// between replaces what stands between the name and the value of an argument.
func between(a syntax.Arg, sep string) *diag.Fix {
	at := diag.Span{File: a.Name.Span.File, Start: a.Name.Span.End, End: a.Value.Pos().Start}
	return &diag.Fix{Message: fmt.Sprintf("write `%s%s…`", a.Name.Name, sep), Edits: []diag.Edit{{Span: at, New: sep}}}
}

// optionMeant reports `name = value` where `name: value` is meant.
func (c *checker) optionMeant(a syntax.Arg, what string) {
	c.report(diag.Diagnostic{Code: "W2226", Span: a.Name.Span,
		Message: fmt.Sprintf("%s are written with `:`, not with `=`", what), Fix: between(a, ": ")})
}

// lack reports the required parameters that nothing is given for.
func (u *use) lack(given map[string][]syntax.Arg) {
	var names []string
	for _, p := range u.o.Params {
		if p.Hidden || len(given[p.Name]) > 0 || !p.Required && (!p.Variadic || p.Min == 0) {
			continue
		}
		if p.Variadic && (p.Kind == op.Defs || p.Kind == op.Aggs) {
			names = append(names, "`name = …`")
			continue
		}
		names = append(names, "`"+p.Name+"`")
	}
	if len(names) == 0 || u.bad {
		u.bad = u.bad || len(names) > 0
		return
	}
	u.fail(diag.Diagnostic{Code: "W2202", Span: u.x.Func.Span,
		Message: fmt.Sprintf("`%s` lacks %s", u.o.Name, strings.Join(names, " and ")), Hint: u.signature()})
}

// signature shows how an operator is called.
func (u *use) signature() string {
	var parts []string
	for _, p := range u.o.Params {
		switch {
		case p.Hidden:
		case p.Variadic && (p.Kind == op.Defs || p.Kind == op.Aggs):
			parts = append(parts, "name = …")
		case p.Variadic:
			parts = append(parts, p.Name+", …")
		case p.Required && !p.Named:
			parts = append(parts, p.Name)
		default:
			parts = append(parts, p.Name+": …")
		}
	}
	return "it is called so: `" + u.o.Name + "(" + strings.Join(parts, ", ") + ")`"
}

// defaults fills in what is not written.
func (u *use) defaults() {
	for _, p := range u.o.Params {
		if p.Default == "" || p.Hidden || u.args[p.Name] != nil || len(u.given[p.Name]) > 0 {
			continue
		}
		args, ok := u.c.defaultArgs(p.Default)
		if !ok {
			u.fail(diag.Diagnostic{Code: "W2228", Span: u.x.Func.Span,
				Message: fmt.Sprintf("the default of `%s` in `%s` cannot be read: %s", p.Name, u.o.Name, p.Default)})
			continue
		}
		outer := u.c.plain
		u.c.plain = &u.x.Func.Span
		own := u.scope.locals
		u.scope.locals = nil
		if a := u.check(p, args); a != nil {
			a.Default = true
			unplaced(a)
			u.args[p.Name] = a
		}
		u.c.plain, u.scope.locals = outer, own
	}
}

// defaultArgs parses the source text of a default.
func (c *checker) defaultArgs(text string) ([]syntax.Arg, bool) {
	if a, ok := c.parsed[text]; ok {
		return a, a != nil
	}
	x, errs := syntax.ParseExpr("default", []byte("f("+text+")"))
	call, ok := x.(*syntax.Call)
	if errs.HasErrors() || !ok || len(call.Args) == 0 {
		c.parsed[text] = nil
		return nil, false
	}
	c.parsed[text] = call.Args
	return call.Args, true
}

// defaultExpr types the default of a function's parameter.
func (c *checker) defaultExpr(text string, at diag.Span, s *scope) *expr.Expr {
	args, ok := c.defaultArgs(text)
	if !ok {
		c.errorf("W2228", at, "the default %s cannot be read", text)
		return poison
	}
	outer := c.plain
	c.plain = &at
	e := c.expr(args[0].Value, &scope{module: s.module})
	c.plain = outer
	return unplacedExpr(e)
}

func unplacedExpr(e *expr.Expr) *expr.Expr {
	return e.Rewrite(func(e *expr.Expr) *expr.Expr { e.Span = diag.Span{}; return e })
}

// unplaced takes the places out of an argument that stands in no file.
func unplaced(a *op.Arg) {
	a.Span = diag.Span{}
	if a.Expr != nil {
		a.Expr = unplacedExpr(a.Expr)
	}
	for i := range a.Defs {
		a.Defs[i].Expr = unplacedExpr(a.Defs[i].Expr)
	}
	for i := range a.Keys {
		a.Keys[i].Expr = unplacedExpr(a.Keys[i].Expr)
	}
	for i := range a.On {
		a.On[i].Left, a.On[i].Right = unplacedExpr(a.On[i].Left), unplacedExpr(a.On[i].Right)
	}
	for _, b := range a.Args {
		unplaced(b)
	}
}

// argument checks what is written for one parameter.
func (u *use) argument(p op.Param, given []syntax.Arg) {
	if len(given) == 0 {
		return
	}
	if a := u.check(p, given); a != nil {
		a.Span = given[0].Value.Pos().To(given[len(given)-1].Value.Pos())
		u.args[p.Name] = a
	} else {
		u.bad = true
	}
}

// check gives the argument of a parameter; nil where something was reported.
func (u *use) check(p op.Param, given []syntax.Arg) *op.Arg {
	x := given[0].Value
	who := "`" + p.Name + "`"
	switch p.Kind {
	case op.Value:
		if e := u.c.value(x, p.Type, &u.scope, who); !poisoned(e) {
			return &op.Arg{Expr: e}
		}
	case op.Word:
		return u.word(p, x, &u.scope)
	case op.Words:
		return u.words(p, x)
	case op.RowExpr:
		return u.rowExpr(p, x)
	case op.Defs:
		return u.defs(given)
	case op.Columns:
		return u.columns(p, given)
	case op.Keys:
		return u.keys(given)
	case op.Names:
		return u.names(p, given)
	case op.Ctor:
		return u.ctor(p, x, &u.scope)
	case op.Stream:
		return u.streams(given)
	case op.RowType:
		return u.rowType(x)
	case op.On:
		return u.on(given, false)
	case op.Each:
		return u.on(given, true)
	case op.Aggs:
		return u.aggs(given)
	}
	return nil
}
