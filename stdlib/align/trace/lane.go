package trace

import (
	"weir/stdlib/align/kernel"
	"weir/stdlib/align/scoring"
)

// costs is a scheme in the elements of a kernel.Matrix.
type costs struct {
	local bool
	pair  [scoring.MaxCodes][scoring.MaxCodes]int32 // what an element has on top of that of the cell before both residues
	// The element before a gap of k residues exceeds that at its end by first + (k-1)·extend.
	first, extend int32
	// The element of a cell exceeds that of its neighbour above or to the left by least or up to 255 more, and is exceeded by that of its neighbour
	// below or to the right by leastNext or up to 255 more.
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

// lane is one pair of a matrix: where its alignment ends, and how far it is read back.
type lane struct {
	walk
	number        int // of the lane
	query, target []byte
	end           end
	panel         int   // in which the alignment ends
	failed        bool  // the path was not found
	element       int32 // of cell i, j

	// A run of target residues against a gap that began before the panel: columns that were looked at, the element of the last one, and what an
	// element before it must be for the run to have opened there.
	run           int
	last, opening int32

	column  end   // the best end in the last column above the last row
	lastRow int32 // the element of the last row in the last column that was computed
}

// scan looks at the current panel of a matrix, the panels coming from left to right, for the end of an alignment that is not local.
func (l *lane) scan(m *kernel.Matrix, c *costs) {
	rows, n := len(l.query), len(l.target)
	if m.From == 0 {
		l.lastRow = m.Border(rows, 0)
		if l.end.targetEnd {
			l.end.offer(rows, 0, l.score(m, rows, 0, l.lastRow))
		}
	}
	if m.From >= n {
		return
	}
	h, at := l.lastRow, m.Index(l.number, rows, m.From+1)
	for j := m.From + 1; j <= min(m.To, n); j++ {
		h = exact(m.Cells[at], h, c.least)
		at += m.Left[j&3]
		if l.end.targetEnd || j == n {
			l.end.offer(rows, j, l.score(m, rows, j, h))
		}
	}
	l.lastRow = h
	if n > m.To || !l.end.queryEnd {
		return
	}
	h = m.Border(0, n)
	l.column.offer(0, n, l.score(m, 0, n, h))
	at = m.Index(l.number, 1, n)
	for i := 1; i < rows; i++ {
		h = exact(m.Cells[at], h, c.least)
		at += m.Up
		l.column.offer(i, n, l.score(m, i, n, h))
	}
}

func (l *lane) score(m *kernel.Matrix, i, j int, element int32) int32 {
	return element - m.Zero - int32(i+j)*m.Drift
}

// begin finds the end of an alignment when all panels were computed; ok is false where there is none of the score that is said to be the best.
func (l *lane) begin(m *kernel.Matrix) (ok bool) {
	if !l.end.local {
		if l.column.score >= l.end.score {
			l.end.score, l.end.i, l.end.j = l.column.score, l.column.i, l.column.j
		}
		l.i, l.j = l.end.i, l.end.j
		l.element = l.end.score + m.Zero + int32(l.i+l.j)*m.Drift
		if l.done = l.i == 0 || l.j == 0; !l.done {
			l.panel = m.PanelOf(l.j)
		}
		return true
	}
	l.end.score, l.end.i, l.end.j = l.end.known, 0, 0
	if l.done = l.end.known == 0; l.done {
		return true
	}
	l.end.i, l.panel, ok = m.End(l.number, l.end.known)
	return ok
}

// find looks for the column of a local alignment's end, which is in the panel.
func (l *lane) find(m *kernel.Matrix, c *costs) (ok bool) {
	l.element = l.end.score + m.Zero
	h := m.Zero
	if m.From > 0 {
		h, _ = m.Edge(l.number, l.end.i)
	}
	at := m.Index(l.number, l.end.i, m.From+1)
	for j := m.From + 1; j <= min(m.To, len(l.target)); j++ {
		if h = exact(m.Cells[at], h, c.least); h == l.element {
			l.i, l.j = l.end.i, j
			l.end.j = j
			return true
		}
		at += m.Left[j&3]
	}
	return false
}

// back reads the path back through the current panel, the panels coming from right to left. ok is false where there is no way back, as for a local
// alignment whose score is not the best.
func (l *lane) back(m *kernel.Matrix, c *costs) (ok bool) {
	cells, up, left := m.Cells, m.Up, &m.Left
	for {
		if l.run > 0 {
			switch l.alongRow(m, c) {
			case further:
				return true
			case nowhere:
				return false
			}
		}
		if l.i == 0 || l.j == 0 || c.local && l.element == m.Zero {
			l.done = true
			return true
		}
		if l.j <= m.From {
			return true
		}
		i, j, h := l.i, l.j, l.element
		at, phase := m.Index(l.number, i, j), (j-1)&3
		for i > 1 && j > m.From+1 && !(c.local && h == m.Zero) {
			before := h - c.pair[l.query[i-1]&(scoring.MaxCodes-1)][l.target[j-1]&(scoring.MaxCodes-1)]
			next := at - up - left[phase]
			if cells[next] != byte(before) {
				break
			}
			h, at, phase = before, next, (phase-1)&3
			i--
			j--
		}
		l.add(Match, l.i-i)
		l.i, l.j, l.element = i, j, h
		if c.local && h == m.Zero {
			continue
		}
		if i == 1 || j == m.From+1 {
			before := h - c.pair[l.query[i-1]&(scoring.MaxCodes-1)][l.target[j-1]&(scoring.MaxCodes-1)]
			if l.corner(m) == before {
				l.add(Match, 1)
				l.i, l.j, l.element = i-1, j-1, before
				continue
			}
		}
		l.last, l.opening = h, h+c.first
		switch l.alongRow(m, c) {
		case further:
			return true
		case nowhere:
			if !l.upColumn(m, c) {
				return false
			}
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

// What alongRow finds.
const (
	here    = iota // a run's start
	further        // there is one before the panel
	nowhere        // there is none
)

// alongRow looks for the shortest run of target residues against a gap that ends in the current cell, l.run of which it has looked at before.
func (l *lane) alongRow(m *kernel.Matrix, c *costs) int {
	column := l.j - l.run - 1
	if column > m.From {
		cells, left := m.Cells, &m.Left
		at, phase := m.Index(l.number, l.i, column), (column-1)&3
		h, opening := l.last, l.opening
		for {
			if h = exact(cells[at], h, c.leastNext); h == opening {
				l.opened(l.j-column, opening)
				return here
			}
			opening += c.extend
			if column--; column == m.From {
				break
			}
			at -= left[phase]
			phase = (phase - 1) & 3
		}
		l.last, l.opening = h, opening
	}
	if m.From == 0 {
		if m.Border(l.i, 0) == l.opening {
			l.opened(l.j, l.opening)
			return here
		}
		l.run = 0
		return nowhere
	}
	h, gap := m.Edge(l.number, l.i)
	if gap-int32(l.j-m.From-1)*c.extend != l.element {
		l.run = 0
		return nowhere
	}
	if h == l.opening {
		l.opened(l.j-m.From, h)
		return here
	}
	l.last, l.opening, l.run = h, l.opening+c.extend, l.j-m.From
	return further
}

// opened takes a run of target residues that was found, and the element before it.
func (l *lane) opened(k int, element int32) {
	l.add(Delete, k)
	l.j -= k
	l.element = element
	l.run = 0
}

// upColumn looks for the shortest run of query residues against a gap that ends in the current cell.
func (l *lane) upColumn(m *kernel.Matrix, c *costs) bool {
	h, opening := l.element, l.element+c.first
	at := m.Index(l.number, l.i, l.j)
	for i := l.i - 1; i > 0; i-- {
		at -= m.Up
		if h = exact(m.Cells[at], h, c.leastNext); h == opening {
			l.add(Insert, l.i-i)
			l.i, l.element = i, opening
			return true
		}
		opening += c.extend
	}
	if m.Border(0, l.j) != opening {
		return false
	}
	l.add(Insert, l.i)
	l.i, l.element = 0, opening
	return true
}
