package relational

import (
	"encoding/binary"
	"math"

	"weir/compiler/types"
	"weir/planner/estimate"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// Limit keeps the first rows.
var Limit = &op.Operator{
	Name: "limit",
	Role: op.TransformRole,
	Doc: "keeps the first n rows, in the order of the stream, whatever the parallelism: all rows pass through one task.\n\n" +
		"When it has them, and nobody else wants the rows before it, reading ends: what is behind in the input is not looked at, and its bad records " +
		"are not reported, unless somebody reads `.rejected`.",
	Params:     []op.Param{{Name: "n", Kind: op.Value, Type: types.Of(types.Int), Required: true, Doc: "How many rows: 0 or more."}},
	SingleTask: func(op.Args) bool { return true },
	Type: func(t *op.Typing) types.Row {
		if t.Args.Int("n", 0) < 0 {
			t.Errorf("n", codeNumber, "limit cannot keep %d rows", t.Args.Int("n", 0))
			return nil
		}
		return t.In[0].Row
	},
	Caps: op.Caps{Limits: "n", Needs: passOn()},
	Estimate: func(e *op.Estimating) (estimate.Stream, estimate.Work) {
		out := e.In[0]
		out.Rows = atMost(out.Rows, e.Args.Int("n", 0))
		return out, estimate.Work{}
	},
	New: func(c *op.Config) (op.Instance, error) { return &limit{cfg: c, left: c.Args.Int("n", 0)}, nil },
	Examples: []op.Example{{Doc: "The first two.", Code: `let rows = read_jsonl("r.jsonl", as: { a: int })
let out = rows |> limit(2)
out |> print()
test "two rows" {
  given rows = [{ a: 3 }, { a: 1 }, { a: 2 }]
  expect out = [{ a: 3 }, { a: 1 }]
}
`}},
}

// atMost is the number of rows of which no more than so many are kept.
func atMost(rows estimate.Number, limit int64) estimate.Number {
	n := float64(limit)
	if !rows.Known() {
		return estimate.Number{High: n, Mid: n, Source: "limit"}
	}
	return estimate.Number{Low: math.Min(rows.Low, n), Mid: math.Min(rows.Mid, n), High: math.Min(rows.High, n), Source: rows.Source}
}

type limit struct {
	op.Base
	cfg  *op.Config
	left int64
}

func (l *limit) Data(_ int, b *batch.Batch, out op.Output) error {
	n := int64(b.Len())
	if l.left == 0 {
		return op.ErrEnough
	}
	if n > l.left {
		sel := make([]uint32, l.left)
		for i := range sel {
			sel[i] = uint32(b.Pos(i))
		}
		b, n = b.Select(sel), l.left
	}
	l.left -= n
	if err := out.Emit(project(b, l.cfg.Out)); err != nil || l.left > 0 {
		return err
	}
	return op.ErrEnough
}

func (l *limit) Snapshot(_ uint64, w op.SnapshotWriter) error {
	return w.Item(binary.AppendVarint(nil, l.left))
}

func (l *limit) Restore(r op.SnapshotReader) error {
	for item := range r.Items() {
		left, n := binary.Varint(item)
		if n != len(item) || left < 0 {
			return &op.Error{Code: codeState, Message: "the state of limit cannot be read", Hint: "the checkpoint is damaged: start from the one before"}
		}
		l.left = left
	}
	return nil
}
