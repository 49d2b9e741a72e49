package syntax_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"weir/lang/diag"
	"weir/lang/syntax"
)

func TestLiterals(t *testing.T) {
	for text, want := range map[string]struct {
		kind  syntax.LiteralKind
		value any
	}{
		"1": {syntax.Int, int64(1)}, "1_000": {syntax.Int, int64(1000)}, "9223372036854775807": {syntax.Int,
			int64(9223372036854775807)},
		"1.5": {syntax.Float, 1.5}, "1e3": {syntax.Float, 1000.0}, "2.5e-3": {syntax.Float, 0.0025},
		"\"a\\\"\\\\\\n\\t\\r\\u{E9}\"": {syntax.String, "a\"\\\n\t\ré"}, "\"\"": {syntax.String, ""},
		"true": {syntax.Bool, true}, "false": {syntax.Bool, false}, "null": {syntax.Null, nil},
		"30s": {syntax.Duration, 30 * time.Second}, "1h30m": {syntax.Duration,
			90 * time.Minute}, "200ms": {syntax.Duration, 200 * time.Millisecond},
		"10d": {syntax.Duration, 240 * time.Hour}, "1.5h": {syntax.Duration,
			90 * time.Minute}, "2w": {syntax.Duration, 14 * 24 * time.Hour},
		"128MiB": {syntax.Size, int64(128 << 20)}, "2GB": {syntax.Size, int64(2e9)}, "1.5KiB": {syntax.Size,
			int64(1536)},
		"80%": {syntax.Percent, 0.8}, "0.5%": {syntax.Percent, 0.005},
		"2026-01-01T00:00:10Z":           {syntax.Timestamp, time.Date(2026, 1, 1, 0, 0, 10, 0, time.UTC)},
		"2026-01-01T02:00:10.5+02:00":    {syntax.Timestamp, time.Date(2026, 1, 1, 0, 0, 10, 5e8, time.UTC)},
		"2026-01-01T00:00:10.000000001Z": {syntax.Timestamp, time.Date(2026, 1, 1, 0, 0, 10, 1, time.UTC)},
	} {
		x, errs := syntax.ParseExpr("x", []byte(text))
		l, ok := x.(*syntax.Literal)
		if !ok || len(errs) > 0 {
			t.Errorf("%s: %T %v", text, x, errs)
			continue
		}
		if l.Kind != want.kind || !cmp.Equal(l.Value, want.value) || l.Raw != text {
			t.Errorf("%s: %v %#v, want %v %#v", text, l.Kind, l.Value, want.kind, want.value)
		}
	}
}

// TestRemainder shows where % is a unit and where an operator.
func TestRemainder(t *testing.T) {
	for text, want := range map[string]string{"10%3": "(% 10 3)", "10 % 3": "(% 10 3)", "10%(3)": "(% 10 3)",
		"a%3": "(% a 3)", "10%": "10%", "10% + 1": "(+ 10% 1)", "10%x": "(% 10 x)"} {
		x, errs := syntax.ParseExpr("x", []byte(text))
		if len(errs) > 0 {
			t.Errorf("%s: %v", text, errs)
			continue
		}
		if got := dump(&syntax.File{Src: []byte(text)}, x); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// TestSoftKeywords uses the heads of declarations as names.
func TestSoftKeywords(t *testing.T) {
	src := `let type = test |> select(type, let = param, import.fn, given: expect)
type |> print
test.rejected |> write(advance)
param(1) |> print
let let = fn
`
	file, errs := syntax.Parse("x", []byte(src))
	if len(errs) > 0 || len(file.Decls) != 5 {
		t.Errorf("%d %v", len(file.Decls), errs)
	}
}

func TestDocs(t *testing.T) {
	src := "## the file\n##  indented\n\n## about a\n## more\nlet a = 1\n## lost\n\nlet b = 2\n## c\nparam c: int\n"
	file, errs := syntax.Parse("x", []byte(src))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	got := []string{file.Doc, file.Decls[0].(*syntax.Let).Doc, file.Decls[1].(*syntax.Let).Doc,
		file.Decls[2].(*syntax.Param).Doc}
	if diff := cmp.Diff([]string{"the file\n indented", "about a\nmore", "", "c"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAllows(t *testing.T) {
	src := "# weir:allow W3104 the next line\n\n# more\nlet a = 1 # weir:allow W3105   this line\n# weir:allowed W1\n# weir:allow\n"
	file, _ := syntax.Parse("x", []byte(src))
	var got []string
	for _, a := range syntax.Allows(file) {
		got = append(got, fmt.Sprintf("%d %s %q", a.Line, a.Code, a.Reason))
	}
	if diff := cmp.Diff([]string{`4 W3104 "the next line"`, `4 W3105 "this line"`, `6  ""`}, got); diff != "" {
		t.Error(diff)
	}
}

// TestSpans shows that the text of every node is what was written.
func TestSpans(t *testing.T) {
	src := "let a = x.y[1] |> f(b: (p, q = 2), c = -z) |> print\ntest \"t\" { given a.late = [{ k: 1 }] }"
	file, errs := syntax.Parse("x", []byte(src))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	var got []string
	for _, d := range file.Decls {
		syntax.Walk(d, func(n syntax.Node) bool {
			got = append(got, fmt.Sprintf("%T %s", n, file.Source(n)))
			return true
		})
	}
	want := []string{
		"*syntax.Let let a = x.y[1] |> f(b: (p, q = 2), c = -z) |> print",
		"*syntax.Pipe x.y[1] |> f(b: (p, q = 2), c = -z) |> print",
		"*syntax.Index x.y[1]", "*syntax.Field x.y", "*syntax.Name x", "*syntax.Literal 1",
		"*syntax.Call f(b: (p, q = 2), c = -z)", "*syntax.Tuple (p, q = 2)", "*syntax.Name p", "*syntax.Literal 2",
		"*syntax.Unary -z", "*syntax.Name z", "*syntax.Call print",
		"*syntax.Test test \"t\" { given a.late = [{ k: 1 }] }", "*syntax.Literal \"t\"", "*syntax.List [{ k: 1 }]",
		"*syntax.Record { k: 1 }", "*syntax.Literal 1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	step := file.Decls[1].(*syntax.Test).Steps[0]
	if step.Name.Name != "a.late" || step.Kind != "given" {
		t.Errorf("%+v", step)
	}
}

func TestPlaces(t *testing.T) {
	src := "\uFEFFlet a = \"é数\" +\r\n  b\r\n"
	file, errs := syntax.Parse("x", []byte(src))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	y := file.Decls[0].(*syntax.Let).Value.(*syntax.Binary)
	if got, want := y.OpSpan.Start, (diag.Pos{Offset: 19, Line: 1, Col: 14}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got, want := y.Y.Pos().Start, (diag.Pos{Offset: 24, Line: 2, Col: 3}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestParseType(t *testing.T) {
	for _, text := range []string{"int", "list<list<int?>>?", "{ a: int, b: { c: string }? }", "map<string, int>"} {
		x, errs := syntax.ParseType("x", []byte(text))
		if x == nil || len(errs) > 0 {
			t.Errorf("%s: %v", text, errs)
			continue
		}
		if s := x.Pos(); s.Start.Offset != 0 || s.End.Offset != len(text) {
			t.Errorf("%s: span %+v", text, s)
		}
	}
	for text, code := range map[string]string{"": "W1001", "int int": "W1001", "int??": "W1043", "list<": "W1001",
		"3": "W1001", "{ a }": "W1001", "int ? ?": "W1043"} {
		if _, errs := syntax.ParseType("x", []byte(text)); len(errs) != 1 || errs[0].Code != code {
			t.Errorf("%q: %v, want %s", text, errs, code)
		}
	}
}
