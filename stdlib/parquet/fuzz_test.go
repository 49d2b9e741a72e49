package parquet

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/runtime/op/optest"
)

// inMemory is a storage of one file.
type inMemory struct {
	anyStorage
	data []byte
}

type anyStorage = op.Storage

func (m inMemory) info() op.FileInfo {
	return op.FileInfo{Path: "x.parquet", Size: int64(len(m.data)), Version: "1"}
}

func (m inMemory) List(context.Context, string) ([]op.FileInfo, error) {
	return []op.FileInfo{m.info()}, nil
}

func (m inMemory) Open(context.Context, string, string) (op.File, error) {
	return &memoryFile{bytes.NewReader(m.data), m.info()}, nil
}

type memoryFile struct {
	*bytes.Reader
	i op.FileInfo
}

func (m *memoryFile) Info() op.FileInfo { return m.i }
func (m *memoryFile) Seekable() bool    { return true }
func (m *memoryFile) Close() error      { return nil }

// errEnough ends a file that says that it has very many rows.
var errEnough = errors.New("enough")

// some is an output that takes some batches, and looks at every value.
type some struct {
	optest.Ignore
	t       *testing.T
	batches int
}

func (s *some) Emit(b *batch.Batch) error {
	if s.batches++; s.batches > 20 {
		return errEnough
	}
	for k, c := range b.Cols {
		if c.N != b.N || !c.Type.Equal(b.Row[k].Type) {
			s.t.Fatalf("%s has %d values of %s for %d rows", b.Row[k].Name, c.N, c.Type, b.N)
		}
	}
	if b.N <= 1000 {
		text([]*batch.Batch{b})
	}
	if frame, err := batch.AppendFrame(nil, b); err == nil {
		if _, _, err := batch.DecodeFrame(frame); err != nil {
			s.t.Fatalf("a batch that cannot leave the process: %v", err)
		}
	}
	return nil
}
func (s *some) Side(string, *batch.Batch) error { return nil }
func (s *some) Reject(op.Rejection) error       { return nil }

// readBytes reads a file that may be anything, all of it and one column; an error is an *op.Error that says where.
func readBytes(t *testing.T, data []byte) {
	st := inMemory{data: data}
	args := op.Args{"path": {Expr: expr.Lit(types.Of(types.Path), "x.parquet")}}
	row := ReadParquet.Type(&op.Typing{Args: args, Storage: st, Errorf: func(string, string, string, ...any) {}})
	if row == nil {
		return
	}
	countSplits(args, st)
	estimated(&op.Estimating{Args: args, Storage: st})
	for _, out := range []types.Row{row, row[:1], {}} {
		src, err := ReadParquet.Source(&op.Config{Args: args, Out: out})
		if err != nil {
			t.Fatal(err)
		}
		ctx := surroundings{storage: st}
		if err := src.Open(ctx); err != nil {
			t.Fatal(err)
		}
		for split, err := range src.Splits(ctx, nil) {
			if err == nil {
				err = src.Read(split, &some{t: t})
			}
			var known *op.Error
			if err != nil && !errors.Is(err, errEnough) && (!errors.As(err, &known) || known.File != "x.parquet" || known.Code == "") {
				t.Fatalf("%v", err)
			}
			if err != nil {
				break
			}
		}
	}
}

// seeds are small files of every kind.
func seeds(f *testing.F) {
	paths, err := filepath.Glob("testdata/*.parquet")
	if err != nil || len(paths) < 10 {
		f.Fatal(paths, err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		if len(data) < 20<<10 {
			f.Add(data, uint16(0), byte(0))
		}
	}
}

// FuzzFile: whatever a file has, reading it ends in rows or in an error that says where; it neither crashes nor takes memory that the
// bounds do not allow. Besides the bytes themselves, one byte of the metadata is changed, which compression and lengths leave whole.
func FuzzFile(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte, at uint16, with byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if n := len(data); n > 12 {
			data = bytes.Clone(data)
			if footer := int(binary.LittleEndian.Uint32(data[n-8:])); footer > 0 && footer < n-8 {
				data[n-8-footer+int(at)%footer] ^= with
			}
		}
		readBytes(t, data)
		if runtime.ReadMemStats(&after); after.Sys > before.Sys+4<<30 {
			t.Fatalf("%d MiB more", (after.Sys-before.Sys)>>20)
		}
	})
}

// TestEveryByte: a file in which one byte is another, or which ends early, is read or refused.
func TestEveryByte(t *testing.T) {
	data, err := os.ReadFile("testdata/list_old.parquet")
	if err != nil {
		t.Fatal(err)
	}
	for i := range data {
		for _, with := range []byte{0xff, 0x80, 1} {
			broken := bytes.Clone(data)
			broken[i] ^= with
			readBytes(t, broken)
		}
		readBytes(t, data[:i])
	}
}

// FuzzMetadata: walking through metadata ends, and lets nothing by that is nested without end or longer than its bytes.
func FuzzMetadata(f *testing.F) {
	f.Add([]byte{0})
	f.Add([]byte{0x19, 0x2c, 0x48, 1, 'a', 0x15, 2, 0, 0x15, 2, 0, 0})
	f.Add(bytes.Repeat([]byte{0x1c}, 100_000))
	f.Add([]byte{0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := checkMetadata(data); err != nil && err.Error() == "" {
			t.Error("no reason")
		}
	})
}
