package scalar_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"weir/stdlib/align/scalar"
	"weir/stdlib/align/scoring"
	"weir/stdlib/align/scoring/scoringtest"
)

// enumerate is the score of the best of all alignments, tried one by one: the definition, with no recurrence. It walks
// columns; kind and run describe the run of gaps that the last columns are, and pairs counts pairs so far.
type enumerate struct {
	s             *scoring.Scheme
	query, target []byte
	best          int64
}

func bruteForce(s *scoring.Scheme, query, target []byte) int64 {
	e := enumerate{s, query, target, math.MinInt64}
	if s.Mode != scoring.Local {
		e.columns(0, 0, 0, 0, 0)
		return e.best
	}
	// A local alignment is a global one of two parts, or empty.
	whole := *s
	whole.Mode = scoring.Global
	best := int64(0)
	for i := range len(query) + 1 {
		for k := i; k <= len(query); k++ {
			for j := range len(target) + 1 {
				for l := j; l <= len(target); l++ {
					best = max(best, bruteForce(&whole, query[i:k], target[j:l]))
				}
			}
		}
	}
	return best
}

func (e *enumerate) columns(i, j int, kind byte, run int, score int64) {
	closed := score - e.gap(i, j, kind, run)
	if i == len(e.query) && j == len(e.target) {
		e.best = max(e.best, closed)
		return
	}
	if i < len(e.query) && j < len(e.target) {
		pair := int64(e.s.Matrix.Scores[e.query[i]][e.target[j]]) * int64(e.s.Scale)
		e.columns(i+1, j+1, 0, 0, closed+pair)
	}
	if i < len(e.query) {
		if kind == 'I' {
			e.columns(i+1, j, 'I', run+1, score)
		} else {
			e.columns(i+1, j, 'I', 1, closed)
		}
	}
	if j < len(e.target) {
		if kind == 'D' {
			e.columns(i, j+1, 'D', run+1, score)
		} else {
			e.columns(i, j+1, 'D', 1, closed)
		}
	}
}

// gap is the cost of the run that ends before residues i and j.
func (e *enumerate) gap(i, j int, kind byte, run int) int64 {
	free := false
	switch kind {
	case 'I':
		free = e.s.Free.QueryStart && i == run && j == 0 || e.s.Free.QueryEnd && i == len(e.query) && j == len(e.target)
	case 'D':
		free = e.s.Free.TargetStart && j == run && i == 0 || e.s.Free.TargetEnd && j == len(e.target) && i == len(e.query)
	}
	if free {
		return 0
	}
	return e.s.GapCost(run)
}

func TestScoreIsThatOfTheBestAlignment(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scoringtest.Scheme().Draw(t, "scheme")
		most := 4
		if s.Mode == scoring.Local {
			most = 3
		}
		pair := [2][]byte{
			scoringtest.Codes(s.Matrix, most).Draw(t, "query"), scoringtest.Codes(s.Matrix, most).Draw(t, "target"),
		}
		if got, want := int64(scalar.Score(s, pair[0], pair[1])), bruteForce(s, pair[0], pair[1]); got != want {
			t.Fatalf("score %d, but the best of all alignments has %d", got, want)
		}
	})
}

func TestSwappedPairHasTheScoreOfTheSwappedScheme(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scoringtest.Scheme().Draw(t, "scheme")
		pair := scoringtest.Related(s.Matrix, 40).Draw(t, "pair")
		matrix := *s.Matrix
		for i := range matrix.Scores {
			for j := range matrix.Scores {
				matrix.Scores[i][j] = s.Matrix.Scores[j][i]
			}
		}
		swapped := *s
		swapped.Matrix = &matrix
		swapped.Free = scoring.Ends{
			QueryStart: s.Free.TargetStart, QueryEnd: s.Free.TargetEnd,
			TargetStart: s.Free.QueryStart, TargetEnd: s.Free.QueryEnd,
		}
		score := scalar.Score(s, pair[0], pair[1])
		if other := scalar.Score(&swapped, pair[1], pair[0]); other != score {
			t.Fatalf("%d, swapped %d", score, other)
		}
		if s.Symmetric() {
			if other := scalar.Score(s, pair[1], pair[0]); other != score {
				t.Fatalf("a symmetric scheme gives %d and %d", score, other)
			}
		}
	})
}

// More free ends never lower a score: global <= fit <= overlap <= local.
func TestModesAreOrdered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		matrix := scoringtest.Matrix().Draw(t, "matrix")
		gap := scoringtest.Gap().Draw(t, "gap")
		pair := scoringtest.Related(matrix, 40).Draw(t, "pair")
		last := int32(math.MinInt32)
		for _, mode := range []scoring.Mode{scoring.Global, scoring.Fit, scoring.Overlap, scoring.Local} {
			s, err := scoring.NewScheme(mode, matrix, gap, scoring.Ends{})
			if err != nil {
				t.Fatal(err)
			}
			score := scalar.Score(s, pair[0], pair[1])
			if score < last {
				t.Fatalf("%v scores %d, less than the mode before it, %d", mode, score, last)
			}
			last = score
		}
	})
}

// Fit is global with the target's ends free, and overlap is global with all ends free.
func TestModesAreGlobalWithFreeEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		matrix := scoringtest.Matrix().Draw(t, "matrix")
		gap := scoringtest.Gap().Draw(t, "gap")
		pair := scoringtest.Related(matrix, 40).Draw(t, "pair")
		for mode, free := range map[scoring.Mode]scoring.Ends{
			scoring.Fit:     {TargetStart: true, TargetEnd: true},
			scoring.Overlap: {QueryStart: true, QueryEnd: true, TargetStart: true, TargetEnd: true},
		} {
			s, err := scoring.NewScheme(mode, matrix, gap, scoring.Ends{})
			if err != nil {
				t.Fatal(err)
			}
			global, err := scoring.NewScheme(scoring.Global, matrix, gap, free)
			if err != nil {
				t.Fatal(err)
			}
			if a, b := scalar.ScoreEnds(s, pair[0], pair[1]), scalar.ScoreEnds(global, pair[0], pair[1]); a != b {
				t.Fatalf("%v gives %v, global with the same free ends %v", mode, a, b)
			}
		}
	})
}

// The bound that lets a pair be skipped is never below its score.
func TestBoundIsAtLeastTheScore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scoringtest.Scheme().Draw(t, "scheme")
		pair := scoringtest.Related(s.Matrix, 40).Draw(t, "pair")
		query, target := scoring.Compose(pair[0]), scoring.Compose(pair[1])
		score, bound := scalar.Score(s, pair[0], pair[1]), scoring.NewBounder(s).Bound(&query, &target)
		if int64(score) > bound {
			t.Fatalf("score %d is above the bound %d", score, bound)
		}
	})
}

// The two prefixes up to the end, which no free gap follows, have the whole score.
func TestEndIsWhereTheScoreIsReached(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scoringtest.Scheme().Draw(t, "scheme")
		pair := scoringtest.Related(s.Matrix, 40).Draw(t, "pair")
		end := scalar.ScoreEnds(s, pair[0], pair[1])
		charged := *s
		charged.Free.QueryEnd, charged.Free.TargetEnd = false, false
		prefix := scalar.Score(&charged, pair[0][:end.Query], pair[1][:end.Target])
		if prefix != end.Score {
			t.Fatalf("%v, but the prefixes score %d", end, prefix)
		}
		if s.Mode == scoring.Local && end.Score > 0 {
			for _, shorter := range [][2]int{{end.Query - 1, len(pair[1])}, {end.Query, end.Target - 1}} {
				if got := scalar.Score(s, pair[0][:shorter[0]], pair[1][:shorter[1]]); got >= end.Score {
					t.Fatalf("%v, but prefixes of %v residues score %d", end, shorter, got)
				}
			}
		}
	})
}

func TestScoreOfEmptySequences(t *testing.T) {
	matrix, _ := scoring.Builtin("BLOSUM62")
	some := []byte{0, 1, 2}
	for _, test := range []struct {
		mode          scoring.Mode
		query, target []byte
		want          int32
	}{
		{scoring.Local, nil, nil, 0}, {scoring.Local, some, nil, 0}, {scoring.Local, nil, some, 0},
		{scoring.Overlap, nil, nil, 0}, {scoring.Overlap, some, nil, 0}, {scoring.Overlap, nil, some, 0},
		{scoring.Global, nil, nil, 0}, {scoring.Global, some, nil, -14}, {scoring.Global, nil, some, -14},
		{scoring.Fit, nil, nil, 0}, {scoring.Fit, some, nil, -14}, {scoring.Fit, nil, some, 0},
	} {
		s, err := scoring.NewScheme(test.mode, matrix, scoring.Gap{Open: 11, Extend: 1}, scoring.Ends{})
		if err != nil {
			t.Fatal(err)
		}
		if got := scalar.Score(s, test.query, test.target); got != test.want {
			t.Errorf("%v of %d and %d residues: %d, want %d", test.mode, len(test.query), len(test.target), got, test.want)
		}
	}
}

func TestScoreSaturates(t *testing.T) {
	matrix, _ := scoring.Builtin("BLOSUM62")
	s, err := scoring.NewScheme(scoring.Global, matrix, scoring.Gap{Kind: scoring.Emboss, Open: 10000, Extend: 9999.99},
		scoring.Ends{})
	if err != nil {
		t.Fatal(err)
	}
	if s.CheckLengths(0, 3000) == nil {
		t.Error("3,000 residues at 1,000,000 each pass CheckLengths")
	}
	if got := scalar.Score(s, nil, make([]byte, 3000)); got != math.MinInt32 {
		t.Errorf("%d", got)
	}
}

// The pair of alignment-conventions.md: what blastp, DIAMOND, ssearch36 and water print.
func TestScoreOfTheWorkedExample(t *testing.T) {
	matrix, _ := scoring.Builtin("BLOSUM62")
	const q = "MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQAPILSRVGDGTQDNLSGAEKAVQ"
	const withoutL = "MKTAYIAKQRQISFVKSHFSRQLEERLGIEVQAPILSRVGDGTQDNLSGAEKAVQ"
	const withoutLG = "MKTAYIAKQRQISFVKSHFSRQLEERLIEVQAPILSRVGDGTQDNLSGAEKAVQ"
	affine := scoring.Gap{Kind: scoring.Affine, Open: 11, Extend: 1}
	emboss11 := scoring.Gap{Kind: scoring.Emboss, Open: 11, Extend: 1}
	emboss12 := scoring.Gap{Kind: scoring.Emboss, Open: 12, Extend: 1}
	for _, test := range []struct {
		gap    scoring.Gap
		target string
		want   float64
	}{
		{affine, q, 273}, {affine, withoutL, 257}, {emboss11, withoutL, 258}, {emboss12, withoutL, 257},
		{affine, withoutLG, 250}, {emboss11, withoutLG, 251}, {emboss12, withoutLG, 250},
	} {
		s, err := scoring.NewScheme(scoring.Local, matrix, test.gap, scoring.Ends{})
		if err != nil {
			t.Fatal(err)
		}
		query, err := matrix.EncodeSeq(nil, []byte(q))
		if err != nil {
			t.Fatal(err)
		}
		target, err := matrix.EncodeSeq(nil, []byte(test.target))
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Float(scalar.Score(s, query, target)); got != test.want {
			t.Errorf("%v: %v, want %v", test.gap, got, test.want)
		}
	}
}
