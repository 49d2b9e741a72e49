// Package lint warns of what is legal and hardly meant: what nobody uses, conditions that decide nothing, names that
// hide others. It looks
// at a program without errors, and gives W3 codes.
package lint

import (
	"fmt"

	"weir/compiler/check"
	"weir/compiler/expr"
	"weir/compiler/resolve"
	"weir/compiler/types"
	"weir/lang/diag"
	"weir/runtime/op"
)

// Program gives the warnings for a program that was checked without errors, in no order.
func Program(p *resolve.Program, r *check.Result, cat *op.Catalogue) diag.List {
	l := &linter{cat: cat, seen: map[diag.Span]int{}, found: map[diag.Span]finding{}}
	l.unused(p, r)
	for _, s := range r.Facts.Shadows {
		l.shadow(s)
	}
	for _, n := range r.Facts.Nodes {
		o := cat.Operator(n.Op)
		if o != nil && o.Caps.Condition != "" {
			l.condition(n.Args.Expr(o.Caps.Condition), o.Name)
		}
		for _, a := range n.Args {
			for _, e := range a.Exprs() {
				l.expr(e)
			}
		}
	}
	l.settle()
	return l.diags
}

type linter struct {
	cat   *op.Catalogue
	diags diag.List
	// What is inlined stands in several places, over rows of several types: only what is so in all of them is reported.
	seen  map[diag.Span]int
	found map[diag.Span]finding
}

type finding struct {
	n int
	d diag.Diagnostic
}

func (l *linter) warn(code string, at diag.Span, hint, format string, args ...any) {
	l.diags.Add(diag.Diagnostic{Code: code, Severity: diag.Warning, Span: at, Message: fmt.Sprintf(format, args...),
		Hint: hint})
}

// unused reports declarations that nothing refers to, and streams that come to no sink. A file without statements is
// a library: there all may be for others.
func (l *linter) unused(p *resolve.Program, r *check.Result) {
	if len(p.Main.Stmts) == 0 {
		return
	}
	hidden := map[diag.Span]bool{}
	for _, s := range r.Facts.Shadows {
		hidden[s.Hidden] = true
	}
	for _, s := range p.Main.Own {
		if !r.Facts.Uses[s] && hidden[s.Span] {
			continue // said where another name is taken for it
		}
		if r.Facts.Uses[s] {
			if s.Kind == resolve.Let && !r.Facts.Sinks[s] {
				l.warn("W3105", s.Span, "write it: `"+s.Name+" |> write_tsv(…)`, or delete it",
					"the rows of `%s` come to no sink", s.Name)
			}
			continue
		}
		code := map[resolve.Kind]string{resolve.Let: "W3101", resolve.Param: "W3102", resolve.Fn: "W3103",
			resolve.Type: "W3104", resolve.Secret: "W3107"}[s.Kind]
		l.warn(code, s.Span, "delete it", "%s `%s` is not used", s.Kind, s.Name)
	}
	for _, i := range p.Main.Imports {
		used := i.Module == nil
		if i.Module != nil {
			for _, s := range i.Module.Own {
				used = used || r.Facts.Uses[s] && (p.Main.Values[s.Name] == s || p.Main.Types[s.Name] == s)
			}
		}
		if !used {
			l.warn("W3106", i.Decl.Path.Span, "delete it", "nothing of this import is used")
		}
	}
}

func (l *linter) shadow(s check.Shadow) {
	l.diags.Add(diag.Diagnostic{Code: "W3301", Severity: diag.Warning, Span: s.Use,
		Message: fmt.Sprintf("`%s` means the %s here, not the %s", s.Name, s.Means, s.Not),
		Related: []diag.Related{{Span: s.Hidden, Label: "declared here"}}, Hint: "give one of them another name"})
}

// condition reports a filter that keeps all rows, or none, whatever they hold. A parameter may well switch a filter
// off.
func (l *linter) condition(e *expr.Expr, name string) {
	if e == nil || e.Kind != expr.Const {
		return
	}
	what := "drops every row"
	if e.Value == true {
		what = "keeps every row"
	}
	l.note(e, e.Param == "", diag.Diagnostic{Code: "W3201", Message: fmt.Sprintf("`%s` %s", name, what),
		Hint: "write a condition over the columns, or delete it"})
}

func (l *linter) expr(e *expr.Expr) {
	if e.Kind == expr.Call {
		switch e.Name {
		case expr.IsNull, expr.NotNull:
			x := e.Args[0]
			always := "false"
			if e.Name == expr.NotNull {
				always = "true"
			}
			l.note(e, x.Kind != expr.Const && !x.Type.Nullable && x.Type.Kind != types.Null, diag.Diagnostic{Code: "W3202",
				Message: fmt.Sprintf("`%s` is always %s", e, always),
				Hint:    fmt.Sprintf("`%s` is %s and never null here", x, x.Type)})
		case expr.Coalesce:
			x := e.Args[0]
			l.note(e, x.Kind != expr.Const && !x.Type.Nullable && x.Type.Kind != types.Null, diag.Diagnostic{Code: "W3203",
				Message: fmt.Sprintf("the default of `%s` is never used", x),
				Hint:    fmt.Sprintf("`%s` is %s and never null here", x, x.Type)})
		case expr.Eq, expr.Ne, expr.Le, expr.Ge, expr.Lt, expr.Gt:
			p, ok := e.Args[0].Path()
			q, ok2 := e.Args[1].Path()
			same := ok && ok2 && p == q && e.Args[0].Type.Kind != types.Float // NaN is not itself
			l.note(e, same, diag.Diagnostic{Code: "W3204", Message: fmt.Sprintf("`%s` is compared with itself", p)})
		}
	}
	for _, a := range e.Args {
		l.expr(a)
	}
}

// note counts one place where an expression stands, and whether it is worth a warning there.
func (l *linter) note(e *expr.Expr, bad bool, d diag.Diagnostic) {
	if e.Span.IsZero() {
		return
	}
	l.seen[e.Span]++
	if bad {
		d.Severity, d.Span = diag.Warning, e.Span
		l.found[e.Span] = finding{l.found[e.Span].n + 1, d}
	}
}

func (l *linter) settle() {
	for at, f := range l.found {
		if f.n == l.seen[at] {
			l.diags.Add(f.d)
		}
	}
}
