package stat

import (
	"encoding/binary"
	"math"
	"slices"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/fn"
)

// ApproxQuantile estimates the value below which a fraction of the values lies.
var ApproxQuantile = &op.Aggregate{
	Name: "approx_quantile",
	Doc: "estimates the value below which the fraction q of the values lies. It is off by at most 0.4 % of the value whose rank is q (n - 1), rounded down, and takes " +
		"a few KiB a group: values that share their sign, their exponent and seven more bits are counted together. The estimate depends on the values alone, not " +
		"on their order or on parallelism. NaN counts as greater than every number.",
	Params: fn.Params("x: Ints, floats, durations or sizes.", "q: The fraction, a constant from 0 to 1: 0.95, 95%."),
	Lossy:  true,
	Resolve: func(args []types.Type) ([]types.Type, types.Type, error) {
		p, r, err := Quantile.Resolve(args)
		if err == nil && p[0].Kind == types.Timestamp {
			_, _, err = resolveApprox(args[:1])
		}
		return p, r, err
	},
	New: func(args []types.Type, consts []any) (op.Accumulator, error) {
		q, err := fraction("approx_quantile", consts[1])
		if err != nil {
			return nil, err
		}
		return &approxQuantile{q: q, kind: args[0].Kind}, nil
	},
}

var resolveApprox = one("an int, float, duration or size", func(t types.Type) (param, result types.Type, ok bool) {
	return t, t, t.Kind != types.Timestamp
})

// droppedBits is how many of a float's bits do not tell apart.
const droppedBits = 52 - 7

// bucket counts the values whose order-preserving form is number, but for the lowest bits.
type bucket struct {
	number uint32
	n      int64
}

// histogram is the values of a group: buckets in the order of their numbers, and the least and the greatest value. It is a log-linear histogram, as in
// G. Tene's HdrHistogram, and DDSketch with linear interpolation (C. Masson, J. Rim and H. Lee, VLDB 2019).
type histogram struct {
	buckets  []bucket
	n        int64
	min, max float64
}

func bucketOf(x float64) uint32 {
	switch {
	case x != x:
		return math.MaxUint64 >> droppedBits
	case x == 0:
		x = 0
	}
	u := math.Float64bits(x)
	if u>>63 != 0 {
		return uint32(^u >> droppedBits)
	}
	return uint32((u | 1<<63) >> droppedBits)
}

// middle is the value that stands for a bucket.
func middle(number uint32) float64 {
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} { // which share a bucket with no number
		if number == bucketOf(x) {
			return x
		}
	}
	low, high := edge(uint64(number)), min(edge(uint64(number)+1), math.MaxFloat64)
	return low + (high-low)/2
}

// edge is the least value of a bucket.
func edge(number uint64) float64 {
	u := number << droppedBits
	if u>>63 == 0 {
		return math.Float64frombits(^u)
	}
	return math.Float64frombits(u &^ (1 << 63))
}

func (h *histogram) add(x float64) {
	if h.n == 0 {
		h.min, h.max = x, x
	} else if fn.CompareFloats(x, h.min) < 0 {
		h.min = x
	} else if fn.CompareFloats(x, h.max) > 0 {
		h.max = x
	}
	h.count(bucketOf(x), 1)
}

func (h *histogram) count(number uint32, n int64) {
	h.n += n
	i, ok := slices.BinarySearchFunc(h.buckets, number, func(b bucket, number uint32) int { return int(int64(b.number) - int64(number)) })
	if !ok {
		h.buckets = slices.Insert(h.buckets, i, bucket{number: number})
	}
	h.buckets[i].n += n
}

func (h *histogram) merge(o *histogram) {
	if o.n == 0 {
		return
	}
	if h.n == 0 || fn.CompareFloats(o.min, h.min) < 0 {
		h.min = o.min
	}
	if h.n == 0 || fn.CompareFloats(o.max, h.max) > 0 {
		h.max = o.max
	}
	for _, b := range o.buckets {
		h.count(b.number, b.n)
	}
}

// quantile estimates the value of a rank.
func (h *histogram) quantile(q float64) float64 {
	rank := int64(q * float64(h.n-1))
	switch {
	case rank == 0:
		return h.min
	case rank >= h.n-1:
		return h.max
	}
	for _, b := range h.buckets {
		if rank -= b.n; rank < 0 {
			x := middle(b.number)
			switch {
			case fn.CompareFloats(x, h.min) < 0:
				return h.min
			case fn.CompareFloats(x, h.max) > 0:
				return h.max
			}
			return x
		}
	}
	return h.max
}

type approxQuantile struct {
	states[histogram]
	q    float64
	kind types.Kind
	held int // bytes besides the states themselves
}

func (a *approxQuantile) Add(groups, rows []uint32, args []*batch.Vector, _ [][]uint64) error {
	all := a.grow(groups)
	get := func(row int) float64 { return float64(args[0].Int(row)) }
	if args[0].Type.Kind == types.Float {
		get = fn.Floats(args[0]).At
	}
	each(groups, rows, args[0], func(g uint32, row int) {
		h := &all[g]
		before := cap(h.buckets)
		h.add(get(row))
		a.held += 16 * (cap(h.buckets) - before)
	})
	return nil
}

func (a *approxQuantile) Merge(other op.Accumulator, groups []uint32) error {
	o, ok := other.(*approxQuantile)
	if !ok {
		return mismatch(other)
	}
	for i, g := range groups {
		h := a.at(g)
		before := cap(h.buckets)
		h.merge(o.at(uint32(i)))
		a.held += 16 * (cap(h.buckets) - before)
	}
	return nil
}

func (a *approxQuantile) Append(b *batch.Builder, group int) {
	h := a.at(uint32(group))
	switch {
	case h.n == 0:
		b.Null()
	case a.kind == types.Duration || a.kind == types.Size:
		b.Int(toInt(h.quantile(a.q)))
	default:
		b.Float(h.quantile(a.q) + 0)
	}
}

// toInt rounds to the nearest int, at the ends of their range to those.
func toInt(x float64) int64 {
	switch x = math.Round(x); {
	case x >= math.MaxInt64:
		return math.MaxInt64
	case x <= math.MinInt64:
		return math.MinInt64
	}
	return int64(x)
}

func (a *approxQuantile) Bytes() int { return 56*cap(a.s) + a.held }

func (a *approxQuantile) MarshalGroup(dst []byte, group int) []byte {
	h := a.at(uint32(group))
	dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(h.min))
	dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(h.max))
	dst = binary.AppendUvarint(dst, uint64(len(h.buckets)))
	last := uint32(0)
	for _, b := range h.buckets {
		dst = binary.AppendUvarint(binary.AppendUvarint(dst, uint64(b.number-last)), uint64(b.n))
		last = b.number
	}
	return dst
}

func (a *approxQuantile) UnmarshalGroup(src []byte, group int) error {
	r := reader{b: src}
	t := histogram{min: math.Float64frombits(r.eight()), max: math.Float64frombits(r.eight())}
	last := uint64(0)
	for i := range r.count() {
		step, n := r.uint(), r.uint()
		if last += step; i > 0 && step == 0 || step > math.MaxUint32 || last > math.MaxUint64>>droppedBits || n == 0 || n > math.MaxInt64-uint64(t.n) {
			return errState
		}
		t.buckets = append(t.buckets, bucket{uint32(last), int64(n)})
		t.n += int64(n)
	}
	h := a.at(uint32(group))
	a.held += 16 * (cap(t.buckets) - cap(h.buckets))
	*h = t
	return r.done()
}
