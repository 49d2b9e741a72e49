package check

import (
	"errors"
	"fmt"
	"path/filepath"

	"weir/compiler/expr"
	"weir/compiler/resolve"
	"weir/compiler/types"
	"weir/lang/diag"
	"weir/lang/syntax"
)

// assign makes an expression fit a type, or reports that it does not. A text written where a path, a sequence or a
// CIGAR is wanted
// is one; a record's fields go by name. who reads like "`limit`".
func (c *checker) assign(e *expr.Expr, want types.Type, at diag.Span, who string) *expr.Expr {
	if poisoned(e) || hasInvalid(want) {
		if poisoned(e) {
			return poison
		}
		return e
	}
	if e.Kind == expr.Const && e.Value != nil {
		if v, t, ok := c.adapt(e.Value, e.Type, want, at); ok {
			if v == nil {
				return poison
			}
			e = &expr.Expr{Kind: expr.Const, Type: t, Value: v, Span: e.Span, Param: e.Param}
		}
	}
	if e.Type.AssignableTo(want) {
		return cast(e, want)
	}
	d := diag.Diagnostic{Code: "W2105", Span: at, Message: fmt.Sprintf("%s wants %s, and this is %s", who, want, e.Type)}
	switch {
	case e.Type.Kind == types.Null:
		d.Code, d.Message = "W2117", fmt.Sprintf("%s wants %s, which cannot be null", who, want)
	case e.Type.Nullable && e.Type.NotNull().AssignableTo(want):
		d.Code, d.Message = "W2117", fmt.Sprintf("%s wants %s, and this may be null", who, want)
		d.Hint = fmt.Sprintf("say what stands for null: `%s ?? …`; or drop such rows before: `|> filter(%s is not null)`",
			e, e)
	case e.Type.Kind == types.Float && want.Kind == types.Int && !isLiteral(e):
		d.Hint = "`round(x)` gives the nearest int, `//` divides ints"
	case isLiteral(e) && (e.Type.Kind == types.String || e.Type.Kind == types.Int):
		d.Hint = literalHint(want.Kind)
	}
	c.report(d)
	return poison
}

// adapt converts a constant as far as literals go beyond AssignableTo. ok is false where it has nothing to add; a nil
// value says that
// an error was reported.
func (c *checker) adapt(v any, from, want types.Type, at diag.Span) (any, types.Type, bool) {
	switch {
	case from.Kind == types.String && want.Kind == types.Path:
		p, err := resolve.Path(c.root(), at.File, v.(string))
		if err != nil {
			c.report(diag.Diagnostic{Code: "W2005", Span: at, Message: err.Error(),
				Hint: "give a path from outside by a parameter: `-p name=path` is not confined"})
			return nil, want, true
		}
		return p, want.NotNull(), true
	case from.Kind == types.String && (want.Kind.IsSequence() || want.Kind == types.Cigar || want.Kind == types.Bytes):
		return v, want.NotNull(), true
	case from.Kind == types.List && want.Kind == types.List:
		vals, ok := v.([]any)
		if !ok {
			return nil, want, false
		}
		out := make([]any, len(vals))
		elem := want.Elem.NotNull()
		changed := len(vals) == 0
		for i, x := range vals {
			out[i] = x
			if x == nil {
				elem.Nullable = true
				continue
			}
			y, t, ok := c.adapt(x, *from.Elem, *want.Elem, at)
			if !ok {
				if !from.Elem.NotNull().AssignableTo(*want.Elem) {
					return nil, want, false
				}
				y, t = convert(x, *from.Elem, *want.Elem), want.Elem.NotNull()
			} else if y == nil {
				return nil, want, true
			}
			out[i], changed = y, true
			elem.Nullable = elem.Nullable || t.Nullable
		}
		return out, types.ListOf(elem), changed
	case from.Kind == types.Record && want.Kind == types.Record:
		return c.adaptRecord(v, from, want, at)
	}
	return nil, want, false
}

// adaptRecord puts the fields of a constant record into the order wanted; a missing field that may be null is null.
func (c *checker) adaptRecord(v any, from, want types.Type, at diag.Span) (any, types.Type, bool) {
	vals, ok := v.([]any)
	if !ok || len(vals) != len(from.Fields) {
		return nil, want, false
	}
	for _, f := range from.Fields {
		if _, ok := want.Field(f.Name); !ok {
			return nil, want, false
		}
	}
	out := make([]any, len(want.Fields))
	t := types.Type{Kind: types.Record, Fields: append([]types.Field(nil), want.Fields...)}
	for i, f := range want.Fields {
		k := types.Row(from.Fields).Index(f.Name)
		if k < 0 {
			if !f.Type.Nullable {
				return nil, want, false
			}
			continue
		}
		if vals[k] == nil {
			if !f.Type.Nullable {
				return nil, want, false
			}
			continue
		}
		ft := from.Fields[k].Type
		x, nt, ok := c.adapt(vals[k], ft, f.Type, at)
		switch {
		case !ok && !ft.NotNull().AssignableTo(f.Type):
			return nil, want, false
		case !ok:
			x, nt = convert(vals[k], ft, f.Type), f.Type.NotNull()
		case x == nil:
			return nil, want, true
		}
		out[i] = x
		nt.Nullable = f.Type.Nullable
		t.Fields[i].Type = nt
	}
	return out, t, true
}

func (c *checker) root() string {
	if c.o.Root != "" {
		return c.o.Root
	}
	return filepath.Dir(c.prog.Main.File.Name)
}

// value types an expression that must be a constant of a type (Invalid: of any), and computes it.
func (c *checker) value(x syntax.Expr, want types.Type, s *scope, who string) *expr.Expr {
	if want.Kind == types.Matrix {
		if w, ok := c.word(x, s); ok {
			return &expr.Expr{Kind: expr.Const, Type: want, Value: w, Span: x.Pos()}
		}
	}
	t := *s
	t.row, t.aggs, t.known = nil, nil, nil
	if s.row != nil {
		t.hides = s.row
	}
	e := c.folded(c.expr(x, &t), x.Pos(), who)
	return c.assign(e, want, x.Pos(), who)
}

// word gives a bare name that stands for itself: no parameter, no constant.
func (c *checker) word(x syntax.Expr, s *scope) (string, bool) {
	n, ok := x.(*syntax.Name)
	if !ok || s.locals[n.Ident.Name] != nil || s.module.Lookup(n.Ident.Name) != nil {
		return "", false
	}
	return n.Ident.Name, true
}

// folded computes an expression that must be constant.
func (c *checker) folded(e *expr.Expr, at diag.Span, who string) *expr.Expr {
	if poisoned(e) || e.Kind == expr.Const {
		return e
	}
	v, err := c.fold(e)
	switch {
	case errors.Is(err, errNotConstant):
		c.report(diag.Diagnostic{Code: "W2113", Span: at,
			Message: fmt.Sprintf("%s wants a constant, and this cannot be computed before the run", who)})
		return poison
	case err != nil:
		c.report(diag.Diagnostic{Code: "W2114", Span: at, Message: "this constant has no value: " + err.Error()})
		return poison
	}
	if size(v, maxConst) > maxConst {
		c.limit(at, "", tooLarge, maxConst>>10)
		return poison
	}
	return &expr.Expr{Kind: expr.Const, Type: e.Type, Value: v, Span: at}
}
