package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"weir/cmd/weir/internal/project"
	"weir/runtime/op"
)

// needsYarn skips a test where there is no cluster.
func needsYarn(t *testing.T) {
	t.Helper()
	if os.Getenv("WEIR_TEST_YARN") == "" {
		t.Skip("needs a cluster: .ci/cluster.sh with go test ./cmd/weir -run " + t.Name())
	}
}

// yarn is a project that runs on a cluster: its weir.yaml is in a folder here, and its data in one in HDFS.
type yarn struct {
	t       *testing.T
	dir     string
	root    string
	storage op.Storage
}

func newYarn(t *testing.T, name string) *yarn {
	c := &yarn{t: t, dir: t.TempDir()}
	base := fmt.Sprintf("hdfs://%s/%s-%d", os.Getenv("WEIR_TEST_HDFS"), name, os.Getpid())
	c.root = base + "/project"
	c.write(project.FileName, fmt.Sprintf(`target: yarn
targets:
  yarn:
    kind: yarn
    dir: hdfs://%s/weir
    root: %s
    parallelism: 2
    key_groups: 64
    taskmanager_memory: 1536MiB
    jobmanager_memory: 1GiB
    checkpoint_every: 1s
    ha: { zookeeper: "%s" }
    flink:
      jobmanager.bind-host: 127.0.0.1
      taskmanager.bind-host: 127.0.0.1
      taskmanager.host: 127.0.0.1
      rest.bind-address: 127.0.0.1
`, os.Getenv("WEIR_TEST_HDFS"), c.root, os.Getenv("WEIR_TEST_ZK")))
	p := &project.Project{Target: "x", Targets: map[string]project.Target{"x": {}}}
	c.storage = storages(&env{ctx: t.Context(), stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard}, p, "")
	return c
}

// write writes a file here.
func (c *yarn) write(name, text string) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o666); err != nil {
		c.t.Fatal(err)
	}
}

// weir runs a command that must succeed.
func (c *yarn) weir(args ...string) string {
	c.t.Helper()
	out, err := c.try(args...)
	if err != nil {
		c.t.Fatalf("weir %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (c *yarn) try(args ...string) (string, error) {
	cmd := exec.CommandContext(c.t.Context(), "weir", args...)
	cmd.Dir = c.dir
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	err := cmd.Run()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, complaints.String())
	}
	return out.String(), err
}

// script runs .ci/cluster.sh.
func (c *yarn) script(args ...string) string {
	c.t.Helper()
	args = append([]string{"../../.ci/cluster.sh"}, args...)
	out, err := exec.CommandContext(c.t.Context(), "bash", args...).CombinedOutput()
	if err != nil {
		c.t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return string(out)
}

// put writes a file of the project in HDFS.
func (c *yarn) put(name string, data []byte) {
	c.t.Helper()
	ctx := c.t.Context()
	f, err := c.storage.Create(ctx, c.root+"/"+name, op.CreateOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	_, err = f.Write(data)
	token, perr := f.Prepare()
	if err := errors.Join(err, perr, f.Close(), c.storage.Commit(ctx, token)); err != nil {
		c.t.Fatal(err)
	}
}

// lines gives the lines of a file of the project in HDFS, or of all files of a folder, sorted; none where there is no such file.
func (c *yarn) lines(path string) []string {
	c.t.Helper()
	ctx := c.t.Context()
	files, err := c.storage.List(ctx, c.root+"/"+path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		c.t.Fatal(err)
	}
	var out []string
	for _, info := range files {
		f, err := c.storage.Open(ctx, info.Path, "")
		if err != nil {
			c.t.Fatal(err)
		}
		data, err := io.ReadAll(f)
		if err := errors.Join(err, f.Close()); err != nil {
			c.t.Fatal(err)
		}
		out = append(out, sortedLines(data)...)
	}
	slices.Sort(out)
	return out
}

// sortedLines gives the lines that are not empty.
func sortedLines(data []byte) []string {
	out := slices.DeleteFunc(strings.Split(string(data), "\n"), func(s string) bool { return s == "" })
	slices.Sort(out)
	return out
}

// TestYarnPipelines: every pipeline gives on a cluster the rows that it gives here.
func TestYarnPipelines(t *testing.T) {
	needsYarn(t)
	c := newYarn(t, "pipelines")
	const pipelines = "../../pipelines"
	err := fs.WalkDir(os.DirFS(pipelines), ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(pipelines, path))
		if err != nil {
			return err
		}
		if strings.HasPrefix(path, "data/") {
			c.put(path, data)
		}
		to := filepath.Join(c.dir, path)
		return errors.Join(os.MkdirAll(filepath.Dir(to), 0o777), os.WriteFile(to, data, 0o666))
	})
	if err != nil {
		t.Fatal(err)
	}
	flows, err := filepath.Glob(pipelines + "/*.flow")
	if err != nil || len(flows) == 0 {
		t.Fatal(flows, err)
	}
	for _, file := range flows {
		name := strings.TrimSuffix(filepath.Base(file), ".flow")
		t.Run(name, func(t *testing.T) {
			c := &yarn{t, c.dir, c.root, c.storage}
			c.weir("run", "-q", name+".flow")
			expected, err := filepath.Glob(pipelines + "/expected/" + name + ".*.gz")
			if err != nil || len(expected) == 0 {
				t.Fatal(expected, err)
			}
			for _, e := range expected {
				packed, err := os.ReadFile(e)
				if err != nil {
					t.Fatal(err)
				}
				z, err := gzip.NewReader(bytes.NewReader(packed))
				if err != nil {
					t.Fatal(err)
				}
				data, err := io.ReadAll(z)
				if err != nil {
					t.Fatal(err)
				}
				out := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(e), name+"."), ".gz")
				if got, want := c.lines(out), sortedLines(data); !slices.Equal(got, want) {
					t.Errorf("%s: %d lines, want %d\n%s", out, len(got), len(want), linesDifference(got, want))
				}
			}
		})
	}
}

// linesDifference shows the first lines that two sorted lists do not share.
func linesDifference(got, want []string) string {
	n := map[string]int{}
	for _, l := range got {
		n[l]++
	}
	for _, l := range want {
		n[l]--
	}
	var out []string
	for l, k := range n {
		if k != 0 {
			out = append(out, fmt.Sprintf("%+d %s", k, l))
		}
	}
	slices.Sort(out)
	return strings.Join(out[:min(len(out), 10)], "\n")
}
