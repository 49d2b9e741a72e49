package text

import (
	"fmt"
	"unicode/utf8"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/fn"
)

// Length counts what a value consists of.
var Length = &op.Function{
	Name: "length",
	Doc: "counts: the Unicode code points of a string or path (a byte that is not UTF-8 counts one), the residues of a sequence, the bytes of bytes, the " +
		"elements of a list.",
	Params:  fn.Params("x: A string, path, bytes, sequence or list."),
	Resolve: resolveLength,
	Total:   true,
	Examples: []op.FuncExample{fn.Ex(`length("MKTAY")`, "5"), fn.Ex(`length("äß")`, "2"), fn.Ex("length([1, 2, 3])", "3"),
		fn.Ex(`length("")`, "0")},
}

func resolveLength(args []types.Type) (op.Overload, error) {
	if len(args) == 1 {
		t := args[0].NotNull()
		o := op.Overload{Params: []types.Type{t}, Result: types.Of(types.Int)}
		switch {
		case t.Kind == types.List:
			o.Eval = countElements
			return o, nil
		case t.Kind.IsSequence() || t.Kind == types.Bytes:
			o.Eval = countBytes
			return o, nil
		case t.Kind.Storage() == types.StoreBytes || t.Kind == types.Null:
			o.Params[0] = types.Of(types.String)
			o.Eval = countRunes
			return o, nil
		}
	}
	return op.Overload{}, fmt.Errorf("a string, path, bytes, sequence or list, not %s", fn.List(args))
}

func countElements(c *op.Call) (*batch.Vector, error) {
	return fn.MapInts(c, func(i int) int64 {
		_, from, to := fn.ListAt(c.Args[0], i)
		return int64(to - from)
	}), nil
}

func countBytes(c *op.Call) (*batch.Vector, error) {
	return fn.MapInts(c, func(i int) int64 { return int64(len(c.Args[0].Bytes(i))) }), nil
}

func countRunes(c *op.Call) (*batch.Vector, error) {
	return fn.MapInts(c, func(i int) int64 { return int64(utf8.RuneCount(c.Args[0].Bytes(i))) }), nil
}
