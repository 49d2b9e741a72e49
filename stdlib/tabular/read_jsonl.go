package tabular

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"

	"weir/compiler/types"
	"weir/planner/estimate"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/input"
)

// ReadJSONL is the operator that reads JSON lines.
var ReadJSONL = &op.Operator{
	Name: "read_jsonl",
	Role: op.SourceRole,
	Doc: `reads JSON lines: one object a line, whose members are the columns.

The path names a file, a folder (with a trailing /), a glob, or - for standard input; files come in the order of their
names. Gzip and zstd are found by the content; a large plain file is read in ranges. Without ` + "`as`" + ` the types are
taken from the first MiB of the first file.

Members that the type does not have are passed over; one that is missing is null, and where the type does not allow that,
the line is bad. Of several members of one name the last counts. Integers are exact. A float may be one of the strings
"NaN", "Infinity" and "-Infinity"; timestamps are RFC 3339 strings, durations strings as in the language, sizes a number of
bytes, bytes base64. Letters of sequences are folded to upper case. Blank lines are passed over.

A line that is bad goes to ` + "`.rejected`" + `; a file whose bytes cannot be trusted stops the run. A line has at most
64 MiB.`,
	Params: []op.Param{readPath, asParam},
	Type:   jsonLines.typed,
	Caps: op.Caps{Live: input.IsPipe,
		Needs:      func(op.Args, []types.Row, op.ColumnSet) []op.ColumnSet { return nil },
		SplitCount: jsonLines.countSplits,
	},
	Estimate: func(e *op.Estimating) (estimate.Stream, estimate.Work) { return jsonLines.estimate(e) },
	Source:   func(c *op.Config) (op.Source, error) { return &source{format: jsonLines, cfg: c}, nil },
}

var jsonLines = &format{
	name: "read_jsonl", ranges: true,
	parser: func(_ *format, _ op.Args, r *rows) parser { return newJSONParser(r) },
	infer:  func(_ *format, _ op.Args, sample []byte) (types.Row, error) { return inferJSON(sample) },
}

// jsonParser reads objects into the cells of rows.
type jsonParser struct {
	r     *rows
	s     scanner
	index map[string]int
	kinds []types.Kind // of the fields
	code  string       // of a mistake that the scanner does not know
	// guesses are the keys of the last line, with their quotes and colon, in order: lines are mostly alike.
	guesses []guess
	minute  minuteMemo
}

// guess is a key in the form in which it stood, with what it is compared by: its first eight bytes, and the eight that it ends with where it is
// longer.
type guess struct {
	key        []byte
	field      int // -1 for one that is passed over
	head, mask uint64
	tail       uint64
}

func newGuess(key []byte, field int) guess {
	g := guess{key: key, field: field, mask: math.MaxUint64}
	var first [8]byte
	copy(first[:], key)
	g.head = binary.LittleEndian.Uint64(first[:])
	if n := len(key); n < 8 {
		g.mask >>= 8 * (8 - n)
	} else {
		g.tail = binary.LittleEndian.Uint64(key[n-8:])
	}
	return g
}

// at reports whether the key stands at b[i].
func (g *guess) at(b []byte, i int) bool {
	n := len(g.key)
	if len(b)-i < 8 || len(b)-i < n || n > 16 {
		return bytes.HasPrefix(b[i:], g.key)
	}
	if (binary.LittleEndian.Uint64(b[i:])^g.head)&g.mask != 0 {
		return false
	}
	return n <= 8 || binary.LittleEndian.Uint64(b[i+n-8:]) == g.tail
}

// maxGuesses bounds what is remembered of a line.
const maxGuesses = 256

func newJSONParser(r *rows) *jsonParser {
	p := &jsonParser{r: r, index: map[string]int{}}
	for i, f := range r.fields {
		p.index[f.Name] = i
		p.kinds = append(p.kinds, f.Type.Kind)
	}
	return p
}

func (p *jsonParser) header([]byte) (bool, *op.Error) { return false, nil }

func (p *jsonParser) record(rec []byte, at int) (skip bool, why *bad) {
	s := &p.s
	*s = scanner{b: rec}
	p.code = codeJSON
	if s.peek() == 0 && s.i == len(rec) {
		return true, nil
	}
	if s.peek() != '{' {
		s.want("an object")
		return false, &bad{codeJSON, s.err}
	}
	if p.object(at) && s.end() {
		return false, nil
	}
	return false, &bad{p.code, s.err}
}

// object reads the members of the line into cells.
func (p *jsonParser) object(at int) bool {
	s := &p.s
	s.i++ // {
	s.depth++
	if s.eat('}') {
		return true
	}
	for n := 0; ; n++ {
		if s.peek() != '"' {
			return s.want("a key in quotes")
		}
		field := -1
		if n < len(p.guesses) && p.guesses[n].key != nil && p.guesses[n].at(s.b, s.i) {
			field = p.guesses[n].field
			s.i += len(p.guesses[n].key)
		} else {
			start := s.i
			from, to, escaped, ok := s.text()
			if !ok {
				return false
			}
			if i, ok := p.index[view(key(s.b[from:to], escaped))]; ok {
				field = i
			}
			if !s.eat(':') {
				return s.want(":")
			}
			if n < maxGuesses {
				if n >= len(p.guesses) {
					p.guesses = append(p.guesses, make([]guess, n+1-len(p.guesses))...)
				}
				p.guesses[n] = newGuess(append(p.guesses[n].key[:0], s.b[start:s.i]...), field)
			}
		}
		if field < 0 {
			if !s.skip() {
				return false
			}
		} else if !p.quick(field, at) && !p.cell(&p.r.fields[field], &p.r.cells[field], at) {
			return false
		}
		if s.i < len(s.b) && s.b[s.i] == ',' {
			s.i++
			continue
		}
		if s.eat(',') {
			continue
		}
		if s.eat('}') {
			return true
		}
		return s.want(", or }")
	}
}

// quick reads a value of a common form; false leaves it to cell.
func (p *jsonParser) quick(field, at int) bool {
	s, c := &p.s, &p.r.cells[field]
	i := s.i
	if i < len(s.b) && s.b[i] == ' ' {
		i++
	}
	var ok bool
	switch p.kinds[field] {
	case types.String:
		var to int
		if to, ok = quickText(s.b, i); ok {
			c.ref = batch.Ref{Off: uint32(at + i + 1), Len: uint32(to - i - 1)}
			s.i = to + 1
		}
	case types.Float:
		var to int
		if c.float, to, ok = quickFloat(s.b, i); ok {
			s.i = to
		}
	case types.Int:
		var to int
		if c.int, to, ok = quickInt(s.b, i); ok {
			s.i = to
		}
	case types.Bool:
		var to int
		if c.int, to, ok = quickBool(s.b, i); ok {
			s.i = to
		}
	case types.Timestamp:
		var to int
		if c.int, to, ok = p.minute.time(s.b, i); ok {
			s.i = to
		}
	}
	c.set, c.null = ok, false
	return ok
}

// key resolves the escapes of a key.
func key(p []byte, escaped bool) []byte {
	if escaped {
		return unescape(nil, p)
	}
	return p
}

// wrong says that the value at hand is not of the type.
func (p *jsonParser) wrong(name string, t types.Type) bool {
	p.s.space()
	c := p.s.peek()
	about := p.s.about()
	if c == '"' || c == '{' || c == '[' || c == '-' || c-'0' < 10 || c == 't' || c == 'f' || c == 'n' {
		p.code = codeValue
		return p.s.fail("`%s`: %s is not %s", name, about, article(t))
	}
	return p.s.want("a value")
}

// reason says what is wrong with a value whose form is right.
func (p *jsonParser) reason(name, why string) bool {
	p.code = codeValue
	return p.s.fail("`%s`: %s", name, why)
}

// null passes over null, if it is next: ok is false where it may not be.
func (p *jsonParser) null(name string, t types.Type) (null, ok bool) {
	if p.s.peek() != 'n' || !p.s.word("null") {
		return false, true
	}
	if !t.Nullable {
		p.code = codeMissing
		return true, p.s.fail("`%s` is null", name)
	}
	return true, true
}

// cell reads the value of a column. at is where the line lies in rows.buf.
func (p *jsonParser) cell(f *types.Field, c *cell, at int) bool {
	s := &p.s
	if null, ok := p.null(f.Name, f.Type); null || !ok {
		*c = cell{set: true, null: true}
		return ok
	}
	c.set, c.null = true, false
	switch k := f.Type.Kind; k {
	case types.String, types.Path, types.Protein, types.DNA, types.RNA, types.Cigar, types.Bytes:
		letters, from, ok := p.letters(f.Name, f.Type)
		if ok && from >= 0 {
			c.ref = batch.Ref{Off: uint32(at + from), Len: uint32(len(letters))}
		} else if ok {
			c.ref = p.r.letters(letters)
		}
		return ok
	case types.List, types.Record:
		var ok bool
		c.any, ok = p.nested(f.Name, f.Type)
		return ok
	case types.Float:
		var ok bool
		c.float, ok = p.float(f.Name, f.Type)
		return ok
	case types.Bool:
		switch {
		case s.word("true"):
			c.int = 1
		case s.word("false"):
			c.int = 0
		default:
			return p.wrong(f.Name, f.Type)
		}
		return true
	}
	var ok bool
	c.int, ok = p.int(f.Name, f.Type)
	return ok
}

// letters reads a string-like value. from is where it stands in the line; -1 where it is no copy of that.
func (p *jsonParser) letters(name string, t types.Type) (letters []byte, from int, ok bool) {
	s := &p.s
	if s.peek() != '"' {
		return nil, 0, p.wrong(name, t)
	}
	from, to, escaped, ok := s.text()
	if !ok {
		return nil, 0, false
	}
	letters = s.b[from:to]
	if escaped {
		letters, from = unescape(nil, letters), -1
	}
	if t.Kind != types.String {
		var copied bool
		var why string
		if letters, copied, why = parseLetters(t.Kind, letters); why != "" {
			return nil, 0, p.reason(name, why)
		}
		if copied {
			from = -1
		}
	}
	return letters, from, true
}

// int reads an int, a size, a timestamp or a duration.
func (p *jsonParser) int(name string, t types.Type) (int64, bool) {
	s := &p.s
	c := s.peek()
	if t.Kind == types.Timestamp || t.Kind == types.Duration {
		if c != '"' {
			return 0, p.wrong(name, t)
		}
		from, to, escaped, ok := s.text()
		if !ok {
			return 0, false
		}
		n, why := parseTime(t.Kind, key(s.b[from:to], escaped))
		if why != "" {
			return 0, p.reason(name, why)
		}
		return n, true
	}
	if c != '-' && c-'0' >= 10 {
		return 0, p.wrong(name, t)
	}
	start := s.i
	n, ok := s.number()
	switch {
	case !ok:
		return 0, false
	case !n.whole:
		s.i = start
		return 0, p.wrong(name, t)
	case !n.fits:
		return 0, p.reason(name, fmt.Sprintf("%s does not fit into 64 bits", shorten(s.b[n.from:n.to])))
	}
	return n.value, true
}

func (p *jsonParser) float(name string, t types.Type) (float64, bool) {
	s := &p.s
	c := s.peek()
	if c == '"' {
		start := s.i
		from, to, _, ok := s.text()
		if !ok {
			return 0, false
		}
		if x, ok := floatWord(s.b[from:to]); ok {
			return x, true
		}
		s.i = start
	}
	if c != '-' && c-'0' >= 10 {
		return 0, p.wrong(name, t)
	}
	n, ok := s.number()
	if !ok {
		return 0, false
	}
	if n.whole && n.fits && n.value != 0 && n.value < 1<<53 && n.value > -1<<53 {
		return float64(n.value), true
	}
	x, why := parseFloat(s.b[n.from:n.to])
	if why != "" {
		return 0, p.reason(name, why)
	}
	return x, true
}

// nested reads a value within a list or record, in the form of batch.Builder.Any, records as `record`.
func (p *jsonParser) nested(name string, t types.Type) (any, bool) {
	s := &p.s
	if null, ok := p.null(name, t); null || !ok {
		return nil, ok
	}
	switch t.Kind {
	case types.List:
		if s.peek() != '[' {
			return nil, p.wrong(name, t)
		}
		out := []any{}
		ok := s.array(func() bool {
			x, ok := p.nested(name, *t.Elem)
			out = append(out, x)
			return ok
		})
		return out, ok
	case types.Record:
		if s.peek() != '{' {
			return nil, p.wrong(name, t)
		}
		r := record{t.Fields, make([]any, len(t.Fields))}
		seen := make([]bool, len(t.Fields))
		if !s.object(func(from, to int, escaped bool) bool {
			i := types.Row(t.Fields).Index(view(key(s.b[from:to], escaped)))
			if i < 0 {
				return s.skip()
			}
			x, ok := p.nested(name+"."+t.Fields[i].Name, t.Fields[i].Type)
			r.values[i], seen[i] = x, true
			return ok
		}) {
			return nil, false
		}
		for i, f := range t.Fields {
			if !seen[i] && !f.Type.Nullable {
				p.code = codeMissing
				return nil, s.fail("`%s.%s` is missing", name, f.Name)
			}
		}
		return r, true
	}
	if isText(t.Kind) {
		letters, _, ok := p.letters(name, t)
		return string(letters), ok
	}
	var c cell
	ok := p.cell(&types.Field{Name: name, Type: t}, &c, 0)
	switch t.Kind.Storage() {
	case types.StoreBool:
		return c.int != 0, ok
	case types.StoreFloat:
		return c.float, ok
	}
	return c.int, ok
}

// article writes a type for a sentence: an int, a string.
func article(t types.Type) string {
	name := t.NotNull().String()
	switch name[0] {
	case 'a', 'e', 'i', 'o', 'u':
		return "an " + name
	}
	return "a " + name
}
