package check

import (
	"fmt"

	"weir/compiler/expr"
	"weir/lang/diag"
	"weir/runtime/op"
)

// write is a path that an operator writes or reads.
type write struct {
	path string
	at   diag.Span
	op   string
}

// outputs reports two sinks with one path, and a sink whose path is read.
func (c *checker) outputs() {
	for i, w := range c.writes {
		for _, v := range c.writes[:i] {
			if v.path == w.path {
				c.report(diag.Diagnostic{Code: "W2222", Span: w.at, Message: fmt.Sprintf("`%s` is written twice", w.path),
					Related: []diag.Related{{Span: v.at, Label: "here first"}},
					Hint:    "put the streams together by `union`, or write two files"})
				break
			}
		}
		for _, r := range c.reads {
			if r.path == w.path {
				c.report(diag.Diagnostic{Code: "W2223", Span: w.at,
					Message: fmt.Sprintf("`%s` is read and written by the same run", w.path),
					Related: []diag.Related{{Span: r.at, Label: "read here"}}, Hint: "write another file"})
				break
			}
		}
	}
}

// neverRejects reports an operator that only evaluates expressions, all of which have a value for every row.
func (c *checker) neverRejects(o *op.Operator, args op.Args) bool {
	if !o.Caps.RowWise || o.Caps.Condition == "" && o.Caps.Defs == "" {
		return false
	}
	for _, a := range args {
		for _, e := range a.Exprs() {
			if !c.total(e) {
				return false
			}
		}
	}
	return true
}

// total reports an expression that has a value for every row.
func (c *checker) total(e *expr.Expr) bool {
	if e.Kind == expr.Call {
		switch e.Name {
		case expr.And, expr.Or, expr.Not, expr.If, expr.Coalesce, expr.IsNull, expr.NotNull, expr.In, expr.MakeList,
			expr.MakeRec, expr.Cast:
		default:
			if f := c.o.Catalogue.Function(e.Name); f == nil || !f.Total {
				return false
			}
		}
	}
	for _, a := range e.Args {
		if !c.total(a) {
			return false
		}
	}
	return true
}
