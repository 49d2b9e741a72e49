package tabular

import (
	"math"
	"testing"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// everything is a row of every plain type, and values that are hard to write.
const everything = "s: string?, n: int?, f: float?, b: bool?, at: timestamp?, d: duration?, z: size?, raw: bytes?, p: path, q: protein, c: cigar"

func everythingRows() [][]any {
	return [][]any{
		{"plain", int64(1), 1.0, true, int64(0), int64(0), int64(5), "\x00\xff", "a/b", "MKV", "3="},
		{"tab\tnew\nline\rback\\slash \"quoted\" é \x01", int64(math.MinInt64), -0.1, false, int64(1770091506123456789), int64(-90e9), int64(1 << 40), "", "", "", ""},
		{nil, nil, nil, nil, nil, nil, nil, nil, "null", "", ""},
		{"", int64(math.MaxInt64), math.NaN(), nil, nil, nil, nil, nil, "", "", ""},
		{"bad \xff utf-8 \xc3", nil, math.Inf(1), nil, nil, nil, nil, nil, "", "", ""},
		{nil, nil, 1e300, nil, nil, nil, nil, nil, "", "", ""},
		{nil, nil, 1e-7, nil, nil, nil, nil, nil, "", "", ""},
		{nil, nil, 123456789.0, nil, nil, nil, nil, nil, "", "", ""},
	}
}

func TestWriteTSV(t *testing.T) {
	dir := t.TempDir()
	row := rowOf(t, everything)
	if err := write(t, local(), WriteTSV, op.Args{"path": pathArg(dir + "/x.tsv")}, row, table(row, everythingRows()...)); err != nil {
		t.Fatal(err)
	}
	want := "s\tn\tf\tb\tat\td\tz\traw\tp\tq\tc\n" +
		"plain\t1\t1.0\ttrue\t1970-01-01T00:00:00Z\t0s\t5\tAP8=\ta/b\tMKV\t3=\n" +
		"tab\\tnew\\nline\\rback\\\\slash \"quoted\" é \x01\t-9223372036854775808\t-0.1\tfalse\t2026-02-03T04:05:06.123456789Z\t-1m30s\t1099511627776\t\t\t\t\n" +
		"\t\t\t\t\t\t\t\tnull\t\t\n" +
		"\t9223372036854775807\tNaN\t\t\t\t\t\t\t\t\n" +
		"bad \uFFFD utf-8 \uFFFD\t\tInfinity\t\t\t\t\t\t\t\t\n" +
		"\t\t1e+300\t\t\t\t\t\t\t\t\n\t\t1e-07\t\t\t\t\t\t\t\t\n\t\t123456789.0\t\t\t\t\t\t\t\t\n"
	got := files(t, dir)["x.tsv"]
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestWriteJSONL(t *testing.T) {
	dir := t.TempDir()
	row := rowOf(t, "a: string, r: { x: int, l: list<{ y: float?, z: list<string> }> }?, t: timestamp, d: duration")
	b := table(row,
		[]any{"q\"b\\n\n\x01é\xff", []any{int64(1), []any{[]any{math.NaN(), []any{"u", "v"}}, []any{nil, []any{}}}}, int64(0), int64(1e9)},
		[]any{"", nil, int64(0), int64(0)})
	// As pairs gives them: a dictionary, and only some of the rows.
	b.Cols[1] = &batch.Vector{Type: b.Cols[1].Type, N: 2, Dict: b.Cols[1], Idx: []uint32{1, 0}}
	if err := write(t, local(), WriteJSONL, op.Args{"path": pathArg(dir + "/x.jsonl")}, row, b, b.Select([]uint32{1})); err != nil {
		t.Fatal(err)
	}
	second := `{"a":"","r":{"x":1,"l":[{"y":"NaN","z":["u","v"]},{"y":null,"z":[]}]},"t":"1970-01-01T00:00:00Z","d":"0s"}` + "\n"
	want := `{"a":"q\"b\\n\n\u0001é` + "\uFFFD" + `","r":null,"t":"1970-01-01T00:00:00Z","d":"1s"}` + "\n" + second + second
	if got := files(t, dir)["x.jsonl"]; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestNested(t *testing.T) {
	row := types.Row{{Name: "r", Type: types.RecordOf(types.Field{Name: "x", Type: types.Of(types.Int)})}, {Name: "l", Type: types.ListOf(types.Of(types.Int))}}
	if got := errorsOf(WriteTSV, row[:1]); got[:5] != codeNested {
		t.Error(got)
	}
	if got := errorsOf(WriteTSV, row[1:]); got[:5] != codeNested {
		t.Error(got)
	}
	if got := errorsOf(WriteJSONL, row); got != "" {
		t.Error(got)
	}
}
