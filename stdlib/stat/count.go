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
	s := c.grow(groups)
	if len(args) == 0 || !hasNulls(args[0]) {
		for _, g := range groups {
			s[g]++
		}
		return nil
	}
	for i, g := range groups {
		if !args[0].IsNull(int(rows[i])) {
			s[g]++
		}
	}
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
