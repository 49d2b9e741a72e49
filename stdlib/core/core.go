// Package core has the operators of the language (and, ==, +, …) as functions: what their operands may be, and what they compute. Compiler
// and runtime know them by the names in compiler/expr.
package core

import (
	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/op"
)

// Functions lists the functions of the package.
var Functions = []*op.Function{
	And, Or, Not, If, Coalesce, IsNull, IsNotNull, In,
	Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual,
	Add, Subtract, Multiply, Divide, DivideInt, Modulo, Negate,
	Index, Cast, List, Record,
}

var (
	boolean = types.Of(types.Bool)
	integer = types.Of(types.Int)
)

// operator makes the registration of an operator of the language.
func operator(name, doc string, params []op.FuncParam, resolve func([]types.Type) (op.Overload, error), ex ...op.FuncExample) *op.Function {
	return &op.Function{Name: name, Doc: doc, Params: params, Resolve: resolve, Examples: ex, Hidden: true, Total: !rejects[name]}
}

// rejects has the operators that have no value for some operands.
var rejects = map[string]bool{expr.Add: true, expr.Sub: true, expr.Mul: true, expr.Div: true, expr.IntDiv: true, expr.Mod: true, expr.Neg: true,
	expr.Index: true}

func two(a, b string) []op.FuncParam { return []op.FuncParam{{Name: "a", Doc: a}, {Name: "b", Doc: b}} }

var operands = two("The left operand.", "The right operand.")
