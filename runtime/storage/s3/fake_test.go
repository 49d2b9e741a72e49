package s3

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// fake is a server of objects that are only read, in this process, so that tests see every request.
type fake struct {
	mu      sync.Mutex
	objects map[string][]byte // by /bucket/key
	seen    []seen
	hashed  []byte // what etag and crc are of
	etag    string
	crc     uint32
	// before may answer a request by itself, which it says by true.
	before func(w http.ResponseWriter, r *http.Request) bool
}

// seen is a request for a range.
type seen struct {
	method   string
	from, to int64
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.before != nil && f.before(w, r) {
		return
	}
	f.mu.Lock()
	content, ok := f.objects[r.URL.Path]
	f.mu.Unlock()
	if !ok {
		refuse(w, http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
		return
	}
	f.mu.Lock()
	if len(content) > 0 && (len(f.hashed) == 0 || &f.hashed[0] != &content[0]) {
		sum := md5.Sum(content)
		f.hashed, f.etag, f.crc = content, `"`+hex.EncodeToString(sum[:])+`"`, crc32.Checksum(content, castagnoli)
	}
	etag, crc := f.etag, f.crc
	f.mu.Unlock()
	if want := r.Header.Get("If-Match"); want != "" && want != etag {
		refuse(w, http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
		return
	}
	h := w.Header()
	h.Set("ETag", etag)
	h.Set("Last-Modified", time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC).Format(http.TimeFormat))
	if r.Header.Get("X-Amz-Checksum-Mode") == "ENABLED" && r.Header.Get("Range") == "" {
		h.Set("X-Amz-Checksum-Crc32c", base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc)))
		h.Set("X-Amz-Checksum-Type", "FULL_OBJECT")
	}
	s := seen{r.Method, 0, int64(len(content))}
	status := http.StatusOK
	if spec, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok {
		from, to, _ := strings.Cut(spec, "-")
		a, _ := strconv.ParseInt(from, 10, 64)
		b, _ := strconv.ParseInt(to, 10, 64)
		if a >= int64(len(content)) {
			refuse(w, http.StatusRequestedRangeNotSatisfiable, "InvalidRange", "The requested range is not satisfiable")
			return
		}
		b = min(b, int64(len(content))-1)
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", a, b, len(content)))
		s.from, s.to, content, status = a, b+1, content[a:b+1], http.StatusPartialContent
	}
	f.mu.Lock()
	f.seen = append(f.seen, s)
	f.mu.Unlock()
	h.Set("Content-Length", strconv.Itoa(len(content)))
	w.WriteHeader(status)
	if r.Method == http.MethodGet {
		_, _ = w.Write(content)
	}
}

// gets are the ranges that were asked for so far.
func (f *fake) gets() []seen {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []seen
	for _, s := range f.seen {
		if s.method == http.MethodGet {
			out = append(out, s)
		}
	}
	return out
}

// refuse answers as S3 does.
func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("X-Amz-Request-Id", "REQ1")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>%s</Message><RequestId>REQ1</RequestId></Error>", code, message)
}

// serve starts a fake with one object, s3://b/k.
func serve(t testing.TB, content []byte) (*fake, string) {
	t.Helper()
	isolate(t)
	f := &fake{objects: map[string][]byte{"/b/k": content}}
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return f, s.URL
}

// noise is bytes in which every place is different from its neighbours.
func noise(n int) []byte {
	var b bytes.Buffer
	for i := uint32(1); b.Len() < n; i++ {
		_ = binary.Write(&b, binary.LittleEndian, i*2654435761)
	}
	return b.Bytes()[:n]
}
