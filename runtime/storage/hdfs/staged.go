package hdfs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"weir/runtime/op"
)

// Create begins a file. Its folder, and `_tmp/RUN/NAME` in it, are made at once, so that what cannot be written is found out when the run begins.
func (s *Storage) Create(ctx context.Context, file string, o op.CreateOptions) (op.StagedFile, error) {
	c, name, err := s.of(file)
	if err != nil {
		return nil, err
	}
	const message = "the file cannot be created"
	if name == "/" || strings.HasSuffix(file, "/") {
		return nil, c.failed(codeWrite, file, name, message, errFolder)
	}
	there, err := c.stat(ctx, name)
	switch {
	case err == nil && there.folder:
		return nil, c.failed(codeWrite, file, name, message, errFolder)
	case err == nil && o.MustNotExist:
		return nil, c.failed(codeWrite, file, name, "the file must not be there", fs.ErrExist)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, c.failed(codeWrite, file, name, message, err)
	}
	t := token{Path: file, Run: random(6), New: o.MustNotExist}
	folder := t.folder(name)
	if err := c.retry(ctx, func() error { return c.fs.mkdirs(folder) }); err != nil {
		return nil, c.failed(codeWrite, file, name, "its folder cannot be made", err)
	}
	made, err := c.stat(ctx, folder)
	if err == nil && made.special != "" {
		err = special(file, "folder", made.special)
	}
	if err != nil {
		_ = c.drop(ctx, t, name)
		return nil, c.failed(codeWrite, file, name, message, err)
	}
	return &staged{c: c, ctx: ctx, name: name, token: t, journal: &journal{dir: c.tempDir}}, nil
}

// staged is a file being written.
type staged struct {
	c       *cluster
	ctx     context.Context
	name    string
	token   token    // as of the last Prepare
	segment *segment // what was written since; nil where that is nothing
	count   int      // of segments, for their names
	journal *journal
	closed  bool
	err     error // the first error of a write: there is no file then
}

func (f *staged) fail(err error) error {
	message := "the file cannot be written"
	var local *localError
	if errors.As(err, &local) {
		message = "its last block cannot be kept on this machine while it is written"
		err = local.error
	}
	f.err = f.c.failed(codeWrite, f.token.Path, f.name, message, err)
	return f.err
}

func (f *staged) usable() error {
	if f.err == nil && f.closed {
		return f.c.failed(codeWrite, f.token.Path, f.name, "the file cannot be written", fs.ErrClosed)
	}
	return f.err
}

func (f *staged) Write(p []byte) (int, error) {
	if err := f.usable(); err != nil || len(p) == 0 {
		return 0, err
	}
	if f.segment == nil {
		s, err := f.c.newSegment(f.ctx, f.token.folder(f.name), fmt.Sprintf("%d-", f.count), f.token.crc(), f.journal)
		if err != nil {
			return 0, f.fail(err)
		}
		f.segment = s
		f.count++
	}
	n, err := f.segment.Write(p)
	if err != nil {
		err = f.fail(err)
	}
	return n, err
}

// Prepare closes the segment that is being written.
func (f *staged) Prepare() ([]byte, error) {
	if err := f.usable(); err != nil {
		return nil, err
	}
	if f.segment != nil {
		p, err := f.segment.finish()
		if err != nil {
			return nil, f.fail(err)
		}
		f.segment = nil
		f.token.add(p)
	}
	return json.Marshal(f.token)
}

// Close drops what was not prepared.
func (f *staged) Close() error {
	if f.closed {
		return nil
	}
	f.closed = true
	if f.segment != nil {
		f.segment.abandon()
		f.segment = nil
	}
	if err := f.journal.close(); err != nil && f.err == nil {
		return f.fail(&localError{err})
	}
	return nil
}

// Abort removes the segments.
func (f *staged) Abort() error {
	_ = f.Close() // what it holds is not wanted
	return f.c.drop(f.ctx, f.token, f.name)
}

// Resume goes on with a new segment. Those that the token does not have are removed.
func (s *Storage) Resume(ctx context.Context, data []byte) (op.StagedFile, error) {
	t, err := parse(data)
	if err != nil {
		return nil, err
	}
	c, name, err := s.of(t.Path)
	if err != nil {
		return nil, err
	}
	const message = "the unfinished file cannot be gone on with"
	there, err := c.list(ctx, t.folder(name))
	if err != nil {
		return nil, c.failed(codeCommit, t.Path, name, message, err)
	}
	sizes := map[string]int64{}
	for _, e := range there {
		sizes[e.name] = e.size
	}
	f := &staged{c: c, ctx: ctx, name: name, token: t, journal: &journal{dir: c.tempDir}}
	for _, p := range t.Pieces {
		if size, ok := sizes[p.Name]; !ok || size != p.Size {
			return nil, c.failed(codeCommit, t.Path, name, message,
				fmt.Errorf("%s has %d bytes, and had %d when the checkpoint was made", path.Join(t.folder(name), p.Name), size, p.Size))
		}
		delete(sizes, p.Name)
	}
	for extra := range sizes {
		if err := c.remove(ctx, path.Join(t.folder(name), extra)); err != nil {
			return nil, c.failed(codeCommit, t.Path, name, message, err)
		}
	}
	f.count = len(t.Pieces)
	return f, nil
}
