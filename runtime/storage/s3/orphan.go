package s3

import (
	"context"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"weir/runtime/storage"
)

// Orphans gives the multipart uploads that are neither completed nor aborted, whoever began them. It implements storage.Cleaner.
func (s *Store) Orphans(ctx context.Context, path string) ([]storage.Orphan, error) {
	p, err := parsePath(path)
	if err != nil {
		return nil, err
	}
	c, err := s.of(ctx, p)
	if err != nil {
		return nil, err
	}
	all := p.key == "" || strings.HasSuffix(path, "/")
	var out []storage.Orphan
	for pages := s3.NewListMultipartUploadsPaginator(c, &s3.ListMultipartUploadsInput{Bucket: &p.bucket, Prefix: &p.key, RequestPayer: s.payer()}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, failed(ctx, "ListMultipartUploads", p, err)
		}
		for _, u := range page.Uploads {
			key := aws.ToString(u.Key)
			if !strings.HasPrefix(key, p.key) || !all && key != p.key {
				continue
			}
			t, err := token{Path: p.in(key), Upload: aws.ToString(u.UploadId), Part: s.o.PartSize}.marshal()
			if err != nil {
				return nil, err
			}
			o := storage.Orphan{Path: p.in(key), Size: -1, Modified: aws.ToTime(u.Initiated), Token: t}
			if err := s.weigh(ctx, c, p.bucket, u, &o); err != nil {
				return nil, failed(ctx, "ListParts", p, err)
			}
			out = append(out, o)
		}
		if len(out) > maxListed {
			break // those of the first call are removed, and then come the others
		}
	}
	storage.SortOrphans(out)
	return out, nil
}

// weigh finds what an upload takes, and when its newest part was written. Where the parts may not be listed, or are gone in the meantime, nothing is known.
func (s *Store) weigh(ctx context.Context, c *s3.Client, bucket string, u types.MultipartUpload, o *storage.Orphan) error {
	size := int64(0)
	for pages := s3.NewListPartsPaginator(c, &s3.ListPartsInput{Bucket: &bucket, Key: u.Key, UploadId: u.UploadId, RequestPayer: s.payer()}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if apiCode(err) == "NoSuchUpload" || statusOf(err) == http.StatusForbidden {
			return nil
		} else if err != nil {
			return err
		}
		for _, part := range page.Parts {
			size += aws.ToInt64(part.Size)
			if t := aws.ToTime(part.LastModified); t.After(o.Modified) {
				o.Modified = t
			}
		}
	}
	o.Size = size
	return nil
}
