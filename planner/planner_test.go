package planner_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"weir/compiler/logical"
	"weir/lang/diag"
	"weir/planner"
	"weir/planner/internal/testcat"
	"weir/planner/physical"
	"weir/planner/rules"
	"weir/runtime/op"
)

// What a user can do wrong is said with a code and a hint.
func TestMakeRefuses(t *testing.T) {
	later := &op.Operator{Name: "later", Role: op.SourceRole}
	c, err := op.NewCatalogue(append(testcat.Catalogue().Operators(), later), testcat.Catalogue().Functions(),
		testcat.Catalogue().Aggregates())
	if err != nil {
		t.Fatal(err)
	}
	good := planner.Options{Catalogue: c, Target: "local", Parallelism: 2}
	with := func(f func(o *planner.Options)) planner.Options { o := good; f(&o); return o }
	b := testcat.New()
	b.Node("later", testcat.Records, nil).Sink("file", "out")
	broken := testcat.Pairwise(1)
	broken.Nodes[0].Out.Row = broken.Nodes[0].Out.Row[:1]
	var text strings.Builder
	for _, tc := range []struct {
		plan *logical.Plan
		o    planner.Options
		code string
	}{
		{testcat.Pairwise(1), with(func(o *planner.Options) { o.Target = "yarn" }), "W4001"},
		{testcat.Pairwise(1), with(func(o *planner.Options) { o.Parallelism = 0 }), "W4002"},
		{testcat.Pairwise(1), with(func(o *planner.Options) { o.Parallelism = 129 }), "W4002"},
		{testcat.Pairwise(1), with(func(o *planner.Options) { o.Disable = []string{"floors"} }), "W4003"},
		{testcat.New().Plan, good, "W4004"},
		{b.Plan, good, "W4005"},
		{broken, good, "W4900"},
	} {
		p, found := planner.Make(tc.plan, tc.o)
		if p != nil || len(found) != 1 || found[0].Code != tc.code {
			t.Fatalf("want %s, got %v", tc.code, found)
		}
		if _, ok := diag.Lookup(tc.code); !ok {
			t.Errorf("%s is not in the catalogue of codes", tc.code)
		}
		fmt.Fprintf(&text, "%s: %s\n  hint: %s\n", found[0].Code, found[0].Message, found[0].Hint)
	}
	testcat.Golden(t, "testdata/errors.txtar", []string{"errors"}, map[string]string{"errors": text.String()})
}

// A plan made twice is the same, byte by byte, and with any rule off it is still one that can be run.
func TestMakeIsDeterministic(t *testing.T) {
	c := testcat.Catalogue()
	for _, off := range append(rules.Names(), "") {
		o := planner.Options{Catalogue: c, Target: "local", Parallelism: 3}
		if off != "" {
			o.Disable = []string{off}
		}
		var first []byte
		for range 5 {
			p, found := planner.Make(testcat.Pairwise(4), o)
			if len(found) > 0 {
				t.Fatal(off, found)
			}
			if err := physical.Validate(p, c); err != nil {
				t.Fatal(off, err)
			}
			data, err := physical.Encode(p)
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = data
			} else if string(data) != string(first) {
				t.Fatalf("%s: another plan the second time", off)
			}
		}
	}
}

// A plan over rows that are written in a test needs no source of the catalogue.
func TestRowsOfATest(t *testing.T) {
	b := testcat.New()
	b.Node(logical.Rows, testcat.Records, nil).Group("id").Sink("file", "out")
	p, found := planner.Make(b.Plan, planner.Options{Catalogue: testcat.Catalogue(), Target: "local", Parallelism: 2})
	if len(found) > 0 || p.Stages[0].Parallelism != 1 {
		t.Fatal(p, found)
	}
}

// The planner goes by what operators declare: none of its files has an operator's name as a string.
func TestNoOperatorNames(t *testing.T) {
	names := map[string]bool{}
	for _, name := range strings.Fields("read_fasta read_fastq read_csv read_tsv read_jsonl read_parquet watch filter derive select drop rename " +
		"distinct sort limit sample union explode join aggregate window event_time pairs align search write_fasta write_csv write_tsv " +
		"write_jsonl write_parquet write_blast6 write_paf write_pairwise print") {
		names[name] = true
	}
	files := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
			strings.Contains(path, "testcat") {
			return err
		}
		files++
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if _, ok := n.(*ast.ImportSpec); ok {
				return false
			}
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if s, err := strconv.Unquote(lit.Value); err == nil && names[s] {
					t.Errorf("%s: an operator's name: %s", set.Position(lit.Pos()), lit.Value)
				}
			}
			return true
		})
		return nil
	})
	if err != nil || files < 20 {
		t.Fatalf("%d files read: %v", files, err)
	}
}
