package relational

import (
	"math"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/planner/estimate"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// Window puts rows into windows of time.
var Window = &op.Operator{
	Name: "window",
	Role: op.TransformRole,
	Doc: `puts rows into windows of event time, for the aggregate behind it.

It adds the columns ` + "`window_start` and `window_end`" + `, and the aggregate groups by them besides its keys. A window reaches from its start up to, not including, its end, and
begins a whole number of sizes (or of ` + "`every`" + `) from 1970-01-01T00:00:00Z. In sliding windows a row comes once for each of its windows. A session of a key
reaches from its first row to ` + "`gap`" + ` behind its last one; rows whose distance is exactly the gap are one session.

A window closes when event time has passed its end by ` + "`allowed_lateness`" + `: then the aggregate gives its row, once. A row all of whose windows have closed goes to the side
output ` + "`late`" + `, as it came. A stream that ends closes every window. A row whose window would leave the years 1678 to 2262 is rejected.`,
	Params: []op.Param{
		{Name: "kind", Kind: op.Ctor, Required: true, Doc: "The windows.", Ctors: []op.Constructor{
			{Name: "tumbling", Doc: "Windows of one size, end to end.", Params: []op.Param{span("size", "The size of a window.", false)}},
			{Name: "sliding", Doc: "Windows of one size that overlap.", Params: []op.Param{span("size", "The size of a window.", false), span("every", "From the start of one to that of the next.", true)}},
			{Name: "session", Doc: "Windows that end where no row comes for a while.", Params: []op.Param{span("gap", "The while.", false)}},
		}},
		{Name: "allowed_lateness", Kind: op.Value, Type: types.Of(types.Duration), Default: "0s", Doc: "How long a window waits for late rows behind its end."},
		{Name: "time", Kind: op.RowExpr, Hidden: true},
	},
	Sides:    []string{"late"},
	Type:     typeWindow,
	Caps:     op.Caps{RowWise: true, Watermarks: true, Windows: true, Needs: needsWindow},
	Estimate: estimateWindow,
	New:      func(c *op.Config) (op.Instance, error) { return newWindow(c), nil },
	Examples: []op.Example{{Doc: "The mean of ten minutes, every five.", Code: `type Reading = { plate: string, at: timestamp, od: float }
let readings = read_jsonl("r.jsonl", as: Reading) |> event_time(at)
let out = readings |> window(sliding(10m, every: 5m)) |> aggregate(by: plate, od = mean(od))
out |> print()
test "a row in two windows" {
  given readings = [{ plate: "P1", at: 2026-01-01T00:06:00Z, od: 0.5 }, { plate: "P1", at: 2026-01-01T00:11:00Z, od: 1.5 }]
  expect out = [{ window_start: 2026-01-01T00:00:00Z, od: 0.5 }, { window_start: 2026-01-01T00:05:00Z, od: 1.0 }, { window_start: 2026-01-01T00:10:00Z, od: 1.5 }]
}
`}, {Doc: "Visits: a user who does nothing for half an hour has left.", Code: `type Click = { user: string, at: timestamp }
let clicks = read_jsonl("c.jsonl", as: Click) |> event_time(at)
let visits = clicks |> window(session(30m)) |> aggregate(by: user, clicks = count())
visits |> print()
test "one long visit, one click" {
  given clicks = [{ user: "u", at: 2026-01-01T00:00:00Z }, { user: "u", at: 2026-01-01T01:00:00Z }, { user: "u", at: 2026-01-01T00:20:00Z }]
  expect visits = [{ user: "u", window_start: 2026-01-01T00:00:00Z, window_end: 2026-01-01T00:50:00Z, clicks: 2 },
                   { user: "u", window_start: 2026-01-01T01:00:00Z, window_end: 2026-01-01T01:30:00Z, clicks: 1 }]
}
`}},
}

func span(name, doc string, named bool) op.Param {
	return op.Param{Name: name, Kind: op.Value, Type: types.Of(types.Duration), Required: true, Named: named, Doc: doc}
}

// maxWindows bounds how many sliding windows a row may lie in, each of which takes a row of its own.
const maxWindows = 10_000

func typeWindow(t *op.Typing) types.Row {
	in, args := t.In[0], t.Args["kind"].Args
	size, every := args.Int("size", args.Int("gap", 0)), args.Int("every", 1)
	switch {
	case in.Time == "":
		t.Errorf("", codeNoTime, "`window` has no column to go by: put `|> event_time(column)` before it")
		return nil
	case size <= 0 || every <= 0:
		t.Errorf("kind", codeNumber, "a window must be longer than nothing")
		return nil
	case args["every"] != nil && every > size:
		t.Errorf("kind", codeNumber, "between windows of %s every %s there would be rows in none", args["size"], args["every"])
		return nil
	case args["every"] != nil && (size-1)/every >= maxWindows:
		t.Errorf("kind", codeNumber, "a row would lie in more than %d windows", maxWindows)
		return nil
	case t.Args.Int("allowed_lateness", 0) < 0:
		t.Errorf("allowed_lateness", codeNumber, "a row cannot be late by less than nothing")
		return nil
	}
	row := append(types.Row(nil), in.Row...)
	for _, name := range []string{types.WindowStart, types.WindowEnd} {
		if row.Index(name) >= 0 {
			t.Errorf("", codeDuplicate, "the rows have a column `%s` already: drop it before, or rename it", name)
			return nil
		}
		row = append(row, types.Field{Name: name, Type: types.Of(types.Timestamp)})
	}
	t.Args["time"] = &op.Arg{Expr: pathExpr(in.Row, in.Time)}
	t.Out.Windows = types.FixedWindows
	if t.Args.Word("kind") == "session" {
		t.Out.Windows = types.MergingWindows
	}
	return row
}

func needsWindow(a op.Args, in []types.Row, need op.ColumnSet) []op.ColumnSet {
	s := op.NewColumnSet()
	for _, p := range need.Paths() {
		if p != types.WindowStart && p != types.WindowEnd {
			s.Add(p)
		}
	}
	return passOn("time")(a, in, s)
}

func estimateWindow(e *op.Estimating) (estimate.Stream, estimate.Work) {
	out, args := e.In[0], e.Args["kind"].Args
	if every := args.Int("every", 0); every > 0 && out.Rows.Known() {
		k := math.Ceil(float64(args.Int("size", every)) / float64(every))
		out.Rows.Low, out.Rows.Mid, out.Rows.High = k*out.Rows.Low, k*out.Rows.Mid, k*out.Rows.High
	}
	return out, estimate.Work{}
}

// window adds the bounds of their windows to rows, and puts those aside that are too late.
type window struct {
	op.Base
	cfg         *op.Config
	time        evaluator
	session     bool
	size, every int64
	lateness    int64
	now         int64 // event time before it; math.MinInt64 while it stands still

	from, to int64 // the last row's window
}

func newWindow(c *op.Config) *window {
	w := &window{cfg: c, session: c.Args.Word("kind") == "session", lateness: c.Args.Int("allowed_lateness", 0), now: math.MinInt64}
	args := c.Args["kind"].Args
	w.size = args.Int("size", args.Int("gap", 0))
	w.every = args.Int("every", w.size)
	return w
}

func (w *window) Open(ctx op.Context) (err error) {
	w.time, err = compile(ctx, w.cfg.Args.Expr("time"), w.cfg.In[0])
	return err
}

// assign finds the last window that a time lies in; ok is false where the window, or the first of them, reaches beyond time.
func (w *window) assign(t int64) (ok bool) {
	switch {
	case w.session:
		w.from, w.to = t, later(t, w.size)
		return w.to-t == w.size
	case w.from <= t && uint64(t)-uint64(w.from) < uint64(w.every) && w.from < w.to:
		return true
	}
	past := t % w.every
	if past < 0 {
		past += w.every
	}
	from := earlier(t, past)
	to := later(from, w.size)
	first := earlier(t, w.size-1) // no window that the time lies in starts before
	if t-from != past || to-from != w.size || t-first != w.size-1 {
		return false
	}
	w.from, w.to = from, to
	return true
}

// closed is the event time up to which windows have closed.
func (w *window) closed() int64 { return earlier(w.now, w.lateness) }

func (w *window) Data(_ int, b *batch.Batch, out op.Output) error {
	times, b, err := w.time.eval(b, out)
	if err != nil {
		return err
	}
	if b, err = withoutNulls(b, times, w.time.text, out); err != nil {
		return err
	}
	var late []uint32
	rows := &windowed{w: w, b: b, out: out, closed: w.closed()}
	rows.reset(b.Len())
	for i := range b.Len() {
		row := b.Pos(i)
		t := times.Int(row)
		switch {
		case !w.assign(t):
			err = out.Reject(op.RejectionAt(b, row, codeTime, "the window of "+expr.FormatValue(types.Of(types.Timestamp), t)+" reaches beyond the years 1678 to 2262"))
		case w.to <= rows.closed:
			late = append(late, uint32(row))
		default:
			err = rows.add(uint32(row), t)
		}
		if err != nil {
			return err
		}
	}
	if err := rows.flush(0); err != nil || len(late) == 0 {
		return err
	}
	return out.Side("late", b.Select(late))
}

// windowed makes batches of the rows of one batch with their windows.
type windowed struct {
	w          *window
	b          *batch.Batch
	out        op.Output
	closed     int64
	rows       []uint32
	start, end []int64
	place      []uint64 // the number of a window among those of its row
}

func (x *windowed) reset(n int) {
	n = min(n, outRows)
	x.rows, x.start, x.end, x.place = make([]uint32, 0, n), make([]int64, 0, n), make([]int64, 0, n), make([]uint64, 0, n)
}

// add adds a row once for each of its windows that is open, the first one first. Time t lies in w.from … w.to, the last one.
func (x *windowed) add(row uint32, t int64) error {
	w := x.w
	back := int64(0)
	if !w.session {
		back = (w.size - 1 - (t - w.from)) / w.every // windows before it
	}
	for k := back; k >= 0; k-- {
		from, to := w.from-k*w.every, w.to-k*w.every
		if to <= x.closed {
			continue
		}
		x.rows, x.start, x.end, x.place = append(x.rows, row), append(x.start, from), append(x.end, to), append(x.place, uint64(back-k))
		if len(x.rows) == outRows {
			if err := x.flush(outRows); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush emits the rows so far; n more may come.
func (x *windowed) flush(n int) error {
	if len(x.rows) == 0 {
		return nil
	}
	in := x.b
	if in.Sel != nil || len(x.rows) != in.N || x.w.every != x.w.size {
		in = in.Take(x.rows)
	}
	row := x.w.cfg.Out
	cols := make([]*batch.Vector, len(row))
	for i, f := range row {
		switch f.Name {
		case types.WindowStart:
			cols[i] = &batch.Vector{Type: f.Type, N: in.N, Ints: x.start}
		case types.WindowEnd:
			cols[i] = &batch.Vector{Type: f.Type, N: in.N, Ints: x.end}
		default:
			cols[i] = in.Cols[in.Row.Index(f.Name)].Project(f.Type)
		}
	}
	out := in.With(row, cols)
	if len(out.Ord) > 0 && x.w.every != x.w.size {
		out.Ord = append(out.Ord[:len(out.Ord):len(out.Ord)], x.place)
	}
	x.reset(n)
	return x.out.Emit(out)
}

func (w *window) Watermark(t int64, out op.Output) error {
	w.now = max(w.now, t)
	return out.Watermark(w.closed())
}

func (w *window) Snapshot(_ uint64, s op.SnapshotWriter) error { return snapshotTime(w.now, s) }

func (w *window) Restore(r op.SnapshotReader) (err error) {
	w.now, err = restoreTime(r)
	return err
}
