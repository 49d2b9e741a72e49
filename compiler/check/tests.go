package check

import (
	"fmt"

	"weir/compiler/expr"
	"weir/compiler/logical"
	"weir/compiler/resolve"
	"weir/compiler/types"
	"weir/lang/diag"
	"weir/lang/syntax"
	"weir/runtime/op"
)

// Test is one test of a file: the part of the plan that its expectations need, with the given bindings replaced by
// rows, and its steps in order.
type Test struct {
	Name  string
	Span  diag.Span
	Plan  *logical.Plan
	Steps []Step
}

// Step is one step of a test. Given says which node of the plan has the rows (0 where no expectation needs them, or
// where a constant is
// given); Advance moves the time; Expect says what the rows of Inputs, taken together, must be, in any order.
type Step struct {
	Kind   string // "given", "advance" or "expect"
	Span   diag.Span
	Name   string          // "growth", "growth.late"; empty for advance
	Node   int             // of given: the node whose Op is logical.Rows
	Inputs []logical.Input // of expect
	Row    types.Row       // of given: the binding's; of expect: the columns that are compared, in the binding's order
	Rows   [][]any         // values as expr.Const has them, a slice a row in the order of Row
	Time   int64           // of advance: nanoseconds since the Unix epoch
}

// given replaces a binding: a constant by a value, a stream by rows.
type given struct {
	value *expr.Expr
	rows  [][]any
	row   types.Row
	// stream is what the binding is, so that what is tested is what runs.
	stream types.Stream
	at     diag.Span
}

// maxTests is the most tests that a file may have.
const maxTests = 1000

// tests checks the tests of the main file.
func (c *checker) tests() []Test {
	var out []Test
	names := map[string]diag.Span{}
	for i, d := range c.prog.Main.Tests {
		if i == maxTests {
			c.limit(d.Span, "", "a file has at most %d tests", maxTests)
			break
		}
		name, _ := d.Name.Value.(string)
		if first, dup := names[name]; dup {
			c.report(diag.Diagnostic{Code: "W2606", Span: d.Name.Span, Message: fmt.Sprintf("two tests are called %q", name),
				Related: []diag.Related{{Span: first, Label: "the first"}}})
		}
		names[name] = d.Name.Span
		if t, ok := c.test(d, name); ok {
			out = append(out, t)
		}
	}
	return out
}

// test checks one test in a checker of its own, in which the given names stand for what is given.
func (c *checker) test(d *syntax.Test, name string) (Test, bool) {
	t := Test{Name: name, Span: d.Span}
	givens := map[*resolve.Symbol]given{}
	before := c.errors()
	expects := 0
	for _, st := range d.Steps {
		switch st.Kind {
		case "given":
			c.givenStep(st, givens)
		case "expect":
			expects++
		}
	}
	if expects == 0 {
		c.report(diag.Diagnostic{Code: "W2607", Span: d.Name.Span, Message: "this test expects nothing",
			Hint: "write `expect name = [{ column: value }]`"})
	}
	sub := newChecker(c.prog, c.o)
	sub.given, sub.seen, sub.uses, sub.work, sub.bytes = givens, c.seen, c.uses, c.work, c.bytes
	sub.forms, sub.parsed, sub.records, sub.broken, sub.limits = c.forms, c.parsed, c.records, c.broken, c.limits
	var need []int
	for _, st := range d.Steps {
		step := Step{Kind: st.Kind, Span: st.Span, Name: st.Name.Name}
		switch st.Kind {
		case "given":
			y := c.prog.Main.Lookup(st.Name.Name)
			g, ok := givens[y]
			if !ok {
				continue
			}
			step.Row, step.Rows = g.row, g.rows
		case "advance":
			e := sub.value(st.Value, types.Of(types.Timestamp), &scope{module: c.prog.Main}, "`advance`")
			if poisoned(e) || e.Value == nil {
				continue
			}
			step.Time = e.Value.(int64)
		case "expect":
			if !sub.expectStep(st, &step) {
				continue
			}
			for _, in := range step.Inputs {
				need = append(need, in.Node)
			}
		}
		t.Steps = append(t.Steps, step)
	}
	c.diags = append(c.diags, sub.diags...)
	c.work, c.bytes = sub.work, sub.bytes
	t.Plan = &logical.Plan{File: c.prog.Main.File.Name, Nodes: prune(sub.nodes, need)}
	for i := range t.Steps {
		if t.Steps[i].Kind != "given" {
			continue
		}
		for _, n := range t.Plan.Nodes {
			if n.Op == logical.Rows && n.Let == t.Steps[i].Name {
				t.Steps[i].Node = n.ID
			}
		}
	}
	return t, c.errors() == before && len(sub.missing) == 0
}

// binding finds what a step names, and the side output where it names one.
func (c *checker) binding(st syntax.TestStep) (y *resolve.Symbol, side string) {
	name := st.Name.Name
	for i := range name {
		if name[i] == '.' {
			name, side = name[:i], name[i+1:]
			break
		}
	}
	y = c.prog.Main.Lookup(name)
	if y == nil && c.prog.Main.MayHave(name) {
		return nil, ""
	}
	if y == nil || y.Kind != resolve.Let && y.Kind != resolve.Param {
		d := diag.Diagnostic{Code: "W2601", Span: st.Name.Span, Message: fmt.Sprintf("unknown binding `%s`", name)}
		suggest(&d, name, st.Name.Span, "streams are", c.streamNames(c.prog.Main))
		c.report(d)
		return nil, ""
	}
	c.uses[y] = true
	return y, side
}

func (c *checker) givenStep(st syntax.TestStep, givens map[*resolve.Symbol]given) {
	y, side := c.binding(st)
	if y == nil {
		return
	}
	if side != "" {
		c.report(diag.Diagnostic{Code: "W2601", Span: st.Name.Span, Message: "a side output cannot be given",
			Hint: "give rows to the stream that it comes from"})
		return
	}
	if _, dup := givens[y]; dup {
		c.errorf("W2204", st.Name.Span, "`%s` is given twice", y.Name)
		return
	}
	if y.Kind == resolve.Let && poisonedBinding(c.let(y)) {
		return
	}
	if y.Kind == resolve.Param || !c.isStream(y) {
		want := c.constant(y, st.Span).Type
		e := c.value(st.Value, want, &scope{module: c.prog.Main}, fmt.Sprintf("`%s`", y.Name))
		if !poisoned(e) {
			givens[y] = given{value: e, at: st.Span}
		}
		return
	}
	b := c.let(y)
	if b.stream.open || rowInvalid(b.stream.row) {
		return
	}
	row, rows, ok := c.testRows(st, b.stream, false)
	if ok {
		givens[y] = given{row: row, rows: rows, stream: b.stream.typed(), at: st.Span}
	}
}

func (c *checker) expectStep(st syntax.TestStep, step *Step) bool {
	y, side := c.binding(st)
	if y == nil {
		return false
	}
	if y.Kind == resolve.Let && poisonedBinding(c.let(y)) {
		return false
	}
	if y.Kind != resolve.Let || !c.isStream(y) {
		c.errorf("W2601", st.Name.Span, "`%s` is no stream", y.Name)
		return false
	}
	s := c.let(y).stream
	if side != "" {
		s = c.sideOf(y, syntax.Ident{Name: side, Span: st.Name.Span}, st.Name.Span)
	}
	if s.open || rowInvalid(s.row) {
		return false
	}
	var ok bool
	step.Inputs = s.inputs
	step.Row, step.Rows, ok = c.testRows(st, s, true)
	return ok
}

// testRows checks rows against the row of a binding. Of an expectation, the columns that are named count; else a
// column that is not named is null.
func (c *checker) testRows(st syntax.TestStep, s *stream, subset bool) (types.Row, [][]any, bool) {
	list, ok := st.Value.(*syntax.List)
	if !ok {
		c.report(diag.Diagnostic{Code: "W2602", Span: st.Value.Pos(),
			Message: fmt.Sprintf("rows of `%s` are wanted", st.Name.Name), Hint: "write `[{ column: value, … }, …]`"})
		return nil, nil, false
	}
	row := append(types.Row{}, s.row...)
	if subset {
		named := map[string]bool{}
		for _, x := range list.Elems {
			if r, ok := x.(*syntax.Record); ok {
				for _, f := range r.Fields {
					named[f.Name.Name] = true
				}
			}
		}
		row = types.Row{}
		for _, f := range s.row {
			if named[f.Name] {
				row = append(row, f)
			}
		}
	}
	rows := make([][]any, 0, len(list.Elems))
	good := true
	for _, x := range list.Elems {
		r, ok := x.(*syntax.Record)
		if !ok {
			c.report(diag.Diagnostic{Code: "W2602", Span: x.Pos(), Message: "a row is wanted here",
				Hint: "write `{ column: value, … }`"})
			good = false
			continue
		}
		vals, ok := c.testRow(r, row, s)
		rows, good = append(rows, vals), good && ok
	}
	return row, rows, good
}

func (c *checker) testRow(r *syntax.Record, row types.Row, s *stream) ([]any, bool) {
	vals := make([]any, len(row))
	set := make([]bool, len(row))
	good := true
	for _, f := range r.Fields {
		i := row.Index(f.Name.Name)
		if i < 0 {
			d := diag.Diagnostic{Code: "W2603", Span: f.Name.Span, Message: fmt.Sprintf("unknown column `%s`", f.Name.Name)}
			suggest(&d, f.Name.Name, f.Name.Span, s.before, s.row.Names())
			c.report(d)
			good = false
			continue
		}
		if set[i] {
			c.errorf("W2017", f.Name.Span, "field `%s` is there twice", f.Name.Name)
			good = false
			continue
		}
		set[i] = true
		e := c.value(f.Value, row[i].Type, &scope{module: c.prog.Main}, fmt.Sprintf("column `%s`", f.Name.Name))
		good = good && !poisoned(e)
		vals[i] = e.Value
	}
	var lacks []string
	for i, f := range row {
		if !set[i] && !f.Type.Nullable {
			lacks = append(lacks, f.Name)
		}
	}
	if len(lacks) > 0 && good {
		c.report(diag.Diagnostic{Code: "W2604", Span: r.Span, Message: fmt.Sprintf("this row lacks %s", listed(lacks, 6)),
			Hint: "a column may be left out where it may be null"})
		good = false
	}
	return vals, good
}

// rows makes the node of a given stream.
func (c *checker) rows(y *resolve.Symbol, g given) *stream {
	vals := make([]any, len(g.rows))
	for i, r := range g.rows {
		vals[i] = r
	}
	t := types.ListOf(types.RecordOf(g.row...))
	n := &logical.Node{Op: logical.Rows, Let: y.Name, Span: g.at, Out: g.stream,
		Args: op.Args{logical.Rows: {Expr: &expr.Expr{Kind: expr.Const, Type: t, Value: vals}, Row: g.row}}}
	id, ok := c.add(n)
	if !ok {
		return lost()
	}
	return &stream{inputs: []logical.Input{{Node: id}}, row: g.row, unbounded: g.stream.Unbounded, time: g.stream.Time, windows: g.stream.Windows}
}
