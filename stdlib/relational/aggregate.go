package relational

import (
	"fmt"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/planner/estimate"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/stat"
)

// Aggregate makes one row of every group.
var Aggregate = &op.Operator{
	Name: "aggregate",
	Role: op.TransformRole,
	Doc: `makes one row of every group of rows: the keys, then the aggregates.

Rows belong together whose keys are equal; null is equal to null here, NaN to NaN and 0.0 to -0.0. Groups come in the order of their first rows.
Without ` + "`by:`" + ` all rows are one group, which there is even if there are no rows. A group whose aggregate has no value (an int sum that does not
fit) is rejected.` + fmt.Sprintf(boundsDoc, "the groups"),
	Params: []op.Param{
		{Name: "by", Kind: op.Keys, Doc: "The columns, or named expressions, by which rows are grouped."},
		{Name: "columns", Kind: op.Aggs, Variadic: true, Required: true, Min: 1, Doc: "name = aggregate(…), …"},
	},
	Bounded:  op.NeedsWindow,
	Type:     typeAggregate,
	Caps:     op.Caps{Keyed: "by", Needs: needsAggregate},
	Estimate: estimateAggregate,
	New:      func(c *op.Config) (op.Instance, error) { return &aggregate{cfg: c, groups: newGroups()}, nil },
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
	for _, g := range t.Args["columns"].Aggs {
		ty := g.Type
		if len(keys) == 0 && nullOverNothing(g) {
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
	return []op.ColumnSet{s}
}

func estimateAggregate(e *op.Estimating) (estimate.Stream, estimate.Work) {
	if len(keysOf(e.Args, "by")) == 0 {
		return estimate.Stream{Rows: estimate.Exact(1, "counted")}, estimate.Work{}
	}
	in := e.In[0].Rows
	out := estimate.Stream{}
	if in.Known() {
		out.Rows = estimate.Number{Low: min(1, in.Low), Mid: in.Mid / 10, High: in.High, Source: "assumed"}
	}
	return out, estimate.Work{}
}

type aggregate struct {
	op.Base
	cfg    *op.Config
	ctx    op.Context
	keys   []evaluator
	args   [][]evaluator // by aggregate
	states []op.Accumulator
	groups *groups
	cols   []*batch.Builder // the keys' values, by group

	numbers, rows []uint32 // of the batch: the groups, and the rows in them
}

func (a *aggregate) Open(ctx op.Context) (err error) {
	a.ctx = ctx
	in := a.cfg.In[0]
	for _, k := range keysOf(a.cfg.Args, "by") {
		ev, err := compile(ctx, k.Expr, in)
		if err != nil {
			return err
		}
		a.keys = append(a.keys, ev)
		a.cols = append(a.cols, batch.NewBuilder(k.Expr.Type, 0))
	}
	for _, g := range a.cfg.Args["columns"].Aggs {
		f := ctx.Catalogue().Aggregate(g.Func)
		if f == nil {
			return fmt.Errorf("there is no aggregate `%s`", g.Func)
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
			return fmt.Errorf("`%s` wants %w", g.Func, err)
		}
		evals := make([]evaluator, len(g.Args))
		for i, e := range g.Args {
			if t := want[i]; t.Kind != e.Type.Kind {
				t.Nullable = e.Type.Nullable || e.Type.Kind == types.Null
				e = &expr.Expr{Kind: expr.Call, Name: expr.Cast, Type: t, Args: []*expr.Expr{e}}
			}
			if evals[i], err = compile(ctx, e, in); err != nil {
				return err
			}
		}
		state, err := f.New(want, consts)
		if err != nil {
			return &op.Error{Code: codeArgument, Message: err.Error()}
		}
		a.args, a.states = append(a.args, evals), append(a.states, state)
	}
	return nil
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
	a.numbers, a.rows = a.numbers[:0], a.rows[:0]
	for i := range b.Len() {
		row := b.Pos(i)
		n, added := a.groups.add(a.groups.encode(keys, row))
		a.groups.place(n, added, b.Ord, row)
		if added {
			for k, v := range keys {
				a.cols[k].Any(canonical(v.Value(row)))
			}
		}
		a.numbers, a.rows = append(a.numbers, n), append(a.rows, uint32(row))
	}
	for i, s := range a.states {
		if err := s.Add(a.numbers, a.rows, args[i], b.Ord); err != nil {
			return err
		}
	}
	return a.check()
}

// canonical gives the one value that stands for all that are equal as keys: 0.0 for -0.0.
func canonical(x any) any {
	switch x := x.(type) {
	case float64:
		if x == 0 {
			return 0.0
		}
	case []any:
		for i := range x {
			x[i] = canonical(x[i])
		}
	}
	return x
}

// check counts the memory held.
func (a *aggregate) check() error {
	held := a.groups.bytes()
	for _, c := range a.cols {
		held += int64(c.Size())
		if c.Size() > maxHeld {
			return &op.Error{Code: codeMemory, Message: "the groups' keys take more than 2 GiB", Hint: "split the work over more tasks"}
		}
	}
	for _, s := range a.states {
		held += int64(s.Bytes())
	}
	return fits(a.ctx, held, fmt.Sprintf("%d groups", a.groups.len()), "give more memory, group by fewer columns, or split the work over more tasks")
}

func (a *aggregate) Drain(out op.Output) error {
	if len(a.keys) == 0 && a.groups.len() == 0 {
		n, added := a.groups.add(nil)
		a.groups.place(n, added, nil, 0)
	}
	names := make([]string, 0, len(a.cfg.Out))
	vectors := make([]*batch.Vector, 0, len(a.keys))
	for i, k := range keysOf(a.cfg.Args, "by") {
		names = append(names, keyName(k))
		vectors = append(vectors, a.cols[i].Done())
	}
	order := a.groups.inOrder()
	for len(order) > 0 {
		part := order[:min(len(order), outRows)]
		order = order[len(part):]
		if err := a.give(part, names, vectors, out); err != nil {
			return err
		}
	}
	return nil
}

// give emits the rows of groups.
func (a *aggregate) give(part []int, names []string, keys []*batch.Vector, out op.Output) error {
	idx, kept := make([]uint32, 0, len(part)), make([]int, 0, len(part))
	for _, g := range part {
		if code, reason := a.failure(g); code != "" {
			if err := out.Reject(op.Rejection{Byte: -1, Code: code, Reason: reason + a.which(names, keys, g)}); err != nil {
				return err
			}
			continue
		}
		idx, kept = append(idx, uint32(g)), append(kept, g)
	}
	b := &batch.Batch{Row: a.cfg.Out, N: len(idx), Cols: make([]*batch.Vector, len(a.cfg.Out)), Ord: a.groups.ordinalsOf(kept)}
	for i, f := range a.cfg.Out {
		for k, name := range names {
			if name == f.Name {
				b.Cols[i] = keys[k].Take(idx).Project(f.Type)
			}
		}
		for k, g := range a.cfg.Args["columns"].Aggs {
			if g.Name == f.Name {
				c := batch.NewBuilder(f.Type, len(idx))
				for _, n := range idx {
					a.states[k].Append(c, int(n))
				}
				b.Cols[i] = c.Done()
			}
		}
	}
	return out.Emit(b)
}

func (a *aggregate) failure(g int) (code, reason string) {
	for i, s := range a.states {
		if f, ok := s.(op.Failing); ok {
			if code, reason = f.Failure(g); code != "" {
				return code, reason + " (in `" + (&op.Arg{Aggs: a.cfg.Args["columns"].Aggs[i : i+1]}).String() + "`"
			}
		}
	}
	return "", ""
}

// which ends a reason with the group that it is about.
func (a *aggregate) which(names []string, keys []*batch.Vector, g int) string {
	s := ""
	for i, n := range names {
		sep := ", "
		if i == 0 {
			sep = " for "
		}
		s += sep + n + " = " + expr.FormatValue(keys[i].Type, keys[i].Value(g))
	}
	return s + ")"
}
