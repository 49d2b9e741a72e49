package hdfs

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"weir/runtime/op"
)

var update = flag.Bool("update", false, "write the expected output anew")

// environment gives variables, and nothing of this machine.
func environment(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

// show writes an error as a user sees it.
func show(err error) string {
	var e *op.Error
	if !errors.As(err, &e) {
		return fmt.Sprintf("%v\n", err)
	}
	return fmt.Sprintf("%s: %v\n  %s\n", e.Code, e, e.Hint)
}

// golden compares with a file below testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	name = filepath.Join("testdata", name)
	if *update {
		must(t, os.WriteFile(name, []byte(got), 0o644))
	}
	want, err := os.ReadFile(name)
	must(t, err)
	if got != string(want) {
		t.Errorf("%s differs; -update writes it anew. Got:\n%s", name, got)
	}
}

// TestConfig: testdata/config.txtar has configurations, the paths that are resolved with them, and what comes out.
func TestConfig(t *testing.T) {
	const name = "testdata/config.txtar"
	archive, err := txtar.ParseFile(name)
	must(t, err)
	dir := t.TempDir()
	for _, f := range archive.Files {
		if strings.HasSuffix(f.Name, ".xml") {
			must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, f.Name)), 0o755))
			must(t, os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o644))
		}
	}
	for i, f := range archive.Files {
		conf, ok := strings.CutSuffix(f.Name, "/paths")
		if !ok {
			continue
		}
		var out strings.Builder
		for line := range strings.Lines(string(f.Data)) {
			path, _, _ := strings.Cut(strings.TrimSpace(line), " →")
			if strings.HasPrefix(line, " ") || path == "" {
				continue
			}
			s := New(Options{Getenv: environment("HADOOP_CONF_DIR", filepath.Join(dir, conf), "HADOOP_USER_NAME", "someone", "ZONE", "b", "KRB5_CONFIG", dir+"/krb5.conf")})
			c, name, err := s.of(path)
			if err != nil {
				fmt.Fprintf(&out, "%s → %s", path, strings.ReplaceAll(show(err), dir, "DIR"))
				continue
			}
			l := c.fs.(*connection)
			fmt.Fprintf(&out, "%s → %s on %s, block %d, replication %d, umask %o, user %s\n", path, name, strings.Join(l.options.Addresses, " "), l.blockSize, l.replication, l.umask, l.options.User)
		}
		archive.Files[i].Data = []byte(out.String())
	}
	golden(t, "config.txtar", string(txtar.Format(archive)))
}

func TestConfigSearch(t *testing.T) {
	home := t.TempDir()
	must(t, os.MkdirAll(home+"/etc/hadoop", 0o755))
	must(t, os.WriteFile(home+"/etc/hadoop/core-site.xml", []byte("<configuration><property><name>fs.defaultFS</name><value>hdfs://home</value></property></configuration>"), 0o644))
	conf, err := loadConfig(environment("HADOOP_HOME", home))
	if err != nil || conf["fs.defaultFS"] != "hdfs://home" {
		t.Error(conf, err)
	}
	if _, err := loadConfig(environment("HADOOP_CONF_DIR", home)); err == nil {
		t.Error("a folder without configuration was taken")
	}
}

func TestMillis(t *testing.T) {
	for s, want := range map[string]time.Duration{"1500": 1500 * time.Millisecond, "": time.Hour, "x": time.Hour, "-1": time.Hour, "99999999999999999": time.Hour} {
		if got := millis(s, time.Hour); got != want {
			t.Errorf("%q: %v, want %v", s, got, want)
		}
	}
}

func FuzzSize(f *testing.F) {
	for _, s := range []string{"", "128m", "1", "-1", "9223372036854775807t", "1k", " 2G "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if n, err := size(s); err == nil && n < 0 {
			t.Errorf("%q is %d", s, n)
		}
	})
}

// FuzzExpand: a configuration whose variables name each other ends, and is not longer than allowed.
func FuzzExpand(f *testing.F) {
	f.Add("${b}", "${a}")
	f.Add("${a}${a}", "${a}")
	f.Add("x${env.HOME}y${", "${}")
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, v := range expand(map[string]string{"a": a, "b": b}, environment("HOME", "h")) {
			if len(v) > 1<<16+len(a)+len(b) {
				t.Errorf("%d bytes", len(v))
			}
		}
	})
}
