package rules

import (
	"errors"
	"strings"
	"testing"

	"weir/compiler/expr"
	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/planner/internal/testcat"
)

func anywhere(*Context, *Plan, *logical.Node) bool { return true }

// A rule that breaks the graph is found right behind it, whatever it breaks, and the error has its name.
func TestBrokenRules(t *testing.T) {
	at := func(name string, f func(p *Plan, n *logical.Node)) *Rule {
		return &Rule{Name: "broken", Match: func(_ *Context, _ *Plan, n *logical.Node) bool { return n.Op == name },
			Apply: func(_ *Context, p *Plan, n *logical.Node) (string, bool) { f(p, n); return "to break it", true }}
	}
	for _, tc := range []struct {
		says string
		rule *Rule
	}{
		{"does not stand before it", at("keep", func(p *Plan, n *logical.Node) { n.Inputs[0][0].Node = n.ID })},
		{"does not stand before it", at("keep", func(p *Plan, n *logical.Node) { n.Inputs[0][0].Node = 99 })},
		{"positive and unique", at("keep", func(p *Plan, n *logical.Node) { n.ID = 1 })},
		{"nothing feeds port 0", at("keep", func(p *Plan, n *logical.Node) { n.Inputs[0] = nil })},
		{"reads the output late", at("keep", func(p *Plan, n *logical.Node) { n.Inputs[0][0].Side = "late" })},
		{"no operator is named", at("keep", func(p *Plan, n *logical.Node) { n.Op = "nonsense" })},
		{"which its input lacks", at("fasta", func(p *Plan, n *logical.Node) { n.Out.Row = n.Out.Row[:2] })},
		{"nothing gives its column", at("keep", func(p *Plan, n *logical.Node) {
			n.Out.Row = n.Out.Row.With("new",
				testcat.Int)
		})},
		{"is declared int and comes as string", at("keep", func(p *Plan,
			n *logical.Node) {
			n.Out.Row = n.Out.Row.With("id", testcat.Int)
		})},
		{"has no parameter", at("keep", func(p *Plan,
			n *logical.Node) {
			n.Args["floor"] = testcat.Arg(testcat.N(1))
		})},
		{"is null", at("keep", func(p *Plan, n *logical.Node) { n.Args["cond"] = nil })},
		{"as string, and it is protein", at("keep", func(p *Plan, n *logical.Node) {
			n.Args["cond"] = testcat.Arg(testcat.Ge(expr.Col("sequence", testcat.String), testcat.N(1)))
		})},
		{"0 arguments, not 1", at("keep", func(p *Plan, n *logical.Node) {
			n.Args["cond"] = testcat.Arg(&expr.Expr{Kind: expr.Field, Name: "x", Type: testcat.Int})
		})},
		{"a type is missing", at("keep", func(p *Plan, n *logical.Node) { n.Out.Row = types.Row{{Name: "id"}} })},
		{"a sink has no output", at("file", func(p *Plan, n *logical.Node) { n.Out.Row = testcat.Records })},
		{"input ports", at("fasta", func(p *Plan, n *logical.Node) { n.Op = "keep" })},
		{"the list is missing", at("keep", func(p *Plan, n *logical.Node) { p.Nodes = append(p.Nodes, nil) })},
		{"does not say why", &Rule{Name: "broken", Match: anywhere, Apply: func(*Context, *Plan, *logical.Node) (string,
			bool) {
			return "", false
		}}},
		{"does not come to an end", &Rule{Name: "broken", Fixpoint: true, Match: anywhere,
			Apply: func(*Context, *Plan, *logical.Node) (string, bool) { return "for ever", true }}},
	} {
		b := testcat.New()
		f := b.Fasta("a.fasta", 1)
		f.Keep(testcat.Ge(testcat.Length(f.Col("sequence")), testcat.N(30))).Sink("file", "out")
		_, _, err := Run(&Context{Catalogue: testcat.Catalogue()}, b.Plan, []*Rule{tc.rule}, nil)
		var broken *Broken
		if !errors.As(err, &broken) || broken.Rule != "broken" || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("want an error of the rule that says %q, got %v", tc.says, err)
		}
	}
}

// A disabled rule is not applied.
func TestDisabled(t *testing.T) {
	for _, r := range All {
		for _, tc := range cases[r.Name] {
			b := testcat.New()
			tc.build(b)
			before := testcat.Text(b.Plan)
			after, ds, err := Run(&Context{Catalogue: testcat.Catalogue(), Fold: fold}, b.Plan, []*Rule{r},
				[]string{r.Name})
			if err != nil || len(ds) > 0 || testcat.Text(after) != before {
				t.Errorf("%s, %s: %v %v", r.Name, tc.name, ds, err)
			}
		}
	}
}

// All rules together bring a plan to rest: running them again changes nothing.
func TestRulesRest(t *testing.T) {
	for name, list := range cases {
		for _, tc := range list {
			b := testcat.New()
			tc.build(b)
			c := &Context{Catalogue: testcat.Catalogue(), Fold: fold}
			once, _, err := Run(c, b.Plan, All, nil)
			if err != nil {
				t.Fatalf("%s, %s: %v", name, tc.name, err)
			}
			twice, _, err := Run(c, once, All, nil)
			if err != nil {
				t.Fatalf("%s, %s, again: %v", name, tc.name, err)
			}
			if testcat.Text(once) != testcat.Text(twice) {
				t.Errorf("%s, %s: not at rest\n%s\n%s", name, tc.name, testcat.Text(once), testcat.Text(twice))
			}
		}
	}
}
