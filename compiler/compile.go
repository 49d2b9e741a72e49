// Package compiler turns the text of a .flow file into the typed logical plan that the planner starts from, or into
// diagnostics that say
// why it cannot be one. It is the one entry: resolve finds what names stand for, check types and builds the plan,
// lint warns.
package compiler

import (
	"weir/compiler/check"
	"weir/compiler/lint"
	"weir/compiler/logical"
	"weir/compiler/resolve"
	"weir/lang/diag"
	"weir/lang/syntax"
	"weir/runtime/op"
)

// Options says what a file is compiled against.
type Options struct {
	Catalogue *op.Catalogue
	// Params are the values of -p name=value, as text: read by the type of the parameter. Text and paths need no quotes;
	// paths are relative to
	// the working directory and not confined.
	Params map[string]string
	// Root is the project's root: path literals are relative to the file they stand in and confined to it. Empty: the
	// folder of the file.
	Root string
	// Storage is read for the schemas that are sampled; nil: nothing is read.
	Storage op.Storage
	// ReadFile reads an import; nil: an import is an error.
	ReadFile func(string) ([]byte, error)
	// CheckOnly says that no run follows: a parameter without a value is no error then.
	CheckOnly bool
}

// Test is one test of the file; see check.Test.
type Test = check.Test

// Step is one step of a test; see check.Step.
type Step = check.Step

// Symbol is a declaration of the file with its type; see check.Symbol.
type Symbol = check.Symbol

// Result is what is known of a file. Plan is nil if there are errors, or if a parameter has no value and that is none.
type Result struct {
	Plan    *logical.Plan
	Tests   []Test
	Files   []*syntax.File // the file itself, then what it imports
	Outline []Symbol
	Diags   diag.List
}

// Compile compiles a file. It never fails: what is wrong stands in Diags, sorted by place.
func Compile(file string, src []byte, o Options) *Result {
	prog, diags := resolve.Load(file, src, resolve.Options{Root: o.Root, ReadFile: o.ReadFile})
	c := check.Program(prog, check.Options{Catalogue: o.Catalogue,
		Params: o.Params, Root: o.Root, Storage: o.Storage, CheckOnly: o.CheckOnly})
	diags = append(diags, c.Diags...)
	r := &Result{Files: prog.Files(), Outline: c.Symbols, Tests: c.Tests}
	if !diags.HasErrors() {
		if c.Complete {
			r.Plan = c.Plan
		}
		// A file with errors may lack what would have used a name.
		diags = append(diags, lint.Program(prog, c, o.Catalogue)...)
	}
	tidy(diags)
	diags.Sort()
	r.Diags = diags
	return r
}
