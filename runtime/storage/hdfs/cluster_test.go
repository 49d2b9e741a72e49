package hdfs

import (
	"cmp"
	"os"
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
