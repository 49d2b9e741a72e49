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

// Batch aligns many pairs under one scheme, as many at a time as a vector register has lanes: a kernel.Matrix has the
// scores of all prefixes, and each pair's path is read back from them. It gives the alignments that an Aligner gives,
// and leaves to one what no Matrix takes. It keeps its memory from one call to the next, and is not safe for concurrent
// use.
type Batch struct {
	scheme *scoring.Scheme
	single *Aligner
	matrix *kernel.Matrix
	costs  costs

	pairs  []Pair
	out    []Alignment
	turned []bool // the pair's target goes down the rows
	inputs []kernel.Pair
	lanes  []lane
	failed int // pairs for which a matrix had no way back: none, if their scores are right
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

// Align sets out[i] to the alignment of pairs[i], and reuses its Ops. Pairs whose queries are the same slice are
// aligned together where there are many. Given a score that is not the best one's, a local alignment may not be
// optimal. The error is that of Scheme.CheckLengths or of the function that SetStop was given.
func (b *Batch) Align(pairs []Pair, out []Alignment) error {
	b.pairs, b.out = pairs, out
	defer func() { b.pairs, b.out = nil, nil }()
	b.turned = append(b.turned[:0], make([]bool, len(pairs))...)
	var narrow, wide []int32
	for k := range pairs {
		i, p := int32(k), &pairs[k]
		if err := b.scheme.CheckLengths(len(p.Query), len(p.Target)); err != nil {
			return err
		}
		// The longer sequence goes down the rows, so that those that meet one long sequence are alike.
		b.turned[i] = b.scheme.Symmetric() && len(p.Target) > len(p.Query)
		w, ok := b.matrix.Takes(b.pair(i), p.Score)
		if !ok && b.scheme.Symmetric() {
			b.turned[i] = !b.turned[i]
			w, ok = b.matrix.Takes(b.pair(i), p.Score)
		}
		switch {
		case !ok:
			if err := b.alone(i); err != nil {
				return err
			}
		case w:
			wide = append(wide, i)
		default:
			narrow = append(narrow, i)
		}
	}
	if err := b.alignAll(narrow, false); err != nil {
		return err
	}
	return b.alignAll(wide, true)
}

// pair is a pair as it goes into the matrix.
func (b *Batch) pair(i int32) kernel.Pair {
	p := &b.pairs[i]
	if b.turned[i] {
		return kernel.Pair{Rows: p.Target, Columns: p.Query}
	}
	return kernel.Pair{Rows: p.Query, Columns: p.Target}
}

// alone leaves a pair to the Aligner.
func (b *Batch) alone(i int32) error {
	p := &b.pairs[i]
	if b.scheme.Mode != scoring.Local {
		return b.single.Align(p.Query, p.Target, &b.out[i])
	}
	return b.single.AlignKnown(p.Query, p.Target, p.Score, &b.out[i])
}

// Lanes that have rows of their own need a profile each, which takes longer to build than the matrix to fill: all in
// all so many times as long as lanes with the same rows.
const ownRows = 2.5

// alignAll aligns pairs that are all wide or all not.
func (b *Batch) alignAll(pairs []int32, wide bool) error {
	if len(pairs) == 0 {
		return nil
	}
	lanes := b.matrix.Lanes(wide)
	var rest []int32
	for _, group := range b.bySequence(pairs, wide) {
		// Few lanes are better off beside those of other sequences.
		for len(group) > 0 {
			n := min(len(group), lanes)
			if ownRows*float64(n) < float64(lanes) {
				rest = append(rest, group...)
				break
			}
			if err := b.alignGroup(group[:n], wide); err != nil {
				return err
			}
			group = group[n:]
		}
	}
	for _, i := range rest {
		p := &b.pairs[i]
		b.turn(i, len(p.Target) > len(p.Query), wide)
	}
	return b.split(rest, wide)
}

// turn chooses which of a pair's sequences goes down the rows, if there is a choice.
func (b *Batch) turn(i int32, turned, wide bool) {
	before := b.turned[i]
	if turned == before || !b.scheme.Symmetric() {
		return
	}
	b.turned[i] = turned
	if w, ok := b.matrix.Takes(b.pair(i), b.pairs[i].Score); !ok || w != wide {
		b.turned[i] = before
	}
}

// bySequence groups pairs by the sequence down the rows, the longest columns first. Of a pair's two, that is the one
// which more pairs have.
func (b *Batch) bySequence(pairs []int32, wide bool) [][]int32 {
	count := map[*byte]int{}
	for _, i := range pairs {
		count[&b.pairs[i].Query[0]]++
		count[&b.pairs[i].Target[0]]++
	}
	place := map[*byte]int{}
	var groups [][]int32
	for _, i := range pairs {
		if q, t := count[&b.pairs[i].Query[0]], count[&b.pairs[i].Target[0]]; q != t {
			b.turn(i, t > q, wide)
		}
		rows := b.pair(i).Rows
		g, ok := place[&rows[0]]
		if !ok || len(b.pair(groups[g][0]).Rows) != len(rows) {
			g = len(groups)
			place[&rows[0]] = g
			groups = append(groups, nil)
		}
		groups[g] = append(groups[g], i)
	}
	for _, g := range groups {
		b.sort(g, columns)
	}
	return groups
}

// What of a pair to sort by.
const (
	rows = iota
	columns
)

func (b *Batch) length(i int32, which int) int {
	if p := b.pair(i); which == rows {
		return len(p.Rows)
	} else {
		return len(p.Columns)
	}
}

// sort puts the longest first.
func (b *Batch) sort(pairs []int32, which int) {
	slices.SortStableFunc(pairs, func(x, y int32) int { return cmp.Compare(b.length(y, which), b.length(x, which)) })
}

// split aligns pairs that have rows of their own: it halves them by the length of the rows or of the columns, whichever
// leaves fewer cells idle, until they fit into the lanes.
func (b *Batch) split(pairs []int32, wide bool) error {
	lanes := b.matrix.Lanes(wide)
	switch {
	case len(pairs) == 0:
		return nil
	case len(pairs) <= lanes && float64(len(pairs)) > ownRows && b.room(pairs, wide):
		return b.alignGroup(pairs, wide)
	case float64(len(pairs)) <= ownRows:
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
	if byColumns, byRows := cost(columns), cost(rows); byColumns < byRows {
		b.sort(pairs, columns)
	}
	if err := b.split(pairs[:half], wide); err != nil {
		return err
	}
	return b.split(pairs[half:], wide)
}

// longest are the lengths of the most rows and columns.
func (b *Batch) longest(pairs []int32) (m, n int) {
	for _, i := range pairs {
		m, n = max(m, b.length(i, rows)), max(n, b.length(i, columns))
	}
	return m, n
}

// cells is a measure of what pairs take together.
func (b *Batch) cells(pairs []int32) int {
	m, n := b.longest(pairs)
	return m * n * len(pairs)
}

func (b *Batch) room(pairs []int32, wide bool) bool {
	m, n := b.longest(pairs)
	return b.matrix.Room(wide, m, n)
}

// alignGroup aligns pairs that fit into the lanes.
func (b *Batch) alignGroup(pairs []int32, wide bool) error {
	m := b.matrix
	b.inputs = b.inputs[:0]
	for len(b.lanes) < len(pairs) {
		b.lanes = append(b.lanes, lane{})
	}
	lanes := b.lanes[:len(pairs)]
	for k, i := range pairs {
		p := b.pair(i)
		b.inputs = append(b.inputs, p)
		l := &lanes[k]
		*l = lane{number: k, turned: b.turned[i], rows: p.Rows, columns: p.Columns, candidates: l.candidates}
		l.end = newEnd(b.scheme, 0, b.pairs[i].Score)
		l.path.ops = b.out[i].Ops[:0]
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
		if b.costs.local {
			continue
		}
		for k := range lanes {
			lanes[k].scan(m, &b.costs)
		}
	}
	for k := range lanes {
		lanes[k].begin(m)
	}
	if err := b.readBack(lanes); err != nil {
		return err
	}
	for k, i := range pairs {
		if lanes[k].failed {
			b.failed++
			if err := b.alone(i); err != nil {
				return err
			}
			continue
		}
		b.out[i] = Alignment{}
		lanes[k].finish(&b.out[i])
		b.out[i].measure(b.scheme.Matrix, b.pairs[i].Query, b.pairs[i].Target)
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
			if l.end.local && l.panel == panel {
				l.find(m, &b.costs)
			}
			if !l.failed {
				l.back(m, &b.costs)
			}
		}
	}
	return nil
}
