package stat

import (
	"bytes"
	"encoding/binary"
	"slices"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/fn"
	"weir/stdlib/internal/keyed"
)

// The aggregates that go by the order of the stream.
var (
	First = positional("first", "is the value of the group's first row, in the order of the stream, in which it is not null.")
	Last  = positional("last", "is the value of the group's last row, in the order of the stream, in which it is not null.")

	Collect = &op.Aggregate{
		Name:   "collect",
		Doc:    "is the list of the values, in the order of the stream. The list of a group must fit into memory.",
		Params: fn.Params("x: The values."),
		Resolve: one("a value", func(t types.Type) (param, result types.Type, ok bool) {
			if t.Kind == types.Null {
				t = types.Of(types.Int)
			}
			return t, types.ListOf(t), t.Kind.Storage() != types.StoreNone
		}),
		New: func(args []types.Type, _ []any) (op.Accumulator, error) {
			return &collected{ordered{t: args[0].NotNull()}}, nil
		},
	}
)

func positional(name, doc string) *op.Aggregate {
	pick := -1
	if name == "last" {
		pick = 1
	}
	return &op.Aggregate{
		Name: name, Doc: doc + " Rows that a step made out of one row and that share its place count by their values, smaller ones first.", Params: fn.Params("x: The value."),
		Resolve: orNull(one("a value", func(t types.Type) (param, result types.Type, ok bool) {
			if t.Kind == types.Null {
				t = types.Of(types.Int)
			}
			return t, t, t.Kind.Storage() != types.StoreNone
		})),
		New: func(args []types.Type, _ []any) (op.Accumulator, error) {
			return &ordered{t: args[0].NotNull(), pick: pick}, nil
		},
	}
}

// placed is a value with its place in the stream; key orders those that share one.
type placed struct {
	ord        []uint64
	key, value []byte
}

func (p *placed) compare(q *placed) int {
	if c := slices.Compare(p.ord, q.ord); c != 0 {
		return c
	}
	if c := bytes.Compare(p.key, q.key); c != 0 {
		return c
	}
	return bytes.Compare(p.value, q.value) // 0.0 and -0.0
}

func (p *placed) size() int { return 72 + 8*len(p.ord) + len(p.key) + len(p.value) }

// ordered holds all values of each group (collect), or the one whose place is the least or the greatest.
type ordered struct {
	states[[]placed]
	t    types.Type
	pick int // -1 the first, 1 the last, 0 all
	held int
	next placed
}

// offer takes a value in; it copies what it keeps.
func (s *ordered) offer(g uint32, p *placed) {
	v := s.at(g)
	if s.pick != 0 && len(*v) == 1 {
		if s.pick*p.compare(&(*v)[0]) <= 0 {
			return
		}
		s.held -= (*v)[0].size()
		*v = (*v)[:0]
	}
	c := placed{slices.Clone(p.ord), bytes.Clone(p.key), bytes.Clone(p.value)}
	s.held += c.size()
	*v = append(*v, c)
}

func (s *ordered) Add(groups, rows []uint32, args []*batch.Vector, ord [][]uint64) error {
	p := &s.next
	each(groups, rows, args[0], func(g uint32, row int) {
		p.ord = p.ord[:0]
		for _, level := range ord {
			p.ord = append(p.ord, level[row])
		}
		if s.pick != 0 { // most rows lose by their place alone
			if v := *s.at(g); len(v) == 1 && s.pick*slices.Compare(p.ord, v[0].ord) < 0 {
				return
			}
		}
		p.key = batch.AppendKey(p.key[:0], args[0], row)
		p.value = appendValue(p.value[:0], args[0], row)
		s.offer(g, p)
	})
	return nil
}

func (s *ordered) Merge(other op.Accumulator, groups []uint32) error {
	o, ok := other.(*ordered)
	if !ok || o.pick != s.pick {
		return mismatch(other)
	}
	for i, g := range groups {
		for k := range *o.at(uint32(i)) {
			s.offer(g, &(*o.at(uint32(i)))[k])
		}
	}
	return nil
}

func (s *ordered) Append(b *batch.Builder, group int) {
	v := *s.at(uint32(group))
	if len(v) == 0 {
		b.Any(nil)
		return
	}
	b.Any(readValue(&reader{b: v[0].value}, s.t))
}

func (s *ordered) Bytes() int { return 24*cap(s.s) + s.held }

func (s *ordered) MarshalGroup(dst []byte, group int) []byte {
	v := *s.at(uint32(group))
	dst = binary.AppendUvarint(dst, uint64(len(v)))
	for k := range v {
		dst = v[k].append(dst)
	}
	return dst
}

func (s *ordered) UnmarshalGroup(src []byte, group int) error {
	r := reader{b: src}
	v := s.at(uint32(group))
	for i := range *v {
		s.held -= (*v)[i].size()
	}
	*v = nil
	for range r.count() {
		p := parsePlaced(&r)
		s.check(&p, &r)
		s.offer(uint32(group), &p)
	}
	return r.done()
}

// check sees that a value can be read.
func (s *ordered) check(p *placed, r *reader) {
	value := reader{b: p.value}
	if readValue(&value, s.t); value.done() != nil {
		r.bad = true
	}
}

func (p *placed) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(p.ord)))
	for _, x := range p.ord {
		dst = binary.AppendUvarint(dst, x)
	}
	return appendBytes(appendBytes(dst, p.key), p.value)
}

// parsePlaced reads what append wrote. The value refers to the reader's bytes.
func parsePlaced(r *reader) placed {
	p := placed{}
	for range r.count() {
		p.ord = append(p.ord, r.uint())
	}
	p.key, p.value = r.view(), r.view()
	return p
}

// collected is ordered with all values of each group.
type collected struct{ ordered }

var _ keyed.Streaming = (*collected)(nil)

var placedForm = &form[placed]{
	append:  func(dst []byte, p placed) []byte { return p.append(dst) },
	parse:   parsePlaced,
	compare: func(p, q placed) int { return p.compare(&q) },
}

func (s *collected) sort(v []placed) { slices.SortFunc(v, placedForm.compare) }

func (s *collected) Merge(other op.Accumulator, groups []uint32) error {
	o, ok := other.(*collected)
	if !ok {
		return mismatch(other)
	}
	return s.ordered.Merge(&o.ordered, groups)
}

func (s *collected) Append(b *batch.Builder, group int) {
	v := *s.at(uint32(group))
	s.sort(v)
	list := make([]any, len(v))
	for k := range v {
		list[k] = readValue(&reader{b: v[k].value}, s.t)
	}
	b.Any(list)
}

// Values implements keyed.Streaming.
func (s *collected) Values(group int) int64 { return int64(len(*s.at(uint32(group)))) }

// Pieces implements keyed.Streaming.
func (s *collected) Pieces(group int, f func([]byte) error) error {
	v := *s.at(uint32(group))
	s.sort(v)
	return placedForm.cut(v, f)
}

// AddPiece implements keyed.Streaming.
func (s *collected) AddPiece(group int, piece []byte) error {
	r := reader{b: piece}
	for len(r.b) > 0 {
		p := parsePlaced(&r)
		s.check(&p, &r)
		s.offer(uint32(group), &p)
	}
	return r.done()
}

// MergePieces implements keyed.Streaming.
func (s *collected) MergePieces(seqs []keyed.PieceReader) keyed.PieceReader {
	return placedForm.merge(seqs)
}

// Finish implements keyed.Streaming.
func (s *collected) Finish(b *batch.Builder, _ int64, pieces keyed.PieceReader) error {
	list := []any{}
	bad := false
	err := placedForm.each(pieces, func(p placed) {
		r := reader{b: p.value}
		list = append(list, readValue(&r, s.t))
		bad = bad || r.done() != nil
	})
	if err == nil && bad {
		err = errState
	}
	b.Any(list)
	return err
}
