package eval

import (
	"slices"

	"weir/compiler/types"
	"weir/runtime/batch"
)

// convert makes a node give values of type t, null-ability aside: the implicit widenings int → float and to string,
// also inside of lists and records, and a bare `null` to any type.
func convert(n node, t types.Type) node {
	from := n.typ()
	t.Nullable = from.Nullable || from.Kind == types.Null
	if same(from, t) || t.Kind == types.Invalid || t.Kind == types.Null {
		return n
	}
	if c, is := n.(*constant); is {
		return newConstant(t, castValue(c.value, t))
	}
	return &cast{n, t}
}

// same reports whether vectors of both types lie in memory in the same way and mean the same.
func same(a, b types.Type) bool {
	if a.Kind != b.Kind || len(a.Fields) != len(b.Fields) {
		return false
	}
	if a.Kind == types.List && !same(*a.Elem, *b.Elem) {
		return false
	}
	for i := range a.Fields {
		if !same(a.Fields[i].Type, b.Fields[i].Type) {
			return false
		}
	}
	return true
}

// cast widens.
type cast struct {
	of node
	t  types.Type
}

func (c *cast) typ() types.Type { return c.t }

func (c *cast) eval(r *run, rows []uint32) (*batch.Vector, error) {
	v, err := r.eval(c.of, rows)
	if err != nil {
		return nil, err
	}
	return castVector(v, c.t), nil
}

func castVector(v *batch.Vector, t types.Type) *batch.Vector {
	if v.Type.Equal(t) {
		return v
	}
	if v.Dict != nil {
		d := castVector(v.Dict, t).Flat()
		return &batch.Vector{Type: d.Type, N: v.N, Dict: d, Idx: v.Idx}
	}
	if v.Type.Kind == types.Null {
		return nulls(t, v.N)
	}
	c := *v
	c.Type = t
	if v.Type.Kind == types.Int && t.Kind == types.Float {
		c.Ints, c.Floats = nil, make([]float64, len(v.Ints))
		for i, x := range v.Ints {
			c.Floats[i] = float64(x)
		}
	}
	switch t.Kind {
	case types.List:
		c.Fields = []*batch.Vector{castVector(v.Fields[0], *t.Elem)}
	case types.Record:
		c.Fields = make([]*batch.Vector, len(v.Fields))
		for i, f := range v.Fields {
			if i < len(t.Fields) {
				f = castVector(f, t.Fields[i].Type)
			}
			c.Fields[i] = f
		}
	}
	return &c
}

// castValue is castVector for a constant.
func castValue(x any, t types.Type) any {
	switch x := x.(type) {
	case int64:
		if t.Kind == types.Float {
			return float64(x)
		}
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			switch {
			case t.Kind == types.List:
				e = castValue(e, *t.Elem)
			case i < len(t.Fields):
				e = castValue(e, t.Fields[i].Type)
			}
			out[i] = e
		}
		return out
	}
	return x
}

// retype gives the vector under another type that lies in memory in the same way.
func retype(v *batch.Vector, t types.Type) *batch.Vector {
	if v.Type.Equal(t) {
		return v
	}
	c := *v
	c.Type = t
	if v.Dict != nil {
		c.Dict = retype(v.Dict, t)
	}
	return &c
}

// nulls gives n nulls.
func nulls(t types.Type, n int) *batch.Vector { return batch.Repeat(t, nil, n) }

// withValid gives v, of whose slots only rows have been computed, as a vector of type t that is null wherever valid is
// false.
func withValid(v *batch.Vector, t types.Type, n int, rows []uint32, valid func(row int) bool) *batch.Vector {
	if v.Dict != nil {
		v = flatRows(v, rows)
	}
	c := *v
	c.Type = t
	c.Valid = batch.NewBitmap(n)
	each(rows, n, func(row int) {
		if valid(row) && v.Valid.Get(row) {
			c.Valid.Set(row)
		}
	})
	return &c
}

// flatRows resolves a dictionary of which only rows (at least one) have been computed: what other slots refer to may
// not be there.
func flatRows(v *batch.Vector, rows []uint32) *batch.Vector {
	if v.Dict == nil {
		return v
	}
	if rows == nil {
		return v.Flat()
	}
	idx := make([]uint32, v.N)
	for i := range idx {
		idx[i] = rows[0]
	}
	for _, row := range rows {
		idx[row] = row
	}
	return v.Take(idx).Flat()
}

// part is a vector and the rows that count of it.
type part struct {
	v    *batch.Vector
	rows []uint32
}

// merge makes one vector of n values of type t from parts with rows of their own.
func merge(t types.Type, n int, parts ...part) *batch.Vector {
	row := types.Row{{Name: "", Type: t}}
	parts = slices.DeleteFunc(parts, func(p part) bool { return len(p.rows) == 0 })
	switch len(parts) {
	case 0:
		return nulls(t, n)
	case 1:
		return retype(parts[0].v, t)
	}
	var batches []*batch.Batch
	idx := make([]uint32, n)
	total := uint32(0)
	for _, p := range parts {
		batches = append(batches, &batch.Batch{Row: row, N: len(p.rows), Cols: []*batch.Vector{p.v.Take(p.rows)}})
		for i, r := range p.rows {
			idx[r] = total + uint32(i)
		}
		total += uint32(len(p.rows))
	}
	return batch.Concat(row, batches).Cols[0].Take(idx)
}
