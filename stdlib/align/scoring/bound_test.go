package scoring_test

import (
	"testing"

	"weir/stdlib/align/scoring"
)

// Pairs whose score is the bound itself, so that a tighter one would be wrong, and pairs where composition tells.
func TestBound(t *testing.T) {
	m := builtin(t, "BLOSUM62")
	for _, test := range []struct {
		mode          scoring.Mode
		free          scoring.Ends
		query, target string
		want          int64
	}{
		{scoring.Local, scoring.Ends{}, "WWW", "W", 11},
		{scoring.Local, scoring.Ends{}, "WWA", "AAW", 11 + 4 + 1},
		{scoring.Local, scoring.Ends{}, "PPPP", "GGGG", 0},
		{scoring.Local, scoring.Ends{}, "", "W", 0},
		{scoring.Global, scoring.Ends{}, "WWW", "W", 11 - 13},
		{scoring.Global, scoring.Ends{}, "W", "WWW", 11 - 13},
		{scoring.Global, scoring.Ends{QueryStart: true}, "WWW", "W", 11},
		{scoring.Global, scoring.Ends{QueryEnd: true}, "WWW", "W", 11},
		{scoring.Global, scoring.Ends{QueryStart: true, QueryEnd: true}, "W", "WWW", 11 - 13},
		{scoring.Global, scoring.Ends{TargetStart: true}, "W", "WWW", 11},
		{scoring.Global, scoring.Ends{TargetEnd: true}, "W", "WWW", 11},
		{scoring.Fit, scoring.Ends{}, "W", "WWW", 11},
		{scoring.Fit, scoring.Ends{}, "WWW", "W", 11 - 13},
		{scoring.Overlap, scoring.Ends{}, "WWW", "W", 11},
	} {
		s, err := scoring.NewScheme(test.mode, m, scoring.Gap{Open: 11, Extend: 1}, test.free)
		if err != nil {
			t.Fatal(err)
		}
		var sides [2]scoring.Composition
		for i, seq := range []string{test.query, test.target} {
			codes, err := m.EncodeSeq(nil, []byte(seq))
			if err != nil {
				t.Fatal(err)
			}
			sides[i] = scoring.Compose(codes)
		}
		if got := scoring.NewBounder(s).Bound(&sides[0], &sides[1]); got != test.want {
			t.Errorf("%v %+v of %q and %q: %d, want %d", test.mode, test.free, test.query, test.target, got, test.want)
		}
	}
}
