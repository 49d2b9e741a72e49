package batch

import "weir/compiler/types"

// Own gives the rows that count in a form that keeps alive little more than they need: without a selection, dictionaries cut down to the
// entries in use, bytes copied out of buffers of which they are less than half. It is for rows that are held or written; columns that
// share a dictionary or an index go on sharing it.
func (b *Batch) Own() *Batch {
	b = b.Compact()
	o := owner{map[indexKey]*trimmed{}, map[dictKey]*Vector{}}
	cols := make([]*Vector, len(b.Cols))
	for i, c := range b.Cols {
		cols[i] = o.vector(c)
	}
	return b.With(b.Row, cols)
}

// indexKey tells indices over dictionaries of one size apart.
type indexKey struct {
	first   *uint32
	n, dict int
}

type dictKey struct {
	dict *Vector
	at   indexKey
}

// trimmed is an index over the entries in use only.
type trimmed struct {
	idx  []uint32
	used []uint32 // positions in the old dictionary; nil where all are in use
}

type owner struct {
	indices map[indexKey]*trimmed
	dicts   map[dictKey]*Vector
}

func (o *owner) vector(v *Vector) *Vector {
	if v.Dict != nil {
		return o.dictionary(v)
	}
	c := *v
	switch v.Type.Kind.Storage() {
	case types.StoreBytes:
		total := 0
		for _, r := range v.Refs {
			total += int(r.Len)
		}
		if total < len(v.Buf)/2 {
			c.Refs, c.Buf = make([]Ref, len(v.Refs)), make([]byte, 0, total)
			for i, r := range v.Refs {
				c.Refs[i] = Ref{uint32(len(c.Buf)), r.Len}
				c.Buf = append(c.Buf, v.Buf[r.Off:r.Off+r.Len]...)
			}
		}
	case types.StoreList, types.StoreRecord:
		c.Fields = make([]*Vector, len(v.Fields))
		for i, f := range v.Fields {
			c.Fields[i] = o.vector(f)
		}
	}
	return &c
}

func (o *owner) dictionary(v *Vector) *Vector {
	if v.N == 0 {
		return NewBuilder(v.Type, 0).Done()
	}
	at := indexKey{&v.Idx[0], v.N, v.Dict.N}
	t := o.indices[at]
	if t == nil {
		t = trim(v.Idx[:v.N], v.Dict.N)
		o.indices[at] = t
	}
	d := o.dicts[dictKey{v.Dict, at}]
	if d == nil {
		d = v.Dict
		if t.used != nil {
			d = d.Take(t.used)
		}
		d = o.vector(d)
		o.dicts[dictKey{v.Dict, at}] = d
	}
	return &Vector{Type: v.Type, N: v.N, Dict: d, Idx: t.idx}
}

// trim numbers the entries in use anew, in the old order.
func trim(idx []uint32, n int) *trimmed {
	used := NewBitmap(n)
	for _, k := range idx {
		used.Set(int(k))
	}
	to := make([]uint32, n)
	var entries []uint32
	for k := range n {
		if used.Get(k) {
			to[k] = uint32(len(entries))
			entries = append(entries, uint32(k))
		}
	}
	if len(entries) == n {
		return &trimmed{idx: idx}
	}
	out := make([]uint32, len(idx))
	for i, k := range idx {
		out[i] = to[k]
	}
	return &trimmed{out, entries}
}
