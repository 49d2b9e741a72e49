package stage

import (
	"testing"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/staging"
)

// Two nodes of a run may use the same keys: each finds its own.
func TestStagingOfANode(t *testing.T) {
	area := staging.New(t.TempDir(), 1<<20)
	for node := 1; node <= 2; node++ {
		v := batch.NewBuilder(types.Of(types.Int), 1)
		v.Int(int64(node))
		b := &batch.Batch{Row: types.Row{{Name: "n", Type: types.Of(types.Int)}}, N: 1, Cols: []*batch.Vector{v.Done()}}
		s := nodeStaging{area, node}
		if err := s.Put("0/0", b); err != nil {
			t.Fatal(err)
		}
		if err := s.PutMeta("0", node); err != nil {
			t.Fatal(err)
		}
	}
	for node := 1; node <= 2; node++ {
		s := nodeStaging{area, node}
		b, err := s.Get("0/0")
		if err != nil || b.Col("n").Int(0) != int64(node) {
			t.Errorf("node %d: %v, %v", node, b, err)
		}
		var meta int
		if err := s.GetMeta("0", &meta); err != nil || meta != node {
			t.Errorf("node %d: %d, %v", node, meta, err)
		}
	}
}
