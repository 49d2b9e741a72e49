package hdfs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"

	"weir/runtime/op"
)

// TestStopped: a run that is stopped removes what it has written.
func TestStopped(t *testing.T) {
	m := newMemory()
	s := m.process(t)
	running, stop := context.WithCancel(ctx)
	f, err := s.Create(running, "hdfs://nn/dir/file", op.CreateOptions{})
	must(t, err)
	_, err = f.Write([]byte("x"))
	must(t, err)
	_, err = f.Prepare()
	must(t, err)
	stop()
	must(t, f.Abort())
	if len(m.nodes) != 2 { // the root and /dir
		t.Errorf("left over: %v", m.nodes)
	}
}

// TestFaults: whatever fails, and in whatever pieces a file is written and prepared, what is committed is what was written, or there is an error and
// the old file.
func TestFaults(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		m := newMemory()
		m.blockSize = int64(rapid.IntRange(1, 64).Draw(r, "block size"))
		s := m.process(t)
		const file = "hdfs://nn/file"
		fresh := rapid.Bool().Draw(r, "must not exist")
		if !fresh {
			put(t, s, file, []byte("old"))
		}
		m.fail(rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "seed"), 1)), rapid.SampledFrom([]float64{0, 0.02, 0.1, 0.9}).Draw(r, "rate"))
		c, _, err := s.of(file)
		must(t, err)
		c.patience = 5 * time.Millisecond // no waiting: what fails as a whole fails at once, a segment is written again once
		var want []byte
		err = func() error {
			f, err := s.Create(ctx, file, op.CreateOptions{MustNotExist: fresh})
			if err != nil {
				return err
			}
			for range rapid.IntRange(0, 8).Draw(r, "steps") {
				if rapid.Bool().Draw(r, "prepare") {
					if _, err := f.Prepare(); err != nil {
						return err
					}
				}
				piece := bytesOf(uint64(len(want)), rapid.IntRange(0, 200).Draw(r, "bytes"))
				if _, err := f.Write(piece); err != nil {
					return err
				}
				want = append(want, piece...)
			}
			token, err := f.Prepare()
			if err != nil {
				return err
			}
			must(t, f.Close())
			return s.Commit(ctx, token)
		}()
		m.fail(nil, 0)
		var known *op.Error
		if err != nil && !errors.As(err, &known) {
			r.Fatalf("%v is no op.Error", err)
		}
		if errors.Is(err, fs.ErrExist) {
			r.Fatalf("its own file is in the way: %v", err)
		}
		f, openErr := s.Open(ctx, file, "")
		if fresh && err != nil && errors.Is(openErr, fs.ErrNotExist) {
			return
		}
		must(t, openErr)
		got, readErr := io.ReadAll(f)
		must(t, readErr)
		if whole := bytes.Equal(got, want); err == nil && !whole || err != nil && !whole && string(got) != "old" {
			r.Fatalf("%v; the file has %d bytes, of %d that were written", err, len(got), len(want))
		}
	})
}

// TestReplication: after some failures a segment is written to fewer nodes.
func TestReplication(t *testing.T) {
	m := newMemory()
	s := m.process(t)
	f, err := s.Create(ctx, "hdfs://nn/file", op.CreateOptions{})
	must(t, err)
	_, err = f.Write([]byte("x"))
	must(t, err)
	die := func(dead bool) {
		m.mu.Lock()
		m.dead = dead
		m.mu.Unlock()
	}
	die(true)
	time.AfterFunc(4*time.Second, func() { die(false) })
	_, err = f.Write([]byte("y"))
	must(t, err)
	commit(t, s, f)
	has(t, s, "hdfs://nn/file", []byte("xy"))
	if len(m.made) < 5 || m.made[1] != 3 || m.made[len(m.made)-1] >= 3 || !slices.IsSortedFunc(m.made, func(a, b int) int { return b - a }) {
		t.Errorf("replication %v", m.made)
	}
}

// TestDamagedBlock: a finished block that is read back as something else is not copied into another segment.
func TestDamagedBlock(t *testing.T) {
	m := newMemory()
	m.blockSize = 4
	s := m.process(t)
	f, err := s.Create(ctx, "hdfs://nn/file", op.CreateOptions{})
	must(t, err)
	_, err = f.Write([]byte("one two three"))
	must(t, err)
	for _, n := range m.nodes {
		if n.open {
			n.data[0] ^= 1
		}
	}
	f.(*staged).c.patience = time.Second
	f.(*staged).segment.w.(*memoryWriter).broken = true
	if _, err = f.Write([]byte("four")); err == nil || !strings.Contains(err.Error(), "read back as something else") {
		t.Error(err)
	}
	must(t, f.Abort())
}

// TestReplacedBeforeRead: a file is replaced between Open and the first Read, when the library looks for its blocks by name.
func TestReplacedBeforeRead(t *testing.T) {
	m := newMemory()
	s := m.process(t)
	const file = "hdfs://nn/file"
	put(t, s, file, []byte("one content"))
	r, err := m.open("/file") // what the library opens, before its first Read
	must(t, err)
	f, err := s.Open(ctx, file, "")
	must(t, err)
	f.(*opened).sequential.r = r
	put(t, s, file, []byte("two content"))
	got, err := io.ReadAll(f)
	if len(got) != 0 || !errors.Is(err, op.ErrChanged) {
		t.Errorf("read %q, %v", got, err)
	}
	if _, err := f.ReadAt(make([]byte, 3), 0); !errors.Is(err, op.ErrChanged) {
		t.Error(err)
	}
}

// TestHidden: what begins with _ or . is found by its name, and by a pattern that begins so; what Hadoop's shell has not finished by its name alone.
func TestHidden(t *testing.T) {
	s := newMemory().process(t)
	for _, name := range []string{"part", "_SUCCESS", ".part.crc", "part2._COPYING_", "_sub/part", "sub/part", "sub/_meta"} {
		put(t, s, "hdfs://nn/dir/"+name, nil)
	}
	for path, want := range map[string]string{
		"": "part", "*": "part", "p*": "part", "part2._COPYING_": "part2._COPYING_", "_*": "_SUCCESS", ".*": ".part.crc", "*/*": "sub/part", "_sub/": "_sub/part", "_s*/*": "_sub/part", "*/_*": "sub/_meta", "_SUCCESS": "_SUCCESS",
	} {
		files, err := s.List(ctx, "hdfs://nn/dir/"+path)
		must(t, err)
		if len(files) != 1 || files[0].Path != "hdfs://nn/dir/"+want {
			t.Errorf("%q gives %+v, want %s", path, files, want)
		}
	}
}

// TestCommitTouched: a segment that is not what the token says is not put in place.
func TestCommitTouched(t *testing.T) {
	m := newMemory()
	s := m.process(t)
	for _, pieces := range []int{1, 2} {
		file := fmt.Sprintf("hdfs://nn/file%d", pieces)
		f, err := s.Create(ctx, file, op.CreateOptions{})
		must(t, err)
		var token []byte
		for range pieces {
			_, err = f.Write([]byte("content"))
			must(t, err)
			token, err = f.Prepare()
			must(t, err)
		}
		for name, n := range m.nodes {
			if strings.Contains(name, temporary) && !n.folder {
				n.data[0] ^= 1
				n.id++
			}
		}
		err = s.Commit(ctx, token)
		var e *op.Error
		if !errors.As(err, &e) || e.Code != codeCommit || !strings.Contains(e.Message, "/_tmp/") {
			t.Errorf("%d pieces: %v", pieces, err)
		}
		if _, err := s.List(ctx, file); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%d pieces: it was committed", pieces)
		}
	}
}

// TestErrors: testdata/errors.txt has what a user reads.
func TestErrors(t *testing.T) {
	m := newMemory()
	s := m.process(t)
	s.options.Patience = time.Millisecond
	put(t, s, "hdfs://nn/dir/file", []byte("x"))
	f, err := s.Create(ctx, "hdfs://nn/dir/out", op.CreateOptions{})
	must(t, err)
	token, err := f.Prepare()
	must(t, err)
	remote := func(exception, message string) error { return &remoteError{exception, message} }
	var out strings.Builder
	for _, c := range []struct {
		name string
		err  error
	}{
		{"permission", &remoteKind{&remoteError{"AccessControlException", "Permission denied: user=tester, access=WRITE, inode=\"/dir\":hdfs:supergroup:drwxr-xr-x"}, fs.ErrPermission}},
		{"safe mode", transient{remote("SafeModeException", "Cannot create file /dir/out. Name node is in safe mode.")}},
		{"space", remote("DSQuotaExceededException", "The DiskSpace quota of /dir is exceeded: quota = 5 MB but diskspace consumed = 6 MB")},
		{"standby", transient{remote("StandbyException", "Operation category WRITE is not supported in state standby")}},
		{"no nodes", transient{remote("IOException", "File /dir/out could only be written to 0 of the 1 minReplication nodes. There are 2 datanode(s) running and 2 node(s) are excluded in this operation.")}},
		{"a name", remote("InvalidPathException", "Invalid path name Invalid file name: /dir/a:b")},
		{"a lost connection", transient{&lostError{errors.New("no available namenodes: dial tcp 10.0.0.1:8020: connect: connection refused")}}},
		{"no connection", &connectError{[]string{"nn1:8020", "nn2:8020"}, errors.New("dial tcp: lookup nn1: no such host")}},
		{"a web server", &connectError{[]string{"nn1:9870"}, errors.New("what answers at 10.0.0.1:9870 is no name node")}},
		{"no Kerberos", &connectError{[]string{"nn1:8020"}, errors.New("SASL handshake: kerberos authentication not supported by namenode")}},
		{"a full temporary folder", &localError{syscall.ENOSPC}},
		{"a strange answer", remote("IllegalStateException", "something odd")},
	} {
		fmt.Fprintf(&out, "-- %s --\n", c.name)
		m.down = c.err
		_, err = f.Write([]byte("x"))
		out.WriteString(show(err))
		f.(*staged).err = nil
	}
	out.WriteString("-- operations --\n")
	_, err = s.List(ctx, "hdfs://nn/dir/file")
	out.WriteString(show(err))
	_, err = s.List(ctx, "hdfs://nn/dir/")
	out.WriteString(show(err))
	_, err = s.List(ctx, "hdfs://nn/dir/*")
	out.WriteString(show(err))
	_, err = s.Open(ctx, "hdfs://nn/dir/file", "")
	out.WriteString(show(err))
	_, err = s.Create(ctx, "hdfs://nn/dir/new", op.CreateOptions{})
	out.WriteString(show(err))
	_, err = s.Resume(ctx, token)
	out.WriteString(show(err))
	out.WriteString(show(s.Commit(ctx, token)))
	out.WriteString(show(s.Abort(ctx, token)))
	out.WriteString(show(s.Remove(ctx, "hdfs://nn/dir/file")))
	_, err = s.Orphans(ctx, "hdfs://nn/dir/")
	out.WriteString(show(err))
	m.down = nil
	out.WriteString("-- misuse --\n")
	_, err = s.List(ctx, "hdfs://nn/dir")
	out.WriteString(show(err))
	_, err = s.Open(ctx, "hdfs://nn/dir", "")
	out.WriteString(show(err))
	_, err = s.Create(ctx, "hdfs://nn/dir", op.CreateOptions{})
	out.WriteString(show(err))
	_, err = s.Create(ctx, "hdfs://nn/", op.CreateOptions{})
	out.WriteString(show(err))
	_, err = s.Create(ctx, "hdfs://nn/dir/file", op.CreateOptions{MustNotExist: true})
	out.WriteString(show(err))
	_, err = s.List(ctx, "hdfs://nn/dir/[")
	out.WriteString(show(err))
	out.WriteString(show(s.Remove(ctx, "hdfs://nn/dir")))
	m.nodes["/dir/file"].special = "erasure-coded"
	_, err = s.Open(ctx, "hdfs://nn/dir/file", "")
	out.WriteString(show(err))
	must(t, f.Abort())
	out.WriteString(show(s.Commit(ctx, token)))
	_, err = s.Resume(ctx, []byte("x"))
	out.WriteString(show(err))
	golden(t, "errors.txt", strings.ReplaceAll(out.String(), f.(*staged).token.Run, "RUN"))
}

// TestTempDir: without a place for the last block nothing is written.
func TestTempDir(t *testing.T) {
	s := newMemory().process(t)
	s.options.TempDir = t.TempDir() + "/none"
	f, err := s.Create(ctx, "hdfs://nn/file", op.CreateOptions{})
	must(t, err)
	_, err = f.Write([]byte("x"))
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "on this machine") {
		t.Error(err)
	}
	if _, again := f.Prepare(); again == nil {
		t.Error("it was prepared all the same")
	}
	must(t, f.Abort())
}
