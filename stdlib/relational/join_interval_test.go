package relational_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/runtime/op/optest"
)

const events2 = `type A = { k: string?, at: timestamp, x: int }
type B = { k2: string?, at2: timestamp, y: int }
let a = watch("a/", as: A) |> event_time(at)
let b = watch("b/", as: B) |> event_time(at2)
`

// event is a row of a stream; late says what became of it.
type event struct {
	port int
	k    any
	at   int64
	n    int64
	late bool
}

// joinedRows is the naive result of an interval join: what it gives at once, and what when time has passed.
func joinedRows(kind string, within int64, es []event) []string {
	var out []string
	met := map[int]bool{}
	line := func(l, r *event) {
		s := ""
		for i, e := range []*event{l, r} {
			switch {
			case e != nil:
				s += fmt.Sprint(e.k, " ", e.at, " ", e.n, " | ")
			case i == 0 || kind != "semi" && kind != "anti":
				s += "nobody | "
			}
		}
		out = append(out, s)
	}
	for i, l := range es {
		for j, r := range es {
			if l.port != 0 || r.port != 1 || l.late || r.late || l.k == nil || l.k != r.k || max(l.at-r.at, r.at-l.at) > within {
				continue
			}
			if kind == "semi" && !met[i] {
				line(&l, nil)
			}
			met[i], met[j] = true, true
			if kind == "inner" || kind == "left" || kind == "full" {
				line(&l, &r)
			}
		}
	}
	for i, e := range es {
		if e.late || met[i] {
			continue
		}
		if e.port == 0 && (kind == "left" || kind == "full" || kind == "anti") {
			line(&e, nil)
		} else if e.port == 1 && kind == "full" {
			line(nil, &e)
		}
	}
	slices.Sort(out)
	return out
}

// joinedLines writes batches as joinedRows does.
func joinedLines(bs []*batch.Batch) []string {
	var out []string
	for _, b := range bs {
		for i := range b.Len() {
			pos, s := b.Pos(i), ""
			for _, names := range [][]string{{"k", "at", "x"}, {"k2", "at2", "y"}} {
				if b.Col(names[0]) == nil {
					continue
				}
				if b.Col(names[1]).IsNull(pos) {
					s += "nobody | "
					continue
				}
				s += fmt.Sprint(b.Col(names[0]).Value(pos), " ", b.Col(names[1]).Int(pos)/second, " ", b.Col(names[2]).Int(pos), " | ")
			}
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return out
}

// liveTasks are the tasks of an interval join of live streams.
type liveTasks struct {
	memory int64
	t      *rapid.T
	tb     testing.TB
	k      *keyed
	xs     []op.Instance
	outs   []*optest.Output
	all    []*batch.Batch
	rej    []op.Rejection
	said   int64 // the watermark behind the join
}

func (l *liveTasks) start(n int, live bool) {
	l.xs, l.outs = nil, nil
	for i := range n {
		x, err := catalogue.Operator(l.k.node.Op).New(&op.Config{Args: l.k.node.Args, In: l.k.in, Out: l.k.node.Out.Row, Live: live})
		if err != nil {
			l.tb.Fatal(err)
		}
		ctx := &room{surroundings{memory: l.memory}, l.tb.TempDir(), (i*128 + n - 1) / n, ((i+1)*128 + n - 1) / n}
		if err := x.Open(ctx); err != nil {
			l.tb.Fatal(err)
		}
		l.xs, l.outs = append(l.xs, x), append(l.outs, &optest.Output{})
	}
}

// collect takes what the tasks have given, and sees that no row is behind the watermark that they said before.
func (l *liveTasks) collect() {
	for _, o := range l.outs {
		for _, b := range o.Batches {
			for i := range b.Len() {
				if at := b.Col("at"); !at.IsNull(b.Pos(i)) && at.Int(b.Pos(i)) < l.said {
					l.t.Fatalf("a row of %d comes behind the watermark %d", at.Int(b.Pos(i)), l.said)
				}
			}
		}
		l.all = append(l.all, o.Batches...)
		l.rej = append(l.rej, o.Rejections...)
		*o = optest.Output{Watermarks: o.Watermarks}
	}
}

// TestIntervalJoin: rows of two streams that end join as two loops say.
func TestIntervalJoin(t *testing.T) { testInterval(t, false) }

// TestIntervalJoinLive: rows that come as they happen do as well, those that are late left out, each without a partner as soon as event time
// has passed it and no sooner, over restarts with other numbers of tasks.
func TestIntervalJoinLive(t *testing.T) { testInterval(t, true) }

func testInterval(t *testing.T, live bool) {
	withins := map[string]int64{"0s": 0, "4s": 4, "40s": 40}
	rapid.Check(t, func(rt *rapid.T) {
		kind := rapid.SampledFrom([]string{"inner", "left", "full", "semi", "anti"}).Draw(rt, "kind")
		text := rapid.SampledFrom(slices.Sorted(maps.Keys(withins))).Draw(rt, "within")
		within := withins[text]
		n, in := nodeOf(t, events2+"a |> join(b, on: (k = k2), within: "+text+", kind: "+kind+") |> print()\n", "join")
		l := &liveTasks{t: rt, tb: t, k: newKeyed(t, n, in), said: math.MinInt64, memory: rapid.SampledFrom([]int64{1 << 30, 50_000}).Draw(rt, "memory")}
		tasks := rapid.IntRange(1, 3).Draw(rt, "tasks")
		l.start(tasks, live)
		now := int64(math.MinInt64)
		var es []event
		for step := range rapid.IntRange(0, 60).Draw(rt, "steps") {
			switch k := rapid.IntRange(0, 9).Draw(rt, "step"); {
			case k == 0:
				all := &optest.State{Dir: t.TempDir(), Groups: map[int][][]byte{}, FilePaths: map[string]string{}}
				for _, x := range l.xs {
					state := &optest.State{Dir: t.TempDir()}
					if err := x.Snapshot(1, state); err != nil {
						rt.Fatal(err)
					}
					if rapid.Bool().Draw(rt, "more comes before it is written") {
						for port := range in {
							var rows [][]any
							for at := int64(-20); at <= 60; at++ {
								rows = append(rows, []any{"a", at * second, int64(0)}, []any{"b", at * second, int64(0)})
							}
							if err := x.Data(port, table(in[port], rows), &optest.Output{}); err != nil {
								rt.Fatal(err)
							}
						}
						if live {
							if err := x.Watermark(900*second, &optest.Output{}); err != nil {
								rt.Fatal(err)
							}
						}
					}
					if err := state.Finish(); err != nil {
						rt.Fatal(err)
					}
					for g, s := range state.Groups {
						all.Groups[g] = append(all.Groups[g], s...)
					}
					maps.Copy(all.FilePaths, state.FilePaths)
					if err := x.Close(); err != nil {
						rt.Fatal(err)
					}
				}
				tasks = rapid.IntRange(1, 3).Draw(rt, "tasks")
				l.start(tasks, live)
				for i, x := range l.xs {
					if err := x.Restore(all.Part((i*128+tasks-1)/tasks, ((i+1)*128+tasks-1)/tasks, i, tasks)); err != nil {
						rt.Fatal(err)
					}
				}
			case k == 1 && live:
				now = max(now, rapid.Int64Range(-20, 60).Draw(rt, "watermark"))
				for i, x := range l.xs {
					if err := x.Watermark(now*second, l.outs[i]); err != nil {
						rt.Fatal(err)
					}
				}
				l.collect()
				checkAlone(rt, kind, within, es, l.all, now)
				for _, o := range l.outs {
					if len(o.Watermarks) > 0 {
						l.said = max(l.said, o.Watermarks[len(o.Watermarks)-1])
					}
				}
				if want := (now - within) * second; l.said != want {
					rt.Fatalf("event time behind the join is %d, want %d", l.said, want)
				}
			default:
				e := event{port: k % 2, k: rapid.SampledFrom([]any{"a", "b", nil}).Draw(rt, "k"), at: rapid.Int64Range(-20, 60).Draw(rt, "at"), n: int64(100 * step)}
				copies := rapid.SampledFrom([]int{1, 1, 3, 150}).Draw(rt, "copies")
				var rows [][]any
				for i := range copies {
					e.late = e.at < now
					es = append(es, e)
					rows = append(rows, []any{e.k, e.at * second, e.n})
					if e.n = int64(100*step + i + 1); i%100 == 99 { // other buckets, too
						e.at = min(e.at+1, 60)
					}
				}
				all := table(in[e.port], rows)
				parts := cutUp(rt, e.port, all)
				if rapid.Bool().Draw(rt, "one by one") {
					parts = nil
					for i := range rows {
						parts = append(parts, part{e.port, all.Slice(i, i+1)})
					}
				}
				for _, p := range parts {
					for i, x := range l.xs {
						if mine := l.k.of(t, p, (i*128+tasks-1)/tasks, ((i+1)*128+tasks-1)/tasks); mine.Len() > 0 {
							if err := x.Data(p.port, mine, l.outs[i]); err != nil {
								rt.Fatal(err)
							}
						}
					}
				}
				l.collect()
			}
		}
		for i, x := range l.xs {
			if err := x.Drain(l.outs[i]); err != nil {
				rt.Fatal(err)
			}
			if err := x.Close(); err != nil {
				rt.Fatal(err)
			}
		}
		l.collect()
		late := 0
		for _, e := range es {
			outer := kind == "full" || e.port == 0 && (kind == "left" || kind == "anti")
			if e.late && (e.k != nil || outer) { // a row that joins nothing anyway is not missed
				late++
			}
		}
		if len(l.rej) != late {
			rt.Fatalf("%d rows are rejected, %d were late", len(l.rej), late)
		}
		for _, r := range l.rej {
			if r.Code != "W6421" || r.Record == 0 || !strings.Contains(r.Reason, "is late") {
				rt.Fatalf("rejected %+v", r)
			}
		}
		same(rt, kind, joinedLines(l.all), joinedRows(kind, within, es))
	})
}

// checkAlone sees that the rows without a partner are those that event time has passed, and no others.
func checkAlone(t *rapid.T, kind string, within int64, es []event, got []*batch.Batch, now int64) {
	var past []event
	for _, e := range es {
		if !e.late {
			past = append(past, e)
		}
	}
	alone := func(lines []string) []string {
		var out []string
		for _, s := range lines {
			if strings.Contains(s, "nobody") || kind == "anti" {
				out = append(out, s)
			}
		}
		return out
	}
	var want []string
	for _, s := range alone(joinedRows(kind, within, past)) {
		var k string
		var at int64
		if _, err := fmt.Sscanf(strings.TrimPrefix(s, "nobody | "), "%s %d", &k, &at); err != nil {
			t.Fatal(err)
		}
		if at+within < now {
			want = append(want, s)
		}
	}
	same(t, "alone", alone(joinedLines(got)), want)
}

// TestIntervalJoinMemory: rows that do not fit are an error that says what to do; when time has passed them their place is free again.
func TestIntervalJoinMemory(t *testing.T) {
	n, in := nodeOf(t, events2+"a |> join(b, on: (k = k2), within: 4s) |> print()\n", "join")
	rows := make([][]any, 1000)
	x := liveJoin(t, n, in, 200_000)
	var failed error
	for round := range int64(10) {
		for i := range rows {
			rows[i] = []any{"a", (round*100 + int64(i%3)) * second, int64(i)}
		}
		if failed = x.Data(int(round)%2, table(in[round%2], rows), &optest.Output{}); failed != nil {
			t.Fatal(round, failed)
		}
		if err := x.Watermark((round*100+90)*second, &optest.Output{}); err != nil {
			t.Fatal(err)
		}
	}
	for range 10 {
		for i := range rows {
			rows[i][1] = 2000 * second
		}
		if failed = x.Data(0, table(in[0], rows), &optest.Output{}); failed != nil {
			break
		}
	}
	if e, ok := failed.(*op.Error); !ok || e.Code != "W6410" || e.Hint == "" {
		t.Error(failed)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
}

func liveJoin(t testing.TB, n *logical.Node, in []types.Row, memory int64) op.Instance {
	x, err := catalogue.Operator(n.Op).New(&op.Config{Args: n.Args, In: in, Out: n.Out.Row, Live: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Open(&room{surroundings{memory: memory}, t.TempDir(), 0, 128}); err != nil {
		t.Fatal(err)
	}
	return x
}
