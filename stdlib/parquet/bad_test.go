package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/op"
	"weir/runtime/op/optest"
	"weir/runtime/storage/localfile"
)

func mustType(t testing.TB, text string) types.Row {
	t.Helper()
	ty, err := types.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return ty.Fields
}

func rejections(out *optest.Output) []string {
	var texts []string
	for _, r := range out.Rejections {
		texts = append(texts, fmt.Sprintf("%s %d %s %s", filepath.Base(r.File), r.Record, r.Code, r.Reason))
	}
	return texts
}

// TestBadRows: a value that does not fit rejects its row, whether its column is wanted or not.
func TestBadRows(t *testing.T) {
	for _, c := range []struct {
		file, as   string
		rows, want []string
	}{
		{"bad_uint64", "", []string{`{"id":0,"u":0}`, `{"id":2,"u":1}`, `{"id":4,"u":null}`, `{"id":5,"u":9223372036854775807}`}, []string{
			"bad_uint64.parquet 2 W6236 `u` is 9223372036854775808, which is more than an int holds",
			"bad_uint64.parquet 4 W6236 `u` is 18446744073709551615, which is more than an int holds"}},
		{"bad_uint64", "{ u: int }", []string{`{"u":0}`, `{"u":1}`, `{"u":9223372036854775807}`}, []string{
			"bad_uint64.parquet 2 W6236 `u` is 9223372036854775808, which is more than an int holds",
			"bad_uint64.parquet 4 W6236 `u` is 18446744073709551615, which is more than an int holds",
			"bad_uint64.parquet 5 W6223 `u` is missing"}},
		{"bad_uint64", "{ u: float? }", []string{`{"u":0}`, `{"u":9223372036854776000}`, `{"u":1}`, `{"u":18446744073709552000}`, `{"u":null}`,
			`{"u":9223372036854776000}`}, nil},
		{"bad_time", "", []string{`{"at":0,"id":0,"on":0}`, `{"at":null,"id":2,"on":253402214400000000000}`}[:1], []string{
			"bad_time.parquet 2 W6236 `at` is 253402214400000 milliseconds, which is beyond what timestamp holds (292 years around 1970)",
			"bad_time.parquet 3 W6236 `on` is 2932896 days, which is beyond what timestamp holds (292 years around 1970)",
			"bad_time.parquet 4 W6236 `at` is -62135596800000 milliseconds, which is beyond what timestamp holds (292 years around 1970)"}},
	} {
		var as types.Row
		if c.as != "" {
			as = mustType(t, c.as)
		}
		_, out := mustRead(t, "testdata/"+c.file+".parquet", as)
		same(t, lines(t, out.Batches), c.rows)
		same(t, rejections(out), c.want)
		// The same rows are bad where nobody wants the column.
		args, _, err := typeOf("testdata/"+c.file+".parquet", as)
		if err != nil {
			t.Fatal(err)
		}
		for _, wanted := range []types.Row{{}, args["as"].Row[:1]} {
			again, err := readAll(args, wanted)
			if err != nil {
				t.Fatal(err)
			}
			same(t, rejections(again), c.want)
			if got := len(lines(t, again.Batches)); got != len(c.rows) {
				t.Errorf("%d rows, want %d", got, len(c.rows))
			}
		}
	}
}

// failure runs a reader and gives the error's code and text.
func failure(t *testing.T, path string, as types.Row) string {
	t.Helper()
	args, row, err := typeOf(path, as)
	if err != nil {
		return err.Error()
	}
	_, err = readAll(args, row)
	var e *op.Error
	if !errors.As(err, &e) {
		t.Fatalf("%v", err)
	}
	if e.File != path || e.Hint == "" {
		t.Errorf("%+v", e)
	}
	return e.Code + " " + e.Message
}

// TestErrors: what stops a run, or a compilation, names the file and the column.
func TestErrors(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good, err := os.ReadFile("testdata/groups.parquet")
	if err != nil {
		t.Fatal(err)
	}
	as := mustType(t, "{ id: int }")
	for _, c := range []struct {
		path, as, want string
	}{
		{"testdata/bad_utf8.parquet", "", "W6235 `s` has text that is not UTF-8"},
		{"testdata/odd_names.parquet", "", " W2805: the columns cannot be told from testdata/odd_names.parquet, where a column is called " +
			"\"Total Amount\", which no column can be here: say which are wanted, as in `as: { id: string, n: int? }`"},
		{"testdata/types.parquet", "{ s: int }", "as W2805: testdata/types.parquet: `s` is text in the file, which cannot be read as int"},
		{"testdata/types.parquet", "{ ts_us: int }", "as W2805: testdata/types.parquet: `ts_us` is a timestamp in the file, which cannot be read as int"},
		{"testdata/types.parquet", "{ s: string?, nope: int? }", "as W2805: testdata/types.parquet: it has no column `nope`"},
		{"testdata/types.parquet", "{ nope: int }", "as W2805: testdata/types.parquet: it has no column `nope`"},
		{"testdata/nested.parquet", "{ point: { z: float } }", "as W2805: testdata/nested.parquet: `point` has no field `z`"},
		{"testdata/nested.parquet", "{ ints: int }", "as W2805: testdata/nested.parquet: `ints` is a list in the file, which cannot be read as int"},
		{"testdata/nested.parquet", "{ ints: list<string?>? }", "as W2805: testdata/nested.parquet: `ints` is an integer in the file, which cannot be read as string?"},
		{dir + "/none.parquet", "", " W2802: the columns cannot be told from " + dir + "/none.parquet, the file cannot be read"},
	} {
		var row types.Row
		if c.as != "" {
			row = mustType(t, c.as)
		}
		if got := failure(t, c.path, row); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %s\nwant %s", c.path, got, c.want)
		}
	}
	footer := int(binary.LittleEndian.Uint32(good[len(good)-8:]))
	cut := append([]byte(nil), good...)
	binary.LittleEndian.PutUint32(cut[len(cut)-8:], uint32(footer-9))
	long := append([]byte(nil), good...)
	binary.LittleEndian.PutUint32(long[len(long)-8:], 1<<31)
	page := append([]byte(nil), good...)
	for i := 4; i < 400; i++ {
		page[i] ^= 0x55
	}
	locked := append(append([]byte(nil), good[:len(good)-4]...), "PARE"...)
	for _, c := range []struct {
		name, want string
		data       []byte
	}{
		{"short", "W6231 this is no Parquet file: it is too short", []byte("PAR1")},
		{"text", "W6231 this is no Parquet file: it does not end in PAR1", []byte("a line\nanother line\n")},
		{"truncated", "W6231 this is no Parquet file: it does not end in PAR1", good[:len(good)-100]},
		{"locked", "W6233 the file is encrypted", locked},
		{"cut", "W6232 the Parquet file is damaged", cut},
		{"long", "W6232 its metadata would be longer than the file", long},
		{"page", "W6232 the Parquet file is damaged", page},
	} {
		path := put(c.name, c.data)
		args := op.Args{"path": {Expr: expr.Lit(types.Of(types.Path), path)}, "as": {Row: as}}
		_, err := readAll(args, as)
		var e *op.Error
		if !errors.As(err, &e) || e.Code+" "+e.Message != c.want || e.File != path || e.Hint == "" {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}

// TestFiles: the files of a folder are read in order; one that lacks a column has nulls there, or is an error.
func TestFiles(t *testing.T) {
	dir := t.TempDir() + "/"
	for from, to := range map[string]string{"types": "a", "groups": "b"} {
		data, err := os.ReadFile("testdata/" + from + ".parquet")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dir+to+".parquet", data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, out := mustRead(t, dir, mustType(t, "{ s: string?, id: int?, i8: float? }"))
	got := lines(t, out.Batches)
	same(t, got[:5], []string{`{"i8":1,"id":null,"s":"a"}`, `{"i8":-128,"id":null,"s":""}`, `{"i8":null,"id":null,"s":null}`,
		`{"i8":127,"id":null,"s":"Grüße 🦠"}`, `{"i8":null,"id":0,"s":null}`})
	if len(got) != 504 {
		t.Errorf("%d rows", len(got))
	}
	args, row, err := typeOf(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = readAll(args, row)
	var e *op.Error
	if !errors.As(err, &e) || e.Code != codeSchema || e.File != dir+"b.parquet" {
		t.Error(err)
	}
	if n := countSplits(args, localfile.New()); n != 2 {
		t.Errorf("%d splits", n)
	}
}
