package trace

import (
	"math"
	"testing"

	"weir/stdlib/align/scoring/oracletest"
)

// Where the oracle knows that there is one optimal alignment, it is found; elsewhere one of its score is.
func TestAlignmentsEqualTheOracle(t *testing.T) {
	sequences := oracletest.Sequences(t)
	type aligned struct {
		aligner *Aligner
		codes   [][]byte
	}
	configs := map[string]aligned{}
	for _, c := range oracletest.Configs(t) {
		configs[c.Name] = aligned{NewAligner(c.Scheme), oracletest.Encode(t, c.Scheme.Matrix, sequences)}
	}
	unique := 0
	var got Alignment
	pairs := map[string][]Pair{}
	for k, want := range oracletest.Alignments(t) {
		if testing.Short() && k%9 != 0 {
			continue
		}
		c := configs[want.Config]
		query, target := c.codes[want.Query], c.codes[want.Target]
		if err := c.aligner.Align(query, target, &got); err != nil {
			t.Fatal(err)
		}
		pairs[want.Config] = append(pairs[want.Config], Pair{query, target, got.Score})
		scheme := c.aligner.scheme
		name := func() string { return want.Config + " " + sequenceName(want.Query) + " " + sequenceName(want.Target) }
		if score := scheme.Float(got.Score); score != want.Score {
			t.Errorf("%s: score %v, want %v", name(), score, want.Score)
		}
		if rescored := got.Rescore(scheme, query, target); rescored != int64(got.Score) {
			t.Errorf("%s: %s scores %d, not %d", name(), got.CIGAR(), rescored, got.Score)
		}
		if want.NOptimal != 1 {
			continue
		}
		unique++
		if got.CIGAR() != want.CIGAR {
			t.Errorf("%s: %s, want %s", name(), got.CIGAR(), want.CIGAR)
			continue
		}
		wantSpan := Span{want.QueryStart, want.QueryEnd, want.TargetStart, want.TargetEnd}
		if got.Span != wantSpan {
			t.Errorf("%s: %v, want %v", name(), got.Span, wantSpan)
		}
		counts := [...]int{got.Identical, got.Aligned, got.GapColumns, got.GapOpens, outerRuns(got.Ops)}
		wantCounts := [...]int{want.Identical, want.Aligned, want.GapColumns, want.GapOpens, want.EndGapColumns}
		if counts != wantCounts {
			t.Errorf("%s: counts %v, want %v", name(), counts, wantCounts)
		}
		for _, identity := range [][2]float64{
			{got.IdentityEmboss(), want.IdentityEmboss},
			{got.IdentityAligned(), want.IdentityAligned},
			{got.IdentityShorter(), want.IdentityShorter},
		} {
			if math.Abs(identity[0]*100-identity[1]) > 0.00005001 {
				t.Errorf("%s: identity %v, want %v %%", name(), identity[0], identity[1])
			}
		}
	}
	// What an Aligner finds a Batch finds.
	for name, list := range pairs {
		checkBatch(t, newBatch(t, configs[name].aligner.scheme), list, make([]Alignment, len(list)))
	}
	if want := 2412; !testing.Short() && unique != want {
		t.Errorf("%d unique alignments, want %d", unique, want)
	}
}

// outerRuns counts the columns of the first and of the last run where they are gaps. The oracle does not count a second
// run of gaps beside such a one as an end gap; EndGapColumns does.
func outerRuns(ops []Op) int {
	columns := 0
	for k, op := range ops {
		if (k == 0 || k == len(ops)-1) && op.Kind != Match {
			columns += op.Len
		}
	}
	return columns
}

func sequenceName(index int) string {
	return string([]byte{'S', byte('0' + (index+1)/100), byte('0' + (index+1)/10%10), byte('0' + (index+1)%10)})
}
