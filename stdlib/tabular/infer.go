package tabular

import (
	"bytes"
	"fmt"

	"weir/compiler/types"
)

// inferJSON gives the row that all objects of a sample fit into. Lines that are not JSON are left to the run.
func inferJSON(sample []byte) (types.Row, error) {
	var row types.Type
	n := 0
	for line := range bytes.Lines(sample) {
		s := scanner{b: line}
		if s.peek() != '{' {
			continue
		}
		t, ok := inferValue(&s)
		if !ok || !s.end() {
			continue
		}
		if n++; n == 1 {
			row = t
			continue
		}
		var err error
		if row, err = widen("", row, t); err != nil {
			return nil, err
		}
	}
	if err := checkNames(row.Fields); err != nil {
		return nil, err
	}
	return settle(row).Fields, nil
}

// inferValue gives the type of one value.
func inferValue(s *scanner) (types.Type, bool) {
	switch s.peek() {
	case '"':
		from, to, escaped, ok := s.text()
		if !ok {
			return types.Type{}, false
		}
		return types.Of(inferText(key(s.b[from:to], escaped))), true
	case '{':
		t := types.Type{Kind: types.Record}
		ok := s.object(func(from, to int, escaped bool) bool {
			name := string(key(s.b[from:to], escaped))
			v, ok := inferValue(s)
			if i := types.Row(t.Fields).Index(name); i >= 0 {
				t.Fields[i].Type = v // the last counts
			} else {
				t.Fields = append(t.Fields, types.Field{Name: name, Type: v})
			}
			return ok && len(t.Fields) <= maxFields
		})
		return t, ok
	case '[':
		elem := types.Type{}
		ok := s.array(func() bool {
			v, ok := inferValue(s)
			if ok {
				var err error
				if elem, err = widen("", elem, v); err != nil {
					return s.fail("%v", err)
				}
			}
			return ok
		})
		return types.ListOf(elem), ok
	case 't', 'f':
		return types.Of(types.Bool), s.skip()
	case 'n':
		return types.Of(types.Null), s.skip()
	}
	n, ok := s.number()
	if n.whole && n.fits {
		return types.Of(types.Int), ok
	}
	return types.Of(types.Float), ok
}

// maxFields bounds the columns that are taken from a sample.
const maxFields = 10_000

// inferText tells timestamps from other strings.
func inferText(p []byte) types.Kind {
	if len(p) >= len("2006-01-02T15:04:05Z") && p[4] == '-' {
		if _, why := parseTime(types.Timestamp, p); why == "" {
			return types.Timestamp
		}
	}
	return types.String
}

// widen gives the type that values of both types fit into. name is that of the column, for messages.
func widen(name string, t, u types.Type) (types.Type, error) {
	null := t.Nullable || u.Nullable || t.Kind == types.Null || u.Kind == types.Null
	switch {
	case t.Kind == types.Invalid: // nothing has been seen yet
		return u, nil
	case u.Kind == types.Invalid:
		return t, nil
	case t.Kind == types.Null:
		t = u
	case u.Kind == types.Null, t.Kind == u.Kind && t.Kind != types.List && t.Kind != types.Record:
	case t.Kind == types.List && u.Kind == types.List:
		elem, err := widen(name, *t.Elem, *u.Elem)
		if err != nil {
			return t, err
		}
		t = types.ListOf(elem)
	case t.Kind == types.Record && u.Kind == types.Record:
		fields, err := widenFields(name, t.Fields, u.Fields)
		if err != nil {
			return t, err
		}
		t = types.Type{Kind: types.Record, Fields: fields}
	case isNumber(t.Kind) && isNumber(u.Kind):
		t = types.Of(types.Float)
	case isString(t.Kind) && isString(u.Kind):
		t = types.Of(types.String)
	default:
		return t, fmt.Errorf("where `%s` is now %s, now %s", name, article(t), article(u))
	}
	t.Nullable = null && t.Kind != types.Null
	return t, nil
}

// widenFields joins the fields of two records; one that only one of them has may be null.
func widenFields(name string, a, b []types.Field) ([]types.Field, error) {
	out := append([]types.Field(nil), a...)
	for i, f := range out {
		u, ok := types.RecordOf(b...).Field(f.Name)
		if !ok {
			u = types.Of(types.Null)
		}
		t, err := widen(under(name, f.Name), f.Type, u)
		if err != nil {
			return nil, err
		}
		out[i].Type = t
	}
	for _, f := range b {
		if types.Row(a).Index(f.Name) < 0 {
			t, err := widen(under(name, f.Name), types.Of(types.Null), f.Type)
			if err != nil {
				return nil, err
			}
			out = append(out, types.Field{Name: f.Name, Type: t})
		}
	}
	if len(out) > maxFields {
		return nil, fmt.Errorf("which has more than %d columns", maxFields)
	}
	return out, nil
}

func under(name, field string) string {
	if name == "" {
		return field
	}
	return name + "." + field
}

func isNumber(k types.Kind) bool { return k == types.Int || k == types.Float }
func isString(k types.Kind) bool { return k == types.String || k == types.Timestamp }

// settle makes strings of what was always null, or in no row.
func settle(t types.Type) types.Type {
	switch t.Kind {
	case types.Invalid:
		return types.Of(types.String)
	case types.Null:
		return types.Of(types.String).OrNull()
	case types.List:
		elem := settle(*t.Elem)
		t.Elem = &elem
	case types.Record:
		fields := make([]types.Field, len(t.Fields))
		for i, f := range t.Fields {
			fields[i] = types.Field{Name: f.Name, Type: settle(f.Type)}
		}
		t.Fields = fields
	}
	return t
}

// checkNames wants names that the language can say.
func checkNames(fields []types.Field) error {
	for _, f := range fields {
		if !isName(f.Name) {
			return fmt.Errorf("where a column is called %q, which no column can be", shorten([]byte(f.Name)))
		}
		t := f.Type
		for t.Kind == types.List {
			t = *t.Elem
		}
		if err := checkNames(t.Fields); err != nil {
			return err
		}
	}
	return nil
}
