package storagetest

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"strings"
	"sync"
	"testing/iotest"

	"weir/runtime/op"
)

// sizes are lengths of files around those at which something changes.
func (w *world) sizes() []int { return []int{0, 1, 1000, 1 << 16, w.fixture.Large} }

func read(w *world) {
	for _, n := range w.sizes() {
		want := w.data(n)
		w.put("file", want)
		w.has("file", want)
		f, err := w.Open(ctx, w.dir+"file", "")
		w.must(err)
		if i := f.Info(); i.Path != w.dir+"file" || i.Size != int64(n) || i.Version == "" || i.Modified.IsZero() {
			w.Errorf("%d bytes: %+v", n, i)
		}
		if !f.Seekable() {
			w.Error("a file cannot be read from its middle")
		}
		got, err := io.ReadAll(iotest.OneByteReader(io.LimitReader(f, 100)))
		w.must(err)
		if !bytes.Equal(got, want[:min(n, 100)]) {
			w.Error("reading byte by byte gives something else")
		}
		w.must(f.Close()) // before the end
	}
}

func ranges(w *world) {
	want := w.data(w.fixture.Large)
	n := len(want)
	w.put("file", want)
	f, err := w.Open(ctx, w.dir+"file", "")
	w.must(err)
	check := func(off, length int) {
		w.Helper()
		p := make([]byte, length)
		got, err := f.ReadAt(p, int64(off))
		rest := max(n-off, 0)
		if got != min(length, rest) || !bytes.Equal(p[:got], want[min(off, n):min(off, n)+got]) {
			w.Fatalf("ReadAt(%d bytes, %d) gave %d bytes, or others", length, off, got)
		}
		if (err == io.EOF) != (length > rest) && !(err == io.EOF && length == rest) || err != nil && err != io.EOF {
			w.Fatalf("ReadAt(%d bytes, %d) of %d: %v", length, off, n, err)
		}
	}
	for _, c := range [][2]int{{0, 0}, {0, 1}, {0, n}, {0, n + 1}, {n - 1, 1}, {n - 1, 2}, {n, 1}, {n + 5, 1}, {n / 2, n}} {
		check(c[0], c[1])
	}
	for range 50 {
		check(w.rand.IntN(n), w.rand.IntN(1<<w.rand.IntN(20)))
	}
	// Read goes on where it was, whatever ReadAt did.
	first := make([]byte, n/3)
	_, err = io.ReadFull(f, first)
	w.must(err)
	check(5, 100)
	rest, err := io.ReadAll(f)
	w.must(err)
	if !bytes.Equal(append(first, rest...), want) {
		w.Error("ReadAt moved Read")
	}
	if _, err := f.ReadAt(make([]byte, 1), -1); err == nil {
		w.Error("a negative offset was read")
	}
	w.must(f.Close())
}

func concurrent(w *world) {
	want := w.data(w.fixture.Large)
	w.put("file", want)
	f, err := w.Open(ctx, w.dir+"file", "")
	w.must(err)
	var wait sync.WaitGroup
	offsets := make([]int, 16)
	for i := range offsets {
		offsets[i] = w.rand.IntN(len(want) - 1000)
	}
	for _, off := range offsets {
		wait.Go(func() {
			p := make([]byte, 1000)
			if n, err := f.ReadAt(p, int64(off)); n != len(p) || !bytes.Equal(p, want[off:off+n]) {
				w.Errorf("at %d: %d bytes, %v", off, n, err)
			}
		})
	}
	all, err := io.ReadAll(f)
	wait.Wait()
	w.must(err)
	if !bytes.Equal(all, want) {
		w.Error("Read beside ReadAt gives something else")
	}
	w.must(f.Close())
}

// What is listed is what is opened, and another content is another version.
func version(w *world) {
	w.put("file", []byte("one content"))
	files, err := w.List(ctx, w.dir+"file")
	w.must(err)
	if len(files) != 1 || files[0].Size != 11 || files[0].Path != w.dir+"file" {
		w.Fatalf("%+v", files)
	}
	old := files[0].Version
	f, err := w.Open(ctx, w.dir+"file", old)
	w.must(err)
	if f.Info() != files[0] {
		w.Errorf("listed %+v, opened %+v", files[0], f.Info())
	}
	w.must(f.Close())
	all, err := w.List(ctx, w.dir)
	w.must(err)
	if len(all) != 1 || all[0] != files[0] {
		w.Errorf("by itself %+v, in its folder %+v", files[0], all)
	}

	w.put("file", []byte("two content"))
	f, err = w.Open(ctx, w.dir+"file", old)
	if err == nil { // then the first read says it
		_, err = io.ReadAll(f)
		_ = f.Close()
	}
	w.fails(err, w.dir+"file", op.ErrChanged)
}

// What is read is one version, whatever happens to the file in the meantime.
func replacedWhileOpen(w *world) {
	old, other := w.data(w.fixture.Large), w.data(w.fixture.Large)
	w.put("file", old)
	f, err := w.Open(ctx, w.dir+"file", "")
	w.must(err)
	head := make([]byte, 100)
	_, err = io.ReadFull(f, head)
	w.must(err)
	w.put("file", other)
	rest, err := io.ReadAll(f)
	if err != nil {
		w.fails(err, w.dir+"file", op.ErrChanged)
	}
	if got := append(head, rest...); !bytes.HasPrefix(old, got) || err == nil && len(got) != len(old) {
		w.Errorf("a mixture: %d bytes of the old version of %d, %v", common(got, old), len(got), err)
	}
	p := make([]byte, 100)
	if _, err := f.ReadAt(p, 500); err != nil {
		w.fails(err, w.dir+"file", op.ErrChanged)
	} else if !bytes.Equal(p, old[500:600]) {
		w.Error("ReadAt gives another version")
	}
	_ = f.Close() // may say that it has changed
}

func list(w *world) {
	for _, name := range []string{"b", "a", "ab", "sub/c", "a.txt"} {
		w.put(name, []byte(name))
	}
	w.visible("a", "a.txt", "ab", "b")
	files, err := w.List(ctx, w.dir+"a")
	w.must(err)
	if len(files) != 1 || files[0].Path != w.dir+"a" {
		w.Errorf("one file gives %+v", files)
	}
	files, err = w.List(ctx, w.dir+"sub/")
	w.must(err)
	if len(files) != 1 || files[0].Path != w.dir+"sub/c" || files[0].Size != 5 || files[0].Modified.IsZero() {
		w.Errorf("a folder gives %+v", files)
	}
}

func glob(w *world) {
	for _, name := range []string{"x1.fa", "x2.fa", "x10.fa", "y.fa", "x1.txt", "sub/x3.fa", "other/x4.fa", ".x5.fa"} {
		w.put(name, []byte(name))
	}
	for pattern, want := range map[string]string{
		"*.fa": "x1.fa x10.fa x2.fa y.fa", "x?.fa": "x1.fa x2.fa", "x[2-9].fa": "x2.fa", "[xy]*.fa": "x1.fa x10.fa x2.fa y.fa", "*/x*.fa": "other/x4.fa sub/x3.fa",
		"s*/*": "sub/x3.fa", "x1.*": "x1.fa x1.txt",
	} {
		files, err := w.List(ctx, w.dir+pattern)
		w.must(err)
		var got []string
		for _, f := range files {
			got = append(got, strings.TrimPrefix(f.Path, w.dir))
		}
		if got := strings.Join(got, " "); strings.ReplaceAll(got, ".x5.fa ", "") != want { // whether * means a hidden file is the system's
			w.Errorf("%s gives %q, want %q", pattern, got, want)
		}
	}
	_, err := w.List(ctx, w.dir+"*.none")
	w.fails(err, w.dir+"*.none", fs.ErrNotExist)
	_, err = w.List(ctx, w.dir+"[")
	w.fails(err, w.dir+"[", nil)
}

// names that need an escape somewhere are names all the same.
func names(w *world) {
	for _, name := range []string{"a b", "a+b", "50%", "ä", "%20", "a&b=c?", "[odd]", "it's", "#1", "x;y"} {
		w.put(name, []byte(name))
		w.has(name, []byte(name))
		files, err := w.List(ctx, w.dir+name)
		w.must(err)
		if len(files) != 1 || files[0].Path != w.dir+name {
			w.Errorf("%q is listed as %+v", name, files)
		}
		w.visible(name)
		w.must(w.Remove(ctx, w.dir+name))
	}
}

func missing(w *world) {
	for _, name := range []string{"nope", "nope/", "nope/*", "deeper/nope"} {
		_, err := w.List(ctx, w.dir+name)
		w.fails(err, w.dir+name, fs.ErrNotExist)
		if strings.HasSuffix(name, "nope") {
			f, err := w.Open(ctx, w.dir+name, "")
			if err == nil {
				_, err = f.Read(make([]byte, 1))
			}
			w.fails(err, w.dir+name, fs.ErrNotExist)
		}
	}
	w.put("file", nil)
	if _, err := w.List(ctx, w.dir+"fil"); !errors.Is(err, fs.ErrNotExist) {
		w.Errorf("the beginning of a name is a file: %v", err)
	}
}
