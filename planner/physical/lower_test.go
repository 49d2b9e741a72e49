package physical_test

import (
	"testing"

	"weir/planner/internal/graph"
	"weir/planner/internal/testcat"
	"weir/planner/physical"
)

// The pairwise plan lowers to stages, and is valid before and after exchanges are taken away and stages chained.
func TestPairwiseLowers(t *testing.T) {
	c := testcat.Catalogue()
	for _, files := range []int{-1, 1, 5} {
		for _, tasks := range []int{1, 2, 8} {
			l := testcat.Pairwise(files)
			if err := graph.Check(l.Nodes, c); err != nil {
				t.Fatal(err)
			}
			p, _, err := physical.Lower(l, physical.LowerOptions{Catalogue: c, Target: "local", Parallelism: tasks,
				Rebalance: true})
			if err != nil {
				t.Fatal(err)
			}
			check := func(step string) {
				if err != nil {
					t.Fatal(step, err)
				}
				if err := physical.Validate(p, c); err != nil {
					t.Fatalf("%s, %d files, %d tasks: %v\n%s", step, files, tasks, err, testcat.Stages(p))
				}
			}
			check("lowered")
			p, _, err = physical.EliminateExchanges(p, c)
			check("exchanges taken away")
			p, _, err = physical.Chain(p, c)
			check("chained")
			if files == 1 && tasks == 2 {
				t.Logf("\n%s", testcat.Stages(p))
			}
		}
	}
}
