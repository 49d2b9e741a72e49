package format

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"weir/lang/syntax"
)

// maxCommentColumn is how far right a comment behind code keeps the column that it had.
const maxCommentColumn = 80

// printer writes the file. A line break is due, not written, after a comment: what comes next says its indent.
type printer struct {
	out   []byte
	col   int  // columns of the line so far
	lines int  // line breaks so far
	fresh bool // a comment ended the line: the next token begins a new one
}

func (p *printer) write(s string) {
	p.out = append(p.out, s...)
	p.col += utf8.RuneCountInString(s)
}

// newline begins a line with the given indent.
func (p *printer) newline(indent int) {
	p.out = append(bytes.TrimRight(p.out, " "), '\n')
	p.col, p.fresh = 0, false
	p.lines++
	p.write(strings.Repeat(" ", indent))
}

// file writes the declarations, at most one blank line between two.
func (p *printer) file(decls []decl, tail []comment) {
	for i := 0; i < len(decls); {
		n := 1
		if decls[i].param {
			for i+n < len(decls) && decls[i+n].param && !decls[i+n].tokens[0].blank &&
				len(decls[i+n].tokens[0].lead) == 0 {
				n++
			}
		}
		pad := align(decls[i : i+n])
		for k, d := range decls[i : i+n] {
			first := d.tokens[0]
			p.comments(first.lead)
			p.start(0, first.blank)
			first.lead = nil
			if pad != nil {
				p.param(d, pad[k])
			} else {
				p.declaration(d)
			}
		}
		i += n
	}
	p.comments(tail)
	if len(p.out) > 0 {
		p.newline(0)
	}
}

// comments writes comments that stand between declarations, each on a line of its own.
func (p *printer) comments(list []comment) {
	for _, c := range list {
		indent := 0
		if c.indented && len(p.out) > 0 {
			indent = 2
		}
		p.start(indent, c.blank)
		p.write(c.text)
	}
}

// start begins a line of its own, after a blank one where that is asked for and something stands above.
func (p *printer) start(indent int, blank bool) {
	if len(p.out) == 0 {
		return
	}
	if blank {
		p.newline(0)
	}
	p.newline(indent)
}

// declaration writes one declaration from column 1.
func (p *printer) declaration(d decl) {
	nodes := nest(d.tokens)
	broken := false
	for i, n := range nodes {
		broken = broken || i > 0 && n.tok.Is("|>") && n.tok.newline
	}
	p.sequence(nodes, layout{indent: 0, cont: 4, pipe: 2, broken: broken})
}

// layout says where the lines of a sequence begin that do not fit.
type layout struct {
	indent int  // of the line it begins on, for the closing brackets of lists and records
	cont   int  // of a line that continues an expression
	pipe   int  // of a line that begins with `|>`
	broken bool // each `|>` begins a line
	suffix int  // columns that must stay free behind it
}

// sequence writes nodes, on one line where they fit.
func (p *printer) sequence(nodes []node, l layout) {
	if !l.broken && oneLine(nodes) && len(nodes[0].tok.lead) == 0 && p.col+width(nodes)+l.suffix <= Width {
		p.flat(nodes, l.cont)
		return
	}
	segments := split(nodes)
	for i, s := range segments {
		at := l
		at.broken = false
		if i > 0 {
			if !p.fresh && len(s[0].tok.lead) == 0 {
				p.newline(l.pipe)
			}
			at.indent, at.cont = l.pipe, l.pipe+4
		}
		if i+1 < len(segments) {
			at.suffix = 0
		}
		if i > 0 {
			p.leads(s[0].tok, l.pipe)
		}
		p.segment(s, at)
	}
}

// split cuts nodes before each `|>`.
func split(nodes []node) [][]node {
	var out [][]node
	from := 0
	for i := 1; i < len(nodes); i++ {
		if nodes[i].tok.Is("|>") {
			out = append(out, nodes[from:i])
			from = i
		}
	}
	return append(out, nodes[from:])
}

// segment writes what stands between two `|>`: groups break where they must, the line before `and`, `or` or `+` where
// the next operand would not fit, and an `if` that does not fit before each `else`, which stands below the `if`.
func (p *printer) segment(nodes []node, l layout) {
	elseAt := -1
	for i, n := range nodes {
		rest := nodes[i+1:]
		if i > 0 {
			p.leads(n.tok, l.cont)
			if n.tok.Is("else") && elseAt >= 0 && !p.fresh && len(n.tok.lead) == 0 {
				p.newline(elseAt)
			} else if !p.fresh && breakable(n.tok) && p.col+1+run(nodes[i:])+l.suffix > Width && p.col > l.cont {
				p.newline(l.cont)
			} else {
				p.gap(n, l.cont)
			}
		}
		if n.tok.Is("if") && elseAt < 0 && p.col+width(nodes[i:])+l.suffix > Width {
			elseAt = max(p.col, l.cont)
		}
		if n.group == nil {
			p.token(n.tok, l.cont)
			continue
		}
		if !mustBreak(n.group) && p.col+width([]node{n})+run(rest)+l.suffix <= Width {
			p.flat([]node{n}, l.cont)
			continue
		}
		p.group(n.group, l, run(rest)+l.suffix)
	}
}

// breakable reports whether a line may be broken before t.
func breakable(t *token) bool { return t.Is("and") || t.Is("or") || t.Is("+") }

// run is the columns of nodes up to the next place where the line can break, the space before the first included.
func run(nodes []node) int {
	w := 0
	for i, n := range nodes {
		if i > 0 && breakable(n.tok) || n.tok.Is("else") {
			break
		}
		if n.group != nil && i > 0 { // it can break behind its bracket
			return w + 1
		}
		if n.space && i > 0 {
			w++
		}
		w += width([]node{n})
	}
	return w
}

// gap writes the space before a node.
func (p *printer) gap(n node, indent int) {
	switch {
	case p.fresh:
		p.newline(indent)
	case n.space:
		p.write(" ")
	}
}

// leads writes the comments that stand on lines of their own before t, and begins t's line.
func (p *printer) leads(t *token, indent int) {
	for _, c := range t.lead {
		p.newline(indent)
		p.write(c.text)
	}
	if len(t.lead) > 0 || p.fresh {
		p.newline(indent)
	}
}

// blankBefore reports whether a blank line stood before t and its comments.
func blankBefore(t *token) bool {
	if len(t.lead) > 0 {
		return t.lead[0].blank
	}
	return t.blank
}

// token writes t and the comment behind it.
func (p *printer) token(t *token, indent int) {
	if p.fresh {
		p.newline(indent)
	}
	p.write(t.Text)
	p.trail(t)
}

func (p *printer) trail(t *token) {
	if t.trail == nil {
		return
	}
	at := p.col + 2
	if t.trail.col-1 > at && t.trail.col <= maxCommentColumn {
		at = t.trail.col - 1
	}
	p.write(strings.Repeat(" ", at-p.col))
	p.write(t.trail.text)
	p.fresh = true
}

// flat writes nodes on one line; a comment may stand behind the last token only.
func (p *printer) flat(nodes []node, indent int) {
	for i, n := range nodes {
		if i > 0 {
			p.gap(n, indent)
		}
		p.token(n.tok, indent)
		g := n.group
		if g == nil {
			continue
		}
		for j, part := range g.parts {
			if j > 0 || part[0].space {
				p.write(" ")
			}
			p.flat(part, indent)
		}
		if g.open.Is("{") && len(g.parts) > 0 {
			p.write(" ")
		}
		p.token(g.close, indent)
	}
}

// group writes a bracket that does not fit on its line, or must not stand on one.
func (p *printer) group(g *group, l layout, suffix int) {
	if g.open.Is("(") {
		p.filled(g, l, suffix)
		return
	}
	p.token(g.open, l.cont)
	inner := l.indent + 2
	for i, part := range g.parts {
		first := part[0].tok
		if g.test && i > 0 && blankBefore(first) {
			p.newline(0)
		}
		if len(first.lead) > 0 {
			p.leads(first, inner)
		} else {
			p.newline(inner)
		}
		p.sequence(unled(part), layout{indent: inner, cont: inner + 4, pipe: inner + 2, broken: g.test &&
			pipeBroken(part)})
	}
	p.leads(g.close, l.indent)
	if len(g.close.lead) == 0 && len(g.parts) > 0 && p.col > l.indent {
		p.newline(l.indent)
	}
	p.token(g.close, l.indent)
}

// pipeBroken reports whether a pipe of part had its stages on lines of their own.
func pipeBroken(part []node) bool {
	for i, n := range part {
		if i > 0 && n.tok.Is("|>") && n.tok.newline {
			return true
		}
	}
	return false
}

// unled gives part without the comments before it, which are written.
func unled(part []node) []node {
	part[0].tok.lead = nil
	return part
}

// filled writes arguments side by side as far as they fit, aligned behind the parenthesis; the first option begins a
// line.
func (p *printer) filled(g *group, l layout, suffix int) {
	p.token(g.open, l.cont)
	at := p.col
	if g.open.trail != nil {
		at = l.indent + 4
	}
	broken := false // the part before stands on several lines
	for i, part := range g.parts {
		need := width(part)
		if i == len(g.parts)-1 {
			need += 1 + suffix
		}
		first := part[0].tok
		switch {
		case len(first.lead) > 0 || p.fresh:
			p.leads(first, at)
		case i == 0:
		case broken, p.col+1+need > Width, isOption(part) && !isOption(g.parts[i-1]), !oneLine(part):
			p.newline(at)
		default:
			p.write(" ")
		}
		sub := layout{indent: at, cont: at, pipe: at + 2}
		if i == len(g.parts)-1 {
			sub.suffix = 1 + suffix
		}
		before := p.lines
		p.sequence(unled(part), sub)
		broken = p.lines > before
	}
	p.leads(g.close, at)
	p.token(g.close, at)
}

// isOption reports whether an argument is `name: value`.
func isOption(part []node) bool {
	return len(part) > 1 && part[0].tok.Kind == syntax.TokIdent && part[1].tok.Is(":")
}

// align gives the paddings of consecutive params: behind the colon and behind the type. It is nil where there are
// fewer than two, or one of them does not stand on one line.
func align(decls []decl) [][2]int {
	if len(decls) < 2 {
		return nil
	}
	pads := make([][2]int, len(decls))
	name, typ := 0, 0
	for i, d := range decls {
		nodes := nest(d.tokens)
		if !oneLine(nodes) || width(nodes) > Width {
			return nil
		}
		pads[i][0] = utf8.RuneCountInString(d.tokens[1].Text)
		pads[i][1] = width(typeOf(nodes))
		name, typ = max(name, pads[i][0]), max(typ, pads[i][1])
	}
	for i := range pads {
		pads[i] = [2]int{name - pads[i][0], typ - pads[i][1]}
	}
	return pads
}

// typeOf gives the nodes of a param's type: behind `param name :` and before `=`.
func typeOf(nodes []node) []node {
	for i, n := range nodes {
		if n.tok.Is("=") {
			return nodes[3:i]
		}
	}
	return nodes[3:]
}

// param writes a param with its paddings.
func (p *printer) param(d decl, pad [2]int) {
	nodes := nest(d.tokens)
	t := typeOf(nodes)
	p.flat(nodes[:3], 0)
	p.write(strings.Repeat(" ", pad[0]+1))
	p.flat(t, 0)
	if rest := nodes[3+len(t):]; len(rest) > 0 {
		p.write(strings.Repeat(" ", pad[1]+1))
		p.flat(rest, 0)
	}
}
