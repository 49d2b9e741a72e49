package fn

import (
	"weir/runtime/batch"
	"weir/runtime/op"
)

// Elems is the elements of list arguments, under each other.
type Elems struct {
	Stack *Stacked
	args  []*batch.Vector
}

// Bounds gives the positions in Stack.All of the elements of list k in a row.
func (e *Elems) Bounds(k, row int) (from, to uint32) {
	_, f, t := ListAt(e.args[k], row)
	return e.Stack.base[k] + uint32(f), e.Stack.base[k] + uint32(t)
}

// Append appends the positions of all elements of list k in a row.
func (e *Elems) Append(dst []uint32, k, row int) []uint32 {
	for from, to := e.Bounds(k, row); from < to; from++ {
		dst = append(dst, from)
	}
	return dst
}

// MapLists computes a list result out of the elements of list arguments: f appends the positions of a row's elements, as Elems has them.
// A list longer than MaxValue bytes of positions rejects the row.
func MapLists(c *op.Call, lists []*batch.Vector, f func(dst []uint32, elems *Elems, row int) []uint32) *batch.Vector {
	e := &Elems{args: lists}
	inner := make([]*batch.Vector, len(lists))
	for k, v := range lists {
		if v.Dict != nil {
			v = v.Dict
		}
		inner[k] = v.Fields[0].Flat()
	}
	e.Stack = Stack(*c.Type.Elem, inner)
	v := &batch.Vector{Type: c.Type, N: c.N, Offs: make([]uint32, c.N+1)}
	var idx []uint32
	row := 0
	c.Each(func(i int) {
		for ; row <= i; row++ {
			v.Offs[row] = uint32(len(idx))
		}
		start := len(idx)
		if idx = f(idx, e, i); len(idx)-start > MaxValue/4 {
			idx = idx[:start]
			TooLarge(c, i)
		}
	})
	for ; row <= c.N; row++ {
		v.Offs[row] = uint32(len(idx))
	}
	elems := e.Stack.All.Take(idx)
	elems.Type = *c.Type.Elem
	v.Fields = []*batch.Vector{elems}
	return v
}
