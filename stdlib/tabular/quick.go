package tabular

import (
	"encoding/binary"
	"math/bits"
)

// What is in most lines is read by the functions below, which know the common forms and nothing else. ok is false for every other form, right or
// wrong: the scanner reads it then, from the same place. They look at bytes of one line, which ends behind its last value.

// quickText reads a string without escapes that begins at b[i]. Its letters are b[i+1:to], and b[to] is the quote.
func quickText(b []byte, i int) (to int, ok bool) {
	if i >= len(b) || b[i] != '"' {
		return 0, false
	}
	i++
	for i+8 <= len(b) {
		// As in scanner.text: the lowest byte that is a quote, a backslash or below 0x20.
		x := binary.LittleEndian.Uint64(b[i:])
		q, e := x^('"'*ones), x^('\\'*ones)
		if m := ((q-ones)&^q | (e-ones)&^e | (x-0x20*ones)&^x) & highs; m != 0 {
			i += bits.TrailingZeros64(m) >> 3
			return i, b[i] == '"'
		}
		i += 8
	}
	for ; i < len(b); i++ {
		if c := b[i]; c == '"' || c == '\\' || c < 0x20 {
			return i, c == '"'
		}
	}
	return 0, false
}

// quickEnd reports whether a number may end before this byte.
func quickEnd(c byte) bool { return c == ',' || c == '}' || c == ' ' }

// quickBool reads true, as 1, or false.
func quickBool(b []byte, i int) (x int64, to int, ok bool) {
	if len(b)-i < 6 {
		return 0, 0, false
	}
	if i += 4; string(b[i-4:i]) == "true" {
		x = 1
	} else if i++; string(b[i-5:i]) != "false" {
		return 0, 0, false
	}
	return x, i, quickEnd(b[i])
}

// quickInt reads an int of at most 18 digits.
func quickInt(b []byte, i int) (x int64, to int, ok bool) {
	negative := i < len(b) && b[i] == '-'
	if negative {
		i++
	}
	from := i
	for i < len(b) && b[i]-'0' < 10 {
		x = x*10 + int64(b[i]-'0')
		i++
	}
	if n := i - from; n == 0 || n > 18 || n > 1 && b[from] == '0' || i == len(b) || !quickEnd(b[i]) {
		return 0, 0, false
	}
	if negative {
		x = -x
	}
	return x, i, true
}

// powers of ten that a float has exactly.
var powers = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// quickFloat reads a number of at most 15 digits without an exponent. Its digits, as an integer, and the power of ten that they are divided by are
// floats without rounding, so that the division rounds once, as it should (Clinger 1990).
func quickFloat(b []byte, i int) (x float64, to int, ok bool) {
	negative := i < len(b) && b[i] == '-'
	if negative {
		i++
	}
	from := i
	var u uint64
	for i < len(b) && b[i]-'0' < 10 {
		u = u*10 + uint64(b[i]-'0')
		i++
	}
	digits, scale := i-from, 0
	if digits == 0 || digits > 15 || digits > 1 && b[from] == '0' || i == len(b) {
		return 0, 0, false
	}
	if b[i] == '.' {
		i++
		point := i
		for i < len(b) && b[i]-'0' < 10 {
			u = u*10 + uint64(b[i]-'0')
			i++
		}
		if scale = i - point; scale == 0 || digits+scale > 15 || i == len(b) {
			return 0, 0, false
		}
	}
	if !quickEnd(b[i]) || u == 0 { // -0 has a sign
		return 0, 0, false
	}
	x = float64(u) / powers[scale]
	if negative {
		x = -x
	}
	return x, i, true
}

// two reads two digits; what is none gives 100 or more.
func two(b []byte, i int) int {
	t, o := b[i]-'0', b[i+1]-'0'
	if t > 9 || o > 9 {
		return 1000
	}
	return int(t)*10 + int(o)
}

var monthDays = [13]int{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

// quickTime reads "2026-01-31T12:34:56.789Z", of the years 1700 to 2199, with at most nine digits behind the point or none, and gives the nanoseconds
// since 1970. to is behind the closing quote.
func quickTime(b []byte, i int) (t int64, to int, ok bool) {
	minute, ok := quickMinute(b, i)
	if !ok {
		return 0, 0, false
	}
	seconds, to, ok := quickSeconds(b, i+minuteBytes)
	return minute + seconds, to, ok
}

// minuteMemo reads times as quickTime does, and remembers the minute of the last one: the times of lines that follow each other are mostly near each
// other.
type minuteMemo struct {
	first, second uint64 // the letters up to the minute: 8, 8 and 1
	third         byte
	known         bool
	minute        int64
}

func (m *minuteMemo) time(b []byte, i int) (t int64, to int, ok bool) {
	if len(b)-i < minuteBytes+5 {
		return 0, 0, false
	}
	first, second, third := binary.LittleEndian.Uint64(b[i:]), binary.LittleEndian.Uint64(b[i+8:]), b[i+16]
	if !m.known || first != m.first || second != m.second || third != m.third {
		minute, ok := quickMinute(b, i)
		if !ok {
			return 0, 0, false
		}
		*m = minuteMemo{first, second, third, true, minute}
	}
	seconds, to, ok := quickSeconds(b, i+minuteBytes)
	return m.minute + seconds, to, ok
}

// minuteBytes is the length of the beginning of a time, with its quote, up to the minute.
const minuteBytes = 17

// quickMinute gives the nanoseconds since 1970 of the minute that a time begins with.
func quickMinute(b []byte, i int) (t int64, ok bool) {
	if len(b)-i < minuteBytes+5 || b[i] != '"' || b[i+5] != '-' || b[i+8] != '-' || b[i+11] != 'T' || b[i+14] != ':' {
		return 0, false
	}
	year := two(b, i+1)*100 + two(b, i+3)
	month, day, hour, minute := two(b, i+6), two(b, i+9), two(b, i+12), two(b, i+15)
	if year < 1700 || year > 2199 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 {
		return 0, false
	}
	days := monthDays[month]
	if month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0) {
		days = 29
	}
	if day > days {
		return 0, false
	}
	// Days since 1970 by Hinnant's algorithm: years that begin in March, eras of 400 years.
	y, m := year, month
	if m <= 2 {
		y, m = y-1, m+12
	}
	era := y / 400
	yoe := y - era*400
	doy := (153*(m-3)+2)/5 + day - 1
	epoch := int64(era*146097 + yoe*365 + yoe/4 - yoe/100 + doy - 719468)
	return ((epoch*24+int64(hour))*60 + int64(minute)) * 60_000_000_000, true
}

// quickSeconds reads the rest of a time, from the colon behind the minute on, of which there are five bytes at least.
func quickSeconds(b []byte, i int) (nanos int64, to int, ok bool) {
	second := two(b, i+1)
	if b[i] != ':' || second > 59 {
		return 0, 0, false
	}
	i += 3
	if b[i] == '.' {
		i++
		from := i
		for i < len(b) && b[i]-'0' < 10 {
			nanos = nanos*10 + int64(b[i]-'0')
			i++
		}
		n := i - from
		if n == 0 || n > 9 {
			return 0, 0, false
		}
		nanos *= tens[9-n]
	}
	if i+1 >= len(b) || b[i] != 'Z' || b[i+1] != '"' {
		return 0, 0, false
	}
	return nanos + int64(second)*1_000_000_000, i + 2, true
}

// tens are powers of ten.
var tens = [...]int64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8}
