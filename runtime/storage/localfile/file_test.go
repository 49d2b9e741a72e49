package localfile

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"

	"weir/runtime/op"
)

var ctx = context.Background()

// names lists every file below a folder, hidden ones included.
func init() { leave = 50 * time.Millisecond }

func names(t testing.TB, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			out = append(out, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func put(t testing.TB, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// want sees that an error is one that a user can act on.
func want(t testing.TB, err error, code, file string, cause error) {
	t.Helper()
	var e *op.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *op.Error", err)
	}
	if e.Code != code || e.File != file || e.Message == "" || e.Hint == "" {
		t.Errorf("got %s for %q: %q, hint %q", e.Code, e.File, e.Message, e.Hint)
	}
	if cause != nil && !errors.Is(err, cause) {
		t.Errorf("got %v, want the cause %v", err, cause)
	}
	if n := strings.Count(err.Error(), file); n != 1 {
		t.Errorf("%q says the path %d times", err, n)
	}
}

func TestList(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b.fa", "a.fa", "c.txt", ".hidden", "sub/d.fa", "[odd].fa"} {
		put(t, filepath.Join(dir, name), name)
	}
	list := func(path string) []string {
		files, err := New().List(ctx, path)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, f := range files {
			rel, _ := filepath.Rel(dir, f.Path)
			if f.Size != int64(len(rel)) || f.Version == "" || f.Modified.IsZero() {
				t.Errorf("%+v", f)
			}
			out = append(out, rel)
		}
		return out
	}
	for path, wanted := range map[string][]string{
		"a.fa": {"a.fa"}, "": {"[odd].fa", "a.fa", "b.fa", "c.txt"}, "*.fa": {"[odd].fa", "a.fa", "b.fa"}, "[ab].fa": {"a.fa", "b.fa"}, "[odd].fa": {"[odd].fa"},
	} {
		if got := list(dir + "/" + path); !slices.Equal(got, wanted) {
			t.Errorf("%q: got %v, want %v", path, got, wanted)
		}
	}
	if files, err := New().List(ctx, "-"); err != nil || len(files) != 1 || files[0].Size != -1 {
		t.Error(files, err)
	}
}

func TestReadErrors(t *testing.T) {
	dir := t.TempDir()
	put(t, dir+"/file", "x")
	if err := os.Mkdir(dir+"/empty", 0o777); err != nil {
		t.Fatal(err)
	}
	l := New()
	for _, c := range []struct {
		path, code string
		cause      error
		open       bool
	}{
		{dir + "/nope", codeRead, fs.ErrNotExist, true},
		{dir + "/nope/", codeRead, fs.ErrNotExist, false},
		{dir + "/*.nope", codeRead, nil, false},
		{dir + "/[", codePattern, filepath.ErrBadPattern, false},
		{dir + "/empty/", codeRead, nil, false},
		{dir + "/empty", codeRead, nil, true},
		{dir + "/file/x", codeRead, syscall.ENOTDIR, true},
	} {
		_, err := l.List(ctx, c.path)
		want(t, err, c.code, c.path, c.cause)
		if c.open {
			_, err := l.Open(ctx, c.path, "")
			want(t, err, c.code, c.path, c.cause)
		}
	}
}

func TestOpen(t *testing.T) {
	path := t.TempDir() + "/file"
	put(t, path, "content")
	f, err := New().Open(ctx, path, "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if !f.Seekable() || f.Info().Size != 7 {
		t.Error(f.Info())
	}
	part := make([]byte, 4)
	if _, err := f.ReadAt(part, 3); err != nil || string(part) != "tent" {
		t.Error(string(part), err)
	}
	if all, err := io.ReadAll(f); err != nil || string(all) != "content" {
		t.Error(string(all), err)
	}
	l := &Local{Stdin: strings.NewReader("in"), Stdout: &bytes.Buffer{}}
	in, err := l.Open(ctx, "-", "")
	if err != nil {
		t.Fatal(err)
	}
	if all, err := io.ReadAll(in); err != nil || string(all) != "in" || in.Seekable() {
		t.Error(string(all), err)
	}
	if _, err := in.ReadAt(part, 0); err == nil {
		t.Error("standard input can be read anywhere")
	}
}

func write(t testing.TB, path, content string) op.StagedFile {
	t.Helper()
	f, err := New().Create(ctx, path, op.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, content); err != nil {
		t.Fatal(err)
	}
	return f
}

// commit prepares and commits.
func commit(f op.StagedFile) error {
	token, err := f.Prepare()
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), New().Commit(ctx, token))
}

// TestCommit: until Commit what was there stays; then the new content is there, with the old mode, and nothing else.
func TestCommit(t *testing.T) {
	dir := t.TempDir()
	path := dir + "/deep/er/out"
	f := write(t, path, "one")
	if got := names(t, dir); len(got) != 1 || !strings.HasPrefix(filepath.Base(got[0]), ".out.part-") {
		t.Error(got)
	}
	token, err := f.Prepare()
	if err != nil || !strings.Contains(string(token), ".out.part-") {
		t.Error(string(token), err)
	}
	for range 2 {
		if err := New().Commit(ctx, token); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Abort(); err != nil {
		t.Fatal(err)
	}
	check := func(content string, mode fs.FileMode) {
		t.Helper()
		got, err := os.ReadFile(path)
		if err != nil || string(got) != content {
			t.Errorf("got %q, %v", got, err)
		}
		if s, err := os.Stat(path); err != nil || s.Mode().Perm() != mode {
			t.Error(s.Mode(), err)
		}
	}
	if err := os.Chmod(path, 0o606); err != nil {
		t.Fatal(err)
	}
	aborted, second := write(t, path, "no"), write(t, path, "two")
	check("one", 0o606)
	if err := aborted.Abort(); err != nil {
		t.Fatal(err)
	}
	check("one", 0o606)
	if err := commit(second); err != nil {
		t.Fatal(err)
	}
	check("two", 0o606)
	if got := names(t, dir); len(got) != 1 {
		t.Error(got)
	}
}

// TestSymlink: a link stays a link, and the file that it leads to is replaced.
func TestSymlink(t *testing.T) {
	dir := t.TempDir()
	put(t, dir+"/real/file", "old")
	if err := os.Symlink("real/file", dir+"/link"); err != nil {
		t.Fatal(err)
	}
	if err := commit(write(t, dir+"/link", "new")); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(dir + "/real/file"); err != nil || string(got) != "new" {
		t.Error(string(got), err)
	}
	if s, err := os.Lstat(dir + "/link"); err != nil || s.Mode()&fs.ModeSymlink == 0 {
		t.Error(s, err)
	}
}

func TestStreams(t *testing.T) {
	var out bytes.Buffer
	l := &Local{Stdin: strings.NewReader(""), Stdout: &out}
	f, err := l.Create(ctx, "-", op.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, "hello"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Close(), f.Abort()); err != nil || out.String() != "hello" {
		t.Error(out.String(), err)
	}
	null := write(t, "/dev/null", "gone")
	if err := errors.Join(null.Close(), null.Abort()); err != nil {
		t.Error(err)
	}
	if s, err := os.Stat("/dev/null"); err != nil || s.Mode().IsRegular() {
		t.Error("/dev/null was replaced")
	}
}

// TestCreateErrors: a place that cannot be written is an error when the run begins, and leaves nothing behind.
func TestCreateErrors(t *testing.T) {
	dir := t.TempDir()
	put(t, dir+"/file", "x")
	for _, c := range []struct {
		path, code string
		cause      error
	}{
		{dir, codeCreate, syscall.EISDIR},
		{dir + "/new/", codeCreate, syscall.EISDIR},
		{dir + "/file/out", codeCreate, syscall.ENOTDIR},
		{"/proc/nope/out", codeCreate, nil}, // nobody can make a folder there, root included
	} {
		f, err := New().Create(ctx, c.path, op.CreateOptions{})
		if err == nil {
			t.Errorf("%s was created", c.path)
			_ = f.Abort()
			continue
		}
		want(t, err, c.code, c.path, c.cause)
	}
	if got := names(t, dir); !slices.Equal(got, []string{"file"}) {
		t.Error(got)
	}
}

// TestFull: on a full disk writing fails with the path and the cause, committing is refused, and what was there stays.
func TestFull(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	put(t, dir+"/out", "old")
	f := write(t, dir+"/out", "new").(*staged)
	f.f.Close()
	f.f = full // every write fails with ENOSPC
	_, err = io.WriteString(f, "more")
	want(t, err, codeWrite, dir+"/out", syscall.ENOSPC)
	_, err = f.Prepare()
	want(t, err, codeWrite, dir+"/out", syscall.ENOSPC)
	want(t, commit(f), codeWrite, dir+"/out", syscall.ENOSPC)
	if err := f.Abort(); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(dir + "/out"); err != nil || string(got) != "old" || len(names(t, dir)) != 1 {
		t.Error(string(got), err, names(t, dir))
	}
}

// TestCommitOntoFolder: where a folder has taken the place, the file is not lost and the message says where it lies.
func TestCommitOntoFolder(t *testing.T) {
	dir := t.TempDir()
	f := write(t, dir+"/out", "x")
	put(t, dir+"/out/inside", "y")
	err := commit(f)
	var e *op.Error
	if !errors.As(err, &e) || e.Code != codeCommit || !strings.Contains(e.Message, ".out.part-") {
		t.Error(err)
	}
	if err := f.Abort(); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); !slices.Equal(got, []string{"out/inside"}) {
		t.Error(got)
	}
}

// TestAnyOrder: whatever is called, the place has either its old content or a whole new one, and no part stays behind.
func TestAnyOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		dir, err := os.MkdirTemp("", "weir-test-*")
		if err != nil {
			r.Fatal(err)
		}
		defer os.RemoveAll(dir)
		put(t, dir+"/out", "old")
		f, err := New().Create(ctx, dir+"/out", op.CreateOptions{})
		if err != nil {
			r.Fatal(err)
		}
		wanted, written, over := "old", "", false
		for _, what := range rapid.SliceOfN(rapid.SampledFrom([]string{"write", "prepare", "commit", "abort"}), 0, 6).Draw(r, "calls") {
			switch what {
			case "write":
				if _, err := io.WriteString(f, "new "); err == nil != !over {
					r.Fatalf("write: %v", err)
				} else if err == nil {
					written += "new "
				}
			case "prepare":
				if _, err := f.Prepare(); err == nil && over {
					r.Fatal("prepared after the end")
				}
			case "commit":
				err := commit(f)
				if !over {
					if err != nil {
						r.Fatal(err)
					}
					wanted = written
				}
				over = true
			case "abort":
				if err := f.Abort(); err != nil {
					r.Fatal(err)
				}
				over = true
			}
			if got, err := os.ReadFile(dir + "/out"); err != nil || string(got) != wanted {
				r.Fatalf("got %q, want %q: %v", got, wanted, err)
			}
		}
		if err := f.Abort(); err != nil {
			r.Fatal(err)
		}
		if got := names(t, dir); len(got) != 1 {
			r.Fatal(got)
		}
	})
}

// TestAlive: what a living process writes is no orphan, and is not gone on with by another.
func TestAlive(t *testing.T) {
	dir, l := t.TempDir()+"/", New()
	f, err := l.Create(ctx, dir+"file", op.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	token, err := f.Prepare()
	if err != nil {
		t.Fatal(err)
	}
	orphans := func(want int) {
		t.Helper()
		if got, err := l.Orphans(ctx, dir); err != nil || len(got) != want {
			t.Errorf("%+v, %v", got, err)
		}
	}
	orphans(0)
	_, err = l.Resume(ctx, token)
	want(t, err, codeCommit, dir+"file", errAlive)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	orphans(1)
	g, err := l.Resume(ctx, token)
	if err != nil {
		t.Fatal(err)
	}
	orphans(0)
	if err := g.Abort(); err != nil {
		t.Fatal(err)
	}
	orphans(0)
}
