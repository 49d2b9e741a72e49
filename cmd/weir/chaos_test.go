package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"weir/cmd/weir/internal/project"
	"weir/runtime/op"
)

// chaosFlow has what a long job has: keyed windows, a join of streams, file sinks, rejected rows.
const chaosFlow = `
type Event = { n: int, user: string, at: timestamp, amount: float }

let events = watch("in/", format: jsonl, as: Event) |> event_time(at, out_of_order: 2m, idle: 3s)
let big    = events |> filter(amount >= 95.0) |> select(user, big_n = n, big_at = at)

events |> window(tumbling(1m)) |> aggregate(by: user, c = count(), total = sum(amount)) |> write_jsonl("out/windows/")
events |> join(big, on: user, within: 5s) |> select(n, big_n, user) |> write_jsonl("out/near/")
events |> filter(n % 5 == 0) |> select(n, user, amount) |> write_jsonl("out/rows/")
events.rejected |> select(line, reason) |> write_jsonl("out/bad/")
`

const (
	chaosRows  = 4000 // of a file
	chaosUsers = 50
	// chaosPatience is how long a job may take to be where it should be.
	chaosPatience = 6 * time.Minute
)

type chaosEvent struct {
	N      int     `json:"n"`
	User   string  `json:"user"`
	At     string  `json:"at"`
	Amount float64 `json:"amount"`
	at     time.Time
}

// chaos is a job that is disturbed.
type chaos struct {
	t       *testing.T
	random  *rand.Rand
	dir     string // here, with weir.yaml
	root    string // in HDFS
	storage op.Storage
	run     string
	tasks   int
	files   int
	events  []chaosEvent
	bad     int
	log     []string
}

// TestChaos: whatever is killed, wherever it is scaled and taken up again, a job's output has every row, and none twice. WEIR_CHAOS_RUNS is the number of seeded runs (1), WEIR_CHAOS_SEED the
// first seed, WEIR_CHAOS_STEPS the disturbances of a run (4).
func TestChaos(t *testing.T) {
	if os.Getenv("WEIR_TEST_YARN") == "" {
		t.Skip("needs a cluster: .ci/cluster.sh with go test ./cmd/weir -run TestChaos")
	}
	number := func(name string, otherwise int) int {
		if s := os.Getenv(name); s != "" {
			n, err := strconv.Atoi(s)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		return otherwise
	}
	first := number("WEIR_CHAOS_SEED", int(time.Now().Unix()%1_000_000))
	for seed := first; seed < first+number("WEIR_CHAOS_RUNS", 1); seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { newChaos(t, uint64(seed)).play(number("WEIR_CHAOS_STEPS", 4)) })
	}
}

func newChaos(t *testing.T, seed uint64) *chaos {
	c := &chaos{t: t, random: rand.New(rand.NewPCG(seed, 11)), dir: t.TempDir(), tasks: 2}
	base := fmt.Sprintf("hdfs://%s/chaos-%d-%d", os.Getenv("WEIR_TEST_HDFS"), os.Getpid(), seed)
	c.root = base + "/project"
	yaml := fmt.Sprintf(`target: yarn
targets:
  yarn:
    kind: yarn
    dir: %s/weir
    root: %s
    parallelism: 2
    key_groups: 64
    taskmanager_memory: 1GiB
    jobmanager_memory: 1GiB
    checkpoint_every: 1s
    ha: { zookeeper: "%s" }
    flink:
      jobmanager.bind-host: 127.0.0.1
      taskmanager.bind-host: 127.0.0.1
      taskmanager.host: 127.0.0.1
      rest.bind-address: 127.0.0.1
`, base, c.root, os.Getenv("WEIR_TEST_ZK"))
	for name, text := range map[string]string{"weir.yaml": yaml, "job.flow": chaosFlow} {
		if err := os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	p := &project.Project{Target: "x", Targets: map[string]project.Target{"x": {}}}
	c.storage = storages(&env{ctx: t.Context(), stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard}, p, "")
	return c
}

// play runs the job, disturbs it, and looks at what it leaves.
func (c *chaos) play(steps int) {
	c.feed() // so that the folder is there
	c.run = strings.TrimSpace(c.weir("submit", "job.flow"))
	defer func() {
		if c.t.Failed() {
			c.t.Logf("disturbances: %s", strings.Join(c.log, "; "))
			out, _ := c.try("logs", c.run)
			c.t.Logf("%s", last(out, 20_000))
		}
		_, _ = c.try("cancel", c.run)
	}()
	c.await()
	for range steps {
		c.disturb()
		c.feed()
		c.await()
	}
	c.close()
	c.t.Logf("%d rows, %d disturbances: %s", len(c.events), steps, strings.Join(c.log, "; "))
}

// weir runs a command that must succeed.
func (c *chaos) weir(args ...string) string {
	c.t.Helper()
	out, err := c.try(args...)
	if err != nil {
		c.t.Fatalf("weir %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (c *chaos) try(args ...string) (string, error) {
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
func (c *chaos) script(args ...string) string {
	c.t.Helper()
	args = append([]string{"../../.ci/cluster.sh"}, args...)
	out, err := exec.CommandContext(c.t.Context(), "bash", args...).CombinedOutput()
	if err != nil {
		c.t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return string(out)
}

var chaosBegin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// feed adds a file of 20 seconds of events.
func (c *chaos) feed() {
	var b bytes.Buffer
	for i := range chaosRows {
		n := len(c.events)
		at := chaosBegin.Add(time.Duration(c.files)*20*time.Second + time.Duration(i)*5*time.Millisecond + time.Duration(c.random.IntN(5000))*time.Millisecond)
		c.add(&b, chaosEvent{N: n, User: fmt.Sprintf("u%d", c.random.IntN(chaosUsers)), Amount: float64(c.random.IntN(400)) / 4, at: at})
		if c.random.IntN(1000) == 0 {
			c.bad++
			fmt.Fprintf(&b, "{\"n\":\"bad\"}\n")
		}
	}
	c.put(b.Bytes())
}

func (c *chaos) add(b *bytes.Buffer, e chaosEvent) {
	e.At = e.at.Format(time.RFC3339Nano)
	c.events = append(c.events, e)
	line, err := json.Marshal(e)
	if err != nil {
		c.t.Fatal(err)
	}
	b.Write(append(line, '\n'))
}

func (c *chaos) put(data []byte) {
	ctx := c.t.Context()
	f, err := c.storage.Create(ctx, fmt.Sprintf("%s/in/%04d.jsonl", c.root, c.files), op.CreateOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	c.files++
	_, err = f.Write(data)
	token, perr := f.Prepare()
	if err := errors.Join(err, perr, f.Close(), c.storage.Commit(ctx, token)); err != nil {
		c.t.Fatal(err)
	}
}

// lines gives the committed rows of a folder, sorted.
func (c *chaos) lines(folder string) []string {
	ctx := c.t.Context()
	files, err := c.storage.List(ctx, c.root+"/out/"+folder+"/")
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
		out = append(out, strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")...)
	}
	out = slices.DeleteFunc(out, func(s string) bool { return s == "" })
	slices.Sort(out)
	return out
}

// await waits until all that was fed has come out, as far as it waits for nothing else.
func (c *chaos) await() {
	c.t.Helper()
	want := len(c.rows())
	c.until("rows", func() bool { return len(c.lines("rows")) >= want && len(c.lines("bad")) >= c.bad })
	if got := len(c.lines("rows")); got > want {
		c.t.Fatalf("%d rows, more than %d", got, want)
	}
}

func (c *chaos) until(what string, ok func() bool) {
	c.t.Helper()
	for deadline := time.Now().Add(chaosPatience); !ok(); time.Sleep(500 * time.Millisecond) {
		if time.Now().After(deadline) {
			status, err := c.try("status", c.run)
			c.t.Fatalf("%s have not come: %v\n%s", what, err, status)
		}
	}
}

// disturb does something bad, or useful, to the job.
func (c *chaos) disturb() {
	cluster := os.Getenv("WEIR_TEST_YARN_DIR")
	kill := func(what, pattern string) {
		var pids []string
		for _, line := range strings.Split(c.script("containers", cluster), "\n") {
			if f := strings.SplitN(line, " ", 3); len(f) == 3 && strings.Contains(f[2], pattern) {
				pids = append(pids, f[0])
			}
		}
		if len(pids) == 0 {
			c.log = append(c.log, "no "+what+" to kill")
			return
		}
		pid := pids[c.random.IntN(len(pids))]
		c.log = append(c.log, "kill "+what)
		_ = exec.Command("kill", "-KILL", pid).Run() // it may have ended meanwhile
	}
	time.Sleep(time.Duration(c.random.IntN(2000)) * time.Millisecond)
	switch c.random.IntN(7) {
	case 0:
		kill("worker", "weir worker")
	case 1:
		kill("task manager", "YarnTaskExecutorRunner")
	case 2:
		kill("application master", "YarnApplicationClusterEntryPoint")
	case 3:
		node := fmt.Sprintf("nm%d", 1+c.random.IntN(3))
		c.log = append(c.log, "lose "+node)
		c.script("node", cluster, node, "lose")
		c.feed()
		time.Sleep(time.Duration(c.random.IntN(5000)) * time.Millisecond)
		c.script("node", cluster, node, "start")
	case 4, 5:
		c.tasks = 1 + (c.tasks+c.random.IntN(3))%4
		c.log = append(c.log, fmt.Sprintf("scale to %d", c.tasks))
		c.weir("scale", c.run, "-j", fmt.Sprint(c.tasks))
	case 6:
		c.tasks = 1 + c.random.IntN(4)
		c.log = append(c.log, fmt.Sprintf("savepoint, resume with %d", c.tasks))
		savepoint := strings.TrimSpace(c.weir("savepoint", "--stop", c.run))
		c.feed()
		c.run = strings.TrimSpace(c.weir("resume", "-d", "-j", fmt.Sprint(c.tasks), savepoint))
	}
}

// rows is what out/rows/ is to have.
func (c *chaos) rows() (out []string) {
	for _, e := range c.events {
		if e.N%5 == 0 {
			out = append(out, fmt.Sprintf(`{"n":%d,"user":"%s","amount":%s}`, e.N, e.User, chaosFloat(e.Amount)))
		}
	}
	slices.Sort(out)
	return out
}

func chaosFloat(x float64) string {
	s := strconv.FormatFloat(x, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// near is what out/near/ is to have.
func (c *chaos) near() (out []string) {
	byUser := map[string][]chaosEvent{}
	for _, e := range c.events {
		byUser[e.User] = append(byUser[e.User], e)
	}
	for _, events := range byUser {
		for _, b := range events {
			if b.Amount < 95 {
				continue
			}
			for _, e := range events {
				if e.at.Sub(b.at).Abs() <= 5*time.Second {
					out = append(out, fmt.Sprintf(`{"n":%d,"big_n":%d,"user":"%s"}`, e.N, b.N, e.User))
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

// windows is what out/windows/ is to have.
func (c *chaos) windows() (out []string) {
	type key struct {
		user  string
		start time.Time
	}
	type sum struct {
		n     int
		total float64
	}
	sums := map[key]sum{}
	for _, e := range c.events {
		k := key{e.User, e.at.Truncate(time.Minute)}
		s := sums[k]
		sums[k] = sum{s.n + 1, s.total + e.Amount} // quarters: exact in any order
	}
	for k, s := range sums {
		out = append(out, fmt.Sprintf(`{"user":"%s","window_start":"%s","window_end":"%s","c":%d,"total":%s}`, k.user, k.start.Format(time.RFC3339), k.start.Add(time.Minute).Format(time.RFC3339), s.n,
			chaosFloat(s.total)))
	}
	slices.Sort(out)
	return out
}

// close lets all windows close and looks at everything.
func (c *chaos) close() {
	windows := c.windows()
	var b bytes.Buffer
	c.add(&b, chaosEvent{N: 5 * len(c.events), User: "last", at: chaosBegin.Add(24 * time.Hour)})
	c.put(b.Bytes())
	c.await()
	c.until("windows", func() bool { return len(c.lines("windows")) >= len(windows) })
	for name, want := range map[string][]string{"rows": c.rows(), "windows": windows, "near": c.near()} {
		if got := c.lines(name); !slices.Equal(got, want) {
			c.t.Errorf("%s: %d rows, want %d\n%s", name, len(got), len(want), chaosDifference(got, want))
		}
	}
	if got := c.lines("bad"); len(got) != c.bad {
		c.t.Errorf("%d rejected rows, want %d", len(got), c.bad)
	}
}

func chaosDifference(got, want []string) string {
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

func last(s string, n int) string { return s[max(0, len(s)-n):] }
