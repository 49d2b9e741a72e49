package trace

import (
	"weir/stdlib/align/kernel"
	"weir/stdlib/align/scoring"
)

// costs is a scheme in the elements of a kernel.Matrix.
type costs struct {
	local bool
	// What an element has on top of that of the cell before both residues.
	pair [scoring.MaxCodes][scoring.MaxCodes]int32
	// The element before a gap of k residues exceeds that at its end by first + (k-1)·extend.
	first, extend int32
	// The element of a cell exceeds that of its neighbour above or to the left by least or up to 255 more, and is
	// exceeded by that of its neighbour below or to the right by leastNext or up to 255 more.
	least, leastNext int32
}

func newCosts(s *scoring.Scheme, drift int32) costs {
	c := costs{local: s.Mode == scoring.Local, first: s.First - drift, extend: s.Extend - drift}
	most := int32(0)
	for i := range c.pair {
		for j := range c.pair[i] {
			score := int32(s.Matrix.Scores[i][j]) * s.Scale
			c.pair[i][j] = score + 2*drift
			most = max(most, score)
		}
	}
	c.least = drift - s.First
	c.leastNext = -most - s.First - drift
	return c
}

// exact is the element of a cell given the element of a neighbour that it exceeds by least or up to 255 more.
func exact(cell byte, neighbour, least int32) int32 {
	return neighbour + least + int32(cell-byte(neighbour+least))
}

// lane is one pair of a matrix: where its alignment ends, and how far it is read back. The matrix has the query's
// residues down the rows or, turned, the target's.
type lane struct {
	number        int // of the lane
	turned        bool
	rows, columns []byte
	end           end // i and j are a row and a column

	// What is read back: the current cell, its element, and the path.
	i, j    int
	element int32
	path    walk
	done    bool
	failed  bool // there was no way back
	panel   int  // in which the alignment ends

	// A run along the row that began before the panel: columns that were looked at, the element of the last one, and
	// what an element before it must be for the run to have opened there.
	run           int
	last, opening int32

	// An alignment that is not local: the best ends in the last column and in the last row, both without the corner,
	// and the element of the last row in the last column that was computed.
	lastColumn, lastRow end
	edge                int32

	candidates []int32 // rows in which a local alignment may end
}

// scan looks at the current panel of a matrix, the panels coming from left to right, for the end of an alignment that
// is not local.
func (l *lane) scan(m *kernel.Matrix, c *costs) {
	rows, n := len(l.rows), len(l.columns)
	rowEnds, columnEnds := l.end.targetEnd, l.end.queryEnd
	if l.turned {
		rowEnds, columnEnds = columnEnds, rowEnds
	}
	if m.From == 0 {
		l.edge = m.Border(rows, 0)
		l.lastColumn.score, l.lastRow.score = negInf, negInf
		if rowEnds {
			l.lastRow.offer(rows, 0, l.score(m, rows, 0, l.edge))
		}
	}
	if m.From >= n {
		return
	}
	h, at := l.edge, m.Index(l.number, rows, m.From+1)
	for j := m.From + 1; j <= min(m.To, n); j++ {
		h = exact(m.Cells[at], h, c.least)
		at += m.Left[j&3]
		if rowEnds && j < n {
			l.lastRow.offer(rows, j, l.score(m, rows, j, h))
		}
	}
	l.edge = h
	if n > m.To || !columnEnds {
		return
	}
	h = m.Border(0, n)
	l.lastColumn.offer(0, n, l.score(m, 0, n, h))
	at = m.Index(l.number, 1, n)
	for i := 1; i < rows; i++ {
		h = exact(m.Cells[at], h, c.least)
		at += m.Up
		l.lastColumn.offer(i, n, l.score(m, i, n, h))
	}
}

func (l *lane) score(m *kernel.Matrix, i, j int, element int32) int32 {
	return element - m.Zero - int32(i+j)*m.Drift
}

// begin finds the end of an alignment, or the panel it is in, when all panels were computed. It fails where there is
// none of the score that is said to be the best.
func (l *lane) begin(m *kernel.Matrix) {
	if !l.end.local {
		// Ends after fewer query residues come first, and the corner last.
		first, second := &l.lastColumn, &l.lastRow
		if l.turned {
			first, second = second, first
		}
		l.end.score, l.end.i, l.end.j = first.score, first.i, first.j
		l.end.offer(second.i, second.j, second.score)
		l.end.offer(len(l.rows), len(l.columns), l.score(m, len(l.rows), len(l.columns), l.edge))
		l.start(m)
		if l.done = l.i == 0 || l.j == 0; !l.done {
			l.panel = m.PanelOf(l.j)
		}
		return
	}
	l.end.score, l.end.i, l.end.j = max(l.end.known, 0), 0, 0
	if l.done = l.end.score == 0; l.done {
		return
	}
	limit := 1
	if l.turned {
		limit = len(l.rows)
	}
	l.candidates = m.Ends(l.number, l.end.score, limit, l.candidates[:0])
	l.failed = len(l.candidates) == 0
	l.panel = m.Panels()
	for _, row := range l.candidates {
		l.panel = min(l.panel, m.FirstPanel(l.number, row, l.end.score))
	}
}

// start makes the end the current cell.
func (l *lane) start(m *kernel.Matrix) {
	l.i, l.j = l.end.i, l.end.j
	l.element = l.end.score + m.Zero + int32(l.i+l.j)*m.Drift
}

// find looks for a local alignment's end, which is in the panel: the one after the fewest columns where they are the
// query's.
func (l *lane) find(m *kernel.Matrix, c *costs) {
	want := l.end.score + m.Zero
	l.end.j = min(m.To, len(l.columns)) + 1
	for _, row := range l.candidates {
		h, at := m.Zero, m.Index(l.number, int(row), m.From+1)
		if m.From > 0 {
			h, _ = m.Edge(l.number, int(row))
		}
		for j := m.From + 1; j < l.end.j; j++ {
			if h = exact(m.Cells[at], h, c.least); h == want {
				l.end.i, l.end.j = int(row), j
			}
			at += m.Left[j&3]
		}
	}
	l.failed = l.end.i == 0
	l.start(m)
}

// back reads the path back through the current panel, the panels coming from right to left. It fails where there is no
// way back, as there may be for a local alignment whose score is not the best.
func (l *lane) back(m *kernel.Matrix, c *costs) {
	cells, up, left := m.Cells, m.Up, &m.Left
	for {
		if l.run > 0 && !l.alongRow(m, c) {
			l.failed = l.run == 0
			return
		}
		if l.i == 0 || l.j == 0 || c.local && l.element == m.Zero {
			l.done = true
			return
		}
		if l.j <= m.From {
			return
		}
		i, j, h := l.i, l.j, l.element
		at, phase := m.Index(l.number, i, j), (j-1)&3
		for i > 1 && j > m.From+1 && !(c.local && h == m.Zero) {
			before := h - c.pair[l.rows[i-1]&(scoring.MaxCodes-1)][l.columns[j-1]&(scoring.MaxCodes-1)]
			next := at - up - left[phase]
			if cells[next] != byte(before) {
				break
			}
			h, at, phase = before, next, (phase-1)&3
			i--
			j--
		}
		l.path.add(Match, l.i-i)
		l.i, l.j, l.element = i, j, h
		if c.local && h == m.Zero {
			continue
		}
		if i == 1 || j == m.From+1 {
			before := h - c.pair[l.rows[i-1]&(scoring.MaxCodes-1)][l.columns[j-1]&(scoring.MaxCodes-1)]
			if l.corner(m) == before {
				l.path.add(Match, 1)
				l.i, l.j, l.element = i-1, j-1, before
				continue
			}
		}
		l.last, l.opening = h, h+c.first
		if l.turned && l.upColumn(m, c) || l.alongRow(m, c) {
			continue
		}
		if l.run > 0 {
			return
		}
		if l.turned || !l.upColumn(m, c) {
			l.failed = true
			return
		}
	}
}

// corner is the element before both residues of the current cell, where there is no cell for it in the panel.
func (l *lane) corner(m *kernel.Matrix) int32 {
	i, j := l.i-1, l.j-1
	if i == 0 || j == 0 {
		return m.Border(i, j)
	}
	h, _ := m.Edge(l.number, i)
	return h
}

// alongRow takes the shortest run of columns against a gap that ends in the current cell; it has looked at run of them
// before. If it finds none in the panel but there is one, run says how far it has come; otherwise run is 0 afterwards.
func (l *lane) alongRow(m *kernel.Matrix, c *costs) (found bool) {
	h, opening, column := l.last, l.opening, l.j-l.run-1
	l.run = 0
	if column > m.From {
		cells, left := m.Cells, &m.Left
		at, phase := m.Index(l.number, l.i, column), (column-1)&3
		for {
			if h = exact(cells[at], h, c.leastNext); h == opening {
				l.gap(Delete, Insert, l.i, column, h)
				return true
			}
			opening += c.extend
			if column--; column == m.From {
				break
			}
			at -= left[phase]
			phase = (phase - 1) & 3
		}
	}
	if m.From == 0 {
		h = m.Border(l.i, 0)
	} else {
		var gap int32
		h, gap = m.Edge(l.number, l.i)
		if gap-int32(l.j-m.From-1)*c.extend != l.element {
			return false
		}
	}
	if h == opening {
		l.gap(Delete, Insert, l.i, m.From, h)
		return true
	}
	if m.From > 0 {
		l.last, l.opening, l.run = h, opening+c.extend, l.j-m.From
	}
	return false
}

// upColumn takes the shortest run of rows against a gap that ends in the current cell.
func (l *lane) upColumn(m *kernel.Matrix, c *costs) (found bool) {
	h, opening := l.element, l.element+c.first
	at := m.Index(l.number, l.i, l.j)
	for i := l.i - 1; i > 0; i-- {
		at -= m.Up
		if h = exact(m.Cells[at], h, c.leastNext); h == opening {
			l.gap(Insert, Delete, i, l.j, h)
			return true
		}
		opening += c.extend
	}
	if m.Border(0, l.j) != opening {
		return false
	}
	l.gap(Insert, Delete, 0, l.j, opening)
	return true
}

// gap adds a run that opens at a cell, of one kind or, turned, of the other.
func (l *lane) gap(kind, turned byte, i, j int, element int32) {
	if l.turned {
		kind = turned
	}
	l.path.add(kind, l.i-i+l.j-j)
	l.i, l.j, l.element = i, j, element
}

// finish hands the alignment over.
func (l *lane) finish(out *Alignment) {
	rows, columns := len(l.rows), len(l.columns)
	l.path.i, l.path.j = l.i, l.j
	if l.turned {
		l.path.i, l.path.j = l.j, l.i
		l.end.i, l.end.j = l.end.j, l.end.i
		rows, columns = columns, rows
	}
	l.path.finish(&l.end, rows, columns, out)
}
