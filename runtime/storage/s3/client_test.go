package s3

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"weir/runtime/op"
)

// answers is a connection whose other end is a function.
type answers func(r *http.Request) *http.Response

func (f answers) RoundTrip(r *http.Request) (*http.Response, error) {
	a := f(r)
	a.Request = r
	return a, nil
}

func answer(status int, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: http.NoBody, ProtoMajor: 1, ProtoMinor: 1}
}

// On AWS a bucket says in which region it is, even where it refuses, and is asked once.
func TestRegion(t *testing.T) {
	isolate(t)
	for _, c := range []struct {
		status int
		region string
		want   string
	}{{200, "eu-west-1", "s3.eu-west-1."}, {301, "ap-south-1", "s3.ap-south-1."}, {403, "sa-east-1", "s3.sa-east-1."}, {403, "", "s3.us-east-1."}, {200, "us-east-1", "s3.us-east-1."}} {
		var mu sync.Mutex
		asked, hosts := 0, map[string]bool{}
		s := open(t, Options{transport: answers(func(r *http.Request) *http.Response {
			mu.Lock()
			defer mu.Unlock()
			if r.Method == http.MethodHead && r.URL.Path == "/" {
				asked++
				return answer(c.status, "X-Amz-Bucket-Region", c.region)
			}
			hosts[r.URL.Host] = true
			return answer(200, "ETag", `"e"`, "Content-Length", "0")
		})})
		for range 3 {
			f, err := s.Open(ctx, "s3://bucket/k", "")
			if err != nil {
				t.Fatalf("%+v: %v", c, err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if asked != 1 || len(hosts) != 1 || !hosts["bucket."+c.want+"amazonaws.com"] {
			t.Errorf("%+v: asked %d times, then %v", c, asked, hosts)
		}
	}
	s := open(t, Options{transport: answers(func(*http.Request) *http.Response { return answer(404) })})
	_, err := s.List(ctx, "s3://bucket/")
	var e *op.Error
	if !errors.As(err, &e) || e.Code != codeMissing || !strings.Contains(err.Error(), "no such bucket") {
		t.Errorf("got %v", err)
	}
}

// Where the bucket stands in the URL: by itself in the path where the endpoint is an address, else in the name.
func TestPathStyle(t *testing.T) {
	isolate(t)
	yes, no := true, false
	for _, c := range []struct {
		endpoint string
		style    *bool
		want     string
	}{
		{"http://127.0.0.1:9000", nil, "http://127.0.0.1:9000/bucket/k"},
		{"http://[::1]:9000", nil, "http://[::1]:9000/bucket/k"},
		{"http://minio:9000", nil, "http://minio:9000/bucket/k"},
		{"https://s3.example.org", nil, "https://bucket.s3.example.org/k"},
		{"https://s3.example.org", &yes, "https://s3.example.org/bucket/k"},
		{"http://minio:9000", &no, "http://bucket.minio:9000/k"},
	} {
		for _, fromEnv := range []bool{false, true} {
			var got string
			o := Options{PathStyle: c.style, transport: answers(func(r *http.Request) *http.Response {
				got = r.URL.Scheme + "://" + r.URL.Host + r.URL.Path
				return answer(200, "ETag", `"e"`)
			})}
			if fromEnv {
				t.Setenv("AWS_ENDPOINT_URL_S3", c.endpoint)
			} else {
				t.Setenv("AWS_ENDPOINT_URL_S3", "")
				o.Endpoint = c.endpoint
			}
			if _, err := open(t, o).Open(ctx, "s3://bucket/k", ""); err != nil {
				t.Fatal(err)
			}
			if got != c.want {
				t.Errorf("%s: %s, want %s", c.endpoint, got, c.want)
			}
		}
	}
}

// Credentials that expire while a run lasts are looked for again: here in a file that another program has written anew.
func TestExpiredCredentials(t *testing.T) {
	srv, url := serve(t, []byte("content"))
	file := t.TempDir() + "/credentials"
	write := func(key string) {
		text := fmt.Sprintf("[default]\naws_access_key_id=%s\naws_secret_access_key=secretCANARY\n", key)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("FIRST")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
		_ = os.Unsetenv(name)
	}
	valid, requests := "FIRST", 0
	srv.before = func(w http.ResponseWriter, r *http.Request) bool {
		requests++
		if strings.Contains(r.Header.Get("Authorization"), "Credential="+valid+"/") {
			return false
		}
		refuse(w, http.StatusBadRequest, "ExpiredToken", "The provided token has expired.")
		return true
	}
	s := open(t, Options{Endpoint: url})
	read := func() error {
		f, err := s.Open(ctx, "s3://b/k", "")
		if err != nil {
			return err
		}
		_, err = io.ReadAll(f)
		return errors.Join(err, f.Close())
	}
	if err := read(); err != nil {
		t.Fatal(err)
	}
	valid = "SECOND"
	write("SECOND")
	if err := read(); err != nil {
		t.Fatal(err)
	}
	valid, requests = "THIRD", 0
	// HEAD has no body, so that its refusal does not say why; a listing says it.
	_, err := s.List(ctx, "s3://b/folder/")
	var e *op.Error
	if !errors.As(err, &e) || e.Code != codeCredentials || requests != 1 || strings.Contains(err.Error(), "CANARY") {
		t.Errorf("after %d requests: %v", requests, err)
	}
}

// What is asked for on every request is there on every request.
func TestRequestHeaders(t *testing.T) {
	isolate(t)
	var mu sync.Mutex
	seen := map[string]http.Header{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		mu.Lock()
		seen[r.Method+" "+r.URL.RawQuery] = r.Header.Clone()
		mu.Unlock()
		switch {
		case r.Method == http.MethodHead:
			w.WriteHeader(http.StatusNotFound)
		case r.Method == http.MethodPost && r.URL.RawQuery == "uploads=":
			_, _ = io.WriteString(w, "<InitiateMultipartUploadResult><UploadId>U</UploadId></InitiateMultipartUploadResult>")
		case r.Method == http.MethodPost:
			_, _ = io.WriteString(w, "<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>")
		default:
			w.Header().Set("ETag", `"e"`)
		}
	}))
	defer srv.Close()
	for _, when := range []string{"", "when_required"} {
		t.Setenv("AWS_REQUEST_CHECKSUM_CALCULATION", when)
		clear(seen)
		s := open(t, Options{Endpoint: srv.URL, SSE: "aws:kms", KMSKey: "KEY", RequesterPays: true, PartSize: 5})
		for _, content := range []string{"more than a part", "tiny"} {
			f, err := s.Create(ctx, "s3://b/k", op.CreateOptions{MustNotExist: true})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(f, content); err != nil {
				t.Fatal(err)
			}
			token, err := f.Prepare()
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(token, []byte("CANARY")) {
				t.Error("a secret is in a token")
			}
			if err := errors.Join(f.Close(), s.Commit(ctx, token)); err != nil {
				t.Fatal(err)
			}
		}
		for request, h := range seen {
			if h.Get("X-Amz-Request-Payer") != "requester" {
				t.Errorf("%s: the requester does not pay", request)
			}
			begins := strings.Contains(request, "uploads=") || request == "PUT x-id=PutObject"
			if got := h.Get("X-Amz-Server-Side-Encryption") + h.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id"); begins != (got == "aws:kmsKEY") {
				t.Errorf("%s: encryption %q", request, got)
			}
			if strings.HasPrefix(request, "PUT") && (h.Get("X-Amz-Checksum-Crc32c") != "") != (when == "") {
				t.Errorf("%s: checksum %q, with %q", request, h.Get("X-Amz-Checksum-Crc32c"), when)
			}
			commits := strings.HasPrefix(request, "POST uploadId=U") || request == "PUT x-id=PutObject"
			if commits != (h.Get("If-None-Match") == "*") {
				t.Errorf("%s: If-None-Match %q", request, h.Get("If-None-Match"))
			}
		}
		if len(seen) < 6 {
			t.Errorf("%d kinds of requests", len(seen))
		}
	}
}

func TestAnonymous(t *testing.T) {
	srv, url := serve(t, []byte("content"))
	_ = os.Unsetenv("AWS_ACCESS_KEY_ID")
	srv.before = func(_ http.ResponseWriter, r *http.Request) bool {
		if a := r.Header.Get("Authorization"); a != "" {
			t.Errorf("signed: %s", a)
		}
		return false
	}
	if _, err := open(t, Options{Endpoint: url, Anonymous: true}).Open(ctx, "s3://b/k", ""); err != nil {
		t.Error(err)
	}
}

// A role is assumed with what the environment gives.
func TestRole(t *testing.T) {
	srv, url := serve(t, []byte("content"))
	sts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		if r.Form.Get("RoleArn") != "arn:aws:iam::1:role/r" || !strings.Contains(r.Header.Get("Authorization"), "AKIACANARY") {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		fmt.Fprintf(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>ROLEKEY</AccessKeyId>`+
			`<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
			time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	}))
	defer sts.Close()
	t.Setenv("AWS_ENDPOINT_URL_STS", sts.URL)
	var by string
	srv.before = func(_ http.ResponseWriter, r *http.Request) bool { by = r.Header.Get("Authorization"); return false }
	if _, err := open(t, Options{Endpoint: url, Role: "arn:aws:iam::1:role/r"}).Open(ctx, "s3://b/k", ""); err != nil || !strings.Contains(by, "ROLEKEY") {
		t.Errorf("%v, by %s", err, by)
	}
	_, err := open(t, Options{Endpoint: url, Role: "arn:aws:iam::1:role/other", Attempts: 1}).Open(ctx, "s3://b/k", "")
	var e *op.Error
	if !errors.As(err, &e) || e.Code != codeCredentials {
		t.Errorf("got %v", err)
	}
}

// Where the store throttles, requests slow down once for all that were under way, and come back.
func TestSlowDown(t *testing.T) {
	r := newRetryer(Options{Backoff: time.Second, Attempts: 3}, aws.NewCredentialsCache(aws.AnonymousCredentials{}))
	now := time.Now()
	for range 10 { // at once
		r.heard(now, true, false)
	}
	if r.delay != 20*time.Millisecond {
		t.Errorf("after one burst %v", r.delay)
	}
	for i := range 20 {
		now = now.Add(time.Duration(i) * time.Second)
		r.heard(now, true, false)
	}
	if r.delay != time.Second {
		t.Errorf("at most %v, want the longest pause", r.delay)
	}
	for range 100 {
		r.heard(now, false, false) // another failure does not count
	}
	if r.delay != time.Second {
		t.Errorf("%v", r.delay)
	}
	n := 0
	for ; r.delay > 0; n++ {
		r.heard(now, false, true)
	}
	if n < 10 || n > 100 {
		t.Errorf("back after %d requests", n)
	}
}

func FuzzParseToken(f *testing.F) {
	for _, t := range []token{{Path: "s3://b/k", Part: 5}, {Path: "s3://b/k", Part: 5, Upload: "u", Parts: []part{{"a", 2}}, Size: 7, tail: []byte("\n\n")}} {
		data, err := t.marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("{}"))
	f.Add([]byte(`{"path":"s3://b/k","part":1,"size":-1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, p, err := parseToken(data)
		if err != nil {
			var e *op.Error
			if !errors.As(err, &e) || e.Code != codeUpload || e.Hint == "" {
				t.Errorf("%v", err)
			}
			return
		}
		again, err := a.marshal()
		if err != nil {
			t.Fatal(err)
		}
		b, q, err := parseToken(again)
		x, _ := json.Marshal(a)
		y, _ := json.Marshal(b)
		if err != nil || p != q || !bytes.Equal(x, y) || !bytes.Equal(a.tail, b.tail) {
			t.Errorf("%s became %s: %v", x, y, err)
		}
	})
}
