package eval

import (
	"fmt"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// call is a function of the catalogue over its arguments.
type call struct {
	name   string
	args   []node
	aware  bool // of nulls
	result types.Type
	t      types.Type
	f      func(c *op.Call) (*batch.Vector, error)
}

func (c *call) typ() types.Type { return c.t }

func (c *call) eval(r *run, rows []uint32) (*batch.Vector, error) {
	args := make([]*batch.Vector, len(c.args))
	for i, a := range c.args {
		v, err := r.eval(a, rows)
		if err != nil {
			return nil, err
		}
		args[i] = v
		rows = r.alive(rows)
	}
	return c.apply(r.n, rows, args, r.fail)
}

// apply calls the function for rows: over the dictionary where the arguments share one that is not larger than the work
// without it.
func (c *call) apply(n int, rows []uint32, args []*batch.Vector, fail func(row int, code, reason string)) (*batch.Vector, error) {
	if none(rows, n) {
		return nulls(c.t, n), nil
	}
	idx, m := sharedIndex(args)
	if idx == nil || m > count(rows, n) {
		return c.compute(n, rows, args, fail)
	}
	used := batch.NewBitmap(m)
	each(rows, n, func(row int) { used.Set(int(idx[row])) })
	entries := where(nil, m, used.Get)
	inner := make([]*batch.Vector, len(args))
	for i, a := range args {
		if a.Dict.N == m {
			inner[i] = a.Dict
		} else {
			inner[i] = &batch.Vector{Type: a.Type, N: m, Dict: a.Dict, Idx: make([]uint32, m)}
		}
	}
	type reason struct{ code, text string }
	var failed map[uint32]reason
	v, err := c.compute(m, entries, inner, func(entry int, code, text string) {
		if failed == nil {
			failed = map[uint32]reason{}
		}
		if _, before := failed[uint32(entry)]; !before {
			failed[uint32(entry)] = reason{code, text}
		}
	})
	if err != nil {
		return nil, err
	}
	if failed != nil { // only entries that a row refers to were computed, so these rows fail and no other
		each(rows, n, func(row int) {
			if f, is := failed[idx[row]]; is {
				fail(row, f.code, f.text)
			}
		})
	}
	return &batch.Vector{Type: c.t, N: n, Dict: flatRows(v, entries), Idx: idx}, nil
}

// sharedIndex gives the index that all arguments share as dictionaries, and the size of the dictionaries; arguments of
// one entry, which are constants, fit any. Nil where there is none.
func sharedIndex(args []*batch.Vector) (idx []uint32, m int) {
	for _, a := range args {
		switch {
		case a.Dict == nil:
			return nil, 0
		case a.Dict.N == 1 && m != 0:
		case idx == nil || m == 1:
			idx, m = a.Idx, a.Dict.N
		case a.Dict.N != m || &a.Idx[0] != &idx[0]:
			return nil, 0
		}
	}
	return idx, m
}

// compute calls the function for rows, of which there is at least one, and takes care of nulls.
func (c *call) compute(n int, rows []uint32, args []*batch.Vector, fail func(row int, code, reason string)) (*batch.Vector, error) {
	if c.aware {
		v, err := c.invoke(n, rows, args, fail)
		if err != nil {
			return nil, err
		}
		return retype(v, c.t), nil
	}
	live := rows
	for _, a := range args {
		if hasNulls(a) {
			live = where(live, n, func(row int) bool { return !a.IsNull(row) })
		}
	}
	if none(live, n) {
		return nulls(c.t, n), nil
	}
	v, err := c.invoke(n, live, args, fail)
	if err != nil {
		return nil, err
	}
	if count(live, n) == count(rows, n) {
		return retype(v, c.t), nil
	}
	return withValid(v, c.t, n, live, func(int) bool { return true }), nil
}

func (c *call) invoke(n int, rows []uint32, args []*batch.Vector, fail func(row int, code, reason string)) (*batch.Vector, error) {
	v, err := c.f(&op.Call{N: n, Rows: rows, Args: args, Type: c.result, Fail: fail})
	if err != nil {
		return nil, fmt.Errorf("`%s`: %w", c.name, err)
	}
	if v == nil || v.N != n {
		return nil, fmt.Errorf("`%s` did not give %d values", c.name, n)
	}
	return v, nil
}

// hasNulls reports whether a value of the vector may be null.
func hasNulls(v *batch.Vector) bool {
	if v.Dict != nil {
		return v.Dict.Valid != nil || v.Dict.Dict != nil
	}
	return v.Valid != nil
}
