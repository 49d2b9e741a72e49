package relational_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"weir/compiler"
	"weir/compiler/expr"
	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/lang/diag"
	"weir/runtime/batch"
	"weir/runtime/eval"
	"weir/runtime/op"
	"weir/runtime/op/optest"
	"weir/stdlib/bio"
	"weir/stdlib/core"
	"weir/stdlib/lists"
	maths "weir/stdlib/math"
	"weir/stdlib/relational"
	"weir/stdlib/stat"
	"weir/stdlib/text"
	"weir/stdlib/timefn"
)

// catalogue is the packages under test, with a source and a sink that never run.
var catalogue = func() *op.Catalogue {
	source := &op.Operator{Name: "read_jsonl", Role: op.SourceRole, Source: func(*op.Config) (op.Source, error) { return nil, nil },
		Params: []op.Param{{Name: "path", Kind: op.Value, Type: types.Of(types.Path), Required: true}, {Name: "as", Kind: op.RowType, Required: true, Named: true}},
		Type:   func(t *op.Typing) types.Row { return t.Args["as"].Row }}
	endless := *source
	endless.Name, endless.Bounded = "watch", op.NeverEnds
	sink := &op.Operator{Name: "print", Role: op.SinkRole, Type: func(*op.Typing) types.Row { return nil },
		New: func(*op.Config) (op.Instance, error) { return nil, nil }}
	cat, err := op.NewCatalogue(append([]*op.Operator{source, &endless, sink}, relational.Operators...),
		slices.Concat(core.Functions, text.Functions, maths.Functions, timefn.Functions, lists.Functions, bio.Functions), stat.Aggregates)
	if err != nil {
		panic(err)
	}
	return cat
}()

// compile compiles a file that has no errors.
func compile(t testing.TB, src string) *compiler.Result {
	t.Helper()
	r := compiler.Compile("x.flow", []byte(src), compiler.Options{Catalogue: catalogue})
	if r.Diags.HasErrors() {
		t.Fatal(report(r.Diags, src))
	}
	return r
}

func report(l diag.List, src string) string {
	var b strings.Builder
	_ = diag.Text(&b, l, func(string) []byte { return []byte(src) }, false)
	return b.String()
}

// context is an instance's surroundings.
type surroundings struct {
	memory int64
}

func (s *surroundings) Context() context.Context { return context.Background() }
func (s *surroundings) Compile(e *expr.Expr, in types.Row) (op.Evaluator, error) {
	return eval.Compile(catalogue, e, in)
}
func (s *surroundings) Catalogue() *op.Catalogue { return catalogue }
func (s *surroundings) Storage() op.Storage      { return nil }
func (s *surroundings) Staging() op.Staging      { return nil }
func (s *surroundings) Count(string, int64)      {}
func (s *surroundings) Memory() int64            { return s.memory }
func (s *surroundings) TempDir() string          { return "" }
func (s *surroundings) Task() int                { return 0 }
func (s *surroundings) Tasks() int               { return 1 }
func (s *surroundings) Resumable() bool          { return false }
func (s *surroundings) Restored() uint64         { return 0 }
func (s *surroundings) KeyGroups() (first, last, all int) {
	return 0, 128, 128
}
func (s *surroundings) SetTimer(int64) {}
func (s *surroundings) Now() time.Time { return time.Unix(0, 0) }

// sink collects what an instance gives.
type sink struct {
	optest.Ignore
	row      types.Row
	batches  []*batch.Batch
	rejected []op.Rejection
	err      error
}

func (s *sink) Emit(b *batch.Batch) error {
	if !b.Row.Equal(s.row) {
		s.err = fmt.Errorf("emitted %s, not %s", b.Row, s.row)
	}
	for i, c := range b.Cols {
		if c.N != b.N || !c.Type.NotNull().Equal(b.Row[i].Type.NotNull()) {
			s.err = fmt.Errorf("column %s: %d values of %s for %d rows of %s", b.Row[i].Name, c.N, c.Type, b.N, b.Row[i].Type)
		}
		for k := range b.Len() {
			if !b.Row[i].Type.Nullable && c.IsNull(b.Pos(k)) {
				s.err = fmt.Errorf("column %s is null in row %d", b.Row[i].Name, k)
			}
		}
	}
	s.batches = append(s.batches, b)
	return s.err
}
func (s *sink) Side(string, *batch.Batch) error { return nil }
func (s *sink) Reject(r op.Rejection) error     { s.rejected = append(s.rejected, r); return nil }

// instance runs one node: feed gives it its batches by port, then it drains.
func instance(t testing.TB, n *logical.Node, in []types.Row, memory int64, feed func(give func(port int, b *batch.Batch) error) error) (*sink, error) {
	t.Helper()
	o := catalogue.Operator(n.Op)
	args := op.Args{}
	raw, err := json.Marshal(n.Args) // as a plan brings them
	if err == nil {
		err = json.Unmarshal(raw, &args)
	}
	if err != nil {
		t.Fatal(err)
	}
	x, err := o.New(&op.Config{Name: n.Op, Args: args, In: in, Out: n.Out.Row})
	if err != nil {
		t.Fatal(err)
	}
	out := &sink{row: n.Out.Row}
	if err := x.Open(&surroundings{memory: memory}); err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if err := feed(func(port int, b *batch.Batch) error {
		if err := x.Data(port, b, out); !errors.Is(err, op.ErrEnough) {
			return err
		}
		return nil
	}); err != nil {
		return out, err
	}
	return out, x.Drain(out)
}

// table makes one batch of rows, with ordinals and origins.
func table(row types.Row, rows [][]any) *batch.Batch {
	b := &batch.Batch{Row: row, N: len(rows), Origin: &batch.Origin{File: "given"}}
	for i, f := range row {
		c := batch.NewBuilder(f.Type, len(rows))
		for _, r := range rows {
			c.Any(r[i])
		}
		b.Cols = append(b.Cols, c.Done())
	}
	b.Ord = [][]uint64{make([]uint64, len(rows)), make([]uint64, len(rows))}
	for i := range rows {
		b.Ord[1][i] = uint64(i)
		b.Origin.Record = append(b.Origin.Record, int64(i+1))
	}
	return b
}

// deal says how the rows of a stream come: in which batches, in which order.
type deal func(b *batch.Batch) []*batch.Batch

func whole(b *batch.Batch) []*batch.Batch { return []*batch.Batch{b} }

// run runs a plan whose reserved nodes have the given rows, dealt out by how, and gives the output of the nodes.
func run(t testing.TB, p *logical.Plan, given map[int]*batch.Batch, how deal) (map[int][]*batch.Batch, []op.Rejection) {
	t.Helper()
	outs := map[int][]*batch.Batch{}
	var rejected []op.Rejection
	for _, n := range p.Nodes {
		if b, ok := given[n.ID]; ok {
			outs[n.ID] = []*batch.Batch{b}
			continue
		}
		if o := catalogue.Operator(n.Op); o == nil || o.Role != op.TransformRole {
			continue
		}
		out, err := instance(t, n, p.InRows(n), 1<<30, func(give func(int, *batch.Batch) error) error {
			for port := len(n.Inputs) - 1; port >= 0; port-- {
				for _, from := range n.Inputs[port] {
					for _, b := range outs[from.Node] {
						parts := []*batch.Batch{b}
						if _, ok := given[from.Node]; ok {
							parts = how(b)
						}
						for _, part := range parts {
							if err := give(port, part); err != nil {
								return err
							}
						}
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatalf("%s: %v", n.Op, err)
		}
		outs[n.ID] = out.batches
		rejected = append(rejected, out.rejected...)
	}
	return outs, rejected
}

// lines writes rows in the order of their ordinals.
func lines(bs []*batch.Batch, columns []string) []string {
	type line struct {
		ord  []uint64
		text string
	}
	var all []line
	for _, b := range bs {
		for i := range b.Len() {
			pos := b.Pos(i)
			l := line{}
			for _, level := range b.Ord {
				l.ord = append(l.ord, level[pos])
			}
			for _, name := range columns {
				v := b.Col(name)
				l.text += name + ": " + expr.FormatValue(v.Type, v.Value(pos)) + "  "
			}
			all = append(all, l)
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return slices.Compare(all[i].ord, all[j].ord) < 0 })
	out := make([]string, len(all))
	for i := range all {
		out[i] = strings.TrimSpace(all[i].text)
	}
	return out
}

// shuffled deals a batch out in single rows and small batches, from the end.
func shuffled(b *batch.Batch) []*batch.Batch {
	b = b.Compact()
	var parts []*batch.Batch
	for to := b.N; to > 0; {
		from := max(0, to-1-to%3)
		sel := []uint32{}
		for i := from; i < to; i++ {
			sel = append(sel, uint32(i))
		}
		parts = append(parts, b.Select(sel))
		to = from
	}
	return parts
}

// TestExamples runs the examples of the operators: their tests hold, and in the same order whatever order and batches the rows come in.
func TestExamples(t *testing.T) {
	for _, o := range relational.Operators {
		if !o.Implemented() {
			continue
		}
		t.Run(o.Name, func(t *testing.T) {
			if len(o.Examples) == 0 {
				t.Error("an operator has an example")
			}
			for _, ex := range o.Examples {
				r := compile(t, ex.Code)
				if len(r.Tests) == 0 {
					t.Fatal("an example has a test")
				}
				for _, test := range r.Tests {
					for name, how := range map[string]deal{"whole": whole, "shuffled": shuffled} {
						if name == "shuffled" && o.SingleTask != nil && o.Name != "sort" {
							continue // it is given its rows in order
						}
						outs, rejected := run(t, test.Plan, givenOf(test), how)
						if len(rejected) > 0 {
							t.Errorf("%s: rejected %v", name, rejected)
						}
						for _, s := range test.Steps {
							if s.Kind != "expect" {
								continue
							}
							var got []*batch.Batch
							for _, in := range s.Inputs {
								got = append(got, outs[in.Node]...)
							}
							g, w := lines(got, s.Row.Names()), lines([]*batch.Batch{table(s.Row, s.Rows)}, s.Row.Names())
							if !slices.Equal(g, w) {
								t.Errorf("%s, %s: got\n%s\nwant\n%s", name, s.Name, strings.Join(g, "\n"), strings.Join(w, "\n"))
							}
						}
					}
				}
			}
		})
	}
}

func givenOf(test compiler.Test) map[int]*batch.Batch {
	given := map[int]*batch.Batch{}
	for _, s := range test.Steps {
		if s.Kind == "given" {
			given[s.Node] = table(s.Row, s.Rows)
		}
	}
	return given
}
