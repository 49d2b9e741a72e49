package trace

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"weir/stdlib/align/scalar"
	"weir/stdlib/align/scoring"
	"weir/stdlib/align/scoring/scoringtest"
)

// newSmallAligner keeps as few rows and checkpoints as it can, so that short sequences go the way of long ones.
func newSmallAligner(s *scoring.Scheme, cells, minRows int) *Aligner {
	a := NewAligner(s)
	a.cells, a.minRows, a.checkpointCells = cells, minRows, 0
	return a
}

func align(t rapid.TB, a *Aligner, query, target []byte) Alignment {
	t.Helper()
	var out Alignment
	if err := a.Align(query, target, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// define finds the alignment that the package's documentation defines, from scores of all prefixes that are computed
// gap length by gap length.
func define(s *scoring.Scheme, query, target []byte) (score int64, ops []Op) {
	m, n := len(query), len(target)
	local := s.Mode == scoring.Local
	h := make([][]int64, m+1)
	pair := func(i, j int) int64 {
		return h[i-1][j-1] + int64(s.Matrix.Scores[query[i-1]][target[j-1]])*int64(s.Scale)
	}
	for i := range h {
		h[i] = make([]int64, n+1)
		for j := range h[i] {
			switch {
			case local && (i == 0 || j == 0), i == 0 && (j == 0 || s.Free.TargetStart), j == 0 && s.Free.QueryStart:
			case i == 0:
				h[i][j] = -s.GapCost(j)
			case j == 0:
				h[i][j] = -s.GapCost(i)
			default:
				best := pair(i, j)
				for k := 1; k <= i; k++ {
					best = max(best, h[i-k][j]-s.GapCost(k))
				}
				for k := 1; k <= j; k++ {
					best = max(best, h[i][j-k]-s.GapCost(k))
				}
				if local {
					best = max(best, 0)
				}
				h[i][j] = best
			}
		}
	}

	score = -1 << 62
	var i, j int
	for a := range h {
		for b := range h[a] {
			may := local || a == m && b == n || a == m && s.Free.TargetEnd || b == n && s.Free.QueryEnd
			if may && h[a][b] > score {
				score, i, j = h[a][b], a, b
			}
		}
	}
	var back []byte
	put := func(kind byte, k int) {
		for range k {
			back = append(back, kind)
		}
	}
	if !local {
		put(Insert, m-i)
		put(Delete, n-j)
	}
	for i > 0 && j > 0 && (!local || h[i][j] != 0) {
		if h[i][j] == pair(i, j) {
			put(Match, 1)
			i, j = i-1, j-1
			continue
		}
		kind, length := byte(0), 0
		for k := 1; k <= j && kind == 0; k++ {
			if h[i][j] == h[i][j-k]-s.GapCost(k) {
				kind, length = Delete, k
				put(kind, k)
				j -= k
			}
		}
		for k := 1; k <= i && kind == 0; k++ {
			if h[i][j] == h[i-k][j]-s.GapCost(k) {
				kind, length = Insert, k
				put(kind, k)
				i -= k
			}
		}
		if length == 0 {
			panic("no way back")
		}
	}
	if !local {
		put(Insert, i)
		put(Delete, j)
	}
	slices.Reverse(back)
	for _, kind := range back {
		if last := len(ops) - 1; last >= 0 && ops[last].Kind == kind {
			ops[last].Len++
		} else {
			ops = append(ops, Op{kind, 1})
		}
	}
	return score, ops
}

func TestPathIsTheOneThatTheDocumentationDefines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scoringtest.Scheme().Draw(t, "scheme")
		pair := scoringtest.Related(s.Matrix, 30).Draw(t, "pair")
		got := align(t, NewAligner(s), pair[0], pair[1])
		score, ops := define(s, pair[0], pair[1])
		if int64(got.Score) != score || !slices.Equal(got.Ops, ops) {
			t.Fatalf("%d %v, want %d %v", got.Score, got.Ops, score, ops)
		}
	})
}

func TestScoreAndEndAreTheReferences(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scoringtest.Scheme().Draw(t, "scheme")
		pair := scoringtest.Related(s.Matrix, 80).Draw(t, "pair")
		got := align(t, NewAligner(s), pair[0], pair[1])
		want := scalar.ScoreEnds(s, pair[0], pair[1])
		if got.Score != want.Score {
			t.Fatalf("score %d, want %d", got.Score, want.Score)
		}
		if rescored := got.Rescore(s, pair[0], pair[1]); rescored != int64(got.Score) {
			t.Fatalf("%s scores %d, not %d", got.CIGAR(), rescored, got.Score)
		}
		if end := [2]int{got.QueryEnd, got.TargetEnd}; s.Mode == scoring.Local && end != [2]int{want.Query, want.Target} {
			t.Fatalf("ends at %v, want %v", end, want)
		}
	})
}

func TestLongAlignmentIsThatOfTheWholeMatrix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scoringtest.Scheme().Draw(t, "scheme")
		pair := scoringtest.Related(s.Matrix, 150).Draw(t, "pair")
		cells := rapid.IntRange(1, 2000).Draw(t, "cells")
		rows := rapid.IntRange(2, 6).Draw(t, "rows")
		a := newSmallAligner(s, cells, rows)
		align(t, a, pair[1], pair[0]) // so that its memory is not fresh
		got := align(t, a, pair[0], pair[1])
		want := align(t, NewAligner(s), pair[0], pair[1])
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		if held := len(a.spare); held > 3*minMarks+3 {
			t.Fatalf("%d checkpoints", held)
		}
	})
}

func TestKnownScoreChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scoringtest.Scheme().Draw(t, "scheme")
		pair := scoringtest.Related(s.Matrix, 60).Draw(t, "pair")
		score := scalar.Score(s, pair[0], pair[1])
		want := align(t, NewAligner(s), pair[0], pair[1])
		for _, a := range []*Aligner{NewAligner(s), newSmallAligner(s, 50, 2)} {
			var got Alignment
			if err := a.AlignKnown(pair[0], pair[1], score, &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

// What an alignment says of its columns is compared with a count column by column.
func TestCountsAreThoseOfTheColumns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scoringtest.Scheme().Draw(t, "scheme")
		pair := scoringtest.Related(s.Matrix, 60).Draw(t, "pair")
		got := align(t, NewAligner(s), pair[0], pair[1])
		var want Alignment
		i, j, endGaps := max(got.QueryStart-1, 0), max(got.TargetStart-1, 0), 0
		for k, op := range got.Ops {
			if k > 0 && got.Ops[k-1].Kind == op.Kind || op.Len < 1 {
				t.Fatalf("runs %v", got.Ops)
			}
			if op.Kind != Match {
				want.GapOpens++
			}
			for range op.Len {
				want.Columns++
				if op.Kind != Match {
					want.GapColumns++
					endGaps++
				} else {
					if want.Aligned == 0 {
						want.EndGapColumns = endGaps
						want.Core.QueryStart, want.Core.TargetStart = i+1, j+1
					}
					endGaps = 0
					want.Aligned++
					if pair[0][i] == pair[1][j] {
						want.Identical++
					}
					if s.Matrix.Scores[pair[0][i]][pair[1][j]] > 0 {
						want.Similar++
					}
					want.Core.QueryEnd, want.Core.TargetEnd = i+1, j+1
				}
				if op.Kind != Delete {
					i++
				}
				if op.Kind != Insert {
					j++
				}
			}
		}
		want.EndGapColumns += endGaps
		if i != got.QueryEnd || j != got.TargetEnd {
			t.Fatalf("the path ends at %d, %d, not at %v", i, j, got.Span)
		}
		want.Score, want.Span, want.Ops = got.Score, got.Span, got.Ops
		want.QueryLen, want.TargetLen = len(pair[0]), len(pair[1])
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		if s.Mode == scoring.Local && got.Core != got.Span {
			t.Fatalf("a local alignment begins or ends with a gap: %s", got.CIGAR())
		}
		if s.Mode != scoring.Local && (i != len(pair[0]) || j != len(pair[1])) {
			t.Fatalf("the path leaves residues: %s", got.CIGAR())
		}
	})
}

func TestAlignmentOfEmptySequences(t *testing.T) {
	matrix, _ := scoring.Builtin("BLOSUM62")
	some := []byte{0, 1, 2}
	for _, test := range []struct {
		mode          scoring.Mode
		query, target []byte
		want          string
	}{
		{scoring.Local, nil, nil, `0 "" {0 0 0 0}`}, {scoring.Local, some, nil, `0 "" {0 0 0 0}`},
		{scoring.Global, nil, nil, `0 "" {0 0 0 0}`}, {scoring.Global, some, nil, `-14 "3I" {1 3 0 0}`},
		{scoring.Global, nil, some, `-14 "3D" {0 0 1 3}`}, {scoring.Fit, nil, some, `0 "3D" {0 0 1 3}`},
		{scoring.Fit, some, nil, `-14 "3I" {1 3 0 0}`}, {scoring.Overlap, some, nil, `0 "3I" {1 3 0 0}`},
	} {
		s, err := scoring.NewScheme(test.mode, matrix, scoring.Gap{Open: 11, Extend: 1}, scoring.Ends{})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range []*Aligner{NewAligner(s), newSmallAligner(s, 1, 2)} {
			got := align(t, a, test.query, test.target)
			if text := fmt.Sprintf("%d %q %v", got.Score, got.CIGAR(), got.Span); text != test.want {
				t.Errorf("%v: %s, want %s", test.mode, text, test.want)
			}
			if got.Identity() != 0 || got.IdentityShorter() != 0 || got.Core != (Span{}) {
				t.Errorf("%v: identity %v, core %v", test.mode, got.Identity(), got.Core)
			}
		}
	}
}

// Identity is of letters: X is X, though the matrix gives it -1; U is not C, though it scores as C; case does not
// matter.
func TestIdentityIsOfLetters(t *testing.T) {
	matrix, _ := scoring.Builtin("BLOSUM62")
	s, err := scoring.NewScheme(scoring.Global, matrix, scoring.Gap{Open: 11, Extend: 1}, scoring.Ends{})
	if err != nil {
		t.Fatal(err)
	}
	query, err1 := matrix.EncodeSeq(nil, []byte("WXUoJcB"))
	target, err2 := matrix.EncodeSeq(nil, []byte("wXCXjCN"))
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	got := align(t, NewAligner(s), query, target)
	// W-W, X-X, J-J, C-C are identical; W-W, U-C, C-C, B-N are positive.
	if got.CIGAR() != "7M" || got.Identical != 4 || got.Similar != 4 || got.Mismatches() != 3 {
		t.Errorf("%s, %d identical, %d similar", got.CIGAR(), got.Identical, got.Similar)
	}
}

func TestAlignRefusesWhatCouldOverflow(t *testing.T) {
	matrix, _ := scoring.Builtin("BLOSUM62")
	s, err := scoring.NewScheme(scoring.Global, matrix, scoring.Gap{Open: 10000, Extend: 10000}, scoring.Ends{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Align(s, make([]byte, 60_000), nil); err == nil {
		t.Error("60,000 residues at 10,000 each are aligned")
	}
}
