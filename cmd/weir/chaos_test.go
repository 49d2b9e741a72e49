package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
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
	*yarn
	random *rand.Rand
	run    string
	tasks  int
	files  int
	events []chaosEvent
	bad    int
	log    []string
}

// TestChaos: whatever is killed, wherever it is scaled and taken up again, a job's output has every row, and none twice. WEIR_CHAOS_RUNS is the number of seeded runs (1), WEIR_CHAOS_SEED the
// first seed (1), WEIR_CHAOS_KIND one kind of disturbance, WEIR_CHAOS_STEPS the disturbances of a run (4).
func TestChaos(t *testing.T) {
	needsYarn(t)
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
	first := number("WEIR_CHAOS_SEED", 1)
	for seed := first; seed < first+number("WEIR_CHAOS_RUNS", 1); seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { newChaos(t, uint64(seed)).play(number("WEIR_CHAOS_STEPS", 4)) })
	}
}

func newChaos(t *testing.T, seed uint64) *chaos {
	c := &chaos{yarn: newYarn(t, fmt.Sprintf("chaos-%d", seed)), random: rand.New(rand.NewPCG(seed, 11)), tasks: 2}
	c.write("job.flow", chaosFlow)
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
	c.put(fmt.Sprintf("in/%04d.jsonl", c.files), b.Bytes())
	c.files++
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

// await waits until all that was fed has come out, as far as it waits for nothing else.
func (c *chaos) await() {
	c.t.Helper()
	want := len(c.rows())
	c.until("rows", func() bool { return len(c.lines("out/rows/")) >= want && len(c.lines("out/bad/")) >= c.bad })
	if got := len(c.lines("out/rows/")); got > want {
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
	kind := c.random.IntN(7)
	if s := os.Getenv("WEIR_CHAOS_KIND"); s != "" { // always the same one
		kind, _ = strconv.Atoi(s)
	}
	switch kind {
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
	c.put(fmt.Sprintf("in/%04d.jsonl", c.files), b.Bytes())
	c.files++
	c.await()
	c.until("windows", func() bool { return len(c.lines("out/windows/")) >= len(windows) })
	for name, want := range map[string][]string{"rows": c.rows(), "windows": windows, "near": c.near()} {
		if got := c.lines("out/" + name + "/"); !slices.Equal(got, want) {
			c.t.Errorf("%s: %d rows, want %d\n%s", name, len(got), len(want), linesDifference(got, want))
		}
	}
	if got := c.lines("out/bad/"); len(got) != c.bad {
		c.t.Errorf("%d rejected rows, want %d", len(got), c.bad)
	}
}

func last(s string, n int) string { return s[max(0, len(s)-n):] }
