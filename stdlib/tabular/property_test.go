package tabular

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// plainKinds are the kinds that a field of a table can hold.
var plainKinds = []types.Kind{types.Bool, types.Int, types.Float, types.String, types.Bytes, types.Path, types.Timestamp, types.Duration, types.Size,
	types.Protein, types.DNA, types.RNA, types.Cigar}

// drawType draws a type, of records and lists where depth is positive.
func drawType(r *rapid.T, depth int) types.Type {
	n := len(plainKinds) - 1
	if depth > 0 {
		n += 2
	}
	var t types.Type
	switch k := rapid.IntRange(0, n).Draw(r, "kind"); {
	case k < len(plainKinds):
		t = types.Of(plainKinds[k])
	case k == len(plainKinds):
		t = types.ListOf(drawType(r, depth-1))
	default:
		t = types.RecordOf(drawRow(r, depth-1)...)
	}
	t.Nullable = rapid.Bool().Draw(r, "nullable")
	return t
}

func drawRow(r *rapid.T, depth int) types.Row {
	var row types.Row
	for i := range rapid.IntRange(1, 4).Draw(r, "columns") {
		row = append(row, types.Field{Name: fmt.Sprintf("c%d", i), Type: drawType(r, depth)})
	}
	return row
}

func drawValue(r *rapid.T, t types.Type) any {
	if t.Nullable && rapid.IntRange(0, 3).Draw(r, "null") == 0 {
		return nil
	}
	switch t.Kind {
	case types.Bool:
		return rapid.Bool().Draw(r, "bool")
	case types.Float:
		return rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), 1e-7, 1e21, 5e-324})).Draw(r, "float")
	case types.String, types.Path, types.Bytes:
		return rapid.OneOf(rapid.String(), rapid.StringMatching(`[ "\\,;\t\r\n/a\x00\x7f]*`)).Draw(r, "string")
	case types.Protein:
		return rapid.StringMatching(`[A-Z]*\*?`).Draw(r, "protein")
	case types.DNA, types.RNA:
		return rapid.StringMatching(`[ACGTUN]*`).Draw(r, "nucleic")
	case types.Cigar:
		return rapid.StringMatching(`([1-9][0-9]?[MID=X])*`).Draw(r, "cigar")
	case types.List:
		l := []any{}
		for range rapid.IntRange(0, 3).Draw(r, "elements") {
			l = append(l, drawValue(r, *t.Elem))
		}
		return l
	case types.Record:
		rec := []any{}
		for _, f := range t.Fields {
			rec = append(rec, drawValue(r, f.Type))
		}
		return rec
	}
	return rapid.Int64().Draw(r, "int")
}

// inTable makes of a row what a TSV can tell: an empty string that may be null is null.
func inTable(row types.Row, values []any) []any {
	out := slices.Clone(values)
	for i, v := range out {
		if v == "" && row[i].Type.Nullable {
			out[i] = nil
		}
	}
	return out
}

// TestWriteRead: what is written is read back, whatever the format, the compression, the chunks and the ranges.
func TestWriteRead(t *testing.T) {
	defer func(n int64) { rangeBytes = n }(rangeBytes)
	for _, c := range []struct {
		write, read *op.Operator
		depth       int
	}{{WriteJSONL, ReadJSONL, 2}, {WriteCSV, ReadCSV, 0}, {WriteTSV, ReadTSV, 0}} {
		t.Run(c.write.Name, func(t *testing.T) {
			rapid.Check(t, func(r *rapid.T) {
				row := drawRow(r, c.depth)
				var rows [][]any
				for range rapid.IntRange(0, 8).Draw(r, "rows") {
					values := []any{}
					for _, f := range row {
						values = append(values, drawValue(r, f.Type))
					}
					rows = append(rows, values)
				}
				m := &memory{files: map[string][]byte{}}
				w := world{storage: m}
				path := "x." + rapid.SampledFrom([]string{"txt", "txt.gz", "txt.zst"}).Draw(r, "name")
				a := op.Args{"path": pathArg(path), "as": {Row: row}}
				if c.read == ReadCSV {
					a["delimiter"] = value(types.String, rapid.SampledFrom([]string{",", ";", "\t", "-", ".", ":"}).Draw(r, "delimiter"))
				}
				half := rapid.IntRange(0, len(rows)).Draw(r, "half")
				if err := write(t, w, c.write, a, row, table(row, rows[:half]...), table(row, rows[half:]...)); err != nil {
					r.Fatal(err)
				}
				if m.open != 0 {
					r.Fatalf("%d files left open", m.open)
				}
				m.chunk = rapid.SampledFrom([]int{0, 0, 1, 7, 1000}).Draw(r, "chunk")
				rangeBytes = rapid.Int64Range(1, 100).Draw(r, "range")
				got, err := read(t, w, c.read, a, row)
				if err != nil {
					r.Fatal(err)
				}
				var want collector
				for _, values := range rows {
					if c.read == ReadTSV {
						values = inTable(row, values)
					}
					want.batches = append(want.batches, table(row, values))
				}
				if g, w := got.shown(), want.shown(); g != w {
					r.Fatalf("got\n%s\nwant\n%s\nfrom\n%s", g, w, m.files[path])
				}
			})
		})
	}
}

// check reads one text in one piece, in chunks and in ranges, and expects the same rows and rejections. It gives those.
func check(t *testing.T, o *op.Operator, data []byte, as types.Row, chunk int, ranges int64, more ...func(op.Args)) *collector {
	defer func(n int64) { rangeBytes = n }(rangeBytes)
	m := &memory{files: map[string][]byte{"x": data}}
	a := op.Args{"path": pathArg("x"), "as": {Row: as}}
	for _, f := range more {
		f(a)
	}
	whole, err := read(t, world{storage: m}, o, a, as)
	rangeBytes = ranges
	ranged, rerr := read(t, world{storage: m}, o, a, as)
	m.chunk = chunk
	chunked, cerr := read(t, world{storage: m}, o, a, as)
	if (err == nil) != (rerr == nil) || (err == nil) != (cerr == nil) {
		t.Fatalf("errors %v, %v, %v", err, rerr, cerr)
	}
	if err != nil {
		return nil
	}
	w := whole.shown()
	if r := ranged.shown(); r != w {
		t.Fatalf("in ranges\n%s\nwhole\n%s", r, w)
	}
	if c := chunked.shown(); c != w {
		t.Fatalf("in chunks\n%s\nwhole\n%s", c, w)
	}
	// Pruning changes no row.
	pruned, err := read(t, world{storage: m}, o, a, as[len(as)-1:])
	if err != nil {
		t.Fatal(err)
	}
	if n, p := count(whole.batches), count(pruned.batches); n != p || len(whole.rejected) != len(pruned.rejected) {
		t.Fatalf("%d rows and %d rejected, pruned %d and %d", n, len(whole.rejected), p, len(pruned.rejected))
	}
	return whole
}

func count(bs []*batch.Batch) (n int) {
	for _, b := range bs {
		n += b.Len()
	}
	return n
}

// FuzzJSONL compares lines with encoding/json.
func FuzzJSONL(f *testing.F) {
	for _, s := range []string{
		`{"i":1,"s":"x","f":1.5,"l":[1,null],"r":{"b":true}}`, `{"i":-0,"f":-0}`, `{"s":"\ud83d\ude00\ud800\u0041\\"}`, "{}\n\n{}\r\n", `{"i":1}{"i":2}`,
		`{"\u0069":9223372036854775807}`, `{"i":1e3}`, `{"x":[{"y":[[]]}],"i":3}`, "\ufeff{}", `{"s":"` + "\xff" + `"}`, `{"r":{}}`, `{"i":1,"i":"x"}`,
		`{"f":1e400}`, `{"f":"NaN"}`, `{"l":{}}`, `[]`, `{"a":tru}`, `{"s":"` + strings.Repeat("a", 100) + `\n"}`, strings.Repeat(`{"x":`, 250) + "1" + strings.Repeat("}", 250),
		"{}\n{}\n{}\n{}\n{}\n{bad\n{}\n{}\n{}\n{}\n{bad\n{}", "{\"s\":\"aaaaaaaaaa\x01bbbbbbbbbbbb\"}", "{\"s\":\"aaaaaaaaaa\x7f\u00e9bbbbbbbbbb\"}",
	} {
		f.Add([]byte(s), uint8(3), uint8(10))
	}
	as := rowOf(f, "i: int?, s: string?, f: float?, l: list<int?>?, r: { b: bool? }?")
	f.Fuzz(func(t *testing.T, data []byte, chunk, ranges uint8) {
		if bytes.HasPrefix(data, []byte("\x1f\x8b")) || magic(data) {
			return
		}
		got := check(t, ReadJSONL, data, as, int(chunk)+1, int64(ranges)+1)
		if got == nil {
			return
		}
		rejected := map[int64]string{}
		for _, r := range got.rejected {
			rejected[r.Line] = r.Code
		}
		var values [][]any
		for _, b := range got.batches {
			for i := range b.Len() {
				row := []any{}
				for _, c := range b.Cols {
					row = append(row, c.Value(i))
				}
				values = append(values, row)
			}
		}
		for n, line := range strings.Split(strings.TrimPrefix(string(data), "\ufeff"), "\n") {
			code := rejected[int64(n+1)]
			if strings.Trim(line, " \t\r") == "" && code == "" {
				continue
			}
			valid := json.Valid([]byte(line)) && utf8.ValidString(line) && strings.HasPrefix(strings.TrimLeft(line, " \t\r"), "{")
			switch {
			case code == "" && !valid:
				t.Fatalf("line %d: %q was accepted", n+1, line)
			case valid && (code == codeJSON || code == codeUTF8) && deep(line) < maxDepth:
				t.Fatalf("line %d: %q was rejected: %s", n+1, line, code)
			case code != "":
				continue
			}
			m := map[string]any{}
			d := json.NewDecoder(strings.NewReader(line))
			d.UseNumber()
			if err := d.Decode(&m); err != nil {
				t.Fatal(err)
			}
			for k, f := range as {
				if g, w := fmt.Sprint(values[0][k]), fmt.Sprint(naive(f.Type, m[f.Name])); g != w {
					t.Fatalf("line %d: %s: got %s, want %s", n+1, f.Name, g, w)
				}
			}
			values = values[1:]
		}
		if len(values) > 0 {
			t.Fatalf("%d rows too many", len(values))
		}
	})
}

// magic reports the beginnings of files that no reader takes for text.
func magic(data []byte) bool {
	for _, m := range []string{"\x1f\x8b", "\x28\xb5\x2f\xfd", "BZh", "\xfd7zXZ\x00", "PK\x03\x04", "\xff\xfe", "\xfe\xff"} {
		if bytes.HasPrefix(data, []byte(m)) {
			return true
		}
	}
	return false
}

// deep gives an upper bound for the nesting of a line.
func deep(line string) int { return strings.Count(line, "[") + strings.Count(line, "{") }

// naive gives what encoding/json has read in the form of our values.
func naive(t types.Type, x any) any {
	switch x := x.(type) {
	case json.Number:
		if t.Kind == types.Float {
			f, err := x.Float64()
			if err != nil {
				return err
			}
			return f
		}
		i, err := x.Int64()
		if err != nil {
			return err
		}
		return i
	case string:
		if v, ok := floatWord([]byte(x)); ok && t.Kind == types.Float {
			return v
		}
		return x
	case []any:
		out := []any{}
		for _, e := range x {
			out = append(out, naive(*t.Elem, e))
		}
		return out
	case map[string]any:
		out := []any{}
		for _, f := range t.Fields {
			out = append(out, naive(f.Type, x[f.Name]))
		}
		return out
	}
	return x
}

// FuzzCSV compares with encoding/csv where that accepts the text.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"a,b\n", "\"a\n,\"\"\",b\n\n c,d", "a\n,\n", "\"a\"b,c\n", "\"open,x\ny,z\n", "a\"b,c\n", ",\"\"", "\xff,a\n", "\"\"\"\"\"\",\n"} {
		f.Add([]byte(s), uint8(2))
	}
	as := rowOf(f, "a: string, b: string")
	f.Fuzz(func(t *testing.T, data []byte, chunk uint8) {
		if magic(data) {
			return
		}
		got := check(t, ReadCSV, data, as, int(chunk)+1, 1<<40, func(a op.Args) { a["header"] = value(types.Bool, false) })
		if got == nil || bytes.ContainsRune(data, '\r') || !utf8.Valid(data) || bytes.HasPrefix(data, []byte("\ufeff")) {
			return
		}
		r := csv.NewReader(bytes.NewReader(data))
		r.FieldsPerRecord = 2
		want, err := r.ReadAll()
		if err != nil {
			return
		}
		if len(got.rejected) > 0 {
			t.Fatalf("rejected %v", got.rejected)
		}
		var rows [][]string
		for _, b := range got.batches {
			for i := range b.Len() {
				rows = append(rows, []string{string(b.Cols[0].Bytes(i)), string(b.Cols[1].Bytes(i))})
			}
		}
		if !slices.EqualFunc(rows, want, slices.Equal[[]string]) {
			t.Fatalf("got %q, want %q", rows, want)
		}
	})
}

// FuzzTSV: nothing panics, and chunks do not matter.
func FuzzTSV(f *testing.F) {
	f.Add([]byte("n\ts\tx\n1\ta\\t\\q\\\\\\\tb\n\t\t\n2\n3\t\xff\t\n"), uint8(1))
	as := rowOf(f, "s: string?, n: int?, d: duration?, t: timestamp?, q: dna?, c: cigar?, raw: bytes?")
	f.Fuzz(func(t *testing.T, data []byte, chunk uint8) {
		if !magic(data) {
			check(t, ReadTSV, data, as, int(chunk)+1, 1<<40)
			_, _ = inferTable(tsvTable, op.Args{}, data)
			_, _ = inferTable(csvTable, op.Args{}, data)
			_, _ = inferJSON(data)
		}
	})
}

// TestDurations: what the language writes is read back.
func TestDurations(t *testing.T) {
	for text, want := range map[string]string{"": "no", "-": "no", "1": "no", "1x": "no", "106752d": "no", "9223372036854775808ns": "no", "-9223372036854775808ns": "-9223372036854775808",
		"99999999999999999999ns": "no", "1m1ms": "60001000000", "0s": "0", "1d1h": "90000000000000", "1.5h": "no"} {
		got := "no"
		if n, ok := parseDuration([]byte(text)); ok {
			got = fmt.Sprint(n)
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}
