package tabular

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"weir/runtime/op"
)

// memory is a storage of files in memory. With chunk set its files come as from a pipe, so many bytes a read.
type memory struct {
	mu     sync.Mutex
	files  map[string][]byte
	chunk  int
	fail   map[string]error         // by what is done: "write", "prepare", "commit"
	open   int                      // staged files that are neither committed nor aborted
	staged map[string]*memoryStaged // by path
}

func (m *memory) List(_ context.Context, path string) ([]op.FileInfo, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []op.FileInfo
	for name, data := range m.files {
		if name == path || strings.HasSuffix(path, "/") && strings.HasPrefix(name, path) {
			out = append(out, op.FileInfo{Path: name, Size: m.size(data)})
		}
	}
	slices.SortFunc(out, func(a, b op.FileInfo) int { return strings.Compare(a.Path, b.Path) })
	if len(out) == 0 {
		return nil, fs.ErrNotExist
	}
	return out, nil
}

func (m *memory) size(data []byte) int64 {
	if m.chunk > 0 {
		return -1
	}
	return int64(len(data))
}

func (m *memory) Open(_ context.Context, path, _ string) (op.File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, ok := m.files[path]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return &memoryFile{m: m, r: bytes.NewReader(data), info: op.FileInfo{Path: path, Size: m.size(data)}}, nil
}

func (m *memory) Create(_ context.Context, path string, _ op.CreateOptions) (op.StagedFile, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.open++
	return &memoryStaged{m: m, path: path}, nil
}

type memoryFile struct {
	m    *memory
	r    *bytes.Reader
	info op.FileInfo
}

func (f *memoryFile) Read(p []byte) (int, error) {
	if c := f.m.chunk; c > 0 && len(p) > c {
		p = p[:c]
	}
	return f.r.Read(p)
}
func (f *memoryFile) ReadAt(p []byte, off int64) (int, error) {
	if f.m.chunk > 0 {
		return 0, errors.New("a pipe")
	}
	return f.r.ReadAt(p, off)
}
func (f *memoryFile) Close() error      { return nil }
func (f *memoryFile) Info() op.FileInfo { return f.info }
func (f *memoryFile) Seekable() bool    { return f.m.chunk == 0 }

type memoryStaged struct {
	m        *memory
	path     string
	buf      bytes.Buffer
	prepared int
	over     bool
}

var _ io.Writer = (*memoryStaged)(nil)

func (s *memoryStaged) Write(p []byte) (int, error) {
	if err := s.m.fail["write"]; err != nil {
		return 0, err
	}
	return s.buf.Write(p)
}

func (s *memoryStaged) Prepare() ([]byte, error) {
	s.prepared = s.buf.Len()
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	if s.m.staged == nil {
		s.m.staged = map[string]*memoryStaged{}
	}
	s.m.staged[s.path] = s
	return []byte(s.path), s.m.fail["prepare"]
}

// Commit implements op.Storage. A token is the path.
func (m *memory) Commit(_ context.Context, token []byte) error {
	if err := m.fail["commit"]; err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.staged[string(token)]
	if !s.over {
		m.files[s.path] = bytes.Clone(s.buf.Bytes()[:s.prepared])
		s.over = true
		m.open--
	}
	return nil
}

func (m *memory) Resume(context.Context, []byte) (op.StagedFile, error) {
	return nil, errors.New("nothing to resume")
}

func (m *memory) Abort(_ context.Context, token []byte) error { return m.staged[string(token)].Abort() }

func (m *memory) Remove(context.Context, string) error { return nil }

func (s *memoryStaged) Close() error { return nil }

func (s *memoryStaged) Abort() error {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	if !s.over {
		s.over = true
		s.m.open--
	}
	return nil
}
