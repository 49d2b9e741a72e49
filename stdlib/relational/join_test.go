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

// keyed deals parts out to the tasks whose key groups their rows are of.
type keyed struct {
	node *logical.Node
	in   []types.Row
	keys [][]op.Evaluator // by port
}

func newKeyed(t testing.TB, n *logical.Node, in []types.Row) *keyed {
	k := &keyed{node: n, in: in}
	for port := range in {
		var evs []op.Evaluator
		for _, p := range n.Args["on"].On {
			e := p.Left
			if port == 1 {
				e = p.Right
			}
			ev, err := (&surroundings{}).Compile(e, in[port])
			if err != nil {
				t.Fatal(err)
			}
			evs = append(evs, ev)
		}
		k.keys = append(k.keys, evs)
	}
	return k
}

// of selects the rows of a batch whose key groups are in [first, last).
func (k *keyed) of(t testing.TB, p part, first, last int) *batch.Batch {
	var vs []*batch.Vector
	for _, ev := range k.keys[p.port] {
		v, _, err := ev.Eval(p.b)
		if err != nil {
			t.Fatal(err)
		}
		vs = append(vs, v)
	}
	kept := []uint32{}
	for i := range p.b.Len() {
		var key []byte
		for _, v := range vs {
			key = batch.AppendKey(key, v, p.b.Pos(i))
		}
		if g := batch.KeyGroup(key, 128); g >= first && g < last {
			kept = append(kept, uint32(p.b.Pos(i)))
		}
	}
	return p.b.Select(kept)
}

// run runs so many tasks over parts; from part at on other tasks, as many as then says, go on from a snapshot of all.
func (k *keyed) run(t testing.TB, memory int64, parts []part, tasks, at, then int) []*batch.Batch {
	t.Helper()
	var out []*batch.Batch
	var running []op.Instance
	start := func(n int) {
		running = nil
		for i := range n {
			ctx := &room{surroundings{memory: memory}, t.TempDir(), (i*128 + n - 1) / n, ((i+1)*128 + n - 1) / n}
			running = append(running, make1(t, k.node, k.in, ctx))
		}
	}
	start(tasks)
	for i, p := range parts {
		if i == at {
			all := &optest.State{Dir: t.TempDir(), Groups: map[int][][]byte{}, FilePaths: map[string]string{}}
			for _, x := range running {
				state := &optest.State{Dir: t.TempDir()}
				if err := x.Snapshot(1, state); err != nil {
					t.Fatal(err)
				}
				if err := state.Finish(); err != nil {
					t.Fatal(err)
				}
				for g, s := range state.Groups {
					all.Groups[g] = append(all.Groups[g], s...)
				}
				maps.Copy(all.FilePaths, state.FilePaths)
				all.ItemList = append(all.ItemList, state.ItemList...)
				if err := x.Close(); err != nil {
					t.Fatal(err)
				}
			}
			tasks = then
			start(tasks)
			for i, x := range running {
				if err := x.Restore(all.Part((i*128+tasks-1)/tasks, ((i+1)*128+tasks-1)/tasks, i, tasks)); err != nil {
					t.Fatal(err)
				}
			}
		}
		for i, x := range running {
			mine := k.of(t, p, (i*128+tasks-1)/tasks, ((i+1)*128+tasks-1)/tasks)
			s := &sink{row: k.node.Out.Row}
			if mine.Len() > 0 {
				if err := x.Data(p.port, mine, s); err != nil {
					t.Fatal(err)
				}
			}
			out = append(out, s.batches...)
		}
	}
	for _, x := range running {
		s := &sink{row: k.node.Out.Row}
		if err := x.Drain(s); err != nil {
			t.Fatal(err)
		}
		out = append(out, s.batches...)
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

const sides = `type L = { i: int?, f: float, s: string?, r: Q, pad: string }
type M = { i2: int, g: float?, s2: string, r2: Q?, more: string }
type Q = { a: int?, b: string }
let l = read_jsonl("l.jsonl", as: L)
let m = read_jsonl("m.jsonl", as: M)
`

// sideRows makes rows whose keys are few, or many, or mostly one.
func sideRows(t *rapid.T, n, port int) [][]any {
	mode := rapid.IntRange(0, 2).Draw(t, "mode")
	seed := uint64(rapid.Uint32().Draw(t, "seed"))
	next := func(n int) int {
		seed = seed*6364136223846793005 + 1442695040888963407
		return int(seed >> 33 % uint64(n))
	}
	rows := make([][]any, n)
	for i := range rows {
		x := next([]int{5, 300, 1 << 20}[mode])
		if mode == 2 && next(10) > 0 {
			x = 7 // one hot key
		}
		var k, s any = int64(x), fmt.Sprint("s", x)
		var rec any = []any{int64(x), "b"}
		if port == 0 && next(9) == 0 {
			k, s = nil, nil
		}
		if next(9) == 0 {
			rec = []any{nil, "b"}
			if port == 1 {
				rec = nil
			}
		}
		f := []any{0.0, math.Copysign(0, -1), float64(x)}[next(3)]
		rows[i] = []any{k, f, s, rec, strings.Repeat("p", next(30)) + fmt.Sprint(i)}
		if port == 1 && k == nil {
			rows[i][0] = int64(0)
		}
	}
	return rows
}

// keysOn are the columns of both sides that a join of these tests compares.
var keysOn = map[string][][2]int{"i = i2": {{0, 0}}, "s = s2": {{2, 2}}, "i = i2, f = g": {{0, 0}, {1, 1}}, "r = r2": {{3, 3}}, "f = i2": {{1, 0}}, "i": {{0, 0}}}

// twoLoops joins rows as two loops do.
func twoLoops(n *logical.Node, kind, on string, ls, rs [][]any) []string {
	var want []string
	add := func(l, r []any) {
		if l == nil {
			l = make([]any, 5)
		}
		if r == nil {
			r = make([]any, 5)
		}
		row := append(slices.Clone(l), r...)
		if on == "i" { // the key comes once
			row = append(slices.Clone(l), r[1:]...)
			if l[0] == nil && kind == "full" {
				row[0] = r[0]
			}
		}
		want = append(want, write(n.Out.Row, row[:len(n.Out.Row)]))
	}
	met := map[int]bool{}
	for _, l := range ls {
		found := false
		for j, r := range rs {
			equal := true
			for _, k := range keysOn[on] {
				a, b := l[k[0]], r[k[1]]
				if x, ok := b.(int64); ok && k[0] == 1 {
					b = float64(x)
				}
				equal = equal && a != nil && b != nil && compareValues(a, b) == 0
			}
			if equal {
				found, met[j] = true, true
				if kind == "inner" || kind == "left" || kind == "full" {
					add(l, r)
				}
			}
		}
		if kind == "semi" && found || kind == "anti" && !found || (kind == "left" || kind == "full") && !found {
			add(l, nil)
		}
	}
	for j, r := range rs {
		if kind == "full" && !met[j] {
			add(nil, r)
		}
	}
	return want
}

// TestJoinSpills: with little memory, dealt out to tasks, and taken up by another number of them, a join gives what two loops give.
func TestJoinSpills(t *testing.T) {
	kinds := []string{"inner", "left", "full", "semi", "anti"}
	rapid.Check(t, func(rt *rapid.T) {
		kind := rapid.SampledFrom(kinds).Draw(rt, "kind")
		on := rapid.SampledFrom(slices.Sorted(maps.Keys(keysOn))).Draw(rt, "on")
		other := "m"
		if on == "i" {
			other = "m |> rename(i = i2)"
		}
		n, in := nodeOf(t, sides+"let o = "+other+"\nl |> join(o, on: ("+on+"), kind: "+kind+") |> print()\n", "join")
		sizes := []int{0, 3, 60, 250}
		ls := sideRows(rt, rapid.SampledFrom(sizes).Draw(rt, "left"), 0)
		rs := sideRows(rt, rapid.SampledFrom(sizes).Draw(rt, "right"), 1)
		want := twoLoops(n, kind, on, ls, rs)
		lt, mt := table(in[0], ls), table(in[1], rs)
		parts := append(cutUp(rt, 0, lt), cutUp(rt, 1, mt)...)
		parts = rapid.Permutation(parts).Draw(rt, "order")
		x := newKeyed(t, n, in)
		names := n.Out.Row.Names()
		same(rt, "in memory", lines(runParts(t, n, in, 0, parts).batches, names), want)
		least := int64(min(lt.Bytes(), mt.Bytes()))
		memory := max(1, least/rapid.SampledFrom([]int64{1, 10, 100}).Draw(rt, "share"))
		same(rt, "on disk", lines(runParts(t, n, in, memory, parts).batches, names), want)
		at := rapid.IntRange(0, max(0, len(parts)-1)).Draw(rt, "snapshot")
		tasks := rapid.IntRange(1, 3).Draw(rt, "tasks")
		then := rapid.IntRange(1, 3).Draw(rt, "then")
		same(rt, "taken up", lines(x.run(t, memory, parts, tasks, at, then), names), want)
		same(rt, "taken up by the same", lines(runParts(t, n, in, memory, parts, at).batches, names), want)
	})
}

// TestJoinHotKey: rows of one key that do not fit into memory meet block by block, whichever side is the smaller.
func TestJoinHotKey(t *testing.T) {
	rows := func(n, other, pad int) [][]any {
		var out [][]any
		for i := range n {
			k := int64(7)
			if i%20 == 19 {
				k = int64(other + i)
			}
			out = append(out, []any{k, 0.0, "", []any{nil, ""}, strings.Repeat("p", pad) + fmt.Sprint(i)})
		}
		return out
	}
	for _, kind := range []string{"inner", "left", "full", "semi", "anti"} {
		n, in := nodeOf(t, sides+"l |> join(m, on: (i = i2), kind: "+kind+") |> print()\n", "join")
		for _, size := range [][2]int{{100, 1000}, {1000, 100}} {
			ls, rs := rows(80, 1000, size[0]), rows(80, 2000, size[1])
			var parts []part
			for port, b := range []*batch.Batch{table(in[0], ls), table(in[1], rs)} {
				for from := 0; from < b.N; from += 8 {
					parts = append(parts, part{port, b.Slice(from, from+8)})
				}
			}
			got := lines(runParts(t, n, in, 2000, parts).batches, n.Out.Row.Names())
			same(t, fmt.Sprint(kind, size), got, twoLoops(n, kind, "i = i2", ls, rs))
		}
	}
}
