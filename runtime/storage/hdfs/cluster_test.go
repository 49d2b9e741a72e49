package hdfs

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"testing"
	"time"

	"weir/runtime/op"
	"weir/runtime/storage/storagetest"
)

// The tests in this file need a cluster: `.ci/hdfs.sh start DIR` starts one and prints the variables that name it.

// authority gives the name node of the test cluster.
func authority(t testing.TB) string {
	t.Helper()
	a := os.Getenv("WEIR_TEST_HDFS")
	if a == "" {
		t.Skip("no cluster: WEIR_TEST_HDFS is not set, see .ci/hdfs.sh")
	}
	return a
}

// isHA reports that the cluster is one of `.ci/hdfs.sh start DIR ha`.
func isHA(t testing.TB) bool { return authority(t) == "weir" }

// isKerberos reports that the cluster is one of `.ci/hdfs.sh start DIR kerberos`.
func isKerberos(t testing.TB) bool {
	authority(t)
	return os.Getenv("WEIR_TEST_HDFS_KERBEROS") != ""
}

// as gives a storage as a new process of a user has it, without any configuration of this machine; with the cluster's, where the cluster has two name nodes.
func as(t testing.TB, user string, o Options) *Storage {
	t.Helper()
	o.Patience = cmp.Or(o.Patience, 3*time.Minute)
	o.Timeout = cmp.Or(o.Timeout, 5*time.Second)
	o.TempDir = t.TempDir()
	if o.Getenv == nil {
		env := map[string]string{"HADOOP_USER_NAME": user}
		dir := os.Getenv("WEIR_TEST_HDFS_DIR")
		if isHA(t) || isKerberos(t) {
			env["HADOOP_CONF_DIR"] = dir + "/conf/client"
		}
		if isKerberos(t) {
			env["KRB5_CONFIG"], env["KRB5CCNAME"], env["KRB5_CLIENT_KTNAME"] = dir+"/kdc/krb5.conf", "FILE:"+t.TempDir()+"/none", keytabOf(t, user)
		}
		o.Getenv = func(name string) string { return env[name] }
	}
	s := New(o)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Log(err)
		}
	})
	return s
}

// folder gives the path of a new folder, which is removed in the end.
func folder(t testing.TB) string {
	dir := "/" + random(6)
	root := "hdfs://" + authority(t)
	t.Cleanup(func() {
		s := as(t, "hdfs", Options{})
		if c, _, err := s.of(root + dir); err == nil {
			_ = c.fs.removeAll(dir)
		}
	})
	return root + dir + "/"
}

func TestClusterSuite(t *testing.T) {
	authority(t)
	storagetest.Run(t, storagetest.Fixture{
		New:   func(t testing.TB) op.Storage { return as(t, "weir", Options{}) },
		Dir:   func(t testing.TB) string { return folder(t) },
		Large: 3<<20 + 17, // blocks have 1 MiB
	})
}

// TestClusterOneOfMany: of several writers whose file must not exist, all committing at once, one has it and the others hear that it is there; and of two
// renames that may not replace anything the second one is refused by the name node itself. A file says how large its blocks are.
func TestClusterOneOfMany(t *testing.T) {
	dir := folder(t)
	const writers = 6
	var tokens [writers][]byte
	var stores [writers]*Storage
	for i := range writers {
		stores[i] = as(t, "weir", Options{})
		f, err := stores[i].Create(t.Context(), dir+"file", op.CreateOptions{MustNotExist: true})
		must(t, err)
		_, err = fmt.Fprintf(f, "by %d", i)
		must(t, err)
		if i%2 == 1 { // of several pieces
			_, err = f.Prepare()
			must(t, err)
			_, err = fmt.Fprint(f, ", again")
			must(t, err)
		}
		tokens[i], err = f.Prepare()
		must(t, err, f.Close())
	}
	var wait sync.WaitGroup
	var errs [writers]error
	for i := range writers {
		wait.Go(func() { errs[i] = stores[i].Commit(t.Context(), tokens[i]) })
	}
	wait.Wait()
	won := -1
	for i, err := range errs {
		switch {
		case err == nil && won < 0:
			won = i
		case err == nil:
			t.Errorf("%d and %d have both the file", won, i)
		case !errors.Is(err, fs.ErrExist):
			t.Error(err)
		}
	}
	if won < 0 {
		t.Fatal("nobody has the file")
	}
	must(t, stores[won].Commit(t.Context(), tokens[won])) // once more: nothing happens
	want := fmt.Sprintf("by %d", won)
	if won%2 == 1 {
		want += ", again"
	}
	f, err := stores[0].Open(t.Context(), dir+"file", "")
	must(t, err)
	if listed, err := stores[0].List(t.Context(), dir); err != nil || len(listed) != 1 || listed[0] != f.Info() || listed[0].Block != 1<<20 {
		t.Errorf("listed %+v, opened %+v, %v", listed, f.Info(), err)
	}
	got := make([]byte, 100)
	n, _ := f.Read(got)
	must(t, f.Close())
	if string(got[:n]) != want {
		t.Errorf("%q instead of %q", got[:n], want)
	}

	c, name, err := stores[0].of(dir + "file")
	must(t, err)
	w, err := c.fs.create(name+"2", 1<<20, 1)
	must(t, err, w.Close())
	if err := c.fs.rename(name+"2", name, false); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a rename over the file: %v", err)
	}
	must(t, c.fs.rename(name+"2", name+"3", false), c.fs.rename(name+"3", name, true))
}
