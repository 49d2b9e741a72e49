package diag

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Text writes the findings for people, in the order given, with a blank line between two of them:
//
//	error[W2103]: unknown column `scor`
//	  ┌─ pairwise.flow:13:13
//	13│   |> filter(scor >= cutoff)
//	  │             ^^^^ after `align` a row has: query, target, score, …
//	  = fix: replace with `score`        (weir check --fix)      more: weir explain W2103
//
// With color, ANSI sequences mark severity, gutter and carets. The error is the writer's.
func Text(w io.Writer, list List, sources Sources, color bool) error {
	var b bytes.Buffer
	for i, d := range list {
		if i > 0 {
			b.WriteByte('\n')
		}
		t := textWriter{b: &b, sources: sources, paint: color, severity: d.Severity}
		t.finding(d)
		if b.Len() > 1<<16 {
			if _, err := w.Write(b.Bytes()); err != nil {
				return err
			}
			b.Reset()
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// ANSI sequences.
const (
	bold  = "\x1b[1m"
	red   = "\x1b[1;31m"
	amber = "\x1b[1;33m"
	cyan  = "\x1b[1;36m"
	blue  = "\x1b[34m"
	reset = "\x1b[0m"
)

type textWriter struct {
	b        *bytes.Buffer
	sources  Sources
	paint    bool
	severity Severity
	gutter   int // width of the line numbers
}

func (t *textWriter) color(code, s string) string {
	if !t.paint || s == "" {
		return s
	}
	return code + s + reset
}

func (t *textWriter) severityColor() string { return [...]string{red, amber, cyan}[t.severity] }

func (t *textWriter) finding(d Diagnostic) {
	t.gutter = len(strconv.Itoa(max(d.Span.Start.Line, d.Span.End.Line, 1)))
	for _, r := range d.Related {
		t.gutter = max(t.gutter, len(strconv.Itoa(max(r.Span.Start.Line, r.Span.End.Line))))
	}
	t.gutter = max(t.gutter, 2)
	fmt.Fprintf(t.b, "%s%s\n", t.color(t.severityColor(), d.Severity.String()+"["+d.Code+"]"), t.color(bold,
		": "+t.clean(d.Message)))
	if !d.Span.IsZero() {
		t.snippet("┌─", d.Span, d.Label, "^", t.severityColor())
	} else if d.Label != "" {
		t.trailer("note: " + d.Label)
	}
	for _, r := range d.Related {
		if !r.Span.IsZero() {
			t.snippet("├─", r.Span, r.Label, "-", blue)
		}
	}
	for _, n := range d.Notes {
		t.trailer("note: " + n)
	}
	more := ""
	if _, known := Lookup(d.Code); known {
		more = "more: weir explain " + d.Code
	}
	last := more
	switch {
	case d.Fix != nil:
		if d.Hint != "" {
			t.trailer("hint: " + d.Hint)
		}
		last = join("fix: "+d.Fix.Message+"        (weir check --fix)", more)
	case d.Hint != "":
		last = join("hint: "+d.Hint, more)
	}
	if last != "" {
		t.trailer(last)
	}
}

func join(s, more string) string {
	if more == "" {
		return s
	}
	return s + "      " + more
}

// clean makes a text fit to be shown; its further lines are indented.
func (t *textWriter) clean(s string) string {
	return strings.ReplaceAll(printable(s), "\n", "\n"+strings.Repeat(" ", t.gutter+2))
}

// trailer writes a line below the excerpt.
func (t *textWriter) trailer(s string) {
	fmt.Fprintf(t.b, "%*s %s %s\n", t.gutter-1, "", t.color(blue, "="), t.clean(s))
}

// snippet shows the lines of a span: all of one or two lines, else the first and the last.
func (t *textWriter) snippet(corner string, s Span, label, mark, color string) {
	where := t.clean(s.File)
	if s.Start.Line > 0 {
		where += ":" + strconv.Itoa(s.Start.Line) + ":" + strconv.Itoa(s.Start.Col)
	}
	fmt.Fprintf(t.b, "%*s%s %s\n", t.gutter, "", t.color(blue, corner), where)
	var src []byte
	if t.sources != nil {
		src = t.sources(s.File)
	}
	if s.Start.Line == 0 || src == nil || s.Start.Offset > len(src) {
		if label != "" {
			t.trailer("note: " + label)
		}
		return
	}
	first := lineAt(src, s.Start.Offset)
	if s.End.Line <= s.Start.Line {
		t.line(s.Start.Line, first, s.Start.Col, s.End.Col, label, mark, color)
		return
	}
	t.line(s.Start.Line, first, s.Start.Col, utf8.RuneCountInString(first)+1, "", mark, color)
	if s.End.Line > s.Start.Line+1 {
		fmt.Fprintf(t.b, "%*s%s\n", t.gutter, "", t.color(blue, "·"))
	}
	last := lineAt(src, min(s.End.Offset, len(src)))
	indent := len(last) - len(strings.TrimLeft(last, " \t"))
	t.line(s.End.Line, last, min(indent+1, s.End.Col), s.End.Col, label, mark, color)
}

// line shows one line of the source and marks the columns from up to, not including, to.
func (t *textWriter) line(number int, text string, from, to int, label, mark, color string) {
	shown, lead, width := layout(text, from, to)
	fmt.Fprintf(t.b, "%s %s\n", t.color(blue, fmt.Sprintf("%*d│", t.gutter, number)), shown)
	marks := t.color(color, strings.Repeat(mark, width))
	if label != "" {
		label = " " + t.color(color, t.clean(label))
	}
	fmt.Fprintf(t.b, "%*s%s %s%s%s\n", t.gutter, "", t.color(blue, "│"), strings.Repeat(" ", lead), marks, label)
}

// lineAt gives the line around a byte, without its line break.
func lineAt(src []byte, offset int) string {
	start := bytes.LastIndexByte(src[:offset], '\n') + 1
	end := len(src)
	if i := bytes.IndexByte(src[offset:], '\n'); i >= 0 {
		end = offset + i
	}
	line := strings.TrimSuffix(string(src[start:end]), "\r")
	if start == 0 {
		line = strings.TrimPrefix(line, "\uFEFF")
	}
	return line
}

// Columns of context that a very long line keeps around the marks.
const (
	contextBefore = 60
	contextAfter  = 100
)

// layout makes a line fit to be shown: tabs become spaces, control characters a replacement character, and a very
// long line is cut around the marks. It gives the columns on the screen before the marks, and of the marks.
func layout(text string, from, to int) (shown string, lead, width int) {
	var b strings.Builder
	col, at := 1, 0
	first, last := from-contextBefore, max(to, from+1)
	if last-from > contextAfter {
		last = from + contextAfter
	}
	last += contextAfter
	if utf8.RuneCountInString(text) <= contextBefore+contextAfter {
		first, last = 1, 1<<30
	}
	if first > 1 {
		b.WriteRune('…')
		at = 1
	}
	for _, r := range text {
		if col >= last {
			b.WriteRune('…')
			break
		}
		if col < first {
			col++
			continue
		}
		w := runeWidth(r)
		switch {
		case r == '\t':
			w = 4 - at%4
			b.WriteString(strings.Repeat(" ", w))
		case isControl(r) || r == utf8.RuneError:
			w = 1
			b.WriteRune('�')
		case w == 0 && isFormat(r): // could reorder or hide what is shown
			w = 1
			b.WriteRune('�')
		default:
			b.WriteRune(r)
		}
		at += w
		if col < from {
			lead = at
		} else if col < to {
			width += w
		}
		col++
	}
	if first > 1 && lead == 0 {
		lead = 1
	}
	return strings.TrimRight(b.String(), " "), lead, max(width, 1)
}
