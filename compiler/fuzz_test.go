package compiler_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"weir/compiler"
	"weir/lang/diag"
)

// sources are the .flow files of all golden tests.
func sources(t testing.TB) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, pattern := range []string{"testdata/errors/*.txtar", "testdata/plans/*.txtar"} {
		paths, _ := filepath.Glob(pattern)
		for _, p := range paths {
			for _, f := range parse(t, p).Files {
				if strings.HasSuffix(f.Name, ".flow") {
					out[p+"/"+f.Name] = string(f.Data)
				}
			}
		}
	}
	return out
}

// sound compiles a text twice and checks what holds of every result.
func sound(t interface {
	Errorf(string, ...any)
	Fatalf(string, ...any)
	Helper()
}, src []byte, params map[string]string) {
	t.Helper()
	text := func() (*compiler.Result, []byte) {
		r := compiler.Compile("x.flow", src, compiler.Options{Catalogue: catalogue, Params: params, ReadFile: archive{}.read})
		b, err := json.Marshal([]any{r.Plan, r.Tests, r.Diags, r.Outline})
		if err != nil {
			t.Fatalf("%v", err)
		}
		return r, b
	}
	r, first := text()
	if _, second := text(); !bytes.Equal(first, second) {
		t.Errorf("compiled twice:\n%s\n%s", first, second)
	}
	if r.Diags.HasErrors() != (r.Plan == nil) {
		t.Errorf("errors: %v, a plan: %v", r.Diags.HasErrors(), r.Plan != nil)
	}
	for _, d := range r.Diags {
		if _, ok := diag.Lookup(d.Code); !ok {
			t.Errorf("%s is not in the catalogue of codes", d.Code)
		}
		if !d.Span.IsZero() && (d.Span.Start.Offset < 0 || d.Span.End.Offset > len(src) ||
			d.Span.Start.Offset > d.Span.End.Offset) {
			t.Errorf("%s %s: no such place: %v", d.Code, d.Message, d.Span)
		}
		if d.Message == "" || strings.Contains(d.Message, "invalid") || strings.Contains(d.Message, "\n") {
			t.Errorf("%s has a message that no user should see: %q", d.Code, d.Message)
		}
	}
	if r.Plan != nil {
		if err := planError(r.Plan); err != nil {
			t.Errorf("%v", err)
		}
	}
	for _, x := range r.Tests {
		if err := planError(x.Plan); err != nil {
			t.Errorf("test %s: %v", x.Name, err)
		}
	}
}

// FuzzCompile: no text makes the compiler panic, hang or contradict itself.
func FuzzCompile(f *testing.F) {
	for _, s := range sources(f) {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) { sound(t, src, nil) })
}

// FuzzParams: neither does any value of -p.
func FuzzParams(f *testing.F) {
	for _, s := range []string{"1", "[1, 2]", "a,b", `"x"`, "{ b: 1 }", "30s", "2026-01-01T00:00:00Z", "null", "[", "-1",
		"1e400", "f(1)", "a |> b", "[[1], 2]", "1KiB", "80%"} {
		f.Add(s)
	}
	var src strings.Builder
	for i, ty := range []string{"int", "float", "bool", "string", "path", "duration", "size", "timestamp", "protein",
		"matrix", "list<int>", "list<list<string>>?", "{ a: int?, b: float }"} {
		fmt.Fprintf(&src, "param p%d: %s\n", i, ty)
	}
	f.Fuzz(func(t *testing.T, value string) {
		params := map[string]string{}
		for i := range 13 {
			params[fmt.Sprint("p", i)] = value
		}
		sound(t, []byte(src.String()), params)
	})
}

// TestMutants compiles golden files of which a part is replaced by a part of another one: much of it parses, little
// of it is right.
func TestMutants(t *testing.T) {
	var all []string
	for _, s := range sources(t) {
		if len(s) < 2000 {
			all = append(all, s)
		}
	}
	slices.Sort(all)
	words := strings.FieldsFunc(strings.Join(all, " "), func(r rune) bool { return r == ' ' || r == '\n' })
	rapid.Check(t, func(t *rapid.T) {
		src := rapid.SampledFrom(all).Draw(t, "file")
		for range rapid.IntRange(1, 4).Draw(t, "edits") {
			parts := strings.Split(src, " ")
			i := rapid.IntRange(0, len(parts)-1).Draw(t, "at")
			switch rapid.IntRange(0, 2).Draw(t, "kind") {
			case 0:
				parts[i] = rapid.SampledFrom(words).Draw(t, "word")
			case 1:
				parts = append(parts[:i:i], parts[i+1:]...)
			default:
				parts[i] += "\n" + rapid.SampledFrom(all).Draw(t, "more")
			}
			src = strings.Join(parts, " ")
		}
		sound(t, []byte(src), nil)
	})
}
