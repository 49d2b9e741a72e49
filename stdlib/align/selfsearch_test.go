package align

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"

	diff "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// selfSearching is how a test drives the two searches that the planner makes of a search of a set against itself.
type selfSearching struct {
	searching
	chunk int // hits of a chunk
	most  int // scores that a task remembers
}

// run gives the rows as searching.run does, and the cells that were computed.
func (s selfSearching) run(t rapid.TB, set []string, args op.Args, columns ...string) (rows []string, cells int64) {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	row := sequenceRow(types.Protein)
	all := Search.Type(&op.Typing{In: []types.Stream{{Row: row}, {Row: row}}, Args: args, Errorf: func(p, code, format string, a ...any) {
		t.Errorf("%s: %s %s", p, code, fmt.Sprintf(format, a...))
	}})
	collected := func(cfg *op.Config, w *world, port int) op.Instance {
		inst, err := Search.Staged.Collect(cfg, port)
		check(err)
		check(inst.Open(w))
		if c, ok := inst.(*searchCollect); ok {
			c.limit = s.limit
		}
		if port != foundPort {
			for i, seq := range set {
				check(inst.Data(0, renumber(records([]string{seq}), i), &sink{}))
			}
			check(inst.Drain(&sink{}))
		}
		return inst
	}
	scans := func(cfg *op.Config, w *world, goal func(op.Source)) *sink {
		sources, out := make([]op.Source, s.tasks), &sink{}
		for i := range sources {
			var err error
			sources[i], err = Search.Staged.Scan(cfg)
			check(err)
			goal(sources[i])
			check(sources[i].Open(w))
		}
		n := 0
		for split, err := range sources[0].Splits(w, nil) {
			check(err)
			check(sources[n*7%s.tasks].Read(split, out))
			n++
		}
		return out
	}

	first := args.Clone()
	first[mirrorParam] = &op.Arg{Expr: expr.Lit(types.Of(types.Bool), true)}
	cfg, w := &op.Config{Args: first, In: []types.Row{row, row}, Out: foundRow}, newWorld()
	collected(cfg, w, queryPort)
	collected(cfg, w, targetPort)
	found := scans(cfg, w, func(src op.Source) { x := src.(*tileSearch); x.goal, x.most = s.goal, s.most })

	type line struct{ query, target, score int64 }
	var lines []line
	for _, b := range found.batches {
		for i := range b.N {
			lines = append(lines, line{b.Col("query_number").Int(i), b.Col("target_number").Int(i), b.Col("score").Int(i)})
		}
	}
	slices.SortFunc(lines, func(a, b line) int {
		return cmp.Or(cmp.Compare(a.query, b.query), cmp.Compare(a.target, b.target))
	})
	second := args.Clone()
	second[foundParam] = &op.Arg{Ports: []int{foundPort}}
	cfg = &op.Config{Args: second, In: []types.Row{row, row, foundRow}, Out: op.NewColumnSet(append(columns, "q.id", "t.id")...).Prune(all)}
	rest := newWorld()
	collected(cfg, rest, queryPort)
	collected(cfg, rest, targetPort)
	c := collected(cfg, rest, foundPort).(*foundCollect)
	c.chunk = s.chunk
	for len(lines) > 0 {
		n := min(len(lines), 5)
		var q, tt, scores []int64
		for _, l := range lines[:n] {
			q, tt, scores = append(q, l.query), append(tt, l.target), append(scores, l.score)
		}
		check(c.Data(foundPort, foundBatch(q, tt, scores), &sink{}))
		lines = lines[n:]
	}
	check(c.Drain(&sink{}))
	out := scans(cfg, rest, func(op.Source) {})
	return textOf(out.batches, columns), w.counts["cells"]
}

// The two searches give what all pairs aligned one by one, filtered and ranked, give, whatever the blocks, tiles, tasks and chunks, and however much
// is forgotten in between.
func TestSelfSearchIsExhaustive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := rapid.SliceOfN(rapid.StringMatching(`[ARNWC]{0,14}`), 0, 14).Draw(t, "set")
		more := op.Args{"top": value(int64(rapid.IntRange(1, 6).Draw(t, "top"))), "strand": {Word: "forward"}}
		if rapid.Bool().Draw(t, "bounded") {
			more["min_score"] = value(rapid.Float64Range(-20, 40).Draw(t, "min_score"))
		}
		mode, gap := rapid.SampledFrom([]string{"local", "local", "global", "overlap"}).Draw(t, "mode"), "emboss"
		if mode == "local" && rapid.Bool().Draw(t, "significant") {
			gap = "affine"
			more["max_evalue"] = value(math.Pow(10, rapid.Float64Range(-3, 2).Draw(t, "exponent")))
		}
		args := searchArgs(types.Protein, alignArgs(mode, "BLOSUM62", gap, 11, 1), more)
		want := bruteForce(t, set, set, args)
		for _, s := range []selfSearching{{searching{4096, tileCells, 1}, chunkHits, maxHeld}, {searching{4, 300, 2}, 5, 20}, {searching{1, 1, 5}, 1, 0}} {
			got, _ := s.run(t, set, args, pathColumns...)
			if d := diff.Diff(want, got); d != "" {
				t.Fatalf("%+v:\n%s", s, d)
			}
		}
	})
}

// Every unordered pair is computed once, and a task does not give on what cannot be among the best.
func TestSelfSearchHalves(t *testing.T) {
	set := oracleSequences(t)[:40]
	args := searchArgs(types.Protein, alignArgs("local", "BLOSUM62", "affine", 11, 1), op.Args{"top": value(int64(3))})
	_, cells := selfSearching{searching{16, 1_000_000, 2}, 8, maxHeld}.run(t, set, args, "score")
	total, squares := int64(0), int64(0)
	for _, s := range set {
		total, squares = total+int64(len(s)), squares+int64(len(s))*int64(len(s))
	}
	if want := (total*total + squares) / 2; cells != want {
		t.Errorf("%d cells, want %d", cells, want)
	}
}

// Whether a search may be halved follows from its arguments.
func TestSymmetricSearch(t *testing.T) {
	base := func(more op.Args) op.Args {
		return searchArgs(types.Protein, alignArgs("local", "BLOSUM62", "affine", 11, 1), more)
	}
	other := base(nil)
	other["on"] = &op.Arg{On: []op.KeyPair{{Left: expr.Col("sequence", types.Of(types.Protein)), Right: expr.Col("id", types.Of(types.String))}}}
	for _, c := range []struct {
		what string
		args op.Args
		ok   bool
		why  string
	}{
		{"local", base(nil), true, ""},
		{"fit", base(op.Args{"mode": {Word: "fit"}}), false, "query and target are not treated alike by mode fit"},
		{"compositions", base(op.Args{"composition": {Word: "adjusted"}}), false, "the matrix depends on which is the query, since compositions count"},
		{"both strands", base(op.Args{"strand": {Word: "both"}}), false, "under strand: both it is the query that is turned"},
		{"two columns", other, false, "`sequence` of one is aligned with `id` of the other"},
	} {
		if ok, why := symmetricSearch(c.args); ok != c.ok || why != c.why {
			t.Errorf("%s: %v, %q", c.what, ok, why)
		}
	}
}

// What has been found for a query is cut to the best while it comes in, and a chunk has whole queries.
func TestFoundCollectCuts(t *testing.T) {
	w := newWorld()
	c := &foundCollect{top: 2, chunk: 3}
	if err := c.Open(w); err != nil {
		t.Fatal(err)
	}
	var q, tt, scores []int64
	for query := range int64(4) {
		for target := range int64(20) {
			q, tt, scores = append(q, query), append(tt, target), append(scores, (target*7+query)%20)
		}
	}
	if err := c.Data(foundPort, foundBatch(q, tt, scores), &sink{}); err != nil {
		t.Fatal(err)
	}
	if err := c.Drain(&sink{}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for k := range c.chunks {
		b, err := w.Get(blockKey(foundPort, k))
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(numbers(b, "query_number"), numbers(b, "score")))
	}
	if d := diff.Diff([]string{"[0 0 1 1] [19 18 19 18]", "[2 2 3 3] [19 18 19 18]"}, got); d != "" {
		t.Error(d)
	}
}

func numbers(b *batch.Batch, column string) []int64 {
	out := make([]int64, b.N)
	for i := range out {
		out[i] = b.Col(column).Int(i)
	}
	return out
}
