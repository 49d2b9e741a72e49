package text

import (
	"fmt"
	"regexp"

	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/fn"
)

const regexDoc = " The pattern is a regular expression of RE2 (github.com/google/re2/wiki/Syntax), which takes time linear in the text whatever the pattern."

// The functions over regular expressions.
var (
	Matches = &op.Function{
		Name: "matches", Doc: "is true where the pattern matches somewhere in the text; `^` and `$` tie it to the ends." + regexDoc,
		Params: fn.Params("text: The text.", "pattern: A constant pattern."), Total: true,
		Resolve: regex("string, string", "bool", func(re *regexp.Regexp, c *op.Call) (*batch.Vector, error) {
			return fn.MapBools(c, func(i int) bool { return re.Match(c.Args[0].Bytes(i)) }), nil
		}),
		Examples: []op.FuncExample{fn.Ex(`matches("sp|P69905|HBA", "^sp[|]")`, "true")},
	}
	Extract = &op.Function{
		Name: "extract", Doc: "is what the first group of the pattern matches, or the whole match where it has no group; null where nothing matches." + regexDoc,
		Params: fn.Params("text: The text.", "pattern: A constant pattern."), Total: true,
		Resolve: regex("string, string", "string?", func(re *regexp.Regexp, c *op.Call) (*batch.Vector, error) {
			nulls := fn.NewNulls(c.N)
			group := min(1, re.NumSubexp())
			v := fn.SubBytes(c, c.Args[0], func(x []byte, i int) (int, int) {
				m := re.FindSubmatchIndex(x)
				if m == nil || m[2*group] < 0 {
					nulls.Set(i)
					return 0, 0
				}
				return m[2*group], m[2*group+1]
			})
			return nulls.Apply(v), nil
		}),
		Examples: []op.FuncExample{fn.Ex(`extract("OS=Homo sapiens OX=9606", "OX=([0-9]+)")`, `"9606"`), fn.Ex(`extract("abc", "x")`, "null")},
	}
	ReplaceRegex = &op.Function{
		Name: "replace_regex", Doc: "is the text in which every match of the pattern is replaced; `$1` or `${name}` in the replacement stands for a group." + regexDoc,
		Params: fn.Params("text: The text.", "pattern: A constant pattern.", "by: What comes in its place."),
		Resolve: regex("string, string, string", "string", func(re *regexp.Regexp, c *op.Call) (*batch.Vector, error) {
			return fn.MapBytes(c, func(dst []byte, i int) []byte {
				x, by := c.Args[0].Bytes(i), c.Args[2].Bytes(i)
				start, last := len(dst), 0
				for _, m := range re.FindAllSubmatchIndex(x, -1) {
					dst = re.Expand(append(dst, x[last:m[0]]...), by, x, m)
					if last = m[1]; len(dst)-start > fn.MaxValue {
						return dst
					}
				}
				return append(dst, x[last:]...)
			})
		}),
		Examples: []op.FuncExample{fn.Ex(`replace_regex("a1b22", "[0-9]+", "#")`, `"a#b#"`), fn.Ex(`replace_regex("John Smith", "([A-Z]\\w+) ([A-Z]\\w+)", "$2, $1")`, `"Smith, John"`)},
	}
)

// regex makes a Resolve whose second argument is a constant pattern, compiled once.
func regex(params, result string, eval func(*regexp.Regexp, *op.Call) (*batch.Vector, error)) resolve {
	sig := fn.S(params, result, nil)
	sig.Prepare = func(consts []any) (fn.Eval, error) {
		p, ok := consts[1].(string)
		if !ok {
			return nil, fmt.Errorf("the pattern must be a constant")
		}
		re, err := regexp.Compile(p)
		if err != nil {
			return nil, fmt.Errorf("the pattern is no regular expression: %w", err)
		}
		return func(c *op.Call) (*batch.Vector, error) { return eval(re, c) }, nil
	}
	return fn.Overloads(sig)
}
