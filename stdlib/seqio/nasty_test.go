package seqio

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/runtime/op/optest"
	"weir/runtime/storage/localfile"
)

var update = flag.Bool("update", false, "write docs/fasta.md anew")

// world is the surroundings of a source in these tests: the files of this machine and nothing else.
type world struct{ surroundings }

type surroundings = op.Context

func (world) Context() context.Context { return context.Background() }
func (world) Storage() op.Storage      { return localfile.New() }
func (world) Now() time.Time           { return time.Time{} }

// collector keeps what a source gives.
type collector struct {
	optest.Ignore
	batches  []*batch.Batch
	rejected []op.Rejection
}

func (c *collector) Emit(b *batch.Batch) error       { c.batches = append(c.batches, b); return nil }
func (c *collector) Side(string, *batch.Batch) error { return nil }
func (c *collector) Reject(r op.Rejection) error     { c.rejected = append(c.rejected, r); return nil }

func args(path string, options ...string) op.Args {
	a := op.Args{"path": {Expr: expr.Lit(types.Of(types.Path), path)}, "alphabet": {Word: "protein"}, "stop": {Word: "keep"}, "gaps": {Word: "reject"}}
	for _, o := range options {
		name, word, _ := strings.Cut(o, "=")
		a[name] = &op.Arg{Word: word}
	}
	return a
}

// read runs read_fasta over a path.
func read(t testing.TB, a op.Args, columns ...string) (*collector, error) {
	t.Helper()
	row := ReadFasta.Type(&op.Typing{Args: a})
	if len(columns) > 0 {
		row = op.NewColumnSet(columns...).Prune(row)
	}
	src, err := ReadFasta.Source(&op.Config{Args: a, Out: row})
	if err != nil {
		t.Fatal(err)
	}
	out := &collector{}
	if err := src.Open(world{}); err != nil {
		return out, err
	}
	defer src.Close()
	for s, err := range src.Splits(world{}, nil) {
		if err != nil {
			return out, err
		}
		if err := src.Read(s, out); err != nil {
			return out, err
		}
	}
	return out, nil
}

// what the nasty files are, and what is made of them; the outcome is filled in by the test.
var nasty = []struct{ file, what string }{
	{"bad_crc.fasta.gz", "gzip whose checksum is wrong"},
	{"bgzf.fasta.gz", "gzip in blocks, as bgzip writes it"},
	{"blank_lines_inside.fasta", "blank lines within and between records"},
	{"bom.fasta", "a byte order mark at the beginning"},
	{"bzxuoj.fasta", "the letters B, Z, X, U, O and J"},
	{"cr_only.fasta", "lines that end in CR alone"},
	{"crlf.fasta", "lines that end in CR LF"},
	{"digits_in_seq.fasta", "numbered sequence lines, as GenBank has them"},
	{"dna.fasta", "nucleotides read as protein: all are letters of proteins"},
	{"dup_ids.fasta", "the same id on several records"},
	{"empty.fasta.gz", "gzip of nothing"},
	{"empty_file.fasta", "nothing"},
	{"empty_last.fasta", "a last record without a sequence"},
	{"empty_sequence.fasta", "records without a sequence, and with a blank one"},
	{"gaps.fasta", "- and . as in an alignment"},
	{"gt_in_header.fasta", "> and control characters within a header"},
	{"gz_no_suffix", "gzip without the suffix .gz"},
	{"header_only.fasta", "a header without an end of line"},
	{"latin1_header.fasta", "a header in Latin-1, which is no UTF-8"},
	{"leading_blank.fasta", "blank lines before the first record"},
	{"lf.fasta", "lines that end in LF"},
	{"long_35213aa.fasta", "titin, 35,213 residues"},
	{"long_35213aa_oneline.fasta", "titin on one line"},
	{"long_header.fasta", "a header of 100,000 bytes"},
	{"lowercase.fasta", "lower case throughout"},
	{"multimember.fasta.gz", "gzip of several members"},
	{"multimember_midrecord.fasta.gz", "gzip whose members end within a record"},
	{"no_final_newline.fasta", "no line end at the end"},
	{"no_final_newline_crlf.fasta", "no line end at the end, CR LF elsewhere"},
	{"no_header.fasta", "a sequence without a header"},
	{"non_letter.fasta", "@ and # in a sequence"},
	{"nul_byte.fasta", "a zero byte in a sequence"},
	{"one_line.fasta", "each sequence on one line"},
	{"only_newlines.fasta", "blank lines and nothing else"},
	{"plain.fasta.gz", "gzip"},
	{"semicolon_comment.fasta", "comment lines that begin with ;"},
	{"softmask.fasta", "lower case for masked regions"},
	{"space_after_gt.fasta", "white space after >, headers without an id"},
	{"spaces_in_seq.fasta", "spaces and tabs in sequence lines"},
	{"stop.fasta", "* at the end, within, and alone"},
	{"tab_header.fasta", "a tab between id and description"},
	{"trailing_garbage.fasta.gz", "gzip with something else behind it"},
	{"trailing_space_id.fasta", "white space after the id"},
	{"truncated.fasta.gz", "gzip that ends too early"},
	{"utf8_header.fasta", "a header with letters beyond ASCII"},
}

// notes say what is stripped or changed, where the outcome alone does not.
var notes = map[string]string{
	"blank_lines_inside.fasta": "blank lines are passed over",
	"bom.fasta":                "the mark is stripped",
	"dup_ids.fasta":            "every record counts; ids need not be unique",
	"empty_last.fasta":         "an empty sequence is a record; it aligns to score 0 locally",
	"empty_sequence.fasta":     "an empty sequence is a record; it aligns to score 0 locally",
	"header_only.fasta":        "an empty sequence is a record",
	"latin1_header.fasta":      "the bytes are taken for Latin-1 and become UTF-8",
	"long_header.fasta":        "headers may have 1 MiB",
	"lowercase.fasta":          "folded to upper case",
	"softmask.fasta":           "folded to upper case: the masking is lost",
	"semicolon_comment.fasta":  "the lines are stripped",
	"space_after_gt.fasta":     "white space after > is stripped",
	"spaces_in_seq.fasta":      "white space is stripped",
	"stop.fasta":               "* is kept; `stop: strip` removes a trailing one",
	"bzxuoj.fasta":             "kept; docs/language.md says how they score",
	"leading_blank.fasta":      "blank lines are passed over",
	"only_newlines.fasta":      "no record is no error",
	"empty_file.fasta":         "no record is no error",
	"empty.fasta.gz":           "no record is no error",
	"gaps.fasta":               "`gaps: strip` removes them and accepts the records",
}

const doc = "../../docs/fasta.md"

// Every nasty file either works or fails with file, record, line and reason. The table of docs/fasta.md is what happens; a difference fails.
func TestNasty(t *testing.T) {
	files, err := filepath.Glob("testdata/nasty/*")
	if err != nil || len(files) != len(nasty) {
		t.Fatalf("%d files and %d rows (%v)", len(files), len(nasty), err)
	}
	var b strings.Builder
	b.WriteString(intro)
	for _, n := range nasty {
		out, err := read(t, args("testdata/nasty/"+n.file))
		records, residues := 0, 0
		for _, x := range out.batches {
			records += x.Len()
			for i := range x.N {
				residues += len(x.Col("sequence").Bytes(i))
			}
		}
		outcome, exit := "accepted", 0
		why := notes[n.file]
		var oe *op.Error
		switch {
		case errors.As(err, &oe):
			outcome, exit, why = "refused", 5, "`"+oe.Code+"` "+oe.Message
		case err != nil:
			t.Errorf("%s: no op.Error: %v", n.file, err)
		case len(out.rejected) > 0:
			outcome, exit = "rejected", 5
			var reasons []string
			for _, r := range out.rejected {
				if r.File == "" || r.Record == 0 || r.Line == 0 || r.Code == "" || r.Reason == "" {
					t.Errorf("%s: incomplete rejection %+v", n.file, r)
				}
				reasons = append(reasons, fmt.Sprintf("record %d, line %d: `%s` %s", r.Record, r.Line, r.Code, r.Reason))
			}
			if why != "" {
				reasons = append(reasons, why)
			}
			why = strings.Join(reasons, "; ")
		case why != "" && (strings.Contains(why, "strip") || strings.Contains(why, "folded") || strings.Contains(why, "become")) && !strings.Contains(why, "`stop"):
			outcome = "cleaned"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %d | %d | %d | %s | %d |\n", n.file, n.what, outcome, records, residues, len(out.rejected), why, exit)
	}
	got := b.String()
	if *update {
		if err := os.WriteFile(doc, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("docs/fasta.md says something else (-update writes it):\n%s", d)
	}
}

const intro = `# What read_fasta makes of unusual files

FASTA has no standard that files keep to. This page says what ` + "`read_fasta`" + ` makes of 45 files, each named after what is wrong with it; they lie in
stdlib/seqio/testdata/nasty, and every row is a test.

- **accepted**: every record is read as it stands.
- **cleaned**: every record is read; what is stripped or changed stands in the row.
- **rejected**: the records named are bad and go to ` + "`.rejected`" + ` with file, record, line, byte, code, reason and the beginning of the record; the others are read. The exit
  code is that of a run in which nothing consumes ` + "`.rejected`" + ` and ` + "`--max-errors`" + ` is 0; otherwise it is 0.
- **refused**: the file's bytes cannot be trusted, so the run stops and nothing is written.

A record has at most 64 MiB of residues and a header of at most 1 MiB; a record beyond that is rejected. Compression is found by the content: gzip
(of many members, as bgzip writes it, too) and zstd.

| file | what is unusual | outcome | records | residues | rejected | why | exit |
|---|---|---|---|---|---|---|---|
`

// Options change what is made of stops and gaps.
func TestFastaOptions(t *testing.T) {
	for _, c := range []struct{ file, option, want string }{
		{"stop.fasta", "stop=strip", "a MKTAYIAK, b MKT*AYIAK, c **, d MKTAYIAK"},
		{"gaps.fasta", "gaps=strip", "a MKTAYIAK, b MKTAYIAK, c MKTAYIAK"},
	} {
		out, err := read(t, args("testdata/nasty/"+c.file, c.option))
		if err != nil || len(out.rejected) > 0 {
			t.Fatalf("%s: %v %v", c.file, err, out.rejected)
		}
		var got []string
		for _, b := range out.batches {
			for i := range b.N {
				got = append(got, string(b.Col("id").Bytes(i))+" "+string(b.Col("sequence").Bytes(i)))
			}
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%s with %s: %s, want %s", c.file, c.option, s, c.want)
		}
	}
}

// The same records come whatever the pieces are in which the bytes arrive.
func TestParserChunks(t *testing.T) {
	parse := func(data []byte, size int) string {
		var b strings.Builder
		p := newParser(newAlphabet(types.Protein), false, false, func(r *record) error {
			id, d := r.split()
			fmt.Fprintf(&b, "%d %d %d %q %q %q %s\n", r.number, r.line, r.offset, id, d, r.sequence, r.reason)
			return nil
		})
		for len(data) > 0 {
			n := min(size, len(data))
			if err := p.feed(data[:n]); err != nil {
				t.Fatal(err)
			}
			data = data[n:]
		}
		if err := p.finish(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for _, n := range nasty {
		data, err := os.ReadFile("testdata/nasty/" + n.file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
			continue
		}
		want := parse(data, len(data)+1)
		for _, size := range []int{1, 2, 3, 7, 64} {
			if got := parse(data, size); got != want {
				t.Errorf("%s in pieces of %d:\n%s", n.file, size, cmp.Diff(want, got))
			}
		}
	}
}

func FuzzParser(f *testing.F) {
	for _, n := range nasty {
		if data, err := os.ReadFile("testdata/nasty/" + n.file); err == nil && len(data) < 5000 {
			f.Add(data, uint8(3))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, size uint8) {
		records := 0
		p := newParser(newAlphabet(types.Protein), true, true, func(r *record) error {
			records++
			r.split()
			if r.reason == "" && bytes.ContainsAny(r.sequence, "\r\n \t-.") {
				t.Errorf("sequence %q", r.sequence)
			}
			if len(r.rejection("f").Raw) > 3*maxRaw {
				t.Error("raw is too long")
			}
			return nil
		})
		step := int(size)%16 + 1
		for rest := data; len(rest) > 0; {
			n := min(step, len(rest))
			if err := p.feed(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if err := p.finish(); err != nil {
			t.Fatal(err)
		}
		if records > len(data) {
			t.Errorf("%d records of %d bytes", records, len(data))
		}
	})
}
