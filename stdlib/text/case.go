package text

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/fn"
)

// The functions that change letters or cut off white space.
var (
	Lower = mapped("lower", "is the text in lower case, letter by letter, by Unicode.", unicode.ToLower, fn.Ex(`lower("ÄbC")`, `"äbc"`))
	Upper = mapped("upper", "is the text in upper case, letter by letter, by Unicode.", unicode.ToUpper, fn.Ex(`upper("äbC")`, `"ÄBC"`))

	Trim = trimmed("trim", "is the text without white space at both ends.", true, true, fn.Ex(`trim("  a b ")`, `"a b"`))

	TrimStart = trimmed("trim_start", "is the text without white space at its start.", true, false, fn.Ex(`trim_start("  a b ")`, `"a b "`))
	TrimEnd   = trimmed("trim_end", "is the text without white space at its end.", false, true, fn.Ex(`trim_end("  a b ")`, `"  a b"`))
)

func mapped(name, doc string, f func(rune) rune, ex op.FuncExample) *op.Function {
	eval := func(c *op.Call) (*batch.Vector, error) {
		return fn.MapBytes(c, func(dst []byte, i int) []byte {
			s := c.Args[0].Bytes(i)
			for len(s) > 0 {
				r, n := utf8.DecodeRune(s)
				if r == utf8.RuneError && n == 1 {
					dst = append(dst, s[0])
				} else {
					dst = utf8.AppendRune(dst, f(r))
				}
				s = s[n:]
			}
			return dst
		})
	}
	return &op.Function{Name: name, Doc: doc, Params: fn.Params("text: The text."), Resolve: fn.Overloads(keeping("", eval)[:4]...),
		Examples: []op.FuncExample{ex}}
}

func trimmed(name, doc string, left, right bool, ex op.FuncExample) *op.Function {
	eval := func(c *op.Call) (*batch.Vector, error) {
		return fn.SubBytes(c, c.Args[0], func(x []byte, _ int) (from, to int) {
			to = len(x)
			if left {
				from = to - len(bytes.TrimLeftFunc(x, unicode.IsSpace))
			}
			if right {
				to = from + len(bytes.TrimRightFunc(x[from:], unicode.IsSpace))
			}
			return from, to
		}), nil
	}
	return &op.Function{Name: name, Doc: doc, Params: fn.Params("text: The text."), Resolve: fn.Overloads(keeping("", eval)[:4]...), Total: true,
		Examples: []op.FuncExample{ex}}
}
