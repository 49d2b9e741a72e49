// Package relational has the operators that work on rows as tables do: filter, derive, select, sort, aggregate, join and their kin.
package relational

import (
	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/planner/estimate"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// Operators lists the operators of the package.
var Operators = []*op.Operator{Filter, Derive, Select, Drop, Rename, Limit, Sample, Sort,
	Distinct, Union, Explode, Aggregate, Join, Window, EventTime}

// Codes of what goes wrong in these operators; lang/diag explains them.
const (
	codeDuplicate = "W2401" // two columns of one name
	codeUntyped   = "W2402" // a column that could never hold a value
	codeNoColumns = "W2403" // no column is left
	codeNotColumn = "W2404" // a column is wanted, and an expression was given
	codeNumber    = "W2405" // a number out of range
	codeRows      = "W2406" // streams whose rows do not go together
	codeKey       = "W2407" // a key that cannot be one
	codeEndless   = "W2218" // it would wait for ever
	codeNoTime    = "W2420" // a window without event time
	codeArgument  = "W6404" // an argument out of range that is known only now
	codeMemory    = "W6410" // the rows to be held do not fit into the task's memory
	codeState     = "W6411" // a snapshot that cannot be read
	codeLate      = "W6421" // a row that is behind event time
	codeTime      = "W6420" // a row that lies nowhere in time
)

var errState = &op.Error{Code: codeState, Message: "the state of an operator cannot be read", Hint: "the checkpoint is damaged: resume from the one before"}

// evaluator is an expression ready to be evaluated, with its text for reasons.
type evaluator struct {
	op.Evaluator
	text string
}

func compile(ctx op.Context, e *expr.Expr, in types.Row) (evaluator, error) {
	ev, err := ctx.Compile(e, in)
	return evaluator{ev, e.String()}, err
}

// eval computes the expression, rejects the rows that have no value and gives the batch without them.
func (e evaluator) eval(b *batch.Batch, out op.Output) (*batch.Vector, *batch.Batch, error) {
	return op.Evaluate(e.Evaluator, e.text, b, out)
}

// evalAll computes every expression over the rows that none of them rejects. A row is rejected once.
func evalAll(es []evaluator, b *batch.Batch, out op.Output) ([]*batch.Vector, *batch.Batch, error) {
	vs := make([]*batch.Vector, len(es))
	for i, e := range es {
		var err error
		if vs[i], b, err = e.eval(b, out); err != nil {
			return nil, nil, err
		}
	}
	return vs, b, nil
}

// project gives the columns of a row out of a batch: those that the planner has pruned are left out, within records, too.
func project(b *batch.Batch, row types.Row) *batch.Batch {
	cols := make([]*batch.Vector, len(row))
	for i, f := range row {
		cols[i] = b.Cols[b.Row.Index(f.Name)].Project(f.Type)
	}
	return b.With(row, cols)
}

// passOn is Needs of an operator that keeps the columns of its input and reads some expressions over it.
func passOn(params ...string) func(a op.Args, in []types.Row, need op.ColumnSet) []op.ColumnSet {
	return func(a op.Args, in []types.Row, need op.ColumnSet) []op.ColumnSet {
		s := op.NewColumnSet(need.Paths()...)
		for _, p := range params {
			for _, e := range a[p].Exprs() {
				s.AddExpr(e)
			}
		}
		return []op.ColumnSet{s}
	}
}

// sameRow is Type of an operator that keeps the row.
func sameRow(t *op.Typing) types.Row { return t.In[0].Row }

// sameStream is Estimate of an operator that changes nothing that is counted.
func sameStream(e *op.Estimating) (estimate.Stream, estimate.Work) { return e.In[0], estimate.Work{} }

// columnType checks that values of a type can stand in a column.
func columnType(t *op.Typing, param, name string, ty types.Type) bool {
	if ty.Kind.Storage() != types.StoreNone {
		return true
	}
	if ty.Kind == types.Null {
		t.Errorf(param, codeUntyped, "`%s` is always null, so that it has no type", name)
	} else {
		t.Errorf(param, codeUntyped, "`%s` would be a %s, which no column can hold", name, ty)
	}
	return false
}
