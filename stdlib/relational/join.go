package relational

import (
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"slices"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/planner/estimate"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// Join brings rows of two streams together by keys.
var Join = &op.Operator{
	Name: "join",
	Role: op.TransformRole,
	Doc: `brings the rows of two streams together whose keys are equal.

` + "`inner`" + ` gives every pair of such rows; ` + "`left`" + ` also the rows of the pipe that have no partner, with null for the other columns; ` + "`full`" + ` those of both sides;
` + "`semi`" + ` and ` + "`anti`" + ` the rows of the pipe that have a partner, or have none, once and with their own columns. Null never joins, not even with null; NaN
joins NaN, and 0.0 joins -0.0. A key that both sides call the same comes once. Rows stand in the order of the pipe, then of the other stream; under
` + "`full`" + ` those of the other stream without a partner stand last.

With ` + "`within`" + ` two rows join only if their times are no further apart; both streams then need an ` + "`event_time`" + `. That is how streams are joined that do not
end. Where rows come as they happen, a pair is given as soon as both rows are there, and a row without a partner when event time has passed its own by
` + "`within`" + `. A row that is late, behind event time, is rejected. Rows that can still have a partner are held, on disk where memory does not do; only the rows of a
quarter of ` + "`within`" + ` (at least of a second) must fit. Event time behind the join is that of the pipe (under ` + "`full`" + ` there is none), and goes on so much later.

Otherwise the smaller stream is held in memory. Where it does not fit into the task's share, both are parted by their keys, on disk.`,
	Params: []op.Param{
		{Name: "other", Kind: op.Stream, Required: true, Doc: "The other stream."},
		{Name: "on", Kind: op.On, Required: true, Named: true, Doc: "The keys: id, or (a = x, b) where they differ."},
		{Name: "kind", Kind: op.Word, Words: []string{"inner", "left", "full", "semi", "anti"}, Default: "inner", Doc: "Which rows are given."},
		{Name: "within", Kind: op.Value, Type: types.Of(types.Duration), Doc: "How far apart in time two rows may be."},
		{Name: "times", Kind: op.On, Hidden: true},
	},
	Bounded:  op.NeedsWindow,
	Type:     typeJoin,
	Caps:     op.Caps{Keyed: "on", Needs: needsJoin, Passes: passesJoin, Watermarks: true},
	Estimate: estimateJoin,
	New:      func(c *op.Config) (op.Instance, error) { return makeJoin(c), nil },
	Examples: []op.Example{{Doc: "With and without a partner.", Code: `type Row = { id: int, user: string? }
let orders = read_jsonl("o.jsonl", as: Row)
let users = read_jsonl("u.jsonl", as: { name: string, town: string })
let known = orders |> join(users, on: (user = name))
let all = orders |> join(users, on: (user = name), kind: left)
let strange = orders |> join(users, on: (user = name), kind: anti)
known |> print()
all |> print()
strange |> print()
test "null joins nothing" {
  given orders = [{ id: 1, user: "ada" }, { id: 2, user: "bob" }, { id: 3, user: null }]
  given users = [{ name: "ada", town: "London" }]
  expect known = [{ id: 1, user: "ada", name: "ada", town: "London" }]
  expect all = [{ id: 1, name: "ada", town: "London" }, { id: 2, name: null, town: null }, { id: 3, name: null, town: null }]
  expect strange = [{ id: 2, user: "bob" }, { id: 3, user: null }]
}
`}, {Doc: "What a buyer saw in the ten minutes before and after.", Code: `type Click = { user: string, at: timestamp, page: string }
type Sale = { buyer: string, paid: timestamp, amount: int }
let clicks = read_jsonl("c.jsonl", as: Click) |> event_time(at)
let sales = read_jsonl("s.jsonl", as: Sale) |> event_time(paid)
let out = sales |> join(clicks, on: (buyer = user), within: 10m, kind: left) |> select(buyer, amount, page)
out |> print()
test "near each other in time" {
  given clicks = [{ user: "ada", at: 2026-01-01T00:00:00Z, page: "/a" }, { user: "ada", at: 2026-01-01T00:20:00Z, page: "/b" },
                  { user: "bob", at: 2026-01-01T00:00:00Z, page: "/c" }]
  given sales = [{ buyer: "ada", paid: 2026-01-01T00:10:00Z, amount: 5 }, { buyer: "bob", paid: 2026-01-01T00:12:00Z, amount: 7 }]
  expect out = [{ buyer: "ada", amount: 5, page: "/a" }, { buyer: "ada", amount: 5, page: "/b" }, { buyer: "bob", amount: 7, page: null }]
}
`}},
}

// side is the column that a key is on a side, "" where it is an expression.
func side(e *expr.Expr) string {
	if e.Kind == expr.Call && e.Name == expr.Cast && len(e.Args) == 1 {
		e = e.Args[0]
	}
	if e.Kind == expr.Column {
		return e.Name
	}
	return ""
}

func pairsOf(a op.Args) []op.KeyPair {
	if x := a["on"]; x != nil {
		return x.On
	}
	return nil
}

// timesOf gives the times of both rows in an interval join; none in another one.
func timesOf(a op.Args) []op.KeyPair {
	if x := a["times"]; x != nil {
		return x.On
	}
	return nil
}

// shared gives the key columns that both sides call the same.
func shared(a op.Args) map[string]op.KeyPair {
	m := map[string]op.KeyPair{}
	for _, p := range pairsOf(a) {
		if n := side(p.Left); n != "" && n == side(p.Right) {
			m[n] = p
		}
	}
	return m
}

func typeJoin(t *op.Typing) types.Row {
	if !typeWithin(t) {
		return nil
	}
	for _, p := range pairsOf(t.Args) {
		if p.Left.Type.Kind == types.Null || p.Right.Type.Kind == types.Null {
			t.Errorf("on", codeKey, "a key that is always null joins nothing")
			return nil
		}
	}
	kind := t.Args.Word("kind")
	row := append(types.Row(nil), t.In[0].Row...)
	if kind == "semi" || kind == "anti" {
		return row
	}
	keys := shared(t.Args)
	if kind == "full" {
		for i, f := range row {
			if p, ok := keys[f.Name]; ok {
				row[i].Type = p.Left.Type // both sides have been converted to it
				row[i].Type.Nullable = f.Type.Nullable || p.Right.Type.Nullable
			} else {
				row[i].Type = f.Type.OrNull()
			}
		}
	}
	for _, f := range t.In[1].Row {
		if _, ok := keys[f.Name]; ok {
			continue
		}
		if row.Index(f.Name) >= 0 {
			t.Errorf("other", codeRows, "both streams have a column `%s`: rename or drop it in one of them before", f.Name)
			return nil
		}
		if kind != "inner" {
			f.Type = f.Type.OrNull()
		}
		row = append(row, f)
	}
	return row
}

// typeWithin checks what a join says of time, and notes the columns that have it.
func typeWithin(t *op.Typing) bool {
	l, r := t.In[0], t.In[1]
	within, ok := t.Args.Const("within")
	if t.Args.Word("kind") != "full" {
		t.Out.Time = l.Time // of the pipe's row, which is in every row of the output
	}
	switch {
	case !ok && (l.Unbounded || r.Unbounded) && l.Windows == types.NoWindows && r.Windows == types.NoWindows:
		t.Out.Unbounded = true
		t.Errorf("", codeEndless, "`join` would wait for ever, since a stream does not end: "+
			"say `within: 5m` to join rows that are near each other in time, or read a source that ends")
		return false
	case !ok:
		return true
	case within.(int64) < 0:
		t.Errorf("within", codeNumber, "two rows cannot be less than nothing apart")
		return false
	case l.Time == "" || r.Time == "":
		t.Errorf("within", codeNoTime, "`within` has no column to go by in %s: put `|> event_time(column)` behind it", timeless(l.Time, r.Time))
		return false
	}
	t.Args["times"] = &op.Arg{On: []op.KeyPair{{Left: pathExpr(l.Row, l.Time), Right: pathExpr(r.Row, r.Time)}}}
	t.Out.Unbounded = l.Unbounded || r.Unbounded
	return true
}

func timeless(left, right string) string {
	switch {
	case left == "" && right == "":
		return "either stream"
	case left == "":
		return "the stream before it"
	}
	return "the other stream"
}

func needsJoin(a op.Args, in []types.Row, need op.ColumnSet) []op.ColumnSet {
	left, right := op.NewColumnSet(), op.NewColumnSet()
	keys := shared(a)
	for _, f := range in[0] {
		addUnder(left, need, f.Name, f.Name)
	}
	for _, f := range in[1] {
		if _, ok := keys[f.Name]; !ok && in[0].Index(f.Name) < 0 {
			addUnder(right, need, f.Name, f.Name)
		}
	}
	for _, p := range slices.Concat(pairsOf(a), timesOf(a)) {
		left.AddExpr(p.Left)
		right.AddExpr(p.Right)
	}
	return []op.ColumnSet{left, right}
}

// passesJoin says by which columns rows may be dropped before. Under within a row without a time is rejected, and must be seen.
func passesJoin(a op.Args, in []types.Row) []op.ColumnSet {
	kind := a.Word("kind")
	if kind == "full" || len(timesOf(a)) > 0 {
		return nil
	}
	sets := []op.ColumnSet{op.AllColumns(in[0]), op.NewColumnSet()}
	if keys := shared(a); kind == "inner" {
		for _, f := range in[1] {
			if _, key := keys[f.Name]; !key && in[0].Index(f.Name) < 0 {
				sets[1].Add(f.Name)
			}
		}
	}
	return sets
}

func estimateJoin(e *op.Estimating) (estimate.Stream, estimate.Work) {
	out := estimate.Stream{Width: map[string]estimate.Number{}}
	for _, in := range e.In {
		for k, w := range in.Width {
			out.Width[k] = w
		}
	}
	switch l := e.In[0].Rows; e.Args.Word("kind") {
	case "semi", "anti":
		out.Rows = l.Between(0, 0.5, "assumed")
	default:
		if r := e.In[1].Rows; l.Known() && r.Known() {
			out.Rows = estimate.Number{Mid: math.Max(l.Mid, r.Mid), High: l.High * r.High, Source: "assumed"}
		}
	}
	return out, estimate.Work{}
}

// join holds both sides until they have ended, since nothing says which ends first; then it takes the smaller one for its table. Event time
// stands still behind it.
type join struct {
	op.Base
	cfg    *op.Config
	ctx    op.Context
	kind   string
	within int64 // how far apart in time partners may be; -1 for any time
	seed   maphash.Seed
	sides  [2]*joinSide
}

// makeJoin makes the join that fits: of rows that come as they happen one that gives pairs at once, else one that sees all rows first.
func makeJoin(c *op.Config) op.Instance {
	j := newJoin(c)
	if c.Live && j.within >= 0 {
		return newIntervalJoin(j)
	}
	return j
}

func newJoin(c *op.Config) *join {
	j := &join{cfg: c, kind: c.Args.Word("kind"), within: c.Args.Int("within", -1), seed: maphash.MakeSeed()}
	keys, whole := shared(c.Args), map[string]op.KeyPair{}
	if j.kind == "full" {
		whole = keys
	}
	for s, name := range []string{"left", "right"} {
		var out types.Row
		for _, f := range c.Out {
			from, here := c.In[s].Lookup(f.Name)
			_, key := keys[f.Name]
			if !here || s == 1 && (key && j.kind != "full" || !key && c.In[0].Index(f.Name) >= 0) {
				continue
			}
			f.Type.Nullable = from.Nullable
			out = append(out, f)
		}
		nulls := j.kind == "full" || s == 0 && j.outer(0)
		j.sides[s] = newSide(name, out, pairsOf(c.Args), s, whole, nulls)
		if j.within >= 0 {
			j.sides[s].addTime()
		}
	}
	return j
}

// outer reports whether rows of a side are given that have no partner.
func (j *join) outer(side int) bool {
	return j.kind == "full" || side == 0 && (j.kind == "left" || j.kind == "anti")
}

// leftOnly reports whether rows of the pipe are given alone.
func (j *join) leftOnly() bool { return j.kind == "semi" || j.kind == "anti" }

func (j *join) Open(ctx op.Context) error {
	j.ctx = ctx
	for s, side := range j.sides {
		side.open(ctx)
		for _, p := range pairsOf(j.cfg.Args) {
			e := p.Left
			if s == 1 {
				e = p.Right
			}
			ev, err := compile(ctx, e, j.cfg.In[s])
			if err != nil {
				return err
			}
			side.keys = append(side.keys, ev)
		}
		for _, p := range timesOf(j.cfg.Args) {
			e := p.Left
			if s == 1 {
				e = p.Right
			}
			ev, err := compile(ctx, e, j.cfg.In[s])
			if err != nil {
				return err
			}
			side.time = &ev
		}
	}
	return nil
}

func (j *join) Data(port int, b *batch.Batch, out op.Output) error {
	kept, err := j.sides[port].take(b, out)
	if err != nil {
		return err
	}
	return j.hold(port, kept)
}

// hold holds rows; where memory does not do, those of one side go to disk: of the side that has rows there already, as long as that frees
// enough, so that the other one stays in memory.
func (j *join) hold(port int, b *batch.Batch) error {
	j.sides[port].add(b)
	l, r := j.sides[0], j.sides[1]
	limit := j.ctx.Memory()
	if limit <= 0 || l.buffer.Bytes()+r.buffer.Bytes()+entryBytes*j.smaller().buffer.Rows() <= limit {
		return nil
	}
	more, less := l, r
	if r.buffer.Bytes() > l.buffer.Bytes() {
		more, less = r, l
	}
	if !less.runs.Empty() && more.runs.Empty() && less.buffer.Bytes() > limit/8 {
		more = less
	}
	return more.spill()
}

// smaller gives the side that takes less memory.
func (j *join) smaller() *joinSide {
	if j.sides[0].bytes < j.sides[1].bytes {
		return j.sides[0]
	}
	return j.sides[1]
}

func (j *join) Drain(out op.Output) error {
	h := &hashJoin{join: j, out: newJoined(j, out)}
	if err := h.run(); err != nil {
		return err
	}
	for _, s := range j.sides {
		s.buffer.Reset()
		if err := s.runs.Drop(); err != nil {
			return err
		}
	}
	return nil
}

// Snapshot writes what is in memory by key group, and gives what is on disk as files.
func (j *join) Snapshot(_ uint64, w op.SnapshotWriter) error {
	_, _, groups := j.ctx.KeyGroups()
	for port, side := range j.sides {
		side.snapshot(w)
		batches := side.buffer.Batches()
		w.Later(func() error {
			return side.byGroup(side.row, batches, pairsOf(j.cfg.Args), groups, func(group int, b *batch.Batch) error {
				state, err := batch.AppendFrame([]byte{byte(port)}, b)
				if err != nil {
					return err
				}
				return w.KeyGroup(group, state)
			})
		})
	}
	return nil
}

// Restore takes the rows of this instance's key groups. Files have rows of others, too.
func (j *join) Restore(r op.SnapshotReader) error {
	first, last, groups := j.ctx.KeyGroups()
	for _, state := range r.KeyGroups() {
		if len(state) == 0 || state[0] > 1 {
			return badState("join", fmt.Errorf("a stream of no number"))
		}
		port := int(state[0])
		b, err := readRows(state[1:], j.sides[port].row)
		if err != nil {
			return badState("join", err)
		}
		if err := j.hold(port, b); err != nil {
			return err
		}
	}
	if err := r.Err(); err != nil {
		return err
	}
	for port, side := range j.sides {
		err := side.restored(r, func(b *batch.Batch) error {
			return j.hold(port, side.ofGroups(b, pairsOf(j.cfg.Args), first, last, groups))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (j *join) Close() error {
	var errs []error
	for _, s := range j.sides {
		if s.runs != nil {
			s.buffer.Reset()
			errs = append(errs, s.runs.Drop())
		}
	}
	return errors.Join(errs...)
}
