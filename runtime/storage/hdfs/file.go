package hdfs

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"sync"

	"weir/runtime/op"
)

// maxIdle is how many streams a file keeps for the next ReadAt. A split that is read piece by piece finds the one that stands where it goes on.
const maxIdle = 8

// Open opens a file to read. ReadAt may be called by several goroutines; each has a stream from a data node of its own.
func (s *Storage) Open(ctx context.Context, file, version string) (op.File, error) {
	c, name, err := s.of(file)
	if err != nil {
		return nil, err
	}
	t, err := c.stat(ctx, name)
	if err == nil && t.folder {
		err = errFolder
	}
	if err != nil {
		return nil, c.failed(codeRead, file, name, "the file cannot be opened", err)
	}
	if t.special != "" {
		return nil, special(file, "file", t.special)
	}
	f := &opened{c: c, ctx: ctx, name: name, want: t, info: info(file, t)}
	if version != "" && version != f.info.Version {
		return nil, f.failed(op.ErrChanged)
	}
	f.sequential.f = f
	return f, nil
}

// special refuses what the client library would get wrong.
func special(file, what, how string) error {
	return &op.Error{Code: codeSpecial, File: file, Message: "the " + what + " is " + how + ", which cannot be read or written here",
		Hint: "copy it to a folder without (`hdfs dfs -cp`), or choose another place"}
}

// opened is a file that is read.
type opened struct {
	c    *cluster
	ctx  context.Context
	name string
	want status
	info op.FileInfo

	sequential stream // of Read

	mu     sync.Mutex
	idle   []*stream // of ReadAt
	closed bool
}

func (f *opened) Info() op.FileInfo { return f.info }
func (f *opened) Seekable() bool    { return true }

func (f *opened) failed(err error) error {
	if errors.Is(err, op.ErrChanged) {
		return &op.Error{Code: codeChanged, File: f.info.Path, Message: "the file was read before, and has changed since", Err: op.ErrChanged, Hint: f.c.hint(op.ErrChanged, f.name)}
	}
	return f.c.failed(codeRead, f.info.Path, f.name, "the file cannot be read", err)
}

func (f *opened) Read(p []byte) (int, error) {
	if f.isClosed() {
		return 0, f.failed(fs.ErrClosed)
	}
	n, err := f.sequential.read(p)
	if err != nil && err != io.EOF {
		err = f.failed(err)
	}
	return n, err
}

func (f *opened) isClosed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closed
}

func (f *opened) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, f.failed(fs.ErrInvalid)
	}
	s, err := f.take(off)
	if err != nil {
		return 0, f.failed(err)
	}
	n := 0
	for n < len(p) && err == nil {
		var k int
		k, err = s.read(p[n:])
		n += k
	}
	f.give(s)
	if err != nil && err != io.EOF {
		err = f.failed(err)
	}
	if n == len(p) {
		err = nil
	}
	return n, err
}

// take gives a stream that stands at off: an idle one that does, else a new one.
func (f *opened) take(off int64) (*stream, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, fs.ErrClosed
	}
	for i, s := range f.idle {
		if s.off == off {
			f.idle = append(f.idle[:i], f.idle[i+1:]...)
			return s, nil
		}
	}
	return &stream{f: f, off: off}, nil
}

// give keeps a stream; the one that was used longest ago makes room.
func (f *opened) give(s *stream) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s.r == nil {
		return
	}
	if f.closed {
		s.close()
		return
	}
	if len(f.idle) == maxIdle {
		f.idle[0].close()
		f.idle = append(f.idle[:0], f.idle[1:]...)
	}
	f.idle = append(f.idle, s)
}

func (f *opened) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	f.sequential.close()
	for _, s := range f.idle {
		s.close()
	}
	f.idle = nil
	return nil
}

// stream reads a file from somewhere on.
type stream struct {
	f      *opened
	off    int64
	r      reader // nil before the first read, and after a failure
	pinned bool   // r gives the version that is wanted, and no other
}

func (s *stream) close() {
	if s.r != nil {
		_ = s.r.Close() // nothing was written
		s.r = nil
	}
}

// read reads some bytes, from another data node where one fails. At the end of the file it gives io.EOF.
func (s *stream) read(p []byte) (n int, err error) {
	if s.off >= s.f.want.size {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	if n, err = s.try(p); n > 0 || !isTransient(err) {
		return n, err
	}
	err = s.f.c.retry(s.f.ctx, func() error {
		n, err = s.try(p)
		return err
	})
	return n, err
}

func (s *stream) try(p []byte) (int, error) {
	n, err := s.once(p)
	if err != nil {
		s.close()
	}
	s.off += int64(n)
	return n, err
}

// once opens a reader where there is none, reads once, and sees that the bytes are of the version that is wanted: the reader has looked up where they
// lie by name, and only afterwards is it known whose name it was.
func (s *stream) once(p []byte) (int, error) {
	f := s.f
	if s.r == nil {
		r, err := f.c.fs.open(f.name)
		if errors.Is(err, fs.ErrNotExist) {
			return 0, op.ErrChanged
		} else if err != nil {
			return 0, err
		}
		s.r, s.pinned = r, false
		if r.status().version() != f.info.Version {
			return 0, op.ErrChanged
		}
		if err := r.seek(s.off); err != nil {
			return 0, err
		}
	}
	n, err := s.r.Read(p)
	if err == io.EOF || n == 0 && err == nil { // it is shorter than the name node says
		err = transient{io.ErrUnexpectedEOF}
	}
	if n > 0 {
		err = nil // if it is worth telling, the next read says it
	}
	if errors.Is(err, fs.ErrNotExist) {
		return 0, op.ErrChanged
	}
	if err == nil && !s.pinned {
		t, err := f.c.fs.stat(f.name)
		if errors.Is(err, fs.ErrNotExist) || err == nil && t.version() != f.info.Version {
			return 0, op.ErrChanged
		} else if err != nil {
			return 0, err
		}
		s.pinned = true
	}
	return n, err
}
