package kernel_test

import (
	"slices"
	"sync"
	"testing"

	"weir/stdlib/align/kernel"
	"weir/stdlib/align/scoring/oracletest"
)

// Scorers in several goroutines share a block.
func TestBlockIsSafeForConcurrentUse(t *testing.T) {
	scheme := oracletest.Configs(t)[0].Scheme
	codes := oracletest.Encode(t, scheme.Matrix, oracletest.Sequences(t))
	codes = append(codes[:60:60], nil)
	block := kernel.NewBlock(scheme, codes)
	if block.Len() != 61 || block.Bytes() <= 0 {
		t.Errorf("%d targets, %d bytes", block.Len(), block.Bytes())
	}
	results := make([][]int32, 4)
	var group sync.WaitGroup
	for i := range results {
		results[i] = make([]int32, block.Len())
		scorer, err := kernel.NewScorer(scheme)
		if err != nil {
			t.Fatal(err)
		}
		group.Go(func() {
			for range 5 {
				scorer.Scores(codes[7], block, results[i])
			}
		})
	}
	group.Wait()
	for _, r := range results {
		if !slices.Equal(r, results[0]) || r[60] != 0 || r[7] < 100 {
			t.Errorf("%v", r)
		}
	}
	if kernel.NewBlock(scheme, nil).Residues() != 0 {
		t.Error("an empty block has residues")
	}
}
