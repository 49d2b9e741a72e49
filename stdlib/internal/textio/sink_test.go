package textio

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"weir/runtime/op"
	"weir/runtime/op/optest"
	"weir/runtime/storage/localfile"
)

// world is the surroundings of one task.
type world struct {
	surroundings
	storage op.Storage
	task    int
	keep    bool
	from    uint64 // the checkpoint that the run was taken up from
}

type surroundings = op.Context

func (w world) Context() context.Context { return context.Background() }
func (w world) Storage() op.Storage      { return w.storage }
func (w world) Task() int                { return w.task }
func (w world) Resumable() bool          { return w.keep }
func (w world) Restored() uint64         { return w.from }
func (w world) Now() time.Time           { return time.Time{} }

func open(t *testing.T, path string, task int) *Sink {
	t.Helper()
	s := &Sink{Path: path, Format: "txt", Header: []byte("head\n")}
	if err := s.Open(world{storage: localfile.New(), task: task}); err != nil {
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
		must(t, s.Drain(nil), s.Snapshot(1, &optest.State{}))
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
	must(t, s.Drain(nil), s.Snapshot(1, &optest.State{}), s.Close(), s.Close())
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
		must(t, s.Drain(nil), s.Snapshot(1, &optest.State{}), s.Commit(1), s.Close())
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

// TestParts: a part for each snapshot that had rows, named by the checkpoint after a restore; at least one from task 0.
func TestParts(t *testing.T) {
	dir := t.TempDir() + "/out/"
	s, idle := open(t, dir, 0), open(t, dir, 1)
	st := &optest.State{}
	put(t, s, "a\n")
	must(t, s.Snapshot(1, st), s.Snapshot(2, &optest.State{}))
	put(t, s, "b\n")
	must(t, s.Snapshot(3, &optest.State{}), s.Commit(2))
	if got := files(t, dir); !strings.HasSuffix(got, "part-00000-00000.txt=head|a|;") {
		t.Error(got)
	}
	must(t, s.Close(), idle.Drain(nil), idle.Snapshot(1, &optest.State{}), idle.Commit(1), idle.Close())
	if got := files(t, dir); got != "part-00000-00000.txt=head|a|;" {
		t.Error(got)
	}
	again := &Sink{Path: dir, Format: "txt", Header: []byte("head\n")}
	must(t, again.Open(world{storage: localfile.New(), from: 1}), again.Restore(st))
	put(t, again, "c\n")
	must(t, again.Drain(nil), again.Snapshot(4, &optest.State{}), again.Commit(4), again.Close())
	if got := files(t, dir); got != "part-00000-00000.txt=head|a|;part-00000-00001-00000.txt=head|c|;" {
		t.Error(got)
	}

	late := &Sink{Path: dir, Format: "txt"} // another run
	if err := late.Open(world{storage: localfile.New(), task: 2}); code(err) != codeParts {
		t.Errorf("parts of two runs: %v", err)
	}
	must(t, late.Close())

	empty := open(t, t.TempDir()+"/e/", 0)
	must(t, empty.Drain(nil), empty.Snapshot(1, &optest.State{}), empty.Commit(1), empty.Close())
	if got := files(t, empty.Path); got != "part-00000-00000.txt=head|;" {
		t.Error(got)
	}
}

// TestResume: a single file is gone on with where a snapshot was taken, compressed or not; what came after it is dropped. Without a
// checkpoint to resume from nothing stays.
func TestResume(t *testing.T) {
	for _, name := range []string{"out", "out.gz", "out.zst"} {
		dir := t.TempDir()
		first := &Sink{Path: dir + "/" + name, Header: []byte("head\n")}
		must(t, first.Open(world{storage: localfile.New(), keep: true}))
		st := &optest.State{}
		put(t, first, "a\n")
		must(t, first.Snapshot(1, st), first.Commit(1))
		put(t, first, "lost\n")
		must(t, first.Flush(), first.Close())
		resume := func(from *optest.State) *Sink {
			s := &Sink{Path: dir + "/" + name, Header: []byte("head\n")}
			must(t, s.Open(world{storage: localfile.New(), keep: true, from: 1}), s.Restore(from))
			return s
		}
		second := resume(st) // killed before its snapshot is part of a checkpoint
		put(t, second, "lost as well\n")
		must(t, second.Snapshot(2, &optest.State{}), second.Close())
		third, complete := resume(st), &optest.State{}
		put(t, third, "b\n")
		must(t, third.Drain(nil), third.Snapshot(2, complete), third.Close())
		fourth := resume(complete)
		must(t, fourth.Commit(2), fourth.Commit(2), fourth.Close())
		if got := unpacked(t, dir+"/"+name); got != "head\na\nb\n" {
			t.Errorf("%s: %q", name, got)
		}
		if entries, _ := os.ReadDir(dir); len(entries) != 1 {
			t.Error(entries)
		}
	}
	dir := t.TempDir()
	s := open(t, dir+"/out", 0)
	put(t, s, "a\n")
	must(t, s.Snapshot(1, &optest.State{}), s.Close())
	if got := files(t, dir); got != "" {
		t.Error(got)
	}
	s = open(t, dir+"/out", 0)
	if err := s.Restore(&optest.State{ItemList: [][]byte{[]byte("{")}}); code(err) != codeResume {
		t.Error(err)
	}
	must(t, s.Close())
}

// TestIfExists: a file that must not exist is refused when the run begins, and when it has appeared meanwhile; a run that is taken up again does not
// take its own file for another's, whenever it was killed.
func TestIfExists(t *testing.T) {
	dir := t.TempDir()
	sink := func(from uint64, states ...*optest.State) (*Sink, error) {
		s := &Sink{Path: dir + "/out", MustNotExist: true}
		err := s.Open(world{storage: localfile.New(), keep: true, from: from})
		for _, st := range states {
			must(t, s.Restore(st))
		}
		return s, err
	}
	begin := func(from uint64, states ...*optest.State) *Sink {
		s, err := sink(from, states...)
		must(t, err)
		return s
	}
	first, half, whole := begin(0), &optest.State{}, &optest.State{}
	put(t, first, "a\n")
	must(t, first.Snapshot(1, half), first.Close())
	second := begin(1, half)
	put(t, second, "b\n")
	must(t, second.Drain(nil), second.Snapshot(2, whole), second.Commit(2), second.Close())
	third := begin(2, whole) // killed behind its commit
	must(t, third.Commit(2), third.Drain(nil), third.Snapshot(3, &optest.State{}), third.Commit(3), third.Close())
	if got := files(t, dir); got != "out=a|b|;" {
		t.Error(got)
	}
	if _, err := sink(0); code(err) != codeExists || !errors.Is(err, os.ErrExist) {
		t.Errorf("another run: %v", err)
	}
	for _, states := range [][]*optest.State{{}, {{}}} { // a writer that the checkpoint does not know
		s := begin(2, states...)
		if _, err := s.Write([]byte("x\n")); code(err) != codeExists {
			t.Errorf("a new writer: %v", err)
		}
		must(t, s.Close())
		if err := begin(2, states...).Drain(nil); code(err) != codeExists {
			t.Errorf("a new writer without rows: %v", err)
		}
	}
	must(t, os.Remove(dir+"/out"))
	late := begin(0)
	put(t, late, "c\n")
	must(t, os.WriteFile(dir+"/out", []byte("somebody's"), 0o666))
	must(t, late.Drain(nil), late.Snapshot(1, &optest.State{}))
	if err := late.Commit(1); code(err) != codeExists {
		t.Errorf("in between: %v", err)
	}
	must(t, os.Remove(dir+"/out"), late.Commit(1), late.Close()) // as the hint says
	if got := files(t, dir); got != "out=c|;" {
		t.Error(got)
	}
}

// TestResumeStdout: what cannot be taken back goes on after a restart.
func TestResumeStdout(t *testing.T) {
	var out bytes.Buffer
	at := func(from uint64) *Sink {
		s := &Sink{Path: "-"}
		must(t, s.Open(world{storage: &localfile.Local{Stdout: &out}, keep: true, from: from}))
		return s
	}
	first, st := at(0), &optest.State{}
	put(t, first, "a\n")
	must(t, first.Snapshot(1, st), first.Close())
	second := at(1)
	must(t, second.Restore(st))
	put(t, second, "b\n")
	must(t, second.Drain(nil), second.Snapshot(2, &optest.State{}), second.Commit(2), second.Close())
	if out.String() != "a\nb\n" {
		t.Errorf("%q", out.String())
	}
}

// unpacked reads a file, decompressed by its name.
func unpacked(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	var r io.Reader = bytes.NewReader(data)
	switch filepath.Ext(path) {
	case ".gz":
		r, err = gzip.NewReader(r)
	case ".zst":
		r, err = zstd.NewReader(r)
	}
	must(t, err)
	got, err := io.ReadAll(r)
	must(t, err)
	return string(got)
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

func (f *full) Create(ctx context.Context, path string, o op.CreateOptions) (op.StagedFile, error) {
	file, err := f.Storage.Create(ctx, path, o)
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
			must(t, s.Open(world{storage: &full{localfile.New(), room}}))
			noise := make([]byte, 1<<20)
			for i, x := 0, uint32(1); i < len(noise); i++ {
				x = x*1664525 + 1013904223
				noise[i] = byte(x >> 24)
			}
			_, err := s.Write(noise)
			if err == nil {
				must(t, s.Drain(nil))
				err = s.Snapshot(1, &optest.State{})
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
