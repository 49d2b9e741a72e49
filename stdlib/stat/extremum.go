package stat

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/fn"
)

// The least and the greatest value.
var (
	Min = extremum("min", "is the least value, in the order of `sort`: NaN counts as greater than every number.", -1)
	Max = extremum("max", "is the greatest value, in the order of `sort`: NaN counts as greater than every number.", 1)
)

func extremum(name, doc string, sign int) *op.Aggregate {
	return &op.Aggregate{
		Name: name, Doc: doc, Params: fn.Params("x: Values of any type that has an order: numbers, text, timestamps, durations, sizes, bools."),
		Resolve: orNull(one("a type that has an order", func(t types.Type) (param, result types.Type, ok bool) {
			if t.Kind == types.Null {
				return types.Of(types.Int), types.Of(types.Int), true
			}
			st := t.Kind.Storage()
			return t, t, st != types.StoreNone && st != types.StoreList && st != types.StoreRecord
		})),
		New: func(args []types.Type, _ []any) (op.Accumulator, error) {
			switch args[0].Kind.Storage() {
			case types.StoreFloat:
				return &extreme[float64]{kind: kindFloat, sign: sign}, nil
			case types.StoreBytes:
				return &extreme[[]byte]{kind: kindBytes, sign: sign}, nil
			case types.StoreBool:
				return &extreme[bool]{kind: kindBool, sign: sign}, nil
			}
			return &extreme[int64]{kind: kindInt, sign: sign}, nil
		},
	}
}

// kind is what values of one storage need.
type kind[T any] struct {
	read    func(v *batch.Vector) func(row int) T
	keep    func(x T) T // a copy that outlives the batch
	compare func(x, y T) int
	put     func(b *batch.Builder, x T)
	append  func(dst []byte, x T) []byte
	parse   func(r *reader) T
	size    func(x T) int
	fixed   func(dst []byte, x T) []byte // in eight bytes; nil for what has no fixed width
	unfix   func(r *reader) T
}

func same[T any](x T) T          { return x }
func eight[T any](T) int         { return 0 }
func flag(x bool) int64          { return map[bool]int64{true: 1}[x] }
func length(x []byte) int        { return len(x) }
func keep(x []byte) []byte       { return append([]byte(nil), x...) }
func compareBools(x, y bool) int { return cmp.Compare(flag(x), flag(y)) }

var (
	kindInt = &kind[int64]{func(v *batch.Vector) func(int) int64 { return fn.Ints(v).At }, same[int64], cmp.Compare[int64],
		(*batch.Builder).Int, binary.AppendVarint, (*reader).int, eight[int64],
		func(dst []byte, x int64) []byte { return binary.LittleEndian.AppendUint64(dst, uint64(x)) },
		func(r *reader) int64 { return int64(r.eight()) }}
	kindFloat = &kind[float64]{func(v *batch.Vector) func(int) float64 { return fn.Floats(v).At }, same[float64], fn.CompareFloats,
		func(b *batch.Builder, x float64) { b.Float(x + 0) },
		func(dst []byte, x float64) []byte { return binary.AppendUvarint(dst, math.Float64bits(x)) },
		func(r *reader) float64 { return math.Float64frombits(r.uint()) }, eight[float64],
		func(dst []byte, x float64) []byte { return binary.LittleEndian.AppendUint64(dst, math.Float64bits(x)) },
		func(r *reader) float64 { return math.Float64frombits(r.eight()) }}
	kindBool = &kind[bool]{func(v *batch.Vector) func(int) bool { return fn.Bools(v).At }, same[bool], compareBools, (*batch.Builder).Bool,
		func(dst []byte, x bool) []byte { return binary.AppendVarint(dst, flag(x)) },
		func(r *reader) bool { return r.int() != 0 }, eight[bool], nil, nil}
	kindBytes = &kind[[]byte]{func(v *batch.Vector) func(int) []byte { return v.Bytes }, keep, bytes.Compare, (*batch.Builder).Bytes,
		appendBytes, (*reader).bytes, length, nil, nil}
)

type best[T any] struct {
	x   T
	has bool
}

// extreme holds the value that is the greatest under sign times compare.
type extreme[T any] struct {
	states[best[T]]
	kind *kind[T]
	sign int
	held int
}

func (e *extreme[T]) offer(g uint32, x T) {
	b := e.at(g)
	if b.has && e.sign*e.kind.compare(x, b.x) <= 0 {
		return
	}
	if b.has {
		e.held -= e.kind.size(b.x)
	}
	b.x, b.has = e.kind.keep(x), true
	e.held += e.kind.size(b.x)
}

func (e *extreme[T]) Add(groups, rows []uint32, args []*batch.Vector, _ [][]uint64) error {
	get := e.kind.read(args[0])
	each(groups, rows, args[0], func(g uint32, row int) { e.offer(g, get(row)) })
	return nil
}

func (e *extreme[T]) Merge(other op.Accumulator, groups []uint32) error {
	o, ok := other.(*extreme[T])
	if !ok || o.sign != e.sign {
		return mismatch(other)
	}
	for i, g := range groups {
		if b := o.at(uint32(i)); b.has {
			e.offer(g, b.x)
		}
	}
	return nil
}

func (e *extreme[T]) Append(b *batch.Builder, group int) {
	if s := e.at(uint32(group)); s.has {
		e.kind.put(b, s.x)
	} else {
		b.Null()
	}
}

func (e *extreme[T]) Bytes() int { return 32*cap(e.s) + e.held }

func (e *extreme[T]) MarshalGroup(dst []byte, group int) []byte {
	s := e.at(uint32(group))
	if !s.has {
		return append(dst, 0)
	}
	return e.kind.append(append(dst, 1), s.x)
}

func (e *extreme[T]) UnmarshalGroup(src []byte, group int) error {
	r := reader{b: src}
	if b := e.at(uint32(group)); b.has {
		e.held -= e.kind.size(b.x)
		*b = best[T]{}
	}
	if r.uint() == 1 {
		e.offer(uint32(group), e.kind.parse(&r))
	}
	return r.done()
}

// The connectives.
var (
	Any = connective("any", "is true where one of the values is; null where there are none.", true)
	All = connective("all", "is true where all of the values are; null where there are none.", false)
)

// connective is the greatest (any) or the least (all) of bools.
func connective(name, doc string, greatest bool) *op.Aggregate {
	sign := -1
	if greatest {
		sign = 1
	}
	return &op.Aggregate{
		Name: name, Doc: doc, Params: fn.Params("x: The conditions."),
		Resolve: orNull(one("a bool", func(t types.Type) (param, result types.Type, ok bool) {
			return types.Of(types.Bool), types.Of(types.Bool), t.Kind == types.Bool || t.Kind == types.Null
		})),
		New: func([]types.Type, []any) (op.Accumulator, error) {
			return &extreme[bool]{kind: kindBool, sign: sign}, nil
		},
	}
}
