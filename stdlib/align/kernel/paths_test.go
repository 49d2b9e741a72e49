package kernel_test

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"weir/stdlib/align/kernel"
	"weir/stdlib/align/scalar"
	"weir/stdlib/align/scoring"
)

// drawScheme draws a scheme of any mode, any ends, any kind of gap and a matrix that may be asymmetric or have large scores.
func drawScheme(t *rapid.T) *scoring.Scheme {
	name := rapid.SampledFrom([]string{"BLOSUM62", "BLOSUM62_NCBI", "BLOSUM45", "PAM250", "asymmetric", "large"}).Draw(t, "matrix")
	m, ok := scoring.Builtin(name)
	if !ok {
		m = otherMatrix(name)
	}
	gap := scoring.Gap{Kind: rapid.SampledFrom([]scoring.GapKind{scoring.Affine, scoring.Emboss, scoring.Linear}).Draw(t, "kind")}
	gap.Extend = float64(rapid.IntRange(0, 4).Draw(t, "extend"))
	if gap.Kind != scoring.Linear {
		gap.Open = float64(rapid.SampledFrom([]int{4, 5, 10, 11, 14, 60, 130, 3000}).Draw(t, "open"))
	}
	if gap.Kind == scoring.Emboss {
		gap.Extend += rapid.SampledFrom([]float64{0, 0.5, 0.25, 0.03}).Draw(t, "fraction")
		gap.Open = max(gap.Open, gap.Extend)
	}
	mode := rapid.SampledFrom([]scoring.Mode{scoring.Local, scoring.Global, scoring.Fit, scoring.Overlap}).Draw(t, "mode")
	var free scoring.Ends
	if mode == scoring.Global {
		free = scoring.Ends{QueryStart: rapid.Bool().Draw(t, "qs"), QueryEnd: rapid.Bool().Draw(t, "qe"),
			TargetStart: rapid.Bool().Draw(t, "ts"), TargetEnd: rapid.Bool().Draw(t, "te")}
	}
	s, err := scoring.NewScheme(mode, m, gap, free)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// otherMatrix is BLOSUM62 with changes: asymmetric, or with scores up to the end of a byte.
func otherMatrix(name string) *scoring.Matrix {
	blosum, _ := scoring.Builtin("BLOSUM62")
	m := *blosum
	m.Name = name
	random := rand.New(rand.NewPCG(3, 4))
	for i := range len(m.Letters) {
		for j := range len(m.Letters) {
			switch {
			case name == "asymmetric":
				m.Scores[i][j] += int8(random.IntN(5) - 2)
			case i == j:
				m.Scores[i][j] = int8(100 + random.IntN(28))
			default:
				m.Scores[i][j] = int8(-random.IntN(129))
			}
			m.Min, m.Max = min(m.Min, m.Scores[i][j]), max(m.Max, m.Scores[i][j])
		}
	}
	m.Symmetric = false
	return &m
}

// drawSequences draws relatives and strangers: lengths around those of lanes and tiles, runs of one letter, mutated
// copies, which score high.
func drawSequences(t *rapid.T, label string, letters, most int) [][]byte {
	seed := rapid.Uint64().Draw(t, label+" seed")
	random := rand.New(rand.NewPCG(seed, 7))
	longest := rapid.SampledFrom([]int{3, 9, 40, 150, 400}).Draw(t, label+" longest")
	ancestor := make([]byte, longest+3)
	for i := range ancestor {
		ancestor[i] = byte(random.IntN(20))
	}
	seqs := make([][]byte, rapid.IntRange(0, most).Draw(t, label))
	for i := range seqs {
		n := random.IntN(longest + 2)
		switch random.IntN(4) {
		case 0: // a stranger
			seqs[i] = make([]byte, n)
			for k := range seqs[i] {
				seqs[i][k] = byte(random.IntN(letters))
			}
		case 1: // a run
			seqs[i] = make([]byte, n)
			code := byte(letters - 1 - random.IntN(4))
			for k := range seqs[i] {
				seqs[i][k] = code
			}
		default: // a relative
			for k := 0; k < n; k++ {
				switch random.IntN(20) {
				case 0:
					seqs[i] = append(seqs[i], byte(random.IntN(letters)), byte(random.IntN(letters)))
				case 1:
				case 2:
					seqs[i] = append(seqs[i], byte(random.IntN(letters)))
				default:
					seqs[i] = append(seqs[i], ancestor[k])
				}
			}
		}
	}
	return seqs
}

// Every path gives the reference's scores for every pair asked for, and touches no other.
func TestPathsEqualTheReference(t *testing.T) {
	t.Setenv(kernel.PathVariable, "") // so that it is as before at the end
	rapid.Check(t, func(t *rapid.T) {
		s := drawScheme(t)
		queries := drawSequences(t, "queries", len(s.Matrix.Letters), 6)
		targets := drawSequences(t, "targets", len(s.Matrix.Letters), 140)
		least := rapid.SampledFrom([]int32{math.MinInt32, 0, 50, 300}).Draw(t, "min")
		checkScores(t, s, queries, targets, drawWant(t, len(queries), len(targets)), least)
	})
}

func drawWant(t *rapid.T, queries, targets int) []kernel.Set {
	if rapid.Bool().Draw(t, "all") {
		return nil
	}
	want := make([]kernel.Set, queries)
	for q := range want {
		kind := rapid.IntRange(0, 3).Draw(t, "want")
		if kind == 0 {
			continue
		}
		want[q] = kernel.NewSet(targets)
		for i := range targets {
			if kind == 1 && i%7 == 0 || kind == 2 && i > q {
				want[q].Add(i)
			}
		}
	}
	return want
}

type fataler interface{ Fatalf(string, ...any) }

// untouched stands for a score that was not asked for.
const untouched = 123456789

// checkScores compares every path with the reference.
func checkScores(t fataler, s *scoring.Scheme, queries, targets [][]byte, want []kernel.Set, least int32) {
	var cells int64
	expected := make([][]int32, len(queries))
	for q := range queries {
		expected[q] = make([]int32, len(targets))
		for i := range targets {
			expected[q][i] = untouched
			if want == nil || want[q] == nil || want[q].Has(i) {
				expected[q][i] = scalar.Score(s, queries[q], targets[i])
				cells += int64(len(queries[q])) * int64(len(targets[i]))
			}
		}
	}
	block := kernel.NewBlock(s, targets)
	for _, path := range kernel.Paths() {
		if err := os.Setenv(kernel.PathVariable, path); err != nil {
			t.Fatalf("%v", err)
		}
		scorer, err := kernel.NewScorer(s)
		if err != nil {
			t.Fatalf("%v", err)
		}
		scorer.SetMin(least)
		scores := make([][]int32, len(queries))
		for q := range scores {
			scores[q] = slices.Repeat([]int32{untouched}, len(targets))
		}
		scorer.ScoreAll(queries, block, want, scores)
		for q := range queries {
			for i, got := range scores[q] {
				if e := expected[q][i]; got != e && (got != kernel.Below || e >= least) {
					t.Fatalf("%s %s %s %+v %+v\nquery %d %v\ntarget %d of %d %v\nscore %d, want %d", path, s.Mode,
						s.Matrix.Name, s.Gap, s.Free, q, queries[q], i, len(targets), targets[i], got, e)
				}
			}
		}
		if scorer.Cells() != cells {
			t.Fatalf("%s: %d cells, want %d", path, scorer.Cells(), cells)
		}
	}
}

// Scores around the ends of eight and sixteen bits, from identical sequences and from nearly identical ones.
func TestTransitions(t *testing.T) {
	m, _ := scoring.Builtin("BLOSUM62")
	lengths := []int{1, 2, 3, 4, 5, 22, 23, 24, 25, 31, 32, 33, 63, 64, 65}
	long := []int{2976, 2977, 2978, 2979, 2980, 2981} // 11 points a tryptophan: 32,767 at 2,979
	if testing.Short() {
		long = []int{2978, 2979}
	}
	lengths = append(lengths, long...)
	targets := make([][]byte, len(lengths))
	for i, n := range lengths {
		targets[i] = make([]byte, n)
		for k := range targets[i] {
			targets[i][k] = m.Encode['W']
		}
	}
	spoilt := append([]byte(nil), targets[len(targets)-1]...)
	for k := 0; k < len(spoilt); k += 100 {
		spoilt[k] = m.Encode['A']
	}
	t.Setenv(kernel.PathVariable, "")
	for _, mode := range []scoring.Mode{scoring.Local, scoring.Global, scoring.Fit, scoring.Overlap} {
		t.Run(mode.String(), func(t *testing.T) {
			s, err := scoring.NewScheme(mode, m, scoring.Gap{Open: 11, Extend: 1}, scoring.Ends{})
			if err != nil {
				t.Fatal(err)
			}
			checkScores(t, s, [][]byte{targets[len(targets)-1], spoilt, targets[5]}, targets, nil, math.MinInt32)
		})
	}
}

// A few targets much longer than the others go down the rows, with the queries in the lanes; the scheme is not symmetric.
func TestLongTargets(t *testing.T) {
	m := otherMatrix("asymmetric")
	random := rand.New(rand.NewPCG(5, 6))
	sequence := func(n int) []byte {
		s := make([]byte, n)
		for i := range s {
			s[i] = byte(random.IntN(len(m.Letters)))
		}
		return s
	}
	var queries, targets [][]byte
	for i := range 90 {
		queries = append(queries, sequence(i))
		targets = append(targets, sequence(random.IntN(60)))
	}
	targets[7], targets[50] = sequence(2000), sequence(1001)
	copy(targets[7][1500:], queries[88])
	want := make([]kernel.Set, len(queries))
	for q := range queries {
		if q%3 != 0 {
			continue
		}
		want[q] = kernel.NewSet(len(targets))
		for i := q; i < len(targets); i++ {
			want[q].Add(i)
		}
	}
	t.Setenv(kernel.PathVariable, "")
	for _, free := range []scoring.Ends{{}, {QueryStart: true}, {QueryEnd: true}, {TargetStart: true}, {TargetEnd: true}} {
		s, err := scoring.NewScheme(scoring.Global, m, scoring.Gap{Open: 11, Extend: 1}, free)
		if err != nil {
			t.Fatal(err)
		}
		checkScores(t, s, queries, targets, want, math.MinInt32)
	}
	s, err := scoring.NewScheme(scoring.Local, m, scoring.Gap{Open: 11, Extend: 1}, scoring.Ends{})
	if err != nil {
		t.Fatal(err)
	}
	checkScores(t, s, queries, targets, nil, math.MinInt32)
}
