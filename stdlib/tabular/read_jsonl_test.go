package tabular

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/runtime/op/optest"
)

// collector keeps what a source gives.
type collector struct {
	optest.Ignore
	batches  []*batch.Batch
	rejected []op.Rejection
}

func (c *collector) Emit(b *batch.Batch) error       { c.batches = append(c.batches, b); return nil }
func (c *collector) Side(string, *batch.Batch) error { return nil }
func (c *collector) Reject(r op.Rejection) error     { c.rejected = append(c.rejected, r); return nil }

// read runs a reader over a path, with the columns of out.
func read(t testing.TB, w world, o *op.Operator, a op.Args, out types.Row) (*collector, error) {
	t.Helper()
	src, err := o.Source(&op.Config{Args: a, Out: out})
	if err != nil {
		t.Fatal(err)
	}
	c := &collector{}
	if err := src.Open(w); err != nil {
		return c, err
	}
	defer src.Close()
	for s, err := range src.Splits(w, nil) {
		if err != nil {
			return c, err
		}
		if err := src.Read(s, c); err != nil {
			return c, err
		}
	}
	return c, nil
}

// shown writes rows as text, one a line.
func (c *collector) shown() string {
	var sb strings.Builder
	for _, b := range c.batches {
		for i := range b.Len() {
			for k, v := range b.Cols {
				if k > 0 {
					sb.WriteString(" | ")
				}
				sb.WriteString(expr.FormatValue(v.Type, v.Value(i)))
			}
			sb.WriteByte('\n')
		}
	}
	for _, r := range c.rejected {
		fmt.Fprintf(&sb, "! line %d byte %d %s %s\n", r.Line, r.Byte, r.Code, r.Reason)
	}
	return sb.String()
}

func readText(t testing.TB, o *op.Operator, text, as string, more ...func(op.Args)) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	row := rowOf(t, as)
	a := op.Args{"path": pathArg(path), "as": {Row: row}}
	for _, f := range more {
		f(a)
	}
	c, err := read(t, local(), o, a, row)
	if err != nil {
		return c.shown() + "error: " + strings.ReplaceAll(err.Error(), path, "x") + "\n"
	}
	for _, r := range c.rejected {
		if at := int64(strings.Count(text[:r.Byte], "\n") + 1); at != r.Line || r.Byte > 0 && r.Byte != 3 && text[r.Byte-1] != '\n' {
			t.Errorf("byte %d is in line %d, not at the beginning of line %d", r.Byte, at, r.Line)
		}
	}
	return c.shown()
}

func TestReadJSONL(t *testing.T) {
	text := "\ufeff" + `{"s":"a","n":1,"f":1.5,"b":true,"x":[{}]}` + "\r\n" +
		"\n  \n" +
		` { "n" : -9223372036854775808 , "s" : "q\"\u00e9\ud83d\ude00\ud800" , "f" : 3 , "b" : null } ` + "\n" +
		`{"s":"a","n":9223372036854775808,"f":1}` + "\n" +
		`{"s":"a","n":1.0,"f":1}` + "\n" +
		`{"s":1,"n":1,"f":1}` + "\n" +
		`{"s":null,"n":1,"f":1}` + "\n" +
		`{"n":1,"f":1}` + "\n" +
		`{"s":"a","n":1,"f":1e999}` + "\n" +
		`{"s":"a","n":1,"f":"NaN","n":2}` + "\n" +
		`{"s":"a","n":1,"f":1,}` + "\n" +
		`{"s":"a","n":01,"f":1}` + "\n" +
		`{"s":"a` + "\xff" + `","n":1,"f":1}` + "\n" +
		`[1]` + "\n" +
		`{"s":"a","n":1,"f":1} x` + "\n" +
		`{"s":"a","n":1,"f":1,"deep":` + strings.Repeat("[", 300) + strings.Repeat("]", 300) + "}\n" +
		`{"s":"\x","n":1,"f":1}` + "\n" +
		`{"s":"last","n":1,"f":1}`
	want := `"a" | 1 | 1.5 | true
"q\"é😀�" | -9223372036854775808 | 3.0 | null
"a" | 2 | NaN | null
"last" | 1 | 1.0 | null
! line 5 byte 144 W6222 ` + "`n`" + `: 9223372036854775808 does not fit into 64 bits
! line 6 byte 184 W6222 ` + "`n`" + `: 1.0 is not an int
! line 7 byte 208 W6222 ` + "`s`" + `: 1 is not a string
! line 8 byte 228 W6223 ` + "`s`" + ` is null
! line 9 byte 251 W6223 ` + "`s`" + ` is missing
! line 10 byte 265 W6222 ` + "`f`" + `: 1e999 does not fit into a float
! line 12 byte 323 W6221 column 22: "}" where a key in quotes is wanted
! line 13 byte 346 W6221 column 14: a number that begins with 0
! line 14 byte 369 W6224 the record is not valid UTF-8
! line 15 byte 392 W6221 column 1: "[" where an object is wanted
! line 16 byte 396 W6221 column 23: "x" where the end of the line is wanted
! line 17 byte 420 W6221 column 229: nested more than 200 deep
! line 18 byte 1050 W6221 column 7: an escape that JSON does not know
`
	if got := readText(t, ReadJSONL, text, "s: string, n: int, f: float, b: bool?"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
