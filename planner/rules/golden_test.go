package rules

import (
	"fmt"
	"strings"
	"testing"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/planner/internal/testcat"
	"weir/planner/physical"
	"weir/runtime/op"
)

// a test case of a rule: a plan, built by hand, and whether the rule must fire.
type ruleCase struct {
	name  string
	fires bool
	build func(b *testcat.Builder)
}

// fold evaluates + and // over ints; // 0 has no value.
func fold(e *expr.Expr) (any, bool) {
	if len(e.Args) != 2 {
		return nil, false
	}
	x, ok1 := e.Args[0].Value.(int64)
	y, ok2 := e.Args[1].Value.(int64)
	switch {
	case !ok1 || !ok2:
	case e.Name == expr.Add:
		return x + y, true
	case e.Name == expr.IntDiv && y != 0:
		return x / y, true
	}
	return nil, false
}

var (
	n    = testcat.N
	ge   = testcat.Ge
	call = testcat.Call
	def  = testcat.Def
)

// scored is pairs with their score.
func scored(b *testcat.Builder) testcat.Stream {
	p := b.Fasta("a.fasta", 1).Twos()
	return p.Score(p.Col("query.sequence"), p.Col("target.sequence"))
}

func gt(a, b *expr.Expr) *expr.Expr { return call(testcat.Bool, expr.Gt, a, b) }

// lessThan compares a column that may be null.
func lessThan(a, b *expr.Expr) *expr.Expr { return call(testcat.Bool.OrNull(), expr.Lt, a, b) }

func lit(x float64) *expr.Expr { return expr.Lit(testcat.Float, x) }

func asFloat(e *expr.Expr) *expr.Expr { return call(testcat.Float, expr.Cast, e) }

func score(s testcat.Stream) *expr.Expr { return s.Col("score") }

// byScore ends a plan in the columns of cheap tiers.
func byScore(s testcat.Stream) {
	s.Defs("only", def("q", s.Col("query.id")), def("score", s.Col("score"))).Sink("file", "out")
}

// byIdentity ends a plan in the columns of both tiers.
func byIdentity(s testcat.Stream) {
	s.Defs("only", def("q", s.Col("query.id")), def("score", s.Col("score")), def("identity",
		s.Col("identity"))).Sink("file", "out")
}

var nullable = types.Row{{Name: "id", Type: testcat.String}, {Name: "x", Type: testcat.Int.OrNull()}, {Name: "y",
	Type: testcat.Int}}

var cases = map[string][]ruleCase{
	"constant-folding": {
		{"a sum", true, func(b *testcat.Builder) {
			f := b.Fasta("a.fasta", 1)
			f.Keep(ge(testcat.Length(f.Col("sequence")), call(testcat.Int, expr.Add, n(20), call(testcat.Int, expr.Add,
				n(3), n(7))))).Sink("file", "out")
		}},
		{"a division by zero stays", false, func(b *testcat.Builder) {
			f := b.Fasta("a.fasta", 1)
			f.Keep(ge(testcat.Length(f.Col("sequence")), call(testcat.Int, expr.IntDiv, n(1), n(0)))).Sink("file",
				"out")
		}},
	},
	"shared-streams": {
		{"a chain that is there twice", true, func(b *testcat.Builder) {
			f, g := b.Fasta("a.fasta", 1), b.Fasta("a.fasta", 1)
			ff := f.Keep(ge(testcat.Length(f.Col("sequence")), n(30)))
			gg := g.Keep(ge(testcat.Length(g.Col("sequence")), n(30)))
			ff.Sink("file", "one")
			gg.Group("id").Sink("file", "two")
		}},
		{"other arguments are another stream", false, func(b *testcat.Builder) {
			b.Fasta("a.fasta", 1).Sink("file", "one")
			b.Fasta("b.fasta", 1).Sink("file", "two")
		}},
		{"what may differ between two runs stays twice", false, func(b *testcat.Builder) {
			f := b.Fasta("a.fasta", 1)
			f.Op("sampled", nil).Sink("file", "one")
			f.Op("sampled", nil).Sink("file", "two")
		}},
		{"somebody reads who rejected", false, func(b *testcat.Builder) {
			b.Fasta("a.fasta", 1).Sink("file", "one")
			g := b.Fasta("a.fasta", 1)
			g.Sink("file", "two")
			g.Side("rejected").Sink("file", "bad")
		}},
		{"a union of both has every row twice", false, func(b *testcat.Builder) {
			f, g := b.Fasta("a.fasta", 1), b.Fasta("a.fasta", 1)
			u := f.Keep(ge(testcat.Length(f.Col("sequence")), n(1)))
			u.Node().Inputs[0] = append(u.Node().Inputs[0], g.Input())
			u.Sink("file", "out")
		}},
	},
	"input-pushdown": {
		{"parts to each side, and one over both stays", true, func(b *testcat.Builder) {
			f := b.Fasta("a.fasta", 1)
			g := b.Blocks("b.fasta")
			g = g.Defs("only", def("key", g.Col("id")), def("size", testcat.Length(g.Col("sequence"))))
			m := f.Match(g, "id", "key")
			m.Keep(testcat.And(testcat.And(ge(m.Col("size"), n(9)), gt(testcat.Length(m.Col("sequence")), m.Col("size"))),
				ge(testcat.Length(m.Col("sequence")), n(30)))).Sink("file", "out")
		}},
		{"all of it, through two joins", true, func(b *testcat.Builder) {
			f, g := b.Fasta("a.fasta", 1), b.Blocks("b.fasta")
			key := g.Defs("only", def("key", g.Col("id")))
			m := f.Match(key, "id", "key")
			m = m.Match(g.Defs("only", def("other", g.Col("id"))), "key", "other")
			m.Keep(ge(testcat.Length(m.Col("sequence")), n(30))).Sink("file", "out")
		}},
		{"a condition that may reject", false, func(b *testcat.Builder) {
			f, g := b.Fasta("a.fasta", 1), b.Blocks("b.fasta")
			m := f.Match(g.Defs("only", def("key", g.Col("id"))), "id", "key")
			m.Keep(ge(testcat.Risky(m.Col("sequence")), n(30))).Sink("file", "out")
		}},
		{"a condition over both", false, func(b *testcat.Builder) {
			f, g := b.Fasta("a.fasta", 1), b.Blocks("b.fasta")
			m := f.Match(g.Defs("only", def("key", g.Col("id"))), "id", "key")
			m.Keep(ge(m.Col("description"), m.Col("key"))).Sink("file", "out")
		}},
		{"somebody reads all rows", false, func(b *testcat.Builder) {
			f, g := b.Fasta("a.fasta", 1), b.Blocks("b.fasta")
			m := f.Match(g.Defs("only", def("key", g.Col("id"))), "id", "key")
			m.Keep(ge(testcat.Length(m.Col("sequence")), n(30))).Sink("file", "out")
			m.Sink("file", "all")
		}},
	},
	"predicate-pushdown": {
		{"through references and definitions", true, func(b *testcat.Builder) {
			f := b.Fasta("a.fasta", 1)
			d := f.Defs("add", def("size", testcat.Length(f.Col("sequence"))))
			s := d.Defs("only", def("name", d.Col("id")), def("size", d.Col("size")))
			s.Keep(ge(s.Col("name"), expr.Lit(testcat.String, "m"))).Sink("file", "out")
		}},
		{"a computed column would be computed twice", false, func(b *testcat.Builder) {
			f := b.Fasta("a.fasta", 1)
			d := f.Defs("add", def("size", testcat.Length(f.Col("sequence"))))
			d.Keep(ge(d.Col("size"), n(30))).Sink("file", "out")
		}},
		{"a definition that may reject", false, func(b *testcat.Builder) {
			f := b.Fasta("a.fasta", 1)
			d := f.Defs("add", def("x", testcat.Risky(f.Col("id"))))
			d.Keep(ge(testcat.Length(d.Col("sequence")), n(30))).Sink("file", "out")
		}},
		{"an operator of which nothing is known", false, func(b *testcat.Builder) {
			s := scored(b)
			s.Keep(ge(testcat.Length(s.Col("query.sequence")), n(30))).Sink("file", "out")
		}},
		{"somebody reads all rows", false, func(b *testcat.Builder) {
			f := b.Fasta("a.fasta", 1)
			d := f.Defs("add", def("size", testcat.Length(f.Col("sequence"))))
			d.Keep(ge(d.Col("id"), expr.Lit(testcat.String, "m"))).Sink("file", "out")
			d.Sink("file", "all")
		}},
	},
	"filter-merge": {
		{"three filters", true, func(b *testcat.Builder) {
			f := b.Fasta("a.fasta", 1)
			l := testcat.Length(f.Col("sequence"))
			f.Keep(ge(l, n(30))).Keep(ge(n(900), l)).Keep(ge(f.Col("id"), expr.Lit(testcat.String, "m"))).Sink("file",
				"out")
		}},
		{"the first may fail", true, func(b *testcat.Builder) {
			f := b.Fasta("a.fasta", 1)
			f.Keep(ge(testcat.Risky(f.Col("id")), n(0))).Keep(ge(testcat.Length(f.Col("sequence")), n(30))).Sink("file",
				"out")
		}},
		{"the second may fail", false, func(b *testcat.Builder) {
			f := b.Fasta("a.fasta", 1)
			f.Keep(ge(testcat.Length(f.Col("sequence")), n(30))).Keep(ge(testcat.Risky(f.Col("id")), n(0))).Sink("file",
				"out")
		}},
		{"without nulls only behind the first", false, func(b *testcat.Builder) {
			f := b.Node("fasta", nullable, nil)
			k := f.Keep(call(testcat.Bool, expr.NotNull, f.Col("x")))
			k.Node().Out.Row = nullable.With("x", testcat.Int)
			k.Keep(ge(k.Col("x"), n(1))).Sink("file", "out")
		}},
		{"its rejected rows must have a reader's input", false, func(b *testcat.Builder) {
			f := b.Fasta("a.fasta", 1)
			k := f.Keep(ge(testcat.Length(f.Col("sequence")), n(30)))
			s := k.Keep(ge(f.Col("id"), expr.Lit(testcat.String, "m")))
			s.Sink("file", "out")
			s.Side("rejected").Sink("file", "bad")
		}},
		{"a side output is read", false, func(b *testcat.Builder) {
			f := b.Fasta("a.fasta", 1)
			k := f.Op("late", op.Args{"cond": testcat.Arg(ge(testcat.Length(f.Col("sequence")), n(30)))})
			k.Op("late", op.Args{"cond": testcat.Arg(ge(testcat.Length(f.Col("sequence")), n(40)))}).Sink("file", "out")
			k.Side("late").Sink("file", "late")
		}},
	},
	"floor-pushdown": {
		{"at least", true, func(b *testcat.Builder) {
			s := scored(b)
			cutoff := n(100)
			cutoff.Param = "cutoff"
			byScore(s.Keep(ge(score(s), cutoff)))
		}},
		{"more than, of an int", true, func(b *testcat.Builder) {
			s := scored(b)
			byScore(s.Keep(gt(score(s),
				n(100))))
		}},
		{"the bound on the left", true, func(b *testcat.Builder) {
			s := scored(b)
			byScore(s.Keep(call(testcat.Bool, expr.Lt, lit(99.5), asFloat(score(s)))))
		}},
		{"one of two conditions", true, func(b *testcat.Builder) {
			s := scored(b)
			byIdentity(s.Keep(testcat.And(ge(s.Col("identity"), lit(0.5)), ge(score(s), n(100)))))
		}},
		{"the higher of two bounds", true, func(b *testcat.Builder) {
			s := scored(b)
			byScore(s.Keep(testcat.And(ge(score(s), n(100)), ge(score(s), n(50)))))
		}},
		{"a condition that may reject first", false, func(b *testcat.Builder) {
			s := scored(b)
			byScore(s.Keep(testcat.And(ge(testcat.Risky(s.Col("query.id")), n(0)), ge(score(s), n(100)))))
		}},
		{"an alternative is no bound", false, func(b *testcat.Builder) {
			s := scored(b)
			byIdentity(s.Keep(call(testcat.Bool, expr.Or, ge(score(s), n(100)), ge(s.Col("identity"), lit(0.9)))))
		}},
		{"an upper bound", false, func(b *testcat.Builder) { s := scored(b); byScore(s.Keep(ge(n(100), score(s)))) }},
		{"a column without a bound", false,
			func(b *testcat.Builder) { s := scored(b); byIdentity(s.Keep(ge(s.Col("identity"), lit(0.5)))) }},
		{"somebody reads all rows", false, func(b *testcat.Builder) {
			s := scored(b)
			byScore(s.Keep(ge(score(s), n(100))))
			byScore(s)
		}},
	},
	"block-skipping": {
		{"conditions on columns with statistics", true, func(b *testcat.Builder) {
			s := b.Blocks("a.blocks")
			k := s.Keep(testcat.And(testcat.And(lessThan(s.Col("x"), n(20)), ge(testcat.Length(s.Col("sequence")), n(2))),
				ge(s.Col("id"), expr.Lit(testcat.String, "m"))))
			k.Defs("only", def("id", k.Col("id"))).Sink("file", "out")
		}},
		{"a condition that may reject behind it", true, func(b *testcat.Builder) {
			s := b.Blocks("a.blocks")
			s.Keep(testcat.And(ge(s.Col("id"), expr.Lit(testcat.String, "m")), ge(testcat.Risky(s.Col("description")),
				n(1)))).Sink("file", "out")
		}},
		{"a condition that may reject behind one that may be null", false, func(b *testcat.Builder) {
			s := b.Blocks("a.blocks")
			s.Keep(testcat.And(lessThan(s.Col("x"), n(20)), ge(testcat.Risky(s.Col("id")), n(1)))).Sink("file", "out")
		}},
		{"a condition that may reject first", false, func(b *testcat.Builder) {
			s := b.Blocks("a.blocks")
			s.Keep(testcat.And(ge(testcat.Risky(s.Col("id")), n(1)), lessThan(s.Col("x"), n(20)))).Sink("file", "out")
		}},
		{"the dropped rows are read", false, func(b *testcat.Builder) {
			s := b.Blocks("a.blocks")
			late := s.Op("late", op.Args{"cond": testcat.Arg(ge(s.Col("id"), expr.Lit(testcat.String, "m")))})
			late.Sink("file", "out")
			late.Side("late").Sink("file", "late")
		}},
		{"a column without statistics", false, func(b *testcat.Builder) {
			s := b.Blocks("a.blocks")
			s.Keep(ge(s.Col("description"), expr.Lit(testcat.String, "m"))).Sink("file", "out")
		}},
		{"somebody reads all rows", false, func(b *testcat.Builder) {
			s := b.Blocks("a.blocks")
			s.Keep(ge(s.Col("id"), expr.Lit(testcat.String, "m"))).Sink("file", "out")
			s.Sink("file", "all")
		}},
	},
	"limit-pushdown": {
		{"through definitions", true, func(b *testcat.Builder) {
			f := b.Fasta("a.fasta", 1)
			limit := n(5)
			limit.Param = "k"
			o := f.Op("order", op.Args{"by": testcat.Arg(f.Col("id"))})
			o.Defs("add", def("size", testcat.Length(f.Col("sequence")))).Op("head", op.Args{"n": testcat.Arg(limit)}).Sink("file", "out")
		}},
		{"the lower of two limits", true, func(b *testcat.Builder) {
			f := b.Fasta("a.fasta", 1)
			o := f.Op("order", op.Args{"by": testcat.Arg(f.Col("id")), "first": testcat.Arg(n(9))})
			o.Op("head", op.Args{"n": testcat.Arg(n(5))}).Sink("file", "out")
		}},
		{"less is wanted already", false, func(b *testcat.Builder) {
			f := b.Fasta("a.fasta", 1)
			o := f.Op("order", op.Args{"by": testcat.Arg(f.Col("id")), "first": testcat.Arg(n(3))})
			o.Op("head", op.Args{"n": testcat.Arg(n(5))}).Sink("file", "out")
		}},
		{"a definition that may reject", false, func(b *testcat.Builder) {
			f := b.Fasta("a.fasta", 1)
			o := f.Op("order", op.Args{"by": testcat.Arg(f.Col("id"))})
			o.Defs("add", def("x", testcat.Risky(f.Col("id")))).Op("head", op.Args{"n": testcat.Arg(n(5))}).Sink("file", "out")
		}},
		{"a filter between", false, func(b *testcat.Builder) {
			f := b.Fasta("a.fasta", 1)
			o := f.Op("order", op.Args{"by": testcat.Arg(f.Col("id"))})
			o.Keep(ge(testcat.Length(f.Col("sequence")), n(2))).Op("head", op.Args{"n": testcat.Arg(n(5))}).Sink("file", "out")
		}},
		{"somebody reads all rows", false, func(b *testcat.Builder) {
			f := b.Fasta("a.fasta", 1)
			o := f.Op("order", op.Args{"by": testcat.Arg(f.Col("id"))})
			o.Op("head", op.Args{"n": testcat.Arg(n(5))}).Sink("file", "out")
			o.Sink("file", "all")
		}},
	},
	"lazy-split": {
		{"a filter over the score, then the identity", true, func(b *testcat.Builder) {
			s := scored(b)
			byIdentity(s.Keep(ge(score(s), testcat.Length(s.Col("query.sequence")))))
		}},
		{"one tier", false, func(b *testcat.Builder) {
			s := scored(b)
			byScore(s.Keep(ge(score(s), testcat.Length(s.Col("query.sequence")))))
		}},
		{"the filter reads the dear column", false,
			func(b *testcat.Builder) { s := scored(b); byIdentity(s.Keep(ge(s.Col("identity"), lit(0.5)))) }},
		{"the filter reads none of its columns", false, func(b *testcat.Builder) {
			s := scored(b)
			byIdentity(s.Keep(ge(testcat.Length(s.Col("query.sequence")), n(30))))
		}},
		{"no filter", false, func(b *testcat.Builder) { byIdentity(scored(b)) }},
	},
	"projection-pruning": {
		{"records cut where they are made", true, func(b *testcat.Builder) {
			s := scored(b)
			k := s.Keep(ge(testcat.Length(s.Col("query.sequence")), n(30)))
			byScore(k)
		}},
		{"an unused definition goes, one that may reject stays", true, func(b *testcat.Builder) {
			f := b.Fasta("a.fasta", 1)
			d := f.Defs("add", def("size", testcat.Length(f.Col("sequence"))), def("x",
				testcat.Risky(f.Col("description"))))
			d.Defs("only", def("id", d.Col("id"))).Sink("file", "out")
		}},
		{"two readers want different columns", true, func(b *testcat.Builder) {
			f := b.Fasta("a.fasta", 1)
			f.Group("id").Sink("file", "out")
			f.Op("head", op.Args{"n": testcat.Arg(n(3))}).Defs("only", def("s", f.Col("sequence"))).Sink("file", "out")
		}},
		{"a side output has the row of the input", true, func(b *testcat.Builder) {
			f := b.Fasta("a.fasta", 1)
			l := f.Op("late", op.Args{"cond": testcat.Arg(ge(testcat.Length(f.Col("sequence")), n(30)))})
			l.Defs("only", def("id", l.Col("id"))).Sink("file", "out")
			late := l.Side("late")
			late.Defs("only", def("d", f.Col("description"))).Sink("file", "late")
		}},
		{"an operator that declares no needs reads all", false, func(b *testcat.Builder) {
			f := b.Fasta("a.fasta", 1)
			o := f.Op("opaque", nil)
			o.Defs("only", def("id", o.Col("id"))).Sink("file", "out")
		}},
		{"a sink writes all", false, func(b *testcat.Builder) { b.Fasta("a.fasta", 1).Sink("file", "out") }},
	},
	"lazy-tiers": {
		{"cheap columns alone", true, func(b *testcat.Builder) {
			s := scored(b)
			s.Node().Out.Row = s.Row()[:3]
			byScore(s)
		}},
		{"no column", true, func(b *testcat.Builder) {
			s := scored(b)
			s.Node().Out.Row = s.Row()[:2]
			s.Sink("file", "out")
		}},
		{"a dear column", false, func(b *testcat.Builder) { byIdentity(scored(b)) }},
	},
	"size-hint": {
		{"through a filter and definitions", true, func(b *testcat.Builder) {
			p := b.Fasta("a.fasta", 1).Twos()
			k := p.Keep(ge(p.Col("query.id"), p.Col("target.id")))
			d := k.Defs("add", def("a", k.Col("query.sequence")), def("b", k.Col("target.sequence")))
			byScore(d.Score(d.Col("a"), d.Col("b")))
		}},
		{"a computed sequence", false, func(b *testcat.Builder) {
			p := b.Fasta("a.fasta", 1).Twos()
			byScore(p.Score(call(testcat.Protein, "reverse", p.Col("query.sequence")), p.Col("target.sequence")))
		}},
		{"no pairs before it", false, func(b *testcat.Builder) {
			f := b.Fasta("a.fasta", 1)
			f.Score(f.Col("sequence"), f.Col("sequence")).Sink("file", "out")
		}},
		{"an operator between that is not row by row", false, func(b *testcat.Builder) {
			p := b.Fasta("a.fasta", 1).Twos().Op("head", op.Args{"n": testcat.Arg(n(9))})
			byScore(p.Score(p.Col("query.sequence"), p.Col("target.sequence")))
		}},
	},
	"self-search": {
		{"a set against itself", true, func(b *testcat.Builder) {
			f := b.Fasta("a.fasta", 1)
			byScore(f.Hunt(f, "sequence", "sequence", "local"))
		}},
		{"two sets", false, func(b *testcat.Builder) {
			f := b.Fasta("a.fasta", 1)
			byScore(f.Hunt(b.Fasta("b.fasta", 1), "sequence", "sequence", "local"))
		}},
		{"a part of a set against the set", false, func(b *testcat.Builder) {
			f := b.Fasta("a.fasta", 1)
			byScore(f.Keep(ge(testcat.Length(f.Col("sequence")), n(30))).Hunt(f, "sequence", "sequence", "local"))
		}},
		{"not treated alike", false, func(b *testcat.Builder) {
			f := b.Fasta("a.fasta", 1)
			byScore(f.Hunt(f, "sequence", "sequence", "fit"))
		}},
		{"two columns", false, func(b *testcat.Builder) {
			f := b.Fasta("a.fasta", 1)
			byScore(f.Hunt(f, "sequence", "description", "local"))
		}},
	},
	"mirrored-pairs": {
		{"both orders, through a filter and definitions", true, func(b *testcat.Builder) {
			p := b.Fasta("a.fasta", 1).BothTwos()
			k := p.Keep(ge(p.Col("query.id"), p.Col("target.description")))
			d := k.Defs("add", def("a", k.Col("target.sequence")), def("b", k.Col("query.sequence")))
			byScore(d.Score(d.Col("a"), d.Col("b")))
		}},
		{"the path is not halved, the score is", true, func(b *testcat.Builder) {
			p := b.Fasta("a.fasta", 1).BothTwos()
			byIdentity(p.Score(p.Col("query.sequence"), p.Col("target.sequence")))
		}},
		{"every pair once", false, func(b *testcat.Builder) { byScore(scored(b)) }},
		{"not treated alike", false, func(b *testcat.Builder) {
			p := b.Fasta("a.fasta", 1).BothTwos()
			byScore(p.Fit(p.Col("query.sequence"), p.Col("target.sequence")))
		}},
		{"a row turned round has other sequences", false, func(b *testcat.Builder) {
			p := b.Fasta("a.fasta", 1).BothTwos()
			byScore(p.Score(p.Col("query.sequence"), p.Col("target.description")))
		}},
		{"one sequence twice", false, func(b *testcat.Builder) {
			p := b.Fasta("a.fasta", 1).BothTwos()
			byScore(p.Score(p.Col("query.sequence"), p.Col("query.sequence")))
		}},
		{"a computed sequence", false, func(b *testcat.Builder) {
			p := b.Fasta("a.fasta", 1).BothTwos()
			byScore(p.Score(call(testcat.Protein, "reverse", p.Col("query.sequence")), p.Col("target.sequence")))
		}},
		{"the cheap columns are there already", false, func(b *testcat.Builder) {
			p := b.Fasta("a.fasta", 1).BothTwos()
			s := p.Score(p.Col("query.sequence"), p.Col("target.sequence"))
			s.Node().Op, s.Node().Args = "add", op.Args{"columns": {Defs: []op.Def{def("score", n(7))}}}
			s.Node().Out.Row = s.Row()[:3]
			byIdentity(s.Score(s.Col("query.sequence"), s.Col("target.sequence")))
		}},
		{"an operator between that is not row by row", false, func(b *testcat.Builder) {
			p := b.Fasta("a.fasta", 1).BothTwos().Op("head", op.Args{"n": testcat.Arg(n(9))})
			byScore(p.Score(p.Col("query.sequence"), p.Col("target.sequence")))
		}},
	},
}

// Every rule has a golden file with the plan before and after, and why, for what it must do and what it must leave.
func TestRulesGolden(t *testing.T) {
	for _, r := range All {
		list := cases[r.Name]
		if len(list) < 2 {
			t.Errorf("the rule %s has no cases", r.Name)
			continue
		}
		t.Run(r.Name, func(t *testing.T) {
			var names []string
			texts := map[string]string{}
			for _, tc := range list {
				b := testcat.New()
				tc.build(b)
				c := &Context{Catalogue: testcat.Catalogue(), Fold: fold}
				before := testcat.Text(b.Plan)
				after, ds, err := Run(c, b.Plan, []*Rule{r}, nil)
				if err != nil {
					t.Fatalf("%s: %v", tc.name, err)
				}
				if testcat.Text(b.Plan) != before {
					t.Errorf("%s: the rule has changed the plan that it was given", tc.name)
				}
				fired := false
				for _, d := range ds {
					fired = fired || d.Fired
				}
				if fired != tc.fires {
					t.Errorf("%s: fired is %v", tc.name, fired)
				}
				for _, s := range []struct{ part, text string }{{"before", before}, {"after", testcat.Text(after)}, {"why", why(ds)}} {
					if s.part == "after" && s.text == before {
						continue
					}
					names = append(names, tc.name+"/"+s.part)
					texts[tc.name+"/"+s.part] = s.text
				}
			}
			testcat.Golden(t, "testdata/"+r.Name+".txtar", names, texts)
		})
	}
}

func why(ds []physical.Decision) string {
	var b strings.Builder
	for _, d := range ds {
		mark := "✗"
		if d.Fired {
			mark = "✓"
		}
		fmt.Fprintf(&b, "%s %s: %s\n", mark, d.Node, d.Why)
	}
	return b.String()
}
