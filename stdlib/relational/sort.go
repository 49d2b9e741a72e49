package relational

import (
	"errors"
	"fmt"
	"math"

	"weir/compiler/types"
	"weir/planner/estimate"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/runtime/spill"
)

// Sort orders the rows.
var Sort = &op.Operator{
	Name: "sort",
	Role: op.TransformRole,
	Doc: `orders the rows by keys, ` + "`desc(key)`" + ` the other way round.

Numbers go by value, text by its bytes, false before true. Null comes last and NaN before it, under desc, too: the first rows always have a value. Rows of
equal keys stay in the order that they had.

Rows that do not fit into the task's share of the memory are sorted in parts, on disk, and merged. Where ` + "`limit(n)`" + ` follows, only n rows are kept.`,
	Params: []op.Param{
		{Name: "keys", Kind: op.Keys, Variadic: true, Required: true, Min: 1, Doc: "key, desc(key), …"},
		{Name: "first", Kind: op.Value, Type: types.Of(types.Int), Hidden: true, Doc: "How many rows are wanted."},
	},
	Bounded: op.NeedsWindow,
	// In one task, but in any order: rows of equal keys go by their ordinals.
	SingleTask: func(op.Args) bool { return true },
	Type:       sameRow,
	Caps:       op.Caps{Needs: passOn("keys"), LimitedBy: "first", Watermarks: true},
	Estimate: func(e *op.Estimating) (estimate.Stream, estimate.Work) {
		out := e.In[0]
		if _, ok := e.Args.Const("first"); ok {
			out.Rows = atMost(out.Rows, e.Args.Int("first", 0))
		}
		return out, estimate.Work{}
	},
	New: func(c *op.Config) (op.Instance, error) { return newSorter(c), nil },
	Examples: []op.Example{{Doc: "The highest first; null has no height.", Code: `type Row = { name: string, height: int? }
let peaks = read_jsonl("p.jsonl", as: Row)
let out = peaks |> filter(height is not null) |> sort(desc(height), name) |> limit(2)
out |> print()
test "the two highest" {
  given peaks = [{ name: "B", height: 7 }, { name: "C", height: 9 }, { name: "A", height: 7 }, { name: "D", height: null }]
  expect out = [{ name: "C", height: 9 }, { name: "A", height: 7 }]
}
`}},
}

// sorter holds rows, in memory and in sorted runs. Event time stands still behind it, for the first row may come last.
type sorter struct {
	op.Base
	cfg    *op.Config
	ctx    op.Context
	keys   []evaluator
	order  sortOrder
	row    types.Row // what is held: the columns of the output, then the keys that are none of them
	buffer *spill.Buffer
	runs   *spill.Runs
	first  int64        // how many rows are wanted; -1 for all
	bound  *batch.Batch // one row, the last of the first rows so far; nil where there are fewer
	given  int64        // rows
}

func newSorter(c *op.Config) *sorter {
	s := &sorter{cfg: c, row: append(types.Row(nil), c.Out...), first: c.Args.Int("first", -1)}
	for i, k := range c.Args["keys"].Keys {
		t := sortableType(k.Expr.Type)
		key := sortKey{column: keyIn(c.Out, k.Expr), store: t.Kind.Storage(), desc: k.Desc}
		if key.column < 0 {
			key.column = len(s.row)
			s.row = append(s.row, types.Field{Name: fmt.Sprintf("#%d", i), Type: t})
		}
		s.order = append(s.order, key)
	}
	s.buffer = spill.NewBuffer(s.row)
	return s
}

func (s *sorter) Open(ctx op.Context) error {
	s.ctx = ctx
	s.runs = spill.NewRuns(spill.Options{Dir: ctx.TempDir(), Row: s.row, Compare: s.order.compare, Memory: ctx.Memory()})
	for _, k := range s.cfg.Args["keys"].Keys {
		ev, err := compile(ctx, k.Expr, s.cfg.In[0])
		if err != nil {
			return err
		}
		s.keys = append(s.keys, ev)
	}
	return nil
}

func (s *sorter) Data(_ int, b *batch.Batch, out op.Output) error {
	keys, b, err := evalAll(s.keys, b, out)
	if err != nil || b.Len() == 0 || s.first == 0 {
		return err
	}
	cols := project(b, s.cfg.Out).Cols
	for i, k := range s.order {
		if k.column == len(cols) {
			cols = append(cols, sortable(keys[i]))
		}
	}
	return s.add(b.With(s.row, cols))
}

// add holds rows, on disk where memory does not do.
func (s *sorter) add(b *batch.Batch) error {
	if s.bound != nil {
		kept := make([]uint32, 0, b.Len())
		for i := range b.Len() {
			if row := b.Pos(i); s.order.compare(b, row, s.bound, 0) < 0 {
				kept = append(kept, uint32(row))
			}
		}
		b = b.Select(kept)
	}
	if b.Len() == 0 {
		return nil
	}
	s.buffer.Add(b)
	full := s.full()
	if s.first > 0 && s.buffer.Rows() > s.first && (full || s.buffer.Rows() >= 2*s.first+spill.Rows) {
		if err := s.cut(); err != nil {
			return err
		}
		full = s.full()
	}
	if !full {
		return nil
	}
	if err := s.runs.Write(s.sorted()); err != nil {
		return err
	}
	s.buffer.Reset()
	return nil
}

// full reports whether the rows in memory, and what it takes to sort them, are as much as there is room for.
func (s *sorter) full() bool {
	limit := s.ctx.Memory()
	return limit > 0 && s.buffer.Bytes()+sortBytes*s.buffer.Rows() > limit
}

// sortBytes is what it takes to sort a row: two entries.
const sortBytes = 32

// sorted gives the rows in memory in order, as many as are wanted.
func (s *sorter) sorted() *sortedRows {
	x := &sortedRows{row: s.row, batches: s.buffer.Batches(), chunk: spill.ChunkBytes(s.ctx.Memory())}
	x.size = spill.NewSizer(x.batches)
	x.rest = s.order.sort(x.batches)
	if s.first >= 0 && int64(len(x.rest)) > s.first {
		x.rest = x.rest[:s.first]
	}
	return x
}

// sortedRows makes batches of rows in their order.
type sortedRows struct {
	row     types.Row
	batches []*batch.Batch
	rest    []sortEntry
	size    *spill.Sizer
	chunk   int64
	at      []spill.Place
}

func (x *sortedRows) Next() (*batch.Batch, error) {
	x.at = x.at[:0]
	for bytes := int64(0); len(x.rest) > 0 && len(x.at) < spill.Rows && bytes < x.chunk; x.rest = x.rest[1:] {
		p := x.rest[0].at
		x.at = append(x.at, p)
		bytes += x.size.Row(p)
	}
	if len(x.at) == 0 {
		return nil, nil
	}
	return spill.Gather(x.row, x.batches, x.at), nil
}

// cut drops the rows in memory that are not among the first, and notes the last of those.
func (s *sorter) cut() error {
	kept := s.sorted()
	s.buffer.Reset()
	for {
		b, err := kept.Next()
		if err != nil || b == nil {
			return err
		}
		s.buffer.Add(b)
		s.bound = b.Slice(b.N-1, b.N).Own()
	}
}

// errEnough ends a merge when as many rows as are wanted have been given.
var errEnough = errors.New("enough rows")

func (s *sorter) Drain(out op.Output) error {
	sorted := s.sorted()
	s.buffer.Reset()
	if s.runs.Empty() { // ordinals have done their work
		for i, b := range sorted.batches {
			c := *b
			c.Ord = nil
			sorted.batches[i] = &c
		}
	}
	err := s.runs.Merge(sorted, func(b *batch.Batch) error { return s.give(b, out) })
	if err == errEnough {
		err = nil
	}
	return errors.Join(err, s.runs.Drop())
}

// give emits rows; their ordinals are their numbers.
func (s *sorter) give(b *batch.Batch, out op.Output) error {
	left := int64(math.MaxInt64)
	if s.first >= 0 {
		left = s.first - s.given
	}
	if int64(b.N) > left {
		b = b.Slice(0, int(left))
	}
	ord := make([]uint64, b.N)
	for i := range ord {
		ord[i] = uint64(s.given) + uint64(i)
	}
	s.given += int64(b.N)
	b = b.With(s.cfg.Out, b.Cols[:len(s.cfg.Out)])
	b.Ord = [][]uint64{ord}
	if err := out.Emit(b); err != nil || int64(b.N) < left {
		return err
	}
	return errEnough
}

func (s *sorter) Snapshot(_ uint64, w op.SnapshotWriter) error {
	s.runs.Snapshot("", w)
	held := s.buffer.Batches()
	w.Later(func() error { return writeItems(w, held) })
	return nil
}

func (s *sorter) Restore(r op.SnapshotReader) error {
	if err := s.runs.Restore("", r); err != nil {
		return badState("sort", err)
	}
	for item := range r.Items() {
		b, err := readRows(item, s.row)
		if err != nil {
			return badState("sort", err)
		}
		if err := s.add(b); err != nil {
			return err
		}
	}
	return r.Err()
}

func (s *sorter) Close() error {
	s.buffer.Reset()
	if s.runs == nil {
		return nil
	}
	return s.runs.Drop()
}
