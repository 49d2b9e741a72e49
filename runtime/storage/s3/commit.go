package s3

import (
	"bytes"
	"context"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"net/http"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Commit makes the object of a token visible: its upload is completed, or what is less than a part is put. Where the object is there already, as it was written,
// nothing happens.
func (s *Store) Commit(ctx context.Context, data []byte) error {
	t, p, err := parseToken(data)
	if err != nil {
		return err
	}
	if t.Upload == "" {
		// Putting it again could undo what another writer has done since.
		if done, err := s.committed(ctx, p, t); done || err != nil {
			return err
		}
		err = s.put(ctx, p, t)
	} else {
		err = s.complete(ctx, p, t)
	}
	if err == nil {
		return nil
	}
	exists := statusOf(err) == http.StatusPreconditionFailed || apiCode(err) == "ConditionalRequestConflict"
	if exists || apiCode(err) == "NoSuchUpload" || statusOf(err) >= 500 || isTransient(err) {
		// It may be the answer that was lost, and not the request.
		if done, _ := s.committed(ctx, p, t); done {
			return nil
		}
	}
	if exists {
		return existing(p)
	}
	return err
}

// put puts an object that is less than a part.
func (s *Store) put(ctx context.Context, p place, t token) error {
	c, err := s.of(ctx, p)
	if err != nil {
		return err
	}
	in := &s3.PutObjectInput{Bucket: &p.bucket, Key: &p.key, Body: bytes.NewReader(t.tail), ContentLength: aws.Int64(int64(len(t.tail))),
		RequestPayer: s.payer()}
	in.ServerSideEncryption, in.SSEKMSKeyId = s.encryption()
	if s.checksums {
		in.ChecksumAlgorithm, in.ChecksumCRC32C = types.ChecksumAlgorithmCrc32c, formatCRC(t.CRC)
	}
	if t.New {
		in.IfNoneMatch = aws.String("*")
	}
	if _, err = c.PutObject(ctx, in); err != nil {
		return failed(ctx, "PutObject", p, err)
	}
	return nil
}

// complete completes an upload, the bytes in the token being its last part. A request of a dead process for that part may reach the store after this one's;
// then the part is sent again.
func (s *Store) complete(ctx context.Context, p place, t token) error {
	for attempt := 1; ; attempt++ {
		err := s.completeOnce(ctx, p, t)
		if len(t.tail) == 0 || apiCode(err) != "InvalidPart" || attempt >= 3 {
			return err
		}
	}
}

func (s *Store) completeOnce(ctx context.Context, p place, t token) error {
	all := slices.Clone(t.Parts)
	if len(t.tail) > 0 {
		last, err := s.upload(ctx, p, t.Upload, len(all)+1, t.tail)
		if err != nil {
			return err
		}
		all = append(all, last)
	}
	c, err := s.of(ctx, p)
	if err != nil {
		return err
	}
	parts := make([]types.CompletedPart, len(all))
	for i := range all {
		parts[i] = types.CompletedPart{PartNumber: aws.Int32(int32(i + 1)), ETag: &all[i].ETag}
		if s.checksums {
			parts[i].ChecksumCRC32C = formatCRC(all[i].CRC)
		}
	}
	in := &s3.CompleteMultipartUploadInput{Bucket: &p.bucket, Key: &p.key, UploadId: &t.Upload, RequestPayer: s.payer(),
		MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}}
	if s.checksums {
		in.ChecksumCRC32C, in.ChecksumType, in.MpuObjectSize = formatCRC(t.CRC), types.ChecksumTypeFullObject, &t.Size
	}
	if t.New {
		in.IfNoneMatch = aws.String("*")
	}
	if _, err = c.CompleteMultipartUpload(ctx, in); err != nil {
		return failed(ctx, "CompleteMultipartUpload", p, err)
	}
	return nil
}

// committed reports whether the object is there as the token has it, by its size and checksum; where the store keeps none the object is read.
func (s *Store) committed(ctx context.Context, p place, t token) (bool, error) {
	h, err := s.head(ctx, p)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	if aws.ToInt64(h.ContentLength) != t.Size {
		return false, nil
	}
	if crc, ok := h.crc(); ok {
		return crc == t.CRC, nil
	}
	f, err := s.Open(ctx, p.path, version(h.ETag))
	if err != nil {
		return false, err
	}
	defer func() { _ = f.Close() }() // read only
	sum := crc32.New(castagnoli)
	if _, err := io.Copy(sum, f); err != nil {
		return false, err
	}
	return sum.Sum32() == t.CRC, nil
}

// Abort removes the upload of a token. What is less than a part has left nothing.
func (s *Store) Abort(ctx context.Context, data []byte) error {
	t, p, err := parseToken(data)
	if err != nil || t.Upload == "" {
		return err
	}
	return s.abort(ctx, p, t.Upload)
}
