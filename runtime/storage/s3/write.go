package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"weir/runtime/op"
)

const (
	// uploads is how many parts of one object are on their way at a time. With the one that is being filled, a writer holds so many and one in memory.
	uploads = 3
	// leave is how long it may take to clean up when the run has been stopped.
	leave = 30 * time.Second
)

// Create begins an object. It is a multipart upload from its first full part on; less than that goes up as a whole at the commit. All parts have the size that is
// fixed here (some stores want that): Options.PartSize, or more where o.Size does not fit into 10,000 of them. Whether the credentials may write is found out here, once for
// each folder, by an upload that is begun and aborted.
func (s *Store) Create(ctx context.Context, path string, o op.CreateOptions) (op.StagedFile, error) {
	p, err := parseObject(path)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(path, "/") {
		return nil, &op.Error{Code: codeCreate, File: path, Message: "this is a folder", Hint: "name an object in it"}
	}
	if o.MustNotExist {
		if _, err := s.head(ctx, p); err == nil {
			return nil, existing(p)
		} else if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			return nil, err // whoever may not look may still write: the commit decides
		}
	}
	if err := s.probe(ctx, p); err != nil {
		return nil, err
	}
	return s.staged(ctx, p, token{Path: path, Part: s.partSize(o.Size), New: o.MustNotExist})
}

// partSize gives the size of the parts of an object of a size, 0 where that is not known.
func (s *Store) partSize(size int64) int64 {
	const whole = 1 << 20
	if size <= s.o.PartSize*MaxParts {
		return s.o.PartSize
	}
	return min((size/MaxParts+whole)/whole*whole, MaxPartSize)
}

// probe sees that objects can be written beside p.
func (s *Store) probe(ctx context.Context, p place) error {
	folder := p.bucket + "/" + path.Dir(p.key)
	s.mu.Lock()
	done := s.probed[folder]
	s.mu.Unlock()
	if done {
		return nil
	}
	id, err := s.begin(ctx, p)
	if err == nil {
		err = s.abort(ctx, p, id)
	}
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.probed[folder] = true
	return nil
}

// begin begins a multipart upload.
func (s *Store) begin(ctx context.Context, p place) (id string, err error) {
	c, err := s.of(ctx, p)
	if err != nil {
		return "", err
	}
	in := &s3.CreateMultipartUploadInput{Bucket: &p.bucket, Key: &p.key, RequestPayer: s.payer()}
	in.ServerSideEncryption, in.SSEKMSKeyId = s.encryption()
	if s.checksums {
		in.ChecksumAlgorithm, in.ChecksumType = types.ChecksumAlgorithmCrc32c, types.ChecksumTypeFullObject
	}
	out, err := c.CreateMultipartUpload(ctx, in)
	if err != nil {
		return "", failed(ctx, "CreateMultipartUpload", p, err)
	}
	return aws.ToString(out.UploadId), nil
}

func (s *Store) encryption() (types.ServerSideEncryption, *string) {
	if s.o.KMSKey == "" {
		return types.ServerSideEncryption(s.o.SSE), nil
	}
	return types.ServerSideEncryption(s.o.SSE), &s.o.KMSKey
}

// abort removes an upload. That there is none is no error.
func (s *Store) abort(ctx context.Context, p place, id string) error {
	c, err := s.of(ctx, p)
	if err != nil {
		return err
	}
	_, err = c.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &p.bucket, Key: &p.key, UploadId: &id, RequestPayer: s.payer()})
	if err != nil && apiCode(err) != "NoSuchUpload" {
		return failed(ctx, "AbortMultipartUpload", p, err)
	}
	return nil
}

// upload uploads a part.
func (s *Store) upload(ctx context.Context, p place, id string, number int, data []byte) (part, error) {
	c, err := s.of(ctx, p)
	if err != nil {
		return part{}, err
	}
	done := part{CRC: crc32.Checksum(data, castagnoli)}
	in := &s3.UploadPartInput{Bucket: &p.bucket, Key: &p.key, UploadId: &id, PartNumber: aws.Int32(int32(number)), Body: bytes.NewReader(data),
		ContentLength: aws.Int64(int64(len(data))), RequestPayer: s.payer()}
	if s.checksums {
		in.ChecksumAlgorithm, in.ChecksumCRC32C = types.ChecksumAlgorithmCrc32c, formatCRC(done.CRC)
	}
	out, err := c.UploadPart(ctx, in)
	if err != nil {
		return part{}, failed(ctx, "UploadPart", p, err)
	}
	done.ETag = version(out.ETag)
	return done, nil
}

// staged is an object being written. Its parts go up in the background.
type staged struct {
	store *Store
	place place
	ctx   context.Context
	stop  context.CancelCauseFunc
	token token // as of now; tail is the part that is being filled

	slots chan []byte // buffers of parts that are not in use; nil for one that is not made yet
	wait  sync.WaitGroup
	mu    sync.Mutex // guards token.Parts
}

func (s *Store) staged(ctx context.Context, p place, t token) (*staged, error) {
	f := &staged{store: s, place: p, token: t, slots: make(chan []byte, uploads)}
	for range uploads {
		f.slots <- nil
	}
	f.ctx, f.stop = context.WithCancelCause(ctx)
	return f, nil
}

// Write takes bytes; a full part goes up while writing goes on. An error of an upload is given at a later call.
func (f *staged) Write(p []byte) (n int, err error) {
	if err := f.failed(); err != nil {
		return 0, err
	}
	for n < len(p) {
		tail := f.token.tail
		k := min(len(p)-n, int(f.token.Part)-len(tail))
		f.token.tail = append(tail, p[n:n+k]...)
		f.token.CRC = crc32.Update(f.token.CRC, castagnoli, p[n:n+k])
		f.token.Size += int64(k)
		n += k
		if len(f.token.tail) == int(f.token.Part) {
			if err := f.send(); err != nil {
				f.stop(err)
				return n, err
			}
		}
	}
	return n, nil
}

// failed gives the first error there was. Close is one.
func (f *staged) failed() error {
	if f.ctx.Err() != nil {
		return context.Cause(f.ctx)
	}
	return nil
}

// end lets no call through any more.
func (f *staged) end() {
	f.stop(&op.Error{Code: codeWrite, File: f.place.path, Message: "the object cannot be written", Err: fs.ErrClosed})
}

// send sends the full part off and takes an empty one.
func (f *staged) send() error {
	t := &f.token
	f.mu.Lock()
	number := len(t.Parts) + 1
	f.mu.Unlock()
	if number > MaxParts {
		return &op.Error{Code: codeRefused, File: f.place.path,
			Message: fmt.Sprintf("the object has more than %d parts of %d MiB, the most that S3 takes", MaxParts, t.Part>>20),
			Hint:    "set a larger part_size in weir.yaml, or write a folder of several objects"}
	}
	if t.Upload == "" {
		id, err := f.store.begin(f.ctx, f.place)
		if err != nil {
			return err
		}
		t.Upload = id
	}
	full := t.tail
	select {
	case t.tail = <-f.slots:
	case <-f.ctx.Done():
		return context.Cause(f.ctx)
	}
	if t.tail == nil {
		t.tail = make([]byte, 0, t.Part)
	}
	f.mu.Lock()
	t.Parts = append(t.Parts, part{})
	f.mu.Unlock()
	f.wait.Go(func() {
		done, err := f.store.upload(f.ctx, f.place, t.Upload, number, full)
		if err != nil {
			f.stop(err)
		}
		f.mu.Lock()
		t.Parts[number-1] = done
		f.mu.Unlock()
		f.slots <- full[:0]
	})
	return nil
}

// Prepare waits until all full parts are up. The rest is in the token.
func (f *staged) Prepare() ([]byte, error) {
	f.wait.Wait()
	if err := f.failed(); err != nil {
		return nil, err
	}
	return f.token.marshal()
}

// Close ends the writing. What a token has is up, and stays. What is on its way is not broken off: a request that is given up may still reach the store, after
// another one for the same part.
func (f *staged) Close() error {
	f.wait.Wait()
	f.end()
	return nil
}

// Abort ends the writing and removes the upload.
func (f *staged) Abort() error {
	f.end()
	f.wait.Wait()
	if f.token.Upload == "" {
		return nil
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(f.ctx), leave)
	defer stop()
	return f.store.abort(ctx, f.place, f.token.Upload)
}

// Resume goes on with an upload from where the token was given. Parts that went up after that are written over, or left out at the commit.
func (s *Store) Resume(ctx context.Context, data []byte) (op.StagedFile, error) {
	t, p, err := parseToken(data)
	if err != nil {
		return nil, err
	}
	if t.Upload != "" {
		c, err := s.of(ctx, p)
		if err != nil {
			return nil, err
		}
		in := &s3.ListPartsInput{Bucket: &p.bucket, Key: &p.key, UploadId: &t.Upload, MaxParts: aws.Int32(1), RequestPayer: s.payer()}
		if _, err := c.ListParts(ctx, in); err != nil {
			return nil, failed(ctx, "ListParts", p, err)
		}
	}
	t.tail = slices.Clone(t.tail)
	return s.staged(ctx, p, t)
}

// Describe implements storage.Describer.
func (s *Store) Describe(string) string {
	part := s.partSize(0)
	return fmt.Sprintf("parts of %s, %s at most", bytesText(part), bytesText(part*MaxParts))
}

// bytesText writes a number of bytes: 8 MiB, 78.1 GiB.
func bytesText(n int64) string {
	x, unit := float64(n)/(1<<20), "MiB"
	for _, next := range []string{"GiB", "TiB"} {
		if x >= 1024 {
			x, unit = x/1024, next
		}
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", x), ".0") + " " + unit
}
