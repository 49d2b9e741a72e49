package rules

import (
	"strings"
	"testing"

	"weir/compiler/logical"
	"weir/planner/internal/testcat"
	"weir/planner/physical"
	"weir/runtime/op"
)

// a test case of the rules over stages.
type stageCase struct {
	name  string
	tasks int
	build func(b *testcat.Builder)
}

var stageCases = map[string][]stageCase{
	"source-splits": {
		{"one file", 4, func(b *testcat.Builder) { b.Fasta("a.fasta", 1).Sink("folder", "out") }},
		{"three files", 4, func(b *testcat.Builder) { b.Fasta("a/", 3).Sink("folder", "out") }},
		{"nine files", 4, func(b *testcat.Builder) { b.Fasta("a/", 9).Sink("folder", "out") }},
		{"not known", 4, func(b *testcat.Builder) { b.Fasta("a/", -1).Sink("folder", "out") }},
	},
	"gather": {
		{"split by split", 2, func(b *testcat.Builder) { b.Fasta("a/", 9).Sink("file", "out") }},
		{"one task in order needs none", 2, func(b *testcat.Builder) { b.Fasta("a.fasta", 1).Sink("file", "out") }},
		{"a union is sorted", 2, func(b *testcat.Builder) {
			f, g := b.Fasta("a.fasta", 1), b.Fasta("b.fasta", 1)
			f.Sink("file", "out")
			f.Side("rejected").Sink("file", "bad")
			sink := b.Plan.Nodes[3]
			sink.Inputs[0] = append(sink.Inputs[0], g.Side("rejected").Input())
		}},
		{"behind a limit in order", 2, func(b *testcat.Builder) {
			b.Fasta("a/", 9).Op("head", op.Args{"n": testcat.Arg(n(3))}).Sink("file", "out")
		}},
		{"a grouping is sorted even in one task", 1, func(b *testcat.Builder) {
			b.Fasta("a.fasta",
				1).Group("id").Sink("file", "out")
		}},
		{"a grouping without keys needs no order", 2, func(b *testcat.Builder) {
			b.Fasta("a/", 9).Group().Sink("file",
				"out")
		}},
		{"an operator that declares nothing", 2, func(b *testcat.Builder) {
			b.Fasta("a/", 9).Op("opaque",
				nil).Sink("folder", "out")
		}},
	},
	"tiles": {
		{"from one file", 3, func(b *testcat.Builder) { b.Fasta("a.fasta", 1).Twos().Sink("file", "out") }},
		{"from many files", 3, func(b *testcat.Builder) { b.Fasta("a/", 9).Twos().Sink("folder", "out") }},
		{"what it rejects comes from all its parts", 3, func(b *testcat.Builder) {
			p := b.Fasta("a.fasta", 1).Twos()
			p.Sink("folder", "out")
			p.Side("rejected").Sink("file", "bad")
		}},
	},
	"rebalance": {
		{"one split before a costly operator", 4, func(b *testcat.Builder) {
			f := b.Fasta("a.fasta", 1)
			f.Score(f.Col("sequence"), f.Col("sequence")).Sink("file", "out")
		}},
		{"many splits are spread already", 4, func(b *testcat.Builder) {
			f := b.Fasta("a/", 9)
			f.Score(f.Col("sequence"), f.Col("sequence")).Sink("file", "out")
		}},
		{"one task", 1, func(b *testcat.Builder) {
			f := b.Fasta("a.fasta", 1)
			f.Score(f.Col("sequence"), f.Col("sequence")).Sink("file", "out")
		}},
	},
	"exchange-elimination": {
		{"one task", 1, func(b *testcat.Builder) { b.Fasta("a.fasta", 1).Group("id").Sink("folder", "out") }},
		{"keys that the rows lie by", 4, func(b *testcat.Builder) {
			g := b.Fasta("a/", 9).Group("id")
			d := g.Defs("add", def("twice", g.Col("id")))
			d.Group("id").Sink("folder", "out")
		}},
		{"a key renamed on the way", 4, func(b *testcat.Builder) {
			g := b.Fasta("a/", 9).Group("id")
			g.Defs("only", def("name", g.Col("id"))).Group("name").Sink("folder", "out")
		}},
		{"a key redefined on the way", 4, func(b *testcat.Builder) {
			g := b.Fasta("a/", 9).Group("id")
			g.Defs("add", def("id", testcat.Length(g.Col("id")))).Group("id").Sink("folder", "out")
		}},
		{"keys in another order", 4, func(b *testcat.Builder) {
			b.Fasta("a/", 9).Group("id", "description").Group("description", "id").Sink("folder", "out")
		}},
		{"a part of the keys", 4, func(b *testcat.Builder) {
			b.Fasta("a/", 9).Group("id", "description").Group("id").Sink("folder", "out")
		}},
		{"one side of a join", 4, func(b *testcat.Builder) {
			g := b.Fasta("a/", 9).Group("id")
			g.Match(b.Fasta("b/", 9), "id", "id").Sink("folder", "out")
		}},
		{"distinct", 4, func(b *testcat.Builder) {
			f := b.Fasta("a/", 9).Op("uniq", op.Args{"on": {Names: []string{"id"}}})
			f.Group("id").Sink("folder", "out")
		}},
	},
	"operator-chaining": {
		{"a tree", 2, func(b *testcat.Builder) {
			f := b.Fasta("a/", 9)
			k := f.Keep(ge(testcat.Length(f.Col("sequence")), n(30)))
			k.Sink("folder", "out")
			k.Defs("only", def("id", k.Col("id"))).Sink("folder", "ids")
			f.Side("rejected").Sink("folder", "bad")
		}},
		{"a union within a stage", 2, func(b *testcat.Builder) {
			f := b.Fasta("a/", 9)
			k := f.Keep(ge(testcat.Length(f.Col("sequence")), n(30)))
			k.Sink("folder", "out")
			f.Side("rejected").Sink("folder", "bad")
			b.Plan.Nodes[3].Inputs[0] = append(b.Plan.Nodes[3].Inputs[0], k.Side("rejected").Input())
		}},
		{"a union of stages", 2, func(b *testcat.Builder) {
			f, g := b.Fasta("a/", 9), b.Fasta("b.fasta", 1)
			k := f.Keep(ge(testcat.Length(f.Col("sequence")), n(30)))
			k.Node().Inputs[0] = append(k.Node().Inputs[0], g.Input())
			k.Sink("folder", "out")
		}},
	},
}

// Every rule over stages has a golden file with the logical plan, the stages, and why. Where the rule can be switched
// off, the stages without it are there too.
func TestStagesGolden(t *testing.T) {
	for rule, list := range stageCases {
		t.Run(rule, func(t *testing.T) {
			var names []string
			texts := map[string]string{}
			add := func(name, text string) { names = append(names, name); texts[name] = text }
			for _, tc := range list {
				b := testcat.New()
				tc.build(b)
				add(tc.name+"/plan", testcat.Text(b.Plan))
				on, ds := stages(t, b.Plan, tc.tasks, nil)
				if rule == Rebalance || rule == ExchangeElimination || rule == OperatorChaining {
					off, _ := stages(t, b.Plan, tc.tasks, []string{rule})
					if off != on {
						add(tc.name+"/without", off)
					}
				}
				add(tc.name+"/stages", on)
				var of []physical.Decision
				for _, d := range ds {
					if d.Rule == rule {
						of = append(of, d)
					}
				}
				add(tc.name+"/why", why(of))
			}
			testcat.Golden(t, "testdata/"+rule+".txtar", names, texts)
		})
	}
}

func stages(t *testing.T, l *logical.Plan, tasks int, disabled []string) (string, []physical.Decision) {
	t.Helper()
	p, ds, err := Stages(l, physical.LowerOptions{Catalogue: testcat.Catalogue(), Target: "local", Parallelism: tasks},
		disabled)
	if err != nil {
		t.Fatalf("%v\n%s", err, testcat.Text(l))
	}
	return strings.TrimRight(testcat.Stages(p), "\n") + "\n", ds
}
