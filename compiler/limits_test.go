package compiler_test

import (
	"fmt"
	"strings"
	"testing"

	"weir/compiler"
)

// TestLimits gives what no hand would write: it ends with a located error, and soon.
func TestLimits(t *testing.T) {
	var lets, consts, backwards, nodes, calls, imports, tests, thunks strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&lets, "let a%d = a%d\n", i, i+1)
		fmt.Fprintf(&consts, "let a%d = a%d + 1\n", i, i+1)
		fmt.Fprintf(&backwards, "let b%d = b%d + 1\n", i+1, i)
		fmt.Fprintf(&tests, "test \"%d\" {\n  expect a = []\n}\n", i)
	}
	for i := range 4 {
		fmt.Fprintf(&nodes, "fn f%d() = f%d() %s\n", i+1, i, strings.Repeat(fmt.Sprintf("|> f%d() ", i), 19))
	}
	for i := range 30 {
		fmt.Fprintf(&thunks, "fn f%d(x) = f%d(x + x)\n", i+1, i)
	}
	for i := range 300 {
		fmt.Fprintf(&imports, "import \"f%d.flow\"\n", i)
	}
	calls.WriteString("let a = 1" + strings.Repeat(" + 1", 900) + "\n")
	var text, list, record, deepList, uses strings.Builder
	for i := range 60 {
		fmt.Fprintf(&text, "let s%d = s%d + s%d\n", i+1, i, i)
		fmt.Fprintf(&list, "let s%d = [s%d, s%d]\n", i+1, i, i)
		fmt.Fprintf(&record, "let s%d = { a: s%d, b: s%d }\n", i+1, i, i)
	}
	for i := range 200 {
		fmt.Fprintf(&deepList, "let s%d = [s%d]\n", i+1, i)
	}
	for range 5000 {
		uses.WriteString(" and s != id")
	}
	head := "let a = read_fasta(\"a.fasta\")\na |> print\n"
	for name, c := range map[string]struct{ src, code string }{
		"forward lets":      {lets.String() + "let a5000 = read_fasta(\"x\")\na0 |> print\n", "W2014"},
		"forward constants": {consts.String() + "let a5000 = 1\n", "W2014"},
		"backward lets":     {"let b0 = 1\n" + backwards.String(), ""},
		"operators":         {head + "fn f0() = limit(1)\n" + nodes.String() + "a |> f4() |> print\n", "W2014"},
		"late arguments":    {head + "fn f0(x) = limit(x)\n" + thunks.String() + "a |> f30(1) |> print\n", "W2014"},
		"text":              {"let s0 = \"x\"\n" + text.String(), "W2114"},
		"lists":             {"let s0 = 1\n" + list.String(), "W2014"},
		"records":           {"let s0 = 1\n" + record.String(), "W2014"},
		"nested lists":      {"let s0 = 1\n" + deepList.String(), "W2014"},
		"constants used": {head + "let s = \"" + strings.Repeat("x",
			60000) + "\"\n" + strings.Repeat("a |> filter(s != id"+uses.String()[:450*12]+") |> print\n", 6), "W2014"},
		"files":             {imports.String() + head, "W2004"},
		"tests":             {head + tests.String(), "W2014"},
		"a long expression": {calls.String(), ""},
		"imports in depth":  {"import \"d0.flow\"\n" + head, "W2004"},
	} {
		t.Run(name, func(t *testing.T) {
			r := compiler.Compile("x.flow", []byte(c.src),
				compiler.Options{Catalogue: catalogue, ReadFile: func(file string) ([]byte, error) {
					var n int
					if _, err := fmt.Sscanf(file, "d%d.flow", &n); err == nil {
						return fmt.Appendf(nil, "import \"d%d.flow\"\n", n+1), nil
					}
					return []byte("let " + strings.TrimSuffix(file, ".flow") + " = 1\n"), nil
				}})
			found := c.code == ""
			for i, d := range r.Diags {
				if i > 0 && d.Code == c.code {
					t.Errorf("said again: %s", d.Message)
				}
				if d.Code < "W3" && d.Code != c.code {
					t.Errorf("%s %s", d.Code, d.Message)
				}
				found = found || d.Code == c.code
			}
			if !found {
				t.Errorf("no %s", c.code)
			}
		})
	}
}
