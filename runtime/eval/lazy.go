package eval

import (
	"weir/compiler/types"
	"weir/runtime/batch"
)

// logic is `and` and `or` in three values: the right side is computed where the left one does not decide.
type logic struct {
	left, right node
	or          bool // else and
	t           types.Type
}

func (l *logic) typ() types.Type { return l.t }

func (l *logic) eval(r *run, rows []uint32) (*batch.Vector, error) {
	a, err := r.eval(l.left, rows)
	if err != nil {
		return nil, err
	}
	rows = r.alive(rows)
	open := where(rows, r.n, func(row int) bool { return a.IsNull(row) || a.Bool(row) != l.or })
	b, err := r.eval(l.right, open)
	if err != nil {
		return nil, err
	}
	open = r.alive(open)
	out := &batch.Vector{Type: l.t, N: r.n, Bools: make([]bool, r.n)}
	each(rows, r.n, func(row int) { out.Bools[row] = l.or }) // what the left side decided
	var null []uint32
	for _, row := range open {
		i := int(row)
		switch {
		case !b.IsNull(i) && b.Bool(i) == l.or:
		case a.IsNull(i) || b.IsNull(i):
			out.Bools[i] = false
			null = append(null, row)
		default:
			out.Bools[i] = !l.or
		}
	}
	return clear(out, null), nil
}

// clear makes rows of a vector that has no nulls null.
func clear(v *batch.Vector, rows []uint32) *batch.Vector {
	if len(rows) == 0 {
		return v
	}
	v.Type.Nullable = true
	v.Valid = batch.NewBitmap(v.N)
	v.Valid.Fill(v.N)
	for _, row := range rows {
		v.Valid.Clear(int(row))
	}
	return v
}

// choice is `if`; a null condition takes the else branch, as it does in SQL.
type choice struct {
	cond, then, other node
	t                 types.Type
}

func (c *choice) typ() types.Type {
	t := c.t
	t.Nullable = c.then.typ().Nullable || c.other.typ().Nullable
	return t
}

func (c *choice) eval(r *run, rows []uint32) (*batch.Vector, error) {
	cond, err := r.eval(c.cond, rows)
	if err != nil {
		return nil, err
	}
	rows = r.alive(rows)
	holds := func(row int) bool { return !cond.IsNull(row) && cond.Bool(row) }
	yes := where(rows, r.n, holds)
	no := where(rows, r.n, func(row int) bool { return !holds(row) })
	a, err := r.eval(c.then, yes)
	if err != nil {
		return nil, err
	}
	b, err := r.eval(c.other, no)
	if err != nil {
		return nil, err
	}
	return merge(c.typ(), r.n, part{a, r.alive(yes)}, part{b, r.alive(no)}), nil
}

// coalesce is `??`.
type coalesce struct {
	value, otherwise node
	t                types.Type
}

func (c *coalesce) typ() types.Type {
	t := c.t
	t.Nullable = c.otherwise.typ().Nullable && c.value.typ().Nullable
	return t
}

func (c *coalesce) eval(r *run, rows []uint32) (*batch.Vector, error) {
	a, err := r.eval(c.value, rows)
	if err != nil {
		return nil, err
	}
	if !hasNulls(a) {
		return retype(a, c.typ()), nil
	}
	rows = r.alive(rows)
	there := where(rows, r.n, func(row int) bool { return !a.IsNull(row) })
	missing := where(rows, r.n, a.IsNull)
	b, err := r.eval(c.otherwise, missing)
	if err != nil {
		return nil, err
	}
	return merge(c.typ(), r.n, part{a, there}, part{b, r.alive(missing)}), nil
}
