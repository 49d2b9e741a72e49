package trace

// checkpointCells is how many scores may be kept in checkpoints, 64 MiB, as long as that makes minMarks of them.
const (
	checkpointCells = 16 << 20
	minMarks        = 16
)

// alignLong aligns sequences of which not all rows can be kept, from row 0 on, which is there.
func (a *Aligner) alignLong(end *end, ops []Op) {
	start := a.mark()
	marks := a.advance(len(a.query), end)
	a.walk.begin(end, ops)
	a.readMarks(start, marks)
	a.release(start)
}

// readMarks reads the path back to row from.row by way of checkpoints after it, and releases those.
func (a *Aligner) readMarks(from checkpoint, marks []checkpoint) {
	for k := len(marks) - 1; k >= 0; k-- {
		a.readStretch(marks[k])
		a.release(marks[k])
	}
	a.readStretch(from)
}

// readStretch reads the path back from where it is to row from.row. Columns after the path's cannot matter any more.
func (a *Aligner) readStretch(from checkpoint) {
	w := &a.walk
	if w.done || w.i <= from.row || w.j == 0 {
		return
	}
	width := w.j + 1
	a.now.row = from.row
	a.now.h = append(a.now.h[:0], from.h[:width]...)
	a.now.e = append(a.now.e[:0], from.e[:width-1]...)
	if w.i-from.row+1 > a.keptRows(width) {
		a.readMarks(from, a.advance(w.i, nil))
		return
	}
	a.keep(w.i, nil)
	a.readBack(from.row, width)
}

// advance computes the rows up to row hi, and returns evenly spaced checkpoints between the current one and that one.
func (a *Aligner) advance(hi int, end *end) []checkpoint {
	width := len(a.now.h)
	most := max(a.checkpointCells/(2*width), minMarks)
	block := a.keptRows(width) - 1
	blocks := (hi - a.now.row + block - 1) / block
	spacing := (blocks + most) / (most + 1) * block

	from := a.now.row
	marks := make([]checkpoint, 0, (hi-from)/spacing)
	for a.now.row < hi && !end.found() {
		a.next(end)
		if (a.now.row-from)%spacing == 0 && a.now.row < hi {
			marks = append(marks, a.mark())
		}
	}
	return marks
}

// mark is a copy of the current row.
func (a *Aligner) mark() checkpoint {
	var c checkpoint
	if last := len(a.spare) - 1; last >= 0 {
		c = a.spare[last]
		a.spare = a.spare[:last]
	}
	c.row = a.now.row
	c.h = append(c.h[:0], a.now.h...)
	c.e = append(c.e[:0], a.now.e...)
	return c
}

// release gives a checkpoint's memory back for the next one.
func (a *Aligner) release(c checkpoint) { a.spare = append(a.spare, c) }
