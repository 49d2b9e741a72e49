package format_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/tools/txtar"
	"pgregory.net/rapid"

	"weir/lang/diag"
	"weir/lang/format"
	"weir/lang/syntax"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestGolden(t *testing.T) {
	paths, err := filepath.Glob("testdata/golden/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, path := range paths {
		ar, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got, errs := format.Format("in.flow", ar.Files[0].Data)
		if len(errs) > 0 {
			t.Fatalf("%s: %v", path, errs)
		}
		if *update {
			ar.Files = append(ar.Files[:1], txtar.File{Name: "out.flow", Data: got})
			if err := os.WriteFile(path, txtar.Format(ar), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if len(ar.Files) < 2 {
			t.Fatalf("%s: no out.flow", path)
		}
		if diff := cmp.Diff(string(ar.Files[1].Data), string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

// TestExamples shows that the examples of the language's description have the layout.
func TestExamples(t *testing.T) {
	for _, src := range examples(t) {
		got, errs := format.Format("x.flow", src)
		if diff := cmp.Diff(string(src), string(got)); diff != "" || len(errs) > 0 {
			t.Errorf("%v\n%s", errs, diff)
		}
	}
}

func examples(tb testing.TB) [][]byte {
	tb.Helper()
	paths, err := filepath.Glob("../syntax/testdata/examples/*.flow")
	if err != nil || len(paths) == 0 {
		tb.Fatal("no examples", err)
	}
	var out [][]byte
	for _, p := range paths {
		src, err := os.ReadFile(p)
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, src)
	}
	return out
}

// TestBroken shows that a broken file comes back as it is.
func TestBroken(t *testing.T) {
	src := []byte("let a   = (\n\n\nlet b   = 1\n")
	got, errs := format.Format("x.flow", src)
	if !bytes.Equal(got, src) || !errs.HasErrors() {
		t.Errorf("%q %v", got, errs)
	}
}

// TestOutgrown shows that a file stays as it is whose layout could not be read again.
func TestOutgrown(t *testing.T) {
	src := []byte("let a = " + strings.Repeat("[", 190) + strings.Repeat("1,", 30_000) + "1" + strings.Repeat("]",
		190))
	if got, errs := format.Format("x.flow", src); !bytes.Equal(got, src) || len(errs) > 0 {
		t.Errorf("%d bytes became %d; %v", len(src), len(got), errs)
	}
}

// check shows the three properties of a layout: comments in are comments out, the tree stays, and a second time
// changes nothing.
func check(t interface{ Fatalf(string, ...any) }, src []byte) {
	before, errs := syntax.Parse("x", src)
	if errs.HasErrors() {
		return
	}
	once, errs := format.Format("x", src)
	after, more := syntax.Parse("x", once)
	if len(errs) > 0 || len(more) > 0 {
		t.Fatalf("errors %v %v\n%s\n----\n%s", errs, more, src, once)
	}
	if diff := cmp.Diff(comments(src), comments(once)); diff != "" {
		t.Fatalf("comments %s\n%s\n----\n%s", diff, src, once)
	}
	if diff := cmp.Diff(before.Decls, after.Decls, cmpopts.IgnoreTypes(diag.Span{})); diff != "" {
		t.Fatalf("tree %s\n%s\n----\n%s", diff, src, once)
	}
	twice, _ := format.Format("x", once)
	if diff := cmp.Diff(string(once), string(twice)); diff != "" {
		t.Fatalf("not stable %s\n%s\n----\n%s", diff, src, once)
	}
	for line := range strings.Lines(string(once)) {
		if bare := strings.TrimSuffix(line, "\n"); strings.TrimRight(bare, " ") != bare {
			t.Fatalf("space at the end of %q\n%s", line, src)
		}
	}
}

func comments(src []byte) []string {
	tokens, _ := syntax.Scan("x", src)
	var out []string
	for _, t := range tokens {
		if t.Kind == syntax.TokComment || t.Kind == syntax.TokDoc {
			out = append(out, t.Text)
		}
	}
	return out
}

// TestProperties spoils the layout of well-formed files: other space, line breaks and comments between the tokens.
func TestProperties(t *testing.T) {
	corpus := examples(t)
	paths, err := filepath.Glob("testdata/golden/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range paths {
		ar, err := txtar.ParseFile(p)
		if err != nil {
			t.Fatal(err)
		}
		corpus = append(corpus, ar.Files[0].Data)
	}
	rapid.Check(t, func(t *rapid.T) {
		src := rapid.SampledFrom(corpus).Draw(t, "file")
		tokens, _ := syntax.Scan("x", src)
		rate := rapid.IntRange(2, 30).Draw(t, "rate")
		var b strings.Builder
		for i, tok := range tokens {
			if tok.Kind == syntax.TokComment || tok.Kind == syntax.TokDoc || tok.Kind == syntax.TokEOF {
				continue
			}
			glued := i > 0 && tokens[i-1].End == tok.Start
			switch {
			case i == 0 || tok.Start.Col == 1 && !tok.Is("|>") && !tok.Is(")") && !tok.Is("]") && !tok.Is("}"):
				b.WriteString(rapid.SampledFrom([]string{"\n", "\n\n\n", "\n# own\n", " # trail\n", "\n\n## doc\n",
					"\n  # in\n\n# out\n"}).Draw(t, "head"))
			case rapid.IntRange(0, rate).Draw(t, "spoil") == 0:
				b.WriteString(rapid.SampledFrom([]string{"  ", "\n ", "\n\n    ", " # c\n  ", "\n# own\n  ",
					"\n   ## own\n\n   # two\n ", "\t"}).Draw(t, "space"))
			case !glued:
				b.WriteString(" ")
			}
			b.WriteString(tok.Text)
		}
		b.WriteString(rapid.SampledFrom([]string{"", "\n", " # end", "\n\n# end\n", "\r\n  # x\r\n"}).Draw(t, "end"))
		check(t, []byte(b.String()))
	})
}

// FuzzFormat checks the properties on any text that parses.
func FuzzFormat(f *testing.F) {
	for _, src := range examples(f) {
		f.Add(src)
	}
	paths, err := filepath.Glob("testdata/golden/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, p := range paths {
		ar, err := txtar.ParseFile(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(ar.Files[0].Data)
	}
	f.Fuzz(func(t *testing.T, src []byte) { check(t, src) })
}
