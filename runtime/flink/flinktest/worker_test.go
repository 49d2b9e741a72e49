package flinktest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"weir/compiler"
	"weir/compiler/expr"
	"weir/planner"
	"weir/planner/physical"
	"weir/runtime/eval"
	"weir/runtime/local"
	"weir/runtime/op"
	"weir/runtime/storage/localfile"
	"weir/stdlib"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// flows are the pipelines that are run with kills: each one's outputs under out/ are compared with those of a local run.
var flows = map[string]string{
	"rows": `
type T = { n: int, k: string, x: float }
let rows = read_jsonl("in/", as: T) |> filter(n % 5 != 0) |> derive(m = n * 2, u = upper(k))
rows |> write_tsv("out/one.tsv")
rows |> select(n, u) |> write_jsonl("out/parts/")
rows.rejected |> write_jsonl("out/rejected.jsonl")
`,
	"keyed": `
type T = { n: int, k: string, x: float }
let rows = read_jsonl("in/", as: T)
rows |> aggregate(by: k, c = count(), total = sum(x), m = max(n), l = last(n)) |> write_tsv("out/groups.tsv")
rows |> distinct(on: k) |> select(k, n) |> write_jsonl("out/distinct.jsonl")
rows |> sort(desc(x)) |> select(n, x) |> write_jsonl("out/sorted.jsonl")
rows |> sort(k, n) |> limit(7) |> write_tsv("out/first.tsv")
rows |> aggregate(c = count(), total = sum(x)) |> write_tsv("out/total.tsv")
rows.rejected |> write_jsonl("out/rejected.jsonl")
`,
	"windows": `
type T = { n: int, k: string, x: float }
let rows = read_jsonl("in/", as: T)
  |> derive(at = 2026-01-01T00:00:00Z + 1s * n)
  |> event_time(at)
rows |> window(tumbling(200s)) |> aggregate(by: k, c = count(), total = sum(x)) |> write_jsonl("out/parts/")
rows |> window(session(3s)) |> aggregate(by: k, c = count()) |> write_jsonl("out/sessions.jsonl")
rows.rejected |> write_jsonl("out/rejected.jsonl")
`,
	"join": `
type T = { n: int, k: string, x: float }
let rows = read_jsonl("in/", as: T)
let totals = rows |> aggregate(by: k, total = sum(x))
rows |> join(totals, on: k) |> select(n, k, total) |> write_jsonl("out/joined.jsonl")
rows.rejected |> write_jsonl("out/rejected.jsonl")
rows |> filter(n % 7 == 0) |> join(rows |> filter(n % 2 == 0), on: n, kind: anti) |> select(n) |> write_jsonl("out/parts/")
`,
	"pairs": `
let proteins = read_fasta("proteins.fasta", alphabet: protein)
proteins |> pairs(as: (query, target)) |> align(query.sequence, target.sequence, mode: local, matrix: BLOSUM62, gap: affine(open: 11, extend: 1))
  |> filter(score >= 40) |> select(query = query.id, target = target.id, score, identity) |> write_tsv("out/hits.tsv")
`,
}

// input makes files of rows, some of them bad, and a few proteins.
func input(t *testing.T, dir string, random *rand.Rand, rows int) {
	t.Helper()
	write := func(name, text string) {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for f := range 1 + random.IntN(4) {
		var b strings.Builder
		for range random.IntN(rows) {
			if random.IntN(200) == 0 {
				fmt.Fprintf(&b, "{\"n\":\"bad %d\"}\n", n)
			} else {
				fmt.Fprintf(&b, "{\"n\":%d,\"k\":\"user%d\",\"x\":%d.25}\n", n, random.IntN(90), n)
			}
			n++
		}
		write(fmt.Sprintf("in/%d.jsonl", f), b.String())
	}
	var b strings.Builder
	for i := range 60 {
		fmt.Fprintf(&b, ">p%d\n", i)
		for range 30 + random.IntN(200) {
			b.WriteByte("ACDEFGHIKLMNPQRSTVWY"[random.IntN(20)])
		}
		b.WriteByte('\n')
	}
	write("proteins.fasta", b.String())
}

func plan(t *testing.T, dir, src string, parallelism int) (*physical.Plan, *op.Catalogue) {
	t.Helper()
	return planOf(t, filepath.Join(dir, "job.flow"), dir, []byte(src), parallelism)
}

func planOf(t *testing.T, file, dir string, src []byte, parallelism int) (*physical.Plan, *op.Catalogue) {
	t.Helper()
	cat, err := stdlib.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	r := compiler.Compile(file, src, compiler.Options{Catalogue: cat, Root: dir, Storage: localfile.New(), ReadFile: os.ReadFile})
	if r.Diags.HasErrors() {
		t.Fatal(r.Diags)
	}
	p, diags := planner.Make(r.Plan, planner.Options{Catalogue: cat, Storage: localfile.New(), Target: "local", Parallelism: parallelism,
		Fold: func(e *expr.Expr) (any, bool) { return eval.Fold(cat, e) }})
	if p == nil {
		t.Fatal(diags)
	}
	return p, cat
}

// outcome is what lies under out/: single files by name, and the sorted lines of parts together.
func outcome(t *testing.T, dir string) map[string]string {
	t.Helper()
	lines := map[string][]string{}
	err := filepath.WalkDir(filepath.Join(dir, "out"), func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasPrefix(e.Name(), ".") { // hidden: prepared for a checkpoint that was never complete; `weir storage clean` finds it
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		if strings.HasPrefix(name, "out/parts/") {
			name = "parts"
		}
		lines[name] = append(lines[name], strings.SplitAfter(strings.ReplaceAll(string(data), dir, ""), "\n")...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for name, l := range lines {
		if name == "parts" { // files have the order of the stream
			slices.Sort(l)
		}
		out[name] = strings.Join(l, "")
	}
	return out
}

// seeds is how many runs with kills a pipeline gets; WEIR_SEEDS gives another number, WEIR_SEED one seed alone.
func seeds(t *testing.T) (first, n int) {
	n = 6
	if testing.Short() {
		n = 2
	}
	if s := os.Getenv("WEIR_SEEDS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	if s := os.Getenv("WEIR_SEED"); s != "" {
		var err error
		if first, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
		n = 1
	}
	return first, n
}

// TestKills: whatever moments all workers are lost at, whatever checkpoint they are restored from and at whatever parallelism, the output is that of an undisturbed
// local run.
func TestKills(t *testing.T) {
	for name, src := range flows {
		t.Run(name, func(t *testing.T) {
			first, n := seeds(t)
			kills, finished := 0, 0
			for seed := first; seed < first+n; seed++ {
				k, f := disturbed(t, src, uint64(seed))
				kills, finished = kills+k, finished+f
			}
			t.Logf("%d kills in %d runs; %d restores with stages that had finished", kills, n, finished)
			if n > 1 && kills == 0 {
				t.Error("no kill has hit")
			}
		})
	}
}

// disturbed runs a pipeline with kills, and checks what it leaves.
func disturbed(t *testing.T, src string, seed uint64) (kills, finished int) {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 7))
	dir, want := t.TempDir(), t.TempDir()
	rows := 30_000
	if random.IntN(3) == 0 {
		rows = 10
	}
	input(t, dir, random, rows)
	if err := os.CopyFS(want, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	p, cat := plan(t, want, src, 2)
	if _, err := local.Run(t.Context(), p, local.Options{Catalogue: cat, Storage: localfile.New(), TempDir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	p, _ = plan(t, dir, src, 3)
	var from *Checkpoint
	for attempts := 0; ; attempts++ {
		job := Job{Plan: p, Catalogue: cat, Storage: localfile.New(), KeyGroups: 64, Work: filepath.Join(t.TempDir(), "work"), Temp: t.TempDir(), Parallelism: map[int]int{}}
		job.Work = filepath.Join(dir, "work")
		tasks := 1 + random.IntN(4)
		for _, s := range p.Stages {
			if s.Parallelism > 1 {
				job.Parallelism[s.ID] = tasks
			}
		}
		r := Start(t.Context(), job, from)
		if attempts < 4 && random.IntN(5) > 0 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(random.IntN(400))*time.Millisecond)
			for ctx.Err() == nil && r.Err() == nil {
				if !r.Checkpoint() {
					break
				}
				select {
				case <-ctx.Done():
				case <-time.After(time.Duration(random.IntN(50)) * time.Millisecond):
				}
			}
			cancel()
			if err := r.Err(); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			from = r.Kill()
			kills++
			if from != nil {
				for _, s := range from.Stages {
					if s.finished {
						finished++
						break
					}
				}
			}
			continue
		}
		stuck := time.AfterFunc(time.Minute, func() { panic(fmt.Sprintf("seed %d is stuck:\n%s", seed, r)) })
		defer stuck.Stop()
		if err := r.Wait(); err != nil {
			t.Fatalf("seed %d, after %d kills: %v", seed, kills, err)
		}
		break
	}
	w, g := outcome(t, want), outcome(t, dir)
	for name := range w {
		if g[name] != w[name] {
			t.Errorf("seed %d, after %d kills: %s is another: %d and %d bytes\n%s", seed, kills, name, len(g[name]), len(w[name]), difference(g[name], w[name]))
		}
	}
	for name := range g {
		if _, is := w[name]; !is {
			t.Errorf("seed %d: %s should not be there", seed, name)
		}
	}
	return kills, finished
}

// difference shows the first lines that are in one text alone.
func difference(got, want string) string {
	n := map[string]int{}
	for _, l := range strings.SplitAfter(got, "\n") {
		n[l]++
	}
	for _, l := range strings.SplitAfter(want, "\n") {
		n[l]--
	}
	var out []string
	for l, k := range n {
		if k != 0 {
			out = append(out, fmt.Sprintf("%+d %s", k, l))
		}
	}
	slices.Sort(out)
	return strings.Join(out[:min(len(out), 8)], "")
}
