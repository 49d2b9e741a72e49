package syntax

import (
	"strings"

	"weir/lang/diag"
)

// Allows gives the suppression comments of a file, in order: `# weir:allow W3104 reason`. Behind code a comment
// silences its own line; alone on its line, the next line that has code.
func Allows(f *File) []diag.Allow {
	tokens, _ := Scan(f.Name, f.Src)
	var allows []diag.Allow
	for i, t := range tokens {
		if t.Kind != TokComment {
			continue
		}
		body := strings.TrimSpace(strings.TrimPrefix(t.Text, "#"))
		rest, ok := strings.CutPrefix(body, "weir:allow")
		if !ok || rest != "" && rest[0] != ' ' && rest[0] != '\t' {
			continue
		}
		code, reason, _ := strings.Cut(strings.TrimSpace(rest), " ")
		a := diag.Allow{Span: diag.Span{File: f.Name, Start: t.Start, End: t.End}, Line: t.Start.Line, Code: code,
			Reason: strings.TrimSpace(reason)}
		if i == 0 || tokens[i-1].End.Line != t.Start.Line {
			for _, n := range tokens[i+1:] {
				if n.Kind != TokComment && n.Kind != TokDoc && n.Kind != TokEOF {
					a.Line = n.Start.Line
					break
				}
			}
		}
		allows = append(allows, a)
	}
	return allows
}
