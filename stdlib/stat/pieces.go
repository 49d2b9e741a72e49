package stat

import (
	"weir/stdlib/internal/keyed"
)

// pieceBytes is about how large a piece of a group's values is.
const pieceBytes = 32 << 10

// form is how values of a type stand in a piece, one after the other.
type form[T any] struct {
	append  func(dst []byte, x T) []byte
	parse   func(r *reader) T // may refer to the reader's bytes
	compare func(x, y T) int
	set     bool // equal values are one
}

// cut calls f with pieces of sorted values.
func (m *form[T]) cut(xs []T, f func([]byte) error) error {
	var buf []byte
	for i, x := range xs {
		if buf = m.append(buf, x); len(buf) < pieceBytes && i+1 < len(xs) {
			continue
		}
		if err := f(buf); err != nil {
			return err
		}
		buf = buf[:0]
	}
	return nil
}

// source is a sequence of pieces that is being merged, at its present value.
type source[T any] struct {
	next keyed.PieceReader
	r    reader
	x    T
}

// advance goes to the next value; false at the end.
func (m *form[T]) advance(s *source[T]) (bool, error) {
	for len(s.r.b) == 0 {
		piece, err := s.next()
		if err != nil || piece == nil {
			return false, err
		}
		s.r.b = piece
	}
	s.x = m.parse(&s.r)
	if s.r.bad {
		return false, errState
	}
	return true, nil
}

// merge makes one sequence of several.
func (m *form[T]) merge(seqs []keyed.PieceReader) keyed.PieceReader {
	if len(seqs) == 1 {
		return seqs[0]
	}
	var heap []*source[T]
	less := func(i, j int) bool { return m.compare(heap[i].x, heap[j].x) < 0 }
	down := func(i int) {
		for {
			least := i
			for c := 2*i + 1; c <= 2*i+2 && c < len(heap); c++ {
				if less(c, least) {
					least = c
				}
			}
			if least == i {
				return
			}
			heap[i], heap[least] = heap[least], heap[i]
			i = least
		}
	}
	begun := false
	var buf, last []byte
	return func() ([]byte, error) {
		if !begun {
			begun = true
			for _, next := range seqs {
				s := &source[T]{next: next}
				switch ok, err := m.advance(s); {
				case err != nil:
					return nil, err
				case ok:
					heap = append(heap, s)
				}
			}
			for i := len(heap) - 1; i >= 0; i-- {
				down(i)
			}
		}
		buf = buf[:0]
		for len(heap) > 0 && len(buf) < pieceBytes {
			top := heap[0]
			from := len(buf)
			buf = m.append(buf, top.x)
			if m.set {
				if x := buf[from:]; last != nil && string(last) == string(x) {
					buf = buf[:from]
				} else {
					last = append(last[:0], x...)
				}
			}
			ok, err := m.advance(top)
			if err != nil {
				return nil, err
			}
			if !ok {
				heap[0] = heap[len(heap)-1]
				heap = heap[:len(heap)-1]
			}
			down(0)
		}
		if len(buf) == 0 {
			return nil, nil
		}
		return buf, nil
	}
}

// each calls f with every value of a sequence.
func (m *form[T]) each(next keyed.PieceReader, f func(x T)) error {
	s := &source[T]{next: next}
	for {
		ok, err := m.advance(s)
		if err != nil || !ok {
			return err
		}
		f(s.x)
	}
}
