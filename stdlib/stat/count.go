package stat

import (
	"encoding/binary"
	"fmt"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/fn"
)

// Count counts rows, or values.
var Count = &op.Aggregate{
	Name:   "count",
	Doc:    "counts the rows of the group; with an argument, those in which it is not null.",
	Params: []op.FuncParam{{Name: "x", Doc: "What is to be counted where it is not null.", Variadic: true}},
	Resolve: func(args []types.Type) ([]types.Type, types.Type, error) {
		if len(args) > 1 {
			return nil, types.Type{}, fmt.Errorf("no argument or one, not %s", fn.List(args))
		}
		return args, types.Of(types.Int), nil
	},
	New: func([]types.Type, []any) (op.Accumulator, error) { return &count{}, nil },
}

type count struct{ states[int64] }

func (c *count) Add(groups, rows []uint32, args []*batch.Vector, _ [][]uint64) error {
	if len(args) == 0 {
		for _, g := range groups {
			*c.at(g)++
		}
		return nil
	}
	each(groups, rows, args[0], func(g uint32, _ int) { *c.at(g)++ })
	return nil
}

func (c *count) Merge(other op.Accumulator, groups []uint32) error {
	o, ok := other.(*count)
	if !ok {
		return mismatch(other)
	}
	for i, g := range groups {
		*c.at(g) += *o.at(uint32(i))
	}
	return nil
}

func (c *count) Append(b *batch.Builder, group int) { b.Int(*c.at(uint32(group))) }
func (c *count) Bytes() int                         { return 8 * cap(c.s) }

func (c *count) MarshalGroup(dst []byte, group int) []byte {
	return binary.AppendVarint(dst, *c.at(uint32(group)))
}

func (c *count) UnmarshalGroup(src []byte, group int) error {
	r := reader{b: src}
	*c.at(uint32(group)) = r.int()
	return r.done()
}

// CountDistinct counts different values.
var CountDistinct = &op.Aggregate{
	Name: "count_distinct",
	Doc: "counts the different values, exactly. Nulls do not count; every NaN is the same value, and so are 0.0 and -0.0. It holds every value of the " +
		"group in memory once.",
	Params: fn.Params("x: The values."),
	Resolve: func(args []types.Type) ([]types.Type, types.Type, error) {
		if err := fn.Arity(args, 1); err != nil {
			return nil, types.Type{}, err
		}
		return args, types.Of(types.Int), nil
	},
	New: func([]types.Type, []any) (op.Accumulator, error) { return &distinct{}, nil },
}

type distinct struct {
	states[map[string]struct{}]
	key  []byte
	held int
}

func (d *distinct) add(g uint32, key []byte) {
	m := d.at(g)
	if _, there := (*m)[string(key)]; there {
		return
	}
	if *m == nil {
		*m = map[string]struct{}{}
	}
	(*m)[string(key)] = struct{}{}
	d.held += len(key) + 48 // the header and about two slots of the map
}

func (d *distinct) Add(groups, rows []uint32, args []*batch.Vector, _ [][]uint64) error {
	each(groups, rows, args[0], func(g uint32, row int) {
		d.key = batch.AppendKey(d.key[:0], args[0], row)
		d.add(g, d.key)
	})
	return nil
}

func (d *distinct) Merge(other op.Accumulator, groups []uint32) error {
	o, ok := other.(*distinct)
	if !ok {
		return mismatch(other)
	}
	for i, g := range groups {
		for k := range *o.at(uint32(i)) {
			d.add(g, []byte(k))
		}
	}
	return nil
}

func (d *distinct) Append(b *batch.Builder, group int) { b.Int(int64(len(*d.at(uint32(group))))) }
func (d *distinct) Bytes() int                         { return d.held + 8*cap(d.s) }

func (d *distinct) MarshalGroup(dst []byte, group int) []byte {
	m := *d.at(uint32(group))
	dst = binary.AppendUvarint(dst, uint64(len(m)))
	for k := range m {
		dst = appendBytes(dst, []byte(k))
	}
	return dst
}

func (d *distinct) UnmarshalGroup(src []byte, group int) error {
	r := reader{b: src}
	*d.at(uint32(group)) = nil
	for range r.count() {
		d.add(uint32(group), r.bytes())
	}
	return r.done()
}
