package local

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// The operators of the tests: a source of numbers in splits, a map, a filter that rejects, a keyed sum, staged pairs, a
// limit, sinks.

var (
	tInt      = types.Of(types.Int)
	numberRow = types.Row{{Name: "k", Type: tInt}, {Name: "v", Type: tInt}}
	pairRow   = types.Row{{Name: "a", Type: types.RecordOf(numberRow...)}, {Name: "b", Type: types.RecordOf(numberRow...)}}
)

func lit(x int64) *op.Arg   { return &op.Arg{Expr: expr.Lit(tInt, x)} }
func text(s string) *op.Arg { return &op.Arg{Expr: expr.Lit(types.Of(types.String), s)} }
func ints(xs ...int64) *batch.Vector {
	return &batch.Vector{Type: tInt, N: len(xs), Ints: xs}
}

// numbers: `rows` rows in each of `splits` splits, k counts them all; batches of `step` rows.
type numbers struct {
	a     op.Args
	ctx   op.Context
	after func(ctx op.Context) error // is called after every batch
}

// given and taken count the rows of the sources and of `ahead`.
var given, taken, mostAhead atomic.Int64

// tap is where a trickle hears from its sink.
var tap = make(chan struct{})

func (s *numbers) Open(ctx op.Context) error { s.ctx = ctx; return nil }
func (s *numbers) Close() error              { return nil }

func (s *numbers) Splits(op.Context, []json.RawMessage) iter.Seq2[op.Split, error] {
	return func(yield func(op.Split, error) bool) {
		for i := range uint64(s.a.Int("splits", 1)) {
			data, err := json.Marshal([2]uint64{i, 0})
			if !yield(op.Split{Index: i, Weight: float64(s.a.Int("rows", 0)), Data: data}, err) {
				return
			}
		}
		if s.a.Bool("bad_splits") {
			yield(op.Split{}, errors.New("the splits cannot be listed"))
		}
	}
}

func (s *numbers) Read(split op.Split, out op.SourceOutput) error {
	var place [2]int64 // number of the split, and the row that it begins with
	if err := json.Unmarshal(split.Data, &place); err != nil {
		return err
	}
	i := place[0]
	rows, step := s.a.Int("rows", 0), s.a.Int("step", 7)
	for at := place[1]; at < rows; at += step {
		b := &batch.Batch{Row: numberRow, N: int(min(step, rows-at)), Ord: [][]uint64{nil, nil}, Origin: &batch.Origin{File: "numbers"}}
		var k, v []int64
		for j := range int64(b.N) {
			k, v = append(k, i*rows+at+j), append(v, (i*rows+at+j)*7919%101)
			b.Ord[0], b.Ord[1] = append(b.Ord[0], split.Index), append(b.Ord[1], uint64(at+j))
			b.Origin.Record = append(b.Origin.Record, i*rows+at+j+1)
		}
		b.Cols = []*batch.Vector{ints(k...), ints(v...)}
		if at := s.a.Int("reject", -1); at >= 0 && k[0] <= at && at <= k[len(k)-1] {
			if err := out.Reject(op.Rejection{File: "numbers", Record: at + 1, Byte: -1, Code: "W6999", Reason: "unlucky", Raw: "raw"}); err != nil {
				return err
			}
		}
		given.Add(int64(b.N))
		if err := out.Emit(b); err != nil {
			return err
		}
		if err := out.Rest(func() (op.Split, error) {
			data, err := json.Marshal([2]int64{i, at + step})
			return op.Split{Index: split.Index, Weight: split.Weight, Data: data}, err
		}); err != nil {
			return err
		}
		if s.after != nil {
			if err := s.after(s.ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// rows is an instance made from a function.
type rows struct {
	op.Base
	ctx    op.Context
	data   func(x *rows, port int, b *batch.Batch, out op.Output) error
	drain  func(x *rows, out op.Output) error
	timer  func(x *rows, t int64, out op.Output) error
	commit func(x *rows) error
	close  func(x *rows) error
	open   func(x *rows) error
	save   func(x *rows, w op.SnapshotWriter) error
	load   func(x *rows, r op.SnapshotReader) error
	n      int64
	file   op.StagedFile
	token  []byte
}

func (x *rows) Open(ctx op.Context) error {
	x.ctx = ctx
	if x.open != nil {
		return x.open(x)
	}
	return nil
}
func (x *rows) Data(port int, b *batch.Batch, out op.Output) error { return x.data(x, port, b, out) }
func (x *rows) Drain(out op.Output) error {
	if x.drain != nil {
		return x.drain(x, out)
	}
	return nil
}
func (x *rows) Timer(t int64, out op.Output) error { return x.timer(x, t, out) }
func (x *rows) Commit(uint64) error {
	if x.commit != nil {
		return x.commit(x)
	}
	return nil
}
func (x *rows) Snapshot(_ uint64, w op.SnapshotWriter) error {
	if x.save != nil {
		return x.save(x, w)
	}
	if x.n > 0 {
		return w.Item(fmt.Append(nil, x.n))
	}
	if x.file != nil {
		token, err := x.file.Prepare()
		x.token = token
		return err
	}
	return nil
}
func (x *rows) Restore(r op.SnapshotReader) error {
	if x.load != nil {
		return x.load(x, r)
	}
	for item := range r.Items() {
		if err := json.Unmarshal(item, &x.n); err != nil {
			return err
		}
	}
	return r.Err()
}
func (x *rows) Close() error {
	if x.close != nil {
		return x.close(x)
	}
	return nil
}

// result is what a sink got, in order.
type result struct{ lines []string }

// resultsMu guards the map of results: sinks commit at the same time.
var resultsMu sync.Mutex

func line(b *batch.Batch, p int) string {
	parts := make([]string, len(b.Cols))
	for i, c := range b.Cols {
		parts[i] = fmt.Sprint(c.Value(p))
	}
	return strings.Join(parts, "\t")
}

func testOps(results map[string]*result) []*op.Operator {
	transform := func(name string, caps op.Caps, make func(c *op.Config) *rows) *op.Operator {
		return &op.Operator{Name: name, Role: op.TransformRole, Caps: caps,
			New: func(c *op.Config) (op.Instance, error) { return make(c), nil }}
	}
	return []*op.Operator{
		{Name: "numbers", Role: op.SourceRole, Source: func(c *op.Config) (op.Source, error) { return &numbers{a: c.Args}, nil }},
		transform("double", op.Caps{RowWise: true}, func(c *op.Config) *rows {
			return &rows{data: func(_ *rows, _ int, b *batch.Batch, out op.Output) error {
				v := make([]int64, b.N)
				for i := range v {
					v[i] = 2 * b.Cols[1].Int(i)
				}
				return out.Emit(b.With(b.Row, []*batch.Vector{b.Cols[0], ints(v...)}))
			}}
		}),
		// odd keeps rows with an odd k and rejects those whose v is 13.
		transform("odd", op.Caps{RowWise: true}, func(c *op.Config) *rows {
			return &rows{data: func(_ *rows, _ int, b *batch.Batch, out op.Output) error {
				var sel []uint32
				for i := range b.Len() {
					p := b.Pos(i)
					if b.Cols[1].Int(p) == 13 {
						if err := out.Reject(op.Rejection{File: "numbers", Record: b.Cols[0].Int(p) + 1, Byte: -1, Code: "W6999", Reason: "13"}); err != nil {
							return err
						}
					} else if b.Cols[0].Int(p)%2 == 1 {
						sel = append(sel, uint32(p))
					}
				}
				return out.Emit(b.Select(append([]uint32{}, sel...)))
			}}
		}),
		// sum adds k by v and gives (v, sum) when it drains, with the smallest ordinals of the group.
		transform("sum", op.Caps{}, func(c *op.Config) *rows {
			type group struct {
				sum int64
				o   [2]uint64
			}
			groups := map[int64]*group{}
			keyGroup := func(k int64) int { return batch.KeyGroup(batch.AppendKey(nil, ints(k), 0), KeyGroups) }
			return &rows{
				save: func(x *rows, w op.SnapshotWriter) error {
					// Half of the groups at once, the others later, of a copy.
					later := map[int64]group{}
					for k, g := range groups {
						if k%2 == 0 {
							later[k] = *g
							continue
						}
						if err := w.KeyGroup(keyGroup(k), fmt.Appendf(nil, "[%d,%d,%d,%d]", k, g.sum, g.o[0], g.o[1])); err != nil {
							return err
						}
					}
					w.Later(func() error {
						for k, g := range later {
							if err := w.KeyGroup(keyGroup(k), fmt.Appendf(nil, "[%d,%d,%d,%d]", k, g.sum, g.o[0], g.o[1])); err != nil {
								return err
							}
						}
						return nil
					})
					return nil
				},
				load: func(x *rows, r op.SnapshotReader) error {
					for _, state := range r.KeyGroups() {
						var s [4]int64
						if err := json.Unmarshal(state, &s); err != nil {
							return err
						}
						groups[s[0]] = &group{s[1], [2]uint64{uint64(s[2]), uint64(s[3])}}
					}
					return r.Err()
				},
				data: func(x *rows, _ int, b *batch.Batch, out op.Output) error {
					for i := range b.Len() {
						p := b.Pos(i)
						o := [2]uint64{b.Ord[0][p], b.Ord[1][p]}
						g := groups[b.Cols[1].Int(p)]
						if g == nil {
							g = &group{o: o}
							groups[b.Cols[1].Int(p)] = g
						}
						g.sum += b.Cols[0].Int(p)
						if cmp.Compare(o[0], g.o[0]) < 0 || o[0] == g.o[0] && o[1] < g.o[1] {
							g.o = o
						}
					}
					return nil
				},
				drain: func(x *rows, out op.Output) error {
					var keys []int64
					for k := range groups {
						keys = append(keys, k)
					}
					slices.Sort(keys)
					b := &batch.Batch{Row: numberRow, N: len(keys), Ord: [][]uint64{nil, nil}}
					var sums []int64
					for _, k := range keys {
						sums = append(sums, groups[k].sum)
						b.Ord[0], b.Ord[1] = append(b.Ord[0], groups[k].o[0]), append(b.Ord[1], groups[k].o[1])
					}
					b.Cols = []*batch.Vector{ints(keys...), ints(sums...)}
					groups = map[int64]*group{}
					return out.Emit(b)
				},
			}
		}),
		transform("union", op.Caps{RowWise: true}, func(c *op.Config) *rows {
			return &rows{data: func(_ *rows, _ int, b *batch.Batch, out op.Output) error { return out.Emit(b) }}
		}),
		transform("limit", op.Caps{}, func(c *op.Config) *rows {
			return &rows{data: func(x *rows, _ int, b *batch.Batch, out op.Output) error {
				left := c.Args.Int("n", 0) - x.n
				if left <= 0 {
					return op.ErrEnough
				}
				b = b.Compact()
				b = b.Slice(0, min(b.N, int(left)))
				x.n += int64(b.N)
				if err := out.Emit(b); err != nil || x.n < c.Args.Int("n", 0) {
					return err
				}
				return op.ErrEnough
			}}
		}),
		// trouble fails, panics or makes a bad batch at row `at`, or waits for the run to end there.
		transform("trouble", op.Caps{RowWise: true}, func(c *op.Config) *rows {
			return &rows{data: func(x *rows, _ int, b *batch.Batch, out op.Output) error {
				for i := range b.Len() {
					if b.Cols[0].Int(b.Pos(i)) == c.Args.Int("at", -1) {
						switch c.Args.Word("how") {
						case "error":
							return errors.New("out of order")
						case "coded":
							return &op.Error{Code: "W6998", Message: "there is trouble"}
						case "panic":
							var none []int
							_ = none[3]
						case "batch":
							return out.Emit(&batch.Batch{N: 1})
						case "wait":
							<-x.ctx.Context().Done()
							return x.ctx.Context().Err()
						}
					}
				}
				return out.Emit(b)
			}}
		}),
		// slow waits a little now and then.
		transform("slow", op.Caps{RowWise: true}, func(c *op.Config) *rows {
			return &rows{data: func(x *rows, _ int, b *batch.Batch, out op.Output) error {
				if x.n++; x.n%10 == 0 {
					time.Sleep(time.Duration(x.ctx.Task()+1) * 100 * time.Microsecond)
				}
				return out.Emit(b)
			}}
		}),
		// ahead sees how many rows its source is ahead of it.
		transform("ahead", op.Caps{RowWise: true}, func(c *op.Config) *rows {
			return &rows{data: func(x *rows, _ int, b *batch.Batch, out op.Output) error {
				if x.n++; x.n%50 == 0 {
					time.Sleep(time.Millisecond) // lets the source run ahead if it can
				}
				taken.Add(int64(b.Len()))
				for most, now := mostAhead.Load(), given.Load()-taken.Load(); now > most; most = mostAhead.Load() {
					mostAhead.CompareAndSwap(most, now)
				}
				return out.Emit(b)
			}}
		}),
		// alarm asks for a timer when it opens, and gives a row when it fires.
		transform("alarm", op.Caps{}, func(c *op.Config) *rows {
			return &rows{
				open: func(x *rows) error { x.ctx.SetTimer(x.ctx.Now().Add(time.Hour).UnixNano()); return nil },
				data: func(*rows, int, *batch.Batch, op.Output) error { return nil },
				timer: func(x *rows, t int64, out op.Output) error {
					if t != x.ctx.Now().UnixNano() {
						return fmt.Errorf("the timer of %d fires at %d", t, x.ctx.Now().UnixNano())
					}
					return out.Emit(&batch.Batch{Row: numberRow, N: 1, Cols: []*batch.Vector{ints(1), ints(2)}})
				},
			}
		}),
		// trickle is a source that gives the next row only when the sink `tap` has the last one.
		{Name: "trickle", Role: op.SourceRole, Source: func(c *op.Config) (op.Source, error) {
			return &numbers{a: c.Args, after: func(ctx op.Context) error {
				select {
				case <-tap:
					return nil
				case <-ctx.Context().Done():
					return ctx.Context().Err()
				}
			}}, nil
		}},
		{Name: "tap", Role: op.SinkRole, New: func(c *op.Config) (op.Instance, error) {
			return &rows{data: func(x *rows, _ int, b *batch.Batch, _ op.Output) error {
				select {
				case tap <- struct{}{}:
					return nil
				case <-x.ctx.Context().Done():
					return x.ctx.Context().Err()
				}
			}}, nil
		}},
		{Name: "pairs", Role: op.TransformRole, Staged: &op.Staged{
			Collect: func(c *op.Config, port int) (op.Instance, error) {
				return &rows{
					data: func(x *rows, _ int, b *batch.Batch, _ op.Output) error {
						key := fmt.Sprintf("%d/%d", port, x.n)
						x.n++
						b = b.Compact()
						return x.ctx.Staging().Put(key, b)
					},
					drain: func(x *rows, _ op.Output) error { return x.ctx.Staging().PutMeta("blocks", x.n) },
				}, nil
			},
			Scan: func(c *op.Config) (op.Source, error) { return &pairScan{row: c.Out}, nil },
		}},
		{Name: "collect", Role: op.SinkRole, New: func(c *op.Config) (op.Instance, error) {
			name := c.Args.Text("to")
			var got []string
			return &rows{
				save: func(_ *rows, w op.SnapshotWriter) error {
					data, err := json.Marshal(got)
					if err != nil {
						return err
					}
					return w.Item(data)
				},
				load: func(_ *rows, r op.SnapshotReader) error {
					for item := range r.Items() {
						if err := json.Unmarshal(item, &got); err != nil {
							return err
						}
					}
					return r.Err()
				},
				data: func(_ *rows, _ int, b *batch.Batch, _ op.Output) error {
					for i := range b.Len() {
						got = append(got, line(b, b.Pos(i)))
					}
					return nil
				},
				commit: func(*rows) error {
					resultsMu.Lock()
					defer resultsMu.Unlock()
					results[name] = &result{got}
					return nil
				},
			}, nil
		}},
		{Name: "write", Role: op.SinkRole, New: func(c *op.Config) (op.Instance, error) {
			return &rows{
				open: func(x *rows) (err error) {
					path := c.Args.Text("to")
					if strings.HasSuffix(path, "/") {
						path += fmt.Sprintf("part-%d", x.ctx.Task())
					}
					x.file, err = x.ctx.Storage().Create(x.ctx.Context(), path, op.CreateOptions{})
					return err
				},
				data: func(x *rows, _ int, b *batch.Batch, _ op.Output) error {
					for i := range b.Len() {
						if _, err := fmt.Fprintln(x.file, line(b, b.Pos(i))); err != nil {
							return err
						}
					}
					return nil
				},
				commit: func(x *rows) error {
					if c.Args.Word("how") == "fail" {
						return &op.Error{Code: "W6997", Message: "no commit"}
					}
					return x.ctx.Storage().Commit(x.ctx.Context(), x.token)
				},
				close: func(x *rows) error {
					if x.file == nil {
						return nil
					}
					return x.file.Abort()
				},
			}, nil
		}},
	}
}

// pairScan pairs each block with itself and the later ones; a split is two blocks.
type pairScan struct {
	row types.Row
	ctx op.Context
}

func (s *pairScan) Open(ctx op.Context) error { s.ctx = ctx; return nil }
func (s *pairScan) Close() error              { return nil }

func (s *pairScan) Splits(ctx op.Context, _ []json.RawMessage) iter.Seq2[op.Split, error] {
	return func(yield func(op.Split, error) bool) {
		var n int64
		if err := ctx.Staging().GetMeta("blocks", &n); err != nil {
			yield(op.Split{}, err)
			return
		}
		index := uint64(0)
		for i := range n {
			for j := i; j < n; j++ {
				data, err := json.Marshal([2]int64{i, j})
				if !yield(op.Split{Index: index, Weight: 1, Data: data}, err) {
					return
				}
				index++
			}
		}
	}
}

func (s *pairScan) Read(split op.Split, out op.SourceOutput) error {
	var at [2]int64
	if err := json.Unmarshal(split.Data, &at); err != nil {
		return err
	}
	var blocks [2]*batch.Batch
	for i := range blocks {
		b, err := s.ctx.Staging().Get(fmt.Sprintf("0/%d", at[i]))
		if err != nil {
			return err
		}
		blocks[i] = b
	}
	var idx [2][]uint32
	b := &batch.Batch{Row: s.row, Ord: [][]uint64{nil, nil}}
	for i := range blocks[0].N {
		for j := range blocks[1].N {
			if at[0] == at[1] && j <= i {
				continue
			}
			idx[0], idx[1] = append(idx[0], uint32(i)), append(idx[1], uint32(j))
			b.Ord[0] = append(b.Ord[0], uint64(blocks[0].Cols[0].Int(i)))
			b.Ord[1] = append(b.Ord[1], uint64(blocks[1].Cols[0].Int(j)))
			b.N++
		}
	}
	s.ctx.Count("pairs", int64(b.N))
	for i := range blocks {
		rec := &batch.Vector{Type: s.row[i].Type, N: blocks[i].N, Fields: blocks[i].Cols}
		b.Cols = append(b.Cols, &batch.Vector{Type: rec.Type, N: b.N, Dict: rec, Idx: idx[i]})
	}
	return out.Emit(b)
}
