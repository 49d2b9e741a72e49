package relational

import (
	"bytes"
	"fmt"
	"math"
	"sort"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// Sort orders the rows.
var Sort = &op.Operator{
	Name: "sort",
	Role: op.TransformRole,
	Doc: `orders the rows by keys, ` + "`desc(key)`" + ` the other way round.

Numbers go by value, text by its bytes, false before true. Null comes last and NaN before it, under desc, too: the first rows always have a value. Rows of
equal keys stay in the order that they had.` + fmt.Sprintf(boundsDoc, "all rows"),
	Params:  []op.Param{{Name: "keys", Kind: op.Keys, Variadic: true, Required: true, Min: 1, Doc: "key, desc(key), …"}},
	Bounded: op.NeedsWindow,
	// In one task, but in any order: rows of equal keys go by their ordinals.
	SingleTask: func(op.Args) bool { return true },
	Type:       sameRow,
	Caps:       op.Caps{Needs: passOn("keys")},
	Estimate:   sameStream,
	New:        func(c *op.Config) (op.Instance, error) { return &sorter{cfg: c}, nil },
	Examples: []op.Example{{Doc: "The highest first; null has no height.", Code: `type Row = { name: string, height: int? }
let peaks = read_jsonl("p.jsonl", as: Row)
let out = peaks |> filter(height is not null) |> sort(desc(height), name) |> limit(2)
out |> print()
test "the two highest" {
  given peaks = [{ name: "B", height: 7 }, { name: "C", height: 9 }, { name: "A", height: 7 }, { name: "D", height: null }]
  expect out = [{ name: "C", height: 9 }, { name: "A", height: 7 }]
}
`}},
}

// sorter holds rows with their keys in a form whose bytes sort as the rows do.
type sorter struct {
	op.Base
	cfg     *op.Config
	ctx     op.Context
	keys    []evaluator
	desc    []bool
	batches []*batch.Batch
	forms   []byte
	rows    []sortRow
	held    int64
}

type sortRow struct {
	from, to   int // in forms
	batch, row uint32
}

func (s *sorter) Open(ctx op.Context) error {
	s.ctx = ctx
	for _, k := range s.cfg.Args["keys"].Keys {
		ev, err := compile(ctx, k.Expr, s.cfg.In[0])
		if err != nil {
			return err
		}
		s.keys, s.desc = append(s.keys, ev), append(s.desc, k.Desc)
	}
	return nil
}

func (s *sorter) Data(_ int, b *batch.Batch, out op.Output) error {
	keys, b, err := evalAll(s.keys, b, out)
	if err != nil || b.Len() == 0 {
		return err
	}
	for i := range b.Len() {
		row := b.Pos(i)
		from := len(s.forms)
		for k, v := range keys {
			at := len(s.forms)
			s.forms = batch.AppendKey(s.forms, v, row)
			if s.desc[k] {
				turn(s.forms[at:], isNaN(v, row))
			}
		}
		s.rows = append(s.rows, sortRow{from, len(s.forms), uint32(len(s.batches)), uint32(i)})
	}
	b = project(b, s.cfg.Out).Own()
	s.batches = append(s.batches, b)
	s.held += int64(b.Bytes())
	return fits(s.ctx, s.held+int64(cap(s.forms)+24*cap(s.rows)), fmt.Sprintf("%d rows to be sorted", len(s.rows)),
		"give more memory, select fewer columns before, or filter")
}

// turn makes the form of a key sort the other way round, except that its first byte, which sets null apart, stays, and NaN stays last.
func turn(form []byte, nan bool) {
	for j := 1; j < len(form) && !nan; j++ {
		form[j] = ^form[j]
	}
}

func isNaN(v *batch.Vector, row int) bool {
	return v.Type.Kind == types.Float && !v.IsNull(row) && math.IsNaN(v.Float(row))
}

func (s *sorter) Drain(out op.Output) error {
	sort.SliceStable(s.rows, func(i, j int) bool {
		a, b := s.rows[i], s.rows[j]
		if c := bytes.Compare(s.forms[a.from:a.to], s.forms[b.from:b.to]); c != 0 {
			return c < 0
		}
		return compareOrdinals(s.batches[a.batch], int(a.row), s.batches[b.batch], int(b.row)) < 0
	})
	pos := make([]place, len(s.rows))
	for i, r := range s.rows {
		pos[i] = place{r.batch, r.row}
	}
	return giveInOrder(s.batches, pos, s.cfg.Out, out)
}
