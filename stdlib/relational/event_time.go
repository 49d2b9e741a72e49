package relational

import (
	"encoding/binary"
	"math"
	"strings"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// EventTime says when the events of a stream have happened.
var EventTime = &op.Operator{
	Name: "event_time",
	Role: op.TransformRole,
	Doc: `says which column has the time at which the event of a row happened, for the windows behind it.

In a stream whose rows come as they happen (` + "`watch`" + `, standard input) event time goes on with them: it is the latest time so far, less ` + "`out_of_order`" + `. A row
may be late by so much and still count for its window. A source that gives no row for ` + "`idle`" + ` holds nobody up. In every other stream event time stands still until
the end, so no row is late and the result does not depend on which task reads which file first.

A row whose time is null is rejected. The column stays the time of the rows behind it for as long as they keep it, under a new name as well.`,
	Params: []op.Param{
		{Name: "column", Kind: op.RowExpr, Type: types.Of(types.Timestamp).OrNull(), Required: true, Doc: "The column with the time of the event."},
		{Name: "out_of_order", Kind: op.Value, Type: types.Of(types.Duration), Default: "0s", Doc: "How late a row may come."},
		{Name: "idle", Kind: op.Value, Type: types.Of(types.Duration), Default: "1m", Doc: "After which silence a source counts no more."},
	},
	Type:     typeEventTime,
	Caps:     op.Caps{RowWise: true, Watermarks: true, Needs: passOn("column")},
	Estimate: sameStream,
	New: func(c *op.Config) (op.Instance, error) {
		return &eventTime{cfg: c, behind: c.Args.Int("out_of_order", 0), idle: c.Args.Int("idle", 0), latest: math.MinInt64}, nil
	},
	Examples: []op.Example{{Doc: "Counts by minute.", Code: `type Click = { page: string, at: timestamp }
let clicks = read_jsonl("c.jsonl", as: Click)
let out = clicks |> event_time(at) |> window(tumbling(1m)) |> aggregate(by: page, n = count())
out |> print()
test "two minutes" {
  given clicks = [{ page: "a", at: 2026-01-01T00:00:59Z }, { page: "a", at: 2026-01-01T00:01:00Z }, { page: "a", at: 2026-01-01T00:00:01Z }]
  expect out = [{ page: "a", window_start: 2026-01-01T00:00:00Z, n: 2 }, { page: "a", window_start: 2026-01-01T00:01:00Z, n: 1 }]
}
`}},
}

func typeEventTime(t *op.Typing) types.Row {
	path, ok := t.Args.Expr("column").Path()
	switch {
	case !ok:
		t.Errorf("column", codeNotColumn, "event_time wants a column, not an expression: derive it before, `|> derive(time = …) |> event_time(time)`")
		return nil
	case t.Args.Int("out_of_order", 0) < 0:
		t.Errorf("out_of_order", codeNumber, "a row cannot be out of order by less than nothing")
		return nil
	case t.Args.Int("idle", 1) <= 0:
		t.Errorf("idle", codeNumber, "the silence after which a source counts no more must be longer than nothing")
		return nil
	}
	t.Out.Time = path
	row := append(types.Row(nil), t.In[0].Row...)
	if i := row.Index(path); i >= 0 {
		row[i].Type = row[i].Type.NotNull()
	}
	return row
}

// eventTime passes rows and, in a live stream, says behind each batch how far their time has come.
type eventTime struct {
	op.Base
	cfg          *op.Config
	ctx          op.Context
	time         evaluator
	behind, idle int64
	latest       int64 // the watermark said last; math.MinInt64 for none
	heard        int64 // processing time of the last batch
}

func (e *eventTime) Open(ctx op.Context) (err error) {
	e.ctx = ctx
	e.time, err = compile(ctx, e.cfg.Args.Expr("column"), e.cfg.In[0])
	if e.cfg.Live {
		e.heard = ctx.Now().UnixNano()
		ctx.SetTimer(later(e.heard, e.idle))
	}
	return err
}

func (e *eventTime) Data(_ int, b *batch.Batch, out op.Output) error {
	times, b, err := e.time.eval(b, out)
	if err != nil {
		return err
	}
	if b, err = withoutNulls(b, times, e.time.text, out); err != nil || b.Len() == 0 {
		return err
	}
	latest := int64(math.MinInt64)
	for i := range b.Len() {
		latest = max(latest, times.Int(b.Pos(i)))
	}
	if err := out.Emit(project(b, e.cfg.Out)); err != nil || !e.cfg.Live {
		return err
	}
	e.heard = e.ctx.Now().UnixNano()
	return e.Watermark(earlier(latest, e.behind), out)
}

// withoutNulls rejects the rows whose time is null.
func withoutNulls(b *batch.Batch, times *batch.Vector, column string, out op.Output) (*batch.Batch, error) {
	bad := false
	for i := range b.Len() {
		if bad = times.IsNull(b.Pos(i)); bad {
			break
		}
	}
	if !bad {
		return b, nil
	}
	kept := make([]uint32, 0, b.Len())
	for i := range b.Len() {
		row := b.Pos(i)
		if !times.IsNull(row) {
			kept = append(kept, uint32(row))
		} else if err := out.Reject(op.RejectionAt(b, row, codeTime, "the time of the event, `"+column+"`, is null")); err != nil {
			return nil, err
		}
	}
	return b.Select(kept), nil
}

// Watermark takes a watermark of whoever is before it, who may know more than the rows do.
func (e *eventTime) Watermark(t int64, out op.Output) error {
	e.latest = max(e.latest, t)
	return out.Watermark(e.latest)
}

func (e *eventTime) Timer(t int64, out op.Output) error {
	due := later(e.heard, e.idle)
	if t < due {
		e.ctx.SetTimer(due)
		return nil
	}
	e.heard = t
	e.ctx.SetTimer(later(t, e.idle))
	return out.Idle()
}

func (e *eventTime) Snapshot(_ uint64, w op.SnapshotWriter) error { return snapshotTime(e.latest, w) }

func (e *eventTime) Restore(r op.SnapshotReader) (err error) {
	e.latest, err = restoreTime(r)
	return err
}

// snapshotTime writes how far time has come in an instance.
func snapshotTime(t int64, w op.SnapshotWriter) error {
	return w.Item(binary.AppendVarint(nil, t))
}

// restoreTime gives the earliest of the times of several instances: a row that was late for none of them must not be so now.
func restoreTime(r op.SnapshotReader) (int64, error) {
	t, any := int64(math.MaxInt64), false
	for item := range r.Items() {
		x, n := binary.Varint(item)
		if n != len(item) {
			return 0, errState
		}
		t, any = min(t, x), true
	}
	if !any {
		t = math.MinInt64
	}
	return t, r.Err()
}

// later and earlier add and subtract a duration that is not negative, and stop at the ends of time.
func later(t, d int64) int64 {
	if t > math.MaxInt64-d {
		return math.MaxInt64
	}
	return t + d
}

func earlier(t, d int64) int64 {
	if t < math.MinInt64+d {
		return math.MinInt64
	}
	return t - d
}

// pathExpr makes the expression that reads a column path of a row.
func pathExpr(r types.Row, path string) *expr.Expr {
	name, rest, nested := strings.Cut(path, ".")
	t, _ := r.Lookup(name)
	e := expr.Col(name, t)
	for nested {
		name, rest, nested = strings.Cut(rest, ".")
		ft, _ := e.Type.Field(name)
		ft.Nullable = ft.Nullable || e.Type.Nullable
		e = &expr.Expr{Kind: expr.Field, Name: name, Type: ft, Args: []*expr.Expr{e}}
	}
	return e
}
