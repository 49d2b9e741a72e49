package textio

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"weir/runtime/op"
	"weir/runtime/storage"
)

// world is the surroundings of one task.
type world struct {
	surroundings
	storage op.Storage
	task    int
}

type surroundings = op.Context

func (w world) Context() context.Context { return context.Background() }
func (w world) Storage() op.Storage      { return w.storage }
func (w world) Task() int                { return w.task }
func (w world) Now() time.Time           { return time.Time{} }

// states keeps what snapshots write, and gives it back.
type states [][]byte

func (s *states) KeyGroup(int, []byte) error        { return errors.New("a writer has no keys") }
func (s *states) Item(b []byte) error               { *s = append(*s, b); return nil }
func (s *states) KeyGroups() iter.Seq2[int, []byte] { return maps.All(map[int][]byte{}) }
func (s *states) Items() iter.Seq[[]byte]           { return slices.Values(*s) }

func open(t *testing.T, path string, task int) *Sink {
	t.Helper()
	s := &Sink{Path: path, Format: "txt", Header: []byte("head\n")}
	if err := s.Open(world{storage: storage.New(), task: task}); err != nil {
		t.Fatal(err)
	}
	return s
}

func put(t *testing.T, s *Sink, text string) {
	t.Helper()
	if _, err := io.WriteString(s, text); err != nil {
		t.Fatal(err)
	}
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// files gives the content of a folder, hidden files included.
func files(t *testing.T, dir string) string {
	t.Helper()
	var out strings.Builder
	entries, err := os.ReadDir(dir)
	must(t, err)
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		must(t, err)
		out.WriteString(e.Name() + "=" + string(data) + ";")
	}
	return strings.ReplaceAll(out.String(), "\n", "|")
}

func code(err error) string {
	var e *op.Error
	if errors.As(err, &e) && e.Hint != "" {
		return e.Code
	}
	return ""
}

// TestFile: a single file is visible when it is committed, and not before; without rows it has a header.
func TestFile(t *testing.T) {
	dir := t.TempDir()
	for _, text := range []string{"row\n", ""} {
		s := open(t, dir+"/out", 0)
		put(t, s, text)
		must(t, s.Drain(nil), s.Snapshot(1, &states{}))
		if got := files(t, dir); strings.HasPrefix(got, "out=") && text != "" || !strings.Contains(got, ".out.part-") {
			t.Error("visible before it was committed: ", got)
		}
		must(t, s.Commit(1), s.Commit(1), s.Close())
		if got := files(t, dir); got != "out=head|"+strings.ReplaceAll(text, "\n", "|")+";" {
			t.Error(got)
		}
	}
	s := open(t, dir+"/out", 0)
	put(t, s, "never\n")
	must(t, s.Drain(nil), s.Snapshot(1, &states{}), s.Close(), s.Close())
	if got := files(t, dir); got != "out=head|;" {
		t.Error("what was not committed has left a trace: ", got)
	}
}

func TestCompression(t *testing.T) {
	dir := t.TempDir()
	text := strings.Repeat("a line of text\n", 100_000)
	for _, name := range []string{"x.gz", "x.zst", "x"} {
		s := open(t, dir+"/"+name, 0)
		put(t, s, text)
		must(t, s.Drain(nil), s.Snapshot(1, &states{}), s.Commit(1), s.Close())
		data, err := os.ReadFile(dir + "/" + name)
		must(t, err)
		var r io.Reader = bytes.NewReader(data)
		switch name {
		case "x.gz":
			r, err = gzip.NewReader(r)
		case "x.zst":
			r, err = zstd.NewReader(r)
		}
		must(t, err)
		got, err := io.ReadAll(r)
		if err != nil || string(got) != "head\n"+text {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
		if len(data) > len(text)/10 && name != "x" {
			t.Errorf("%s is not compressed: %d bytes", name, len(data))
		}
	}
	s := open(t, dir+"/y.zst", 0) // given up in the middle
	put(t, s, text)
	must(t, s.Close())
	if got := files(t, dir); strings.Contains(got, "y.zst") {
		t.Error("left behind")
	}
}

// TestParts: a part for each snapshot that had rows, numbered on after a restore; at least one from task 0.
func TestParts(t *testing.T) {
	dir := t.TempDir() + "/out/"
	s, idle := open(t, dir, 0), open(t, dir, 1)
	st := &states{}
	put(t, s, "a\n")
	must(t, s.Snapshot(1, st), s.Snapshot(2, &states{}))
	put(t, s, "b\n")
	must(t, s.Snapshot(3, &states{}), s.Commit(2))
	if got := files(t, dir); !strings.HasSuffix(got, "part-00000-00000.txt=head|a|;") {
		t.Error(got)
	}
	must(t, s.Close(), idle.Drain(nil), idle.Snapshot(1, &states{}), idle.Commit(1), idle.Close())
	if got := files(t, dir); got != "part-00000-00000.txt=head|a|;" {
		t.Error(got)
	}
	again := open(t, dir, 0)
	must(t, again.Restore(st))
	put(t, again, "c\n")
	must(t, again.Drain(nil), again.Snapshot(4, &states{}), again.Commit(4), again.Close())
	if got := files(t, dir); got != "part-00000-00000.txt=head|a|;part-00000-00001.txt=head|c|;" {
		t.Error(got)
	}

	late := open(t, dir, 2) // another run
	_, err := io.WriteString(late, "x\n")
	if code(err) != codeParts {
		t.Errorf("parts of two runs: %v", err)
	}
	must(t, late.Close())

	empty := open(t, t.TempDir()+"/e/", 0)
	must(t, empty.Drain(nil), empty.Snapshot(1, &states{}), empty.Commit(1), empty.Close())
	if got := files(t, empty.Path); got != "part-00000-00000.txt=head|;" {
		t.Error(got)
	}
}

// TestResume: a single file that was not complete cannot be gone on with; rows are not lost silently.
func TestResume(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir+"/out", 0)
	st := &states{}
	put(t, s, "a\n")
	must(t, s.Snapshot(1, st), s.Commit(1), s.Close())
	if got := files(t, dir); got != "" {
		t.Error(got)
	}
	for _, bad := range []*states{st, {[]byte("{")}} {
		s = open(t, dir+"/out", 0)
		if err := s.Restore(bad); code(err) != codeResume {
			t.Error(err)
		}
		must(t, s.Close())
	}
}

// full is a storage whose disk is full after some bytes, and whose errors do not say where.
type full struct {
	op.Storage
	room int
}

type fullFile struct {
	op.StagedFile
	s *full
}

func (f *full) Create(ctx context.Context, path string) (op.StagedFile, error) {
	file, err := f.Storage.Create(ctx, path)
	return &fullFile{file, f}, err
}

func (f *fullFile) Write(p []byte) (int, error) {
	if f.s.room -= len(p); f.s.room < 0 {
		return 0, syscall.ENOSPC
	}
	return f.StagedFile.Write(p)
}

// TestFull: a full disk is an error that names the file, wherever it shows, and nothing stays.
func TestFull(t *testing.T) {
	for _, name := range []string{"out", "out.gz", "out.zst"} {
		for _, room := range []int{0, 300 << 10} {
			dir := t.TempDir()
			s := &Sink{Path: dir + "/" + name, Header: []byte("head\n")}
			must(t, s.Open(world{storage: &full{storage.New(), room}}))
			noise := make([]byte, 1<<20)
			for i, x := 0, uint32(1); i < len(noise); i++ {
				x = x*1664525 + 1013904223
				noise[i] = byte(x >> 24)
			}
			_, err := s.Write(noise)
			if err == nil {
				must(t, s.Drain(nil))
				err = s.Snapshot(1, &states{})
			}
			var e *op.Error
			if !errors.As(err, &e) || e.File != s.Path || !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("%s, %d: %v", name, room, err)
			}
			_ = s.Close()
			if got := files(t, dir); got != "" {
				t.Errorf("%s: %.40s", name, got)
			}
		}
	}
}
