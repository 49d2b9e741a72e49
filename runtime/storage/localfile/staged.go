package localfile

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"weir/runtime/op"
)

// Create begins a file. It is written under a hidden name beside its place, `.<name>.part-<random>`, so that Commit is
// a rename within one folder. Folders on the way are made. A folder is refused.
func (l *Local) Create(_ context.Context, path string, o op.CreateOptions) (op.StagedFile, error) {
	if path == "-" {
		return &stdout{l.Stdout}, nil
	}
	mode := os.FileMode(0o666)
	if s, err := os.Lstat(path); err == nil && o.MustNotExist {
		return nil, failed(codeCreate, path, "the file must not be there", os.ErrExist)
	} else if err == nil && s.Mode()&os.ModeSymlink == 0 && s.IsDir() {
		return nil, failed(codeCreate, path, "the file cannot be created", syscall.EISDIR)
	}
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
			return create(path, to, mode, true, o)
		}
	}
	return create(path, path, mode, false, o)
}

func create(path, place string, mode os.FileMode, replace bool, o op.CreateOptions) (op.StagedFile, error) {
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
	if err == nil {
		_ = lock(f) // nobody else knows it
	}
	if err != nil {
		if f != nil {
			_ = f.Close()
			_ = os.Remove(part)
		}
		return nil, failed(codeCreate, path, "the file cannot be created", err)
	}
	return &staged{f: f, token: token{Path: path, Place: place, Part: part, New: o.MustNotExist}}, nil
}

// token says how a file is committed, taken up again or aborted after a crash.
type token struct {
	Path  string `json:"path"`  // as the user wrote it
	Place string `json:"place"` // where it will be
	Part  string `json:"part"`  // where it is
	Size  int64  `json:"size"`
	CRC   uint32 `json:"crc32c"`
	New   bool   `json:"new,omitempty"` // nothing may be in its place
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// staged is a file being written.
type staged struct {
	f     *os.File // nil once it is closed
	token token    // as of now
	err   error    // the first error of a write: there is no file then
}

func (s *staged) Write(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	if s.f == nil {
		return 0, failed(codeWrite, s.token.Path, "the file cannot be written", os.ErrClosed)
	}
	n, err := s.f.Write(p)
	s.token.Size += int64(n)
	s.token.CRC = crc32.Update(s.token.CRC, castagnoli, p[:n])
	if err != nil {
		s.err = failed(codeWrite, s.token.Path, "the file cannot be written", err)
	}
	return n, s.err
}

// Prepare makes what was written, and the name under which it is, durable. Writing may go on.
func (s *staged) Prepare() ([]byte, error) {
	if s.err != nil {
		return nil, s.err
	}
	if s.f == nil {
		return nil, failed(codeWrite, s.token.Path, "the file cannot be written", os.ErrClosed)
	}
	err := s.f.Sync()
	if err == nil {
		err = syncFolder(filepath.Dir(s.token.Part))
	}
	if err != nil {
		s.err = failed(codeWrite, s.token.Path, "the file cannot be written to the disk", err)
		return nil, s.err
	}
	return json.Marshal(s.token)
}

func (s *staged) Close() error {
	if s.f == nil {
		return nil
	}
	err := s.f.Close()
	s.f = nil
	if err != nil {
		s.err = failed(codeWrite, s.token.Path, "the file cannot be written", err)
	}
	return s.err
}

// Abort removes what was written, unless it has been committed.
func (s *staged) Abort() error {
	_ = s.Close() // what it holds is not wanted
	return s.token.abort()
}

func parseToken(data []byte) (t token, err error) {
	if err := json.Unmarshal(data, &t); err != nil || t.Part == "" || t.Place == "" || t.Size < 0 {
		return t, &op.Error{Code: codeCommit, Message: "what a checkpoint says of a file cannot be understood", Err: err,
			Hint: "the checkpoint is damaged: use the one before"}
	}
	return t, nil
}

// leave is how long a writer that is ending may take to let go of its file. It is a variable for tests alone.
var leave = 10 * time.Second

// own takes the lock of a file that is gone on with. A writer that is thought dead and goes on would otherwise write among its successor's bytes.
func own(ctx context.Context, f *os.File) error {
	for end := time.Now().Add(leave); lock(f); {
		if time.Now().After(end) {
			return errAlive
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

// errAlive: the writer of a file that is to be gone on with is there still.
var errAlive = errors.New("another process is writing it")

// Resume opens the hidden file again and cuts off what was written after the token.
func (l *Local) Resume(ctx context.Context, data []byte) (op.StagedFile, error) {
	if len(data) == 0 {
		return &stdout{l.Stdout}, nil
	}
	t, err := parseToken(data)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(t.Part, os.O_WRONLY, 0)
	if err != nil {
		return nil, failed(codeCommit, t.Path, "the unfinished file "+t.Part+" cannot be gone on with", err)
	}
	err = own(ctx, f)
	var size int64
	if err == nil {
		size, err = f.Seek(0, io.SeekEnd)
	}
	if err == nil && size < t.Size {
		err = fmt.Errorf("it has %d bytes, and had %d when the checkpoint was made", size, t.Size)
	}
	if err == nil {
		err = f.Truncate(t.Size)
	}
	if err == nil {
		_, err = f.Seek(t.Size, io.SeekStart)
	}
	if err != nil {
		_ = f.Close()
		return nil, failed(codeCommit, t.Path, "the unfinished file "+t.Part+" cannot be gone on with", err)
	}
	return &staged{f: f, token: t}, nil
}

// Commit puts the file in its place, in one step, and makes that durable. What is in its place already, with the same length and checksum, is
// taken for it.
func (l *Local) Commit(_ context.Context, data []byte) error {
	if len(data) == 0 {
		return nil
	}
	t, err := parseToken(data)
	if err != nil {
		return err
	}
	s, err := os.Stat(t.Part)
	if errors.Is(err, os.ErrNotExist) {
		if t.committed() {
			return nil
		}
		return failed(codeCommit, t.Path, "the file cannot be put in its place: neither it nor "+t.Part+" is there as it was written", err)
	}
	if err == nil && s.Size() < t.Size {
		err = fmt.Errorf("it has %d bytes of %d", s.Size(), t.Size)
	} else if err == nil && s.Size() > t.Size {
		err = os.Truncate(t.Part, t.Size)
	}
	if err == nil && t.New {
		// A link, as opposed to a rename, fails where something is.
		if err = os.Link(t.Part, t.Place); errors.Is(err, os.ErrExist) && t.committed() {
			err = nil // the crash came between link and remove
		}
		if err == nil {
			err = os.Remove(t.Part)
		}
	} else if err == nil {
		err = os.Rename(t.Part, t.Place)
	}
	if err != nil {
		return failed(codeCommit, t.Path, "the file cannot be put in its place; it is complete under "+t.Part, err)
	}
	if err := syncFolder(filepath.Dir(t.Place)); err != nil {
		return failed(codeCommit, t.Path, "its folder cannot be written to the disk", err)
	}
	return nil
}

// committed reports whether the file is in its place.
func (t token) committed() bool {
	f, err := os.Open(t.Place)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // read only
	if s, err := f.Stat(); err != nil || s.Size() != t.Size {
		return false
	}
	h := crc32.New(castagnoli)
	_, err = io.Copy(h, f)
	return err == nil && h.Sum32() == t.CRC
}

// syncFolder makes the names in a folder durable.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil // not every file system can
	}
	return errors.Join(err, d.Close())
}

// Abort removes the hidden file of a token.
func (l *Local) Abort(_ context.Context, data []byte) error {
	if len(data) == 0 {
		return nil
	}
	t, err := parseToken(data)
	if err != nil {
		return err
	}
	return t.abort()
}

func (t token) abort() error {
	if err := os.Remove(t.Part); err != nil && !errors.Is(err, os.ErrNotExist) {
		return failed(codeWrite, t.Path, "the unfinished file "+t.Part+" cannot be removed", err)
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
func (s *stdout) Close() error             { return nil }
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
func (d *device) Abort() error             { return d.Close() }

func (d *device) Close() error {
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
