package spill

import (
	"weir/compiler/types"
	"weir/runtime/batch"
)

// Place is a row of one of several batches, by its position in the columns.
type Place struct{ Batch, Row uint32 }

// Gather makes one batch of rows of several batches of the same columns, in the order of the places. Columns that share one dictionary in
// all batches keep it; else dictionaries are resolved and bytes copied. Levels of ordinals that a batch does not have are 0. Selections do
// not count.
func Gather(row types.Row, from []*batch.Batch, at []Place) *batch.Batch {
	out := &batch.Batch{Row: row, N: len(at), Cols: make([]*batch.Vector, len(row))}
	vs := make([]*batch.Vector, len(from))
	for c, f := range row {
		for k, b := range from {
			vs[k] = b.Cols[c]
		}
		out.Cols[c] = gather(f.Type, vs, at)
	}
	levels := 0
	for _, b := range from {
		levels = max(levels, len(b.Ord))
	}
	for level := range levels {
		ord := make([]uint64, len(at))
		for i, p := range at {
			if b := from[p.Batch]; level < len(b.Ord) {
				ord[i] = b.Ord[level][p.Row]
			}
		}
		out.Ord = append(out.Ord, ord)
	}
	return out
}

// gather makes one vector of values of several.
func gather(t types.Type, from []*batch.Vector, at []Place) *batch.Vector {
	if shared := sharedDict(from); shared != nil {
		idx := make([]uint32, len(at))
		for i, p := range at {
			idx[i] = from[p.Batch].Idx[p.Row]
		}
		return &batch.Vector{Type: t, N: len(at), Dict: shared, Idx: idx}
	}
	from, at = resolve(from, at)
	out := &batch.Vector{Type: t, N: len(at)}
	for _, v := range from {
		if v.Valid == nil {
			continue
		}
		out.Valid = batch.NewBitmap(len(at))
		for i, p := range at {
			if from[p.Batch].Valid.Get(int(p.Row)) {
				out.Valid.Set(i)
			}
		}
		break
	}
	switch t.Kind.Storage() {
	case types.StoreBool:
		out.Bools = make([]bool, len(at))
		for i, p := range at {
			out.Bools[i] = from[p.Batch].Bools[p.Row]
		}
	case types.StoreInt:
		out.Ints = make([]int64, len(at))
		for i, p := range at {
			out.Ints[i] = from[p.Batch].Ints[p.Row]
		}
	case types.StoreFloat:
		out.Floats = make([]float64, len(at))
		for i, p := range at {
			out.Floats[i] = from[p.Batch].Floats[p.Row]
		}
	case types.StoreBytes:
		gatherBytes(out, from, at)
	case types.StoreList:
		out.Offs = make([]uint32, 1, len(at)+1)
		var elems []Place
		inner := make([]*batch.Vector, len(from))
		for k, v := range from {
			inner[k] = v.Fields[0]
		}
		for _, p := range at {
			offs := from[p.Batch].Offs
			for k := offs[p.Row]; k < offs[p.Row+1]; k++ {
				elems = append(elems, Place{p.Batch, k})
			}
			out.Offs = append(out.Offs, uint32(len(elems)))
		}
		out.Fields = []*batch.Vector{gather(*t.Elem, inner, elems)}
	case types.StoreRecord:
		inner := make([]*batch.Vector, len(from))
		for i, f := range t.Fields {
			for k, v := range from {
				inner[k] = v.Fields[i]
			}
			out.Fields = append(out.Fields, gather(f.Type, inner, at))
		}
	}
	return out
}

func gatherBytes(out *batch.Vector, from []*batch.Vector, at []Place) {
	out.Refs = make([]batch.Ref, len(at))
	total := 0
	for _, p := range at {
		total += int(from[p.Batch].Refs[p.Row].Len)
	}
	out.Buf = make([]byte, 0, total)
	for i, p := range at {
		v := from[p.Batch]
		r := v.Refs[p.Row]
		out.Refs[i] = batch.Ref{Off: uint32(len(out.Buf)), Len: r.Len}
		out.Buf = append(out.Buf, v.Buf[r.Off:r.Off+r.Len]...)
	}
}

// sharedDict gives the dictionary that all vectors have; nil where there is none.
func sharedDict(from []*batch.Vector) *batch.Vector {
	for _, v := range from {
		if v.Dict == nil || v.Dict != from[0].Dict {
			return nil
		}
	}
	if len(from) == 0 {
		return nil
	}
	return from[0].Dict
}

// resolve puts dictionaries in the place of the vectors that refer to them.
func resolve(from []*batch.Vector, at []Place) ([]*batch.Vector, []Place) {
	some := false
	for _, v := range from {
		some = some || v.Dict != nil
	}
	if !some {
		return from, at
	}
	dicts := make([]*batch.Vector, len(from))
	for k, v := range from {
		dicts[k] = v
		if v.Dict != nil {
			dicts[k] = v.Dict
		}
	}
	to := make([]Place, len(at))
	for i, p := range at {
		if to[i] = p; from[p.Batch].Dict != nil {
			to[i].Row = from[p.Batch].Idx[p.Row]
		}
	}
	return resolve(dicts, to) // a dictionary of dictionaries
}

// Concat makes one batch of all rows of batches without selections, in order, dictionaries resolved. Unlike batch.Concat it keeps ordinals
// of which some batches have more levels: those that a batch does not have are 0.
func Concat(row types.Row, from []*batch.Batch) *batch.Batch {
	out := batch.Concat(row, from)
	levels := 0
	for _, b := range from {
		levels = max(levels, len(b.Ord))
	}
	out.Ord = nil
	for level := range levels {
		ord := make([]uint64, 0, out.N)
		for _, b := range from {
			if level < len(b.Ord) {
				ord = append(ord, b.Ord[level][:b.N]...)
			} else {
				ord = append(ord, make([]uint64, b.N)...)
			}
		}
		out.Ord = append(out.Ord, ord)
	}
	return out
}
