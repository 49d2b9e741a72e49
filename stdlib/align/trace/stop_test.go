package trace

import (
	"errors"
	"testing"

	"weir/stdlib/align/scoring"
)

// A long alignment can be stopped, and the Aligner is as good as new afterwards.
func TestStop(t *testing.T) {
	m, _ := scoring.Builtin("BLOSUM62")
	s, err := scoring.NewScheme(scoring.Local, m, scoring.Gap{Kind: scoring.Affine, Open: 11, Extend: 1}, scoring.Ends{})
	if err != nil {
		t.Fatal(err)
	}
	long := make([]byte, 12_000)
	for i := range long {
		long[i] = byte(i * i % 20)
	}
	a := NewAligner(s)
	enough := errors.New("enough")
	asked := 0
	a.Stop = func() error {
		if asked++; asked == 2 {
			return enough
		}
		return nil
	}
	var out Alignment
	if err := a.Align(long, long, &out); !errors.Is(err, enough) {
		t.Fatalf("%v after %d questions", err, asked)
	}
	short := long[:300]
	want, err := Align(s, short, short)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Align(short, short, &out); err != nil || out.CIGAR() != want.CIGAR() || out.Score != want.Score {
		t.Errorf("%v: %s, want %s", err, out.CIGAR(), want.CIGAR())
	}
}
