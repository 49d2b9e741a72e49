package check

import (
	"errors"
	"fmt"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

var errNotConstant = errors.New("not a constant")

// tooLarge says that a constant passes maxConst: what doubles a text forty times is short.
const tooLarge = "a constant of more than %d KiB"

// size is the bytes of a constant, more or less, up to just above limit.
func size(v any, limit int) int {
	switch x := v.(type) {
	case string:
		return 1 + len(x)
	case []any:
		n := 1
		for _, y := range x {
			if n > limit {
				break
			}
			n += size(y, limit-n)
		}
		return n
	}
	return 8
}

// fold computes a constant expression; errNotConstant where it is none.
func (c *checker) fold(e *expr.Expr) (any, error) {
	switch e.Kind {
	case expr.Const:
		return e.Value, nil
	case expr.Field:
		v, err := c.fold(e.Args[0])
		if err != nil {
			return nil, err
		}
		if parts, ok := v.([]any); ok {
			for i, f := range e.Args[0].Type.Fields {
				if f.Name == e.Name && i < len(parts) {
					return parts[i], nil
				}
			}
		}
		return nil, nil
	case expr.Call:
		return c.foldCall(e)
	}
	return nil, errNotConstant
}

// foldCall computes a call; what the language evaluates lazily is evaluated lazily here too.
func (c *checker) foldCall(e *expr.Expr) (any, error) {
	switch e.Name {
	case expr.And, expr.Or:
		stop := e.Name == expr.Or
		var unknown bool
		for _, a := range e.Args {
			v, err := c.fold(a)
			if err != nil {
				return nil, err
			}
			b, ok := v.(bool)
			if ok && b == stop {
				return stop, nil
			}
			unknown = unknown || !ok
		}
		if unknown {
			return nil, nil
		}
		return !stop, nil
	case expr.If:
		cond, err := c.fold(e.Args[0])
		if err != nil {
			return nil, err
		}
		if b, _ := cond.(bool); b {
			return c.fold(e.Args[1])
		}
		return c.fold(e.Args[2])
	case expr.Coalesce:
		v, err := c.fold(e.Args[0])
		if err != nil || v != nil {
			return v, err
		}
		return c.fold(e.Args[1])
	}
	vals := make([]any, len(e.Args))
	null := false
	for i, a := range e.Args {
		v, err := c.fold(a)
		if err != nil {
			return nil, err
		}
		vals[i] = v
		null = null || v == nil
	}
	if size(vals, maxConst) > maxConst {
		return nil, fmt.Errorf(tooLarge, maxConst>>10)
	}
	switch e.Name {
	case expr.MakeList, expr.MakeRec:
		return vals, nil
	case expr.Cast:
		return convert(vals[0], e.Args[0].Type, e.Type), nil
	case expr.IsNull:
		return vals[0] == nil, nil
	case expr.NotNull:
		return vals[0] != nil, nil
	case expr.Not:
		if b, ok := vals[0].(bool); ok {
			return !b, nil
		}
		return nil, nil
	}
	return c.evaluate(e, vals, null)
}

// evaluate runs the implementation of a function over one row.
func (c *checker) evaluate(e *expr.Expr, vals []any, null bool) (any, error) {
	f := c.o.Catalogue.Function(e.Name)
	if f == nil {
		return nil, errNotConstant
	}
	argTypes := make([]types.Type, len(e.Args))
	for i, a := range e.Args {
		argTypes[i] = a.Type.NotNull()
	}
	ov, err := f.Resolve(argTypes)
	if err != nil {
		return nil, errNotConstant
	}
	if null && !ov.NullAware {
		return nil, nil
	}
	eval := ov.Eval
	if ov.Prepare != nil {
		if eval, err = ov.Prepare(vals); err != nil {
			return nil, err
		}
	}
	if eval == nil {
		return nil, errNotConstant
	}
	call := &op.Call{N: 1, Type: e.Type, Args: make([]*batch.Vector, len(vals))}
	for i, v := range vals {
		call.Args[i] = batch.Repeat(e.Args[i].Type, v, 1).Flat()
	}
	var failed error
	call.Fail = func(_ int, _, reason string) { failed = errors.New(reason) }
	out, err := eval(call)
	switch {
	case failed != nil:
		return nil, failed
	case err != nil:
		return nil, err
	case out == nil || out.N < 1:
		return nil, errNotConstant
	case out.IsNull(0):
		return nil, nil
	}
	return out.Value(0), nil
}
