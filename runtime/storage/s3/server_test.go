package s3

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"weir/runtime/op"
	"weir/runtime/storage/storagetest"
)

var ctx = context.Background()

// server gives the address of the S3 server that .ci/services.sh has started, and the environment that goes with it.
func server(t testing.TB) string {
	t.Helper()
	url := os.Getenv("WEIR_TEST_S3")
	if url == "" {
		t.Skip("WEIR_TEST_S3 names no server: `.ci/services.sh run COMMAND` starts one")
	}
	return url
}

// isolate makes the tests independent of the AWS settings of this machine.
func isolate(t testing.TB) {
	t.Helper()
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
			_ = os.Unsetenv(name)
		}
	}
	none := t.TempDir() + "/none"
	for name, value := range map[string]string{"AWS_CONFIG_FILE": none, "AWS_SHARED_CREDENTIALS_FILE": none, "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_ACCESS_KEY_ID": "AKIACANARY", "AWS_SECRET_ACCESS_KEY": "secretCANARY", "AWS_SESSION_TOKEN": "tokenCANARY"} {
		t.Setenv(name, value)
	}
}

// testing part size: the server takes parts of any size when it is started by .ci/services.sh.
const testPart = 256 << 10

func open(t testing.TB, o Options) *Store {
	t.Helper()
	if o.PartSize == 0 {
		o.PartSize = testPart
	}
	if o.Backoff == 0 {
		o.Backoff = 20 * time.Millisecond
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var buckets atomic.Int64

// newBucket makes an empty bucket.
func newBucket(t testing.TB, url string) string {
	t.Helper()
	name := fmt.Sprintf("test-%d-%d-%d", os.Getpid(), time.Now().UnixNano(), buckets.Add(1))
	if _, err := open(t, Options{Endpoint: url}).client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(name)}); err != nil {
		t.Fatal(err)
	}
	return name
}

// crash lets what is on its way arrive, as a dead process's requests do or do not; in this process they would otherwise go on, behind the next writer's. TestKill has
// processes that really die.
func crash(_ testing.TB, f op.StagedFile) { f.(*staged).wait.Wait() }

func TestSuite(t *testing.T) {
	url := server(t)
	isolate(t)
	for name, o := range map[string]Options{"checksums": {}, "small read-ahead": {ReadAhead: 1}} {
		t.Run(name, func(t *testing.T) {
			o.Endpoint = url
			storagetest.Run(t, storagetest.Fixture{
				New:   func(t testing.TB) op.Storage { return open(t, o) },
				Dir:   func(t testing.TB) string { return "s3://" + newBucket(t, url) + "/some/folder/" },
				Large: 5*testPart + 12345,
				Crash: crash,
			})
		})
	}
}

func TestKill(t *testing.T) {
	url := server(t)
	isolate(t)
	storagetest.Kill(t, storagetest.Fixture{
		New:   func(t testing.TB) op.Storage { return open(t, Options{Endpoint: url}) },
		Dir:   func(t testing.TB) string { return "s3://" + newBucket(t, url) + "/" },
		Large: 5 * testPart,
	}, number(t, "WEIR_KILL_RUNS", 5))
}
