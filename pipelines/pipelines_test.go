// Package pipelines tests the pipelines of this folder as a user would run them: they are clean and formatted, their plans are the golden ones, and
// their outputs are the expected ones at any parallelism, with the planner's rules and without.
package pipelines

import (
	"bytes"
	"compress/gzip"
	"flag"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"weir/compiler"
	"weir/compiler/expr"
	"weir/lang/diag"
	"weir/lang/format"
	"weir/planner"
	"weir/planner/explain"
	"weir/planner/physical"
	"weir/planner/rules"
	"weir/runtime/eval"
	"weir/runtime/local"
	"weir/runtime/op"
	"weir/runtime/storage/localfile"
	"weir/stdlib"
)

var update = flag.Bool("update", false, "write golden plans and expected outputs anew")

// outputs are the files that a pipeline writes, beside itself.
var outputs = map[string][]string{
	"nearest.flow":   {"nearest.tsv"},
	"pairwise.flow":  {"hits.tsv", "bad-records.jsonl"},
	"evidence.flow":  {"evidence.tsv"},
	"giants.flow":    {"giants.tsv", "levels.tsv"},
	"relatives.flow": {"relatives.tsv"},
	"search.flow":    {"globins.tsv"},
	"quality.flow":   {"quality.tsv", "suspects.tsv", "bad-records.jsonl"},
}

func catalogue(t *testing.T) *op.Catalogue {
	t.Helper()
	c, err := stdlib.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// compile compiles a pipeline of a folder; any finding fails.
func compile(t *testing.T, dir, name string) *compiler.Result {
	t.Helper()
	file := filepath.Join(dir, name)
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r := compiler.Compile(file, src, compiler.Options{Catalogue: catalogue(t), Root: dir, Storage: localfile.New(), ReadFile: os.ReadFile})
	if len(r.Diags) > 0 {
		var b strings.Builder
		if err := diag.Text(&b, r.Diags, func(string) []byte { return src }, false); err != nil {
			t.Fatal(err)
		}
		t.Fatal(b.String())
	}
	return r
}

func plan(t *testing.T, r *compiler.Result, parallelism int, disable ...string) *physical.Plan {
	t.Helper()
	c := catalogue(t)
	p, diags := planner.Make(r.Plan, planner.Options{Catalogue: c, Storage: localfile.New(), Target: "local", Parallelism: parallelism, Disable: disable,
		Fold: func(e *expr.Expr) (any, bool) { return eval.Fold(c, e) }})
	if p == nil {
		t.Fatal(diags)
	}
	return p
}

func names(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.flow")
	if err != nil || len(files) != len(outputs) {
		t.Fatalf("%v: %d pipelines, outputs of %d are known", err, len(files), len(outputs))
	}
	sort.Strings(files)
	return files
}

func TestFormatted(t *testing.T) {
	for _, name := range names(t) {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if out, diags := format.Format(name, src); len(diags) > 0 || !bytes.Equal(src, out) {
			t.Errorf("weir fmt would change %s", name)
		}
	}
}

func TestPlans(t *testing.T) {
	for _, name := range names(t) {
		t.Run(name, func(t *testing.T) {
			p := plan(t, compile(t, ".", name), 2)
			var b strings.Builder
			if err := explain.Tree(&b, explain.New(p, catalogue(t)), 120); err != nil {
				t.Fatal(err)
			}
			golden(t, "golden/"+strings.TrimSuffix(name, ".flow")+".plan.txt", []byte(b.String()))
		})
	}
}

func TestOutputs(t *testing.T) {
	for _, name := range names(t) {
		if testing.Short() && name == "pairwise.flow" {
			continue // minutes under the race detector; TestRulesOnAndOff runs it on fewer proteins
		}
		t.Run(name, func(t *testing.T) {
			variants := []struct {
				what        string
				parallelism int
				disable     []string
			}{{"parallelism 2", 2, nil}, {"parallelism 1", 1, nil}, {"parallelism 5", 5, nil}, {"no rules", 2, rules.Names()}}
			for _, v := range variants {
				if v.disable != nil && name == "pairwise.flow" {
					continue // without rules every pair would get a path, for minutes: see TestRulesOnAndOff
				}
				dir := t.TempDir()
				if err := os.CopyFS(dir, os.DirFS(".")); err != nil {
					t.Fatal(err)
				}
				p := plan(t, compile(t, dir, name), v.parallelism, v.disable...)
				if _, err := local.Run(t.Context(), p, local.Options{Catalogue: catalogue(t), Storage: localfile.New(), TempDir: t.TempDir()}); err != nil {
					t.Fatalf("%s: %v", v.what, err)
				}
				for _, out := range outputs[name] {
					got, err := os.ReadFile(filepath.Join(dir, out))
					if err != nil {
						t.Fatal(err)
					}
					t.Log(v.what, out, len(got), "bytes")
					golden(t, "expected/"+strings.TrimSuffix(name, ".flow")+"."+out+".gz", got)
				}
			}
		})
	}
}

// The main job gives the same rows without any rule, and without any one rule, as with all, and at any parallelism.
func TestRulesOnAndOff(t *testing.T) {
	run := func(parallelism int, disable ...string) string {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(".")); err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(dir, "pairwise.flow")
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		r := compiler.Compile(name, src, compiler.Options{Catalogue: catalogue(t), Root: dir, Storage: localfile.New(),
			Params: map[string]string{"input": filepath.Join(dir, "data/globins45.fasta"), "cutoff": "250"}})
		if r.Plan == nil {
			t.Fatal(r.Diags)
		}
		if _, err := local.Run(t.Context(), plan(t, r, parallelism, disable...), local.Options{Catalogue: catalogue(t), Storage: localfile.New(), TempDir: t.TempDir()}); err != nil {
			t.Fatal(err)
		}
		out, err := os.ReadFile(filepath.Join(dir, "hits.tsv"))
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	want := run(1)
	if n := strings.Count(want, "\n"); n < 100 || n > 980 {
		t.Fatalf("%d lines are no test", n)
	}
	check := func(what, got string) {
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s:\n%s", what, d)
		}
	}
	check("parallelism 7", run(7))
	check("no rules", run(3, rules.Names()...))
	for _, name := range rules.Names() {
		check("without "+name, run(2, name))
	}
}

// The expected output of the main job has the pairs and scores that several independent aligners agree on.
func TestPairwiseOracle(t *testing.T) {
	scores := func(name string) map[string]string {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		m := map[string]string{}
		for _, line := range strings.Split(strings.TrimSpace(string(data)), "\n")[1:] {
			f := strings.Split(line, "\t")
			m[f[0]+" "+f[1]] = f[2]
		}
		return m
	}
	want := scores("../stdlib/align/testdata/oracle/anaerococcus_nostar_pairs_ge100.tsv.gz")
	if len(want) != 6547 {
		t.Fatalf("the oracle has %d pairs", len(want))
	}
	if d := cmp.Diff(want, scores("expected/pairwise.hits.tsv.gz")); d != "" {
		t.Error(d)
	}
}

// golden compares with a file, which is gzipped where its name says so.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		data := got
		if strings.HasSuffix(name, ".gz") {
			var b bytes.Buffer
			z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := z.Write(got); err != nil {
				t.Fatal(err)
			}
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}
			data = b.Bytes()
		}
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(name, ".gz") {
		z, err := gzip.NewReader(bytes.NewReader(want))
		if err != nil {
			t.Fatal(err)
		}
		if want, err = io.ReadAll(z); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s (-update writes it):\n%s", name, d)
	}
}
