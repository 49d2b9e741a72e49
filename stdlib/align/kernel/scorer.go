package kernel

import (
	"cmp"
	"math"
	"slices"

	"weir/stdlib/align/scalar"
	"weir/stdlib/align/scoring"
)

// maxRows is the longest query that the vector kernels take; its edge is then 32 MB at most.
const maxRows = 1 << 18

// Scorer scores pairs under one scheme. It holds one goroutine's scratch memory, so it is not safe for concurrent use.
type Scorer struct {
	scheme          *scoring.Scheme
	direct, swapped side
	path            *path
	engine          engine
	min             int32
	cells           int64

	// Stop, where it is set, is asked every few milliseconds of a long ScoreAll, which returns at once when it says true. Not all scores
	// are set then, so whoever sets Stop asks it again before reading them.
	Stop func() bool
}

// NewScorer makes a Scorer that uses the path that Active names. The error says what is wrong with WEIR_ALIGN_PATH.
func NewScorer(s *scoring.Scheme) (*Scorer, error) {
	p, err := active()
	if err != nil {
		return nil, err
	}
	sc := &Scorer{scheme: s, path: p, min: math.MinInt32}
	sc.direct, sc.swapped = newSides(s)
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
	sc.engine.stop = sc.Stop
	defer func() {
		if r := recover(); r != nil && r != errStopped {
			panic(r)
		}
	}()
	want = sc.prepare(queries, b, want, scores)
	if len(sc.path.local) == 0 {
		return
	}
	order := b.byLength[:b.filled]
	if long := sc.longTargets(queries, b); long > 0 {
		sc.scoreSwapped(queries, b, order[:long], want, scores)
		order = order[long:]
	}
	sc.run(&sc.direct, &job{rows: queries, columns: b.targets, byLength: order, want: want,
		put:   func(q, t int, score int32) { scores[q][t] = score },
		exact: func(q, t int) int32 { return scalar.Score(sc.scheme, queries[q], b.targets[t]) }})
}

// prepare counts the cells, scores the pairs that the vector kernels do not take, and returns what is left.
func (sc *Scorer) prepare(queries [][]byte, b *Block, want []Set, scores [][]int32) []Set {
	asked := func(q int) Set {
		if want == nil {
			return nil
		}
		return want[q]
	}
	var left []Set
	for q, query := range queries {
		set := asked(q)
		scalarOnly := len(sc.path.local) == 0 || len(query) == 0 || len(query) > maxRows
		bound := int64(math.MaxInt64)
		if sc.min > math.MinInt32 {
			bound = sc.direct.rowBound(query)
		}
		skips := min(bound, b.leastBound) < int64(sc.min)
		if set == nil {
			sc.cells += int64(len(query)) * b.residues
			if !scalarOnly && !skips && b.filled == len(b.targets) {
				continue
			}
		}
		var rest Set
		if skips {
			rest = NewSet(len(b.targets))
		}
		for t, target := range b.targets {
			if set != nil {
				if !set.Has(t) {
					continue
				}
				sc.cells += int64(len(query)) * int64(len(target))
			}
			switch {
			case skips && min(bound, b.bounds[t]) < int64(sc.min):
				scores[q][t] = Below
			case scalarOnly || len(target) == 0:
				scores[q][t] = scalar.Score(sc.scheme, query, target)
			case skips:
				rest.Add(t)
			}
		}
		if skips {
			if left == nil {
				left = make([]Set, len(queries))
				copy(left, want)
			}
			left[q] = rest
		}
	}
	if left == nil {
		return want
	}
	return left
}

// longTargets says how many of the longest targets are better scored with the roles exchanged, the queries in the lanes:
// a target alone in its lane leaves the others idle once they are done.
func (sc *Scorer) longTargets(queries [][]byte, b *Block) int {
	lanes := int64(sc.path.local[0].vector)
	if !sc.direct.local {
		lanes /= 2
	}
	rows, longestRow := int64(0), int64(0)
	for _, query := range queries {
		rows += int64(len(query))
		longestRow = max(longestRow, int64(len(query)))
	}
	perColumn := max(longestRow, rows/lanes)
	best, least := 0, int64(math.MaxInt64)
	left, swapped := b.residues, int64(0)
	for i := 0; ; i++ {
		longest := int64(0)
		if i < b.filled {
			longest = int64(len(b.targets[b.byLength[i]]))
		}
		if cost := rows*max(longest, left/lanes) + swapped; cost < least {
			best, least = i, cost
		}
		if longest <= left/lanes {
			return best
		}
		left -= longest
		swapped += longest * perColumn
	}
}

// scoreSwapped scores all queries against the given targets with the targets down the rows.
func (sc *Scorer) scoreSwapped(queries [][]byte, b *Block, targets []int32, want []Set, scores [][]int32) {
	j := &job{columns: queries,
		put:   func(r, q int, score int32) { scores[q][targets[r]] = score },
		exact: func(r, q int) int32 { return scalar.Score(sc.scheme, queries[q], b.targets[targets[r]]) }}
	for q, query := range queries {
		if m := len(query); m > 0 && m <= maxRows {
			j.byLength = append(j.byLength, int32(q))
		}
	}
	slices.SortStableFunc(j.byLength, func(x, y int32) int { return cmp.Compare(len(queries[y]), len(queries[x])) })
	for r, t := range targets {
		target := b.targets[t]
		set := NewSet(len(queries))
		for _, q := range j.byLength {
			if want != nil && want[q] != nil && !want[q].Has(int(t)) {
				continue
			}
			if len(target) > maxRows {
				scores[q][t] = scalar.Score(sc.scheme, queries[q], target)
			} else {
				set.Add(int(q))
			}
		}
		j.rows = append(j.rows, b.targets[targets[r]])
		j.want = append(j.want, set)
	}
	sc.run(&sc.swapped, j)
}

// run scores a job with the narrowest kernel that has room for the scheme, what does not fit into its lanes with the
// next one, and what fits into none with the reference.
func (sc *Scorer) run(s *side, j *job) {
	kernels := sc.path.global
	if s.local {
		kernels = sc.path.local
	}
	for i := range kernels {
		k := &kernels[i]
		if !s.fits(k) {
			continue
		}
		var wider []Set
		j.narrow = func(r, c int) {
			if wider == nil {
				wider = make([]Set, len(j.rows))
				for r := range wider {
					wider[r] = Set{}
				}
			}
			if len(wider[r]) == 0 {
				wider[r] = NewSet(len(j.columns))
			}
			wider[r].Add(c)
		}
		if !s.local {
			j.splitByRange(k, s)
		}
		sc.engine.run(k, s, j)
		if wider == nil {
			return
		}
		j.want = wider
	}
	for r, row := range j.rows {
		if len(row) == 0 || len(row) > maxRows {
			continue
		}
		for _, c := range j.byLength {
			if j.want == nil || j.want[r] == nil || j.want[r].Has(int(c)) {
				j.put(r, int(c), j.exact(r, int(c)))
			}
		}
	}
}

// splitByRange passes the pairs whose scores might exceed a global kernel's lanes to narrow and takes them out of want.
func (j *job) splitByRange(k *kernel, s *side) {
	if len(j.byLength) == 0 {
		return
	}
	longest := len(j.columns[j.byLength[0]])
	owned := false
	for r, row := range j.rows {
		bound := s.rowBound(row)
		if !s.exceeds(k, bound, len(row), longest) {
			continue
		}
		stays := NewSet(len(j.columns))
		for _, c := range j.byLength {
			column := int(c)
			switch {
			case j.want != nil && j.want[r] != nil && !j.want[r].Has(column):
			case s.exceeds(k, bound, len(row), len(j.columns[column])):
				j.narrow(r, column)
			default:
				stays.Add(column)
			}
		}
		if !owned {
			left := make([]Set, len(j.rows))
			copy(left, j.want)
			j.want, owned = left, true
		}
		j.want[r] = stays
	}
}
