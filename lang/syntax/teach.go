package syntax

import (
	"strings"

	"weir/lang/diag"
)

// teachings are the mistakes that have a message of their own, in the order in which they are tried. Each looks at
// the place where parsing stopped and gives the message if it is that mistake.
var teachings = []func(fault) (diag.Diagnostic, bool){
	teachContinuation, teachForeignWord, teachThen, teachElse, teachReserved,
	teachMissingLet, teachTypedLet, teachUntypedParam, teachFnBody, teachImport, teachIs, teachNot, teachQuotedField,
	teachEquals, teachStage, teachEmpty, teachNullable,
}

// foreignWords are keywords of other languages, in lower case: the code and what to do here.
var foreignWords = map[string]struct{ code, say, hint string }{
	"for": {"W1026", "there are no loops",
		"an operator works on every row by itself: `|> derive(…)`, `|> filter(…)`"},
	"foreach": {"W1026", "there are no loops",
		"an operator works on every row by itself: `|> derive(…)`, `|> filter(…)`"},
	"while": {"W1026", "there are no loops",
		"an operator works on every row by itself: `|> derive(…)`, `|> filter(…)`"},
	"loop": {"W1026", "there are no loops",
		"an operator works on every row by itself: `|> derive(…)`, `|> filter(…)`"},
	"lambda": {"W1025", "there are no lambdas",
		"an operator takes an expression over the row's columns: `|> filter(score >= 100)`"},
	"select": {"W1027", "this is SQL; a pipeline begins with its source", "write `rows |> filter(…) |> select(…)`"},
	"from":   {"W1027", "this is SQL; a pipeline begins with its source", "write `rows |> filter(…) |> select(…)`"},
	"where":  {"W1027", "this is SQL; rows are chosen by `filter`", "write `|> filter(…)`"},
	"group": {"W1027", "this is SQL; rows are grouped by `aggregate`",
		"write `|> aggregate(by: column, n = count())`"},
	"order":    {"W1027", "this is SQL; rows are ordered by `sort`", "write `|> sort(desc(column))`"},
	"having":   {"W1027", "this is SQL; groups are chosen by `filter` after `aggregate`", "write `|> filter(…)`"},
	"with":     {"W1027", "this is SQL; a name is given by `let`", "write `let name = …`"},
	"insert":   {"W1027", "this is SQL; rows are written by a sink", "write `|> write_tsv(…)`"},
	"between":  {"W1027", "there is no `between`", "write `x >= a and x <= b`"},
	"like":     {"W1027", "there is no `like`", "use a text function, such as `contains(…)` or `starts_with(…)`"},
	"def":      {"W1041", "a function is declared by `fn`", "write `fn name(x: int): int = …`"},
	"func":     {"W1041", "a function is declared by `fn`", "write `fn name(x: int): int = …`"},
	"function": {"W1041", "a function is declared by `fn`", "write `fn name(x: int): int = …`"},
	"var":      {"W1041", "a name is given by `let`", "write `let name = …`"},
	"const":    {"W1041", "a name is given by `let`", "write `let name = …`"},
	"val":      {"W1041", "a name is given by `let`", "write `let name = …`"},
	"return":   {"W1041", "there is no `return`", "a function is one expression: `fn name(x: int): int = …`"},
	"struct":   {"W1041", "a record type is declared by `type`", "write `type Name = { column: int }`"},
	"class":    {"W1041", "a record type is declared by `type`", "write `type Name = { column: int }`"},
	"include":  {"W1041", "a file is brought in by `import`", "write `import \"qc.flow\"`"},
	"case":     {"W1041", "there is no `case`", "write `if c { a } else { b }`"},
	"switch":   {"W1041", "there is no `switch`", "write `if c { a } else if d { b } else { e }`"},
	"match":    {"W1041", "there is no `match`", "write `if c { a } else if d { b } else { e }`"},
	"elif":     {"W1032", "this is written `else if`", ""},
	"elseif":   {"W1032", "this is written `else if`", ""},
	"elsif":    {"W1032", "this is written `else if`", ""},
}

// teachForeignWord finds a keyword of another language at the fault or right before it: as names, they parse until
// the word behind them does not fit.
func teachForeignWord(f fault) (diag.Diagnostic, bool) {
	for _, t := range []Token{f.tok, f.prev} {
		w, known := foreignWords[strings.ToLower(t.Text)]
		if !known || t.Kind != TokIdent || t == f.prev && !f.prefixWord() {
			continue
		}
		d := diag.Diagnostic{Code: w.code, Message: w.say, Span: f.span(t), Hint: w.hint}
		if w.code == "W1032" {
			d.Fix = replace(d.Span, "else if", "replace with `else if`")
		}
		return d, true
	}
	return diag.Diagnostic{}, false
}

// prefixWord reports whether the token before the fault and the one at it stand side by side like a keyword and what
// it governs.
func (f fault) prefixWord() bool {
	switch f.tok.Kind {
	case TokIdent, TokNumber, TokString, TokTime:
		return true
	}
	return f.tok.Is("*") || f.tok.Is("{") || f.tok.Is("not") || f.tok.Is("if")
}

// teachContinuation finds an operator or another token that cannot begin a declaration in column 1.
func teachContinuation(f fault) (diag.Diagnostic, bool) {
	if f.at != 0 || f.tok.Start.Col != 1 || f.p.types || f.tok.Start.Line == 1 {
		return diag.Diagnostic{}, false
	}
	switch f.tok.Kind {
	case TokPunct, TokKeyword:
		return diag.Diagnostic{Code: "W1031", Message: "a declaration cannot begin with " + describe(f.tok),
			Span:  f.span(f.tok),
			Label: "a line in column 1 begins a new declaration",
			Fix: replace(diag.Span{File: f.p.file.Name, Start: f.tok.Start, End: f.tok.Start}, "  ",
				"indent it, to continue the line before")}, true
	}
	return diag.Diagnostic{}, false
}

func teachThen(f fault) (diag.Diagnostic, bool) {
	d := diag.Diagnostic{Code: "W1032", Span: f.span(f.tok), Hint: "write `if c { a } else { b }`"}
	switch {
	case f.tok.Kind == TokIdent && strings.EqualFold(f.tok.Text, "then"):
		d.Message = "the branches of `if` stand in braces"
	case f.prev.Is("else") && !f.tok.Is("{") && f.tok.Kind != TokEOF:
		d.Message = "the branches of `if` stand in braces"
	case f.expected == "`{`" && f.tok.Kind != TokEOF && f.lastIf():
		d.Message = "the branches of `if` stand in braces"
	default:
		return d, false
	}
	return d, true
}

// lastIf reports whether the fault lies in the condition of an `if`.
func (f fault) lastIf() bool {
	for i := f.at - 1; i >= 0; i-- {
		if f.tokens[i].Is("if") {
			return true
		}
		if f.tokens[i].Is("{") {
			return false
		}
	}
	return false
}

func teachElse(f fault) (diag.Diagnostic, bool) {
	if f.expected != "`else`" || !f.prev.Is("}") {
		return diag.Diagnostic{}, false
	}
	return diag.Diagnostic{Code: "W1032", Message: "this `if` has no `else`", Span: f.after(),
		Hint: "an `if` is an expression and has a value either way: `if c { a } else { b }`, perhaps `else { null }`"}, true
}

// teachReserved finds a reserved word where a name must stand.
func teachReserved(f fault) (diag.Diagnostic, bool) {
	if f.prev.Kind == TokKeyword && (f.tok.Is("=") || f.tok.Is(":")) &&
		f.at > 1 { // `f(if = 3)`: read as an expression
		f.tok, f.prev, f.at = f.prev, f.tokens[f.at-2], f.at-1
	}
	if f.tok.Kind != TokKeyword {
		return diag.Diagnostic{}, false
	}
	named := f.next(1).Is("=") || f.next(1).Is(":")
	afterHead := f.at == 1 && f.prev.Kind == TokIdent && heads[f.prev.Text]
	if !afterHead && !f.prev.Is(".") && !(named && (f.prev.Is("(") || f.prev.Is(",") || f.prev.Is("{"))) {
		return diag.Diagnostic{}, false
	}
	return diag.Diagnostic{Code: "W1030", Message: "`" + f.tok.Text + "` is reserved and can be no name",
		Span:  f.span(f.tok),
		Label: "reserved: and or not is in null true false if else",
		Fix:   replace(f.span(f.tok), f.tok.Text+"_", "call it `"+f.tok.Text+"_`")}, true
}

func teachMissingLet(f fault) (diag.Diagnostic, bool) {
	if f.at != 1 || !f.tok.Is("=") || f.prev.Kind != TokIdent || f.p.types {
		return diag.Diagnostic{}, false
	}
	if heads[f.prev.Text] { // `let = 3`: the name is missing
		return diag.Diagnostic{}, false
	}
	at := f.span(f.prev)
	at.End = at.Start
	return diag.Diagnostic{Code: "W1028", Message: "a name is given by `let`", Span: f.span(f.prev), Fix: replace(at,
		"let ", "write `let "+f.prev.Text+" = …`")}, true
}

func teachTypedLet(f fault) (diag.Diagnostic, bool) {
	if f.at != 2 || f.head() != "let" || !f.tok.Is(":") {
		return diag.Diagnostic{}, false
	}
	d := diag.Diagnostic{Code: "W1036", Message: "a `let` has no type: it follows from the value",
		Span: f.span(f.tok)}
	for i := f.at; i < len(f.tokens); i++ {
		if f.tokens[i].Is("=") {
			d.Span.End = f.tokens[i-1].End
			whole := d.Span
			whole.Start = f.prev.End
			d.Fix = replace(whole, "", "delete the type")
			break
		}
	}
	return d, true
}

func teachUntypedParam(f fault) (diag.Diagnostic, bool) {
	if f.head() != "param" || f.at != 2 || f.prev.Kind != TokIdent || f.tok.Is(":") {
		return diag.Diagnostic{}, false
	}
	d := diag.Diagnostic{Code: "W1034", Message: "a parameter has a type", Span: f.after(), Hint: "write `param " +
		f.prev.Text + ": int`"}
	if f.tok.Is("=") {
		if t := literalType(f.next(1)); t != "" && f.at+2 == len(f.tokens) {
			d.Fix, d.Hint = replace(f.after(), ": "+t, "write `param "+f.prev.Text+": "+t+" = …`"), ""
		}
	}
	return d, true
}

// literalType names the type that a literal has by itself.
func literalType(t Token) string {
	switch t.Kind {
	case TokString:
		return "string"
	case TokTime:
		return "timestamp"
	case TokNumber:
		kind, _, _ := numberValue(t.Text)
		return map[LiteralKind]string{Int: "int", Float: "float", Percent: "float", Duration: "duration",
			Size: "size"}[kind]
	case TokKeyword:
		if t.Text == "true" || t.Text == "false" {
			return "bool"
		}
	}
	return ""
}

func teachFnBody(f fault) (diag.Diagnostic, bool) {
	if f.head() != "fn" || !f.tok.Is("{") || !f.open(0) || !f.inHead("fn") || f.prev.Is(":") {
		return diag.Diagnostic{}, false
	}
	return diag.Diagnostic{Code: "W1041", Message: "a function is one expression, after `=`", Span: f.span(f.tok),
		Hint: "write `fn name(x: int): int = x + 1`"}, true
}

func teachImport(f fault) (diag.Diagnostic, bool) {
	if f.head() != "import" || f.at != 1 || f.tok.Kind != TokIdent {
		return diag.Diagnostic{}, false
	}
	return diag.Diagnostic{Code: "W1001", Message: "`import` takes a file name in double quotes", Span: f.span(f.tok),
		Hint: "write `import \"" + f.tok.Text + ".flow\"`"}, true
}

func teachIs(f fault) (diag.Diagnostic, bool) {
	i := f.at
	if i > 0 && f.prev.Is("not") {
		i--
	}
	switch {
	case i > 0 && f.tokens[i-1].Is("is"):
		i--
	case i < len(f.tokens) && f.tokens[i].Is("is") && f.at > 0 && f.prev.EndsOperand():
	default:
		return diag.Diagnostic{}, false
	}
	span := f.span(f.tokens[i])
	op := "=="
	end := i + 1
	if end < len(f.tokens) && f.tokens[end].Is("not") {
		op, end = "!=", end+1
	}
	if end >= len(f.tokens) {
		return diag.Diagnostic{}, false
	}
	span = span.To(f.span(f.tokens[end-1]))
	d := diag.Diagnostic{Code: "W1038", Message: "`is` asks for null only", Span: span,
		Hint: "`x is null`, `x is not null`"}
	if f.tokens[end].EndsOperand() || f.tokens[end].Is("(") {
		d.Fix, d.Hint = replace(span, op, "compare with `"+op+"`"), ""
	}
	return d, true
}

// teachNot finds `a not b` and `a not == b`.
func teachNot(f fault) (diag.Diagnostic, bool) {
	if f.prev.Is("not") && f.at > 1 && f.tokens[f.at-2].EndsOperand() && f.expected == "`in`" {
		f.tok, f.prev = f.prev, f.tokens[f.at-2]
	}
	if !f.tok.Is("not") || !f.prev.EndsOperand() {
		return diag.Diagnostic{}, false
	}
	return diag.Diagnostic{Code: "W1037", Message: "`not` stands before what it negates, or in `not in`",
		Span: f.span(f.tok),
		Hint: "write `a != b`, `not a`, or `a not in b`"}, true
}

func teachQuotedField(f fault) (diag.Diagnostic, bool) {
	open := f.bracket()
	if f.tok.Kind != TokString || !open.Is("{") || !f.prev.Is("{") && !f.prev.Is(",") || !f.next(1).Is(":") {
		return diag.Diagnostic{}, false
	}
	d := diag.Diagnostic{Code: "W1045", Message: "the name of a field stands without quotes", Span: f.span(f.tok)}
	if name, bad := unquote(f.tok.Text); len(bad) == 0 && IsIdent(name) {
		d.Fix = replace(d.Span, name, "replace with `"+name+"`")
	} else {
		d.Hint = "names are letters, digits and `_`; give the column another name with `rename`"
	}
	return d, true
}

// teachEquals finds `=` where a comparison must be meant: behind an operand, where no name can be given.
func teachEquals(f fault) (diag.Diagnostic, bool) {
	if !f.tok.Is("=") || !f.prev.EndsOperand() || f.inHead(f.head()) || f.p.types {
		return diag.Diagnostic{}, false
	}
	if open := f.bracket(); open.Is("{") && f.at > 1 && (f.tokens[f.at-2].Is("{") || f.tokens[f.at-2].Is(",")) &&
		f.prev.Kind == TokIdent {
		return diag.Diagnostic{Code: "W1020", Message: "a record gives its fields with `:`", Span: f.span(f.tok),
			Fix: replace(f.span(f.tok), ":", "replace with `:`")}, true
	}
	return diag.Diagnostic{Code: "W1020", Message: "`=` names a column; equality is `==`", Span: f.span(f.tok),
		Fix: replace(f.span(f.tok), "==", "replace with `==`")}, true
}

// teachStage finds what cannot stand in a pipe, or behind one of its operators.
func teachStage(f fault) (diag.Diagnostic, bool) {
	if (f.tok.Is(".") || f.tok.Is("[")) && f.prev.EndsOperand() && f.pipeBefore() {
		return diag.Diagnostic{Code: "W1001", Message: "unexpected " + describe(f.tok) +
			" after an operator of a pipe", Span: f.span(f.tok),
			Hint: "name the pipeline with `let`, then write `name.rejected`"}, true
	}
	return diag.Diagnostic{}, false
}

func (f fault) pipeBefore() bool {
	for _, t := range f.tokens[:f.at] {
		if t.Is("|>") {
			return true
		}
	}
	return false
}

// teachEmpty finds a comma or an operator with nothing before it.
func teachEmpty(f fault) (diag.Diagnostic, bool) {
	if !f.tok.Is(",") || !f.prev.Is(",") {
		return diag.Diagnostic{}, false
	}
	return diag.Diagnostic{Code: "W1001", Message: "nothing stands between these commas", Span: f.span(f.tok),
		Fix: replace(f.span(f.tok), "", "delete one")}, true
}

// teachNullable finds `int??`.
func teachNullable(f fault) (diag.Diagnostic, bool) {
	if !f.tok.Is("??") || f.prev.Kind != TokIdent && !f.prev.Is(">") && !f.prev.Is("}") || !f.p.types &&
		f.head() != "type" && !f.inHead(f.head()) {
		return diag.Diagnostic{}, false
	}
	return diag.Diagnostic{Code: "W1043", Message: "a type is nullable or not: one `?`", Span: f.span(f.tok),
		Fix: replace(f.span(f.tok), "?", "replace with `?`")}, true
}
