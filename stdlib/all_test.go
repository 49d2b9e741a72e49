package stdlib_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"weir/compiler"
	"weir/lang/diag"
	"weir/planner/physical"
	"weir/runtime/conformance"
	"weir/runtime/local"
	"weir/runtime/op"
	"weir/stdlib"
)

func runLocal(ctx context.Context, plan *physical.Plan, c *op.Catalogue, s op.Storage) error {
	_, err := local.Run(ctx, plan, local.Options{Catalogue: c, Storage: s})
	return err
}

// Every example of every operator and aggregate is a .flow file whose tests pass, at several degrees of parallelism.
func TestExamples(t *testing.T) {
	cat, err := stdlib.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	run := func(name string, examples []op.Example) {
		for _, x := range examples {
			t.Run(name, func(t *testing.T) {
				r := compiler.Compile("example.flow", []byte(x.Code), compiler.Options{Catalogue: cat})
				show := func(list diag.List) string {
					var b bytes.Buffer
					if err := diag.Text(&b, list, func(string) []byte { return []byte(x.Code) }, false); err != nil {
						t.Fatal(err)
					}
					return b.String()
				}
				if r.Diags.HasErrors() {
					t.Fatalf("%s", show(r.Diags))
				}
				if len(r.Tests) == 0 {
					t.Fatal("the example has no test")
				}
				for _, test := range r.Tests {
					for _, p := range []int{1, 2, 5} {
						found, err := conformance.Run(t.Context(), test, conformance.Options{Catalogue: cat, Parallelism: p, Driver: runLocal})
						if err != nil {
							t.Fatal(err)
						}
						if len(found) > 0 {
							t.Errorf("parallelism %d:\n%s", p, show(found))
						}
					}
				}
			})
		}
	}
	for _, o := range cat.Operators() {
		if len(o.Examples) == 0 && o.Implemented() && o.Role == op.TransformRole {
			t.Errorf("%s has no example", o.Name)
		}
		if o.Implemented() {
			run(o.Name, o.Examples)
		}
	}
	for _, a := range cat.Aggregates() {
		run(a.Name, a.Examples)
	}
}

// Every registration is documented: its first line reads on after the name.
func TestDocs(t *testing.T) {
	cat, err := stdlib.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range cat.Operators() {
		if strings.TrimSpace(o.Doc) == "" {
			t.Errorf("operator %s has no doc", o.Name)
		}
		for _, p := range o.Params {
			if !p.Hidden && p.Doc == "" {
				t.Errorf("operator %s: parameter %s has no doc", o.Name, p.Name)
			}
		}
	}
	for _, f := range cat.Functions() {
		if strings.TrimSpace(f.Doc) == "" {
			t.Errorf("function %s has no doc", f.Name)
		}
	}
	for _, a := range cat.Aggregates() {
		if strings.TrimSpace(a.Doc) == "" {
			t.Errorf("aggregate %s has no doc", a.Name)
		}
	}
}
