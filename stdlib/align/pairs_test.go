package align

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/runtime/op/optest"
)

// world is the surroundings of an instance in these tests: staging in memory, counters, and nothing else.
type world struct {
	batches map[string]*batch.Batch
	meta    map[string][]byte
	counts  map[string]int64
}

func newWorld() *world {
	return &world{map[string]*batch.Batch{}, map[string][]byte{}, map[string]int64{}}
}

func (w *world) Context() context.Context { return context.Background() }
func (w *world) Compile(e *expr.Expr, _ types.Row) (op.Evaluator, error) {
	path, ok := e.Path()
	if !ok {
		return nil, fmt.Errorf("these tests evaluate columns only, not %s", e)
	}
	return pathEvaluator(path), nil
}
func (w *world) Catalogue() *op.Catalogue           { return nil }
func (w *world) Storage() op.Storage                { return nil }
func (w *world) Staging() op.Staging                { return w }
func (w *world) Count(name string, n int64)         { w.counts[name] += n }
func (w *world) Memory() int64                      { return 1 << 30 }
func (w *world) TempDir() string                    { return "" }
func (w *world) Task() int                          { return 0 }
func (w *world) Tasks() int                         { return 1 }
func (w *world) SetTimer(int64)                     {}
func (w *world) Resumable() bool                    { return false }
func (w *world) Restored() uint64                   { return 0 }
func (w *world) KeyGroups() (first, last, all int)  { return 0, 1, 1 }
func (w *world) Now() time.Time                     { return time.Time{} }
func (w *world) Put(k string, b *batch.Batch) error { w.batches[k] = b; return nil }
func (w *world) Get(k string) (*batch.Batch, error) {
	if b, ok := w.batches[k]; ok {
		return b, nil
	}
	return nil, fmt.Errorf("no batch %q", k)
}
func (w *world) PutMeta(k string, v any) error {
	data, err := json.Marshal(v)
	w.meta[k] = data
	return err
}
func (w *world) GetMeta(k string, v any) error { return json.Unmarshal(w.meta[k], v) }

type pathEvaluator string

func (p pathEvaluator) Eval(b *batch.Batch) (*batch.Vector, []op.Failure, error) {
	return b.Col(string(p)), nil, nil
}

// sink keeps what is emitted and rejected.
type sink struct {
	optest.Ignore

	batches  []*batch.Batch
	rejected []op.Rejection
}

func (s *sink) Emit(b *batch.Batch) error       { s.batches = append(s.batches, b); return nil }
func (s *sink) Side(string, *batch.Batch) error { return nil }
func (s *sink) Reject(r op.Rejection) error     { s.rejected = append(s.rejected, r); return nil }

var recordRow = types.Row{{Name: "id", Type: types.Of(types.String)}, {Name: "sequence", Type: types.Of(types.Protein)}}

// records makes a batch of records r0, r1, … with these sequences.
func records(seqs []string) *batch.Batch {
	id, seq := batch.NewBuilder(types.Of(types.String), len(seqs)), batch.NewBuilder(types.Of(types.Protein), len(seqs))
	for i, s := range seqs {
		id.String(fmt.Sprintf("r%d", i))
		seq.String(s)
	}
	return &batch.Batch{Row: recordRow, N: len(seqs), Cols: []*batch.Vector{id.Done(), seq.Done()}}
}

func pairArgs(order string, self bool) op.Args {
	return op.Args{
		"as":      {Names: []string{"a", "b"}},
		"order":   {Word: order},
		"self":    {Expr: expr.Lit(types.Of(types.Bool), self)},
		"size_by": {Names: []string{"a.sequence", "b.sequence"}},
	}
}

// runPairs drives collect and scan with small blocks and tiles and gives the batches.
func runPairs(t testing.TB, seqs []string, args op.Args, limit int, goal int64) []*batch.Batch {
	t.Helper()
	w, out := newWorld(), &sink{}
	rec := types.RecordOf(recordRow...)
	cfg := &op.Config{Args: args, In: []types.Row{recordRow}, Out: types.Row{{Name: "a", Type: rec}, {Name: "b", Type: rec}}}
	inst, err := newPairsCollect(cfg, 0)
	if err != nil {
		t.Fatal(err)
	}
	c := inst.(*collect)
	c.limit = limit
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(c.Open(w))
	for len(seqs) > 0 { // in batches of uneven size
		n := min(len(seqs), 3)
		check(c.Data(0, renumber(records(seqs[:n]), int(c.total)+c.records), out))
		seqs = seqs[n:]
	}
	check(c.Drain(out))
	src, err := newPairsScan(cfg)
	check(err)
	scan := src.(*pairsScan)
	scan.goal = goal
	check(scan.Open(w))
	for s, err := range scan.Splits(w, nil) {
		check(err)
		check(scan.Read(s, out))
	}
	return out.batches
}

// renumber calls the records of a batch r<from>, r<from+1>, ….
func renumber(b *batch.Batch, from int) *batch.Batch {
	id := batch.NewBuilder(types.Of(types.String), b.N)
	for i := range b.N {
		id.String(fmt.Sprintf("r%d", from+i))
	}
	return b.With(b.Row, []*batch.Vector{id.Done(), b.Cols[1]})
}

// Every pair comes exactly once, the earlier record first, with its ordinals, whatever the blocks and tiles are.
func TestPairsEveryPairOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seqs := rapid.SliceOfN(rapid.StringMatching(`[A-Z]{0,12}`), 0, 20).Draw(rt, "sequences")
		limit := rapid.IntRange(1, 8).Draw(rt, "records of a block")
		goal := rapid.Int64Range(1, 400).Draw(rt, "cells of a tile")
		order := rapid.SampledFrom([]string{"once", "both"}).Draw(rt, "order")
		self := rapid.Bool().Draw(rt, "self")

		var got, want []string
		for _, b := range runPairs(t, seqs, pairArgs(order, self), limit, goal) {
			for i := range b.N {
				first, second := b.Col("a.id").Bytes(i), b.Col("b.id").Bytes(i)
				got = append(got, fmt.Sprintf("%s-%s %d-%d", first, second, b.Ord[0][i], b.Ord[1][i]))
			}
		}
		for i := range seqs {
			for j := range seqs {
				if i < j || (i == j && self) || (i > j && order == "both") {
					want = append(want, fmt.Sprintf("r%d-r%d %d-%d", i, j, i, j))
				}
			}
		}
		sort.Strings(got)
		sort.Strings(want)
		if d := cmp.Diff(want, got); d != "" {
			rt.Fatal(d)
		}
	})
}

// A tile is no larger than the goal unless a single pair is, and one long record does not make one long tile.
func TestTilesAreBalanced(t *testing.T) {
	sizes := []int64{35_000}
	for i := range 2000 {
		sizes = append(sizes, int64(900-i/3))
	}
	info := blockInfo{Records: len(sizes), Sizes: sizes}
	const goal = 10_000_000
	largest := sizes[0] * sizes[1]
	n := 0
	for tl, cells := range tiles(info, info, true, false, goal) {
		n++
		if cells > max(2*goal, largest) {
			t.Errorf("tile %+v has %d cells, goal %d", tl, cells, int64(goal))
		}
	}
	if n < 50 {
		t.Errorf("only %d tiles", n)
	}
}

// Tasks that take the next tile when they are free end within one tile of each other, however long one record is.
func TestTilesLeaveNoTail(t *testing.T) {
	sizes := []int64{35_000}
	for i := range 2000 {
		sizes = append(sizes, int64(800-i/4))
	}
	info := blockInfo{Records: len(sizes), Sizes: sizes}
	for _, tasks := range []int{2, 5, 16} {
		busy := make([]int64, tasks)
		var total, largest int64
		for _, cells := range tiles(info, info, true, false, tileCells) {
			free := slices.Index(busy, slices.Min(busy))
			busy[free] += cells
			total, largest = total+cells, max(largest, cells)
		}
		if ideal := total / int64(tasks); slices.Max(busy) > ideal+largest || largest > 2*tileCells {
			t.Errorf("%d tasks: the last ends after %d cells, %d would be ideal; the largest tile has %d", tasks, slices.Max(busy), ideal, largest)
		}
		t.Logf("%d tasks: %d cells, %.2f %% over the mean", tasks, total, 100*float64(slices.Max(busy)*int64(tasks)-total)/float64(total))
	}
}

func TestPairsOfNothing(t *testing.T) {
	for _, seqs := range [][]string{nil, {"MK"}} {
		if got := runPairs(t, seqs, pairArgs("once", false), 4, 100); len(got) != 0 {
			t.Errorf("%s: %d batches", strings.Join(seqs, ","), len(got))
		}
	}
}
