// Package diag is what Weir says when something is wrong: diagnostics with a stable code, a place, a reason and,
// where there is one, a fix; and their renderings for people and for machines.
package diag

import "sort"

// Pos is a place in a file. Offset counts bytes from 0; Line and Col count from 1, Col in Unicode code points.
type Pos struct {
	Offset int `json:"offset"`
	Line   int `json:"line"`
	Col    int `json:"column"`
}

// Span is a half-open range of one file's text: End is the place after the last character. The zero Span says that a
// diagnostic has no place in a file (a missing file, a bad flag).
type Span struct {
	File  string `json:"file"`
	Start Pos    `json:"start"`
	End   Pos    `json:"end"`
}

// IsZero reports whether the span names no place.
func (s Span) IsZero() bool { return s.File == "" && s.Start.Line == 0 }

// To gives the span from the start of s to the end of t, which must lie in the same file.
func (s Span) To(t Span) Span { return Span{File: s.File, Start: s.Start, End: t.End} }

// Severity of a diagnostic. Only what is certain is an Error; a heuristic is a Warning, always.
type Severity uint8

const (
	Error Severity = iota
	Warning
	Info
)

func (s Severity) String() string { return [...]string{"error", "warning", "info"}[s] }

// MarshalText writes the severity as its name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Diagnostic is one finding.
type Diagnostic struct {
	Code     string    `json:"code"` // W2103: stable, never reused; see Codes
	Severity Severity  `json:"severity"`
	Message  string    `json:"message"`         // one line, lower case, names in `backquotes`
	Span     Span      `json:"span,omitzero"`   // what the carets underline
	Label    string    `json:"label,omitempty"` // said beside the carets: "after `align` a row has: query, …"
	Related  []Related `json:"related,omitempty"`
	Notes    []string  `json:"notes,omitempty"` // each a line of its own under the source: "= note: …"
	Hint     string    `json:"hint,omitempty"`  // what to do, where no mechanical fix exists: "= hint: …"
	Fix      *Fix      `json:"fix,omitempty"`   // a mechanical fix that `weir check --fix` applies
}

// Related points at a second place that explains the first: where the name was declared, say.
type Related struct {
	Span  Span   `json:"span"`
	Label string `json:"label"`
}

// Fix is a mechanical change that repairs the finding. Message reads after "fix: ".
type Fix struct {
	Message string `json:"message"`
	Edits   []Edit `json:"edits"`
}

// Edit replaces the text of Span by New.
type Edit struct {
	Span Span   `json:"span"`
	New  string `json:"new"`
}

// List is findings in any order.
type List []Diagnostic

// Add appends one finding.
func (l *List) Add(d Diagnostic) { *l = append(*l, d) }

// HasErrors reports whether one of the findings is an Error.
func (l List) HasErrors() bool {
	for _, d := range l {
		if d.Severity == Error {
			return true
		}
	}
	return false
}

// Sort orders findings by file, place and code, so that output is stable.
func (l List) Sort() {
	sort.SliceStable(l, func(i, j int) bool {
		a, b := l[i], l[j]
		if a.Span.File != b.Span.File {
			return a.Span.File < b.Span.File
		}
		if a.Span.Start.Offset != b.Span.Start.Offset {
			return a.Span.Start.Offset < b.Span.Start.Offset
		}
		return a.Code < b.Code
	})
}
