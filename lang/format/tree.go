package format

import (
	"unicode/utf8"

	"weir/lang/syntax"
)

// node is a token, or a bracket with its parts.
type node struct {
	tok   *token // the token, or the opening bracket
	group *group // nil for a token
	space bool   // a space before it when it does not begin a line
}

// group is what stands between two brackets. A part ends with its comma, where it has one.
type group struct {
	open, close *token
	parts       [][]node
	test        bool // the body of a test: its parts are steps
}

// nest builds the nodes of a declaration.
func nest(tokens []*token) []node {
	b := builder{tokens: tokens}
	return b.until("")
}

type builder struct {
	tokens []*token
	at     int
}

// until reads nodes up to a closing bracket, which it leaves.
func (b *builder) until(closer string) []node {
	var nodes []node
	for b.at < len(b.tokens) && (closer == "" || !b.tokens[b.at].Is(closer)) {
		nodes = append(nodes, b.one())
	}
	return nodes
}

func (b *builder) one() node {
	t := b.tokens[b.at]
	n := node{tok: t, space: b.at > 0 && spaced(b.before(2), b.tokens[b.at-1], t)}
	b.at++
	closer := map[string]string{"(": ")", "[": "]", "{": "}"}[t.Text]
	if t.Kind != syntax.TokPunct || closer == "" {
		return n
	}
	g := &group{open: t}
	var part []node
	angles := 0 // open `<` of types, whose commas end no part
	for b.at < len(b.tokens) && !b.tokens[b.at].Is(closer) {
		if b.tokens[b.at].step && len(part) > 0 {
			g.parts, part = append(g.parts, part), nil
		}
		g.test = g.test || b.tokens[b.at].step
		m := b.one()
		part = append(part, m)
		if m.tok.tight && m.tok.Is("<") {
			angles++
		} else if m.tok.tight {
			angles--
		}
		if m.tok.Is(",") && angles == 0 {
			g.parts, part = append(g.parts, part), nil
		}
	}
	if len(part) > 0 {
		g.parts = append(g.parts, part)
	}
	g.close = b.tokens[b.at]
	b.at++
	n.group = g
	return n
}

// before gives the token n places before the one at hand, nil where there is none.
func (b *builder) before(n int) *token {
	if b.at < n {
		return nil
	}
	return b.tokens[b.at-n]
}

// spaced reports whether a space stands between a and b; before is the token before a.
func spaced(before, a, b *token) bool {
	switch {
	case a.tight && a.Is("<"), b.tight:
		return false
	case a.Is("("), a.Is("["), a.Is("."), b.Is("."), b.Is(","), b.Is(":"), b.Is("?"), b.Is(")"), b.Is("]"):
		return false
	case a.Is("{") && b.Is("}"):
		return false
	case a.Is("-") && (before == nil || !before.EndsOperand()): // unary; `--` looks like a comment
		return b.Is("-")
	case b.Is("("), b.Is("["):
		return !a.EndsOperand()
	}
	return true
}

// width is the columns of nodes on one line.
func width(nodes []node) int {
	w := 0
	for i, n := range nodes {
		if i > 0 && n.space {
			w++
		}
		w += utf8.RuneCountInString(n.tok.Text)
		if g := n.group; g != nil {
			for j, p := range g.parts {
				if p[0].space || j > 0 {
					w++
				}
				w += width(p)
			}
			if g.open.Is("{") && len(g.parts) > 0 {
				w++
			}
			w++
		}
	}
	return w
}

// oneLine reports whether nodes may stand on one line: no comment but behind the last token, no list or record that
// is meant to have a line an element, no test with steps.
func oneLine(nodes []node) bool {
	for i, n := range nodes {
		if i > 0 && len(n.tok.lead) > 0 {
			return false
		}
		last := i == len(nodes)-1
		if n.group == nil {
			if n.tok.trail != nil && !last {
				return false
			}
			continue
		}
		if mustBreak(n.group) || n.group.close.trail != nil && !last {
			return false
		}
	}
	return true
}

// mustBreak reports whether a group cannot stand on one line.
func mustBreak(g *group) bool {
	if g.open.trail != nil || len(g.close.lead) > 0 || g.test {
		return true
	}
	for i, p := range g.parts {
		if len(p[0].tok.lead) > 0 || !oneLine(p) || end(p).trail != nil {
			return true
		}
		if i == 0 && p[0].tok.newline && !g.open.Is("(") {
			return true
		}
	}
	return false
}

// end is the last token of nodes.
func end(nodes []node) *token {
	n := nodes[len(nodes)-1]
	if n.group != nil {
		return n.group.close
	}
	return n.tok
}
