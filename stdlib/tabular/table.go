package tabular

import (
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/textio"
)

// lines is a sink of one line a row.
type lines struct {
	textio.Sink
	// row appends the line of row i.
	row func(dst []byte, cols []*batch.Vector, i int) []byte
	buf []byte
}

// lineBytes is what is formatted before it is handed on.
const lineBytes = 64 << 10

func (l *lines) Data(_ int, b *batch.Batch, _ op.Output) error {
	n := b.Len()
	for k := range n {
		l.buf = l.row(l.buf, b.Cols, b.Pos(k))
		if len(l.buf) >= lineBytes || k == n-1 {
			if _, err := l.Write(l.buf); err != nil {
				return err
			}
			l.buf = l.buf[:0]
		}
	}
	if l.Path == "-" { // what is at the other end should not wait
		return l.Flush()
	}
	return nil
}
