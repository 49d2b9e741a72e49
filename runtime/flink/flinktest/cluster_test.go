package flinktest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"weir/planner/physical"
	"weir/runtime/local"
	"weir/runtime/op"
	"weir/runtime/storage/localfile"
)

// flink is a cluster of Flink in one process, the test class LocalCluster of the host, whose workers are processes of a weir that was built for the test.
type flink struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	answer chan string
	weir   string
}

// startFlink starts one; .ci/host.sh says where Flink is.
func startFlink(t *testing.T) *flink {
	t.Helper()
	classes := os.Getenv("WEIR_TEST_FLINK")
	if classes == "" {
		t.Skip("no Flink: WEIR_TEST_FLINK is not set, see .ci/host.sh")
	}
	f := &flink{weir: filepath.Join(t.TempDir(), "weir"), answer: make(chan string, 16)}
	if out, err := exec.Command("go", "build", "-o", f.weir, "weir/cmd/weir").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	temp := t.TempDir()
	f.cmd = exec.Command("java", "-Xmx1g", "-XX:+UseSerialGC", "-Djava.io.tmpdir="+temp, "-Dorg.slf4j.simpleLogger.defaultLogLevel="+level(), "--add-opens=java.base/java.util=ALL-UNNAMED",
		"--add-opens=java.base/java.lang=ALL-UNNAMED", "-cp", classes, "weir.host.LocalCluster")
	f.cmd.Stderr = os.Stderr
	var err error
	if f.in, err = f.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := f.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := f.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		lines := bufio.NewReader(out)
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				close(f.answer)
				return
			}
			f.answer <- strings.TrimSpace(line)
		}
	}()
	t.Cleanup(func() {
		_ = f.in.Close()
		<-read
		if err := f.cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	if got := f.wait(t, t.Context()); got != "ready" {
		t.Fatal(got)
	}
	return f
}

func level() string {
	if s := os.Getenv("WEIR_FLINK_LOG"); s != "" {
		return s
	}
	return "off"
}

// wait waits for an answer; "" where ctx ends before.
func (f *flink) wait(t *testing.T, ctx context.Context) string {
	t.Helper()
	select {
	case a, ok := <-f.answer:
		if !ok {
			t.Fatal("the cluster has ended")
		}
		return a
	case <-ctx.Done():
		return ""
	}
}

func (f *flink) tell(t *testing.T, words ...string) {
	t.Helper()
	if _, err := fmt.Fprintln(f.in, strings.Join(words, " ")); err != nil {
		t.Fatal(err)
	}
}

// workers gives the processes that the cluster has started.
func (f *flink) workers(t *testing.T) []int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
		if fields[0] != "Z" && fields[1] == strconv.Itoa(f.cmd.Process.Pid) {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			if err != nil {
				t.Fatal(err)
			}
			pids = append(pids, pid)
		}
	}
	return pids
}

// write writes the job file of a plan into a folder of its own.
func (f *flink) write(t *testing.T, p *physical.Plan, dir, work string, tasks int) string {
	t.Helper()
	plan, err := physical.Encode(p)
	if err != nil {
		t.Fatal(err)
	}
	parallelism := map[int]int{}
	for _, s := range p.Stages {
		if s.Parallelism > 1 {
			parallelism[s.ID] = tasks
		}
	}
	data, err := json.Marshal(map[string]any{"name": "test", "plan": json.RawMessage(plan), "run": "test", "work": work, "settings": map[string]any{}, "max_errors": -1, "key_groups": 64,
		"worker": []string{f.weir, "worker"}, "parallelism": parallelism})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "job.json")
	if err := os.WriteFile(name, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestFlinkPipelines: every pipeline gives, on Flink itself, the rows of a local run.
func TestFlinkPipelines(t *testing.T) {
	f := startFlink(t)
	everyPipeline(t, func(t *testing.T, p *physical.Plan, _ *op.Catalogue) {
		dir := t.TempDir()
		f.tell(t, "run", f.write(t, p, dir, filepath.Join(dir, "work"), 2))
		if got := f.wait(t, t.Context()); got != "ended SUCCEEDED" {
			t.Fatal(strings.ReplaceAll(got, "\t", "\n"))
		}
	})
}

// TestFlinkKills: on Flink itself, workers are killed, and jobs are stopped and resumed at another parallelism, at random; the output is that of an undisturbed local
// run.
func TestFlinkKills(t *testing.T) {
	f := startFlink(t)
	for name, src := range flows {
		t.Run(name, func(t *testing.T) {
			first, n := seeds(t)
			hits := 0
			for seed := first; seed < first+(n+2)/3; seed++ {
				hits += f.disturbed(t, src, uint64(seed))
			}
			if n > 1 && hits == 0 {
				t.Error("nothing has hit a job that runs")
			}
		})
	}
}

// disturbed runs a pipeline with kills and stops, whose number it gives, and checks what it leaves.
func (f *flink) disturbed(t *testing.T, src string, seed uint64) int {
	t.Helper()
	random, begin := rand.New(rand.NewPCG(seed, 11)), time.Now()
	dir, want := t.TempDir(), t.TempDir()
	input(t, dir, random, 200_000)
	if err := os.CopyFS(want, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	p, cat := plan(t, want, src, 2)
	if _, err := local.Run(t.Context(), p, local.Options{Catalogue: cat, Storage: localfile.New(), TempDir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	p, _ = plan(t, dir, src, 3)
	work, savepoint, kills, stops := filepath.Join(dir, "work"), "", 0, 0
	var ended string
	for ended != "ended SUCCEEDED" {
		f.tell(t, "run", f.write(t, p, t.TempDir(), work, 1+random.IntN(3)), savepoint)
		stopped := false
		for n := 1 + random.IntN(4); n > 0 && ended == "" && !stopped; {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(random.IntN(500))*time.Millisecond)
			ended = f.wait(t, ctx)
			cancel()
			switch workers := f.workers(t); {
			case ended != "" || len(workers) == 0:
				continue
			case stops < 3 && random.IntN(3) == 0:
				f.tell(t, "stop", t.TempDir())
				for answer := ""; ; {
					answer = f.wait(t, t.Context())
					if place, ok := strings.CutPrefix(answer, "stopped "); ok {
						if place != "-" {
							savepoint, stopped = place, true
							stops++
						}
						break
					}
					ended = answer
				}
			default:
				if syscall.Kill(workers[random.IntN(len(workers))], syscall.SIGKILL) == nil {
					kills++
				}
			}
			n--
		}
		if ended == "" {
			ended = f.wait(t, t.Context())
		}
		if ended != "ended SUCCEEDED" {
			t.Fatalf("seed %d, after %d kills and %d stops: %s", seed, kills, stops, strings.ReplaceAll(ended, "\t", "\n"))
		}
		if stopped { // it has not reached its end
			ended = ""
		}
	}
	t.Logf("seed %d: %d kills, %d stops, %v", seed, kills, stops, time.Since(begin).Round(time.Millisecond))
	removeStaged(t, filepath.Join(dir, "out"))
	w, g := outcome(t, want), outcome(t, dir)
	for name := range w {
		if g[name] != w[name] {
			t.Errorf("seed %d, after %d kills and %d stops: %s is another: %d and %d bytes\n%s", seed, kills, stops, name, len(g[name]), len(w[name]), difference(g[name], w[name]))
		}
	}
	for name := range g {
		if _, is := w[name]; !is {
			t.Errorf("seed %d, after %d kills and %d stops: %s should not be there", seed, kills, stops, name)
		}
	}
	return kills + stops
}

// removeStaged removes what processes had staged when they were killed, and no checkpoint knows: what weir storage clean does.
func removeStaged(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(e.Name(), ".") && strings.Contains(e.Name(), ".part-") {
			return os.Remove(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
