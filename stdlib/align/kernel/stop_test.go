package kernel

import (
	"testing"

	"weir/stdlib/align/scalar"
	"weir/stdlib/align/scoring"
)

// A long job can be stopped, and the Scorer is as good as new afterwards.
func TestStop(t *testing.T) {
	m, _ := scoring.Builtin("BLOSUM62")
	s, err := scoring.NewScheme(scoring.Local, m, scoring.Gap{Kind: scoring.Affine, Open: 11, Extend: 1}, scoring.Ends{})
	if err != nil {
		t.Fatal(err)
	}
	sc, err := NewScorer(s)
	if err != nil {
		t.Fatal(err)
	}
	long := make([]byte, 20_000)
	for i := range long {
		long[i] = byte(i * i % 20)
	}
	asked := 0
	sc.Stop = func() bool { asked++; return asked == 2 }
	out := [][]int32{make([]int32, 1)}
	sc.ScoreAll([][]byte{long}, NewBlock(s, [][]byte{long}), nil, out)
	if p, _ := Active(); p != "scalar" && asked != 2 {
		t.Errorf("asked %d times", asked)
	}
	short := long[:200]
	sc.ScoreAll([][]byte{short}, NewBlock(s, [][]byte{short}), nil, out)
	if want := scalar.Score(s, short, short); out[0][0] != want {
		t.Errorf("%d, want %d", out[0][0], want)
	}
}
