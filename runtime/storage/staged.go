package storage

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"weir/runtime/op"
)

// Create begins a file. It is written under a hidden name beside its place, `.<name>.part-<random>`, so that Commit is
// a rename within one folder. Folders on the way are made. A folder is refused.
func (l *Local) Create(_ context.Context, path string) (op.StagedFile, error) {
	if err := local(path); err != nil {
		return nil, err
	}
	if path == "-" {
		return &stdout{l.Stdout}, nil
	}
	mode := os.FileMode(0o666)
	if s, err := os.Stat(path); err == nil {
		if s.IsDir() {
			return nil, failed(codeCreate, path, "the file cannot be created", syscall.EISDIR)
		}
		if !s.Mode().IsRegular() { // /dev/null, a pipe: there is nothing to put in its place
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				return nil, failed(codeCreate, path, "the file cannot be opened", err)
			}
			return &device{f, path}, nil
		}
		mode = s.Mode().Perm()
		// Where the name is a link, the file that it leads to is replaced.
		if to, err := filepath.EvalSymlinks(path); err == nil {
			return create(path, to, mode, true)
		}
	}
	return create(path, path, mode, false)
}

func create(path, place string, mode os.FileMode, replace bool) (op.StagedFile, error) {
	dir, name := filepath.Split(place)
	if name == "" || name == "." || name == ".." {
		return nil, failed(codeCreate, path, "the file cannot be created", syscall.EISDIR)
	}
	dir = filepath.Clean(dir)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, failed(codeCreate, path, "its folder cannot be made", err)
	}
	var random [6]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, failed(codeCreate, path, "the file cannot be created", err)
	}
	part := filepath.Join(dir, "."+name+".part-"+hex.EncodeToString(random[:]))
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err == nil && replace {
		err = f.Chmod(mode) // not cut down by the umask
	}
	if err != nil {
		if f != nil {
			_ = f.Close()
			_ = os.Remove(part)
		}
		return nil, failed(codeCreate, path, "the file cannot be created", err)
	}
	return &staged{f: f, path: path, place: place, part: part, dir: dir}, nil
}

// staged is a file being written.
type staged struct {
	f     *os.File // nil once it is closed
	path  string   // as the user wrote it
	place string   // where it will be
	part  string
	dir   string
	size  int64
	err   error // the first error of a write: there is no file then
	over  bool  // committed or aborted
}

func (s *staged) Write(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	if s.f == nil {
		s.err = failed(codeWrite, s.path, "the file cannot be written", os.ErrClosed)
		return 0, s.err
	}
	n, err := s.f.Write(p)
	s.size += int64(n)
	if err != nil {
		s.err = failed(codeWrite, s.path, "the file cannot be written", err)
	}
	return n, s.err
}

// token says how a commit is done after a crash.
type token struct {
	Part  string `json:"part"`
	Place string `json:"place"`
	Size  int64  `json:"size"`
}

// Prepare makes what was written durable. Writing may go on.
func (s *staged) Prepare() ([]byte, error) {
	if s.err != nil {
		return nil, s.err
	}
	if s.f == nil {
		return nil, failed(codeWrite, s.path, "the file cannot be written", os.ErrClosed)
	}
	if err := s.f.Sync(); err != nil {
		s.err = failed(codeWrite, s.path, "the file cannot be written to the disk", err)
		return nil, s.err
	}
	return json.Marshal(token{s.part, s.place, s.size})
}

// Commit puts the file in its place, in one step, and makes that durable. Committing again does nothing.
func (s *staged) Commit() error {
	if s.over {
		return nil
	}
	if s.err != nil {
		return s.err
	}
	if err := s.close(); err != nil {
		return err
	}
	if err := os.Rename(s.part, s.place); err != nil {
		return failed(codeCommit, s.path, "the file cannot be put in its place; it is complete under "+s.part, err)
	}
	s.over = true
	d, err := os.Open(s.dir)
	if err != nil {
		return failed(codeCommit, s.path, "its folder cannot be written to the disk", err)
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil // not every file system can
	}
	if err := errors.Join(err, d.Close()); err != nil {
		return failed(codeCommit, s.path, "its folder cannot be written to the disk", err)
	}
	return nil
}

func (s *staged) close() error {
	if s.f == nil {
		return nil
	}
	err := s.f.Close()
	s.f = nil
	if err != nil {
		s.err = failed(codeWrite, s.path, "the file cannot be written", err)
	}
	return s.err
}

// Abort removes what was written, unless it has been committed.
func (s *staged) Abort() error {
	if s.over {
		return nil
	}
	s.over = true
	if s.f != nil {
		_ = s.f.Close() // what it holds is not wanted
		s.f = nil
	}
	if err := os.Remove(s.part); err != nil && !errors.Is(err, os.ErrNotExist) {
		return failed(codeWrite, s.path, "the unfinished file "+s.part+" cannot be removed", err)
	}
	return nil
}

// stdout writes as it comes: what is out cannot be taken back.
type stdout struct{ w io.Writer }

func (s *stdout) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	if err != nil {
		return n, failed(codeWrite, "-", "standard output cannot be written", err)
	}
	return n, nil
}
func (s *stdout) Prepare() ([]byte, error) { return nil, nil }
func (s *stdout) Commit() error            { return nil }
func (s *stdout) Abort() error             { return nil }

// device is what is there and no file proper.
type device struct {
	f    *os.File
	path string
}

func (d *device) Write(p []byte) (int, error) {
	n, err := d.f.Write(p)
	if err != nil {
		return n, failed(codeWrite, d.path, "it cannot be written", err)
	}
	return n, nil
}
func (d *device) Prepare() ([]byte, error) { return nil, nil }
func (d *device) Commit() error            { return d.close() }
func (d *device) Abort() error             { return d.close() }

func (d *device) close() error {
	if d.f == nil {
		return nil
	}
	err := d.f.Close()
	d.f = nil
	if err != nil {
		return failed(codeWrite, d.path, "it cannot be written", err)
	}
	return nil
}
