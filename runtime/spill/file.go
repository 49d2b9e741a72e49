package spill

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"

	"weir/runtime/batch"
	"weir/runtime/op"
)

// writeBytes is how much is written at a time; maxFrame the bytes of a batch above which it is written in pieces.
const (
	writeBytes = 256 << 10
	maxFrame   = 16 << 20
)

// frameHeader is the bytes before a frame's payload, whose length is in the second four of them (docs/codec.md).
const frameHeader = 12

// File is a file of batches as frames (docs/codec.md): written from its beginning to its end, then read. Where the system lets an open file
// be read under another name it has no name of its own, so that it is gone with the process, however that ends; elsewhere Close removes it.
type File struct {
	dir    string
	f      *os.File
	path   string
	remove bool
	buf    []byte // not written yet
	size   int64
	rows   int64
	bytes  int64
	refs   atomic.Int32
}

// Create makes an empty file in a folder, "" for the system's.
func Create(dir string) (*File, error) {
	f := &File{dir: dir}
	f.refs.Store(1)
	file, err := os.CreateTemp(dir, "weir-*")
	if err != nil {
		return nil, f.failed("cannot be made", err)
	}
	f.f, f.path, f.remove = file, file.Name(), true
	open := fmt.Sprintf("/proc/self/fd/%d", file.Fd())
	if _, err := os.Stat(open); err == nil && os.Remove(file.Name()) == nil {
		f.path, f.remove = open, false
	}
	return f, nil
}

// Open opens a file that somebody else keeps to be read: one that a snapshot has brought back.
func Open(path string) (*File, error) {
	f := &File{dir: filepath.Dir(path), path: path}
	f.refs.Store(1)
	file, err := os.Open(path)
	if err == nil {
		var info os.FileInfo
		if info, err = file.Stat(); err == nil {
			f.size = info.Size()
		}
	}
	if err != nil {
		return nil, f.failed("cannot be opened", err)
	}
	f.f = file
	return f, nil
}

// Append writes the rows that count behind the last ones. The batch may come back as several.
func (f *File) Append(b *batch.Batch) error {
	if b.Len() > 1 && b.Bytes() > maxFrame {
		b = b.Own() // only now are its bytes its own
	}
	if n := b.Len(); n > 1 && b.Bytes() > maxFrame {
		if err := f.Append(b.Slice(0, n/2)); err != nil {
			return err
		}
		return f.Append(b.Slice(n/2, n))
	}
	f.rows += int64(b.Len())
	f.bytes += int64(b.Bytes())
	data, err := batch.AppendFrame(f.buf, b)
	if err != nil {
		return &op.Error{Code: codeTemp, Message: "rows cannot be put into a temporary file", Err: err}
	}
	if f.buf = data; len(f.buf) < writeBytes {
		return nil
	}
	return f.flush()
}

func (f *File) flush() error {
	if len(f.buf) == 0 {
		return nil
	}
	if _, err := f.f.WriteAt(f.buf, f.size); err != nil {
		return f.failed("cannot be written", err)
	}
	f.size += int64(len(f.buf))
	if f.buf = f.buf[:0]; cap(f.buf) > 4*writeBytes {
		f.buf = nil
	}
	return nil
}

// Finish writes out what was appended: a file is read only behind it.
func (f *File) Finish() error {
	err := f.flush()
	f.buf = nil
	return err
}

// Size is the bytes written.
func (f *File) Size() int64 { return f.size + int64(len(f.buf)) }

// Rows and Bytes say what Append was given: rows, and about the memory that they take.
func (f *File) Rows() int64  { return f.rows }
func (f *File) Bytes() int64 { return f.bytes }

// Path is a name under which the file can be read until it is closed.
func (f *File) Path() string { return f.path }

// Read gives the batches from the beginning. Several readers do not disturb each other.
func (f *File) Read() Sequence { return &reader{f: f, end: f.size} }

// ReadRange gives the batches between two sizes that the file had when Finish was called. Writing may go on.
func (f *File) ReadRange(from, to int64) Sequence { return &reader{f: f, at: from, end: to} }

// Hold lets the file stay open for one Close more: for a snapshot that is written in the background.
func (f *File) Hold() { f.refs.Add(1) }

// Close gives the file's space back. It may be called from any goroutine.
func (f *File) Close() error {
	if f.refs.Add(-1) > 0 {
		return nil
	}
	err := f.f.Close()
	if f.remove {
		err = errors.Join(err, os.Remove(f.path))
	}
	if err != nil {
		return f.failed("cannot be closed", err)
	}
	return nil
}

// appendAll writes all that another file has.
func (f *File) appendAll(from *File) error {
	if err := f.flush(); err != nil {
		return err
	}
	n, err := io.Copy(io.NewOffsetWriter(f.f, f.size), io.NewSectionReader(from.f, 0, from.size))
	if err == nil && n != from.size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return f.failed("cannot be written", err)
	}
	f.size, f.rows, f.bytes = f.size+n, f.rows+from.rows, f.bytes+from.bytes
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

// reader reads a range of a file.
type reader struct {
	f       *File
	at, end int64
}

func (r *reader) Next() (*batch.Batch, error) {
	if r.at == r.end {
		return nil, nil
	}
	var head [frameHeader]byte
	if err := r.read(head[:]); err != nil {
		return nil, err
	}
	n := int64(binary.LittleEndian.Uint32(head[4:]))
	if n > r.end-r.at-int64(len(head)) {
		return nil, damaged(batch.ErrFrame)
	}
	data := make([]byte, int64(len(head))+n)
	if err := r.read(data); err != nil {
		return nil, err
	}
	b, _, err := batch.DecodeFrame(data)
	if err != nil {
		return nil, damaged(err)
	}
	r.at += int64(len(data))
	return b, nil
}

func (r *reader) read(into []byte) error {
	if _, err := r.f.f.ReadAt(into, r.at); err == io.EOF {
		return damaged(io.ErrUnexpectedEOF)
	} else if err != nil {
		return r.f.failed("cannot be read", err)
	}
	return nil
}

func damaged(err error) error {
	return &op.Error{Code: codeDamaged, Message: "a temporary file is damaged", Err: err,
		Hint: "the disk or the memory of this machine is at fault: run again with --temp on another disk"}
}
