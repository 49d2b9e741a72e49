package text

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/fn"
)

// ToString writes a value.
var ToString = &op.Function{
	Name: "to_string", Doc: "writes a value as text: numbers, times and durations as the language does, text as it is, lists and records as literals.",
	Params: fn.Params("x: The value."),
	Resolve: func(args []types.Type) (op.Overload, error) {
		if err := fn.Arity(args, 1); err != nil {
			return op.Overload{}, err
		}
		t := args[0].NotNull()
		if t.Kind == types.Null {
			t = types.Of(types.String)
		}
		if t.Kind.Storage() == types.StoreNone {
			return op.Overload{}, fmt.Errorf("a value, not %s", t)
		}
		return op.Overload{Params: []types.Type{t}, Result: types.Of(types.String), Eval: func(c *op.Call) (*batch.Vector, error) {
			return fn.MapBytes(c, func(dst []byte, i int) []byte { return appendText(dst, c.Args[0], i) })
		}}, nil
	},
	Examples: []op.FuncExample{fn.Ex("to_string(1.5)", `"1.5"`), fn.Ex("to_string(90s)", `"1m30s"`), fn.Ex(`to_string("a")`, `"a"`), fn.Ex("to_string([1, 2])", `"[1, 2]"`)},
}

// appendText writes a value as to_string does; null is `null`.
func appendText(dst []byte, v *batch.Vector, i int) []byte {
	if v.IsNull(i) {
		return append(dst, "null"...)
	}
	switch v.Type.Kind.Storage() {
	case types.StoreBytes:
		return append(dst, v.Bytes(i)...)
	case types.StoreInt:
		if v.Type.Kind == types.Int {
			return strconv.AppendInt(dst, v.Int(i), 10)
		}
	}
	return append(dst, expr.FormatValue(v.Type, v.Value(i))...)
}

// Format fills values into a text.
var Format = &op.Function{
	Name: "format", Doc: "is the template in which every `{}` is replaced by the next value, written as `to_string` does; null is `null`. `{{` and `}}` stand for single braces. " +
		"The template is a constant with as many `{}` as there are values.",
	Params: []op.FuncParam{{Name: "template", Doc: "The template."}, {Name: "values", Doc: "The values.", Variadic: true}},
	Resolve: func(args []types.Type) (op.Overload, error) {
		if len(args) == 0 || !args[0].NotNull().AssignableTo(types.Of(types.String)) {
			return op.Overload{}, fmt.Errorf("a template and values, not %s", fn.List(args))
		}
		params := []types.Type{types.Of(types.String)}
		for _, a := range args[1:] {
			params = append(params, a.OrNull())
		}
		return op.Overload{Params: params, Result: types.Of(types.String), NullAware: true, Prepare: prepareFormat}, nil
	},
	Examples: []op.FuncExample{fn.Ex(`format("{}-{}", "a", 7)`, `"a-7"`), fn.Ex(`format("{{{}}}", 1)`, `"{1}"`)},
}

func prepareFormat(consts []any) (fn.Eval, error) {
	t, ok := consts[0].(string)
	if !ok {
		return nil, errors.New("the template must be a constant")
	}
	parts, err := template(t)
	if err != nil {
		return nil, err
	}
	if len(parts)-1 != len(consts)-1 {
		return nil, fmt.Errorf("the template has %d places for %d values", len(parts)-1, len(consts)-1)
	}
	return func(c *op.Call) (*batch.Vector, error) {
		return fn.MapBytes(c, func(dst []byte, i int) []byte {
			for k, p := range parts {
				if dst = append(dst, p...); k+1 < len(parts) {
					dst = appendText(dst, c.Args[k+1], i)
				}
			}
			return dst
		})
	}, nil
}

// template gives the texts around the places.
func template(t string) ([]string, error) {
	parts, cur := []string{}, []byte{}
	for i := 0; i < len(t); i++ {
		pair := ""
		if i+1 < len(t) {
			pair = t[i : i+2]
		}
		switch {
		case pair == "{{" || pair == "}}":
			cur = append(cur, t[i])
			i++
		case pair == "{}":
			parts, cur = append(parts, string(cur)), nil
			i++
		case t[i] == '{' || t[i] == '}':
			return nil, fmt.Errorf("a single `%c` in the template: write `%c%c` for a brace, `{}` for a value", t[i], t[i], t[i])
		default:
			cur = append(cur, t[i])
		}
	}
	return append(parts, string(cur)), nil
}

// The functions that read a value out of a text.
var (
	ParseInt, TryParseInt = parser("int", "a whole number in decimal digits, perhaps with a sign", types.Int, func(x []byte) (any, error) {
		return parseInt(x)
	}, "42", "42", "4.2")
	ParseFloat, TryParseFloat = parser("float", "a number: digits, perhaps a point and an exponent; or nan, inf, -inf in any case", types.Float, func(x []byte) (any, error) {
		return parseFloat(x)
	}, "1e3", "1000.0", "one")
	ParseBool, TryParseBool = parser("bool", "`true` or `false`, in any case", types.Bool, func(x []byte) (any, error) {
		switch {
		case bytes.EqualFold(x, []byte("true")):
			return true, nil
		case bytes.EqualFold(x, []byte("false")):
			return false, nil
		}
		return nil, errSyntax
	}, "True", "true", "yes")
	ParseTimestamp, TryParseTimestamp = parser("timestamp", "a timestamp of RFC 3339 between the years 1678 and 2262, such as 2026-01-31T12:00:00Z; a date alone is midnight, UTC",
		types.Timestamp, func(x []byte) (any, error) { return parseTimestamp(x) }, "2026-01-31", "2026-01-31T00:00:00Z", "31.1.2026")
)

var (
	errSyntax = errors.New("")
	errRange  = errors.New(", which is out of range")
)

func parseInt(x []byte) (int64, error) {
	if len(x) > 64 {
		return 0, errSyntax
	}
	n, err := strconv.ParseInt(string(x), 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return 0, errRange
	} else if err != nil {
		return 0, errSyntax
	}
	return n, nil
}

func parseFloat(x []byte) (float64, error) {
	if len(x) > 1024 || bytes.ContainsAny(x, "_xXpP") { // Go's own notations
		return 0, errSyntax
	}
	f, err := strconv.ParseFloat(string(x), 64)
	if errors.Is(err, strconv.ErrRange) && math.IsInf(f, 0) {
		return 0, errRange
	} else if err != nil {
		return 0, errSyntax
	}
	return f, nil
}

func parseTimestamp(x []byte) (int64, error) {
	if len(x) > 64 {
		return 0, errSyntax
	}
	t, err := time.Parse(time.RFC3339Nano, string(x))
	if err != nil {
		if t, err = time.Parse(time.DateOnly, string(x)); err != nil {
			return 0, errSyntax
		}
	}
	n := t.UnixNano()
	if !time.Unix(0, n).Equal(t) {
		return 0, errRange
	}
	return n, nil
}

// parser makes parse_… and try_parse_….
func parser(name, doc string, kind types.Kind, parse func(x []byte) (any, error), good, value, bad string) (strict, try *op.Function) {
	eval := func(lenient bool) fn.Eval {
		return func(c *op.Call) (*batch.Vector, error) {
			b := batch.NewBuilder(c.Type.OrNull(), c.N)
			row := 0
			fill := func(i int) {
				for ; row < i; row++ {
					b.Null()
				}
			}
			c.Each(func(i int) {
				fill(i)
				row++
				x := bytes.TrimSpace(c.Args[0].Bytes(i))
				v, err := parse(x)
				if err == nil {
					b.Any(v)
					return
				}
				b.Null()
				if !lenient {
					c.Fail(i, fn.CodeParse, fmt.Sprintf("%s is not a %s%v", quote(x), name, err))
				}
			})
			fill(c.N)
			v := b.Done()
			v.Type = c.Type
			if !lenient {
				v.Valid = nil
			}
			return v, nil
		}
	}
	t := types.Of(kind).String()
	strict = &op.Function{Name: "parse_" + name, Doc: "reads " + doc + ". White space around it is left out. Anything else rejects the row; `try_parse_" + name + "` gives null.",
		Params: fn.Params("text: The text."), Resolve: fn.Overloads(fn.S("string", t, eval(false))),
		Examples: []op.FuncExample{fn.Ex(fmt.Sprintf("parse_%s(%q)", name, good), value), fn.Fails(fmt.Sprintf("parse_%s(%q)", name, bad), fmt.Sprintf("%q is not a %s", bad, name))}}
	try = &op.Function{Name: "try_parse_" + name, Doc: "reads " + doc + ", as `parse_" + name + "` does; null where the text is anything else.",
		Params: fn.Params("text: The text."), Resolve: fn.Overloads(fn.S("string", t+"?", eval(true))), Total: true,
		Examples: []op.FuncExample{fn.Ex(fmt.Sprintf("try_parse_%s(%q)", name, good), value), fn.Ex(fmt.Sprintf("try_parse_%s(%q)", name, bad), "null")}}
	return strict, try
}

// quote writes a text for a message, cut off after 40 code points.
func quote(x []byte) string {
	if utf8.RuneCount(x) > 40 {
		return strconv.Quote(string(x[:offset(x, 40)])) + "…"
	}
	return strconv.Quote(string(x))
}
