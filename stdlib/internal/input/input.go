// Package input opens the files that readers read: it finds compression by the content, not by the name, and tells bytes that cannot be
// trusted from records that are bad.
package input

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"weir/runtime/op"
)

// bufferSize is what one read of a file takes.
const bufferSize = 256 << 10

// Input is an open file, decompressed.
type Input struct {
	Info       op.FileInfo
	Compressed bool

	file   op.File
	raw    *counter
	buf    *bufio.Reader
	reader io.Reader
	closer func()
	path   string
	read   int64 // decompressed bytes so far
}

// counter counts the bytes that are taken from a file.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// Open opens a file. Gzip (of many members, too, as bgzip writes it) and zstd are decompressed. Errors are *op.Error.
func Open(ctx context.Context, s op.Storage, path string) (*Input, error) {
	f, err := s.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	in := &Input{Info: f.Info(), file: f, raw: &counter{r: f}, path: path}
	in.buf = bufio.NewReaderSize(in.raw, bufferSize)
	in.reader = in.buf
	head, err := in.buf.Peek(len(zstdMagic))
	if err != nil && !errors.Is(err, io.EOF) {
		_ = f.Close() // the first error counts
		return nil, in.failed(err)
	}
	switch {
	case bytes.HasPrefix(head, gzipMagic):
		z, err := gzip.NewReader(in.buf)
		if err != nil {
			_ = f.Close()
			return nil, in.failed(err)
		}
		in.Compressed, in.reader, in.closer = true, z, func() { _ = z.Close() }
	case bytes.Equal(head, zstdMagic):
		z, err := zstd.NewReader(in.buf, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
		if err != nil {
			_ = f.Close()
			return nil, in.failed(err)
		}
		in.Compressed, in.reader, in.closer = true, z, z.Close
	}
	return in, nil
}

// Read gives decompressed bytes. An error other than io.EOF is an *op.Error: what comes after it cannot be trusted.
func (in *Input) Read(p []byte) (int, error) {
	n, err := in.reader.Read(p)
	in.read += int64(n)
	if err != nil && err != io.EOF {
		err = in.failed(err)
	}
	return n, err
}

// Consumed is the part of the file, from 0 to 1, that has been taken so far; 1 where the size is not known.
func (in *Input) Consumed() float64 {
	if in.Info.Size <= 0 {
		return 1
	}
	return min(1, float64(in.raw.n-int64(in.buf.Buffered()))/float64(in.Info.Size))
}

// Close closes the file.
func (in *Input) Close() error {
	if in.closer != nil {
		in.closer()
	}
	return in.file.Close()
}

// failed says what is wrong with the bytes of a file.
func (in *Input) failed(err error) error {
	var oe *op.Error
	if errors.As(err, &oe) || errors.Is(err, context.Canceled) {
		return err
	}
	e := &op.Error{Code: "W6251", File: in.path, Err: err, Message: "the file cannot be read to its end"}
	if in.Compressed {
		e.Code, e.Message = "W6252", "the compressed data is damaged"
		e.Hint = "get the file anew; `gzip -t` or `zstd -t` tests it"
		switch {
		case errors.Is(err, io.ErrUnexpectedEOF):
			e.Message = "the compressed data ends too early: the file is truncated"
		case errors.Is(err, gzip.ErrChecksum):
			e.Message = "the compressed data does not have the checksum that it says"
		case errors.Is(err, gzip.ErrHeader) && in.read > 0:
			e.Message = "after the compressed data comes something else"
			e.Hint = "cut what follows the last member off, if it is not part of the data"
		}
	}
	return e
}

// FileSplit is the data of a split that is a whole file.
type FileSplit struct {
	Path string `json:"path"`
}

// FileSplits gives one split a file that the path names, in the order of their names.
func FileSplits(ctx context.Context, s op.Storage, path string) iter.Seq2[op.Split, error] {
	return func(yield func(op.Split, error) bool) {
		files, err := s.List(ctx, path)
		if err != nil {
			yield(op.Split{}, err)
			return
		}
		for i, f := range files {
			data, err := json.Marshal(FileSplit{f.Path})
			if !yield(op.Split{Index: uint64(i), Weight: float64(max(f.Size, 1)), Data: data}, err) {
				return
			}
		}
	}
}

// CountFiles is SplitCount of an operator whose splits are the files that the Value argument `path` names.
func CountFiles(a op.Args, s op.Storage) int {
	if s == nil {
		return -1
	}
	files, err := s.List(context.Background(), a.Text("path"))
	if err != nil {
		return -1
	}
	return len(files)
}
