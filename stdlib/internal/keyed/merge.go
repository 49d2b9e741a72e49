package keyed

import (
	"bytes"
	"container/heap"
	"errors"

	"weir/runtime/batch"
)

// merger reads runs side by side, in the order of their keys.
type merger struct {
	cursors []*cursor // those that have rows, a heap by key
	same    []*cursor // those that have had the present key
	key     []byte
}

func (s *State) newMerger(runs []*run) (*merger, error) {
	m := &merger{}
	for _, r := range runs {
		c, err := r.open(&s.spec)
		if err != nil {
			return nil, errors.Join(err, m.close())
		}
		m.push(c)
	}
	return m, nil
}

func (m *merger) close() error {
	var errs []error
	for _, c := range append(m.cursors, m.same...) {
		errs = append(errs, c.f.Close())
	}
	m.cursors, m.same = nil, nil
	return errors.Join(errs...)
}

// push takes a cursor in that stands at a group, or closes it at its end.
func (m *merger) push(c *cursor) {
	if c.ended() {
		c.f.Close() //nolint:errcheck // it was only read
		return
	}
	heap.Push((*byKey)(m), c)
}

type byKey merger

func (h *byKey) Len() int { return len(h.cursors) }
func (h *byKey) Less(i, j int) bool {
	a, b := h.cursors[i], h.cursors[j]
	return bytes.Compare(a.key(a.i), b.key(b.i)) < 0
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
			if _, err := c.next(); err != nil {
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
	for len(m.same) > 0 {
		c := m.same[len(m.same)-1]
		m.same = m.same[:len(m.same)-1]
		if !c.ended() && c.entries.part(c.i) != 0 {
			m.same = append(m.same, c)
			return false, c.damaged(batch.ErrFrame)
		}
		if err := c.skip(); err != nil {
			m.same = append(m.same, c)
			return false, err
		}
		m.push(c)
	}
	return true, nil
}

// compact makes one run of all of a store's.
func (s *State) compact(t *store) error {
	m, err := s.newMerger(t.runs)
	if err != nil {
		return err
	}
	w, err := s.newRun()
	if err != nil {
		return errors.Join(err, m.close())
	}
	var ord []uint64
	ordinals := func(e entries, i int) []uint64 {
		ord = ord[:0]
		for _, level := range e.Ord {
			ord = append(ord, level[i])
		}
		return ord
	}
	p, err := newPart(&s.spec)
	for ok := err == nil; ok; {
		ok, err = m.each(s.streaming, func(e entries, i int) error {
			return w.row(t.window, 0, e.key(i), e.state(i), ordinals(e, i))
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
	}
	r, err := w.finish(s, t.window, errors.Join(err, m.close()))
	if err != nil {
		return err
	}
	old := t.runs
	t.runs = []*run{r}
	for _, r := range old {
		err = errors.Join(err, r.remove())
	}
	return err
}
