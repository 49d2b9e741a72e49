// Package planner turns a typed logical plan into the physical plan that is run: rules rewrite the graph, operators are
// laid out as stages, and what is known of rows and work is written beside them.
package planner

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"weir/compiler/expr"
	"weir/compiler/logical"
	"weir/lang/diag"
	"weir/planner/physical"
	"weir/planner/rules"
	"weir/runtime/op"
)

// Options say what a plan is made for.
type Options struct {
	Catalogue *op.Catalogue
	// Storage is where operators may look at their inputs to count and sample; nil: nothing is read, and what is not
	// known is unknown.
	Storage op.Storage
	// Target is where the plan runs: "local".
	Target string
	// Parallelism is the number of tasks of a stage that can be spread, from 1 to 128, the number of key groups of a
	// local run.
	Parallelism int
	// Disable names rules that are not applied (rules.Names): a plan without them gives the same results.
	Disable []string
	// Fold evaluates a call over constants; false where it has no value. Nil: constants are not folded.
	Fold func(*expr.Expr) (any, bool)
}

// MaxLocalParallelism is the number of key groups of a local run.
const MaxLocalParallelism = 128

// Make plans. Findings have W4 codes; the plan is nil where one is an error. W4900 is a bug of Weir: a rule has broken
// the plan.
func Make(p *logical.Plan, o Options) (*physical.Plan, diag.List) {
	var found diag.List
	fail := func(code, hint, format string, args ...any) {
		found.Add(diag.Diagnostic{Code: code, Severity: diag.Error, Message: fmt.Sprintf(format, args...), Hint: hint})
	}
	if o.Target != "local" {
		fail("W4001", "this release runs on the target `local`", "no target is called `%s`", o.Target)
	}
	if o.Parallelism < 1 || o.Parallelism > MaxLocalParallelism {
		fail("W4002", "the number of cores is a good choice", "the parallelism is %d, and must be from 1 to %d",
			o.Parallelism, MaxLocalParallelism)
	}
	for _, name := range o.Disable {
		if !slices.Contains(rules.Names(), name) {
			fail("W4003", "rules are: "+strings.Join(rules.Names(), ", "), "no rule is called `%s`", name)
		}
	}
	if len(p.Nodes) == 0 {
		fail("W4004", "end a pipeline in a sink: `hits |> write_tsv(\"hits.tsv\")`, or `|> print()`",
			"%s has nothing to run", p.File)
	}
	for _, n := range p.Nodes {
		if d := o.Catalogue.Operator(n.Op); d != nil && !d.Implemented() {
			found.Add(diag.Diagnostic{Code: "W4005", Severity: diag.Error, Span: n.Span,
				Message: fmt.Sprintf("`%s` cannot be run yet", n.Op), Hint: "`weir ops` lists the operators that can"})
		}
	}
	if found.HasErrors() {
		return nil, found
	}
	plan, err := plan(p, o)
	if err != nil {
		d := diag.Diagnostic{Code: "W4900", Severity: diag.Error, Message: err.Error(),
			Hint: "this is a bug of Weir: please report it, with the pipeline"}
		var broken *rules.Broken
		if errors.As(err, &broken) && slices.Contains(rules.Names(), broken.Rule) {
			d.Hint += "; without the rule " + broken.Rule + " the plan may work"
		}
		found.Add(d)
		return nil, found
	}
	return plan, found
}

func plan(l *logical.Plan, o Options) (*physical.Plan, error) {
	l, decisions, err := rules.Run(&rules.Context{Catalogue: o.Catalogue, Fold: o.Fold}, l, rules.All, o.Disable)
	if err != nil {
		return nil, err
	}
	p, more, err := rules.Stages(l, physical.LowerOptions{Catalogue: o.Catalogue, Storage: o.Storage, Target: o.Target,
		Parallelism: o.Parallelism}, o.Disable)
	if err != nil {
		return nil, err
	}
	p.Decisions = append(decisions, more...)
	if p.Estimates, err = physical.Estimates(l.Nodes, o.Catalogue, o.Storage); err != nil {
		return nil, err
	}
	p.Risks = physical.Risks(p, o.Catalogue)
	p.Hash, err = physical.Digest(p)
	return p, err
}
