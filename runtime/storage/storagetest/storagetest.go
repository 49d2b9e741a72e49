// Package storagetest is what every op.Storage must do, as one suite of tests that each storage runs.
package storagetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"

	"weir/runtime/op"
)

// Fixture is a storage to be tested.
type Fixture struct {
	// New gives the storage as a new process has it: it shares nothing in memory with those given before.
	New func(t testing.TB) op.Storage
	// Dir gives the path of a new, empty folder, with a trailing slash.
	Dir func(t testing.TB) string
	// Large is how many bytes a file has that is cut into several parts, where the storage cuts files.
	Large int
	// Crash does to a file being written what the end of its process does, where that is more than nothing: its locks are gone.
	Crash func(t testing.TB, f op.StagedFile)
	// Steps is how many random histories TestHistory runs; 0 means 20.
	Steps int
	// Without names tests of what the storage is known not to do.
	Without []string
}

// Run runs the suite. Each subtest works in a folder of its own.
func Run(t *testing.T, f Fixture) {
	for _, c := range []struct {
		name string
		test func(*world)
	}{
		{"read", read}, {"ranges", ranges}, {"concurrent", concurrent}, {"version", version}, {"replaced while open", replacedWhileOpen},
		{"list", list}, {"glob", glob}, {"names", names}, {"missing", missing},
		{"invisible until commit", invisible}, {"replace", replace}, {"prepare, then write on", writeOn}, {"several prepares", prepares},
		{"commit again", commitAgain}, {"commit in another process", commitElsewhere}, {"abort", abort}, {"abort by token", abortByToken},
		{"resume", resume}, {"resume again", resumeAgain}, {"resume at once", resumeAtOnce}, {"zombie", zombie},
		{"must not exist", mustNotExist}, {"must not exist at commit", mustNotExistAtCommit}, {"two writers", twoWriters},
		{"remove", remove}, {"misuse", misuse}, {"bad tokens", badTokens}, {"cancelled", cancelled}, {"orphans", orphans}, {"history", history},
	} {
		if slices.Contains(f.Without, c.name) {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			c.test(&world{T: t, fixture: f, Storage: f.New(t), dir: f.Dir(t), rand: rand.New(rand.NewPCG(1, uint64(len(c.name))))})
		})
	}
}

var ctx = context.Background()

// world is a test's storage and folder.
type world struct {
	*testing.T
	op.Storage
	fixture Fixture
	dir     string
	rand    *rand.Rand
}

// restart is a new process.
func (w *world) restart() { w.Storage = w.fixture.New(w.T) }

func (w *world) crash(f op.StagedFile) {
	if w.fixture.Crash != nil {
		w.fixture.Crash(w.T, f)
	}
	w.restart()
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// data gives n random bytes.
func (w *world) data(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(w.rand.Uint32())
	}
	return b
}

// create begins a file and writes into it, in pieces.
func (w *world) create(name string, content []byte, o op.CreateOptions) op.StagedFile {
	w.Helper()
	f, err := w.Create(ctx, w.dir+name, o)
	w.must(err)
	w.write(f, content)
	return f
}

func (w *world) write(f op.StagedFile, content []byte) {
	w.Helper()
	for len(content) > 0 {
		n := min(len(content), 1+w.rand.IntN(1<<20))
		got, err := f.Write(content[:n])
		w.must(err)
		if got != n {
			w.Fatalf("wrote %d bytes of %d", got, n)
		}
		content = content[n:]
	}
}

func (w *world) prepare(f op.StagedFile) []byte {
	w.Helper()
	token, err := f.Prepare()
	w.must(err)
	return bytes.Clone(token)
}

// put makes a file visible.
func (w *world) put(name string, content []byte) {
	w.Helper()
	f := w.create(name, content, op.CreateOptions{})
	token := w.prepare(f)
	w.must(f.Close())
	w.must(w.Commit(ctx, token))
}

// content reads a file from its beginning to its end.
func (w *world) content(name string) []byte {
	w.Helper()
	f, err := w.Open(ctx, w.dir+name, "")
	w.must(err)
	b, err := io.ReadAll(f)
	w.must(err)
	w.must(f.Close())
	return b
}

// has sees that the file is what it should be.
func (w *world) has(name string, want []byte) {
	w.Helper()
	if got := w.content(name); !bytes.Equal(got, want) {
		w.Fatalf("%s has %d bytes, want %d; the first %d are the same", name, len(got), len(want), common(got, want))
	}
}

func common(a, b []byte) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// visible sees which files the folder has, and no others.
func (w *world) visible(want ...string) {
	w.Helper()
	files, err := w.List(ctx, w.dir)
	if len(want) == 0 && errors.Is(err, fs.ErrNotExist) {
		return
	}
	w.must(err)
	var got []string
	for _, f := range files {
		got = append(got, path.Base(f.Path))
	}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		w.Fatalf("the folder has %q, want %q", got, want)
	}
}

// fails sees that an error is one that a user can act on, and that it has the cause.
func (w *world) fails(err error, file string, cause error) {
	w.Helper()
	if err == nil {
		w.Fatal("no error")
	}
	var e *op.Error
	if !errors.As(err, &e) {
		w.Fatalf("got %v, want an *op.Error", err)
	}
	if e.Code == "" || e.Message == "" || e.Hint == "" || e.File != file {
		w.Errorf("code %q, file %q (want %q), message %q, hint %q", e.Code, e.File, file, e.Message, e.Hint)
	}
	if n := strings.Count(err.Error(), file); file != "" && n != 1 {
		w.Errorf("%q says the path %d times", err, n)
	}
	if cause != nil && !errors.Is(err, cause) {
		w.Errorf("got %v, want the cause %v", err, cause)
	}
}
