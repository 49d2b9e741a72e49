package input

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"

	"weir/runtime/op"
)

// memory is a storage of one file for each name.
type memory struct {
	op.Storage
	files map[string]string
	pipe  bool  // files cannot be seeked
	fail  error // what a read gives behind the content
	open  int   // files that have not been closed
}

func (m *memory) List(_ context.Context, p string) ([]op.FileInfo, error) {
	var out []op.FileInfo
	for name, s := range m.files {
		if strings.HasPrefix(name, p) {
			out = append(out, op.FileInfo{Path: name, Size: int64(len(s)), Version: fmt.Sprint(len(s))})
		}
	}
	slices.SortFunc(out, func(a, b op.FileInfo) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}

func (m *memory) Open(_ context.Context, p, version string) (op.File, error) {
	s, ok := m.files[p]
	if ok && version != "" && version != fmt.Sprint(len(s)) {
		return nil, op.ErrChanged
	}
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: p, Err: fs.ErrNotExist}
	}
	m.open++
	return &memoryFile{Reader: strings.NewReader(s), m: m, info: op.FileInfo{Path: p, Size: int64(len(s)), Version: fmt.Sprint(len(s))}}, nil
}

type memoryFile struct {
	*strings.Reader
	m    *memory
	info op.FileInfo
}

func (f *memoryFile) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	if err == io.EOF && f.m.fail != nil {
		err = f.m.fail
	}
	return n, err
}
func (f *memoryFile) Info() op.FileInfo { return f.info }
func (f *memoryFile) Seekable() bool    { return !f.m.pipe }
func (f *memoryFile) Close() error      { f.m.open--; return nil }

func packed(t testing.TB, format, s string) string {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&b)
	if format == "zstd" {
		var err error
		if w, err = zstd.NewWriter(&b); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := io.WriteString(w, s); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Whatever is packed comes out as it went in, or as an error with code and file; a file is closed in either case.
func TestStream(t *testing.T) {
	text := strings.Repeat("some text, ", 10000)
	zip, zst := packed(t, "gzip", text), packed(t, "zstd", text)
	flip := func(s string, i int) string { return s[:i] + string([]byte{s[i] ^ 0x55}) + s[i+1:] }
	for _, c := range []struct{ name, content, want, code, message string }{
		{"plain", text, text, "", ""},
		{"nothing", "", "", "", ""},
		{"one byte of gzip's two", "\x1f", "\x1f", "", ""},
		{"gzip", zip, text, "", ""},
		{"two members", zip + zip, text + text, "", ""},
		{"zstd", zst, text, "", ""},
		{"two frames", zst + zst, text + text, "", ""},
		{"gzip cut", zip[:len(zip)-5], "", Damaged, "ends too early"},
		{"gzip cut in the header", zip[:4], "", Damaged, "ends too early"},
		{"gzip checksum", flip(zip, len(zip)-6), "", Damaged, "checksum"},
		{"gzip and more", zip + "and more of it", "", Damaged, "followed by something else"},
		{"zstd cut", zst[:len(zst)-5], "", Damaged, "ends too early"},
		{"zstd checksum", flip(zst, len(zst)-1), "", Damaged, "checksum"},
		{"bzip2", "BZh91AY", "", NotText, "bzip2"},
		{"xz", "\xfd7zXZ\x00\x00", "", NotText, "xz"},
		{"zip", "PK\x03\x04..", "", NotText, "zip"},
		{"UTF-16", "\xff\xfe>\x00", "", NotText, "UTF-16"},
	} {
		for _, pipe := range []bool{false, true} {
			m := &memory{files: map[string]string{"f": c.content}, pipe: pipe}
			got, err := readAll(m, Part{Path: "f"})
			var e *op.Error
			switch {
			case c.code == "" && (err != nil || got != c.want):
				t.Errorf("%s: %d bytes of %d, %v", c.name, len(got), len(c.want), err)
			case c.code != "" && (!errors.As(err, &e) || e.Code != c.code || e.File != "f" || e.Hint == "" || !strings.Contains(e.Message, c.message)):
				t.Errorf("%s: %v", c.name, err)
			}
			if m.open != 0 {
				t.Errorf("%s: %d files left open", c.name, m.open)
			}
		}
	}
}

func readAll(m *memory, p Part) (string, error) {
	s, err := Open(context.Background(), m, p)
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(s)
	return string(b), errors.Join(err, s.Close())
}

// No byte of a gzip file can be changed, and none be cut off, without an error or the same text. (A few header bits
// mean nothing.)
func TestDamage(t *testing.T) {
	text := strings.Repeat(">a\nMKTAYI\n", 50)
	for _, format := range []string{"gzip", "zstd"} {
		whole := packed(t, format, text)
		for i := 4; i < len(whole); i++ { // by fewer bytes the format is not known
			if got, err := readAll(&memory{files: map[string]string{"f": whole[:i]}}, Part{Path: "f"}); err == nil {
				t.Errorf("%s cut to %d bytes reads as %d bytes of text", format, i, len(got))
			}
		}
		for i := 4; i < len(whole); i++ {
			for _, bit := range []byte{1, 0x80} {
				b := []byte(whole)
				b[i] ^= bit
				got, err := readAll(&memory{files: map[string]string{"f": string(b)}}, Part{Path: "f"})
				var e *op.Error
				if err == nil && got != text {
					t.Errorf("%s with byte %d changed reads as something else", format, i)
				}
				if err != nil && !errors.As(err, &e) {
					t.Errorf("%s with byte %d changed: %v", format, i, err)
				}
			}
		}
	}
}

// A storage that fails is told from damaged data, whatever is read through; a file of another version is refused.
func TestStorageFails(t *testing.T) {
	broken := errors.New("input/output error")
	zip := packed(t, "gzip", strings.Repeat("text", 1000))
	for name, content := range map[string]string{"plain": "text", "gzip": zip[:len(zip)-3]} {
		_, err := readAll(&memory{files: map[string]string{"f": content}, fail: broken}, Part{Path: "f"})
		var e *op.Error
		if !errors.As(err, &e) || e.Code != CannotRead || !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, c := range []struct {
		part Part
		code string
	}{{Part{Path: "gone"}, NotFound}, {Part{Path: "f", Version: "other"}, FileChanged}} {
		_, err := readAll(&memory{files: map[string]string{"f": "text"}}, c.part)
		var e *op.Error
		if !errors.As(err, &e) || e.Code != c.code {
			t.Errorf("%+v: %v", c.part, err)
		}
	}
	if _, err := List(context.Background(), &memory{}, "x/*"); err == nil {
		t.Error("a path that matches nothing")
	}
}

// world is the surroundings of a source: a storage and nothing else.
type world struct {
	surroundings
	m *memory
}

type surroundings = op.Context

func (w world) Context() context.Context { return context.Background() }
func (w world) Storage() op.Storage      { return w.m }

// TestCut: ranges make up the file, have about the length that is wanted, and do not cut across blocks.
func TestCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Int64Range(1, 1<<50).Draw(t, "size")
		want := rapid.Int64Range(max(1, size/1000), size).Draw(t, "range")
		block := rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(max(1, size/1000), 2*size)).Draw(t, "block")
		from := int64(0)
		for _, to := range cut(size, block, want) {
			longest := want
			if block > want {
				longest = min(block, manyRanges*want)
			}
			if to <= from || to-from > longest {
				t.Fatalf("from %d to %d", from, to)
			}
			if block > 0 && from/block != (to-1)/block && (from%block != 0 || to%block != 0 && to != size) {
				t.Fatalf("from %d to %d cuts across blocks of %d", from, to, block)
			}
			if block == 0 && to-from < want/2 && size >= want {
				t.Fatalf("from %d to %d is short", from, to)
			}
			from = to
		}
		if from != size {
			t.Fatalf("the last range ends at %d", from)
		}
	})
	const mib = 1 << 20
	for _, c := range []struct {
		size, block int64
		want        []int64
	}{
		{300 * mib, 0, []int64{60 * mib, 120 * mib, 180 * mib, 240 * mib, 300 * mib}},
		{300 * mib, 128 * mib, []int64{128 * mib, 256 * mib, 300 * mib}},
		{100 * mib, 128 * mib, []int64{100 * mib}},
		{150 * mib, 10 * mib, []int64{60 * mib, 120 * mib, 150 * mib}},
		{640 * mib, 512 * mib, []int64{64 * mib, 128 * mib, 192 * mib, 256 * mib, 320 * mib, 384 * mib, 448 * mib, 512 * mib, 576 * mib, 640 * mib}},
	} {
		if got := cut(c.size, c.block, 64*mib); !slices.Equal(got, c.want) {
			t.Errorf("%d in blocks of %d: %d", c.size, c.block, got)
		}
	}
}

// Ranges of plain files make up the file; what is packed or a pipe stays whole. Splits are numbered from 0.
func TestSplits(t *testing.T) {
	plain := strings.Repeat("0123456789", 100)
	zip := packed(t, "gzip", fmt.Sprint(strings.Split(plain, "")))
	for _, pipe := range []bool{false, true} {
		m := &memory{files: map[string]string{"a": plain, "b": zip, "c": ""}, pipe: pipe}
		text := map[string]string{}
		count := map[string]int{}
		next := uint64(0)
		for s, err := range Splits(world{m: m}, "", 64) {
			if err != nil {
				t.Fatal(err)
			}
			if s.Index != next {
				t.Errorf("split %d after %d others", s.Index, next)
			}
			next++
			p, err := PartOf(s)
			if err != nil {
				t.Fatal(err)
			}
			got, err := readAll(m, p)
			if err != nil {
				t.Fatal(err)
			}
			text[p.Path] += got
			count[p.Path]++
		}
		want := map[string]int{"a": 16, "b": 1, "c": 1}
		if pipe {
			want["a"] = 1
		}
		if text["a"] != plain || fmt.Sprint(count) != fmt.Sprint(want) {
			t.Errorf("pipe %v: %v splits, %d bytes", pipe, count, len(text["a"]))
		}
		if m.open != 0 {
			t.Errorf("%d files left open", m.open)
		}
	}
	if _, err := PartOf(op.Split{Data: []byte("{")}); err == nil {
		t.Error("a split that is no JSON")
	}
}

// naive cuts text into lines with their numbers and offsets.
func naive(s string) []string {
	var out []string
	at := 0
	if strings.HasPrefix(s, "\ufeff") {
		at = 3
	}
	for line := 1; at < len(s); line++ {
		end := at
		for end < len(s) && s[end] != '\n' && s[end] != '\r' {
			end++
		}
		out = append(out, fmt.Sprintf("%d %d %q", line, at, s[at:end]))
		if end+1 < len(s) && s[end] == '\r' && s[end+1] == '\n' {
			end++
		}
		at = end + 1
	}
	return out
}

// all reads lines; unread gives every piece twice.
func all(l *Lines, unread bool) ([]string, error) {
	var out []string
	text := []byte{}
	number, at := int64(0), int64(0)
	open := false
	for {
		p, ok, err := l.Next()
		if err != nil {
			return out, err
		}
		if !ok {
			if open {
				out = append(out, fmt.Sprintf("%d %d %q", number, at, text))
			}
			return out, nil
		}
		if unread {
			l.Unread()
			again, _, _ := l.Next()
			if again != p {
				return nil, errors.New("another piece after Unread")
			}
		}
		if p.Begin {
			number, at, text = p.Line, p.Byte, text[:0]
		} else if p.Line != number || p.Byte != at+int64(len(text)) {
			return nil, fmt.Errorf("a piece at line %d, byte %d", p.Line, p.Byte)
		}
		text = append(text, p.Text...)
		if open = !p.End; p.End {
			out = append(out, fmt.Sprintf("%d %d %q", number, at, text))
		}
	}
}

// Lines are those of a naive reader, for any line ends and however the bytes arrive.
func TestLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"\n", "\r", "\r\n", "a", ">bc", "\ufeff", "", "\xef\xbb"}), 0, 30).Draw(t, "text"), "")
		want := naive(s)
		for name, r := range map[string]io.Reader{"whole": strings.NewReader(s), "byte by byte": iotest.OneByteReader(strings.NewReader(s)),
			"with the end": iotest.DataErrReader(strings.NewReader(s))} {
			for _, eager := range []bool{true, false} {
				l := LinesOf(r)
				l.w.eager = eager
				got, err := all(l, true)
				if err != nil || !slices.Equal(got, want) {
					t.Fatalf("%s of %q: %q, %v, want %q", name, s, got, err, want)
				}
				r = strings.NewReader(s)
			}
		}
	})
}

// A line longer than a window comes in pieces, and memory stays that of a few windows.
func TestLongLines(t *testing.T) {
	s := "first\n" + strings.Repeat("x", 3*BlockSize+17) + "\r\n" + strings.Repeat("y", 2*BlockSize) + "\nlast"
	l := LinesOf(strings.NewReader(s))
	got, err := all(l, false)
	if err != nil || !slices.Equal(got, naive(s)) {
		t.Errorf("%d lines, %v", len(got), err)
	}
	if cap(l.w.buf) > 3*BlockSize {
		t.Errorf("a window of %d bytes", cap(l.w.buf))
	}
}

// What a window has given stays as it is, since values refer to it; before is called ahead of every read that may wait.
func TestWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 3*BlockSize).Draw(t, "size")
		text := make([]byte, n)
		for i := range text {
			text[i] = byte(i * 7 >> 3)
		}
		calls := 0
		s := &Stream{file: &memoryFile{m: &memory{pipe: rapid.Bool().Draw(t, "pipe")}}, r: iotest.HalfReader(bytes.NewReader(text))}
		w := NewWindow(s, 0, func() error { calls++; return nil })
		type piece struct {
			at   int64
			data []byte
		}
		var pieces []piece
		for !w.EOF {
			before := calls
			keep := rapid.IntRange(0, min(len(w.Data), BlockSize)).Draw(t, "keep")
			if err := w.More(len(w.Data) - keep); err != nil {
				t.Fatal(err)
			}
			if calls != before+1 {
				t.Fatalf("%d calls", calls-before)
			}
			pieces = append(pieces, piece{w.Offset, w.Data})
		}
		for _, p := range pieces {
			if !bytes.Equal(p.data, text[p.at:int(p.at)+len(p.data)]) {
				t.Fatalf("a piece at byte %d has changed", p.at)
			}
		}
		if end := w.Offset + int64(len(w.Data)); end != int64(n) {
			t.Fatalf("%d of %d bytes", end, n)
		}
	})
}
