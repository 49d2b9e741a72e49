package relational_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"weir/compiler/expr"
	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/runtime/op/optest"
)

// room is the surroundings of an instance with its memory, its folder and its key groups.
type room struct {
	surroundings
	dir         string
	first, last int
}

func (r *room) TempDir() string                   { return r.dir }
func (r *room) KeyGroups() (first, last, all int) { return r.first, r.last, 128 }

// part is rows that come to an input port.
type part struct {
	port int
	b    *batch.Batch
}

// make makes an instance as a plan brings it.
func make1(t testing.TB, n *logical.Node, in []types.Row, ctx op.Context) op.Instance {
	t.Helper()
	args := op.Args{}
	raw, err := json.Marshal(n.Args)
	if err == nil {
		err = json.Unmarshal(raw, &args)
	}
	if err != nil {
		t.Fatal(err)
	}
	x, err := catalogue.Operator(n.Op).New(&op.Config{Name: n.Op, Args: args, In: in, Out: n.Out.Row})
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Open(ctx); err != nil {
		t.Fatal(err)
	}
	return x
}

// runParts runs an operator over parts. Where snapshots has n, it is taken up behind the n-th part by a new instance from a snapshot. Nothing
// may be left in the folder.
func runParts(t testing.TB, n *logical.Node, in []types.Row, memory int64, parts []part, snapshots ...int) *sink {
	t.Helper()
	out := &sink{row: n.Out.Row}
	ctx := &room{surroundings{memory: memory}, t.TempDir(), 0, 128}
	x := make1(t, n, in, ctx)
	for i, p := range parts {
		if slices.Contains(snapshots, i) {
			state := &optest.State{Dir: t.TempDir()}
			if err := x.Snapshot(uint64(i), state); err != nil {
				t.Fatal(err)
			}
			if i%2 == 0 { // what is written later is of the state as it was
				if err := x.Data(p.port, p.b, &sink{row: n.Out.Row}); err != nil {
					t.Fatal(err)
				}
			}
			if err := state.Finish(); err != nil {
				t.Fatal(err)
			}
			if err := x.Close(); err != nil {
				t.Fatal(err)
			}
			x = make1(t, n, in, ctx)
			if err := x.Restore(state); err != nil {
				t.Fatal(err)
			}
		}
		if err := x.Data(p.port, p.b, out); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.Drain(out); err != nil {
		t.Fatal(err)
	}
	state := &optest.State{}
	if err := x.Snapshot(1, state); err != nil {
		t.Fatal(err)
	}
	if err := state.Finish(); err != nil {
		t.Fatal(err)
	}
	if len(state.Groups)+len(state.ItemList)+len(state.FilePaths) > 0 {
		t.Errorf("%s: state is left when all has been given out", n.Op)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(ctx.dir); err != nil || len(left) > 0 {
		t.Errorf("%s: %v is left, %v", n.Op, left, err)
	}
	return out
}

// given writes rows with their ordinals as they were emitted.
func given(bs []*batch.Batch) []string {
	var out []string
	for _, b := range bs {
		for i := range b.Len() {
			pos := b.Pos(i)
			s := ""
			for _, level := range b.Ord {
				s += fmt.Sprint(level[pos], " ")
			}
			for c, f := range b.Row {
				s += f.Name + ": " + expr.FormatValue(b.Cols[c].Type, b.Cols[c].Value(pos)) + "  "
			}
			out = append(out, s)
		}
	}
	return out
}

// same compares line by line, and shows the first that differs.
func same(t interface{ Fatalf(string, ...any) }, what string, got, want []string) {
	if len(got) != len(want) {
		t.Fatalf("%s: %d rows, want %d", what, len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("%s: row %d of %d: got\n%s\nwant\n%s", what, i, len(got), got[i], want[i])
		}
	}
}

const wide = `type W = { i: int, n: int?, f: float?, s: string, t: string?, b: bool?, r: Q?, l: list<string>, pad: string }
type Q = { a: int?, b: string }
let w = read_jsonl("w.jsonl", as: W)
`

// wideRows draws rows whose keys are often equal, or equal far into them.
func wideRows(t *rapid.T, n int) [][]any {
	rows := make([][]any, n)
	mode := rapid.IntRange(0, 3).Draw(t, "mode")
	long := strings.Repeat("common prefix ", rapid.IntRange(0, 4).Draw(t, "prefix"))
	seed := uint64(rapid.Uint32().Draw(t, "seed"))
	next := func(n int) int { // many draws of rapid's are slow
		seed = seed*6364136223846793005 + 1442695040888963407
		return int(seed >> 33 % uint64(n))
	}
	some := func(x any) any {
		if next(7) == 0 {
			return nil
		}
		return x
	}
	for i := range rows {
		x := int64(next([]int{3, 40, 100000, 1 << 30}[mode])) - 2
		if mode == 3 {
			x *= math.MaxInt64 / (1 << 30)
		}
		f := []float64{0, math.Copysign(0, -1), math.NaN(), math.Inf(1), math.Inf(-1), float64(x), -float64(x) / 3}[next(7)]
		s := long + []string{"", "a", "a\x00", "a\x00b", "longer than eight bytes", fmt.Sprint(x)}[next(6)]
		rows[i] = []any{x, some(x), some(f), s, some(s + long), some(next(2) == 0), some([]any{some(x), s}), []any{s, long}[:next(3)], strings.Repeat("p", next(30))}
	}
	return rows
}

// cutUp makes batches of a table, of any size, with selections.
func cutUp(t *rapid.T, port int, b *batch.Batch) []part {
	var parts []part
	for from := 0; from < b.N; {
		to := min(b.N, from+rapid.SampledFrom([]int{1, 7, 100, 1000}).Draw(t, "batch"))
		x := b.Slice(from, to)
		for c, v := range x.Cols {
			if rapid.IntRange(0, 9).Draw(t, "dictionary") == 0 {
				all := make([]uint32, x.N)
				for i := range all {
					all[i] = uint32(i)
				}
				x.Cols[c] = &batch.Vector{Type: v.Type, N: v.N, Dict: v, Idx: all}
			}
		}
		if rapid.Bool().Draw(t, "selection") {
			sel := make([]uint32, to-from)
			for i := range sel {
				sel[i] = uint32(i)
			}
			x = x.Select(sel[: to-from : to-from])
		}
		parts = append(parts, part{port, x})
		from = to
	}
	return parts
}

// TestSortSpills: with little memory, in parts, taken up from snapshots, and where only the first rows are wanted, the rows come as a stable
// sort of the whole gives them.
func TestSortSpills(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var keys []string
		type key struct {
			column int
			desc   bool
		}
		var want []key
		for range rapid.IntRange(1, 3).Draw(rt, "keys") {
			k := key{rapid.IntRange(0, 7).Draw(rt, "column"), rapid.Bool().Draw(rt, "desc")}
			want = append(want, k)
			name := []string{"i", "n", "f", "s", "t", "b", "r", "l"}[k.column]
			if k.column == 0 && rapid.Bool().Draw(rt, "computed") {
				name = "i + 0"
			}
			if k.desc {
				name = "desc(" + name + ")"
			}
			keys = append(keys, name)
		}
		n, in := nodeOf(t, wide+"w |> sort("+strings.Join(keys, ", ")+") |> print()\n", "sort")
		rows := wideRows(rt, rapid.SampledFrom([]int{0, 1, 30, 700, 3000}).Draw(rt, "rows"))
		all := table(in[0], rows)
		if rapid.Bool().Draw(rt, "no ordinals") {
			all.Ord = nil
		} else if rapid.Bool().Draw(rt, "turned") { // they come the other way round
			for i := range all.N {
				all.Ord[1][i] = uint64(all.N - i)
			}
		}
		parts := cutUp(rt, 0, all)
		order := make([]int, len(rows))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(i, j int) int {
			for _, k := range want {
				a, b := rows[i][k.column], rows[j][k.column]
				c := compareValues(a, b)
				if k.desc && !isLast(a) && !isLast(b) {
					c = -c
				}
				if c != 0 {
					return c
				}
			}
			if all.Ord != nil {
				return int(all.Ord[1][i]) - int(all.Ord[1][j])
			}
			return 0
		})
		sorted := make([][]any, len(rows))
		for i, k := range order {
			sorted[i] = rows[k]
		}
		expected := table(in[0], sorted)
		expected.Ord = expected.Ord[1:]
		lines := given([]*batch.Batch{expected})
		same(rt, "in memory", given(runParts(t, n, in, 1<<40, parts).batches), lines)
		memory := int64(all.Bytes()/rapid.SampledFrom([]int{2, 10, 100}).Draw(rt, "share")) + 1
		same(rt, "on disk", given(runParts(t, n, in, memory, parts).batches), lines)
		var at []int
		if len(parts) > 1 {
			at = rapid.SliceOfN(rapid.IntRange(1, len(parts)-1), 0, 3).Draw(rt, "snapshots")
		}
		same(rt, "taken up", given(runParts(t, n, in, memory, parts, at...).batches), lines)
		first := rapid.SampledFrom([]int{0, 1, 10, 500, 5000}).Draw(rt, "first")
		n.Args["first"] = &op.Arg{Expr: expr.Lit(types.Of(types.Int), int64(first))}
		lines = lines[:min(first, len(lines))]
		same(rt, "the first", given(runParts(t, n, in, 1<<40, parts).batches), lines)
		same(rt, "the first on disk", given(runParts(t, n, in, memory, parts, at...).batches), lines)
	})
}

// nodeOf compiles a file and gives its node of an operator.
func nodeOf(t testing.TB, src, name string) (*logical.Node, []types.Row) {
	t.Helper()
	p := compile(t, src).Plan
	for _, n := range p.Nodes {
		if n.Op == name {
			return n, p.InRows(n)
		}
	}
	t.Fatal("no " + name)
	return nil, nil
}

func isLast(x any) bool { f, ok := x.(float64); return x == nil || ok && math.IsNaN(f) }

// compareValues orders values as the language sorts.
func compareValues(a, b any) int {
	if x, ok := a.(bool); ok {
		if y, ok := b.(bool); ok {
			switch {
			case x == y:
				return 0
			case x:
				return 1
			}
			return -1
		}
	}
	if x, ok := a.([]any); ok {
		if y, ok := b.([]any); ok {
			for i := range min(len(x), len(y)) {
				if c := compareValues(x[i], y[i]); c != 0 {
					return c
				}
			}
			return len(x) - len(y)
		}
	}
	if x, ok := a.(int64); ok {
		if y, ok := b.(int64); ok {
			switch {
			case x < y:
				return -1
			case x > y:
				return 1
			}
			return 0
		}
	}
	return compare(a, b)
}

// TestNoRoom: a folder that cannot be written to is an error that names it, and nothing is held behind it.
func TestNoRoom(t *testing.T) {
	for stage, ports := range map[string]int{"sort(i)": 1, "join(w2, on: (i = i), kind: full)": 2} {
		name, _, _ := strings.Cut(stage, "(")
		n, in := nodeOf(t, wide+"let w2 = w |> select(i, other = s)\nw |> "+stage+" |> print()\n", name)
		dir := t.TempDir() + "/gone"
		x := make1(t, n, in, &room{surroundings{memory: 1000}, dir, 0, 128})
		var err error
		for port := range ports {
			rows := make([][]any, 100)
			for i := range rows {
				rows[i] = []any{int64(i), nil, nil, "s", nil, nil, nil, []any{}, "p"}[:len(in[port])]
				if len(in[port]) == 2 {
					rows[i][1] = "o"
				}
			}
			if err == nil {
				err = x.Data(port, table(in[port], rows), &sink{row: n.Out.Row})
			}
		}
		if e, ok := err.(*op.Error); !ok || e.Code != "W6004" || !strings.Contains(e.Message, dir) || e.Hint == "" {
			t.Errorf("%s: %v", name, err)
		}
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	}
}
