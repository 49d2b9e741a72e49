package check

import (
	"fmt"
	"strings"

	"weir/compiler/expr"
	"weir/compiler/logical"
	"weir/compiler/resolve"
	"weir/compiler/types"
	"weir/lang/diag"
	"weir/lang/syntax"
	"weir/runtime/op"
)

func isSource(o *op.Operator) bool { return o.Role == op.SourceRole }

// stage adds one operator, or an inlined fragment, behind a stream; in is nil where a pipeline begins.
func (c *checker) stage(in *stream, x *syntax.Call, s *scope) *stream {
	if !c.spend(x.Span) {
		return lost()
	}
	if in != nil && in.sink != nil {
		c.report(diag.Diagnostic{Code: "W2214", Span: in.sink.Func.Span,
			Message: fmt.Sprintf("`%s` ends a pipeline", in.sink.Func.Name),
			Related: []diag.Related{{Span: x.Func.Span, Label: "this gets no rows"}},
			Hint:    "name what comes before it with `let`, and write two statements"})
		in = lost()
	}
	if y := s.module.Lookup(x.Func.Name); y != nil && y.Kind == resolve.Fn {
		if c.symbolStreams(y, 0) {
			return c.fragment(in, x, y, s)
		}
		c.uses[y] = true
		c.report(diag.Diagnostic{Code: "W2201", Span: x.Func.Span,
			Message: fmt.Sprintf("`%s` gives a value, and an operator is wanted", y.Name),
			Related: []diag.Related{{Span: y.Span, Label: "declared here"}},
			Hint:    fmt.Sprintf("use it in an expression: `|> derive(x = %s(…))`", y.Name)})
		return lost()
	}
	o := c.o.Catalogue.Operator(x.Func.Name)
	if o == nil {
		c.noOperator(x, s)
		return lost()
	}
	switch {
	case isSource(o) && in != nil:
		if !in.open {
			c.report(diag.Diagnostic{Code: "W2212", Span: x.Func.Span, Message: fmt.Sprintf("`%s` begins a pipeline", o.Name),
				Hint: "streams are put together by `union` and `join`"})
		}
		return lost()
	case !isSource(o) && in == nil:
		c.report(diag.Diagnostic{Code: "W2213", Span: x.Func.Span,
			Message: fmt.Sprintf("`%s` needs a stream before it", o.Name), Hint: fmt.Sprintf("write `name |> %s(…)`", o.Name)})
		in = lost()
	}
	return c.operator(o, in, x, s)
}

func (c *checker) noOperator(x *syntax.Call, s *scope) {
	name := x.Func.Name
	if s.module.MayHave(name) {
		return
	}
	d := diag.Diagnostic{Code: "W2201", Span: x.Func.Span, Message: fmt.Sprintf("unknown operator `%s`", name)}
	cat := c.o.Catalogue
	switch f := cat.Function(name); {
	case f != nil && !f.Hidden:
		d.Message = fmt.Sprintf("`%s` is a function, and an operator is wanted", name)
		d.Hint = fmt.Sprintf("use it in an expression: `|> derive(x = %s(…))`", name)
	case cat.Aggregate(name) != nil:
		d.Message = fmt.Sprintf("`%s` is an aggregate, and an operator is wanted", name)
		d.Hint = fmt.Sprintf("write `|> aggregate(x = %s(…))`", name)
	default:
		if k, ok := otherOperators[name]; ok && cat.Operator(k) != nil {
			d.Fix = &diag.Fix{Message: "replace with `" + k + "`", Edits: []diag.Edit{{Span: x.Func.Span, New: k}}}
			break
		}
		suggest(&d, name, x.Func.Span, "", c.operatorNames(s.module))
		if d.Fix == nil {
			d.Hint = "`weir ops` lists all operators"
		}
	}
	c.report(d)
	for _, a := range x.Args {
		c.markUses(a.Value, s)
	}
}

// otherOperators is what other languages call our operators.
var otherOperators = map[string]string{"where": "filter", "project": "select", "map": "derive", "mutate": "derive",
	"with": "derive", "extend": "derive", "take": "limit",
	"head": "limit", "group": "aggregate", "group_by": "aggregate", "summarize": "aggregate", "summarise": "aggregate",
	"order": "sort", "order_by": "sort",
	"unique": "distinct", "dedup": "distinct", "flatten": "explode", "unnest": "explode", "concat": "union",
	"append": "union", "show": "print"}

// operator checks one use of an operator and makes its node.
func (c *checker) operator(o *op.Operator, in *stream, x *syntax.Call, s *scope) *stream {
	u := &use{c: c, o: o, x: x, args: op.Args{}, scope: *s}
	if !isSource(o) {
		u.in = append(u.in, in)
	}
	if in != nil {
		u.scope.row = in.scope()
	}
	if !o.Implemented() {
		c.report(diag.Diagnostic{Code: "W2220", Span: x.Func.Span, Message: fmt.Sprintf("`%s` is not there yet", o.Name),
			Hint: "it is planned: its name and options will stay as documented"})
	}
	outer := c.vague
	c.vague = false
	u.arguments()
	vague := c.vague
	c.vague = outer || vague
	typed, known := u.typeRow(vague)
	out := &stream{row: typed.Row, open: !known, before: fmt.Sprintf("after `%s` a row has", x.Func.Name)}
	u.eventTime(out, typed)
	u.bounds(out, typed)
	u.lazy(out)
	if o.Caps.Condition != "" {
		if a := u.args[o.Caps.Condition]; a != nil && a.Expr != nil {
			out.row = narrow(out.row, notNull(a.Expr, true))
		}
	}
	if known && (fields(out.row, maxColumns) > maxColumns ||
		deep(types.Type{Kind: types.Record, Fields: out.row}, maxTypeDepth)) {
		c.limit(x.Func.Span, "", "after `%s` a row has more than %d columns, or nests too deep", o.Name, maxColumns)
		out.open, out.row = true, nil
	}
	n := &logical.Node{Op: o.Name, Args: u.args, Out: out.typed(), Span: x.Span}
	for _, st := range u.in {
		n.Inputs = append(n.Inputs, st.inputs)
	}
	id, ok := c.add(n)
	if !ok {
		return lost()
	}
	out.inputs = []logical.Input{{Node: id}}
	u.files()
	if o.Role == op.SinkRole {
		u.sink(in)
		return &stream{sink: x, node: id}
	}
	return u.project(out, s)
}

// typeRow asks the operator for its row, and for what is known of event time behind it; known is false where that cannot be said, because
// of an error that was reported.
func (u *use) typeRow(vague bool) (out types.Stream, known bool) {
	unknown := u.bad
	t := &op.Typing{Args: u.args, Storage: u.c.o.Storage, Out: u.supposed()}
	for _, st := range u.in {
		unknown = unknown || st.open || rowInvalid(st.row)
		t.In = append(t.In, st.typed())
	}
	out = t.Out
	if unknown {
		out.Row, known = u.recover()
		return out, known
	}
	failed := false
	t.Errorf = func(param, code, format string, args ...any) {
		failed = true
		if vague {
			return
		}
		at := u.x.Func.Span
		if a := u.args[param]; a != nil && !a.Default && !a.Span.IsZero() {
			at = a.Span
		}
		u.c.errorf(code, at, format, args...)
	}
	var row types.Row
	if u.o.Type != nil {
		row = u.o.Type(t)
	}
	out = t.Out
	switch {
	case failed, u.o.Type == nil && !u.o.Implemented(): // what is not there yet is reported
		out.Row, known = u.recover()
		return out, known
	case u.o.Role != op.SinkRole && row == nil:
		u.c.errorf("W2227", u.x.Func.Span, "`%s` gives no row for these arguments", u.o.Name)
		out.Row, known = u.recover()
		return out, known
	}
	out.Row = row
	return out, true
}

// recover gives the row as far as it is known although something is wrong, so that what follows can be checked.
func (u *use) recover() (types.Row, bool) {
	caps := u.o.Caps
	if len(u.in) == 0 {
		return nil, u.o.Role == op.SinkRole
	}
	in := u.in[0]
	switch {
	case u.o.Role == op.SinkRole:
		return nil, true
	case caps.Condition != "":
		return in.row, !in.open
	case caps.Defs != "":
		var row types.Row
		if caps.KeepsInput {
			row = append(row, in.row...)
		}
		a := u.args[caps.Defs]
		if a == nil {
			return nil, false
		}
		for _, d := range a.Defs {
			row = row.With(d.Name, d.Expr.Type)
		}
		return row, !u.lostDefs && (!caps.KeepsInput || !in.open)
	}
	return nil, false
}

// bounds says whether the output ends, and reports an operator that needs an end and gets none.
func (u *use) bounds(out *stream, said types.Stream) {
	var endless *stream
	for _, st := range u.in {
		if st.unbounded && endless == nil {
			endless = st
		}
	}
	if endless != nil {
		out.endless = endless.endless
	}
	windowed := endless != nil && endless.windows != types.NoWindows
	switch u.o.Bounded {
	case op.Keeps:
		out.unbounded = endless != nil
	case op.NeverEnds:
		out.unbounded = true
		out.endless = &diag.Related{Span: u.x.Func.Span, Label: fmt.Sprintf("`%s` never ends", u.o.Name)}
	case op.AlwaysEnds:
	case op.NeedsEnd:
		if endless != nil && !windowed { // that it does not work by windows is reported
			u.endless(endless, false)
		}
	case op.NeedsWindow:
		if endless != nil && !windowed && !said.Unbounded {
			u.endless(endless, true)
		}
		out.unbounded = windowed || endless != nil && said.Unbounded && !out.open
	}
}

// endless reports an unbounded input, with what can be done.
func (u *use) endless(in *stream, window bool) {
	d := diag.Diagnostic{Code: "W2218", Span: u.x.Func.Span,
		Message: fmt.Sprintf("`%s` would wait for ever: its input does not end", u.o.Name)}
	if in.endless != nil {
		d.Related = append(d.Related, *in.endless)
	}
	var ways []string
	for _, o := range u.c.o.Catalogue.Operators() {
		if window && o.Caps.Windows {
			ways = append(ways, fmt.Sprintf("put `|> %s(tumbling(5m))` before it", o.Name))
		}
	}
	for _, o := range u.c.o.Catalogue.Operators() {
		if o.Bounded == op.AlwaysEnds && o.Role == op.TransformRole && o.Caps.Condition == "" {
			ways = append(ways, fmt.Sprintf("put `|> %s(…)` before it", o.Name))
			break
		}
	}
	d.Hint = strings.Join(append(ways, "or read a source that ends"), ", ")
	u.c.report(d)
}

// lazy notes the columns that cannot be had, and carries on those of the input.
func (u *use) lazy(out *stream) {
	set := func(name, why string) {
		if out.unavailable == nil {
			out.unavailable = map[string]string{}
		}
		out.unavailable[name] = why
	}
	defined := map[string]bool{}
	if a := u.args[u.o.Caps.Defs]; a != nil {
		for _, d := range a.Defs {
			defined[d.Name] = true
		}
	}
	if len(u.in) > 0 {
		for name, why := range u.in[0].unavailable {
			if out.row.Index(name) >= 0 && !defined[name] {
				set(name, why)
			}
		}
	}
	if u.o.Caps.Lazy == nil || u.bad {
		return
	}
	for _, l := range u.o.Caps.Lazy(u.args) {
		if l.Unavailable != "" {
			set(l.Name, l.Unavailable)
		}
	}
}

// narrow drops the nullability of column paths.
func narrow(row types.Row, paths []string) types.Row {
	for _, p := range paths {
		row = narrowPath(row, strings.Split(p, "."))
	}
	return row
}

func narrowPath(fields []types.Field, path []string) []types.Field {
	for i, f := range fields {
		if f.Name != path[0] {
			continue
		}
		out := append([]types.Field(nil), fields...)
		out[i].Type.Nullable = false
		if len(path) > 1 {
			out[i].Type.Fields = narrowPath(f.Type.Fields, path[1:])
		}
		return out
	}
	return fields
}

// project puts a node behind a grouping whose columns are expressions over aggregates.
func (u *use) project(out *stream, s *scope) *stream {
	if u.post == nil || u.bad || out.open {
		return out
	}
	var o *op.Operator
	for _, k := range u.c.o.Catalogue.Operators() {
		if k.Role == op.TransformRole && k.Caps.Defs != "" && !k.Caps.KeepsInput && k.Caps.RowWise {
			o = k
			break
		}
	}
	if o == nil {
		u.c.errorf("W2227", u.x.Func.Span, "this build of weir has no operator that computes over aggregates")
		return lost()
	}
	defined := map[string]bool{}
	for _, d := range u.post {
		defined[d.Name] = true
	}
	var defs []op.Def
	for _, f := range out.row {
		if !defined[f.Name] && !strings.HasPrefix(f.Name, hiddenPrefix) {
			defs = append(defs, op.Def{Name: f.Name, Expr: expr.Col(f.Name, f.Type)})
		}
	}
	for _, d := range u.post {
		// What an aggregate gives is known better behind it than where it was written.
		if t, ok := out.row.Lookup(d.Expr.Name); ok && d.Expr.Kind == expr.Column {
			d.Expr = expr.Col(d.Expr.Name, t)
		}
		defs = append(defs, d)
	}
	v := &use{c: u.c, o: o, x: u.x, in: []*stream{out}, args: op.Args{o.Caps.Defs: {Defs: defs, Span: u.x.Span}},
		scope: *s}
	v.scope.row = out.scope()
	v.defaults()
	typed, known := v.typeRow(false)
	next := *out
	next.row, next.open = typed.Row, !known
	id, ok := u.c.add(&logical.Node{Op: o.Name, Args: v.args, Inputs: [][]logical.Input{out.inputs},
		Out: next.typed(), Span: u.x.Span})
	if !ok {
		return lost()
	}
	next.inputs = []logical.Input{{Node: id}}
	return &next
}
