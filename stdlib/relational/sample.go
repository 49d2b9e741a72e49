package relational

import (
	"math"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/planner/estimate"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// Sample keeps a fraction of the rows.
var Sample = &op.Operator{
	Name: "sample",
	Role: op.TransformRole,
	Doc: `keeps about a fraction of the rows, the same ones in every run.

A row is kept by the hash of its columns, or of those that ` + "`by:`" + ` names, and the seed; so neither order nor parallelism counts, rows that are equal are
kept or dropped together, and ` + "`by: plate`" + ` keeps whole plates.`,
	Params: []op.Param{
		{Name: "fraction", Kind: op.Value, Type: types.Of(types.Float), Required: true, Named: true, Doc: "From 0 to 1: 1%."},
		{Name: "seed", Kind: op.Value, Type: types.Of(types.Int), Default: "1", Doc: "Another seed, another sample."},
		{Name: "by", Kind: op.Keys, Doc: "What decides; every column if absent."},
	},
	Lossy: true,
	Type: func(t *op.Typing) types.Row {
		if f := t.Args.Float("fraction", 0); !(f >= 0 && f <= 1) {
			t.Errorf("fraction", codeNumber, "a fraction is between 0 and 1, not %v", f)
			return nil
		}
		return t.In[0].Row
	},
	Caps: op.Caps{RowWise: true, Needs: func(a op.Args, in []types.Row, need op.ColumnSet) []op.ColumnSet {
		if len(keysOf(a, "by")) == 0 {
			return []op.ColumnSet{op.AllColumns(in[0])}
		}
		return passOn("by")(a, in, need)
	}},
	Estimate: func(e *op.Estimating) (estimate.Stream, estimate.Work) {
		out := e.In[0]
		out.Rows = out.Rows.Scale(e.Args.Float("fraction", 1))
		return out, estimate.Work{}
	},
	New: func(c *op.Config) (op.Instance, error) { return &sample{cfg: c}, nil },
	Examples: []op.Example{{Doc: "All or nothing.", Code: `let rows = read_jsonl("r.jsonl", as: { a: int })
let all = rows |> sample(fraction: 100%)
let none = rows |> sample(fraction: 0%)
all |> print()
none |> print()
test "the ends of the scale" {
  given rows = [{ a: 1 }, { a: 2 }]
  expect all = [{ a: 1 }, { a: 2 }]
  expect none = []
}
`}},
}

type sample struct {
	op.Base
	cfg   *op.Config
	keys  []evaluator
	bound uint64 // rows whose hash is less are kept
	all   bool
	buf   []byte
}

func (s *sample) Open(ctx op.Context) error {
	f := s.cfg.Args.Float("fraction", 1)
	if s.all = f >= 1; !s.all {
		s.bound = uint64(math.Ldexp(f, 64)) // less than 2^64, since f is less than 1
	}
	keys := keysOf(s.cfg.Args, "by")
	if len(keys) == 0 {
		for _, c := range s.cfg.In[0] {
			keys = append(keys, op.Key{Expr: expr.Col(c.Name, c.Type)})
		}
	}
	for _, k := range keys {
		ev, err := compile(ctx, k.Expr, s.cfg.In[0])
		if err != nil {
			return err
		}
		s.keys = append(s.keys, ev)
	}
	return nil
}

func (s *sample) Data(_ int, b *batch.Batch, out op.Output) error {
	keys, b, err := evalAll(s.keys, b, out)
	if err != nil {
		return err
	}
	seed := uint64(s.cfg.Args.Int("seed", 1))
	sel := make([]uint32, 0, b.Len())
	for i := range b.Len() {
		row := b.Pos(i)
		s.buf = s.buf[:0]
		for _, k := range keys {
			s.buf = batch.AppendKey(s.buf, k, row)
		}
		if s.all || hash(seed, s.buf) < s.bound {
			sel = append(sel, uint32(row))
		}
	}
	if len(sel) == 0 {
		return nil
	}
	return out.Emit(project(b.Select(sel), s.cfg.Out))
}

// hash is FNV-1a of 64 bits over the bytes, begun with the mixed seed and mixed by the finaliser of SplitMix64, so that every bit counts. It must
// never change: samples would.
func hash(seed uint64, x []byte) uint64 {
	h := uint64(14695981039346656037) ^ mix(seed)
	for _, c := range x {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return mix(h)
}

func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
