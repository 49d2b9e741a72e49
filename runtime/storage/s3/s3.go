// Package s3 is the storage of objects: paths s3://bucket/key, on Amazon S3 or a store that is compatible with it. It reads objects in parallel
// ranges of one version, and writes them as multipart uploads that are completed at the commit.
package s3

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"weir/runtime/op"
	"weir/runtime/storage"
)

// Limits that S3 sets: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
const (
	MinPartSize = 5 << 20 // of all parts but the last
	MaxPartSize = 5 << 30
	MaxParts    = 10_000
)

// Defaults of Options.
const (
	DefaultPartSize  = 8 << 20
	DefaultReadAhead = 64 << 20
	defaultStall     = 30 * time.Second
	defaultAttempts  = 10
	defaultBackoff   = 20 * time.Second
)

// Options say where the store is and how it is used. What they leave out comes from the AWS_* environment and the files in ~/.aws, as for every
// program that uses an AWS SDK.
type Options struct {
	Endpoint      string // a URL; "" for AWS, or what AWS_ENDPOINT_URL_S3 says
	Region        string // where the bucket does not say it
	Profile       string // a profile of ~/.aws/config
	Role          string // the ARN of a role to be assumed
	Anonymous     bool   // no credentials, for public buckets
	PathStyle     *bool  // the bucket in the URL's path; nil: where the endpoint is an address
	SSE           string // server-side encryption of what is written: "", "AES256", "aws:kms", "aws:kms:dsse"
	KMSKey        string // the key's id or ARN, for aws:kms
	RequesterPays bool
	PartSize      int64 // bytes; 0 for DefaultPartSize
	ReadAhead     int64 // bytes of all files being read; 0 for DefaultReadAhead

	Stall    time.Duration // how long a connection may be silent while there is something to come; 0 for half a minute
	Attempts int           // of a request; 0 for AWS_MAX_ATTEMPTS, or 10
	Backoff  time.Duration // the longest pause between two of them; 0 for 20 s

	transport http.RoundTripper // for tests: instead of a connection
}

// Store is an op.Storage of objects.
type Store struct {
	o         Options
	client    *s3.Client
	discover  bool // ask for each bucket's region
	checksums bool // the store is sent checksums, and asked for them

	mu      sync.Mutex
	buckets map[string]*bucket
	probed  map[string]bool // places where a file can be created
	readers atomic.Int64    // how many files are being read ahead
	pages   pages
}

var (
	_ op.Storage        = (*Store)(nil)
	_ storage.Cleaner   = (*Store)(nil)
	_ storage.Describer = (*Store)(nil)
)

// bucket is the client for a bucket's region, found once.
type bucket struct {
	mu     sync.Mutex
	client *s3.Client
}

// of gives the client for a bucket. The error is the place's.
func (s *Store) of(ctx context.Context, p place) (*s3.Client, error) {
	if !s.discover {
		return s.client, nil
	}
	s.mu.Lock()
	b := s.buckets[p.bucket]
	if b == nil {
		b = &bucket{}
		s.buckets[p.bucket] = b
	}
	s.mu.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.client != nil {
		return b.client, nil
	}
	region, err := s.region(ctx, p)
	if err != nil {
		return nil, err
	}
	b.client = s.client
	if region != "" && region != s.client.Options().Region {
		b.client = s3.New(s.client.Options(), func(o *s3.Options) { o.Region = region })
	}
	return b.client, nil
}

// region asks for a bucket's region. The answer has it even where it is a refusal.
func (s *Store) region(ctx context.Context, p place) (string, error) {
	out, err := s.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &p.bucket})
	if err == nil {
		return aws.ToString(out.BucketRegion), nil
	}
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) && answer.Response != nil {
		if region := answer.Response.Header.Get("X-Amz-Bucket-Region"); region != "" {
			return region, nil
		}
		switch answer.HTTPStatusCode() {
		case http.StatusForbidden, http.StatusBadRequest: // whoever may not list the bucket may still read it, and the next request says why not
			return "", nil
		case http.StatusNotFound:
			err = &types.NoSuchBucket{}
		}
	}
	return "", failed(ctx, "HeadBucket", p, err)
}

// payer is the parameter of a request by which the requester pays.
func (s *Store) payer() types.RequestPayer {
	if s.o.RequesterPays {
		return types.RequestPayerRequester
	}
	return ""
}

// Remove removes an object.
func (s *Store) Remove(ctx context.Context, path string) error {
	p, err := parseObject(path)
	if err != nil {
		return err
	}
	c, err := s.of(ctx, p)
	if err != nil {
		return err
	}
	if _, err = c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &p.bucket, Key: &p.key, RequestPayer: s.payer()}); err != nil {
		if e := failed(ctx, "DeleteObject", p, err); !isMissingKey(err) {
			return e
		}
	}
	return nil
}

// version makes an ETag a version.
func version(etag *string) string { return strings.Trim(aws.ToString(etag), `"`) }

// modified is a time as both a listing and a header have it.
func modified(t *time.Time) time.Time { return aws.ToTime(t).UTC().Truncate(time.Second) }
