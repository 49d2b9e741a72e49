package syntax

import (
	"unicode/utf8"

	"weir/lang/diag"
)

// TokenKind classifies a Token.
type TokenKind uint8

// Kinds of tokens. Comments are tokens too, so that the formatter loses none; the parser does not see them.
const (
	TokEOF     TokenKind = iota
	TokIdent             // a name; the heads of declarations are names too (soft keywords)
	TokKeyword           // a reserved word: and or not is in null true false if else
	TokNumber            // 1, 1.5, 1e3, 30s, 128MiB, 80%
	TokString            // "…"
	TokTime              // 2026-01-01T00:00:10Z
	TokPunct             // an operator or a bracket
	TokComment           // # …
	TokDoc               // ## …
	TokBad               // text that no token begins with; an error says why
)

// Token is one token of a file. Text is the language's spelling: where the source has `&&`, which the lexer reports,
// Text is `and`, so that parsing goes on; Raw gives the source's spelling.
type Token struct {
	Kind       TokenKind
	Text       string
	Start, End diag.Pos
}

// Raw is the token's text in src, the file that it was scanned from.
func (t Token) Raw(src []byte) string { return string(src[t.Start.Offset:t.End.Offset]) }

// Is reports whether the token is the operator, bracket or reserved word s.
func (t Token) Is(s string) bool { return (t.Kind == TokPunct || t.Kind == TokKeyword) && t.Text == s }

// EndsOperand reports whether an expression may end with this token, so that an operator may follow.
func (t Token) EndsOperand() bool {
	switch t.Kind {
	case TokIdent, TokNumber, TokString, TokTime:
		return true
	case TokKeyword:
		return t.Text == "null" || t.Text == "true" || t.Text == "false"
	case TokPunct:
		return t.Text == ")" || t.Text == "]" || t.Text == "}"
	}
	return false
}

// reserved are the words that can be no name.
var reserved = map[string]bool{
	"and": true, "or": true, "not": true, "is": true, "in": true,
	"null": true, "true": true, "false": true, "if": true, "else": true,
}

// IsIdent reports whether s can be written as a name: a letter or underscore, then letters, digits and underscores
// (ASCII), and not reserved.
func IsIdent(s string) bool {
	if s == "" || reserved[s] || !isLetter(rune(s[0])) {
		return false
	}
	for i := 0; i < len(s); i++ {
		if c := rune(s[i]); !isLetter(c) && !isDigit(c) {
			return false
		}
	}
	return true
}

func isLetter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' }
func isDigit(r rune) bool  { return r >= '0' && r <= '9' }

// advance gives the place after text, which has no line break.
func advance(p diag.Pos, text string) diag.Pos {
	p.Offset += len(text)
	p.Col += utf8.RuneCountInString(text)
	return p
}
