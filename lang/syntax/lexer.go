package syntax

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"weir/lang/diag"
)

// Limits on input, so that no file can exhaust memory or the stack. Beyond them a located error is given.
const (
	MaxFileSize    = 1 << 20  // bytes of a file
	MaxLiteralSize = 64 << 10 // bytes of a literal or a name, as written
	MaxNesting     = 200      // brackets, prefix operators and `if`s around one place
	MaxDeclTokens  = 100_000  // tokens of one declaration
	MaxDecls       = 10_000   // declarations of one file
	MaxErrors      = 200      // errors of one file; the rest is not read
)

// Scan gives the tokens of a file, comments included, the last of kind EOF, and what is wrong with them. The bracket
// that goes beyond MaxNesting is of kind Bad, and so are all that lie within it.
func Scan(name string, src []byte) ([]Token, diag.List) {
	s := &scanner{file: name, src: src, pos: diag.Pos{Line: 1, Col: 1}}
	if len(src) > MaxFileSize {
		s.report(diag.Diagnostic{Code: "W1011", Message: fmt.Sprintf("the file has %d bytes; at most %d are read",
			len(src), MaxFileSize),
			Span: s.span(s.pos, s.pos), Hint: "split it with `import`; data belongs into data files"})
		return []Token{{Kind: TokEOF, Start: s.pos, End: s.pos}}, s.errs
	}
	if strings.HasPrefix(s.rest(), "\uFEFF") { // a byte order mark, which some Windows editors write
		s.pos.Offset += len("\uFEFF")
	}
	for len(s.errs) < MaxErrors && s.next() {
	}
	s.tokens = append(s.tokens, Token{Kind: TokEOF, Start: s.pos, End: s.pos})
	return s.tokens, s.errs
}

// scanner reads one file. Its state beyond the place is what nesting needs: see nest.
type scanner struct {
	file   string
	src    []byte
	pos    diag.Pos
	tokens []Token
	errs   diag.List

	prev  Token   // the last token that is no comment
	level level   // nesting at this place
	stack []level // around each open bracket
	deep  bool    // MaxNesting was exceeded and reported in this declaration
}

// level is the nesting between two brackets.
type level struct {
	base int // of the brackets around
	ifs  int // `if`s whose `{` has not come
	run  int // prefix operators just before
}

func (s *scanner) rest() string {
	return string(s.src[s.pos.Offset:min(len(s.src),
		s.pos.Offset+16)])
}
func (s *scanner) span(a, b diag.Pos) diag.Span { return diag.Span{File: s.file, Start: a, End: b} }
func (s *scanner) report(d diag.Diagnostic)     { s.errs.Add(d) }
func (s *scanner) peek() (rune, int)            { return utf8.DecodeRune(s.src[s.pos.Offset:]) }
func (s *scanner) at(i int) byte { // the byte i after the place, 0 past the end
	if s.pos.Offset+i < len(s.src) {
		return s.src[s.pos.Offset+i]
	}
	return 0
}

// take makes a token of the next n bytes, which hold no line break.
func (s *scanner) take(kind TokenKind, n int, text string) Token {
	start := s.pos
	raw := string(s.src[start.Offset : start.Offset+n])
	s.pos = advance(start, raw)
	if text == "" {
		text = raw
	}
	t := Token{Kind: kind, Text: text, Start: start, End: s.pos}
	if n > MaxLiteralSize && kind != TokComment && kind != TokDoc {
		s.report(diag.Diagnostic{Code: "W1010", Message: fmt.Sprintf("a literal of %d bytes; at most %d are allowed",
			n, MaxLiteralSize),
			Span: s.span(start, s.pos), Hint: "put it into a data file and read it"})
		t.Kind = TokBad
	}
	if kind != TokComment && kind != TokDoc {
		s.nest(&t)
		s.prev = t
	}
	s.tokens = append(s.tokens, t)
	return t
}

// next reads one token, or the space before it; false at the end.
func (s *scanner) next() bool {
	if s.pos.Offset >= len(s.src) {
		return false
	}
	r, n := s.peek()
	switch {
	case r == '\n':
		s.pos = diag.Pos{Offset: s.pos.Offset + 1, Line: s.pos.Line + 1, Col: 1}
	case r == ' ' || r == '\t' || r == '\r':
		s.pos = advance(s.pos, string(r))
	case r == utf8.RuneError && n == 1:
		s.invalidUTF8()
	case r == '#':
		s.comment()
	case isLetter(r):
		s.word()
	case isDigit(r):
		s.number()
	case r == '.' && isDigit(rune(s.at(1))):
		s.leadingDot()
	case r == '"':
		s.str()
	case r == '\'':
		s.singleQuoted()
	default:
		s.punct(r, n)
	}
	return true
}

func (s *scanner) comment() {
	n := s.toLineEnd()
	text := strings.TrimRight(string(s.src[s.pos.Offset:s.pos.Offset+n]), " \t\r")
	kind := TokComment
	if strings.HasPrefix(text, "##") {
		kind = TokDoc
	}
	if !utf8.ValidString(text) {
		s.report(diag.Diagnostic{Code: "W1012", Message: "this comment is not UTF-8 text", Span: s.span(s.pos,
			advance(s.pos, text)),
			Hint: "save the file as UTF-8"})
	}
	s.take(kind, len(text), text)
}

// toLineEnd counts the bytes up to the line break.
func (s *scanner) toLineEnd() int {
	n := 0
	for s.pos.Offset+n < len(s.src) && s.src[s.pos.Offset+n] != '\n' {
		n++
	}
	return n
}

func (s *scanner) invalidUTF8() {
	start, n := s.pos, 0
	for s.pos.Offset+n < len(s.src) {
		if r, size := utf8.DecodeRune(s.src[s.pos.Offset+n:]); r != utf8.RuneError || size != 1 {
			break
		}
		n++
	}
	s.take(TokBad, n, "")
	s.report(diag.Diagnostic{Code: "W1012", Message: "this is not UTF-8 text", Span: s.span(start, s.pos),
		Hint: "save the file as UTF-8"})
}

func (s *scanner) word() {
	n := 1
	for isLetter(rune(s.at(n))) || isDigit(rune(s.at(n))) {
		n++
	}
	if reserved[string(s.src[s.pos.Offset:s.pos.Offset+min(n, 8)])] && n < 8 {
		s.take(TokKeyword, n, "")
		return
	}
	s.take(TokIdent, n, "")
}

// puncts are the language's operators and brackets, longest first.
var puncts = []string{
	"|>", "??", "==", "!=", "<=", ">=", "//",
	"(", ")", "[", "]", "{", "}", ",", ":", "=", "<", ">", "+", "-", "*", "/", "%", ".", "?",
}

// foreign is punctuation of other languages: what is meant in Weir, and the code that teaches it. Longest first.
// Where text is given, parsing goes on with it; a Bad one stops the declaration.
var foreign = []struct {
	raw, text string
	kind      TokenKind
	code, say string
}{
	{"!==", "!=", TokPunct, "W1021", "inequality is written `!=`"},
	{"===", "==", TokPunct, "W1021", "equality is written `==`"},
	{"...", "", TokBad, "W1002", "`...` means nothing here"},
	{"&&", "and", TokKeyword, "W1021", "logical and is the word `and`"},
	{"||", "or", TokKeyword, "W1021", "logical or is the word `or`"},
	{"<>", "!=", TokPunct, "W1021", "inequality is written `!=`"},
	{":=", "=", TokPunct, "W1021", "a name gets its value with `=`"},
	{"->", "", TokBad, "W1025", "there are no lambdas: an operator takes an expression over the row's columns"},
	{"=>", "", TokBad, "W1025", "there are no lambdas: an operator takes an expression over the row's columns"},
	{"/*", "", TokBad, "W1033", "a comment begins with `#` and ends with its line"},
	{"|", "|>", TokPunct, "W1022", "the pipe is written `|>`"},
	{";", "", TokComment, "W1023",
		"there are no semicolons: a declaration ends where the next one begins, in column 1"},
	{"!", "not", TokKeyword, "W1021", "logical not is the word `not`"},
	{"&", "", TokBad, "W1002", "`&` is no operator; logical and is the word `and`"},
	{"≥", ">=", TokPunct, "W1042", "`≥` is written `>=`"},
	{"≤", "<=", TokPunct, "W1042", "`≤` is written `<=`"},
	{"≠", "!=", TokPunct, "W1042", "`≠` is written `!=`"},
	{"×", "*", TokPunct, "W1042", "multiplication is written `*`"},
	{"÷", "/", TokPunct, "W1042", "division is written `/`"},
	{"−", "-", TokPunct, "W1042", "this is a minus sign of typesetting; write the hyphen `-`"},
	{"–", "-", TokPunct, "W1042", "this is a dash of typesetting; write the hyphen `-`"},
	{"…", "", TokBad, "W1042", "`…` stands for what is left out; write it out"},
	{"\u00a0", "", TokComment, "W1042", "this is a no-break space; write a plain space"},
	{"\u200b", "", TokComment, "W1042", "this is a zero-width space; delete it"},
}

func (s *scanner) punct(r rune, size int) {
	rest := s.rest()
	for _, f := range foreign {
		if strings.HasPrefix(rest, f.raw) && !(f.raw == "!" && s.at(1) == '=') && !(f.raw == "|" && s.at(1) == '>') {
			s.foreign(f.raw, f.text, f.kind, f.code, f.say)
			return
		}
	}
	for _, p := range puncts {
		if strings.HasPrefix(rest, p) {
			s.take(TokPunct, len(p), p)
			return
		}
	}
	if r == '“' || r == '”' || r == '„' {
		s.typesetString(size)
		return
	}
	start := s.pos
	word := s.foreignWord()
	s.take(TokBad, max(size, len(word)), "")
	d := diag.Diagnostic{Code: "W1002", Message: fmt.Sprintf("`%c` means nothing here", r), Span: s.span(start,
		s.pos)}
	switch {
	case word != "":
		d.Message = "`" + short(word) + "` means nothing here"
		d.Hint = "names are written with the letters a–z, digits and `_`"
	case !unicode.IsPrint(r):
		d.Message = fmt.Sprintf("the character U+%04X means nothing here", r)
	}
	s.report(d)
}

// foreignWord gives the run of letters of any script at the place, "" where none stands.
func (s *scanner) foreignWord() string {
	n := 0
	for s.pos.Offset+n < len(s.src) && n < MaxLiteralSize {
		r, size := utf8.DecodeRune(s.src[s.pos.Offset+n:])
		if !unicode.IsLetter(r) && (n == 0 || !unicode.IsMark(r) && !unicode.IsDigit(r) && r != '_') {
			break
		}
		n += size
	}
	return string(s.src[s.pos.Offset : s.pos.Offset+n])
}

// foreign takes punctuation of another language and says how it is written here.
func (s *scanner) foreign(raw, text string, kind TokenKind, code, say string) {
	start := s.pos
	if kind == TokComment { // left out of the stream altogether
		s.pos = advance(s.pos, raw)
	} else {
		s.take(kind, len(raw), text)
	}
	d := diag.Diagnostic{Code: code, Message: say, Span: s.span(start, s.pos)}
	switch {
	case raw == "\u00a0":
		d.Fix = replace(d.Span, " ", "replace with a space")
	case kind == TokComment:
		d.Fix = replace(d.Span, "", "delete it")
	case raw == "!" && isLetter(rune(s.at(0))):
		d.Fix = replace(d.Span, "not ", "replace with `not`")
	case kind == TokKeyword && (isLetter(rune(s.at(0))) || s.touchesWord(start)):
		d.Fix = replace(d.Span, " "+text+" ", "replace with `"+text+"`")
	case kind != TokBad:
		d.Fix = replace(d.Span, text, "replace with `"+text+"`")
	}
	s.report(d)
}

// touchesWord reports whether a letter or digit stands right before p.
func (s *scanner) touchesWord(p diag.Pos) bool {
	if p.Offset == 0 {
		return false
	}
	c := rune(s.src[p.Offset-1])
	return isLetter(c) || isDigit(c)
}

// replace makes the fix that puts text in the place of span.
func replace(span diag.Span, text, say string) *diag.Fix {
	return &diag.Fix{Message: say, Edits: []diag.Edit{{Span: span, New: text}}}
}

// nest keeps count of the nesting and turns a token that goes too deep into a Bad one. Brackets nest; so do runs of
// prefix operators (`- - -x`, `not not x`), `if`s inside the conditions of others, and `list<list<…`, since each of
// them is a level of recursion for the parser and for everyone who walks the tree.
func (s *scanner) nest(t *Token) {
	if startsDecl(*t) {
		s.level, s.stack, s.deep = level{}, s.stack[:0], false
	}
	if s.deep {
		t.Kind = TokBad
		return
	}
	l := &s.level
	switch {
	case t.Is("("), t.Is("["), t.Is("{"):
		inner := level{base: l.base + l.ifs + l.run + 1}
		if t.Text == "{" && l.ifs > 0 && s.prev.EndsOperand() {
			l.ifs-- // the branch of an `if`: its condition is over
		}
		l.run = 0
		s.stack = append(s.stack, *l)
		*l = inner
	case t.Is(")"), t.Is("]"), t.Is("}"):
		if n := len(s.stack); n > 0 {
			*l, s.stack = s.stack[n-1], s.stack[:n-1]
		}
	case t.Is("if"):
		l.ifs, l.run = l.ifs+l.run+1, 0
	case t.Is("not"), t.Is("-") && !s.prev.EndsOperand(), t.Is("<") && s.prev.Kind == TokIdent:
		l.run++
	case t.Kind == TokIdent: // a run of `list<` may go on
	default:
		l.run = 0
	}
	if l.base+l.ifs+l.run > MaxNesting {
		s.deep, t.Kind = true, TokBad
		s.report(diag.Diagnostic{Code: "W1009", Message: fmt.Sprintf("nested too deeply: more than %d levels",
			MaxNesting),
			Span: s.span(t.Start, t.End), Hint: "name a part with `let` or `fn`"})
	}
}

// startsDecl reports whether a new declaration begins with t: in column 1 all do but those that continue a pipe or
// close a bracket.
func startsDecl(t Token) bool {
	return t.Start.Col == 1 && t.Kind != TokComment && t.Kind != TokDoc && !t.Is("|>") && !t.Is(")") && !t.Is("]") &&
		!t.Is("}")
}
