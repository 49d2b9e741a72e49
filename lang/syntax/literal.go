package syntax

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"weir/lang/diag"
)

// durations and sizes are the units of literals. `ms` and `us` are longer than `m`, so units are compared whole.
var durations = map[string]time.Duration{
	"ns": time.Nanosecond, "us": time.Microsecond, "ms": time.Millisecond, "s": time.Second,
	"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour,
}

var sizes = map[string]int64{
	"B": 1, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "PB": 1e15,
	"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40, "PiB": 1 << 50,
}

var unitNames = []string{
	"ns", "us", "ms", "s", "m", "h", "d", "w",
	"B", "kB", "MB", "GB", "TB", "PB", "KiB", "MiB", "GiB", "TiB", "PiB", "%",
}

// unitWords are units as other languages write them.
var unitWords = map[string]string{
	"sec": "s", "secs": "s", "second": "s", "seconds": "s", "min": "m", "mins": "m", "minute": "m", "minutes": "m",
	"hr": "h", "hrs": "h", "hour": "h", "hours": "h", "day": "d", "days": "d", "week": "w", "weeks": "w", "msec": "ms",
	"K": "KiB", "k": "kB", "M": "MiB", "G": "GiB", "T": "TiB", "kb": "kB", "mb": "MB", "gb": "GB", "tb": "TB", "Mb": "MB", "Gb": "GB",
	"kib": "KiB", "mib": "MiB", "gib": "GiB", "kiB": "KiB", "b": "B", "bytes": "B",
}

// literalError is why a number or timestamp cannot be read; code is its W1 code, text a replacement where one is sure.
type literalError struct {
	code, say, hint, text string
}

func (e *literalError) Error() string { return e.say }

// number reads a number, a number with units, or a timestamp.
func (s *scanner) number() {
	if n := s.dateLength(); n > 0 {
		s.timestamp(n)
		return
	}
	n := 0
	for {
		switch c := s.at(n); {
		case isDigit(rune(c)) || isLetter(rune(c)):
			n++
			continue
		case c == '.' && isDigit(rune(s.at(n+1))) && isDigit(rune(s.at(n-1))):
			n++
			continue
		case (c == '+' || c == '-') && n > 0 && (s.at(n-1) == 'e' || s.at(n-1) == 'E') && isDigit(rune(s.at(n+1))) &&
			s.exponent(n-1):
			n++
			continue
		case c == '%' && s.percentAfter(n):
			n++
		}
		break
	}
	start := s.pos
	t := s.take(TokNumber, n, "")
	if t.Kind == TokBad {
		return
	}
	if _, _, err := numberValue(t.Text); err != nil {
		s.literalError(s.span(start, s.pos), err)
	}
}

// exponent reports whether the e at offset n follows a plain number, so that a sign may follow it.
func (s *scanner) exponent(n int) bool {
	for i := range n {
		if c := s.at(i); !isDigit(rune(c)) && c != '.' && c != '_' {
			return false
		}
	}
	return n > 0
}

// percentAfter reports whether the % at offset n belongs to the number: it does unless an operand follows at once,
// since `10%3` is a remainder.
func (s *scanner) percentAfter(n int) bool {
	c := rune(s.at(n + 1))
	return !isDigit(c) && !isLetter(c) && c != '('
}

func (s *scanner) literalError(span diag.Span, err error) {
	var e *literalError
	if !errors.As(err, &e) {
		return
	}
	d := diag.Diagnostic{Code: e.code, Message: e.say, Span: span, Hint: e.hint}
	if e.text != "" {
		d.Fix = replace(span, e.text, "replace with `"+e.text+"`")
	}
	s.report(d)
}

// leadingDot reports `.5`, and goes on with it as `0.5`.
func (s *scanner) leadingDot() {
	if s.prev.EndsOperand() && s.prev.End == s.pos { // `a.5`: a field that begins with a digit
		s.take(TokPunct, 1, "")
		return
	}
	n := 1
	for isDigit(rune(s.at(n))) {
		n++
	}
	start := s.pos
	t := s.take(TokNumber, n, "0"+string(s.src[s.pos.Offset:s.pos.Offset+n]))
	s.report(diag.Diagnostic{Code: "W1005", Message: "a number begins with a digit", Span: s.span(start, s.pos),
		Fix: replace(s.span(start, s.pos), t.Text, "replace with `"+t.Text+"`")})
}

// dateLength counts the bytes of a date and what hangs on it, 0 where no date stands.
func (s *scanner) dateLength() int {
	const shape = "dddd-dd-dd"
	for i := range len(shape) {
		c := s.at(i)
		if shape[i] == 'd' && !isDigit(rune(c)) || shape[i] == '-' && c != '-' {
			return 0
		}
	}
	n := len(shape)
	if c := rune(s.at(n)); isDigit(c) {
		return 0
	}
	for {
		c := rune(s.at(n))
		zone := (c == '+' || c == '-') && isDigit(rune(s.at(n+1)))
		if !isDigit(c) && !isLetter(c) && !(c == ':' || c == '.') && !zone {
			break
		}
		if (c == ':' || c == '.') && !isDigit(rune(s.at(n+1))) {
			break
		}
		n++
	}
	if c := s.at(n); c == ' ' && isDigit(rune(s.at(n+1))) && isDigit(rune(s.at(n+2))) &&
		s.at(n+3) == ':' { // as SQL writes it
		n++
		for c := rune(s.at(n)); isDigit(c) || c == ':' || c == '.' || isLetter(c); c = rune(s.at(n)) {
			n++
		}
	}
	return n
}

func (s *scanner) timestamp(n int) {
	start := s.pos
	t := s.take(TokTime, n, "")
	if t.Kind == TokBad {
		return
	}
	if _, err := timeValue(t.Text); err != nil {
		s.literalError(s.span(start, s.pos), err)
	}
}

// timeValue reads an RFC 3339 timestamp.
func timeValue(text string) (time.Time, error) {
	v, err := time.Parse(time.RFC3339Nano, text)
	if err == nil {
		return v.UTC(), nil
	}
	e := &literalError{code: "W1008", say: fmt.Sprintf("`%s` is no timestamp", text),
		hint: "a timestamp has date, time and zone: `2026-01-01T00:00:10Z`"}
	for _, layout := range []string{"2006-01-02", "2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04:05",
		"2006-01-02 15:04", "2006-01-02 15:04:05Z07:00"} {
		if v, err := time.Parse(layout, text); err == nil {
			e.say, e.text = "a timestamp has a date, a time and a zone", v.UTC().Format(time.RFC3339)
			e.hint = ""
			break
		}
	}
	return time.Time{}, e
}

// numberValue reads a number: its kind and value as Literal has them. Durations may be compound: 1h30m.
func numberValue(text string) (LiteralKind, any, error) {
	if strings.HasPrefix(text, "0") && len(text) > 1 && (isDigit(rune(text[1])) || strings.ContainsRune("xXoObB",
		rune(text[1])) && len(text) > 2) {
		return Int, int64(0), leadingZero(text)
	}
	digits := mantissa(text)
	unit := text[digits:]
	if strings.Contains(text[:digits], "__") || strings.HasSuffix(text[:digits], "_") {
		return Int, int64(0), &literalError{code: "W1005", say: "`_` stands between two digits of a number"}
	}
	plain := strings.ReplaceAll(text[:digits], "_", "")
	if strings.Count(plain, ".") > 1 {
		return Float, 0.0, &literalError{code: "W1005", say: fmt.Sprintf("`%s` is no number", short(text))}
	}
	switch {
	case unit == "" && !strings.ContainsAny(plain, ".eE"):
		v, err := strconv.ParseInt(plain, 10, 64)
		if err != nil {
			return Int, int64(0), &literalError{code: "W1007", say: "this int is too large",
				hint: "an int has 64 bits: at most 9223372036854775807; write `" + short(plain) + ".0` for a float"}
		}
		return Int, v, nil
	case unit == "":
		v, err := strconv.ParseFloat(plain, 64)
		if err != nil {
			return Float, 0.0, &literalError{code: "W1007", say: "this float is too large",
				hint: "a float has 64 bits: at most 1.7976931348623157e308"}
		}
		return Float, v, nil
	case unit == "%":
		v, err := strconv.ParseFloat(plain, 64)
		if err != nil {
			return Percent, 0.0, &literalError{code: "W1007", say: "this percentage is too large"}
		}
		return Percent, v / 100, nil
	case sizes[unit] != 0:
		return sizeValue(plain, unit)
	}
	return durationValue(text, unit)
}

func short(s string) string {
	if len(s) > 24 {
		return s[:24] + "…"
	}
	return s
}

func leadingZero(text string) error {
	e := &literalError{code: "W1005", say: "a number does not begin with 0"}
	if v, err := strconv.ParseInt(text, 0, 64); err == nil && !isDigit(rune(text[1])) {
		e.say, e.text = "numbers are written in decimal", strconv.FormatInt(v, 10)
	} else if rest := strings.TrimLeft(text, "0_"); rest != "" && isDigit(rune(rest[0])) {
		e.text = rest
	}
	return e
}

// mantissa counts the bytes of the number without its unit.
func mantissa(text string) int {
	n := 0
	for n < len(text) && (isDigit(rune(text[n])) || text[n] == '_' || text[n] == '.') {
		n++
	}
	if n < len(text) && (text[n] == 'e' || text[n] == 'E') {
		k := n + 1
		if k < len(text) && (text[k] == '+' || text[k] == '-') {
			k++
		}
		if k < len(text) && isDigit(rune(text[k])) {
			for k < len(text) && isDigit(rune(text[k])) {
				k++
			}
			n = k
		}
	}
	return n
}

func sizeValue(plain, unit string) (LiteralKind, any, error) {
	v, err := strconv.ParseFloat(plain, 64)
	if n, e := strconv.ParseInt(plain, 10, 64); e == nil {
		if n > math.MaxInt64/sizes[unit] {
			return Size, int64(0), &literalError{code: "W1007", say: "this size is too large",
				hint: "a size is at most 8 EiB"}
		}
		return Size, n * sizes[unit], nil
	}
	bytes := v * float64(sizes[unit])
	if err != nil || bytes >= math.MaxInt64 {
		return Size, int64(0), &literalError{code: "W1007", say: "this size is too large",
			hint: "a size is at most 8 EiB"}
	}
	if bytes != math.Trunc(bytes) {
		return Size, int64(0), &literalError{code: "W1007", say: "a size is a whole number of bytes"}
	}
	return Size, int64(bytes), nil
}

func durationValue(text, unit string) (LiteralKind, any, error) {
	if strings.Trim(unit, "0123456789._eE") == "" { // 1.2.3, 1_, 1e
		return Int, int64(0), &literalError{code: "W1005", say: fmt.Sprintf("`%s` is no number", short(text))}
	}
	var total time.Duration
	for rest := text; rest != ""; {
		n := mantissa(rest)
		k := n
		for k < len(rest) && isLetter(rune(rest[k])) {
			k++
		}
		u := rest[n:k]
		per, ok := durations[u]
		if !ok || n == 0 {
			return Duration, time.Duration(0), unknownUnit(text, rest[:n], u)
		}
		v, ok := scale(strings.ReplaceAll(rest[:n], "_", ""), per)
		if !ok || total > math.MaxInt64-v {
			return Duration, time.Duration(0), &literalError{code: "W1007", say: "this duration is too long",
				hint: "a duration is at most 106751 days"}
		}
		total += v
		rest = rest[k:]
	}
	return Duration, total, nil
}

// scale multiplies exactly where the number is whole.
func scale(number string, per time.Duration) (time.Duration, bool) {
	if n, err := strconv.ParseInt(number, 10, 64); err == nil {
		return time.Duration(n) * per, n <= math.MaxInt64/int64(per)
	}
	v, err := strconv.ParseFloat(number, 64)
	v *= float64(per)
	return time.Duration(v), err == nil && v < math.MaxInt64
}

func unknownUnit(text, number, unit string) error {
	e := &literalError{code: "W1006", say: fmt.Sprintf("unknown unit `%s`", short(unit)),
		hint: "durations: ns us ms s m h d w; sizes: B kB MB GB TB KiB MiB GiB TiB; `%`"}
	meant, ok := unitWords[unit]
	if !ok {
		meant, ok = diag.Suggest(unit, unitNames)
	}
	if ok && text == number+unit {
		e.text = number + meant
	}
	return e
}

// str reads a string in double quotes.
func (s *scanner) str() {
	start, n := s.pos, 1
	for {
		c := s.at(n)
		switch {
		case s.pos.Offset+n >= len(s.src) || c == '\n':
			s.unterminated(start)
			return
		case c == '\\' && s.pos.Offset+n+1 < len(s.src) && s.at(n+1) != '\n':
			n += 2
			continue
		case c == '"':
			t := s.take(TokString, n+1, "")
			if t.Kind != TokBad {
				s.checkEscapes(t)
			}
			return
		}
		n++
	}
}

// unterminated reports a string that its line does not close, and goes on with what the line holds.
func (s *scanner) unterminated(start diag.Pos) {
	n := s.toLineEnd()
	raw := strings.TrimRight(string(s.src[start.Offset:start.Offset+n]), " \t\r")
	if !utf8.ValidString(raw) {
		s.invalidText(raw)
		return
	}
	s.take(TokBad, len(raw), "")
	s.report(diag.Diagnostic{Code: "W1003", Message: "this string is not closed", Span: s.span(start, s.pos),
		Label: "no `\"` before the line ends",
		Hint:  "a string stands on one line; a line break in it is written `\\n`"})
}

func (s *scanner) invalidText(raw string) {
	start := s.pos
	s.take(TokBad, len(raw), "")
	s.report(diag.Diagnostic{Code: "W1012", Message: "this is not UTF-8 text", Span: s.span(start, s.pos),
		Hint: "save the file as UTF-8"})
}

// checkEscapes reports every escape of a string that means nothing.
func (s *scanner) checkEscapes(t Token) {
	if !utf8.ValidString(t.Text) {
		s.report(diag.Diagnostic{Code: "W1012", Message: "this is not UTF-8 text", Span: s.span(t.Start, t.End),
			Hint: "save the file as UTF-8"})
		return
	}
	_, bad := unquote(t.Text)
	for _, b := range bad {
		start := advance(t.Start, t.Text[:b.at])
		d := diag.Diagnostic{Code: "W1004", Message: b.say, Span: s.span(start, advance(start,
			t.Text[b.at:b.at+b.n])),
			Hint: "escapes are `\\\"` `\\\\` `\\n` `\\t` `\\r` `\\u{1F600}`"}
		if b.text != "" {
			d.Fix, d.Hint = replace(d.Span, b.text, "replace with `"+b.text+"`"), ""
		}
		s.report(d)
	}
}

// badEscape is an escape that means nothing: n bytes at offset at.
type badEscape struct {
	at, n     int
	say, text string
}

// unquote gives the value of a string literal, and its escapes that mean nothing.
func unquote(raw string) (string, []badEscape) {
	var b strings.Builder
	var bad []badEscape
	body := raw[1 : len(raw)-1]
	for i := 0; i < len(body); {
		if body[i] != '\\' {
			b.WriteByte(body[i])
			i++
			continue
		}
		n := 2
		switch c := body[i+1]; c {
		case '"', '\\':
			b.WriteByte(c)
		case 'n':
			b.WriteByte('\n')
		case 't':
			b.WriteByte('\t')
		case 'r':
			b.WriteByte('\r')
		case 'u':
			r, size, say := unicodeEscape(body[i:])
			n = size
			if say != "" {
				bad = append(bad, badEscape{at: i + 1, n: n, say: say})
				break
			}
			b.WriteRune(r)
		default:
			_, size := utf8.DecodeRuneInString(body[i+1:])
			n = 1 + size
			e := badEscape{at: i + 1, n: n, say: fmt.Sprintf("unknown escape `%s`", body[i:i+n])}
			switch {
			case c == '\'' || c == '/' || c == '$' || c == '{':
				e.text = string(c)
			case strings.ContainsRune("dwsDWSb.*+?()[]|^", rune(c)): // a regular expression
				e.text = `\\` + string(c)
			}
			bad = append(bad, e)
		}
		i += n
	}
	return b.String(), bad
}

// unicodeEscape reads `\u{1F600}` at the start of s: the character, the bytes it takes, and what is wrong.
func unicodeEscape(s string) (rune, int, string) {
	if len(s) < 3 || s[2] != '{' {
		return 0, 2, "`\\u` is followed by a code point in braces: `\\u{E9}`"
	}
	end := strings.IndexByte(s, '}')
	if end < 0 {
		return 0, 3, "`\\u{` is not closed"
	}
	v, err := strconv.ParseUint(s[3:end], 16, 32)
	if err != nil || v > unicodeMax || !utf8.ValidRune(rune(v)) {
		return 0, end + 1, fmt.Sprintf("`%s` is no Unicode character", short(s[:end+1]))
	}
	return rune(v), end + 1, ""
}

const unicodeMax = 0x10FFFF

// singleQuoted reports `'x'`, and goes on with it as "x".
func (s *scanner) singleQuoted() {
	n := 1
	for c := s.at(n); c != '\'' && c != '\n' && s.pos.Offset+n < len(s.src); c = s.at(n) {
		n++
	}
	if s.at(n) != '\'' {
		start := s.pos
		s.take(TokBad, 1, "")
		s.report(diag.Diagnostic{Code: "W1024", Message: "strings stand in double quotes", Span: s.span(start,
			s.pos)})
		return
	}
	s.requote(n+1, 1, 1, "W1024", "strings stand in double quotes")
}

// typesetString reports `“x”`, and goes on with it as "x".
func (s *scanner) typesetString(open int) {
	line := string(s.src[s.pos.Offset : s.pos.Offset+s.toLineEnd()])
	end := strings.IndexAny(line[open:], "“”\"")
	if end < 0 {
		start := s.pos
		s.take(TokBad, open, "")
		s.report(diag.Diagnostic{Code: "W1042", Message: "this is a quotation mark of typesetting; write `\"`",
			Span: s.span(start, s.pos)})
		return
	}
	_, size := utf8.DecodeRuneInString(line[open+end:])
	s.requote(open+end+size, open, size, "W1042", "these are quotation marks of typesetting; write `\"`")
}

// requote takes a string of n bytes whose marks of open and end bytes are not ours.
func (s *scanner) requote(n, open, end int, code, say string) {
	start := s.pos
	body := string(s.src[start.Offset+open : start.Offset+n-end])
	if !utf8.ValidString(body) {
		s.invalidText(string(s.src[start.Offset : start.Offset+n]))
		return
	}
	text := `"` + quoteBody(body) + `"`
	s.take(TokString, n, text)
	d := diag.Diagnostic{Code: code, Message: say, Span: s.span(start, s.pos)}
	if !strings.Contains(body, `\\`) { // what an escape means elsewhere we do not know
		d.Fix = replace(d.Span, text, "replace with `"+short(text)+"`")
	}
	s.report(d)
}

var bodyEscapes = strings.NewReplacer("\\", "\\\\", "\"", "\\\"", "\n", "\\n", "\t", "\\t", "\r", "\\r")

func quoteBody(s string) string { return bodyEscapes.Replace(s) }
