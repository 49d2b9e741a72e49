package seqio

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	"pgregory.net/rapid"

	"weir/compiler/types"
	"weir/runtime/op"
	"weir/stdlib/internal/input"
)

// fastq parses text and tells what it makes of it.
func fastq(t testing.TB, lines *input.Lines) string {
	t.Helper()
	var b strings.Builder
	p := &fastqParser{lines: lines, check: newAlphabet(types.DNA)}
	out := &collector{}
	w := newRecordWriter(ReadFastq.Type(&op.Typing{}), "f", 0, out)
	p.done = w.add
	if err := p.run(); err != nil {
		t.Fatal(err)
	}
	if err := w.flush(); err != nil {
		t.Fatal(err)
	}
	for _, x := range out.batches {
		for i := range x.N {
			fmt.Fprintf(&b, "%d %d %d %q %q %s %s\n", x.Origin.Record[i], x.Origin.Line[i], x.Origin.Byte[i],
				x.Col("id").Bytes(i), x.Col("description").Bytes(i), x.Col("sequence").Bytes(i), x.Col("quality").Bytes(i))
		}
	}
	for _, r := range out.rejected {
		fmt.Fprintf(&b, "rejected: record %d, line %d, byte %d: %s %s: %q\n", r.Record, r.Line, r.Byte, r.Code, r.Reason, r.Raw)
	}
	return b.String()
}

// unescape puts the bytes that a text file cannot show.
func unescape(s string) string {
	for {
		i := strings.Index(s, `\x`)
		if i < 0 {
			return strings.ReplaceAll(s, `\r`, "\r")
		}
		n, _ := strconv.ParseUint(s[i+2:i+4], 16, 8)
		s = s[:i] + string([]byte{byte(n)}) + s[i+4:]
	}
}

func fastqCases(t testing.TB) (string, *txtar.Archive) {
	t.Helper()
	file := filepath.Join("testdata", "fastq", "cases.txtar")
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return file, a
}

// Good and bad records, whole and byte by byte.
func TestFastq(t *testing.T) {
	file, a := fastqCases(t)
	got := &txtar.Archive{Comment: a.Comment}
	for _, f := range a.Files {
		if strings.HasSuffix(f.Name, ".want") {
			continue
		}
		text := unescape(string(f.Data))
		whole := fastq(t, input.LinesOf(strings.NewReader(text)))
		if d := cmp.Diff(whole, fastq(t, input.LinesOf(iotest.OneByteReader(strings.NewReader(text))))); d != "" {
			t.Errorf("%s byte by byte:\n%s", f.Name, d)
		}
		got.Files = append(got.Files, f, txtar.File{Name: f.Name + ".want", Data: []byte(whole)})
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(got), 0o644); err != nil {
			t.Fatal(err)
		}
		_, a = fastqCases(t)
	}
	if d := cmp.Diff(string(txtar.Format(a)), string(txtar.Format(got))); d != "" {
		t.Errorf("%s (-update writes it):\n%s", file, d)
	}
}

// A bad record costs no good one: whatever line of one record is lost, doubled or spoilt, all others are read.
func TestFastqDamage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 6).Draw(t, "records")
		var lines []string
		for i := range n {
			seq := rapid.StringMatching(`[ACGTN]{1,5}`).Draw(t, "sequence")
			qual := rapid.StringOfN(rapid.RuneFrom([]rune("@+!I~>")), len(seq), len(seq), -1).Draw(t, "quality")
			lines = append(lines, fmt.Sprintf("@r%d", i), seq, "+", qual)
		}
		at := rapid.IntRange(0, len(lines)-1).Draw(t, "line")
		hit := at / 4
		switch rapid.SampledFrom([]string{"lost", "spoilt"}).Draw(t, "damage") {
		case "lost":
			if at%4 == 0 && at > 0 && lines[at-1][0] == '@' { // the one ambiguity
				lines[at-1] = "I" + lines[at-1][1:]
			}
			lines = append(lines[:at:at], lines[at+1:]...)
		case "spoilt":
			lines[at] = "\x01"
		}
		good := map[string]bool{}
		bad := 0
		p := &fastqParser{lines: input.LinesOf(strings.NewReader(strings.Join(lines, "\n"))), check: newAlphabet(types.DNA), done: func(r *record) error {
			if r.reason != "" {
				bad++
				return nil
			}
			id, _ := r.split()
			good[string(id)] = true
			return nil
		}}
		if err := p.run(); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			if i != hit && !good[fmt.Sprintf("r%d", i)] {
				t.Fatalf("record %d is lost with the damage in record %d: %q", i, hit, lines)
			}
		}
		if bad == 0 {
			t.Fatalf("no rejection: %q", lines)
		}
	})
}

// Every byte that is not white space between records is in a record or a rejection; rows are consistent.
func FuzzFastq(f *testing.F) {
	_, a := fastqCases(f)
	for _, x := range a.Files {
		f.Add([]byte(unescape(string(x.Data))))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		records, rejected := 0, 0
		p := &fastqParser{lines: input.LinesOf(bytes.NewReader(data)), check: newAlphabet(types.DNA), done: func(r *record) error {
			if r.split(); r.reason == "" {
				records++
				if len(r.sequence) != len(r.quality) || bytes.ContainsFunc(r.sequence, func(c rune) bool { return c < 'A' || c > 'Z' }) {
					t.Errorf("sequence %q, quality %q", r.sequence, r.quality)
				}
				return nil
			}
			rejected++
			if x := r.rejection("f"); len(x.Raw) > 3*maxRaw || x.Line == 0 || x.Record == 0 || x.Code == "" {
				t.Errorf("%+v", x)
			}
			return nil
		}}
		if err := p.run(); err != nil {
			t.Fatal(err)
		}
		if rest := bytes.TrimPrefix(data, []byte("\ufeff")); records+rejected == 0 && len(bytes.TrimSpace(rest)) > 0 {
			t.Error("bytes that nothing tells of")
		}
	})
}
