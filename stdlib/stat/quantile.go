package stat

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/fn"
	"weir/stdlib/internal/keyed"
)

const quantileDoc = " It is exact, by linear interpolation between the two values next to it: definition 7 of Hyndman and Fan, Sample quantiles in " +
	"statistical packages (The American Statistician 50, 1996), which is the default of R, NumPy and DuckDB's quantile_cont. NaN counts as greater than " +
	"every number. Values that memory has no room for go to disk. Of timestamps, durations and sizes it is rounded down to a whole unit."

// Quantile gives the value below which a fraction of the values lies.
var Quantile = &op.Aggregate{
	Name:   "quantile",
	Doc:    "is the value below which the fraction q of the values lies." + quantileDoc,
	Params: fn.Params("x: Numbers, timestamps, durations or sizes.", "q: The fraction, a constant from 0 to 1: 0.95, 95%."),
	Resolve: func(args []types.Type) ([]types.Type, types.Type, error) {
		if err := fn.Arity(args, 2); err != nil {
			return nil, types.Type{}, err
		}
		if !args[1].NotNull().AssignableTo(types.Of(types.Float)) {
			return nil, types.Type{}, fmt.Errorf("a fraction as its second argument, not %s", args[1])
		}
		p, r, err := resolveQuantile(args[:1])
		if err != nil {
			return nil, types.Type{}, err
		}
		return append(p, types.Of(types.Float)), r, nil
	},
	New: func(args []types.Type, consts []any) (op.Accumulator, error) {
		q, err := fraction("quantile", consts[1])
		if err != nil {
			return nil, err
		}
		return newQuantile(args[0], q), nil
	},
}

// fraction reads the constant argument of an aggregate.
func fraction(name string, x any) (q float64, err error) {
	switch x := x.(type) {
	case float64:
		q = x
	case int64:
		q = float64(x)
	default:
		return 0, fmt.Errorf("the fraction of %s must be a constant", name)
	}
	if !(q >= 0 && q <= 1) {
		return 0, fmt.Errorf("%s wants a fraction from 0 to 1, not %v", name, q)
	}
	return q, nil
}

// Median is the quantile of one half.
var Median = &op.Aggregate{
	Name:    "median",
	Doc:     "is the middle value, or half way between the two middle ones." + quantileDoc,
	Params:  fn.Params("x: Numbers, timestamps, durations or sizes."),
	Resolve: resolveQuantile,
	New:     func(args []types.Type, _ []any) (op.Accumulator, error) { return newQuantile(args[0], 0.5), nil },
}

var resolveQuantile = orNull(one("an int, float, timestamp, duration or size", func(t types.Type) (param, result types.Type, ok bool) {
	switch t.Kind {
	case types.Int, types.Float, types.Null:
		return types.Of(types.Float), types.Of(types.Float), true
	case types.Timestamp, types.Duration, types.Size:
		return t, t, true
	}
	return t, t, false
}))

func newQuantile(t types.Type, q float64) op.Accumulator {
	switch t.Kind {
	case types.Float:
		return &quantiles[float64]{q: q, kind: kindFloat, between: betweenFloats}
	case types.Int: // not converted: a plan made by hand
		k := *kindFloat
		k.read = func(v *batch.Vector) func(int) float64 {
			c := fn.Ints(v)
			return func(row int) float64 { return float64(c.At(row)) }
		}
		return &quantiles[float64]{q: q, kind: &k, between: betweenFloats}
	}
	return &quantiles[int64]{q: q, kind: kindInt, between: betweenInts}
}

// betweenFloats is x + f·(y-x) for 0 <= f < 1 and x <= y, without overflow.
func betweenFloats(x, y, f float64) float64 {
	if x == y || f == 0 {
		return x
	}
	if d := y - x; !math.IsInf(d, 0) || math.IsInf(x, 0) || math.IsInf(y, 0) {
		return x + f*d
	}
	return x*(1-f) + y*f
}

func betweenInts(x, y int64, f float64) int64 {
	d := uint64(y) - uint64(x) // at most 2^64-1
	return int64(uint64(x) + min(d, uint64(f*float64(d))))
}

type quantiles[T int64 | float64] struct {
	states[[]T]
	q       float64
	kind    *kind[T]
	between func(x, y T, f float64) T
	held    int
}

var _ keyed.Streaming = (*quantiles[int64])(nil)

func (s *quantiles[T]) form() *form[T] {
	return &form[T]{append: s.kind.fixed, parse: s.kind.unfix, compare: s.kind.compare}
}

func (s *quantiles[T]) Add(groups, rows []uint32, args []*batch.Vector, _ [][]uint64) error {
	s.grow(groups)
	get := s.kind.read(args[0])
	each(groups, rows, args[0], func(g uint32, row int) { s.add(g, get(row)) })
	return nil
}

func (s *quantiles[T]) add(g uint32, xs ...T) {
	v := s.at(g)
	before := cap(*v)
	*v = append(*v, xs...)
	s.held += 8 * (cap(*v) - before)
}

func (s *quantiles[T]) Merge(other op.Accumulator, groups []uint32) error {
	o, ok := other.(*quantiles[T])
	if !ok {
		return mismatch(other)
	}
	for i, g := range groups {
		s.add(g, *o.at(uint32(i))...)
	}
	return nil
}

// place is where the quantile of n values lies: between values i and i+1, by f of the way.
func (s *quantiles[T]) place(n int64) (i int64, f float64) {
	h := s.q * float64(n-1)
	return int64(h), h - math.Floor(h)
}

func (s *quantiles[T]) Append(b *batch.Builder, group int) {
	v := *s.at(uint32(group))
	if len(v) == 0 {
		b.Null()
		return
	}
	slices.SortFunc(v, s.kind.compare)
	i, f := s.place(int64(len(v)))
	x := v[i]
	if f > 0 {
		x = s.between(x, v[i+1], f)
	}
	s.kind.put(b, x)
}

// Values implements keyed.Streaming.
func (s *quantiles[T]) Values(group int) int64 { return int64(len(*s.at(uint32(group)))) }

// Pieces implements keyed.Streaming.
func (s *quantiles[T]) Pieces(group int, f func([]byte) error) error {
	v := *s.at(uint32(group))
	slices.SortFunc(v, s.kind.compare)
	return s.form().cut(v, f)
}

// AddPiece implements keyed.Streaming.
func (s *quantiles[T]) AddPiece(group int, piece []byte) error {
	r := reader{b: piece}
	xs := make([]T, 0, len(piece)/8)
	for len(r.b) > 0 {
		xs = append(xs, s.kind.unfix(&r))
	}
	s.add(uint32(group), xs...)
	return r.done()
}

// MergePieces implements keyed.Streaming.
func (s *quantiles[T]) MergePieces(seqs []keyed.PieceReader) keyed.PieceReader {
	return s.form().merge(seqs)
}

// Finish implements keyed.Streaming.
func (s *quantiles[T]) Finish(b *batch.Builder, n int64, pieces keyed.PieceReader) error {
	if n == 0 {
		b.Null()
		_, err := pieces()
		return err
	}
	i, f := s.place(n)
	at := int64(0)
	var x, y T
	err := s.form().each(pieces, func(v T) {
		switch at {
		case i:
			x = v
		case i + 1:
			y = v
		}
		at++
	})
	if err == nil && at != n {
		err = errState
	}
	if f > 0 {
		x = s.between(x, y, f)
	}
	s.kind.put(b, x)
	return err
}

func (s *quantiles[T]) Bytes() int { return 24*cap(s.s) + s.held }

func (s *quantiles[T]) MarshalGroup(dst []byte, group int) []byte {
	v := *s.at(uint32(group))
	dst = binary.AppendUvarint(dst, uint64(len(v)))
	for _, x := range v {
		dst = s.kind.append(dst, x)
	}
	return dst
}

func (s *quantiles[T]) UnmarshalGroup(src []byte, group int) error {
	r := reader{b: src}
	v := s.at(uint32(group))
	s.held -= 8 * cap(*v)
	*v = nil
	for range r.count() {
		s.add(uint32(group), s.kind.parse(&r))
	}
	return r.done()
}
