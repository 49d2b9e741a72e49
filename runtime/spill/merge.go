package spill

import (
	"weir/compiler/types"
	"weir/runtime/batch"
)

// Compare orders two rows of batches of the same columns, by their positions: less than 0 where the first one comes first.
type Compare func(a *batch.Batch, i int, b *batch.Batch, j int) int

// Merge gives the rows of sorted sequences in order, rows that are equal in the order of the sequences, in batches of about chunk bytes.
// It holds one batch of each sequence.
func Merge(row types.Row, from []Sequence, compare Compare, chunk int64, emit func(*batch.Batch) error) error {
	m := &merger{row: row, compare: compare, chunk: chunk, emit: emit}
	for _, s := range from {
		b, err := next(s)
		if err != nil {
			return err
		}
		if b != nil {
			m.heads = append(m.heads, head{seq: s, number: len(m.heads), b: b, mean: meanHeld(b)})
		}
	}
	return m.run()
}

// next gives the next batch that has rows.
func next(s Sequence) (*batch.Batch, error) {
	for {
		b, err := s.Next()
		if err != nil || b == nil || b.N > 0 {
			return b, err
		}
	}
}

// head is the row at which a sequence stands.
type head struct {
	seq    Sequence
	number int
	b      *batch.Batch
	row    int
	slot   uint32 // the batch's number in merger.used, if it has one
	used   bool
	mean   int64 // bytes of a row of b: the rows that wait to be given out keep alive what they are in anyway
}

func meanHeld(b *batch.Batch) int64 { return 1 + int64(b.Bytes()/b.N) }

type merger struct {
	row     types.Row
	compare Compare
	chunk   int64
	emit    func(*batch.Batch) error

	heads []head         // a heap
	used  []*batch.Batch // of the rows that wait to be given out
	at    []Place
	bytes int64
}

func (m *merger) run() error {
	for i := len(m.heads)/2 - 1; i >= 0; i-- {
		m.sink(i)
	}
	for len(m.heads) > 0 {
		h := &m.heads[0]
		if len(m.heads) == 1 && h.row == 0 && len(m.at) == 0 {
			return m.rest(h)
		}
		if !h.used {
			h.slot, h.used = uint32(len(m.used)), true
			m.used = append(m.used, h.b)
		}
		m.at = append(m.at, Place{h.slot, uint32(h.row)})
		m.bytes += h.mean
		if h.row++; h.row == h.b.N {
			b, err := next(h.seq)
			if err != nil {
				return err
			}
			if b != nil {
				h.b, h.row, h.used, h.mean = b, 0, false, meanHeld(b)
			} else {
				*h = m.heads[len(m.heads)-1]
				m.heads = m.heads[:len(m.heads)-1]
			}
		}
		if len(m.at) == Rows || m.bytes >= m.chunk || len(m.heads) == 0 {
			if err := m.flush(); err != nil {
				return err
			}
		}
		m.sink(0)
	}
	return nil
}

// flush gives out the rows that wait.
func (m *merger) flush() error {
	err := m.emit(Gather(m.row, m.used, m.at))
	clear(m.used)
	m.used, m.at, m.bytes = m.used[:0], m.at[:0], 0
	for i := range m.heads {
		m.heads[i].used = false
	}
	return err
}

// rest gives out the last sequence as it is.
func (m *merger) rest(h *head) error {
	if err := m.emit(h.b); err != nil {
		return err
	}
	return each(h.seq, m.emit)
}

func (m *merger) less(a, b *head) bool {
	if c := m.compare(a.b, a.row, b.b, b.row); c != 0 {
		return c < 0
	}
	return a.number < b.number
}

// sink lets a head go down to its place in the heap.
func (m *merger) sink(i int) {
	for {
		least := i
		for k := 2*i + 1; k <= 2*i+2 && k < len(m.heads); k++ {
			if m.less(&m.heads[k], &m.heads[least]) {
				least = k
			}
		}
		if least == i {
			return
		}
		m.heads[i], m.heads[least] = m.heads[least], m.heads[i]
		i = least
	}
}
