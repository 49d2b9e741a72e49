package batch

import (
	"weir/compiler/types"
)

// Concat gives one batch with the rows that count of all batches, in order, dictionaries and selections resolved, bytes copied together.
// Ordinals are kept where all batches have the same number of levels; origins are not.
func Concat(row types.Row, batches []*Batch) *Batch {
	out := &Batch{Row: row, Cols: make([]*Vector, len(row))}
	for _, b := range batches {
		out.N += b.Len()
	}
	if len(batches) > 0 {
		for level := range batches[0].Ord {
			ord := make([]uint64, 0, out.N)
			for _, b := range batches {
				if len(b.Ord) != len(batches[0].Ord) {
					ord = nil
					break
				}
				for i := range b.Len() {
					ord = append(ord, b.Ord[level][b.Pos(i)])
				}
			}
			if ord == nil && out.N > 0 {
				out.Ord = nil
				break
			}
			out.Ord = append(out.Ord, ord)
		}
	}
	for c, f := range row {
		vs := make([]*Vector, len(batches))
		for i, b := range batches {
			v := b.Cols[c].Flat()
			if b.Sel != nil {
				v = v.Take(b.Sel)
			}
			vs[i] = v
		}
		out.Cols[c] = concat(f.Type, vs, out.N)
	}
	return out
}

// concat joins flat vectors of one type that have n values together.
func concat(t types.Type, vs []*Vector, n int) *Vector {
	out := &Vector{Type: t, N: n}
	for _, v := range vs {
		if v.Valid != nil {
			out.Valid = NewBitmap(n)
		}
	}
	if out.Valid != nil {
		at := 0
		for _, v := range vs {
			for i := range v.N {
				if v.Valid.Get(i) {
					out.Valid.Set(at + i)
				}
			}
			at += v.N
		}
	}
	switch t.Kind.Storage() {
	case types.StoreBool:
		for _, v := range vs {
			out.Bools = append(out.Bools, v.Bools...)
		}
	case types.StoreInt:
		for _, v := range vs {
			out.Ints = append(out.Ints, v.Ints...)
		}
	case types.StoreFloat:
		for _, v := range vs {
			out.Floats = append(out.Floats, v.Floats...)
		}
	case types.StoreBytes:
		out.Refs = make([]Ref, 0, n)
		for _, v := range vs {
			for _, r := range v.Refs {
				if len(out.Buf)+int(r.Len) > MaxBuf {
					panic(tooLong)
				}
				out.Refs = append(out.Refs, Ref{uint32(len(out.Buf)), r.Len})
				out.Buf = append(out.Buf, v.Buf[r.Off:r.Off+r.Len]...)
			}
		}
	case types.StoreList:
		out.Offs = make([]uint32, 1, n+1)
		elems := make([]*Vector, len(vs))
		total := 0
		for k, v := range vs {
			for i := range v.N {
				out.Offs = append(out.Offs, uint32(total)+v.Offs[i+1]-v.Offs[0])
			}
			idx := make([]uint32, 0, v.Offs[v.N]-v.Offs[0])
			for p := v.Offs[0]; p < v.Offs[v.N]; p++ {
				idx = append(idx, p)
			}
			elems[k] = v.Fields[0].Take(idx).Flat()
			total += elems[k].N
		}
		out.Fields = []*Vector{concat(*t.Elem, elems, total)}
	case types.StoreRecord:
		for k, f := range t.Fields {
			fs := make([]*Vector, len(vs))
			for i, v := range vs {
				fs[i] = v.Fields[k].Flat()
			}
			out.Fields = append(out.Fields, concat(f.Type, fs, n))
		}
	}
	return out
}

// Size estimates the bytes of the rows that count without the dictionaries that they refer to: what moves, where Bytes is what is kept.
func (b *Batch) Size() int {
	if b.N == 0 {
		return 0
	}
	n := 8 * b.N * len(b.Ord)
	for _, c := range b.Cols {
		if c.Dict != nil {
			n += 4 * c.N
		} else {
			n += c.bytes()
		}
	}
	return int(float64(n) * float64(b.Len()) / float64(b.N))
}
