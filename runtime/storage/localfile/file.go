// Package localfile is the storage of this machine: files by path, "-" for standard input and output.
package localfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"time"

	"weir/runtime/op"
)

// Codes of what goes wrong here; lang/diag explains them.
const (
	codeRead    = "W6201" // a file cannot be read
	codeCreate  = "W6202" // a file cannot be created
	codeWrite   = "W6203" // a file cannot be written
	codeCommit  = "W6204" // a file that is written cannot be put in its place
	codePattern = "W6206" // a pattern that is not one
	codeChanged = "W6255" // another version than the one that was asked for
)

// Local is the files of this machine, "-" for standard input and output. A path is what the user wrote, or what the
// compiler made of it.
type Local struct {
	Stdin  io.Reader
	Stdout io.Writer
}

// New gives the files of this machine, with the process's own standard input and output.
func New() *Local { return &Local{Stdin: os.Stdin, Stdout: os.Stdout} }

var _ op.Storage = (*Local)(nil)

// List gives the files that a path names: one file, every file of a folder (a trailing /; hidden ones left out), or
// what a glob matches; sorted by name. No file at all is an error. A file whose very name has the pattern's characters
// is meant before the pattern is.
func (l *Local) List(ctx context.Context, path string) ([]op.FileInfo, error) {
	if path == "-" {
		return []op.FileInfo{{Path: "-", Size: -1}}, nil
	}
	if strings.HasSuffix(path, "/") {
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, failed(codeRead, path, "the folder cannot be read", err)
		}
		var names []string
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), ".") {
				names = append(names, path+e.Name())
			}
		}
		return stat(ctx, path, names, "the folder has no files")
	}
	s, err := os.Stat(path)
	if err == nil {
		if s.IsDir() {
			return nil, &op.Error{Code: codeRead, File: path, Message: "this is a folder", Hint: "for all files in it write `" + path + "/`"}
		}
		return []op.FileInfo{info(path, s)}, nil
	}
	if !strings.ContainsAny(path, "*?[") || !errors.Is(err, os.ErrNotExist) {
		return nil, failed(codeRead, path, "the file cannot be read", err)
	}
	names, err := filepath.Glob(path)
	if err != nil {
		return nil, &op.Error{Code: codePattern, File: path, Message: "the pattern cannot be understood", Err: err,
			Hint: "* stands for any characters, ? for one, [ab] for one of these"}
	}
	return stat(ctx, path, names, "no file matches the pattern")
}

// stat describes the files among names.
func stat(ctx context.Context, path string, names []string, empty string) ([]op.FileInfo, error) {
	sort.Strings(names)
	var out []op.FileInfo
	for _, name := range names {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		s, err := os.Stat(name)
		if err != nil {
			return nil, failed(codeRead, name, "the file cannot be read", err)
		}
		if s.Mode().IsRegular() {
			out = append(out, info(name, s))
		}
	}
	if len(out) == 0 {
		return nil, &op.Error{Code: codeRead, File: path, Message: empty, Err: os.ErrNotExist, Hint: "check the path; it is relative to the file it stands in"}
	}
	return out, nil
}

func info(path string, s os.FileInfo) op.FileInfo {
	f := op.FileInfo{Path: path, Size: -1, Modified: s.ModTime()}
	if s.Mode().IsRegular() {
		f.Size = s.Size()
		f.Version = fmt.Sprintf("%d-%d", s.Size(), s.ModTime().UnixNano())
	}
	return f
}

// Open opens a file to read. Files proper are seekable and have a version, of size and time; standard input, pipes and devices have neither.
func (l *Local) Open(_ context.Context, path, version string) (op.File, error) {
	if path == "-" {
		return &input{Reader: l.Stdin, info: op.FileInfo{Path: "-", Size: -1, Modified: time.Time{}}}, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, failed(codeRead, path, "the file cannot be opened", err)
	}
	s, err := f.Stat()
	if err == nil && s.IsDir() {
		err = syscall.EISDIR
	}
	if err != nil {
		_ = f.Close()
		return nil, failed(codeRead, path, "the file cannot be opened", err)
	}
	i := info(path, s)
	if version != "" && i.Version != "" && i.Version != version {
		_ = f.Close()
		return nil, &op.Error{Code: codeChanged, File: path, Message: "the file was read before, and has changed since", Err: op.ErrChanged,
			Hint: "run again, from the beginning, when nothing writes to it"}
	}
	return &file{f, i, s.Mode().IsRegular()}, nil
}

// Remove removes a file.
func (l *Local) Remove(_ context.Context, path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return failed(codeWrite, path, "the file cannot be removed", err)
	}
	return nil
}

// file is an open file; its errors name it.
type file struct {
	f        *os.File
	info     op.FileInfo
	seekable bool
}

func (f *file) Read(p []byte) (int, error) {
	n, err := f.f.Read(p)
	return n, f.named(err)
}

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.f.ReadAt(p, off)
	return n, f.named(err)
}

func (f *file) named(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return failed(codeRead, f.info.Path, "the file cannot be read", err)
}

func (f *file) Close() error      { return f.named(f.f.Close()) }
func (f *file) Info() op.FileInfo { return f.info }
func (f *file) Seekable() bool    { return f.seekable }

// input is standard input.
type input struct {
	io.Reader
	info op.FileInfo
}

func (i *input) ReadAt([]byte, int64) (int, error) {
	return 0, &op.Error{Code: codeRead, File: "-", Message: "standard input can only be read from its beginning"}
}
func (i *input) Close() error      { return nil }
func (i *input) Info() op.FileInfo { return i.info }
func (i *input) Seekable() bool    { return false }

// failed makes the error of an operation on a path.
func failed(code, path, message string, err error) error {
	var known *op.Error
	if errors.As(err, &known) {
		return err
	}
	for { // the path is said already
		var p *os.PathError
		var l *os.LinkError
		if errors.As(err, &p) && p.Err != nil {
			err = p.Err
		} else if errors.As(err, &l) && l.Err != nil {
			err = l.Err
		} else {
			break
		}
	}
	return &op.Error{Code: code, File: path, Message: message, Hint: hint(err), Err: err}
}

// hint says what to do about an error of the system.
func hint(err error) string {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "check the path; a path in a pipeline is relative to the file it stands in, one given with -p to the working directory"
	case errors.Is(err, os.ErrExist):
		return "remove the file if it is not wanted, or name another one"
	case errors.Is(err, os.ErrPermission), errors.Is(err, syscall.EROFS):
		return "give this user the permission, or choose another place"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "make room on the disk, or choose another one, and run again"
	case errors.Is(err, syscall.EFBIG):
		return "the system bounds the size of files: see `ulimit -f`"
	case errors.Is(err, syscall.EISDIR):
		return "this is a folder: to read or write files in it end the path with /"
	case errors.Is(err, syscall.ENOTDIR):
		return "a part of the path that should be a folder is a file"
	case errors.Is(err, errAlive):
		return "the run that is to be gone on with goes on itself: end it first"
	case errors.Is(err, syscall.EMFILE):
		return "too many files are open: raise `ulimit -n`"
	}
	return ""
}
