package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"sync"

	"weir/compiler/logical"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// capture is the operator that keeps what a test expects to see: frames in a file of the test's own storage.
const capture = "capture"

// operators are the two operators that only tests have: one gives the rows of `given`, the other keeps those that `expect` compares.
func operators() []*op.Operator {
	return []*op.Operator{
		{
			Name: logical.Rows, Role: op.SourceRole, Doc: "gives the rows of a test's `given`.",
			Params: []op.Param{{Name: logical.Rows, Kind: op.RowType, Required: true}, {Name: advances, Kind: op.Value, Hidden: true}},
			Type:   func(t *op.Typing) types.Row { return t.Args[logical.Rows].Row },
			Caps: op.Caps{SplitCount: func(op.Args, op.Storage) int { return 1 }, Watermarks: true,
				Live: func(a op.Args) bool { return a[advances] != nil }},
			Source: func(c *op.Config) (op.Source, error) { return &rowsSource{cfg: c}, nil },
		},
		{
			Name: capture, Role: op.SinkRole, Doc: "keeps rows for a test's `expect`.",
			Params:     []op.Param{{Name: "path", Kind: op.Value, Type: types.Of(types.Path), Required: true}},
			SingleTask: func(op.Args) bool { return true },
			New:        func(c *op.Config) (op.Instance, error) { return &captureSink{path: c.Args.Text("path")}, nil },
		},
	}
}

type rowsSource struct {
	cfg *op.Config
}

func (s *rowsSource) Open(op.Context) error { return nil }
func (s *rowsSource) Close() error          { return nil }

func (s *rowsSource) Splits(op.Context, []json.RawMessage) iter.Seq2[op.Split, error] {
	return func(yield func(op.Split, error) bool) {
		yield(op.Split{Weight: 1, Data: json.RawMessage("{}")}, nil)
	}
}

// Read gives every row in a batch of its own, so that a test meets operators with more than one.
func (s *rowsSource) Read(split op.Split, out op.SourceOutput) error {
	arg := s.cfg.Args[logical.Rows]
	rows, _ := arg.Expr.Value.([]any)
	for i, r := range rows {
		values, ok := r.([]any)
		if !ok || len(values) != len(arg.Row) {
			return fmt.Errorf("row %d of a test is not as wide as its type", i+1)
		}
		b := &batch.Batch{Row: s.cfg.Out, N: 1, Ord: [][]uint64{{split.Index}, {uint64(i)}}, Origin: &batch.Origin{File: "given", Record: []int64{int64(i + 1)}}}
		for _, f := range s.cfg.Out {
			k := arg.Row.Index(f.Name)
			if k < 0 {
				return fmt.Errorf("a test's rows have no column %s", f.Name)
			}
			whole := batch.NewBuilder(arg.Row[k].Type, 1)
			whole.Any(values[k])
			b.Cols = append(b.Cols, whole.Done().Project(f.Type))
		}
		if err := out.Emit(b); err != nil {
			return err
		}
	}
	for _, t := range advancesOf(s.cfg.Args) {
		if err := out.Watermark(t); err != nil {
			return err
		}
	}
	return nil
}

type captureSink struct {
	op.Base
	path    string
	storage op.Storage
	file    op.StagedFile
	token   []byte
}

func (s *captureSink) Open(ctx op.Context) (err error) {
	s.storage = ctx.Storage()
	s.file, err = s.storage.Create(ctx.Context(), s.path, op.CreateOptions{})
	return err
}

func (s *captureSink) Data(_ int, b *batch.Batch, _ op.Output) error {
	frame, err := batch.AppendFrame(nil, b)
	if err != nil {
		return err
	}
	_, err = s.file.Write(frame)
	return err
}

func (s *captureSink) Snapshot(uint64, op.SnapshotWriter) (err error) {
	s.token, err = s.file.Prepare()
	return err
}

func (s *captureSink) Commit(uint64) error { return s.storage.Commit(context.Background(), s.token) }

// memory is storage in memory, for what is captured.
type memory struct {
	mu    sync.Mutex
	files map[string][]byte
	parts map[string]*memoryFile
}

// errNoFiles is for every other use of the storage.
func errNoFiles() error {
	return &op.Error{Message: "a test reads no files: give the rows of its sources"}
}

func (m *memory) List(context.Context, string) ([]op.FileInfo, error)   { return nil, errNoFiles() }
func (m *memory) Open(context.Context, string, string) (op.File, error) { return nil, errNoFiles() }
func (m *memory) Resume(context.Context, []byte) (op.StagedFile, error) { return nil, errNoFiles() }
func (m *memory) Abort(context.Context, []byte) error                   { return nil }
func (m *memory) Remove(context.Context, string) error                  { return nil }
func (m *memory) Create(_ context.Context, path string, _ op.CreateOptions) (op.StagedFile, error) {
	f := &memoryFile{path: path}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.parts == nil {
		m.parts = map[string]*memoryFile{}
	}
	m.parts[path] = f
	return f, nil
}

// Commit implements op.Storage. A token is the path.
func (m *memory) Commit(_ context.Context, token []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f := m.parts[string(token)]; f != nil {
		m.files[f.path] = f.data
	}
	return nil
}

type memoryFile struct {
	path string
	data []byte
}

func (f *memoryFile) Write(p []byte) (int, error) { f.data = append(f.data, p...); return len(p), nil }
func (f *memoryFile) Prepare() ([]byte, error)    { return []byte(f.path), nil }
func (f *memoryFile) Close() error                { return nil }
func (f *memoryFile) Abort() error                { return nil }

var _ io.Writer = (*memoryFile)(nil)
