package eval

import (
	"fmt"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/batch"
)

// membership compiles `x in list`: by a set where the list is constant and its values are told apart by their bits,
// element by element and lazily where the list is written out, else over the elements of a list vector. Equality is the
// catalogue's own.
func (c *compiler) membership(e *expr.Expr, args []node) (node, error) {
	x, list := args[0], args[1]
	if list.typ().Kind == types.Null {
		return newConstant(e.Type.OrNull(), nil), nil
	}
	if list.typ().Kind != types.List {
		return nil, fmt.Errorf("`in` wants a list, not %s", list.typ())
	}
	elem := *list.typ().Elem
	t := types.Of(types.Bool)
	t.Nullable = x.typ().Nullable || x.typ().Kind == types.Null || list.typ().Nullable || elem.Nullable
	k, is := list.(*constant)
	is = is && k.value != nil
	if is && len(k.value.([]any)) == 0 {
		return newInSet(x, nil, t), nil
	}
	if is && x.typ().Kind == elem.Kind {
		switch elem.Kind.Storage() {
		case types.StoreBytes, types.StoreInt, types.StoreBool:
			return newInSet(x, k.value.([]any), t), nil
		}
	}
	eq, err := c.function(expr.Eq, types.Of(types.Bool), []node{&hole{x.typ()}, &hole{elem}})
	if err != nil {
		return nil, err
	}
	same, is := eq.(*call)
	if !is { // an operand is a bare null
		return newConstant(t.OrNull(), nil), nil
	}
	wantX, wantElem := same.args[0].typ(), same.args[1].typ()
	if m, is := list.(*makeList); is {
		elems := make([]node, len(m.elems))
		for i, n := range m.elems {
			elems[i] = convert(n, wantElem)
		}
		return &inElems{convert(x, wantX), elems, same, t}, nil
	}
	return &inList{convert(x, wantX), convert(list, types.ListOf(wantElem)), same, t}, nil
}

// hole stands for an argument that is handed to call.apply.
type hole struct{ t types.Type }

func (h *hole) typ() types.Type { return h.t }
func (h *hole) eval(*run, []uint32) (*batch.Vector, error) {
	return nil, fmt.Errorf("an argument is missing")
}

// inSet looks values up in a constant set.
type inSet struct {
	x       node
	texts   map[string]bool
	ints    map[int64]bool
	bools   map[bool]bool
	hasNull bool
	empty   bool
	t       types.Type
}

func newInSet(x node, list []any, t types.Type) *inSet {
	s := &inSet{x: x, texts: map[string]bool{}, ints: map[int64]bool{}, bools: map[bool]bool{}, empty: len(list) == 0, t: t}
	for _, v := range list {
		switch v := v.(type) {
		case nil:
			s.hasNull = true
		case string:
			s.texts[v] = true
		case int64:
			s.ints[v] = true
		case bool:
			s.bools[v] = true
		}
	}
	return s
}

func (s *inSet) typ() types.Type { return s.t }

func (s *inSet) eval(r *run, rows []uint32) (*batch.Vector, error) {
	x, err := r.eval(s.x, rows)
	if err != nil {
		return nil, err
	}
	out := &batch.Vector{Type: s.t, N: r.n, Bools: make([]bool, r.n)}
	var null []uint32
	each(r.alive(rows), r.n, func(row int) {
		if x.IsNull(row) {
			if !s.empty {
				null = append(null, uint32(row))
			}
			return
		}
		var found bool
		switch x.Type.Kind.Storage() {
		case types.StoreBytes:
			found = s.texts[string(x.Bytes(row))]
		case types.StoreInt:
			found = s.ints[x.Int(row)]
		case types.StoreBool:
			found = s.bools[x.Bool(row)]
		}
		out.Bools[row] = found
		if !found && s.hasNull {
			null = append(null, uint32(row))
		}
	})
	return clear(out, null), nil
}

// inElems compares with the elements of a written list, in order, until one is equal.
type inElems struct {
	x     node
	elems []node
	eq    *call
	t     types.Type
}

func (s *inElems) typ() types.Type { return s.t }

func (s *inElems) eval(r *run, rows []uint32) (*batch.Vector, error) {
	x, err := r.eval(s.x, rows)
	if err != nil {
		return nil, err
	}
	rows = r.alive(rows)
	out := &batch.Vector{Type: s.t, N: r.n, Bools: make([]bool, r.n)}
	unknown := batch.NewBitmap(r.n)
	open := where(rows, r.n, func(int) bool { return true })
	for _, e := range s.elems {
		v, err := r.eval(e, open)
		if err != nil {
			return nil, err
		}
		open = r.alive(open)
		equal, err := s.eq.apply(r.n, open, []*batch.Vector{x, v}, r.fail)
		if err != nil {
			return nil, err
		}
		open = where(r.alive(open), r.n, func(row int) bool {
			if equal.IsNull(row) {
				unknown.Set(row)
				return true
			}
			out.Bools[row] = equal.Bool(row)
			return !equal.Bool(row)
		})
	}
	var null []uint32
	for _, row := range open {
		if unknown.Get(int(row)) {
			null = append(null, row)
		}
	}
	return clear(out, null), nil
}

// inList compares with the elements of a list vector.
type inList struct {
	x, list node
	eq      *call
	t       types.Type
}

func (s *inList) typ() types.Type { return s.t }

func (s *inList) eval(r *run, rows []uint32) (*batch.Vector, error) {
	x, err := r.eval(s.x, rows)
	if err != nil {
		return nil, err
	}
	rows = r.alive(rows)
	list, err := r.eval(s.list, rows)
	if err != nil {
		return nil, err
	}
	rows = r.alive(rows)
	if none(rows, r.n) {
		return nulls(s.t, r.n), nil
	}
	list = flatRows(list, rows)
	out := &batch.Vector{Type: s.t, N: r.n, Bools: make([]bool, r.n)}
	var null, left, right []uint32
	each(rows, r.n, func(row int) {
		if list.IsNull(row) {
			null = append(null, uint32(row))
			return
		}
		for k := list.Offs[row]; k < list.Offs[row+1]; k++ {
			left, right = append(left, uint32(row)), append(right, k)
		}
	})
	if len(left) > 0 {
		equal, err := s.eq.apply(len(left), nil, []*batch.Vector{x.Take(left), list.Fields[0].Take(right)},
			func(i int, code, reason string) { r.fail(int(left[i]), code, reason) })
		if err != nil {
			return nil, err
		}
		unknown := batch.NewBitmap(r.n)
		for i, row := range left {
			if equal.IsNull(i) {
				unknown.Set(int(row))
			} else if equal.Bool(i) {
				out.Bools[row] = true
			}
		}
		each(rows, r.n, func(row int) {
			if unknown.Get(row) && !out.Bools[row] {
				null = append(null, uint32(row))
			}
		})
	}
	return clear(out, null), nil
}
