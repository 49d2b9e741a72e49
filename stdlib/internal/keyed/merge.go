package keyed

import (
	"bytes"
	"container/heap"
	"errors"
)

// merger reads runs side by side, in the order of their keys.
type merger struct {
	cursors []*cursor // those that have rows, a heap by key and start
	same    []*cursor // those that have had the present key
	key     []byte
}

// merge begins to read runs side by side.
func (x *files) merge(runs []*run) (*merger, error) {
	m := &merger{}
	for _, r := range runs {
		c, err := r.read(x.spec)
		if err != nil {
			return nil, err
		}
		m.push(c)
	}
	return m, nil
}

// push takes a cursor in that stands at a group, or at its end.
func (m *merger) push(c *cursor) {
	if !c.ended() {
		heap.Push((*byKey)(m), c)
	}
}

type byKey merger

func (h *byKey) Len() int { return len(h.cursors) }
func (h *byKey) Less(i, j int) bool {
	a, b := h.cursors[i], h.cursors[j]
	if c := bytes.Compare(a.key(a.i), b.key(b.i)); c != 0 {
		return c < 0
	}
	return a.Cols[startColumn].Int(a.i) < b.Cols[startColumn].Int(b.i) // of sessions
}
func (h *byKey) Swap(i, j int) { h.cursors[i], h.cursors[j] = h.cursors[j], h.cursors[i] }
func (h *byKey) Push(x any)    { h.cursors = append(h.cursors, x.(*cursor)) }
func (h *byKey) Pop() any {
	c := h.cursors[len(h.cursors)-1]
	h.cursors = h.cursors[:len(h.cursors)-1]
	return c
}

// each calls group for every row that has a group with the next key, and then pieces for each Streaming accumulator with the sequences of its pieces, which it
// reads to their ends. ok is false where there is no further key.
func (m *merger) each(streaming []int, group func(e entries, i int) error, pieces func(k int, seqs []PieceReader) error) (ok bool, err error) {
	if len(m.cursors) == 0 {
		return false, nil
	}
	first := m.cursors[0]
	m.key = append(m.key[:0], first.key(first.i)...)
	for len(m.cursors) > 0 && bytes.Equal(m.cursors[0].key(m.cursors[0].i), m.key) {
		c := heap.Pop((*byKey)(m)).(*cursor)
		m.same = append(m.same, c)
		for !c.ended() && c.entries.part(c.i) == 0 && bytes.Equal(c.key(c.i), m.key) {
			if err := group(c.entries, c.i); err != nil {
				return false, err
			}
			if err := c.next(); err != nil {
				return false, err
			}
		}
	}
	for _, k := range streaming {
		seqs := make([]PieceReader, len(m.same))
		for i, c := range m.same {
			seqs[i] = c.pieces(int64(k + 1))
		}
		if err := pieces(k, seqs); err != nil {
			return false, err
		}
	}
	for _, c := range m.same {
		if !c.ended() && c.entries.part(c.i) != 0 {
			return false, damaged(errOrder)
		}
		if err := c.skip(); err != nil {
			return false, err
		}
		m.push(c)
	}
	m.same = m.same[:0]
	return true, nil
}

// compact makes one run of all of a store's.
func (s *State) compact(t *store) error {
	m, err := s.files.merge(t.runs)
	if err != nil {
		return err
	}
	p, err := newPart(&s.spec)
	if err != nil {
		return err
	}
	r, err := s.files.write(t.window, func(w *entryWriter) error {
		var ord []uint64
		for {
			ok, err := m.each(s.streaming, func(e entries, i int) error {
				ord = ord[:0]
				for _, level := range e.Ord {
					ord = append(ord, level[i])
				}
				return w.row(t.window, 0, e.key(i), e.state(i), ord)
			}, func(k int, seqs []PieceReader) error {
				next := p.accs[k].(Streaming).MergePieces(seqs)
				for {
					piece, err := next()
					if piece == nil || err != nil {
						return err
					}
					if err := w.row(t.window, int64(k+1), nil, piece, ord); err != nil {
						return err
					}
				}
			})
			if !ok || err != nil {
				return err
			}
		}
	})
	if err != nil {
		return err
	}
	old := t.runs
	t.runs = []*run{r}
	return closeRuns(old)
}

func closeRuns(runs []*run) error {
	var errs []error
	for _, r := range runs {
		errs = append(errs, r.file.Close())
	}
	return errors.Join(errs...)
}
