package testcat

import (
	"fmt"
	"strings"

	"weir/compiler/expr"
	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/lang/diag"
	"weir/planner/internal/graph"
	"weir/runtime/op"
)

// Builder builds a logical plan node by node. A node's span is a made-up line of test.flow, its number.
type Builder struct{ Plan *logical.Plan }

// New begins a plan.
func New() *Builder { return &Builder{&logical.Plan{File: "test.flow"}} }

// Stream is an output of a node.
type Stream struct {
	b    *Builder
	n    *logical.Node
	side string
}

// Node adds a node that reads the streams, one a port.
func (b *Builder) Node(name string, row types.Row, args op.Args, in ...Stream) Stream {
	n := &logical.Node{ID: len(b.Plan.Nodes) + 1, Op: name, Args: args, Out: types.Stream{Row: row}}
	n.Span = diag.Span{File: "test.flow", Start: diag.Pos{Line: n.ID, Col: 1}, End: diag.Pos{Line: n.ID, Col: 2}}
	for _, s := range in {
		n.Inputs = append(n.Inputs, []logical.Input{{Node: s.n.ID, Side: s.side}})
		n.Out.Unbounded = n.Out.Unbounded || s.n.Out.Unbounded
	}
	b.Plan.Nodes = append(b.Plan.Nodes, n)
	return Stream{b, n, ""}
}

// Records is the row of fasta.
var Records = types.Row{{Name: "id", Type: String}, {Name: "description", Type: String}, {Name: "sequence",
	Type: Protein}}

// Fasta adds a source with so many splits, -1 for an unknown number.
func (b *Builder) Fasta(path string, files int) Stream {
	return b.Node("fasta", Records, op.Args{"path": Arg(expr.Lit(types.Of(types.Path), path)),
		"files": Arg(expr.Lit(Int, int64(files)))})
}

// Blocks adds a source that can leave out rows.
func (b *Builder) Blocks(path string) Stream {
	row := append(append(types.Row(nil), Records...), types.Field{Name: "x", Type: Int.OrNull()})
	return b.Node("blocks", row, op.Args{"path": Arg(expr.Lit(types.Of(types.Path), path))})
}

// Row gives the stream's row.
func (s Stream) Row() types.Row {
	if s.side == graph.Rejected {
		return types.Rejected
	}
	return s.n.Out.Row
}

// Node gives the node.
func (s Stream) Node() *logical.Node { return s.n }

// Side gives a side output.
func (s Stream) Side(name string) Stream { s.side = name; return s }

// Col reads a column path.
func (s Stream) Col(path string) *expr.Expr {
	e, ok := graph.PathExpr(s.Row(), path)
	if !ok {
		panic(fmt.Sprintf("no column %s in %s", path, s.Row())) // a mistake in a test
	}
	return e
}

// Keep adds a filter.
func (s Stream) Keep(cond *expr.Expr) Stream {
	return s.b.Node("keep", s.Row(), op.Args{"cond": Arg(cond)}, s)
}

// Defs adds add or only.
func (s Stream) Defs(name string, defs ...op.Def) Stream {
	var row types.Row
	if name == "add" {
		row = s.Row()
	}
	for _, d := range defs {
		row = row.With(d.Name, d.Expr.Type)
	}
	return s.b.Node(name, row, op.Args{"columns": {Defs: defs}}, s)
}

// Twos adds the pairs, each once.
func (s Stream) Twos() Stream { return s.twos(&op.Arg{Word: "once", Default: true}) }

// BothTwos adds the pairs in both orders.
func (s Stream) BothTwos() Stream { return s.twos(&op.Arg{Word: "both"}) }

func (s Stream) twos(order *op.Arg) Stream {
	rec := types.RecordOf(s.Row()...)
	return s.b.Node("twos", types.Row{{Name: "query", Type: rec}, {Name: "target", Type: rec}},
		op.Args{"as": {Names: []string{"query", "target"}}, "order": order}, s)
}

// Score adds score over two expressions.
func (s Stream) Score(a, b *expr.Expr) Stream {
	return s.score(a, b, &op.Arg{Word: "local", Default: true})
}

// Fit adds score over two expressions that are not treated alike.
func (s Stream) Fit(a, b *expr.Expr) Stream { return s.score(a, b, &op.Arg{Word: "fit"}) }

func (s Stream) score(a, b *expr.Expr, mode *op.Arg) Stream {
	row := s.Row().With("score", Int).With("identity", Float).With("path", String)
	return s.b.Node("score", row, op.Args{"a": Arg(a), "b": Arg(b), "mode": mode}, s)
}

// Group adds a grouping with a count.
func (s Stream) Group(by ...string) Stream {
	var row types.Row
	args := op.Args{"aggs": {Aggs: []op.Agg{{Name: "n", Func: "count", Type: Int}}}}
	for _, k := range by {
		name := k[strings.LastIndexByte(k, '.')+1:]
		e := s.Col(k)
		row = row.With(name, e.Type)
		if args["by"] == nil {
			args["by"] = &op.Arg{}
		}
		args["by"].Keys = append(args["by"].Keys, op.Key{Name: name, Expr: e})
	}
	return s.b.Node("group", row.With("n", Int), args, s)
}

// Match joins with another stream.
func (s Stream) Match(t Stream, left, right string) Stream {
	row := s.Row()
	for _, f := range t.Row() {
		row = row.With(f.Name, f.Type)
	}
	return s.b.Node("match", row, op.Args{"other": {Ports: []int{1}}, "on": {On: []op.KeyPair{{Left: s.Col(left),
		Right: t.Col(right)}}}}, s, t)
}

// Op adds an operator that keeps the row.
func (s Stream) Op(name string, args op.Args) Stream { return s.b.Node(name, s.Row(), args, s) }

// Sink ends the stream.
func (s Stream) Sink(name, path string) {
	s.b.Node(name, nil, op.Args{"path": Arg(expr.Lit(types.Of(types.Path), path))}, s)
}

// Arg makes an argument of an expression.
func Arg(e *expr.Expr) *op.Arg { return &op.Arg{Expr: e} }

// Call makes a call.
func Call(t types.Type, name string, args ...*expr.Expr) *expr.Expr {
	return &expr.Expr{Kind: expr.Call, Type: t, Name: name, Args: args}
}

// N makes an int constant.
func N(v int64) *expr.Expr { return expr.Lit(Int, v) }

// Ge makes a >= b.
func Ge(a, b *expr.Expr) *expr.Expr { return Call(Bool, expr.Ge, a, b) }

// And makes a and b.
func And(a, b *expr.Expr) *expr.Expr { return Call(Bool, expr.And, a, b) }

// Length makes length(x), which is total.
func Length(x *expr.Expr) *expr.Expr { return Call(Int, "length", x) }

// Risky makes risky(x), which may reject.
func Risky(x *expr.Expr) *expr.Expr { return Call(Int, "risky", x) }

// Def makes a definition.
func Def(name string, e *expr.Expr) op.Def { return op.Def{Name: name, Expr: e} }

// Pairwise is the pipeline of the language's first page.
func Pairwise(files int) *logical.Plan {
	b := New()
	f := b.Fasta("data/anaerococcus.fasta.gz", files)
	k := f.Keep(Ge(Length(f.Col("sequence")), N(30)))
	t := k.Twos()
	a := t.Score(t.Col("query.sequence"), t.Col("target.sequence"))
	cutoff := N(100)
	cutoff.Param = "cutoff"
	h := a.Keep(Ge(a.Col("score"), cutoff))
	h.Defs("only", Def("query", h.Col("query.id")), Def("target", h.Col("target.id")), Def("score",
		h.Col("score"))).Sink("file", "hits.tsv")
	b.Plan.Params = []logical.Param{{Name: "cutoff", Type: Int, Value: "100", Source: "default"},
		{Name: "output", Type: types.Of(types.Path), Value: `"hits.tsv"`, Source: "-p"}}
	return b.Plan
}

// Input gives the stream as an input of a node.
func (s Stream) Input() logical.Input { return logical.Input{Node: s.n.ID, Side: s.side} }
