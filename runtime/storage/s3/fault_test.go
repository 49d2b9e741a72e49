package s3

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"weir/runtime/op"
)

// Whatever the network and the store do, a run ends with the right bytes or with an error that a user can act on; at the destination there is the old object or the new
// one, and nothing else; and once all is well again, what was prepared can be committed.
//
// WEIR_FAULT_RUNS says how many runs, WEIR_FAULT_SEED which is the first, WEIR_FAULT_STALL how many milliseconds of silence are borne: 30000 outside of tests.
func TestFaults(t *testing.T) {
	url := server(t)
	runs, first := number(t, "WEIR_FAULT_RUNS", 30), number(t, "WEIR_FAULT_SEED", 0)
	stall := time.Duration(number(t, "WEIR_FAULT_STALL", 100)) * time.Millisecond
	isolate(t)
	bucket := newBucket(t, url)
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
		_ = os.Unsetenv(name)
	}
	total, outcomes := map[string]int{}, map[string]int{}
	for seed := first; seed < first+runs; seed++ {
		f := &faulty{T: t, seed: seed, rand: rand.New(rand.NewPCG(uint64(seed), 7)), outcomes: outcomes}
		file := t.TempDir() + "/credentials"
		t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
		renew := func(key int) {
			text := fmt.Sprintf("[default]\naws_access_key_id=KEY%d\naws_secret_access_key=secretCANARY%d\n", key, key)
			if err := os.WriteFile(file+".new", []byte(text), 0o600); err != nil {
				panic(err)
			}
			if err := os.Rename(file+".new", file); err != nil {
				panic(err)
			}
		}
		renew(0)
		p := &proxy{to: url, stall: stall + 2*time.Second, rand: rand.New(rand.NewPCG(uint64(seed), 8)), rate: f.rand.Float64() * f.rand.Float64() * 0.9, flip: seed%4 == 0,
			faults: total, renewed: renew}
		o := Options{Endpoint: p.start(t), Stall: stall, Attempts: 5, Backoff: 5 * time.Millisecond, ReadAhead: 3 << 20}
		f.flip = p.flip
		f.broken = func() *Store { return open(t, o) }
		f.sound = open(t, Options{Endpoint: url})
		f.path = fmt.Sprintf("s3://%s/faults/%d", bucket, seed)
		f.run()
		if t.Failed() {
			t.Fatalf("seed %d; faults so far: %v", seed, total)
		}
	}
	t.Logf("%d runs; faults: %v; outcomes: %v", runs, total, outcomes)
	for _, kind := range kinds {
		if runs >= 30 && total[kind] == 0 {
			t.Errorf("no %s has happened", kind)
		}
	}
	if runs >= 30 && (outcomes["written"] == 0 || outcomes["not written"] == 0 || outcomes["read"] == 0 || outcomes["not read"] == 0) {
		t.Errorf("the faults are too many or too few: %v", outcomes)
	}
}

func number(t testing.TB, name string, otherwise int) int {
	t.Helper()
	s := os.Getenv(name)
	if s == "" {
		return otherwise
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// faulty is one run.
type faulty struct {
	*testing.T
	seed     int
	rand     *rand.Rand
	flip     bool
	broken   func() *Store
	sound    *Store
	path     string
	outcomes map[string]int
}

// acceptable sees that an error is one that a user can act on.
func (f *faulty) acceptable(err error) {
	f.Helper()
	var e *op.Error
	if !errors.As(err, &e) || !strings.HasPrefix(e.Code, "W62") || e.Hint == "" || e.File != f.path {
		f.Errorf("seed %d: not an error to act on: %v", f.seed, err)
	}
	if strings.Contains(err.Error(), "CANARY") {
		f.Errorf("seed %d: a secret is shown: %v", f.seed, err)
	}
}

// there gives what is at the destination, nil for nothing.
func (f *faulty) there() []byte {
	f.Helper()
	in, err := f.sound.Open(ctx, f.path, "")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		f.Fatal(err)
	}
	b, err := io.ReadAll(in)
	if err = errors.Join(err, in.Close()); err != nil {
		f.Fatal(err)
	}
	return b
}

func (f *faulty) run() {
	var old []byte
	if f.rand.IntN(2) == 0 {
		old = []byte("what was there before")
		token := f.prepared(f.sound, old)
		if err := f.sound.Commit(ctx, token); err != nil {
			f.Fatal(err)
		}
	}
	content := noise(f.rand.IntN(8*testPart) + 1)
	content[0] = 'n' // never what was there before
	token, err := f.write(content, op.CreateOptions{MustNotExist: old == nil && f.rand.IntN(2) == 0})
	if err != nil {
		f.acceptable(err)
		f.outcomes["not written"]++
		if got := f.there(); !bytes.Equal(got, old) {
			f.Errorf("seed %d: %d bytes are visible after a failure", f.seed, len(got))
		}
		return
	}
	f.outcomes["written"]++
	if got := f.there(); !bytes.Equal(got, old) {
		f.Errorf("seed %d: %d bytes are visible before the commit", f.seed, len(got))
	}
	if err := f.broken().Commit(ctx, token); err != nil {
		f.acceptable(err)
		f.outcomes["not committed"]++
		if got := f.there(); !bytes.Equal(got, old) && !bytes.Equal(got, content) {
			f.Errorf("seed %d: %d bytes are visible after a commit that failed", f.seed, len(got))
		}
		// The process is started again, and all is well now.
		if err := f.sound.Commit(ctx, token); err != nil {
			f.Errorf("seed %d: %v", f.seed, err)
		}
	}
	if got := f.there(); !bytes.Equal(got, content) {
		f.Errorf("seed %d: %d bytes were committed, %d are there", f.seed, len(content), len(got))
	}
	if err := f.read(content); err != nil {
		f.acceptable(err)
		f.outcomes["not read"]++
	} else {
		f.outcomes["read"]++
	}
	if err := f.sound.Remove(ctx, f.path); err != nil {
		f.Error(err)
	}
}

// write writes the content, dying once in a while and going on from the last token.
func (f *faulty) write(content []byte, o op.CreateOptions) (token []byte, err error) {
	s := f.broken()
	out, err := s.Create(ctx, f.path, o)
	if err != nil {
		return nil, err
	}
	kept := 0 // bytes that the token has
	for at := 0; ; {
		n := min(len(content)-at, f.rand.IntN(3*testPart))
		if _, err := out.Write(content[at : at+n]); err != nil {
			return nil, errors.Join(err, ignore(out.Abort()))
		}
		at += n
		if f.rand.IntN(3) > 0 || at == len(content) {
			token, err = out.Prepare()
			if err != nil {
				return nil, errors.Join(err, ignore(out.Abort()))
			}
			if kept = at; at == len(content) {
				return bytes.Clone(token), out.Close()
			}
		}
		if token != nil && f.rand.IntN(4) == 0 {
			s = f.broken()
			if out, err = s.Resume(ctx, token); err != nil {
				return nil, err
			}
			at = kept
		}
	}
}

// ignore drops the error of cleaning up behind another one: it is of the same faults.
func ignore(error) error { return nil }

func (f *faulty) prepared(s *Store, content []byte) []byte {
	f.Helper()
	out, err := s.Create(ctx, f.path, op.CreateOptions{})
	if err != nil {
		f.Fatal(err)
	}
	if _, err := out.Write(content); err != nil {
		f.Fatal(err)
	}
	token, err := out.Prepare()
	if err = errors.Join(err, out.Close()); err != nil {
		f.Fatal(err)
	}
	return token
}

// read reads the object by Read and by ReadAt. Bytes that something on the way has changed are found out where the whole object is read.
func (f *faulty) read(content []byte) error {
	in, err := f.broken().Open(ctx, f.path, "")
	if err != nil {
		return err
	}
	defer func() {
		if err := in.Close(); err != nil {
			f.Error(err)
		}
	}()
	got, err := io.ReadAll(in)
	if err == nil && !bytes.Equal(got, content) {
		f.Errorf("seed %d: read %d bytes, want %d", f.seed, len(got), len(content))
	}
	if err != nil || f.flip {
		return err
	}
	for range 5 {
		off := f.rand.IntN(len(content))
		p := make([]byte, f.rand.IntN(len(content)-off)+1)
		n, err := in.ReadAt(p, int64(off))
		if err != nil {
			return err
		}
		if !bytes.Equal(p[:n], content[off:off+len(p)]) {
			f.Errorf("seed %d: %d bytes at %d are not right", f.seed, len(p), off)
		}
	}
	return nil
}
