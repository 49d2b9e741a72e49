package op

import (
	"weir/compiler/types"
	"weir/runtime/batch"
)

// Function is the registration of a scalar function. Operators of the language are functions too (compiler/expr has their names).
type Function struct {
	Name   string
	Doc    string
	Params []FuncParam
	// Resolve chooses the implementation for argument types. The error names the types that are accepted; it is shown behind
	// "`length` wants …". Null-ability is the caller's business unless the overload is NullAware: types come without it.
	Resolve  func(args []types.Type) (Overload, error)
	Examples []FuncExample
	Hidden   bool // an operator of the language: documented there
	// Total: it has a value for every row, with any arguments that Resolve accepts; Eval never calls Fail. Only over total functions may
	// the planner move a filter or drop an unused column, since neither may change which rows are rejected.
	Total bool
}

// FuncParam names a parameter for the reference and for `name: value` arguments.
type FuncParam struct {
	Name     string
	Doc      string
	Default  string // source text; empty: required
	Variadic bool
}

// FuncExample is documentation that is run as a test: Expr evaluates to Result (source text of a literal), or fails with a reason that contains Fails.
type FuncExample struct {
	Expr, Result, Fails string
}

// Overload is one implementation. Arguments are converted to Params before (int to float, a sequence to string), nulls go around the
// function and make the result null, unless NullAware.
type Overload struct {
	Params    []types.Type // one an argument; the last repeats where the function is variadic
	Result    types.Type
	NullAware bool
	// Eval computes the rows c.Rows. Prepare, where it is set, makes Eval from the constant arguments (nil for those that are not): a
	// regular expression is compiled once, and a bad one is a compile-time error.
	Eval    func(c *Call) (*batch.Vector, error)
	Prepare func(consts []any) (func(c *Call) (*batch.Vector, error), error)
}

// Call is one evaluation over a batch.
type Call struct {
	N    int             // length of every argument and of the result
	Rows []uint32        // the rows to compute, ascending; nil for all; the result's other slots are not looked at
	Args []*batch.Vector // may be dictionaries
	Type types.Type      // of the result
	// Fail rejects one row with a W6 code and a reason ("integer overflow: 9223372036854775807 + 1"). The slot is not looked at then.
	Fail func(row int, code, reason string)
}

// Each calls f for every row to compute.
func (c *Call) Each(f func(row int)) {
	if c.Rows == nil {
		for i := 0; i < c.N; i++ {
			f(i)
		}
		return
	}
	for _, r := range c.Rows {
		f(int(r))
	}
}

// Aggregate is the registration of an aggregate function.
type Aggregate struct {
	Name   string
	Doc    string
	Params []FuncParam
	Lossy  bool // an approximation
	// Resolve gives the argument types wanted and the type of the result.
	Resolve func(args []types.Type) (params []types.Type, result types.Type, err error)
	// New makes the state of all groups of one task. consts are the constant arguments, nil for those that are not.
	New      func(args []types.Type, consts []any) (Accumulator, error)
	Examples []Example
}

// Accumulator is the state of one aggregate for many groups, which are numbered from 0. Its results do not depend on the order of rows:
// what is defined by order (first, last) goes by the rows' ordinals.
type Accumulator interface {
	// Add takes rows[i], a position in args, into groups[i]. ord gives the ordinals of all positions (see batch.Batch.Ord).
	Add(groups []uint32, rows []uint32, args []*batch.Vector, ord [][]uint64) error
	// Merge takes the other state's group i into groups[i] of this one.
	Merge(other Accumulator, groups []uint32) error
	// Append appends the result of a group.
	Append(b *batch.Builder, group int)
	// Partial writes and reads the state of one group, for an exchange, a spill or a snapshot.
	MarshalGroup(dst []byte, group int) []byte
	UnmarshalGroup(src []byte, group int) error
	// Bytes estimates the memory held.
	Bytes() int
}

// Failing is an Accumulator whose groups may have no result: a sum may not fit. Failure gives a W6 code and a reason for a group, or "" where
// it has a result; Append is called only then. The row of the group is rejected.
type Failing interface {
	Failure(group int) (code, reason string)
}
