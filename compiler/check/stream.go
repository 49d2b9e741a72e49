package check

import (
	"fmt"
	"sort"

	"weir/compiler/expr"
	"weir/compiler/logical"
	"weir/compiler/resolve"
	"weir/compiler/types"
	"weir/lang/diag"
	"weir/lang/syntax"
)

// stream is what a pipeline gives at one place.
type stream struct {
	inputs      []logical.Input
	row         types.Row
	open        bool // the row is not known, because of an error that was reported
	unbounded   bool
	time        string // the path of the time column
	windows     types.Windowing
	before      string // "after `align` a row has", for messages
	unavailable map[string]string
	endless     *diag.Related // the source that never ends
	sink        *syntax.Call  // the pipeline has ended
	node        int           // of the sink
}

// typed gives the type of the stream.
func (s *stream) typed() types.Stream {
	return types.Stream{Row: s.row, Unbounded: s.unbounded, Time: s.time, Windows: s.windows}
}

func lost() *stream { return &stream{open: true} }

func (s *stream) scope() *rowScope {
	return &rowScope{row: s.row, open: s.open, before: s.before, unavailable: s.unavailable}
}

// binding is what a let stands for: a stream or a constant.
type binding struct {
	stream *stream
	value  *expr.Expr
	nodes  []int // the operators of its pipeline
}

// maxNames bounds the search through let that are other let.
const maxNames = 1000

// isStream reports whether a let is a stream, by its form alone.
func (c *checker) isStream(s *resolve.Symbol) bool { return c.symbolStreams(s, 0) }

func (c *checker) symbolStreams(s *resolve.Symbol, depth int) bool {
	if k, ok := c.forms[s]; ok || depth > maxNames {
		return k
	}
	c.forms[s] = false // a let that needs itself
	var k bool
	switch d := s.Decl.(type) {
	case *syntax.Let:
		k = c.exprStreams(d.Value, s.Module, nil, depth+1)
	case *syntax.Fn:
		locals := map[string]bool{}
		for _, p := range d.Params {
			locals[p.Name.Name] = true
		}
		k = c.exprStreams(d.Body, s.Module, locals, depth+1)
	}
	c.forms[s] = k
	return k
}

func (c *checker) exprStreams(x syntax.Expr, m *resolve.Module, locals map[string]bool, depth int) bool {
	switch x := x.(type) {
	case *syntax.Paren:
		return c.exprStreams(x.X, m, locals, depth)
	case *syntax.Pipe:
		return true
	case *syntax.Call:
		if s := m.Lookup(x.Func.Name); s != nil && s.Kind == resolve.Fn {
			return c.symbolStreams(s, depth)
		}
		return c.o.Catalogue.Operator(x.Func.Name) != nil
	case *syntax.Name:
		s := m.Lookup(x.Ident.Name)
		return s != nil && !locals[x.Ident.Name] && s.Kind == resolve.Let && c.symbolStreams(s, depth)
	case *syntax.Field:
		return c.exprStreams(x.X, m, locals, depth)
	case *syntax.Binary:
		call, ok := x.Y.(*syntax.Call)
		return x.Op == expr.Gt && ok && c.exprStreams(call, m, locals, depth)
	}
	return false
}

// isStage reports whether a call is of an operator or of a fragment of a pipeline.
func (c *checker) isStage(x *syntax.Call, s *scope) bool { return c.exprStreams(x, s.module, nil, 0) }

// takesInput reports whether a pipeline begins with an operator that wants a stream before it.
func (c *checker) takesInput(x syntax.Expr, m *resolve.Module, depth int) bool {
	switch x := x.(type) {
	case *syntax.Paren:
		return c.takesInput(x.X, m, depth)
	case *syntax.Pipe:
		return c.takesInput(x.Head, m, depth)
	case *syntax.Call:
		if s := m.Lookup(x.Func.Name); s != nil && s.Kind == resolve.Fn {
			return depth < maxInline && c.takesInput(s.Decl.(*syntax.Fn).Body, s.Module, depth+1)
		}
		o := c.o.Catalogue.Operator(x.Func.Name)
		return o != nil && !isSource(o)
	}
	return false
}

// let checks a binding, once.
func (c *checker) let(s *resolve.Symbol) *binding {
	if b := c.streams[s]; b != nil {
		return b
	}
	for i, t := range c.busy {
		if t == s {
			d := diag.Diagnostic{Code: "W2006", Span: s.Span, Message: fmt.Sprintf("`%s` is defined by itself", s.Name),
				Label: cycle(append(c.busy[i:len(c.busy):len(c.busy)], s))}
			c.report(d)
			return &binding{stream: lost(), value: poison}
		}
	}
	b := &binding{}
	if len(c.busy) >= maxLets {
		c.limit(s.Span, "", "more than %d let depend on each other here", maxLets)
		b.stream, b.value = lost(), poison
		c.streams[s] = b
		return b
	}
	c.busy = append(c.busy, s)
	outer, calls, cur := c.inside, c.calls, c.current
	c.inside, c.calls, c.current = s, nil, b
	c.define(s, b)
	c.inside, c.calls, c.current = outer, calls, cur
	c.busy = c.busy[:len(c.busy)-1]
	c.streams[s] = b
	return b
}

// unknownCall reports a call that is all of a let and may be meant for an operator or for a function.
func (c *checker) unknownCall(x *syntax.Call, m *resolve.Module) bool {
	name, cat := x.Func.Name, c.o.Catalogue
	if cat.Operator(name) != nil || cat.Function(name) != nil || cat.Aggregate(name) != nil || m.Lookup(name) != nil &&
		m.Lookup(name).Kind == resolve.Fn {
		return false
	}
	if m.MayHave(name) {
		return true
	}
	d := diag.Diagnostic{Code: "W2201", Span: x.Func.Span, Message: fmt.Sprintf("unknown operator or function `%s`", name)}
	suggest(&d, name, x.Func.Span, "", append(c.operatorNames(m), c.functionNames(m)...))
	if d.Fix == nil {
		d.Hint = "`weir ops` lists all operators and functions"
	}
	c.report(d)
	for _, a := range x.Args {
		c.markUses(a.Value, &scope{module: m})
	}
	return true
}

func cycle(syms []*resolve.Symbol) string {
	text := ""
	for i, s := range syms {
		if i > 0 {
			text += " → "
		}
		if i == 6 && len(syms) > 8 {
			return text + "… → " + syms[len(syms)-1].Name
		}
		text += s.Name
	}
	return text
}

func (c *checker) define(s *resolve.Symbol, b *binding) {
	d := s.Decl.(*syntax.Let)
	if g, ok := c.given[s]; ok {
		b.value = g.value
		if g.value == nil {
			b.stream = c.rows(s, g)
		}
		return
	}
	sc := &scope{module: s.Module}
	if x, ok := d.Value.(*syntax.Call); ok && c.unknownCall(x, s.Module) {
		b.stream, b.value = lost(), poison
		return
	}
	if !c.isStream(s) {
		b.value = c.folded(c.expr(d.Value, sc), d.Value.Pos(), fmt.Sprintf("`%s`", s.Name))
		return
	}
	b.stream = c.stream(d.Value, sc, nil)
	if k := b.stream.sink; k != nil {
		c.report(diag.Diagnostic{Code: "W2215", Span: k.Func.Span,
			Message: fmt.Sprintf("`%s` gives no rows that `%s` could name", k.Func.Name, s.Name),
			Hint:    "a pipeline that ends in a sink is a statement of its own: leave out `let … =`"})
		b.stream = lost()
	}
}

// stream builds a pipeline. input is what its first operator reads where that wants a stream: nil, or the pipe before
// an inlined fragment.
func (c *checker) stream(x syntax.Expr, s *scope, input *stream) *stream {
	if !c.spend(x.Pos()) {
		return lost()
	}
	switch x := x.(type) {
	case *syntax.Paren:
		return c.stream(x.X, s, input)
	case *syntax.Pipe:
		st := c.stream(x.Head, s, input)
		for _, call := range x.Stages {
			st = c.stage(st, call, s)
		}
		return st
	case *syntax.Call:
		if c.isStage(x, s) {
			return c.stage(input, x, s)
		}
		if c.o.Catalogue.Function(x.Func.Name) == nil && s.module.Lookup(x.Func.Name) == nil {
			c.noOperator(x, s)
			return lost()
		}
	case *syntax.Name:
		return c.streamName(x.Ident, s)
	case *syntax.Field:
		return c.side(x, s)
	case *syntax.Binary:
		if call, ok := x.Y.(*syntax.Call); ok && x.Op == expr.Gt && c.isStage(call, s) {
			c.pipeMeant(x)
			c.markUses(x.X, s)
			return lost()
		}
	case *syntax.List:
		c.report(diag.Diagnostic{Code: "W2217", Span: x.Span, Message: "rows written in place are for tests only",
			Hint: "read them from a file, or write `given name = [ … ]` in a test"})
		return lost()
	}
	c.markUses(x, s)
	c.report(diag.Diagnostic{Code: "W2217", Span: x.Pos(), Message: "this is no stream",
		Hint: "a pipeline begins with a source, such as `read_tsv(…)`, or with the name of a `let`"})
	return lost()
}

// markUses notes the names in an expression that is not checked further, so that they are not called unused.
func (c *checker) markUses(x syntax.Expr, s *scope) {
	syntax.Walk(x, func(n syntax.Node) bool {
		if name, ok := n.(*syntax.Name); ok {
			if y := s.module.Lookup(name.Ident.Name); y != nil {
				c.uses[y] = true
			}
		}
		return true
	})
}

// streamName gives the stream of a name.
func (c *checker) streamName(id syntax.Ident, s *scope) *stream {
	if l := s.locals[id.Name]; l != nil {
		switch {
		case l.input != nil:
			return l.input
		case l.x != nil:
			return c.stream(l.x, l.in, nil)
		}
		c.errorf("W2217", id.Span, "`%s` is a value, and a stream is wanted", id.Name)
		return lost()
	}
	y := s.module.Lookup(id.Name)
	if y == nil && s.module.MayHave(id.Name) {
		return lost()
	}
	if y == nil {
		d := diag.Diagnostic{Code: "W2217", Span: id.Span, Message: fmt.Sprintf("unknown stream `%s`", id.Name)}
		names := c.streamNames(s.module)
		suggest(&d, id.Name, id.Span, "streams are", names)
		if len(names) == 0 {
			d.Label = "no stream is declared"
		}
		if o := c.o.Catalogue.Operator(id.Name); o != nil && d.Fix == nil {
			d.Hint = fmt.Sprintf("an operator is called: `%s(…)`", id.Name)
		}
		c.report(d)
		return lost()
	}
	c.uses[y] = true
	if y.Kind != resolve.Let || !c.isStream(y) {
		if y.Kind == resolve.Let && poisonedBinding(c.let(y)) {
			return lost()
		}
		c.report(diag.Diagnostic{Code: "W2217", Span: id.Span,
			Message: fmt.Sprintf("`%s` is %s, and a stream is wanted", id.Name, kindOf(y)),
			Related: []diag.Related{{Span: y.Span, Label: "declared here"}}})
		return lost()
	}
	st := *c.let(y).stream
	st.before = fmt.Sprintf("a row of `%s` has", id.Name)
	return &st
}

func poisonedBinding(b *binding) bool { return b.value != nil && poisoned(b.value) }

func kindOf(y *resolve.Symbol) string {
	switch y.Kind {
	case resolve.Let:
		return "a constant"
	case resolve.Param:
		return "a parameter"
	case resolve.Secret:
		return "a secret"
	}
	return "a fn"
}

// side gives a side output of a let: `proteins.rejected`.
func (c *checker) side(x *syntax.Field, s *scope) *stream {
	n, ok := x.X.(*syntax.Name)
	if !ok {
		c.report(diag.Diagnostic{Code: "W2221", Span: x.Span, Message: "only a `let` has side outputs",
			Hint: "give the pipeline a name first"})
		return lost()
	}
	y := s.module.Lookup(n.Ident.Name)
	if y == nil || y.Kind != resolve.Let || !c.isStream(y) {
		return c.streamName(n.Ident, s)
	}
	c.uses[y] = true
	return c.sideOf(y, x.Sel, x.Span)
}

func (c *checker) sideOf(y *resolve.Symbol, sel syntax.Ident, at diag.Span) *stream {
	b := c.let(y)
	name := sel.Name
	out := &stream{before: fmt.Sprintf("a row of `%s.%s` has", y.Name, name)}
	if _, ok := c.given[y]; ok { // replaced by rows: nothing can go aside
		return &stream{row: types.Rejected, open: name != rejected, before: out.before}
	}
	sides := map[string]bool{rejected: true}
	for _, id := range b.nodes {
		node := c.nodes[id-1]
		o := c.o.Catalogue.Operator(node.Op)
		if o == nil {
			continue
		}
		gives := name == rejected && !c.neverRejects(o, node.Args)
		for _, k := range o.Sides {
			sides[k] = true
			gives = gives || k == name
		}
		if !gives {
			continue
		}
		row := types.Rejected
		if name != rejected {
			row = c.inRow(node)
			if len(out.inputs) > 0 && !row.Equal(out.row) {
				c.errorf("W2221", at, "`%s.%s` would have two kinds of rows: %s and %s", y.Name, name, out.row, row)
				return lost()
			}
		}
		out.row = row
		out.inputs = append(out.inputs, logical.Input{Node: id, Side: name})
		out.unbounded = out.unbounded || node.Out.Unbounded || c.inUnbounded(node)
		if in := c.input(node); name != rejected && in != nil {
			out.time, out.windows = in.Out.Time, in.Out.Windows
		}
	}
	if len(out.inputs) == 0 && b.stream.open {
		return lost()
	}
	if len(out.inputs) == 0 {
		names := make([]string, 0, len(sides))
		for k := range sides {
			names = append(names, k)
		}
		d := diag.Diagnostic{Code: "W2221", Span: sel.Span,
			Message: fmt.Sprintf("`%s` has no side output `%s`", y.Name, name)}
		switch {
		case name == rejected:
			d.Message = fmt.Sprintf("no operator of `%s` can reject a row", y.Name)
			d.Hint = "use the `.rejected` of the let that reads"
		default:
			sort.Strings(names)
			suggest(&d, name, sel.Span, fmt.Sprintf("the operators of `%s` have", y.Name), names)
		}
		c.report(d)
		return lost()
	}
	if out.unbounded {
		out.endless = b.stream.endless
	}
	return out
}

// rejected is the side output of every operator that can reject rows.
const rejected = "rejected"

// input gives the node whose main output is a node's first input; nil where that is a side output.
func (c *checker) input(n *logical.Node) *logical.Node {
	if len(n.Inputs) == 0 || len(n.Inputs[0]) == 0 || n.Inputs[0][0].Side != "" {
		return nil
	}
	return c.nodes[n.Inputs[0][0].Node-1]
}

func (c *checker) inRow(n *logical.Node) types.Row {
	if len(n.Inputs) == 0 || len(n.Inputs[0]) == 0 {
		return nil
	}
	in := n.Inputs[0][0]
	switch in.Side {
	case "":
		return c.nodes[in.Node-1].Out.Row
	case rejected:
		return types.Rejected
	}
	return c.inRow(c.nodes[in.Node-1])
}

func (c *checker) inUnbounded(n *logical.Node) bool {
	for _, port := range n.Inputs {
		for _, in := range port {
			if c.nodes[in.Node-1].Out.Unbounded {
				return true
			}
		}
	}
	return false
}

// statement builds a bare pipeline, which ends in a sink; it gives the sink's node.
func (c *checker) statement(d *syntax.Statement) (int, bool) {
	s := &scope{module: c.prog.Main}
	switch x := d.Pipe.(type) {
	case *syntax.Pipe, *syntax.Name, *syntax.Field, *syntax.Call, *syntax.Paren, *syntax.Binary, *syntax.List:
	default:
		c.report(diag.Diagnostic{Code: "W2216", Span: x.Pos(), Message: "a value alone does nothing",
			Hint: "a statement is a pipeline that ends in a sink"})
		return 0, false
	}
	if b, ok := d.Pipe.(*syntax.Binary); ok && !c.exprStreams(b, s.module, nil, 0) {
		c.report(diag.Diagnostic{Code: "W2216", Span: b.Span, Message: "a value alone does nothing",
			Hint: "a statement is a pipeline that ends in a sink"})
		return 0, false
	}
	st := c.stream(d.Pipe, s, nil)
	if st.sink != nil {
		return st.node, true
	}
	if st.open {
		return 0, false
	}
	last := d.Pipe.Pos()
	if p, ok := d.Pipe.(*syntax.Pipe); ok {
		last = p.Stages[len(p.Stages)-1].Func.Span
	}
	c.report(diag.Diagnostic{Code: "W2216", Span: last, Message: "the rows of this pipeline go nowhere",
		Hint: "end it in a sink, such as `|> write_tsv(\"out.tsv\")`, or give it a name with `let`"})
	return 0, false
}

// add makes a node. Where there are too many, that is reported once and the node is not kept.
func (c *checker) add(n *logical.Node) (id int, ok bool) {
	if len(c.nodes) >= maxNodes {
		c.limit(diag.Span{File: c.prog.Main.File.Name}, "", "the plan would have more than %d operators", maxNodes)
		return 0, false
	}
	n.ID = len(c.nodes) + 1
	if c.inside != nil {
		n.Let = c.inside.Name
		c.current.nodes = append(c.current.nodes, n.ID)
	}
	c.nodes = append(c.nodes, n)
	return n.ID, true
}
