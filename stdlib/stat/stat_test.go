package stat

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"sort"
	"testing"

	"pgregory.net/rapid"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/fn"
	"weir/stdlib/internal/keyed"
)

type fatal interface {
	Helper()
	Fatal(args ...any)
}

// data is rows of one group or several.
type data struct {
	groups []uint32
	vals   []any
	ord    []uint64
}

func (d data) take(idx []int) data {
	var out data
	for _, i := range idx {
		out.groups, out.vals, out.ord = append(out.groups, d.groups[i]), append(out.vals, d.vals[i]), append(out.ord, d.ord[i])
	}
	return out
}

func newState(t fatal, a *op.Aggregate, ty types.Type, q any) op.Accumulator {
	t.Helper()
	args, consts := []types.Type{ty}, []any{nil}
	if q != nil {
		args, consts = append(args, types.Of(types.Float)), append(consts, q)
	}
	params, _, err := a.Resolve(args)
	if err != nil {
		t.Fatal(err)
	}
	acc, err := a.New(params, consts)
	if err != nil {
		t.Fatal(err)
	}
	return acc
}

// add gives rows to a state as one batch.
func add(t fatal, a *op.Aggregate, acc op.Accumulator, ty types.Type, d data) {
	t.Helper()
	params, _, _ := a.Resolve([]types.Type{ty, types.Of(types.Float)}[:len(a.Params)])
	b := batch.NewBuilder(params[0], len(d.vals))
	rows := make([]uint32, len(d.vals))
	for i, v := range d.vals {
		b.Any(v)
		rows[i] = uint32(i)
	}
	if err := acc.Add(d.groups, rows, []*batch.Vector{b.Done()}, [][]uint64{d.ord}); err != nil {
		t.Fatal(err)
	}
}

const numGroups = 3

// results gives the results of all groups, floats by their bits.
func results(t testing.TB, a *op.Aggregate, acc op.Accumulator, ty types.Type) []string {
	t.Helper()
	_, result, _ := a.Resolve([]types.Type{ty, types.Of(types.Float)}[:len(a.Params)])
	out := make([]string, numGroups)
	for g := range out {
		if f, ok := acc.(op.Failing); ok {
			if code, reason := f.Failure(g); code != "" {
				out[g] = reason
				continue
			}
		}
		b := batch.NewBuilder(result.OrNull(), 1)
		acc.Append(b, g)
		out[g] = show(b.Done().Value(0))
	}
	return out
}

func show(x any) string {
	switch x := x.(type) {
	case float64:
		if math.IsNaN(x) {
			return "NaN"
		}
		return fmt.Sprintf("%v %016x", x, math.Float64bits(x))
	case []any:
		s := "["
		for _, y := range x {
			s += show(y) + " "
		}
		return s + "]"
	}
	return fmt.Sprintf("%T %v", x, x)
}

// anyFloat draws floats of every size, special ones among them.
func anyFloat(special bool) *rapid.Generator[float64] {
	return rapid.Custom(func(t *rapid.T) float64 {
		switch k := rapid.IntRange(0, 9).Draw(t, "kind"); {
		case k < 3:
			return rapid.Float64Range(-1000, 1000).Draw(t, "x")
		case k < 5:
			return rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 0.1, 1, -1, 1e16, -1e16, math.MaxFloat64, -math.MaxFloat64, 5e-324, -5e-324,
				1 << 53, 2.2250738585072014e-308}).Draw(t, "x")
		case k == 5 && special:
			return rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1)}).Draw(t, "x")
		}
		u := rapid.Uint64().Draw(t, "bits")
		if f := math.Float64frombits(u); !math.IsNaN(f) && !math.IsInf(f, 0) {
			return f
		}
		return math.Float64frombits(u &^ (1 << 62))
	})
}

func drawData(t *rapid.T, ty types.Type, special bool) data {
	n := rapid.IntRange(0, 30).Draw(t, "rows")
	var d data
	for i := range n {
		d.groups = append(d.groups, uint32(rapid.IntRange(0, numGroups-1).Draw(t, "group")))
		d.ord = append(d.ord, uint64(i))
		if ty.Nullable && rapid.IntRange(0, 5).Draw(t, "null") == 0 {
			d.vals = append(d.vals, nil)
			continue
		}
		var v any
		switch ty.Kind {
		case types.Int, types.Duration:
			v = rapid.OneOf(rapid.Int64Range(-5, 5), rapid.Int64()).Draw(t, "x")
		case types.Float:
			v = anyFloat(special).Draw(t, "x")
		case types.Bool:
			v = rapid.Bool().Draw(t, "x")
		default:
			v = rapid.SampledFrom([]string{"", "a", "b", "ab", "\x00", "ä"}).Draw(t, "x")
		}
		d.vals = append(d.vals, v)
	}
	return d
}

var typesOf = map[string][]types.Kind{
	"count": {types.Int, types.String}, "count_distinct": {types.Float, types.String}, "sum": {types.Int, types.Float}, "mean": {types.Int, types.Float, types.Duration},
	"variance": {types.Int, types.Float}, "variance_sample": {types.Float}, "stddev": {types.Float}, "stddev_sample": {types.Int},
	"min": {types.Int, types.Float, types.String, types.Bool}, "max": {types.Int, types.Float, types.String}, "median": {types.Int, types.Float, types.Duration},
	"quantile": {types.Float, types.Duration}, "first": {types.Float, types.String}, "last": {types.Int}, "any": {types.Bool}, "all": {types.Bool},
	"collect": {types.Float, types.String}, "approx_count": {types.Int, types.String}, "approx_quantile": {types.Float, types.Int, types.Duration},
}

// hasFraction reports whether an aggregate has a second argument.
func hasFraction(a *op.Aggregate) bool { return len(a.Params) == 2 }

// TestOrderCountsForNothing: every permutation, every split into batches and states, and every way through MarshalGroup gives the same bits.
func TestOrderCountsForNothing(t *testing.T) {
	for _, a := range Aggregates {
		if len(typesOf[a.Name]) == 0 {
			t.Errorf("%s is not tested", a.Name)
		}
		for _, k := range typesOf[a.Name] {
			t.Run(a.Name+" "+k.String(), func(t *testing.T) {
				rapid.Check(t, func(rt *rapid.T) {
					ty := types.Of(k).OrNull()
					var q any
					if hasFraction(a) {
						q = rapid.SampledFrom([]float64{0, 0.25, 0.5, 0.95, 1}).Draw(rt, "q")
					}
					d := drawData(rt, ty, true)
					one := newState(t, a, ty, q)
					add(t, a, one, ty, d)
					want := results(t, a, one, ty)

					order := rapid.Permutation(seq(len(d.vals))).Draw(rt, "order")
					states := []op.Accumulator{newState(t, a, ty, q), newState(t, a, ty, q)}
					for len(order) > 0 {
						n := rapid.IntRange(1, len(order)).Draw(rt, "batch")
						add(t, a, states[rapid.IntRange(0, 1).Draw(rt, "state")], ty, d.take(order[:n]))
						order = order[n:]
					}
					again := newState(t, a, ty, q)
					for g := range numGroups { // a group that a state does not know yet is empty
						if err := again.UnmarshalGroup(states[1].MarshalGroup(nil, g), g); err != nil {
							rt.Fatal(err)
						}
					}
					if err := states[0].Merge(again, []uint32{0, 1, 2}); err != nil {
						rt.Fatal(err)
					}
					if got := results(t, a, states[0], ty); !slices.Equal(got, want) {
						rt.Fatalf("got %v, want %v", got, want)
					}
					if got := streamed(rt, a, ty, q, d); got != nil && !slices.Equal(got, want) {
						rt.Fatalf("from pieces got %v, want %v", got, want)
					}
					if states[0].Bytes() < 0 {
						rt.Fatal("negative size")
					}
				})
			})
		}
	}
}

// streamed gives the results of all groups from the pieces of several states; nil where the aggregate has none.
func streamed(t *rapid.T, a *op.Aggregate, ty types.Type, q any, d data) []string {
	var states []keyed.Streaming
	for range rapid.IntRange(1, 3).Draw(t, "states") {
		s, ok := newState(t, a, ty, q).(keyed.Streaming)
		if !ok {
			return nil
		}
		states = append(states, s)
	}
	for i := range d.vals {
		add(t, a, states[rapid.IntRange(0, len(states)-1).Draw(t, "state")], ty, d.take([]int{i}))
	}
	_, result, _ := a.Resolve([]types.Type{ty, types.Of(types.Float)}[:len(a.Params)])
	out := make([]string, numGroups)
	for g := range out {
		n := int64(0)
		var seqs []keyed.PieceReader
		for _, s := range states {
			n += s.Values(g)
			var pieces [][]byte
			again := newState(t, a, ty, q).(keyed.Streaming)
			if err := s.Pieces(g, func(p []byte) error {
				pieces = append(pieces, slices.Clone(p))
				return again.AddPiece(0, p)
			}); err != nil {
				t.Fatal(err)
			}
			if again.Values(0) != s.Values(g) {
				t.Fatalf("%d values come back, not %d", again.Values(0), s.Values(g))
			}
			seqs = append(seqs, func() ([]byte, error) {
				if len(pieces) == 0 {
					return nil, nil
				}
				p := pieces[0]
				pieces = pieces[1:]
				return p, nil
			})
		}
		b := batch.NewBuilder(result.OrNull(), 1)
		if err := states[0].Finish(b, n, states[0].MergePieces(seqs)); err != nil {
			t.Fatal(err)
		}
		out[g] = show(b.Done().Value(0))
	}
	return out
}

// TestApproxCount: few values are counted exactly, many within 2 %.
func TestApproxCount(t *testing.T) {
	for _, n := range []int{0, 1, 1000, 1024, 1025, 5000, 30_000, 300_000} {
		acc := newState(t, ApproxCount, types.Of(types.Int), nil)
		for from := 0; from < n; from += 1000 {
			d := data{}
			for i := from; i < min(n, from+1000); i++ {
				d.vals, d.groups, d.ord = append(d.vals, int64(i), int64(i)), append(d.groups, 0, 0), append(d.ord, 0, 0)
			}
			add(t, ApproxCount, acc, types.Of(types.Int), d)
		}
		b := batch.NewBuilder(types.Of(types.Int), 1)
		acc.Append(b, 0)
		got := int(b.Done().Int(0))
		if most := n / 50; n <= maxHashes && got != n || got < n-most || got > n+most {
			t.Errorf("%d values are estimated as %d", n, got)
		}
		if acc.Bytes() > 20<<10 {
			t.Errorf("%d values take %d bytes", n, acc.Bytes())
		}
	}
}

// TestApproxQuantile: within 0.4 % of the value of that rank.
func TestApproxQuantile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		xs := rapid.SliceOfN(anyFloat(true), 1, 50).Draw(t, "xs")
		q := rapid.SampledFrom([]float64{0, 0.1, 0.5, 0.99, 1}).Draw(t, "q")
		acc := newState(t, ApproxQuantile, types.Of(types.Float), q)
		d := data{groups: make([]uint32, len(xs)), ord: make([]uint64, len(xs))}
		for _, x := range xs {
			d.vals = append(d.vals, x)
		}
		add(t, ApproxQuantile, acc, types.Of(types.Float), d)
		b := batch.NewBuilder(types.Of(types.Float), 1)
		acc.Append(b, 0)
		got := b.Done().Float(0)
		slices.SortFunc(xs, fn.CompareFloats)
		want := xs[int(q*float64(len(xs)-1))]
		if same := got == want || got != got && want != want; !same && !(math.Abs(got-want) <= 0.004*math.Abs(want)+0x1p-1022) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}

func seq(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// exactSum adds with rationals.
func exactSum(xs []float64) *big.Rat {
	s := new(big.Rat)
	for _, x := range xs {
		s.Add(s, new(big.Rat).SetFloat64(x))
	}
	return s
}

func draws(t *rapid.T, n int) []float64 {
	return rapid.SliceOfN(anyFloat(false), n, 40).Draw(t, "xs")
}

// TestExactSum: the sum is the rational sum, rounded once.
func TestExactSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		xs := draws(t, 0)
		if n := rapid.IntRange(1, 40).Draw(t, "times"); n > 30 {
			for range n { // beyond the carries
				xs = append(xs, xs[:min(40, len(xs))]...)
			}
		}
		var e exact
		for _, x := range xs {
			e.addFloat(x)
		}
		want, _ := exactSum(xs).Float64()
		if got := e.float(); got != want {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}

// TestMoments: mean and variance are the rational ones, rounded once.
func TestMoments(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		xs := draws(t, 2)
		var m moments
		squares := new(big.Rat)
		for _, x := range xs {
			m.n++
			m.s1.addFloat(x)
			m.s2.addSquareFloat(x)
			r := new(big.Rat).SetFloat64(x)
			squares.Add(squares, r.Mul(r, r))
		}
		n := big.NewRat(int64(len(xs)), 1)
		mean := new(big.Rat).Quo(exactSum(xs), n)
		if want, _ := mean.Float64(); !near(meanOf(&m), want) {
			t.Fatalf("mean %v, want %v", meanOf(&m), want)
		}
		for ddof := range int64(2) {
			v := new(big.Rat).Mul(mean, mean)
			v.Sub(squares, v.Mul(v, n))
			v.Quo(v, big.NewRat(m.n-ddof, 1))
			if want, _ := v.Float64(); !near(m.variance(ddof), want) {
				t.Fatalf("variance %v, want %v", m.variance(ddof), want)
			}
		}
	})
}

// near is equality, but for the second rounding below the normal numbers.
func near(x, y float64) bool {
	return x == y || math.Abs(x) < 0x1p-1021 && math.Abs(x-y) <= 5e-324
}

// TestIntMoments: ints are not rounded before.
func TestIntMoments(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		xs := rapid.SliceOfN(rapid.Int64(), 1, 30).Draw(t, "xs")
		var m moments
		s, q := new(big.Rat), new(big.Rat)
		for _, x := range xs {
			m.n++
			m.s1.addInt(x)
			m.s2.addSquareInt(x)
			r := new(big.Rat).SetInt64(x)
			s.Add(s, r)
			q.Add(q, new(big.Rat).Mul(r, r))
		}
		n := big.NewRat(m.n, 1)
		s.Quo(s, n)
		q.Quo(q, n)
		q.Sub(q, new(big.Rat).Mul(s, s))
		if want, _ := s.Float64(); meanOf(&m) != want {
			t.Fatalf("mean %v, want %v", meanOf(&m), want)
		}
		if want, _ := q.Float64(); m.variance(0) != want {
			t.Fatalf("variance %v, want %v", m.variance(0), want)
		}
	})
}

// TestOverflow: a sum is refused only where its end does not fit.
func TestOverflow(t *testing.T) {
	s := &intSum{}
	add(t, Sum, s, types.Of(types.Int), data{groups: []uint32{0, 0, 0, 1, 1}, vals: []any{int64(math.MaxInt64), int64(1), int64(-1), int64(math.MaxInt64), int64(1)}, ord: make([]uint64, 5)})
	if code, _ := s.Failure(0); code != "" {
		t.Error("a sum that fits fails")
	}
	if code, reason := s.Failure(1); code != codeOverflow || reason != "integer overflow: the sum is 9223372036854775808" {
		t.Error(code, reason)
	}
}

// TestQuantile: definition 7, against known values of R.
func TestQuantile(t *testing.T) {
	for _, c := range []struct {
		q    float64
		want float64
	}{{0, 1}, {0.25, 2.5}, {0.5, 4.5}, {0.9, 9.1}, {1, 10}} {
		acc := newQuantile(types.Of(types.Float), c.q)
		add(t, Median, acc, types.Of(types.Float), data{groups: make([]uint32, 6), vals: []any{10.0, 1.0, 2.0, 4.0, 5.0, 8.2}, ord: make([]uint64, 6)})
		b := batch.NewBuilder(types.Of(types.Float), 1)
		acc.Append(b, 0)
		if got := b.Done().Float(0); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("q %v: got %v, want %v", c.q, got, c.want)
		}
	}
	if x := betweenFloats(-math.MaxFloat64, math.MaxFloat64, 0.5); x != 0 {
		t.Errorf("between the extremes: %v", x)
	}
	if x := betweenInts(math.MinInt64, math.MaxInt64, 0.5); x < -1 || x > 0 {
		t.Errorf("between the extremes: %v", x)
	}
}

// TestNaive: counts, extremes, first and last against loops.
func TestNaive(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ty := types.Of(types.Int).OrNull()
		d := drawData(rt, ty, false)
		for g := range uint32(numGroups) {
			var xs []int64
			for i, v := range d.vals {
				if d.groups[i] == g && v != nil {
					xs = append(xs, v.(int64))
				}
			}
			sorted := slices.Clone(xs)
			sort.Slice(sorted, func(i, j int) bool { return sorted[i] < sorted[j] })
			want := map[string]string{"count": show(int64(len(xs))), "count_distinct": show(int64(len(slices.Compact(slices.Clone(sorted)))))}
			for _, name := range []string{"min", "max", "first", "last"} {
				want[name] = show(nil)
			}
			if n := len(xs); n > 0 {
				want["min"], want["max"], want["first"], want["last"] = show(sorted[0]), show(sorted[n-1]), show(xs[0]), show(xs[n-1])
			}
			list := []any{}
			for _, x := range xs {
				list = append(list, x)
			}
			want["collect"] = show(list)
			for _, a := range Aggregates {
				w, ok := want[a.Name]
				if !ok {
					continue
				}
				acc := newState(t, a, ty, nil)
				add(t, a, acc, ty, d)
				if got := results(t, a, acc, ty)[g]; got != w {
					rt.Fatalf("%s: got %s, want %s", a.Name, got, w)
				}
			}
		}
	})
}

// FuzzUnmarshal: no state, however damaged, brings the process down.
func FuzzUnmarshal(f *testing.F) {
	for i, a := range Aggregates {
		acc := newState(f, a, types.Of(typesOf[a.Name][0]), map[bool]any{true: 0.5}[hasFraction(a)])
		f.Add(uint8(i), acc.MarshalGroup(nil, 0))
	}
	f.Add(uint8(2), []byte{0, 70, 2, 1, 2})
	f.Fuzz(func(t *testing.T, which uint8, state []byte) {
		a := Aggregates[int(which)%len(Aggregates)]
		for _, k := range typesOf[a.Name] {
			acc := newState(t, a, types.Of(k), map[bool]any{true: 0.5}[hasFraction(a)])
			if err := acc.UnmarshalGroup(state, 0); err != nil {
				continue
			}
			_, result, _ := a.Resolve([]types.Type{types.Of(k), types.Of(types.Float)}[:len(a.Params)])
			b := batch.NewBuilder(result.OrNull(), 1)
			if fail, ok := acc.(op.Failing); ok {
				if code, _ := fail.Failure(0); code != "" {
					continue
				}
			}
			acc.Append(b, 0)
		}
	})
}

func BenchmarkSum(b *testing.B) {
	n := 4096
	v := &batch.Vector{Type: types.Of(types.Float), N: n, Floats: make([]float64, n)}
	groups, many, rows := make([]uint32, n), make([]uint32, n), make([]uint32, n)
	for i := range n {
		v.Floats[i], rows[i], many[i] = float64(i*7919%1000)*0.1, uint32(i), uint32(i%1000)
	}
	perRow := func(b *testing.B) { b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/row") }
	b.Run("exact, one group", func(b *testing.B) {
		s := &floatSum{}
		for range b.N {
			_ = s.Add(groups, rows, []*batch.Vector{v}, nil)
		}
		perRow(b)
	})
	b.Run("exact, 1000 groups", func(b *testing.B) {
		s := &floatSum{}
		for range b.N {
			_ = s.Add(many, rows, []*batch.Vector{v}, nil)
		}
		perRow(b)
	})
	b.Run("plain, 1000 groups", func(b *testing.B) {
		var s states[float64]
		for range b.N {
			each(many, rows, v, func(g uint32, row int) { *s.at(g) += v.Floats[row] })
		}
		perRow(b)
	})
	b.Run("variance, 1000 groups", func(b *testing.B) {
		s := &momentsOf{kind: types.Float, squares: true}
		for range b.N {
			_ = s.Add(many, rows, []*batch.Vector{v}, nil)
		}
		perRow(b)
	})
}

// TestExactSumTies: halves go to the even neighbour, and anything beside a half decides.
func TestExactSumTies(t *testing.T) {
	const big53 = 1 << 53
	for _, c := range []struct {
		xs   []float64
		want float64
	}{
		{[]float64{big53, 1}, big53},
		{[]float64{big53 + 2, 1}, big53 + 4},
		{[]float64{big53, 1, 5e-324}, big53 + 2},
		{[]float64{big53 + 2, 1, -5e-324}, big53 + 2},
		{[]float64{-big53 - 2, -1}, -big53 - 4},
		{[]float64{math.MaxFloat64, 0x1p970}, math.Inf(1)},
		{[]float64{math.MaxFloat64, 0x1p970, -5e-324}, math.MaxFloat64},
		{[]float64{-math.MaxFloat64, -math.MaxFloat64}, math.Inf(-1)},
		{[]float64{math.MaxFloat64, math.MaxFloat64, -math.MaxFloat64}, math.MaxFloat64},
	} {
		var e exact
		for _, x := range c.xs {
			e.addFloat(x)
		}
		if got := e.float(); got != c.want {
			t.Errorf("%v: got %v, want %v", c.xs, got, c.want)
		}
	}
}

// TestExactSumCarries: the chunks do not overflow however many large values come, at every place in a chunk.
func TestExactSumCarries(t *testing.T) {
	const n = 5000
	for shift := range 64 {
		x := math.Ldexp(math.Nextafter(2, 0), shift)
		var e, squares exact
		for range n {
			e.addFloat(-x)
			squares.addSquareFloat(x)
		}
		r := new(big.Rat).SetFloat64(x)
		want, _ := new(big.Rat).Mul(r, big.NewRat(-n, 1)).Float64()
		if got := e.float(); got != want {
			t.Fatalf("shift %d: got %v, want %v", shift, got, want)
		}
		r.Mul(r, r)
		want, _ = r.Mul(r, big.NewRat(n, 1)).Float64()
		if got := squares.float(); got != want {
			t.Fatalf("shift %d: squares %v, want %v", shift, got, want)
		}
	}
}

// TestApproxBuckets: what stands for a bucket is within 0.4 % of all that is in it, at the ends of the range as well.
func TestApproxBuckets(t *testing.T) {
	for _, x := range []float64{0, 1, -1, 0.1, 5e-324, -5e-324, 0x1p-1022, math.MaxFloat64, -math.MaxFloat64, math.Inf(1), math.Inf(-1), math.NaN(), 1e300, -3.99} {
		y := middle(bucketOf(x))
		if same := x == y || x != x && y != y; !same && !(math.Abs(x-y) <= 0.004*math.Abs(x)+0x1p-1022) {
			t.Errorf("%v stands for %v", y, x)
		}
	}
}

// TestExactTop: the last chunk of a window, which takes all carries, gives way to chunks before it overflows.
func TestExactTop(t *testing.T) {
	for _, sign := range []int64{1, -1} {
		e := exact{used: true, lo: 64, window: [windowSize]int64{0, 0, 0, sign * maxTop}}
		f := e
		want := new(big.Int).Lsh(big.NewInt(maxTop), 1)
		want.Mul(want, big.NewInt(sign))
		want.Lsh(want, 32*(64+windowSize-1))
		e.merge(&f)
		if e.wide == nil {
			t.Error("the window stays")
		}
		x, exp := e.spread().big()
		if x.Lsh(x, uint(exp+bias)); x.Cmp(want) != 0 {
			t.Errorf("got %v, want %v", x, want)
		}
	}
}
