package trace

// checkpointCells is how many scores may be kept in checkpoints, 64 MiB, as long as that makes minMarks of them.
const (
	checkpointCells = 16 << 20
	minMarks        = 16
)

// checkpoint is all that the rows after row depend on: its scores and, by column, the best scores that end in a gap
// against the next row's residue.
type checkpoint struct {
	row  int
	h, e []int32
}

// alignLong aligns sequences of which not all rows can be kept.
func (a *Aligner) alignLong(end *end, ops []Op) {
	width := len(a.target)
	a.e = resize(a.e, width)
	start := a.take(width)
	start.row = 0
	a.firstRow(start.h)
	copy(start.e, a.e)
	marks := a.advance(start, len(a.query), width, end)
	a.walk.begin(end, ops)
	a.readMarks(start, marks)
	a.release(start)
}

// readStretch reads the path back from where it is to row from.row.
func (a *Aligner) readStretch(from checkpoint) {
	w := &a.walk
	if w.done || w.i <= from.row || w.j == 0 {
		return
	}
	kept := a.keptRows(w.j + 1)
	if w.i-from.row+1 > kept {
		a.readMarks(from, a.advance(from, w.i, w.j, nil))
		return
	}
	h := a.rows(w.i-from.row+1, w.j+1)
	copy(h, from.h[:w.j+1])
	copy(a.e, from.e[:w.j])
	width := w.j + 1
	a.fill(from.row, w.i, w.j, h, nil)
	a.readBack(from.row, h, width)
}

// readMarks reads the path back to row from.row by way of checkpoints after it, and releases those.
func (a *Aligner) readMarks(from checkpoint, marks []checkpoint) {
	for k := len(marks) - 1; k >= 0; k-- {
		a.readStretch(marks[k])
		a.release(marks[k])
	}
	a.readStretch(from)
}

// advance computes the rows after from up to row hi, for the columns up to width, and returns evenly spaced checkpoints
// of them, the last one before row hi.
func (a *Aligner) advance(from checkpoint, hi, width int, end *end) []checkpoint {
	rows := hi - from.row
	most := max(a.checkpointCells/(2*width+1), minMarks)
	block := a.keptRows(width+1) - 1
	blocks := (rows + block - 1) / block
	spacing := (blocks + most) / (most + 1) * block

	marks := make([]checkpoint, 0, rows/spacing)
	a.h = resize(a.h, 2*(width+1))
	previous, current := a.h[:width+1], a.h[width+1:]
	copy(previous, from.h)
	a.e = resize(a.e, width)
	copy(a.e, from.e)
	if end != nil {
		end.row(from.row, previous, 0)
	}
	for i := from.row + 1; i <= hi; i++ {
		best := a.row(i, previous, current, a.e)
		if end != nil {
			end.row(i, current, best)
		}
		previous, current = current, previous
		if (i-from.row)%spacing == 0 && i < hi {
			mark := a.take(width)
			mark.row = i
			copy(mark.h, previous)
			copy(mark.e, a.e)
			marks = append(marks, mark)
		}
	}
	return marks
}

// take is a checkpoint with room for a width, and any content.
func (a *Aligner) take(width int) checkpoint {
	var c checkpoint
	if last := len(a.spare) - 1; last >= 0 {
		c = a.spare[last]
		a.spare = a.spare[:last]
	}
	c.h = resize(c.h, width+1)
	c.e = resize(c.e, width)
	return c
}

// release gives a checkpoint's memory back for the next one.
func (a *Aligner) release(c checkpoint) { a.spare = append(a.spare, c) }
