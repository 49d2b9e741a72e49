// Package expr has typed expressions: what the checker makes of the expressions of a .flow file, what the planner moves about,
// what a plan's JSON holds and what a stage evaluates. Every operator (+, and, is null, …) is a call of a named function, so there
// are four kinds of node. Columns are referred to by name; a stage turns names into positions when it opens.
package expr

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"weir/compiler/types"
	"weir/lang/diag"
)

// Kind is the kind of a node.
type Kind string

const (
	Const  Kind = "const"  // Value
	Column Kind = "column" // Name: a column of the input row
	Field  Kind = "field"  // Name: a field of the record Args[0]
	Call   Kind = "call"   // Name: a function of the catalogue, over Args
)

// The functions that the operators of the language are calls of. They are in the catalogue like any other; And, Or, If and Coalesce
// evaluate lazily (an error in a branch that does not count rejects no row).
const (
	And      = "and" // three-valued
	Or       = "or"
	Not      = "not"
	If       = "if" // cond, then, else
	Coalesce = "??"
	IsNull   = "is_null"
	NotNull  = "is_not_null"
	In       = "in" // x, list
	Eq       = "=="
	Ne       = "!="
	Lt       = "<"
	Le       = "<="
	Gt       = ">"
	Ge       = ">="
	Add      = "+"
	Sub      = "-"
	Mul      = "*"
	Div      = "/"  // float
	IntDiv   = "//" // int
	Mod      = "%"
	Neg      = "neg"
	Index    = "index"  // list, position from 0
	Cast     = "cast"   // to Type: the implicit widening int → float and sequence → string
	MakeList = "list"   // the elements
	MakeRec  = "record" // the fields, in the order of Type.Fields
)

// Expr is one node. It is not changed once built: the planner copies what it rewrites.
type Expr struct {
	Kind  Kind
	Type  types.Type
	Name  string
	Value any // of a Const: nil, bool, int64 (every int-like kind), float64, string (every byte-like kind), []any (list), []any (record, by field)
	Args  []*Expr
	Span  diag.Span // where it stands in the source; zero for what the compiler made up
	Param string    // of a Const: the parameter that it came from, for plans
}

// Columns gives the column paths that the expression reads: "score", or "query.sequence" where only a field of a record is read;
// each once, in order of first use.
func (e *Expr) Columns() []string {
	var out []string
	seen := map[string]bool{}
	var walk func(*Expr)
	walk = func(e *Expr) {
		if p, ok := e.Path(); ok {
			if !seen[p] {
				seen[p] = true
				out = append(out, p)
			}
			return
		}
		for _, a := range e.Args {
			walk(a)
		}
	}
	if e != nil {
		walk(e)
	}
	return out
}

// Path gives "a" or "a.b.c" where the expression is nothing but a column or a field of one.
func (e *Expr) Path() (string, bool) {
	switch e.Kind {
	case Column:
		return e.Name, true
	case Field:
		if p, ok := e.Args[0].Path(); ok {
			return p + "." + e.Name, true
		}
	}
	return "", false
}

// Rewrite gives a copy in which f has replaced nodes, bottom up. f returns its argument for what stays.
func (e *Expr) Rewrite(f func(*Expr) *Expr) *Expr {
	c := *e
	if len(e.Args) > 0 {
		c.Args = make([]*Expr, len(e.Args))
		for i, a := range e.Args {
			c.Args[i] = a.Rewrite(f)
		}
	}
	return f(&c)
}

// Conjuncts splits a and b and c into its parts.
func (e *Expr) Conjuncts() []*Expr {
	if e.Kind == Call && e.Name == And {
		var out []*Expr
		for _, a := range e.Args {
			out = append(out, a.Conjuncts()...)
		}
		return out
	}
	return []*Expr{e}
}

// AndAll joins conditions; nil for none.
func AndAll(es []*Expr) *Expr {
	var out *Expr
	for _, e := range es {
		if out == nil {
			out = e
			continue
		}
		t := types.Of(types.Bool)
		t.Nullable = out.Type.Nullable || e.Type.Nullable
		out = &Expr{Kind: Call, Name: And, Type: t, Args: []*Expr{out, e}}
	}
	return out
}

// Col makes a reference to a column.
func Col(name string, t types.Type) *Expr { return &Expr{Kind: Column, Name: name, Type: t} }

// Lit makes a constant.
func Lit(t types.Type, v any) *Expr { return &Expr{Kind: Const, Type: t, Value: v} }

// binary operators by precedence, as the grammar has them.
var prec = map[string]int{Or: 1, And: 2, Not: 3, Eq: 4, Ne: 4, Lt: 4, Le: 4, Gt: 4, Ge: 4, In: 4, IsNull: 4, NotNull: 4,
	Coalesce: 5, Add: 6, Sub: 6, Mul: 7, Div: 7, IntDiv: 7, Mod: 7, Neg: 8}

// String writes the expression as a user would, parameters by their name and value: `score >= cutoff (100)`.
func (e *Expr) String() string { return e.str(0) }

func (e *Expr) str(outer int) string {
	switch e.Kind {
	case Const:
		if e.Param != "" {
			return e.Param + " (" + FormatValue(e.Type, e.Value) + ")"
		}
		return FormatValue(e.Type, e.Value)
	case Column:
		return e.Name
	case Field:
		return e.Args[0].str(9) + "." + e.Name
	}
	p, isOp := prec[e.Name]
	var s string
	switch {
	case e.Name == Not && len(e.Args) == 1:
		s = "not " + e.Args[0].str(p)
	case e.Name == Neg && len(e.Args) == 1:
		s = "-" + e.Args[0].str(p)
	case e.Name == IsNull:
		s = e.Args[0].str(p+1) + " is null"
	case e.Name == NotNull:
		s = e.Args[0].str(p+1) + " is not null"
	case isOp && len(e.Args) == 2:
		s = e.Args[0].str(p) + " " + e.Name + " " + e.Args[1].str(p+1)
	case e.Name == Cast && len(e.Args) == 1:
		return e.Args[0].str(outer)
	case e.Name == If && len(e.Args) == 3:
		s = "if " + e.Args[0].str(0) + " { " + e.Args[1].str(0) + " } else "
		if last := e.Args[2]; last.Kind == Call && last.Name == If {
			return s + last.str(0)
		}
		return s + "{ " + e.Args[2].str(0) + " }"
	case e.Name == Index && len(e.Args) == 2:
		return e.Args[0].str(9) + "[" + e.Args[1].str(0) + "]"
	case e.Name == MakeList:
		return "[" + e.join(nil) + "]"
	case e.Name == MakeRec:
		return "{ " + e.join(e.Type.Fields) + " }"
	default:
		return e.Name + "(" + e.join(nil) + ")"
	}
	if p < outer {
		return "(" + s + ")"
	}
	return s
}

func (e *Expr) join(names []types.Field) string {
	parts := make([]string, len(e.Args))
	for i, a := range e.Args {
		parts[i] = a.str(0)
		if names != nil {
			parts[i] = names[i].Name + ": " + parts[i]
		}
	}
	return strings.Join(parts, ", ")
}

// jsonExpr is the form in a plan. A source span is written short; it serves messages only.
type jsonExpr struct {
	Kind  Kind            `json:"kind"`
	Type  types.Type      `json:"type"`
	Name  string          `json:"name,omitempty"`
	Value json.RawMessage `json:"value,omitempty"`
	Param string          `json:"param,omitempty"`
	Args  []*Expr         `json:"args,omitempty"`
	At    *diag.Span      `json:"at,omitempty"`
}

// MarshalJSON writes the node; int64 and float64 keep every bit (floats that JSON lacks are strings).
func (e *Expr) MarshalJSON() ([]byte, error) {
	j := jsonExpr{Kind: e.Kind, Type: e.Type, Name: e.Name, Param: e.Param, Args: e.Args}
	if !e.Span.IsZero() {
		j.At = &e.Span
	}
	if e.Kind == Const {
		v, err := EncodeValue(e.Value)
		if err != nil {
			return nil, err
		}
		j.Value = v
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (e *Expr) UnmarshalJSON(data []byte) error {
	var j jsonExpr
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	*e = Expr{Kind: j.Kind, Type: j.Type, Name: j.Name, Param: j.Param, Args: j.Args}
	if j.At != nil {
		e.Span = *j.At
	}
	if j.Kind == Const {
		v, err := DecodeValue(j.Type, j.Value)
		if err != nil {
			return err
		}
		e.Value = v
	}
	return nil
}

// EncodeValue writes a constant for a plan's JSON.
func EncodeValue(v any) (json.RawMessage, error) {
	switch v := v.(type) {
	case nil:
		return json.RawMessage("null"), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return json.Marshal(strconv.FormatFloat(v, 'g', -1, 64))
		}
		return json.RawMessage(strconv.FormatFloat(v, 'g', -1, 64)), nil
	case []any:
		parts := make([]json.RawMessage, len(v))
		for i, x := range v {
			p, err := EncodeValue(x)
			if err != nil {
				return nil, err
			}
			parts[i] = p
		}
		return json.Marshal(parts)
	case bool, int64, string:
		return json.Marshal(v)
	}
	return nil, fmt.Errorf("a constant cannot hold a %T", v)
}

// DecodeValue reads what EncodeValue wrote for a value of type t.
func DecodeValue(t types.Type, data json.RawMessage) (any, error) {
	if len(data) == 0 || string(data) == "null" {
		return nil, nil
	}
	var err error
	switch t.Kind.Storage() {
	case types.StoreBool:
		var v bool
		err = json.Unmarshal(data, &v)
		return v, err
	case types.StoreInt:
		var v int64
		err = json.Unmarshal(data, &v)
		return v, err
	case types.StoreFloat:
		var s string
		if data[0] == '"' {
			if err := json.Unmarshal(data, &s); err != nil {
				return nil, err
			}
		} else {
			s = string(data)
		}
		return strconv.ParseFloat(s, 64)
	case types.StoreList, types.StoreRecord:
		var parts []json.RawMessage
		if err := json.Unmarshal(data, &parts); err != nil {
			return nil, err
		}
		out := make([]any, len(parts))
		for i, p := range parts {
			et := types.Type{}
			if t.Kind == types.List {
				et = *t.Elem
			} else if i < len(t.Fields) {
				et = t.Fields[i].Type
			}
			if out[i], err = DecodeValue(et, p); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	var s string
	err = json.Unmarshal(data, &s)
	return s, err
}
