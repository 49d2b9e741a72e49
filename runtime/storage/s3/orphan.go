package s3

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

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
			out = append(out, storage.Orphan{Path: p.in(key), Size: -1, Modified: aws.ToTime(u.Initiated), Token: t})
		}
		if len(out) > maxListed {
			break // those of the first call are removed, and then come the others
		}
	}
	storage.SortOrphans(out)
	return out, nil
}
