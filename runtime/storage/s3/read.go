package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"weir/runtime/op"
)

// Open opens an object to read. The version is its ETag; every request for a part of it is for that version. A ReadAt that goes on where the one before
// has ended reads ahead, as Read does.
func (s *Store) Open(ctx context.Context, path, version string) (op.File, error) {
	p, err := parseObject(path)
	if err != nil {
		return nil, err
	}
	h, err := s.head(ctx, p)
	if err != nil {
		return nil, err
	}
	info := h.info(path)
	if version != "" && version != info.Version {
		return nil, changed(p)
	}
	c, err := s.of(ctx, p)
	if err != nil {
		return nil, err
	}
	f := &file{store: s, client: c, place: p, info: info, etag: h.ETag, next: -1, limit: info.Size}
	f.ctx, f.stop = context.WithCancelCause(ctx)
	f.crc, f.hasCRC = h.crc()
	return f, nil
}

// file is an object that is being read.
type file struct {
	store  *Store
	client *s3.Client
	place  place
	info   op.FileInfo
	etag   *string
	crc    uint32
	hasCRC bool
	ctx    context.Context
	stop   context.CancelCauseFunc

	front *stream // of Read

	mu     sync.Mutex
	next   int64   // where the last ReadAt has ended, -1 where there was none
	behind *stream // of ReadAt, where it goes on in order
	limit  int64   // see Expect
}

func (f *file) Info() op.FileInfo { return f.info }
func (f *file) Seekable() bool    { return true }

// Expect implements op.Expecter.
func (f *file) Expect(to int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.limit = min(max(to, 0), f.info.Size)
}

func (f *file) Read(p []byte) (int, error) {
	if f.ctx.Err() != nil {
		return 0, context.Cause(f.ctx)
	}
	if f.front == nil {
		f.front = f.stream(0)
		f.front.check = f.hasCRC
	}
	return f.front.Read(p)
}

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, &op.Error{Code: codeSettings, File: f.place.path, Message: "a negative offset"}
	}
	if f.ctx.Err() != nil {
		return 0, context.Cause(f.ctx)
	}
	want := p
	if off >= f.info.Size {
		want = nil
	} else if int64(len(p)) > f.info.Size-off {
		want = p[:f.info.Size-off]
	}
	n, err := f.readAt(want, off)
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}

// readAt reads all of p, which lies within the object.
func (f *file) readAt(p []byte, off int64) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	// Several readers at a time read each for itself.
	if f.mu.TryLock() {
		inOrder := off == f.next
		f.next = off + int64(len(p))
		if inOrder {
			defer f.mu.Unlock()
			if f.behind == nil {
				f.behind = f.stream(off)
				f.behind.limit = f.limit
			}
			return io.ReadFull(f.behind, p)
		}
		if f.behind != nil {
			f.behind.close()
			f.behind = nil
		}
		f.mu.Unlock()
	}
	return f.fetchAll(p, off)
}

// maxChunk is the largest range of one request, and parallel how many requests one ReadAt makes at a time.
const (
	maxChunk = 8 << 20
	parallel = 4
)

// fetchAll reads a range by as many requests as it takes.
func (f *file) fetchAll(p []byte, off int64) (int, error) {
	if len(p) <= maxChunk {
		to := slice(p)
		if err := f.fetch(f.ctx, &to, off, int64(len(p))); err != nil {
			return 0, err
		}
		return len(p), nil
	}
	ctx, stop := context.WithCancelCause(f.ctx)
	defer stop(nil)
	var wait sync.WaitGroup
	slots := make(chan struct{}, parallel)
	for from := 0; from < len(p); from += maxChunk {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			to := slice(p[from:min(from+maxChunk, len(p))])
			if err := f.fetch(ctx, &to, off+int64(from), int64(len(to))); err != nil {
				stop(err)
			}
		})
	}
	wait.Wait()
	if err := context.Cause(ctx); err != nil {
		return 0, err
	}
	return len(p), nil
}

// sink is where the bytes of a range go.
type sink interface {
	// room gives where the next bytes go, at least one.
	room() []byte
	// came says that the first n bytes of the room are there.
	came(n int)
}

// slice is a sink of as many bytes as it has.
type slice []byte

func (s *slice) room() []byte { return *s }
func (s *slice) came(n int)   { *s = (*s)[n:] }

// fetch reads a range of at most maxChunk bytes. What breaks off on the way is gone on with where it broke off.
func (f *file) fetch(ctx context.Context, to sink, off, size int64) error {
	for attempt := 0; ; {
		n, err := f.get(ctx, to, off, size)
		off, size = off+n, size-n
		switch {
		case size == 0:
			return nil
		case n > 0:
			attempt = 0
		}
		if attempt++; !errors.Is(err, errBrokenOff) || attempt >= f.store.o.Attempts {
			return failed(ctx, "GetObject", f.place, err)
		}
		if err := sleep(ctx, backoff(attempt, f.store.o.Backoff)); err != nil {
			return err
		}
	}
}

// errBrokenOff marks an answer whose body ended too early.
var errBrokenOff = errors.New("the answer broke off")

// get makes one request. It gives how many bytes came.
func (f *file) get(ctx context.Context, to sink, off, size int64) (n int64, err error) {
	want := fmt.Sprintf("bytes=%d-%d", off, off+size-1)
	out, err := f.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &f.place.bucket, Key: &f.place.key, Range: &want, IfMatch: f.etag, RequestPayer: f.store.payer()})
	if err != nil {
		if statusOf(err) == http.StatusPreconditionFailed || statusOf(err) == http.StatusRequestedRangeNotSatisfiable || isMissingKey(err) {
			return 0, changed(f.place) // it was there, and longer, when it was opened
		}
		return 0, err
	}
	defer func() { _ = out.Body.Close() }()
	if version(out.ETag) != f.info.Version {
		return 0, changed(f.place)
	}
	if out.ContentRange == nil || !strings.HasPrefix(*out.ContentRange, strings.Replace(want, "=", " ", 1)+"/") {
		return 0, notRange(f.place, want, out.ContentRange)
	}
	for n < size {
		p := to.room()
		k, err := out.Body.Read(p[:min(int64(len(p)), size-n, maxRead)])
		n += int64(k)
		to.came(k)
		if err != nil && n < size {
			return n, fmt.Errorf("%w: %w", errBrokenOff, err)
		}
	}
	return n, nil
}

// maxRead is what is read at once from a connection, so that bytes are given on while others come; and the size of a page of what is read ahead.
const maxRead = 256 << 10

// Close stops all reading.
func (f *file) Close() error {
	f.stop(fs.ErrClosed)
	if f.front != nil {
		f.front.close()
		f.front = nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.behind != nil {
		f.behind.close()
		f.behind = nil
	}
	return nil
}
