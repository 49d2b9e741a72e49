package parquet

import (
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// assembly makes the vectors of the columns of a batch from what has been read of their leaves.
type assembly struct {
	rows  int
	parts map[*reading]*part
	// bad has why a row is rejected, by its number.
	bad map[int]op.Rejection
	err error // the leaves of a column do not go together
}

// place is where the values of a column stand: in the elements of the innermost list around it, or in the rows.
type place struct {
	rep  int // a level up to this begins a new one
	base int // and it is there from this definition level on
	n    int // how many there are
}

// column gives the vector of a column.
func (a *assembly) column(c *column) *batch.Vector { return a.build(c, place{n: a.rows}) }

func (a *assembly) build(c *column, at place) *batch.Vector {
	switch {
	case c.node == nil:
		return batch.Repeat(c.typ, nil, at.n)
	case c.leaf != nil && c.leaf.flat:
		return a.flat(c)
	case c.leaf != nil:
		return a.leaf(c, at)
	case c.elem != nil:
		return a.list(c, at)
	}
	return a.record(c, at)
}

// flat gives a column of plain values.
func (a *assembly) flat(c *column) *batch.Vector {
	p := a.parts[c.leaf]
	for _, m := range p.bad {
		a.reject(m.pos, codeRange, c.leaf.path, m.text)
	}
	if !c.required {
		return p.vec
	}
	if p.vec.Dict != nil || p.vec.Valid != nil {
		for i := range a.rows {
			if p.vec.IsNull(i) {
				a.missing(i, c)
			}
		}
	}
	v := *p.vec
	v.Valid = nil
	return &v
}

func (a *assembly) missing(row int, c *column) {
	a.reject(row, codeMissing, c.node.path, "is missing")
}

func (a *assembly) reject(row int, code, path, text string) {
	if _, known := a.bad[row]; known {
		return
	}
	if a.bad == nil {
		a.bad = map[int]op.Rejection{}
	}
	if code == codeRange {
		text = "is " + text
	}
	a.bad[row] = op.Rejection{Byte: -1, Code: code, Reason: "`" + path + "` " + text}
}

// each calls f for every place of a leaf's levels, with the number of the row and the definition level.
func (p *part) each(at place, f func(row int, def int)) {
	row := -1
	for i, rep := range p.rep {
		if rep == 0 {
			row++
		}
		if int(rep) <= at.rep && int(p.def[i]) >= at.base {
			f(row, int(p.def[i]))
		}
	}
}

// valid gives which places have a value, and rejects rows in which one is missing.
func (a *assembly) valid(c *column, p *part, at place) batch.Bitmap {
	valid := batch.NewBitmap(at.n)
	i, nulls := 0, 0
	p.each(at, func(row, def int) {
		switch {
		case i >= at.n: // an error, below
		case def >= c.node.def:
			valid.Set(i)
		default:
			if nulls++; c.required && def >= c.node.present {
				a.missing(row, c)
			}
		}
		i++
	})
	if i != at.n {
		a.err = errLevels
	}
	if nulls == 0 {
		return nil
	}
	return valid
}

// leaf puts the values that are there to their places.
func (a *assembly) leaf(c *column, at place) *batch.Vector {
	p := a.parts[c.leaf]
	if len(p.bad) > 0 {
		row, k, bad := -1, 0, p.bad
		for i, rep := range p.rep {
			if rep == 0 {
				row++
			}
			if int(p.def[i]) == c.leaf.maxDef {
				if len(bad) > 0 && bad[0].pos == k {
					a.reject(row, codeRange, c.leaf.path, bad[0].text)
					bad = bad[1:]
				}
				k++
			}
		}
	}
	valid := a.valid(c, p, at)
	v := *p.vec
	if v.N > at.n || valid == nil && v.N != at.n {
		a.err = errLevels
	}
	if valid == nil || a.err != nil {
		return &v
	}
	if v.Dict != nil {
		v = *v.Flat()
	}
	there, more := v.N, at.n-v.N
	v.N, v.Valid = at.n, valid
	switch v.Type.Kind.Storage() {
	case types.StoreBool:
		v.Bools = spread(v.Bools[:there:there], more+there, there, valid, false)
	case types.StoreInt:
		v.Ints = spread(v.Ints[:there:there], more+there, there, valid, 0)
	case types.StoreFloat:
		v.Floats = spread(v.Floats[:there:there], more+there, there, valid, 0)
	case types.StoreBytes:
		v.Refs = spread(v.Refs[:there:there], more+there, there, valid, batch.Ref{})
	}
	return &v
}

// record gives the vectors of its fields.
func (a *assembly) record(c *column, at place) *batch.Vector {
	v := &batch.Vector{Type: c.typ, N: at.n}
	if c.node.def > 0 {
		v.Valid = a.valid(c, a.parts[c.levels], at)
	}
	for _, f := range c.fields {
		v.Fields = append(v.Fields, a.build(f, at))
	}
	return v
}

// list gives the lengths of lists and the vector of their elements.
func (a *assembly) list(c *column, at place) *batch.Vector {
	p := a.parts[c.levels]
	v := &batch.Vector{Type: c.typ, N: at.n, Valid: a.valid(c, p, at), Offs: make([]uint32, 0, at.n+1)}
	in := place{rep: c.node.rep, base: c.elem.node.present}
	for i, rep := range p.rep {
		if int(rep) <= at.rep && int(p.def[i]) >= at.base {
			v.Offs = append(v.Offs, uint32(in.n))
		}
		if int(rep) <= in.rep && int(p.def[i]) >= in.base {
			in.n++
		}
	}
	v.Offs = append(v.Offs, uint32(in.n))
	v.Fields = []*batch.Vector{a.build(c.elem, in)}
	return v
}
