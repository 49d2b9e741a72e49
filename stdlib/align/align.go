package align

import (
	"fmt"

	"weir/compiler/types"
	"weir/planner/estimate"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/align/kernel"
	"weir/stdlib/align/scoring"
	"weir/stdlib/align/stats"
	"weir/stdlib/align/trace"
)

// Align is the operator that aligns two sequences of every row.
var Align = &op.Operator{
	Name: "align",
	Role: op.TransformRole,
	Doc: `aligns two sequences of every row, exactly.

Adds the columns below; each is computed only where the pipeline uses it, and the path of an alignment (positions, identity, CIGAR) only for
rows that are still there when it is needed. A filter on ` + "`score`" + ` behind it is applied inside it.`,
	Params: append([]op.Param{
		{Name: "a", Kind: op.RowExpr, Required: true, Doc: "The query: protein, dna, rna or string."},
		{Name: "b", Kind: op.RowExpr, Required: true, Doc: "The target."},
	}, append(schemeParams(),
		op.Param{Name: "database", Kind: op.Value, Type: types.Of(types.Int), Doc: "Residues of the database, for `evalue`."},
		op.Param{Name: "min_score", Kind: op.Value, Type: types.Of(types.Float), Hidden: true},
		op.Param{Name: mirrorParam, Kind: op.Value, Type: types.Of(types.Bool), Hidden: true})...),
	Type: typeAlign,
	Caps: op.Caps{
		RowWise: true,
		Needs:   needsAlign,
		Lazy:    func(a op.Args) []op.LazyColumn { return lazyColumns(a, false) },
		Floors:  []op.Floor{{Column: "score", Param: "min_score"}},
		SizedBy: []string{"a", "b"},
		Mirror:  &op.Mirror{Param: mirrorParam, Symmetric: symmetric},
	},
	Estimate: estimateAlign,
	New:      newAlign,
	Examples: []op.Example{{
		Doc: "The score under BLAST's default costs, and where the alignment lies.",
		Code: `let pairs_in = read_jsonl("pairs.jsonl", as: { q: protein, t: protein })
let out = pairs_in |> align(q, t) |> select(score, query_start, query_end, cigar)
out |> print()
test "a deletion costs open + extend" {
  given pairs_in = [{ q: "MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQAPILSRVGDGTQDNLSGAEKAVQ",
                      t: "MKTAYIAKQRQISFVKSHFSRQLEERLGIEVQAPILSRVGDGTQDNLSGAEKAVQ" }]
  expect out = [{ score: 257, query_start: 1, query_end: 56, cigar: "28M1I27M" }]
}
`}},
}

func typeAlign(t *op.Typing) types.Row {
	s, err := schemeOf(t.Args, t.Storage)
	if err != nil {
		reportScheme(t, err)
		return nil
	}
	for _, p := range []string{"a", "b"} {
		e := t.Args.Expr(p)
		if e == nil || !checkSequence(t, p, e.Type, s.Matrix) {
			return nil
		}
		if e.Type.Nullable {
			t.Errorf(p, "W2304", "`%s` may be null, and only a sequence can be aligned: put filter(… is not null) before, or say what stands for null by `??`", p)
			return nil
		}
	}
	return withColumns(t, "", t.In[0].Row, s, "the row already has a column `%s`, which align adds: rename it before")
}

func needsAlign(a op.Args, in []types.Row, need op.ColumnSet) []op.ColumnSet {
	s := op.NewColumnSet()
	for _, p := range need.Paths() {
		if columnByName[p] == nil || in[0].Index(p) >= 0 { // what a first pass has computed comes from the input
			s.Add(p)
		}
	}
	s.AddExpr(a.Expr("a"))
	s.AddExpr(a.Expr("b"))
	return []op.ColumnSet{s}
}

func estimateAlign(e *op.Estimating) (estimate.Stream, estimate.Work) {
	out := e.In[0]
	width := func(p string) estimate.Number {
		if x := e.Args.Expr(p); x != nil {
			if path, ok := x.Path(); ok {
				return out.Width[path]
			}
		}
		return estimate.Number{}
	}
	work := estimate.Work{Cells: halved(e.Args, out.Rows.Times(width("a")).Times(width("b")))}
	if _, ok := e.Args.Const("min_score"); ok {
		out.Rows = out.Rows.Between(0, 0.01, "assumed")
	}
	return out, work
}

// aligner is a running align.
type aligner struct {
	op.Base
	cfg    *op.Config
	ctx    op.Context
	scheme *scoring.Scheme
	engine *engine
	stats  *stats.Model
	a, b   op.Evaluator
	min    int32 // rows under it are dropped
	scored bool  // the input has the score already: only paths are wanted
	mirror *mirror

	pairs  []pair
	scores []int32
}

func newAlign(c *op.Config) (op.Instance, error) { return &aligner{cfg: c}, nil }

func (x *aligner) Open(ctx op.Context) error {
	s, err := schemeOf(x.cfg.Args, ctx.Storage())
	if err != nil {
		return &op.Error{Code: "W6301", Message: "the alignment's scheme cannot be made", Err: err}
	}
	x.ctx, x.scheme = ctx, s
	if x.engine, err = newEngine(ctx, s); err != nil {
		return err
	}
	x.min = kernel.Below
	if v, ok := x.cfg.Args.Const("min_score"); ok && v != nil {
		x.min = s.Threshold(x.cfg.Args.Float("min_score", 0))
		x.engine.scorer.SetMin(x.min)
	}
	if x.a, err = ctx.Compile(x.cfg.Args.Expr("a"), x.cfg.In[0]); err != nil {
		return err
	}
	if x.b, err = ctx.Compile(x.cfg.Args.Expr("b"), x.cfg.In[0]); err != nil {
		return err
	}
	x.scored = x.cfg.In[0].Index("score") >= 0
	if x.cfg.Args.Bool(mirrorParam) && s.Symmetric() {
		x.mirror = &mirror{}
	}
	x.stats, err = modelOf(x.cfg.Out, s)
	return err
}

// Data aligns the rows of a batch. Where both sequences come out of dictionaries, as they do behind pairs, every sequence is encoded once and
// every query meets its targets as a block.
func (x *aligner) Data(_ int, b *batch.Batch, out op.Output) error {
	va, b, err := op.Evaluate(x.a, x.cfg.Args.Expr("a").String(), b, out)
	if err != nil {
		return err
	}
	vb, b, err := op.Evaluate(x.b, x.cfg.Args.Expr("b").String(), b, out)
	if err != nil {
		return err
	}
	queries, qpos := x.dictionary(va)
	targets, tpos := x.dictionary(vb)

	rows, pairs := make([]uint32, 0, b.Len()), x.pairs[:0]
	for i := range b.Len() {
		r := b.Pos(i)
		p := pair{qpos.at(r), tpos.at(r)}
		if err := x.engine.check(queries, targets, p); err != nil {
			rej := op.RejectionAt(b, r, "W6303", err.Error())
			if b.Origin == nil && len(b.Ord) == 2 { // behind pairs
				rej.Reason = fmt.Sprintf("records %d and %d of the set: %v", b.Ord[0][r]+1, b.Ord[1][r]+1, err)
			}
			if err := out.Reject(rej); err != nil {
				return err
			}
			continue
		}
		rows, pairs = append(rows, uint32(r)), append(pairs, p)
	}
	x.pairs = pairs
	if cap(x.scores) < len(pairs) {
		x.scores = make([]int32, len(pairs))
	}
	scores := x.scores[:len(pairs)]
	if x.scored {
		v := b.Col("score")
		for i, r := range rows {
			if v.Type.Kind == types.Float {
				scores[i] = x.scheme.Threshold(v.Float(int(r)))
			} else {
				scores[i] = x.scheme.Threshold(float64(v.Int(int(r))))
			}
		}
	} else {
		if err := x.score(queries, targets, pairs, scores); err != nil {
			return err
		}
		kept := 0
		for i, s := range scores {
			if s >= x.min {
				rows[kept], pairs[kept], scores[kept] = rows[i], pairs[i], s
				kept++
			}
		}
		rows, pairs, scores = rows[:kept], pairs[:kept], scores[:kept]
	}
	if len(rows) == 0 {
		return nil
	}
	return x.emit(b, rows, queries, targets, pairs, scores, out)
}

// score turns pairs of one dictionary, where query and target may change places, so that they form a triangle: then few queries have many targets.
func (x *aligner) score(queries, targets *side, pairs []pair, scores []int32) error {
	if x.scheme.Symmetric() && (queries == targets || x.mirror != nil) {
		turned := make([]pair, len(pairs))
		copy(turned, pairs)
		if queries == targets {
			for i, p := range turned {
				turned[i] = pair{min(p.query, p.target), max(p.query, p.target)}
			}
		}
		pairs = turned
	}
	if x.mirror != nil {
		return x.mirror.score(x.engine, queries, targets, pairs, scores)
	}
	return x.engine.score(queries, targets, pairs, scores)
}

// emit fills the columns for the rows that are left.
func (x *aligner) emit(b *batch.Batch, rows []uint32, queries, targets *side, pairs []pair, scores []int32, out op.Output) error {
	if len(rows) < b.N || b.Sel != nil {
		b = b.Take(rows)
	}
	p := newPlan(x.cfg.Out, len(rows), func(name string) bool { return x.cfg.In[0].Index(name) >= 0 })
	res := result{scheme: x.scheme, stats: x.stats, database: x.cfg.Args.Int("database", 0)}
	put := func(k int, path *trace.Alignment) error {
		res.score, res.path = scores[k], path
		res.queryLen, res.targetLen = len(queries.codes[pairs[k].query]), len(targets.codes[pairs[k].target])
		p.add(&res)
		return nil
	}
	paths := &x.engine.paths
	paths.start(put)
	for k := range rows {
		var err error
		if p.traced {
			err = paths.add(queries.codes[pairs[k].query], targets.codes[pairs[k].target], scores[k])
		} else {
			err = put(k, nil)
		}
		if err != nil {
			return err
		}
	}
	if err := paths.flush(); err != nil {
		return err
	}
	cols := make([]*batch.Vector, len(x.cfg.Out))
	for i, f := range x.cfg.Out {
		if p.builders[i] != nil {
			cols[i] = p.builders[i].Done()
		} else {
			cols[i] = b.Col(f.Name)
		}
	}
	return out.Emit(b.With(x.cfg.Out, cols))
}

// positions maps a row to its place in a side; nil where a row is its own place.
type positions []uint32

func (p positions) at(row int) uint32 {
	if p == nil {
		return uint32(row)
	}
	return p[row]
}

// dictionary gives the distinct sequences of a vector, and which of them each row has.
func (x *aligner) dictionary(v *batch.Vector) (*side, positions) {
	if v.Dict == nil {
		return x.engine.side(v), nil
	}
	idx := positions(v.Idx)
	for v = v.Dict; v.Dict != nil; v = v.Dict {
		inner := make(positions, len(idx))
		for i, p := range idx {
			inner[i] = v.Idx[p]
		}
		idx = inner
	}
	return x.engine.side(v), idx
}
