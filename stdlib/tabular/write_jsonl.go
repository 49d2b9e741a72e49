package tabular

import (
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/textio"
)

// WriteJSONL is the operator that writes JSON lines.
var WriteJSONL = &op.Operator{
	Name: "write_jsonl",
	Role: op.SinkRole,
	Doc: `writes JSON lines: one object a row, with every column, null where there is no value.

Records and lists are nested. Floats are written in the shortest form that reads back the same; NaN and the infinities,
which JSON does not have, as the strings "NaN", "Infinity" and "-Infinity". Timestamps are RFC 3339 in UTC, durations as in
the language, bytes base64.`,
	Params:     append([]op.Param{pathParam}, textio.Params...),
	SingleTask: textio.SingleTask,
	Type: func(t *op.Typing) types.Row {
		textio.Check(t)
		return nil
	},
	New: func(c *op.Config) (op.Instance, error) {
		return &lines{Sink: textio.SinkOf(c.Args, "jsonl"), row: jsonRow(c.In[0])}, nil
	},
}

// jsonRow writes the rows of a type as objects.
func jsonRow(row types.Row) func(dst []byte, cols []*batch.Vector, i int) []byte {
	keys := jsonKeys(row)
	return func(dst []byte, cols []*batch.Vector, i int) []byte {
		return append(appendObject(dst, keys, cols, i), '\n')
	}
}

// jsonKey is a key with what stands around it, and those of the record under it.
type jsonKey struct {
	lead  []byte // {"id": or ,"score":
	under []jsonKey
}

func jsonKeys(fields []types.Field) []jsonKey {
	keys := make([]jsonKey, len(fields))
	for i, f := range fields {
		lead := byte('{')
		if i > 0 {
			lead = ','
		}
		keys[i].lead = append(appendJSONString([]byte{lead}, []byte(f.Name)), ':')
		t := f.Type
		for t.Kind == types.List {
			t = *t.Elem
		}
		keys[i].under = jsonKeys(t.Fields)
	}
	return keys
}

func appendObject(dst []byte, keys []jsonKey, cols []*batch.Vector, i int) []byte {
	if len(keys) == 0 {
		dst = append(dst, '{')
	}
	for k, v := range cols {
		dst = append(dst, keys[k].lead...)
		dst = appendJSON(dst, keys[k].under, v, i)
	}
	return append(dst, '}')
}

// appendJSON writes value i; under has the keys of the records that are in it.
func appendJSON(dst []byte, under []jsonKey, v *batch.Vector, i int) []byte {
	for v.Dict != nil {
		v, i = v.Dict, int(v.Idx[i])
	}
	if v.IsNull(i) {
		return append(dst, "null"...)
	}
	switch k := v.Type.Kind; {
	case k == types.Record:
		return appendObject(dst, under, v.Fields, i)
	case k == types.List:
		dst = append(dst, '[')
		for e := v.Offs[i]; e < v.Offs[i+1]; e++ {
			if e > v.Offs[i] {
				dst = append(dst, ',')
			}
			dst = appendJSON(dst, under, v.Fields[0], int(e))
		}
		return append(dst, ']')
	case isText(k):
		return appendJSONString(dst, text(v, i))
	case k == types.Timestamp, k == types.Duration, k == types.Float && v.Floats[i]-v.Floats[i] != 0: // NaN, infinite
		return append(appendPlain(append(dst, '"'), v, i), '"')
	}
	return appendPlain(dst, v, i)
}

// appendJSONString writes a string with the escapes that JSON demands.
func appendJSONString(dst, p []byte) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(p); {
		c := p[i]
		if c >= 0x20 && c < 0x80 && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = append(dst, p[start:i]...)
		n := 1
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, `\n`...)
		case c == '\r':
			dst = append(dst, `\r`...)
		case c == '\t':
			dst = append(dst, `\t`...)
		case c < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			dst, n = appendRune(dst, p[i:])
		}
		i += n
		start = i
	}
	return append(append(dst, p[start:]...), '"')
}
