package compiler_test

import (
	"os"
	"path/filepath"
	"testing"

	"weir/compiler"
	"weir/lang/diag"
	"weir/runtime/op"
	"weir/stdlib"
)

// TestStandardLibrary compiles the examples of every operator and aggregate against the real catalogue: their declarations, defaults and
// types hold together.
func TestStandardLibrary(t *testing.T) {
	cat, err := stdlib.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	check := func(name string, o bool, examples []op.Example) {
		for i, e := range examples {
			r := compiler.Compile("example.flow", []byte(e.Code), compiler.Options{Catalogue: cat})
			for _, d := range r.Diags {
				if d.Code == "W2220" && !o {
					continue // documented ahead of time
				}
				if d.Severity == diag.Error {
					t.Errorf("%s, example %d: %s: %d:%d %s %s\n%s", name, i+1, d.Code, d.Span.Start.Line, d.Span.Start.Col, d.Message, d.Label, e.Code)
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

// TestPipelines compiles the pipelines of the repository without a word.
func TestPipelines(t *testing.T) {
	cat, err := stdlib.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../pipelines/*.flow")
	if err != nil || len(files) == 0 {
		t.Fatal("no pipelines", err)
	}
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		r := compiler.Compile(f, src, compiler.Options{Catalogue: cat, Root: "../pipelines", CheckOnly: true, ReadFile: os.ReadFile})
		for _, d := range r.Diags {
			t.Errorf("%s:%d: %s %s %s", f, d.Span.Start.Line, d.Code, d.Message, d.Label)
		}
	}
}

// FuzzStandardLibrary: neither do the declarations of the standard library panic, whatever they are given.
func FuzzStandardLibrary(f *testing.F) {
	cat, err := stdlib.Catalogue()
	if err != nil {
		f.Fatal(err)
	}
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
