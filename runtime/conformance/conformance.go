// Package conformance runs the tests that are written in .flow files, on any driver: the same tests say what a pipeline does wherever it runs.
package conformance

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"

	"weir/compiler"
	"weir/compiler/expr"
	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/lang/diag"
	"weir/planner"
	"weir/planner/physical"
	"weir/runtime/batch"
	"weir/runtime/eval"
	"weir/runtime/op"
)

// Driver runs a plan over a storage.
type Driver func(ctx context.Context, plan *physical.Plan, c *op.Catalogue, s op.Storage) error

// Options say what a test is run with.
type Options struct {
	Catalogue   *op.Catalogue // of the language
	Parallelism int
	Disable     []string // rules of the planner to leave out
	Driver      Driver
}

// maxShown bounds the rows that a finding lists of each kind.
const maxShown = 5

// Run runs one test. The findings say which expectations do not hold; none: the test passes. The error is for a test that cannot be run.
func Run(ctx context.Context, t compiler.Test, o Options) (diag.List, error) {
	var out diag.List
	for _, p := range phases(t) {
		found, err := p.run(ctx, t, o)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	out.Sort()
	return out, nil
}

// phase is the expectations of a test that stand behind the same steps of time. What a stream without an end has given by then is found out in a
// run of its own, in which time goes no further.
type phase struct {
	advances []int64
	expects  []compiler.Step
}

func phases(t compiler.Test) []*phase {
	var out []*phase
	var advances []int64
	for _, s := range t.Steps {
		switch s.Kind {
		case "advance":
			advances = append(advances, s.Time)
		case "expect":
			if len(out) == 0 || len(out[len(out)-1].advances) != len(advances) {
				out = append(out, &phase{advances: slices.Clone(advances)})
			}
			last := out[len(out)-1]
			last.expects = append(last.expects, s)
		}
	}
	return out
}

func (p *phase) run(ctx context.Context, t compiler.Test, o Options) (diag.List, error) {
	plan, expects := p.plan(t)
	cat, err := p.catalogue(o.Catalogue, plan)
	if err != nil {
		return nil, err
	}
	phys, diags := planner.Make(plan, planner.Options{Catalogue: cat, Target: "local", Parallelism: o.Parallelism, Disable: o.Disable,
		Fold: func(e *expr.Expr) (any, bool) { return eval.Fold(cat, e) }})
	if phys == nil {
		return diags, nil
	}
	store := &memory{files: map[string][]byte{}}
	if err := o.Driver(ctx, phys, cat, store); err != nil {
		return diag.List{{Code: "W6502", Span: t.Span, Message: fmt.Sprintf("test %q: the pipeline failed: %v", t.Name, err)}}, nil
	}
	var out diag.List
	for path, step := range expects {
		got, err := decode(store.files[path], step.Row)
		if err != nil {
			return nil, err
		}
		if d, ok := compare(t, step, got); !ok {
			out.Add(d)
		}
	}
	return out, nil
}

// plan adds a sink for every expectation, and the steps of time to the streams that have no end.
func (p *phase) plan(t compiler.Test) (*logical.Plan, map[string]compiler.Step) {
	plan := t.Plan.Clone()
	id := 0
	times := make([]any, len(p.advances))
	for i, at := range p.advances {
		times[i] = at
	}
	for _, n := range plan.Nodes {
		id = max(id, n.ID)
		if n.Op == logical.Rows && n.Out.Unbounded {
			n.Args[advances] = &op.Arg{Expr: expr.Lit(types.ListOf(types.Of(types.Timestamp)), times)}
		}
	}
	expects := map[string]compiler.Step{}
	for i, s := range p.expects {
		id++
		path := fmt.Sprintf("expect-%d", i)
		expects[path] = s
		plan.Nodes = append(plan.Nodes, &logical.Node{ID: id, Op: capture, Span: s.Span, Inputs: [][]logical.Input{s.Inputs},
			Args: op.Args{"path": {Expr: expr.Lit(types.Of(types.Path), path)}}})
	}
	return plan, expects
}

// decode gives the captured rows, cut down to the columns of row.
func decode(data []byte, row types.Row) ([][]any, error) {
	var out [][]any
	for len(data) > 0 {
		b, rest, err := batch.DecodeFrame(data)
		if err != nil {
			return nil, err
		}
		data = rest
		for i := range b.Len() {
			values := make([]any, len(row))
			for k, f := range row {
				v := b.Col(f.Name)
				if v == nil {
					return nil, fmt.Errorf("the rows have no column %s", f.Name)
				}
				values[k] = v.Project(f.Type).Value(b.Pos(i))
			}
			out = append(out, values)
		}
	}
	return out, nil
}

// compare matches the rows of an expectation with those that came, in any order.
func compare(t compiler.Test, s compiler.Step, got [][]any) (diag.Diagnostic, bool) {
	used := make([]bool, len(got))
	var missing, extra []string
	for _, want := range s.Rows {
		found := false
		for i, g := range got {
			if !used[i] && equalRows(want, g) {
				used[i], found = true, true
				break
			}
		}
		if !found {
			missing = append(missing, show(s.Row, want))
		}
	}
	for i, g := range got {
		if !used[i] {
			extra = append(extra, show(s.Row, g))
		}
	}
	if len(missing)+len(extra) == 0 {
		return diag.Diagnostic{}, true
	}
	d := diag.Diagnostic{Code: "W6501", Span: s.Span,
		Message: fmt.Sprintf("test %q: `%s` is not what is expected: %d of %d rows are missing, %d are not expected", t.Name, s.Name, len(missing), len(s.Rows), len(extra))}
	d.Notes = append(notes("missing", missing), notes("not expected", extra)...)
	return d, false
}

func notes(what string, rows []string) []string {
	sort.Strings(rows)
	var out []string
	for i, r := range rows {
		if i == maxShown {
			return append(out, fmt.Sprintf("%s: … and %d more", what, len(rows)-maxShown))
		}
		out = append(out, what+": "+r)
	}
	return out
}

func equalRows(a, b []any) bool {
	for i := range a {
		if !equal(a[i], b[i]) {
			return false
		}
	}
	return true
}

// equal compares values as a reader of a test would: NaN is NaN, an int may be written for a float, and a float counts as equal to the last bit.
func equal(a, b any) bool {
	switch x := a.(type) {
	case []any:
		y, ok := b.([]any)
		return ok && len(x) == len(y) && equalRows(x, y)
	case int64:
		if y, ok := b.(float64); ok {
			return float64(x) == y
		}
	case float64:
		switch y := b.(type) {
		case float64:
			return x == y || math.IsNaN(x) && math.IsNaN(y)
		case int64:
			return x == float64(y)
		}
	}
	return a == b
}

// show writes a row as a test would.
func show(row types.Row, values []any) string {
	parts := make([]string, len(row))
	for i, f := range row {
		parts[i] = f.Name + ": " + expr.FormatValue(f.Type, values[i])
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}
