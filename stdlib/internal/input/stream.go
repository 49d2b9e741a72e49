package input

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"weir/runtime/op"
)

// maxWindow bounds what a zstd frame may ask for; `zstd --long=27` needs all of it.
const maxWindow = 128 << 20

// Stream is the unpacked content of a file or of a range of it. Its Read gives *op.Error with the file.
type Stream struct {
	name   string
	file   op.File
	packed *counter      // what has been taken from the file
	buf    *bufio.Reader // between the file and the decompressor
	format string        // "gzip", "zstd" or "" for plain
	r      io.Reader
	closer func()
	pump   *pump // reads ahead where reading may wait; nil before Ready is called
}

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// Magic numbers of compressed files, by which content is known whatever the name says.
var magics = []struct {
	magic, format string
	readable      bool
}{
	{"\x1f\x8b", "gzip", true},
	{"\x28\xb5\x2f\xfd", "zstd", true},
	{"BZh", "bzip2", false},
	{"\xfd7zXZ\x00", "xz", false},
	{"PK\x03\x04", "zip", false},
	{"\xff\xfe", "UTF-16", false},
	{"\xfe\xff", "UTF-16", false},
}

// Open opens a part of a file. Compression is told by the first bytes; a range is taken as it is.
func Open(ctx context.Context, st op.Storage, p Part) (*Stream, error) {
	f, err := st.Open(ctx, p.Path, p.Version)
	if err != nil {
		return nil, wrap(err, p.Path)
	}
	s := &Stream{name: p.Path, file: f, closer: func() {}}
	if p.To > 0 {
		s.packed = &counter{r: io.NewSectionReader(f, p.From, p.To-p.From)}
		s.r = s.packed
		return s, nil
	}
	s.packed = &counter{r: f}
	s.buf = bufio.NewReaderSize(s.packed, 64<<10)
	s.r = s.buf
	head, err := s.peek()
	if err != nil {
		_ = f.Close()
		return nil, wrap(err, p.Path)
	}
	for _, m := range magics {
		if !bytes.HasPrefix(head, []byte(m.magic)) {
			continue
		}
		if !m.readable {
			_ = f.Close()
			return nil, &op.Error{Code: NotText, Message: "the file is " + m.format + " data", File: p.Path,
				Hint: "readers take text in UTF-8, plain or packed by gzip, bgzip or zstd"}
		}
		if err := s.unpack(m.format); err != nil {
			_ = s.Close()
			return nil, s.explain(err)
		}
		break
	}
	return s, nil
}

// peek looks at the first bytes without waiting for more than decide the matter: a line typed into a terminal must not
// wait for a sixth byte.
func (s *Stream) peek() ([]byte, error) {
	head, err := s.buf.Peek(1)
	for n := 2; err == nil && n <= 6; n++ {
		possible := false
		for _, m := range magics {
			if len(m.magic) >= n && string(head) == m.magic[:n-1] {
				possible = true
			}
		}
		if !possible {
			break
		}
		head, err = s.buf.Peek(n)
	}
	if err == io.EOF {
		err = nil
	}
	return head, err
}

func (s *Stream) unpack(format string) error {
	s.format = format
	if format == "gzip" {
		z, err := gzip.NewReader(s.buf) // all members, one after the other
		if err != nil {
			return err
		}
		s.r = z
		return nil
	}
	z, err := zstd.NewReader(s.buf, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return err
	}
	s.r, s.closer = z, z.Close
	return nil
}

// Name gives the path.
func (s *Stream) Name() string { return s.name }

// Cuttable reports whether a range of the file can be read by itself.
func (s *Stream) Cuttable() bool { return s.format == "" && s.file.Seekable() }

// Eager reports whether a read waits for nobody, so that a window may be filled before it is looked at.
func (s *Stream) Eager() bool { return s.file.Seekable() }

// Expect says up to which byte of the file a range is going to be read, for a storage that reads ahead.
func (s *Stream) Expect(to int64) {
	if f, ok := s.file.(op.Expecter); ok {
		f.Expect(to)
	}
}

// Packed gives the number of bytes of the file that have been used up.
func (s *Stream) Packed() int64 {
	if s.buf == nil {
		return s.packed.n
	}
	return s.packed.n - int64(s.buf.Buffered())
}

// Ready gives a channel that has a value, or is closed, when the next Read need not wait. From then on the stream is read ahead, by a goroutine
// that ends with the stream or, where that cannot be read any more, with a read that never returns.
func (s *Stream) Ready() <-chan struct{} {
	if s.Eager() {
		return always
	}
	if s.pump == nil {
		s.pump = newPump(s.r)
	}
	return s.pump.ready()
}

// Read gives unpacked bytes. Its errors are io.EOF and what the user can act on.
func (s *Stream) Read(p []byte) (int, error) {
	var n int
	var err error
	if s.pump != nil {
		n, err = s.pump.Read(p)
	} else {
		n, err = s.r.Read(p)
	}
	if err != nil && err != io.EOF {
		err = s.explain(err)
	}
	return n, err
}

// Close releases the file.
func (s *Stream) Close() error {
	if s.pump != nil {
		// Closing the file ends a read that waits, where the system can. What unpacks is left alone: it may be at work.
		s.pump.stop()
		return s.file.Close()
	}
	s.closer()
	return s.file.Close()
}

func (s *Stream) explain(err error) error {
	if s.format == "" {
		return wrap(err, s.name)
	}
	var what string
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), err == io.EOF:
		what = "ends too early"
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, zstd.ErrCRCMismatch):
		what = "does not match its checksum"
	case errors.Is(err, gzip.ErrHeader):
		what = "is followed by something else"
		if s.Packed() < 10 {
			what = "has a bad header"
		}
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		what = fmt.Sprintf("needs a window of more than %d MiB", maxWindow>>20)
	case corrupt(err):
		what = "is damaged"
	default:
		return wrap(err, s.name)
	}
	return &op.Error{Code: Damaged, Message: fmt.Sprintf("the %s data %s, near byte %d of the file", s.format, what, s.Packed()),
		File: s.name, Hint: "fetch the file again, and test it with `" + map[string]string{"gzip": "gzip -t", "zstd": "zstd -t"}[s.format] + "`"}
}
