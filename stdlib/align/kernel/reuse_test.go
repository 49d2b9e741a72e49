package kernel

import (
	"math/rand/v2"
	"testing"

	"weir/stdlib/align/scoring"
)

// A Scorer gives the same scores however many jobs it has run before, wider lanes among them.
func TestScorerReuse(t *testing.T) {
	m, _ := scoring.Builtin("BLOSUM62")
	s, err := scoring.NewScheme(scoring.Local, m, scoring.Gap{Kind: scoring.Emboss, Open: 10, Extend: 0.5}, scoring.Ends{})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	family := make([]byte, 300)
	for i := range family {
		family[i] = byte(rng.IntN(20))
	}
	seqs := make([][]byte, 90)
	for i := range seqs { // relatives, so that some pairs saturate eight bits and most do not
		seqs[i] = append([]byte(nil), family[:30+3*i]...)
		for k := range seqs[i] {
			if rng.IntN(10) < 4+i%6 {
				seqs[i][k] = byte(rng.IntN(20))
			}
		}
	}
	b := NewBlock(s, seqs)
	want := make([][]int32, len(seqs)) // by Scorers that have run no other job
	for k := range want {
		fresh, err := NewScorer(s)
		if err != nil {
			t.Fatal(err)
		}
		want[k] = make([]int32, len(seqs))
		fresh.Scores(seqs[k], b, want[k])
	}
	sc, err := NewScorer(s)
	if err != nil {
		t.Fatal(err)
	}
	for range 60 {
		lo := rng.IntN(len(seqs))
		hi := min(lo+1+rng.IntN(12), len(seqs))
		scores, asked := make([][]int32, hi-lo), make([]Set, hi-lo)
		for k := range scores {
			scores[k], asked[k] = make([]int32, len(seqs)), NewSet(len(seqs))
			for j := lo + k; j < len(seqs); j++ {
				asked[k].Add(j)
			}
		}
		sc.ScoreAll(seqs[lo:hi], b, asked, scores)
		for k := range scores {
			for j := lo + k; j < len(seqs); j++ {
				if scores[k][j] != want[lo+k][j] {
					t.Fatalf("rows %d to %d, pair %d %d: %d, want %d", lo, hi, lo+k, j, scores[k][j], want[lo+k][j])
				}
			}
		}
	}
}
