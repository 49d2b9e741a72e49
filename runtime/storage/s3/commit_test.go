package s3

import (
	"errors"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"weir/runtime/op"
)

// committing is a server on which an upload of s3://b/k is completed.
type committing struct {
	refuse  []string // the codes with which the first attempts are refused
	there   string   // the object after that, as HEAD has it; "" for none
	uploads int      // of the last part
	tries   int
}

func (c *committing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	switch r.Method {
	case http.MethodPut:
		c.uploads++
		w.Header().Set("ETag", `"e"`)
	case http.MethodPost:
		if c.tries++; c.tries <= len(c.refuse) {
			code := c.refuse[c.tries-1]
			status := map[string]int{"InvalidPart": 400, "NoSuchUpload": 404, "PreconditionFailed": 412, "InternalError": 500}[code]
			refuse(w, status, code, "no")
			return
		}
		_, _ = io.WriteString(w, "<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>")
	default:
		if c.there == "" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("X-Amz-Checksum-Crc32c", *formatCRC(crc32.Checksum([]byte(c.there), castagnoli)))
		w.Header().Set("X-Amz-Checksum-Type", "FULL_OBJECT")
		w.Header().Set("Content-Length", "7")
	}
}

// The answer to a commit may be lost, and a dead process's request may come late.
func TestCommitAgain(t *testing.T) {
	isolate(t)
	const content = "content"
	commit := func(c *committing) error {
		srv := httptest.NewServer(c)
		defer srv.Close()
		data, err := token{Path: "s3://b/k", Upload: "U", Part: 5, Parts: []part{{"e1", 1}}, Size: 7, CRC: crc32.Checksum([]byte(content), castagnoli), New: true,
			tail: []byte(content[5:])}.marshal()
		if err != nil {
			t.Fatal(err)
		}
		return open(t, Options{Endpoint: srv.URL, Attempts: 1}).Commit(ctx, data)
	}
	for _, c := range []struct {
		committing
		code    string // of the error, "" for none
		uploads int
	}{
		{committing{}, "", 1},
		{committing{refuse: []string{"InvalidPart"}}, "", 2},
		{committing{refuse: []string{"InvalidPart", "InvalidPart", "InvalidPart"}}, codeUpload, 3},
		{committing{refuse: []string{"NoSuchUpload"}, there: content}, "", 1},
		{committing{refuse: []string{"NoSuchUpload"}, there: "another"}, codeUpload, 1},
		{committing{refuse: []string{"NoSuchUpload"}}, codeUpload, 1},
		{committing{refuse: []string{"PreconditionFailed"}, there: content}, "", 1},
		{committing{refuse: []string{"PreconditionFailed"}, there: "another"}, codeCreate, 1},
		{committing{refuse: []string{"InternalError"}, there: content}, "", 1},
		{committing{refuse: []string{"InternalError"}}, codeUnavailable, 1},
	} {
		err := commit(&c.committing)
		var e *op.Error
		if c.code == "" && err != nil || c.code != "" && (!errors.As(err, &e) || e.Code != c.code) || c.committing.uploads != c.uploads {
			t.Errorf("%v, %q there: %v, want %q; %d uploads of the last part, want %d", c.refuse, c.there, err, c.code, c.committing.uploads, c.uploads)
		}
	}
}

// No byte of a token can change, and none be missing, without an error.
func TestDamagedToken(t *testing.T) {
	data, err := token{Path: "s3://b/k", Upload: "U", Part: 5, Parts: []part{{"e1", 1}}, Size: 7, CRC: 1, tail: []byte("nt")}.marshal()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := parseToken(data); err != nil {
		t.Fatal(err)
	}
	for i := range data {
		flipped := append([]byte(nil), data...)
		flipped[i] ^= 0x10
		for _, bad := range [][]byte{flipped, data[:i]} {
			var e *op.Error
			if _, _, err := parseToken(bad); !errors.As(err, &e) || e.Code != codeUpload {
				t.Fatalf("%q: %v", bad, err)
			}
		}
	}
}
