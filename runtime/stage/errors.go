package stage

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"weir/runtime/op"
)

// Codes of what goes wrong here; lang/diag explains them.
const (
	codePlan   = "W6001" // the plan cannot be run
	codeNotYet = "W6002" // an operator without an implementation
	codeFailed = "W6003" // an operator failed with an error of no code of its own
)

// Bug is a flaw of Weir that a run has met: a panic in an operator, or a batch that is not what it should be. The
// command exits with 70.
type Bug struct {
	Node  string // the operator, as Config.Name has it
	What  string
	Stack []byte // of the panic; nil where there was none
}

func (b *Bug) Error() string { return fmt.Sprintf("a bug in %s: %s", b.Node, b.What) }

func badPlan(format string, args ...any) error {
	return &op.Error{Code: codePlan, Message: "the plan cannot be run: " + fmt.Sprintf(format, args...),
		Hint: "make it anew with `weir plan --save`"}
}

// guard turns a panic of the operator that is at work into a Bug.
func (t *Task) guard(err *error) {
	p := recover()
	if p == nil {
		return
	}
	name := fmt.Sprintf("stage %d", t.c.Stage)
	if t.current >= 0 {
		name = t.ops[t.current].name
	}
	t.current = -1
	*err = &Bug{Node: name, What: fmt.Sprint(p), Stack: debug.Stack()}
}

// blame puts the operator's name on its error. What stops a run from outside, and what bears a name already, stays as
// it is.
func (o *operator) blame(err error) error {
	var known *op.Error
	var bug *Bug
	switch {
	case err == nil, errors.As(err, &bug), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.As(err, &known):
		if known.Node == "" {
			named := *known
			named.Node = o.name
			return &named
		}
		return err
	}
	return &op.Error{Code: codeFailed, Message: fmt.Sprintf("`%s` failed", o.node.Op), Node: o.name, Err: err}
}

// first gives the first of joined errors: the others follow from it.
func first(err error) error {
	if j, is := err.(interface{ Unwrap() []error }); is && len(j.Unwrap()) > 0 {
		return first(j.Unwrap()[0])
	}
	return err
}
