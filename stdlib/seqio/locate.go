package seqio

import (
	"context"
	"io"
	"math"

	"weir/runtime/op"
	"weir/stdlib/internal/input"
)

// locator finds out where in its file a record stands that was read in a range: for that it reads the file from its beginning up to the first such record, once.
type locator struct {
	ctx  op.Context
	part input.Part

	known          bool
	records, lines int64 // of the file before what the range counts
}

// locate makes number and lines of a record those of the file.
func (l *locator) locate(r *record) error {
	if !l.known {
		p := newParser(newAlphabet(0), false, false, func(*record) error { return nil })
		whole := l.part
		whole.From, whole.To = 0, math.MaxInt64
		in, err := input.Open(l.ctx.Context(), l.ctx.Storage(), whole)
		if err != nil {
			return err
		}
		in.Expect(r.offset)
		err = parseFasta(io.LimitReader(in, r.offset), p, func() error { return context.Cause(l.ctx.Context()) })
		_ = in.Close() // read only: nothing is lost
		if err != nil {
			return err
		}
		l.known, l.records, l.lines = true, p.rec.number+1-r.number, p.line-r.line
	}
	r.number, r.line, r.reasonLine = r.number+l.records, r.line+l.lines, r.reasonLine+l.lines
	return nil
}
