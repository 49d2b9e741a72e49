package stat

import (
	"bytes"
	"encoding/binary"
	"slices"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/fn"
)

// The aggregates that go by the order of the stream.
var (
	First = positional("first", "is the value of the group's first row, in the order of the stream, in which it is not null.")
	Last  = positional("last", "is the value of the group's last row, in the order of the stream, in which it is not null.")

	Collect = &op.Aggregate{
		Name:   "collect",
		Doc:    "is the list of the values, in the order of the stream. It holds the values of the group in memory.",
		Params: fn.Params("x: The values."),
		Resolve: one("a value", func(t types.Type) (param, result types.Type, ok bool) {
			if t.Kind == types.Null {
				t = types.Of(types.Int)
			}
			return t, types.ListOf(t), t.Kind.Storage() != types.StoreNone
		}),
		New: func(args []types.Type, _ []any) (op.Accumulator, error) { return &ordered{t: args[0].NotNull()}, nil },
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
	if s.pick == 0 {
		slices.SortFunc(v, func(p, q placed) int { return p.compare(&q) })
		list := make([]any, len(v))
		for k := range v {
			list[k] = readValue(&reader{b: v[k].value}, s.t)
		}
		b.Any(list)
		return
	}
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
		dst = binary.AppendUvarint(dst, uint64(len(v[k].ord)))
		for _, x := range v[k].ord {
			dst = binary.AppendUvarint(dst, x)
		}
		dst = appendBytes(appendBytes(dst, v[k].key), v[k].value)
	}
	return dst
}

func (s *ordered) UnmarshalGroup(src []byte, group int) error {
	r := reader{b: src}
	*s.at(uint32(group)) = nil
	for range r.count() {
		p := placed{}
		for range r.count() {
			p.ord = append(p.ord, r.uint())
		}
		p.key, p.value = r.bytes(), r.bytes()
		value := reader{b: p.value}
		if readValue(&value, s.t); value.done() != nil {
			r.bad = true
		}
		s.offer(uint32(group), &p)
	}
	return r.done()
}
