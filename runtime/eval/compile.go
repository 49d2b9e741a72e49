package eval

import (
	"fmt"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// maxDepth bounds the nesting of an expression; the parser's own bound is lower.
const maxDepth = 1000

// compiler turns an expression into nodes, parts that are constant into their values.
type compiler struct {
	cat   *op.Catalogue
	in    types.Row
	depth int
}

func (c *compiler) compile(e *expr.Expr) (node, error) {
	if e == nil {
		return nil, fmt.Errorf("there is no expression")
	}
	if c.depth++; c.depth > maxDepth {
		return nil, fmt.Errorf("an expression is nested more than %d deep", maxDepth)
	}
	defer func() { c.depth-- }()
	switch e.Kind {
	case expr.Const:
		return newConstant(e.Type, castValue(e.Value, e.Type)), nil
	case expr.Column:
		i := c.in.Index(e.Name)
		if i < 0 {
			return nil, fmt.Errorf("no column is called `%s`: the row has %s", e.Name, c.in)
		}
		return &column{i, c.in[i].Type}, nil
	case expr.Field:
		of, err := c.compile(e.Args[0])
		if err != nil {
			return nil, err
		}
		rec := of.typ()
		for k, f := range rec.Fields {
			if rec.Kind == types.Record && f.Name == e.Name {
				t := f.Type
				t.Nullable = t.Nullable || rec.Nullable
				return &field{of, k, t}, nil
			}
		}
		return nil, fmt.Errorf("no field is called `%s` in %s", e.Name, rec)
	case expr.Call:
		args := make([]node, len(e.Args))
		for i, a := range e.Args {
			n, err := c.compile(a)
			if err != nil {
				return nil, err
			}
			args[i] = n
		}
		n, err := c.call(e, args)
		if err != nil {
			return nil, err
		}
		return fold(n, e, args), nil
	}
	return nil, fmt.Errorf("an expression of unknown kind %q", e.Kind)
}

// fold replaces a node whose arguments are all constants by its value, unless computing it fails: the rows must say so
// then. A call without arguments is left alone.
func fold(n node, e *expr.Expr, args []node) node {
	for _, a := range args {
		if _, is := a.(*constant); !is {
			return n
		}
	}
	if len(args) == 0 && e.Name != expr.MakeList && e.Name != expr.MakeRec {
		return n
	}
	r := &run{b: &batch.Batch{N: 1}, n: 1}
	v, err := r.eval(n, nil)
	if err != nil || len(r.failures) > 0 {
		return n
	}
	return newConstant(n.typ(), v.Value(0))
}

func (c *compiler) call(e *expr.Expr, args []node) (node, error) {
	t := e.Type
	arity := func(n int) error {
		if len(args) != n {
			return fmt.Errorf("`%s` has %d arguments, not %d", e.Name, len(args), n)
		}
		return nil
	}
	switch e.Name {
	case expr.And, expr.Or:
		if err := arity(2); err != nil {
			return nil, err
		}
		for i := range args {
			args[i] = convert(args[i], types.Of(types.Bool))
		}
		return &logic{args[0], args[1], e.Name == expr.Or, t}, nil
	case expr.If:
		if err := arity(3); err != nil {
			return nil, err
		}
		return &choice{convert(args[0], types.Of(types.Bool)), convert(args[1], t), convert(args[2], t), t}, nil
	case expr.Coalesce:
		if err := arity(2); err != nil {
			return nil, err
		}
		return &coalesce{convert(args[0], t), convert(args[1], t), t}, nil
	case expr.Cast:
		if err := arity(1); err != nil {
			return nil, err
		}
		return convert(args[0], t), nil
	case expr.In:
		if err := arity(2); err != nil {
			return nil, err
		}
		return c.membership(e, args)
	case expr.MakeList:
		if t.Kind != types.List {
			return nil, fmt.Errorf("a list of type %s", t)
		}
		for i := range args {
			args[i] = convert(args[i], *t.Elem)
		}
		return &makeList{args, t}, nil
	case expr.MakeRec:
		if t.Kind != types.Record || len(t.Fields) != len(args) {
			return nil, fmt.Errorf("a record of type %s with %d fields", t, len(args))
		}
		for i := range args {
			args[i] = convert(args[i], t.Fields[i].Type)
		}
		return &makeRecord{args, t}, nil
	}
	return c.function(e.Name, t, args)
}

// function resolves a call of the catalogue for the arguments' types and makes the arguments what it wants.
func (c *compiler) function(name string, t types.Type, args []node) (node, error) {
	f := c.cat.Function(name)
	if f == nil {
		return nil, fmt.Errorf("no function is called `%s`", name)
	}
	given := make([]types.Type, len(args))
	bare := false // a `null` without a type is among the arguments
	for i, a := range args {
		given[i] = a.typ().NotNull()
		bare = bare || given[i].Kind == types.Null
	}
	ov, err := f.Resolve(given)
	if err != nil {
		if bare {
			return newConstant(t.OrNull(), nil), nil
		}
		return nil, fmt.Errorf("`%s` wants %w", name, err)
	}
	if len(args) > 0 && len(ov.Params) == 0 {
		return nil, fmt.Errorf("`%s` takes no arguments", name)
	}
	consts := make([]any, len(args))
	for i := range args {
		p := ov.Params[min(i, len(ov.Params)-1)]
		args[i] = convert(args[i], p)
		if k, is := args[i].(*constant); is {
			consts[i] = k.value
		}
	}
	out := &call{name: name, args: args, aware: ov.NullAware, result: ov.Result, t: t, f: ov.Eval}
	if ov.Prepare != nil {
		if out.f, err = ov.Prepare(consts); err != nil {
			return nil, fmt.Errorf("`%s`: %w", name, err)
		}
	}
	if out.f == nil {
		return nil, fmt.Errorf("`%s` is not implemented", name)
	}
	if ov.Result.Kind != t.Kind {
		return nil, fmt.Errorf("`%s` gives %s, not %s", name, ov.Result, t)
	}
	if !ov.NullAware {
		for _, a := range args {
			out.t.Nullable = out.t.Nullable || a.typ().Nullable
		}
	}
	return out, nil
}
