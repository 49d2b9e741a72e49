package kernel_test

import (
	"bytes"
	"math"
	"testing"

	"weir/stdlib/align/kernel"
	"weir/stdlib/align/scoring"
)

// FuzzPaths splits data at line ends into sequences of residue codes; the first is the query.
func FuzzPaths(f *testing.F) {
	f.Add([]byte("WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW\nWWWWWWWWWWWWWWWWWWWWWWWWWWWWW\n\nA\nWAWA"), uint8(0), uint8(11), uint8(1))
	f.Add([]byte("MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQ\nMKTAYIAKQRQIFVKSHFSRQLEERLGLIEVQ\nXX*X"), uint8(1), uint8(0), uint8(0))
	f.Add([]byte("A\nA\nA\nA\nA\nA\nA\nA\nA\nA\nA\nA\nA\nA\nA\nA\nA\nA"), uint8(0xF1), uint8(200), uint8(9))
	m, _ := scoring.Builtin("BLOSUM62")
	f.Fuzz(func(t *testing.T, data []byte, mode, open, extend uint8) {
		if len(data) > 2000 {
			return
		}
		var free scoring.Ends
		if scoring.Mode(mode&3) == scoring.Global {
			free = scoring.Ends{QueryStart: mode&16 != 0, QueryEnd: mode&32 != 0, TargetStart: mode&64 != 0,
				TargetEnd: mode&128 != 0}
		}
		s, err := scoring.NewScheme(scoring.Mode(mode&3), m, scoring.Gap{Open: float64(open), Extend: float64(extend)}, free)
		if err != nil {
			t.Fatal(err)
		}
		sequences := bytes.Split(data, []byte("\n"))
		for _, sequence := range sequences {
			for i, letter := range sequence {
				sequence[i] = letter % byte(len(m.Letters))
			}
		}
		t.Setenv(kernel.PathVariable, "")
		checkScores(t, s, sequences[:1], sequences, nil, math.MinInt32)
	})
}
