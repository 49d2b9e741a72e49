package align

import (
	"encoding/json"
	"fmt"
	"iter"
	"sort"

	"weir/compiler/types"
	"weir/planner/estimate"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// Pairs is the operator that makes the pairs of a set's records.
var Pairs = &op.Operator{
	Name: "pairs",
	Role: op.TransformRole,
	Doc: `pairs the records of a set with each other: every unordered pair once.

A row has two records, under the names that ` + "`as`" + ` gives: the first is the record that comes earlier in the stream (files in sorted name
order). The records are numbered and laid out in blocks; pairs of blocks are cut into tiles of about equal work, which free tasks ask for. So
memory is bounded by two blocks a task, whatever the number of pairs.

Behind ` + "`order: both`" + `, align scores a pair once for both of its rows, unless its mode or free ends treat query and target differently.`,
	Params: []op.Param{
		{Name: "as", Kind: op.Names, Required: true, Named: true, Min: 2, Doc: "Names for the earlier and the later record."},
		{Name: "order", Kind: op.Word, Words: []string{"once", "both"}, Default: "once", Doc: "`both` gives (a, b) and (b, a)."},
		{Name: "self", Kind: op.Value, Type: types.Of(types.Bool), Default: "false", Doc: "Pair every record with itself, too."},
		{Name: "size_by", Kind: op.Columns, Hidden: true},
	},
	Bounded:  op.NeedsEnd,
	Type:     typePairs,
	Caps:     op.Caps{Needs: needsPairs, SizeHint: "size_by", BothOrders: bothOrders},
	Estimate: estimatePairs,
	Staged:   &op.Staged{Collect: newPairsCollect, Scan: newPairsScan},
	Examples: []op.Example{{
		Doc: "Three records make three pairs.",
		Code: `let names = read_jsonl("names.jsonl", as: { id: string })
let out = names |> pairs(as: (a, b)) |> select(first = a.id, second = b.id)
out |> print()
test "every unordered pair once" {
  given names = [{ id: "x" }, { id: "y" }, { id: "z" }]
  expect out = [{ first: "x", second: "y" }, { first: "x", second: "z" }, { first: "y", second: "z" }]
}
`}},
}

func typePairs(t *op.Typing) types.Row {
	as := t.Args.Names("as")
	if len(as) != 2 {
		return nil // reported by the checker
	}
	if as[0] == as[1] {
		t.Errorf("as", "W2306", "both records of a pair are called `%s`: give two names", as[0])
		return nil
	}
	rec := types.RecordOf(t.In[0].Row...)
	return types.Row{{Name: as[0], Type: rec}, {Name: as[1], Type: rec}}
}

func bothOrders(a op.Args) []string {
	if a.Word("order") == "both" {
		return a.Names("as")
	}
	return nil
}

func needsPairs(a op.Args, in []types.Row, need op.ColumnSet) []op.ColumnSet {
	s := op.NewColumnSet()
	for _, name := range a.Names("as") {
		if sub, all := need.Under(name); all {
			s.AddAll(op.AllColumns(in[0]))
		} else {
			s.AddAll(sub)
		}
	}
	return []op.ColumnSet{s}
}

func estimatePairs(e *op.Estimating) (estimate.Stream, estimate.Work) {
	rows := e.In[0].Rows.Pairs()
	if e.Args.Word("order") == "both" {
		rows = rows.Scale(2)
	}
	if e.Args.Bool("self") {
		rows = rows.Plus(e.In[0].Rows)
	}
	out := estimate.Stream{Rows: rows, Width: map[string]estimate.Number{}}
	for _, name := range e.Args.Names("as") {
		for c, w := range e.In[0].Width {
			out.Width[name+"."+c] = w
		}
	}
	return out, estimate.Work{}
}

// sizeColumn is the input column by which the work on a record grows; "" where there is none.
func sizeColumn(a op.Args) string {
	as := a.Names("as")
	for _, path := range a.Names("size_by") {
		for _, name := range as {
			if len(path) > len(name) && path[:len(name)+1] == name+"." {
				return path[len(name)+1:]
			}
		}
	}
	return ""
}

// Limits of a block. A block is small enough that two of them, encoded, fit a core's share of memory, and large enough that its records,
// sorted by length, fill the lanes of a kernel.
const (
	blockRecords = 4096
	blockBytes   = 8 << 20
)

// tileCells is the work of a split: a tenth of a second for a fast kernel, some seconds for the portable one.
const tileCells = 2_500_000_000

// blockInfo is what the scan must know of a block to make tiles.
type blockInfo struct {
	Records int     `json:"records"`
	Sizes   []int64 `json:"sizes"` // in the block's order: descending
}

func blockKey(port, k int) string { return fmt.Sprintf("%d/%d", port, k) }

// collect lays the records of one input out as blocks, each sorted by size, the largest first: the last tiles of a run are then small.
type collect struct {
	op.Base
	ctx     op.Context
	row     types.Row
	size    string
	port    int
	limit   int // records of a block
	pending []*batch.Batch
	records int
	bytes   int
	total   uint64 // records numbered so far
	blocks  []blockInfo
}

func newPairsCollect(c *op.Config, port int) (op.Instance, error) {
	return &collect{row: c.In[port], size: sizeColumn(c.Args), port: port, limit: blockRecords}, nil
}

func (x *collect) Open(ctx op.Context) error { x.ctx = ctx; return nil }

func (x *collect) Data(_ int, b *batch.Batch, _ op.Output) error {
	b = b.Compact()
	for b.N > 0 {
		take := min(b.N, x.limit-x.records)
		head := b
		if take < b.N {
			head, b = b.Slice(0, take), b.Slice(take, b.N)
		} else {
			b = &batch.Batch{}
		}
		x.pending = append(x.pending, head)
		x.records += take
		x.bytes += head.Bytes()
		if x.records >= x.limit || x.bytes >= blockBytes {
			if err := x.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush writes the pending records as one block.
func (x *collect) flush() error {
	if x.records == 0 {
		return nil
	}
	all := batch.Concat(x.row, x.pending)
	numbers := make([]uint64, all.N)
	for i := range numbers {
		numbers[i] = x.total + uint64(i)
	}
	all.Ord, all.Origin = [][]uint64{numbers}, nil
	sizes := make([]int64, all.N)
	order := make([]uint32, all.N)
	var column *batch.Vector
	if x.size != "" {
		column = all.Col(x.size)
	}
	for i := range order {
		order[i], sizes[i] = uint32(i), 1
		if column != nil && column.Type.Kind.Storage() == types.StoreBytes {
			sizes[i] = int64(len(column.Bytes(i)))
		}
	}
	sort.SliceStable(order, func(i, j int) bool { return sizes[order[i]] > sizes[order[j]] })
	info := blockInfo{Records: all.N, Sizes: make([]int64, all.N)}
	for i, p := range order {
		info.Sizes[i] = sizes[p]
	}
	if err := x.ctx.Staging().Put(blockKey(x.port, len(x.blocks)), all.Take(order)); err != nil {
		return err
	}
	x.blocks = append(x.blocks, info)
	x.total += uint64(all.N)
	x.pending, x.records, x.bytes = nil, 0, 0
	return nil
}

func (x *collect) Drain(op.Output) error {
	if err := x.flush(); err != nil {
		return err
	}
	return x.ctx.Staging().PutMeta(fmt.Sprintf("%d", x.port), x.blocks)
}

// tile is a split: records Q0 to Q1 of block I against records T0 to T1 of block J. Where I = J, only pairs above the diagonal count.
type tile struct{ I, J, Q0, Q1, T0, T1 int }

// pairsScan reads tiles.
type pairsScan struct {
	cfg  *op.Config
	ctx  op.Context
	both bool
	self bool
	goal int64 // cells of a tile
}

func newPairsScan(c *op.Config) (op.Source, error) {
	return &pairsScan{cfg: c, both: c.Args.Word("order") == "both", self: c.Args.Bool("self"), goal: tileCells}, nil
}

func (x *pairsScan) Open(ctx op.Context) error { x.ctx = ctx; return nil }
func (x *pairsScan) Close() error              { return nil }

// Splits cuts the pairs of blocks into tiles of about tileCells.
func (x *pairsScan) Splits(ctx op.Context, _ []json.RawMessage) iter.Seq2[op.Split, error] {
	var blocks []blockInfo
	if err := ctx.Staging().GetMeta("0", &blocks); err != nil {
		return func(yield func(op.Split, error) bool) { yield(op.Split{}, err) }
	}
	return tileSplits(blocks, x.self, x.goal)
}

// tileSplits cuts the unordered pairs of the records of all blocks.
func tileSplits(blocks []blockInfo, self bool, goal int64) iter.Seq2[op.Split, error] {
	return func(yield func(op.Split, error) bool) {
		var index uint64
		for i := range blocks {
			for j := i; j < len(blocks); j++ {
				for t, cells := range tiles(blocks[i], blocks[j], i == j, self, goal) {
					t.I, t.J = i, j
					data, err := json.Marshal(t)
					if !yield(op.Split{Index: index, Weight: float64(cells), Data: data}, err) {
						return
					}
					index++
				}
			}
		}
	}
}

// tiles cuts one pair of blocks: as many query rows as make goal cells, and where one row alone is more, a part of its targets.
func tiles(q, t blockInfo, diagonal, self bool, goal int64) iter.Seq2[tile, int64] {
	return func(yield func(tile, int64) bool) {
		sums := make([]int64, t.Records+1) // of the targets' sizes before each
		for i, s := range t.Sizes {
			sums[i+1] = sums[i] + max(s, 1)
		}
		for q0 := 0; q0 < q.Records; {
			q1, cells := q0, int64(0)
			first := 0
			if diagonal {
				first = q0
				if !self {
					first++
				}
			}
			for q1 < q.Records {
				from := 0
				if diagonal {
					from = min(max(q1, first), t.Records)
				}
				row := max(q.Sizes[q1], 1) * (sums[t.Records] - sums[from])
				if q1 > q0 && cells+row > goal {
					break
				}
				cells += row
				q1++
			}
			if q1 == q0+1 && cells > 2*goal { // one long query: cut its targets
				size := max(q.Sizes[q0], 1)
				for t0 := first; t0 < t.Records; {
					t1 := t0 + 1
					for t1 < t.Records && size*(sums[t1+1]-sums[t0]) <= goal {
						t1++
					}
					if !yield(tile{Q0: q0, Q1: q1, T0: t0, T1: t1}, size*(sums[t1]-sums[t0])) {
						return
					}
					t0 = t1
				}
			} else if cells > 0 && !yield(tile{Q0: q0, Q1: q1, T0: 0, T1: t.Records}, cells) {
				return
			}
			q0 = q1
		}
	}
}

// batchPairs bounds the rows of an emitted batch: 1.5 MiB of positions and ordinals.
const batchPairs = 1 << 16

func (x *pairsScan) Read(s op.Split, out op.SourceOutput) error {
	var t tile
	if err := json.Unmarshal(s.Data, &t); err != nil {
		return fmt.Errorf("tile: %w", err)
	}
	qb, err := x.ctx.Staging().Get(blockKey(0, t.I))
	if err != nil {
		return err
	}
	tb := qb
	if t.J != t.I {
		if tb, err = x.ctx.Staging().Get(blockKey(0, t.J)); err != nil {
			return err
		}
	}
	diagonal := t.I == t.J
	w := &pairWriter{scan: x, first: qb, second: tb, out: out}
	for q := t.Q0; q < t.Q1; q++ {
		from := t.T0
		if diagonal {
			from = max(from, q)
		}
		for k := from; k < t.T1; k++ {
			if diagonal && k == q {
				if x.self {
					if err := w.add(q, q); err != nil {
						return err
					}
				}
				continue
			}
			// Inside a block records lie by size; the pair's first record is the one that comes earlier in the stream.
			a, b := q, k
			if diagonal && qb.Ord[0][a] > tb.Ord[0][b] {
				a, b = b, a
			}
			if err := w.add(a, b); err != nil {
				return err
			}
		}
	}
	return w.flush()
}

// pairWriter gathers positions into batches whose record columns are dictionaries over the blocks.
type pairWriter struct {
	scan          *pairsScan
	first, second *batch.Batch
	a, b          []uint32
	out           op.Output
}

func (w *pairWriter) add(a, b int) error {
	w.a, w.b = append(w.a, uint32(a)), append(w.b, uint32(b))
	if len(w.a) < batchPairs {
		return nil
	}
	return w.flush()
}

func (w *pairWriter) flush() error {
	if len(w.a) == 0 {
		return nil
	}
	a, b := w.a, w.b
	w.a, w.b = nil, nil
	if err := w.emit(w.first, w.second, a, b); err != nil {
		return err
	}
	if !w.scan.both {
		return nil
	}
	// A record with itself is one pair, not two.
	ra, rb := make([]uint32, 0, len(a)), make([]uint32, 0, len(b))
	for i := range a {
		if w.first != w.second || a[i] != b[i] {
			ra, rb = append(ra, a[i]), append(rb, b[i])
		}
	}
	return w.emit(w.second, w.first, rb, ra)
}

func (w *pairWriter) emit(first, second *batch.Batch, a, b []uint32) error {
	if len(a) == 0 {
		return nil
	}
	row, names := w.scan.cfg.Out, w.scan.cfg.Args.Names("as")
	out := &batch.Batch{Row: row, N: len(a), Ord: [][]uint64{make([]uint64, len(a)), make([]uint64, len(a))}}
	for i := range a {
		out.Ord[0][i], out.Ord[1][i] = first.Ord[0][a[i]], second.Ord[0][b[i]]
	}
	for _, f := range row {
		from, idx := first, a
		if f.Name == names[1] {
			from, idx = second, b
		}
		out.Cols = append(out.Cols, recordColumn(f.Type, from, idx))
	}
	return w.out.Emit(out)
}

// recordColumn makes a record column of type t over rows of a staged block, as a dictionary.
func recordColumn(t types.Type, from *batch.Batch, idx []uint32) *batch.Vector {
	rec := &batch.Vector{Type: t, N: from.N}
	for _, f := range t.Fields {
		rec.Fields = append(rec.Fields, from.Col(f.Name).Project(f.Type))
	}
	return &batch.Vector{Type: t, N: len(idx), Dict: rec, Idx: idx}
}
