package tabular

import (
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/textio"
)

// WriteTSV is the operator that writes tab-separated values.
var WriteTSV = &op.Operator{
	Name: "write_tsv",
	Role: op.SinkRole,
	Doc: `writes tab-separated values, with a header line.

Tab, line feed, carriage return and backslash within a value are written as ` + "`\\t`, `\\n`, `\\r` and `\\\\`" + `. Null is
an empty field, as an empty string is. Floats are written in the shortest form that reads back the same, timestamps as RFC
3339 in UTC, bytes in base64. Records and lists have no place in a table: name the fields that are wanted.`,
	Params:     append([]op.Param{pathParam}, textio.Params...),
	SingleTask: textio.SingleTask,
	Type: func(t *op.Typing) types.Row {
		textio.Check(t)
		return flat(t)
	},
	New: func(c *op.Config) (op.Instance, error) {
		s := textio.SinkOf(c.Args, "tsv")
		s.Header = tsvHeader(c.In[0])
		return &lines{Sink: s, row: tsvRow}, nil
	},
}

func tsvHeader(row types.Row) []byte {
	var header []byte
	for i, name := range row.Names() {
		if i > 0 {
			header = append(header, '\t')
		}
		header = appendTSV(header, []byte(name))
	}
	return append(header, '\n')
}

func tsvRow(dst []byte, cols []*batch.Vector, i int) []byte {
	for k, v := range cols {
		if k > 0 {
			dst = append(dst, '\t')
		}
		switch {
		case v.IsNull(i):
		case isText(v.Type.Kind):
			dst = appendTSV(dst, text(v, i))
		default:
			dst = appendPlain(dst, v, i)
		}
	}
	return append(dst, '\n')
}

// appendTSV writes a value with its escapes.
func appendTSV(dst, p []byte) []byte {
	start := 0
	for i := 0; i < len(p); {
		c := p[i]
		if c != '\t' && c != '\n' && c != '\r' && c != '\\' && c < 0x80 {
			i++
			continue
		}
		dst = append(dst, p[start:i]...)
		n := 1
		switch c {
		case '\t':
			dst = append(dst, `\t`...)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\\':
			dst = append(dst, `\\`...)
		default:
			dst, n = appendRune(dst, p[i:])
		}
		i += n
		start = i
	}
	return append(dst, p[start:]...)
}
