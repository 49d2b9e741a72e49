package seqio

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/runtime/op/optest"
)

func (world) Task() int        { return 0 }
func (world) Resumable() bool  { return false }
func (world) Restored() uint64 { return 0 }

// table makes one batch of rows.
func table(row types.Row, rows ...[]any) *batch.Batch {
	b := &batch.Batch{Row: row, N: len(rows)}
	for i, f := range row {
		c := batch.NewBuilder(f.Type, len(rows))
		for _, r := range rows {
			c.Any(r[i])
		}
		b.Cols = append(b.Cols, c.Done())
	}
	return b
}

func fastaArgs(path string, width int64) op.Args {
	return op.Args{"path": {Expr: expr.Lit(types.Of(types.Path), path)}, "width": {Expr: expr.Lit(types.Of(types.Int), width)}}
}

// write runs write_fasta over batches, to its commit.
func write(a op.Args, row types.Row, out op.Output, batches ...*batch.Batch) error {
	x, err := WriteFasta.New(&op.Config{Args: a, In: []types.Row{row}})
	if err != nil {
		return err
	}
	if err := x.Open(world{}); err != nil {
		return err
	}
	for _, b := range batches {
		if err := x.Data(0, b, out); err != nil {
			return err
		}
	}
	if err := x.Drain(out); err != nil {
		return err
	}
	if err := x.Snapshot(1, &optest.State{}); err != nil {
		return err
	}
	if err := x.Commit(1); err != nil {
		return err
	}
	return x.Close()
}

var fastaRow = types.Row{{Name: "id", Type: types.Of(types.String)}, {Name: "description", Type: types.Of(types.String).OrNull()},
	{Name: "sequence", Type: types.Of(types.Protein)}}

// Records as text: wrapped or not, with and without descriptions; what cannot be written is rejected with a place, and
// costs no other row.
func TestWriteFasta(t *testing.T) {
	b := table(fastaRow, []any{"a", "first one", "MKTAYIAK"}, []any{"b", nil, ""}, []any{"c", "", "MKTAY"},
		[]any{"", "x", "MK"}, []any{"d e", "x", "MK"}, []any{"d\u00a0", "", "MK"}, []any{"d", "x\ny", "MK"}, []any{"d", "", "M K"}, []any{"d", "", "M>K"},
		[]any{"e", "x", "MK*"}, []any{"f", "x", "unselected"})
	b.Origin = &batch.Origin{File: "in.fasta", Record: []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}}
	b = b.Select([]uint32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
	for _, c := range []struct {
		width int64
		want  string
	}{
		{5, ">a first one\nMKTAY\nIAK\n>b\n>c\nMKTAY\n>e x\nMK*\n"},
		{0, ">a first one\nMKTAYIAK\n>b\n>c\nMKTAY\n>e x\nMK*\n"},
	} {
		path := filepath.Join(t.TempDir(), "out.fasta")
		out := &collector{}
		if err := write(fastaArgs(path, c.width), fastaRow, out, b); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != c.want {
			t.Errorf("width %d: %q, %v", c.width, got, err)
		}
		var rejected strings.Builder
		for _, r := range out.rejected {
			fmt.Fprintf(&rejected, "%s, record %d: %s %s\n", r.File, r.Record, r.Code, r.Reason)
		}
		if d := cmp.Diff(`in.fasta, record 4: W6218 the id is empty or has white space, where an id ends
in.fasta, record 5: W6218 the id is empty or has white space, where an id ends
in.fasta, record 6: W6218 the id is empty or has white space, where an id ends
in.fasta, record 7: W6218 the header would have a line break
in.fasta, record 8: W6218 ' ' is no letter of a sequence (letter 2)
in.fasta, record 9: W6218 '>' is no letter of a sequence (letter 2)
`, rejected.String()); d != "" {
			t.Error(d)
		}
	}
}

// What is not rejected is read back as it was; only blanks around a description go.
func TestWriteReadFasta(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.OneOf(rapid.RuneFrom([]rune("ab >;é@\t\r\n\u00a0\u2028")), rapid.Rune()))
		sink := fastaSink{width: rapid.IntRange(0, 70).Draw(t, "width")}
		var file []byte
		var want, got []string
		for range rapid.IntRange(0, 5).Draw(t, "rows") {
			id, description, sequence := text.Draw(t, "id"), text.Draw(t, "description"), rapid.StringMatching(`[A-Z*]{0,150}`).Draw(t, "sequence")
			if sink.unwritable([]byte(id), []byte(description), []byte(sequence)) != "" {
				continue
			}
			file = sink.record(file, []byte(id), []byte(description), []byte(sequence))
			want = append(want, fmt.Sprintf("%q %q %s", id, strings.TrimLeft(strings.TrimRightFunc(description, unicode.IsSpace), " \t"), sequence))
		}
		p := newParser(newAlphabet(types.Protein), false, false, func(r *record) error {
			id, description := r.split()
			got = append(got, fmt.Sprintf("%q %q %s%s", id, description, r.sequence, r.reason))
			return nil
		})
		if err := parseFasta(bytes.NewReader(file), p, func() error { return nil }); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	})
}

// Packed or not, in one file or in parts, the records come back; ids without a fault are not rejected.
func TestWriteReadFastaFiles(t *testing.T) {
	var rows [][]any
	for i := range 3000 {
		rows = append(rows, []any{fmt.Sprintf("id%d|x", i), "some é words", strings.Repeat("MKTAYIAK", i%50)})
	}
	for _, name := range []string{"f.fasta", "f.fasta.gz", "f.fasta.zst", "f/"} {
		path := filepath.Join(t.TempDir(), "x") + name
		if err := write(fastaArgs(path, 60), fastaRow, &collector{}, table(fastaRow, rows[:1000]...), table(fastaRow, rows[1000:]...)); err != nil {
			t.Fatal(err)
		}
		out, err := read(t, args(path))
		if err != nil || len(out.rejected) > 0 {
			t.Fatal(err, out.rejected)
		}
		var got [][]any
		for _, b := range out.batches {
			for i := range b.N {
				got = append(got, []any{b.Cols[0].Value(i), b.Cols[1].Value(i), b.Cols[2].Value(i)})
			}
		}
		if d := cmp.Diff(rows, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// Rows that make no record, and widths out of range, are compile-time errors.
func TestTypeFasta(t *testing.T) {
	str, seq := types.Of(types.String), types.Of(types.DNA)
	for _, c := range []struct {
		row   types.Row
		width int64
		want  string
	}{
		{fastaRow, 60, ""},
		{types.Row{{Name: "sequence", Type: str}, {Name: "id", Type: str}, {Name: "n", Type: types.Of(types.Int)}}, 0, ""},
		{types.Row{{Name: "id", Type: str}}, 60, "W2851 a FASTA record needs a column `sequence`"},
		{types.Row{{Name: "id", Type: str.OrNull()}, {Name: "sequence", Type: seq}}, 60, "W2851 the column `id` of a FASTA record may be null"},
		{types.Row{{Name: "id", Type: types.Of(types.Int)}, {Name: "sequence", Type: seq}}, 60, "W2851 the column `id` of a FASTA record is string, not int"},
		{fastaRow, -1, "W2852 the width is a number from 0"},
	} {
		var got strings.Builder
		WriteFasta.Type(&op.Typing{In: []types.Stream{{Row: c.row}}, Args: fastaArgs("x", c.width),
			Errorf: func(_, code, format string, args ...any) { fmt.Fprintf(&got, code+" "+format, args...) }})
		if !strings.HasPrefix(got.String(), c.want) || c.want == "" && got.Len() > 0 {
			t.Errorf("%s: %s, want %s", c.row, got.String(), c.want)
		}
	}
	need := WriteFasta.Caps.Needs(nil, []types.Row{fastaRow}, nil)
	if d := cmp.Diff([]string{"description", "id", "sequence"}, need[0].Paths()); d != "" {
		t.Error(d)
	}
}
