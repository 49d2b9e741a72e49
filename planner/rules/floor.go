package rules

import (
	"math"

	"weir/compiler/expr"
	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/planner/internal/graph"
	"weir/runtime/op"
)

// floorPushdown gives the lower bound that a filter sets for a column to the operator that computes the column, which
// can then drop rows early, and takes it out of the filter; a filter that has no other condition goes.
//
// Legal because the operator drops exactly the rows under the bound (op.Floor). `score > c` is a bound too: the next
// number above c. In `a and b`, b counts only where a holds, so a bound may be taken out from behind conditions that
// cannot fail.
//
// Counter-examples: `score >= 100 or keep`; `score <= 100`; `risky(x) > 0 and score >= 100`: a row under the bound may
// be rejected first; a second pipeline that reads the rows under the bound; a column that may be null or that the
// operator finds in its input.
var floorPushdown = &Rule{
	Name: "floor-pushdown",
	Match: func(c *Context, p *Plan, n *logical.Node) bool {
		m := p.before(n)
		return c.isFilter(n) && m != nil && len(c.op(m).Caps.Floors) > 0
	},
	Apply: func(c *Context, p *Plan, n *logical.Node) (string, bool) {
		m := p.before(n)
		o, cond := c.op(n), c.condition(n)
		stays := "`" + cond.String() + "` stays behind " + m.Name() + ": "
		if other := p.other(m, n); other != "" {
			return stays + other + " reads all of its rows", false
		}
		if p.sides(n) {
			return stays + "a side output is in use", false
		}
		var taken, kept []*expr.Expr
		why, blocked := "no part of it is a lower bound of a column that "+m.Name()+" can apply", ""
		for _, part := range cond.Conjuncts() {
			set, reason := false, ""
			if blocked == "" {
				set, reason = c.setFloor(p, m, part)
			} else if _, _, _, ok := bound(part); ok {
				reason = "`" + blocked + "` stands before it and may reject a row"
			}
			if reason != "" {
				why = reason
			}
			if set {
				taken = append(taken, part)
				continue
			}
			kept = append(kept, part)
			if s := graph.Fallible(c.Catalogue, part); s != "" && blocked == "" {
				blocked = s
			}
		}
		if len(taken) == 0 {
			return stays + why, false
		}
		text := "`" + expr.AndAll(taken).String() + "` is applied inside " + m.Name()
		if len(kept) > 0 {
			arg := *n.Args[o.Caps.Condition]
			arg.Expr = expr.AndAll(kept)
			n.Args[o.Caps.Condition] = &arg
			return text + "; the filter keeps `" + arg.Expr.String() + "`", true
		}
		if !n.Out.Row.Equal(m.Out.Row) {
			return stays + "it narrows a column's type for what follows", false
		}
		p.redirect(n.ID, m.ID)
		if !p.remove(n) {
			return stays + "its rejected rows are read, and it must be there even if there are none", false
		}
		return text + "; the filter is gone, since no row under the bound leaves it", true
	},
}

// setFloor gives a condition to the operator as a bound. Reason says why not, where the condition is a bound at all.
func (c *Context) setFloor(p *Plan, m *logical.Node, cond *expr.Expr) (set bool, reason string) {
	column, value, above, ok := bound(cond)
	if !ok {
		return false, ""
	}
	o := c.op(m)
	for _, f := range o.Caps.Floors {
		if f.Column != column.Name {
			continue
		}
		param, known := o.Param(f.Param)
		switch {
		case !known:
			return false, "it has no parameter for the bound"
		case f.Applies != nil && !f.Applies(m.Args):
			return false, "with these arguments it cannot apply a bound"
		case column.Type.Nullable:
			return false, "`" + column.Name + "` may be null"
		case len(p.rows[m.ID]) > 0 && p.rows[m.ID][0].Index(column.Name) >= 0:
			return false, "`" + column.Name + "` is computed before it"
		}
		lit, ok := floorValue(column.Type.Kind, param.Type, value, above)
		if !ok {
			return false, "the bound has no exact value as " + param.Type.String()
		}
		if old, ok := m.Args.Const(f.Param); ok && number(old) >= number(lit.Value) {
			return true, ""
		}
		m.Args[f.Param] = &op.Arg{Expr: lit}
		return true, ""
	}
	return false, "it applies no bound to `" + column.Name + "`"
}

// bound takes `column >= constant`, `column > constant` (above) and their mirror images apart.
func bound(e *expr.Expr) (column, value *expr.Expr, above, ok bool) {
	if e.Kind != expr.Call || len(e.Args) != 2 {
		return nil, nil, false, false
	}
	x, y := uncast(e.Args[0]), uncast(e.Args[1])
	switch e.Name {
	case expr.Ge, expr.Gt:
	case expr.Le, expr.Lt:
		x, y = y, x
	default:
		return nil, nil, false, false
	}
	above = e.Name == expr.Gt || e.Name == expr.Lt
	if x.Kind != expr.Column || y.Kind != expr.Const || y.Value == nil {
		return nil, nil, false, false
	}
	return x, y, above, true
}

// uncast looks through the widening of an int to a float.
func uncast(e *expr.Expr) *expr.Expr {
	for e.Kind == expr.Call && e.Name == expr.Cast && len(e.Args) == 1 && e.Type.Kind == types.Float {
		e = e.Args[0]
	}
	return e
}

func number(v any) float64 {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case float64:
		return v
	}
	return math.NaN()
}

// exact is the largest magnitude below which every integer is a float64.
const exact = 1 << 53

// floorValue gives the bound as a constant of the parameter's type; false where there is none that means the same.
func floorValue(column types.Kind, param types.Type, value *expr.Expr, above bool) (*expr.Expr, bool) {
	x := number(value.Value)
	if math.IsNaN(x) || math.Abs(x) >= exact || column != types.Int && column != types.Float {
		return nil, false
	}
	name := value.Param
	switch {
	case column == types.Int: // the least integer that satisfies the condition
		least := math.Ceil(x)
		if above && least == x {
			least++
		}
		if least != x {
			name = ""
		}
		x = least
	case above:
		x, name = math.Nextafter(x, math.Inf(1)), ""
	}
	lit := &expr.Expr{Kind: expr.Const, Type: param, Param: name, Span: value.Span}
	switch param.Kind {
	case types.Float:
		lit.Value = x
	case types.Int:
		if x != math.Trunc(x) {
			return nil, false
		}
		lit.Value = int64(x)
	default:
		return nil, false
	}
	return lit, true
}
