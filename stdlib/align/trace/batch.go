package trace

import (
	"cmp"
	"slices"

	"weir/stdlib/align/kernel"
	"weir/stdlib/align/scoring"
)

// Pair is two encoded sequences and the score of their best alignment, as package kernel gives it.
type Pair struct {
	Query, Target []byte
	Score         int32
}

// Batch aligns many pairs under one scheme, as many at a time as a vector register has lanes: a kernel.Matrix has the scores of all prefixes, and
// each pair's path is read back from them. It gives the alignments that an Aligner gives, and leaves to one what no Matrix takes. It keeps its memory from one
// call to the next, and is not safe for concurrent use.
type Batch struct {
	scheme *scoring.Scheme
	single *Aligner
	matrix *kernel.Matrix
	costs  costs

	pairs  []Pair
	out    []Alignment
	inputs []kernel.Pair
	lanes  []lane
}

// NewBatch prepares the alignment of pairs under a scheme. The error is that of kernel.NewMatrix.
func NewBatch(s *scoring.Scheme) (*Batch, error) {
	m, err := kernel.NewMatrix(s)
	if err != nil {
		return nil, err
	}
	drift := int32(0)
	if s.Mode != scoring.Local {
		drift = s.Extend
	}
	return &Batch{scheme: s, single: NewAligner(s), matrix: m, costs: newCosts(s, drift)}, nil
}

// SetStop sets what is asked now and then during a long alignment; its error ends the call and is what Align gives.
func (b *Batch) SetStop(stop func() error) { b.single.Stop, b.matrix.Stop = stop, stop }

// Align sets out[i] to the alignment of pairs[i], and reuses its Ops. Pairs whose queries are the same slice are aligned together where there are many. Given a score
// that is not the best one's, a local alignment may not be optimal. The error is that of Scheme.CheckLengths or of the function that SetStop was given.
func (b *Batch) Align(pairs []Pair, out []Alignment) error {
	b.pairs, b.out = pairs, out
	defer func() { b.pairs, b.out = nil, nil }()
	var narrow, wide []int32
	for i := range pairs {
		p := &pairs[i]
		if err := b.scheme.CheckLengths(len(p.Query), len(p.Target)); err != nil {
			return err
		}
		switch w, ok := b.matrix.Takes(kernel.Pair{Query: p.Query, Target: p.Target}, p.Score); {
		case !ok:
			if err := b.alone(int32(i)); err != nil {
				return err
			}
		case w:
			wide = append(wide, int32(i))
		default:
			narrow = append(narrow, int32(i))
		}
	}
	if err := b.alignAll(narrow, false); err != nil {
		return err
	}
	return b.alignAll(wide, true)
}

// alone leaves a pair to the Aligner.
func (b *Batch) alone(i int32) error {
	p := &b.pairs[i]
	if b.scheme.Mode != scoring.Local {
		return b.single.Align(p.Query, p.Target, &b.out[i])
	}
	return b.single.AlignKnown(p.Query, p.Target, p.Score, &b.out[i])
}

// Lanes that have a query each need a profile each, which takes longer to build than the matrix to fill: so many times as long as one query.
const ownQueries = 2.5

// alignAll aligns pairs that are all wide or all not.
func (b *Batch) alignAll(pairs []int32, wide bool) error {
	if len(pairs) == 0 {
		return nil
	}
	lanes := b.matrix.Lanes(wide)
	var rest []int32
	for _, group := range b.byQuery(pairs) {
		// Of full lanes one query's are quickest; few are better off in lanes beside those of other queries.
		for len(group) > 0 {
			n := min(len(group), lanes)
			if ownQueries*float64(n) < float64(lanes) {
				rest = append(rest, group...)
				break
			}
			if err := b.alignGroup(group[:n], wide); err != nil {
				return err
			}
			group = group[n:]
		}
	}
	return b.split(rest, wide)
}

// byQuery groups pairs by query; the longest targets come first.
func (b *Batch) byQuery(pairs []int32) [][]int32 {
	place := map[*byte]int{}
	var groups [][]int32
	for _, i := range pairs {
		q := b.pairs[i].Query
		g, ok := place[&q[0]]
		if !ok || len(b.pairs[groups[g][0]].Query) != len(q) {
			g = len(groups)
			place[&q[0]] = g
			groups = append(groups, nil)
		}
		groups[g] = append(groups[g], i)
	}
	for _, g := range groups {
		b.sort(g, target)
	}
	return groups
}

// Sequences of a pair to sort by.
const (
	query = iota
	target
)

func (b *Batch) length(i int32, which int) int {
	if which == query {
		return len(b.pairs[i].Query)
	}
	return len(b.pairs[i].Target)
}

// sort puts the longest first.
func (b *Batch) sort(pairs []int32, which int) {
	slices.SortStableFunc(pairs, func(x, y int32) int { return cmp.Compare(b.length(y, which), b.length(x, which)) })
}

// split aligns pairs of any queries: it halves them by the length of the queries or of the targets, whichever leaves fewer cells idle, until they fit into the lanes.
func (b *Batch) split(pairs []int32, wide bool) error {
	lanes := b.matrix.Lanes(wide)
	switch {
	case len(pairs) == 0:
		return nil
	case len(pairs) <= lanes && float64(len(pairs)) > ownQueries && b.room(pairs, wide):
		return b.alignGroup(pairs, wide)
	case float64(len(pairs)) <= ownQueries:
		for k := range pairs {
			if err := b.alignGroup(pairs[k:k+1], wide); err != nil {
				return err
			}
		}
		return nil
	}
	half := (len(pairs) + 1) / 2
	if half > lanes/2 {
		half = (half + lanes - 1) / lanes * lanes
	}
	half = min(half, len(pairs)-1)
	cost := func(which int) int {
		b.sort(pairs, which)
		return b.cells(pairs[:half]) + b.cells(pairs[half:])
	}
	if byTarget, byQuery := cost(target), cost(query); byTarget < byQuery {
		b.sort(pairs, target)
	}
	if err := b.split(pairs[:half], wide); err != nil {
		return err
	}
	return b.split(pairs[half:], wide)
}

// longest are the lengths of the longest query and the longest target.
func (b *Batch) longest(pairs []int32) (query, target int) {
	for _, i := range pairs {
		query, target = max(query, len(b.pairs[i].Query)), max(target, len(b.pairs[i].Target))
	}
	return query, target
}

// cells is a measure of what pairs take together.
func (b *Batch) cells(pairs []int32) int {
	q, t := b.longest(pairs)
	return q * t * len(pairs)
}

func (b *Batch) room(pairs []int32, wide bool) bool {
	q, t := b.longest(pairs)
	return b.matrix.Room(wide, q, t)
}

// alignGroup aligns pairs that fit into the lanes.
func (b *Batch) alignGroup(pairs []int32, wide bool) error {
	m := b.matrix
	b.inputs = b.inputs[:0]
	for len(b.lanes) < len(pairs) {
		b.lanes = append(b.lanes, lane{})
	}
	lanes := b.lanes[:len(pairs)]
	for l, i := range pairs {
		p := &b.pairs[i]
		b.inputs = append(b.inputs, kernel.Pair{Query: p.Query, Target: p.Target})
		lanes[l] = lane{number: l, query: p.Query, target: p.Target, end: newEnd(b.scheme, len(p.Query), p.Score)}
		lanes[l].column.score = negInf
		lanes[l].ops = b.out[i].Ops[:0]
	}
	m.Start(b.inputs, wide)
	for {
		more, err := m.Next()
		if err != nil {
			return err
		}
		if !more {
			break
		}
		for l := range lanes {
			if !lanes[l].end.local {
				lanes[l].scan(m, &b.costs)
			}
		}
	}
	for l := range lanes {
		lanes[l].failed = !lanes[l].begin(m)
	}
	if err := b.readBack(lanes); err != nil {
		return err
	}
	for l, i := range pairs {
		p := &b.pairs[i]
		if lanes[l].failed {
			if err := b.alone(i); err != nil {
				return err
			}
			continue
		}
		b.out[i] = Alignment{}
		lanes[l].finish(&lanes[l].end, len(p.Query), len(p.Target), &b.out[i])
		b.out[i].measure(b.scheme.Matrix, p.Query, p.Target)
	}
	return nil
}

// readBack reads all paths back, panel by panel.
func (b *Batch) readBack(lanes []lane) error {
	m := b.matrix
	for panel := m.Panels() - 1; panel >= 0; panel-- {
		for k := range lanes {
			l := &lanes[k]
			if l.done || l.failed || l.panel < panel {
				continue
			}
			if err := m.Load(panel); err != nil {
				return err
			}
			l.failed = l.end.local && l.panel == panel && !l.find(m, &b.costs) || !l.back(m, &b.costs)
		}
	}
	return nil
}
