package s3

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// proxy stands between a store and a server and breaks things, as its random numbers say.
type proxy struct {
	to    string // the server
	rate  float64
	stall time.Duration
	flip  bool // may change bytes of what is read

	mu      sync.Mutex
	rand    *rand.Rand
	faults  map[string]int
	valid   int // the number in the name of the key that is valid
	renewed func(key int)
}

// kinds of faults. Those that are called late happen when the server has done what it was asked for.
var kinds = []string{"throttle", "error", "late error", "reset", "late reset", "reset in the body", "cut", "shorter", "stall", "stall in the body", "expire", "flip"}

// draw decides what happens to a request.
func (p *proxy) draw(r *http.Request) (kind string, at float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.rand.Float64() >= p.rate {
		return "", 0
	}
	kind, at = kinds[p.rand.IntN(len(kinds))], p.rand.Float64()
	ranged := r.Method == http.MethodGet && r.Header.Get("Range") != ""
	if p.flip && ranged && p.rand.IntN(2) == 0 {
		kind = "flip"
	}
	switch {
	case kind == "flip" && !(p.flip && ranged):
		return "", 0
	case kind == "expire":
		p.valid++
		p.renewed(p.valid)
	}
	p.faults[kind]++
	return kind, at
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has gone
	}
	kind, at := p.draw(r)
	if key := keyOf(r); key >= 0 {
		p.mu.Lock()
		expired := key < p.valid
		p.mu.Unlock()
		if expired {
			refuse(w, http.StatusBadRequest, "ExpiredToken", "The provided token has expired.")
			return
		}
	}
	switch kind {
	case "throttle":
		refuse(w, http.StatusServiceUnavailable, "SlowDown", "Please reduce your request rate.")
		return
	case "error":
		refuse(w, http.StatusInternalServerError, "InternalError", "We encountered an internal error. Please try again.")
		return
	case "reset":
		hangUp(w, nil)
		return
	case "stall":
		p.wait(r)
		return
	}
	out, err := http.NewRequest(r.Method, p.to+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		panic(err)
	}
	out.Header = r.Header.Clone()
	out.Header.Del("Expect")
	out.ContentLength = int64(len(body))
	answer, err := http.DefaultTransport.RoundTrip(out)
	if err != nil {
		return // the run is over
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		return
	}
	cut := int(at * float64(len(data)))
	h := w.Header()
	for name, values := range answer.Header {
		h[name] = values
	}
	if r.Method != http.MethodHead {
		h.Set("Content-Length", strconv.Itoa(len(data)))
	}
	switch kind {
	case "late error":
		for name := range h {
			h.Del(name)
		}
		refuse(w, http.StatusInternalServerError, "InternalError", "We encountered an internal error. Please try again.")
		return
	case "late reset":
		hangUp(w, nil)
		return
	case "reset in the body", "cut":
		head := &bytes.Buffer{}
		_ = (&http.Response{StatusCode: answer.StatusCode, ProtoMajor: 1, ProtoMinor: 1, Header: h, ContentLength: int64(len(data))}).Write(head)
		text := head.Bytes()
		if i := bytes.Index(text, []byte("\r\n\r\n")); i >= 0 {
			text = text[:i+4]
		}
		hangUp(w, append(text, data[:cut]...), kind == "cut")
		return
	case "shorter":
		if r.Method == http.MethodGet && r.Header.Get("Range") != "" {
			data = data[:cut]
			h.Set("Content-Length", strconv.Itoa(len(data)))
		}
	case "stall in the body":
		w.WriteHeader(answer.StatusCode)
		_, _ = w.Write(data[:cut])
		_ = http.NewResponseController(w).Flush()
		p.wait(r)
		return
	case "flip":
		if cut < len(data) {
			data[cut] ^= 0x40
		}
	}
	w.WriteHeader(answer.StatusCode)
	_, _ = w.Write(data)
}

// wait says nothing until the client gives up.
func (p *proxy) wait(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-time.After(p.stall):
	}
}

// hangUp ends the connection behind some bytes: properly, or by a reset.
func hangUp(w http.ResponseWriter, data []byte, properly ...bool) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	_, _ = c.Write(data)
	if t, ok := c.(*net.TCPConn); ok && len(properly) == 0 {
		_ = t.SetLinger(0)
	}
	_ = c.Close()
}

// keyOf gives the number in the name of the key that a request is signed with, -1 for another kind of key.
func keyOf(r *http.Request) int {
	_, rest, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=KEY")
	number, _, _ := strings.Cut(rest, "/")
	n, err := strconv.Atoi(number)
	if err != nil {
		return -1
	}
	return n
}

// start starts the proxy.
func (p *proxy) start(t testing.TB) (url string) {
	s := httptest.NewServer(p)
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s.URL
}
