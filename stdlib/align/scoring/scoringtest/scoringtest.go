// Package scoringtest draws schemes and encoded sequences for property tests.
package scoringtest

import (
	"math/rand/v2"
	"strings"

	"pgregory.net/rapid"

	"weir/stdlib/align/scoring"
)

// Scheme draws a scheme of any mode, gap and choice of free ends, over a small matrix of its own, that may be
// asymmetric, or over a published one. Small values and costs make ties frequent.
func Scheme() *rapid.Generator[*scoring.Scheme] {
	return rapid.Custom(func(t *rapid.T) *scoring.Scheme {
		mode := rapid.SampledFrom([]scoring.Mode{scoring.Local, scoring.Global, scoring.Fit, scoring.Overlap}).Draw(t, "mode")
		var free scoring.Ends
		if mode == scoring.Global {
			free = scoring.Ends{
				QueryStart:  rapid.Bool().Draw(t, "query_start"),
				QueryEnd:    rapid.Bool().Draw(t, "query_end"),
				TargetStart: rapid.Bool().Draw(t, "target_start"),
				TargetEnd:   rapid.Bool().Draw(t, "target_end"),
			}
		}
		s, err := scoring.NewScheme(mode, Matrix().Draw(t, "matrix"), Gap().Draw(t, "gap"), free)
		if err != nil {
			t.Fatalf("a drawn scheme is refused: %v", err)
		}
		return s
	})
}

// Gap draws a valid gap.
func Gap() *rapid.Generator[scoring.Gap] {
	return rapid.Custom(func(t *rapid.T) scoring.Gap {
		kind := rapid.SampledFrom([]scoring.GapKind{scoring.Affine, scoring.Emboss, scoring.Linear}).Draw(t, "kind")
		open := rapid.IntRange(0, 12).Draw(t, "open")
		extend := rapid.IntRange(0, 3).Draw(t, "extend")
		switch kind {
		case scoring.Linear:
			return scoring.Gap{Kind: kind, Extend: float64(extend)}
		case scoring.Emboss:
			unit := rapid.SampledFrom([]float64{1, 2, 4, 10, 100}).Draw(t, "unit")
			return scoring.Gap{Kind: kind, Open: float64(open+extend) / unit, Extend: float64(extend) / unit}
		}
		return scoring.Gap{Kind: kind, Open: float64(open), Extend: float64(extend)}
	})
}

// Matrix draws a published matrix or one of two to five letters with small values.
func Matrix() *rapid.Generator[*scoring.Matrix] {
	return rapid.Custom(func(t *rapid.T) *scoring.Matrix {
		names := []string{"", "", "BLOSUM62", "PAM250", "EDNAFULL", "BLOSUM80_NCBI"}
		if name := rapid.SampledFrom(names).Draw(t, "name"); name != "" {
			m, ok := scoring.Builtin(name)
			if !ok {
				t.Fatalf("no matrix %s", name)
			}
			return m
		}
		letters := "ILMVW"[:rapid.IntRange(2, 5).Draw(t, "letters")]
		var file strings.Builder
		file.WriteString(strings.Join(strings.Split(letters, ""), " "))
		for _, row := range letters {
			file.WriteString("\n" + string(row))
			for range letters {
				file.WriteString(" " + rapid.SampledFrom([]string{"-3", "-1", "0", "1", "2", "5"}).Draw(t, "value"))
			}
		}
		m, err := scoring.ParseMatrix("drawn", strings.NewReader(file.String()))
		if err != nil {
			t.Fatalf("a drawn matrix is refused: %v", err)
		}
		return m
	})
}

// Codes draws an encoded sequence of at most so many residues: a short one that shrinks well, or one of any length up
// to the most.
func Codes(m *scoring.Matrix, most int) *rapid.Generator[[]byte] {
	letters := len(m.Letters)
	return rapid.OneOf(
		rapid.SliceOfN(rapid.ByteRange(0, byte(letters-1)), 0, most),
		rapid.Map(rapid.Uint64(), func(seed uint64) []byte {
			random := rand.New(rand.NewPCG(seed, 0))
			codes := make([]byte, random.IntN(most+1))
			for i := range codes {
				codes[i] = byte(random.IntN(letters))
			}
			return codes
		}))
}

// Related draws two encoded sequences of about so many residues at most, the second often an edited copy of the first,
// so that their alignment has runs of pairs and gaps.
func Related(m *scoring.Matrix, most int) *rapid.Generator[[2][]byte] {
	return rapid.Custom(func(t *rapid.T) [2][]byte {
		query := Codes(m, most).Draw(t, "query")
		if rapid.Bool().Draw(t, "unrelated") {
			return [2][]byte{query, Codes(m, most).Draw(t, "target")}
		}
		target := append([]byte(nil), query...)
		for range rapid.IntRange(0, 6).Draw(t, "edits") {
			at := rapid.IntRange(0, len(target)).Draw(t, "at")
			to := min(at+rapid.IntRange(0, 5).Draw(t, "removed"), len(target))
			added := Codes(m, 5).Draw(t, "added")
			target = append(append(append([]byte(nil), target[:at]...), added...), target[to:]...)
		}
		return [2][]byte{query, target}
	})
}
