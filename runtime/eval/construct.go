package eval

import (
	"weir/compiler/types"
	"weir/runtime/batch"
)

// makeList is `[a, b, …]`.
type makeList struct {
	elems []node
	t     types.Type
}

func (m *makeList) typ() types.Type { return m.t }

func (m *makeList) eval(r *run, rows []uint32) (*batch.Vector, error) {
	elem := *m.t.Elem
	parts := make([]*batch.Vector, len(m.elems))
	for i, e := range m.elems {
		v, err := r.eval(e, rows)
		if err != nil {
			return nil, err
		}
		parts[i] = v
		rows = r.alive(rows)
	}
	all := where(rows, r.n, func(int) bool { return true })
	row := types.Row{{Name: "", Type: elem}}
	batches := make([]*batch.Batch, len(parts))
	for i, v := range parts {
		batches[i] = &batch.Batch{Row: row, N: len(all), Cols: []*batch.Vector{v.Take(all)}}
	}
	out := &batch.Vector{Type: m.t, N: r.n, Offs: make([]uint32, r.n+1)}
	idx := make([]uint32, 0, len(all)*len(parts))
	next := 0
	for i := range r.n {
		if next < len(all) && all[next] == uint32(i) {
			for k := range parts {
				idx = append(idx, uint32(k*len(all)+next))
			}
			next++
		}
		out.Offs[i+1] = uint32(len(idx))
	}
	out.Fields = []*batch.Vector{batch.Concat(row, batches).Cols[0].Take(idx)}
	return out, nil
}

// makeRecord is `{ a: x, … }`.
type makeRecord struct {
	fields []node
	t      types.Type
}

func (m *makeRecord) typ() types.Type { return m.t }

func (m *makeRecord) eval(r *run, rows []uint32) (*batch.Vector, error) {
	out := &batch.Vector{Type: m.t, N: r.n, Fields: make([]*batch.Vector, len(m.fields))}
	for i, f := range m.fields {
		v, err := r.eval(f, rows)
		if err != nil {
			return nil, err
		}
		out.Fields[i] = v
		rows = r.alive(rows)
	}
	return out, nil
}
