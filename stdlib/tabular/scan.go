package tabular

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds the nesting of a JSON value, so that hostile input cannot exhaust the stack.
const maxDepth = 200

// scanner reads one JSON text (RFC 8259) from the front. A method that gives false has found a mistake, which err says.
type scanner struct {
	b     []byte
	i     int
	depth int
	err   string
}

func (s *scanner) fail(format string, args ...any) bool {
	s.err = fmt.Sprintf(format, args...)
	return false
}

// want says what should stand at the present place.
func (s *scanner) want(what string) bool {
	if s.i >= len(s.b) {
		return s.fail("the line ends where %s is wanted", what)
	}
	_, n := utf8.DecodeRune(s.b[s.i:])
	return s.fail("column %d: %q where %s is wanted", s.i+1, s.b[s.i:s.i+n], what)
}

// space passes over white space.
func (s *scanner) space() {
	for s.i < len(s.b) {
		if c := s.b[s.i]; c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return
		}
		s.i++
	}
}

// peek gives the next byte that is not white space, 0 at the end.
func (s *scanner) peek() byte {
	if s.i < len(s.b) && s.b[s.i] > ' ' {
		return s.b[s.i]
	}
	if s.space(); s.i < len(s.b) {
		return s.b[s.i]
	}
	return 0
}

// eat passes over a byte, if it is the next one behind white space.
func (s *scanner) eat(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.i++
	return true
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// text passes over a string and gives where its letters begin and end; escaped reports that there are escapes, which
// are well-formed. UTF-8 is not looked at.
func (s *scanner) text() (from, to int, escaped, ok bool) {
	if s.peek() != '"' {
		return 0, 0, false, s.want("a string")
	}
	b := s.b
	i := s.i + 1
	from = i
	for {
		for i+8 <= len(b) {
			// The lowest byte that is a quote, a backslash or below 0x20: exact tests for a zero byte and for a smaller
			// one.
			x := binary.LittleEndian.Uint64(b[i:])
			q, e := x^('"'*ones), x^('\\'*ones)
			m := ((q-ones)&^q | (e-ones)&^e | (x-0x20*ones)&^x) & highs
			if m != 0 {
				i += bits.TrailingZeros64(m) >> 3
				break
			}
			i += 8
		}
		if i >= len(b) {
			s.i = i
			return 0, 0, false, s.fail("the line ends within a string")
		}
		switch c := b[i]; {
		case c == '"':
			s.i = i + 1
			return from, i, escaped, true
		case c == '\\':
			escaped = true
			n := escapeLen(b[i:])
			if n == 0 {
				return 0, 0, false, s.fail("column %d: an escape that JSON does not know", i+1)
			}
			i += n
		case c < 0x20:
			return 0, 0, false, s.fail("column %d: a control character within a string must be escaped", i+1)
		default:
			i++
		}
	}
}

// escapeLen gives the length of the escape at the beginning of p, 0 where it is not one.
func escapeLen(p []byte) int {
	if len(p) < 2 {
		return 0
	}
	switch p[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if _, ok := hex4(p); ok {
			return 6
		}
	}
	return 0
}

// hex4 reads the unit of \uXXXX.
func hex4(p []byte) (rune, bool) {
	if len(p) < 6 || p[0] != '\\' || p[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range p[2:6] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// unescape appends a string without its escapes, which are well-formed. Half of a surrogate pair becomes U+FFFD.
func unescape(dst, p []byte) []byte {
	for {
		k := bytes.IndexByte(p, '\\')
		if k < 0 {
			return append(dst, p...)
		}
		dst = append(dst, p[:k]...)
		p = p[k:]
		n := 2
		switch p[1] {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r, _ := hex4(p)
			n = 6
			if utf16.IsSurrogate(r) {
				low, _ := hex4(p[6:])
				if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
					n = 12
				}
			}
			dst = utf8.AppendRune(dst, r)
		default:
			dst = append(dst, p[1])
		}
		p = p[n:]
	}
}

// number is what is known of a number when it has been passed over.
type number struct {
	from, to int
	whole    bool // neither point nor exponent
	fits     bool // into int64, where it is whole
	value    int64
}

// number passes over a number.
func (s *scanner) number() (n number, ok bool) {
	c := s.peek()
	b := s.b
	i := s.i
	n.from = i
	negative := c == '-'
	if negative {
		i++
	}
	digits := i
	var u uint64
	n.fits = true
	for i < len(b) && b[i]-'0' < 10 {
		if u > (1<<63)/10 {
			n.fits = false
		} else {
			u = u*10 + uint64(b[i]-'0')
		}
		i++
	}
	if i == digits || b[digits] == '0' && i > digits+1 {
		s.i = digits
		if i > digits {
			return n, s.fail("column %d: a number that begins with 0", digits+1)
		}
		return n, s.want("a value")
	}
	n.whole = true
	if i < len(b) && b[i] == '.' {
		n.whole = false
		i++
		from := i
		for i < len(b) && b[i]-'0' < 10 {
			i++
		}
		if i == from {
			s.i = i
			return n, s.want("a digit")
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		n.whole = false
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		from := i
		for i < len(b) && b[i]-'0' < 10 {
			i++
		}
		if i == from {
			s.i = i
			return n, s.want("a digit")
		}
	}
	n.to, s.i = i, i
	switch {
	case negative && u <= 1<<63:
		n.value = -int64(u)
	case !negative && u < 1<<63:
		n.value = int64(u)
	default:
		n.fits = false
	}
	return n, true
}

// word passes over true, false or null, if it is the next.
func (s *scanner) word(w string) bool {
	if s.space(); len(s.b)-s.i >= len(w) && string(s.b[s.i:s.i+len(w)]) == w {
		s.i += len(w)
		return true
	}
	return false
}

// enter and leave count nesting.
func (s *scanner) enter() bool {
	s.depth++
	if s.depth > maxDepth {
		return s.fail("column %d: nested more than %d deep", s.i+1, maxDepth)
	}
	return true
}

func (s *scanner) leave() { s.depth-- }

// skip passes over any value.
func (s *scanner) skip() bool {
	switch c := s.peek(); c {
	case '"':
		_, _, _, ok := s.text()
		return ok
	case '{':
		return s.object(func(int, int, bool) bool { return s.skip() })
	case '[':
		return s.array(s.skip)
	case 't', 'f', 'n':
		if s.word("true") || s.word("false") || s.word("null") {
			return true
		}
		return s.want("a value")
	}
	_, ok := s.number()
	return ok
}

// object passes over an object; member is called behind the colon of each, with its key as text gave it.
func (s *scanner) object(member func(from, to int, escaped bool) bool) bool {
	if !s.eat('{') {
		return s.want("{")
	}
	if !s.enter() {
		return false
	}
	defer s.leave()
	for n := 0; ; n++ {
		if n == 0 && s.eat('}') {
			return true
		}
		if s.peek() != '"' {
			return s.want("a key in quotes")
		}
		from, to, escaped, ok := s.text()
		if !ok {
			return false
		}
		if !s.eat(':') {
			return s.want(":")
		}
		if !member(from, to, escaped) {
			return false
		}
		if s.eat(',') {
			if s.peek() == '}' {
				return s.want("a key in quotes")
			}
			continue
		}
		if s.eat('}') {
			return true
		}
		return s.want(", or }")
	}
}

// array passes over an array; element is called for each.
func (s *scanner) array(element func() bool) bool {
	if !s.eat('[') {
		return s.want("[")
	}
	if !s.enter() {
		return false
	}
	defer s.leave()
	if s.eat(']') {
		return true
	}
	for {
		if !element() {
			return false
		}
		if s.eat(',') {
			continue
		}
		if s.eat(']') {
			return true
		}
		return s.want(", or ]")
	}
}

// end reports that nothing follows.
func (s *scanner) end() bool {
	if s.space(); s.i < len(s.b) {
		return s.want("the end of the line")
	}
	return true
}

// about shows the value at the present place, shortened, for a reason.
func (s *scanner) about() string {
	from := s.i
	t := scanner{b: s.b, i: from}
	if t.skip() {
		return shorten(bytes.TrimSpace(s.b[from:t.i]))
	}
	return shorten(s.b[from:])
}

// shorten cuts a value to what a message has room for.
func shorten(p []byte) string {
	const room = 40
	if len(p) <= room {
		return string(p)
	}
	n := room
	for n > 0 && !utf8.RuneStart(p[n]) {
		n--
	}
	return string(p[:n]) + "…"
}
