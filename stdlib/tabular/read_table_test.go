package tabular

import (
	"strings"
	"testing"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/op"
)

const tableRow = "s: string, n: int?, f: float?, b: bool?, d: duration?"

func TestReadCSV(t *testing.T) {
	text := "\ufeffn,\"s\",f,b,extra,d\r\n" +
		"1,plain,1.5,true,x,1h30m\r\n" +
		"\r\n" +
		" 2 ,\"two\nlines, \"\"quoted\"\"\",NaN,FALSE,,\n" +
		",,,,,\n" +
		",\"\",,,,\n" +
		"x,a,,,,\n" +
		"9223372036854775808,a,,,,\n" +
		"1,a,1_0,,,\n" +
		"1,a,1e999,,,\n" +
		"1,a,,maybe,,\n" +
		"1,a,,,,1x\n" +
		"1,a\n" +
		"1,\"a\"b,,,,\n" +
		"1,a\"b,,,,\n" +
		"1,\xff,,,,\n" +
		"3,\"open,,,,\n" +
		"4,last,,,,"
	want := `"plain" | 1 | 1.5 | true | 1h30m
"two\nlines, \"quoted\"" | 2 | NaN | false | null
"" | null | null | null | null
"" | null | null | null | null
"a\"b" | 1 | null | null | null
"last" | 4 | null | null | null
! line 8 byte 104 W6222 ` + "`n`" + `: "x" is not an int
! line 9 byte 112 W6222 ` + "`n`" + `: 9223372036854775808 does not fit into 64 bits
! line 10 byte 138 W6222 ` + "`f`" + `: "1_0" is not a float
! line 11 byte 149 W6222 ` + "`f`" + `: 1e999 does not fit into a float
! line 12 byte 162 W6222 ` + "`b`" + `: "maybe" is neither true nor false
! line 13 byte 175 W6222 ` + "`d`" + `: "1x" is not a duration such as 1h30m
! line 14 byte 185 W6227 the record has 2 fields, not 6
! line 15 byte 189 W6226 field 2: something follows the quote that ends it
! line 17 byte 210 W6224 the record is not valid UTF-8
! line 18 byte 218 W6226 a quote is not closed
`
	if got := readText(t, ReadCSV, text, tableRow); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestReadTSV(t *testing.T) {
	text := "s\tn\tq\n" + `a\tb\nc\\d\x` + "\t1\tmkv\n" + `"quoted"` + "\t\tMKV1\n" + "\t2\t\n"
	want := `"a\tb\nc\\d\\x" | 1 | "MKV"
"" | 2 | ""
! line 3 byte 25 W6222 ` + "`q`" + `: '1', at 4 of the sequence, is no letter of protein
`
	if got := readText(t, ReadTSV, text, "s: string, n: int?, q: protein"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestRaw: a rejected record is shown as it was read, whatever has been made of its fields.
func TestRaw(t *testing.T) {
	for o, text := range map[*op.Operator]string{ReadTSV: "q\tn\nmkv\tbad\n", ReadJSONL: `{"q":"mkv","n":"\u0062ad"}`} {
		m := &memory{files: map[string][]byte{"x": []byte(text)}}
		row := rowOf(t, "q: protein, n: int")
		got, err := read(t, world{storage: m}, o, op.Args{"path": pathArg("x"), "as": {Row: row}}, row)
		if err != nil || len(got.rejected) != 1 || !strings.Contains(text, got.rejected[0].Raw) || got.rejected[0].Raw == "" {
			t.Errorf("%s: %v, %v", o.Name, got.rejected, err)
		}
	}
}

func value(t types.Kind, v any) *op.Arg { return &op.Arg{Expr: expr.Lit(types.Of(t), v)} }

func TestHeader(t *testing.T) {
	noHeader := func(a op.Args) { a["header"] = value(types.Bool, false) }
	semicolon := func(a op.Args) { a["delimiter"] = value(types.String, ";") }
	for _, c := range []struct {
		o              *op.Operator
		text, as, want string
		more           []func(op.Args)
	}{
		{ReadCSV, "", "a: int", "", nil},
		{ReadCSV, "a,b\n", "a: int", "", nil},
		{ReadCSV, "a,b\n1,2", "b: int", "2\n", nil},
		{ReadCSV, "Gene name,2nd\nx,y", "Gene_name: string, _2nd: string", "\"x\" | \"y\"\n", nil},
		{ReadCSV, "a,b\n1,2", "a: int, c: int?", "1 | null\n", nil},
		{ReadCSV, "a,b\n1,2", "a: int, c: int", "error: x, line 1: the header has no column `c`\n", nil},
		{ReadCSV, "a,a\n1,2", "a: int", "error: x, line 1: the header cannot be read: two columns are called \"a\"\n", nil},
		{ReadCSV, "a\n\n1\n", "a: int?", "null\n1\n", nil},
		{ReadTSV, "1\tx\n", "a: int, b: string", "1 | \"x\"\n", []func(op.Args){noHeader}},
		{ReadCSV, "1;x,y\n", "a: int, b: string", "1 | \"x,y\"\n", []func(op.Args){noHeader, semicolon}},
	} {
		if got := readText(t, c.o, c.text, c.as, c.more...); got != c.want {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
	}
}

// TestInfer: what a sample is taken for.
func TestInfer(t *testing.T) {
	for _, c := range []struct {
		f          *format
		text, want string
	}{
		{jsonLines, `{"a":1,"b":"x","c":null,"d":[],"e":{"f":1.5},"t":"2026-01-01T00:00:00Z"}` + "\n{bad\n" +
			`{"a":2.5,"c":true,"d":[1,null],"e":{"f":2,"g":[{"h":1}]},"b":"y","t":"2026-01-01T00:00:00Z","n":null}`,
			"{ a: float, b: string, c: bool?, d: list<int?>, e: { f: float, g: list<{ h: int }>? }, t: timestamp, n: string? }"},
		{jsonLines, `{"a":1}` + "\n" + `{"a":"x"}`, "error: where `a` is now an int, now a string"},
		{jsonLines, `{"a":[1,"x"]}`, "{}"},
		{jsonLines, `{"a b":1}`, `error: where a column is called "a b", which no column can be`},
		{csvTable, "id,n,f,b,t,e,m,big,z\n001,1,1.0,true,2026-01-01T00:00:00Z,,1,99999999999999999999,-0.5\n002,2,NaN,false,2026-01-01T00:00:00Z,,x,1,1\n\n1,2\n",
			"{ id: string, n: int, f: float, b: bool, t: timestamp, e: string?, m: string, big: string, z: float }"},
		{csvTable, "a,\n1,2\n", "error: where column 2 has no name"},
		{tsvTable, "a\tb\n1\t\n\t\"x\"\n", "{ a: int?, b: string? }"},
	} {
		row, err := c.f.infer(c.f, op.Args{}, []byte(c.text))
		got := row.String()
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != c.want {
			t.Errorf("%s: got %s, want %s", strings.SplitN(c.text, "\n", 2)[0], got, c.want)
		}
	}
}
