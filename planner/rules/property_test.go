package rules

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"weir/compiler/expr"
	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/planner/internal/graph"
	"weir/planner/internal/testcat"
	"weir/planner/physical"
	"weir/runtime/op"
)

// randomPlan draws a pipeline of up to a dozen operators over up to two sources, with branches, unions of rejected rows
// and several sinks.
func randomPlan(t *rapid.T) *logical.Plan {
	b := testcat.New()
	var streams []testcat.Stream
	for i := range rapid.IntRange(1, 2).Draw(t, "sources") {
		path := []string{"a.fasta", "b.fasta"}[i%rapid.IntRange(1, 2).Draw(t, "paths")]
		if rapid.Bool().Draw(t, "blocks") {
			streams = append(streams, b.Blocks(path))
			continue
		}
		streams = append(streams, b.Fasta(path, rapid.SampledFrom([]int{-1, 1, 3}).Draw(t, "files")))
	}
	paired := 0
	for range rapid.IntRange(0, 10).Draw(t, "operators") {
		s := rapid.SampledFrom(streams).Draw(t, "input")
		streams = append(streams, randomStep(t, s, &paired))
	}
	for i, s := range streams {
		if i == len(streams)-1 || rapid.IntRange(0, 3).Draw(t, "sink") == 0 {
			s.Sink(rapid.SampledFrom([]string{"file", "folder"}).Draw(t, "kind"), "out"+string(rune('a'+i)))
		}
	}
	if rapid.Bool().Draw(t, "rejected") {
		first := streams[0].Side("rejected")
		sink := len(b.Plan.Nodes)
		first.Sink("file", "bad")
		for _, s := range streams[1:] {
			if rapid.Bool().Draw(t, "more") {
				b.Plan.Nodes[sink].Inputs[0] = append(b.Plan.Nodes[sink].Inputs[0], s.Side("rejected").Input())
			}
		}
	}
	return b.Plan
}

// paths lists the column paths of a row that have a kind.
func paths(prefix string, r []types.Field, kinds ...types.Kind) []string {
	var out []string
	for _, f := range r {
		if f.Type.Kind == types.Record {
			out = append(out, paths(prefix+f.Name+".", f.Type.Fields, kinds...)...)
		} else if slices.Contains(kinds, f.Type.Kind) {
			out = append(out, prefix+f.Name)
		}
	}
	return out
}

func randomStep(t *rapid.T, s testcat.Stream, paired *int) testcat.Stream {
	texts := paths("", s.Row(), types.String, types.Protein)
	sequences := paths("", s.Row(), types.Protein)
	switch k := rapid.IntRange(0, 10).Draw(t, "operator"); {
	case k == 10:
		s = s.Op("order", op.Args{"by": testcat.Arg(randomValue(t, s))})
		if rapid.Bool().Draw(t, "definitions between") {
			e := randomValue(t, s)
			if len(texts) > 0 && rapid.Bool().Draw(t, "that may reject") {
				e = testcat.Risky(s.Col(texts[0]))
			}
			s = s.Defs("add", testcat.Def("u", e))
		}
		return s.Op("head", op.Args{"n": testcat.Arg(testcat.N(rapid.Int64Range(0, 9).Draw(t, "n")))})
	case k <= 2:
		return s.Keep(randomCondition(t, s))
	case k == 3:
		cond := op.Args{"cond": testcat.Arg(randomCondition(t, s))}
		if rapid.Bool().Draw(t, "side") {
			return s.Op("late", cond).Side("late")
		}
		return s.Op("late", cond)
	case k <= 5:
		var defs []op.Def
		for i := range rapid.IntRange(1, 3).Draw(t, "definitions") {
			e := randomValue(t, s)
			defs = append(defs, testcat.Def(string(rune('u'+i)), e))
		}
		return s.Defs(rapid.SampledFrom([]string{"add", "only"}).Draw(t, "kind"), defs...)
	case k == 6 && *paired < 1 && len(sequences) > 0 && rapid.Bool().Draw(t, "hunt"):
		*paired++
		other := rapid.SampledFrom(sequences).Draw(t, "other column")
		return s.Hunt(s, sequences[0], other, rapid.SampledFrom([]string{"local", "local", "fit"}).Draw(t, "mode"))
	case k == 6 && *paired < 1 && len(sequences) > 0:
		*paired++
		two := s.Twos()
		if rapid.Bool().Draw(t, "both orders") {
			two = s.BothTwos()
		}
		if rapid.Bool().Draw(t, "apart") {
			return two
		}
		if rapid.Bool().Draw(t, "condition on the pairs") {
			two = two.Keep(randomCondition(t, two))
		}
		sequences = paths("", two.Row(), types.Protein)
		score := rapid.SampledFrom([]func(a, b *expr.Expr) testcat.Stream{two.Score, two.Score, two.Fit}).Draw(t, "mode")
		scored := score(two.Col(sequences[0]), two.Col(sequences[len(sequences)-1]))
		return scored.Keep(randomCondition(t, scored))
	case k == 7 && len(sequences) > 0 && s.Row().Index("score") < 0:
		a := s.Col(rapid.SampledFrom(sequences).Draw(t, "a"))
		return s.Score(a, s.Col(rapid.SampledFrom(sequences).Draw(t, "b")))
	case k == 9 && len(texts) > 0 && s.Row().Index("key") < 0 && *paired < 2:
		*paired++
		other := s.Defs("only", testcat.Def("key", s.Col(rapid.SampledFrom(texts).Draw(t, "key"))), testcat.Def("size", testcat.Length(s.Col(texts[0]))))
		s = s.Match(other, rapid.SampledFrom(texts).Draw(t, "by"), "key")
		return s.Keep(randomCondition(t, s))
	case k == 8 && len(texts) > 0:
		return s.Group(rapid.SampledFrom(texts).Draw(t, "by"))
	}
	if rapid.Bool().Draw(t, "opaque") {
		return s.Op("opaque", nil)
	}
	return s.Op("head", op.Args{"n": testcat.Arg(testcat.N(rapid.Int64Range(0, 9).Draw(t, "n")))})
}

func randomValue(t *rapid.T, s testcat.Stream) *expr.Expr {
	all := s.Row().Names()
	texts := paths("", s.Row(), types.String, types.Protein)
	switch k := rapid.IntRange(0, 5).Draw(t, "value"); {
	case k <= 2:
		return s.Col(rapid.SampledFrom(append(all, texts...)).Draw(t, "column"))
	case k == 3 && len(texts) > 0:
		return testcat.Length(s.Col(rapid.SampledFrom(texts).Draw(t, "column")))
	case k == 4 && len(texts) > 0:
		return testcat.Risky(s.Col(rapid.SampledFrom(texts).Draw(t, "column")))
	}
	return testcat.N(rapid.Int64Range(-3, 40).Draw(t, "constant"))
}

func randomCondition(t *rapid.T, s testcat.Stream) *expr.Expr {
	var es []*expr.Expr
	for range rapid.IntRange(1, 3).Draw(t, "conditions") {
		ints, texts := paths("", s.Row(), types.Int), paths("", s.Row(), types.String, types.Protein)
		floats := paths("", s.Row(), types.Float)
		bound := testcat.N(rapid.Int64Range(0, 40).Draw(t, "bound"))
		name := rapid.SampledFrom([]string{expr.Ge, expr.Gt, expr.Lt}).Draw(t, "relation")
		switch k := rapid.IntRange(0, 4).Draw(t, "condition"); {
		case k == 0 && len(texts) > 0:
			es = append(es, call(testcat.Bool, name, testcat.Length(s.Col(rapid.SampledFrom(texts).Draw(t, "column"))),
				bound))
		case k == 1 && len(texts) > 0:
			es = append(es, call(testcat.Bool, name, testcat.Risky(s.Col(rapid.SampledFrom(texts).Draw(t, "column"))),
				bound))
		case k == 2 && len(floats) > 0:
			es = append(es, call(testcat.Bool, name, s.Col(rapid.SampledFrom(floats).Draw(t, "column")), lit(0.5)))
		case k == 3 && len(texts) > 0:
			es = append(es, call(testcat.Bool, name, s.Col(rapid.SampledFrom(texts).Draw(t, "column")),
				expr.Lit(testcat.String, "n")))
		case len(ints) > 0:
			column := s.Col(rapid.SampledFrom(ints).Draw(t, "column"))
			truth := testcat.Bool
			truth.Nullable = column.Type.Nullable
			es = append(es, call(truth, name, column, bound))
		default:
			es = append(es, call(testcat.Bool, name, testcat.N(3), bound))
		}
	}
	return expr.AndAll(es)
}

// Rules on = rules off: whatever subset of the rules runs, every sink gets the same rows in the same order, rejected
// rows included; the plan lowers to stages that are valid.
func TestRulesKeepResults(t *testing.T) {
	fired := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		p := randomPlan(t)
		c := &Context{Catalogue: testcat.Catalogue(), Fold: fold}
		if err := graph.Check(p.Nodes, c.Catalogue); err != nil {
			t.Fatalf("the generator's plan: %v\n%s", err, testcat.Text(p))
		}
		want := interpret(p)
		disabled := rapid.SliceOf(rapid.SampledFrom(Names())).Draw(t, "disabled")
		l, ds, err := Run(c, p, All, disabled)
		if err != nil {
			t.Fatalf("%v\n%s", err, testcat.Text(p))
		}
		for _, d := range ds {
			if d.Fired {
				fired[d.Rule]++
			}
		}
		if d := cmp.Diff(want, interpret(l)); d != "" {
			t.Fatalf("other results (- rules off, + on):\n%s\n%s\n%s\n%s", d, testcat.Text(p), testcat.Text(l), why(ds))
		}
		tasks := rapid.IntRange(1, 4).Draw(t, "tasks")
		s, _, err := Stages(l, physical.LowerOptions{Catalogue: c.Catalogue, Target: "local", Parallelism: tasks},
			disabled)
		if err != nil {
			t.Fatalf("%v\n%s", err, testcat.Text(l))
		}
		data, err := physical.Encode(s)
		if err != nil {
			t.Fatal(err)
		}
		back, err := physical.Decode(data)
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		if err := physical.Validate(back, c.Catalogue); err != nil {
			t.Fatal(err)
		}
		again, err := physical.Encode(back)
		if err != nil || string(again) != string(data) {
			t.Fatalf("another plan after a round trip: %v", err)
		}
	})
	t.Log(slices.Sorted(maps.Keys(fired)), fired)
}
