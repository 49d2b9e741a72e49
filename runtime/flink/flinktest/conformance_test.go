package flinktest

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"weir/compiler"
	"weir/lang/diag"
	"weir/planner/physical"
	"weir/runtime/conformance"
	"weir/runtime/local"
	"weir/runtime/op"
	"weir/runtime/storage/localfile"
	"weir/stdlib"
)

// split is a storage of which the folder of the run lies on disk, and everything else elsewhere.
type splitStorage struct {
	op.Storage
	work string
	disk op.Storage
}

func (s splitStorage) of(path string) op.Storage {
	if strings.HasPrefix(path, s.work) {
		return s.disk
	}
	return s.Storage
}

func (s splitStorage) List(ctx context.Context, path string) ([]op.FileInfo, error) {
	return s.of(path).List(ctx, path)
}

func (s splitStorage) Open(ctx context.Context, path, version string) (op.File, error) {
	return s.of(path).Open(ctx, path, version)
}

func (s splitStorage) Create(ctx context.Context, path string, o op.CreateOptions) (op.StagedFile, error) {
	f, err := s.of(path).Create(ctx, path, o)
	if err != nil || s.of(path) == s.Storage {
		return f, err
	}
	return marked{f}, nil
}

func (s splitStorage) Commit(ctx context.Context, token []byte) error {
	if rest, ok := bytes.CutPrefix(token, []byte("work:")); ok {
		return s.disk.Commit(ctx, rest)
	}
	return s.Storage.Commit(ctx, token)
}

type marked struct{ op.StagedFile }

func (m marked) Prepare() ([]byte, error) {
	token, err := m.StagedFile.Prepare()
	return append([]byte("work:"), token...), err
}

// driver runs a plan under the model of Flink.
func driver(t *testing.T) conformance.Driver {
	return func(ctx context.Context, p *physical.Plan, c *op.Catalogue, s op.Storage) error {
		work := filepath.Join(t.TempDir(), "work")
		return Start(ctx, Job{Plan: p, Catalogue: c, Storage: splitStorage{s, work, localfile.New()}, KeyGroups: 128, Work: work, Temp: t.TempDir()}, nil).Wait()
	}
}

func runTests(t *testing.T, cat *op.Catalogue, file, dir string, src []byte) {
	t.Helper()
	r := compiler.Compile(file, src, compiler.Options{Catalogue: cat, Root: dir, Storage: localfile.New(), ReadFile: os.ReadFile, CheckOnly: true})
	show := func(list diag.List) string {
		var b bytes.Buffer
		if err := diag.Text(&b, list, func(string) []byte { return src }, false); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	if r.Diags.HasErrors() {
		t.Fatal(show(r.Diags))
	}
	for _, test := range r.Tests {
		for _, parallelism := range []int{1, 3} {
			found, err := conformance.Run(t.Context(), test, conformance.Options{Catalogue: cat, Parallelism: parallelism, Driver: driver(t)})
			if err != nil {
				t.Fatal(err)
			}
			if len(found) > 0 {
				t.Errorf("parallelism %d:\n%s", parallelism, show(found))
			}
		}
	}
}

// TestConformance: the examples of all operators and aggregates, and the tests of all pipelines, hold on a cluster as they do here.
func TestConformance(t *testing.T) {
	cat, err := stdlib.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	run := func(name string, examples []op.Example) {
		for _, x := range examples {
			t.Run(name, func(t *testing.T) { runTests(t, cat, "example.flow", "", []byte(x.Code)) })
		}
	}
	for _, o := range cat.Operators() {
		if o.Implemented() {
			run(o.Name, o.Examples)
		}
	}
	for _, a := range cat.Aggregates() {
		run(a.Name, a.Examples)
	}
	files, err := filepath.Glob("../../../pipelines/*.flow")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(file), func(t *testing.T) { runTests(t, cat, file, filepath.Dir(file), src) })
	}
}

// TestPipelines: every pipeline gives the rows of a local run.
func TestPipelines(t *testing.T) {
	everyPipeline(t, func(t *testing.T, p *physical.Plan, cat *op.Catalogue) {
		job := Job{Plan: p, Catalogue: cat, Storage: localfile.New(), KeyGroups: 4096, Work: filepath.Join(t.TempDir(), "work"), Temp: t.TempDir(), MaxErrors: -1}
		if err := Start(t.Context(), job, nil).Wait(); err != nil {
			t.Fatal(err)
		}
	})
}

// everyPipeline compares what every pipeline gives by run with what it gives by a local run.
func everyPipeline(t *testing.T, run func(t *testing.T, p *physical.Plan, cat *op.Catalogue)) {
	t.Helper()
	pipelines := "../../../pipelines"
	files, err := filepath.Glob(pipelines + "/*.flow")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		if testing.Short() && name == "pairwise.flow" {
			continue // minutes under the race detector
		}
		t.Run(name, func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			results := func(run func(t *testing.T, p *physical.Plan, cat *op.Catalogue)) map[string]string {
				dir := t.TempDir()
				if err := os.CopyFS(dir, os.DirFS(pipelines)); err != nil {
					t.Fatal(err)
				}
				before := textsOf(t, dir)
				p, cat := planOf(t, filepath.Join(dir, name), dir, src, 2)
				run(t, p, cat)
				out := textsOf(t, dir)
				for name, text := range before {
					if out[name] == text {
						delete(out, name)
					}
				}
				return out
			}
			want := results(func(t *testing.T, p *physical.Plan, cat *op.Catalogue) {
				if _, err := local.Run(t.Context(), p, local.Options{Catalogue: cat, Storage: localfile.New(), TempDir: t.TempDir()}); err != nil {
					t.Fatal(err)
				}
			})
			got := results(run)
			if len(want) == 0 {
				t.Error("no output")
			}
			for name := range want {
				if got[name] != want[name] {
					t.Errorf("%s is another: %d and %d bytes\n%s", name, len(got[name]), len(want[name]), difference(got[name], want[name]))
				}
			}
			if len(got) != len(want) {
				t.Errorf("%d files, want %d", len(got), len(want))
			}
		})
	}
}

// textsOf gives all files of a folder, by name.
func textsOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = strings.ReplaceAll(string(data), dir, "")
	}
	return out
}
