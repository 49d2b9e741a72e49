// Package testcat has what the planner's tests need: a small catalogue of declarations without implementations, a
// builder of logical plans, and their compact text.
package testcat

import (
	"context"
	"errors"
	"strings"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/planner/estimate"
	"weir/runtime/op"
)

// Types that the operators' rows are made of.
var (
	Int     = types.Of(types.Int)
	Float   = types.Of(types.Float)
	String  = types.Of(types.String)
	Bool    = types.Of(types.Bool)
	Protein = types.Of(types.Protein)
)

// Catalogue gives the operators
//
//	fasta(path, files)         a source of id, description, sequence; files: the number of splits, -1 for unknown
//	blocks(path)               the same with an int? column x behind, which leaves out rows by conditions on id and x
//	keep(cond)                 a filter
//	add(c = e)  only(c = e)    definitions, behind the columns of the input and alone
//	twos(as, order)            staged: pairs of records, in one order or both, with a size hint
//	score(a, b, mode)          score (tier 0), identity and path (tier 1); a floor on score; a mirror unless mode: fit
//	hunt(db, on, as, mode)     staged: the two best targets of every record; a mirror for a set against itself unless mode: fit
//	group(by, n = count())     keyed
//	match(other, on)           keyed, two inputs
//	uniq(on)                   keyed by names
//	head(n)                    one task, in order; a limit
//	order(by)                  one task, in order; can be limited
//	late(cond)                 a filter with a side output
//	opaque()                   declares nothing
//	file(path)  folder(path)   sinks: in one task, and anywhere; screen() may repeat rows
//
// and the functions length (total), risky, and those of the language.
func Catalogue() *op.Catalogue {
	var fns []*op.Function
	for _, name := range []string{expr.And, expr.Or, expr.Not, expr.Ge, expr.Gt, expr.Le, expr.Lt, expr.Eq, expr.Add, expr.Mul, expr.Div} {
		fns = append(fns, &op.Function{Name: name, Hidden: true})
	}
	fns = append(fns, &op.Function{Name: "length", Total: true}, &op.Function{Name: "risky"})
	c, err := op.NewCatalogue(operators(), fns, []*op.Aggregate{{Name: "count"}})
	if err != nil {
		panic(err) // the catalogue is a constant of the tests
	}
	return c
}

func operators() []*op.Operator {
	none := func(*op.Config) (op.Instance, error) { return nil, errors.New("testcat has no implementations") }
	source := func(*op.Config) (op.Source, error) { return nil, errors.New("testcat has no implementations") }
	always := func(op.Args) bool { return true }
	sameRows := func(e *op.Estimating) (estimate.Stream, estimate.Work) { return e.In[0], estimate.Work{} }
	return []*op.Operator{
		{Name: "fasta", Role: op.SourceRole, Source: source,
			Params: []op.Param{{Name: "path", Kind: op.Value, Type: types.Of(types.Path), Required: true},
				{Name: "files", Kind: op.Value, Type: Int}},
			Caps: op.Caps{SplitCount: func(a op.Args, _ op.Storage) int { return int(a.Int("files", 1)) }},
			Estimate: func(e *op.Estimating) (estimate.Stream, estimate.Work) {
				if e.Storage == nil {
					return estimate.Stream{}, estimate.Work{}
				}
				files, err := e.Storage.List(context.Background(), e.Args.Text("path"))
				if err != nil || len(files) == 0 {
					return estimate.Stream{}, estimate.Work{}
				}
				size := float64(files[0].Size)
				return estimate.Stream{Rows: estimate.Exact(size/340, "counted"), Width: map[string]estimate.Number{
						"sequence": estimate.Around(300, 0.1, "sampled")}}, estimate.Work{Bytes: estimate.Exact(size,
						"file size")}
			}},
		{Name: "blocks", Role: op.SourceRole, Source: source,
			Params: []op.Param{{Name: "path", Kind: op.Value, Type: types.Of(types.Path), Required: true},
				{Name: "where", Kind: op.RowExpr, Type: Bool, Hidden: true}},
			Caps: op.Caps{Skip: &op.Skip{Param: "where", Helps: func(_ op.Args, e *expr.Expr) bool {
				if e.Kind != expr.Call || len(e.Args) != 2 {
					return false
				}
				path, ok := e.Args[0].Path()
				return ok && (path == "id" || path == "x") && e.Args[1].Kind == expr.Const
			}}}},
		{Name: "keep", Role: op.TransformRole, New: none,
			Params: []op.Param{{Name: "cond", Kind: op.RowExpr, Type: Bool, Required: true}},
			Caps:   op.Caps{RowWise: true, Condition: "cond"},
			Estimate: func(e *op.Estimating) (estimate.Stream, estimate.Work) {
				s := e.In[0]
				s.Rows = s.Rows.Between(0, 0.3, "assumed")
				return s, estimate.Work{}
			}},
		{Name: "late", Role: op.TransformRole, New: none, Sides: []string{"late"},
			Params: []op.Param{{Name: "cond", Kind: op.RowExpr, Type: Bool, Required: true}},
			Caps:   op.Caps{RowWise: true, Condition: "cond"}},
		{Name: "add", Role: op.TransformRole, New: none,
			Params: []op.Param{{Name: "columns", Kind: op.Defs, Required: true, Variadic: true}},
			Caps:   op.Caps{RowWise: true, Defs: "columns", KeepsInput: true}},
		{Name: "only", Role: op.TransformRole, New: none,
			Params: []op.Param{{Name: "columns", Kind: op.Defs, Required: true, Variadic: true}},
			Caps:   op.Caps{RowWise: true, Defs: "columns"}},
		{Name: "twos", Role: op.TransformRole,
			Params: []op.Param{{Name: "as", Kind: op.Names, Required: true, Named: true, Min: 2},
				{Name: "order", Kind: op.Word, Words: []string{"once", "both"}, Default: "once"},
				{Name: "size_by", Kind: op.Columns, Hidden: true}},
			Bounded: op.NeedsEnd,
			Caps: op.Caps{SizeHint: "size_by", BothOrders: func(a op.Args) []string {
				if a.Word("order") == "both" {
					return a.Names("as")
				}
				return nil
			}, Needs: func(a op.Args, in []types.Row,
				need op.ColumnSet) []op.ColumnSet {
				s := op.NewColumnSet()
				for _, name := range a.Names("as") {
					if sub, all := need.Under(name); all {
						s.AddAll(op.AllColumns(in[0]))
					} else {
						s.AddAll(sub)
					}
				}
				return []op.ColumnSet{s}
			}},
			Estimate: func(e *op.Estimating) (estimate.Stream, estimate.Work) {
				out := estimate.Stream{Rows: e.In[0].Rows.Pairs(), Width: map[string]estimate.Number{}}
				for _, name := range e.Args.Names("as") {
					for c, w := range e.In[0].Width {
						out.Width[name+"."+c] = w
					}
				}
				return out, estimate.Work{}
			},
			Staged: &op.Staged{Collect: func(*op.Config, int) (op.Instance, error) { return none(nil) }, Scan: source}},
		{Name: "score", Role: op.TransformRole, New: none,
			Params: []op.Param{{Name: "a", Kind: op.RowExpr, Required: true}, {Name: "b", Kind: op.RowExpr,
				Required: true},
				{Name: "mode", Kind: op.Word, Words: []string{"local", "fit"}, Default: "local"},
				{Name: "min_score", Kind: op.Value, Type: Float, Hidden: true},
				{Name: "mirrored", Kind: op.Value, Type: Bool, Hidden: true}},
			Caps: op.Caps{RowWise: true, SizedBy: []string{"a", "b"},
				Mirror: &op.Mirror{Param: "mirrored", Symmetric: func(a op.Args) (bool, string) {
					if a.Word("mode") == "fit" {
						return false, "mode: fit treats the two differently"
					}
					return true, ""
				}},
				Floors: []op.Floor{{Column: "score", Param: "min_score"}},
				Lazy: func(op.Args) []op.LazyColumn {
					return []op.LazyColumn{{Name: "score", Tier: 0, Why: "score only"}, {Name: "identity", Tier: 1,
						Why: "traceback"},
						{Name: "path", Tier: 1, Why: "traceback"}}
				},
				Needs: func(a op.Args, in []types.Row, need op.ColumnSet) []op.ColumnSet {
					s := op.NewColumnSet()
					for _, p := range need.Paths() {
						if in[0].Index(strings.SplitN(p, ".", 2)[0]) >= 0 {
							s.Add(p)
						}
					}
					s.AddExpr(a.Expr("a"))
					s.AddExpr(a.Expr("b"))
					return []op.ColumnSet{s}
				}},
			Estimate: func(e *op.Estimating) (estimate.Stream, estimate.Work) {
				out, width := e.In[0], func(p string) estimate.Number {
					path, _ := e.Args.Expr(p).Path()
					return e.In[0].Width[path]
				}
				work := estimate.Work{Cells: out.Rows.Times(width("a")).Times(width("b"))}
				if _, ok := e.Args.Const("min_score"); ok {
					out.Rows = out.Rows.Between(0, 0.01, "assumed")
				}
				return out, work
			}},
		hunt(none, source),
		{Name: "group", Role: op.TransformRole, New: none, Bounded: op.NeedsWindow,
			Params: []op.Param{{Name: "by", Kind: op.Keys, Named: true}, {Name: "aggs", Kind: op.Aggs, Variadic: true}},
			Caps: op.Caps{Keyed: "by", Combine: true, Needs: func(a op.Args, _ []types.Row,
				_ op.ColumnSet) []op.ColumnSet {
				s := op.NewColumnSet()
				for _, arg := range a {
					for _, e := range arg.Exprs() {
						s.AddExpr(e)
					}
				}
				return []op.ColumnSet{s}
			}}},
		{Name: "match", Role: op.TransformRole, New: none,
			Params: []op.Param{{Name: "other", Kind: op.Stream, Required: true}, {Name: "on", Kind: op.On, Named: true,
				Required: true}},
			Caps: op.Caps{Keyed: "on", Passes: func(_ op.Args, in []types.Row) []op.ColumnSet {
				right := op.NewColumnSet()
				for _, f := range in[1] {
					if in[0].Index(f.Name) < 0 {
						right.Add(f.Name)
					}
				}
				return []op.ColumnSet{op.AllColumns(in[0]), right}
			}}},
		{Name: "uniq", Role: op.TransformRole, New: none, Params: []op.Param{{Name: "on", Kind: op.Columns}},
			Caps: op.Caps{Keyed: "on"}, Estimate: sameRows},
		{Name: "head", Role: op.TransformRole, New: none, SingleTask: always, Params: []op.Param{{Name: "n",
			Kind: op.Value, Type: Int, Required: true}},
			Caps: op.Caps{Limits: "n", Needs: func(_ op.Args, _ []types.Row,
				need op.ColumnSet) []op.ColumnSet {
				return []op.ColumnSet{need}
			}}},
		{Name: "order", Role: op.TransformRole, New: none, SingleTask: always, Params: []op.Param{{Name: "by", Kind: op.RowExpr, Required: true},
			{Name: "first", Kind: op.Value, Type: Int, Hidden: true}},
			Caps: op.Caps{LimitedBy: "first"}},
		{Name: "opaque", Role: op.TransformRole, New: none},
		{Name: "sampled", Role: op.TransformRole, New: none, Lossy: true, Unrepeatable: true,
			Caps: op.Caps{RowWise: true}},
		{Name: "file", Role: op.SinkRole, New: none, SingleTask: always, Bounded: op.NeedsEnd,
			Params: []op.Param{{Name: "path", Kind: op.Value, Type: types.Of(types.Path), Required: true}}},
		{Name: "folder", Role: op.SinkRole, New: none,
			Params: []op.Param{{Name: "path", Kind: op.Value, Type: types.Of(types.Path), Required: true}}},
		{Name: "screen", Role: op.SinkRole, New: none, SingleTask: always, AtLeastOnce: true},
	}
}
