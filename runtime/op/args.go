package op

import (
	"strings"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/lang/diag"
)

// Args is the checked arguments of one use of an operator, by parameter name; absent where neither the user nor a default gave
// one. It is JSON in a plan. It is not changed once checked: a rule that sets one works on Clone.
type Args map[string]*Arg

// Arg is one argument. Which field is in use follows from the parameter's Kind.
type Arg struct {
	Expr  *expr.Expr `json:"expr,omitempty"`
	Word  string     `json:"word,omitempty"`
	Names []string   `json:"names,omitempty"`
	Args  Args       `json:"args,omitempty"`
	Defs  []Def      `json:"defs,omitempty"`
	Keys  []Key      `json:"keys,omitempty"`
	On    []KeyPair  `json:"on,omitempty"`
	Aggs  []Agg      `json:"aggs,omitempty"`
	Row   types.Row  `json:"row,omitempty"`
	Ports []int      `json:"ports,omitempty"` // input ports of a Stream argument; the pipe is port 0

	Default bool      `json:"default,omitempty"` // the user did not write it
	Span    diag.Span `json:"-"`
}

// Def defines a column.
type Def struct {
	Name string     `json:"name"`
	Expr *expr.Expr `json:"expr"`
}

// Key is a key of sorting or grouping. Name is its column in the output of a grouping.
type Key struct {
	Name string     `json:"name,omitempty"`
	Expr *expr.Expr `json:"expr"`
	Desc bool       `json:"desc,omitempty"`
}

// KeyPair is a pair of equal expressions of a join.
type KeyPair struct {
	Left  *expr.Expr `json:"left"`
	Right *expr.Expr `json:"right"`
}

// Agg is one aggregate of a grouping.
type Agg struct {
	Name string       `json:"name"`
	Func string       `json:"func"`
	Args []*expr.Expr `json:"args,omitempty"`
	Type types.Type   `json:"type"`
}

// Clone copies the map, not the arguments.
func (a Args) Clone() Args {
	c := make(Args, len(a))
	for k, v := range a {
		c[k] = v
	}
	return c
}

// Const gives the constant of a Value argument; false where it is absent or null.
func (a Args) Const(name string) (any, bool) {
	x := a[name]
	if x == nil || x.Expr == nil || x.Expr.Kind != expr.Const || x.Expr.Value == nil {
		return nil, false
	}
	return x.Expr.Value, true
}

// Int gives an int-like constant, or otherwise the given value.
func (a Args) Int(name string, otherwise int64) int64 {
	if v, ok := a.Const(name); ok {
		if i, ok := v.(int64); ok {
			return i
		}
	}
	return otherwise
}

// Float gives a numeric constant as a float, or otherwise the given value.
func (a Args) Float(name string, otherwise float64) float64 {
	switch v, _ := a.Const(name); v := v.(type) {
	case float64:
		return v
	case int64:
		return float64(v)
	}
	return otherwise
}

// Text gives a string-like constant, or "".
func (a Args) Text(name string) string {
	v, _ := a.Const(name)
	s, _ := v.(string)
	return s
}

// Bool gives a bool constant, or false.
func (a Args) Bool(name string) bool {
	v, _ := a.Const(name)
	b, _ := v.(bool)
	return b
}

// Word gives a word, or "".
func (a Args) Word(name string) string {
	if x := a[name]; x != nil {
		return x.Word
	}
	return ""
}

// Names gives the names of a Names, Columns or Words argument.
func (a Args) Names(name string) []string {
	if x := a[name]; x != nil {
		return x.Names
	}
	return nil
}

// Expr gives the expression of a RowExpr argument, nil where it is absent.
func (a Args) Expr(name string) *expr.Expr {
	if x := a[name]; x != nil {
		return x.Expr
	}
	return nil
}

// Exprs lists every expression in the arguments that reads the input row.
func (a *Arg) Exprs() []*expr.Expr {
	var out []*expr.Expr
	if a == nil {
		return nil
	}
	if a.Expr != nil {
		out = append(out, a.Expr)
	}
	for _, d := range a.Defs {
		out = append(out, d.Expr)
	}
	for _, k := range a.Keys {
		out = append(out, k.Expr)
	}
	for _, g := range a.Aggs {
		out = append(out, g.Args...)
	}
	return out
}

// String writes the argument as a user would.
func (a *Arg) String() string {
	var parts []string
	switch {
	case a.Word != "" && a.Args != nil:
		return a.Word + "(" + a.Args.Options() + ")"
	case a.Word != "":
		return a.Word
	case a.Defs != nil:
		for _, d := range a.Defs {
			if p, ok := d.Expr.Path(); ok && (p == d.Name || strings.HasSuffix(p, "."+d.Name)) {
				parts = append(parts, p)
			} else {
				parts = append(parts, d.Name+" = "+d.Expr.String())
			}
		}
		return strings.Join(parts, ", ")
	case a.Keys != nil:
		for _, k := range a.Keys {
			if k.Desc {
				parts = append(parts, "desc("+k.Expr.String()+")")
			} else {
				parts = append(parts, k.Expr.String())
			}
		}
		return group(parts)
	case a.Aggs != nil:
		for _, g := range a.Aggs {
			args := make([]string, len(g.Args))
			for i, e := range g.Args {
				args[i] = e.String()
			}
			parts = append(parts, g.Name+" = "+g.Func+"("+strings.Join(args, ", ")+")")
		}
		return strings.Join(parts, ", ")
	case a.On != nil:
		for _, p := range a.On {
			l, r := p.Left.String(), p.Right.String()
			if l == r {
				parts = append(parts, l)
			} else {
				parts = append(parts, l+" = "+r)
			}
		}
		return group(parts)
	case a.Names != nil:
		return group(a.Names)
	case a.Row != nil:
		return a.Row.String()
	case a.Expr != nil:
		return a.Expr.String()
	}
	return ""
}

func group(parts []string) string {
	if len(parts) == 1 {
		return parts[0]
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// Options writes the arguments of a constructor: "open: 11, extend: 1", by name.
func (a Args) Options() string {
	var parts []string
	for _, n := range sortedKeys(a) {
		parts = append(parts, n+": "+a[n].String())
	}
	return strings.Join(parts, ", ")
}
