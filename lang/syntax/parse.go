package syntax

import (
	"fmt"
	"strings"

	"weir/lang/diag"
)

// Parse reads a .flow file. The File is never nil: it holds all declarations that could be read, and the list says
// what is wrong with the others, each on its own: the text is cut where a line begins in column 1, save with `|>` or
// a closing bracket, and each part is parsed alone. The list is in the order of the text. All codes are W1….
func Parse(name string, src []byte) (*File, diag.List) {
	all, errs := Scan(name, src)
	p := &fileParser{file: &File{Name: name, Src: src}, errs: errs}
	p.file.Doc = fileDoc(all)
	for i, c := range cut(all) {
		if i == MaxDecls {
			p.errs.Add(diag.Diagnostic{Code: "W1040", Message: fmt.Sprintf("this file has more than %d declarations",
				MaxDecls),
				Span: p.span(c.tokens[0]), Hint: "split it with `import`"})
			break
		}
		if len(p.errs) >= MaxErrors {
			p.errs.Add(diag.Diagnostic{Code: "W1050", Message: "too many errors; the rest of the file is not read",
				Span: p.span(c.tokens[0])})
			break
		}
		p.declaration(c.tokens, c.doc)
	}
	p.errs.Sort()
	return p.file, p.errs
}

// ParseExpr reads one expression, such as the value of -p on the command line. The expression is nil where the list
// has errors.
func ParseExpr(name string, src []byte) (Expr, diag.List) {
	all, errs := Scan(name, src)
	p := &fileParser{file: &File{Name: name, Src: src}, errs: errs}
	tokens := withoutComments(all)
	tokens = tokens[:len(tokens)-1] // the end
	var x Expr
	if n := parsed[exprNode](p, tokens); n != nil {
		x = p.builder(tokens).expr(n)
	}
	p.errs.Sort()
	if p.errs.HasErrors() {
		return nil, p.errs
	}
	return x, p.errs
}

// ParseType reads one type, such as `list<int>?`. The type is nil where the list has errors.
func ParseType(name string, src []byte) (TypeExpr, diag.List) {
	all, errs := Scan(name, src)
	p := &fileParser{file: &File{Name: name, Src: src}, errs: errs, types: true}
	tokens := withoutComments(all)
	tokens = tokens[:len(tokens)-1]
	var t TypeExpr
	if n := parsed[typeNode](p, tokens); n != nil {
		t = p.builder(tokens).typ(n)
	}
	p.errs.Sort()
	if p.errs.HasErrors() {
		return nil, p.errs
	}
	return t, p.errs
}

// part is the text of one declaration.
type part struct {
	tokens []Token
	doc    string
}

// cut parts the tokens at declaration heads.
func cut(all []Token) []part {
	var parts []part
	var doc []Token
	for i, t := range all {
		switch t.Kind {
		case TokEOF:
		case TokComment:
			doc = nil
		case TokDoc:
			if i == 0 || len(doc) > 0 && doc[len(doc)-1].Start.Line+1 != t.Start.Line {
				doc = nil
			}
			doc = append(doc, t)
		default:
			if len(parts) == 0 || startsDecl(t) {
				if len(doc) > 0 && doc[len(doc)-1].Start.Line+1 != t.Start.Line {
					doc = nil
				}
				if len(doc) > 0 && doc[0].Start == all[0].Start { // the file's
					doc = nil
				}
				parts = append(parts, part{doc: docText(doc)})
			}
			doc = nil
			last := &parts[len(parts)-1]
			last.tokens = append(last.tokens, t)
		}
	}
	return parts
}

// fileDoc is the `##` block that the file begins with.
func fileDoc(all []Token) string {
	n := 0
	for n < len(all) && all[n].Kind == TokDoc && (n == 0 || all[n].Start.Line == all[n-1].Start.Line+1) {
		n++
	}
	return docText(all[:n])
}

func docText(doc []Token) string {
	lines := make([]string, len(doc))
	for i, t := range doc {
		lines[i] = strings.TrimSuffix(strings.TrimPrefix(strings.TrimLeft(t.Text, "#"), " "), "\r")
	}
	return strings.Join(lines, "\n")
}

// fileParser parses the declarations of one file.
type fileParser struct {
	file  *File
	errs  diag.List
	types bool // the text is a type, not a declaration
}

func (p *fileParser) builder(tokens []Token) *builder {
	return &builder{file: p.file.Name, src: p.file.Src, tokens: tokens, errs: &p.errs}
}

// parsed parses tokens with the production P, and reports why it cannot.
func parsed[P any](p *fileParser, tokens []Token) *P {
	if !p.sound(tokens) {
		return nil
	}
	node, at, expected, ok := production[P](tokens)
	if ok {
		return node
	}
	p.errs.Add(p.explain(tokens, at, expected))
	return nil
}

// sound reports whether tokens are worth parsing: Scan has found no error that hides what is meant, they are not too
// many, and the brackets match.
func (p *fileParser) sound(tokens []Token) bool {
	for _, t := range tokens {
		if t.Kind == TokBad {
			return false
		}
	}
	if len(tokens) > MaxDeclTokens {
		p.errs.Add(diag.Diagnostic{Code: "W1040", Message: fmt.Sprintf("this declaration has more than %d tokens",
			MaxDeclTokens),
			Span: p.span(tokens[0]), Hint: "put data into a data file and read it"})
		return false
	}
	return p.brackets(tokens)
}

var closers = map[string]string{"(": ")", "[": "]", "{": "}"}

// brackets reports the first bracket that has no partner.
func (p *fileParser) brackets(tokens []Token) bool {
	var open []Token
	for _, t := range tokens {
		switch {
		case t.Is("("), t.Is("["), t.Is("{"):
			open = append(open, t)
		case t.Is(")"), t.Is("]"), t.Is("}"):
			if len(open) == 0 {
				p.errs.Add(diag.Diagnostic{Code: "W1014", Message: "`" + t.Text + "` closes nothing", Span: p.span(t),
					Fix: replace(p.span(t), "", "delete it")})
				return false
			}
			o := open[len(open)-1]
			open = open[:len(open)-1]
			if want := closers[o.Text]; want != t.Text {
				p.errs.Add(diag.Diagnostic{Code: "W1014", Message: fmt.Sprintf("expected `%s`, found `%s`", want,
					t.Text), Span: p.span(t),
					Label: fmt.Sprintf("the bracket to close is `%s`",
						o.Text), Related: []diag.Related{{Span: p.span(o), Label: "opened here"}}})
				return false
			}
		}
	}
	if len(open) == 0 {
		return true
	}
	o := open[len(open)-1]
	last := tokens[len(tokens)-1]
	end := diag.Span{File: p.file.Name, Start: last.End, End: last.End}
	p.errs.Add(diag.Diagnostic{Code: "W1013", Message: fmt.Sprintf("`%s` is never closed", o.Text), Span: p.span(o),
		Related: []diag.Related{{Span: end, Label: fmt.Sprintf("the declaration ends here without `%s`",
			closers[o.Text])}}})
	return false
}

func (p *fileParser) span(t Token) diag.Span {
	return diag.Span{File: p.file.Name, Start: t.Start, End: t.End}
}

// declaration parses one part; or several, where a head stands within it at the beginning of an indented line.
func (p *fileParser) declaration(tokens []Token, doc string) {
	for i := indentedHead(tokens); i > 0; i = indentedHead(tokens) {
		p.indented(tokens[i])
		p.declaration(tokens[:i], doc)
		tokens, doc = tokens[i:], ""
	}
	if d, found := p.foreignComment(tokens); found {
		p.errs.Add(d)
		return
	}
	if d := p.decl(tokens, doc); d != nil {
		p.file.Decls = append(p.file.Decls, d)
	}
}

// indentedHead gives the index of the first token that can only be the head of a declaration, though its line is
// indented; 0 where there is none. A name is never followed by a name or a string within an expression.
func indentedHead(tokens []Token) int {
	depth := 0
	for i, t := range tokens {
		switch {
		case t.Is("("), t.Is("["), t.Is("{"):
			depth++
		case t.Is(")"), t.Is("]"), t.Is("}"):
			depth--
		}
		if i == 0 || i+2 >= len(tokens) || depth > 0 || t.Kind != TokIdent || !heads[t.Text] ||
			tokens[i-1].End.Line == t.Start.Line {
			continue
		}
		next, then := tokens[i+1], tokens[i+2]
		named := next.Kind == TokIdent && (then.Is("=") || then.Is(":") || then.Is("("))
		if named || next.Kind == TokString && (t.Text == "test" && then.Is("{") || t.Text == "import") {
			return i
		}
	}
	return 0
}

func (p *fileParser) indented(t Token) {
	indent := diag.Span{File: p.file.Name, Start: diag.Pos{Offset: t.Start.Offset - (t.Start.Col - 1),
		Line: t.Start.Line, Col: 1}, End: t.Start}
	d := diag.Diagnostic{Code: "W1031", Message: "a declaration begins in column 1", Span: p.span(t)}
	if text := p.file.Src[indent.Start.Offset:indent.End.Offset]; strings.Trim(string(text), " \t") == "" {
		d.Fix = replace(indent, "", "delete the space before it")
	}
	p.errs.Add(d)
}

// foreignComment finds a line that another language takes for a comment: `// text` or `-- text`.
func (p *fileParser) foreignComment(tokens []Token) (diag.Diagnostic, bool) {
	if len(tokens) < 2 {
		return diag.Diagnostic{}, false
	}
	span := p.span(tokens[0])
	switch {
	case tokens[0].Is("//"):
	case tokens[0].Is("-") && tokens[1].Is("-") && tokens[0].End == tokens[1].Start:
		span = span.To(p.span(tokens[1]))
	default:
		return diag.Diagnostic{}, false
	}
	return diag.Diagnostic{Code: "W1033", Message: "a comment begins with `#`", Span: span, Fix: replace(span, "#",
		"replace with `#`")}, true
}

func (p *fileParser) decl(tokens []Token, doc string) Decl {
	b := p.builder(tokens)
	switch head(tokens) {
	case "import":
		if n := parsed[importNode](p, tokens); n != nil {
			return &Import{Span: b.all(), Path: b.literal(n.Path)}
		}
	case "param":
		if n := parsed[paramNode](p, tokens); n != nil {
			return b.param(n, doc)
		}
	case "secret":
		if n := parsed[secretNode](p, tokens); n != nil {
			return &Secret{Span: b.all(), Doc: doc, Name: b.ident(n.Name), Value: b.expr(n.Value)}
		}
	case "type":
		if n := parsed[typeDeclNode](p, tokens); n != nil {
			return &TypeDecl{Span: b.all(), Doc: doc, Name: b.ident(n.Name), Type: b.typ(n.Type)}
		}
	case "fn":
		if n := parsed[fnNode](p, tokens); n != nil {
			return b.fn(n, doc)
		}
	case "let":
		if n := parsed[letNode](p, tokens); n != nil {
			return &Let{Span: b.all(), Doc: doc, Name: b.ident(n.Name), Value: b.expr(n.Value)}
		}
	case "test":
		if n := parsed[testNode](p, tokens); n != nil {
			return b.test(n, doc)
		}
	default:
		if n := parsed[exprNode](p, tokens); n != nil {
			return &Statement{Span: b.all(), Doc: doc, Pipe: b.expr(n)}
		}
	}
	return nil
}

var heads = map[string]bool{"import": true, "param": true, "secret": true, "type": true, "fn": true, "let": true,
	"test": true}

// head gives the word that makes tokens a declaration, or "" for a bare pipe statement. The words are soft: `test |>
// print` and `type.rejected |> …` begin with a name.
func head(tokens []Token) string {
	if len(tokens) == 0 || tokens[0].Kind != TokIdent || !heads[tokens[0].Text] {
		return ""
	}
	if len(tokens) > 1 && (tokens[1].Is("|>") || tokens[1].Is(".") || tokens[1].Is("(") || tokens[1].Is("[")) {
		return ""
	}
	return tokens[0].Text
}
