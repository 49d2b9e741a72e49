package parquet

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/runtime/op/optest"
	"weir/runtime/storage/localfile"
)

// anyType draws a type that a Parquet file can have.
func anyType(depth int) *rapid.Generator[types.Type] {
	return rapid.Custom(func(t *rapid.T) types.Type {
		kinds := []types.Kind{types.Bool, types.Int, types.Float, types.String, types.Bytes, types.Path, types.Timestamp, types.Duration,
			types.Size, types.Protein, types.DNA, types.RNA, types.Cigar}
		if depth > 0 {
			kinds = append(kinds, types.List, types.List, types.Record, types.Record)
		}
		ty := types.Type{Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), Nullable: rapid.Bool().Draw(t, "nullable")}
		switch ty.Kind {
		case types.List:
			e := anyType(depth-1).Draw(t, "element")
			ty.Elem = &e
		case types.Record:
			for i := range rapid.IntRange(1, 3).Draw(t, "fields") {
				ty.Fields = append(ty.Fields, types.Field{Name: string(rune('a' + i)), Type: anyType(depth-1).Draw(t, "field")})
			}
		}
		return ty
	})
}

// anyValue draws a value of a type.
func anyValue(t *rapid.T, ty types.Type) any {
	if ty.Nullable && rapid.IntRange(0, 3).Draw(t, "null") == 0 {
		return nil
	}
	switch ty.Kind.Storage() {
	case types.StoreBool:
		return rapid.Bool().Draw(t, "bool")
	case types.StoreInt:
		return rapid.OneOf(rapid.Int64(), rapid.Int64Range(-3, 3)).Draw(t, "int")
	case types.StoreFloat:
		return rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, math.Copysign(0, -1), math.Inf(1), math.NaN()})).Draw(t, "float")
	case types.StoreList:
		out := []any{}
		for range rapid.SampledFrom([]int{0, 1, 1, 2, 3, 9}).Draw(t, "elements") {
			out = append(out, anyValue(t, *ty.Elem))
		}
		return out
	case types.StoreRecord:
		out := make([]any, len(ty.Fields))
		for i, f := range ty.Fields {
			out[i] = anyValue(t, f.Type)
		}
		return out
	}
	if ty.Kind == types.Bytes {
		return string(rapid.SliceOfN(rapid.Byte(), 0, 9).Draw(t, "bytes"))
	}
	if ty.Kind.IsSequence() {
		return rapid.StringMatching(`[ACGT]{0,9}`).Draw(t, "letters")
	}
	return rapid.OneOf(rapid.SampledFrom([]string{"", "a", "bb"}), rapid.String()).Draw(t, "text")
}

// anyBatch draws a batch of a row; columns are dictionaries now and then, and rows are left out.
func anyBatch(t *rapid.T, row types.Row) *batch.Batch {
	n := rapid.IntRange(0, 40).Draw(t, "rows")
	b := &batch.Batch{Row: row, N: n}
	for _, f := range row {
		bu := batch.NewBuilder(f.Type, n)
		var idx []uint32
		if n > 0 && rapid.IntRange(0, 3).Draw(t, "dictionary") == 0 {
			k := rapid.IntRange(1, 4).Draw(t, "entries")
			for range k {
				bu.Any(anyValue(t, f.Type))
			}
			idx = rapid.SliceOfN(rapid.Uint32Range(0, uint32(k-1)), n, n).Draw(t, "index")
			d := bu.Done()
			b.Cols = append(b.Cols, &batch.Vector{Type: f.Type, N: n, Dict: d, Idx: idx})
			continue
		}
		for range n {
			bu.Any(anyValue(t, f.Type))
		}
		b.Cols = append(b.Cols, bu.Done())
	}
	if rapid.IntRange(0, 2).Draw(t, "selection") == 0 {
		sel := []uint32{}
		for i := range n {
			if rapid.Bool().Draw(t, "selected") {
				sel = append(sel, uint32(i))
			}
		}
		b = b.Select(sel)
	}
	return b
}

// text writes rows so that what is equal, and only that, has equal text.
func text(batches []*batch.Batch) []string {
	var out []string
	for _, b := range batches {
		for i := range b.Len() {
			line := ""
			for _, c := range b.Cols {
				line += fmt.Sprintf("%#v;", c.Value(b.Pos(i)))
			}
			out = append(out, line)
		}
	}
	return out
}

func sinkArgs(path string, more op.Args) op.Args {
	args := op.Args{"path": {Expr: expr.Lit(types.Of(types.Path), path)}}
	for k, v := range more {
		args[k] = v
	}
	return args
}

func newSink(t rapid.TB, path string, row types.Row, more op.Args, from *optest.State) op.Instance {
	t.Helper()
	w, err := WriteParquet.New(&op.Config{Args: sinkArgs(path, more), In: []types.Row{row}})
	if err == nil {
		around := surroundings{storage: localfile.New(), keep: true}
		if from != nil {
			around.restored = 1
		}
		err = w.Open(around)
	}
	if err == nil && from != nil {
		err = w.Restore(from)
	}
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func must(t rapid.TB, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// TestRoundTrip: whatever is written is read back, with its types, however often the writer is suspended, killed and taken up again in
// between, and whatever the sizes of row groups and of what is read at a time.
func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	files := 0
	rapid.Check(t, func(t *rapid.T) {
		var row types.Row
		for i := range rapid.IntRange(1, 4).Draw(t, "columns") {
			row = append(row, types.Field{Name: string(rune('p' + i)), Type: anyType(3).Draw(t, "type")})
		}
		files++
		path := filepath.Join(dir, fmt.Sprintf("%d.parquet", files))
		more := op.Args{"compression": {Word: rapid.SampledFrom([]string{"zstd", "snappy", "gzip", "none"}).Draw(t, "compression")},
			"row_group": {Expr: expr.Lit(types.Of(types.Size), rapid.SampledFrom([]int64{1, 300, 1 << 20}).Draw(t, "row group"))}}
		w := newSink(t, path, row, more, nil)
		var written []*batch.Batch
		for id := range rapid.IntRange(0, 4).Draw(t, "snapshots") {
			for range rapid.IntRange(0, 3).Draw(t, "batches") {
				b := anyBatch(t, row)
				must(t, w.Data(0, b, nil))
				written = append(written, b)
			}
			st := &optest.State{}
			must(t, w.Snapshot(uint64(id), st), w.Commit(uint64(id)))
			if rapid.Bool().Draw(t, "killed") {
				if rapid.Bool().Draw(t, "lost rows") {
					must(t, w.Data(0, anyBatch(t, row), nil))
					if rapid.Bool().Draw(t, "lost snapshot") {
						must(t, w.Snapshot(99, &optest.State{}))
					}
				}
				must(t, w.Close())
				w = newSink(t, path, row, more, st)
			}
		}
		last := &optest.State{}
		must(t, w.Drain(nil), w.Snapshot(100, last))
		if rapid.Bool().Draw(t, "killed before the commit") {
			must(t, w.Close())
			w = newSink(t, path, row, more, last)
		}
		must(t, w.Commit(100), w.Close())

		args, got, err := typeOf(path, nil)
		must(t, err)
		if !got.Equal(row) {
			t.Fatalf("%s, want %s", got, row)
		}
		src, err := ReadParquet.Source(&op.Config{Args: args, Out: got})
		must(t, err)
		src.(*source).rows = rapid.SampledFrom([]int{1, 7, 1000}).Draw(t, "rows at a time")
		ctx, out := surroundings{storage: localfile.New()}, &optest.Output{}
		must(t, src.Open(ctx))
		for split, err := range src.Splits(ctx, nil) {
			must(t, err, src.Read(split, out))
		}
		if len(out.Rejections) > 0 {
			t.Fatal(out.Rejections)
		}
		if got, want := text(out.Batches), text(written); !slices.Equal(got, want) {
			for i := range max(len(got), len(want)) {
				if i >= len(got) || i >= len(want) || got[i] != want[i] {
					t.Fatalf("%d rows, want %d; row %d is\n%v\nwant\n%v", len(got), len(want), i, got[i:min(i+1, len(got))], want[i:min(i+1, len(want))])
				}
			}
		}
		must(t, os.Remove(path))
	})
}

// TestStatistics: what is written has statistics by which row groups are left out.
func TestStatistics(t *testing.T) {
	path := t.TempDir() + "/x.parquet"
	row := types.Row{{Name: "n", Type: types.Of(types.Int)}, {Name: "s", Type: types.Of(types.String).OrNull()}, {Name: "f", Type: types.Of(types.Float)}}
	w := newSink(t, path, row, op.Args{"row_group": {Expr: expr.Lit(types.Of(types.Size), int64(1))}}, nil)
	for i := range 10 {
		n, s, f := batch.NewBuilder(row[0].Type, 3), batch.NewBuilder(row[1].Type, 3), batch.NewBuilder(row[2].Type, 3)
		for k := range 3 {
			n.Int(int64(10*i + k))
			if i == 4 || k == 1 {
				s.Null()
			} else {
				s.String(string(rune('a' + i)))
			}
			f.Float(math.NaN())
		}
		must(t, w.Data(0, &batch.Batch{Row: row, N: 3, Cols: []*batch.Vector{n.Done(), s.Done(), f.Done()}}, nil))
	}
	must(t, w.Drain(nil), w.Snapshot(1, &optest.State{}), w.Commit(1), w.Close())
	for cond, want := range map[*expr.Expr]int{
		call(expr.Ge, expr.Col("n", row[0].Type), expr.Lit(row[0].Type, int64(71))):                          8,
		call(expr.Gt, expr.Col("n", row[0].Type), expr.Lit(row[0].Type, int64(92))):                          0,
		call(expr.Le, expr.Col("n", row[0].Type), expr.Lit(row[0].Type, int64(0))):                           1,
		call(expr.Lt, expr.Col("n", row[0].Type), expr.Lit(row[0].Type, int64(0))):                           0,
		call(expr.Eq, expr.Col("s", row[1].Type), expr.Lit(types.Of(types.String), "c")):                     2,
		call(expr.NotNull, expr.Col("s", row[1].Type)):                                                       18,
		call(expr.IsNull, expr.Col("n", row[0].Type)):                                                        0,
		call(expr.Gt, expr.Col("f", row[2].Type), expr.Lit(row[2].Type, 0.0)):                                30,
		call(expr.In, expr.Col("n", row[0].Type), expr.Lit(types.ListOf(row[0].Type), []any{int64(5), nil})): 0,
	} {
		args, _, err := typeOf(path, nil)
		must(t, err)
		args["where"] = &op.Arg{Expr: cond}
		out, err := readAll(args, row)
		must(t, err)
		if n := len(text(out.Batches)); n != want {
			t.Errorf("%s: %d rows, want %d", cond, n, want)
		}
	}
}

func call(name string, args ...*expr.Expr) *expr.Expr {
	return &expr.Expr{Kind: expr.Call, Name: name, Type: types.Of(types.Bool), Args: args}
}

// TestWriteErrors: what cannot be written is an error at its place.
func TestWriteErrors(t *testing.T) {
	for _, c := range []struct {
		row  string
		args op.Args
		want string
	}{
		{"{ a: int, b: { c: {} } }", nil, " W2807: `b.c` is a record without fields, which a Parquet file cannot have: drop it before, as in `|> drop(b)`"},
		{"{ a: int }", op.Args{"row_group": {Expr: expr.Lit(types.Of(types.Size), int64(10))}}, "row_group W2807: a row group has from 64KiB to 1GiB, not 10B"},
		{"{ a: int }", op.Args{"roll": {Expr: expr.Lit(types.Of(types.Size), int64(10))}}, "roll W2806: \"x.parquet\" is one file; a folder of parts ends in /"},
	} {
		got := ""
		WriteParquet.Type(&op.Typing{In: []types.Stream{{Row: mustType(t, c.row)}}, Args: sinkArgs("x.parquet", c.args),
			Errorf: func(param, code, format string, a ...any) {
				got += param + " " + code + ": " + fmt.Sprintf(format, a...)
			}})
		if got != c.want {
			t.Errorf("%s\nwant %s", got, c.want)
		}
	}
}

// TestRequired: a null where the type has none rejects the row, in a record or list as well, but not below what is null itself.
func TestRequired(t *testing.T) {
	path := t.TempDir() + "/x.parquet"
	row := mustType(t, "{ r: { x: int?, l: list<int?>? }? }")
	bu := batch.NewBuilder(row[0].Type, 5)
	for _, v := range []any{[]any{int64(1), []any{int64(2)}}, nil, []any{nil, []any{}}, []any{int64(3), []any{int64(4), nil}}, []any{int64(5), nil}} {
		bu.Any(v)
	}
	w := newSink(t, path, row, nil, nil)
	must(t, w.Data(0, &batch.Batch{Row: row, N: 5, Cols: []*batch.Vector{bu.Done()}}, nil))
	must(t, w.Drain(nil), w.Snapshot(1, &optest.State{}), w.Commit(1), w.Close())
	for as, want := range map[string]struct{ rows, bad []string }{
		"{ r: { x: int }? }": {[]string{`{"r":{"x":1}}`, `{"r":null}`, `{"r":{"x":3}}`, `{"r":{"x":5}}`}, []string{"x.parquet 3 W6223 `r.x` is missing"}},
		"{ r: { x: int? } }": {[]string{`{"r":{"x":1}}`, `{"r":{"x":null}}`, `{"r":{"x":3}}`, `{"r":{"x":5}}`}, []string{"x.parquet 2 W6223 `r` is missing"}},
		"{ r: { l: list<int> }? }": {[]string{`{"r":{"l":[2]}}`, `{"r":null}`, `{"r":{"l":[]}}`},
			[]string{"x.parquet 4 W6223 `r.l` is missing", "x.parquet 5 W6223 `r.l` is missing"}},
		"{ r: { l: list<int?>?, new: string? }? }": {[]string{`{"r":{"l":[2],"new":null}}`, `{"r":null}`, `{"r":{"l":[],"new":null}}`,
			`{"r":{"l":[4,null],"new":null}}`, `{"r":{"l":null,"new":null}}`}, nil},
		"{ r: { new: string? }? }": {[]string{`{"r":{"new":null}}`, `{"r":null}`, `{"r":{"new":null}}`, `{"r":{"new":null}}`,
			`{"r":{"new":null}}`}, nil},
	} {
		_, out := mustRead(t, path, mustType(t, as))
		same(t, lines(t, out.Batches), want.rows)
		same(t, rejections(out), want.bad)
	}
}
