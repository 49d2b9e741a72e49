package parquet

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/runtime/op/optest"
	"weir/runtime/storage/localfile"
)

// randomCondition draws a comparison over a column of groups.parquet, and the same as a function.
func randomCondition(t *rapid.T, row types.Row) (*expr.Expr, func(b *batch.Batch, i int) bool) {
	path := rapid.SampledFrom([]string{"id", "at", "name", "x", "kind", "place.lat"}).Draw(t, "path")
	col := pathOf(row, path)
	kind := col.Type.Kind
	constant := func() *expr.Expr {
		switch kind {
		case types.Int:
			if rapid.Bool().Draw(t, "float") {
				return expr.Lit(types.Of(types.Float), rapid.Float64Range(-10, 600).Draw(t, "bound"))
			}
			return expr.Lit(types.Of(types.Int), rapid.Int64Range(-10, 510).Draw(t, "bound"))
		case types.Timestamp:
			return expr.Lit(types.Of(kind), (1_700_000_000+60*rapid.Int64Range(-10, 510).Draw(t, "bound"))*1_000_000_000)
		case types.Float:
			return expr.Lit(types.Of(kind), rapid.SampledFrom([]float64{-1, 0, 12.5, 62.375, 100, 499, math.NaN(),
				math.Inf(1)}).Draw(t, "bound"))
		}
		return expr.Lit(types.Of(kind), rapid.SampledFrom([]string{"", "a", "b", "c", "n0100", "n0249", "n0500", "z"}).Draw(t, "bound"))
	}
	name := rapid.SampledFrom([]string{expr.Eq, expr.Lt, expr.Le, expr.Gt, expr.Ge, expr.Ne, expr.In, expr.IsNull,
		expr.NotNull}).Draw(t, "comparison")
	value := func(b *batch.Batch, i int) any {
		v := b.Cols[b.Row.Index(strings.Split(path, ".")[0])]
		for _, f := range strings.Split(path, ".")[1:] {
			if v.IsNull(i) {
				return nil
			}
			v = v.Field(types.Row(v.Type.Fields).Index(f))
		}
		return v.Value(i)
	}
	if name == expr.IsNull || name == expr.NotNull {
		return &expr.Expr{Kind: expr.Call, Name: name, Type: types.Of(types.Bool), Args: []*expr.Expr{col}},
			func(b *batch.Batch, i int) bool { return (value(b, i) == nil) == (name == expr.IsNull) }
	}
	holds := func(x, y any, name string) bool {
		if x == nil || y == nil {
			return false
		}
		if a, ok := x.(string); ok {
			return decide(name, strings.Compare(a, y.(string)), true)
		}
		a, b := asFloat(x), asFloat(y)
		if i, ok := x.(int64); ok {
			if j, ok := y.(int64); ok {
				return decide(name, order(i, j), true)
			}
		}
		return decide(name, order(a, b), a == a && b == b)
	}
	truth := types.Of(types.Bool).OrNull()
	if name == expr.In {
		list := &expr.Expr{Kind: expr.Call, Name: expr.MakeList, Type: types.ListOf(types.Of(kind))}
		for range rapid.IntRange(0, 3).Draw(t, "elements") {
			list.Args = append(list.Args, constant())
		}
		return &expr.Expr{Kind: expr.Call, Name: name, Type: truth, Args: []*expr.Expr{col, list}}, func(b *batch.Batch, i int) bool {
			return slices.ContainsFunc(list.Args, func(e *expr.Expr) bool { return holds(value(b, i), e.Value, expr.Eq) })
		}
	}
	c := constant()
	x, y := col, c
	if kind == types.Int && c.Type.Kind == types.Float {
		x = &expr.Expr{Kind: expr.Call, Name: expr.Cast, Type: types.Of(types.Float), Args: []*expr.Expr{col}}
	}
	mirror := name
	if rapid.Bool().Draw(t, "mirrored") {
		x, y = y, x
		if m := mirrored[name]; m != "" {
			mirror = m
		}
	}
	return &expr.Expr{Kind: expr.Call, Name: mirror, Type: truth, Args: []*expr.Expr{x, y}},
		func(b *batch.Batch, i int) bool { return holds(value(b, i), c.Value, name) }
}

func decide(name string, cmp int, ordered bool) bool {
	if !ordered {
		return name == expr.Ne
	}
	switch name {
	case expr.Eq:
		return cmp == 0
	case expr.Ne:
		return cmp != 0
	case expr.Lt:
		return cmp < 0
	case expr.Le:
		return cmp <= 0
	case expr.Gt:
		return cmp > 0
	}
	return cmp >= 0
}

func asFloat(x any) float64 {
	if i, ok := x.(int64); ok {
		return float64(i)
	}
	return x.(float64)
}

func pathOf(row types.Row, path string) *expr.Expr {
	parts := strings.Split(path, ".")
	ty, _ := row.Lookup(parts[0])
	e := expr.Col(parts[0], ty)
	for _, f := range parts[1:] {
		ty, _ := e.Type.Field(f)
		e = &expr.Expr{Kind: expr.Field, Name: f, Type: ty.OrNull(), Args: []*expr.Expr{e}}
	}
	return e
}

// TestWhere: with what the filter wants known, its output is the same; and groups are left out.
func TestWhere(t *testing.T) {
	row, all := mustRead(t, "testdata/groups.parquet", nil)
	total, read := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		args, _, err := typeOf("testdata/groups.parquet", nil)
		if err != nil {
			t.Fatal(err)
		}
		var conds []*expr.Expr
		var holds []func(*batch.Batch, int) bool
		for range rapid.IntRange(1, 2).Draw(t, "conditions") {
			c, h := randomCondition(t, row)
			holds = append(holds, h)
			if helps(args, c) {
				conds = append(conds, c)
			}
		}
		if conds == nil {
			return
		}
		args["where"] = &op.Arg{Expr: expr.AndAll(conds)}
		some, err := readAll(args, row)
		if err != nil {
			t.Fatal(err)
		}
		keep := func(out *optest.Output) []string {
			var kept []*batch.Batch
			for _, b := range out.Batches {
				var sel []uint32
				for i := range b.N {
					if !slices.ContainsFunc(holds, func(h func(*batch.Batch, int) bool) bool { return !h(b, i) }) {
						sel = append(sel, uint32(i))
					}
				}
				kept = append(kept, b.Take(sel))
			}
			return lines(t, kept)
		}
		got, want := keep(some), keep(all)
		if !slices.Equal(got, want) {
			t.Fatalf("`%s` has %d rows, and %d without blocks left out", args["where"].Expr, len(got), len(want))
		}
		total++
		for _, b := range some.Batches {
			read += b.N
		}
		places := map[string]string{}
		eachRow(t, all, func(place, line string) { places[place] = line })
		eachRow(t, some, func(place, line string) {
			if places[place] != line {
				t.Fatal("a row has another place in the order")
			}
		})
	})
	if read > 450*total {
		t.Errorf("hardly a row group was left out: %d rows of %d", read, 500*total)
	}
	t.Logf("%d of %d rows were read", read, 500*total)
}

// eachRow gives the place of every row in the order, and its text.
func eachRow(t rapid.TB, out *optest.Output, f func(place, line string)) {
	for _, b := range out.Batches {
		for i, line := range lines(t, []*batch.Batch{b}) {
			f(fmt.Sprint(b.Ord[0][i], b.Ord[1][i]), line)
		}
	}
}

// TestWhereKeepsBadRows: a row group is not left out where a row of it may be rejected.
func TestWhereKeepsBadRows(t *testing.T) {
	args, row, err := typeOf("testdata/bad_uint64.parquet", nil)
	if err != nil {
		t.Fatal(err)
	}
	args["where"] = &op.Arg{Expr: &expr.Expr{Kind: expr.Call, Name: expr.Gt, Type: types.Of(types.Bool),
		Args: []*expr.Expr{pathOf(row, "id"), expr.Lit(types.Of(types.Int), int64(100))}}}
	out, err := readAll(args, row)
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Rejections) != 2 {
		t.Error(rejections(out))
	}
	if e, _ := estimated(&op.Estimating{Args: args, Storage: localfile.New()}); e.Rows.Mid != 6 {
		t.Error(e.Rows)
	}
}

// TestEstimate: rows of the groups that are read are counted.
func TestEstimate(t *testing.T) {
	args, row, err := typeOf("testdata/groups.parquet", nil)
	if err != nil {
		t.Fatal(err)
	}
	look := func() float64 {
		s, _ := estimated(&op.Estimating{Args: args, Storage: localfile.New()})
		return s.Rows.Mid
	}
	if n := look(); n != 500 {
		t.Error(n)
	}
	args["where"] = &op.Arg{Expr: &expr.Expr{Kind: expr.Call, Name: expr.Lt, Type: types.Of(types.Bool),
		Args: []*expr.Expr{pathOf(row, "id"), expr.Lit(types.Of(types.Int), int64(120))}}}
	if n := look(); n != 150 {
		t.Error(n)
	}
}

// TestResume: a split can be gone on with from every place that Rest gives.
func TestResume(t *testing.T) {
	for _, file := range []string{"nested", "dict_v2_zstd", "groups"} {
		args, row, err := typeOf("testdata/"+file+".parquet", nil)
		if err != nil {
			t.Fatal(err)
		}
		source := func() (op.Source, op.Context) {
			src, err := ReadParquet.Source(&op.Config{Args: args, Out: row})
			if err != nil {
				t.Fatal(err)
			}
			src.(*source).rows = 17 // several batches a group
			ctx := surroundings{storage: localfile.New()}
			if err := src.Open(ctx); err != nil {
				t.Fatal(err)
			}
			return src, ctx
		}
		src, ctx := source()
		for split, err := range src.Splits(ctx, nil) {
			if err != nil {
				t.Fatal(err)
			}
			out := &optest.Output{}
			if err := src.Read(split, out); err != nil {
				t.Fatal(err)
			}
			want := lines(t, out.Batches)
			done := 0
			for k, rest := range out.Rests {
				done += out.Batches[k].Len()
				split, err := rest()
				if err != nil {
					t.Fatal(err)
				}
				again, later := &optest.Output{}, src
				if k%2 == 0 {
					later, _ = source()
				}
				if err := later.Read(split, again); err != nil {
					t.Fatal(err)
				}
				same(t, lines(t, again.Batches), want[done:])
				if len(again.Batches) > 0 {
					o, p := again.Batches[0].Ord, out.Batches[k+1].Ord
					if o[0][0] != p[0][0] || o[1][0] != p[1][0] {
						t.Error("the order has another place")
					}
				}
			}
			if len(out.Rests) < 3 {
				t.Errorf("%d places to go on from", len(out.Rests))
			}
		}
	}
}
