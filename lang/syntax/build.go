package syntax

import (
	"github.com/alecthomas/participle/v2/lexer"

	"weir/lang/diag"
)

// MaxChain is the most operators that one expression may have side by side, and the most links of `a.b.c` or
// `else if`; it bounds the depth of the tree.
const MaxChain = 1000

// builder turns participle's productions into the tree, and reports what the productions let through.
type builder struct {
	file   string
	src    []byte
	tokens []Token // of the declaration
	errs   *diag.List
}

func (b *builder) tok(t lexer.Token) Token      { return b.tokens[t.Pos.Offset] }
func (b *builder) span(t lexer.Token) diag.Span { return b.own(b.tok(t)) }
func (b *builder) own(t Token) diag.Span        { return diag.Span{File: b.file, Start: t.Start, End: t.End} }
func (b *builder) ident(t lexer.Token) Ident    { return Ident{Name: t.Value, Span: b.span(t)} }
func (b *builder) report(d diag.Diagnostic)     { b.errs.Add(d) }
func (b *builder) text(s diag.Span) string      { return string(b.src[s.Start.Offset:s.End.Offset]) }
func (b *builder) all() diag.Span {
	return b.own(b.tokens[0]).To(b.own(b.tokens[len(b.tokens)-1]))
}

func (b *builder) param(n *paramNode, doc string) Decl {
	d := &Param{Span: b.all(), Doc: doc, Name: b.ident(n.Name), Type: b.typ(n.Type)}
	if n.Default != nil {
		d.Default = b.expr(n.Default)
	}
	return d
}

func (b *builder) fn(n *fnNode, doc string) Decl {
	d := &Fn{Span: b.all(), Doc: doc, Name: b.ident(n.Name), Body: b.expr(n.Body)}
	for _, p := range n.Params {
		q := FnParam{Name: b.ident(p.Name)}
		if p.Type != nil {
			q.Type = b.typ(p.Type)
		}
		if p.Default != nil {
			q.Default = b.expr(p.Default)
		}
		d.Params = append(d.Params, q)
	}
	if n.Result != nil {
		d.Result = b.typ(n.Result)
	}
	return d
}

func (b *builder) test(n *testNode, doc string) Decl {
	d := &Test{Span: b.all(), Doc: doc, Name: b.literal(n.Name)}
	for _, s := range n.Steps {
		step := TestStep{Kind: s.Kind.Value, Value: b.expr(s.Value)}
		step.Span = b.span(s.Kind).To(step.Value.Pos())
		if k := len(s.Name); k > 0 {
			step.Name.Span = b.span(s.Name[0]).To(b.span(s.Name[k-1]))
			for _, t := range s.Name {
				step.Name.Name += t.Value
			}
		}
		switch {
		case step.Kind == "advance" && len(s.Name) > 0:
			b.report(diag.Diagnostic{Code: "W1001", Message: "`advance` takes a timestamp only", Span: step.Name.Span,
				Hint: "write `advance 2026-01-01T00:06:00Z`"})
		case step.Kind != "advance" && len(s.Name) == 0:
			b.report(diag.Diagnostic{Code: "W1001", Message: "`" + step.Kind + "` takes a name, `=` and a value",
				Span: step.Value.Pos(),
				Hint: "write `" + step.Kind + " name = [{ column: value }]`"})
		}
		d.Steps = append(d.Steps, step)
	}
	return d
}

func (b *builder) typ(n *typeNode) TypeExpr {
	var t TypeExpr
	if n.Record != nil {
		r := &RecordType{Span: b.span(n.Record.Open).To(b.span(n.Record.Close))}
		for _, f := range n.Record.Fields {
			r.Fields = append(r.Fields, FieldType{Name: b.ident(f.Name), Type: b.typ(f.Type)})
		}
		t = r
	} else {
		named := &NamedType{Name: b.ident(*n.Name), Span: b.span(*n.Name)}
		for _, a := range n.Args {
			named.Args = append(named.Args, b.typ(a))
		}
		if n.Close != nil {
			named.Span = named.Span.To(b.span(*n.Close))
		}
		t = named
	}
	if len(n.Null) == 0 {
		return t
	}
	for _, q := range n.Null[1:] {
		span := b.span(q)
		b.report(diag.Diagnostic{Code: "W1043", Message: "this type is nullable already", Span: span,
			Fix: replace(span, "", "delete the second `?`")})
	}
	return &NullableType{Span: t.Pos().To(b.span(n.Null[0])), Elem: t}
}

func (b *builder) expr(n *exprNode) Expr {
	head := b.flat(n.Head)
	if len(n.Stages) == 0 {
		return head
	}
	p := &Pipe{Head: head}
	for _, s := range n.Stages {
		c := &Call{Span: b.span(s.Name), Func: b.ident(s.Name)}
		if s.Args != nil {
			c.Args = b.args(s.Args)
			c.Span = c.Span.To(b.span(s.Args.Close))
		}
		p.Stages = append(p.Stages, c)
	}
	p.Span = head.Pos().To(p.Stages[len(p.Stages)-1].Span)
	return p
}

func (b *builder) args(n *argsNode) []Arg {
	args := make([]Arg, 0, len(n.Args))
	for _, a := range n.Args {
		args = append(args, b.arg(a))
	}
	return args
}

// arg builds one argument; only here, as a whole value, may a tuple stand.
func (b *builder) arg(n *argNode) Arg {
	a := Arg{Kind: Positional}
	if n.As != nil {
		t := b.typ(n.As.Type)
		return Arg{Kind: Option, Name: b.ident(n.As.Name), Value: &TypeLit{Span: t.Pos(), Type: t}}
	}
	if n.Name != nil {
		a.Name = b.ident(*n.Name)
		a.Kind = Option
		if n.Sep.Value == "=" {
			a.Kind = Column
		}
	}
	if p := onlyParen(n.Value); p != nil && isTuple(p) {
		a.Value = b.tuple(p)
		return a
	}
	a.Value = b.expr(n.Value)
	return a
}

// onlyParen gives the parentheses that are all of n, or nil.
func onlyParen(n *exprNode) *argsNode {
	if len(n.Stages) > 0 || len(n.Head.Rest) > 0 {
		return nil
	}
	if o := n.Head.First; len(o.Prefix) == 0 && len(o.Postfix) == 0 {
		return o.Primary.Paren
	}
	return nil
}

func isTuple(n *argsNode) bool {
	return len(n.Args) != 1 || n.Args[0].Name != nil || n.Comma != nil
}

func (b *builder) tuple(n *argsNode) *Tuple {
	t := &Tuple{Span: b.span(n.Open).To(b.span(n.Close)), Elems: b.args(n)}
	if len(t.Elems) == 0 {
		b.report(diag.Diagnostic{Code: "W1001", Message: "nothing stands between these parentheses", Span: t.Span,
			Label: "expected an expression"})
	}
	for _, e := range t.Elems {
		if e.Kind == Option {
			b.report(diag.Diagnostic{Code: "W1035", Message: "a list in parentheses has no options",
				Span: e.Name.Span,
				Hint: "a record stands in braces: `{ " + e.Name.Name + ": … }`"})
		}
	}
	return t
}

func (b *builder) primary(n *primaryNode) Expr {
	switch {
	case n.Lit != nil:
		return b.literal(*n.Lit)
	case n.If != nil:
		return b.ifExpr(n.If)
	case n.Name != nil:
		return &Name{Ident: b.ident(*n.Name)}
	case n.List != nil:
		l := &List{Span: b.span(n.List.Open).To(b.span(n.List.Close))}
		for _, e := range n.List.Elems {
			l.Elems = append(l.Elems, b.expr(e))
		}
		return l
	case n.Record != nil:
		r := &Record{Span: b.span(n.Record.Open).To(b.span(n.Record.Close))}
		for _, f := range n.Record.Fields {
			r.Fields = append(r.Fields, RecordField{Name: b.ident(f.Name), Value: b.expr(f.Value)})
		}
		return r
	}
	if isTuple(n.Paren) {
		t := b.tuple(n.Paren)
		if len(t.Elems) > 0 {
			b.report(diag.Diagnostic{Code: "W1035", Message: "a list in parentheses stands only as an argument",
				Span: t.Span,
				Hint: "a list is written `[a, b]`, a record `{ a: x, b: y }`"})
		}
		return t
	}
	return &Paren{Span: b.span(n.Paren.Open).To(b.span(n.Paren.Close)), X: b.expr(n.Paren.Args[0].Value)}
}

func (b *builder) ifExpr(n *ifNode) Expr {
	b.chain(len(n.ElseIfs), b.span(n.If))
	tail := b.expr(n.Else)
	end := b.span(n.Close)
	for i := len(n.ElseIfs) - 1; i >= 0; i-- {
		e := n.ElseIfs[i]
		tail = &If{Span: b.span(e.If).To(end), Cond: b.expr(e.Cond), Then: b.expr(e.Then), Else: tail}
	}
	return &If{Span: b.span(n.If).To(end), Cond: b.expr(n.Cond), Then: b.expr(n.Then), Else: tail}
}

func (b *builder) literal(t lexer.Token) *Literal {
	own := b.tok(t)
	l := &Literal{Span: b.own(own), Raw: own.Text}
	switch own.Kind {
	case TokString:
		l.Kind = String
		l.Value, _ = unquote(own.Text) // Scan has reported what is wrong with it; so too below
	case TokTime:
		l.Kind = Timestamp
		l.Value, _ = timeValue(own.Text)
	case TokNumber:
		l.Kind, l.Value, _ = numberValue(own.Text)
	default:
		l.Kind, l.Value = Bool, own.Text == "true"
		if own.Text == "null" {
			l.Kind, l.Value = Null, nil
		}
	}
	return l
}

func (b *builder) operand(n *operandNode) Expr {
	x := b.primary(n.Primary)
	b.chain(len(n.Postfix), x.Pos())
	for _, p := range n.Postfix {
		switch {
		case p.Sel != nil:
			sel := b.ident(*p.Sel)
			x = &Field{Span: x.Pos().To(sel.Span), X: x, Sel: sel}
		case p.Index != nil:
			x = &Index{Span: x.Pos().To(b.span(p.Index.Close)), X: x, Index: b.expr(p.Index.Index)}
		default:
			x = b.call(x, p.Call)
		}
	}
	return x
}

func (b *builder) call(x Expr, n *argsNode) Expr {
	c := &Call{Span: x.Pos().To(b.span(n.Close)), Args: b.args(n)}
	if name, ok := x.(*Name); ok {
		c.Func = name.Ident
		return c
	}
	d := diag.Diagnostic{Code: "W1044", Message: "only a name can be called", Span: x.Pos()}
	if f, ok := x.(*Field); ok {
		c.Func = f.Sel
		d.Message = "there are no methods"
		d.Hint = "pass the value: `" + f.Sel.Name + "(" + excerpt(b.text(f.X.Pos())) + ", …)`, or pipe it: `|> " +
			f.Sel.Name + "(…)`"
	}
	b.report(d)
	return c
}

func (b *builder) chain(n int, at diag.Span) {
	if n > MaxChain {
		b.report(diag.Diagnostic{Code: "W1040", Message: "this expression has too many links", Span: at,
			Hint: "at most 1000 operators stand side by side; name a part with `let` or `fn`, or use a list"})
	}
}
