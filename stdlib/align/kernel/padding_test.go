package kernel

import (
	"bytes"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"weir/stdlib/align/scoring"
)

// counted gives a scorer whose kernels compute nothing and count the cells that they would compute, lanes without a target and columns that
// pad a tile included.
func counted(t testing.TB, s *scoring.Scheme, name string, cells *int64) *Scorer {
	t.Helper()
	t.Setenv(PathVariable, name)
	sc, err := NewScorer(s)
	if err != nil {
		t.Fatal(err)
	}
	p := *sc.path
	for _, list := range []*[]kernel{&p.local, &p.global} {
		*list = slices.Clone(*list)
		for i := range *list {
			count := func(k kernel) kernel {
				lanes := int64(k.vector * 8 / k.bits)
				k.run = func(a *args) { *cells += a.rows * a.tiles * tileColumns * lanes }
				k.build = func(*buildArgs) {}
				return k
			}
			k := &(*list)[i]
			if k.narrower != nil {
				narrower := count(*k.narrower)
				k.narrower = &narrower
			}
			*k = count(*k)
		}
	}
	sc.path = &p
	return sc
}

// lengthsLikeProteins gives lengths, the longest first, that are spread as those of a proteome: a median of 330, some over 3,000.
func lengthsLikeProteins(n int) []int {
	rng := rand.New(rand.NewPCG(7, 11))
	lengths := make([]int, n)
	for i := range lengths {
		lengths[i] = min(max(int(math.Exp(5.8+0.65*rng.NormFloat64())), 30), 5000)
	}
	slices.Sort(lengths)
	slices.Reverse(lengths)
	return lengths
}

// triangleWaste scores all pairs of sequences once, as align does behind pairs, and gives the part of the cells that is computed for nothing.
func triangleWaste(t testing.TB, s *scoring.Scheme, path string, lengths []int) float64 {
	const callCells, callQueries = 1_600_000_000, 256 // of one call: 40 ms
	var computed int64
	sc := counted(t, s, path, &computed)
	seqs := make([][]byte, len(lengths))
	scores := make([][]int32, callQueries)
	for i, n := range lengths {
		seqs[i] = make([]byte, n)
	}
	for i := range scores {
		scores[i] = make([]int32, len(seqs))
	}
	b := NewBlock(s, seqs)
	for q := 0; q < len(seqs); {
		var queries [][]byte
		var want []Set
		cells := int64(0)
		for ; q < len(seqs) && len(queries) < callQueries && cells < callCells; q++ {
			set := NewSet(len(seqs))
			for t := q + 1; t < len(seqs); t++ {
				set.Add(t)
				cells += int64(len(seqs[q])) * int64(len(seqs[t]))
			}
			queries, want = append(queries, seqs[q]), append(want, set)
		}
		sc.ScoreAll(queries, b, want, scores[:len(queries)])
	}
	return 1 - float64(sc.Cells())/float64(computed)
}

// Of all pairs of 2,000 proteins less than five in a hundred cells are computed for nothing: in lanes that are idle, in columns that fill a tile,
// or for pairs that nobody asked for. WEIR_BENCH_FASTA names a file whose lengths are taken instead.
func TestPaddingWaste(t *testing.T) {
	n := 2000
	if testing.Short() {
		n = 1000 // the race detector is slow, and fewer are harder to pack
	}
	lengths := lengthsLikeProteins(n)
	if name := os.Getenv("WEIR_BENCH_FASTA"); name != "" {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		lengths = nil
		for _, record := range bytes.Split(data, []byte(">"))[1:] {
			_, body, _ := bytes.Cut(record, []byte("\n"))
			lengths = append(lengths, len(bytes.ReplaceAll(body, []byte("\n"), nil)))
		}
		slices.Sort(lengths)
		slices.Reverse(lengths)
	}
	m, _ := scoring.Builtin("BLOSUM62")
	for _, mode := range []scoring.Mode{scoring.Local, scoring.Global} {
		s, err := scoring.NewScheme(mode, m, scoring.Gap{Open: 11, Extend: 1}, scoring.Ends{})
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range Paths() {
			if path == "scalar" || path == "swar" { // one does not pack, the other packs as narrow vectors do
				continue
			}
			waste := triangleWaste(t, s, path, lengths)
			t.Logf("%s, %s: %.2f %%", mode, path, 100*waste)
			if waste > 0.05 {
				t.Errorf("%s, %s: %.2f %% of the cells are computed for nothing", mode, path, 100*waste)
			}
		}
	}
}
