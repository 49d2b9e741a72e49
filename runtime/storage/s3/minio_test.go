package s3

import (
	"errors"
	"os"
	"testing"

	"weir/runtime/op"
	"weir/runtime/storage/storagetest"
)

// A second server, which unlike the first one checks credentials and checksums, and wants parts of at least 5 MiB.
func TestMinio(t *testing.T) {
	url := os.Getenv("WEIR_TEST_MINIO")
	if url == "" {
		t.Skip("WEIR_TEST_MINIO names no server: `WITH_MINIO=1 .ci/services.sh run COMMAND` starts one")
	}
	isolate(t)
	t.Setenv("AWS_ACCESS_KEY_ID", os.Getenv("WEIR_TEST_MINIO_KEY"))
	t.Setenv("AWS_SECRET_ACCESS_KEY", os.Getenv("WEIR_TEST_MINIO_SECRET"))
	t.Setenv("AWS_SESSION_TOKEN", "")
	o := Options{Endpoint: url, PartSize: MinPartSize}
	storagetest.Run(t, storagetest.Fixture{
		New:   func(t testing.TB) op.Storage { return open(t, o) },
		Dir:   func(t testing.TB) string { return "s3://" + newBucket(t, url) + "/some/folder/" },
		Large: 2*MinPartSize + 12345,
		Crash: crash,
		Steps: 8,
		// minio lists the uploads of one object only, not those of a folder.
		Without: []string{"orphans"},
	})

	bucket := newBucket(t, url)
	p := place{"s3://" + bucket + "/k", bucket, "k"}
	s := open(t, o)
	refusedFor := func(what, code string, err error) {
		t.Helper()
		var e *op.Error
		if !errors.As(err, &e) || e.Code != code {
			t.Errorf("%s: got %v", what, err)
		}
	}
	// A checksum that does not match, of an object and of an upload as a whole, as a token would have it after damage in memory.
	refusedFor("a wrong checksum", codeDamaged, s.put(ctx, p, token{Path: p.path, CRC: 1, Size: 5, tail: []byte("bytes")}))
	id, err := s.begin(ctx, p)
	if err != nil {
		t.Fatal(err)
	}
	done, err := s.upload(ctx, p, id, 1, []byte("bytes"))
	if err != nil {
		t.Fatal(err)
	}
	refusedFor("an upload with a wrong checksum", codeDamaged, s.complete(ctx, p, token{Path: p.path, Upload: id, Part: 5, Parts: []part{done}, Size: 5, CRC: 1}))
	if err := s.abort(ctx, p, id); err != nil {
		t.Error(err)
	}
	if _, err := s.List(ctx, p.path); err == nil {
		t.Error("what has a wrong checksum is visible")
	}

	t.Setenv("AWS_SECRET_ACCESS_KEY", "another")
	_, err = open(t, o).List(ctx, "s3://"+bucket+"/x/")
	refusedFor("a wrong secret", codeCredentials, err)
	_, err = open(t, o).Open(ctx, p.path, "")
	refusedFor("a wrong secret, for one object", codeCredentials, err)
	t.Setenv("AWS_ACCESS_KEY_ID", "NOBODY")
	_, err = open(t, o).Create(ctx, p.path, op.CreateOptions{})
	refusedFor("a wrong key", codeCredentials, err)
	_, err = open(t, Options{Endpoint: url, Anonymous: true}).List(ctx, "s3://"+bucket+"/x/")
	refusedFor("nobody", codeDenied, err)
}
