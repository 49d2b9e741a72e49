package explain

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Tree writes the plan as text for a terminal: a block a stage, in which an operator stands under the one that feeds
// it; then the rules with their reasons, and the risks. Width is where long lines are wrapped (reasons) or given a line
// of their own (columns, numbers); 0: 120.
func Tree(w io.Writer, m *Model, width int) error {
	if width <= 0 {
		width = 120
	}
	t := &tree{width: max(width, 40), file: m.File}
	t.head(m)
	for _, s := range m.Stages {
		t.stage(s)
	}
	t.rules(m.Rules)
	if len(m.Risks) > 0 {
		t.line("risks")
		for _, r := range m.Risks {
			t.wrap("  ! ", "    ", t.short(r))
		}
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

type tree struct {
	b     strings.Builder
	width int
	file  string
}

// short leaves the name of the plan's own file out of a place: "filter (line 12)".
func (t *tree) short(s string) string { return strings.ReplaceAll(s, "("+t.file+":", "(line ") }

func (t *tree) line(s string) {
	t.b.WriteString(strings.TrimRight(s, " "))
	t.b.WriteByte('\n')
}

func (t *tree) head(m *Model) {
	t.line(fmt.Sprintf("%s   target %s, parallelism %d   plan %s", m.File, m.Target, m.Parallelism, short(m.Hash)))
	if len(m.Params) == 0 {
		return
	}
	var parts []string
	for _, p := range m.Params {
		s := p.Name + " = " + p.Value
		if p.Given {
			s += " (-p)"
		}
		parts = append(parts, s)
	}
	t.wrap("params  ", "        ", strings.Join(parts, "   "))
}

// short cuts a hash: sha256:1f0c93a2b7d4.
func short(hash string) string {
	const digits = len("sha256:") + 12
	if len(hash) > digits {
		return hash[:digits] + "…"
	}
	return hash
}

func (t *tree) stage(s *Stage) {
	parts := []string{fmt.Sprintf("stage %d", s.ID), Tasks(s.Tasks)}
	if len(s.After) > 0 {
		var ids []string
		for _, id := range s.After {
			ids = append(ids, fmt.Sprint(id))
		}
		parts = append(parts, "after stage "+strings.Join(ids, ", "))
	}
	if s.Work != "" {
		parts = append(parts, s.Work)
	}
	t.line(strings.Join(parts, "   "))
	children := map[int][]int{}
	var roots []int
	for i, o := range s.Ops {
		if len(o.Feeds) == 0 {
			roots = append(roots, i)
			continue
		}
		children[o.Feeds[0].Op] = append(children[o.Feeds[0].Op], i)
	}
	for _, r := range roots {
		t.op(s, r, "  ", "", children)
	}
}

// maxIndent bounds how far operators move to the right, in characters.
const maxIndent = 40

// op writes an operator and, under it, those that it feeds. Prefix stands before the operators under its parent.
func (t *tree) op(s *Stage, i int, prefix, mark string, children map[int][]int) {
	for {
		next := children[i]
		under := prefix
		switch {
		case utf8.RuneCountInString(prefix) >= maxIndent:
		case mark == "├ ":
			under += "│ "
		case mark != "":
			under += "  "
		}
		rest := under
		if len(next) > 0 {
			rest += "│ "
		} else {
			rest += "  "
		}
		t.entry(s, prefix, prefix+mark, rest, s.Ops[i])
		if len(next) == 0 {
			return
		}
		for _, c := range next[:len(next)-1] {
			t.op(s, c, under, "├ ", children)
		}
		i, prefix, mark = next[len(next)-1], under, "└ "
	}
}

// entry writes the operator, behind mark, and what else there is to say, behind rest.
func (t *tree) entry(s *Stage, prefix, mark, rest string, o *Op) {
	for _, e := range o.From {
		t.line(prefix + "← " + e.Text + e.source())
	}
	side := ""
	if len(o.Feeds) > 0 && o.Feeds[0].Side != "" {
		side = "." + o.Feeds[0].Side + " "
	}
	text := mark + side + o.Call()
	if len(o.Feeds) > 1 {
		for _, f := range o.Feeds[1:] {
			text += fmt.Sprintf("   + operator %d%s", f.Op, sideText(f.Side, f.Port))
		}
	}
	t.pack(text, rest+"  ", t.details(s, o))
}

// details lists what there is to say of an operator besides its call. What is as it was before is left out: the columns
// of a filter, the rows behind definitions.
func (t *tree) details(s *Stage, o *Op) []string {
	before := &Op{}
	if len(o.Feeds) == 1 && o.Feeds[0].Side == "" {
		before = s.Ops[o.Feeds[0].Op]
	}
	var out []string
	if len(o.Set) > 0 {
		out = append(out, "["+strings.Join(o.Set, ", ")+"]")
	}
	switch added, more := strings.CutPrefix(o.Columns, before.Columns+", "); {
	case o.Columns == "" || o.Columns == before.Columns:
	case more && before.Columns != "":
		out = append(out, "→ … "+added)
	default:
		out = append(out, "→ "+o.Columns)
	}
	for i, n := range o.Numbers() {
		if i > 0 || n != before.Rows {
			out = append(out, n)
		}
	}
	return out
}

// pack writes text and, as long as they fit, the details behind it; the others on lines of their own, none cut in two
// unless it must be.
func (t *tree) pack(text, rest string, details []string) {
	const gap = "   "
	width := utf8.RuneCountInString
	if width(text) > t.width {
		t.wrap("", rest+"  ", text)
		text = ""
	}
	for _, d := range details {
		switch {
		case text != "" && width(text)+len(gap)+width(d) <= t.width:
			text += gap + d
			continue
		case text != "":
			t.line(text)
		}
		text = rest + d
		if width(text) > t.width {
			t.wrap(rest, rest+"  ", d)
			text = ""
		}
	}
	if text != "" {
		t.line(text)
	}
}

// source writes where an exchange comes from: " from stage 0", " from fasta.rejected in stage 0".
func (e *Edge) source() string {
	s := " from "
	if e.Side != "" {
		s += e.Name + "." + e.Side + " in "
	}
	s += fmt.Sprintf("stage %d", e.Stage)
	return s + sideText("", e.Port)
}

func sideText(side string, port int) string {
	s := ""
	if side != "" {
		s += " ." + side
	}
	if port > 0 {
		s += fmt.Sprintf(" (input %d)", port+1)
	}
	return s
}

// rules writes what fired, then what declined, one block a rule; operators of which the same is to be said share a
// line.
func (t *tree) rules(list []Rule) {
	if len(list) == 0 {
		return
	}
	t.line("rules")
	long := 0
	for _, r := range list {
		long = max(long, utf8.RuneCountInString(r.Name))
	}
	rest := strings.Repeat(" ", long+6)
	for _, fired := range []bool{true, false} {
		last := ""
		for _, r := range joined(list, fired) {
			mark, name, why := "  ✓ ", r.Name, r.Why
			if !fired {
				mark, why = "  ✗ ", "declined: "+why
			}
			if r.Node != "" {
				why = r.Node + ": " + why
			}
			if name == last {
				mark, name = "    ", ""
			} else {
				last = name
			}
			t.wrap(mark+name+strings.Repeat(" ", long-utf8.RuneCountInString(name)+2), rest, t.short(why))
		}
	}
}

// joined gives the decisions that fired, or those that did not; neighbours of one rule and reason as one, with the
// names of all their nodes.
func joined(list []Rule, fired bool) []Rule {
	var out []Rule
	for _, r := range list {
		if r.Fired != fired {
			continue
		}
		if k := len(out) - 1; k >= 0 && out[k].Name == r.Name && out[k].Why == r.Why {
			out[k].Node += ", " + r.Node
			continue
		}
		out = append(out, r)
	}
	return out
}

// wrap writes text behind first, its further lines behind rest.
func (t *tree) wrap(first, rest, text string) {
	line, empty := first, true
	for _, word := range strings.Split(text, " ") {
		if !empty && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > t.width {
			t.line(line)
			line, empty = rest, true
		}
		if !empty {
			line += " "
		}
		line += word
		empty = false
	}
	t.line(line)
}
