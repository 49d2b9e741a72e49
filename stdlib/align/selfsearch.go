package align

import (
	"container/heap"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"sort"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// A search of a set against itself can score every unordered pair once, but the record that a score serves second is another task's. So the
// planner makes two searches of it: the first goes over tiles, as pairs does, and gives what may be among the best of a record; the second
// takes that, keeps the best, and does the rest.

// foundParam is the hidden parameter by which the second search gets what the first has found, and foundPort its port.
const (
	foundParam = "found"
	foundPort  = 2
)

// foundRow is the row between the two: the numbers of query and target in the set, from 0, and their score in the scheme's integer units.
var foundRow = types.Row{{Name: "query_number", Type: types.Of(types.Int)}, {Name: "target_number", Type: types.Of(types.Int)},
	{Name: "score", Type: types.Of(types.Int)}}

// symmetricSearch reports whether a pair's score serves either of its records as the query.
func symmetricSearch(a op.Args) (ok bool, why string) {
	if onColumn(a, queryPort) != onColumn(a, targetPort) {
		return false, "`" + onColumn(a, queryPort) + "` of one is aligned with `" + onColumn(a, targetPort) + "` of the other"
	}
	if bothStrands(a) {
		return false, "under strand: both it is the query that is turned"
	}
	if _, ok := compositionMethods[a.Word("composition")]; ok {
		return false, "the matrix depends on which is the query, since compositions count"
	}
	return symmetric(a)
}

// searchCollects makes the collect of a port: of a search as the user wrote it, or of one of the two that the planner makes of it.
func searchCollects(c *op.Config, port int) (op.Instance, error) {
	switch {
	case port == foundPort:
		return &foundCollect{top: int(c.Args.Int("top", 10)), chunk: chunkHits}, nil
	case port == targetPort && c.Args.Bool(mirrorParam):
		return nothing{}, nil
	}
	return newSearchCollect(c, port)
}

// searchScans makes the scan likewise.
func searchScans(c *op.Config) (op.Source, error) {
	scan := searchScan{cfg: c, goal: tileCells}
	switch {
	case c.Args.Bool(mirrorParam):
		return &tileSearch{searchScan: scan, best: map[int][]leastScores{}, most: maxHeld}, nil
	case c.Args[foundParam] != nil:
		return &restSearch{searchScan: scan}, nil
	}
	return newSearchScan(c)
}

// maxHeld bounds the scores by which a task judges what may be among the best: 64 MiB.
const maxHeld = 16 << 20

// tileSearch is the first search.
type tileSearch struct {
	searchScan
	best map[int][]leastScores // by block: the best scores that this task has given for each record
	held int                   // scores in best
	most int                   // what held may be
	out  op.Output

	queries, targets []int64
	scores           []int64
}

// leastScores is a heap of scores with the least on top.
type leastScores []int32

func (h leastScores) Len() int           { return len(h) }
func (h leastScores) Less(i, j int) bool { return h[i] < h[j] }
func (h leastScores) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *leastScores) Push(v any)        { *h = append(*h, v.(int32)) }
func (h *leastScores) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// take reports whether a score may be among the best top, and counts it in. What it turns down has top better ones before it.
func (h *leastScores) take(score int32, top int) (taken, grown bool) {
	switch {
	case len(*h) < top:
		heap.Push(h, score)
		return true, true
	case score < (*h)[0]:
		return false, false
	case score > (*h)[0]:
		(*h)[0] = score
		heap.Fix(h, 0)
	}
	return true, false
}

// Splits cuts the unordered pairs, each record with itself among them, into tiles.
func (x *tileSearch) Splits(_ op.Context, _ []json.RawMessage) iter.Seq2[op.Split, error] {
	return tileSplits(x.blocks[queryPort], true, x.goal)
}

func (x *tileSearch) Read(s op.Split, out op.SourceOutput) error {
	var t tile
	if err := json.Unmarshal(s.Data, &t); err != nil {
		return fmt.Errorf("tile: %w", err)
	}
	x.out = out
	column := onColumn(x.cfg.Args, queryPort)
	qb, err := x.ctx.Staging().Get(blockKey(queryPort, t.I))
	if err != nil {
		return err
	}
	tb := qb
	if t.J != t.I {
		if tb, err = x.ctx.Staging().Get(blockKey(queryPort, t.J)); err != nil {
			return err
		}
	}
	qs, ts := x.engine.side(qb.Col(column)), x.engine.side(tb.Col(column))
	if err := x.scheme.CheckLengths(qs.longest, ts.longest); err != nil {
		return x.engine.untraced(err)
	}
	var pairs []pair
	var scores []int32
	for q := t.Q0; q < t.Q1; {
		for pairs = pairs[:0]; q < t.Q1 && len(pairs) < batchPairs; q++ {
			from := t.T0
			if t.I == t.J {
				from = max(from, q)
			}
			for k := from; k < t.T1; k++ {
				pairs = append(pairs, pair{uint32(q), uint32(k)})
			}
		}
		if cap(scores) < len(pairs) {
			scores = make([]int32, len(pairs))
		}
		if err := x.engine.score(qs, ts, pairs, scores[:len(pairs)]); err != nil {
			return err
		}
		for i, p := range pairs {
			if scores[i] < x.min {
				continue
			}
			query, target := qs.codes[p.query], ts.codes[p.target]
			if err := x.give(scores[i], qb, tb, t.I, p.query, p.target, query, target); err != nil {
				return err
			}
			if t.I == t.J && p.query == p.target {
				continue
			}
			if err := x.give(scores[i], tb, qb, t.J, p.target, p.query, target, query); err != nil {
				return err
			}
		}
	}
	return x.flush()
}

// give passes a target of a query on, unless it cannot be among the best.
func (x *tileSearch) give(score int32, qb, tb *batch.Batch, block int, q, t uint32, query, target []byte) error {
	if !x.significant(float64(score), query, target, 1) {
		return nil
	}
	if x.held > x.most { // what is forgotten makes more rows, and no other hits
		clear(x.best)
		x.held = 0
	}
	best := x.best[block]
	if best == nil {
		best = make([]leastScores, qb.N)
		x.best[block] = best
		x.held += 6 * qb.N // a slice is as large as six scores
	}
	taken, grown := best[q].take(score, x.top)
	if grown {
		x.held++
	}
	if !taken {
		return nil
	}
	x.queries, x.targets = append(x.queries, int64(qb.Ord[0][q])), append(x.targets, int64(tb.Ord[0][t]))
	x.scores = append(x.scores, int64(score))
	if len(x.scores) < batchPairs {
		return nil
	}
	return x.flush()
}

func (x *tileSearch) flush() error {
	if len(x.scores) == 0 {
		return nil
	}
	b := foundBatch(x.queries, x.targets, x.scores)
	b.Ord = [][]uint64{make([]uint64, b.N), make([]uint64, b.N)}
	for i := range b.N {
		b.Ord[0][i], b.Ord[1][i] = uint64(x.queries[i]), uint64(x.targets[i])
	}
	x.queries, x.targets, x.scores = x.queries[:0], x.targets[:0], x.scores[:0]
	return x.out.Emit(b)
}

func foundBatch(columns ...[]int64) *batch.Batch {
	b := &batch.Batch{Row: foundRow, N: len(columns[0])}
	for _, c := range columns {
		v := batch.NewBuilder(types.Of(types.Int), len(c))
		for _, n := range c {
			v.Int(n)
		}
		b.Cols = append(b.Cols, v.Done())
	}
	return b
}

// nothing takes the place of a collect whose rows are not needed.
type nothing struct{ op.Base }

func (nothing) Data(int, *batch.Batch, op.Output) error { return nil }

// chunkHits is about how many hits the second search takes at a time.
const chunkHits = 4096

// foundCollect lays out what has been found, which comes in order of query and target: of each query the best, in chunks of whole queries.
type foundCollect struct {
	op.Base
	ctx    op.Context
	top    int
	chunk  int // about how many hits a chunk has
	query  uint64
	hits   []hit // of query
	chunks int

	queries, targets []int64
	scores           []int64
}

func (x *foundCollect) Open(ctx op.Context) error { x.ctx = ctx; return nil }

func (x *foundCollect) Data(_ int, b *batch.Batch, _ op.Output) error {
	queries, targets, scores := b.Col("query_number"), b.Col("target_number"), b.Col("score")
	for i := range b.Len() {
		r := b.Pos(i)
		if q := uint64(queries.Int(r)); q != x.query {
			if err := x.next(q); err != nil {
				return err
			}
		}
		x.hits = append(x.hits, hit{score: int32(scores.Int(r)), number: uint64(targets.Int(r))})
		if len(x.hits) >= 2*x.top+x.chunk {
			x.cut()
		}
	}
	return nil
}

// cut leaves the best hits of the query, best first.
func (x *foundCollect) cut() {
	sort.Slice(x.hits, func(i, j int) bool { return x.hits[i].before(x.hits[j]) })
	x.hits = x.hits[:min(len(x.hits), x.top)]
}

// next lays the query's hits out and goes on to another query.
func (x *foundCollect) next(query uint64) error {
	x.cut()
	for _, h := range x.hits {
		x.queries, x.targets, x.scores = append(x.queries, int64(x.query)), append(x.targets, int64(h.number)), append(x.scores, int64(h.score))
	}
	x.query, x.hits = query, x.hits[:0]
	if len(x.scores) < x.chunk {
		return nil
	}
	return x.flush()
}

func (x *foundCollect) flush() error {
	if len(x.scores) == 0 {
		return nil
	}
	err := x.ctx.Staging().Put(blockKey(foundPort, x.chunks), foundBatch(x.queries, x.targets, x.scores))
	x.queries, x.targets, x.scores = x.queries[:0], x.targets[:0], x.scores[:0]
	x.chunks++
	return err
}

func (x *foundCollect) Drain(op.Output) error {
	if err := x.next(math.MaxUint64); err != nil {
		return err
	}
	if err := x.flush(); err != nil {
		return err
	}
	return x.ctx.Staging().PutMeta(fmt.Sprint(foundPort), x.chunks)
}

// restSearch is the second search: its splits are the chunks of what has been found.
type restSearch struct {
	searchScan
	order [2][][]uint32 // by port and block, where it has been asked for: the positions of the records in the order of their numbers
}

func (x *restSearch) Splits(op.Context, []json.RawMessage) iter.Seq2[op.Split, error] {
	return func(yield func(op.Split, error) bool) {
		var chunks int
		if err := x.ctx.Staging().GetMeta(fmt.Sprint(foundPort), &chunks); err != nil {
			yield(op.Split{}, err)
			return
		}
		for k := range chunks {
			data, err := json.Marshal(k)
			if !yield(op.Split{Index: uint64(k), Weight: 1, Data: data}, err) {
				return
			}
		}
	}
}

func (x *restSearch) Read(s op.Split, out op.SourceOutput) error {
	var chunk int
	if err := json.Unmarshal(s.Data, &chunk); err != nil {
		return fmt.Errorf("chunk: %w", err)
	}
	b, err := x.ctx.Staging().Get(blockKey(foundPort, chunk))
	if err != nil {
		return err
	}
	queries, targets, scores := b.Col("query_number"), b.Col("target_number"), b.Col("score")
	for i := 0; i < b.N; {
		block, _, err := x.place(queryPort, uint64(queries.Int(i)))
		if err != nil {
			return err
		}
		var at []uint32
		var best []hits
		for last := int64(-1); i < b.N; i++ {
			j, pos, err := x.place(queryPort, uint64(queries.Int(i)))
			if err != nil {
				return err
			}
			if j != block {
				break
			}
			if queries.Int(i) != last {
				last = queries.Int(i)
				at, best = append(at, pos), append(best, nil)
			}
			h := hit{score: int32(scores.Int(i)), number: uint64(targets.Int(i))}
			if h.block, h.pos, err = x.place(targetPort, h.number); err != nil {
				return err
			}
			best[len(best)-1] = append(best[len(best)-1], h)
		}
		qb, err := x.ctx.Staging().Get(blockKey(queryPort, block))
		if err != nil {
			return err
		}
		if err := x.emit(qb, at, best, out); err != nil {
			return err
		}
	}
	return nil
}

// place finds a record by its number: its block, and where it lies there.
func (x *restSearch) place(port int, number uint64) (block int, pos uint32, err error) {
	rest := number
	for rest >= uint64(x.blocks[port][block].Records) {
		rest -= uint64(x.blocks[port][block].Records)
		block++
	}
	if x.order[port] == nil {
		x.order[port] = make([][]uint32, len(x.blocks[port]))
	}
	if x.order[port][block] == nil {
		b, err := x.ctx.Staging().Get(blockKey(port, block))
		if err != nil {
			return 0, 0, err
		}
		order := make([]uint32, b.N)
		for i, n := range b.Ord[0] {
			order[n-(number-rest)] = uint32(i)
		}
		x.order[port][block] = order
	}
	return block, x.order[port][block][rest], nil
}
