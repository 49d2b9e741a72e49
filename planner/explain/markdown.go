package explain

import (
	"fmt"
	"io"
	"strings"
)

// Markdown writes the plan as tables, for a pull request: stages and operators, rules, risks.
func Markdown(w io.Writer, m *Model) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## Plan of %s\n\nTarget %s, parallelism %d, plan `%s`\n", cell(m.File), cell(m.Target),
		m.Parallelism, short(m.Hash))
	if len(m.Params) > 0 {
		b.WriteString("\n| parameter | value |\n| --- | --- |\n")
		for _, p := range m.Params {
			given := ""
			if p.Given {
				given = " (-p)"
			}
			fmt.Fprintf(&b, "| %s | %s%s |\n", cell(p.Name), code(p.Value), given)
		}
	}
	b.WriteString("\n| stage | tasks | operator | input | rows | bytes | cells |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for _, s := range m.Stages {
		for k, o := range s.Ops {
			stage, tasks := "", ""
			if k == 0 {
				stage, tasks = fmt.Sprint(s.ID), fmt.Sprint(s.Tasks)
			}
			var in []string
			for _, f := range o.Feeds {
				in = append(in, s.Ops[f.Op].Title()+sideText(f.Side, f.Port))
			}
			for _, e := range o.From {
				in = append(in, e.Text+e.source())
			}
			call := code(o.Call())
			if len(o.Set) > 0 {
				call += " with " + code(strings.Join(o.Set, ", "))
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", stage, tasks, call, cell(strings.Join(in, "; ")),
				cell(o.Rows), cell(o.Bytes), cell(o.Cells))
		}
	}
	if len(m.Rules) > 0 {
		b.WriteString("\n| rule | | at | why |\n| --- | --- | --- | --- |\n")
		for _, r := range m.Rules {
			mark := "declined"
			if r.Fired {
				mark = "fired"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.Name, mark, cell(r.Node), cell(r.Why))
		}
	}
	if len(m.Risks) > 0 {
		b.WriteString("\n### Risks\n\n")
		for _, r := range m.Risks {
			b.WriteString("- " + cell(r) + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

var cellEscapes = strings.NewReplacer("|", `\|`, "\n", " ", "\r", "", "<", "&lt;")

// cell writes text into a table; code spans in it stay.
func cell(s string) string { return cellEscapes.Replace(s) }

// code writes text as a code span that holds whatever backquotes it has.
func code(s string) string {
	s = strings.NewReplacer("|", `\|`, "\n", " ", "\r", "").Replace(s)
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	if len(fence) > 1 {
		return fence + " " + s + " " + fence
	}
	return fence + s + fence
}
