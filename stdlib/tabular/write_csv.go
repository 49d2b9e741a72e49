package tabular

import (
	"bytes"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/textio"
)

// WriteCSV is the operator that writes comma-separated values.
var WriteCSV = &op.Operator{
	Name: "write_csv",
	Role: op.SinkRole,
	Doc: `writes comma-separated values (RFC 4180), with a header line.

A value with a comma, a quote or a line break is put in quotes. Null is an empty field, an empty string a pair of quotes.
Lines end in a line feed. Floats are written in the shortest form that reads back the same, timestamps as RFC 3339 in UTC,
bytes in base64. Records and lists have no place in a table: name the fields that are wanted.`,
	Params:     append([]op.Param{pathParam, delimiterParam}, textio.Params...),
	SingleTask: textio.SingleTask,
	Type: func(t *op.Typing) types.Row {
		textio.Check(t)
		if checkDelimiter(t) {
			flat(t)
		}
		return nil
	},
	New: func(c *op.Config) (op.Instance, error) {
		comma := delimiter(c.Args)
		var header []byte
		for i, name := range c.In[0].Names() {
			if i > 0 {
				header = append(header, comma)
			}
			header = appendCSV(header, []byte(name), comma)
		}
		s := textio.SinkOf(c.Args, "csv")
		s.Header = append(header, '\n')
		return &lines{Sink: s, row: csvRow(comma)}, nil
	},
	Examples: []op.Example{{Doc: "A result that no later run replaces by accident.", Code: `let readings = read_tsv("readings.tsv", as: { plate: string, od: float? })
let kept = readings |> filter(od is not null)
kept |> write_csv("kept.csv", if_exists: fail)

test "a reading without a value is dropped" {
  given readings = [{ plate: "P1", od: 0.5 }, { plate: "P2", od: null }]
  expect kept = [{ plate: "P1", od: 0.5 }]
}
`}},
}

func csvRow(comma byte) func(dst []byte, cols []*batch.Vector, i int) []byte {
	return func(dst []byte, cols []*batch.Vector, i int) []byte {
		for k, v := range cols {
			if k > 0 {
				dst = append(dst, comma)
			}
			switch {
			case v.IsNull(i):
			case isText(v.Type.Kind):
				dst = appendCSV(dst, text(v, i), comma)
			default: // a delimiter may be in a number: 1.5, -1, 2026-01-31
				start := len(dst)
				dst = appendPlain(dst, v, i)
				if bytes.IndexByte(dst[start:], comma) >= 0 {
					dst = appendCSV(dst[:start], bytes.Clone(dst[start:]), comma)
				}
			}
		}
		return append(dst, '\n')
	}
}

// appendCSV writes a value, in quotes where it needs them.
func appendCSV(dst, p []byte, comma byte) []byte {
	quotes, ascii := len(p) == 0 || p[0] == ' ' || p[len(p)-1] == ' ', true
	for _, c := range p {
		quotes = quotes || c == comma || c == '"' || c == '\n' || c == '\r'
		ascii = ascii && c < 0x80
	}
	if !quotes && ascii {
		return append(dst, p...)
	}
	if quotes {
		dst = append(dst, '"')
	}
	for i := 0; i < len(p); {
		n := 1
		if p[i] == '"' {
			dst = append(dst, '"', '"')
		} else if p[i] < 0x80 {
			dst = append(dst, p[i])
		} else {
			dst, n = appendRune(dst, p[i:])
		}
		i += n
	}
	if quotes {
		dst = append(dst, '"')
	}
	return dst
}

var delimiterParam = op.Param{Name: "delimiter", Kind: op.Value, Type: types.Of(types.String), Default: `","`,
	Doc: "What stands between fields: one ASCII character, neither a letter, a digit nor a quote."}

// checkDelimiter reports whether the delimiter can be one.
func checkDelimiter(t *op.Typing) bool {
	d := t.Args.Text("delimiter")
	if len(d) == 1 {
		switch c := d[0]; {
		case c >= 0x7f, c < ' ' && c != '\t', c == '"', '0' <= c && c <= '9', 'a' <= c|0x20 && c|0x20 <= 'z':
		default:
			return true
		}
	}
	t.Errorf("delimiter", codeDelimiter, "%q cannot stand between fields: one ASCII character can, such as , ; | or a tab",
		d)
	return false
}

// delimiter is what stands between the fields of a table.
func delimiter(a op.Args) byte {
	if d := a.Text("delimiter"); d != "" {
		return d[0]
	}
	return ','
}
