package diag

import (
	"slices"
	"strings"
)

// CodeInfo says what a code means: `weir explain CODE` and the reference print it. Wrong is an example that gives the
// diagnostic, Right the same mended; both are .flow text, or empty where the cause is outside the file.
type CodeInfo struct {
	Code  string // W2103; never reused
	Title string // lower case, as the messages are
	About string // a few sentences: what is wrong, and why the language says no
	Wrong string
	Right string
}

// catalogues are the codes by range, a file each. W1 syntax, W2 names and types, W3 lint, W4 planning, W5 cost, W6
// running.
var catalogues = [][]CodeInfo{CodesW1, CodesW2, codesW20, codesW24, CodesW3, codesW31, CodesW4, CodesW5, CodesW6, codesW61, codesW62, codesS3, codesHDFS, codesW63, codesW64, codesW65}

// Codes gives the catalogue in the order of the codes.
func Codes() []CodeInfo {
	all := slices.Concat(catalogues...)
	slices.SortFunc(all, func(a, b CodeInfo) int { return strings.Compare(a.Code, b.Code) })
	return all
}

// Lookup finds a code; the case of its letter counts for nothing. ok is false where there is no such code.
func Lookup(code string) (info CodeInfo, ok bool) {
	code = strings.ToUpper(code)
	for _, list := range catalogues {
		for _, c := range list {
			if c.Code == code {
				return c, true
			}
		}
	}
	return CodeInfo{}, false
}

// Explain is the text of `weir explain CODE`: title, explanation, and the two examples. It ends with a line break.
func (c CodeInfo) Explain() string {
	var b strings.Builder
	b.WriteString(c.Code + ": " + c.Title + "\n\n" + c.About + "\n")
	for _, e := range []struct{ head, text string }{{"Wrong:", c.Wrong}, {"Right:", c.Right}} {
		if e.text == "" {
			continue
		}
		b.WriteString("\n" + e.head + "\n")
		for line := range strings.Lines(strings.TrimRight(e.text, "\n") + "\n") {
			b.WriteString("  " + line)
		}
	}
	return b.String()
}
