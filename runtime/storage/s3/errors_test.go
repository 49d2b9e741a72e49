package s3

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"weir/lang/diag"
	"weir/runtime/op"
)

// render writes an error as a run shows it, without what differs from run to run.
func render(err error) string {
	var e *op.Error
	if !errors.As(err, &e) {
		return fmt.Sprintf("no error of weir: %v\n", err)
	}
	text := fmt.Sprintf("%s: %v\n  hint: %s\n", e.Code, err, e.Hint)
	return regexp.MustCompile(`127\.0\.0\.1:\d+(->127\.0\.0\.1:\d+)?`).ReplaceAllString(text, "HOST")
}

// What the store and the network can say, and what a user reads of it.
func TestErrors(t *testing.T) {
	isolate(t)
	var out bytes.Buffer
	call := map[string]func(s *Store) error{
		"list": func(s *Store) error { _, err := s.List(ctx, "s3://b/folder/"); return err },
		"open": func(s *Store) error { _, err := s.Open(ctx, "s3://b/k", ""); return err },
		"read": func(s *Store) error {
			f, err := s.Open(ctx, "s3://b/k", "")
			if err != nil {
				return err
			}
			_, err = io.ReadAll(f)
			return errors.Join(err, f.Close())
		},
		"create": func(s *Store) error { _, err := s.Create(ctx, "s3://b/folder/k", op.CreateOptions{}); return err },
		"commit": func(s *Store) error {
			token, err := token{Path: "s3://b/k", Upload: "U", Part: 5, Parts: []part{{"e", 1}}, Size: 5, CRC: 1}.marshal()
			if err != nil {
				return err
			}
			return s.Commit(ctx, token)
		},
		"orphans": func(s *Store) error { _, err := s.Orphans(ctx, "s3://b/"); return err },
		"remove":  func(s *Store) error { return s.Remove(ctx, "s3://b/k") },
	}
	for _, c := range []struct {
		name, call    string
		status        int
		code, message string
		method        string // of the requests that are refused; "" for all
		is            error
	}{
		{"no bucket", "list", 404, "NoSuchBucket", "The specified bucket does not exist", "", fs.ErrNotExist},
		{"no object", "open", 404, "", "", "", fs.ErrNotExist},
		{"an object that is gone while it is read", "read", 404, "NoSuchKey", "The specified key does not exist.", "GET", op.ErrChanged},
		{"denied", "open", 403, "", "", "", fs.ErrPermission},
		{"denied to list", "list", 403, "AccessDenied", "User: arn:aws:iam::1:user/x is not authorized to perform: s3:ListBucket", "", fs.ErrPermission},
		{"denied to write", "create", 403, "AccessDenied", "Access Denied", "", fs.ErrPermission},
		{"denied to clean", "orphans", 403, "AccessDenied", "Access Denied", "", fs.ErrPermission},
		{"denied to remove", "remove", 403, "AccessDenied", "Access Denied", "", fs.ErrPermission},
		{"a key that is not known", "list", 403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", "", nil},
		{"a wrong secret", "list", 403, "SignatureDoesNotMatch", "The request signature we calculated does not match.", "", nil},
		{"expired", "list", 400, "ExpiredToken", "The provided token has expired.", "", nil},
		{"expired, for one object", "open", 400, "ExpiredToken", "The provided token has expired.", "", nil},
		{"no bucket, for one object", "open", 404, "NoSuchBucket", "The specified bucket does not exist", "", fs.ErrNotExist},
		{"the clock", "list", 403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.", "", nil},
		{"another region", "list", 301, "PermanentRedirect", "The bucket you are attempting to access must be addressed using the specified endpoint.", "", nil},
		{"another region, signed", "list", 400, "AuthorizationHeaderMalformed", "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'", "", nil},
		{"throttled for too long", "list", 503, "SlowDown", "Please reduce your request rate.", "", nil},
		{"failing", "read", 500, "InternalError", "We encountered an internal error. Please try again.", "GET", nil},
		{"archived", "read", 403, "InvalidObjectState", "The operation is not valid for the object's storage class", "GET", nil},
		{"a store that knows no uploads", "create", 501, "NotImplemented", "A header you provided implies functionality that is not implemented", "", nil},
		{"an upload that is gone", "commit", 404, "NoSuchUpload", "The specified upload does not exist.", "POST", nil},
		{"a part that is another", "commit", 400, "InvalidPart", "One or more of the specified parts could not be found.", "POST", nil},
		{"parts that are too small", "commit", 400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size", "POST", nil},
		{"damaged on the way", "commit", 400, "BadDigest", "The CRC32C you specified did not match the calculated checksum.", "POST", nil},
		{"something there already", "commit", 412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold", "POST", fs.ErrExist},
		{"something else", "list", 400, "Strange", "a line\n  and another " + strings.Repeat("very ", 100) + "long one", "", nil},
		{"HTML", "list", 502, "", "", "", nil},
	} {
		srv := &fake{objects: map[string][]byte{"/b/k": []byte("content")}}
		srv.before = func(w http.ResponseWriter, r *http.Request) bool {
			if c.method != "" && c.method != r.Method {
				return false
			}
			if c.code == "" {
				w.WriteHeader(c.status)
				if r.Method != http.MethodHead {
					_, _ = io.WriteString(w, "<html><body>Bad Gateway</body></html>")
				}
				return true
			}
			refuse(w, c.status, c.code, c.message)
			return true
		}
		server := httptest.NewServer(srv)
		err := call[c.call](open(t, Options{Endpoint: server.URL, Attempts: 2, Backoff: time.Millisecond}))
		server.Close()
		if c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: got %v, want it to be %v", c.name, err, c.is)
		}
		fmt.Fprintf(&out, "-- %s --\n%s", c.name, render(err))
	}

	network := func(name string, o Options, f func(c net.Conn)) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
						f(c)
					}
				}()
			}
		}()
		o.Endpoint, o.Attempts, o.Backoff = "http://"+l.Addr().String(), 2, time.Millisecond
		fmt.Fprintf(&out, "-- %s --\n%s", name, render(call["open"](open(t, o))))
	}
	network("no answer", Options{Stall: 50 * time.Millisecond}, func(c net.Conn) {
		time.Sleep(time.Second)
		_ = c.Close()
	})
	network("an answer that is none", Options{}, func(c net.Conn) {
		_, _ = io.WriteString(c, "hello\r\n\r\n")
		_ = c.Close()
	})
	network("closed at once", Options{}, func(c net.Conn) { _ = c.Close() })

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "http://" + l.Addr().String()
	_ = l.Close()
	fmt.Fprintf(&out, "-- nobody there --\n%s", render(call["open"](open(t, Options{Endpoint: closed, Attempts: 2, Backoff: time.Millisecond}))))

	for _, path := range []string{"s3://", "s3:///k", "s3://b", "s3://b/", "file"} {
		_, err := open(t, Options{Endpoint: closed}).Open(ctx, path, "")
		fmt.Fprintf(&out, "-- the path %s --\n%s", path, render(err))
	}
	_, err = New(Options{Endpoint: "http://user:secretCANARY@host"})
	fmt.Fprintf(&out, "-- an endpoint with a password --\n%s", render(err))
	_, err = New(Options{Profile: "nobody"})
	fmt.Fprintf(&out, "-- a profile that there is not --\n%s", render(err))

	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
		_ = os.Unsetenv(name)
	}
	fmt.Fprintf(&out, "-- no credentials --\n%s", render(call["open"](open(t, Options{Endpoint: closed}))))

	if strings.Contains(out.String(), "CANARY") {
		t.Error("a secret is shown")
	}
	for _, m := range regexp.MustCompile(`(?m)^(W\d{4}): `).FindAllStringSubmatch(out.String(), -1) {
		if _, ok := diag.Lookup(m[1]); !ok {
			t.Errorf("%s has no entry in the catalogue", m[1])
		}
	}
	golden(t, "testdata/errors.txtar", out.Bytes())
}

// golden compares with a file, which WEIR_UPDATE=1 writes anew.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if os.Getenv("WEIR_UPDATE") != "" {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	want := txtar.Parse(data).Files
	for _, f := range txtar.Parse(got).Files {
		i := slices.IndexFunc(want, func(w txtar.File) bool { return w.Name == f.Name })
		if i < 0 || string(want[i].Data) != string(f.Data) {
			t.Errorf("%s: got\n%s", f.Name, f.Data)
		}
	}
	if !bytes.Equal(data, got) && !t.Failed() {
		t.Errorf("%s has other cases: WEIR_UPDATE=1 writes it anew", name)
	}
}

// A run that is stopped says so, and not that the store has failed.
func TestStopped(t *testing.T) {
	srv, url := serve(t, noise(1000))
	why := errors.New("stopped")
	stop, cancel := context.WithCancelCause(ctx)
	srv.before = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodGet {
			cancel(why)
			<-r.Context().Done()
			return true
		}
		return false
	}
	f, err := open(t, Options{Endpoint: url}).Open(stop, "s3://b/k", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(f); !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}
