package simulation

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"weir/compiler"
	"weir/compiler/expr"
	"weir/planner"
	"weir/planner/physical"
	"weir/runtime/checkpoint"
	"weir/runtime/eval"
	"weir/runtime/local"
	"weir/runtime/op"
	"weir/stdlib"
)

// flows are the pipelines that are simulated: each one's outputs under /out/ are compared.
var flows = map[string]string{
	"rows": `
type T = { n: int, k: string, x: float }
let rows = read_jsonl("/in/", as: T) |> filter(n % 5 != 0) |> derive(m = n * 2, u = upper(k))
rows |> write_tsv("/out/one.tsv")
rows |> select(n, u) |> write_jsonl("/out/parts/")
rows.rejected |> write_jsonl("/out/rejected.jsonl")
`,
	"keyed": `
type T = { n: int, k: string, x: float }
let rows = read_jsonl("/in/", as: T)
rows |> aggregate(by: k, c = count(), total = sum(x), m = max(n), l = last(n)) |> write_tsv("/out/groups.tsv")
rows |> distinct(on: k) |> select(k, n) |> write_jsonl("/out/distinct.jsonl")
rows |> sort(desc(x)) |> select(n, x) |> write_jsonl("/out/sorted.jsonl")
rows |> sort(k, n) |> limit(7) |> write_tsv("/out/first.tsv")
rows.rejected |> write_jsonl("/out/rejected.jsonl")
`,
	"windows": `
type T = { n: int, k: string, x: float }
let rows = read_jsonl("/in/", as: T)
  |> derive(at = 2026-01-01T00:00:00Z + 1s * n)
  |> event_time(at)
rows |> window(tumbling(20s)) |> aggregate(by: k, c = count(), total = sum(x)) |> write_jsonl("/out/parts/")
rows |> window(session(3s)) |> aggregate(by: k, c = count()) |> write_jsonl("/out/sessions.jsonl")
`,
	"join": `
type T = { n: int, k: string, x: float }
let rows = read_jsonl("/in/", as: T)
let totals = rows |> aggregate(by: k, total = sum(x))
rows |> join(totals, on: k) |> select(n, k, total) |> write_jsonl("/out/joined.jsonl")
rows |> filter(n % 7 == 0) |> join(rows |> filter(n % 2 == 0), on: n, kind: anti) |> select(n) |> write_jsonl("/out/parts/")
`,
}

// input makes files of rows, some of them bad.
func input(random *rand.Rand) map[string][]byte {
	files := map[string][]byte{}
	n := 0
	for f := range 1 + random.IntN(4) {
		var b strings.Builder
		for range random.IntN(60) {
			if random.IntN(20) == 0 {
				fmt.Fprintf(&b, "{\"n\":\"bad %d\"}\n", n)
			} else {
				fmt.Fprintf(&b, "{\"n\":%d,\"k\":\"user%d\",\"x\":%d.25}\n", n, random.IntN(9), n)
			}
			n++
		}
		files[fmt.Sprintf("/in/%d.jsonl", f)] = []byte(b.String())
	}
	return files
}

// plan compiles a pipeline over a disk.
func plan(t *testing.T, cat *op.Catalogue, src string, disk *Disk, parallelism int) *physical.Plan {
	t.Helper()
	r := compiler.Compile("/sim.flow", []byte(src), compiler.Options{Catalogue: cat, Root: "/", Storage: disk})
	if r.Diags.HasErrors() {
		t.Fatal(r.Diags)
	}
	p, diags := planner.Make(r.Plan, planner.Options{Catalogue: cat, Storage: disk, Target: "local", Parallelism: parallelism,
		Fold: func(e *expr.Expr) (any, bool) { return eval.Fold(cat, e) }})
	if p == nil {
		t.Fatal(diags)
	}
	return p
}

// outcome is what a run left under /out/: single files as they are, the lines of parts sorted.
func outcome(d *Disk) map[string]string {
	out := map[string]string{}
	var parts []string
	for name, data := range d.Files() {
		switch {
		case strings.HasPrefix(name, "/out/parts/"):
			parts = append(parts, strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")...)
		case strings.HasPrefix(name, "/out/"):
			out[name] = string(data)
		}
	}
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	slices.Sort(parts)
	out["parts"] = strings.Join(parts, "\n")
	return out
}

// attempt runs a pipeline once, from the last checkpoint, and takes checkpoints at times that follow from random.
func attempt(t *testing.T, cat *op.Catalogue, src string, disk *Disk, random *rand.Rand, parallelism int, memory int64, crash bool) (trace uint64, err error) {
	t.Helper()
	return attemptEvery(t, cat, src, disk, random, parallelism, memory, crash, time.Duration(1+random.IntN(20))*time.Millisecond)
}

func attemptEvery(t *testing.T, cat *op.Catalogue, src string, disk *Disk, random *rand.Rand, parallelism int, memory int64, crash bool, every time.Duration) (trace uint64, err error) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	disk.OnCrash = func() { cancel(ErrCrashed) }
	p := plan(t, cat, src, disk, parallelism)
	store, from, err := checkpoint.Open(ctx, disk, "/checkpoints/")
	if err != nil {
		return 0, err
	}
	c := &local.Checkpoints{Store: store, From: from, Every: every}
	if from != nil {
		if c.Match, err = from.MatchPlan(p); err != nil {
			t.Fatal(err)
		}
	}
	s := New(random)
	if crash {
		at := 1 + random.IntN(600)
		s.Step = func(n int) {
			if n == at {
				disk.mu.Lock()
				disk.stop()
				disk.mu.Unlock()
			}
		}
	}
	disk.Wait = s.Pause
	defer func() { disk.Wait = nil }()
	_, err = local.Run(ctx, p, local.Options{Catalogue: cat, Storage: disk, TempDir: t.TempDir(), Memory: memory, Scheduler: s, Checkpoints: c, MaxErrors: -1})
	return s.Trace(), err
}

// simulate runs a pipeline under a seed, with crashes and faults, until it ends well. It gives the outcome, how it went, and how many attempts
// there were.
func simulate(t *testing.T, cat *op.Catalogue, src string, seed uint64) (got, want map[string]string, trace uint64, attempts int) {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 99))
	files := input(random)
	quiet := NewDisk(rand.New(rand.NewPCG(seed, 1)), files)
	if _, err := attempt(t, cat, src, quiet, rand.New(rand.NewPCG(seed, 2)), 1, local.DefaultMemory, false); err != nil {
		t.Fatalf("seed %d: without any trouble: %v", seed, err)
	}
	disk := NewDisk(random, files)
	parallelism := 1 + random.IntN(4)
	memory := []int64{1 << 19, 1 << 20, 1 << 30}[random.IntN(3)]
	for attempts = 1; ; attempts++ {
		disk.FaultEvery, disk.CrashAt = 0, 0
		crash := false
		if attempts < 12 {
			switch random.IntN(3) {
			case 0:
				disk.FaultEvery = 5 + random.IntN(60)
			case 1:
				disk.CrashAt = 1 + random.IntN(60)
			case 2:
				crash = true
			}
		}
		tr, err := attempt(t, cat, src, disk, random, parallelism, memory, crash)
		trace = trace*31 + tr
		if disk.dead {
			disk.Restart()
			continue
		}
		if err == nil {
			return outcome(disk), outcome(quiet), trace, attempts
		}
		var oe *op.Error
		if !errors.As(err, &oe) {
			t.Fatalf("seed %d, attempt %d: %v", seed, attempts, err)
		}
		if attempts > 20 {
			t.Fatalf("seed %d: it does not end well: %v", seed, err)
		}
	}
}

// TestSimulation: whatever crashes and faults there are, and whoever goes on when, the output is that of a run without any. WEIR_SEEDS is how
// many seeds there are, WEIR_SEED one to repeat.
func TestSimulation(t *testing.T) {
	first, n := uint64(1), uint64(60)
	if s := os.Getenv("WEIR_SEEDS"); s != "" {
		x, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		n = x
	}
	if s := os.Getenv("WEIR_SEED"); s != "" {
		x, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		first, n = x, 1
	}
	cat, err := stdlib.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	for name, src := range flows {
		t.Run(name, func(t *testing.T) {
			resumed := 0
			for seed := first; seed < first+n; seed++ {
				got, want, _, attempts := simulate(t, cat, src, seed)
				if attempts > 1 {
					resumed++
				}
				for file := range want {
					if got[file] != want[file] {
						t.Fatalf("seed %d: after %d attempts %s is\n%s\nwithout trouble\n%s", seed, attempts, file, got[file], want[file])
					}
				}
				if len(got) != len(want) {
					t.Fatalf("seed %d: there are other files", seed)
				}
			}
			if resumed == 0 && n > 10 {
				t.Error("there was no trouble at all")
			}
		})
	}
}

// TestReplay: the same seed goes the same way.
func TestReplay(t *testing.T) {
	cat, err := stdlib.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	for name, src := range flows {
		for seed := uint64(1); seed < 6; seed++ {
			_, _, a, _ := simulate(t, cat, src, seed)
			_, _, b, _ := simulate(t, cat, src, seed)
			if a != b {
				t.Errorf("%s, seed %d went another way the second time", name, seed)
			}
		}
	}
}
