package rules

import (
	"slices"

	"weir/compiler/logical"
	"weir/planner/physical"
	"weir/runtime/op"
)

// The rules over stages. They are not of the kind above: they choose and take away exchanges between operators and
// leave the operators.
const (
	// Rebalance deals the rows of a stage of one task out to all tasks before an operator whose work on a row is large
	// (Caps.SizedBy).
	//
	// Legal because such an operator works row by row, and rows keep their ordinals, by which they are sorted where
	// order counts.
	//
	// Counter-examples: parallelism 1; an operator whose rows cost little, where moving them costs more than it saves.
	Rebalance = "rebalance"

	// ExchangeElimination turns an exchange that moves nothing into a forward one: from one task to one task, or of
	// rows that lie by the wanted keys already.
	//
	// Legal because the same rows arrive in the same tasks, in the same order.
	//
	// Counter-examples: a gather from one task that must sort; keys that are the same columns in another order, since a
	// key group is a hash of them in order; a key that was redefined on the way.
	ExchangeElimination = "exchange-elimination"

	// OperatorChaining runs an operator in the stage of its producer where nothing but forward exchanges of that one
	// stage feed it.
	//
	// Legal because a forward exchange gives task i's rows to task i, in order, as a function call does.
	//
	// Counter-examples: a union of two stages; a scan of tiles, which begins when the stage before has ended.
	OperatorChaining = "operator-chaining"
)

// Stages makes the stages of a logical plan and applies the rules over them, but for the disabled ones, and validates
// after each. The error is a *Broken.
func Stages(l *logical.Plan, o physical.LowerOptions, disabled []string) (*physical.Plan, []physical.Decision, error) {
	o.Rebalance = !slices.Contains(disabled, Rebalance)
	p, all, err := physical.Lower(l, o)
	if err = valid(p, o, err); err != nil {
		return nil, nil, &Broken{Rule: "lowering", Node: l.File, Err: err}
	}
	for _, r := range []struct {
		name  string
		apply func(*physical.Plan, *op.Catalogue) (*physical.Plan, []physical.Decision, error)
	}{
		{ExchangeElimination, physical.EliminateExchanges},
		{OperatorChaining, physical.Chain}, // last: it needs the forward exchanges that the one before has made
	} {
		if slices.Contains(disabled, r.name) {
			continue
		}
		next, ds, err := r.apply(p, o.Catalogue)
		if err = valid(next, o, err); err != nil {
			return nil, nil, &Broken{Rule: r.name, Node: l.File, Err: err}
		}
		p, all = next, append(all, ds...)
	}
	return p, all, nil
}

func valid(p *physical.Plan, o physical.LowerOptions, err error) error {
	if err != nil {
		return err
	}
	return physical.Validate(p, o.Catalogue)
}
