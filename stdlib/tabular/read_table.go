package tabular

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"weir/compiler/types"
	"weir/planner/estimate"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/input"
)

// ReadCSV and ReadTSV are the operators that read tables.
var (
	ReadCSV = readTable(csvTable, delimiterParam, `reads comma-separated values (RFC 4180).

A field that begins with a quote ends with one; in between a quote is doubled, and delimiters and line breaks may stand. An
empty field is null, or an empty string where the type does not allow null; a pair of quotes is an empty string.`)
	ReadTSV = readTable(tsvTable, op.Param{}, "reads tab-separated values.\n\n"+
		"`\\t`, `\\n`, `\\r` and `\\\\` stand for tab, line feed, carriage return and backslash. An empty field is null, or an\n"+
		"empty string where the type does not allow null; quotes have no meaning.")
)

var (
	csvTable = &format{name: "read_csv", table: true, quote: true, parser: newTableParser, infer: inferTable}
	tsvTable = &format{name: "read_tsv", table: true, parser: newTableParser, infer: inferTable}
)

// readTable makes the operator of a format.
func readTable(f *format, delimiter op.Param, doc string) *op.Operator {
	params := []op.Param{readPath, asParam, {
		Name: "header", Kind: op.Value, Type: types.Of(types.Bool), Default: "true",
		Doc: "Whether the first record has the names of the columns. Without it they are taken in their order.",
	}}
	if f.quote {
		params = append(params, delimiter)
	}
	return &op.Operator{
		Name: f.name,
		Role: op.SourceRole,
		Doc: doc + `

The path names a file, a folder (with a trailing /), a glob, or - for standard input; files come in the order of their
names, gzip and zstd are found by the content.

Columns are found by their names in the header; in a name that is not one of the language other characters become _ ("Gene
name" is Gene_name), and a column that the type does not have is passed over. Without ` + "`as`" + ` the types are taken
from the first MiB of the first file, where a number with leading zeros is a string. Floats may be NaN and Infinity;
timestamps are RFC 3339, durations as in the language, sizes a number of bytes, bytes base64. Letters of sequences are folded
to upper case.

A record that is bad goes to ` + "`.rejected`" + `; a file whose header does not go with the type, or whose bytes cannot be
trusted, stops the run. A record has at most 64 MiB.`,
		Params: params,
		Type: func(t *op.Typing) types.Row {
			if f.quote && !checkDelimiter(t) {
				return nil
			}
			return f.typed(t)
		},
		Caps: op.Caps{Live: input.IsPipe,
			Needs:      func(op.Args, []types.Row, op.ColumnSet) []op.ColumnSet { return nil },
			SplitCount: f.countSplits,
		},
		Estimate: func(e *op.Estimating) (estimate.Stream, estimate.Work) { return f.estimate(e) },
		Source:   func(c *op.Config) (op.Source, error) { return &source{format: f, cfg: c}, nil },
	}
}

// tableParser reads the fields of a record into the cells of rows.
type tableParser struct {
	r       *rows
	fields  splitter
	named   bool  // the first record has names
	columns []int // the field of each column; -1 for one that is passed over
}

func newTableParser(f *format, a op.Args, r *rows) parser {
	p := &tableParser{r: r, fields: newSplitter(f, a), named: named(a)}
	for i := range r.fields {
		p.columns = append(p.columns, i)
	}
	return p
}

// named reports whether the first record has the names of the columns.
func named(a op.Args) bool {
	_, given := a.Const("header")
	return !given || a.Bool("header")
}

func (p *tableParser) header(rec []byte) (taken bool, err *op.Error) {
	if !p.named {
		return false, nil
	}
	names, why := p.fields.names(rec)
	if why != nil {
		return true, &op.Error{Code: codeHeader, Message: "the header cannot be read: " + why.Error(),
			Hint: "see `weir explain " + codeHeader + "`"}
	}
	p.columns = p.columns[:0]
	found := make([]bool, len(p.r.fields))
	for _, name := range names {
		i := types.Row(p.r.fields).Index(name)
		p.columns = append(p.columns, i)
		if i >= 0 {
			found[i] = true
		}
	}
	for i, f := range p.r.fields {
		if !found[i] && !f.Type.Nullable {
			return true, &op.Error{Code: codeHeader, Message: fmt.Sprintf("the header has no column `%s`", f.Name),
				Hint: "it has " + list(names)}
		}
	}
	return true, nil
}

// list writes the first names.
func list(names []string) string {
	const most = 12
	more := ""
	if len(names) > most {
		more = fmt.Sprintf(" and %d more", len(names)-most)
		names = names[:most]
	}
	for i, n := range names {
		if names[i] = shorten([]byte(n)); n == "" {
			names[i] = "a column without a name"
		}
	}
	return strings.Join(names, ", ") + more
}

func (p *tableParser) record(rec []byte, at int) (skip bool, why *bad) {
	if len(rec) == 0 && len(p.columns) != 1 {
		return true, nil
	}
	n := 0
	p.fields.begin(rec)
	for p.fields.next() {
		if n < len(p.columns) && p.columns[n] >= 0 {
			i := p.columns[n]
			if why := p.cell(&p.r.fields[i], &p.r.cells[i], at); why != nil {
				return false, why
			}
		}
		n++
	}
	switch {
	case p.fields.bad:
		return false, &bad{codeQuote, fmt.Sprintf("field %d: something follows the quote that ends it", n+1)}
	case n != len(p.columns):
		return false, &bad{codeFields, fmt.Sprintf("the record has %d fields, not %d", n, len(p.columns))}
	}
	return false, nil
}

// cell takes the field at hand as the value of a column.
func (p *tableParser) cell(f *types.Field, c *cell, at int) *bad {
	*c = cell{set: true}
	s, k := &p.fields, f.Type.Kind
	value := s.value
	if !isText(k) {
		value = bytes.Trim(value, " ")
	}
	if len(value) == 0 && !(s.quoted && isText(k)) {
		switch {
		case f.Type.Nullable:
			c.null = true
			return nil
		case !isText(k):
			return &bad{codeMissing, "`" + f.Name + "` is empty"}
		}
	}
	if isText(k) {
		letters, copied, why := parseLetters(k, value)
		switch {
		case why != "":
			return &bad{codeValue, "`" + f.Name + "`: " + why}
		case copied || s.copied:
			c.ref = p.r.letters(letters)
		default:
			c.ref = batch.Ref{Off: uint32(at + s.at), Len: uint32(len(letters))}
		}
		return nil
	}
	if why := parsePlain(f.Type, value, c); why != "" {
		return &bad{codeValue, "`" + f.Name + "`: " + why}
	}
	return nil
}

// parsePlain reads what appendPlain writes, and what others write for the same.
func parsePlain(t types.Type, p []byte, c *cell) (why string) {
	switch t.Kind {
	case types.Timestamp, types.Duration:
		c.int, why = parseTime(t.Kind, p)
		return why
	case types.Bool:
		switch {
		case bytes.EqualFold(p, []byte("true")):
			c.int = 1
		case bytes.EqualFold(p, []byte("false")):
			c.int = 0
		default:
			return quoted(p) + " is neither true nor false"
		}
		return ""
	case types.Float:
		x, err := strconv.ParseFloat(view(p), 64)
		switch {
		case bytes.ContainsAny(p, "xXpP_") || err != nil && !errors.Is(err, strconv.ErrRange):
			return quoted(p) + " is not a float"
		case err != nil:
			return shorten(p) + " does not fit into a float"
		}
		c.float = x
		return ""
	}
	x, err := strconv.ParseInt(view(p), 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return shorten(p) + " does not fit into 64 bits"
	case err != nil:
		return quoted(p) + " is not " + article(t)
	}
	c.int = x
	return ""
}

// splitter cuts a record into fields.
type splitter struct {
	tsv   bool
	comma byte

	rec    []byte
	i      int    // of the next field; len(rec)+1 at the end
	value  []byte // of the field, without quotes and escapes
	at     int    // where value begins in rec, where it is not copied
	copied bool
	quoted bool
	bad    bool // the field's quotes do not go together
}

func newSplitter(f *format, a op.Args) splitter {
	if f.quote {
		return splitter{comma: delimiter(a)}
	}
	return splitter{tsv: true, comma: '\t'}
}

func (s *splitter) begin(rec []byte) { s.rec, s.i, s.bad = rec, 0, false }

// next gives the next field; false at the end of the record, and where bad is set.
func (s *splitter) next() bool {
	if s.i > len(s.rec) {
		return false
	}
	s.copied, s.quoted, s.at = false, false, s.i
	rest := s.rec[s.i:]
	if !s.tsv && len(rest) > 0 && rest[0] == '"' {
		return s.inQuotes(rest)
	}
	n := bytes.IndexByte(rest, s.comma)
	if n < 0 {
		n = len(rest)
	}
	s.value = rest[:n]
	s.i += n + 1
	if s.tsv && bytes.IndexByte(s.value, '\\') >= 0 {
		s.value, s.copied = unescapeTSV(s.value), true
	}
	return true
}

func (s *splitter) inQuotes(rest []byte) bool {
	s.quoted, s.at = true, s.i+1
	start := 1
	var joined []byte
	for {
		n := bytes.IndexByte(rest[start:], '"')
		if n < 0 {
			s.bad = true
			return false
		}
		end := start + n
		if end+1 < len(rest) && rest[end+1] == '"' {
			joined, s.copied = append(joined, rest[start:end+1]...), true
			start = end + 2
			continue
		}
		s.value = rest[start:end]
		if s.copied {
			s.value = append(joined, s.value...)
		}
		s.i += end + 2
		if end+1 < len(rest) && rest[end+1] != s.comma {
			s.bad = true
			return false
		}
		return true
	}
}

// unescapeTSV resolves the escapes that write_tsv makes. A backslash before anything else stands for itself.
func unescapeTSV(p []byte) []byte {
	out := make([]byte, 0, len(p))
	for i := 0; i < len(p); i++ {
		c := p[i]
		if c == '\\' && i+1 < len(p) {
			switch p[i+1] {
			case 't':
				c = '\t'
			case 'n':
				c = '\n'
			case 'r':
				c = '\r'
			case '\\':
			default:
				out = append(out, c)
				continue
			}
			i++
		}
		out = append(out, c)
	}
	return out
}

// names reads the names of the columns, which are distinct.
func (s *splitter) names(rec []byte) ([]string, error) {
	var names []string
	seen := map[string]bool{}
	for s.begin(rec); s.next(); {
		name := columnName(string(s.value))
		if name != "" && seen[name] {
			return nil, fmt.Errorf("two columns are called %q", name)
		}
		seen[name] = true
		names = append(names, name)
	}
	if s.bad {
		return nil, errors.New("something follows the quote that ends a field")
	}
	return names, nil
}

// columnName makes a name of the language: other characters become _, and a leading digit gets one before it.
func columnName(s string) string {
	s = strings.TrimSpace(s)
	if isName(s) || s == "" {
		return s
	}
	s = strings.Map(func(r rune) rune {
		if r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return '_'
	}, strings.ToValidUTF8(s, "_"))
	if !isName(s) {
		s = "_" + s
	}
	return s
}

// inferTable gives the row that the records of a sample fit into. Records that are bad are left to the run.
func inferTable(f *format, a op.Args, sample []byte) (types.Row, error) {
	s := newSplitter(f, a)
	frame := newFramer(f, a)
	var row types.Row
	for first := true; len(sample) > 0; first = false {
		n := frame.next(sample)
		if n == 0 {
			n = len(sample)
		}
		frame.reset()
		rec := bytes.TrimSuffix(bytes.TrimSuffix(sample[:n], []byte{'\n'}), []byte{'\r'})
		sample = sample[n:]
		if first {
			names, err := s.names(rec)
			if named(a) && err != nil {
				return nil, fmt.Errorf("where %w", err)
			}
			if !named(a) {
				names = names[:0]
				for s.begin(rec); s.next(); {
					names = append(names, fmt.Sprintf("column%d", len(names)+1))
				}
			}
			for i, name := range names {
				if name == "" {
					return nil, fmt.Errorf("where column %d has no name", i+1)
				}
				row = append(row, types.Field{Name: name})
			}
			if named(a) {
				continue
			}
		}
		kinds := make([]types.Type, 0, len(row))
		for s.begin(rec); s.next(); {
			kinds = append(kinds, inferField(s.value, s.quoted))
		}
		if s.bad || len(kinds) != len(row) || len(rec) == 0 && len(row) > 1 {
			continue
		}
		for i, k := range kinds {
			t, err := widen(row[i].Name, row[i].Type, k)
			if err != nil { // everything can be a string
				t = types.Type{Kind: types.String, Nullable: row[i].Type.Nullable}
			}
			row[i].Type = t
		}
	}
	return settle(types.RecordOf(row...)).Fields, nil
}

// inferField gives the type of one field.
func inferField(p []byte, quoted bool) types.Type {
	if len(p) == 0 && !quoted {
		return types.Of(types.Null)
	}
	digits := bytes.TrimPrefix(p, []byte{'-'})
	leading := len(digits) > 1 && digits[0] == '0' && digits[1]-'0' < 10
	if !leading && len(digits) > 0 && digits[0] != '+' {
		var c cell
		for _, k := range []types.Kind{types.Int, types.Float} {
			if parsePlain(types.Of(k), p, &c) == "" && (k == types.Int || !onlyDigits(digits)) {
				return types.Of(k)
			}
		}
	}
	if s := string(p); s == "true" || s == "false" {
		return types.Of(types.Bool)
	}
	return types.Of(inferText(p))
}

// onlyDigits tells numbers too long for an int, which are names of something, from floats.
func onlyDigits(p []byte) bool {
	for _, c := range p {
		if c-'0' >= 10 {
			return false
		}
	}
	return true
}
