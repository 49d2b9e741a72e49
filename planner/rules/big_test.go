package rules

import (
	"fmt"
	"testing"

	"weir/planner/internal/testcat"
	"weir/planner/physical"
)

// A pipeline of some hundred operators is planned, too: filters pass many operators at once.
func TestHundredsOfOperators(t *testing.T) {
	b := testcat.New()
	for i := range 10 {
		s := b.Fasta(fmt.Sprint(i, ".fasta"), 1)
		for k := range 15 {
			s = s.Defs("add", def(fmt.Sprint("c", k), testcat.Length(s.Col("sequence"))))
			s = s.Keep(ge(testcat.Length(s.Col("id")), n(int64(k))))
		}
		s.Defs("only", def("id", s.Col("id"))).Sink("file", fmt.Sprint("out", i))
	}
	c := &Context{Catalogue: testcat.Catalogue()}
	l, _, err := Run(c, b.Plan, All, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, _, err := Stages(l, physical.LowerOptions{Catalogue: c.Catalogue, Target: "local", Parallelism: 2}, nil)
	if err != nil || len(p.Stages) != 10 {
		t.Fatal(len(p.Stages), err)
	}
}
