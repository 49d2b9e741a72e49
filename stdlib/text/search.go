package text

import (
	"bytes"
	"fmt"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/fn"
)

// The functions that look for a text within another one, byte by byte.
var (
	StartsWith = lookup("starts_with", "is true where the text begins with the other one.", bytes.HasPrefix, fn.Ex(`starts_with("MKTAY", "MK")`, "true"))
	EndsWith   = lookup("ends_with", "is true where the text ends with the other one.", bytes.HasSuffix, fn.Ex(`ends_with("MKTAY", "MK")`, "false"))
)

func lookup(name, doc string, f func(x, y []byte) bool, ex op.FuncExample) *op.Function {
	eval := within(f)
	return &op.Function{Name: name, Doc: doc, Params: fn.Params("text: The text.", "part: What is looked for."), Total: true,
		Resolve: fn.Overloads(fn.S("string, string", "bool", eval), fn.S("bytes, bytes", "bool", eval)), Examples: []op.FuncExample{ex}}
}

func within(f func(x, y []byte) bool) fn.Eval {
	return func(c *op.Call) (*batch.Vector, error) {
		return fn.MapBools(c, func(i int) bool { return f(c.Args[0].Bytes(i), c.Args[1].Bytes(i)) }), nil
	}
}

// Contains looks into texts and lists.
var Contains = &op.Function{
	Name: "contains", Doc: "is true where the text has the other one in it, or the list an element equal to the value.",
	Params: fn.Params("in: A text or list.", "what: A text or value."),
	Total:  true,
	Resolve: func(args []types.Type) (op.Overload, error) {
		if len(args) == 2 && args[0].Kind == types.List {
			t, ok := types.Unify(args[0].Elem.NotNull(), args[1].NotNull())
			if !ok {
				return op.Overload{}, fmt.Errorf("a value of the list's type %s, not %s", args[0].Elem, args[1])
			}
			elem := t
			elem.Nullable = args[0].Elem.Nullable
			return op.Overload{Params: []types.Type{types.ListOf(elem), t}, Result: types.Of(types.Bool), Eval: containsValue}, nil
		}
		return containsText(args)
	},
	Examples: []op.FuncExample{fn.Ex(`contains("MKTAY", "TA")`, "true"), fn.Ex(`contains(["a", "b"], "c")`, "false")},
}

var containsText = fn.Overloads(fn.S("string, string", "bool", within(bytes.Contains)), fn.S("bytes, bytes", "bool", within(bytes.Contains)))

func containsValue(c *op.Call) (*batch.Vector, error) {
	return fn.MapBools(c, func(i int) bool {
		elems, from, to := fn.ListAt(c.Args[0], i)
		for k := from; k < to; k++ {
			if !elems.IsNull(k) && fn.Equal(elems, k, c.Args[1], i) {
				return true
			}
		}
		return false
	}), nil
}

// Replace replaces text.
var Replace = &op.Function{
	Name: "replace", Doc: "is the text in which every occurrence of a part is replaced, from the left. An empty part occurs nowhere.",
	Params: fn.Params("text: The text.", "part: What is replaced.", "by: What comes in its place."),
	Resolve: fn.Overloads(fn.S("string, string, string", "string", func(c *op.Call) (*batch.Vector, error) {
		return fn.MapBytes(c, func(dst []byte, i int) []byte {
			x, part, by := c.Args[0].Bytes(i), c.Args[1].Bytes(i), c.Args[2].Bytes(i)
			start := len(dst)
			for len(part) > 0 && len(dst)-start <= fn.MaxValue {
				k := bytes.Index(x, part)
				if k < 0 {
					break
				}
				dst = append(append(dst, x[:k]...), by...)
				x = x[k+len(part):]
			}
			return append(dst, x...)
		})
	})),
	Examples: []op.FuncExample{fn.Ex(`replace("a-b-c", "-", "+")`, `"a+b+c"`), fn.Ex(`replace("abc", "", "x")`, `"abc"`)},
}
