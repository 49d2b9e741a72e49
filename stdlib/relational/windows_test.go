package relational_test

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"weir/runtime/batch"
	"weir/runtime/op/optest"
)

const eventType = `{ k: string, at: timestamp?, x: int }`

const second = int64(time.Second)

// anyEvents draws rows about a minute long, some of them before 1970.
func anyEvents(t *rapid.T, most int) [][]any {
	n := rapid.IntRange(0, most).Draw(t, "rows")
	rows := make([][]any, n)
	for i := range rows {
		rows[i] = []any{rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "k"), rapid.Int64Range(-60, 60).Draw(t, "at") * second, int64(i)}
	}
	return rows
}

// naive computes windows from their definition: all windows of every row, sessions by sorting.
func naive(rows [][]any, kind string, size, every int64) []string {
	type window struct {
		k          string
		start, end int64
	}
	counts, sums := map[window]int64{}, map[window]int64{}
	add := func(w window, x int64) { counts[w]++; sums[w] += x }
	if kind == "session" {
		byKey := map[string][][]any{}
		for _, r := range rows {
			byKey[r[0].(string)] = append(byKey[r[0].(string)], r)
		}
		for k, rs := range byKey {
			sort.Slice(rs, func(i, j int) bool { return rs[i][1].(int64) < rs[j][1].(int64) })
			for i := 0; i < len(rs); {
				j := i + 1
				for j < len(rs) && rs[j][1].(int64)-rs[j-1][1].(int64) <= size {
					j++
				}
				for _, r := range rs[i:j] {
					add(window{k, rs[i][1].(int64), rs[j-1][1].(int64) + size}, r[2].(int64))
				}
				i = j
			}
		}
	} else {
		for _, r := range rows {
			for start := int64(-200); start <= 200; start++ {
				at := r[1].(int64)
				if start*second%every == 0 && start*second <= at && at < start*second+size {
					add(window{r[0].(string), start * second, start*second + size}, r[2].(int64))
				}
			}
		}
	}
	var out []string
	for w, n := range counts {
		out = append(out, fmt.Sprintf("%s %d %d n=%d s=%d", w.k, w.start, w.end, n, sums[w]))
	}
	sort.Strings(out)
	return out
}

// windows lists the rows of a windowed aggregate as naive does.
func windows(c *chain) []string {
	var out []string
	for _, b := range c.out.Batches {
		for i := range b.Len() {
			p := b.Pos(i)
			out = append(out, fmt.Sprintf("%s %d %d n=%d s=%d", b.Col("k").Bytes(p), b.Col("window_start").Int(p), b.Col("window_end").Int(p), b.Col("n").Int(p), b.Col("s").Int(p)))
		}
	}
	sort.Strings(out)
	return out
}

// TestWindowsNaive: every kind of window has the rows that its definition says, at any parallelism, with much memory and with little.
func TestWindowsNaive(t *testing.T) {
	for _, w := range []struct {
		kind, text  string
		size, every int64
	}{{"tumbling", "tumbling(10s)", 10, 10}, {"sliding", "sliding(10s, every: 3s)", 10, 3}, {"sliding", "sliding(7s, every: 7s)", 7, 7}, {"session", "session(4s)", 4, 4}} {
		c := newChain(t, eventType, "event_time(at) |> window("+w.text+") |> aggregate(by: k, n = count(), s = sum(x))", false)
		rapid.Check(t, func(t *rapid.T) {
			rows := anyEvents(t, 40)
			c.t = t
			c.memory = 1 << 40
			if rapid.Bool().Draw(t, "little") {
				c.memory = 1000
			}
			c.open(rapid.IntRange(1, 3).Draw(t, "parallelism"), nil)
			defer c.close()
			if len(rows) > 0 {
				c.give(parts(table(c.row(), rows), rapid.IntRange(1, 10).Draw(t, "batch"))...)
			}
			c.drain()
			if got, want := windows(c), naive(rows, w.kind, w.size*second, w.every*second); !slices.Equal(got, want) {
				t.Fatalf("%s: got\n%s\nwant\n%s", w.text, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// TestWindowsLive: as rows come one by one, each either counts for its windows or is late, by the watermark before it; every window is given once, when
// the watermark passes its end, in order.
func TestWindowsLive(t *testing.T) {
	for _, w := range []struct {
		kind, text            string
		size, every, lateness int64
	}{{"tumbling", "tumbling(10s)", 10, 10, 0}, {"tumbling", "tumbling(10s), allowed_lateness: 7s", 10, 10, 7}, {"sliding", "sliding(10s, every: 5s)", 10, 5, 0}, {"session", "session(4s), allowed_lateness: 3s", 4, 4, 3}} {
		c := newChain(t, eventType, "event_time(at, out_of_order: 5s) |> window("+w.text+") |> aggregate(by: k, n = count(), s = sum(x))", true)
		rapid.Check(t, func(t *rapid.T) {
			c.t = t
			rows := anyEvents(t, 40)
			c.open(1, nil)
			defer c.close()
			var good, late [][]any
			mark := int64(math.MinInt64)
			given := 0
			last := []int64{math.MinInt64, math.MinInt64}
			for _, r := range rows {
				at := r[1].(int64)
				end := at + w.size*second // of the last window
				if w.kind != "session" {
					end = (at+600*second)/(w.every*second)*(w.every*second) - 600*second + w.size*second
				}
				if mark != math.MinInt64 && end+w.lateness*second <= mark {
					late = append(late, r)
				} else {
					good = append(good, r)
				}
				mark = max(mark, at-5*second)
				c.give(table(c.row(), [][]any{r}))
				for ; given < len(c.out.Batches); given++ {
					b := c.out.Batches[given]
					for i := range b.Len() {
						at := []int64{b.Col("window_end").Int(b.Pos(i)), b.Col("window_start").Int(b.Pos(i))}
						if at[0] > mark-w.lateness*second {
							t.Fatalf("a window until %d is given at %d", at[0]/second, mark/second)
						}
						if slices.Compare(at, last) < 0 {
							t.Fatalf("a window until %d comes behind one until %d", at[0]/second, last[0]/second)
						}
						last = at
					}
				}
			}
			n := 0
			for _, b := range c.out.Sides["late"] {
				for i := range b.Len() {
					if n >= len(late) || b.Col("x").Int(b.Pos(i)) != late[n][2].(int64) {
						t.Fatalf("row %d is late", b.Col("x").Int(b.Pos(i)))
					}
					n++
				}
			}
			if n != len(late) {
				t.Fatalf("%d rows are late, not %d", n, len(late))
			}
			c.drain()
			switch w.kind {
			case "sliding": // a row may be late for some of its windows
				return
			case "session": // a row may come when a session that it would have met has closed; it begins another one then
				n := int64(0)
				for _, b := range c.out.Batches {
					for i := range b.Len() {
						n += b.Col("n").Int(b.Pos(i))
					}
				}
				if n != int64(len(good)) {
					t.Fatalf("%d rows in sessions, not %d", n, len(good))
				}
				return
			}
			if got, want := windows(c), naive(good, w.kind, w.size*second, w.every*second); !slices.Equal(got, want) {
				t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// TestEventTime: nothing is said in a stream that is not live; nulls are rejected; silence is reported once in a while.
func TestEventTime(t *testing.T) {
	c := newChain(t, eventType, "event_time(at, out_of_order: 2s, idle: 10s)", false)
	rows := table(c.row(), [][]any{{"a", 5 * second, int64(1)}, {"b", nil, int64(2)}, {"c", 3 * second, int64(3)}})
	c.open(1, nil)
	c.give(rows)
	if c.marks[0] != 0 || len(c.sites[0][0].timers) > 0 {
		t.Error("time goes on in a stream that is not live")
	}
	if len(c.out.Rejections) != 1 || c.out.Rejections[0].Code != "W6420" || c.out.Rejections[0].Record != 2 || c.out.Batches[0].Len() != 2 {
		t.Errorf("rejected %v", c.out.Rejections)
	}
	c.live = true
	c.open(1, nil)
	s, x := c.sites[0][0], c.ops[0][0]
	if !slices.Equal(s.timers, []int64{10 * second}) {
		t.Fatalf("timers %v", s.timers)
	}
	s.now = 4 * second
	c.give(rows)
	if c.marks[0] != 3*second {
		t.Errorf("watermark %d", c.marks[0])
	}
	fire := func(t int64) { s.now, s.timers = t, nil; _ = x.Timer(t, hop{c, 0, 0}) }
	fire(10 * second)
	if c.out.IdleCalls != 0 || !slices.Equal(s.timers, []int64{14 * second}) {
		t.Errorf("idle %d, timers %v", c.out.IdleCalls, s.timers)
	}
	fire(14 * second)
	if c.out.IdleCalls != 1 || !slices.Equal(s.timers, []int64{24 * second}) {
		t.Errorf("idle %d, timers %v", c.out.IdleCalls, s.timers)
	}
	c.marks[0] = 0
	c.give(table(c.row(), [][]any{{"a", 1 * second, int64(1)}}))
	if c.marks[0] != 3*second { // not earlier, but again: the source is not idle any more
		t.Errorf("watermark %d", c.marks[0])
	}
}

// TestWindowEnds: times at the ends of the range, and a window that would leave it.
func TestWindowEnds(t *testing.T) {
	for _, w := range []string{"tumbling(7s)", "sliding(7s, every: 3s)", "session(7s)"} {
		c := newChain(t, eventType, "event_time(at) |> window("+w+")", false)
		c.open(1, nil)
		for i, at := range []int64{math.MinInt64, math.MaxInt64, 0, -1, math.MinInt64 + 20*second, math.MaxInt64 - 20*second} {
			c.out = &optest.Output{}
			c.give(table(c.row(), [][]any{{"a", at, int64(1)}}))
			bad := i == 1 || i == 0 && w != "session(7s)"
			if got := len(c.out.Rejections) == 1; got != bad {
				t.Errorf("%s: %d is rejected: %v", w, at, got)
			}
			for _, b := range c.out.Batches {
				for k := range b.Len() {
					start, end := b.Col("window_start").Int(b.Pos(k)), b.Col("window_end").Int(b.Pos(k))
					if start > at || end <= at || end-start != 7*second {
						t.Errorf("%s: %d lies in %d … %d", w, at, start, end)
					}
				}
			}
		}
	}
}

// TestWindowMany: a row in as many windows as there may be comes in batches of a bearable size.
func TestWindowMany(t *testing.T) {
	c := newChain(t, eventType, "event_time(at) |> window(sliding(10000s, every: 1s))", false)
	c.open(1, nil)
	c.give(table(c.row(), [][]any{{"a", int64(0), int64(1)}, {"b", 1 * second, int64(2)}}))
	n := 0
	for _, b := range c.out.Batches {
		if n += b.Len(); b.Len() > 4096 {
			t.Errorf("a batch of %d rows", b.Len())
		}
	}
	if n != 20_000 {
		t.Errorf("%d rows", n)
	}
}

// TestLateForAggregate: a row that comes to the aggregate behind the end of its window is counted and makes no second row.
func TestLateForAggregate(t *testing.T) {
	c := newChain(t, eventType, "event_time(at) |> window(tumbling(10s)) |> aggregate(by: k, n = count(), s = sum(x))", false)
	c.open(1, nil)
	c.give(table(c.row(), [][]any{{"a", 1 * second, int64(1)}}))
	if err := c.mark(2, 10*second); err != nil {
		t.Fatal(err)
	}
	c.give(table(c.row(), [][]any{{"a", 2 * second, int64(1)}, {"a", 11 * second, int64(1)}}))
	c.drain()
	if got := windows(c); len(got) != 2 || c.sites[2][0].counts["late"] != 1 {
		t.Errorf("%v, %d late", got, c.sites[2][0].counts["late"])
	}
}

// TestStateGoesOn: what is snapshot in the middle of a stream and restored with another parallelism gives, with the rest of the stream, what an
// uninterrupted run gives, even if the snapshot is written long after it was taken.
func TestStateGoesOn(t *testing.T) {
	aggs := "n = count(), s = sum(x), q = quantile(x, 0.4), d = count_distinct(x), f = first(x), l = last(x), all = collect(x), m = mean(x), lo = min(x)"
	for _, x := range []struct {
		stages string
		live   bool
	}{
		{"aggregate(by: k, " + aggs + ")", false},
		{"aggregate(" + aggs + ")", false},
		{"distinct(on: (k, at))", false},
		{"event_time(at) |> window(tumbling(10s)) |> aggregate(by: k, " + aggs + ")", false},
		{"event_time(at, out_of_order: 9s) |> window(tumbling(10s), allowed_lateness: 3s) |> aggregate(by: k, " + aggs + ")", true},
		{"event_time(at, out_of_order: 9s) |> window(sliding(10s, every: 4s)) |> aggregate(by: k, " + aggs + ")", true},
		{"event_time(at) |> window(session(3s)) |> aggregate(by: k, " + aggs + ")", false},
		{"event_time(at, out_of_order: 9s) |> window(session(3s), allowed_lateness: 3s) |> aggregate(by: k, " + aggs + ")", true},
	} {
		c := newChain(t, eventType, x.stages, x.live)
		keyed := strings.Contains(x.stages, "by:") || strings.HasPrefix(x.stages, "distinct")
		rapid.Check(t, func(t *rapid.T) {
			c.t = t
			rows := anyEvents(t, 60)
			if len(rows) == 0 {
				return
			}
			bs := parts(table(c.row(), rows), rapid.IntRange(1, 12).Draw(t, "batch"))
			tasks := func(name string) int {
				if !keyed {
					return 1
				}
				return rapid.IntRange(1, 4).Draw(t, name)
			}
			c.memory = 1 << 40
			c.open(1, nil)
			c.give(bs...)
			c.drain()
			c.close()
			want := c.written(true)

			if rapid.Bool().Draw(t, "little") && !(x.live && strings.Contains(x.stages, "session")) {
				c.memory = 3000
			}
			at := rapid.IntRange(0, len(bs)).Draw(t, "at")
			c.open(tasks("before"), nil)
			c.give(bs[:at/2]...)
			if rapid.Bool().Draw(t, "earlier") { // an earlier snapshot must not be in the way
				_, finish := c.snapshot(1)
				if rapid.Bool().Draw(t, "finished") {
					finish()
				}
			}
			c.give(bs[at/2 : at]...)
			states, finish := c.snapshot(2)
			before := *c.out
			before.Batches, before.Sides = slices.Clone(before.Batches), map[string][]*batch.Batch{}
			for name, s := range c.out.Sides {
				before.Sides[name] = slices.Clone(s)
			}
			lost := rapid.IntRange(at, len(bs)).Draw(t, "lost")
			c.give(bs[at:lost]...)
			if rapid.Bool().Draw(t, "drained") {
				c.drain()
			}
			finish()
			c.close()

			c.open(tasks("after"), states)
			c.give(bs[at:]...)
			c.drain()
			c.close()
			c.out.Batches = append(before.Batches, c.out.Batches...)
			for name, s := range before.Sides {
				if c.out.Sides == nil {
					c.out.Sides = map[string][]*batch.Batch{}
				}
				c.out.Sides[name] = append(s, c.out.Sides[name]...)
			}
			if got := c.written(true); got != want {
				t.Fatalf("%s: got\n%s\nwant\n%s", x.stages, got, want)
			}
		})
	}
}
