package tabular

import (
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// cell is a value that has been read. Which part counts follows from the type of its field.
type cell struct {
	set, null bool
	int       int64 // a bool is 0 or 1
	float     float64
	ref       batch.Ref // letters in rows.buf
	any       any       // of a list or a record: see batch.Builder.Any
}

// bad says why a record is rejected.
type bad struct{ code, reason string }

// rows gathers the records of a split into batches. All fields of the declared row are read, and checked, whatever the
// plan has pruned, so that pruning changes no row; only the columns of the output are kept.
type rows struct {
	file   string
	split  uint64
	out    op.Output
	fields []types.Field // of the declared row
	cells  []cell        // one a field
	row    types.Row     // of the output
	from   []int         // the field of each column of the output
	cols   []column
	buf    []byte // what the letters of the batch are in: what was read, and behind it what is no copy of that
	origin *batch.Origin
	n      int
	total  uint64
}

func newRows(declared, out types.Row, file string, split uint64, to op.Output) *rows {
	r := &rows{file: file, split: split, out: to, fields: declared, cells: make([]cell, len(declared)), row: out}
	for _, f := range out {
		r.from = append(r.from, declared.Index(f.Name))
	}
	r.reset()
	return r
}

func (r *rows) reset() {
	room := r.n // as many as there were
	r.n, r.cols = 0, make([]column, len(r.row))
	r.origin = &batch.Origin{File: r.file, Byte: make([]int64, 0, room), Line: make([]int64, 0, room)}
	for i, f := range r.row {
		r.cols[i].init(f.Type, room)
	}
}

// begin prepares the cells for a record. What they have had stays in them until they are set.
func (r *rows) begin() {
	for i := range r.cells {
		r.cells[i].set = false
	}
}

// letters keeps letters that are not in what was read.
func (r *rows) letters(p []byte) batch.Ref {
	ref := batch.Ref{Off: uint32(len(r.buf)), Len: uint32(len(p))}
	r.buf = append(r.buf, p...)
	return ref
}

// commit takes the cells as a row. line is 0 where it is not known. A missing value is null, or bad.
func (r *rows) commit(line, offset int64) *bad {
	for i := range r.cells {
		if c := &r.cells[i]; !c.set {
			if !r.fields[i].Type.Nullable {
				return &bad{codeMissing, "`" + r.fields[i].Name + "` is missing"}
			}
			*c = cell{null: true}
		}
	}
	for k, i := range r.from {
		r.cols[k].add(&r.cells[i])
	}
	if line > 0 {
		r.origin.Line = append(r.origin.Line, line)
	}
	r.origin.Byte = append(r.origin.Byte, offset)
	r.n++
	return nil
}

// flush emits what has been gathered.
func (r *rows) flush() error {
	if r.n == 0 {
		return nil
	}
	b := &batch.Batch{Row: r.row, N: r.n, Origin: r.origin, Ord: [][]uint64{make([]uint64, r.n), make([]uint64, r.n)}}
	if len(r.origin.Line) == 0 {
		r.origin.Line = nil
	}
	for i := range r.n {
		b.Ord[0][i], b.Ord[1][i] = r.split, r.total
		r.total++
	}
	for i := range r.cols {
		b.Cols = append(b.Cols, r.cols[i].done(r.buf))
	}
	r.reset()
	return r.out.Emit(b)
}

// column is a vector in the making.
type column struct {
	v     *batch.Vector
	store types.Storage
	nulls bool
	build *batch.Builder // of lists and records
}

func (c *column) init(t types.Type, room int) {
	c.v, c.store = &batch.Vector{Type: t}, t.Kind.Storage()
	switch c.store {
	case types.StoreBool:
		c.v.Bools = make([]bool, 0, room)
	case types.StoreInt:
		c.v.Ints = make([]int64, 0, room)
	case types.StoreFloat:
		c.v.Floats = make([]float64, 0, room)
	case types.StoreBytes:
		c.v.Refs = make([]batch.Ref, 0, room)
	default:
		c.build = batch.NewBuilder(t, room)
	}
}

func (c *column) add(x *cell) {
	v := c.v
	switch c.store {
	case types.StoreInt:
		v.Ints = append(v.Ints, x.int)
	case types.StoreBytes:
		v.Refs = append(v.Refs, x.ref)
	case types.StoreFloat:
		v.Floats = append(v.Floats, x.float)
	case types.StoreBool:
		v.Bools = append(v.Bools, x.int != 0)
	default:
		c.build.Any(project(x.any, x.null, v.Type))
		return
	}
	v.N++
	if x.null || c.nulls {
		c.mark(v.N-1, x.null)
	}
}

// mark says whether value i is null, where there are nulls.
func (c *column) mark(i int, null bool) {
	v := c.v
	if !c.nulls {
		c.nulls = true
		v.Valid = batch.NewBitmap(i + 1)
		v.Valid.Fill(i)
	}
	if i>>6 >= len(v.Valid) {
		v.Valid = append(v.Valid, 0)
	}
	if !null {
		v.Valid.Set(i)
	}
}

func (c *column) done(buf []byte) *batch.Vector {
	if c.build != nil {
		return c.build.Done()
	}
	if c.v.Refs != nil {
		c.v.Buf = buf
	}
	return c.v
}

// project gives a value of a record that has been read as `record`, cut down to the fields of t.
func project(x any, null bool, t types.Type) any {
	if null {
		return nil
	}
	if r, ok := x.(record); ok {
		out := make([]any, len(t.Fields))
		for k, f := range t.Fields {
			if i := r.index(f.Name); i >= 0 {
				out[k] = project(r.values[i], r.values[i] == nil, f.Type)
			}
		}
		return out
	}
	if l, ok := x.([]any); ok {
		out := make([]any, len(l))
		for i, e := range l {
			out[i] = project(e, e == nil, *t.Elem)
		}
		return out
	}
	return x
}

// record is a value of a record type with its own fields.
type record struct {
	fields []types.Field
	values []any
}

func (r record) index(name string) int { return types.Row(r.fields).Index(name) }
