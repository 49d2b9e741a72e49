package stat

import (
	"encoding/binary"
	"math"
	"math/big"
	"math/bits"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/fn"
)

// Sum adds.
var Sum = &op.Aggregate{
	Name: "sum",
	Doc: "adds the values; 0 where there are none. A sum of ints, durations or sizes is exact, and a group whose sum leaves 64 bits is rejected. A sum of " +
		"floats is computed without rounding and rounded once, so that neither order nor parallelism changes it.",
	Params: fn.Params("x: Ints, floats, durations or sizes."),
	Resolve: one("an int, float, duration or size", func(t types.Type) (param, result types.Type, ok bool) {
		switch t.Kind {
		case types.Int, types.Float, types.Duration, types.Size:
			return t, t, true
		case types.Null:
			return types.Of(types.Int), types.Of(types.Int), true
		}
		return t, t, false
	}),
	New: func(args []types.Type, _ []any) (op.Accumulator, error) {
		if args[0].Kind == types.Float {
			return &floatSum{}, nil
		}
		return &intSum{}, nil
	},
}

// wide is a sum of 128 bits: it cannot overflow before 2^64 rows.
type wide struct {
	lo uint64
	hi int64
}

func (w *wide) add(x wide) {
	var carry uint64
	w.lo, carry = bits.Add64(w.lo, x.lo, 0)
	w.hi += x.hi + int64(carry)
}

type intSum struct{ states[wide] }

func (s *intSum) Add(groups, rows []uint32, args []*batch.Vector, _ [][]uint64) error {
	sums, vals := s.grow(groups), fn.Ints(args[0])
	if vals.Idx == nil && !hasNulls(args[0]) {
		for i, g := range groups {
			x := vals.Vals[rows[i]]
			sums[g].add(wide{uint64(x), x >> 63})
		}
		return nil
	}
	each(groups, rows, args[0], func(g uint32, row int) {
		x := vals.At(row)
		sums[g].add(wide{uint64(x), x >> 63})
	})
	return nil
}

func (s *intSum) Merge(other op.Accumulator, groups []uint32) error {
	o, ok := other.(*intSum)
	if !ok {
		return mismatch(other)
	}
	for i, g := range groups {
		s.at(g).add(*o.at(uint32(i)))
	}
	return nil
}

// Failure implements op.Failing.
func (s *intSum) Failure(group int) (code, reason string) {
	w := s.at(uint32(group))
	if w.hi == int64(w.lo)>>63 {
		return "", ""
	}
	x := new(big.Int).Lsh(big.NewInt(w.hi), 64)
	return codeOverflow, "integer overflow: the sum is " + x.Add(x, new(big.Int).SetUint64(w.lo)).String()
}

func (s *intSum) Append(b *batch.Builder, group int) { b.Int(int64(s.at(uint32(group)).lo)) }
func (s *intSum) Bytes() int                         { return 16 * cap(s.s) }

func (s *intSum) MarshalGroup(dst []byte, group int) []byte {
	w := s.at(uint32(group))
	return binary.AppendVarint(binary.AppendUvarint(dst, w.lo), w.hi)
}

func (s *intSum) UnmarshalGroup(src []byte, group int) error {
	r := reader{b: src}
	*s.at(uint32(group)) = wide{r.uint(), r.int()}
	return r.done()
}

type floatSum struct {
	states[exact]
	extra int // bytes besides the states themselves
}

func (s *floatSum) Add(groups, rows []uint32, args []*batch.Vector, _ [][]uint64) error {
	sums, vals := s.grow(groups), fn.Floats(args[0])
	if vals.Idx == nil && !hasNulls(args[0]) {
		for i, g := range groups {
			e, x := &sums[g], vals.Vals[rows[i]]
			u := math.Float64bits(x)
			exp := u >> 52 // and the sign, which makes it too large
			pos := int(exp) + floatBias
			k := uint(pos>>5 - int(e.lo))
			if k >= windowSize-1 || exp-1 >= 0x7fe || !e.used || e.wide != nil || e.pending >= maxPending-1 {
				s.add(e, x)
				continue
			}
			m, shift := u&(1<<52-1)|1<<52, uint(pos&31) // as addFloat, which costs two calls
			e.window[k] += int64(m << shift & math.MaxUint32)
			e.window[k+1] += int64(m >> (32 - shift))
			e.pending++
		}
		return nil
	}
	each(groups, rows, args[0], func(g uint32, row int) { s.add(&sums[g], vals.At(row)) })
	return nil
}

// add adds a value to a sum and counts what that takes.
func (s *floatSum) add(e *exact, x float64) {
	if e.wide == nil {
		if e.addFloat(x); e.wide == nil {
			return
		}
		s.extra += e.extra()
		return
	}
	before := cap(e.wide.c)
	e.addFloat(x)
	s.extra += 8 * (cap(e.wide.c) - before)
}

func (s *floatSum) Merge(other op.Accumulator, groups []uint32) error {
	o, ok := other.(*floatSum)
	if !ok {
		return mismatch(other)
	}
	for i, g := range groups {
		e := s.at(g)
		s.extra -= e.extra()
		e.merge(o.at(uint32(i)))
		s.extra += e.extra()
	}
	return nil
}

func (s *floatSum) Append(b *batch.Builder, group int) { b.Float(s.at(uint32(group)).float()) }

func (s *floatSum) Bytes() int { return exactBytes*cap(s.s) + s.extra }

func (s *floatSum) MarshalGroup(dst []byte, group int) []byte { return s.at(uint32(group)).append(dst) }

func (s *floatSum) UnmarshalGroup(src []byte, group int) error {
	r := reader{b: src}
	e := s.at(uint32(group))
	s.extra -= e.extra()
	e.read(&r)
	s.extra += e.extra()
	return r.done()
}

// The functions of the first two moments.
var (
	Mean = moment("mean", "is the arithmetic mean; of durations, a duration, rounded to a nanosecond.", meanOf, types.Int, types.Float, types.Duration)

	Variance = moment("variance", "is the variance of the values as a whole population: the mean squared distance from the mean, divided by n.",
		func(m *moments) float64 { return m.variance(0) }, types.Int, types.Float)
	VarianceSample = moment("variance_sample", "is the variance estimated from a sample, divided by n - 1. One value has none: null.",
		func(m *moments) float64 { return m.variance(1) }, types.Int, types.Float)
	Stddev = moment("stddev", "is the standard deviation of the values as a whole population: the root of `variance`.",
		func(m *moments) float64 { return math.Sqrt(m.variance(0)) }, types.Int, types.Float)
	StddevSample = moment("stddev_sample", "is the standard deviation estimated from a sample: the root of `variance_sample`. One value has none: null.",
		func(m *moments) float64 { return math.Sqrt(m.variance(1)) }, types.Int, types.Float)
)

func moment(name, doc string, f func(*moments) float64, kinds ...types.Kind) *op.Aggregate {
	accepts := "an int or float"
	if len(kinds) == 3 {
		accepts = "an int, float or duration"
	}
	need := int64(1)
	if name == "variance_sample" || name == "stddev_sample" {
		need = 2
	}
	resolve := one(accepts, func(t types.Type) (param, result types.Type, ok bool) {
		if t.Kind == types.Null {
			return types.Of(types.Float), types.Of(types.Float), true
		}
		for _, k := range kinds {
			if t.Kind == k {
				if k == types.Duration {
					return t, t, true
				}
				return t, types.Of(types.Float), true
			}
		}
		return t, t, false
	})
	return &op.Aggregate{
		Name:   name,
		Doc:    doc + " It is computed exactly and rounded once, so that neither order nor parallelism changes it.",
		Params: fn.Params("x: The values."),
		Resolve: func(args []types.Type) ([]types.Type, types.Type, error) {
			p, r, err := resolve(args)
			if err == nil {
				r.Nullable = args[0].Nullable || args[0].Kind == types.Null || need == 2
			}
			return p, r, err
		},
		New: func(args []types.Type, _ []any) (op.Accumulator, error) {
			return &momentsOf{f: f, need: need, kind: args[0].Kind, squares: name != "mean"}, nil
		},
	}
}

// moments is the number, the sum and the sum of squares of values.
type moments struct {
	n      int64
	s1, s2 exact
}

func meanOf(m *moments) float64 {
	if x, is := m.s1.specialFloat(); is {
		return x
	}
	x, exp := m.s1.spread().big()
	return ratio(x, exp, big.NewInt(m.n))
}

// variance is (n Σx² - (Σx)²) / (n (n - ddof)); NaN where a value is not finite.
func (m *moments) variance(ddof int64) float64 {
	if m.s1.special != 0 {
		return math.NaN()
	}
	s1, e1 := m.s1.spread().big()
	s2, e2 := m.s2.spread().big()
	n := big.NewInt(m.n)
	s1.Mul(s1, s1)
	s2.Mul(s2, n)
	e1 *= 2
	if e1 < e2 {
		s2.Lsh(s2, uint(e2-e1))
		e2 = e1
	} else {
		s1.Lsh(s1, uint(e1-e2))
	}
	s2.Sub(s2, s1)
	return ratio(s2, e2, n.Mul(n, big.NewInt(m.n-ddof)))
}

func (m *moments) extra() int { return m.s1.extra() + m.s2.extra() }

type momentsOf struct {
	states[moments]
	f       func(*moments) float64
	need    int64 // values without which there is no result
	kind    types.Kind
	squares bool
	extra   int // bytes besides the states themselves
}

func (a *momentsOf) Add(groups, rows []uint32, args []*batch.Vector, _ [][]uint64) error {
	all := a.grow(groups)
	if a.kind == types.Float {
		vals := fn.Floats(args[0])
		each(groups, rows, args[0], func(g uint32, row int) {
			m, x := &all[g], vals.At(row)
			before := m.extra()
			m.n++
			m.s1.addFloat(x)
			if a.squares {
				m.s2.addSquareFloat(x)
			}
			a.extra += m.extra() - before
		})
		return nil
	}
	vals := fn.Ints(args[0])
	each(groups, rows, args[0], func(g uint32, row int) {
		m, x := &all[g], vals.At(row)
		before := m.extra()
		m.n++
		m.s1.addInt(x)
		if a.squares {
			m.s2.addSquareInt(x)
		}
		a.extra += m.extra() - before
	})
	return nil
}

func (a *momentsOf) Merge(other op.Accumulator, groups []uint32) error {
	o, ok := other.(*momentsOf)
	if !ok {
		return mismatch(other)
	}
	for i, g := range groups {
		m, n := a.at(g), o.at(uint32(i))
		a.extra -= m.extra()
		m.n += n.n
		m.s1.merge(&n.s1)
		m.s2.merge(&n.s2)
		a.extra += m.extra()
	}
	return nil
}

func (a *momentsOf) Append(b *batch.Builder, group int) {
	m := a.at(uint32(group))
	switch {
	case m.n < a.need:
		b.Null()
	case a.kind == types.Duration:
		x, exp := m.s1.spread().big() // a whole number: exp is below 0 only by bits that are zero
		if exp < 0 {
			x.Rsh(x, uint(-exp))
		} else {
			x.Lsh(x, uint(exp))
		}
		b.Int(nearest(x, big.NewInt(m.n)))
	default:
		b.Float(a.f(m))
	}
}

// nearest is x / n rounded to the nearest integer, halves away from zero.
func nearest(x, n *big.Int) int64 {
	two := new(big.Int).Lsh(x, 1)
	if x.Sign() < 0 {
		two.Sub(two, n)
	} else {
		two.Add(two, n)
	}
	return two.Quo(two, n.Lsh(n, 1)).Int64()
}

func (a *momentsOf) Bytes() int { return (8+2*exactBytes)*cap(a.s) + a.extra }

func (a *momentsOf) MarshalGroup(dst []byte, group int) []byte {
	m := a.at(uint32(group))
	dst = binary.AppendVarint(dst, m.n)
	return m.s2.append(m.s1.append(dst))
}

func (a *momentsOf) UnmarshalGroup(src []byte, group int) error {
	r := reader{b: src}
	m := a.at(uint32(group))
	a.extra -= m.extra()
	m.n = r.int()
	m.s1.read(&r)
	m.s2.read(&r)
	a.extra += m.extra()
	if m.n < 0 {
		r.bad = true
	}
	return r.done()
}
