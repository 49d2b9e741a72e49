package kernel

import (
	"math"

	"weir/stdlib/align/scalar"
	"weir/stdlib/align/scoring"
)

// maxRows is the longest query that the vector kernels take; its edge is then 32 MB at most.
const maxRows = 1 << 18

// Scorer scores pairs under one scheme. It holds one goroutine's scratch memory, so it is not safe for concurrent use.
type Scorer struct {
	scheme *scoring.Scheme
	side   side
	path   *path
	engine engine
	min    int32
	cells  int64
	rowMax [scoring.MaxCodes]int32 // the best a residue of the query can bring
}

// NewScorer makes a Scorer that uses the path that Active names. The error says what is wrong with WEIR_ALIGN_PATH.
func NewScorer(s *scoring.Scheme) (*Scorer, error) {
	p, err := active()
	if err != nil {
		return nil, err
	}
	sc := &Scorer{scheme: s, path: p, min: math.MinInt32, engine: engine{path: p},
		side: side{local: s.Mode == scoring.Local, scores: s.Matrix.Scores, scale: s.Scale, first: s.First,
			extend: s.Extend, rowFree: s.Free.TargetStart, columnFree: s.Free.QueryStart, lastRow: s.Free.TargetEnd,
			lastColumn: s.Free.QueryEnd}}
	for a := range sc.rowMax {
		for b := range scoring.MaxCodes {
			sc.rowMax[a] = max(sc.rowMax[a], int32(s.Matrix.Scores[a][b])*s.Scale)
		}
	}
	return sc, nil
}

// SetMin tells the Scorer that the caller has no use for scores under min. It may then report such a pair as Below, or
// with its score; the scores of all other pairs are exact. A new Scorer reports every score.
func (sc *Scorer) SetMin(min int32) { sc.min = min }

// Cells is the sum of query length × target length over all pairs asked for since the Scorer was made.
func (sc *Scorer) Cells() int64 { return sc.cells }

// Scores sets scores[i] to the score of query against the block's target i, for every i.
func (sc *Scorer) Scores(query []byte, b *Block, scores []int32) {
	sc.ScoreAll([][]byte{query}, b, nil, [][]int32{scores})
}

// ScoreAll sets scores[q][t] to the score, in the scheme's integer units, of query q against the block's target t, for
// all t in want[q], and leaves the rest of scores alone. A nil want asks for every pair, a nil want[q] for every target.
// Pairs must pass Scheme.CheckLengths. One call with many queries is faster than many calls, and queries next to each
// other that want nearly the same targets are faster than queries that do not.
func (sc *Scorer) ScoreAll(queries [][]byte, b *Block, want []Set, scores [][]int32) {
	j := &job{rows: queries, columns: b.targets, byLength: b.byLength[:b.filled], want: want,
		put: func(q, t int, score int32) { scores[q][t] = score }}
	wants := func(q, t int) bool { return want == nil || want[q] == nil || want[q].Has(t) }
	kernels := sc.path.global
	if sc.side.local {
		kernels = sc.path.local
	}
	for q, query := range queries {
		scalarOnly := len(kernels) == 0 || len(query) == 0 || len(query) > maxRows
		for t, target := range b.targets {
			if !wants(q, t) {
				continue
			}
			sc.cells += int64(len(query)) * int64(len(target))
			if scalarOnly || len(target) == 0 {
				scores[q][t] = scalar.Score(sc.scheme, query, target)
			}
		}
	}
	if len(kernels) == 0 {
		return
	}
	for i := range kernels {
		k := &kernels[i]
		if i+1 < len(kernels) && !sc.fits(k) {
			continue
		}
		var wider []Set
		widen := func(q, t int) {
			if wider == nil {
				wider = make([]Set, len(queries))
				for q := range wider {
					wider[q] = Set{}
				}
			}
			if len(wider[q]) == 0 {
				wider[q] = NewSet(len(b.targets))
			}
			wider[q].Add(t)
		}
		j.narrow = widen
		if !sc.side.local && i+1 < len(kernels) {
			j.want = sc.splitByRange(k, j, b, widen)
		}
		sc.engine.run(k, &sc.side, j)
		if wider == nil {
			return
		}
		j.want = wider
	}
}

// fits says whether a kernel's lanes have room for the costs and scores of the scheme at all.
func (sc *Scorer) fits(k *kernel) bool {
	s := sc.scheme
	high, low := int64(max(s.Matrix.Max, 0))*int64(s.Scale), int64(min(s.Matrix.Min, 0))*int64(s.Scale)
	if sc.side.local {
		limit := int64(1)<<(k.bits-1) - 1
		return high <= limit && -low <= limit && int64(s.First) <= limit && high < int64(k.top)-int64(k.zero)
	}
	// What global alignments fall below 0: two gaps' opening, one more for E and F, and once more to take the maximum
	// of; and the columns before the first residue.
	return int64(k.zero)-4*int64(s.First)+low-2*tileColumns*int64(s.Extend) > int64(k.bottom)
}

// splitByRange moves the pairs whose scores might exceed a global kernel's lanes to the next one, and returns what is
// left.
func (sc *Scorer) splitByRange(k *kernel, j *job, b *Block, widen func(q, t int)) []Set {
	room := int64(k.top) - int64(k.zero)
	extend := int64(sc.side.extend)
	var left []Set
	for q, query := range j.rows {
		var best int64
		for _, code := range query {
			best += int64(sc.rowMax[code&(scoring.MaxCodes-1)])
		}
		top := int64(max(sc.scheme.Matrix.Max, 0)) * int64(sc.scheme.Scale)
		exceeds := func(n int) bool {
			high := min(best, top*int64(min(len(query), n)))
			return high+extend*int64(len(query)+n+2*tileColumns) > room
		}
		if !exceeds(b.longest()) {
			continue
		}
		if left == nil {
			left = make([]Set, len(j.rows))
			if j.want != nil {
				copy(left, j.want)
			}
		}
		stays := NewSet(len(j.columns))
		for _, c := range j.byLength {
			t := int(c)
			if left[q] != nil && !left[q].Has(t) {
				continue
			}
			if exceeds(len(j.columns[t])) {
				widen(q, t)
			} else {
				stays.Add(t)
			}
		}
		left[q] = stays
	}
	if left == nil {
		return j.want
	}
	return left
}
