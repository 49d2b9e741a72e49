package compiler

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"weir/lang/diag"
)

// maxLine is the most characters of a message; texts of the file that it quotes may be longer.
const maxLine = 300

// tidy makes every message one line of bearable length: messages quote names, values and paths, which may hold
// anything.
func tidy(l diag.List) {
	for i := range l {
		d := &l[i]
		d.Message, d.Label, d.Hint = line(d.Message), line(d.Label), line(d.Hint)
	}
}

func line(s string) string {
	odd := func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }
	if strings.IndexFunc(s, odd) >= 0 {
		var b strings.Builder
		for _, r := range s {
			if odd(r) {
				q := strconv.QuoteRune(r)
				b.WriteString(q[1 : len(q)-1])
			} else {
				b.WriteRune(r)
			}
		}
		s = b.String()
	}
	if utf8.RuneCountInString(s) > maxLine {
		s = string([]rune(s)[:maxLine]) + "…"
	}
	return s
}
