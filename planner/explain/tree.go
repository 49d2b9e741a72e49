package explain

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Tree writes the plan as text for a terminal: a block a stage, in which an operator stands under the one that feeds it; then the rules with
// their reasons, and the risks. Width is where long lines are wrapped (reasons) or given a line of their own (columns, numbers); 0: 120.
func Tree(w io.Writer, m *Model, width int) error {
	if width <= 0 {
		width = 120
	}
	t := &tree{width: max(width, 40)}
	t.head(m)
	for _, s := range m.Stages {
		t.stage(s)
	}
	t.rules(m.Rules)
	if len(m.Risks) > 0 {
		t.line("risks")
		for _, r := range m.Risks {
			t.wrap("  ! ", "    ", r)
		}
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

type tree struct {
	b     strings.Builder
	width int
}

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
		t.entry(prefix, prefix+mark, rest, s.Ops[i])
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
func (t *tree) entry(prefix, mark, rest string, o *Op) {
	for _, e := range o.From {
		t.line(prefix + "← " + e.Text + source(e.Stage, e.Side, e.Port))
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
	more := ""
	if len(o.Set) > 0 {
		more += "   [" + strings.Join(o.Set, ", ") + "]"
	}
	if o.Columns != "" {
		more += "   → " + o.Columns
	}
	if n := o.Numbers(); len(n) > 0 {
		more += "   " + strings.Join(n, "   ")
	}
	if utf8.RuneCountInString(text+more) <= t.width {
		t.line(text + more)
		return
	}
	t.wrap("", rest+"  ", text)
	if more != "" {
		t.wrap(rest+"  ", rest+"    ", strings.TrimLeft(more, " "))
	}
}

func source(stage int, side string, port int) string {
	return fmt.Sprintf(" from stage %d%s", stage, sideText(side, port))
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

// rules writes what fired, then what declined, one block a rule.
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
		for _, r := range list {
			if r.Fired != fired {
				continue
			}
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
			t.wrap(mark+name+strings.Repeat(" ", long-utf8.RuneCountInString(name)+2), rest, why)
		}
	}
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
