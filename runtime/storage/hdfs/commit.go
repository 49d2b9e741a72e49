package hdfs

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"path"
)

// Commit puts the file in its place by a rename. A file of one segment is that segment; the pieces of one that was prepared several times are copied
// into one file first, which may be done again after a crash. What is in its place already, with the same length and checksum, is taken for it.
//
// A file that must not exist is renamed so that HDFS refuses where one is.
func (s *Storage) Commit(ctx context.Context, data []byte) error {
	if len(data) == 0 {
		return nil
	}
	t, err := parse(data)
	if err != nil {
		return err
	}
	c, name, err := s.of(t.Path)
	if err != nil {
		return err
	}
	// Every step may have been done before, by this process or by one that is gone; an answer may have been lost.
	err = c.retry(ctx, func() error { return c.commit(ctx, t, name) })
	if err != nil {
		message := "the file cannot be put in its place; what is written of it lies in " + t.folder(name)
		if errors.Is(err, errGone) {
			message = "the file cannot be put in its place: neither it nor what is written of it, in " + t.folder(name) + ", is there"
		}
		return c.failed(codeCommit, t.Path, name, message, err)
	}
	return c.failed(codeCommit, t.Path, name, "what is left of the unfinished file cannot be removed", c.drop(ctx, t, name))
}

// errGone: the segments are not there, and the file in their place is not theirs.
var errGone = errors.New("the segments are gone")

func (c *cluster) commit(ctx context.Context, t token, name string) error {
	there, err := c.fs.stat(name)
	exists := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if exists && there.folder {
		return errFolder
	}
	if len(t.Pieces) == 1 {
		from := path.Join(t.folder(name), t.Pieces[0].Name)
		s, err := c.fs.stat(from)
		if err == nil && (s.size != t.Size || s.id != t.Pieces[0].ID) {
			return fmt.Errorf("%s has been changed: it has %d bytes of %d", from, s.size, t.Size)
		}
		gone := errors.Is(err, fs.ErrNotExist)
		if err != nil && !gone {
			return err
		}
		if gone {
			if exists && there.id == t.Pieces[0].ID && there.size == t.Size { // the rename was done
				return nil
			}
			return c.mustBe(t, name, there, exists)
		}
		if t.New && exists {
			return fs.ErrExist
		}
		return c.fs.rename(from, name, !t.New)
	}
	if exists && there.size == t.Size { // perhaps all is done
		err := c.mustBe(t, name, there, exists)
		if err == nil || !errors.Is(err, errGone) {
			return err
		}
	}
	if _, err := c.fs.stat(t.folder(name)); errors.Is(err, fs.ErrNotExist) {
		return errGone
	} else if err != nil {
		return err
	}
	if t.New && exists {
		return fs.ErrExist
	}
	whole, err := c.join(ctx, t, name)
	if err != nil {
		return err
	}
	return c.fs.rename(whole, name, !t.New)
}

// mustBe sees that the file in the place is the token's: errGone where it is not.
func (c *cluster) mustBe(t token, name string, there status, exists bool) error {
	if !exists || there.size != t.Size {
		return errGone
	}
	crc, err := c.checksum(name, t.Size)
	if err == nil && crc != t.crc() {
		err = errGone
	}
	return err
}

func (c *cluster) checksum(name string, size int64) (crc uint32, err error) {
	err = c.read(name, 0, size, func(p []byte) error {
		crc = crc32.Update(crc, castagnoli, p)
		return nil
	})
	return crc, err
}

// join copies the pieces into a file beside them, and gives its name.
func (c *cluster) join(ctx context.Context, t token, name string) (string, error) {
	j := &journal{dir: c.tempDir}
	defer func() { _ = j.close() }() // a temporary file
	s, err := c.newSegment(ctx, t.folder(name), "whole-", 0, j)
	if err != nil {
		return "", err
	}
	for _, p := range t.Pieces {
		from := path.Join(t.folder(name), p.Name)
		if err = c.append(ctx, s, from, p); err != nil {
			s.abandon()
			return "", err
		}
	}
	if _, err := s.finish(); err != nil {
		return "", err
	}
	return s.name, nil
}

// append copies a piece into a segment. Where reading fails it goes on from where it was.
func (c *cluster) append(ctx context.Context, s *segment, from string, p piece) error {
	done := int64(0)
	var written error // in s, which has tried all there is to try
	err := c.retry(ctx, func() error {
		err := c.read(from, done, p.Size-done, func(b []byte) error {
			if _, written = s.Write(b); written != nil {
				return written
			}
			done += int64(len(b))
			return nil
		})
		if written != nil {
			return withoutTransient(written)
		}
		return err
	})
	if err == nil && s.crc != p.CRC {
		err = fmt.Errorf("%s is not what was written: its checksum differs", from)
	}
	return err
}

// drop removes what a token has below `_tmp`, and the folders that are empty then. A run that is stopped tries it once.
func (c *cluster) drop(ctx context.Context, t token, name string) error {
	err := c.fs.removeAll(t.runFolder(name))
	if isTransient(err) {
		err = c.retry(ctx, func() error { return c.fs.removeAll(t.runFolder(name)) })
	}
	if err != nil {
		return err
	}
	_ = c.fs.remove(path.Dir(t.runFolder(name))) // unless another run has something there
	return nil
}

// Abort removes what was written under a token and is not committed.
func (s *Storage) Abort(ctx context.Context, data []byte) error {
	if len(data) == 0 {
		return nil
	}
	t, err := parse(data)
	if err != nil {
		return err
	}
	c, name, err := s.of(t.Path)
	if err != nil {
		return err
	}
	return c.failed(codeWrite, t.Path, name, "the unfinished file cannot be removed", c.drop(ctx, t, name))
}
