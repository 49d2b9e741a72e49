package hdfs

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"weir/runtime/op"
)

var ctx = context.Background()

// script calls .ci/hdfs.sh on the test cluster.
func script(t testing.TB, args ...string) string {
	t.Helper()
	authority(t)
	dir := os.Getenv("WEIR_TEST_HDFS_DIR")
	if dir == "" {
		t.Skip("the cluster cannot be stopped: WEIR_TEST_HDFS_DIR is not set")
	}
	args = append([]string{"../../../.ci/hdfs.sh", args[0], dir}, args[1:]...)
	cmd := exec.Command("bash", args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%q: %v\n%s%s", args, err, out, errs.String())
	}
	return string(out)
}

// node does something to a node, which is as it was when the test ends.
func node(t testing.TB, name, how string) {
	t.Helper()
	script(t, "node", name, how)
	switch how {
	case "kill":
		t.Cleanup(func() { script(t, "node", name, "start") })
	case "pause":
		t.Cleanup(func() { script(t, "node", name, "go") })
	}
}

// admin runs a command of Hadoop.
func admin(t testing.TB, class string, args ...string) string {
	t.Helper()
	return script(t, append([]string{"run", "org.apache.hadoop." + class}, args...)...)
}

func bytesOf(seed uint64, n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(seed)})
	_, _ = r.Read(b)
	return b
}

func must(t testing.TB, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// put makes a file of the content.
func put(t testing.TB, s *Storage, file string, content []byte) {
	t.Helper()
	f, err := s.Create(ctx, file, op.CreateOptions{})
	must(t, err)
	_, err = f.Write(content)
	must(t, err)
	commit(t, s, f)
}

func commit(t testing.TB, s *Storage, f op.StagedFile) {
	t.Helper()
	token, err := f.Prepare()
	must(t, err)
	must(t, f.Close())
	must(t, s.Commit(ctx, token))
}

func has(t testing.TB, s *Storage, file string, want []byte) {
	t.Helper()
	f, err := s.Open(ctx, file, "")
	must(t, err)
	got, err := io.ReadAll(f)
	must(t, err)
	must(t, f.Close())
	if !bytes.Equal(got, want) {
		t.Fatalf("%s has %d bytes, want %d, or others", file, len(got), len(want))
	}
}

// clear sees that an error says the path once, and what to do.
func clear(t testing.TB, err error, code, file string, cause error, hint string) {
	t.Helper()
	var e *op.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *op.Error", err)
	}
	t.Logf("%v\n\t%s", err, e.Hint)
	if e.Code != code || e.File != file || strings.Count(err.Error(), file) != 1 || !strings.Contains(e.Hint, hint) {
		t.Errorf("code %s, file %s, %q; hint %q", e.Code, e.File, err, e.Hint)
	}
	if cause != nil && !errors.Is(err, cause) {
		t.Errorf("got %v, want the cause %v", err, cause)
	}
}

// TestDataNodeWrite: a data node dies, or hangs, while a file of many blocks is written; what is committed is what was written.
func TestDataNodeWrite(t *testing.T) {
	for _, how := range []string{"kill", "pause"} {
		t.Run(how, func(t *testing.T) {
			s, file := as(t, "weir", Options{}), folder(t)+"file"
			content := bytesOf(1, 12<<20)
			f, err := s.Create(ctx, file, op.CreateOptions{})
			must(t, err)
			_, err = f.Write(content[:5<<20+1000])
			must(t, err)
			node(t, "dn1", how)
			for off := 5<<20 + 1000; off < len(content); {
				n := min(100_000, len(content)-off)
				_, err = f.Write(content[off : off+n])
				must(t, err)
				off += n
			}
			commit(t, s, f)
			has(t, as(t, "weir", Options{}), file, content)
			node(t, "dn1", map[string]string{"kill": "start", "pause": "go"}[how])
			replicated(t, file)
		})
	}
}

// replicated waits until the name node has had every block copied as often as it should be, which is twice.
func replicated(t *testing.T, file string) {
	t.Helper()
	report := ""
	for range 60 {
		report = admin(t, "hdfs.tools.DFSck", strings.TrimPrefix(file, "hdfs://"+authority(t)))
		if strings.Contains(report, "Average block replication:\t2.0") {
			return
		}
		time.Sleep(time.Second)
	}
	t.Error(report)
}

// TestDataNodeRead: a data node dies, or hangs, while a file is read, from the beginning and in the middle.
func TestDataNodeRead(t *testing.T) {
	for _, how := range []string{"kill", "pause"} {
		for _, victim := range []string{"dn1", "dn2"} { // one of them is read from
			t.Run(how+" "+victim, func(t *testing.T) {
				s, file := as(t, "weir", Options{}), folder(t)+"file"
				content := bytesOf(2, 12<<20)
				put(t, s, file, content)
				f, err := s.Open(ctx, file, "")
				must(t, err)
				got := make([]byte, 3<<20+5)
				_, err = io.ReadFull(f, got)
				must(t, err)
				p := make([]byte, 1000)
				_, err = f.ReadAt(p, 6<<20)
				must(t, err)
				node(t, victim, how)
				rest, err := io.ReadAll(f)
				must(t, err)
				if !bytes.Equal(append(got, rest...), content) {
					t.Error("other bytes")
				}
				p = make([]byte, 3<<20)
				_, err = f.ReadAt(p, 6<<20+1000)
				must(t, err)
				if !bytes.Equal(p, content[6<<20+1000:9<<20+1000]) {
					t.Error("other bytes at an offset")
				}
				must(t, f.Close())
			})
		}
	}
}

// TestNameNodeRestart: the name node is killed while one file is read and another one is written, and comes back.
func TestNameNodeRestart(t *testing.T) {
	if isHA(t) {
		t.Skip("another name node takes over: see TestFailover")
	}
	s, dir := as(t, "weir", Options{}), folder(t)
	content := bytesOf(3, 12<<20)
	put(t, s, dir+"in", content)
	in, err := s.Open(ctx, dir+"in", "")
	must(t, err)
	got := make([]byte, 4<<20)
	_, err = io.ReadFull(in, got)
	must(t, err)
	out, err := s.Create(ctx, dir+"out", op.CreateOptions{})
	must(t, err)
	_, err = out.Write(got)
	must(t, err)
	prepared, err := out.Prepare()
	must(t, err)
	_, err = out.Write(content[4<<20 : 7<<20])
	must(t, err)
	script(t, "node", "nn", "kill")
	started := make(chan struct{})
	go func() {
		defer close(started)
		time.Sleep(time.Second)
		script(t, "node", "nn", "start")
	}()
	rest, err := io.ReadAll(in)
	must(t, err)
	must(t, in.Close())
	if !bytes.Equal(append(got, rest...), content) {
		t.Error("other bytes were read")
	}
	_, err = out.Write(content[7<<20:])
	must(t, err)
	commit(t, s, out)
	<-started
	has(t, s, dir+"out", content)
	if err := as(t, "weir", Options{}).Commit(ctx, prepared); err == nil {
		t.Error("an old token of a file that is committed was committed")
	}
	has(t, s, dir+"out", content)
}

// TestFailover: the active name node dies while one file is read and another one is written, and after some seconds the one that stood by takes over.
func TestFailover(t *testing.T) {
	if !isHA(t) {
		t.Skip("the cluster has one name node")
	}
	s, dir := as(t, "weir", Options{}), folder(t)
	content := bytesOf(8, 12<<20)
	active, other := "nn", "nn2"
	for range 2 {
		put(t, s, dir+"in", content)
		in, err := s.Open(ctx, dir+"in", "")
		must(t, err)
		got := make([]byte, 4<<20)
		_, err = io.ReadFull(in, got)
		must(t, err)
		out, err := s.Create(ctx, dir+"out", op.CreateOptions{})
		must(t, err)
		_, err = out.Write(content[:7<<20])
		must(t, err)
		script(t, "node", active, "kill")
		over := make(chan struct{})
		go func() {
			defer close(over)
			admin(t, "hdfs.tools.DFSHAAdmin", "-transitionToActive", "--forceactive", other)
		}()
		rest, err := io.ReadAll(in)
		must(t, err)
		must(t, in.Close())
		if !bytes.Equal(append(got, rest...), content) {
			t.Error("other bytes were read")
		}
		_, err = out.Write(content[7<<20:])
		must(t, err)
		commit(t, s, out)
		<-over
		has(t, s, dir+"out", content)
		script(t, "node", active, "start") // stands by
		has(t, as(t, "weir", Options{}), dir+"out", content)
		active, other = other, active
	}
}

// TestNameNodeGone: where the name node stays away, or was never there, the error says so.
func TestNameNodeGone(t *testing.T) {
	if isHA(t) {
		t.Skip("there is another name node")
	}
	s, dir := as(t, "weir", Options{Patience: 2 * time.Second}), folder(t)
	put(t, s, dir+"in", bytesOf(4, 100))
	out, err := s.Create(ctx, dir+"out", op.CreateOptions{})
	must(t, err)
	node(t, "nn", "kill")
	_, err = s.Open(ctx, dir+"in", "")
	clear(t, err, codeRead, dir+"in", nil, "dfsadmin -report")
	_, err = out.Write([]byte("x"))
	clear(t, err, codeWrite, dir+"out", nil, "dfsadmin -report")
	_, err = as(t, "weir", Options{}).List(ctx, dir)
	clear(t, err, codeReach, dir, nil, "check host and port")
}

func TestWrongAddress(t *testing.T) {
	authority(t)
	_, err := as(t, "weir", Options{}).List(ctx, "hdfs://no.such.host.invalid/x/")
	clear(t, err, codeReach, "hdfs://no.such.host.invalid/x/", nil, "not known here")
}

// TestDataNodesGone: no data node is left for a write, or for a read.
func TestDataNodesGone(t *testing.T) {
	s, dir := as(t, "weir", Options{Patience: 5 * time.Second}), folder(t)
	put(t, s, dir+"in", bytesOf(5, 100))
	out, err := s.Create(ctx, dir+"out", op.CreateOptions{})
	must(t, err)
	node(t, "dn1", "kill")
	node(t, "dn2", "kill")
	in, err := s.Open(ctx, dir+"in", "")
	must(t, err)
	_, err = io.ReadAll(in)
	clear(t, err, codeRead, dir+"in", nil, "dfsadmin -report")
	_, err = out.Write([]byte("x"))
	if err == nil {
		_, err = out.Prepare()
	}
	clear(t, err, codeWrite, dir+"out", nil, "dfsadmin -report")
	must(t, out.Abort())
}

func TestPermission(t *testing.T) {
	s, dir := as(t, "weir", Options{}), folder(t)
	put(t, s, dir+"secret", []byte("x"))
	admin(t, "fs.FsShell", "-chmod", "700", strings.TrimPrefix(dir, "hdfs://"+authority(t)))
	alice := as(t, "alice", Options{})
	_, err := alice.Create(ctx, dir+"out", op.CreateOptions{})
	clear(t, err, codeWrite, dir+"out", fs.ErrPermission, "the user is alice")
	clear(t, err, codeWrite, dir+"out", fs.ErrPermission, "is weir:supergroup rwx------")
	_, err = alice.Open(ctx, dir+"secret", "")
	clear(t, err, codeRead, dir+"secret", fs.ErrPermission, "the user is alice")
	clear(t, alice.Remove(ctx, dir+"secret"), codeWrite, dir+"secret", fs.ErrPermission, "the user is alice")
}

// TestSafeMode: a write waits for the end of safe mode, and says so where that does not come.
func TestSafeMode(t *testing.T) {
	s, dir := as(t, "weir", Options{Patience: 2 * time.Second}), folder(t)
	put(t, s, dir+"in", []byte("x"))
	f, err := s.Create(ctx, dir+"out", op.CreateOptions{})
	must(t, err)
	_, err = f.Write([]byte("y"))
	must(t, err)
	token, err := f.Prepare()
	must(t, err)
	admin(t, "hdfs.tools.DFSAdmin", "-safemode", "enter")
	left := false
	leave := func() {
		if !left {
			admin(t, "hdfs.tools.DFSAdmin", "-safemode", "leave")
		}
		left = true
	}
	t.Cleanup(leave)
	has(t, s, dir+"in", []byte("x"))
	_, err = s.Create(ctx, dir+"late", op.CreateOptions{})
	clear(t, err, codeWrite, dir+"late", nil, "safe mode")
	clear(t, s.Commit(ctx, token), codeCommit, dir+"out", nil, "safe mode")
	done := make(chan error)
	go func() { done <- as(t, "weir", Options{}).Commit(ctx, token) }()
	leave()
	must(t, <-done)
	has(t, s, dir+"out", []byte("y"))
}

func TestQuota(t *testing.T) {
	s, dir := as(t, "weir", Options{}), folder(t)
	put(t, s, dir+"in", []byte("x"))
	name := strings.TrimPrefix(dir, "hdfs://"+authority(t))
	admin(t, "hdfs.tools.DFSAdmin", "-setSpaceQuota", "5m", name)
	f, err := s.Create(ctx, dir+"out", op.CreateOptions{})
	must(t, err)
	if _, err = f.Write(bytesOf(6, 4<<20)); err == nil {
		_, err = f.Prepare()
	}
	clear(t, err, codeWrite, dir+"out", nil, "the folder that has the quota")
	must(t, f.Abort())
	admin(t, "hdfs.tools.DFSAdmin", "-clrSpaceQuota", name)
	admin(t, "hdfs.tools.DFSAdmin", "-setQuota", "2", name)
	_, err = s.Create(ctx, dir+"out", op.CreateOptions{})
	clear(t, err, codeWrite, dir+"out", nil, "the folder that has the quota")
}

// TestErasureCoded: files that the library would get wrong are refused.
func TestErasureCoded(t *testing.T) {
	s, dir := as(t, "weir", Options{}), folder(t)
	put(t, s, dir+"in", []byte("x"))
	name := strings.TrimPrefix(dir, "hdfs://"+authority(t))
	admin(t, "hdfs.tools.ECAdmin", "-enablePolicy", "-policy", "XOR-2-1-1024k")
	admin(t, "hdfs.tools.ECAdmin", "-setPolicy", "-path", name, "-policy", "XOR-2-1-1024k")
	admin(t, "fs.FsShell", "-touchz", name+"coded")
	_, err := s.Create(ctx, dir+"out", op.CreateOptions{})
	clear(t, err, codeSpecial, dir+"out", nil, "-cp")
	_, err = s.Open(ctx, dir+"coded", "")
	clear(t, err, codeSpecial, dir+"coded", nil, "-cp")
	has(t, s, dir+"in", []byte("x"))
}

// TestKilledWriter: a process is killed between Prepare and Commit, and while it writes on. Another one commits, or resumes and commits: everything is there
// once.
func TestKilledWriter(t *testing.T) {
	if file := os.Getenv("WEIR_TEST_HDFS_CHILD"); file != "" {
		child(t, file)
		return
	}
	for _, resume := range []bool{false, true} {
		for pieces := range 3 {
			s, file := as(t, "weir", Options{}), folder(t)+"file"
			cmd := exec.Command(os.Args[0], "-test.run=^TestKilledWriter$")
			cmd.Env = append(os.Environ(), "WEIR_TEST_HDFS_CHILD="+file)
			out, err := cmd.StdoutPipe()
			must(t, err)
			must(t, cmd.Start())
			lines := bufio.NewScanner(out)
			lines.Buffer(nil, 1<<20)
			var token []byte
			for n := 0; n <= pieces && lines.Scan(); {
				if text, ok := strings.CutPrefix(lines.Text(), "token "); ok {
					token, err = base64.StdEncoding.DecodeString(text)
					must(t, err)
					n++
				}
			}
			must(t, cmd.Process.Kill())
			_ = cmd.Wait() // it was killed
			want := bytesOf(7, 10<<20)[:pieces*childPiece]
			if resume {
				f, err := s.Resume(ctx, token)
				must(t, err)
				_, err = f.Write([]byte("and more"))
				must(t, err)
				want = append(want, "and more"...)
				token, err = f.Prepare()
				must(t, err)
				must(t, f.Close())
			}
			for range 2 {
				must(t, s.Commit(ctx, token))
				has(t, s, file, want)
			}
			left, err := s.Orphans(ctx, file)
			must(t, err)
			if len(left) > 0 {
				t.Errorf("left over: %+v", left)
			}
		}
	}
}

const childPiece = 3_000_000

// child writes, prepares and tells its token, until it is killed.
func child(t *testing.T, file string) {
	s := as(t, "weir", Options{})
	f, err := s.Create(ctx, file, op.CreateOptions{})
	must(t, err)
	content := bytesOf(7, 10<<20)
	for i := 0; ; i++ {
		token, err := f.Prepare()
		must(t, err)
		if _, err := io.WriteString(os.Stdout, "token "+base64.StdEncoding.EncodeToString(token)+"\n"); err != nil {
			return
		}
		if i == 3 {
			time.Sleep(time.Minute)
			return
		}
		_, err = f.Write(content[i*childPiece : (i+1)*childPiece])
		must(t, err)
	}
}
