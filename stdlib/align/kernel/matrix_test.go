package kernel

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"weir/stdlib/align/scoring"
	"weir/stdlib/align/scoring/scoringtest"
)

// prefixScores is Gotoh's recurrence over whole matrices: h[i][j], and e[i][j] of the best alignment that ends with a
// target residue against a gap.
func prefixScores(s *scoring.Scheme, query, target []byte) (h, e [][]int32) {
	const never = -1 << 29
	d, _ := newSides(s)
	h, e = make([][]int32, len(query)+1), make([][]int32, len(query)+1)
	f := make([]int32, len(target)+1)
	for j := range f {
		f[j] = never
	}
	for i := range h {
		h[i], e[i] = make([]int32, len(target)+1), make([]int32, len(target)+1)
		for j := range h[i] {
			e[i][j] = never
			if i == 0 || j == 0 {
				h[i][j] = d.border(i, d.columnFree) + d.border(j, d.rowFree)
				continue
			}
			e[i][j] = max(e[i][j-1]-s.Extend, h[i][j-1]-s.First)
			f[j] = max(f[j]-s.Extend, h[i-1][j]-s.First)
			h[i][j] = max(h[i-1][j-1]+int32(s.Matrix.Scores[query[i-1]][target[j-1]])*s.Scale, e[i][j], f[j])
			if d.local {
				h[i][j] = max(h[i][j], 0)
			}
		}
	}
	return h, e
}

// checkMatrix compares the panel that a Matrix has with the reference.
func checkMatrix(t rapid.TB, m *Matrix, pairs []Pair, h, e [][][]int32) {
	for l, p := range pairs {
		for j := m.From + 1; j <= min(m.To, len(p.Columns)); j++ {
			for i := 1; i <= len(p.Rows); i++ {
				at := m.Index(l, i, j)
				if want := byte(h[l][i][j] + int32(i+j)*m.Drift + m.Zero); m.Cells[at] != want {
					t.Fatalf("pair %d, cell %d %d: %d, want %d", l, i, j, m.Cells[at], want)
				}
				if i > 1 && m.Index(l, i-1, j) != at-m.Up || j > m.From+1 && m.Index(l, i, j-1) != at-m.Left[(j-1)%4] {
					t.Fatalf("pair %d, cell %d %d: its neighbours are elsewhere", l, i, j)
				}
			}
		}
		if m.Panel() == 0 || m.From >= len(p.Columns) {
			continue
		}
		for i := 1; i <= len(p.Rows); i++ {
			element, gap := m.Edge(l, i)
			if want := h[l][i][m.From] + int32(i+m.From)*m.Drift + m.Zero; element != want {
				t.Fatalf("pair %d, row %d: %d, want %d before column %d", l, i, element, want, m.From)
			}
			want := e[l][i][m.From+1] + int32(i+m.From+1)*m.Drift
			if m.side.local {
				want = max(want, 0)
			}
			if gap != want+m.Zero {
				t.Fatalf("pair %d, row %d: gap %d, want %d before column %d", l, i, gap, want, m.From)
			}
		}
	}
}

// A Matrix has the reference's scores of all prefixes, whatever it had before and however many panels there are.
func TestMatrixEqualsTheReference(t *testing.T) {
	scheme := scoringtest.Scheme()
	rapid.Check(t, func(t *rapid.T) {
		s := scheme.Draw(t, "scheme")
		m, err := NewMatrix(s)
		if err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(1, 3).Draw(t, "batches") {
			wide := rapid.Bool().Draw(t, "wide")
			if m.Lanes(wide) == 0 {
				continue
			}
			pairs := drawPairs(t, s, m.Lanes(wide))
			h, e := make([][][]int32, len(pairs)), make([][][]int32, len(pairs))
			scores := make([]int32, len(pairs))
			rows, taken := 0, 0
			for _, p := range pairs {
				h[taken], e[taken] = prefixScores(s, p.Rows, p.Columns)
				scores[taken] = 0
				for _, row := range h[taken] {
					for _, score := range row {
						scores[taken] = max(scores[taken], score)
					}
				}
				if w, ok := m.Takes(p, scores[taken]); ok && (wide || !w) {
					pairs[taken] = p
					rows = max(rows, len(p.Rows))
					taken++
				}
			}
			if pairs = pairs[:taken]; taken == 0 {
				continue
			}
			m.most = rows * 4 * m.Lanes(wide) * rapid.IntRange(1, 20).Draw(t, "tiles a panel")
			m.Start(pairs, wide)
			panels := 0
			for {
				more, err := m.Next()
				if err != nil {
					t.Fatal(err)
				}
				if !more {
					break
				}
				if m.Panel() != panels {
					t.Fatalf("panel %d, want %d", m.Panel(), panels)
				}
				panels++
				checkMatrix(t, m, pairs, h, e)
			}
			if panels != m.Panels() || m.To < len(pairs[0].Columns) {
				t.Fatalf("%d panels, want %d", panels, m.Panels())
			}
			if m.side.local {
				checkEnds(t, m, pairs, h, scores)
			}
			for range 3 {
				p := rapid.IntRange(0, panels-1).Draw(t, "panel")
				if err := m.Load(p); err != nil {
					t.Fatal(err)
				}
				checkMatrix(t, m, pairs, h, e)
			}
		}
	})
}

// checkEnds compares the rows that have the best score with the reference.
func checkEnds(t rapid.TB, m *Matrix, pairs []Pair, h [][][]int32, scores []int32) {
	for l, p := range pairs {
		if scores[l] == 0 {
			continue
		}
		var rows []int32
		for i := 1; i <= len(p.Rows); i++ {
			j := slices.Index(h[l][i], scores[l])
			if j < 0 {
				continue
			}
			rows = append(rows, int32(i))
			if panel := m.FirstPanel(l, int32(i), scores[l]); panel != m.PanelOf(j) {
				t.Fatalf("pair %d, row %d, column %d: panel %d", l, i, j, panel)
			}
		}
		if got := m.Ends(l, scores[l], len(p.Rows), nil); !slices.Equal(got, rows) {
			t.Fatalf("pair %d ends in rows %v, want %v", l, got, rows)
		}
		if got := m.Ends(l, scores[l], 1, nil); got[0] != rows[0] || len(got) != 1 {
			t.Fatalf("pair %d ends first in %v, want %v", l, got, rows[0])
		}
		if scores[l]+1 < m.kernel.top-m.kernel.zero && len(m.Ends(l, scores[l]+1, 1, nil)) > 0 {
			t.Fatalf("pair %d has a score that it does not have", l)
		}
	}
}

// drawPairs draws up to n pairs that share a query or do not.
func drawPairs(t *rapid.T, s *scoring.Scheme, n int) []Pair {
	pairs := make([]Pair, rapid.IntRange(1, n).Draw(t, "pairs"))
	shared := rapid.Bool().Draw(t, "one query")
	longest := rapid.SampledFrom([]int{1, 3, 8, 33, 70}).Draw(t, "longest")
	drawn := scoringtest.Related(s.Matrix, longest).Draw(t, "pair")
	random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 9))
	mutate := func(b []byte) []byte {
		n := min(len(b), 1+random.IntN(len(b)+1))
		b = append([]byte(nil), b[:n]...)
		for i := range b {
			if random.IntN(4) == 0 {
				b[i] = byte(random.IntN(len(s.Matrix.Letters)))
			}
		}
		return append(b, byte(random.IntN(len(s.Matrix.Letters))))
	}
	for i := range drawn {
		drawn[i] = append(drawn[i], 0)
	}
	for i := range pairs {
		pairs[i] = Pair{drawn[0], mutate(drawn[1])}
		if !shared {
			pairs[i].Rows = mutate(drawn[0])
		}
	}
	return pairs
}

// What Stop gives ends the computation, and the Matrix is as good as new afterwards.
func TestMatrixStops(t *testing.T) {
	blosum, _ := scoring.Builtin("BLOSUM62")
	s, err := scoring.NewScheme(scoring.Local, blosum, scoring.Gap{Open: 11, Extend: 1}, scoring.Ends{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := NewMatrix(s)
	if err != nil {
		t.Fatal(err)
	}
	if m.Lanes(true) == 0 {
		t.Logf("no Matrix on this path")
		return
	}
	long := make([]byte, 3000)
	for i := range long {
		long[i] = byte(i * i % 20)
	}
	enough := errors.New("enough")
	m.Stop = func() error { return enough }
	m.Start([]Pair{{long, long}}, true)
	for err = nil; err == nil; {
		var more bool
		if more, err = m.Next(); !more {
			break
		}
	}
	if !errors.Is(err, enough) {
		t.Errorf("%v", err)
	}
	m.Stop = nil
	short := []Pair{{long[:90], long[:90]}}
	m.Start(short, true)
	if more, err := m.Next(); !more || err != nil {
		t.Fatal(more, err)
	}
	h, e := prefixScores(s, short[0].Rows, short[0].Columns)
	checkMatrix(t, m, short, [][][]int32{h}, [][][]int32{e})
}
