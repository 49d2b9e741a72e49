package check

import (
	"fmt"
	"strings"
	"time"

	"weir/compiler/expr"
	"weir/compiler/resolve"
	"weir/compiler/types"
	"weir/lang/diag"
	"weir/lang/syntax"
)

// scope is where an expression stands: the file, the parameters of the fn it is in, and the row that it is evaluated
// against.
type scope struct {
	module *resolve.Module
	locals map[string]*local
	row    *rowScope       // nil: no columns
	aggs   *aggregation    // not nil: aggregates may stand here
	known  map[string]bool // column paths that are not null here
	hides  *rowScope       // columns that cannot be named, since a constant is wanted
}

// rowScope is the columns that can be named.
type rowScope struct {
	row         types.Row
	open        bool   // not all columns are known, because of an error that was reported
	before      string // "after `align` a row has"
	unavailable map[string]string
}

// local is an argument of an fn being inlined: a typed expression, or, in a fragment of a pipeline, one that is typed
// where it is used.
type local struct {
	value *expr.Expr
	x     syntax.Expr
	in    *scope // of x; its row does not count
	want  types.Type
	input *stream // x is a stream already made
}

var poison = &expr.Expr{Kind: expr.Const}

// poisoned reports an expression that was reported already.
func poisoned(e *expr.Expr) bool { return e.Type.Kind == types.Invalid }

// expr types an expression. What is wrong is reported and gives a poisoned expression, which nothing complains about.
func (c *checker) expr(x syntax.Expr, s *scope) *expr.Expr {
	if !c.spend(x.Pos()) {
		return poison
	}
	switch x := x.(type) {
	case *syntax.Paren:
		return c.expr(x.X, s)
	case *syntax.Literal:
		return c.literal(x)
	case *syntax.Name:
		return c.name(x.Ident, s)
	case *syntax.Field:
		return c.field(x, s)
	case *syntax.Index:
		list, i := c.expr(x.X, s), c.expr(x.Index, s)
		return c.apply(expr.Index, []*expr.Expr{list, i}, x.Span)
	case *syntax.Unary:
		return c.unary(x, s)
	case *syntax.Binary:
		return c.binary(x, s)
	case *syntax.IsNull:
		return c.isNull(x, s)
	case *syntax.In:
		return c.in(x, s)
	case *syntax.If:
		return c.ifElse(x, s)
	case *syntax.List:
		return c.list(x, s)
	case *syntax.Record:
		return c.record(x, s)
	case *syntax.Call:
		return c.callExpr(x, s)
	case *syntax.Pipe:
		c.report(diag.Diagnostic{Code: "W2108", Span: x.Span, Message: "a pipeline is no value",
			Hint: "give it a name with `let`"})
		return poison
	case *syntax.TypeLit:
		c.report(diag.Diagnostic{Code: "W2208", Span: x.Span, Message: "a row type is no value",
			Hint: "it stands where a reader asks for it: `read_jsonl(path, as: { a: int })`"})
		return poison
	case *syntax.Tuple:
		c.report(diag.Diagnostic{Code: "W2208", Span: x.Span, Message: "a list in parentheses is no value",
			Hint: "a list is written `[a, b]`, a record `{ a: x, b: y }`"})
		return poison
	}
	return poison
}

var literalKinds = [...]types.Kind{syntax.Int: types.Int, syntax.Float: types.Float, syntax.String: types.String,
	syntax.Bool: types.Bool, syntax.Null: types.Null,
	syntax.Duration: types.Duration, syntax.Size: types.Size, syntax.Percent: types.Float,
	syntax.Timestamp: types.Timestamp}

func (c *checker) literal(x *syntax.Literal) *expr.Expr {
	e := &expr.Expr{Kind: expr.Const, Type: types.Of(literalKinds[x.Kind]), Value: x.Value, Span: x.Span}
	switch v := x.Value.(type) {
	case time.Duration:
		e.Value = int64(v)
	case time.Time:
		if v.Year() < 1678 || v.Year() > 2261 {
			c.report(diag.Diagnostic{Code: "W2120", Span: x.Span, Message: "a timestamp lies between the years 1678 and 2261",
				Hint: "nanoseconds are counted in 64 bits"})
			return poison
		}
		e.Value = v.UnixNano()
	}
	return e
}

// name resolves a name: the parameters of an fn, the columns of the row, then parameters and constants.
func (c *checker) name(id syntax.Ident, s *scope) *expr.Expr {
	if l := s.locals[id.Name]; l != nil {
		return c.local(l, id, s)
	}
	if s.row != nil {
		if t, ok := s.row.row.Lookup(id.Name); ok {
			if y := s.module.Lookup(id.Name); y != nil && (y.Kind == resolve.Param || y.Kind == resolve.Let && !c.isStream(y)) {
				c.shadows = append(c.shadows, Shadow{id.Name, "column", y.Kind.String(), id.Span, y.Span})
			}
			return c.column(id, t, s)
		}
	}
	if y := s.module.Lookup(id.Name); y != nil {
		switch {
		case y.Kind == resolve.Param, y.Kind == resolve.Let && !c.isStream(y):
			return c.constant(y, id.Span)
		case y.Kind == resolve.Let && (s.row == nil || !s.row.open):
			c.uses[y] = true
			c.report(diag.Diagnostic{Code: "W2108", Span: id.Span,
				Message: fmt.Sprintf("`%s` is a stream, and a value is wanted", id.Name),
				Related: []diag.Related{{Span: y.Span, Label: "declared here"}},
				Hint:    "streams are joined by `join`, and put in one by `union`"})
			return poison
		case y.Kind == resolve.Secret:
			c.uses[y] = true
			c.report(diag.Diagnostic{Code: "W2013", Span: id.Span,
				Message: fmt.Sprintf("secret `%s` cannot stand here", id.Name),
				Hint: "a secret goes only where an option asks for one, so that it is in no plan and no log; " +
					"no operator of this release does"})
			return poison
		case y.Kind == resolve.Fn:
			c.uses[y] = true
			c.report(diag.Diagnostic{Code: "W2108", Span: id.Span,
				Message: fmt.Sprintf("`%s` is a fn, and a value is wanted", id.Name),
				Hint:    fmt.Sprintf("call it: `%s(…)`", id.Name)})
			return poison
		}
	}
	c.unknown(id, s)
	return poison
}

// unknown reports a name that means nothing, unless the row is not known.
func (c *checker) unknown(id syntax.Ident, s *scope) {
	if s.module.MayHave(id.Name) {
		return
	}
	if s.row == nil && s.hides != nil && (s.hides.open || s.hides.row.Index(id.Name) >= 0) {
		if !s.hides.open {
			c.errorf("W2113", id.Span, "`%s` is a column, and a constant is wanted", id.Name)
		}
		return
	}
	if s.row == nil {
		d := diag.Diagnostic{Code: "W2101", Span: id.Span, Message: fmt.Sprintf("unknown name `%s`", id.Name)}
		suggest(&d, id.Name, id.Span, "parameters and constants are", c.valueNames(s))
		if len(c.valueNames(s)) == 0 {
			d.Label = "no parameter or constant is declared"
		}
		if c.isWord(id.Name) {
			d.Hint = fmt.Sprintf("text stands in quotes: \"%s\"", id.Name)
		}
		c.report(d)
		return
	}
	if s.row.open {
		return
	}
	names := s.row.row.Names()
	d := diag.Diagnostic{Code: "W2103", Span: id.Span, Message: fmt.Sprintf("unknown column `%s`", id.Name)}
	suggest(&d, id.Name, id.Span, s.row.before, names)
	if d.Fix == nil {
		if best, ok := meant(id.Name, c.valueNames(s)); ok {
			d.Fix = &diag.Fix{Message: "replace with `" + best + "`", Edits: []diag.Edit{{Span: id.Span, New: best}}}
		}
	}
	if d.Fix == nil {
		for _, f := range s.row.row {
			if _, ok := f.Type.Field(id.Name); ok {
				d.Hint = fmt.Sprintf("`%s` is a field: write `%s.%s`", id.Name, f.Name, id.Name)
				break
			}
		}
	}
	c.report(d)
}

// isWord reports whether a name is one of the words that some option takes.
func (c *checker) isWord(name string) bool {
	for _, o := range c.o.Catalogue.Operators() {
		for _, p := range o.Params {
			for _, w := range p.Words {
				if w == name {
					return true
				}
			}
		}
	}
	return false
}

func (c *checker) column(id syntax.Ident, t types.Type, s *scope) *expr.Expr {
	if why := s.row.unavailable[id.Name]; why != "" {
		c.report(diag.Diagnostic{Code: "W2116", Span: id.Span,
			Message: fmt.Sprintf("column `%s` cannot be had here", id.Name), Label: why})
		return poison
	}
	if s.aggs != nil && !s.aggs.inside && !s.aggs.isKey(id.Name) {
		c.report(diag.Diagnostic{Code: "W2118", Span: id.Span,
			Message: fmt.Sprintf("column `%s` has many values in a group", id.Name),
			Hint:    fmt.Sprintf("put it into an aggregate, such as `first(%s)`, or into `by`", id.Name)})
		return poison
	}
	if t.Kind == types.Invalid {
		return poison
	}
	e := &expr.Expr{Kind: expr.Column, Name: id.Name, Type: t, Span: id.Span}
	return s.narrowed(e)
}

// narrowed drops the nullability of a path that is known not to be null.
func (s *scope) narrowed(e *expr.Expr) *expr.Expr {
	if e.Type.Nullable && s.known != nil {
		if p, ok := e.Path(); ok && s.known[p] {
			e.Type.Nullable = false
		}
	}
	return e
}

func (c *checker) field(x *syntax.Field, s *scope) *expr.Expr {
	if n, ok := x.X.(*syntax.Name); ok && s.locals[n.Ident.Name] == nil &&
		(s.row == nil || s.row.row.Index(n.Ident.Name) < 0 && !s.row.open) {
		if y := s.module.Lookup(n.Ident.Name); y != nil && y.Kind == resolve.Let && c.isStream(y) {
			c.uses[y] = true
			c.errorf("W2108", x.Span, "`%s.%s` is a stream, and a value is wanted", n.Ident.Name, x.Sel.Name)
			return poison
		}
	}
	r := c.expr(x.X, s)
	if poisoned(r) {
		return poison
	}
	if r.Type.Kind != types.Record {
		d := diag.Diagnostic{Code: "W2104", Span: x.Sel.Span, Message: fmt.Sprintf("`%s` is %s and has no fields", r, r.Type)}
		c.report(d)
		return poison
	}
	t, ok := r.Type.Field(x.Sel.Name)
	if !ok {
		d := diag.Diagnostic{Code: "W2104", Span: x.Sel.Span, Message: fmt.Sprintf("unknown field `%s`", x.Sel.Name)}
		suggest(&d, x.Sel.Name, x.Sel.Span, fmt.Sprintf("`%s` has", r), types.Row(r.Type.Fields).Names())
		c.report(d)
		return poison
	}
	if t.Kind == types.Invalid {
		return poison
	}
	if r.Type.Nullable {
		t.Nullable = true
	}
	if v, ok := r.Value.([]any); ok && r.Kind == expr.Const {
		for i, f := range r.Type.Fields {
			if f.Name == x.Sel.Name && i < len(v) {
				return &expr.Expr{Kind: expr.Const, Type: t, Value: v[i], Span: x.Span}
			}
		}
	}
	return s.narrowed(&expr.Expr{Kind: expr.Field, Name: x.Sel.Name, Type: t, Args: []*expr.Expr{r}, Span: x.Span})
}

func (c *checker) unary(x *syntax.Unary, s *scope) *expr.Expr {
	v := c.expr(x.X, s)
	if x.Op == "not" {
		if !c.condition(v, "`not`", x.X.Pos()) {
			return poison
		}
		return &expr.Expr{Kind: expr.Call, Name: expr.Not, Type: v.Type, Args: []*expr.Expr{v}, Span: x.Span}
	}
	if v.Kind == expr.Const && v.Param == "" { // a negative literal
		switch n := v.Value.(type) {
		case int64:
			if v.Type.Kind != types.Size && v.Type.Kind != types.Timestamp {
				return &expr.Expr{Kind: expr.Const, Type: v.Type, Value: -n, Span: x.Span}
			}
		case float64:
			return &expr.Expr{Kind: expr.Const, Type: v.Type, Value: -n, Span: x.Span}
		}
	}
	return c.apply(expr.Neg, []*expr.Expr{v}, x.Span)
}

// condition reports a value that is no bool, and a poisoned one by false alone.
func (c *checker) condition(e *expr.Expr, who string, at diag.Span) bool {
	switch e.Type.Kind {
	case types.Bool, types.Null:
		return true
	case types.Invalid:
		return false
	}
	d := diag.Diagnostic{Code: "W2107", Span: at,
		Message: fmt.Sprintf("%s wants a condition, and this is %s", who, e.Type)}
	if e.Type.Nullable {
		d.Hint = "did you mean `… is not null`?"
	}
	c.report(d)
	return false
}

func (c *checker) binary(x *syntax.Binary, s *scope) *expr.Expr {
	switch x.Op {
	case expr.And, expr.Or:
		return c.logic(x, s)
	case expr.Coalesce:
		return c.coalesce(x, s)
	case expr.Eq, expr.Ne, expr.Lt, expr.Le, expr.Gt, expr.Ge:
		return c.compare(x, s)
	}
	a, b := c.expr(x.X, s), c.expr(x.Y, s)
	return c.apply(x.Op, []*expr.Expr{a, b}, x.Span)
}

func (c *checker) logic(x *syntax.Binary, s *scope) *expr.Expr {
	a := c.expr(x.X, s)
	b := c.expr(x.Y, s.knowing(a, x.Op == expr.And))
	okA := c.condition(a, "`"+x.Op+"`", x.X.Pos())
	okB := c.condition(b, "`"+x.Op+"`", x.Y.Pos())
	if !okA || !okB {
		return poison
	}
	t := types.Of(types.Bool)
	t.Nullable = nullable(a) || nullable(b)
	return &expr.Expr{Kind: expr.Call, Name: x.Op, Type: t, Args: []*expr.Expr{a, b}, Span: x.Span}
}

func nullable(e *expr.Expr) bool { return e.Type.Nullable || e.Type.Kind == types.Null }

// knowing gives the scope in which a condition is known to be true, or false.
func (s *scope) knowing(cond *expr.Expr, truth bool) *scope {
	paths := notNull(cond, truth)
	if len(paths) == 0 {
		return s
	}
	t := *s
	t.known = make(map[string]bool, len(s.known)+len(paths))
	for p := range s.known {
		t.known[p] = true
	}
	for _, p := range paths {
		t.known[p] = true
	}
	return &t
}

// notNull lists the column paths that are not null where cond is true, or where it is false.
func notNull(cond *expr.Expr, truth bool) []string {
	if cond.Kind != expr.Call {
		return nil
	}
	switch {
	case cond.Name == expr.NotNull && truth, cond.Name == expr.IsNull && !truth:
		if p, ok := cond.Args[0].Path(); ok {
			return []string{p}
		}
	case cond.Name == expr.And && truth, cond.Name == expr.Or && !truth:
		return append(notNull(cond.Args[0], truth), notNull(cond.Args[1], truth)...)
	case cond.Name == expr.Not:
		return notNull(cond.Args[0], !truth)
	}
	return nil
}

func (c *checker) coalesce(x *syntax.Binary, s *scope) *expr.Expr {
	a, b := c.expr(x.X, s), c.expr(x.Y, s)
	if poisoned(a) || poisoned(b) {
		return poison
	}
	t, ok := types.Unify(a.Type.NotNull(), b.Type.NotNull())
	if !ok {
		c.report(diag.Diagnostic{Code: "W2115", Span: x.Y.Pos(),
			Message: fmt.Sprintf("the default is %s, and what it stands for is %s", b.Type, a.Type.NotNull())})
		return poison
	}
	t.Nullable = nullable(b)
	return &expr.Expr{Kind: expr.Call, Name: expr.Coalesce,
		Type: t, Args: []*expr.Expr{cast(a, t), cast(b, t)}, Span: x.Span}
}

func (c *checker) compare(x *syntax.Binary, s *scope) *expr.Expr {
	if x.Op == expr.Gt {
		if call, ok := x.Y.(*syntax.Call); ok && c.isStage(call, s) {
			c.pipeMeant(x)
			return poison
		}
	}
	a, b := c.expr(x.X, s), c.expr(x.Y, s)
	if poisoned(a) || poisoned(b) {
		return poison
	}
	if a.Type.Kind == types.Null || b.Type.Kind == types.Null {
		return c.comparesNull(x, a, b)
	}
	t, ok := types.Unify(a.Type.NotNull(), b.Type.NotNull())
	if !ok {
		d := diag.Diagnostic{Code: "W2105", Span: x.Span,
			Message: fmt.Sprintf("%s and %s cannot be compared", a.Type.NotNull(), b.Type.NotNull())}
		if k := otherThanString(a.Type.Kind, b.Type.Kind); k != types.Invalid && (isLiteral(a) || isLiteral(b)) {
			d.Hint = literalHint(k)
		}
		c.report(d)
		return poison
	}
	return c.apply(x.Op, []*expr.Expr{cast(a, t), cast(b, t)}, x.Span)
}

// isLiteral reports a constant that stands in the text as it is.
func isLiteral(e *expr.Expr) bool { return e.Kind == expr.Const && e.Param == "" }

func otherThanString(a, b types.Kind) types.Kind {
	if a == types.String {
		return b
	}
	if b == types.String {
		return a
	}
	return types.Invalid
}

// literalHint says how a literal of a kind is written.
func literalHint(k types.Kind) string {
	switch k {
	case types.Timestamp:
		return "a timestamp is written without quotes: 2026-01-01T00:00:00Z"
	case types.Duration:
		return "a duration is written with its unit: 30s"
	case types.Size:
		return "a size is written with its unit: 128MiB"
	case types.Int, types.Float:
		return "a number is written without quotes"
	case types.Bool:
		return "write `true` or `false`, without quotes"
	case types.Path:
		return "a path is written as text: \"data/in.tsv\""
	}
	return ""
}

// comparesNull reports x == null, which is never true.
func (c *checker) comparesNull(x *syntax.Binary, a, b *expr.Expr) *expr.Expr {
	d := diag.Diagnostic{Code: "W2106", Span: x.Span,
		Message: fmt.Sprintf("a comparison with null is never true: `%s`", x.Op)}
	text := " is null"
	if x.Op == expr.Ne {
		text = " is not null"
	}
	switch {
	case x.Op != expr.Eq && x.Op != expr.Ne:
		d.Hint = "null has no order: use `is null`, or say what stands for null by `??`"
	case b.Type.Kind == types.Null && a.Type.Kind != types.Null:
		d.Fix = &diag.Fix{Message: "write `" + strings.TrimSpace(text) + "`",
			Edits: []diag.Edit{{Span: diag.Span{File: x.Span.File, Start: x.X.Pos().End, End: x.Y.Pos().End}, New: text}}}
	default:
		d.Hint = "use `is null`"
	}
	c.report(d)
	return poison
}

func (c *checker) isNull(x *syntax.IsNull, s *scope) *expr.Expr {
	v := c.expr(x.X, s)
	if poisoned(v) {
		return poison
	}
	name := expr.IsNull
	if x.Not {
		name = expr.NotNull
	}
	return &expr.Expr{Kind: expr.Call, Name: name, Type: types.Of(types.Bool), Args: []*expr.Expr{v}, Span: x.Span}
}

func (c *checker) in(x *syntax.In, s *scope) *expr.Expr {
	v, l := c.expr(x.X, s), c.expr(x.List, s)
	if poisoned(v) || poisoned(l) {
		return poison
	}
	if l.Type.Kind != types.List {
		d := diag.Diagnostic{Code: "W2105", Span: x.List.Pos(),
			Message: fmt.Sprintf("`in` wants a list, and this is %s", l.Type)}
		if l.Type.Kind == types.String && v.Type.Kind == types.String {
			d.Hint = "whether a text holds another: `contains(text, part)`"
		}
		c.report(d)
		return poison
	}
	t, ok := types.Unify(v.Type.NotNull(), l.Type.Elem.NotNull())
	if !ok {
		c.errorf("W2105", x.Span, "%s cannot be in %s", v.Type.NotNull(), l.Type.NotNull())
		return poison
	}
	elem := t
	elem.Nullable = l.Type.Elem.Nullable || l.Type.Elem.Kind == types.Null
	if vals, ok := l.Value.([]any); ok && len(vals) == 0 {
		elem.Nullable = false
	}
	want := types.ListOf(elem)
	want.Nullable = l.Type.Nullable
	r := types.Of(types.Bool)
	r.Nullable = nullable(v) || l.Type.Nullable || elem.Nullable
	e := &expr.Expr{Kind: expr.Call, Name: expr.In, Type: r, Args: []*expr.Expr{cast(v, t), cast(l, want)}, Span: x.Span}
	if x.Not {
		return &expr.Expr{Kind: expr.Call, Name: expr.Not, Type: r, Args: []*expr.Expr{e}, Span: x.Span}
	}
	return e
}

func (c *checker) ifElse(x *syntax.If, s *scope) *expr.Expr {
	cond := c.expr(x.Cond, s)
	ok := c.condition(cond, "`if`", x.Cond.Pos())
	then, els := c.expr(x.Then, s.knowing(cond, true)), c.expr(x.Else, s.knowing(cond, false))
	if !ok || poisoned(then) || poisoned(els) {
		return poison
	}
	t, ok := types.Unify(then.Type, els.Type)
	if !ok {
		c.report(diag.Diagnostic{Code: "W2115", Span: x.Else.Pos(),
			Message: fmt.Sprintf("the branches differ: %s and %s", then.Type, els.Type),
			Related: []diag.Related{{Span: x.Then.Pos(), Label: then.Type.String()}}})
		return poison
	}
	return &expr.Expr{Kind: expr.Call, Name: expr.If,
		Type: t, Args: []*expr.Expr{cond, cast(then, t), cast(els, t)}, Span: x.Span}
}

func (c *checker) list(x *syntax.List, s *scope) *expr.Expr {
	elem := types.Of(types.Null)
	args := make([]*expr.Expr, 0, len(x.Elems))
	bad := false
	for i, y := range x.Elems {
		e := c.expr(y, s)
		if poisoned(e) || bad {
			bad = true
			continue
		}
		t := e.Type
		if i > 0 {
			var ok bool
			if t, ok = types.Unify(elem, e.Type); !ok {
				c.errorf("W2115", y.Pos(), "the elements of a list have one type: %s and %s", elem, e.Type)
				bad = true
				continue
			}
		}
		elem = t
		args = append(args, e)
	}
	if bad {
		return poison
	}
	return c.collect(expr.MakeList, types.ListOf(elem), args, x.Span)
}

func (c *checker) record(x *syntax.Record, s *scope) *expr.Expr {
	t := types.Type{Kind: types.Record}
	args := make([]*expr.Expr, 0, len(x.Fields))
	bad := false
	for _, f := range x.Fields {
		e := c.expr(f.Value, s)
		if _, dup := t.Field(f.Name.Name); dup {
			c.errorf("W2017", f.Name.Span, "field `%s` is there twice", f.Name.Name)
			bad = true
		}
		bad = bad || poisoned(e)
		t.Fields = append(t.Fields, types.Field{Name: f.Name.Name, Type: e.Type})
		args = append(args, e)
	}
	if bad {
		return poison
	}
	return c.collect(expr.MakeRec, t, args, x.Span)
}

// collect makes a list or record, a constant where all parts are.
func (c *checker) collect(name string, t types.Type, args []*expr.Expr, at diag.Span) *expr.Expr {
	if typeSize(t, maxColumns) > maxColumns || deep(t, maxTypeDepth) {
		c.limit(at, "", "a value of more than %d fields, or that nests more than %d deep", maxColumns, maxTypeDepth)
		return poison
	}
	values := make([]any, len(args))
	constant := true
	for i, a := range args {
		switch {
		case name == expr.MakeList:
			args[i] = cast(a, *t.Elem)
		default:
			args[i] = cast(a, t.Fields[i].Type)
		}
		constant = constant && args[i].Kind == expr.Const
		values[i] = args[i].Value
	}
	if constant {
		if size(values, maxConst) > maxConst {
			c.limit(at, "", tooLarge, maxConst>>10)
			return poison
		}
		return &expr.Expr{Kind: expr.Const, Type: t, Value: values, Span: at}
	}
	return &expr.Expr{Kind: expr.Call, Name: name, Type: t, Args: args, Span: at}
}

// cast converts an expression to a type to which it is assignable; its own nullability stays. Constants are converted
// at once.
func cast(e *expr.Expr, want types.Type) *expr.Expr {
	if e.Type.Kind == types.Null {
		t := want
		t.Nullable = true
		return &expr.Expr{Kind: expr.Const, Type: t, Span: e.Span, Param: e.Param}
	}
	want.Nullable = e.Type.Nullable
	if e.Type.Equal(want) {
		return e
	}
	if e.Kind == expr.Const {
		return &expr.Expr{Kind: expr.Const, Type: want, Value: convert(e.Value, e.Type, want), Span: e.Span, Param: e.Param}
	}
	return &expr.Expr{Kind: expr.Call, Name: expr.Cast, Type: want, Args: []*expr.Expr{e}, Span: e.Span}
}

// convert converts a constant as cast does.
func convert(v any, from, to types.Type) any {
	switch x := v.(type) {
	case int64:
		if from.Kind == types.Int && to.Kind == types.Float {
			return float64(x)
		}
	case []any:
		out := make([]any, len(x))
		for i, y := range x {
			switch {
			case from.Kind == types.List && to.Kind == types.List:
				out[i] = convert(y, *from.Elem, *to.Elem)
			case i < len(from.Fields) && i < len(to.Fields):
				out[i] = convert(y, from.Fields[i].Type, to.Fields[i].Type)
			default:
				out[i] = y
			}
		}
		return out
	}
	return v
}
