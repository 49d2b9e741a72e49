package staging

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"weir/runtime/batch"
	"weir/runtime/op"
)

// Codes of what goes wrong here; lang/diag explains them.
const (
	codeTemp    = "W6004" // a temporary file cannot be written or read
	codeDamaged = "W6005" // what was read back is not what was written
)

// Region is where a batch lies in a File.
type Region struct {
	Off int64 `json:"at"`
	N   int   `json:"n"`
}

// File is a temporary file of batches. It has no name from the moment it is open, so that it is gone with the process,
// however that ends. Append and Read may be called from any goroutine.
type File struct {
	dir string

	mu   sync.Mutex
	f    *os.File
	size int64
	buf  []byte
}

// NewFile makes a file in a folder ("" for the system's); it is opened at the first Append.
func NewFile(dir string) *File { return &File{dir: dir} }

// Append writes a batch behind the last one.
func (f *File) Append(b *batch.Batch) (Region, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.f == nil {
		file, err := os.CreateTemp(f.dir, "weir-*")
		if err != nil {
			return Region{}, f.failed("cannot be made", err)
		}
		f.f = file
		if err := os.Remove(file.Name()); err != nil {
			return Region{}, f.failed("cannot be unlinked", err)
		}
	}
	data, err := batch.AppendFrame(f.buf[:0], b)
	if err != nil {
		return Region{}, &op.Error{Code: codeTemp, Message: "rows cannot be put into a temporary file", Err: err}
	}
	f.buf = data
	if _, err := f.f.WriteAt(data, f.size); err != nil {
		return Region{}, f.failed("cannot be written", err)
	}
	r := Region{f.size, len(data)}
	f.size += int64(len(data))
	if cap(f.buf) > maxBuffer {
		f.buf = nil
	}
	return r, nil
}

// maxBuffer is the largest buffer that a File keeps for the next batch.
const maxBuffer = 16 << 20

// Read gives a batch back.
func (f *File) Read(r Region) (*batch.Batch, error) {
	f.mu.Lock()
	file := f.f
	f.mu.Unlock()
	if file == nil {
		return nil, f.failed("cannot be read", os.ErrClosed)
	}
	data := make([]byte, r.N)
	if _, err := file.ReadAt(data, r.Off); err != nil {
		return nil, f.failed("cannot be read", err)
	}
	b, _, err := batch.DecodeFrame(data)
	if err != nil {
		return nil, &op.Error{Code: codeDamaged, Message: "a temporary file is damaged", Err: err,
			Hint: "the disk or the memory of this machine is at fault: run again with --temp on another disk"}
	}
	return b, nil
}

// Reset drops everything that was written, when nobody will read it any more, and gives its space back.
func (f *File) Reset() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.f == nil || f.size == 0 {
		return nil
	}
	f.size = 0
	if err := f.f.Truncate(0); err != nil {
		return f.failed("cannot be cut", err)
	}
	return nil
}

// Close gives the file's space back.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.f == nil {
		return nil
	}
	err := f.f.Close()
	f.f = nil
	if err != nil {
		return f.failed("cannot be closed", err)
	}
	return nil
}

func (f *File) failed(what string, err error) error {
	dir := f.dir
	if dir == "" {
		dir = os.TempDir()
	}
	var path *os.PathError
	if errors.As(err, &path) {
		err = path.Err // the file's name says nothing: it is gone
	}
	return &op.Error{Code: codeTemp, Message: fmt.Sprintf("a temporary file in %s %s", dir, what), Err: err,
		Hint: "make room there, or name another folder with --temp"}
}

// Path is a name under which the file can be read while it is open; "" where there is nothing in it.
func (f *File) Path() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.f == nil {
		return ""
	}
	return fmt.Sprintf("/proc/self/fd/%d", f.f.Fd())
}

// OpenFile opens a copy of such a file to read.
func OpenFile(path string) (*File, error) {
	f := &File{dir: filepath.Dir(path)}
	in, err := os.Open(path)
	if err != nil {
		return nil, f.failed("cannot be opened", err)
	}
	f.f = in
	return f, nil
}
