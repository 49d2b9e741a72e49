package syntax_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/tools/txtar"

	"weir/lang/diag"
	"weir/lang/syntax"
)

// corpus gives the examples and every golden input.
func corpus(tb testing.TB) [][]byte {
	tb.Helper()
	var out [][]byte
	files, err := filepath.Glob("testdata/examples/*.flow")
	if err != nil {
		tb.Fatal(err)
	}
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, src)
	}
	archives, err := filepath.Glob("testdata/errors/*.txtar")
	if err != nil {
		tb.Fatal(err)
	}
	for _, a := range archives {
		ar, err := txtar.ParseFile(a)
		if err != nil {
			tb.Fatal(err)
		}
		for _, f := range ar.Files {
			if strings.HasSuffix(f.Name, ".flow") {
				out = append(out, f.Data)
			}
		}
	}
	return out
}

// FuzzParse: no input crashes; errors lie within the file; every node lies within its declaration; every format
// renders; fixes apply.
func FuzzParse(f *testing.F) {
	for _, src := range corpus(f) {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		checkTokens(t, src)
		file, errs := syntax.Parse("x.flow", src)
		for _, d := range errs {
			if d.Span.Start.Offset < 0 || d.Span.End.Offset > len(src) || d.Span.Start.Offset > d.Span.End.Offset ||
				d.Span.Start.Line < 1 {
				t.Fatalf("misplaced %+v in %q", d, src)
			}
			if strings.Contains(d.Message+d.Label, "Node") && !bytes.Contains(src, []byte("Node")) {
				t.Fatalf("a Go name leaks: %+v", d)
			}
		}
		for _, d := range file.Decls {
			whole := d.Pos()
			syntax.Walk(d, func(n syntax.Node) bool {
				s := n.Pos()
				if s.Start.Offset < whole.Start.Offset || s.End.Offset > whole.End.Offset ||
					s.Start.Offset >= s.End.Offset {
					t.Fatalf("misplaced node %T %+v in %q", n, s, src)
				}
				return true
			})
		}
		syntax.Allows(file)
		for _, format := range diag.Formats {
			var b bytes.Buffer
			if err := diag.Render(&b, format, errs, func(string) []byte { return src }); err != nil {
				t.Fatal(err)
			}
			if !utf8.Valid(b.Bytes()) && utf8.Valid(src) {
				t.Fatalf("%s is not UTF-8 for %q", format, src)
			}
		}
		diag.ApplyFixes("x.flow", src, errs)
	})
}

// FuzzParseExpr: no input crashes; a value comes exactly where no error does.
func FuzzParseExpr(f *testing.F) {
	for _, s := range []string{"1", "-5", "\"x\"", "30s", "a.b[1]", "[1, 2", "{ a: 1 }", "2026-01-01T00:00:00Z",
		"list<int>?", "{ a: list<{ b: int }> }"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		if x, errs := syntax.ParseExpr("-p", src); (x == nil) != errs.HasErrors() {
			t.Fatalf("%v %v", x, errs)
		}
		if x, errs := syntax.ParseType("-p", src); (x == nil) != errs.HasErrors() {
			t.Fatalf("%v %v", x, errs)
		}
	})
}
