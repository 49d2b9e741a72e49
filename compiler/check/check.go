// Package check gives a resolved program its meaning: it types every expression and every argument, inlines fn, puts
// constants for
// parameters, and builds the logical plan. What it reports are W2 codes.
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

// Limits on what a small file may grow into.
const (
	maxNodes   = 10_000    // operators in a plan
	maxInline  = 100       // fn within fn within fn …
	maxLets    = 1_000     // let that needs a let that needs a let …, before it is declared
	maxWork    = 1_000_000 // expressions checked, inlined ones included
	maxExpr    = 10_000    // nodes of one expression
	maxColumns = 10_000    // columns of a row, fields of records counted
	maxConst   = 1 << 16   // bytes of a constant that is computed, as of a literal
	maxConsts  = 64 << 20  // bytes of all constants, counted wherever they are used
)

// Options says what a program is checked against.
type Options struct {
	Catalogue *op.Catalogue
	Params    map[string]string // -p name=value
	Root      string            // path literals are confined to it
	Storage   op.Storage        // nil: no schema is sampled
	CheckOnly bool              // a parameter without a value is no error
}

// Result is what a program means. Plan holds every operator that a sink needs; it can be run where Diags has no
// errors and it is Complete.
type Result struct {
	Complete bool // no parameter lacks its value
	Plan     *logical.Plan
	Tests    []Test
	Symbols  []Symbol
	Diags    diag.List
	Facts    Facts
}

// Facts is what the linter wants to know of the program.
type Facts struct {
	Uses  map[*resolve.Symbol]bool // declarations that something refers to
	Sinks map[*resolve.Symbol]bool // lets from which a sink is reached
	Nodes []*logical.Node          // every operator, whether a sink needs it or not
	// Shadows are names that mean a column though a parameter or constant is called the same.
	Shadows []Shadow
}

// Shadow is one use of a name that could mean something else.
type Shadow struct {
	Name   string
	Means  string // "column"
	Not    string // "parameter"
	Use    diag.Span
	Hidden diag.Span
}

// Symbol is a declaration of the main file with its type, for an outline.
type Symbol struct {
	Name string    `json:"name"`
	Kind string    `json:"kind"`
	Span diag.Span `json:"span"`
	Doc  string    `json:"doc,omitempty"`
	Type string    `json:"type,omitempty"`
}

// Program checks a program.
func Program(p *resolve.Program, o Options) *Result {
	c := newChecker(p, o)
	c.reserved()
	params := c.params()
	for _, m := range p.Modules {
		c.declaredTypes(m)
	}
	for _, s := range p.Main.Own {
		if s.Kind == resolve.Fn {
			c.standalone(s)
		}
	}
	for _, s := range p.Main.Own {
		switch s.Kind {
		case resolve.Let:
			c.let(s)
		case resolve.Secret:
			c.secret(s.Decl.(*syntax.Secret))
		}
	}
	var sinks []int
	for _, st := range p.Main.Stmts {
		if id, ok := c.statement(st); ok {
			sinks = append(sinks, id)
		}
	}
	c.outputs()
	r := &Result{Complete: len(c.missing) == 0, Plan: &logical.Plan{File: p.Main.File.Name,
		Params: params, Nodes: prune(c.nodes, sinks)}}
	r.Symbols = c.symbols()
	r.Facts = Facts{Uses: c.uses, Nodes: c.nodes, Shadows: c.shadows, Sinks: c.reachSinks(r.Plan.Nodes)}
	r.Tests = c.tests()
	r.Diags = c.diags
	return r
}

// checker holds what is known while a program is checked.
type checker struct {
	o     Options
	prog  *resolve.Program
	diags diag.List
	seen  map[string]bool // diagnostics given, since what is inlined twice is checked twice

	nodes   []*logical.Node
	streams map[*resolve.Symbol]*binding
	consts  map[*resolve.Symbol]*expr.Expr
	records map[*resolve.Symbol]*typeResult
	busy    []*resolve.Symbol // lets being checked
	calls   []call            // fn being inlined
	uses    map[*resolve.Symbol]bool
	shadows []Shadow
	inside  *resolve.Symbol          // whose pipeline it is
	current *binding                 // of that
	forms   map[*resolve.Symbol]bool // whether a let or fn is a stream
	broken  map[*resolve.Symbol]bool // fn whose bodies were reported
	limits  map[string]bool          // limits whose breach was reported
	vague   bool                     // a parameter without a value was used
	parsed  map[string][]syntax.Arg  // defaults
	work    int
	bytes   int // of the constants used
	writes  []write
	reads   []write

	missing map[*resolve.Symbol]bool  // parameters without a value
	given   map[*resolve.Symbol]given // in a test
	quiet   bool                      // diagnostics are not kept
	plain   *diag.Span                // where errors of a default are shown
}

// call is one fn being inlined.
type call struct {
	fn *resolve.Symbol
	at diag.Span
}

func newChecker(p *resolve.Program, o Options) *checker {
	return &checker{o: o, prog: p, seen: map[string]bool{}, streams: map[*resolve.Symbol]*binding{},
		consts:  map[*resolve.Symbol]*expr.Expr{},
		records: map[*resolve.Symbol]*typeResult{}, uses: map[*resolve.Symbol]bool{}, forms: map[*resolve.Symbol]bool{},
		broken: map[*resolve.Symbol]bool{}, limits: map[string]bool{},
		parsed: map[string][]syntax.Arg{}, missing: map[*resolve.Symbol]bool{}}
}

// report keeps an error, once, and says through which calls its place was reached.
func (c *checker) report(d diag.Diagnostic) {
	if c.plain != nil {
		d.Notes = append(d.Notes, "this comes from a default")
		d.Span, d.Fix, d.Related = *c.plain, nil, nil
	}
	for i := len(c.calls) - 1; i >= 0 && i >= len(c.calls)-3; i-- {
		if c.calls[i].at == c.calls[i].fn.Span || c.calls[i].at == d.Span { // checked on its own, or the place itself
			continue
		}
		d.Related = append(d.Related, diag.Related{Span: c.calls[i].at, Label: "used here"})
	}
	key := fmt.Sprint(d.Code, d.Span, d.Message)
	if c.seen[key] {
		return
	}
	c.seen[key] = true
	if !c.quiet {
		c.diags.Add(d)
	}
}

// errorf reports an error that needs nothing but a place and a message.
func (c *checker) errorf(code string, at diag.Span, format string, args ...any) {
	c.report(diag.Diagnostic{Code: code, Span: at, Message: fmt.Sprintf(format, args...)})
}

// errors counts the errors so far, kept or not.
func (c *checker) errors() int { return len(c.seen) }

// limit reports that a limit is passed, once for all places: what passes one does so in many.
func (c *checker) limit(at diag.Span, hint, format string, args ...any) {
	if !c.limits[format] {
		c.limits[format] = true
		c.report(diag.Diagnostic{Code: "W2014", Span: at, Message: fmt.Sprintf(format, args...), Hint: hint})
	}
}

// spend counts work; false says that the program has grown too large, which is reported once.
func (c *checker) spend(at diag.Span) bool {
	c.work++
	if c.work <= maxWork {
		return true
	}
	c.limit(at, "let fewer fn call each other, or name a part with `let`",
		"this pipeline is too large once every fn is inlined")
	return false
}

// reserved reports a fn that has the name of an operator or function.
func (c *checker) reserved() {
	for _, m := range c.prog.Modules {
		for _, s := range m.Own {
			if s.Kind != resolve.Fn {
				continue
			}
			kind := ""
			switch cat := c.o.Catalogue; {
			case cat.Operator(s.Name) != nil:
				kind = "an operator"
			case cat.Function(s.Name) != nil:
				kind = "a function"
			case cat.Aggregate(s.Name) != nil:
				kind = "an aggregate"
			default:
				continue
			}
			c.report(diag.Diagnostic{Code: "W2008", Span: s.Span,
				Message: fmt.Sprintf("`%s` is %s of the language", s.Name, kind), Hint: "give the fn another name"})
		}
	}
}

// symbols lists the declarations of the main file with their types.
func (c *checker) symbols() []Symbol {
	var out []Symbol
	for _, s := range c.prog.Main.Own {
		y := Symbol{Name: s.Name, Kind: s.Kind.String(), Span: s.Span}
		switch d := s.Decl.(type) {
		case *syntax.Param:
			y.Doc = d.Doc
		case *syntax.Secret:
			y.Doc = d.Doc
		case *syntax.Fn:
			y.Doc = d.Doc
		case *syntax.Let:
			y.Doc = d.Doc
		case *syntax.TypeDecl:
			y.Doc = d.Doc
		}
		switch s.Kind {
		case resolve.Param:
			if e := c.param(s); !poisoned(e) {
				y.Type = e.Type.String()
			}
		case resolve.Type:
			if r := c.records[s]; r != nil && r.t.Kind != types.Invalid {
				y.Type = r.t.String()
			}
		case resolve.Let:
			switch b := c.streams[s]; {
			case b == nil:
			case b.value != nil && !poisoned(b.value):
				y.Type = b.value.Type.String()
			case b.stream != nil && !b.stream.open:
				y.Type = "stream of " + b.stream.row.String()
			}
		}
		out = append(out, y)
	}
	return out
}

// prune keeps the nodes from which one of ids is reached.
func prune(nodes []*logical.Node, ids []int) []*logical.Node {
	need := map[int]bool{}
	for _, id := range ids {
		need[id] = true
	}
	for i := len(nodes) - 1; i >= 0; i-- {
		if !need[nodes[i].ID] {
			continue
		}
		for _, port := range nodes[i].Inputs {
			for _, in := range port {
				need[in.Node] = true
			}
		}
	}
	var out []*logical.Node
	for _, n := range nodes {
		if need[n.ID] {
			out = append(out, n)
		}
	}
	return out
}

// reachSinks lists the lets whose stream, or a side of it, comes to a sink.
func (c *checker) reachSinks(nodes []*logical.Node) map[*resolve.Symbol]bool {
	in := map[int]bool{}
	for _, n := range nodes {
		in[n.ID] = true
	}
	out := map[*resolve.Symbol]bool{}
	for s, b := range c.streams {
		switch {
		case b.value != nil || b.stream == nil:
			out[s] = true
		default:
			for _, i := range b.nodes {
				out[s] = out[s] || in[i]
			}
			for _, i := range b.stream.inputs {
				out[s] = out[s] || in[i.Node]
			}
		}
	}
	return out
}
