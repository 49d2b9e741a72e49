package check

import (
	"fmt"
	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/lang/diag"
	"weir/lang/syntax"
	"weir/runtime/op"
)

// Each kind of parameter (op.ParamKind) has a function here that makes its argument.

// flat resolves `(a, b)` into its elements.
func flat(given []syntax.Arg) []syntax.Arg {
	var out []syntax.Arg
	for _, a := range given {
		switch v := a.Value.(type) {
		case *syntax.Tuple:
			out = append(out, v.Elems...)
		case *syntax.Paren:
			a.Value = v.X
			out = append(out, a)
		default:
			out = append(out, a)
		}
	}
	return out
}

// through follows a name that is an argument of the fn being inlined to what stands there.
func through(x syntax.Expr, s *scope) (syntax.Expr, *scope) {
	for {
		switch y := x.(type) {
		case *syntax.Paren:
			x = y.X
			continue
		case *syntax.Name:
			if l := s.locals[y.Ident.Name]; l != nil && l.x != nil {
				x, s = l.x, l.in
				continue
			}
		}
		return x, s
	}
}

// through is as the function, with a scope in which the columns of the row here can be named.
func (u *use) through(x syntax.Expr) (syntax.Expr, *scope) {
	x, s := through(x, &u.scope)
	in := *s
	in.row, in.aggs, in.known, in.hides = u.scope.row, u.scope.aggs, u.scope.known, u.scope.hides
	return x, &in
}

func contains(words []string, w string) bool {
	for _, v := range words {
		if v == w {
			return true
		}
	}
	return false
}

// word checks an option of an enum or matrix type: its words first, then parameters; a path where the parameter takes
// one.
func (u *use) word(p op.Param, x syntax.Expr, s *scope) *op.Arg {
	x, s = through(x, s)
	if n, ok := x.(*syntax.Name); ok {
		if contains(p.Words, n.Ident.Name) {
			return &op.Arg{Word: n.Ident.Name}
		}
		if s.module.Lookup(n.Ident.Name) == nil {
			if s.module.MayHave(n.Ident.Name) {
				return nil
			}
			d := diag.Diagnostic{Code: "W2207", Span: n.Ident.Span,
				Message: fmt.Sprintf("`%s` is no value of `%s`", n.Ident.Name, p.Name)}
			suggest(&d, n.Ident.Name, n.Ident.Span, fmt.Sprintf("`%s` is one of", p.Name), p.Words)
			u.fail(d)
			return nil
		}
	}
	if l, ok := x.(*syntax.Literal); ok && l.Kind == syntax.String && contains(p.Words, l.Value.(string)) {
		u.fail(diag.Diagnostic{Code: "W2207", Span: l.Span, Message: fmt.Sprintf("`%s` is a word, not text", l.Value),
			Fix: &diag.Fix{Message: "leave out the quotes", Edits: []diag.Edit{{Span: l.Span, New: l.Value.(string)}}}})
		return nil
	}
	e := u.c.value(x, types.Type{}, s, "`"+p.Name+"`")
	if poisoned(e) {
		return nil
	}
	text, isText := e.Value.(string)
	switch {
	case isText && contains(p.Words, text):
		return &op.Arg{Word: text}
	case isText && p.Paths:
		want := types.Of(types.Path)
		if e.Type.Kind == types.Matrix { // of -p: a path relative to the working directory
			return &op.Arg{Expr: &expr.Expr{Kind: expr.Const, Type: want, Value: text, Span: e.Span, Param: e.Param}}
		}
		if e = u.c.assign(e, want, x.Pos(), "`"+p.Name+"`"); !poisoned(e) {
			return &op.Arg{Expr: e}
		}
		return nil
	case u.c.vague:
		return nil
	}
	d := diag.Diagnostic{Code: "W2207", Span: x.Pos(),
		Message: fmt.Sprintf("`%s` is no value of `%s`", expr.FormatValue(e.Type, e.Value), p.Name)}
	suggest(&d, text, x.Pos(), fmt.Sprintf("`%s` is one of", p.Name), p.Words)
	if e.Param != "" {
		d.Fix = nil
	}
	u.fail(d)
	return nil
}

func (u *use) words(p op.Param, x syntax.Expr) *op.Arg {
	x, s := through(x, &u.scope)
	elems := []syntax.Expr{x}
	if l, ok := x.(*syntax.List); ok {
		elems = l.Elems
	}
	if t, ok := x.(*syntax.Tuple); ok {
		elems = nil
		for _, a := range t.Elems {
			elems = append(elems, a.Value)
		}
	}
	q := p
	q.Paths = false
	a := &op.Arg{Names: []string{}}
	for _, y := range elems {
		w := u.word(q, y, s)
		if w == nil {
			return nil
		}
		if contains(a.Names, w.Word) {
			u.twice(w.Word, y.Pos())
			return nil
		}
		a.Names = append(a.Names, w.Word)
	}
	return a
}

func (u *use) rowExpr(p op.Param, x syntax.Expr) *op.Arg {
	e := u.c.expr(x, &u.scope)
	if poisoned(e) {
		return nil
	}
	if p.Name == u.o.Caps.Condition {
		if !u.c.condition(e, "`"+u.o.Name+"`", x.Pos()) {
			return nil
		}
		if e.Type.Kind == types.Null {
			e = cast(e, types.Of(types.Bool))
		}
		return &op.Arg{Expr: e}
	}
	if p.Type.Kind != types.Invalid {
		e = u.c.assign(e, p.Type, x.Pos(), "`"+p.Name+"`")
	}
	if poisoned(e) {
		return nil
	}
	return &op.Arg{Expr: e}
}

// columnName gives the column that an expression names by itself: `a`, or the last part of `a.b`.
func columnName(x syntax.Expr, s *scope) (string, bool) {
	x, _ = through(x, s)
	switch x := x.(type) {
	case *syntax.Name:
		return x.Ident.Name, true
	case *syntax.Field:
		return x.Sel.Name, true
	}
	return "", false
}

func (u *use) defs(given []syntax.Arg) *op.Arg {
	a := &op.Arg{Defs: []op.Def{}}
	seen := map[string]bool{}
	for _, g := range flat(given) {
		name, at := g.Name.Name, g.Name.Span
		if g.Kind != syntax.Column {
			var ok bool
			if name, ok = columnName(g.Value, &u.scope); !ok {
				u.lostDefs = true
				u.fail(diag.Diagnostic{Code: "W2210", Span: g.Value.Pos(), Message: "this column has no name",
					Hint: "write `name = …`"})
				u.c.expr(g.Value, &u.scope)
				continue
			}
			at = g.Value.Pos()
		}
		e := u.c.expr(g.Value, &u.scope)
		if e.Kind == expr.Const && e.Type.Kind == types.Null {
			u.fail(diag.Diagnostic{Code: "W2105", Span: g.Value.Pos(), Message: "null alone has no type",
				Hint: "drop the column, or give it a value"})
			e = poison
		}
		if poisoned(e) {
			u.bad = true
		}
		if seen[name] {
			u.fail(diag.Diagnostic{Code: "W2211", Span: at, Message: fmt.Sprintf("column `%s` is defined twice", name)})
			continue
		}
		seen[name] = true
		a.Defs = append(a.Defs, op.Def{Name: name, Expr: e})
	}
	return a
}

// path types an expression that must be a column or a field of one.
func (u *use) path(x syntax.Expr) (string, bool) {
	e := u.c.expr(x, &u.scope)
	if poisoned(e) {
		return "", false
	}
	p, ok := e.Path()
	if !ok {
		u.fail(diag.Diagnostic{Code: "W2208", Span: x.Pos(), Message: "the name of a column is wanted here",
			Hint: "compute the value before: `|> derive(x = …)`"})
	}
	return p, ok
}

func (u *use) columns(p op.Param, given []syntax.Arg) *op.Arg {
	a := &op.Arg{Names: []string{}}
	for _, g := range flat(given) {
		if g.Kind == syntax.Column {
			u.fail(diag.Diagnostic{Code: "W2226", Span: g.Name.Span,
				Message: fmt.Sprintf("`%s` takes the names of columns", p.Name)})
			return nil
		}
		path, ok := u.path(g.Value)
		if !ok {
			u.bad = true
			continue
		}
		if contains(a.Names, path) {
			u.fail(diag.Diagnostic{Code: "W2211", Span: g.Value.Pos(), Message: fmt.Sprintf("column `%s` is there twice", path)})
			continue
		}
		a.Names = append(a.Names, path)
	}
	return a
}

// groups reports whether the operator groups rows: then its keys are columns of its output and have names.
func (u *use) groups() bool {
	for _, p := range u.o.Params {
		if p.Kind == op.Aggs {
			return true
		}
	}
	return false
}

func (u *use) keys(given []syntax.Arg) *op.Arg {
	a := &op.Arg{Keys: []op.Key{}}
	seen := map[string]bool{}
	for _, g := range flat(given) {
		k := op.Key{}
		x, in := u.through(g.Value)
		if call, ok := x.(*syntax.Call); ok && call.Func.Name == "desc" && len(call.Args) == 1 &&
			call.Args[0].Kind == syntax.Positional {
			k.Desc, x = true, call.Args[0].Value
		}
		if call, ok := x.(*syntax.Call); ok && call.Func.Name == "asc" && u.c.o.Catalogue.Function("asc") == nil &&
			len(call.Args) == 1 {
			u.fail(diag.Diagnostic{Code: "W2208", Span: call.Func.Span, Message: "rising order is what there is without `asc`",
				Hint: "leave `asc` out"})
			continue
		}
		if k.Desc && u.groups() {
			u.fail(diag.Diagnostic{Code: "W2208", Span: g.Value.Pos(), Message: "a grouping has no order",
				Hint: "sort behind it"})
			continue
		}
		if u.groups() {
			var ok bool
			k.Name, ok = columnName(x, in)
			if g.Kind == syntax.Column && g.Name.Name != "by" {
				k.Name, ok = g.Name.Name, true
			}
			if !ok {
				u.fail(diag.Diagnostic{Code: "W2210", Span: x.Pos(), Message: "this key has no name", Hint: "write `(name = …)`"})
				u.c.expr(x, in)
				continue
			}
			if seen[k.Name] {
				u.fail(diag.Diagnostic{Code: "W2211", Span: g.Value.Pos(),
					Message: fmt.Sprintf("column `%s` is there twice", k.Name)})
				continue
			}
			seen[k.Name] = true
		} else if g.Kind == syntax.Column {
			u.fail(diag.Diagnostic{Code: "W2226", Span: g.Name.Span, Message: "a key of an order has no name"})
			continue
		}
		k.Expr = u.c.expr(x, in)
		if poisoned(k.Expr) {
			u.bad = true
		}
		a.Keys = append(a.Keys, k)
	}
	return a
}

func (u *use) names(p op.Param, given []syntax.Arg) *op.Arg {
	a := &op.Arg{Names: []string{}}
	low, high := p.Min, p.Max
	if high == 0 {
		high = low
	}
	elems := flat(given)
	for _, g := range elems {
		n, ok := g.Value.(*syntax.Name)
		if !ok || g.Kind == syntax.Column {
			u.fail(diag.Diagnostic{Code: "W2208", Span: g.Value.Pos(), Message: "a new name is wanted here"})
			return nil
		}
		if contains(a.Names, n.Ident.Name) {
			u.fail(diag.Diagnostic{Code: "W2211", Span: n.Ident.Span,
				Message: fmt.Sprintf("name `%s` is there twice", n.Ident.Name)})
			return nil
		}
		a.Names = append(a.Names, n.Ident.Name)
	}
	if len(elems) < low || high > 0 && len(elems) > high {
		want := countOf(low, "name")
		if high != low {
			want = fmt.Sprintf("%d to %d names", low, high)
		}
		u.fail(diag.Diagnostic{Code: "W2225", Span: given[0].Value.Pos(),
			Message: fmt.Sprintf("`%s` wants %s", p.Name, want), Hint: fmt.Sprintf("write `%s: (a, b)`", p.Name)})
		return nil
	}
	return a
}

// ctor checks `affine(open: 11, extend: 1)`.
func (u *use) ctor(p op.Param, x syntax.Expr, s *scope) *op.Arg {
	x, s = through(x, s)
	call, ok := x.(*syntax.Call)
	if n, isName := x.(*syntax.Name); isName {
		call, ok = &syntax.Call{Span: n.Ident.Span, Func: n.Ident}, true
	}
	var names []string
	for _, k := range p.Ctors {
		names = append(names, k.Name)
	}
	if !ok {
		u.fail(diag.Diagnostic{Code: "W2224", Span: x.Pos(),
			Message: fmt.Sprintf("`%s` is one of: %s", p.Name, listed(names, 6)),
			Hint:    fmt.Sprintf("write `%s: %s(…)`", p.Name, names[0])})
		return nil
	}
	for i := range p.Ctors {
		if p.Ctors[i].Name == call.Func.Name {
			return u.construct(&p.Ctors[i], call, s)
		}
	}
	d := diag.Diagnostic{Code: "W2224", Span: call.Func.Span,
		Message: fmt.Sprintf("`%s` is no value of `%s`", call.Func.Name, p.Name)}
	suggest(&d, call.Func.Name, call.Func.Span, fmt.Sprintf("`%s` is one of", p.Name), names)
	u.fail(d)
	return nil
}

// construct checks the arguments of a constructor as those of an operator that has only values.
func (u *use) construct(k *op.Constructor, call *syntax.Call, s *scope) *op.Arg {
	v := &use{c: u.c, o: &op.Operator{Name: k.Name, Params: k.Params}, x: call, args: op.Args{}, scope: *s}
	v.arguments()
	if v.bad {
		return nil
	}
	return &op.Arg{Word: k.Name, Args: v.args}
}

func (u *use) streams(given []syntax.Arg) *op.Arg {
	a := &op.Arg{Ports: []int{}}
	for _, g := range flat(given) {
		if g.Kind == syntax.Column {
			u.fail(diag.Diagnostic{Code: "W2226", Span: g.Name.Span, Message: "a stream is wanted here"})
			return nil
		}
		s := u.scope
		s.row = nil
		st := u.c.stream(g.Value, &s, nil)
		if st.sink != nil {
			u.fail(diag.Diagnostic{Code: "W2217", Span: g.Value.Pos(), Message: "a pipeline that ends in a sink gives no rows"})
			st = lost()
		}
		u.bad = u.bad || st.open
		a.Ports = append(a.Ports, len(u.in))
		u.in = append(u.in, st)
	}
	return a
}

// rowType takes a declared type, or one written in place.
func (u *use) rowType(x syntax.Expr) *op.Arg {
	x, s := through(x, &u.scope)
	t, ok := typeSyntax(x)
	if !ok {
		u.fail(diag.Diagnostic{Code: "W2208", Span: x.Pos(), Message: "a row type is wanted here",
			Hint: "declare it, `type Reading = { plate: string, … }`, and name it"})
		return nil
	}
	r := u.c.typeOf(t, s.module)
	switch {
	case r.Kind == types.Invalid:
		return nil
	case r.Kind != types.Record || r.Nullable:
		u.fail(diag.Diagnostic{Code: "W2208", Span: x.Pos(),
			Message: fmt.Sprintf("a row type is wanted, and this is %s", r), Hint: "write `{ name: type, … }`"})
		return nil
	}
	return &op.Arg{Row: r.Fields}
}

// typeSyntax reads the value of an option as a type: a name, or a row type written on the spot.
func typeSyntax(x syntax.Expr) (syntax.TypeExpr, bool) {
	switch x := x.(type) {
	case *syntax.Name:
		return &syntax.NamedType{Span: x.Ident.Span, Name: x.Ident}, true
	case *syntax.TypeLit:
		return x.Type, true
	}
	return nil, false
}

// on checks pairs of expressions over two inputs: `id | (a = x, b)`, or for each `(x, y)`, one pair.
func (u *use) on(given []syntax.Arg, each bool) *op.Arg {
	right := u.scope
	if len(u.in) > 1 {
		right.row = u.in[1].scope()
	} else {
		right.row = &rowScope{open: true}
	}
	elems := flat(given)
	if each {
		if len(elems) == 1 {
			elems = append(elems, elems[0])
		}
		if len(elems) != 2 || elems[0].Kind == syntax.Column || elems[1].Kind == syntax.Column {
			u.fail(diag.Diagnostic{Code: "W2208", Span: given[0].Value.Pos(),
				Message: "two columns are wanted, one of each input", Hint: "write `(a, b)`"})
			return nil
		}
		p, ok := u.pair(elems[0].Value, elems[1].Value, &right)
		if !ok {
			return nil
		}
		return &op.Arg{On: []op.KeyPair{p}}
	}
	a := &op.Arg{On: []op.KeyPair{}}
	for _, g := range elems {
		l := g.Value
		if g.Kind == syntax.Column {
			l = &syntax.Name{Ident: g.Name}
		}
		p, ok := u.pair(l, g.Value, &right)
		if !ok {
			u.bad = true
			continue
		}
		t, ok := types.Unify(p.Left.Type.NotNull(), p.Right.Type.NotNull())
		if !ok {
			u.fail(diag.Diagnostic{Code: "W2105", Span: g.Value.Pos(),
				Message: fmt.Sprintf("the columns of a join have one type: %s and %s", p.Left.Type, p.Right.Type)})
			continue
		}
		p.Left, p.Right = cast(p.Left, t), cast(p.Right, t)
		a.On = append(a.On, p)
	}
	return a
}

// pair types an expression over the pipe and one over the other input.
func (u *use) pair(left, right syntax.Expr, in *scope) (op.KeyPair, bool) {
	p := op.KeyPair{Left: u.c.expr(left, &u.scope), Right: u.c.expr(right, in)}
	return p, !poisoned(p.Left) && !poisoned(p.Right)
}

// files notes the paths that the operator reads or writes.
func (u *use) files() {
	for _, p := range u.o.Params {
		a := u.args[p.Name]
		if p.Kind != op.Value || p.Type.Kind != types.Path || a == nil || a.Expr == nil {
			continue
		}
		path, _ := a.Expr.Value.(string)
		w := write{path: path, at: a.Span, op: u.o.Name}
		switch {
		case path == "" || path == "-":
		case u.o.Role == op.SinkRole:
			u.c.writes = append(u.c.writes, w)
		case isSource(u.o):
			u.c.reads = append(u.c.reads, w)
		}
	}
}

// sink checks what only the end of a pipeline can get wrong.
func (u *use) sink(in *stream) {
	read := func(string) bool { return true }
	if needs := u.o.Caps.Needs; needs != nil && !u.bad {
		read = needs(u.args, []types.Row{in.row}, nil)[0].Has
	}
	for _, f := range in.row {
		if why := in.unavailable[f.Name]; why != "" && read(f.Name) {
			u.fail(diag.Diagnostic{Code: "W2116", Span: u.x.Func.Span,
				Message: fmt.Sprintf("column `%s` cannot be had here", f.Name), Label: why,
				Hint: "write only the columns that are wanted: put `|> select(…)` before"})
		}
	}
	if !in.unbounded || u.bad || u.o.SingleTask == nil || !u.o.SingleTask(u.args) {
		return
	}
	for _, p := range u.o.Params {
		if a := u.args[p.Name]; p.Kind == op.Value && p.Type.Kind == types.Path && a != nil && a.Expr != nil &&
			a.Expr.Value != "-" {
			d := diag.Diagnostic{Code: "W2219", Span: a.Span, Message: "a stream that never ends cannot go into one file",
				Hint: "a path that ends in `/` is a folder of parts"}
			if in.endless != nil {
				d.Related = append(d.Related, *in.endless)
			}
			u.fail(d)
		}
	}
}
