package check

import (
	"fmt"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/lang/diag"
	"weir/lang/syntax"
	"weir/runtime/op"
)

// hiddenPrefix begins the names of columns that hold an aggregate which is only part of an expression. No user can
// write it.
const hiddenPrefix = "$"

// aggregation is the surroundings of the expressions of a grouping: columns stand inside aggregates, or are keys.
type aggregation struct {
	keys   []op.Key
	aggs   []op.Agg
	inside bool
}

func (a *aggregation) isKey(name string) bool {
	_, ok := a.key(name)
	return ok
}

func (a *aggregation) key(name string) (op.Key, bool) {
	for _, k := range a.keys {
		if k.Name == name {
			return k, true
		}
	}
	return op.Key{}, false
}

// aggs checks `n = count(), share = sum(x) / count()`. An expression over aggregates becomes hidden columns, and one
// over these behind.
func (u *use) aggs(given []syntax.Arg) *op.Arg {
	ag := &aggregation{}
	for _, p := range u.o.Params {
		if a := u.args[p.Name]; p.Kind == op.Keys && a != nil {
			ag.keys = append(ag.keys, a.Keys...)
		}
	}
	s := u.scope
	s.aggs = ag
	var post []op.Def
	plain := true
	seen := map[string]bool{}
	for _, k := range ag.keys {
		seen[k.Name] = true
	}
	for _, g := range flat(given) {
		if g.Kind != syntax.Column {
			d := diag.Diagnostic{Code: "W2210", Span: g.Value.Pos(), Message: "this column has no name",
				Hint: "write `name = …`"}
			if call, ok := g.Value.(*syntax.Call); ok && u.c.o.Catalogue.Aggregate(call.Func.Name) != nil {
				at := g.Value.Pos()
				at.End = at.Start
				d.Fix = &diag.Fix{Message: fmt.Sprintf("write `%s = …`", call.Func.Name), Edits: []diag.Edit{{Span: at,
					New: call.Func.Name + " = "}}}
			}
			u.lostDefs = true
			u.fail(d)
			continue
		}
		if seen[g.Name.Name] {
			u.fail(diag.Diagnostic{Code: "W2211", Span: g.Name.Span,
				Message: fmt.Sprintf("column `%s` is there twice", g.Name.Name)})
			continue
		}
		seen[g.Name.Name] = true
		before := len(ag.aggs)
		e := u.c.expr(g.Value, &s)
		if poisoned(e) {
			u.bad = true
			continue
		}
		if len(ag.aggs) == before+1 && e.Kind == expr.Column && e.Name == ag.aggs[before].Name {
			ag.aggs[before].Name = g.Name.Name
			e = expr.Col(g.Name.Name, e.Type)
		} else {
			plain = false
		}
		post = append(post, op.Def{Name: g.Name.Name, Expr: e})
	}
	if !plain {
		u.post = post
	}
	return &op.Arg{Aggs: ag.aggs}
}

// aggregateCall types one aggregate and gives the column that holds it.
func (c *checker) aggregateCall(x *syntax.Call, a *op.Aggregate, s *scope) *expr.Expr {
	in := *s
	ag := *s.aggs
	ag.inside = true
	in.aggs = &ag
	args, ok := c.funcArgs(x, a.Params, &in)
	if !ok {
		return poison
	}
	got := make([]types.Type, len(args))
	for i, e := range args {
		if poisoned(e) {
			return poison
		}
		got[i] = e.Type
	}
	params, result, err := a.Resolve(got)
	if err != nil {
		c.wrongTypes(a.Name, false, got, err, x.Span)
		return poison
	}
	consts := make([]any, len(args))
	for i := range args {
		if i < len(params) && params[i].Kind != types.Invalid && got[i].NotNull().AssignableTo(params[i].OrNull()) {
			args[i] = cast(args[i], params[i])
		}
		got[i] = args[i].Type
		if args[i].Kind == expr.Const {
			consts[i] = args[i].Value
		}
	}
	if a.New != nil {
		if _, err := a.New(got, consts); err != nil {
			c.report(diag.Diagnostic{Code: "W2114", Span: constSpan(args, x.Span),
				Message: fmt.Sprintf("`%s` cannot work with this: %s", a.Name, err)})
			return poison
		}
	}
	name := fmt.Sprintf("%s%d", hiddenPrefix, len(s.aggs.aggs)+1)
	s.aggs.aggs = append(s.aggs.aggs, op.Agg{Name: name, Func: a.Name, Args: args, Type: result})
	return expr.Col(name, result)
}
