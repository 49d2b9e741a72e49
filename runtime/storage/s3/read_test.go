package s3

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"weir/runtime/op"
)

// However an object is read, by Read and by ReadAt, in whatever order and with whatever read-ahead, the bytes are right.
func TestReadsAgree(t *testing.T) {
	content := noise(9<<20 + 4321)
	srv, url := serve(t, content)
	srv.before = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodGet && r.Header.Get("If-Match") == "" {
			t.Error("a request that is not for the version that was opened")
		}
		return false
	}
	rapid.Check(t, func(t *rapid.T) {
		s, err := New(Options{Endpoint: url, ReadAhead: rapid.SampledFrom([]int64{1, 3 << 20, 8 << 20, DefaultReadAhead}).Draw(t, "ahead")})
		if err != nil {
			t.Fatal(err)
		}
		f, err := s.Open(ctx, "s3://b/k", "")
		if err != nil {
			t.Fatal(err)
		}
		at, next := 0, 0 // of Read, and behind the last ReadAt
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			n := rapid.IntRange(1, 3<<20).Draw(t, "n")
			if rapid.Bool().Draw(t, "read") {
				p := make([]byte, n)
				got, err := io.ReadFull(f, p)
				if want := content[at:min(at+n, len(content))]; !bytes.Equal(p[:got], want) || (err != nil) != (len(want) < n) {
					t.Fatalf("Read(%d) at %d: %d bytes, %v", n, at, got, err)
				}
				at += got
				continue
			}
			off := next
			if rapid.IntRange(0, 2).Draw(t, "jump") == 0 {
				off = rapid.IntRange(0, len(content)+10).Draw(t, "off")
			}
			if rapid.IntRange(0, 3).Draw(t, "hint") == 0 {
				f.(op.Expecter).Expect(int64(rapid.IntRange(0, len(content)+10).Draw(t, "to")))
			}
			p := make([]byte, n)
			got, err := f.ReadAt(p, int64(off))
			if want := content[min(off, len(content)):min(off+n, len(content))]; !bytes.Equal(p[:got], want) || (err == io.EOF) != (len(want) < n) {
				t.Fatalf("ReadAt(%d, %d): %d bytes, %v", n, off, got, err)
			}
			next = off + got
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if s.readers.Load() != 0 {
			t.Fatal("a reader is left")
		}
	})
}

func TestReader(t *testing.T) {
	content := noise(3<<20 + 5)
	_, url := serve(t, content)
	f, err := open(t, Options{Endpoint: url}).Open(ctx, "s3://b/k", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := iotest.TestReader(io.NewSectionReader(f, 0, int64(len(content))), content); err != nil {
		t.Error(err)
	}
}

// A look at the beginning of a file costs one request for a megabyte, whatever its size.
func TestLookIsCheap(t *testing.T) {
	srv, url := serve(t, noise(32<<20))
	f, err := open(t, Options{Endpoint: url}).Open(ctx, "s3://b/k", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(f, make([]byte, 64<<10)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if got := srv.gets(); len(got) != 1 || got[0].to > minChunk {
		t.Errorf("%+v", got)
	}
}

// What is asked for lies at most the read-ahead, and a part of a chunk, before what is read, and never behind what is expected.
func TestReadAheadIsBounded(t *testing.T) {
	content := noise(48 << 20)
	srv, url := serve(t, content)
	const ahead = 16 << 20
	var consumed, worst atomic.Int64
	srv.before = func(_ http.ResponseWriter, r *http.Request) bool {
		if at, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok {
			var to int64
			_, end, _ := strings.Cut(at, "-")
			for _, c := range end {
				to = to*10 + int64(c-'0')
			}
			worst.Store(max(worst.Load(), to+1-consumed.Load()))
		}
		return false
	}
	s := open(t, Options{Endpoint: url, ReadAhead: ahead})
	f, err := s.Open(ctx, "s3://b/k", "")
	if err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 100_000)
	for {
		n, err := f.Read(p)
		if err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		consumed.Add(int64(n))
	}
	if got := worst.Load(); got > ahead+maxChunk || got < ahead/2 {
		t.Errorf("%d bytes were asked for ahead, want up to %d", got, ahead)
	}
	if n := len(srv.gets()); n > 30 {
		t.Errorf("%d requests for 48 MiB", n)
	}

	before := len(srv.gets())
	f.(op.Expecter).Expect(20 << 20)
	for off := int64(0); off < 20<<20; off += 256 << 10 {
		if _, err := f.ReadAt(make([]byte, 256<<10), off); err != nil {
			t.Fatal(err)
		}
	}
	total := int64(0)
	for _, g := range srv.gets()[before:] {
		total += g.to - g.from
		if g.to > 20<<20 {
			t.Errorf("read behind what is expected: %+v", g)
		}
	}
	if total != 20<<20 {
		t.Errorf("%d bytes for 20 MiB", total)
	}
	if _, err := f.ReadAt(make([]byte, 1000), 20<<20); err != nil { // all the same it can be read
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// An object that changes while it is read, and one that is not what its checksum says, are errors.
func TestChangedAndDamaged(t *testing.T) {
	content := noise(8 << 20)
	srv, url := serve(t, content)
	f, err := open(t, Options{Endpoint: url}).Open(ctx, "s3://b/k", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(f, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	srv.mu.Lock()
	srv.objects["/b/k"] = noise(9 << 20)[1<<20:]
	srv.mu.Unlock()
	if _, err := io.Copy(io.Discard, f); !errors.Is(err, op.ErrChanged) {
		t.Errorf("got %v", err)
	}
	_ = f.Close() // of a file that could not be read

	srv.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodHead {
			w.Header().Set("X-Amz-Checksum-Crc32c", "AAAAAA==")
			w.Header().Set("X-Amz-Checksum-Type", "FULL_OBJECT")
			w.Header().Set("ETag", `"x"`)
			w.Header().Set("Content-Length", "5")
			return true
		}
		w.Header().Set("ETag", `"x"`)
		w.Header().Set("Content-Range", "bytes 0-4/5")
		w.Header().Set("Content-Length", "5")
		w.WriteHeader(http.StatusPartialContent)
		_, _ = io.WriteString(w, "12345")
		return true
	}
	f, err = open(t, Options{Endpoint: url}).Open(ctx, "s3://b/k", "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.ReadAll(f)
	var e *op.Error
	if !errors.As(err, &e) || e.Code != codeDamaged {
		t.Errorf("got %v", err)
	}
	_ = f.Close() // of a file that could not be read
}
