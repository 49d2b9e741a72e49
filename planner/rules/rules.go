// Package rules rewrites a logical plan so that it does less work and gives the same results: the same rows, the same
// order, the same `.rejected`. A rule matches what operators declare (op.Caps), never an operator's name, and says why
// it fired or declined.
package rules

import (
	"fmt"
	"slices"

	"weir/compiler/expr"
	"weir/compiler/logical"
	"weir/planner/internal/graph"
	"weir/planner/physical"
	"weir/runtime/op"
)

// Context is what rules may look at besides the plan.
type Context struct {
	Catalogue *op.Catalogue
	// Fold evaluates an expression whose arguments are constants; false where it has no value. Nil: nothing is folded.
	Fold func(*expr.Expr) (any, bool)
}

// Rule is one rewriting.
type Rule struct {
	Name string
	// Backward: nodes are visited from the sinks to the sources.
	Backward bool
	// Fixpoint: the rule runs until it fires nowhere. Its comment argues that this ends.
	Fixpoint bool
	// Match reports whether the node has the shape that the rule is about.
	Match func(c *Context, p *Plan, n *logical.Node) bool
	// Apply rewrites the plan, a copy, at the node. Where fired is false the copy is thrown away. Why is there in both
	// cases: a line that reads behind the node's name.
	Apply func(c *Context, p *Plan, n *logical.Node) (why string, fired bool)
}

// All is the rules in the order in which they run. Each stands where it is because of what it needs and what it makes
// possible:
var All = []*Rule{
	constantFolding,   // first: a filter on a folded constant can become a floor, and equal streams look equal
	sharedStreams,     // before anything moves: the same text has the same shape
	predicatePushdown, // brings filters to each other and to the operator whose floor they are
	inputPushdown,     // behind it: the filter must stand right behind the operator of several inputs
	filterMerge,       // what has come together
	floorPushdown,     // takes filters away, so that the split below sees only those that stay
	blockSkipping,     // only sets an argument, of the filters that stay
	limitPushdown,     // only sets an argument; behind whatever moves a filter
	selfSearch,        // streams that are one have been found; adds a node, whose rows are pruned below
	lazySplit,         // needs to know which filters stay; doubles a node, whose rows are pruned below
	projectionPruning, // when no node will be added or moved any more
	lazyTiers,         // reports on what pruning has left
	sizeHint,          // only sets an argument, over columns that are still there
	mirroredPairs,     // likewise; behind the split, whose second part has nothing to halve
}

// Names lists the rules that Options.Disable may name: those of All, then those that choose and take away exchanges.
func Names() []string {
	var names []string
	for _, r := range All {
		names = append(names, r.Name)
	}
	return append(names, Rebalance, ExchangeElimination, OperatorChaining)
}

// Broken says that a rule has made a plan that is none: a bug of ours, never of the user.
type Broken struct {
	Rule string
	Node string
	Err  error
}

func (b *Broken) Error() string {
	return fmt.Sprintf("the rule %s has broken the plan at %s: %v", b.Rule, b.Node, b.Err)
}

// Unwrap gives what is wrong with the plan.
func (b *Broken) Unwrap() error { return b.Err }

// maxPasses bounds a fixpoint, should its argument be wrong.
const maxPasses = 1000

// Run applies the rules in order, but for the disabled ones, and validates the plan after each change. The given plan
// is not changed. The error is a *Broken.
func Run(c *Context, l *logical.Plan, list []*Rule, disabled []string) (*logical.Plan, []physical.Decision, error) {
	if err := graph.Check(l.Nodes, c.Catalogue); err != nil {
		return nil, nil, &Broken{Rule: "compiler", Node: l.File, Err: err}
	}
	var all []physical.Decision
	for _, r := range list {
		if slices.Contains(disabled, r.Name) {
			continue
		}
		var fired, declined []physical.Decision
		for pass := 0; ; pass++ {
			next, ds, err := once(c, l, r)
			if err != nil {
				return nil, nil, err
			}
			l, declined = next, nil
			changed := false
			for _, d := range ds {
				if d.Fired {
					fired, changed = append(fired, d), true
				} else {
					declined = append(declined, d)
				}
			}
			if !r.Fixpoint || !changed {
				break
			}
			if pass == maxPasses {
				return nil, nil, &Broken{Rule: r.Name, Node: l.File, Err: fmt.Errorf("it does not come to an end")}
			}
		}
		all = append(append(all, fired...), declined...)
	}
	return l, all, nil
}

// once applies a rule at every node that matches.
func once(c *Context, l *logical.Plan, r *Rule) (*logical.Plan, []physical.Decision, error) {
	var decisions []physical.Decision
	ids := make([]int, len(l.Nodes))
	for i, n := range l.Nodes {
		ids[i] = n.ID
	}
	if r.Backward {
		slices.Reverse(ids)
	}
	p, err := newPlan(l)
	if err != nil {
		return nil, nil, &Broken{Rule: r.Name, Node: l.File, Err: err}
	}
	for _, id := range ids {
		n := p.by[id]
		if n == nil || !r.Match(c, p, n) { // an earlier application may have taken it away
			continue
		}
		name := n.Name()
		trial, err := newPlan(p.Plan.Clone())
		if err != nil {
			return nil, nil, &Broken{Rule: r.Name, Node: name, Err: err}
		}
		why, fired := r.Apply(c, trial, trial.by[id])
		if why == "" {
			return nil, nil, &Broken{Rule: r.Name, Node: name, Err: fmt.Errorf("it does not say why")}
		}
		decisions = append(decisions, physical.Decision{Rule: r.Name, Fired: fired, Node: name, Why: why})
		if !fired {
			continue
		}
		if err := graph.Check(trial.Nodes, c.Catalogue); err != nil {
			return nil, nil, &Broken{Rule: r.Name, Node: name, Err: err}
		}
		if p, err = newPlan(trial.Plan); err != nil {
			return nil, nil, &Broken{Rule: r.Name, Node: name, Err: err}
		}
	}
	return p.Plan, decisions, nil
}
