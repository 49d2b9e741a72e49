package parquet

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/runtime/op/optest"
	"weir/runtime/storage/localfile"
)

// surroundings are those of one task.
type surroundings struct {
	anyContext
	storage  op.Storage
	task     int
	keep     bool
	restored uint64
}

type anyContext = op.Context

func (s surroundings) Context() context.Context { return context.Background() }
func (s surroundings) Storage() op.Storage      { return s.storage }
func (s surroundings) Task() int                { return s.task }
func (s surroundings) Resumable() bool          { return s.keep }
func (s surroundings) Restored() uint64         { return s.restored }
func (s surroundings) Now() time.Time           { return time.Time{} }

// typeOf asks for the type of a reader.
func typeOf(path string, as types.Row) (op.Args, types.Row, error) {
	args := op.Args{"path": {Expr: expr.Lit(types.Of(types.Path), path)}}
	if as != nil {
		args["as"] = &op.Arg{Row: as}
	}
	var err error
	row := ReadParquet.Type(&op.Typing{Args: args, Storage: localfile.New(), Errorf: func(param, code, format string, a ...any) {
		err = errors.Join(err, fmt.Errorf("%s %s: %s", param, code, fmt.Sprintf(format, a...)))
	}})
	return args, row, err
}

// readAll runs a reader over all of its splits, in order.
func readAll(args op.Args, out types.Row) (*optest.Output, error) {
	got := &optest.Output{}
	src, err := ReadParquet.Source(&op.Config{Args: args, Out: out})
	if err != nil {
		return nil, err
	}
	ctx := surroundings{storage: localfile.New()}
	if err := src.Open(ctx); err != nil {
		return nil, err
	}
	for split, err := range src.Splits(ctx, nil) {
		if err == nil {
			err = src.Read(split, got)
		}
		if err != nil {
			return got, err
		}
	}
	return got, src.Close()
}

func mustRead(t *testing.T, path string, as types.Row) (types.Row, *optest.Output) {
	t.Helper()
	args, row, err := typeOf(path, as)
	if err != nil {
		t.Fatal(err)
	}
	out, err := readAll(args, row)
	if err != nil {
		t.Fatal(err)
	}
	return row, out
}

// canonical writes a value as testdata/generate.py does.
func canonical(t types.Type, v any) any {
	switch v := v.(type) {
	case float64:
		if v-v != 0 {
			return map[string]any{"f": strings.ToLower(strings.TrimPrefix(fmt.Sprint(v), "+"))}
		}
	case string:
		if t.Kind == types.Bytes {
			return map[string]any{"b": hex.EncodeToString([]byte(v))}
		}
	case []any:
		if t.Kind == types.List {
			out := make([]any, len(v))
			for i, x := range v {
				out[i] = canonical(*t.Elem, x)
			}
			return out
		}
		out := map[string]any{}
		for i, f := range t.Fields {
			out[f.Name] = canonical(f.Type, v[i])
		}
		return out
	}
	return v
}

// lines writes rows as JSON lines.
func lines(t rapid.TB, batches []*batch.Batch) []string {
	t.Helper()
	var out []string
	for _, b := range batches {
		for i := range b.Len() {
			row := map[string]any{}
			for k, f := range b.Row {
				row[f.Name] = canonical(f.Type, b.Cols[k].Value(b.Pos(i)))
			}
			text, err := json.Marshal(row)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, string(text))
		}
	}
	return out
}

// wanted reads JSON lines, and writes them as encoding/json does.
func wanted(t testing.TB, path string, row types.Row) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	s := bufio.NewScanner(bytes.NewReader(data))
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		d := json.NewDecoder(bytes.NewReader(s.Bytes()))
		d.UseNumber()
		var v map[string]any
		if err := d.Decode(&v); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(numbers(types.RecordOf(row...), v))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(text))
	}
	return out
}

// numbers makes int64 and float64 of JSON's numbers, as the type says.
func numbers(t types.Type, v any) any {
	switch v := v.(type) {
	case json.Number:
		if t.Kind == types.Float {
			f, _ := v.Float64()
			return f
		}
		i, _ := v.Int64()
		return i
	case []any:
		for i := range v {
			v[i] = numbers(*t.Elem, v[i])
		}
	case map[string]any:
		for name := range v {
			if ft, ok := t.Field(name); ok {
				v[name] = numbers(ft, v[name])
			}
		}
	}
	return v
}

func same(t *testing.T, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		g, w := "nothing", "nothing"
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = want[i]
		}
		if g != w {
			t.Fatalf("row %d is\n%s\nwant\n%s", i, g, w)
		}
	}
}

// TestFixtures: what pyarrow has written is read as pyarrow reads it.
func TestFixtures(t *testing.T) {
	for name, rows := range map[string]string{"types": "types", "required": "required", "nested": "nested", "nested_v2": "nested",
		"plain_snappy": "optional", "dict_v2_zstd": "optional", "delta_gzip": "optional", "split_lz4": "optional",
		"required_brotli": "encodings", "required_none": "encodings", "groups": "groups", "int96": "int96", "list_old": "list_old"} {
		t.Run(name, func(t *testing.T) {
			row, out := mustRead(t, "testdata/"+name+".parquet", nil)
			same(t, lines(t, out.Batches), wanted(t, "testdata/"+rows+".jsonl", row))
			if len(out.Rejections) > 0 {
				t.Error(out.Rejections)
			}
		})
	}
}

// TestEmpty: a file without rows has columns, and nothing else.
func TestEmpty(t *testing.T) {
	row, out := mustRead(t, "testdata/empty.parquet", nil)
	if row.String() != "{ i: int?, s: string? }" || len(out.Batches) > 0 {
		t.Error(row, len(out.Batches))
	}
}
