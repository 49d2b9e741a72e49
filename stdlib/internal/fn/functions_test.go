package fn_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"weir/compiler"
	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/lang/diag"
	"weir/runtime/batch"
	"weir/runtime/eval"
	"weir/runtime/op"
	"weir/stdlib/bio"
	"weir/stdlib/core"
	"weir/stdlib/internal/fn"
	"weir/stdlib/lists"
	"weir/stdlib/math"
	"weir/stdlib/relational"
	"weir/stdlib/stat"
	"weir/stdlib/text"
	"weir/stdlib/timefn"
)

var functions = slices.Concat(core.Functions, text.Functions, math.Functions, timefn.Functions, lists.Functions, bio.Functions)

// catalogue is the packages under test, a source and a sink.
func catalogue(t testing.TB) *op.Catalogue {
	t.Helper()
	source := &op.Operator{Name: "here", Role: op.SourceRole, Type: func(*op.Typing) types.Row {
		return types.Row{{Name: "i", Type: types.Of(types.Int)}}
	}, Source: func(*op.Config) (op.Source, error) { return nil, nil }}
	sink := &op.Operator{Name: "print", Role: op.SinkRole, Type: func(*op.Typing) types.Row { return nil },
		New: func(*op.Config) (op.Instance, error) { return nil, nil }}
	cat, err := op.NewCatalogue(append([]*op.Operator{source, sink}, relational.Operators...), functions, stat.Aggregates)
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

// parse gives the typed expression of a text.
func parse(t *testing.T, cat *op.Catalogue, text string) *expr.Expr {
	t.Helper()
	src := "let r = here() |> derive(v = " + text + ")\nr |> print()\n"
	r := compiler.Compile("x.flow", []byte(src), compiler.Options{Catalogue: cat})
	if r.Diags.HasErrors() {
		var b strings.Builder
		_ = diag.Text(&b, r.Diags, func(string) []byte { return []byte(src) }, false)
		t.Fatalf("%s: %s", text, b.String())
	}
	for _, n := range r.Plan.Nodes {
		if n.Op == "derive" {
			return n.Args["columns"].Defs[0].Expr
		}
	}
	t.Fatal("no derive in the plan")
	return nil
}

// value evaluates an expression over one row of a batch: its literal, or the reason for which the row fails.
func value(t *testing.T, cat *op.Catalogue, e *expr.Expr, b *batch.Batch, row int) (text, reason string) {
	t.Helper()
	ev, err := eval.Compile(cat, e, b.Row)
	if err != nil {
		t.Fatalf("%s: %v", e, err)
	}
	v, failed, err := ev.Eval(b)
	if err != nil {
		t.Fatalf("%s: %v", e, err)
	}
	for _, f := range failed {
		if f.Row == row {
			if f.Code == "" || f.Reason == "" {
				t.Errorf("%s: fails without code or reason", e)
			}
			return "", f.Reason
		}
	}
	return expr.FormatValue(e.Type, v.Value(row)), ""
}

var oneRow = &batch.Batch{Row: types.Row{{Name: "i", Type: types.Of(types.Int)}}, N: 1,
	Cols: []*batch.Vector{batch.Repeat(types.Of(types.Int), int64(0), 1)}}

// TestExamples runs the examples of all functions: over constants, over columns and over dictionaries.
func TestExamples(t *testing.T) {
	cat := catalogue(t)
	for _, f := range functions {
		t.Run(f.Name, func(t *testing.T) {
			if f.Doc == "" || len(f.Examples) == 0 || f.Resolve == nil {
				t.Fatal("a function has a doc, a Resolve and examples")
			}
			for _, p := range f.Params {
				if p.Doc == "" {
					t.Errorf("parameter %s has no doc", p.Name)
				}
			}
			for _, ex := range f.Examples {
				e := parse(t, cat, ex.Expr)
				want := ""
				if ex.Result == "null" {
					want = "null"
				} else if ex.Fails == "" {
					w := parse(t, cat, ex.Result)
					if w.Type.Kind != types.Null && w.Type.Kind != e.Type.Kind && !(w.Type.Kind == types.String && e.Type.Kind.Storage() == types.StoreBytes) {
						t.Errorf("%s is of type %s, not %s", ex.Expr, e.Type, w.Type)
					}
					want, _ = value(t, cat, w, oneRow, 0)
				} else if f.Total {
					t.Errorf("%s fails, but the function is total", ex.Expr)
				}
				check := func(how string, e *expr.Expr, b *batch.Batch, row int) {
					t.Helper()
					got, reason := value(t, cat, e, b, row)
					if (reason != "") != (ex.Fails != "") || !strings.Contains(reason, ex.Fails) || got != want {
						t.Errorf("%s %s: got %s %q, want %s %q", how, ex.Expr, got, reason, want, ex.Fails)
					}
				}
				check("constants", e, oneRow, 0)
				for _, dict := range []bool{false, true} {
					if c, b, ok := columns(t, cat, e, dict); ok {
						check(fmt.Sprint("columns, dictionary ", dict), c, b, 2)
					}
				}
			}
		})
	}
}

// columns moves the constant arguments of the outermost call into columns of a batch of which row 2 counts.
func columns(t *testing.T, cat *op.Catalogue, e *expr.Expr, dict bool) (*expr.Expr, *batch.Batch, bool) {
	t.Helper()
	if e.Kind != expr.Call || len(e.Args) == 0 {
		return nil, nil, false
	}
	c := *e
	c.Args = slices.Clone(e.Args)
	b := &batch.Batch{N: 4, Sel: []uint32{2}}
	for i, a := range e.Args {
		v, ok := eval.Fold(cat, a)
		if a.Kind == expr.Const {
			v, ok = a.Value, true
		}
		if !ok || a.Type.Kind == types.Null {
			continue
		}
		col := batch.NewBuilder(a.Type.OrNull(), 4)
		if dict {
			col.Any(nil)
			col.Any(v)
			b.Cols = append(b.Cols, &batch.Vector{Type: a.Type, N: 4, Dict: col.Done(), Idx: []uint32{0, 1, 1, 0}})
		} else {
			for range 2 {
				col.Any(nil)
				col.Any(v)
			}
			// Row 1 and row 3 have the value: move row 2 onto it.
			b.Cols = append(b.Cols, col.Done().Take([]uint32{0, 1, 1, 2}))
		}
		name := fmt.Sprintf("c%d", i)
		b.Row = append(b.Row, types.Field{Name: name, Type: a.Type})
		arg := expr.Col(name, a.Type)
		saved := c.Args[i]
		c.Args[i] = arg
		if _, err := eval.Compile(cat, &c, b.Row); err != nil { // it must be constant
			c.Args[i] = saved
		}
	}
	return &c, b, len(b.Cols) > 0
}

// TestCodes: every code is explained.
func TestCodes(t *testing.T) {
	for _, code := range []string{fn.CodeOverflow, fn.CodeDivision, fn.CodeParse, fn.CodeRange, fn.CodeTooLarge, fn.CodeUnknown} {
		if _, ok := diag.Lookup(code); !ok {
			t.Errorf("%s is not explained", code)
		}
	}
}
