package keyed

import (
	"encoding/binary"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// Groups leave memory as rows. A group is one row or several that follow each other, with its key, its ordinals and the state of its accumulators;
// behind them, for each Streaming accumulator, the rows of its pieces, whose part is the accumulator's number + 1 and whose key is empty.
var entryRow = types.Row{
	{Name: types.WindowStart, Type: types.Of(types.Timestamp)},
	{Name: types.WindowEnd, Type: types.Of(types.Timestamp)},
	{Name: "part", Type: types.Of(types.Int)},
	{Name: "key", Type: types.Of(types.Bytes)},
	{Name: "state", Type: types.Of(types.Bytes)},
}

// The columns of entryRow.
const (
	startColumn = iota
	endColumn
	partColumn
	keyColumn
	stateColumn
)

// entryWriter makes batches of groups.
type entryWriter struct {
	size  int // of a batch, about, in bytes
	flush func(b *batch.Batch) error

	n          int
	start, end []int64
	part       []int64
	key, state *batch.Builder
	ord        [][]uint64
	bytes      int
	blob       []byte
}

func (w *entryWriter) row(win Window, part int64, key, state []byte, ord []uint64) error {
	if w.n == 0 {
		w.key, w.state = batch.NewBuilder(types.Of(types.Bytes), 0), batch.NewBuilder(types.Of(types.Bytes), 0)
		w.ord = make([][]uint64, len(ord))
	}
	w.start, w.end, w.part = append(w.start, win.Start), append(w.end, win.End), append(w.part, part)
	w.key.Bytes(key)
	w.state.Bytes(state)
	for level := range w.ord {
		w.ord[level] = append(w.ord[level], ord[level])
	}
	w.n++
	w.bytes += 8 + len(key) + len(state) + 8*len(ord)
	if w.bytes < w.size {
		return nil
	}
	return w.done()
}

// done writes the rows so far.
func (w *entryWriter) done() error {
	if w.n == 0 {
		return nil
	}
	b := &batch.Batch{Row: entryRow, N: w.n, Ord: w.ord, Cols: []*batch.Vector{
		packed(entryRow[startColumn].Type, w.start), packed(entryRow[endColumn].Type, w.end),
		packed(entryRow[partColumn].Type, w.part), w.key.Done(), w.state.Done()}}
	w.n, w.bytes, w.start, w.end, w.part = 0, 0, nil, nil, nil
	return w.flush(b)
}

// packed makes a vector of ints: a dictionary where they are all the same.
func packed(t types.Type, xs []int64) *batch.Vector {
	for _, x := range xs {
		if x != xs[0] {
			return &batch.Vector{Type: t, N: len(xs), Ints: xs}
		}
	}
	return batch.Repeat(t, xs[0], len(xs))
}

// group writes a group of a part.
func (w *entryWriter) group(win Window, p *part, g uint32) error {
	return w.put(win, p.key(g), p.ord[int(g)*p.levels:(int(g)+1)*p.levels], p.accs, int(g))
}

// put writes the group of a key that has number g in the accumulators.
func (w *entryWriter) put(win Window, key []byte, ord []uint64, accs []op.Accumulator, g int) error {
	w.blob = w.blob[:0]
	for _, a := range accs {
		at := len(w.blob)
		w.blob = append(w.blob, 0, 0, 0, 0)
		if s, ok := a.(Streaming); ok {
			w.blob = binary.AppendVarint(w.blob, s.Values(g))
		} else {
			w.blob = a.MarshalGroup(w.blob, g)
		}
		binary.LittleEndian.PutUint32(w.blob[at:], uint32(len(w.blob)-at-4))
	}
	if err := w.row(win, 0, key, w.blob, ord); err != nil {
		return err
	}
	for i, a := range accs {
		s, ok := a.(Streaming)
		if !ok {
			continue
		}
		if err := s.Pieces(g, func(piece []byte) error { return w.row(win, int64(i+1), nil, piece, ord) }); err != nil {
			return err
		}
	}
	return nil
}

// frames lets an entryWriter give frames.
func frames(give func(frame []byte) error) func(*batch.Batch) error {
	var buf []byte
	return func(b *batch.Batch) (err error) {
		if buf, err = batch.AppendFrame(buf[:0], b); err != nil {
			return err
		}
		return give(buf)
	}
}

// entries is rows of groups.
type entries struct{ *batch.Batch }

// readEntries takes a frame apart.
func readEntries(frame []byte) (e entries, rest []byte, err error) {
	b, rest, err := batch.DecodeFrame(frame)
	if err != nil {
		return entries{}, nil, errState
	}
	e, err = asEntries(b)
	return e, rest, err
}

func asEntries(b *batch.Batch) (entries, error) {
	if !b.Row.Equal(entryRow) {
		return entries{}, errState
	}
	return entries{b}, nil
}

func (e entries) window(i int) Window {
	return Window{e.Cols[startColumn].Int(i), e.Cols[endColumn].Int(i)}
}
func (e entries) part(i int) int64   { return e.Cols[partColumn].Int(i) }
func (e entries) key(i int) []byte   { return e.Cols[keyColumn].Bytes(i) }
func (e entries) state(i int) []byte { return e.Cols[stateColumn].Bytes(i) }

// pile is a part whose groups are loaded from entries, one after the other, before another part absorbs them.
type pile struct{ *part }

func newPile(s *Spec) (pile, error) {
	p, err := newPart(s)
	return pile{p}, err
}

// load takes in the group of a row. counts, by accumulator, gets what Streaming.Values said, where it is not nil.
func (p pile) load(e entries, i int, counts []int64) error {
	g := p.append(e.key(i), e.Ord, i)
	blob := e.state(i)
	for k, a := range p.accs {
		if len(blob) < 4 {
			return errState
		}
		n := binary.LittleEndian.Uint32(blob)
		if uint64(n) > uint64(len(blob)-4) {
			return errState
		}
		state := blob[4 : 4+n]
		blob = blob[4+n:]
		if _, ok := a.(Streaming); ok {
			x, used := binary.Varint(state)
			if used != len(state) || x < 0 {
				return errState
			}
			if counts != nil {
				counts[k] += x
			}
			continue
		}
		if err := a.UnmarshalGroup(state, g); err != nil {
			return err
		}
	}
	if len(blob) > 0 {
		return errState
	}
	return nil
}

// piece takes a piece into the group that was loaded last.
func (p pile) piece(part int64, piece []byte) error {
	if part < 1 || part > int64(len(p.accs)) || p.len() == 0 {
		return errState
	}
	s, ok := p.accs[part-1].(Streaming)
	if !ok {
		return errState
	}
	return s.AddPiece(p.len()-1, piece)
}

// into lets another part take in all groups.
func (p pile) into(q *part) error { return q.absorb(p.part) }

var _ op.Accumulator = Streaming(nil)
