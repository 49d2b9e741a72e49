package s3

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"weir/runtime/op"
)

// maxListed bounds how many objects a path may stand for, and maxSeen how many are looked at for that.
const (
	maxListed = 1_000_000
	maxSeen   = 20_000_000
)

// List gives the objects that a path names: one, all of a folder (a trailing /; hidden ones, whose names begin with a dot, left out), or those that a
// pattern matches; sorted by key. An object whose very key has a pattern's characters is meant before the pattern is.
func (s *Store) List(ctx context.Context, path string) ([]op.FileInfo, error) {
	p, err := parsePath(path)
	if err != nil {
		return nil, err
	}
	folder := strings.HasSuffix(path, "/")
	if p.key == "" && !folder {
		return nil, &op.Error{Code: codeSettings, File: path, Message: "the path names a bucket, and no object in it", Hint: "for all objects at its top write `" + path + "/`"}
	}
	if folder && !hasGlob(p.key) {
		return s.list(ctx, p, p.key, "/", "the folder has no objects", func(key string) bool {
			name := key[len(p.key):]
			return name != "" && name[0] != '.'
		})
	}
	head, err := s.head(ctx, p)
	if err == nil {
		return []op.FileInfo{head.info(p.path)}, nil
	}
	if !hasGlob(p.key) || !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
		return nil, err
	}
	pattern, err := parsePattern(p)
	if err != nil {
		return nil, err
	}
	from := literal(p.key)
	delimiter := ""
	if !strings.Contains(p.key[len(from):], "/") {
		delimiter = "/"
	}
	return s.list(ctx, p, from, delimiter, "no object matches the pattern", func(key string) bool {
		return !strings.HasSuffix(key, "/") && match(pattern, strings.Split(key, "/"))
	})
}

// list gives the objects under a prefix whose keys are wanted.
func (s *Store) list(ctx context.Context, p place, prefix, delimiter, none string, want func(key string) bool) ([]op.FileInfo, error) {
	c, err := s.of(ctx, p)
	if err != nil {
		return nil, err
	}
	in := &s3.ListObjectsV2Input{Bucket: &p.bucket, Prefix: &prefix, RequestPayer: s.payer()}
	if delimiter != "" {
		in.Delimiter = &delimiter
	}
	var out []op.FileInfo
	seen := 0
	for pages := s3.NewListObjectsV2Paginator(c, in); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, failed(ctx, "ListObjectsV2", p, err)
		}
		seen += len(page.Contents) + len(page.CommonPrefixes)
		for _, o := range page.Contents {
			if key := aws.ToString(o.Key); strings.HasPrefix(key, prefix) && want(key) {
				out = append(out, op.FileInfo{Path: p.in(key), Size: aws.ToInt64(o.Size), Modified: modified(o.LastModified), Version: version(o.ETag)})
			}
		}
		if len(out) > maxListed || seen > maxSeen {
			return nil, &op.Error{Code: codeSettings, File: p.path, Message: fmt.Sprintf("the path stands for more than %d objects, or %d had to be looked at", maxListed, maxSeen),
				Hint: "name a folder further down, or a pattern that begins with more of the name"}
		}
	}
	if len(out) == 0 {
		return nil, &op.Error{Code: codeMissing, File: p.path, Message: none, Err: fs.ErrNotExist, Hint: "check the path; `weir storage ls` shows what a folder has"}
	}
	slices.SortFunc(out, func(a, b op.FileInfo) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}

// head is what the store says of an object.
type head struct {
	*s3.HeadObjectOutput
}

func (h head) info(path string) op.FileInfo {
	return op.FileInfo{Path: path, Size: aws.ToInt64(h.ContentLength), Modified: modified(h.LastModified), Version: version(h.ETag)}
}

// crc gives the CRC-32C of the whole object, where the store has it.
func (h head) crc() (uint32, bool) {
	if h.ChecksumType == types.ChecksumTypeComposite { // of the parts' checksums; not every store says what an object's is of that has none
		return 0, false
	}
	return parseCRC(h.ChecksumCRC32C)
}

// head asks for an object. That there is none is an error that wraps fs.ErrNotExist.
func (s *Store) head(ctx context.Context, p place) (head, error) {
	c, err := s.of(ctx, p)
	if err != nil {
		return head{}, err
	}
	in := &s3.HeadObjectInput{Bucket: &p.bucket, Key: &p.key, RequestPayer: s.payer()}
	if s.checksums {
		in.ChecksumMode = types.ChecksumModeEnabled
	}
	out, err := c.HeadObject(ctx, in)
	if err != nil && statusOf(err) >= 400 && statusOf(err) < 500 {
		// The refusal of such a request has no body, and so does not say why: whether the object or the bucket is missing, or credentials have expired. Asking for
		// the first byte says it, and finds new credentials where there are any.
		first, why := c.GetObject(ctx, &s3.GetObjectInput{Bucket: &p.bucket, Key: &p.key, Range: aws.String("bytes=0-0"), RequestPayer: s.payer()})
		switch {
		case why == nil:
			_ = first.Body.Close() // it is not read
			out, err = c.HeadObject(ctx, in)
		case statusOf(why) != http.StatusRequestedRangeNotSatisfiable:
			err = why
		}
	}
	if err == nil {
		return head{out}, nil
	}
	return head{}, failed(ctx, "HeadObject", p, err)
}
