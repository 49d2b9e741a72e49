package explain

import (
	"fmt"
	"io"
	"strings"
)

// edge is a line of a drawing, between operators that are named s0o1.
type edge struct {
	from, to, label string
	exchange        bool
}

func nodeName(stage, op int) string { return fmt.Sprintf("s%do%d", stage, op) }

func edges(m *Model) []edge {
	var out []edge
	for _, s := range m.Stages {
		for k, o := range s.Ops {
			for _, f := range o.Feeds {
				out = append(out, edge{nodeName(s.ID, f.Op), nodeName(s.ID, k), strings.TrimSpace(sideText(f.Side,
					f.Port)), false})
			}
			for _, e := range o.From {
				out = append(out, edge{nodeName(e.Stage, e.Op), nodeName(s.ID, k), e.Text + sideText(e.Side, e.Port),
					true})
			}
		}
		for _, a := range s.After {
			from := m.Stages[a]
			out = append(out, edge{nodeName(a, len(from.Ops)-1), nodeName(s.ID, 0), "blocks", true})
		}
	}
	return out
}

func labelLines(o *Op) []string {
	lines := []string{cut(o.Call(), 60)}
	if len(o.Set) > 0 {
		lines = append(lines, cut(strings.Join(o.Set, ", "), 60))
	}
	if n := o.Numbers(); len(n) > 0 {
		lines = append(lines, strings.Join(n, ", "))
	}
	return lines
}

// cut shortens a text to at most n characters.
func cut(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

// DOT writes the plan for Graphviz: a cluster a stage, dashed lines for exchanges.
func DOT(w io.Writer, m *Model) error {
	var b strings.Builder
	b.WriteString("digraph plan {\n  rankdir=TB\n  node [shape=box, fontname=\"sans-serif\"]\n")
	fmt.Fprintf(&b, "  label=%s\n", dotQuote(m.File+"\n"+short(m.Hash)))
	for _, s := range m.Stages {
		fmt.Fprintf(&b, "  subgraph cluster_%d {\n    label=%s\n", s.ID, dotQuote(fmt.Sprintf("stage %d, %s", s.ID,
			Tasks(s.Tasks))))
		for k, o := range s.Ops {
			fmt.Fprintf(&b, "    %s [label=%s]\n", nodeName(s.ID, k), dotQuote(strings.Join(labelLines(o), "\n")))
		}
		b.WriteString("  }\n")
	}
	for _, e := range edges(m) {
		style := ""
		if e.exchange {
			style = ", style=dashed"
		}
		fmt.Fprintf(&b, "  %s -> %s [label=%s%s]\n", e.from, e.to, dotQuote(e.label), style)
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

var dotEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", "")

func dotQuote(s string) string { return `"` + dotEscapes.Replace(s) + `"` }

// Mermaid writes the plan as a flowchart: a subgraph a stage, dotted lines for exchanges.
func Mermaid(w io.Writer, m *Model) error {
	var b strings.Builder
	b.WriteString("flowchart TB\n")
	for _, s := range m.Stages {
		fmt.Fprintf(&b, "  subgraph stage%d[\"stage %d, %s\"]\n", s.ID, s.ID, Tasks(s.Tasks))
		for k, o := range s.Ops {
			fmt.Fprintf(&b, "    %s[\"%s\"]\n", nodeName(s.ID, k), mermaidText(strings.Join(labelLines(o), "\n")))
		}
		b.WriteString("  end\n")
	}
	for _, e := range edges(m) {
		arrow := "-->"
		if e.exchange {
			arrow = "-.->"
		}
		if e.label != "" {
			arrow += "|\"" + mermaidText(e.label) + "\"|"
		}
		fmt.Fprintf(&b, "  %s %s %s\n", e.from, arrow, e.to)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// mermaidEscapes writes what has a meaning in Mermaid or HTML as entities: `#` begins one.
var mermaidEscapes = strings.NewReplacer("#", "#35;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", "&", "#amp;", "`",
	"#96;", "\n", "<br/>", "\r", "")

func mermaidText(s string) string { return mermaidEscapes.Replace(s) }
