package kernel

import (
	"math"

	"weir/stdlib/align/scoring"
)

// What a Matrix may take of memory: for the cells of a panel, and for what the panels begin with.
const (
	matrixBytes = 4 << 20
	markBytes   = 16 << 20
)

// unusedCode is a code that no letter has. A Matrix has it in the columns in which a lane has no residue. Its scores
// keep local alignments from going on there.
const unusedCode = scoring.MaxCodes - 1

// Pair is two encoded sequences, neither of them empty: one down the rows of a matrix and one along its columns. Rows
// are the query's residues; under a symmetric scheme they may as well be the target's.
type Pair struct{ Rows, Columns []byte }

// Matrix has the scores of all prefixes of pairs, which a path can be read back from. A pair is in every lane; there
// are fewest idle cells where the pairs are of about one size. Of a score there is the low byte: neighbours differ by
// less than that has room for.
//
// An element is what the kernels compute with, the score H(i, j) of the first i residues of the rows and the first j of
// the columns as H + (i + j)·Drift + Zero. A cell is the low byte of an element. There are cells for i and j from 1 on.
//
// Where not all columns fit into memory they come in panels. Start and then Next, until it says that there are no more,
// compute them from left to right; Load computes one of them a second time. A Matrix is not safe for concurrent use.
type Matrix struct {
	Drift, Zero int32

	// Cells of the current panel, which has the columns after From up to To. Up is how far apart rows are, and Left how
	// far the cell to the left lies, by (j-1)%4.
	Cells    []byte
	From, To int
	Up       int
	Left     [tileColumns]int

	// Stop, where it is set, is asked every few milliseconds; its error ends what is under way and is what Next and
	// Load give.
	Stop func() error

	side         side
	narrow, wide *kernel // nil where the path or the scheme has none
	most, marked int     // what may be taken for cells and for marks

	kernel   *kernel
	pairs    []Pair
	shared   bool // the lanes have the same rows
	rows     int
	tiles    int
	perPanel int // tiles
	panel    int // the current one, -1 before the first
	byColumn [tileColumns]int
	lane     int // bytes from one lane to the next
	asked    int // rows × tiles since Stop was asked

	args    args
	table   []byte
	offsets []uint16
	queries []byte
	targets []byte
	profile []byte
	edge    []byte
	tops    []byte
	zero    []byte
	cells   []byte
	marks   []byte // the edges that the panels begin with, from the second on
}

// NewMatrix makes a Matrix for a scheme, on the path that Active names. The error says what is wrong with
// WEIR_ALIGN_PATH.
func NewMatrix(s *scoring.Scheme) (*Matrix, error) {
	p, err := active()
	if err != nil {
		return nil, err
	}
	m := &Matrix{most: matrixBytes, marked: markBytes}
	m.side, _ = newSides(s)
	if !m.side.bytes() {
		return m, nil
	}
	kernels := p.global
	if m.side.local {
		kernels = p.local
	}
	for i := range kernels {
		k := &kernels[i]
		if k.fill == nil {
			k = k.narrower
		}
		switch {
		case k == nil || k.fill == nil || !m.side.fits(k):
		case k.bits == 8:
			m.narrow = k
		case k.bits == 16:
			m.wide = k
		}
	}
	return m, nil
}

// bytes says whether the low bytes of scores tell them from what they are compared with. Gotoh's recurrences let two
// neighbours in a row or in a column differ by the best value and the first residue of a gap, and a cell exceed its
// diagonal neighbour's score by twice that.
func (s *side) bytes() bool {
	least := int64(0)
	for _, row := range s.scores {
		for _, score := range row {
			least = min(least, int64(score)*int64(s.scale))
		}
	}
	return 2*(s.most+int64(s.first))-least <= math.MaxUint8 && least >= math.MinInt8
}

// SetMemory caps the bytes that a Matrix takes for the cells of a panel and for what panels begin with. A new one has 4
// and 16 MiB.
func (m *Matrix) SetMemory(panel, marks int) { m.most, m.marked = panel, marks }

// Lanes is how many pairs Start takes, of wide ones or of others; 0 where there is no kernel for them.
func (m *Matrix) Lanes(wide bool) int {
	k := m.of(wide)
	if k == nil {
		return 0
	}
	return k.vector * 8 / k.bits
}

func (m *Matrix) of(wide bool) *kernel {
	if wide {
		return m.wide
	}
	return m.narrow
}

// Takes says whether Start takes a pair, and whether as a wide one. score is that of the pair's best alignment.
func (m *Matrix) Takes(p Pair, score int32) (wide, ok bool) {
	if len(p.Rows) == 0 || len(p.Columns) == 0 {
		return false, false
	}
	k := m.narrow
	wide = k == nil || score >= k.top-k.zero
	if wide {
		if k = m.wide; k == nil {
			return false, false
		}
	}
	if m.side.local {
		ok = score < k.top-k.zero
	} else {
		bound := int64(math.MaxInt64)
		if m.side.exceeds(k, bound, len(p.Rows), len(p.Columns)) {
			bound = m.side.rowBound(p.Rows)
		}
		ok = !m.side.exceeds(k, bound, len(p.Rows), len(p.Columns))
	}
	return wide, ok && m.Room(wide, len(p.Rows), len(p.Columns))
}

// Room says whether there is memory for pairs that have at most so many rows and columns.
func (m *Matrix) Room(wide bool, rows, columns int) bool {
	k := m.of(wide)
	if rows > math.MaxUint16/(tileColumns*k.vector/8) {
		return false
	}
	perPanel := m.most / (rows * tileColumns * m.Lanes(wide))
	tiles := (columns + tileColumns - 1) / tileColumns
	return perPanel > 0 && (tiles-1)/perPanel*rows*m.perRow(k) <= m.marked
}

// perRow is how many bytes of the edge a row has.
func (m *Matrix) perRow(k *kernel) int {
	if m.side.local {
		return 3 * k.vector
	}
	return 2 * k.vector
}

// Start takes pairs, at least one and no more than there are lanes, all of them wide or none.
func (m *Matrix) Start(pairs []Pair, wide bool) {
	k := m.of(wide)
	m.kernel, m.pairs, m.panel = k, pairs, -1
	m.rows, m.tiles, m.shared = 0, 0, true
	for i := range pairs {
		q, t := pairs[i].Rows, pairs[i].Columns
		m.rows, m.tiles = max(m.rows, len(q)), max(m.tiles, (len(t)+tileColumns-1)/tileColumns)
		m.shared = m.shared && &q[0] == &pairs[0].Rows[0] && len(q) == len(pairs[0].Rows)
	}
	lanes := m.Lanes(wide)
	m.Up, m.Drift, m.Zero = tileColumns*lanes, 0, k.zero
	if !m.side.local {
		m.Drift = m.side.extend
	}
	m.lane = k.bits / 8
	for c := range m.byColumn {
		m.byColumn[c] = c * k.vector
		if k.bits == 16 {
			m.byColumn[c] = c/2*k.vector + c%2
		}
	}
	m.Left[0] = m.rows*m.Up - m.byColumn[tileColumns-1]
	for c := 1; c < tileColumns; c++ {
		m.Left[c] = m.byColumn[c] - m.byColumn[c-1]
	}
	m.perPanel = min(m.tiles, max(1, m.most/(m.rows*m.Up)))
	if need := m.perPanel * m.rows * m.Up; cap(m.cells) < need {
		m.cells = make([]byte, max(need, min(m.most, matrixBytes))) // at once: what is not written to takes no memory
	}
	m.marks = resize(m.marks, (m.Panels()-1)*m.rows*m.perRow(k))
	m.prepare(lanes)
}

// prepare lays the sequences out for the kernels.
func (m *Matrix) prepare(lanes int) {
	k, s := m.kernel, &m.side
	m.targets = resize(m.targets, m.tiles*tileColumns*lanes)
	for i := range m.targets {
		m.targets[i] = unusedCode
	}
	for l := range m.pairs {
		at := l
		for _, code := range m.pairs[l].Columns {
			m.targets[at] = code & (scoring.MaxCodes - 1)
			at += lanes
		}
	}
	m.args = args{rows: int64(m.rows), first: int64(s.first), extend: int64(s.extend)}
	if s.local {
		m.zero = aligned(m.zero, k.vector)
		repeatElement(m.zero, k.bits, k.zero)
		m.args.zero = m.zero
	} else {
		m.args.first -= m.args.extend
	}
	m.offsets = resize(m.offsets, m.rows)
	perCode := uint16(tileColumns * k.vector / 8)
	if m.shared {
		for i, code := range m.pairs[0].Rows {
			m.offsets[i] = uint16(code&(scoring.MaxCodes-1)) * perCode
		}
	} else {
		for i := range m.offsets {
			m.offsets[i] = uint16(i) * perCode
		}
		span := m.span()
		m.queries = resize(m.queries, lanes*span)
		for i := range m.queries {
			m.queries[i] = noCode
		}
		for l := range m.pairs {
			for i, code := range m.pairs[l].Rows {
				m.queries[l*span+i] = code & (scoring.MaxCodes - 1)
			}
		}
	}
	m.args.query = m.offsets
	m.fillTable()
	m.edge = aligned(m.edge, m.rows*m.perRow(k))
	m.firstEdge()
}

// span is the rows, rounded up for pairs.
func (m *Matrix) span() int { return (m.rows + pairBlock - 1) / pairBlock * pairBlock }

// fillTable writes the scores for the builders: by query code, or by target code where each lane has a query.
func (m *Matrix) fillTable() {
	m.table = resize(m.table, scoring.MaxCodes*scoring.MaxCodes)
	scale := int8(m.side.scale)
	if m.shared && m.kernel.bits > 8 {
		scale = 1
	}
	for q := range scoring.MaxCodes {
		for t := range scoring.MaxCodes {
			at := t*scoring.MaxCodes + q
			if m.shared {
				at = q*scoring.MaxCodes + t
			}
			switch {
			case t != unusedCode:
				m.table[at] = byte(m.side.scores[q][t] * scale)
			case m.side.local:
				m.table[at] = 1 << 7 // -128
			default:
				m.table[at] = 0
			}
		}
	}
}

// firstEdge writes the scores of no target residue, and what gaps from there on have.
func (m *Matrix) firstEdge() {
	k, s := m.kernel, &m.side
	if s.local {
		repeatElement(m.edge, k.bits, k.zero)
		return
	}
	perRow, vector := m.perRow(k), k.vector
	for i := range m.rows {
		row := m.edge[i*perRow:][:perRow]
		h := m.Border(i+1, 0)
		repeatElement(row[:vector], k.bits, h)
		repeatElement(row[vector:], k.bits, h-(s.first-s.extend))
	}
}

// Border is the element of i query residues and j target residues, one of which is 0.
func (m *Matrix) Border(i, j int) int32 {
	s := &m.side
	return s.border(i, s.columnFree) + s.border(j, s.rowFree) + int32(i+j)*m.Drift + m.Zero
}

// Panels is how many panels there are.
func (m *Matrix) Panels() int { return (m.tiles + m.perPanel - 1) / m.perPanel }

// PanelOf is the panel that column j is in, j from 1 on.
func (m *Matrix) PanelOf(j int) int { return (j - 1) / (m.perPanel * tileColumns) }

// Panel is the current one, from 0 on.
func (m *Matrix) Panel() int { return m.panel }

// Next computes the next panel; it says whether there was one.
func (m *Matrix) Next() (bool, error) {
	if m.panel+1 == m.Panels() {
		return false, nil
	}
	m.panel++
	if m.panel > 0 {
		copy(m.mark(m.panel), m.edge)
	}
	return true, m.run()
}

// Load makes a panel that Next has computed the current one again.
func (m *Matrix) Load(panel int) error {
	if panel == m.panel {
		return nil
	}
	m.panel = panel
	if panel == 0 {
		m.firstEdge()
	} else {
		copy(m.edge, m.mark(panel))
	}
	return m.run()
}

// mark is the place for the edge that a panel, not the first, begins with.
func (m *Matrix) mark(panel int) []byte {
	n := len(m.edge)
	return m.marks[(panel-1)*n:][:n]
}

// run computes the current panel from the edge on.
func (m *Matrix) run() error {
	k, lanes := m.kernel, m.kernel.vector*8/m.kernel.bits
	from, to := m.panel*m.perPanel, min((m.panel+1)*m.perPanel, m.tiles)
	m.From, m.To = from*tileColumns, to*tileColumns
	m.Cells = m.cells[:(to-from)*m.rows*m.Up]
	m.fillTops(from, to)
	a := &m.args
	a.edge = m.edge
	columnCodes := tileColumns * lanes
	if m.shared {
		codes := 0
		for _, code := range m.pairs[0].Rows {
			codes = max(codes, int(code&(scoring.MaxCodes-1))+1)
		}
		stride := codes * tileColumns * k.vector
		chunk := max(1, min(profileBytes/stride, maxCall/m.rows))
		m.profile = aligned(m.profile, min(chunk, to-from)*stride)
		for tile := from; tile < to; tile += chunk {
			tiles := min(chunk, to-tile)
			b := buildArgs{codes: m.targets[tile*columnCodes:], table: m.table, profile: m.profile,
				tiles: int64(tiles), rows: int64(codes), scale: int64(m.side.scale), add: 2 * int64(m.Drift)}
			b.check(k.vector, lanes)
			k.build(&b)
			if err := m.fill(tile-from, tiles, stride); err != nil {
				return err
			}
		}
		return nil
	}
	span := m.span()
	stride := span * tileColumns * k.vector
	m.profile = aligned(m.profile, stride)
	p := pairArgs{queries: m.queries, table: m.table, profile: m.profile, span: int64(span), add: 2 * int64(m.Drift)}
	for tile := from; tile < to; tile++ {
		p.targets = m.targets[tile*columnCodes:][:columnCodes]
		p.check(k.vector, lanes)
		k.pairs(&p)
		if err := m.fill(tile-from, 1, stride); err != nil {
			return err
		}
	}
	return nil
}

// askRows is the rows × tiles between two questions whether to go on, some milliseconds.
const askRows = 1 << 20

// fill runs the kernel over tiles whose profile is there; tile counts from the panel's first.
func (m *Matrix) fill(tile, tiles, stride int) error {
	if m.asked += m.rows * tiles; m.asked > askRows && m.Stop != nil {
		m.asked = 0
		if err := m.Stop(); err != nil {
			return err
		}
	}
	k, a := m.kernel, &m.args
	a.profile, a.stride, a.tiles = m.profile, int64(stride), int64(tiles)
	a.cells = m.Cells[tile*m.rows*m.Up:]
	if !m.side.local {
		a.tops = m.tops[tile*(1+tileColumns)*k.vector:]
	}
	a.checkFill(k.vector, k.vector*8/k.bits, !m.side.local)
	k.fill(a)
	return nil
}

// fillTops writes the scores of no query residue for a global alignment.
func (m *Matrix) fillTops(from, to int) {
	if m.side.local {
		return
	}
	k := m.kernel
	m.tops = aligned(m.tops, (to-from)*(1+tileColumns)*k.vector)
	at := m.tops
	for tile := from; tile < to; tile++ {
		for c := range 1 + tileColumns {
			repeatElement(at[:k.vector], k.bits, m.Border(0, tile*tileColumns+c))
			at = at[k.vector:]
		}
	}
}

// Index is where the cell of i query residues and j target residues of a pair lies in Cells. Both are counted from 1,
// and j is in the panel.
func (m *Matrix) Index(pair, i, j int) int {
	j -= m.From + 1
	return (j/tileColumns*m.rows+i-1)*m.Up + m.byColumn[j%tileColumns] + pair*m.lane
}

// Edge has what a pair's row i has at the start of the current panel, which is not the first: the element in column
// From, and that of the best alignment that ends in column From + 1 with a target residue against a gap.
func (m *Matrix) Edge(pair, i int) (h, gap int32) {
	k := m.kernel
	row := m.mark(m.panel)[(i-1)*m.perRow(k):]
	return element(row, k.bits, pair), element(row[k.vector:], k.bits, pair)
}

// Ends appends the rows of a pair's local matrix whose best score is score to dst, ascending, no more than limit of
// them. It is to be called when Next has no more panels, before Load.
func (m *Matrix) Ends(pair int, score int32, limit int, dst []int32) []int32 {
	k, perRow := m.kernel, m.perRow(m.kernel)
	want := score + k.zero
	best := m.edge[2*k.vector+pair*m.lane:]
	for i, at := 0, 0; i < len(m.pairs[pair].Rows) && limit > 0; i, at = i+1, at+perRow {
		if best[at] == byte(want) && element(best[at:], k.bits, 0) == want {
			dst = append(dst, int32(i+1))
			limit--
		}
	}
	return dst
}

// FirstPanel is the first panel in which a row that Ends has given has the score.
func (m *Matrix) FirstPanel(pair int, row int32, score int32) int {
	k := m.kernel
	at := int(row-1)*m.perRow(k) + 2*k.vector
	for panel := m.Panels() - 1; panel > 0; panel-- {
		if element(m.mark(panel)[at:], k.bits, pair) != score+k.zero {
			return panel
		}
	}
	return 0
}
