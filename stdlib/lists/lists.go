// Package lists has the functions over lists. What is named as an operator or aggregate is named has `list_` before it.
package lists

import (
	"fmt"
	"math"
	"slices"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/fn"
)

// Functions lists the functions of the package.
var Functions = []*op.Function{Get, First, Last, Sort, Distinct, Flatten, Sum, Min, Max}

type resolve = func([]types.Type) (op.Overload, error)

// over makes a Resolve over a list and further ints; result gives the result's type for the element's, ok false where it is not accepted.
func over(ints int, what string, result func(elem types.Type) (types.Type, bool), eval func(c *op.Call) (*batch.Vector, error)) resolve {
	return func(args []types.Type) (op.Overload, error) {
		bad := len(args) != ints+1 || args[0].Kind != types.List
		for _, a := range args[min(1, len(args)):] {
			bad = bad || a.NotNull().Kind != types.Int
		}
		if !bad {
			if r, ok := result(*args[0].Elem); ok {
				params := []types.Type{args[0].NotNull()}
				for range ints {
					params = append(params, types.Of(types.Int))
				}
				return op.Overload{Params: params, Result: r, Eval: eval}, nil
			}
		}
		return op.Overload{}, fmt.Errorf("%s, not %s", what, fn.List(args))
	}
}

func orNull(t types.Type) (types.Type, bool) { return t.OrNull(), true }

func ordered(t types.Type) bool {
	st := t.Kind.Storage()
	return st != types.StoreNone && st != types.StoreList && st != types.StoreRecord
}

// pick makes an element of each list the result: choose gives its position in elems, or -1 for null.
func pick(c *op.Call, choose func(elems *batch.Vector, from, to, row int) int) (*batch.Vector, error) {
	elems := c.Args[0]
	if elems.Dict != nil {
		elems = elems.Dict
	}
	inner := elems.Fields[0].Flat()
	s := fn.Stack(inner.Type, []*batch.Vector{inner})
	idx := make([]uint32, c.N)
	for i := range idx {
		idx[i] = s.Null
	}
	c.Each(func(i int) {
		_, from, to := fn.ListAt(c.Args[0], i)
		if k := choose(inner, from, to, i); k >= 0 {
			idx[i] = uint32(k)
		}
	})
	v := s.All.Take(idx)
	v.Type = c.Type
	return v, nil
}

// The functions that take one element.
var (
	Get = &op.Function{Name: "get", Doc: "is the element at a position from 0, or from the end, where it is negative; null where there is none.",
		Params: fn.Params("list: The list.", "position: The position."), Total: true,
		Resolve: over(1, "a list and a position", orNull, func(c *op.Call) (*batch.Vector, error) {
			at := fn.Ints(c.Args[1])
			return pick(c, func(_ *batch.Vector, from, to, row int) int {
				k := at.At(row)
				if k < 0 {
					k += int64(to - from)
				}
				if k < 0 || k >= int64(to-from) {
					return -1
				}
				return from + int(k)
			})
		}), Examples: []op.FuncExample{fn.Ex("get([1, 2, 3], -1)", "3"), fn.Ex("get([1, 2, 3], 3)", "null")}}
	First = &op.Function{Name: "list_first", Doc: "is the first element; null where there is none.", Params: fn.Params("list: The list."), Total: true,
		Resolve: over(0, "a list", orNull, func(c *op.Call) (*batch.Vector, error) {
			return pick(c, func(_ *batch.Vector, from, to, _ int) int {
				if from == to {
					return -1
				}
				return from
			})
		}), Examples: []op.FuncExample{fn.Ex("list_first([1, 2])", "1")}}
	Last = &op.Function{Name: "list_last", Doc: "is the last element; null where there is none.", Params: fn.Params("list: The list."), Total: true,
		Resolve: over(0, "a list", orNull, func(c *op.Call) (*batch.Vector, error) {
			return pick(c, func(_ *batch.Vector, from, to, _ int) int {
				if from == to {
					return -1
				}
				return to - 1
			})
		}), Examples: []op.FuncExample{fn.Ex("list_last([1, 2])", "2")}}
	Min = &op.Function{Name: "list_min", Doc: "is the least element that is not null, in the order of `sort`; null where there is none.", Params: fn.Params("list: The list."), Total: true,
		Resolve:  over(0, "a list of values that have an order", func(t types.Type) (types.Type, bool) { return t.OrNull(), ordered(t) }, extreme(-1)),
		Examples: []op.FuncExample{fn.Ex("list_min([3, 1, 2])", "1")}}
	Max = &op.Function{Name: "list_max", Doc: "is the greatest element that is not null, in the order of `sort`; null where there is none.", Params: fn.Params("list: The list."), Total: true,
		Resolve:  over(0, "a list of values that have an order", func(t types.Type) (types.Type, bool) { return t.OrNull(), ordered(t) }, extreme(1)),
		Examples: []op.FuncExample{fn.Ex("list_max([3, 1, 2])", "3")}}
)

func extreme(sign int) func(c *op.Call) (*batch.Vector, error) {
	return func(c *op.Call) (*batch.Vector, error) {
		return pick(c, func(elems *batch.Vector, from, to, _ int) int {
			best := -1
			for k := from; k < to; k++ {
				if !elems.IsNull(k) && (best < 0 || sign*fn.Compare(elems, k, elems, best) > 0) {
					best = k
				}
			}
			return best
		})
	}
}

// The functions that make another list.
var (
	Sort = &op.Function{Name: "list_sort", Doc: "is the list in the order of `sort`: NaN behind every number, null behind everything.", Params: fn.Params("list: The list."), Total: true,
		Resolve: func(args []types.Type) (op.Overload, error) {
			if len(args) == 1 && args[0].Kind == types.List && ordered(*args[0].Elem) {
				t := args[0].NotNull()
				return op.Overload{Params: []types.Type{t}, Result: t, Eval: sortList}, nil
			}
			return op.Overload{}, fmt.Errorf("a list of values that have an order, not %s", fn.List(args))
		}, Examples: []op.FuncExample{fn.Ex("list_sort([3, 1, 2])", "[1, 2, 3]")}}
	Distinct = &op.Function{Name: "list_distinct", Doc: "is the list without what is in it before: every value where it occurs first. Null, and NaN, occur once.", Params: fn.Params("list: The list."), Total: true,
		Resolve: func(args []types.Type) (op.Overload, error) {
			if len(args) == 1 && args[0].Kind == types.List {
				t := args[0].NotNull()
				return op.Overload{Params: []types.Type{t}, Result: t, Eval: distinctList}, nil
			}
			return op.Overload{}, fmt.Errorf("a list, not %s", fn.List(args))
		}, Examples: []op.FuncExample{fn.Ex("list_distinct([2, 1, 2])", "[2, 1]")}}
	Flatten = &op.Function{Name: "flatten", Doc: "is the elements of the lists in a list, one after the other. A null list has none.", Params: fn.Params("lists: A list of lists."), Total: true,
		Resolve: func(args []types.Type) (op.Overload, error) {
			if len(args) == 1 && args[0].Kind == types.List && args[0].Elem.Kind == types.List {
				t := args[0].NotNull()
				return op.Overload{Params: []types.Type{t}, Result: t.Elem.NotNull(), Eval: flatten}, nil
			}
			return op.Overload{}, fmt.Errorf("a list of lists, not %s", fn.List(args))
		}, Examples: []op.FuncExample{fn.Ex("flatten([[1, 2], [3]])", "[1, 2, 3]")}}
)

func sortList(c *op.Call) (*batch.Vector, error) {
	return fn.MapLists(c, c.Args, func(dst []uint32, elems *fn.Elems, i int) []uint32 {
		start, all := len(dst), elems.Stack.All
		dst = elems.Append(dst, 0, i)
		slices.SortStableFunc(dst[start:], func(a, b uint32) int { return fn.Compare(all, int(a), all, int(b)) })
		return dst
	}), nil
}

func distinctList(c *op.Call) (*batch.Vector, error) {
	var key []byte
	return fn.MapLists(c, c.Args, func(dst []uint32, elems *fn.Elems, i int) []uint32 {
		seen := map[string]bool{}
		for from, to := elems.Bounds(0, i); from < to; from++ {
			key = batch.AppendKey(key[:0], elems.Stack.All, int(from))
			if !seen[string(key)] {
				seen[string(key)] = true
				dst = append(dst, from)
			}
		}
		return dst
	}), nil
}

func flatten(c *op.Call) (*batch.Vector, error) {
	outer := c.Args[0].Flat()
	inner := outer.Fields[0].Flat()
	return fn.MapLists(c, []*batch.Vector{inner}, func(dst []uint32, elems *fn.Elems, i int) []uint32 {
		for k := int(outer.Offs[i]); k < int(outer.Offs[i+1]); k++ {
			if !inner.IsNull(k) {
				dst = elems.Append(dst, 0, k)
			}
		}
		return dst
	}), nil
}

// Sum adds the elements.
var Sum = &op.Function{Name: "list_sum", Doc: "adds the elements that are not null; 0 where there are none. Ints beyond 64 bits reject the row. Floats are added from the left.",
	Params: fn.Params("list: Ints or floats."),
	Resolve: func(args []types.Type) (op.Overload, error) {
		return fn.Overloads(fn.S("list<int?>", "int", sumInts), fn.S("list<float?>", "float", sumFloats))(args)
	},
	Examples: []op.FuncExample{fn.Ex("list_sum([1, 2, 3])", "6"), fn.Ex("list_sum([0.5, 1])", "1.5"), fn.Fails("list_sum([9223372036854775807, 1])", "integer overflow")}}

func sumInts(c *op.Call) (*batch.Vector, error) {
	return fn.MapInts(c, func(i int) int64 {
		elems, from, to := fn.ListAt(c.Args[0], i)
		var hi, lo int64 // value = hi·2^32 + lo
		for k := from; k < to; k++ {
			if !elems.IsNull(k) {
				x := elems.Int(k)
				hi, lo = hi+x>>32, lo+x&math.MaxUint32
			}
		}
		hi += lo >> 32
		if hi != int64(int32(hi)) {
			c.Fail(i, fn.CodeOverflow, "integer overflow: list_sum")
			return 0
		}
		return hi<<32 | lo&math.MaxUint32
	}), nil
}

func sumFloats(c *op.Call) (*batch.Vector, error) {
	return fn.MapFloats(c, func(i int) float64 {
		elems, from, to := fn.ListAt(c.Args[0], i)
		var s float64
		for k := from; k < to; k++ {
			if !elems.IsNull(k) {
				s += elems.Float(k)
			}
		}
		return s
	}), nil
}
