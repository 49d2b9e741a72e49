package diag

import (
	"strings"
	"unicode"
)

// wide are the characters that take two columns of a terminal (Unicode UAX #11, East Asian Width W and F, and emoji).
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x1100, Hi: 0x115f, Stride: 1}, {Lo: 0x2e80, Hi: 0x303e, Stride: 1}, {Lo: 0x3041, Hi: 0x33ff, Stride: 1},
		{Lo: 0x3400, Hi: 0x4dbf, Stride: 1}, {Lo: 0x4e00, Hi: 0x9fff, Stride: 1}, {Lo: 0xa000, Hi: 0xa4cf, Stride: 1},
		{Lo: 0xa960, Hi: 0xa97f, Stride: 1}, {Lo: 0xac00, Hi: 0xd7a3, Stride: 1}, {Lo: 0xf900, Hi: 0xfaff, Stride: 1},
		{Lo: 0xfe30, Hi: 0xfe6f, Stride: 1}, {Lo: 0xff00, Hi: 0xff60, Stride: 1}, {Lo: 0xffe0, Hi: 0xffe6, Stride: 1},
	},
	R32: []unicode.Range32{
		{Lo: 0x1f300, Hi: 0x1f64f, Stride: 1}, {Lo: 0x1f680, Hi: 0x1f6ff, Stride: 1}, {Lo: 0x1f900, Hi: 0x1f9ff,
			Stride: 1},
		{Lo: 0x20000, Hi: 0x3fffd, Stride: 1},
	},
}

// runeWidth gives the columns that a character takes on a terminal: 0 for combining marks, 2 for wide ones.
func runeWidth(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me) || isFormat(r):
		return 0
	case unicode.Is(wide, r):
		return 2
	}
	return 1
}

// isFormat reports whether r is a character that shows nothing by itself, such as a change of direction.
func isFormat(r rune) bool { return unicode.Is(unicode.Cf, r) }

// isControl reports whether r could steer a terminal.
func isControl(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }

// printable replaces the characters of a text, which may quote a file, that would steer a terminal or reorder the
// text. Line breaks stay.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && (isControl(r) || isFormat(r)) {
			return '�'
		}
		return r
	}, s)
}
