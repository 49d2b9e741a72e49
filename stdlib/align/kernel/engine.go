package kernel

import (
	"errors"
	"math/bits"

	"weir/stdlib/align/scoring"
)

// What an engine may take of the caches: profileBytes for the profile of a panel, and edgeBytes for the edges of the
// queries that share it. A longer query goes alone.
const (
	profileBytes = 512 << 10
	edgeBytes    = 2 << 20
)

// maxCall bounds the rows × tiles of one call of a kernel, which cannot be preempted, to about a millisecond.
const maxCall = 1 << 18

// job is pairs to be scored: for each row the columns that want names. put gets the score of a pair, or tells that its
// lanes were too narrow.
type job struct {
	rows     [][]byte
	columns  [][]byte
	byLength []int32  // the columns that are not empty, longest first
	want     []Set    // nil, or an entry nil: all
	values   []Values // nil, or for each column a matrix of its own, which counts instead of the side's
	put      func(row, column int, score int32)
	narrow   func(row, column int)
	exact    func(row, column int) int32 // the reference's score, for what no kernel can take
}

// engine has the scratch memory to run jobs.
type engine struct {
	kernel  *kernel
	side    *side
	strip   strip
	panel   panel
	union   Set
	order   []int32
	table   []byte
	queries []query
	offsets []uint16
	edges   []byte
	accs    []byte
	zero    []byte
	column  []byte
	args    args
	stop    func() bool
	asked   int // calls of a kernel since stop was asked
}

// query is a row of a job that shares a strip with others.
type query struct {
	row     int
	offsets []uint16
	edge    []byte
	acc     []byte
}

func (e *engine) lanes() int { return e.kernel.vector * 8 / e.kernel.bits }

// run scores a job with one kernel: rows that want nearly the same columns share a strip of them.
func (e *engine) run(k *kernel, s *side, j *job) {
	e.kernel, e.side = k, s
	all := NewSet(len(j.columns))
	for _, c := range j.byLength {
		all.Add(int(c))
	}
	count := len(j.byLength)
	wanted := func(row int) (Set, int) {
		if m := len(j.rows[row]); m == 0 || m > maxRows {
			return nil, 0
		}
		if j.want == nil || j.want[row] == nil {
			return all, count
		}
		return j.want[row], j.want[row].count()
	}
	for row := 0; row < len(j.rows); {
		set, n := wanted(row)
		if n == 0 {
			row++
			continue
		}
		e.union = append(e.union[:0], set...)
		first, pairs, size := row, n, 0
		for {
			size += len(j.rows[row]) * 2 * e.kernel.vector
			row++
			if row == len(j.rows) || size+len(j.rows[row])*2*e.kernel.vector > edgeBytes {
				break
			}
			set, n = wanted(row)
			// Pairs scored for nothing may be one in twenty-four.
			if shared := e.union.countWith(set) * (row + 1 - first); 24*(shared-pairs-n) > shared {
				break
			}
			e.union.unite(set)
			pairs += n
		}
		e.order = e.order[:0]
		for _, c := range j.byLength {
			if e.union.Has(int(c)) {
				e.order = append(e.order, c)
			}
		}
		if len(e.order) > 0 {
			e.runStrip(j, first, row)
		}
	}
}

// runStrip scores rows [first, last) against the columns of e.order.
func (e *engine) runStrip(j *job, first, last int) {
	wide := e.kernel
	defer func() { e.kernel = wide }()
	e.pack(j)
	lanes, vector := e.lanes(), e.kernel.vector
	codes := e.prepare(j, first, last)
	stride := codes * tileColumns * vector
	e.fillTable(codes)
	perPanel := int32(max(1, profileBytes/stride))
	e.panel.rewind(lanes)
	e.args = args{stride: int64(stride), first: int64(e.side.first), extend: int64(e.side.extend),
		bias: e.kernel.bias}
	if e.side.local {
		e.zero = aligned(e.zero, vector)
		for l := range lanes {
			setElement(e.zero, e.kernel.bits, l, e.kernel.zero)
		}
		e.args.zero = e.zero
	} else {
		e.column = aligned(e.column, vector)
		e.args.column = e.column
		e.args.first -= e.args.extend
		if e.side.columnFree {
			e.args.leftStep = e.args.extend
		}
	}
	for from := int32(0); from < e.strip.tiles; from += perPanel {
		to := min(from+perPanel, e.strip.tiles)
		p := &e.panel
		p.split(&e.strip, from, to, vector)
		e.fillMasks()
		if !e.side.local {
			e.fillTops(from)
		}
		p.profile = aligned(p.profile, int(p.tiles)*stride)
		if j.values != nil {
			e.fillEach(j, codes, from)
		} else {
			p.transpose(&e.strip, j.columns, from)
			b := buildArgs{codes: p.codes, table: e.table, profile: p.profile, tiles: int64(p.tiles), rows: int64(codes),
				scale: int64(e.side.scale)}
			if e.side.local {
				b.add = e.kernel.bias
			} else {
				b.add = 2 * int64(e.side.extend)
			}
			b.check(vector, lanes)
			e.kernel.build(&b)
		}
		p.advance(&e.strip, to)
		for i := range e.queries {
			e.runPanel(j, &e.queries[i])
		}
	}
}

// pack lays the columns of e.order out in the kernel's lanes, or in those of the narrower one if these have fewer idle.
func (e *engine) pack(j *job) {
	e.strip.pack(j.columns, e.order, e.lanes())
	narrower := e.kernel.narrower
	if narrower == nil || e.strip.idle() < 0.05 {
		return
	}
	wide, wideTiles := e.kernel, e.strip.tiles
	e.kernel = narrower
	e.strip.pack(j.columns, e.order, e.lanes())
	// A tile of half the lanes takes half the time where the processor halves the long vectors, and a little more than
	// half where it does not.
	if float64(e.strip.tiles) > 1.9*float64(wideTiles) {
		e.kernel = wide
		e.strip.pack(j.columns, e.order, e.lanes())
	}
}

// prepare gives rows [first, last) their scratch memory and says how many codes they use.
func (e *engine) prepare(j *job, first, last int) (codes int) {
	vector := e.kernel.vector
	total := 0
	for _, row := range j.rows[first:last] {
		total += len(row)
	}
	e.offsets = resize(e.offsets, total)
	e.edges = aligned(e.edges, total*2*vector)
	e.accs = aligned(e.accs, (last-first)*vector)
	e.queries = e.queries[:0]
	at := 0
	perCode := uint16(tileColumns * vector / 8)
	for r := first; r < last; r++ {
		row := j.rows[r]
		if m := len(row); m == 0 || m > maxRows {
			continue
		}
		q := query{row: r, offsets: e.offsets[at : at+len(row)], edge: e.edges[at*2*vector : (at+len(row))*2*vector],
			acc: e.accs[len(e.queries)*vector:][:vector]}
		for i, code := range row {
			code &= scoring.MaxCodes - 1
			codes = max(codes, int(code)+1)
			q.offsets[i] = uint16(code) * perCode
		}
		at += len(row)
		e.queries = append(e.queries, q)
	}
	return codes
}

// fillTable writes the rows of scores for the builder of the profile; bytes are scaled, since they can be.
func (e *engine) fillTable(codes int) {
	e.table = resize(e.table, codes*scoring.MaxCodes)
	scale := int8(1)
	if e.kernel.bits == 8 {
		scale = int8(e.side.scale)
	}
	for a := range codes {
		for b := range scoring.MaxCodes {
			e.table[a*scoring.MaxCodes+b] = byte(e.side.scores[a][b] * scale)
		}
	}
}

// resetValues are what reset has in lanes where no target begins and where one does. Whatever the edge holds, perhaps
// from another job in lanes of another width, it comes in as 0 to a local kernel, by the minimum or, where 0 is not the
// least value, by a bitwise and; a global one takes left instead.
func (e *engine) resetValues() (keep, reset int32) {
	switch k := e.kernel; {
	case !e.side.local:
		return 0, -1
	case k.zero == 0:
		return -1, 0
	default:
		return k.top, k.zero
	}
}

// fillMasks writes reset and left for the segments where targets begin.
func (e *engine) fillMasks() {
	k, s := e.kernel, e.side
	keep, reset := e.resetValues()
	for i := range e.panel.segments {
		g := &e.panel.segments[i]
		if g.reset == nil {
			continue
		}
		for l := range e.lanes() {
			setElement(g.reset, k.bits, l, keep)
		}
		clear(g.left)
		for _, p := range g.starts {
			setElement(g.reset, k.bits, int(p.lane), reset)
			if s.local {
				continue
			}
			left := s.extend - s.first - p.pad*s.extend
			if s.columnFree {
				left = s.extend
			}
			setElement(g.left, k.bits, int(p.lane), left+k.zero)
		}
	}
}

// fillTops writes row 0 of a global alignment. An element is a score plus extend for each row and each column since the
// target's first tile began. In the columns before the first residue it is what gives the border in the last of them
// when a diagonal step adds 2·extend and no score.
func (e *engine) fillTops(from int32) {
	k, s := e.kernel, e.side
	width := k.bits / 8
	vector := e.kernel.vector
	p := &e.panel
	p.tops = aligned(p.tops, int(p.tiles)*(1+tileColumns)*vector)
	clear(p.tops)
	open := s.first - s.extend
	p.overlapping(&e.strip, from, func(pl *placement) {
		low, high := max(pl.start, from), min(pl.end, from+p.tiles)
		at := int(low-from)*(1+tileColumns)*vector + int(pl.lane)*width
		for tile := low; tile < high; tile++ {
			column := (tile - pl.start) * tileColumns // since the target's first tile
			for range 1 + tileColumns {
				var value int32
				switch {
				case column > pl.pad && s.rowFree, column <= pl.pad && s.columnFree:
					value = column * s.extend
				case column > pl.pad:
					value = pl.pad*s.extend - open
				case column == pl.pad:
					value = column * s.extend
				default:
					value = (2*column-pl.pad)*s.extend - open
				}
				setElement(p.tops[at:], k.bits, 0, value+k.zero)
				at += vector
				column++
			}
		}
	})
}

// errStopped unwinds a job that is not to be finished.
var errStopped = errors.New("kernel: stopped")

// askEvery is the calls of a kernel, of about a millisecond at most, between two questions whether to go on.
const askEvery = 8

func (e *engine) ask() {
	if e.asked++; e.asked < askEvery || e.stop == nil {
		return
	}
	e.asked = 0
	if e.stop() {
		panic(errStopped)
	}
}

// runPanel scores one query against the panel.
func (e *engine) runPanel(j *job, q *query) {
	k, vector := e.kernel, e.kernel.vector
	p, a := &e.panel, &e.args
	a.query, a.edge, a.acc, a.rows = q.offsets, q.edge, q.acc, int64(len(q.offsets))
	start := k.bottom
	if e.side.local {
		start = k.zero
	}
	budget := int32(max(1, maxCall/len(q.offsets)))
	for i := range p.segments {
		g := &p.segments[i]
		for s := range g.starts {
			setElement(q.acc, k.bits, int(g.starts[s].lane), start)
		}
		a.reset, a.left = g.reset, g.left
		for tile, end := g.tile, g.tile+g.tiles; tile < end; tile += budget {
			tiles := min(budget, end-tile)
			a.tiles = int64(tiles)
			a.profile = p.profile[int(tile)*int(a.stride) : int(tile+tiles)*int(a.stride)]
			if !e.side.local {
				a.tops = p.tops[int(tile)*(1+tileColumns)*vector : int(tile+tiles)*(1+tileColumns)*vector]
			}
			a.check(vector, !e.side.local)
			k.run(a)
			a.reset = nil
			e.ask()
		}
		if e.side.lastColumn && len(g.ends) > 0 {
			k.column(a)
		}
		for _, i := range g.ends {
			e.finish(j, q, &e.strip.byStart[i])
		}
	}
}

// finish reads the score of a pair whose last tile is done.
func (e *engine) finish(j *job, q *query, p *placement) {
	column := int(p.target)
	if j.want != nil && j.want[q.row] != nil && !j.want[q.row].Has(column) {
		return
	}
	k, s, lane := e.kernel, e.side, int(p.lane)
	acc := element(q.acc, k.bits, lane)
	if s.local {
		if acc >= k.top && k.bits < 32 {
			j.narrow(q.row, column)
			return
		}
		j.put(q.row, column, acc-k.zero)
		return
	}
	vector := e.kernel.vector
	m, n := len(q.offsets), len(j.columns[column])
	// drift is what the elements of the last column carry beside the rows'.
	drift := int32(n)*s.extend + p.pad*s.extend + k.zero
	score := element(q.edge[(m-1)*2*vector:], k.bits, lane) - int32(m)*s.extend - drift
	if s.lastRow {
		score = max(score, acc-int32(m)*s.extend-drift, s.border(m, s.columnFree))
	}
	if s.lastColumn {
		score = max(score, element(e.args.column, k.bits, lane)-int32(m)*s.extend-drift, s.border(n, s.rowFree))
	}
	j.put(q.row, column, score)
}

func (s Set) count() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// countWith is the number of indices in either set; t must not be longer than s has capacity.
func (s Set) countWith(t Set) int {
	n := 0
	for i := range max(len(s), len(t)) {
		var w uint64
		if i < len(s) {
			w = s[i]
		}
		if i < len(t) {
			w |= t[i]
		}
		n += bits.OnesCount64(w)
	}
	return n
}

// unite adds t to s, which must have its length.
func (s *Set) unite(t Set) {
	for len(*s) < len(t) {
		*s = append(*s, 0)
	}
	for i, w := range t {
		(*s)[i] |= w
	}
}
