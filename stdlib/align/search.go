package align

import (
	"container/heap"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"slices"
	"sort"

	"weir/compiler/types"
	"weir/planner/estimate"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/align/kernel"
	"weir/stdlib/align/scoring"
	"weir/stdlib/align/stats"
	"weir/stdlib/align/trace"
	"weir/stdlib/internal/basepair"
)

// Search is the operator that aligns a set of queries with a set of targets and keeps the best.
var Search = &op.Operator{
	Name: "search",
	Role: op.TransformRole,
	Doc: `aligns every query with every record of a database, exactly, and keeps the best hits of each query.

A row has the query's and the target's record and the columns of align. The hits of a query come best first; of equal scores the earlier target
comes first. An empty alignment is no hit. With ` + "`strand: both`" + ` the reverse complement of each query is searched as well, and the better of both strands
counts, the forward one where they are equal: a pair is one hit.

With ` + "`composition: scaled`" + ` or ` + "`adjusted`" + ` a pair whose E-value is at most five times ` + "`max_evalue`" + ` is aligned again under a matrix that is made for
what the two sequences consist of, and all else goes by that: score, bounds, ranking and the alignment. The language's reference says how.

A set that is searched against itself is scored once for every unordered pair, where mode, free ends, ` + "`composition` and `strand`" + ` treat query and target alike.

Memory is bounded by a block of queries, a block of the database and ` + "`top`" + ` hits a query, for each task.`,
	Params: append([]op.Param{
		{Name: "db", Kind: op.Stream, Required: true, Doc: "The targets."},
		{Name: "on", Kind: op.Each, Required: true, Named: true, Doc: "The sequence column of the queries and that of the targets."},
		{Name: "as", Kind: op.Names, Required: true, Named: true, Min: 2, Doc: "Names for the query's and the target's record."},
	}, append(schemeParams(),
		op.Param{Name: "top", Kind: op.Value, Type: types.Of(types.Int), Default: "10", Doc: "At most so many hits a query."},
		op.Param{Name: "min_score", Kind: op.Value, Type: types.Of(types.Float), Doc: "No hit below this score."},
		op.Param{Name: "max_evalue", Kind: op.Value, Type: types.Of(types.Float), Doc: "No hit above this E-value; 10 by default where `composition` is not none."},
		op.Param{Name: "composition", Kind: op.Word, Words: []string{"none", "scaled", "adjusted"}, Default: "none", Doc: "What a pair's compositions do to its score: nothing, scale the matrix, or adjust it."},
		op.Param{Name: "strand", Kind: op.Word, Words: []string{"forward", "both"}, Default: "forward", Doc: "Of queries of dna or rna, `both` searches the reverse complement as well, and adds the column `strand`."},
		op.Param{Name: "database", Kind: op.Value, Type: types.Of(types.Int), Doc: "Residues of the database, for `evalue` and `max_evalue`; by default those of the targets."},
		op.Param{Name: mirrorParam, Kind: op.Value, Type: types.Of(types.Bool), Hidden: true},
		op.Param{Name: foundParam, Kind: op.Stream, Hidden: true},
	)...),
	Bounded: op.NeedsEnd,
	Type:    typeSearch,
	Caps: op.Caps{
		Needs:  needsSearch,
		Lazy:   func(a op.Args) []op.LazyColumn { return lazyColumns(a, true) },
		Mirror: &op.Mirror{Param: mirrorParam, Symmetric: symmetricSearch, Found: foundParam, Row: foundRow},
	},
	Estimate: estimateSearch,
	Staged:   &op.Staged{Collect: searchCollects, Scan: searchScans},
	Examples: []op.Example{{
		Doc: "The best target of a query.",
		Code: `let queries = read_jsonl("queries.jsonl", as: { id: string, sequence: protein })
let known = read_jsonl("known.jsonl", as: { id: string, sequence: protein })
let out = queries
  |> search(known, on: (sequence, sequence), as: (query, target), top: 1)
  |> select(query = query.id, target = target.id, score)
out |> print()
test "the best hit" {
  given queries = [{ id: "q", sequence: "MKTAYIAKQRQISFVK" }]
  given known = [{ id: "far", sequence: "GGGPGGSGGP" }, { id: "near", sequence: "MKTAYIAKQRQLSFVK" }]
  expect out = [{ query: "q", target: "near", score: 75 }]
}
`}, {
		Doc: "Two proteins that are alike in nothing but their composition, and two that are related: compositions tell them apart.",
		Code: `let queries = read_jsonl("queries.jsonl", as: { id: string, sequence: protein })
let known = read_jsonl("known.jsonl", as: { id: string, sequence: protein })
let out = queries
  |> search(known, on: (sequence, sequence), as: (query, target), composition: adjusted, max_evalue: 1e-3,
            database: 1000000)
  |> select(query = query.id, target = target.id, score)
let plain = queries
  |> search(known, on: (sequence, sequence), as: (query, target), max_evalue: 1e-3, database: 1000000)
  |> select(query = query.id, target = target.id, score)
out |> print()
plain |> print()
test "what is left of a score" {
  given queries = [{ id: "q", sequence: "KEELKQQKEKKKKRRELEAEQKKLALRREKEKEEKKLKKEELEEKARELKLLAKRAEEAQ" }]
  given known = [{ id: "rich", sequence: "EKLLQAQEKKKKLRKLEKEEEKRRREKKKKKKLKQKKEKERELEKEEEEEEKREEQKEKE" }, { id: "related", sequence: "KEELKQQKEKKMKRRELETEQKKLALRREAEECIKKLKHECNADAAGELWICYKRSREAK" }]
  expect out = [{ query: "q", target: "related", score: 135 }]
  expect plain = [{ query: "q", target: "rich", score: 104 }, { query: "q", target: "related", score: 171 }]
}
`}, {
		Doc: "A primer that lies on the other strand. Positions are those of the query as it was given.",
		Code: `let primers = read_jsonl("primers.jsonl", as: { id: string, sequence: dna })
let genes = read_jsonl("genes.jsonl", as: { id: string, sequence: dna })
let out = primers
  |> search(genes, on: (sequence, sequence), as: (primer, gene), mode: fit, matrix: EDNAFULL,
            gap: affine(open: 10, extend: 2), strand: both, min_score: 40)
  |> select(primer = primer.id, gene = gene.id, strand, query_start, query_end, target_start, target_end, cigar)
out |> print()
test "the reverse complement is found" {
  given primers = [{ id: "p", sequence: "GCTTTAACGT" }]
  given genes = [{ id: "g", sequence: "TTACGTTAAAGCCC" }]
  expect out = [{ primer: "p", gene: "g", strand: "-", query_start: 1, query_end: 10, target_start: 3, target_end: 12, cigar: "10M" }]
}
`}},
}

// sides of a search, by input port.
const (
	queryPort = iota
	targetPort
)

func onColumn(a op.Args, port int) string {
	on := a["on"]
	if on == nil || len(on.On) != 1 {
		return ""
	}
	e := on.On[0].Left
	if port == targetPort {
		e = on.On[0].Right
	}
	path, _ := e.Path()
	return path
}

func typeSearch(t *op.Typing) types.Row {
	as, on := t.Args.Names("as"), t.Args["on"]
	if len(as) != 2 || on == nil || len(on.On) != 1 || len(t.In) != 2 {
		return nil // reported by the checker
	}
	if as[0] == as[1] {
		t.Errorf("as", "W2306", "query and target are both called `%s`: give two names", as[0])
		return nil
	}
	s, err := schemeOf(t.Args, t.Storage)
	if err != nil {
		reportScheme(t, err)
		return nil
	}
	for _, e := range []types.Type{on.On[0].Left.Type, on.On[0].Right.Type} {
		if !checkSequence(t, "on", e, s.Matrix) {
			return nil
		}
		if e.Nullable {
			t.Errorf("on", "W2304", "`on` may be null, and only a sequence can be aligned: put filter(… is not null) before")
			return nil
		}
	}
	if bothStrands(t.Args) && !(nucleic(on.On[0].Left.Type) && nucleic(on.On[0].Right.Type)) {
		t.Errorf("strand", "W2310", "`strand: both` is for sequences of dna or rna, and these are %s and %s: read them with alphabet: dna, or declare the column so", on.On[0].Left.Type, on.On[0].Right.Type)
		return nil
	}
	if method, ok := compositionMethods[t.Args.Word("composition")]; ok {
		if _, err := adjusterOf(method, s); err != nil {
			reportComposition(t, err)
			return nil
		}
	}
	if _, ok := t.Args.Const("max_evalue"); ok {
		if why := statisticsUnavailable(t.Args); why != "" {
			t.Errorf("max_evalue", "W2308", "%s", why)
			return nil
		}
	}
	if top := t.Args.Int("top", 10); top < 1 || top > 1_000_000 {
		t.Errorf("top", "W2307", "`top` is a number from 1 to 1,000,000")
		return nil
	}
	row := types.Row{{Name: as[0], Type: types.RecordOf(t.In[0].Row...)}, {Name: as[1], Type: types.RecordOf(t.In[1].Row...)}}
	return withColumns(t, "as", row, s, "`%s` is the name of a column that search adds: give another one")
}

func needsSearch(a op.Args, in []types.Row, need op.ColumnSet) []op.ColumnSet {
	out := make([]op.ColumnSet, 2)
	for port, name := range a.Names("as") {
		out[port] = op.NewColumnSet(onColumn(a, port))
		if sub, all := need.Under(name); all {
			out[port].AddAll(op.AllColumns(in[port]))
		} else {
			out[port].AddAll(sub)
		}
	}
	return out
}

func estimateSearch(e *op.Estimating) (estimate.Stream, estimate.Work) {
	q, t := e.In[queryPort], e.In[targetPort]
	out := estimate.Stream{Rows: q.Rows.Scale(float64(e.Args.Int("top", 10))).Between(0, 1, "assumed"), Width: map[string]estimate.Number{}}
	for port, name := range e.Args.Names("as") {
		for c, w := range e.In[port].Width {
			out.Width[name+"."+c] = w
		}
	}
	cells := q.Rows.Times(t.Rows).Times(q.Width[onColumn(e.Args, queryPort)]).Times(t.Width[onColumn(e.Args, targetPort)])
	if e.Args[foundParam] != nil {
		return out, estimate.Work{} // done
	}
	return out, estimate.Work{Cells: halved(e.Args, cells)}
}

// bothStrands reports that queries are searched as they are and as their reverse complements.
func bothStrands(a op.Args) bool { return a.Word("strand") == "both" }

func nucleic(t types.Type) bool { return t.Kind == types.DNA || t.Kind == types.RNA }

// searchCollect lays out one input as pairs does, after it has rejected what cannot be aligned.
type searchCollect struct {
	collect
	args   op.Args
	column string
	matrix *scoring.Matrix
	codes  []byte
	turned []byte
}

func newSearchCollect(c *op.Config, port int) (op.Instance, error) {
	column := onColumn(c.Args, port)
	return &searchCollect{collect: collect{row: c.In[port], size: column, port: port, limit: blockRecords}, args: c.Args, column: column}, nil
}

func (x *searchCollect) Open(ctx op.Context) error {
	var err error
	if x.matrix, err = matrixOf(x.args, ctx.Storage()); err != nil {
		return &op.Error{Code: "W6301", Message: "the alignment's scheme cannot be made", Err: err}
	}
	return x.collect.Open(ctx)
}

func (x *searchCollect) Data(port int, b *batch.Batch, out op.Output) error {
	v := b.Col(x.column)
	ok := make([]uint32, 0, b.Len())
	for i := range b.Len() {
		r := b.Pos(i)
		if err := x.check(v.Bytes(r)); err != nil {
			if x.args.Bool(mirrorParam) {
				continue // the second search says so
			}
			if err := out.Reject(op.RejectionAt(b, r, "W6303", err.Error())); err != nil {
				return err
			}
			continue
		}
		ok = append(ok, uint32(r))
	}
	if len(ok) < b.Len() {
		b = b.Select(ok)
	}
	return x.collect.Data(port, b, out)
}

// check says why a sequence cannot be aligned: it, or its reverse complement where that is needed, has a letter that the matrix lacks.
func (x *searchCollect) check(sequence []byte) (err error) {
	if x.codes, err = x.matrix.EncodeSeq(x.codes[:0], sequence); err != nil || x.port != queryPort || !bothStrands(x.args) {
		return err
	}
	var at int
	if x.turned, at = basepair.AppendReverse(x.turned[:0], sequence); at >= 0 {
		return fmt.Errorf("position %d: %q has no complement, which strand: both needs", at+1, rune(sequence[at]))
	}
	if x.codes, err = x.matrix.EncodeSeq(x.codes[:0], x.turned); err != nil {
		return fmt.Errorf("reverse complement, %w", err)
	}
	return nil
}

// searchScan reads splits: a range of queries of one block against the whole database.
type searchScan struct {
	cfg    *op.Config
	ctx    op.Context
	scheme *scoring.Scheme
	engine *engine
	fine   *rescorer // nil where compositions do not count
	blocks [2][]blockInfo
	stats  *stats.Model
	min    int32
	top    int
	goal   int64 // cells of a split

	residues  int64   // of the targets
	database  int64   // residues that E-values count with
	maxEValue float64 // +Inf for none
}

func newSearchScan(c *op.Config) (op.Source, error) { return &searchScan{cfg: c, goal: tileCells}, nil }

func (x *searchScan) Open(ctx op.Context) error {
	s, err := schemeOf(x.cfg.Args, ctx.Storage())
	if err != nil {
		return &op.Error{Code: "W6301", Message: "the alignment's scheme cannot be made", Err: err}
	}
	x.ctx, x.scheme, x.top = ctx, s, int(x.cfg.Args.Int("top", 10))
	if x.engine, err = newEngine(ctx, s); err != nil {
		return err
	}
	x.min = kernel.Below + 1
	if s.Mode == scoring.Local || s.Mode == scoring.Overlap {
		x.min = 1
	}
	if _, ok := x.cfg.Args.Const("min_score"); ok {
		x.min = max(x.min, s.Threshold(x.cfg.Args.Float("min_score", 0)))
	}
	if method, ok := compositionMethods[x.cfg.Args.Word("composition")]; ok {
		if x.fine, err = newRescorer(method, s); err != nil {
			return err
		}
		x.fine.stopWith(ctx.Context())
	} else {
		x.engine.scorer.SetMin(x.min)
	}
	for port := range x.blocks {
		if port == targetPort && x.cfg.Args.Bool(mirrorParam) {
			x.blocks[targetPort] = x.blocks[queryPort]
			break
		}
		if err := ctx.Staging().GetMeta(fmt.Sprint(port), &x.blocks[port]); err != nil {
			return err
		}
	}
	for _, b := range x.blocks[targetPort] {
		for _, size := range b.Sizes {
			x.residues += size
		}
	}
	x.database = x.cfg.Args.Int("database", x.residues)
	if x.stats, err = modelOf(x.cfg.Out, s); err != nil {
		return err
	}
	x.maxEValue = math.Inf(1)
	if x.fine != nil {
		x.maxEValue = defaultMaxEValue
	}
	x.maxEValue = x.cfg.Args.Float("max_evalue", x.maxEValue)
	if x.stats == nil && !math.IsInf(x.maxEValue, 1) {
		if x.stats, err = stats.New(s); err != nil {
			return &op.Error{Code: "W6305", Message: "there are no E-values for this scheme", Err: err}
		}
	}
	return nil
}

func (x *searchScan) Close() error { return nil }

// queryRange is a split.
type queryRange struct{ I, Q0, Q1 int }

// splitsAtLeast is how many splits a search has before they become larger than they need be: what a block costs before it is scored, queries
// of one split share.
const splitsAtLeast = 128

func (x *searchScan) Splits(op.Context, []json.RawMessage) iter.Seq2[op.Split, error] {
	total := int64(0)
	for _, b := range x.blocks[queryPort] {
		for _, size := range b.Sizes {
			total += max(size, 1) * max(x.residues, 1)
		}
	}
	goal := min(max(x.goal, total/splitsAtLeast), 8*x.goal)
	return func(yield func(op.Split, error) bool) {
		var index uint64
		for i, b := range x.blocks[queryPort] {
			for q0 := 0; q0 < b.Records; {
				q1, cells := q0, int64(0)
				for q1 < b.Records && (q1 == q0 || cells < goal) {
					cells += max(b.Sizes[q1], 1) * max(x.residues, 1)
					q1++
				}
				data, err := json.Marshal(queryRange{i, q0, q1})
				if !yield(op.Split{Index: index, Weight: float64(cells), Data: data}, err) {
					return
				}
				index, q0 = index+1, q1
			}
		}
	}
}

// hit is a target that a query has met.
type hit struct {
	score  int32  // in 1/composition.Unit where compositions count
	number uint64 // of the target in the database
	block  int
	pos    uint32

	reverse bool // the query's reverse complement scored it
}

// before reports that a is the better hit.
func (a hit) before(b hit) bool {
	if a.score != b.score {
		return a.score > b.score
	}
	return a.number < b.number
}

// hits is a heap with the worst hit on top.
type hits []hit

func (h hits) Len() int           { return len(h) }
func (h hits) Less(i, j int) bool { return h[j].before(h[i]) }
func (h hits) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *hits) Push(v any)        { *h = append(*h, v.(hit)) }
func (h *hits) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

func (x *searchScan) Read(s op.Split, out op.SourceOutput) error {
	var r queryRange
	if err := json.Unmarshal(s.Data, &r); err != nil {
		return fmt.Errorf("query range: %w", err)
	}
	qb, err := x.ctx.Staging().Get(blockKey(queryPort, r.I))
	if err != nil {
		return err
	}
	queries := x.strands(qb.Col(onColumn(x.cfg.Args, queryPort)), r)
	both := bothStrands(x.cfg.Args)
	best := make([]hits, r.Q1-r.Q0)
	var pairs []pair
	var scores []int32
	var found []hit
	for j := range x.blocks[targetPort] {
		tb, err := x.ctx.Staging().Get(blockKey(targetPort, j))
		if err != nil {
			return err
		}
		targets := tb.Col(onColumn(x.cfg.Args, targetPort))
		// As many queries at once as make a batch of pairs.
		strands := queries.N / len(best)
		step := max(1, batchPairs/max(tb.N*strands, 1))
		for q0 := 0; q0 < len(best); q0 += step {
			q1 := min(q0+step, len(best))
			pairs = pairs[:0]
			for k := q0 * strands; k < q1*strands; k++ {
				for t := range tb.N {
					pairs = append(pairs, pair{uint32(k), uint32(t)})
				}
			}
			if cap(scores) < len(pairs) {
				scores = make([]int32, len(pairs))
			}
			qs, ts := x.engine.side(queries), x.engine.side(targets)
			if err := x.scheme.CheckLengths(qs.longest, ts.longest); err != nil {
				return x.engine.untraced(err)
			}
			if err := x.engine.score(qs, ts, pairs, scores[:len(pairs)]); err != nil {
				return err
			}
			for q := q0; q < q1; q++ {
				query := qs.codes[q*strands]
				forward := scores[(q-q0)*strands*tb.N:][:tb.N]
				found = found[:0]
				for t, score := range forward {
					h := hit{score: score, number: tb.Ord[0][t], block: j, pos: uint32(t)}
					if both {
						if s := scores[((q-q0)*strands+1)*tb.N+t]; s > score {
							h.score, h.reverse = s, true
						}
					}
					if x.plausible(h.score, query, ts.codes[t]) {
						found = append(found, h)
					}
				}
				if x.fine != nil {
					if found, err = x.rescore(query, ts.codes, found); err != nil {
						return err
					}
				}
				for _, h := range found {
					x.keep(&best[q], h)
				}
			}
		}
	}
	at := make([]uint32, len(best))
	for k := range at {
		at[k] = uint32(r.Q0 + k)
	}
	return x.emit(qb, at, best, out)
}

// strands gives the queries of a range as they are searched: each, and behind it, where both strands are asked for, its reverse complement.
func (x *searchScan) strands(queries *batch.Vector, r queryRange) *batch.Vector {
	n := r.Q1 - r.Q0
	if bothStrands(x.cfg.Args) {
		n *= 2
	}
	b := batch.NewBuilder(queries.Type, n)
	var turned []byte
	for q := r.Q0; q < r.Q1; q++ {
		b.Bytes(queries.Bytes(q))
		if bothStrands(x.cfg.Args) {
			turned, _ = basepair.AppendReverse(turned[:0], queries.Bytes(q)) // searchCollect has tried it
			b.Bytes(turned)
		}
	}
	return b.Done()
}

// plausible reports that a pair is a hit by its plain score or, where compositions count, may be one.
func (x *searchScan) plausible(score int32, query, target []byte) bool {
	if x.fine != nil {
		return score >= 1 && x.significant(float64(score), query, target, stretch)
	}
	return score >= x.min && x.significant(float64(score), query, target, 1)
}

// rescore scores what a query has found anew, by the compositions, and leaves the hits.
func (x *searchScan) rescore(query []byte, targets [][]byte, found []hit) ([]hit, error) {
	if err := x.fine.score(query, targets, found); err != nil {
		return nil, x.engine.untraced(err)
	}
	if err := x.ctx.Context().Err(); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(found, func(h hit) bool {
		score, rest := rounded(h.score)
		return h.score < 1 || score < x.min || !x.significant(float64(score)+rest, query, targets[h.pos], 1)
	}), nil
}

// significant reports that the E-value is at most so many times as large as it may be.
func (x *searchScan) significant(score float64, query, target []byte, times float64) bool {
	return math.IsInf(x.maxEValue, 1) || x.stats.EValue(score, len(query), len(target), x.database) <= times*x.maxEValue
}

// keep takes a hit into the best of its query.
func (x *searchScan) keep(h *hits, c hit) {
	if len(*h) < x.top {
		heap.Push(h, c)
	} else if c.before((*h)[0]) {
		(*h)[0] = c
		heap.Fix(h, 0)
	}
}

// emit gives the hits of the queries at some positions of a block, query by query, best first.
func (x *searchScan) emit(qb *batch.Batch, at []uint32, best []hits, out op.Output) error {
	var qidx []uint32
	var all []hit
	ranks := [][]uint64{nil, nil}
	for k, h := range best {
		sort.Slice(h, func(i, j int) bool { return h[i].before(h[j]) })
		for rank, c := range h {
			qidx = append(qidx, at[k])
			all = append(all, c)
			ranks[0] = append(ranks[0], qb.Ord[0][at[k]])
			ranks[1] = append(ranks[1], uint64(rank))
		}
	}
	if len(all) == 0 {
		return nil
	}
	targets, tidx, err := x.targets(all)
	if err != nil {
		return err
	}
	as := x.cfg.Args.Names("as")
	pl := newPlan(x.cfg.Out, len(all), func(name string) bool { return name == as[0] || name == as[1] })
	res := result{scheme: x.scheme, stats: x.stats, database: x.database}
	qs, ts := qb.Col(onColumn(x.cfg.Args, queryPort)), targets.Col(onColumn(x.cfg.Args, targetPort))
	put := func(k int, path *trace.Alignment) error {
		c := all[k]
		res.score, res.reverse, res.path = c.score, c.reverse, path
		res.queryLen, res.targetLen = len(qs.Bytes(int(qidx[k]))), len(ts.Bytes(int(tidx[k])))
		if x.fine != nil {
			res.score, res.rest = rounded(c.score)
		}
		pl.add(&res)
		return nil
	}
	paths := &x.engine.paths
	paths.start(put)
	var turned, qcodes []byte
	for k, c := range all {
		if !pl.traced {
			if err := put(k, nil); err != nil {
				return err
			}
			continue
		}
		// Both were encoded before, so neither fails. A query's hits lie beside each other and share its codes.
		if k == 0 || qidx[k] != qidx[k-1] || c.reverse != all[k-1].reverse {
			query := qs.Bytes(int(qidx[k]))
			if c.reverse {
				turned, _ = basepair.AppendReverse(turned[:0], query)
				query = turned
			}
			qcodes, _ = x.scheme.Matrix.EncodeSeq(nil, query)
		}
		tcodes, _ := x.scheme.Matrix.EncodeSeq(nil, ts.Bytes(int(tidx[k])))
		if x.fine == nil {
			if err := paths.add(qcodes, tcodes, c.score); err != nil {
				return err
			}
			continue
		}
		if err := x.ctx.Context().Err(); err != nil {
			return err
		}
		if _, err := x.fine.align(qcodes, tcodes); err != nil {
			return x.engine.untraced(err)
		}
		if err := put(k, &x.fine.path); err != nil {
			return err
		}
	}
	if err := paths.flush(); err != nil {
		return err
	}
	b := &batch.Batch{Row: x.cfg.Out, N: len(all), Ord: ranks}
	for i, f := range x.cfg.Out {
		switch {
		case pl.builders[i] != nil:
			b.Cols = append(b.Cols, pl.builders[i].Done())
		case f.Name == as[0]:
			b.Cols = append(b.Cols, recordColumn(f.Type, qb, qidx))
		default:
			b.Cols = append(b.Cols, recordColumn(f.Type, targets, tidx))
		}
	}
	return out.Emit(b)
}

// targets gathers the rows of all hits from their blocks, each target once, and gives the position of each hit's.
func (x *searchScan) targets(all []hit) (*batch.Batch, []uint32, error) {
	byBlock := map[int]map[uint32]uint32{}
	var parts []*batch.Batch
	total := uint32(0)
	for j := range x.blocks[targetPort] {
		var take []uint32
		at := map[uint32]uint32{}
		for _, h := range all {
			if _, seen := at[h.pos]; h.block == j && !seen {
				at[h.pos] = total
				take = append(take, h.pos)
				total++
			}
		}
		if len(take) == 0 {
			continue
		}
		tb, err := x.ctx.Staging().Get(blockKey(targetPort, j))
		if err != nil {
			return nil, nil, err
		}
		byBlock[j] = at
		parts = append(parts, tb.Take(take))
	}
	idx := make([]uint32, len(all))
	for i, h := range all {
		idx[i] = byBlock[h.block][h.pos]
	}
	return batch.Concat(parts[0].Row, parts), idx, nil
}
