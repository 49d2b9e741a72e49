package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/planner/physical"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/runtime/stage"
	"weir/runtime/storage/localfile"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type fataler interface {
	Fatal(...any)
	Fatalf(string, ...any)
	Helper()
}

// execute runs a plan in a temporary folder of its own, which must be empty again when it has ended.
func execute(t fataler, ctx context.Context, p *planner, o Options) (map[string]*result, *Summary, error) {
	t.Helper()
	results := map[string]*result{}
	cat, err := op.NewCatalogue(testOps(results), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "weir-test-*")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	o.Catalogue, o.Storage, o.TempDir = cat, localfile.New(), dir
	s, err := Run(ctx, &p.plan, o)
	if left := files(t, dir); len(left) > 0 {
		t.Fatalf("left behind: %v", left)
	}
	return results, s, err
}

func files(t fataler, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// shape is a pipeline that can be planned for any parallelism.
type shape struct {
	rows, splits, step int64
	chain              []string // behind the first source
	slow               bool
	second             bool // another source, united with the first
	sum, pairs, limit  bool
	rejected           bool
}

func drawShape(t *rapid.T) shape {
	flag := func(name string) bool { return rapid.Bool().Draw(t, name) }
	return shape{
		rows: rapid.Int64Range(0, 12).Draw(t, "rows"), splits: rapid.Int64Range(0, 24).Draw(t, "splits"), step: rapid.Int64Range(1, 9).Draw(t, "step"),
		chain: rapid.SliceOfN(rapid.SampledFrom([]string{"double", "slow", "odd"}), 0, 3).Draw(t, "chain"),
		slow:  flag("slow"), second: flag("second"), sum: flag("sum"), pairs: flag("pairs"), limit: flag("limit"), rejected: flag("rejected"),
	}
}

// plan makes the pipeline's plan. Its sinks are in one task and get their rows in a fixed order.
func (s shape) plan(parallelism int) *planner {
	p := newPlanner()
	rejected := s.rejected || slices.Contains(s.chain, "odd")
	args := op.Args{"rows": lit(s.rows), "splits": lit(s.splits), "step": lit(s.step)}
	if rejected {
		args["reject"] = lit(5)
	}
	src, _ := p.source(parallelism, args)
	last := src
	var sides []logical.Input
	if rejected {
		sides = append(sides, side(src, "rejected"))
	}
	for _, name := range s.chain {
		last = p.chain(name, nil, numberRow, last)
		if name == "odd" {
			sides = append(sides, side(last, "rejected"))
		}
	}
	order := physical.BySplit
	ends := []logical.Input{in(last)[0]}
	if s.second {
		other, _ := p.source(parallelism, op.Args{"rows": lit(s.rows/2 + 1), "splits": lit(s.splits / 2), "step": lit(3)})
		ends = append(ends, in(other)[0])
	}
	// Several streams into one port, each in the order of its splits: one behind the other.
	p.behind(1, "collect", op.Args{"to": text("rows")}, nil, physical.Gather, order, ends...)
	if len(sides) > 0 {
		p.behind(1, "collect", op.Args{"to": text("rejected")}, nil, physical.Gather, order, sides...)
	}
	union := p.behind(parallelism, "union", nil, numberRow, physical.Rebalance, "", ends...)
	p.behind(1, "collect", op.Args{"to": text("united")}, nil, physical.Gather, physical.ByOrdinals, in(union)[0])
	if s.sum {
		sum := p.behind(parallelism, "sum", nil, numberRow, physical.Hash, "", in(union)[0])
		p.behind(1, "collect", op.Args{"to": text("sums")}, nil, physical.Gather, physical.ByOrdinals, in(sum)[0])
	}
	if s.limit {
		limit := p.behind(1, "limit", op.Args{"n": lit(s.rows)}, numberRow, physical.Gather, order, ends...)
		p.chain("collect", op.Args{"to": text("first")}, nil, limit)
	}
	if s.pairs {
		pairs := p.pairs(parallelism, last, physical.BySplit)
		p.behind(1, "collect", op.Args{"to": text("pairs")}, nil, physical.Gather, physical.ByOrdinals, in(pairs)[0])
	}
	return p
}

// TestSameOutput: whatever the pipeline, parallelism and memory change nothing of what any sink gets, order included.
func TestSameOutput(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawShape(t)
		var first map[string]*result
		for _, parallelism := range []int{1, 2, 8} {
			memory := rapid.SampledFrom([]int64{1, 20000, DefaultMemory}).Draw(t, "memory")
			got, summary, err := execute(t, context.Background(), s.plan(parallelism), Options{Memory: memory})
			if err != nil {
				t.Fatal(err)
			}
			if summary.Rejected != 0 {
				t.Fatalf("%d rows are said to be rejected, and a sink has them", summary.Rejected)
			}
			if first == nil {
				first = got
				continue
			}
			for name := range first {
				if !slices.Equal(first[name].lines, got[name].lines) {
					t.Fatalf("%s at parallelism %d, memory %d:\n%q\nat 1:\n%q", name, parallelism, memory, got[name].lines, first[name].lines)
				}
			}
		}
	})
}

// TestRight: the outputs are what they should be, by a computation without the runtime.
func TestRight(t *testing.T) {
	s := shape{rows: 50, splits: 30, step: 7, chain: []string{"odd"}, sum: true, pairs: true, limit: true}
	got, summary, err := execute(t, context.Background(), s.plan(4), Options{Memory: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{}
	sums := map[int64]int64{}
	var keys, odd []int64
	for k := range int64(1500) {
		v := k * 7919 % 101
		if v == 13 {
			want["rejected"] = append(want["rejected"], fmt.Sprintf("odd\tnumbers\t%d\t<nil>\t<nil>\tW6999\t13\t<nil>", k+1))
		} else if k%2 == 1 {
			want["rows"] = append(want["rows"], fmt.Sprintf("%d\t%d", k, v))
			if _, is := sums[v]; !is {
				keys = append(keys, v)
			}
			sums[v] += k
			odd = append(odd, k)
		}
	}
	want["rejected"] = append([]string{"numbers\tnumbers\t6\t<nil>\t<nil>\tW6999\tunlucky\traw"}, want["rejected"]...)
	want["united"], want["first"] = want["rows"], want["rows"][:50]
	for _, v := range keys { // in the order of their first row
		want["sums"] = append(want["sums"], fmt.Sprintf("%d\t%d", v, sums[v]))
	}
	for i, a := range odd {
		for _, b := range odd[i+1:] {
			want["pairs"] = append(want["pairs"], fmt.Sprintf("[%d %d]\t[%d %d]", a, a*7919%101, b, b*7919%101))
		}
	}
	for name, lines := range want {
		if !slices.Equal(got[name].lines, lines) {
			t.Errorf("%s: got %d rows, want %d", name, len(got[name].lines), len(lines))
		}
	}
	for _, n := range []struct {
		op  string
		out int64
	}{{"numbers", 1500}, {"odd", int64(len(odd))}, {"pairs", int64(len(want["pairs"]))}, {"sum", int64(len(keys))}} {
		for id, c := range summary.Nodes {
			for _, x := range s.plan(4).plan.Nodes {
				if x.ID == id && x.Op == n.op && (c.RowsOut != n.out || c.Bytes == 0 || c.Busy == 0) {
					t.Errorf("counters of %s: %+v, want %d rows out", n.op, c, n.out)
				}
			}
		}
	}
}

// troubled is a pipeline with a sink that writes files and an operator that makes trouble.
func troubled(parallelism int, dir, how string, at int64) *planner {
	p := newPlanner()
	src, _ := p.source(parallelism, op.Args{"rows": lit(20), "splits": lit(20)})
	bad := p.chain("trouble", op.Args{"at": lit(at), "how": &op.Arg{Word: how}}, numberRow, src)
	p.behind(1, "write", op.Args{"to": text(dir + "/one")}, nil, physical.Gather, physical.BySplit, in(bad)[0])
	p.behind(parallelism, "write", op.Args{"to": text(dir + "/parts/")}, nil, physical.Rebalance, "", in(bad)[0])
	pairs := p.pairs(parallelism, bad, physical.BySplit)
	p.behind(1, "write", op.Args{"to": text(dir + "/pairs")}, nil, physical.Gather, physical.ByOrdinals, in(pairs)[0])
	return p
}

// TestFailures: whatever fails, the root cause is the error, nothing is visible and nothing is left behind.
func TestFailures(t *testing.T) {
	for _, parallelism := range []int{1, 4} {
		for _, how := range []string{"error", "coded", "panic", "batch", "splits", "commit", "create", "operator", "plan"} {
			t.Run(fmt.Sprint(how, parallelism), func(t *testing.T) {
				dir := t.TempDir()
				p := troubled(parallelism, dir, how, 333)
				wantCode, wantNode, wantText := "W6003", "trouble", "out of order"
				switch how {
				case "coded":
					wantCode, wantText = "W6998", "there is trouble"
				case "splits":
					p.plan.Nodes[0].Args["bad_splits"] = &op.Arg{Expr: lit(0).Expr}
					p.plan.Nodes[0].Args["bad_splits"].Expr.Type, p.plan.Nodes[0].Args["bad_splits"].Expr.Value = types.Of(types.Bool), true
					wantNode, wantText = "numbers", "the splits cannot be listed"
				case "commit":
					for _, n := range p.plan.Nodes {
						if n.Op == "write" {
							n.Args["how"] = &op.Arg{Word: "fail"}
						}
					}
					wantCode, wantNode, wantText = "W6997", "write", "no commit"
				case "create":
					p.plan.Nodes[len(p.plan.Nodes)-1].Args["to"] = text(dir)
					wantCode, wantNode, wantText = "W6202", "write", "cannot be created"
				case "operator":
					p.plan.Nodes[1].Op = "nope"
					wantCode, wantNode, wantText = "W6001", "nope", "no operator"
				case "plan":
					p.plan.Version = 99
					wantCode, wantNode, wantText = "W6001", "", "version 99"
				}
				_, _, err := execute(t, context.Background(), p, Options{})
				if how == "panic" || how == "batch" {
					var bug *stage.Bug
					if !errors.As(err, &bug) || bug.Node != "trouble" || how == "panic" && !strings.Contains(string(bug.Stack), "ops_test.go") {
						t.Errorf("got %v", err)
					}
				} else {
					var e *op.Error
					if !errors.As(err, &e) || e.Code != wantCode || e.Node != wantNode || !strings.Contains(err.Error(), wantText) {
						t.Errorf("got %v, %+v", err, e)
					}
				}
				if left := files(t, dir); len(left) > 0 {
					t.Errorf("left behind: %v", left)
				}
			})
		}
	}
}

// TestCommit: what a run writes is there when it has ended, the parts of all tasks together.
func TestCommit(t *testing.T) {
	dir := t.TempDir()
	if _, _, err := execute(t, context.Background(), troubled(4, dir, "", -1), Options{}); err != nil {
		t.Fatal(err)
	}
	var parts []string
	for _, f := range files(t, dir+"/parts") {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")...)
	}
	one, err := os.ReadFile(dir + "/one")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(one), "\n"), "\n")
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	slices.Sort(parts)
	slices.Sort(lines)
	if len(lines) != 400 || !slices.Equal(lines, parts) || len(files(t, dir)) != 6 {
		t.Errorf("%d lines, %d in parts, files %v", len(lines), len(parts), files(t, dir))
	}
}

// TestCancel: a run that is stopped at any moment says so, or has written everything; nothing is left behind, no goroutine either (TestMain). How long
// the longest has taken to end is logged.
func TestCancel(t *testing.T) {
	why := errors.New("somebody pressed a key")
	seeds, longest := uint64(200), time.Duration(0)
	if testing.Short() {
		seeds = 20
	}
	for seed := range seeds {
		random := rand.New(rand.NewPCG(seed, 1))
		dir := t.TempDir()
		p := troubled(1+random.IntN(8), dir, []string{"", "wait"}[random.IntN(2)], 333)
		ctx, cancel := context.WithCancelCause(context.Background())
		var timer *time.Timer
		var at atomic.Int64 // when it was stopped
		if seed > 0 {
			timer = time.AfterFunc(time.Duration(random.IntN(20000))*time.Microsecond, func() { at.Store(time.Now().UnixNano()); cancel(why) })
		} else {
			cancel(why)
		}
		_, _, err := execute(t, ctx, p, Options{Memory: 1 << random.IntN(24)})
		if then := at.Load(); then > 0 && err != nil {
			longest = max(longest, time.Since(time.Unix(0, then)))
		}
		left := files(t, dir)
		var e *op.Error
		switch {
		case err == nil && len(left) < 3:
			t.Fatalf("seed %d: the run ended well, and there is only %v", seed, left)
		case err != nil && (!errors.Is(err, why) || !errors.As(err, &e) || e.Code != codeInterrupted):
			t.Fatalf("seed %d: got %v", seed, err)
		case err != nil && len(left) > 0:
			t.Fatalf("seed %d: left behind: %v", seed, left)
		}
		if timer != nil {
			timer.Stop()
		}
		cancel(nil)
	}
	t.Logf("the longest took %v to end", longest)
}

// TestMaxErrors: the run stops at the first rejected row beyond the limit, and tells of those that were borne.
func TestMaxErrors(t *testing.T) {
	for _, c := range []struct {
		max   int64
		fails bool
	}{{0, true}, {3, true}, {4, false}, {-1, false}} {
		p := newPlanner()
		src, _ := p.source(1, op.Args{"rows": lit(100), "splits": lit(4)}) // v is 13 in four rows
		odd := p.chain("odd", nil, numberRow, src)
		p.behind(1, "collect", op.Args{"to": text("rows")}, nil, physical.Gather, physical.BySplit, in(odd)[0])
		_, s, err := execute(t, context.Background(), p, Options{MaxErrors: c.max})
		var e *op.Error
		if c.fails {
			if !errors.As(err, &e) || e.Code != "W6999" || e.Message != "13" || e.File != "numbers" || e.Record == 0 || e.Node != "odd" || e.Hint == "" ||
				s.Rejected != c.max+1 {
				t.Errorf("%d: got %v with %d rejected", c.max, err, s.Rejected)
			}
			continue
		}
		if err != nil || s.Rejected != 4 || len(s.Rejections) != 4 || s.Rejections[0].Node != "odd" || s.Rejections[0].Record == 0 {
			t.Errorf("%d: got %v, %+v", c.max, err, s)
		}
	}
}

// TestBackPressure: a source is never further ahead of a slow consumer than the batches that may wait, however many
// rows pass.
func TestBackPressure(t *testing.T) {
	given.Store(0)
	taken.Store(0)
	mostAhead.Store(0)
	p := newPlanner()
	src, _ := p.source(2, op.Args{"rows": lit(2000), "splits": lit(10), "step": lit(10)})
	ahead := p.behind(2, "ahead", nil, numberRow, physical.Rebalance, "", in(src)[0])
	p.behind(1, "collect", op.Args{"to": text("rows")}, nil, physical.Gather, "", in(ahead)[0])
	got, _, err := execute(t, context.Background(), p, Options{})
	if err != nil || len(got["rows"].lines) != 20000 {
		t.Fatal(err)
	}
	// Two senders have a channel to each of two tasks, and each of 4 tasks has a batch in its hands.
	if most := mostAhead.Load(); most > (2*2*inboxBatches+4)*10 {
		t.Errorf("the source was %d rows ahead", most)
	}
}

// TestTrickle: a row is on its way as soon as it is there; the source gives the next one only when the sink has the
// last.
func TestTrickle(t *testing.T) {
	p := newPlanner()
	n, s := p.node("trickle", op.Args{"rows": lit(20), "splits": lit(2), "step": lit(1)}, numberRow), p.stage(1)
	p.add(s, n, physical.Whole)
	double := p.behind(2, "double", nil, numberRow, physical.Rebalance, "", in(n)[0])
	p.behind(1, "tap", nil, nil, physical.Gather, "", in(double)[0])
	if _, _, err := execute(t, context.Background(), p, Options{}); err != nil {
		t.Fatal(err)
	}
}

// fakeClock goes on by an hour when somebody waits for it.
type fakeClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) After(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	out := make(chan time.Time, 1)
	out <- c.now
	return out
}

// TestTimer: an operator that asks for a processing time hears of it.
func TestTimer(t *testing.T) {
	p := newPlanner()
	n, s := p.node("trickle", op.Args{"rows": lit(1), "splits": lit(1)}, numberRow), p.stage(1)
	p.add(s, n, physical.Whole)
	alarm := p.behind(1, "alarm", nil, numberRow, physical.Gather, "", in(n)[0])
	p.behind(1, "tap", nil, nil, physical.Gather, "", in(alarm)[0]) // its row lets the source go on
	_, summary, err := execute(t, context.Background(), p, Options{Clock: &fakeClock{now: time.Unix(1e9, 0)}})
	if err != nil || summary.Nodes[alarm].RowsOut != 1 {
		t.Fatal(err, summary.Nodes[alarm])
	}
}

// TestProgress: the last report is of the whole run.
func TestProgress(t *testing.T) {
	var last Progress
	p := shape{rows: 10, splits: 12, step: 3, chain: []string{"double"}, pairs: true}.plan(2)
	_, s, err := execute(t, context.Background(), p, Options{Progress: func(p Progress) { last = p }})
	if err != nil {
		t.Fatal(err)
	}
	first := last.Stages[0]
	if first.SplitsDone != 12 || first.SplitsKnown != 12 || !first.AllKnown || first.SplitsRunning != 0 || first.WeightDone != 120 || !first.Ended {
		t.Errorf("%+v", first)
	}
	for _, x := range last.Stages {
		if !x.Ended || x.Queued != 0 || x.Waiting {
			t.Errorf("%+v", x)
		}
	}
	if last.Nodes[1].RowsOut != 120 || s.Nodes[1].RowsOut != 120 {
		t.Error(last.Nodes)
	}
}

// TestBadPlans: a plan that does not fit together is an error, never a panic.
func TestBadPlans(t *testing.T) {
	for name, spoil := range map[string]func(p *planner){
		"stage twice":      func(p *planner) { p.plan.Stages[1].ID = 0 },
		"parallelism":      func(p *planner) { p.plan.Stages[0].Parallelism = 0 },
		"later input":      func(p *planner) { p.plan.Stages[1].Inputs[0].Stage = 5 },
		"no such operator": func(p *planner) { p.plan.Stages[1].Inputs[0].From = 7 },
		"no such place":    func(p *planner) { p.plan.Stages[1].Inputs[0].To = -1 },
		"no such node":     func(p *planner) { p.plan.Stages[0].Ops[0].Node = 99 },
		"a circle":         func(p *planner) { p.plan.Stages[0].Ops[1].Inputs = [][]physical.ChainInput{{{Op: 1}}} },
		"no such chain":    func(p *planner) { p.plan.Stages[0].Ops[1].Inputs = [][]physical.ChainInput{{{Op: 9}}} },
		"after later":      func(p *planner) { p.plan.Stages[0].After = []int{1} },
		"exchange kind":    func(p *planner) { p.plan.Stages[1].Inputs[0].Kind = "mail" },
		"hash without keys": func(p *planner) {
			p.plan.Stages[1].Inputs[0].Kind, p.plan.Stages[1].Inputs[0].Order = physical.Hash, ""
		},
		"ordered broadcast":  func(p *planner) { p.plan.Stages[1].Inputs[0].Kind = physical.Broadcast },
		"part":               func(p *planner) { p.plan.Stages[0].Ops[0].Part = "half" },
		"order of no splits": func(p *planner) { p.plan.Stages[4].Inputs[0].Order = physical.BySplit },
	} {
		p := shape{rows: 1, splits: 1, step: 1, chain: []string{"double"}, sum: true}.plan(2)
		spoil(p)
		_, _, err := execute(t, context.Background(), p, Options{})
		var e *op.Error
		if !errors.As(err, &e) || e.Code != codePlan && e.Code != "W6002" || e.Hint == "" {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestKeyGroup: the groups of keys are part of what a snapshot means.
func TestKeyGroup(t *testing.T) {
	for key, want := range map[string]int{"": 119, "a": 65, "b": 55, "protein": 97} {
		if got := batch.KeyGroup([]byte(key), KeyGroups); got != want {
			t.Errorf("the group of %q is %d, was %d", key, got, want)
		}
	}
}
