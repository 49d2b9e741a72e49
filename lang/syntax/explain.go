package syntax

import (
	"fmt"
	"strings"

	"weir/lang/diag"
)

// productionWords are participle's productions and token classes in the language's own words.
var productionWords = map[string]string{
	"TypeNode": "a type", "ExprNode": "an expression", "FlatNode": "an expression", "OperandNode": "an expression",
	"PrimaryNode": "an expression", "ArgNode": "an argument", "StageNode": "an operator such as `filter(…)`",
	"FnParamNode": "a parameter", "FieldTypeNode": "a field", "FieldNode": "a field", "StepNode": "`given`",
	"RecordTypeNode": "a type", "IfNode": "`if`", "ElseIfNode": "`else`", "ArgsNode": "`(`",
	"<ident>": "a name", "<string>": "a string in double quotes",
}

// expectation takes what participle expected out of its message, `unexpected token "x" (expected "=" ExprNode)`, and
// says the first of it in the language's own words; "" where that says nothing.
func expectation(message string) string {
	_, after, found := strings.Cut(message, " (expected ")
	if !found {
		return ""
	}
	after = strings.TrimLeft(after, "( ")
	if after, isLiteral := strings.CutPrefix(after, `"`); isLiteral {
		lit, _, _ := strings.Cut(after, `"`)
		return "`" + lit + "`"
	}
	word := strings.FieldsFunc(after, func(r rune) bool { return strings.ContainsRune(" ()|?*+!", r) })
	if len(word) == 0 {
		return ""
	}
	return productionWords[word[0]]
}

// explain says why the token at index at does not fit: in the words of the mistake where it is a known one, else by
// what was expected after the token before it, which is where the reader looks.
func (p *fileParser) explain(tokens []Token, at int, expected string) diag.Diagnostic {
	at = min(at, len(tokens))
	f := fault{p: p, tokens: tokens, at: at, expected: expected}
	if at > 0 {
		f.prev = tokens[at-1]
	}
	if at < len(tokens) {
		f.tok = tokens[at]
	}
	for _, teach := range teachings {
		if d, ok := teach(f); ok {
			return d
		}
	}
	return f.unexpected()
}

// fault is a place where parsing stopped. tok has kind TokEOF where the declaration ends, prev where it begins.
type fault struct {
	p         *fileParser
	tokens    []Token
	at        int
	prev, tok Token
	expected  string
}

func (f fault) span(t Token) diag.Span { return f.p.span(t) }

// after is the place behind the token before the fault.
func (f fault) after() diag.Span {
	t := f.prev
	if t.Kind == TokEOF {
		start := diag.Pos{Line: 1, Col: 1}
		if len(f.tokens) > 0 {
			start = f.tokens[0].Start
		}
		return diag.Span{File: f.p.file.Name, Start: start, End: start}
	}
	return diag.Span{File: f.p.file.Name, Start: t.End, End: t.End}
}

// next gives the token i behind the fault, of kind TokEOF past the end.
func (f fault) next(i int) Token {
	if f.at+i < len(f.tokens) {
		return f.tokens[f.at+i]
	}
	return Token{}
}

// head gives the word that the declaration begins with, or "".
func (f fault) head() string {
	if f.p.types {
		return ""
	}
	return head(f.tokens)
}

// bracket gives the innermost open bracket around the fault, of kind TokEOF where there is none.
func (f fault) bracket() Token {
	var stack []Token
	for _, t := range f.tokens[:f.at] {
		switch {
		case t.Is("("), t.Is("["), t.Is("{"):
			stack = append(stack, t)
		case t.Is(")"), t.Is("]"), t.Is("}"):
			stack = stack[:max(0, len(stack)-1)]
		}
	}
	if len(stack) == 0 {
		return Token{}
	}
	return stack[len(stack)-1]
}

// expectations lists what could stand at the fault, at most three.
func (f fault) expectations() []string {
	var out []string
	add := func(s string) {
		for _, o := range out {
			if o == s {
				return
			}
		}
		if s != "" && len(out) < 3 {
			out = append(out, s)
		}
	}
	open := f.bracket()
	head := f.head()
	switch {
	case f.p.types && f.at == 0:
		add("a type")
	case head == "test" && open.Is("{") && f.at > 0 && f.open(1) && (f.prev.EndsOperand() || f.prev.Is("{")) &&
		!stepWords[f.prev.Text]:
		add("`given`")
		add("`advance`")
		add("`expect`")
	case f.expected == "" && f.prev.EndsOperand() && head == "import":
		add("the next declaration in column 1")
	case head == "test" && f.open(1) && stepWords[f.prev.Text]:
		add("an expression")
	case f.prev.EndsOperand() && f.at > 1 && f.expected != "a name" && !f.inHead(head):
		if open.Text != "" {
			if f.expected != "" && strings.HasPrefix(f.expected, "`") {
				add(f.expected)
			}
			if open.Text != "{" || head != "type" && f.expected != "`else`" {
				add("`,`")
			}
			add("`" + closers[open.Text] + "`")
			add("an operator")
		} else {
			if f.expected == "`else`" {
				add(f.expected)
			} else {
				add("an operator")
				add("`|>`")
				add("the next declaration in column 1")
			}
		}
	default:
		add(f.expected)
		if len(out) == 0 {
			add(f.operandWord())
		}
		if f.prev.Is("(") || f.prev.Is("[") || f.prev.Is("{") {
			add("`" + closers[f.prev.Text] + "`")
		}
	}
	return out
}

var stepWords = map[string]bool{"given": true, "advance": true, "expect": true}

// open reports whether exactly n brackets are open at the fault.
func (f fault) open(n int) bool {
	for _, t := range f.tokens[:f.at] {
		switch {
		case t.Is("("), t.Is("["), t.Is("{"):
			n--
		case t.Is(")"), t.Is("]"), t.Is("}"):
			n++
		}
	}
	return n == 0
}

// inHead reports whether the fault lies before the `=` of a declaration, where no expression stands.
func (f fault) inHead(head string) bool {
	if head == "" || head == "test" && f.at > 2 {
		return false
	}
	depth := 0
	for _, t := range f.tokens[:f.at] {
		switch {
		case t.Is("("), t.Is("{"):
			depth++
		case t.Is(")"), t.Is("}"):
			depth--
		case t.Is("=") && depth == 0:
			return head == "type"
		}
	}
	return true
}

func (f fault) operandWord() string {
	switch {
	case f.prev.Is("|>"):
		return productionWords["StageNode"]
	case f.prev.Is("."):
		return "a name"
	case f.prev.Is(":") && f.inHead(f.head()) || f.p.types:
		return "a type"
	}
	return "an expression"
}

// unexpected is the message for what no teaching fits.
func (f fault) unexpected() diag.Diagnostic {
	d := diag.Diagnostic{Code: "W1001"}
	want := joinOr(f.expectations())
	switch {
	case f.tok.Kind == TokEOF:
		d.Span = f.after()
		d.Message = "the declaration is not complete"
		if f.prev.Kind == TokEOF {
			d.Message = "nothing stands here"
		}
	case f.prev.Kind != TokEOF && f.prev.End.Line != f.tok.Start.Line:
		d.Span = f.after()
		d.Message = "unexpected " + describe(f.tok) + " on the next line"
		if f.tok.Start.Line > f.prev.End.Line+1 {
			d.Message = fmt.Sprintf("unexpected %s on line %d", describe(f.tok), f.tok.Start.Line)
		}
	default:
		d.Span = f.span(f.tok)
		d.Message = "unexpected " + describe(f.tok)
	}
	if want != "" {
		d.Label = "expected " + want
	}
	return d
}

func describe(t Token) string {
	switch t.Kind {
	case TokString:
		return "string"
	case TokTime:
		return "timestamp"
	case TokNumber:
		return "number `" + short(t.Text) + "`"
	}
	return "`" + short(t.Text) + "`"
}

func joinOr(words []string) string {
	switch len(words) {
	case 0:
		return ""
	case 1:
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
