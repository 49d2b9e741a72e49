package relational

import (
	"fmt"
	"math"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/planner/estimate"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/keyed"
	"weir/stdlib/stat"
)

// Aggregate makes one row of every group.
var Aggregate = &op.Operator{
	Name: "aggregate",
	Role: op.TransformRole,
	Doc: `makes one row of every group of rows: the keys, then the aggregates.

Rows belong together whose keys are equal; null is equal to null here, NaN to NaN and 0.0 to -0.0. Groups come in the order of their first rows.
Without ` + "`by:`" + ` all rows are one group, which there is even if there are no rows. A group whose aggregate has no value (an int sum that does not
fit) is rejected. Groups that memory has no room for go to disk.

Behind a ` + "`window`" + ` rows belong together that are in the same window, too, and a row of the output has ` + "`window_start` and `window_end`" + ` behind the keys. It comes when the
window closes.`,
	Params: []op.Param{
		{Name: "by", Kind: op.Keys, Doc: "The columns, or named expressions, by which rows are grouped."},
		{Name: "columns", Kind: op.Aggs, Variadic: true, Required: true, Min: 1, Doc: "name = aggregate(…), …"},
		{Name: "windows", Kind: op.Word, Words: []string{string(types.FixedWindows), string(types.MergingWindows)}, Hidden: true},
	},
	Bounded:  op.NeedsWindow,
	Type:     typeAggregate,
	Caps:     op.Caps{Keyed: "by", Needs: needsAggregate},
	Estimate: estimateAggregate,
	New:      func(c *op.Config) (op.Instance, error) { return &aggregate{cfg: c}, nil },
	Examples: []op.Example{{Doc: "Groups, and the group of rows without a key.", Code: `type Row = { plate: string?, od: float? }
let readings = read_jsonl("r.jsonl", as: Row)
let out = readings |> aggregate(by: plate, n = count(), seen = count(od), total = sum(od), top = max(od))
out |> print()
test "three groups" {
  given readings = [{ plate: "P1", od: 0.1 }, { plate: null, od: 1.0 }, { plate: "P1", od: 0.2 }, { plate: "P2", od: null }]
  expect out = [{ plate: "P1", n: 2, seen: 2, total: 0.30000000000000004, top: 0.2 }, { plate: null, n: 1, seen: 1, total: 1.0, top: 1.0 },
                { plate: "P2", n: 1, seen: 0, total: 0.0, top: null }]
}
`}, {Doc: "No rows are one group.", Code: `let readings = read_jsonl("r.jsonl", as: { od: float })
let out = readings |> filter(od > 100.0) |> aggregate(n = count(), total = sum(od), top = max(od))
out |> print()
test "one row" {
  given readings = [{ od: 0.5 }]
  expect out = [{ n: 0, total: 0.0, top: null }]
}
`}},
}

func keysOf(a op.Args, param string) []op.Key {
	if x := a[param]; x != nil {
		return x.Keys
	}
	return nil
}

// keyName is the column that a key makes.
func keyName(k op.Key) string {
	if k.Name != "" {
		return k.Name
	}
	if k.Expr.Kind == expr.Field {
		return k.Expr.Name
	}
	p, _ := k.Expr.Path()
	return p
}

func typeAggregate(t *op.Typing) types.Row {
	var row types.Row
	add := func(param, name string, ty types.Type) bool {
		switch {
		case name == "":
			t.Errorf(param, codeNotColumn, "a key that is an expression needs a name: derive it before")
			return false
		case row.Index(name) >= 0:
			t.Errorf(param, codeDuplicate, "there would be two columns `%s`", name)
			return false
		}
		row = append(row, types.Field{Name: name, Type: ty})
		return columnType(t, param, name, ty)
	}
	keys := keysOf(t.Args, "by")
	for _, k := range keys {
		if !add("by", keyName(k), k.Expr.Type) {
			return nil
		}
	}
	windowed := t.In[0].Windows != types.NoWindows
	if windowed {
		t.Args["windows"] = &op.Arg{Word: string(t.In[0].Windows)}
		if !add("by", types.WindowStart, types.Of(types.Timestamp)) || !add("by", types.WindowEnd, types.Of(types.Timestamp)) {
			return nil
		}
	}
	t.Out.Windows, t.Out.Time = types.NoWindows, ""
	for _, g := range t.Args["columns"].Aggs {
		ty := g.Type
		if len(keys) == 0 && !windowed && nullOverNothing(g) {
			ty = ty.OrNull()
		}
		if !add("columns", g.Name, ty) {
			return nil
		}
	}
	return row
}

// nullOverNothing reports whether an aggregate is null where there are no values. It is then null over values that may all be null, too.
func nullOverNothing(g op.Agg) bool {
	args := make([]types.Type, len(g.Args))
	for i, a := range g.Args {
		args[i] = a.Type.OrNull()
	}
	for _, a := range stat.Aggregates {
		if a.Name == g.Func {
			_, result, err := a.Resolve(args)
			return err == nil && result.Nullable
		}
	}
	return true
}

// needsAggregate asks for the keys, needed or not, since they make the groups, and for what the aggregates read, used or not: a row that
// has no value is rejected all the same.
func needsAggregate(a op.Args, _ []types.Row, _ op.ColumnSet) []op.ColumnSet {
	s := op.NewColumnSet()
	for _, p := range []string{"by", "columns"} {
		for _, e := range a[p].Exprs() {
			s.AddExpr(e)
		}
	}
	if a["windows"] != nil {
		s.Add(types.WindowStart)
		s.Add(types.WindowEnd)
	}
	return []op.ColumnSet{s}
}

func estimateAggregate(e *op.Estimating) (estimate.Stream, estimate.Work) {
	if len(keysOf(e.Args, "by")) == 0 && e.Args["windows"] == nil {
		return estimate.Stream{Rows: estimate.Exact(1, "counted")}, estimate.Work{}
	}
	in := e.In[0].Rows
	out := estimate.Stream{}
	if in.Known() {
		out.Rows = estimate.Number{Low: min(1, in.Low), Mid: in.Mid / 10, High: in.High, Source: "assumed"}
	}
	return out, estimate.Work{}
}

// aggregate holds the groups of all windows that are open, and gives those of a window when event time has passed its end.
type aggregate struct {
	op.Base
	cfg      *op.Config
	ctx      op.Context
	windows  types.Windowing
	bounds   [2]evaluator // of the windows
	keys     []evaluator
	keyTypes []types.Type
	keyNames []string
	next     int64 // when the next window ends, or before
	aggs     []op.Agg
	args     [][]evaluator // by aggregate
	groups   *keyed.State
	sessions *keyed.Sessions // instead of groups where windows merge
	now      int64           // event time

	encoded keyed.Keys
	rows    []uint32
	spans   []keyed.Window
}

func (a *aggregate) Open(ctx op.Context) (err error) {
	a.ctx, a.now, a.next = ctx, math.MinInt64, math.MinInt64
	a.windows = types.Windowing(a.cfg.Args.Word("windows"))
	in := a.cfg.In[0]
	if a.windows != types.NoWindows {
		for i, name := range []string{types.WindowStart, types.WindowEnd} {
			if a.bounds[i], err = compile(ctx, pathExpr(in, name), in); err != nil {
				return err
			}
		}
	}
	for _, k := range keysOf(a.cfg.Args, "by") {
		ev, err := compile(ctx, k.Expr, in)
		if err != nil {
			return err
		}
		a.keys, a.keyTypes, a.keyNames = append(a.keys, ev), append(a.keyTypes, k.Expr.Type), append(a.keyNames, keyName(k))
	}
	makers := make([]func() (op.Accumulator, error), 0, len(a.cfg.Args["columns"].Aggs))
	spec := keyed.Spec{Windowed: a.windows != types.NoWindows, Memory: ctx.Memory(), Dir: ctx.TempDir(), Spilled: func() { ctx.Count("spills", 1) }, New: func() ([]op.Accumulator, error) {
		accs := make([]op.Accumulator, len(makers))
		for i, make := range makers {
			var err error
			if accs[i], err = make(); err != nil {
				return nil, &op.Error{Code: codeArgument, Message: err.Error()}
			}
		}
		return accs, nil
	}}
	spec.First, spec.Last, spec.All = ctx.KeyGroups()
	a.aggs = a.cfg.Args["columns"].Aggs
	for _, g := range a.aggs {
		make, err := a.accumulator(g)
		if err != nil {
			return err
		}
		makers = append(makers, make)
		spec.Types = append(spec.Types, g.Type.OrNull())
	}
	if a.windows == types.MergingWindows {
		a.sessions, err = keyed.NewSessions(spec)
	} else {
		a.groups, err = keyed.New(spec)
	}
	return err
}

// accumulator compiles the arguments of an aggregate and gives what makes its states.
func (a *aggregate) accumulator(g op.Agg) (func() (op.Accumulator, error), error) {
	f := a.ctx.Catalogue().Aggregate(g.Func)
	if f == nil {
		return nil, fmt.Errorf("there is no aggregate `%s`", g.Func)
	}
	given := make([]types.Type, len(g.Args))
	consts := make([]any, len(g.Args))
	for i, e := range g.Args {
		given[i] = e.Type
		if e.Kind == expr.Const {
			consts[i] = e.Value
		}
	}
	want, _, err := f.Resolve(given)
	if err != nil {
		return nil, fmt.Errorf("`%s` wants %w", g.Func, err)
	}
	evals := make([]evaluator, len(g.Args))
	for i, e := range g.Args {
		if t := want[i]; t.Kind != e.Type.Kind {
			t.Nullable = e.Type.Nullable || e.Type.Kind == types.Null
			e = &expr.Expr{Kind: expr.Call, Name: expr.Cast, Type: t, Args: []*expr.Expr{e}}
		}
		if evals[i], err = compile(a.ctx, e, a.cfg.In[0]); err != nil {
			return nil, err
		}
	}
	a.args = append(a.args, evals)
	return func() (op.Accumulator, error) { return f.New(want, consts) }, nil
}

func (a *aggregate) Data(_ int, b *batch.Batch, out op.Output) error {
	keys, b, err := evalAll(a.keys, b, out)
	if err != nil {
		return err
	}
	args := make([][]*batch.Vector, len(a.args))
	for i, evs := range a.args {
		if args[i], b, err = evalAll(evs, b, out); err != nil {
			return err
		}
	}
	if b.Len() == 0 {
		return nil
	}
	a.encoded.Set(keys, b)
	if a.windows == types.NoWindows {
		return a.groups.Add(keyed.Window{}, &a.encoded, positions(b, &a.rows), args, b.Ord)
	}
	bounds, b, err := evalAll(a.bounds[:], b, out)
	if err != nil {
		return err
	}
	a.rows, a.spans = a.rows[:0], a.spans[:0]
	late := int64(0)
	for i := range b.Len() {
		row := b.Pos(i)
		w := keyed.Window{Start: bounds[0].Int(row), End: bounds[1].Int(row)}
		if w.End <= a.now { // of a source that was idle while others went on
			late++
			continue
		}
		a.rows, a.spans = append(a.rows, uint32(row)), append(a.spans, w)
	}
	if late > 0 {
		a.ctx.Count("late", late)
	}
	if a.sessions == nil {
		return a.addFixed(args, b.Ord)
	}
	if err := a.sessions.Add(&a.encoded, a.rows, a.spans, args, b.Ord); err != nil {
		return err
	}
	if !a.cfg.Live {
		return a.sessions.Fit()
	}
	return fits(a.ctx, a.sessions.Bytes(), fmt.Sprintf("%d sessions", a.sessions.Len()), "give more memory, a shorter gap, fewer keys, or split the work over more tasks")
}

// positions lists the rows of a batch that count; buf has numbers from 0.
func positions(b *batch.Batch, buf *[]uint32) []uint32 {
	if b.Sel != nil {
		return b.Sel
	}
	for len(*buf) < b.N {
		*buf = append(*buf, uint32(len(*buf)))
	}
	return (*buf)[:b.N]
}

// addFixed adds the rows window by window.
func (a *aggregate) addFixed(args [][]*batch.Vector, ord [][]uint64) error {
	for len(a.rows) > 0 {
		w := a.spans[0]
		var rows, others []uint32
		var spans []keyed.Window
		same := 1
		for same < len(a.spans) && a.spans[same] == w {
			same++
		}
		if rows = a.rows; same < len(a.rows) {
			rows = append([]uint32(nil), a.rows[:same]...)
			for i := same; i < len(a.rows); i++ {
				if a.spans[i] == w {
					rows = append(rows, a.rows[i])
				} else {
					others, spans = append(others, a.rows[i]), append(spans, a.spans[i])
				}
			}
		}
		if err := a.groups.Add(w, &a.encoded, rows, args, ord); err != nil {
			return err
		}
		a.next = min(a.next, w.End)
		a.rows, a.spans = others, spans
	}
	return nil
}

// Watermark gives the windows that have ended by then, in the order of their ends, and in each the groups in the order of their keys.
func (a *aggregate) Watermark(t int64, out op.Output) error {
	if a.now = max(a.now, t); a.windows == types.NoWindows {
		return nil
	}
	return a.finish(a.now, out)
}

func (a *aggregate) Drain(out op.Output) error {
	if a.windows == types.NoWindows && len(a.keys) == 0 && !a.groups.Has(keyed.Window{}) {
		if err := a.groups.AddEmpty(keyed.Window{}, nil); err != nil {
			return err
		}
	}
	return a.finish(math.MaxInt64, out)
}

// finish gives out the windows that have ended by a time.
func (a *aggregate) finish(until int64, out op.Output) error {
	emit := func(b *keyed.Block) error { return a.give(b, out) }
	if a.sessions != nil {
		return a.sessions.Finish(until, emit)
	}
	if until < a.next {
		return nil
	}
	a.next = math.MaxInt64
	for _, w := range a.groups.Windows() {
		if w.End > until {
			a.next = w.End
			break
		}
		if err := a.groups.Finish(w, emit); err != nil {
			return err
		}
	}
	return nil
}

// give emits the rows of groups.
func (a *aggregate) give(g *keyed.Block, out op.Output) error {
	kept := make([]uint32, 0, g.N)
	for i := range g.N {
		code, reason, err := a.failure(g, i)
		switch {
		case err != nil:
			return err
		case code != "":
			if err := out.Reject(op.Rejection{Byte: -1, Code: code, Reason: reason}); err != nil {
				return err
			}
		default:
			kept = append(kept, uint32(i))
		}
	}
	if len(kept) == 0 {
		return nil
	}
	keys, err := g.Keys(a.keyTypes, kept)
	if err != nil {
		return err
	}
	b := &batch.Batch{Row: a.cfg.Out, N: len(kept), Cols: make([]*batch.Vector, len(a.cfg.Out)), Ord: g.Ordinals(kept)}
	if a.windows != types.NoWindows { // windows come one after the other
		starts, ends := make([]uint64, len(kept)), make([]uint64, len(kept))
		for k, i := range kept {
			w := g.Window(int(i))
			starts[k], ends[k] = uint64(w.Start)^1<<63, uint64(w.End)^1<<63
		}
		b.Ord = append([][]uint64{ends, starts}, b.Ord...)
	}
	for i, f := range a.cfg.Out {
		b.Cols[i] = a.column(f, g, keys, kept)
	}
	return out.Emit(b)
}

// column makes a column of the output.
func (a *aggregate) column(f types.Field, g *keyed.Block, keys []*batch.Vector, kept []uint32) *batch.Vector {
	for k, name := range a.keyNames {
		if name == f.Name {
			return keys[k].Project(f.Type)
		}
	}
	for k, x := range a.aggs {
		if x.Name == f.Name {
			return g.Results(k, f.Type, kept).Project(f.Type)
		}
	}
	times := make([]int64, len(kept))
	for k, i := range kept {
		if times[k] = g.Window(int(i)).Start; f.Name == types.WindowEnd {
			times[k] = g.Window(int(i)).End
		}
	}
	return &batch.Vector{Type: f.Type, N: len(kept), Ints: times}
}

// failure says why a group has no row; code is "" where it has one.
func (a *aggregate) failure(g *keyed.Block, i int) (code, reason string, err error) {
	for k := range a.aggs {
		if code, reason = g.Failure(k, i); code == "" {
			continue
		}
		keys, err := g.Keys(a.keyTypes, []uint32{uint32(i)})
		if err != nil {
			return "", "", err
		}
		reason += " (in `" + (&op.Arg{Aggs: a.aggs[k : k+1]}).String() + "`"
		for j, name := range a.keyNames {
			sep := ", "
			if j == 0 {
				sep = " for "
			}
			reason += sep + name + " = " + expr.FormatValue(keys[j].Type, keys[j].Value(0))
		}
		return code, reason + ")", nil
	}
	return "", "", nil
}

func (a *aggregate) Snapshot(_ uint64, w op.SnapshotWriter) error {
	if err := snapshotTime(a.now, w); err != nil {
		return err
	}
	if a.sessions != nil {
		return a.sessions.Snapshot(w)
	}
	return a.groups.Snapshot(w)
}

func (a *aggregate) Restore(r op.SnapshotReader) (err error) {
	if a.now, err = restoreTime(r); err != nil {
		return err
	}
	if a.sessions != nil {
		err = a.sessions.Restore(r)
	} else {
		err = a.groups.Restore(r)
	}
	if err != nil {
		return err
	}
	return r.Err()
}

func (a *aggregate) Close() error {
	switch {
	case a.groups != nil:
		return a.groups.Close()
	case a.sessions != nil:
		return a.sessions.Close()
	}
	return nil
}
