package syntax_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"weir/lang/syntax"
)

// model is an expression as a test writes it: the text with as few parentheses as the precedence table allows, and
// the structure in prefix notation.
type model struct {
	prec       int
	text, dump string
}

// table is the language's precedence table, loosest first, written down apart from the parser's.
var table = [][]string{
	{"or"}, {"and"}, {"not"},
	{"==", "!=", "<", "<=", ">", ">=", "in", "not in"},
	{"??"}, {"+", "-"}, {"*", "/", "//", "%"}, {"neg"},
}

const atom = 100

func wrapped(m model, below int) string {
	if m.prec < below {
		return "(" + m.text + ")"
	}
	return m.text
}

func genExpr(depth int) *rapid.Generator[model] {
	return rapid.Custom(func(t *rapid.T) model {
		if depth == 0 || rapid.IntRange(0, 4).Draw(t, "leaf") == 0 {
			s := rapid.SampledFrom([]string{"a", "type", "let", "1", "2.5", "30s", "80%", "\"x\"", "true", "null",
				"f(a, b: 1, c = 2)", "x.y", "x[1]"}).Draw(t, "atom")
			return model{atom, s, s}
		}
		sub := genExpr(depth - 1)
		level := rapid.IntRange(0, len(table)).Draw(t, "level")
		if level == len(table) {
			x := sub.Draw(t, "x")
			not := rapid.SampledFrom([]string{"is null", "is not null"}).Draw(t, "is")
			return model{3, wrapped(x, 4) + " " + not, "(" + not + " " + x.dump + ")"}
		}
		op := rapid.SampledFrom(table[level]).Draw(t, "op")
		x := sub.Draw(t, "x")
		switch op {
		case "not":
			return model{level, "not " + wrapped(x, level), "(not " + x.dump + ")"}
		case "neg":
			return model{level, "-" + wrapped(x, level), "(neg " + x.dump + ")"}
		}
		y := sub.Draw(t, "y")
		left := level
		if level == 3 { // not associative
			left++
		}
		// A `not` may only begin an operand of `and` and `or`; that is what its place in the table says.
		return model{level, wrapped(x, left) + " " + op + " " + wrapped(y, level+1), "(" + op + " " + x.dump + " " +
			y.dump + ")"}
	})
}

func dump(f *syntax.File, x syntax.Expr) string {
	switch x := x.(type) {
	case *syntax.Paren:
		return dump(f, x.X)
	case *syntax.Binary:
		return fmt.Sprintf("(%s %s %s)", x.Op, dump(f, x.X), dump(f, x.Y))
	case *syntax.In:
		op := "in"
		if x.Not {
			op = "not in"
		}
		return fmt.Sprintf("(%s %s %s)", op, dump(f, x.X), dump(f, x.List))
	case *syntax.IsNull:
		op := "is null"
		if x.Not {
			op = "is not null"
		}
		return fmt.Sprintf("(%s %s)", op, dump(f, x.X))
	case *syntax.Unary:
		op := x.Op
		if op == "-" {
			op = "neg"
		}
		return fmt.Sprintf("(%s %s)", op, dump(f, x.X))
	}
	return f.Source(x)
}

// TestPrecedence parses expressions that have as few parentheses as the table allows.
func TestPrecedence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := genExpr(4).Draw(t, "expr")
		x, errs := syntax.ParseExpr("x", []byte(m.text))
		if len(errs) > 0 {
			t.Fatalf("%s: %v", m.text, errs)
		}
		if got := dump(&syntax.File{Src: []byte(m.text)}, x); got != m.dump {
			t.Fatalf("%s\n got %s\nwant %s", m.text, got, m.dump)
		}
	})
}

// TestLimits feeds what would exhaust stack or memory without the caps.
func TestLimits(t *testing.T) {
	deep := map[string]string{
		"parens":  "let a = " + strings.Repeat("(", 100_000),
		"closed":  "let a = " + strings.Repeat("(", 100_000) + "1" + strings.Repeat(")", 100_000),
		"lists":   "let a = " + strings.Repeat("[", 100_000),
		"records": "let a = " + strings.Repeat("{a:", 100_000),
		"minus":   "let a = " + strings.Repeat("- ", 100_000) + "1",
		"not":     "let a = " + strings.Repeat("not ", 100_000) + "b",
		"mixed":   "let a = " + strings.Repeat("-(not ", 100_000),
		"if":      "let a = " + strings.Repeat("if ", 100_000) + "b",
		"if plus": "let a = " + strings.Repeat("if a + ", 100_000) + "b",
		"if rec":  "let a = " + strings.Repeat("if {a:1}.a + ", 50_000) + "b",
		"types":   "type T = " + strings.Repeat("list<", 100_000),
		"calls":   "let a = " + strings.Repeat("f(", 100_000),
	}
	for name, src := range deep {
		_, errs := syntax.Parse(name, []byte(src))
		found := false
		for _, d := range errs {
			found = found || d.Code == "W1009"
		}
		if !found {
			t.Errorf("%s: no W1009 in %v", name, errs)
		}
	}
	wide := map[string]struct{ src, code string }{
		"sum":     {"let a = 1" + strings.Repeat("+1", 1001), "W1040"},
		"fields":  {"let a = b" + strings.Repeat(".c", 1001), "W1040"},
		"elses":   {"let a = if a { b }" + strings.Repeat(" else if a { b }", 1001) + " else { c }", "W1040"},
		"tokens":  {"let a = [" + strings.Repeat("1,", 60_000) + "]", "W1040"},
		"literal": {"let a = \"" + strings.Repeat("x", 70_000) + "\"", "W1010"},
		"number":  {"let a = " + strings.Repeat("1", 70_000), "W1010"},
		"file":    {strings.Repeat("# x\n", 300_000), "W1011"},
		"decls":   {strings.Repeat("a\n", 10_001), "W1040"},
		"errors":  {strings.Repeat("a b\n", 200_000), "W1050"},
	}
	for name, c := range wide {
		_, errs := syntax.Parse(name, []byte(c.src))
		found := false
		for _, d := range errs {
			found = found || d.Code == c.code
		}
		if !found || len(errs) > syntax.MaxErrors+1 {
			t.Errorf("%s: no %s, or too many: %d", name, c.code, len(errs))
		}
	}
	if _, errs := syntax.Parse("x", []byte("let a = "+strings.Repeat("(", 190)+"1"+strings.Repeat(")",
		190))); len(errs) > 0 {
		t.Errorf("190 parentheses: %v", errs)
	}
}

// TestMemory parses hostile files of the largest size within bounded allocations.
func TestMemory(t *testing.T) {
	for _, unit := range []string{"(", ";", "+1", "a ", "{a:", "\"", "a\n", "let a=1\n", "[1],", ".a", "not ", "'",
		"#\n", "\xff", "if a{"} {
		src := []byte("let x = " + strings.Repeat(unit, (syntax.MaxFileSize-8)/len(unit)))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		syntax.Parse("x", src)
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 1<<30 {
			t.Errorf("%q: %d MB allocated", unit, got>>20)
		}
	}
}

// checkTokens shows that the tokens lie in order and hold all that is no space, but for what an error left out.
func checkTokens(t interface{ Fatalf(string, ...any) }, src []byte) {
	tokens, errs := syntax.Scan("x", src)
	at := 0
	for _, tok := range tokens {
		if tok.Start.Offset < at || tok.End.Offset < tok.Start.Offset || tok.End.Offset > len(src) {
			t.Fatalf("token %+v out of place in %q", tok, src)
		}
		if len(errs) == 0 && strings.Trim(strings.TrimPrefix(string(src[at:tok.Start.Offset]), "\uFEFF"),
			" \t\r\n") != "" {
			t.Fatalf("text lost before %+v in %q", tok, src)
		}
		at = tok.End.Offset
	}
	if tokens[len(tokens)-1].Kind != syntax.TokEOF {
		t.Fatalf("no end in %q", src)
	}
}
