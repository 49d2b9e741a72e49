package graph

import (
	"strings"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/op"
)

// Resolve gives the type of a column path in a row.
func Resolve(r types.Row, path string) (types.Type, bool) {
	name, rest, nested := strings.Cut(path, ".")
	t, ok := r.Lookup(name)
	for ok && nested {
		null := t.Nullable
		name, rest, nested = strings.Cut(rest, ".")
		t, ok = t.Field(name)
		t.Nullable = t.Nullable || null
	}
	return t, ok
}

// PathExpr makes the expression that reads a column path of a row.
func PathExpr(r types.Row, path string) (*expr.Expr, bool) {
	parts := strings.Split(path, ".")
	t, ok := r.Lookup(parts[0])
	if !ok {
		return nil, false
	}
	e := expr.Col(parts[0], t)
	for _, name := range parts[1:] {
		ft, ok := e.Type.Field(name)
		if !ok {
			return nil, false
		}
		ft.Nullable = ft.Nullable || e.Type.Nullable
		e = &expr.Expr{Kind: expr.Field, Name: name, Type: ft, Args: []*expr.Expr{e}}
	}
	return e, true
}

// Retype gives the expression with the record types of its column paths as the row has them. The type of a whole path,
// and so of the expression, stays: only the records on the way to it have been cut.
func Retype(e *expr.Expr, r types.Row) *expr.Expr {
	if e == nil {
		return nil
	}
	return e.Rewrite(func(x *expr.Expr) *expr.Expr {
		if x.Kind != expr.Field || len(x.Args) != 1 {
			return x
		}
		if p, ok := x.Args[0].Path(); ok {
			if t, ok := Resolve(r, p); ok && t.Kind == types.Record {
				base := *x.Args[0]
				base.Type = t
				c := *x
				c.Args = []*expr.Expr{&base}
				return &c
			}
		}
		return x
	})
}

// MapArg gives a copy of the argument with every expression replaced. f gets the input port that the expression reads.
func MapArg(a *op.Arg, f func(e *expr.Expr, port int) *expr.Expr) *op.Arg {
	if a == nil {
		return nil
	}
	c := *a
	if a.Expr != nil {
		c.Expr = f(a.Expr, 0)
	}
	if a.Args != nil {
		c.Args = make(op.Args, len(a.Args))
		for k, v := range a.Args {
			c.Args[k] = MapArg(v, f)
		}
	}
	c.Defs = append([]op.Def(nil), a.Defs...)
	for i := range c.Defs {
		c.Defs[i].Expr = f(c.Defs[i].Expr, 0)
	}
	c.Keys = append([]op.Key(nil), a.Keys...)
	for i := range c.Keys {
		c.Keys[i].Expr = f(c.Keys[i].Expr, 0)
	}
	c.On = append([]op.KeyPair(nil), a.On...)
	for i := range c.On {
		c.On[i].Left, c.On[i].Right = f(c.On[i].Left, 0), f(c.On[i].Right, 1)
	}
	c.Aggs = append([]op.Agg(nil), a.Aggs...)
	for i := range c.Aggs {
		args := make([]*expr.Expr, len(c.Aggs[i].Args))
		for k, e := range c.Aggs[i].Args {
			args[k] = f(e, 0)
		}
		c.Aggs[i].Args = args
	}
	return &c
}

// total lists the operators of the language that have a value for every row, whatever the types of their arguments.
var total = map[string]bool{expr.And: true, expr.Or: true, expr.Not: true, expr.If: true, expr.Coalesce: true,
	expr.IsNull:  true,
	expr.NotNull: true, expr.In: true, expr.Eq: true, expr.Ne: true, expr.Lt: true, expr.Le: true, expr.Gt: true,
	expr.Ge:   true,
	expr.Cast: true, expr.MakeList: true, expr.MakeRec: true}

// Fallible gives the first part of the expression that may have no value for some row, and so reject it; "" where there
// is none. Integer arithmetic may overflow and a function may fail unless it is registered as total; comparing,
// choosing and reading never do.
func Fallible(c *op.Catalogue, e *expr.Expr) string {
	for _, a := range e.Args {
		if s := Fallible(c, a); s != "" {
			return s
		}
	}
	if e.Kind != expr.Call || total[e.Name] {
		return ""
	}
	switch e.Name {
	case expr.Add, expr.Sub, expr.Mul, expr.Neg:
		if k := e.Type.Kind.Storage(); k == types.StoreFloat || k == types.StoreBytes {
			return ""
		}
	}
	if f := c.Function(e.Name); f != nil && f.Total {
		return ""
	}
	return e.String()
}
