package main

import (
	"fmt"
	"io"
	"strings"

	"weir/lang/diag"
	"weir/runtime/op"
	"weir/stdlib"
)

type opsCmd struct {
	Name     string `arg:"" optional:"" help:"An operator, function or aggregate; without one, all are listed."`
	Markdown bool   `help:"Print the whole reference as Markdown: docs/operators.md."`
}

func (c *opsCmd) Run(e *env) error {
	cat, err := stdlib.Catalogue()
	if err != nil {
		return err
	}
	switch {
	case c.Markdown:
		writeReference(e.stdout, cat)
		return nil
	case c.Name != "":
		return describe(e.stdout, cat, c.Name)
	}
	for _, o := range cat.Operators() {
		note := ""
		if !o.Implemented() {
			note = "  (not yet)"
		}
		fmt.Fprintf(e.stdout, "%-14s %s%s\n", o.Name, summary(o.Doc), note)
	}
	fmt.Fprintln(e.stdout)
	for _, f := range cat.Functions() {
		if !f.Hidden {
			fmt.Fprintf(e.stdout, "%-22s %s\n", signature(f.Name, f.Params), summary(f.Doc))
		}
	}
	fmt.Fprintln(e.stdout)
	for _, a := range cat.Aggregates() {
		fmt.Fprintf(e.stdout, "%-22s %s\n", signature(a.Name, a.Params), summary(a.Doc))
	}
	return nil
}

// describe prints one entry; a name may stand for a function and an aggregate.
func describe(w io.Writer, cat *op.Catalogue, name string) error {
	found := false
	if o := cat.Operator(name); o != nil {
		writeOperator(w, o)
		found = true
	}
	if f := cat.Function(name); f != nil {
		writeFunction(w, f)
		found = true
	}
	if a := cat.Aggregate(name); a != nil {
		writeAggregate(w, a)
		found = true
	}
	if found {
		return nil
	}
	var names []string
	for _, o := range cat.Operators() {
		names = append(names, o.Name)
	}
	for _, f := range cat.Functions() {
		names = append(names, f.Name)
	}
	if s, ok := diag.Suggest(name, names); ok {
		return fmt.Errorf("nothing is called %s: did you mean %s?", name, s)
	}
	return fmt.Errorf("nothing is called %s: weir ops lists all", name)
}

// summary is the first line of a doc, without its Markdown.
func summary(doc string) string {
	line, _, _ := strings.Cut(doc, "\n")
	return strings.ReplaceAll(line, "`", "")
}

func signature(name string, params []op.FuncParam) string {
	parts := make([]string, len(params))
	for i, p := range params {
		parts[i] = p.Name
		if p.Variadic {
			parts[i] += ", …"
		}
		if p.Default != "" {
			parts[i] += ": " + p.Default
		}
	}
	return name + "(" + strings.Join(parts, ", ") + ")"
}

// writeReference prints docs/operators.md.
func writeReference(w io.Writer, cat *op.Catalogue) {
	fmt.Fprint(w, `# Operators, functions and aggregates

This page is generated from the registrations by `+"`weir ops --markdown`"+`; do not edit it. Every example of an operator is run as a test.

`)
	for _, part := range []struct {
		title string
		role  op.Role
	}{{"Sources", op.SourceRole}, {"Transforms", op.TransformRole}, {"Sinks", op.SinkRole}} {
		fmt.Fprintf(w, "## %s\n\n", part.title)
		for _, o := range cat.Operators() {
			if o.Role == part.role {
				writeOperator(w, o)
			}
		}
	}
	fmt.Fprint(w, "## Functions\n\nA function of a null gives null unless its text says otherwise.\n\n")
	for _, f := range cat.Functions() {
		if !f.Hidden {
			writeFunction(w, f)
		}
	}
	fmt.Fprint(w, "## Aggregates\n\nAggregates skip nulls, and their results do not depend on the order of the rows.\n\n")
	for _, a := range cat.Aggregates() {
		writeAggregate(w, a)
	}
}

func writeOperator(w io.Writer, o *op.Operator) {
	fmt.Fprintf(w, "### %s\n\n", o.Name)
	if !o.Implemented() {
		fmt.Fprint(w, "**Not yet:** the operator is checked and documented, and cannot be run so far.\n\n")
	}
	fmt.Fprintf(w, "`%s` %s\n\n", o.Name, strings.TrimSpace(o.Doc))
	first := true
	for _, p := range o.Params {
		if p.Hidden {
			continue
		}
		if first {
			fmt.Fprint(w, "| parameter | | default | |\n|---|---|---|---|\n")
			first = false
		}
		def := "—"
		switch {
		case p.Default != "":
			def = "`" + p.Default + "`"
		case p.Required:
			def = "required"
		}
		fmt.Fprintf(w, "| `%s` | %s | %s | %s |\n", p.Name, cell(paramKind(p)), def, cell(p.Doc))
	}
	if !first {
		fmt.Fprintln(w)
	}
	for _, p := range o.Params {
		for _, c := range p.Ctors {
			var names []string
			for _, q := range c.Params {
				names = append(names, q.Name)
			}
			fmt.Fprintf(w, "- `%s: %s(%s)`: %s\n", p.Name, c.Name, strings.Join(names, ", "), c.Doc)
		}
		if len(p.Ctors) > 0 {
			fmt.Fprintln(w)
		}
	}
	if o.Caps.Lazy != nil {
		fmt.Fprint(w, "Columns are computed only where they are used.\n\n")
	}
	for _, x := range o.Examples {
		fmt.Fprintf(w, "%s\n\n```\n%s\n```\n\n", x.Doc, strings.TrimSpace(x.Code))
	}
}

// paramKind says how an argument is written.
func paramKind(p op.Param) string {
	s := ""
	switch p.Kind {
	case op.Value:
		s = p.Type.String()
	case op.Word:
		s = strings.Join(p.Words, " | ")
		if p.Paths {
			s += " | a path"
		}
	case op.Words:
		s = "[" + strings.Join(p.Words, ", ") + "]"
	case op.RowExpr:
		s = "expression"
		if p.Type.Kind != 0 {
			s = p.Type.String() + " expression"
		}
	case op.Defs:
		s = "columns: a, b = expression"
	case op.Columns:
		s = "column names"
	case op.Keys:
		s = "keys: a, desc(b)"
	case op.Names:
		s = "new names"
	case op.Ctor:
		names := make([]string, len(p.Ctors))
		for i, c := range p.Ctors {
			names[i] = c.Name + "(…)"
		}
		s = strings.Join(names, " | ")
	case op.Stream:
		s = "a stream"
	case op.RowType:
		s = "a record type"
	case op.On:
		s = "columns: id | (a = x, b)"
	case op.Each:
		s = "a column of each input: (x, y)"
	case op.Aggs:
		s = "n = aggregate(expression), …"
	}
	if p.Variadic {
		s += ", …"
	}
	return s
}

// cell escapes what would end a table's cell.
func cell(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "|", "\\|"), "\n", " ")
}

func writeFunction(w io.Writer, f *op.Function) {
	fmt.Fprintf(w, "### %s\n\n%s\n\n", signature(f.Name, f.Params), strings.TrimSpace(f.Doc))
	writeFuncParams(w, f.Params)
	if len(f.Examples) == 0 {
		return
	}
	fmt.Fprintln(w, "```")
	for _, x := range f.Examples {
		if x.Fails != "" {
			fmt.Fprintf(w, "%s    # rejects the row: %s\n", x.Expr, x.Fails)
		} else {
			fmt.Fprintf(w, "%s    # %s\n", x.Expr, x.Result)
		}
	}
	fmt.Fprint(w, "```\n\n")
}

func writeAggregate(w io.Writer, a *op.Aggregate) {
	fmt.Fprintf(w, "### %s\n\n%s\n\n", signature(a.Name, a.Params), strings.TrimSpace(a.Doc))
	writeFuncParams(w, a.Params)
	for _, x := range a.Examples {
		fmt.Fprintf(w, "%s\n\n```\n%s\n```\n\n", x.Doc, strings.TrimSpace(x.Code))
	}
}

func writeFuncParams(w io.Writer, params []op.FuncParam) {
	n := 0
	for _, p := range params {
		if p.Doc != "" {
			fmt.Fprintf(w, "- `%s`: %s\n", p.Name, p.Doc)
			n++
		}
	}
	if n > 0 {
		fmt.Fprintln(w)
	}
}
