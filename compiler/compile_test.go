package compiler_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"weir/compiler"
	"weir/compiler/expr"
	"weir/compiler/internal/testcat"
	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/lang/diag"
)

var update = flag.Bool("update", false, "write what the tests give into their golden files")

var catalogue = testcat.New()

// archive is one golden file: name.flow is compiled, name.want or name.json is what that gives; all other files can
// be imported.
type archive struct {
	path string
	*txtar.Archive
	files map[string][]byte
}

func archives(t *testing.T, pattern string) []archive {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: no golden files (%v)", pattern, err)
	}
	var out []archive
	for _, p := range paths {
		a := parse(t, p)
		files := map[string][]byte{}
		for _, f := range a.Files {
			files[f.Name] = f.Data
		}
		out = append(out, archive{p, a, files})
	}
	return out
}

func parse(t testing.TB, path string) *txtar.Archive {
	t.Helper()
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (a archive) read(name string) ([]byte, error) {
	if b, ok := a.files[filepath.ToSlash(name)]; ok {
		return b, nil
	}
	return nil, errors.New("no such file")
}

// compile compiles a file of the archive. Lines `# -p name=value` at its head are the command line.
func (a archive) compile(name string) *compiler.Result {
	src := a.files[name]
	params := map[string]string{}
	check := false
	for _, line := range strings.Split(string(src), "\n") {
		if rest, ok := strings.CutPrefix(line, "# -p "); ok {
			k, v, _ := strings.Cut(rest, "=")
			params[k] = v
		}
		check = check || line == "# --check-only"
	}
	return compiler.Compile(name, src, compiler.Options{Catalogue: catalogue,
		Params: params, ReadFile: a.read, CheckOnly: check})
}

func (a archive) render(r *compiler.Result) string {
	var b bytes.Buffer
	if err := diag.Text(&b, r.Diags, func(file string) []byte { return a.files[file] }, false); err != nil {
		return err.Error()
	}
	return b.String()
}

// golden runs every name.flow of the archives and compares what f gives with name.ext. A file without a golden one is
// a library.
func golden(t *testing.T, pattern, ext string, f func(t *testing.T, a archive, r *compiler.Result) string) (cases int) {
	for _, a := range archives(t, pattern) {
		for i := range a.Files {
			name, isFlow := strings.CutSuffix(a.Files[i].Name, ".flow")
			k := i + 1
			if !isFlow || k >= len(a.Files) || a.Files[k].Name != name+ext {
				continue
			}
			cases++
			t.Run(filepath.Base(a.path)+"/"+name, func(t *testing.T) {
				got := f(t, a, a.compile(name+".flow"))
				if *update {
					a.Files[k].Data = []byte(got)
					return
				}
				if d := cmp.Diff(string(a.Files[k].Data), got); d != "" {
					t.Errorf("(-want +got)\n%s", d)
				}
			})
		}
		if *update {
			if err := os.WriteFile(a.path, txtar.Format(a.Archive), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return cases
}

func TestDiagnostics(t *testing.T) {
	codes := map[string]bool{}
	n := golden(t, "testdata/errors/*.txtar", ".want", func(t *testing.T, a archive, r *compiler.Result) string {
		if checkOnly := strings.HasPrefix(string(a.files[r.Files[0].Name]), "# --check-only"); !checkOnly &&
			r.Diags.HasErrors() != (r.Plan == nil) {
			t.Errorf("errors: %v, plan: %v", r.Diags.HasErrors(), r.Plan != nil)
		}
		for _, d := range r.Diags {
			codes[d.Code] = true
			if _, ok := diag.Lookup(d.Code); !ok {
				t.Errorf("%s is not in the catalogue of codes", d.Code)
			}
			if strings.HasPrefix(d.Code, "W3") != (d.Severity == diag.Warning) {
				t.Errorf("%s has severity %s", d.Code, d.Severity)
			}
		}
		return a.render(r)
	})
	t.Logf("%d cases, %d codes", n, len(codes))
	if n < 80 {
		t.Errorf("%d cases, want 80 or more", n)
	}
	for _, c := range diag.Codes() {
		if ours(c.Code) && !unseen[c.Code] && !codes[c.Code] {
			t.Errorf("no case gives %s", c.Code)
		}
	}
}

// unseen are the codes that no small case can give: of too many files, and of faults in the catalogue itself.
var unseen = map[string]bool{"W2004": true, "W2227": true, "W2228": true}

// TestPlans compares plans, and reads each back from its JSON.
func TestPlans(t *testing.T) {
	golden(t, "testdata/plans/*.txtar", ".json", func(t *testing.T, a archive, r *compiler.Result) string {
		if r.Plan == nil || len(r.Diags) > 0 {
			t.Fatalf("it does not compile without a word:\n%s", a.render(r))
		}
		text := a.readable(t, r)
		if err := planError(r.Plan); err != nil {
			t.Error(err)
		}
		for _, x := range r.Tests {
			if err := planError(x.Plan); err != nil {
				t.Error(err)
			}
		}
		first, err := json.Marshal(r.Plan)
		if err != nil {
			t.Fatal(err)
		}
		var back logical.Plan
		if err := json.Unmarshal(first, &back); err != nil {
			t.Fatal(err)
		}
		if again, err := json.Marshal(back); err != nil || !bytes.Equal(first, again) {
			t.Errorf("read back, the plan differs (%v):\n%s\n%s", err, first, again)
		}
		return text
	})
}

// readable is the plan's JSON, a node a line and without places, then the tests.
func (a archive) readable(t *testing.T, r *compiler.Result) string {
	t.Helper()
	var b strings.Builder
	line := func(v any) {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(places.ReplaceAll(text, nil))
		b.WriteByte('\n')
	}
	plan := func(p *logical.Plan) {
		for _, x := range p.Params {
			line(x)
		}
		for _, n := range p.Nodes {
			line(n)
		}
	}
	plan(r.Plan)
	for _, x := range r.Tests {
		line("test " + x.Name)
		plan(x.Plan)
		for _, s := range x.Steps {
			s.Span = diag.Span{}
			line(s)
		}
	}
	return b.String()
}

var places = regexp.MustCompile(`,"at":\{"file":[^}]*\},"end":[^}]*\}\}|"Span":\{[^}]*\}[^}]*\}\},`)

// planError checks what the planner takes for granted: nodes in topological order, ports that read something, columns
// that are there.
func planError(p *logical.Plan) error {
	seen := map[int]bool{}
	for _, n := range p.Nodes {
		if seen[n.ID] || n.ID == 0 {
			return fmt.Errorf("node %d is there twice", n.ID)
		}
		for port, ins := range n.Inputs {
			for _, in := range ins {
				if !seen[in.Node] {
					return fmt.Errorf("node %d reads node %d, which does not stand before it", n.ID, in.Node)
				}
			}
			if len(ins) == 0 {
				return fmt.Errorf("node %d: port %d reads nothing", n.ID, port)
			}
		}
		seen[n.ID] = true
		for name, a := range n.Args {
			for _, e := range a.Exprs() {
				if err := exprError(e, p, n); err != nil {
					return fmt.Errorf("node %d: %s: %w", n.ID, name, err)
				}
			}
		}
		for _, f := range n.Out.Row {
			if strings.Contains(f.Type.String(), "invalid") {
				return fmt.Errorf("node %d: column %s has no type", n.ID, f.Name)
			}
		}
	}
	return nil
}

func exprError(e *expr.Expr, p *logical.Plan, n *logical.Node) error {
	if e.Type.Kind == types.Invalid {
		return fmt.Errorf("%s has no type", e)
	}
	if e.Kind == expr.Column {
		t, ok := p.InRows(n)[0].Lookup(e.Name)
		if !ok {
			return fmt.Errorf("there is no column %s", e.Name)
		}
		if !t.OrNull().Equal(e.Type.OrNull()) || e.Type.Nullable && !t.Nullable {
			return fmt.Errorf("column %s is %s, not %s", e.Name, t, e.Type)
		}
	}
	for _, a := range e.Args {
		if err := exprError(a, p, n); err != nil {
			return err
		}
	}
	return nil
}
