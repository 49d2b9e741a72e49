package keyed

import (
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// blockRows is how many groups a Block has at most.
const blockRows = 4096

// Block is finished groups, in the order of their keys.
type Block struct {
	N int

	window  Window
	windows []Window // by group, where they have windows of their own
	keys    [][]byte // by group, where the parts do not have them
	refs    []ref
	parts   []*part
	done    []*batch.Vector // results of Streaming accumulators of groups that come from files; nil for the others
}

func (b *Block) at(i int) (*part, uint32) {
	r := b.refs[i]
	return b.parts[r.shard], r.group
}

// Window gives the window of a group.
func (b *Block) Window(i int) Window {
	if b.windows != nil {
		return b.windows[i]
	}
	return b.window
}

// Key gives the key of a group.
func (b *Block) Key(i int) []byte {
	if b.keys != nil {
		return b.keys[i]
	}
	p, g := b.at(i)
	return p.key(g)
}

// Keys gives the values that the keys of groups were made of.
func (b *Block) Keys(ts []types.Type, groups []uint32) ([]*batch.Vector, error) {
	builders := make([]*batch.Builder, len(ts))
	for i, t := range ts {
		builders[i] = batch.NewBuilder(t, len(groups))
	}
	for _, i := range groups {
		if !AppendValues(builders, ts, b.Key(int(i))) {
			return nil, errState
		}
	}
	out := make([]*batch.Vector, len(ts))
	for i, x := range builders {
		out[i] = x.Done()
	}
	return out, nil
}

// Ordinals gives the least ordinals of groups, as a batch has them.
func (b *Block) Ordinals(groups []uint32) [][]uint64 {
	if b.N == 0 {
		return nil
	}
	first, _ := b.at(0)
	out := make([][]uint64, first.levels)
	for level := range out {
		out[level] = make([]uint64, len(groups))
		for k, i := range groups {
			p, g := b.at(int(i))
			if level < p.levels {
				out[level][k] = p.ord[int(g)*p.levels+level]
			}
		}
	}
	return out
}

// Results gives the results of an accumulator for groups that have one.
func (b *Block) Results(acc int, t types.Type, groups []uint32) *batch.Vector {
	if b.done != nil && b.done[acc] != nil {
		return b.done[acc].Take(groups)
	}
	out := batch.NewBuilder(t, len(groups))
	for _, i := range groups {
		p, g := b.at(int(i))
		p.accs[acc].Append(out, int(g))
	}
	return out.Done()
}

// Accumulator gives an accumulator and the number that a group has there; it must not be a Streaming one.
func (b *Block) Accumulator(acc, group int) (op.Accumulator, int) {
	p, g := b.at(group)
	return p.accs[acc], int(g)
}

// Failure says why a group has no result of an accumulator; code is "" where it has one.
func (b *Block) Failure(acc, group int) (code, reason string) {
	if a, g := b.Accumulator(acc, group); b.done == nil || b.done[acc] == nil {
		if f, ok := a.(op.Failing); ok {
			return f.Failure(g)
		}
	}
	return "", ""
}

// finish gives out what is in memory.
func (t *store) finish(emit func(*Block) error) error {
	parts := make([]*part, len(t.shards))
	for i, sh := range t.shards {
		parts[i] = sh.part
	}
	for refs := t.sorted(); len(refs) > 0; {
		n := min(len(refs), blockRows)
		if err := emit(&Block{N: n, window: t.window, refs: refs[:n], parts: parts}); err != nil {
			return err
		}
		refs = refs[n:]
	}
	return nil
}

// finishRuns gives out what is in files.
func (s *State) finishRuns(t *store, emit func(*Block) error) error {
	m, err := s.files.merge(t.runs)
	if err != nil {
		return err
	}
	x := &merging{s: s, t: t, emit: emit}
	err = x.begin()
	for ok := err == nil; ok; {
		ok, err = m.each(s.streaming, x.group, x.pieces)
		if err == nil && ok {
			err = x.next()
			ok = err == nil
		}
	}
	if err == nil {
		err = x.flush()
	}
	return err
}

// merging makes blocks of groups that are read from files.
type merging struct {
	s      *State
	t      *store
	emit   func(*Block) error
	in     pile
	into   *part
	done   []*batch.Builder
	counts []int64
	n      int
}

// begin starts a block.
func (x *merging) begin() (err error) {
	if x.in, err = newPile(&x.s.spec); err != nil {
		return err
	}
	if x.into, err = newPart(&x.s.spec); err != nil {
		return err
	}
	x.n = 0
	x.counts = make([]int64, len(x.into.accs))
	x.done = make([]*batch.Builder, len(x.into.accs))
	for _, k := range x.s.streaming {
		x.done[k] = batch.NewBuilder(x.s.spec.Types[k], 0)
	}
	return nil
}

func (x *merging) group(e entries, i int) error { return x.in.load(e, i, x.counts) }

func (x *merging) pieces(k int, seqs []PieceReader) error {
	a := x.into.accs[k].(Streaming)
	return a.Finish(x.done[k], x.counts[k], a.MergePieces(seqs))
}

// next ends a group.
func (x *merging) next() error {
	x.n++
	clear(x.counts)
	if x.n%16 != 0 {
		return nil
	}
	x.in.measure()
	size := x.in.held
	for _, b := range x.done {
		if b != nil {
			size += int64(b.Size())
		}
	}
	if x.n < blockRows && size < x.s.spec.limit()/4 {
		return nil
	}
	return x.flush()
}

func (x *merging) flush() error {
	if x.n == 0 {
		return nil
	}
	if err := x.in.into(x.into); err != nil {
		return err
	}
	b := &Block{N: x.n, window: x.t.window, parts: []*part{x.into}, refs: make([]ref, x.n), done: make([]*batch.Vector, len(x.done))}
	for i := range b.refs {
		b.refs[i].group = uint32(i)
	}
	for k, d := range x.done {
		if d != nil {
			b.done[k] = d.Done()
		}
	}
	if err := x.emit(b); err != nil {
		return err
	}
	return x.begin()
}
