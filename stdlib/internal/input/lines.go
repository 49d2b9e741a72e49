package input

import (
	"bytes"
	"io"
)

// Lines cuts a stream into lines, which end with LF, CR LF or CR. A line that is longer than a window comes in pieces,
// so that no line can exhaust the memory. A UTF-8 byte-order mark at the start is passed over.
type Lines struct {
	w      *Window
	pos    int  // of the next byte, in w.Data
	lf     int  // of the next LF at or behind pos; len(w.Data) where there is none, -1 where not known
	skipLF bool // the last line ended with CR
	bom    bool // the start has been looked at
	again  bool
	piece  Piece
	number int64
}

// Piece is a line, or a part of a long one. Text is valid until the next call of Next.
type Piece struct {
	Text       []byte
	Line       int64 // from 1
	Byte       int64 // of Text[0], in the unpacked stream
	Begin, End bool  // whether the line begins, and ends, with this piece
}

// NewLines makes lines of a stream. before is called before every read that may have to wait.
func NewLines(s *Stream, before func() error) *Lines {
	l := LinesOf(s)
	l.w.eager, l.w.before = s.Eager(), before
	return l
}

// LinesOf makes lines of a reader that waits for nobody.
func LinesOf(r io.Reader) *Lines {
	return &Lines{w: &Window{r: r, eager: true, reuse: true}, lf: -1, piece: Piece{End: true}}
}

// Unread makes the next call of Next give the same piece again.
func (l *Lines) Unread() { l.again = true }

// Next gives the next piece; ok is false at the end of the stream.
func (l *Lines) Next() (p *Piece, ok bool, err error) {
	if l.again {
		l.again = false
		return &l.piece, true, nil
	}
	for {
		if !l.bom {
			for len(l.w.Data) < 3 && !l.w.EOF && bytes.HasPrefix([]byte("\ufeff"), l.w.Data) {
				if err := l.w.More(0); err != nil {
					return nil, false, err
				}
			}
			if bytes.HasPrefix(l.w.Data, []byte("\ufeff")) {
				l.pos = 3
			}
			l.bom = true
		}
		rest := l.w.Data[l.pos:]
		if l.skipLF && len(rest) > 0 {
			l.skipLF = false
			if rest[0] == '\n' {
				l.pos++
				rest = rest[1:]
			}
		}
		if l.lf < l.pos {
			if i := bytes.IndexByte(rest, '\n'); i >= 0 {
				l.lf = l.pos + i
			} else {
				l.lf = len(l.w.Data)
			}
		}
		if i := bytes.IndexByte(l.w.Data[l.pos:l.lf], '\r'); i >= 0 {
			l.give(i, true)
			l.pos += i + 1
			l.skipLF = true
			return &l.piece, true, nil
		}
		if l.lf < len(l.w.Data) {
			n := l.lf - l.pos
			l.give(n, true)
			l.pos = l.lf + 1
			return &l.piece, true, nil
		}
		if l.w.EOF {
			if len(rest) == 0 {
				return nil, false, nil
			}
			l.give(len(rest), true)
			l.pos = len(l.w.Data)
			return &l.piece, true, nil
		}
		if len(rest) >= BlockSize {
			l.give(len(rest), false)
			l.pos = len(l.w.Data)
			return &l.piece, true, nil
		}
		used := l.pos
		l.pos, l.lf = 0, -1
		if err := l.w.More(used); err != nil {
			return nil, false, err
		}
	}
}

// give makes the next n bytes the piece.
func (l *Lines) give(n int, end bool) {
	begin := l.piece.End
	if begin {
		l.number++
	}
	l.piece = Piece{Text: l.w.Data[l.pos : l.pos+n], Line: l.number, Byte: l.w.Offset + int64(l.pos), Begin: begin, End: end}
}
