package relational

import (
	"fmt"
	"math"

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
` + "`full`" + ` those of the other stream without a partner stand last.` + fmt.Sprintf(boundsDoc, "both streams"),
	Params: []op.Param{
		{Name: "other", Kind: op.Stream, Required: true, Doc: "The other stream."},
		{Name: "on", Kind: op.On, Required: true, Named: true, Doc: "The keys: id, or (a = x, b) where they differ."},
		{Name: "kind", Kind: op.Word, Words: []string{"inner", "left", "full", "semi", "anti"}, Default: "inner", Doc: "Which rows are given."},
		{Name: "within", Kind: op.Value, Type: types.Of(types.Duration), Doc: "How far apart two events may be; for streams that do not end. Not there yet."},
	},
	Bounded:  op.NeedsWindow,
	Type:     typeJoin,
	Caps:     op.Caps{Keyed: "on", Needs: needsJoin},
	Estimate: estimateJoin,
	New:      func(c *op.Config) (op.Instance, error) { return &join{cfg: c}, nil },
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
	if _, ok := t.Args.Const("within"); ok {
		t.Errorf("within", "W2220", "`within` is not there yet")
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
	for _, p := range pairsOf(a) {
		left.AddExpr(p.Left)
		right.AddExpr(p.Right)
	}
	return []op.ColumnSet{left, right}
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

// none is the place of a partner that is not there.
const none = math.MaxUint32

// joinSide holds the rows of one side, and their keys' numbers.
type joinSide struct {
	keys    []evaluator
	row     types.Row // what is held: the columns that the output needs
	batches []*batch.Batch
	pos     []place
	key     []uint32 // by row; none where a key is null
	levels  int
}

// join holds both sides until they have ended, since nothing says which ends first.
type join struct {
	op.Base
	cfg    *op.Config
	ctx    op.Context
	sides  [2]joinSide
	groups *groups
	held   int64
	rights [][]uint32 // by key: rows of the right side
}

func (j *join) Open(ctx op.Context) error {
	j.ctx, j.groups = ctx, newGroups()
	keys, full := shared(j.cfg.Args), j.cfg.Args.Word("kind") == "full"
	for s := range j.sides {
		for _, p := range pairsOf(j.cfg.Args) {
			e := p.Left
			if s == 1 {
				e = p.Right
			}
			ev, err := compile(ctx, e, j.cfg.In[s])
			if err != nil {
				return err
			}
			j.sides[s].keys = append(j.sides[s].keys, ev)
		}
		for _, f := range j.cfg.Out {
			from, here := j.cfg.In[s].Lookup(f.Name)
			_, key := keys[f.Name]
			if !here || s == 1 && (key && !full || !key && j.cfg.In[0].Index(f.Name) >= 0) {
				continue
			}
			f.Type.Nullable = from.Nullable
			j.sides[s].row = append(j.sides[s].row, f)
		}
	}
	return nil
}

func (j *join) Data(port int, b *batch.Batch, out op.Output) error {
	s := &j.sides[port]
	keys, b, err := evalAll(s.keys, b, out)
	if err != nil || b.Len() == 0 {
		return err
	}
	for i := range b.Len() {
		row := b.Pos(i)
		n := uint32(none)
		if !anyNull(keys, row) {
			n, _ = j.groups.add(j.groups.encode(keys, row))
		}
		s.pos = append(s.pos, place{uint32(len(s.batches)), uint32(i)})
		s.key = append(s.key, n)
	}
	cols := make([]*batch.Vector, len(s.row))
	for i, f := range s.row {
		if p, ok := shared(j.cfg.Args)[f.Name]; ok && j.cfg.Args.Word("kind") == "full" { // as it was converted to the type of both
			for k, q := range pairsOf(j.cfg.Args) {
				if q == p {
					cols[i] = keys[k].Project(f.Type)
				}
			}
			continue
		}
		cols[i] = b.Cols[b.Row.Index(f.Name)].Project(f.Type)
	}
	kept := b.With(s.row, cols).Own()
	s.levels = max(s.levels, len(kept.Ord))
	s.batches = append(s.batches, kept)
	j.held += int64(kept.Bytes())
	rows := len(j.sides[0].pos) + len(j.sides[1].pos)
	return fits(j.ctx, j.held+j.groups.bytes()+int64(20*rows), fmt.Sprintf("%d rows to be joined", rows),
		"give more memory, select fewer columns before, or split the work over more tasks")
}

func anyNull(vs []*batch.Vector, row int) bool {
	for _, v := range vs {
		if v.IsNull(row) {
			return true
		}
	}
	return false
}

func (j *join) Drain(out op.Output) error {
	left, right := &j.sides[0], &j.sides[1]
	j.rights = make([][]uint32, j.groups.len())
	for r, k := range right.key {
		if k != none {
			j.rights[k] = append(j.rights[k], uint32(r))
		}
	}
	kind := j.cfg.Args.Word("kind")
	met := batch.NewBitmap(len(right.key))
	var ls, rs []uint32
	give := func(l, r uint32) error {
		if ls, rs = append(ls, l), append(rs, r); len(ls) < outRows {
			return nil
		}
		err := j.give(ls, rs, out)
		ls, rs = ls[:0], rs[:0]
		return err
	}
	for l, k := range left.key {
		var partners []uint32
		if k != none {
			partners = j.rights[k]
		}
		var err error
		switch {
		case kind == "semi" || kind == "anti":
			if (len(partners) > 0) == (kind == "semi") {
				err = give(uint32(l), none)
			}
		case len(partners) == 0 && kind != "inner":
			err = give(uint32(l), none)
		default:
			for _, r := range partners {
				met.Set(int(r))
				if err = give(uint32(l), r); err != nil {
					break
				}
			}
		}
		if err != nil {
			return err
		}
	}
	if kind == "full" {
		for r := range right.key {
			if !met.Get(r) {
				if err := give(none, uint32(r)); err != nil {
					return err
				}
			}
		}
	}
	if len(ls) == 0 {
		return nil
	}
	return j.give(ls, rs, out)
}

// give emits pairs of rows; none stands for a partner that is not there.
func (j *join) give(ls, rs []uint32, out op.Output) error {
	l, r := j.sides[0].gather(ls), j.sides[1].gather(rs)
	b := &batch.Batch{Row: j.cfg.Out, N: len(ls), Cols: make([]*batch.Vector, len(j.cfg.Out)), Ord: append(l.Ord, r.Ord...)}
	keys := shared(j.cfg.Args)
	for i, f := range j.cfg.Out {
		var v *batch.Vector
		switch _, key := keys[f.Name]; {
		case l.Row.Index(f.Name) < 0:
			v = r.Cols[r.Row.Index(f.Name)]
		case key && j.cfg.Args.Word("kind") == "full":
			v = either(l.Cols[l.Row.Index(f.Name)], r.Cols[r.Row.Index(f.Name)], ls)
		default:
			v = l.Cols[l.Row.Index(f.Name)]
		}
		b.Cols[i] = v.Project(f.Type)
	}
	return out.Emit(b)
}

// either takes the right value where the left row is not there.
func either(l, r *batch.Vector, ls []uint32) *batch.Vector {
	row := types.Row{{Name: "", Type: l.Type.OrNull()}}
	n := len(ls)
	both := batch.Concat(row, []*batch.Batch{{Row: row, N: n, Cols: []*batch.Vector{l}}, {Row: row, N: n, Cols: []*batch.Vector{r}}})
	idx := make([]uint32, n)
	for i, x := range ls {
		idx[i] = uint32(i)
		if x == none {
			idx[i] += uint32(n)
		}
	}
	return both.Cols[0].Take(idx)
}

// gather gives rows by their numbers, nulls for none. The ordinals of what is not there are the greatest.
func (s *joinSide) gather(rows []uint32) *batch.Batch {
	nulls := &batch.Batch{N: 1}
	row := make(types.Row, len(s.row))
	for i, f := range s.row {
		f.Type = f.Type.OrNull()
		row[i] = f
		c := batch.NewBuilder(f.Type, 1)
		c.Any(nil)
		nulls.Cols = append(nulls.Cols, c.Done())
	}
	nulls.Row = row
	for range s.levels {
		nulls.Ord = append(nulls.Ord, []uint64{math.MaxUint64})
	}
	pos := make([]place, len(rows))
	for i, r := range rows {
		if r == none {
			pos[i] = place{uint32(len(s.batches)), 0}
		} else {
			pos[i] = s.pos[r]
		}
	}
	return gather(append(s.batches[:len(s.batches):len(s.batches)], nulls), pos, row)
}
