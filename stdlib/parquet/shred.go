package parquet

import (
	"fmt"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"

	"weir/compiler/types"
	"weir/runtime/batch"
)

// sinkLeaf writes one leaf of a column.
type sinkLeaf struct {
	column int
	steps  []step
	chunk  file.ColumnChunkWriter

	def, rep []int16
	at       []uint32 // positions of values in the vector at hand, ^0 where there is none any more
	more     struct {
		def, rep []int16
		at       []uint32
	}
	bools  []bool
	ints   []int64
	floats []float64
	texts  []parquet.ByteArray
}

// step leads from a vector to one below it, and says whether what lies there may be null.
type step struct {
	field    int // of a record; -1: the elements of a list
	nullable bool
	rep      int16 // of a list: the repetition level of its further elements
}

const none = ^uint32(0)

// leavesOf gives the leaves of a column, in the order of the schema, for the row group at hand.
func (e *encoder) leavesOf(column int, f types.Field) ([]*sinkLeaf, error) {
	var out []*sinkLeaf
	next := 0
	for _, g := range e.row[:column] {
		next += countLeaves(g.Type)
	}
	var walk func(t types.Type, steps []step, rep int16) error
	walk = func(t types.Type, steps []step, rep int16) error {
		down := func(s step) []step { return append(steps[:len(steps):len(steps)], s) }
		switch t.Kind {
		case types.Record:
			for k, f := range t.Fields {
				if err := walk(f.Type, down(step{field: k, nullable: f.Type.Nullable}), rep); err != nil {
					return err
				}
			}
			return nil
		case types.List:
			return walk(*t.Elem, down(step{field: -1, nullable: t.Elem.Nullable, rep: rep + 1}), rep+1)
		}
		chunk, err := e.group.Column(next)
		next++
		out = append(out, &sinkLeaf{column: column, steps: steps, chunk: chunk})
		return err
	}
	return out, walk(f.Type, []step{{nullable: f.Type.Nullable}}, 0)
}

func countLeaves(t types.Type) int {
	switch t.Kind {
	case types.List:
		return countLeaves(*t.Elem)
	case types.Record:
		n := 0
		for _, f := range t.Fields {
			n += countLeaves(f.Type)
		}
		return n
	}
	return 1
}

// add writes the values of rows of the column's vector.
func (l *sinkLeaf) add(v *batch.Vector, rows []uint32) error {
	l.at = append(l.at[:0], rows...)
	l.def, l.rep = zeros(l.def, len(rows)), zeros(l.rep, len(rows))
	repeated := false
	for k, s := range l.steps {
		if k > 0 {
			if v.Dict != nil {
				v = v.Flat()
			}
			if s.field < 0 {
				l.explode(v, s.rep)
				v, repeated = v.Fields[0], true
			} else {
				v = v.Fields[s.field]
			}
		}
		if s.nullable {
			l.defined(v)
		}
	}
	def, rep := l.def, l.rep
	if l.chunk.Descr().MaxDefinitionLevel() == 0 {
		def = nil
	}
	if !repeated {
		rep = nil
	}
	return l.write(v, def, rep)
}

// zeros gives n zeros in the memory of s.
func zeros(s []int16, n int) []int16 {
	if cap(s) < n {
		return make([]int16, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// defined counts up the definition level of what is not null.
func (l *sinkLeaf) defined(v *batch.Vector) {
	for i, p := range l.at {
		switch {
		case p == none:
		case v.IsNull(int(p)):
			l.at[i] = none
		default:
			l.def[i]++
		}
	}
}

// explode goes from lists to their elements.
func (l *sinkLeaf) explode(v *batch.Vector, level int16) {
	m := &l.more
	m.def, m.rep, m.at = m.def[:0], m.rep[:0], m.at[:0]
	for i, p := range l.at {
		if p == none || v.Offs[p] == v.Offs[p+1] {
			m.def, m.rep, m.at = append(m.def, l.def[i]), append(m.rep, l.rep[i]), append(m.at, none)
			continue
		}
		for k := v.Offs[p]; k < v.Offs[p+1]; k++ {
			rep := level
			if k == v.Offs[p] {
				rep = l.rep[i]
			}
			m.def, m.rep, m.at = append(m.def, l.def[i]+1), append(m.rep, rep), append(m.at, k)
		}
	}
	l.def, m.def = m.def, l.def
	l.rep, m.rep = m.rep, l.rep
	l.at, m.at = m.at, l.at
}

// write gives the values that are there to the library.
func (l *sinkLeaf) write(v *batch.Vector, def, rep []int16) (err error) {
	switch w := l.chunk.(type) {
	case *file.BooleanColumnChunkWriter:
		l.bools = l.bools[:0]
		for _, p := range l.at {
			if p != none {
				l.bools = append(l.bools, v.Bool(int(p)))
			}
		}
		_, err = w.WriteBatch(l.bools, def, rep)
	case *file.Int64ColumnChunkWriter:
		l.ints = l.ints[:0]
		for _, p := range l.at {
			if p != none {
				l.ints = append(l.ints, v.Int(int(p)))
			}
		}
		_, err = w.WriteBatch(l.ints, def, rep)
	case *file.Float64ColumnChunkWriter:
		l.floats = l.floats[:0]
		for _, p := range l.at {
			if p != none {
				l.floats = append(l.floats, v.Float(int(p)))
			}
		}
		_, err = w.WriteBatch(l.floats, def, rep)
	case *file.ByteArrayColumnChunkWriter:
		l.texts = l.texts[:0]
		for _, p := range l.at {
			if p != none {
				l.texts = append(l.texts, v.Bytes(int(p)))
			}
		}
		_, err = w.WriteBatch(l.texts, def, rep)
	default:
		err = fmt.Errorf("no writer for %T", l.chunk)
	}
	return err
}
