package relational_test

import (
	"math"
	"slices"
	"sort"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"weir/compiler/expr"
	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

const head = `type R = { k: string?, f: float?, x: int, r: Inner }
type Inner = { a: int?, b: string }
type S = { name: string?, y: int, w: float? }
let l = read_jsonl("l.jsonl", as: R)
let o = read_jsonl("o.jsonl", as: S)
`

// drawRows draws rows of a type with few different values, so that keys meet.
func drawRows(t *rapid.T, row types.Row, name string) [][]any {
	var draw func(ty types.Type) any
	draw = func(ty types.Type) any {
		if ty.Nullable && rapid.IntRange(0, 4).Draw(t, "null") == 0 {
			return nil
		}
		switch ty.Kind {
		case types.Int:
			return rapid.Int64Range(-2, 2).Draw(t, "int")
		case types.Float:
			return rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, -1.5, math.NaN(), math.Inf(1), math.Inf(-1)}).Draw(t, "float")
		case types.Record:
			var out []any
			for _, f := range ty.Fields {
				out = append(out, draw(f.Type))
			}
			return out
		}
		return rapid.SampledFrom([]string{"", "a", "b", "a\x00", "ab"}).Draw(t, "string")
	}
	rows := make([][]any, rapid.IntRange(0, 12).Draw(t, name))
	for i := range rows {
		for _, f := range row {
			rows[i] = append(rows[i], draw(f.Type))
		}
	}
	return rows
}

// deals draws how rows come.
func deals(t *rapid.T) deal {
	return func(b *batch.Batch) []*batch.Batch {
		order := rapid.Permutation(seq(b.N)).Draw(t, "order")
		var parts []*batch.Batch
		for len(order) > 0 {
			n := rapid.IntRange(1, len(order)).Draw(t, "batch")
			sel := make([]uint32, n)
			for i, p := range order[:n] {
				sel[i] = uint32(p)
			}
			order = order[n:]
			if rapid.Bool().Draw(t, "selection") {
				slices.Sort(sel)
				parts = append(parts, b.Select(sel))
			} else {
				parts = append(parts, b.Take(sel))
			}
		}
		return parts
	}
}

func seq(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// pipeline is one operator over the streams l and o.
type pipeline struct {
	node *logical.Node
	in   []types.Row
}

func pipe(t testing.TB, stage string) pipeline {
	t.Helper()
	p := compile(t, head+"l |> "+stage+" |> print()\no |> print()\n").Plan
	for _, n := range p.Nodes {
		if o := catalogue.Operator(n.Op); o != nil && o.Role == op.TransformRole {
			return pipeline{n, p.InRows(n)}
		}
	}
	t.Fatal("no operator")
	return pipeline{}
}

// over runs the operator over tables, one a port, dealt out by how.
func (p pipeline) over(t testing.TB, how deal, tables ...[][]any) []*batch.Batch {
	t.Helper()
	out, err := instance(t, p.node, p.in, 1<<40, func(give func(int, *batch.Batch) error) error {
		for port, rows := range tables {
			if port >= len(p.in) {
				break
			}
			for _, b := range how(table(p.in[port], rows)) {
				if err := give(port, b); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v", p.node.Op, err)
	}
	if len(out.rejected) > 0 {
		t.Fatalf("%s: rejected %v", p.node.Op, out.rejected)
	}
	return out.batches
}

func (p pipeline) lines(t testing.TB, how deal, tables ...[][]any) []string {
	t.Helper()
	return lines(p.over(t, how, tables...), p.node.Out.Row.Names())
}

// write writes a naive row as lines does.
func write(row types.Row, vals []any) string {
	var parts []string
	for i, f := range row {
		parts = append(parts, f.Name+": "+expr.FormatValue(f.Type, vals[i]))
	}
	return strings.Join(parts, "  ")
}

// compare orders values as the language sorts.
func compare(a, b any) int {
	rank := func(x any) int {
		if f, ok := x.(float64); ok && math.IsNaN(f) {
			return 1
		} else if x == nil {
			return 2
		}
		return 0
	}
	if ra, rb := rank(a), rank(b); ra != rb || ra > 0 {
		return ra - rb
	}
	switch x := a.(type) {
	case float64:
		switch y := b.(float64); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	case string:
		return strings.Compare(x, b.(string))
	case int64:
		return int(x - b.(int64))
	}
	for i, x := range a.([]any) {
		if c := compare(x, b.([]any)[i]); c != 0 {
			return c
		}
	}
	return 0
}

func equal(t *rapid.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("%s: got\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestSort: as a stable sort that compares values, desc turning all but NaN and null.
func TestSort(t *testing.T) {
	p := pipe(t, "sort(desc(f), k, desc(r.a))")
	rapid.Check(t, func(rt *rapid.T) {
		rows := drawRows(rt, p.in[0], "rows")
		got := p.lines(t, deals(rt), rows)
		sorted := slices.Clone(rows)
		last := func(x any) bool { f, ok := x.(float64); return x == nil || ok && math.IsNaN(f) }
		desc := func(a, b any) int {
			if last(a) || last(b) {
				return compare(a, b)
			}
			return compare(b, a)
		}
		sort.SliceStable(sorted, func(i, j int) bool {
			a, b := sorted[i], sorted[j]
			for _, c := range []int{desc(a[1], b[1]), compare(a[0], b[0]), desc(a[3].([]any)[0], b[3].([]any)[0])} {
				if c != 0 {
					return c < 0
				}
			}
			return false
		})
		var want []string
		for _, r := range sorted {
			want = append(want, write(p.node.Out.Row, r))
		}
		equal(rt, "sort", got, want)
	})
}

// TestAggregate: as a map from keys to lists, in the order of the first rows; and the same where the keys are dealt out to tasks.
func TestAggregate(t *testing.T) {
	p := pipe(t, "aggregate(by: (k, f), n = count(), s = sum(x), a = min(r.a), c = collect(x))")
	rapid.Check(t, func(rt *rapid.T) {
		rows := drawRows(rt, p.in[0], "rows")
		type group struct {
			key  []any
			rows [][]any
		}
		var groups []*group
		for _, r := range rows {
			var g *group
			for _, h := range groups {
				if compare(h.key[0], r[0]) == 0 && compare(h.key[1], r[1]) == 0 {
					g = h
				}
			}
			if g == nil {
				g = &group{key: []any{r[0], r[1]}}
				if f, ok := r[1].(float64); ok && f == 0 {
					g.key[1] = 0.0
				}
				groups = append(groups, g)
			}
			g.rows = append(g.rows, r)
		}
		var want []string
		for _, g := range groups {
			var sum int64
			var least any
			list := []any{}
			for _, r := range g.rows {
				sum += r[2].(int64)
				list = append(list, r[2])
				if a := r[3].([]any)[0]; a != nil && (least == nil || a.(int64) < least.(int64)) {
					least = a
				}
			}
			want = append(want, write(p.node.Out.Row, []any{g.key[0], g.key[1], int64(len(g.rows)), sum, least, list}))
		}
		equal(rt, "aggregate", p.lines(t, deals(rt), rows), want)

		var tasks []*batch.Batch
		for task := range 2 {
			how := deals(rt)
			tasks = append(tasks, p.over(t, func(b *batch.Batch) []*batch.Batch {
				var sel []uint32
				for i := range b.N {
					if key := batch.AppendKey(batch.AppendKey(nil, b.Cols[0], i), b.Cols[1], i); int(key[len(key)-1])%2 == task {
						sel = append(sel, uint32(i))
					}
				}
				return how(b.Take(sel))
			}, rows)...)
		}
		equal(rt, "aggregate over tasks", lines(tasks, p.node.Out.Row.Names()), want)
	})
}

// TestDistinct: the first row of every key, of all columns and of one.
func TestDistinct(t *testing.T) {
	all, on := pipe(t, "distinct()"), pipe(t, "distinct(on: (k, r.b))")
	rapid.Check(t, func(rt *rapid.T) {
		rows := drawRows(rt, all.in[0], "rows")
		for _, c := range []struct {
			p   pipeline
			key func(r []any) []any
		}{{all, func(r []any) []any { return r }}, {on, func(r []any) []any { return []any{r[0], r[3].([]any)[1]} }}} {
			var want []string
			var seen [][]any
			for _, r := range rows {
				if !slices.ContainsFunc(seen, func(s []any) bool { return compare(s, c.key(r)) == 0 }) {
					seen = append(seen, c.key(r))
					want = append(want, write(c.p.node.Out.Row, r))
				}
			}
			equal(rt, "distinct", c.p.lines(t, deals(rt), rows), want)
		}
	})
}

// TestJoin: as two loops.
func TestJoin(t *testing.T) {
	pipes := map[string]pipeline{}
	for _, kind := range []string{"inner", "left", "full", "semi", "anti"} {
		pipes[kind] = pipe(t, "join(o, on: (k = name, f = w), kind: "+kind+")")
	}
	rapid.Check(t, func(rt *rapid.T) {
		ls, rs := drawRows(rt, pipes["inner"].in[0], "left"), drawRows(rt, pipes["inner"].in[1], "right")
		for kind, p := range pipes {
			var want []string
			add := func(l, r []any) {
				if l == nil {
					l = make([]any, 4)
				}
				if r == nil {
					r = make([]any, 3)
				}
				want = append(want, write(p.node.Out.Row, append(slices.Clone(l), r...)))
			}
			met := map[int]bool{}
			for _, l := range ls {
				n := 0
				for j, r := range rs {
					if l[0] != nil && l[1] != nil && compare(l[0], r[0]) == 0 && compare(l[1], r[2]) == 0 {
						met[j] = true
						if n++; kind == "inner" || kind == "left" || kind == "full" {
							add(l, r)
						}
					}
				}
				if kind == "semi" && n > 0 || kind == "anti" && n == 0 || (kind == "left" || kind == "full") && n == 0 {
					add(l, nil)
				}
			}
			for j, r := range rs {
				if kind == "full" && !met[j] {
					add(nil, r)
				}
			}
			equal(rt, kind, p.lines(t, deals(rt), ls, rs), want)
		}
	})
}

// TestSharedKey: a key of one name comes once, of the type of both sides, and under full has the value of the side that is there.
func TestSharedKey(t *testing.T) {
	src := `let a = read_jsonl("a.jsonl", as: { id: int, x: string })
let b = read_jsonl("b.jsonl", as: { id: float, y: string })
let j = a |> join(b, on: id, kind: full)
let i = a |> join(b, on: id)
j |> print()
i |> print()
test "t" {
  given a = [{ id: 1, x: "one" }, { id: 2, x: "two" }]
  given b = [{ id: 2.0, y: "zwei" }, { id: 2.5, y: "mehr" }]
  expect j = [{ id: 1.0, x: "one", y: null }, { id: 2.0, x: "two", y: "zwei" }, { id: 2.5, x: null, y: "mehr" }]
  expect i = [{ id: 2, x: "two", y: "zwei" }]
}
`
	r := compile(t, src)
	test := r.Tests[0]
	outs, _ := run(t, test.Plan, givenOf(test), shuffled)
	for _, s := range test.Steps {
		if s.Kind == "expect" {
			got, want := lines(outs[s.Inputs[0].Node], s.Row.Names()), lines([]*batch.Batch{table(s.Row, s.Rows)}, s.Row.Names())
			if !slices.Equal(got, want) {
				t.Errorf("%s: got %q, want %q", s.Name, got, want)
			}
		}
	}
}

// TestNeeds: with only the columns in the input that Needs asks for, the needed part of the output is what it is with all of them.
func TestNeeds(t *testing.T) {
	stages := []string{"filter(r.a is not null and x > 0)", "derive(y = x + 1, x = 0, z = r)", "select(k, y = x * 2, r, b = r.b)", "drop(k)", "drop(r.a)",
		"rename(q = r, k = x, x = k)", "limit(3)", "sample(fraction: 50%, by: (k, x))", "sample(fraction: 50%)", "sort(k, desc(r.b))", "distinct(on: k)", "distinct()",
		"aggregate(by: k, n = count(), s = sum(r.a))", "join(o, on: (k = name))", "join(o, on: (k = name), kind: full)", "join(o, on: (k = name), kind: anti)", "union(l)"}
	var pipes []pipeline
	for _, s := range stages {
		pipes = append(pipes, pipe(t, s))
	}
	rapid.Check(t, func(rt *rapid.T) {
		p := rapid.SampledFrom(pipes).Draw(rt, "operator")
		tables := make([][][]any, len(p.in))
		for i, row := range p.in {
			tables[i] = drawRows(rt, row, "rows")
		}
		need := op.NewColumnSet()
		var paths []string
		for _, f := range p.node.Out.Row {
			paths = append(paths, f.Name)
			for _, g := range f.Type.Fields {
				paths = append(paths, f.Name+"."+g.Name)
			}
		}
		for _, path := range rapid.SliceOfN(rapid.SampledFrom(paths), 1, 3).Draw(rt, "need") {
			need.Add(path)
		}
		o := catalogue.Operator(p.node.Op)
		needs := o.Caps.Needs(p.node.Args, p.in, need)
		if len(needs) != len(p.in) {
			rt.Fatalf("%d sets for %d inputs", len(needs), len(p.in))
		}
		n := *p.node
		n.Out.Row = need.Prune(n.Out.Row)
		pruned := pipeline{&n, make([]types.Row, len(p.in))}
		for i, s := range needs {
			pruned.in[i] = s.Prune(p.in[i])
		}
		got, err := instance(t, &n, pruned.in, 1<<40, func(give func(int, *batch.Batch) error) error {
			for port, rows := range tables {
				b := table(p.in[port], rows)
				var cols []*batch.Vector
				for _, f := range pruned.in[port] {
					cols = append(cols, cut(b.Col(f.Name), f.Type))
				}
				if err := give(port, b.With(pruned.in[port], cols)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			rt.Fatal(err)
		}
		equal(rt, p.node.Op, lines(got.batches, need.Paths()), lines(p.over(t, whole, tables...), need.Paths()))
	})
}

// cut gives a record with only the fields of a type.
func cut(v *batch.Vector, t types.Type) *batch.Vector {
	out := *v
	out.Type = t
	if t.Kind == types.Record {
		out.Fields = nil
		for _, f := range t.Fields {
			for k, g := range v.Type.Fields {
				if g.Name == f.Name {
					out.Fields = append(out.Fields, v.Fields[k])
				}
			}
		}
	}
	return &out
}

// TestReject: a row without a value is rejected once, with where it comes from, the expression and the values.
func TestReject(t *testing.T) {
	for stage, text := range map[string]string{
		"filter(1 // x > 0)":                          "1 // x > 0",
		"derive(y = 1 // x, z = 2 % x)":               "1 // x",
		"select(y = 1 // x, z = 2 % x)":               "1 // x",
		"aggregate(by: k, n = sum(1 // x))":           "1 // x",
		"sort(1 // x)":                                "1 // x",
		"aggregate(by: k, n = count(), m = max(x))":   "",
		"derive(y = if x == 0 { 0 } else { 1 // x })": "",
	} {
		p := pipe(t, stage)
		rows := [][]any{{"a", 1.0, int64(1), []any{nil, ""}}, {"b", 1.0, int64(0), []any{nil, ""}}, {"c", 1.0, int64(-1), []any{nil, ""}}}
		out, err := instance(t, p.node, p.in, 1<<40, func(give func(int, *batch.Batch) error) error { return give(0, table(p.in[0], rows)) })
		if err != nil {
			t.Fatal(err)
		}
		if text == "" {
			if len(out.rejected) > 0 {
				t.Errorf("%s: rejected %v", stage, out.rejected)
			}
			continue
		}
		if len(out.rejected) != 1 {
			t.Errorf("%s: rejected %v", stage, out.rejected)
			continue
		}
		want := op.Rejection{File: "given", Record: 2, Byte: -1, Code: "W6402", Reason: "division by zero: 1 // 0 (in `" + text + "`)"}
		if r := out.rejected[0]; r.File != want.File || r.Record != want.Record || r.Code != want.Code || r.Reason != want.Reason {
			t.Errorf("%s: rejected %+v, want %+v", stage, r, want)
		}
	}
}

// TestRejectedGroup: a sum that does not fit rejects the row of its group, and names it.
func TestRejectedGroup(t *testing.T) {
	p := pipe(t, "aggregate(by: k, s = sum(x))")
	row := func(k string, x int64) []any { return []any{k, nil, x, []any{nil, ""}} }
	out, err := instance(t, p.node, p.in, 1<<40, func(give func(int, *batch.Batch) error) error {
		return give(0, table(p.in[0], [][]any{row("a", math.MaxInt64), row("a", 1), row("b", 1)}))
	})
	if err != nil {
		t.Fatal(err)
	}
	want := "integer overflow: the sum is 9223372036854775808 (in `s = sum(x)` for k = \"a\")"
	if len(out.rejected) != 1 || out.rejected[0].Reason != want || len(out.batches) != 1 || out.batches[0].Len() != 1 {
		t.Errorf("rejected %v", out.rejected)
	}
}

// TestSample: about the fraction, the same rows however they come, others for another seed.
func TestSample(t *testing.T) {
	row := types.Row{{Name: "x", Type: types.Of(types.Int)}}
	var rows [][]any
	for i := range 20000 {
		rows = append(rows, []any{int64(i)})
	}
	got := map[string][]string{}
	for _, args := range []string{"fraction: 10%", "fraction: 10%, seed: 2", "fraction: 90%"} {
		p := compile(t, `let a = read_jsonl("a.jsonl", as: { x: int })`+"\na |> sample("+args+") |> print()\n").Plan
		for _, n := range p.Nodes {
			if n.Op == "sample" {
				x := pipeline{n, []types.Row{row}}
				got[args] = x.lines(t, whole, rows)
				if !slices.Equal(got[args], x.lines(t, shuffled, rows)) {
					t.Errorf("%s depends on the order", args)
				}
			}
		}
	}
	for args, want := range map[string]int{"fraction: 10%": 2000, "fraction: 10%, seed: 2": 2000, "fraction: 90%": 18000} {
		if n := len(got[args]); n < want-200 || n > want+200 {
			t.Errorf("%s: %d rows of 20000", args, n)
		}
	}
	if slices.Equal(got["fraction: 10%"], got["fraction: 10%, seed: 2"]) {
		t.Error("the seed does not count")
	}
	if first := got["fraction: 10%"][:2]; !slices.Equal(first, []string{"x: 8", "x: 10"}) {
		t.Errorf("a sample has changed: %q", first) // it never must
	}
}

// TestExplode: the elements of all rows, in order, whatever the batches; and no two of them share their ordinals.
func TestExplode(t *testing.T) {
	p := compile(t, "type L = { id: int, xs: list<int> }\nlet a = read_jsonl(\"a.jsonl\", as: L)\na |> explode(xs) |> print()\n").Plan
	for _, n := range p.Nodes {
		if n.Op != "explode" {
			continue
		}
		x := pipeline{n, p.InRows(n)}
		rapid.Check(t, func(rt *rapid.T) {
			rows := make([][]any, rapid.IntRange(0, 6).Draw(rt, "rows"))
			var want []string
			for i := range rows {
				list := []any{}
				for range rapid.SampledFrom([]int{0, 1, 3, 5000}).Draw(rt, "elements") {
					v := rapid.Int64Range(0, 9).Draw(rt, "x")
					list = append(list, v)
					want = append(want, write(n.Out.Row, []any{int64(i), v}))
				}
				rows[i] = []any{int64(i), list}
			}
			out := x.over(t, deals(rt), rows)
			equal(rt, "explode", lines(out, n.Out.Row.Names()), want)
			seen := map[[3]uint64]bool{}
			for _, b := range out {
				for i := range b.Len() {
					at := [3]uint64{b.Ord[0][b.Pos(i)], b.Ord[1][b.Pos(i)], b.Ord[2][b.Pos(i)]}
					if seen[at] {
						rt.Fatalf("two rows at %v", at)
					}
					seen[at] = true
				}
			}
		})
	}
}
