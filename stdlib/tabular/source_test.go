package tabular

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"weir/compiler/types"
	"weir/planner/estimate"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/runtime/op/optest"
	"weir/runtime/storage/localfile"
)

// TestFolder: the files of a folder come in the order of their names, with their split as the first level of the
// ordinals.
func TestFolder(t *testing.T) {
	m := &memory{files: map[string][]byte{"d/b": []byte(`{"n":3}`), "d/a": []byte("{\"n\":1}\n{\"x\":1}\n{\"n\":2}\n"), "d/c": nil}}
	row := rowOf(t, "n: int")
	got, err := read(t, world{storage: m}, ReadJSONL, op.Args{"path": pathArg("d/"), "as": {Row: row}}, row)
	if err != nil {
		t.Fatal(err)
	}
	want := "1\n2\n3\n! line 2 byte 8 W6223 `n` is missing\n"
	if got.shown() != want || got.rejected[0].File != "d/a" || got.rejected[0].Raw != `{"x":1}` {
		t.Errorf("%s%v", got.shown(), got.rejected)
	}
	var ords []string
	for _, b := range got.batches {
		for i := range b.Len() {
			ords = append(ords, fmt.Sprint(b.Ord[0][i], b.Ord[1][i], b.Origin.File, b.Origin.Line[i], b.Origin.Byte[i]))
		}
	}
	if o := strings.Join(ords, ", "); o != "0 0d/a1 0, 0 1d/a3 16, 1 0d/b1 0" {
		t.Error(o)
	}
}

// TestLongRecords: a record beyond the cap is rejected, in whatever chunks it comes, and reading goes on behind it.
func TestLongRecords(t *testing.T) {
	defer func(n int, r int64) { maxRecord, rangeBytes = n, r }(maxRecord, rangeBytes)
	maxRecord = 1 << 20
	long := strings.Repeat("x", 3<<20)
	row := rowOf(t, "s: string?")
	for _, c := range []struct {
		o          *op.Operator
		text, want string
	}{
		{ReadJSONL, `{"s":"a"}` + "\n" + `{"s":"` + long + `"}` + "\n" + `{"s":"b"}` + "\n{\"s\":\"" + long[:1<<19] + `"}`, "\"a\"\n\"b\"\n! line 2 byte 10 W6225 the record has more than 1048576 bytes\n"},
		{ReadCSV, "s\n" + long + "\na", "\"a\"\n! line 2 byte 2 W6225 the record has more than 1048576 bytes\n"},
		{ReadCSV, "s\n\"open" + strings.Repeat("\nx", 1<<20), "! line 2 byte 2 W6226 a quote is not closed\n"},
	} {
		for _, chunk := range []int{0, 100_000} {
			m := &memory{files: map[string][]byte{"x": []byte(c.text)}, chunk: chunk}
			for _, rangeBytes = range []int64{1 << 30, 700_000} {
				got, err := read(t, world{storage: m}, c.o, op.Args{"path": pathArg("x"), "as": {Row: row}}, row)
				if err != nil {
					t.Fatal(err)
				}
				shown := strings.ReplaceAll(strings.ReplaceAll(got.shown(), "\""+long[:1<<19]+"\"\n", ""), "\"x\"\n", "")
				if shown != c.want {
					t.Errorf("%s, chunk %d: got %.300s, want %s", c.o.Name, chunk, shown, c.want)
				}
				for _, r := range got.rejected {
					if len(r.Raw) > 1<<10 {
						t.Errorf("%d bytes of the record are kept", len(r.Raw))
					}
				}
			}
		}
	}
}

// handed is an output that takes a batch only from who asks for it.
type handed struct {
	optest.Ignore
	to chan *batch.Batch
}

func (h handed) Emit(b *batch.Batch) error       { h.to <- b; return nil }
func (h handed) Side(string, *batch.Batch) error { return nil }
func (h handed) Reject(op.Rejection) error       { return nil }

// TestTrickle: a row is given on before the next one is waited for, and what is left of the split is what comes.
func TestTrickle(t *testing.T) {
	r, w := io.Pipe()
	row := rowOf(t, "n: int")
	cfg := &op.Config{Args: op.Args{"path": pathArg("-"), "as": {Row: row}}, Out: row}
	src, err := ReadJSONL.Source(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := src.Open(world{storage: &localfile.Local{Stdin: r}}); err != nil {
		t.Fatal(err)
	}
	out := handed{to: make(chan *batch.Batch)}
	done := make(chan error, 1)
	go func() {
		part, err := json.Marshal(map[string]any{"path": "-"})
		done <- errors.Join(err, src.Read(op.Split{Data: part}, out))
	}()
	for i := range 3 {
		fmt.Fprintf(w, "{\"n\":%d}\n", i)
		if b := <-out.to; b.N != 1 || b.Cols[0].Int(0) != int64(i) {
			t.Errorf("row %d: %d rows", i, b.N)
		}
	}
	if err := errors.Join(w.Close(), <-done); err != nil {
		t.Fatal(err)
	}
}

type cancelled struct{ world }

func (cancelled) Context() context.Context {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	return ctx
}

// TestStops: a reader stops when the run does, and when a file's bytes cannot be trusted.
func TestStops(t *testing.T) {
	row := rowOf(t, "n: int")
	m := &memory{files: map[string][]byte{"x": []byte("{\"n\":1}\n")}}
	src, err := ReadJSONL.Source(&op.Config{Args: op.Args{"path": pathArg("x"), "as": {Row: row}}, Out: row})
	if err != nil {
		t.Fatal(err)
	}
	w := cancelled{world{storage: m}}
	if err := src.Open(w); err != nil {
		t.Fatal(err)
	}
	if err := src.Read(op.Split{Data: []byte(`{"path":"x"}`)}, &collector{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := src.Read(op.Split{Data: []byte(`x`)}, &collector{}); err == nil {
		t.Error("a split that is none was read")
	}

	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write(bytes.Repeat([]byte("{\"n\":1}\n"), 1000))
	_ = z.Close()
	m.files["x"] = zipped.Bytes()[:zipped.Len()-5]
	_, err = read(t, world{storage: m}, ReadJSONL, op.Args{"path": pathArg("x"), "as": {Row: row}}, row)
	var e *op.Error
	if !errors.As(err, &e) || e.File != "x" || e.Code == "" {
		t.Errorf("a truncated file: %v", err)
	}
}

// TestTyped: the type is the user's, or that of a sample, which then is in the arguments.
func TestTyped(t *testing.T) {
	m := &memory{files: map[string][]byte{"x": []byte("\ufeff{\"n\":1,\"s\":null}\n"), "bad": []byte("{\"n\":[1,\"x\"]}"), "empty": nil,
		"long": []byte(strings.Repeat("{\"n\":1}\n", 1<<17) + "{\"n\":1,\"cut\":1}\n"), "t": []byte("a;b\n1;x\n")}}
	matrix := types.Row{{Name: "m", Type: types.Of(types.Matrix)}}
	nested := types.Row{{Name: "l", Type: types.ListOf(types.Of(types.Int))}}
	semicolon := op.Args{"delimiter": value(types.String, ";")}
	for _, c := range []struct {
		o       *op.Operator
		path    string
		args    op.Args
		storage op.Storage
		want    string
	}{
		{ReadJSONL, "x", nil, m, "{ n: int, s: string? }"},
		{ReadJSONL, "long", nil, m, "{ n: int }"},
		{ReadCSV, "t", semicolon, m, "{ a: int, b: string }"},
		{ReadJSONL, "x", op.Args{"as": {Row: nested}}, nil, "{ l: list<int> }"},
		{ReadJSONL, "x", op.Args{"as": {Row: matrix}}, nil, codeAs},
		{ReadCSV, "x", op.Args{"as": {Row: nested}, "delimiter": value(types.String, "\t")}, nil, codeNested},
		{ReadCSV, "x", op.Args{"as": {Row: nested}, "delimiter": value(types.String, "ab")}, nil, codeDelimiter},
		{ReadCSV, "x", op.Args{"as": {Row: nested}, "delimiter": value(types.String, "1")}, nil, codeDelimiter},
		{ReadJSONL, "x", nil, nil, codeNoType},
		{ReadJSONL, "-", nil, m, codeNoType},
		{ReadJSONL, "bad", nil, m, codeNoType},
		{ReadJSONL, "empty", nil, m, codeNoType},
		{ReadJSONL, "nope", nil, m, codeNoType},
	} {
		a := op.Args{"path": pathArg(c.path)}
		for k, v := range c.args {
			a[k] = v
		}
		got := ""
		row := c.o.Type(&op.Typing{Args: a, Storage: c.storage, Errorf: func(_, code, format string, args ...any) { got = code }})
		if row != nil {
			got = row.String()
			if !a["as"].Row.Equal(row) {
				t.Errorf("%s: the type is not in the arguments", c.path)
			}
		}
		if got != c.want {
			t.Errorf("%s(%s): got %s, want %s", c.o.Name, c.path, got, c.want)
		}
	}
}

// TestEstimate: what fits into a sample is counted, of the rest an estimate is near.
func TestEstimate(t *testing.T) {
	lines := func(n int) []byte {
		var b bytes.Buffer
		for i := range n {
			fmt.Fprintf(&b, "{\"s\":\"%s\",\"n\":1}\n", strings.Repeat("x", i%11))
		}
		return b.Bytes()
	}
	m := &memory{files: map[string][]byte{"small/a": lines(110), "small/b": append(lines(11), "bad\n"...), "large": lines(200_000)}}
	e := &op.Estimating{Storage: m, Args: op.Args{"path": pathArg("small/"), "as": {Row: rowOf(t, "s: string, n: int")}}}
	out, work := ReadJSONL.Estimate(e)
	if out.Rows != estimate.Exact(121, "counted") || out.Width["s"] != estimate.Exact(5, "counted") || !work.Bytes.Known() {
		t.Errorf("%+v %+v", out, work)
	}
	if n := ReadJSONL.Caps.SplitCount(e.Args, m); n != 2 {
		t.Errorf("%d splits", n)
	}
	e.Args["path"] = pathArg("large")
	out, _ = ReadJSONL.Estimate(e)
	if out.Rows.Source != "sampled" || out.Rows.Low > 200_000 || out.Rows.High < 200_000 {
		t.Errorf("%+v", out.Rows)
	}
	e.Args["path"] = pathArg("nope")
	if out, _ = ReadJSONL.Estimate(e); out.Rows.Known() {
		t.Errorf("%+v", out.Rows)
	}
}

// TestPrint: rows are at the other end when Data returns, as a table where that can be.
func TestPrint(t *testing.T) {
	for _, c := range []struct{ row, format, want string }{
		{"a: int, b: string?", "", "a\tb\n1\tx\n"},
		{"a: int, b: string?", "jsonl", "{\"a\":1,\"b\":\"x\"}\n"},
		{"a: int, b: list<string>", "", "{\"a\":1,\"b\":[\"x\"]}\n"},
	} {
		var out bytes.Buffer
		row := rowOf(t, c.row)
		a := op.Args{}
		if c.format != "" {
			a["format"] = &op.Arg{Word: c.format}
		}
		x := instance(t, Print, a, row)
		if err := x.Open(world{storage: &localfile.Local{Stdin: os.Stdin, Stdout: &out}}); err != nil {
			t.Fatal(err)
		}
		values := []any{int64(1), "x"}
		if row[1].Type.Kind == types.List {
			values[1] = []any{"x"}
		}
		if err := x.Data(0, table(row, values), nil); err != nil || out.String() != c.want {
			t.Errorf("got %q, want %q: %v", out.String(), c.want, err)
		}
		if err := errors.Join(x.Drain(nil), x.Snapshot(1, &optest.State{}), x.Commit(1), x.Close()); err != nil || out.String() != c.want {
			t.Errorf("got %q: %v", out.String(), err)
		}
	}
	errs := ""
	Print.Type(&op.Typing{Args: op.Args{"format": {Word: "tsv"}}, In: []types.Stream{{Row: rowOf(t, "l: list<int>")}},
		Errorf: func(_, code, _ string, _ ...any) { errs += code }})
	if errs != codeNested {
		t.Error(errs)
	}
}

// TestOperators: every operator says what it is.
func TestOperators(t *testing.T) {
	for _, o := range Operators {
		if !o.Implemented() { // known, and refused by the compiler
			continue
		}
		if o.Doc == "" {
			t.Errorf("%s has no documentation", o.Name)
		}
		for _, p := range o.Params {
			if p.Doc == "" {
				t.Errorf("%s: %s has no documentation", o.Name, p.Name)
			}
		}
		if o.Role == op.SinkRole && o.Name != "print" {
			if o.SingleTask(op.Args{"path": pathArg("x/")}) || !o.SingleTask(op.Args{"path": pathArg("x")}) {
				t.Errorf("%s: a file is written by one task, a folder by all", o.Name)
			}
		}
	}
}
