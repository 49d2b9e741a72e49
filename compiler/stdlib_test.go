package compiler_test

import (
	"testing"

	"weir/compiler"
	"weir/lang/diag"
	"weir/runtime/op"
	"weir/stdlib"
)

// standard is the real catalogue, with sources and sinks of the tests' own for the examples where it has none.
func standard(t testing.TB) *op.Catalogue {
	t.Helper()
	cat, err := stdlib.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	operators := cat.Operators()
	for _, o := range catalogue.Operators() {
		if o.Role != op.TransformRole && cat.Operator(o.Name) == nil {
			operators = append(operators, o)
		}
	}
	if cat, err = op.NewCatalogue(operators, cat.Functions(), cat.Aggregates()); err != nil {
		t.Fatal(err)
	}
	return cat
}

// TestStandardLibrary compiles the examples of every operator and aggregate against the real catalogue: their
// declarations, defaults and
// types hold together.
func TestStandardLibrary(t *testing.T) {
	cat := standard(t)
	check := func(name string, o bool, examples []op.Example) {
		for i, e := range examples {
			r := compiler.Compile("example.flow", []byte(e.Code), compiler.Options{Catalogue: cat})
			for _, d := range r.Diags {
				if d.Code == "W2220" && !o {
					continue // documented ahead of time
				}
				if d.Severity == diag.Error {
					t.Errorf("%s, example %d: %s: %d:%d %s %s\n%s", name, i+1, d.Code, d.Span.Start.Line, d.Span.Start.Col,
						d.Message, d.Label, e.Code)
				}
			}
			if r.Plan != nil && len(r.Tests) == 0 {
				t.Errorf("%s, example %d has no test", name, i+1)
			}
		}
	}
	for _, o := range cat.Operators() {
		check(o.Name, o.Implemented(), o.Examples)
	}
	for _, a := range cat.Aggregates() {
		check(a.Name, true, a.Examples)
	}
}

// FuzzStandardLibrary: neither do the declarations of the standard library panic, whatever they are given.
func FuzzStandardLibrary(f *testing.F) {
	cat := standard(f)
	for _, s := range sources(f) {
		f.Add([]byte(s))
	}
	for _, o := range cat.Operators() {
		for _, e := range o.Examples {
			f.Add([]byte(e.Code))
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) { compiler.Compile("x.flow", src, compiler.Options{Catalogue: cat}) })
}
