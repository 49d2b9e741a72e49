package core

import (
	"fmt"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/fn"
)

// Index takes an element of a list.
var Index = operator(expr.Index, "is the element of a list at a position, which counts from 0. A position outside the list rejects the row; "+
	"`get(list, i)` gives null instead.", two("The list.", "The position."),
	func(args []types.Type) (op.Overload, error) {
		if err := fn.Arity(args, 2); err != nil {
			return op.Overload{}, err
		}
		if args[0].Kind != types.List || args[1].Kind != types.Int {
			return op.Overload{}, fmt.Errorf("(list, int), not %s", fn.List(args))
		}
		return op.Overload{Params: []types.Type{args[0].NotNull(), integer}, Result: *args[0].Elem, Eval: evalIndex}, nil
	}, fn.Ex("[1, 2, 3][0]", "1"), fn.Fails("[1, 2][2]", "index 2 is outside a list of 2"))

func evalIndex(c *op.Call) (*batch.Vector, error) {
	list, at := c.Args[0], fn.Ints(c.Args[1])
	if list.Dict != nil {
		list = list.Flat()
	}
	idx := make([]uint32, c.N)
	stack := fn.Stack(*list.Type.Elem, []*batch.Vector{list.Fields[0].Flat()})
	for i := range idx {
		idx[i] = stack.Null
	}
	c.Each(func(i int) {
		_, from, to := fn.ListAt(list, i)
		k := at.At(i)
		if k < 0 || k >= int64(to-from) {
			c.Fail(i, fn.CodeRange, fmt.Sprintf("index %d is outside a list of %d", k, to-from))
			return
		}
		idx[i] = uint32(from) + uint32(k)
	})
	v := stack.All.Take(idx)
	v.Type = c.Type
	return v, nil
}

// List makes a list of its arguments.
var List = &op.Function{Name: expr.MakeList, Doc: "makes a list.", Hidden: true, Total: true,
	Params: []op.FuncParam{{Name: "elements", Doc: "The elements.", Variadic: true}},
	Resolve: func(args []types.Type) (op.Overload, error) {
		t := types.Of(types.Null)
		for _, a := range args {
			u, ok := types.Unify(t, a)
			if !ok {
				return op.Overload{}, fmt.Errorf("elements of one type, not %s and %s", t, a)
			}
			if t.Kind == types.Null && !t.Nullable { // the first
				u = a
			}
			t = u
		}
		params := make([]types.Type, len(args))
		for i := range params {
			params[i] = t
		}
		return op.Overload{Params: params, Result: types.ListOf(t), NullAware: true, Eval: evalList}, nil
	},
	Examples: []op.FuncExample{fn.Ex("[1, 2.5]", "[1.0, 2.5]"), fn.Ex(`["a", "b"][1]`, `"b"`)},
}

func evalList(c *op.Call) (*batch.Vector, error) {
	stack := fn.Stack(*c.Type.Elem, c.Args)
	v := &batch.Vector{Type: c.Type, N: c.N, Offs: make([]uint32, c.N+1)}
	idx := make([]uint32, 0, c.N*len(c.Args))
	for i := range c.N {
		for k := range c.Args {
			idx = append(idx, stack.At(k, i))
		}
		v.Offs[i+1] = uint32(len(idx))
	}
	elems := stack.All.Take(idx)
	elems.Type = *c.Type.Elem
	v.Fields = []*batch.Vector{elems}
	return v, nil
}

// Record makes a record; its field names stand in the type of the call.
var Record = &op.Function{Name: expr.MakeRec, Doc: "makes a record.", Hidden: true, Total: true,
	Params: []op.FuncParam{{Name: "fields", Doc: "The fields.", Variadic: true}},
	Resolve: func(args []types.Type) (op.Overload, error) {
		t := types.Type{Kind: types.Record}
		for i, a := range args {
			t.Fields = append(t.Fields, types.Field{Name: fmt.Sprintf("f%d", i), Type: a})
		}
		return op.Overload{Params: args, Result: t, NullAware: true, Eval: func(c *op.Call) (*batch.Vector, error) {
			return &batch.Vector{Type: c.Type, N: c.N, Fields: c.Args}, nil
		}}, nil
	},
	Examples: []op.FuncExample{fn.Ex(`{ a: 1, b: "x" }`, `{ a: 1, b: "x" }`), fn.Ex(`{ a: 1, b: "x" }.b`, `"x"`)},
}

// Cast widens a value to the type of the call: int to float, a sequence, path or cigar to string, T to T?, within lists and records too. The
// compiler puts it where it is needed; it cannot fail.
var Cast = operator(expr.Cast, "widens a value to another type.", fn.Params("a: The value."),
	func(args []types.Type) (op.Overload, error) {
		if err := fn.Arity(args, 1); err != nil {
			return op.Overload{}, err
		}
		return op.Overload{Params: args, Result: args[0], NullAware: true, Eval: func(c *op.Call) (*batch.Vector, error) {
			return cast(c.Args[0], c.Type), nil
		}}, nil
	}, fn.Ex("if true { 1 } else { 0.5 }", "1.0"))

func cast(v *batch.Vector, t types.Type) *batch.Vector {
	if v.Dict != nil {
		return &batch.Vector{Type: t, N: v.N, Dict: cast(v.Dict, t), Idx: v.Idx}
	}
	out := *v
	out.Type = t
	switch {
	case v.Type.Kind == types.Null:
		return batch.Repeat(t, nil, v.N)
	case v.Type.Kind == types.Int && t.Kind == types.Float:
		out.Ints, out.Floats = nil, make([]float64, v.N)
		for i, x := range v.Ints {
			out.Floats[i] = float64(x)
		}
	case t.Kind == types.List:
		out.Fields = []*batch.Vector{cast(v.Fields[0], *t.Elem)}
	case t.Kind == types.Record:
		out.Fields = make([]*batch.Vector, len(v.Fields))
		for k, f := range v.Fields {
			out.Fields[k] = cast(f, t.Fields[k].Type)
		}
	}
	return &out
}
