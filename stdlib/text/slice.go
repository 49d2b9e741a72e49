package text

import (
	"fmt"
	"unicode/utf8"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/fn"
)

// Slice takes a part.
var Slice = &op.Function{
	Name: "slice",
	Doc: "is the part from a position up to, but without, another one. Positions count from 0, in what `length` counts; a negative one counts from the end. " +
		"What lies outside is left out, so that it never fails; an end before the start gives an empty part.",
	Params: []op.FuncParam{{Name: "x", Doc: "A text, sequence or list."}, {Name: "from", Doc: "The first position."},
		{Name: "to", Doc: "The position behind the last one."}},
	Total: true,
	Resolve: func(args []types.Type) (op.Overload, error) {
		if len(args) == 3 && args[0].Kind == types.List && args[1].NotNull().Kind == types.Int && args[2].NotNull().Kind == types.Int {
			i := types.Of(types.Int)
			return op.Overload{Params: []types.Type{args[0].NotNull(), i, i}, Result: args[0].NotNull(), Eval: sliceList}, nil
		}
		return sliceText(args)
	},
	Examples: []op.FuncExample{fn.Ex(`slice("MKTAY", 1, 3)`, `"KT"`), fn.Ex(`slice("MKTAY", 0, -1)`, `"MKTA"`), fn.Ex("slice([1, 2, 3], 1, 9)", "[2, 3]"),
		fn.Ex(`slice("äöü", 1, 2)`, `"ö"`)},
}

var sliceText = fn.Overloads(keeping(", int, int", evalSlice)...)

// bounds makes positions of a user into ones of something that has n parts.
func bounds(from, to int64, n int) (int, int) {
	at := func(p int64) int {
		if p < 0 {
			p += int64(n)
		}
		return int(max(0, min(p, int64(n))))
	}
	i, j := at(from), at(to)
	return i, max(i, j)
}

func evalSlice(c *op.Call) (*batch.Vector, error) {
	from, to := fn.Ints(c.Args[1]), fn.Ints(c.Args[2])
	runes := c.Args[0].Type.Kind.Storage() == types.StoreBytes && c.Type.Kind == types.String
	return fn.SubBytes(c, c.Args[0], func(x []byte, i int) (int, int) {
		if !runes {
			return bounds(from.At(i), to.At(i), len(x))
		}
		n := utf8.RuneCount(x)
		a, b := bounds(from.At(i), to.At(i), n)
		if n == len(x) {
			return a, b
		}
		start := offset(x, a)
		return start, start + offset(x[start:], b-a)
	}), nil
}

// offset gives the bytes that n code points take.
func offset(x []byte, n int) int {
	at := 0
	for ; n > 0; n-- {
		_, k := utf8.DecodeRune(x[at:])
		at += k
	}
	return at
}

func sliceList(c *op.Call) (*batch.Vector, error) {
	from, to := fn.Ints(c.Args[1]), fn.Ints(c.Args[2])
	return fn.MapLists(c, c.Args[:1], func(dst []uint32, elems *fn.Elems, i int) []uint32 {
		first, end := elems.Bounds(0, i)
		a, b := bounds(from.At(i), to.At(i), int(end-first))
		for k := a; k < b; k++ {
			dst = append(dst, first+uint32(k))
		}
		return dst
	}), nil
}

// Reverse turns round.
var Reverse = &op.Function{
	Name: "reverse", Doc: "is the text, sequence or list from its end to its start; a text code point by code point.",
	Params: fn.Params("x: A text, sequence or list."),
	Resolve: func(args []types.Type) (op.Overload, error) {
		if len(args) == 1 && args[0].Kind == types.List {
			t := args[0].NotNull()
			return op.Overload{Params: []types.Type{t}, Result: t, Eval: reverseList}, nil
		}
		return reverseText(args)
	},
	Examples: []op.FuncExample{fn.Ex(`reverse("abc")`, `"cba"`), fn.Ex("reverse([1, 2, 3])", "[3, 2, 1]"), fn.Ex(`reverse("aé")`, `"éa"`)},
}

var reverseText = fn.Overloads(keeping("", func(c *op.Call) (*batch.Vector, error) {
	return fn.MapBytes(c, func(dst []byte, i int) []byte {
		for x := c.Args[0].Bytes(i); len(x) > 0; {
			n := 1
			if c.Type.Kind == types.String {
				_, n = utf8.DecodeLastRune(x)
			}
			dst = append(dst, x[len(x)-n:]...)
			x = x[:len(x)-n]
		}
		return dst
	})
})...)

func reverseList(c *op.Call) (*batch.Vector, error) {
	return fn.MapLists(c, c.Args, func(dst []uint32, elems *fn.Elems, i int) []uint32 {
		first, end := elems.Bounds(0, i)
		for k := end; k > first; k-- {
			dst = append(dst, k-1)
		}
		return dst
	}), nil
}

// Repeat joins copies.
var Repeat = &op.Function{
	Name: "repeat", Doc: "is the text n times. A negative n, or a result above 256 MiB, rejects the row.", Params: fn.Params("text: The text.", "n: How often."),
	Resolve: fn.Overloads(keeping(", int", func(c *op.Call) (*batch.Vector, error) {
		times := fn.Ints(c.Args[1])
		return fn.MapBytes(c, func(dst []byte, i int) []byte {
			x, n := c.Args[0].Bytes(i), times.At(i)
			switch {
			case n < 0:
				c.Fail(i, fn.CodeRange, fmt.Sprintf("a text cannot be repeated %d times", n))
			case len(x) > 0 && n > int64(fn.MaxValue/len(x)):
				fn.TooLarge(c, i)
			case len(x) > 0:
				for ; n > 0; n-- {
					dst = append(dst, x...)
				}
			}
			return dst
		})
	})...),
	Examples: []op.FuncExample{fn.Ex(`repeat("ab", 3)`, `"ababab"`), fn.Ex(`repeat("", 9223372036854775807)`, `""`), fn.Fails(`repeat("ab", -1)`, "repeated -1 times")},
}

// The functions that fill up.
var (
	PadLeft  = padded("pad_left", "is the text with fill before it until it is `width` code points long.", true, fn.Ex(`pad_left("7", 3, "0")`, `"007"`))
	PadRight = padded("pad_right", "is the text with fill behind it until it is `width` code points long.", false, fn.Ex(`pad_right("ab", 5, ".-")`, `"ab.-."`))
)

func padded(name, doc string, left bool, ex op.FuncExample) *op.Function {
	eval := func(c *op.Call) (*batch.Vector, error) {
		width := fn.Ints(c.Args[1])
		return fn.MapBytes(c, func(dst []byte, i int) []byte {
			x, fill := c.Args[0].Bytes(i), c.Args[2].Bytes(i)
			n := width.At(i) - int64(utf8.RuneCount(x))
			if n > fn.MaxValue {
				fn.TooLarge(c, i)
				return dst
			}
			if !left {
				dst = append(dst, x...)
			}
			for f := fill; n > 0 && len(fill) > 0; n-- {
				if len(f) == 0 {
					f = fill
				}
				_, k := utf8.DecodeRune(f)
				dst, f = append(dst, f[:k]...), f[k:]
			}
			if left {
				dst = append(dst, x...)
			}
			return dst
		})
	}
	return &op.Function{Name: name, Doc: doc + " A text that is longer stays as it is; an empty fill adds nothing.",
		Params:  []op.FuncParam{{Name: "text", Doc: "The text."}, {Name: "width", Doc: "The length wanted."}, {Name: "fill", Doc: "What is filled in.", Default: `" "`}},
		Resolve: fn.Overloads(fn.S("string, int, string", "string", eval)), Examples: []op.FuncExample{ex}}
}
