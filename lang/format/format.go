// Package format gives .flow files their one layout. It works on the tokens, not on the tree, so that every comment
// survives; no token is added, dropped or changed, only the space between them.
package format

import (
	"weir/lang/diag"
	"weir/lang/syntax"
)

// Width is the column that lines stay within where they can be broken.
const Width = 100

// Format lays a file out. A file with errors is given back unchanged with its errors; so is one that would outgrow
// syntax.MaxFileSize, without error. Formatting twice changes
// nothing; comments and tree stay as they are.
//
// The layout: a declaration begins in column 1, its pipe's stages stand on lines of their own, `  |> ` first, unless
// the pipe was on one line and fits; a call that is too long is filled with its arguments aligned behind the
// parenthesis, options on a new line; lists and records that are too long, or whose first element began a line, have
// a line an element; consecutive params align their types and defaults; at most one blank line stays anywhere.
func Format(name string, src []byte) ([]byte, diag.List) {
	file, errs := syntax.Parse(name, src)
	if errs.HasErrors() {
		return src, errs
	}
	tokens, _ := syntax.Scan(name, src)
	p := &printer{}
	decls, tail := attach(tokens, file)
	p.file(decls, tail)
	if len(p.out) > syntax.MaxFileSize { // deep nesting on many lines: it could not be read again
		return src, errs
	}
	return p.out, errs
}

// comment is a comment and whether a blank line stood before it.
type comment struct {
	text     string
	col      int // in the source, from 1
	blank    bool
	indented bool // hangs below the declaration before it, see attach
}

// token is a token with what hangs on it.
type token struct {
	syntax.Token
	lead    []comment // on lines of their own before it
	trail   *comment  // behind it on its line
	newline bool      // began a line in the source
	blank   bool      // a blank line stood right before it
	tight   bool      // `<` or `>` of a type
	step    bool      // begins a step of a test
}

// decl is the tokens of a declaration, and whether it is a param.
type decl struct {
	tokens []*token
	param  bool
}

// attach hangs comments on tokens and cuts the tokens into declarations. tail is the comments after the last token.
func attach(tokens []syntax.Token, file *syntax.File) (decls []decl, tail []comment) {
	marks := mark(file)
	var lead []comment
	var last *token
	prevLine := 0
	next := 0
	for _, t := range tokens {
		blank := prevLine > 0 && t.Start.Line > prevLine+1
		switch t.Kind {
		case syntax.TokEOF:
			return decls, lead
		case syntax.TokComment, syntax.TokDoc:
			c := comment{text: t.Text, col: t.Start.Col, blank: blank}
			if last != nil && prevLine == t.Start.Line && len(lead) == 0 {
				last.trail = &c
			} else {
				// a comment indented right below a declaration belongs to it: a stage that is commented out, say
				c.indented = t.Start.Col > 1 && last != nil && !blank && (len(lead) == 0 ||
					lead[len(lead)-1].indented)
				lead = append(lead, c)
			}
		default:
			w := &token{Token: t, lead: lead, newline: prevLine < t.Start.Line, blank: blank}
			w.tight, w.step = marks.tight[t.Start.Offset], marks.step[t.Start.Offset]
			lead = nil
			if next < len(file.Decls) && t.Start.Offset == file.Decls[next].Pos().Start.Offset {
				_, isParam := file.Decls[next].(*syntax.Param)
				decls = append(decls, decl{param: isParam})
				next++
			}
			d := &decls[len(decls)-1]
			d.tokens = append(d.tokens, w)
			last = w
		}
		prevLine = t.End.Line
	}
	return decls, lead
}

// marks are offsets of tokens whose layout depends on the tree.
type marks struct{ tight, step map[int]bool }

func mark(file *syntax.File) marks {
	m := marks{tight: map[int]bool{}, step: map[int]bool{}}
	for _, d := range file.Decls {
		if t, ok := d.(*syntax.Test); ok {
			for _, s := range t.Steps {
				m.step[s.Span.Start.Offset] = true
			}
		}
		syntax.Walk(d, func(n syntax.Node) bool {
			if t, ok := n.(*syntax.NamedType); ok && len(t.Args) > 0 {
				open := t.Name.Span.End.Offset
				for file.Src[open] != '<' { // space or a comment between them
					if file.Src[open] == '#' {
						for file.Src[open] != '\n' {
							open++
						}
					}
					open++
				}
				m.tight[open] = true
				m.tight[t.Span.End.Offset-1] = true
			}
			return true
		})
	}
	return m
}
