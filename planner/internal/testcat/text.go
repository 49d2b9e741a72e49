package testcat

import (
	"fmt"
	"sort"
	"strings"

	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/planner/physical"
)

// Text writes a logical plan, a node a line: ID, operator, arguments by name, inputs by port, columns.
//
//	2 keep(cond: length(sequence) >= 30) ← 1 → id, sequence
func Text(p *logical.Plan) string {
	var b strings.Builder
	for _, n := range p.Nodes {
		fmt.Fprintf(&b, "%d %s(%s)", n.ID, n.Op, args(n))
		for port, ins := range n.Inputs {
			if port == 0 {
				b.WriteString(" ← ")
			} else {
				b.WriteString(" | ")
			}
			for i, in := range ins {
				if i > 0 {
					b.WriteString(" + ")
				}
				fmt.Fprint(&b, in.Node)
				if in.Side != "" {
					b.WriteString("." + in.Side)
				}
			}
		}
		if len(n.Out.Row) > 0 {
			b.WriteString(" → " + Columns(n.Out.Row))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func args(n *logical.Node) string {
	var names, parts []string
	for name := range n.Args {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		a := n.Args[name]
		if a.Default {
			continue
		}
		text := a.String()
		if a.Ports != nil {
			text = fmt.Sprint("port ", a.Ports)
		}
		parts = append(parts, name+": "+text)
	}
	return strings.Join(parts, ", ")
}

// Columns writes a row without types, records with their fields: query{id, sequence}, score.
func Columns(r types.Row) string {
	parts := make([]string, len(r))
	for i, f := range r {
		parts[i] = f.Name
		if f.Type.Kind == types.Record {
			parts[i] += "{" + Columns(f.Type.Fields) + "}"
		}
		if f.Type.Nullable {
			parts[i] += "?"
		}
	}
	return strings.Join(parts, ", ")
}

// Stages writes the stages of a physical plan, an operator a line.
func Stages(p *physical.Plan) string {
	var b strings.Builder
	for _, s := range p.Stages {
		fmt.Fprintf(&b, "stage %d ×%d", s.ID, s.Parallelism)
		if len(s.After) > 0 {
			fmt.Fprintf(&b, " after %v", s.After)
		}
		b.WriteByte('\n')
		for k, o := range s.Ops {
			fmt.Fprintf(&b, "  %d: %d %s", k, o.Node, p.Node(o.Node).Op)
			if o.Part != physical.Whole {
				fmt.Fprintf(&b, " %s %d", o.Part, o.Port)
			}
			for port, ins := range o.Inputs {
				for _, in := range ins {
					fmt.Fprintf(&b, " ← %d", in.Op)
					if in.Side != "" {
						b.WriteString("." + in.Side)
					}
					if port > 0 {
						fmt.Fprintf(&b, " (port %d)", port)
					}
				}
			}
			for _, x := range s.Inputs {
				if x.To != k {
					continue
				}
				fmt.Fprintf(&b, " ← %s", x.Kind)
				for _, key := range x.Keys {
					fmt.Fprintf(&b, " by %s", key.Expr)
				}
				if x.Order != "" {
					fmt.Fprintf(&b, " in order of %s", x.Order)
				}
				fmt.Fprintf(&b, " from %d/%d", x.Stage, x.From)
				if x.Side != "" {
					b.WriteString("." + x.Side)
				}
				if x.Port > 0 {
					fmt.Fprintf(&b, " (port %d)", x.Port)
				}
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}
