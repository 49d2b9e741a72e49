// Package fn helps to write the functions of the standard library briefly: signatures from which Resolve is made, and loops over the
// rows of a call that read arguments, dictionaries among them, and fill the vector of the result.
//
// Every helper leaves alone the rows that a call does not ask for. What an implementation is given holds no null in these rows unless its
// signature is NullAware (op.Overload).
package fn

import (
	"fmt"
	"strings"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// Codes of the rows that functions reject; lang/diag explains them.
const (
	CodeOverflow = "W6401" // a result does not fit its type
	CodeDivision = "W6402" // `//` or `%` by zero
	CodeParse    = "W6403" // a text is not what it should be
	CodeRange    = "W6404" // a position or count that cannot be
	CodeTooLarge = "W6405" // a value larger than MaxValue
	CodeUnknown  = "W6406" // a residue or name that a function does not know
)

// Eval computes the rows of a call.
type Eval = func(c *op.Call) (*batch.Vector, error)

// Sig is one signature of a function.
type Sig struct {
	Params    []types.Type
	Result    types.Type
	NullAware bool
	Eval      Eval
	Prepare   func(consts []any) (Eval, error)
}

// S makes a signature from type names as the language writes them: S("string, int", "string?", eval). It panics on a bad name: it is for
// package variables.
func S(params, result string, eval Eval) Sig {
	s := Sig{Result: T(result), Eval: eval}
	for p := range strings.SplitSeq(params, ", ") {
		if p != "" {
			s.Params = append(s.Params, T(p))
		}
	}
	return s
}

// T reads a type and panics on a bad one: it is for package variables.
func T(name string) types.Type {
	t, err := types.Parse(name)
	if err != nil {
		panic(err)
	}
	return t
}

// Overloads makes a Resolve that takes the first signature to which the arguments are assignable, null-ability aside: list the narrower
// ones first.
func Overloads(sigs ...Sig) func(args []types.Type) (op.Overload, error) {
	return func(args []types.Type) (op.Overload, error) {
		for _, s := range sigs {
			if params, ok := s.match(args); ok {
				return op.Overload{Params: params, Result: s.Result, NullAware: s.NullAware, Eval: s.Eval, Prepare: s.Prepare}, nil
			}
		}
		return op.Overload{}, Mismatch(sigs, args)
	}
}

func (s *Sig) match(args []types.Type) ([]types.Type, bool) {
	if len(args) != len(s.Params) {
		return nil, false
	}
	for i, a := range args {
		if a.Kind != types.Null && !a.NotNull().AssignableTo(s.Params[i].NotNull()) {
			return nil, false
		}
	}
	return s.Params, true
}

// Mismatch is the error of arguments that fit no signature: "int or float, not string", "(int, int) or (float, float), not (int)".
func Mismatch(sigs []Sig, args []types.Type) error {
	var wanted []string
	for _, s := range sigs {
		wanted = append(wanted, List(s.Params))
	}
	return fmt.Errorf("%s, not %s", strings.Join(wanted, " or "), List(args))
}

// List writes argument types: "int", "(int, string)".
func List(ts []types.Type) string {
	parts := make([]string, len(ts))
	for i, t := range ts {
		parts[i] = t.NotNull().String()
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// Arity reports a wrong number of arguments as an error, nil where it is right.
func Arity(args []types.Type, want int) error {
	if len(args) == want {
		return nil
	}
	return fmt.Errorf("%d arguments, not %d", want, len(args))
}

// Params makes required parameters from "name: doc" lines.
func Params(lines ...string) []op.FuncParam {
	ps := make([]op.FuncParam, len(lines))
	for i, l := range lines {
		name, doc, _ := strings.Cut(l, ": ")
		ps[i] = op.FuncParam{Name: name, Doc: doc}
	}
	return ps
}

// Ex is an example: an expression and the literal it evaluates to.
func Ex(expr, result string) op.FuncExample { return op.FuncExample{Expr: expr, Result: result} }

// Fails is an example of a row that is rejected.
func Fails(expr, reason string) op.FuncExample { return op.FuncExample{Expr: expr, Fails: reason} }
