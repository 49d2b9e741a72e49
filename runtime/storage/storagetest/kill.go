package storagetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path"
	"testing"
	"time"

	"weir/runtime/op"
)

// childEnv tells a process that it is the one that is killed.
const childEnv = "WEIR_STORAGETEST_CHILD"

// child is what the process that is killed works on.
type child struct {
	Path  string `json:"path"`
	State string `json:"state"` // the file that stands for a checkpoint
	Size  int    `json:"size"`
	Seed  uint64 `json:"seed"`
	Halt  bool   `json:"halt"` // wait for death between prepare and commit
}

// checkpoint is what survives the process.
type checkpoint struct {
	Token   []byte `json:"token"`
	Written int    `json:"written"`
	Final   bool   `json:"final"` // nothing is left but the commit
}

// Kill runs a process that writes a file and makes checkpoints, kills it at any time, and surely once between the last prepare and the commit, and starts it again, until
// the file is there: once, and as it was meant to be. The process is this test's binary, which runs the named test again; so Kill must be all of that test.
func Kill(t *testing.T, f Fixture, runs int) {
	if text := os.Getenv(childEnv); text != "" {
		var c child
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			t.Fatal(err)
		}
		c.work(t, f.New(t))
		return
	}
	for run := range runs {
		r := rand.New(rand.NewPCG(uint64(run), 3))
		dir := f.Dir(t)
		c := child{Path: dir + "file", State: t.TempDir() + "/state", Size: 1 + r.IntN(2*f.Large), Halt: true}
		w := &world{T: t, fixture: f, Storage: f.New(t), dir: dir, rand: r}
		want := pattern(c.Size)
		for ended, kills := false, 0; !ended; kills++ {
			c.Seed = r.Uint64()
			after := time.Duration(r.IntN(80)) * time.Millisecond
			if kills > 12 {
				after = time.Hour // let it get on
			}
			ended = c.runAndKill(t, after)
			files, err := w.List(ctx, c.Path)
			if err == nil {
				if len(files) != 1 {
					t.Fatalf("run %d: %d files", run, len(files))
				}
				w.has("file", want)
			} else if !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
			if s := c.load(t); s.Final {
				c.Halt = false
			}
		}
		w.has("file", want)
		w.visible(path.Base(c.Path))
		w.sweep()
	}
}

// pattern is the content: each byte follows from its place.
func pattern(n int) []byte {
	r := rand.NewChaCha8([32]byte{1})
	b := make([]byte, n)
	_, _ = r.Read(b) // never fails
	return b
}

// runAndKill starts the process and kills it: after a while, or when it waits for that. It reports whether the process came to its end before.
func (c *child) runAndKill(t *testing.T, after time.Duration) bool {
	t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), childEnv+"="+string(text))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	timer := time.NewTimer(after)
	defer timer.Stop()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case err := <-done:
			if err != nil {
				t.Fatalf("%v: %s", err, out.Bytes())
			}
			return true
		case <-look.C:
			if !c.Halt || !c.load(t).Final {
				continue
			}
		case <-timer.C:
		}
		_ = cmd.Process.Kill() // it may have ended by itself
		return <-done == nil
	}
}

// load reads the checkpoint; where there is none it is empty.
func (c *child) load(t testing.TB) (s checkpoint) {
	t.Helper()
	data, err := os.ReadFile(c.State)
	if errors.Is(err, fs.ErrNotExist) {
		return s
	}
	if err == nil {
		err = json.Unmarshal(data, &s)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (c *child) save(t testing.TB, s checkpoint) {
	t.Helper()
	data, err := json.Marshal(s)
	if err == nil {
		err = os.WriteFile(c.State+".new", data, 0o600)
	}
	if err == nil {
		err = os.Rename(c.State+".new", c.State)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// work writes the file from where the last checkpoint is to its end.
func (c *child) work(t testing.TB, storage op.Storage) {
	content := pattern(c.Size)
	r := rand.New(rand.NewPCG(c.Seed, 4))
	s := c.load(t)
	if !s.Final {
		c.write(t, storage, content, &s, r)
	}
	if c.Halt {
		time.Sleep(time.Hour)
	}
	if err := storage.Commit(ctx, s.Token); err != nil {
		t.Fatal(err)
	}
}

func (c *child) write(t testing.TB, storage op.Storage, content []byte, s *checkpoint, r *rand.Rand) {
	var f op.StagedFile
	var err error
	if s.Token != nil {
		f, err = storage.Resume(ctx, s.Token)
	} else {
		f, err = storage.Create(ctx, c.Path, op.CreateOptions{})
	}
	if err != nil {
		t.Fatal(err)
	}
	for at := s.Written; !s.Final; {
		n := min(len(content)-at, 1+r.IntN(len(content)/6+1))
		if _, err := f.Write(content[at : at+n]); err != nil {
			t.Fatal(err)
		}
		at += n
		time.Sleep(time.Duration(r.IntN(10)) * time.Millisecond) // so that it is killed everywhere
		token, err := f.Prepare()
		if err != nil {
			t.Fatal(err)
		}
		if s.Final = at == len(content); s.Final {
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
		s.Token, s.Written = bytes.Clone(token), at
		c.save(t, *s)
	}
}
