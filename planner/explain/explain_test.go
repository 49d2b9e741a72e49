package explain_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"weir/compiler/expr"
	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/planner"
	"weir/planner/estimate"
	"weir/planner/explain"
	"weir/planner/internal/testcat"
	"weir/planner/physical"
	"weir/runtime/op"
)

// oneFile is a storage in which every path is a file of 714,000 bytes.
type oneFile struct{ op.Storage }

func (oneFile) List(_ context.Context, path string) ([]op.FileInfo, error) {
	return []op.FileInfo{{Path: path, Size: 714_000}}, nil
}
func (oneFile) Open(context.Context, string, string) (op.File, error) {
	return nil, errors.New("nothing can be read")
}

// branches is a plan with a tree in a stage, a union, a hash exchange, a long row, and operators that carry risks.
func branches() *logical.Plan {
	b := testcat.New()
	f := b.Fasta("data/", 9)
	k := f.Keep(testcat.Ge(testcat.Length(f.Col("sequence")), testcat.N(30)))
	var defs []op.Def
	for i := range 9 {
		defs = append(defs, testcat.Def(fmt.Sprintf("a_column_with_a_long_name_%d", i), expr.Lit(testcat.String,
			"some <b>\"text\" | `more`")))
	}
	k.Defs("add", defs...).Sink("folder", "wide")
	s := k.Op("sampled", nil)
	s.Group("id").Sink("file", "groups")
	s.Op("screen", nil).Node().Out = types.Stream{}
	groups := s.Group("id")
	groups.Node().Let = "groups"
	f.Match(groups, "id", "id").Sink("folder", "matched")
	f.Side("rejected").Sink("file", "bad")
	bad := b.Plan.Nodes[len(b.Plan.Nodes)-1]
	bad.Inputs[0] = append(bad.Inputs[0], k.Side("rejected").Input())
	return b.Plan
}

func made(t *testing.T, l *logical.Plan, tasks int, s op.Storage) (*physical.Plan, *explain.Model) {
	t.Helper()
	p, found := planner.Make(l, planner.Options{Catalogue: testcat.Catalogue(), Storage: s, Target: "local",
		Parallelism: tasks})
	if len(found) > 0 {
		t.Fatal(found)
	}
	return p, explain.New(p, testcat.Catalogue())
}

// Every form of two plans, as a user reads them.
func TestGolden(t *testing.T) {
	var names []string
	texts := map[string]string{}
	for _, tc := range []struct {
		name    string
		plan    *logical.Plan
		storage op.Storage
	}{{"pairwise", testcat.Pairwise(1), oneFile{}}, {"unknown", testcat.Pairwise(-1), nil}, {"branches", branches(),
		nil}} {
		p, m := made(t, tc.plan, 2, tc.storage)
		for _, form := range []struct {
			name  string
			write func(io.Writer, *explain.Model) error
		}{
			{"tree", func(w io.Writer, m *explain.Model) error { return explain.Tree(w, m, 0) }},
			{"narrow", func(w io.Writer, m *explain.Model) error { return explain.Tree(w, m, 70) }},
			{"dot", explain.DOT}, {"mermaid", explain.Mermaid}, {"markdown", explain.Markdown}, {"html", explain.HTML},
			{"json", func(w io.Writer, m *explain.Model) error { return explain.JSON(w, p, m) }},
		} {
			if tc.name != "pairwise" && (form.name == "json" || form.name == "html") || tc.name == "unknown" &&
				form.name != "tree" {
				continue
			}
			var b bytes.Buffer
			if err := form.write(&b, m); err != nil {
				t.Fatal(err)
			}
			name := tc.name + "." + form.name
			names = append(names, name)
			texts[name] = b.String()
		}
	}
	testcat.Golden(t, "testdata/plans.txtar", names, texts)
}

// No line of the tree is wider than was asked for, but for words that are.
func TestTreeWidth(t *testing.T) {
	_, m := made(t, branches(), 2, nil)
	for _, width := range []int{40, 60, 100} {
		var b strings.Builder
		if err := explain.Tree(&b, m, width); err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(b.String(), "\n") {
			if n := len([]rune(line)); n > width && len(strings.Fields(line)) > 3 && !strings.Contains(line, "←") &&
				!strings.HasPrefix(line, "test.flow") {
				t.Errorf("width %d: %d characters: %s", width, n, line)
			}
		}
	}
}

// The plan within the JSON form is one that can be run.
func TestJSONHoldsThePlan(t *testing.T) {
	p, m := made(t, testcat.Pairwise(1), 2, nil)
	var b bytes.Buffer
	if err := explain.JSON(&b, p, m); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Version int             `json:"version"`
		Plan    json.RawMessage `json:"plan"`
	}
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	back, err := physical.Decode(doc.Plan)
	if err != nil {
		t.Fatal(err)
	}
	if back.Hash != p.Hash || doc.Version != explain.Version {
		t.Errorf("another plan: %s, version %d", back.Hash, doc.Version)
	}
}

func TestNumbers(t *testing.T) {
	for _, tc := range []struct {
		n    estimate.Number
		want string
	}{
		{estimate.Number{}, "? rows"},
		{estimate.Exact(1, "counted"), "1 row"},
		{estimate.Exact(2_203_950, "counted"), "2,203,950 rows"},
		{estimate.Exact(1.6e11, "counted"), "1.6e11 rows"},
		{estimate.Exact(0, "counted"), "0 rows"},
		{estimate.Around(1000, 0.1, "sampled"), "~1,000 rows (sampled, 900 to 1,100)"},
		{estimate.Exact(100, "counted").Between(0, 0.3, "assumed"), "~30 rows (assumed, up to 100)"},
	} {
		if got := explain.Quantity(tc.n, "row", "rows"); got != tc.want {
			t.Errorf("%v: %s, want %s", tc.n, got, tc.want)
		}
	}
	for x, want := range map[float64]string{0: "0 B", 999: "999 B", 680_000: "680 KB", 1_500_000: "1.5 MB", 2e9: "2 GB", 3.25e12: "3.2 TB"} {
		if got := explain.Bytes(estimate.Exact(x, "counted")); got != want {
			t.Errorf("%v: %s, want %s", x, got, want)
		}
	}
}
