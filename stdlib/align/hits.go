package align

import (
	"slices"
	"strings"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/textio"
)

// A writer of an alignment format takes rows of align or search as they come: two records of which it reads the id (and the sequence), or two
// columns of text, and some of the columns that align and search compute.

// hitParams are the parameters of every such writer.
func hitParams(more ...op.Param) []op.Param {
	return append([]op.Param{
		{Name: "path", Kind: op.Value, Type: types.Of(types.Path), Required: true,
			Doc: "A file, which becomes visible when the run ends; a folder (with a trailing /) of parts; or - for standard output. A file named *.gz or *.zst is compressed."},
		{Name: "query", Kind: op.Columns, Default: "query", Doc: "The query: a record with an `id`, or a column of text."},
		{Name: "target", Kind: op.Columns, Default: "target", Doc: "The target likewise."},
	}, append(more, textio.Params...)...)
}

// sidePath gives the path of a field of a side's record, or, for its id, the side's column itself where it is text.
func sidePath(a op.Args, row types.Row, side, field string) string {
	names := a.Names(side)
	if len(names) != 1 {
		return ""
	}
	path := names[0]
	t := types.RecordOf(row...)
	for _, part := range strings.Split(path, ".") {
		var ok bool
		if t, ok = t.Field(part); !ok {
			return ""
		}
	}
	if t.Kind == types.Record {
		if ft, ok := t.Field(field); ok && ft.Kind.Storage() == types.StoreBytes && !ft.Nullable {
			return path + "." + field
		}
		return ""
	}
	if field == "id" && t.Kind.Storage() == types.StoreBytes && !t.Nullable {
		return path
	}
	return ""
}

// typeHits checks that a row has what a writer needs: the ids of both sides, the fields of their records named, and the columns.
func typeHits(t *op.Typing, name string, fields, cols []string) {
	row := t.In[0].Row
	for _, side := range []string{"query", "target"} {
		for _, f := range append([]string{"id"}, fields...) {
			if sidePath(t.Args, row, side, f) == "" {
				t.Errorf(side, "W2309", "`%s` needs the %s's `%s`: `%s` names a record that has one (or, for the id, a column of text)", name, side, f, side)
				return
			}
		}
	}
	for _, c := range cols {
		typ, ok := row.Lookup(c)
		if !ok {
			t.Errorf("", "W2309", "`%s` needs a column `%s`, as align and search give it", name, c)
			return
		}
		if want := columnByName[c]; typ.Nullable || typ.Kind != want.kind && !(c == "score" && typ.Kind == types.Float) {
			t.Errorf("", "W2309", "the column `%s` is %s, and `%s` needs it as align and search give it", c, typ, name)
			return
		}
	}
}

// needHits gives the columns that a writer reads.
func needHits(a op.Args, row types.Row, fields, cols []string) []op.ColumnSet {
	s := op.NewColumnSet(cols...)
	for _, side := range []string{"query", "target"} {
		for _, f := range append([]string{"id"}, fields...) {
			if p := sidePath(a, row, side, f); p != "" {
				s.Add(p)
			}
		}
	}
	if t, ok := strandOf(row); ok {
		s.Add(t)
	}
	return []op.ColumnSet{s}
}

// strandOf gives the column that says on which strand of the query an alignment lies, where the row has one.
func strandOf(row types.Row) (string, bool) {
	t, ok := row.Lookup(strandColumn.name)
	return strandColumn.name, ok && t.Kind == types.String
}

// onReverse reports that a hit is on the query's other strand.
func onReverse(v map[string]*batch.Vector, row int) bool {
	s := v[strandColumn.name]
	return s != nil && !s.IsNull(row) && string(s.Bytes(row)) == "-"
}

// hitWriter makes the registration of a writer. line appends what is written for a row, whose values come by column name, or by side and field:
// "query.id".
func hitWriter(name, doc, format string, fields, cols []string, params []op.Param,
	line func(a op.Args) (func(dst []byte, v map[string]*batch.Vector, row int) []byte, error)) *op.Operator {
	return &op.Operator{
		Name: name, Role: op.SinkRole, Doc: doc, Params: params,
		SingleTask: textio.SingleTask,
		Type: func(t *op.Typing) types.Row {
			textio.Check(t)
			typeHits(t, name, fields, cols)
			return nil
		},
		Caps: op.Caps{Needs: func(a op.Args, in []types.Row, _ op.ColumnSet) []op.ColumnSet {
			return needHits(a, in[0], fields, cols)
		}},
		New: func(c *op.Config) (op.Instance, error) {
			f, err := line(c.Args)
			if err != nil {
				return nil, err
			}
			return &hitSink{Sink: textio.SinkOf(c.Args, format), cfg: c, fields: append([]string{"id"}, fields...), cols: cols, line: f}, nil
		},
	}
}

type hitSink struct {
	textio.Sink
	cfg    *op.Config
	fields []string
	cols   []string
	line   func(dst []byte, v map[string]*batch.Vector, row int) []byte
	buf    []byte
}

func (s *hitSink) Data(_ int, b *batch.Batch, _ op.Output) error {
	v := map[string]*batch.Vector{}
	for _, c := range s.cols {
		v[c] = b.Col(c)
	}
	if name, ok := strandOf(s.cfg.In[0]); ok {
		v[name] = b.Col(name)
	}
	for _, side := range []string{"query", "target"} {
		for _, f := range s.fields {
			v[side+"."+f] = b.Col(sidePath(s.cfg.Args, s.cfg.In[0], side, f))
		}
	}
	for i := range b.Len() {
		s.buf = s.line(s.buf[:0], v, b.Pos(i))
		if _, err := s.Write(s.buf); err != nil {
			return err
		}
	}
	return nil
}

// word appends an id as a field of a line: the formats have no way to write white space.
func word(dst, id []byte) []byte {
	if !slices.ContainsFunc(id, func(c byte) bool { return c <= ' ' }) {
		return append(dst, id...)
	}
	for _, c := range id {
		if c <= ' ' {
			c = '_'
		}
		dst = append(dst, c)
	}
	return dst
}
