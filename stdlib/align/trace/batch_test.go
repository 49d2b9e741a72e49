package trace

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"weir/stdlib/align/kernel"
	"weir/stdlib/align/scalar"
	"weir/stdlib/align/scoring"
	"weir/stdlib/align/scoring/oracletest"
	"weir/stdlib/align/scoring/scoringtest"
)

func newBatch(t interface {
	Helper()
	Fatal(...any)
}, s *scoring.Scheme) *Batch {
	t.Helper()
	b, err := NewBatch(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// checkBatch compares a Batch's alignments with an Aligner's.
func checkBatch(t interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}, b *Batch, pairs []Pair, out []Alignment) {
	t.Helper()
	if err := b.Align(pairs, out); err != nil {
		t.Fatal(err)
	}
	if b.failed > 0 {
		t.Fatalf("%d pairs were left to an Aligner", b.failed)
	}
	a := NewAligner(b.scheme)
	var want Alignment
	for i, p := range pairs {
		if err := a.AlignKnown(p.Query, p.Target, p.Score, &want); err != nil {
			t.Fatal(err)
		}
		got := out[i]
		if len(got.Ops) == 0 && len(want.Ops) == 0 {
			got.Ops, want.Ops = nil, nil
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("pair %d: %v\n%v\n%s", i, p.Query, p.Target, diff)
		}
	}
}

// family draws sequences of up to so many residues, many of which are alike.
func family(t *rapid.T, m *scoring.Matrix, count, longest int) [][]byte {
	random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 11))
	parents := scoringtest.Related(m, longest).Draw(t, "parents")
	out := make([][]byte, count)
	for i := range out {
		parent := parents[random.IntN(2)]
		from := random.IntN(len(parent) + 1)
		if random.IntN(3) > 0 {
			from = 0
		}
		s := append([]byte(nil), parent[from:]...)
		if random.IntN(4) == 0 {
			s = s[:random.IntN(len(s)+1)]
		}
		for k := range s {
			if random.IntN(8) == 0 {
				s[k] = byte(random.IntN(len(m.Letters)))
			}
		}
		for range random.IntN(3) { // a gap
			at := random.IntN(len(s) + 1)
			s = append(s[:at], s[min(len(s), at+random.IntN(6)):]...)
		}
		out[i] = s
	}
	return out
}

// A Batch gives the Aligner's alignments: whatever the scheme, however many pairs there are and share a query, whatever
// it had before, and however small its memory.
func TestBatchEqualsTheAligner(t *testing.T) {
	t.Setenv(kernel.PathVariable, "") // so that it is as before at the end
	rapid.Check(t, func(t *rapid.T) {
		if err := os.Setenv(kernel.PathVariable, rapid.SampledFrom(kernel.Paths()).Draw(t, "path")); err != nil {
			t.Fatal(err)
		}
		s := scoringtest.Scheme().Draw(t, "scheme")
		b := newBatch(t, s)
		for range rapid.IntRange(1, 3).Draw(t, "batches") {
			longest := rapid.SampledFrom([]int{2, 8, 31, 90}).Draw(t, "longest")
			queries := family(t, s.Matrix, rapid.IntRange(1, 5).Draw(t, "queries"), longest)
			targets := family(t, s.Matrix, rapid.IntRange(1, 70).Draw(t, "targets"), longest)
			panel := rapid.SampledFrom([]int{1000, 16 << 10, 8 << 20}).Draw(t, "panel")
			b.matrix.SetMemory(panel, rapid.SampledFrom([]int{0, 30 << 10, 16 << 20}).Draw(t, "marks"))
			keep := rapid.IntRange(1, 4).Draw(t, "one in")
			var pairs []Pair
			for i, q := range queries {
				for j, target := range targets {
					if (i+j)%keep == 0 {
						pairs = append(pairs, Pair{q, target, scalar.Score(s, q, target)})
					}
				}
			}
			out := make([]Alignment, len(pairs))
			checkBatch(t, b, pairs, out)
			checkBatch(t, b, pairs, out) // the results' memory is used again
		}
	})
}

// Scores around those at which lanes get wider, and lengths around those of lanes and tiles.
func TestBatchAtTheEdgesOfLanes(t *testing.T) {
	blosum, _ := scoring.Builtin("BLOSUM62")
	for _, mode := range []scoring.Mode{scoring.Local, scoring.Global, scoring.Fit, scoring.Overlap} {
		s, err := scoring.NewScheme(mode, blosum, scoring.Gap{Open: 11, Extend: 1}, scoring.Ends{})
		if err != nil {
			t.Fatal(err)
		}
		b := newBatch(t, s)
		var pairs []Pair
		add := func(query, target []byte) {
			pairs = append(pairs, Pair{query, target, scalar.Score(s, query, target)})
		}
		run := func(n int) []byte { // A scores 4
			q := make([]byte, n)
			for i := range q {
				q[i] = byte(i / 7 % 2 * 4) // and C 9
			}
			return q
		}
		for n := range 70 {
			add(run(n), run(n))
			add(run(n), run(33))
			add(run(40), run(n))
		}
		for n := 240; n < 262; n++ {
			q := make([]byte, n/4)
			add(q, append(append([]byte(nil), q...), run(n%4)...))
		}
		for _, n := range []int{2960, 2980, 3000} { // 11 a residue: 32,767
			q := bytes.Repeat([]byte{17}, n)
			add(q, q[:n-5])
		}
		for _, n := range []int{4095, 4096} { // the most rows that there are offsets for
			add(run(n), run(50))
			add(run(n), run(51))
			add(run(n-1), run(50))
		}
		checkBatch(t, b, pairs, make([]Alignment, len(pairs)))
	}
}

// Alignments of real proteins, all pairs of them.
func TestBatchOfProteins(t *testing.T) {
	sequences := oracletest.Sequences(t)
	count := 12
	if testing.Short() {
		count = 4
	}
	for _, c := range oracletest.Configs(t) {
		t.Run(c.Name, func(t *testing.T) {
			codes := oracletest.Encode(t, c.Scheme.Matrix, sequences)
			scorer, err := kernel.NewScorer(c.Scheme)
			if err != nil {
				t.Fatal(err)
			}
			scores := make([]int32, len(codes))
			block := kernel.NewBlock(c.Scheme, codes)
			b := newBatch(t, c.Scheme)
			var pairs []Pair
			for k := range count {
				q := codes[k*len(codes)/count]
				scorer.Scores(q, block, scores)
				for i := k % 3; i < len(codes); i += 3 {
					pairs = append(pairs, Pair{q, codes[i], scores[i]})
				}
			}
			checkBatch(t, b, pairs, make([]Alignment, len(pairs)))
		})
	}
}

// A score that is not the best one's does no harm: there is a path or an Aligner's.
func TestBatchOfWrongScores(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scoringtest.Scheme().Draw(t, "scheme")
		b := newBatch(t, s)
		sequences := family(t, s.Matrix, 20, 60)
		var pairs []Pair
		for i := range sequences {
			scores := []int32{math.MinInt32, -1, 0, 1, 17, 254, 255, 70000, math.MaxInt32}
			wrong := rapid.SampledFrom(scores).Draw(t, "score")
			pairs = append(pairs, Pair{sequences[i], sequences[(i*7+3)%20], wrong})
		}
		out := make([]Alignment, len(pairs))
		if err := b.Align(pairs, out); err != nil {
			t.Fatal(err)
		}
		for i, p := range pairs {
			if s.Mode == scoring.Local {
				continue
			}
			if out[i].Score != scalar.Score(s, p.Query, p.Target) {
				t.Fatalf("pair %d: %d", i, out[i].Score)
			}
			if rescored := out[i].Rescore(s, p.Query, p.Target); rescored != int64(out[i].Score) {
				t.Fatalf("pair %d: %s scores %d, not %d", i, out[i].CIGAR(), rescored, out[i].Score)
			}
		}
	})
}

// A long alignment can be stopped, and the Batch is as good as new afterwards.
func TestBatchStops(t *testing.T) {
	blosum, _ := scoring.Builtin("BLOSUM62")
	s, err := scoring.NewScheme(scoring.Local, blosum, scoring.Gap{Open: 11, Extend: 1}, scoring.Ends{})
	if err != nil {
		t.Fatal(err)
	}
	b := newBatch(t, s)
	long := make([]byte, 4000)
	for i := range long {
		long[i] = byte(i * i % 20)
	}
	enough := errors.New("enough")
	asked := 0
	b.SetStop(func() error {
		if asked++; asked > 2 {
			return enough
		}
		return nil
	})
	pairs := []Pair{{long, long, scalar.Score(s, long, long)}}
	out := make([]Alignment, 1)
	for range 5 {
		if err = b.Align(pairs, out); err != nil {
			break
		}
	}
	if !errors.Is(err, enough) {
		t.Fatalf("%v after %d questions", err, asked)
	}
	b.SetStop(nil)
	short := long[:300]
	checkBatch(t, b, []Pair{{short, short, scalar.Score(s, short, short)}}, out)
}

// What could overflow is refused, as by an Aligner.
func TestBatchRefusesWhatCouldOverflow(t *testing.T) {
	blosum, _ := scoring.Builtin("BLOSUM62")
	s, err := scoring.NewScheme(scoring.Global, blosum, scoring.Gap{Open: 10000, Extend: 10000}, scoring.Ends{})
	if err != nil {
		t.Fatal(err)
	}
	pairs := []Pair{{Query: make([]byte, 60_000), Target: []byte{1}}}
	if err := newBatch(t, s).Align(pairs, make([]Alignment, 1)); err == nil {
		t.Error("60,000 residues at 10,000 each are aligned")
	}
}

// FuzzBatch splits data at line ends into sequences of residue codes, and aligns the first with all, and each with its
// neighbour.
func FuzzBatch(f *testing.F) {
	f.Add([]byte("WWWWWWWWWWWWWWWWWWWWWWWWWWWWWW\nWWWWWWWWWWWWWWWWWWWWWWWWWW\n\nA\nWAWA"), uint8(0), uint8(11), uint8(1))
	f.Add([]byte("MKTAYIAKQRQISFVKSHFSRQLEE\nMKTAYIAKQISFVKSHFSRQLEE\nXX*X"), uint8(1), uint8(0), uint8(0))
	f.Add([]byte("A\nA\nA\nA\nA\nA\nA\nA\nA\nA\nA\nA\nA\nA\nA\nA\nA\nA"), uint8(0xF1), uint8(200), uint8(9))
	m, _ := scoring.Builtin("BLOSUM62")
	f.Fuzz(func(t *testing.T, data []byte, mode, open, extend uint8) {
		if len(data) > 1000 {
			return
		}
		var free scoring.Ends
		if scoring.Mode(mode&3) == scoring.Global {
			free = scoring.Ends{QueryStart: mode&16 != 0, QueryEnd: mode&32 != 0, TargetStart: mode&64 != 0,
				TargetEnd: mode&128 != 0}
		}
		gap := scoring.Gap{Open: float64(open), Extend: float64(extend)}
		s, err := scoring.NewScheme(scoring.Mode(mode&3), m, gap, free)
		if err != nil {
			t.Fatal(err)
		}
		sequences := bytes.Split(data, []byte("\n"))
		var pairs []Pair
		for i, sequence := range sequences {
			for k, letter := range sequence {
				sequence[k] = letter % byte(len(m.Letters))
			}
			for _, q := range [][]byte{sequences[0], sequences[max(i-1, 0)]} {
				pairs = append(pairs, Pair{q, sequence, scalar.Score(s, q, sequence)})
			}
		}
		b := newBatch(t, s)
		b.matrix.SetMemory(4<<10, 1<<20)
		checkBatch(t, b, pairs, make([]Alignment, len(pairs)))
	})
}
