package check

import (
	"fmt"
	"path/filepath"
	"sort"
	"strings"

	"weir/compiler/expr"
	"weir/compiler/logical"
	"weir/compiler/resolve"
	"weir/compiler/types"
	"weir/lang/diag"
	"weir/lang/syntax"
)

// params computes the parameters of the main file, in order, and reports -p for names that are none.
func (c *checker) params() []logical.Param {
	var out []logical.Param
	var names []string
	for _, s := range c.prog.Main.Own {
		if s.Kind != resolve.Param {
			continue
		}
		names = append(names, s.Name)
		e := c.param(s)
		if poisoned(e) {
			continue
		}
		p := logical.Param{Name: s.Name, Type: e.Type, Value: expr.FormatValue(e.Type, e.Value), Source: "default"}
		if _, ok := c.o.Params[s.Name]; ok {
			p.Source = "-p"
		}
		out = append(out, p)
	}
	var unknown []string
	for n := range c.o.Params {
		if s := c.prog.Main.Lookup(n); !c.prog.Main.MayHave(n) && (s == nil || s.Kind != resolve.Param) {
			unknown = append(unknown, n)
		}
	}
	sort.Strings(unknown)
	for _, n := range unknown {
		d := diag.Diagnostic{Code: "W2010", Message: fmt.Sprintf("-p %s: %s has no parameter `%s`", n,
			filepath.Base(c.prog.Main.File.Name), n)}
		if best, ok := meant(n, names); ok {
			d.Hint = fmt.Sprintf("did you mean `-p %s=…`?", best)
		} else if len(names) > 0 {
			d.Hint = "its parameters are: " + listed(names, 6)
		} else {
			d.Hint = "it has no parameters"
		}
		c.report(d)
	}
	return out
}

// constant gives the value of a parameter, or of a let that is no stream, where it is used.
func (c *checker) constant(s *resolve.Symbol, at diag.Span) *expr.Expr {
	c.uses[s] = true
	var e *expr.Expr
	if s.Kind == resolve.Param {
		e = c.param(s)
		c.vague = c.vague || c.missing[s]
	} else {
		e = c.let(s).value
	}
	if e == nil || poisoned(e) {
		return poison
	}
	if c.bytes += size(e.Value, maxConst); c.bytes > maxConsts {
		c.limit(at, "put data into a data file and read it", "more than %d MiB of constants", maxConsts>>20)
		return poison
	}
	k := *e
	k.Span = at
	k.Param = s.Name
	return &k
}

// self stands for a parameter while its default is computed.
var self = &expr.Expr{Kind: expr.Const}

// param computes a parameter, once.
func (c *checker) param(s *resolve.Symbol) *expr.Expr {
	if e := c.consts[s]; e != nil {
		if e == self {
			c.errorf("W2006", s.Span, "the default of `%s` needs `%s` itself", s.Name, s.Name)
			return poison
		}
		return e
	}
	c.consts[s] = self
	d := s.Decl.(*syntax.Param)
	want := c.typeOf(d.Type, s.Module)
	e := poison
	text, set := c.o.Params[s.Name]
	set = set && s.Module == c.prog.Main
	if g, ok := c.given[s]; ok {
		e = g.value
	} else if want.Kind != types.Invalid {
		calls := c.calls
		c.calls = nil
		switch {
		case set:
			e = c.fromText(s, want, text)
		case d.Default != nil:
			e = c.value(d.Default, want, &scope{module: s.Module}, fmt.Sprintf("parameter `%s`", s.Name))
		case want.Nullable:
			e = expr.Lit(want, nil)
		default:
			e = c.withoutValue(s, want)
		}
		c.calls = calls
	}
	if !poisoned(e) {
		e = &expr.Expr{Kind: expr.Const, Type: e.Type, Value: e.Value, Span: e.Span, Param: s.Name}
		if want.Kind != types.Invalid {
			e.Type = want
		}
	}
	c.consts[s] = e
	return e
}

// withoutValue reports a parameter that must be given, or makes up a value where the program is checked only.
func (c *checker) withoutValue(s *resolve.Symbol, want types.Type) *expr.Expr {
	if !c.o.CheckOnly || s.Module != c.prog.Main {
		d := diag.Diagnostic{Code: "W2009", Span: s.Span, Message: fmt.Sprintf("parameter `%s` has no value", s.Name),
			Hint: fmt.Sprintf("give it one, `-p %s=…`, or a default: `param %s: %s = …`", s.Name, s.Name, want)}
		if s.Module != c.prog.Main {
			d.Hint = "a parameter of an imported file needs a default: -p sets only those of the main file"
		}
		c.report(d)
		return poison
	}
	c.missing[s] = true
	return expr.Lit(want, zero(want))
}

func zero(t types.Type) any {
	switch t.Kind.Storage() {
	case types.StoreBool:
		return false
	case types.StoreInt:
		return int64(0)
	case types.StoreFloat:
		return 0.0
	case types.StoreList:
		return []any{}
	case types.StoreRecord:
		out := make([]any, len(t.Fields))
		for i, f := range t.Fields {
			out[i] = zero(f.Type)
		}
		return out
	}
	return ""
}

// fromText reads the value of -p by the type of the parameter.
func (c *checker) fromText(s *resolve.Symbol, want types.Type, text string) *expr.Expr {
	e, why := c.parse(text, want)
	if why == "" {
		return e
	}
	c.report(diag.Diagnostic{Code: "W2011", Span: s.Span, Message: fmt.Sprintf("-p %s=%s: %s", s.Name, text, why),
		Label: "declared as " + want.String(), Hint: literalHint(want.Kind)})
	return poison
}

// parse reads a value of a type from text: what is text-like stands bare or in quotes, a list in brackets or with
// commas between.
func (c *checker) parse(text string, want types.Type) (e *expr.Expr, why string) {
	if want.Nullable && text == "null" {
		return expr.Lit(want, nil), ""
	}
	k := want.Kind
	quoted := len(text) >= 2 && text[0] == '"' && text[len(text)-1] == '"'
	if (k.Storage() == types.StoreBytes || k == types.Matrix) && !quoted {
		return expr.Lit(want, text), ""
	}
	if k == types.List && !strings.HasPrefix(strings.TrimSpace(text), "[") {
		var vals []any
		for _, part := range strings.Split(text, ",") {
			x, why := c.parse(strings.TrimSpace(part), *want.Elem)
			if why != "" {
				return nil, why
			}
			vals = append(vals, x.Value)
		}
		return expr.Lit(want, vals), ""
	}
	x, errs := syntax.ParseExpr("-p", []byte(text))
	if errs.HasErrors() {
		return nil, "this is no " + want.NotNull().String()
	}
	quiet := newChecker(c.prog, c.o)
	quiet.quiet = true
	e = quiet.literalValue(x, want)
	if poisoned(e) {
		return nil, "this is no " + want.NotNull().String()
	}
	return e, ""
}

// literalValue reads a literal of the command line; there a path is relative to the working directory, and a bare
// name is text.
func (c *checker) literalValue(x syntax.Expr, want types.Type) *expr.Expr {
	textual := want.Kind.Storage() == types.StoreBytes || want.Kind == types.Matrix
	switch x := x.(type) {
	case *syntax.Name:
		if textual {
			return expr.Lit(want, x.Ident.Name)
		}
	case *syntax.Literal:
		if v, ok := x.Value.(string); ok && textual {
			return expr.Lit(want, v)
		}
	case *syntax.List:
		if want.Kind != types.List {
			return poison
		}
		vals := make([]any, len(x.Elems))
		for i, y := range x.Elems {
			e := c.literalValue(y, *want.Elem)
			if poisoned(e) {
				return poison
			}
			vals[i] = e.Value
		}
		return expr.Lit(want, vals)
	case *syntax.Record:
		if want.Kind != types.Record {
			return poison
		}
		return c.literalRecord(x, want)
	}
	return c.value(x, want, &scope{module: &resolve.Module{File: &syntax.File{}}}, "-p")
}

func (c *checker) literalRecord(x *syntax.Record, want types.Type) *expr.Expr {
	vals := make([]any, len(want.Fields))
	set := make([]bool, len(want.Fields))
	for _, f := range x.Fields {
		i := types.Row(want.Fields).Index(f.Name.Name)
		if i < 0 || set[i] {
			return poison
		}
		e := c.literalValue(f.Value, want.Fields[i].Type)
		if poisoned(e) {
			return poison
		}
		vals[i], set[i] = e.Value, true
	}
	for i, f := range want.Fields {
		if !set[i] && !f.Type.Nullable {
			return poison
		}
	}
	return expr.Lit(want, vals)
}

// secret checks the form of a secret; its value is read by who needs it.
func (c *checker) secret(d *syntax.Secret) {
	call, ok := d.Value.(*syntax.Call)
	if ok && call.Func.Name == "env" && len(call.Args) == 1 && call.Args[0].Kind == syntax.Positional {
		if l, ok := call.Args[0].Value.(*syntax.Literal); ok && l.Kind == syntax.String && l.Value != "" {
			return
		}
	}
	c.report(diag.Diagnostic{Code: "W2012", Span: d.Value.Pos(), Message: "a secret comes from the environment",
		Hint: fmt.Sprintf("write `secret %s = env(\"NAME\")`", d.Name.Name)})
}
