package storagetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"

	"weir/runtime/op"
	"weir/runtime/storage"
)

func invisible(w *world) {
	for _, n := range w.sizes() {
		content := w.data(n)
		name := fmt.Sprintf("file%d", n)
		f := w.create(name, content, op.CreateOptions{Size: int64(n)})
		gone := func() {
			w.Helper()
			if _, err := w.List(ctx, w.dir+name); !errors.Is(err, fs.ErrNotExist) {
				w.Fatalf("visible before its commit: %v", err)
			}
		}
		gone()
		w.visible()
		token := w.prepare(f)
		gone()
		w.must(f.Close())
		gone()
		w.visible()
		w.must(w.Commit(ctx, token))
		w.has(name, content)
		w.visible(name)
		w.must(w.Remove(ctx, w.dir+name))
	}
}

func replace(w *world) {
	old, content := w.data(1000), w.data(w.fixture.Large)
	w.put("file", old)
	f := w.create("file", content, op.CreateOptions{})
	w.has("file", old)
	token := w.prepare(f)
	w.must(f.Close())
	w.has("file", old)
	w.must(w.Commit(ctx, token))
	w.has("file", content)
	w.put("file", old) // a large one by a small one
	w.has("file", old)
	w.visible("file")
}

// What is written behind Prepare does not belong to its token.
func writeOn(w *world) {
	for _, n := range w.sizes() {
		a, b := w.data(n), w.data(w.fixture.Large/2)
		f := w.create("file", a, op.CreateOptions{})
		token := w.prepare(f)
		w.write(f, b)
		w.must(f.Close())
		w.must(w.Commit(ctx, token))
		w.has("file", a)
	}
}

func prepares(w *world) {
	var all []byte
	f := w.create("file", nil, op.CreateOptions{})
	for range 6 {
		piece := w.data(w.rand.IntN(w.fixture.Large / 2))
		w.write(f, piece)
		all = append(all, piece...)
		w.prepare(f)
	}
	token := w.prepare(f) // nothing new
	w.must(f.Close())
	w.must(w.Commit(ctx, token))
	w.has("file", all)
}

func commitAgain(w *world) {
	for _, o := range []op.CreateOptions{{}, {MustNotExist: true}} {
		for _, n := range w.sizes() {
			content := w.data(n)
			name := fmt.Sprintf("file%d-%v", n, o.MustNotExist)
			f := w.create(name, content, o)
			token := w.prepare(f)
			w.must(f.Close())
			for range 3 {
				w.must(w.Commit(ctx, token))
				w.has(name, content)
				w.restart()
			}
			w.must(w.Abort(ctx, token)) // what is committed stays
			w.has(name, content)
		}
	}
}

func commitElsewhere(w *world) {
	content := w.data(w.fixture.Large)
	f := w.create("file", content, op.CreateOptions{})
	token := w.prepare(f)
	w.crash(f)
	w.must(w.Commit(ctx, token))
	w.has("file", content)
	w.visible("file")
}

func abort(w *world) {
	w.put("old", []byte("old"))
	for _, n := range w.sizes() {
		for _, prepared := range []bool{false, true} {
			for _, name := range []string{"old", "new"} {
				f := w.create(name, w.data(n), op.CreateOptions{})
				if prepared {
					w.prepare(f)
				}
				w.must(f.Abort())
				w.must(f.Abort())
			}
		}
	}
	w.has("old", []byte("old"))
	w.visible("old")
	w.clean()
}

func abortByToken(w *world) {
	for _, n := range w.sizes() {
		f := w.create("file", w.data(n), op.CreateOptions{})
		token := w.prepare(f)
		w.write(f, w.data(n))
		w.crash(f)
		w.must(w.Abort(ctx, token))
		w.must(w.Abort(ctx, token))
		w.visible()
		w.sweep()
	}
}

// What was written behind the token is gone with its process; what is written now takes its place.
func resume(w *world) {
	for _, n := range w.sizes() {
		a, b, c := w.data(n), w.data(w.fixture.Large/2), w.data(w.fixture.Large/3)
		f := w.create("file", a, op.CreateOptions{})
		token := w.prepare(f)
		w.write(f, b)
		w.crash(f)
		g, err := w.Resume(ctx, token)
		w.must(err)
		w.write(g, c)
		token = w.prepare(g)
		w.must(g.Close())
		w.must(w.Commit(ctx, token))
		w.has("file", append(bytes.Clone(a), c...))
		w.visible("file")
		w.sweep()
	}
}

// A second crash, before there was another token, resumes from the first one.
func resumeAgain(w *world) {
	a, want := w.data(w.fixture.Large), []byte(nil)
	f := w.create("file", a, op.CreateOptions{})
	token := w.prepare(f)
	w.crash(f)
	for i := range 3 {
		g, err := w.Resume(ctx, token)
		w.must(err)
		c := w.data(w.fixture.Large / (i + 2))
		w.write(g, c)
		if i == 1 {
			w.prepare(g) // the checkpoint that this belongs to was never complete
		}
		want = append(bytes.Clone(a), c...)
		if i < 2 {
			w.crash(g)
			continue
		}
		token = w.prepare(g)
		w.must(g.Close())
	}
	w.must(w.Commit(ctx, token))
	w.has("file", want)
	w.sweep()
}

func resumeAtOnce(w *world) {
	for _, n := range w.sizes() {
		a := w.data(n)
		f := w.create("file", a, op.CreateOptions{})
		token := w.prepare(f)
		w.crash(f)
		g, err := w.Resume(ctx, token)
		w.must(err)
		again := w.prepare(g)
		w.must(g.Close())
		w.must(w.Commit(ctx, again))
		w.has("file", a)

		f = w.create("dropped", a, op.CreateOptions{})
		token = w.prepare(f)
		w.crash(f)
		g, err = w.Resume(ctx, token)
		w.must(err)
		w.must(g.Abort())
		w.visible("file")
		w.clean()
	}
}

func mustNotExist(w *world) {
	w.put("file", []byte("there"))
	f, err := w.Create(ctx, w.dir+"file", op.CreateOptions{MustNotExist: true})
	if err == nil {
		token := w.prepare(f)
		w.must(f.Close())
		err = w.Commit(ctx, token)
		w.must(w.Abort(ctx, token))
	}
	w.fails(err, w.dir+"file", fs.ErrExist)
	w.has("file", []byte("there"))
	w.clean()
}

func mustNotExistAtCommit(w *world) {
	for _, n := range w.sizes() {
		f := w.create("file", w.data(n), op.CreateOptions{MustNotExist: true})
		token := w.prepare(f)
		w.must(f.Close())
		w.put("file", []byte("came in between"))
		err := w.Commit(ctx, token)
		w.fails(err, w.dir+"file", fs.ErrExist)
		w.has("file", []byte("came in between"))
		w.must(w.Abort(ctx, token))
		w.has("file", []byte("came in between"))
		w.clean()
		w.must(w.Remove(ctx, w.dir+"file"))
	}
}

func twoWriters(w *world) {
	a, b := w.data(w.fixture.Large), w.data(w.fixture.Large/2)
	f := w.create("file", a, op.CreateOptions{})
	g := w.create("file", b, op.CreateOptions{})
	one, two := w.prepare(f), w.prepare(g)
	w.must(f.Close())
	w.must(g.Close())
	w.must(w.Commit(ctx, two))
	w.has("file", b)
	w.must(w.Commit(ctx, one))
	w.has("file", a)
	w.visible("file")
	w.clean()
}

func remove(w *world) {
	w.put("file", []byte("x"))
	w.must(w.Remove(ctx, w.dir+"file"))
	w.visible()
	w.must(w.Remove(ctx, w.dir+"file"))
	w.must(w.Remove(ctx, w.dir+"never"))
}

func misuse(w *world) {
	f := w.create("file", []byte("x"), op.CreateOptions{})
	token := w.prepare(f)
	w.must(f.Close())
	w.must(f.Close())
	if _, err := f.Write([]byte("y")); !errors.Is(err, fs.ErrClosed) {
		w.Errorf("writing into a closed file: %v", err)
	}
	if _, err := f.Prepare(); !errors.Is(err, fs.ErrClosed) {
		w.Errorf("preparing a closed file: %v", err)
	}
	w.must(w.Commit(ctx, token))
	w.has("file", []byte("x"))
	if f, err := w.Create(ctx, w.dir, op.CreateOptions{}); err == nil {
		_ = f.Abort()
		w.Error("a folder is created as a file")
	}
}

// A token comes from a checkpoint, which may be damaged.
func badTokens(w *world) {
	f := w.create("file", w.data(w.fixture.Large), op.CreateOptions{})
	token := w.prepare(f)
	w.must(f.Close())
	var bad [][]byte
	bad = append(bad, []byte("x"), []byte("{}"), []byte("null"), []byte("[]"), []byte("\x00\xff"))
	for range 20 {
		bad = append(bad, token[:1+w.rand.IntN(min(len(token), 200)-1)])
	}
	for _, b := range bad {
		w.fails(w.Commit(ctx, b), "", nil)
		w.fails(w.Abort(ctx, b), "", nil)
		_, err := w.Resume(ctx, b)
		w.fails(err, "", nil)
	}
	w.visible()
	w.must(w.Commit(ctx, token))
	w.visible("file")
}

// A run that is stopped does not wait.
func cancelled(w *world) {
	w.put("file", []byte("x"))
	over, stop := context.WithCancel(ctx)
	stop()
	if _, err := w.List(over, w.dir); !errors.Is(err, context.Canceled) {
		w.Errorf("List: %v", err)
	}
}

// clean sees that no writer has left anything.
func (w *world) clean() {
	w.Helper()
	c, ok := w.Storage.(storage.Cleaner)
	if !ok {
		return
	}
	left, err := c.Orphans(ctx, w.dir)
	w.must(err)
	if len(left) > 0 {
		w.Fatalf("left over: %+v", left)
	}
}

// sweep removes what dead processes have begun behind the last token, of which nobody knows.
func (w *world) sweep() {
	w.Helper()
	if c, ok := w.Storage.(storage.Cleaner); ok {
		left, err := c.Orphans(ctx, w.dir)
		w.must(err)
		for _, o := range left {
			w.must(w.Abort(ctx, o.Token))
		}
	}
	w.clean()
}

// What a dead process has left is found and removed; files that are visible, and those of other folders, stay.
func orphans(w *world) {
	c, ok := w.Storage.(storage.Cleaner)
	if !ok {
		w.Fatal("the storage does not find what dead writers have left: it is no storage.Cleaner")
	}
	w.put("done", []byte("x"))
	for _, name := range []string{"file", "file", "sub/file", "file2"} {
		f := w.create(name, w.data(w.fixture.Large), op.CreateOptions{})
		w.prepare(f)
		w.crash(f)
	}
	for path, want := range map[string]int{w.dir + "file": 2, w.dir: 4, w.dir + "sub/": 1, w.dir + "done": 0, w.dir + "none/": 0} {
		left, err := c.Orphans(ctx, path)
		w.must(err)
		if len(left) != want {
			w.Errorf("%s: %d are left, want %d: %+v", path, len(left), want, left)
		}
		for _, o := range left {
			if o.Path == "" || o.Modified.IsZero() || len(o.Token) == 0 {
				w.Errorf("%+v", o)
			}
		}
	}
	left, err := c.Orphans(ctx, w.dir+"file")
	w.must(err)
	for _, o := range left {
		if o.Path != w.dir+"file" {
			w.Errorf("%q, want %q", o.Path, w.dir+"file")
		}
		w.must(w.Abort(ctx, o.Token))
	}
	left, err = c.Orphans(ctx, w.dir)
	w.must(err)
	if len(left) != 2 {
		w.Errorf("%d are left: %+v", len(left), left)
	}
	for _, o := range left {
		w.must(w.Abort(ctx, o.Token))
	}
	w.clean()
	w.visible("done")
}
