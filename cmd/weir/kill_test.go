package main

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/cmd/weir/internal/project"
	"weir/runtime/checkpoint"
	"weir/runtime/op"
)

// killSource is how all pipelines begin that are killed: they have rows, windows, groups, and rows that are rejected.
const killSource = `
param input: path = "in/"
param out: path = "out/"

type Row = { n: int, k: string, x: float, t: string }

let rows = read_jsonl(input, as: Row)
let kept = rows |> filter(n % 3 != 0) |> derive(m = n * 2, u = upper(k))
let windows = rows |> derive(at = 2026-01-01T00:00:00Z + 1ms * n) |> event_time(at) |> window(tumbling(2s)) |> aggregate(by: k, c = count(), total = sum(x))
let groups = rows |> aggregate(by: k, c = count(), total = sum(x), end = last(n), p = quantile(x, 0.5))
rows.rejected |> write_jsonl(out + "rejected.jsonl")
`

// kind is a kind of sink that runs are killed in.
type kind struct {
	name  string
	sinks string // of kept, windows and groups
	// out gives a new folder for the output, and where checkpoints are to be kept, a folder of this machine as well where that is "".
	out func(t *testing.T) (out, state string)
	// args are more of the command line.
	args func(r *rand.Rand) []string
	rows int // of each of the five files, 10,000 by default
	bad  int // one row in so many cannot be read
}

var kinds = []kind{
	{name: "file", sinks: `
kept |> write_tsv(out + "rows.tsv")
windows |> write_jsonl(out + "windows.jsonl")
groups |> write_csv(out + "groups.csv")
`},
	{name: "folder", sinks: `
kept |> write_jsonl(out + "rows/", roll: 200KiB)
windows |> write_tsv(out + "windows/")
groups |> write_csv(out + "groups/")
`},
	{name: "gzip", sinks: `
kept |> write_csv(out + "rows.csv.gz")
windows |> write_jsonl(out + "windows.jsonl.gz")
groups |> write_jsonl(out + "groups/")
`},
	{name: "parquet", sinks: `
kept |> write_parquet(out + "rows.parquet")
kept |> select(n, u) |> write_parquet(out + "parts/", roll: 100KiB)
windows |> write_parquet(out + "windows.parquet")
groups |> write_parquet(out + "groups.parquet")
`},
	{name: "rejected", bad: 3, sinks: `
rows |> derive(y = n // (n % 2)) |> write_tsv(out + "rows.tsv")
windows |> write_jsonl(out + "windows.jsonl")
`},
	{name: "spill", sinks: `
rows |> sort(desc(x), n) |> select(n, x, t) |> write_jsonl(out + "sorted.jsonl")
rows |> join(groups, on: k) |> select(n, c) |> write_tsv(out + "joined/")
rows |> distinct(on: t) |> select(n, t) |> write_jsonl(out + "distinct.jsonl")
windows |> write_jsonl(out + "windows.jsonl")
`, args: func(r *rand.Rand) []string { return []string{"--memory", []string{"1MiB", "8MiB", "64MiB"}[r.IntN(3)]} }},
	{name: "s3", out: killedInS3, rows: 20_000, sinks: `
kept |> write_tsv(out + "rows.tsv")
kept |> select(n, u) |> write_jsonl(out + "parts/")
windows |> write_jsonl(out + "windows.jsonl.gz")
groups |> write_parquet(out + "groups.parquet")
`},
	{name: "hdfs", out: killedInHDFS, sinks: `
kept |> write_tsv(out + "rows.tsv")
kept |> select(n, u) |> write_jsonl(out + "parts/")
windows |> write_jsonl(out + "windows.jsonl.gz")
groups |> write_parquet(out + "groups.parquet")
`},
}

// folders numbers the output folders of this process.
var folders int

func killedInS3(t *testing.T) (out, state string) {
	t.Helper()
	server := os.Getenv("WEIR_TEST_S3")
	if server == "" {
		t.Skip("WEIR_TEST_S3 names no server: `.ci/services.sh run COMMAND` starts one")
	}
	for name, value := range map[string]string{"AWS_ENDPOINT_URL_S3": server, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull} {
		t.Setenv(name, value)
	}
	bucket := fmt.Sprintf("killed-%d", os.Getpid())
	put, err := http.NewRequest(http.MethodPut, server+"/"+bucket, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(put)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	folders++
	if folders%2 == 0 {
		state = fmt.Sprintf("s3://%s/state%d/", bucket, folders)
	}
	return fmt.Sprintf("s3://%s/out%d/", bucket, folders), state
}

func killedInHDFS(t *testing.T) (out, state string) {
	t.Helper()
	name := os.Getenv("WEIR_TEST_HDFS")
	if name == "" {
		t.Skip("WEIR_TEST_HDFS names no cluster: `.ci/hdfs.sh with COMMAND` starts one")
	}
	t.Setenv("HADOOP_USER_NAME", "weir")
	folders++
	dir := fmt.Sprintf("hdfs://%s/killed-%d-%d/", name, os.Getpid(), folders)
	if folders%2 == 0 {
		state = dir + "state/"
	}
	return dir + "out/", state
}

// killInput writes files of rows; one row in so many is bad.
func killInput(t *testing.T, dir string, files, rows, bad int) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	n := 0
	for f := range files {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%03d.jsonl", f)), killRows(n, rows, bad), 0o666); err != nil {
			t.Fatal(err)
		}
		n += rows
	}
}

// killRows are rows with the numbers from first.
func killRows(first, rows, bad int) []byte {
	var b bytes.Buffer
	for n := first; n < first+rows; n++ {
		if n%bad == bad/2 {
			fmt.Fprintf(&b, "{\"n\":\"no number %d\",\"k\":\"x\"}\n", n)
			continue
		}
		fmt.Fprintf(&b, "{\"n\":%d,\"k\":\"user%d\",\"x\":%d.25,\"t\":\"some text that is long enough to fill parts, number %d\"}\n", n, n*7919%997, n*31%10007, n%5000)
	}
	return b.Bytes()
}

// outputs reads what a run wrote below a folder: single files as they are, the lines of all parts of a folder sorted; what is packed, unpacked.
func outputs(t *testing.T, storage op.Storage, out string, names []string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, name := range names {
		files, err := storage.List(t.Context(), out+name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		var b bytes.Buffer
		for _, f := range files {
			b.WriteString(content(t, storage, f.Path))
		}
		if !strings.HasSuffix(name, "/") {
			all[name] = b.String()
			continue
		}
		lines := strings.SplitAfter(b.String(), "\n")
		slices.Sort(lines)
		all[name] = strings.Join(lines, "")
	}
	return all
}

func content(t *testing.T, storage op.Storage, name string) string {
	t.Helper()
	if path.Ext(name) == ".parquet" {
		return parquetRows(t, name)
	}
	f, err := storage.Open(t.Context(), name, "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	switch path.Ext(name) {
	case ".gz":
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			t.Fatal(name, err)
		}
		if data, err = io.ReadAll(z); err != nil {
			t.Fatal(name, err)
		}
	case ".csv", ".tsv":
		if strings.Contains(path.Base(name), "part-") { // every part has a header
			_, rows, _ := bytes.Cut(data, []byte("\n"))
			data = rows
		}
	}
	return string(data)
}

// parquetRows reads a Parquet file: a row a line.
func parquetRows(t *testing.T, name string) string {
	t.Helper()
	flow := filepath.Join(t.TempDir(), "show.flow")
	if err := os.WriteFile(flow, []byte("param input: path\nread_parquet(input) |> write_jsonl(\"-\")\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	cmd, stderr := weir(t, "run", "-q", flow, "-p", "input="+name, "--checkpoint", "off")
	rows, err := cmd.Output()
	if err != nil {
		t.Fatal(name, err, stderr)
	}
	return string(rows)
}

// sinkNames finds the outputs of a pipeline in its text: `out + "name"`.
func sinkNames(flow string) (names []string) {
	for _, s := range strings.Split(flow, `out + "`)[1:] {
		name, _, _ := strings.Cut(s, `"`)
		names = append(names, name)
	}
	return names
}

// killer counts.
type killer struct {
	kills    int // as many are wanted
	done     int // processes that were killed
	running  int // of these, while the run went on, from a checkpoint or from the beginning
	recovery int // of these, processes that had been resumed and had not completed a checkpoint themselves
	ended    int // of these, after the last checkpoint: nothing was left but to commit
	resumed  int // processes that went on from a checkpoint
	runs     int // outputs that were compared
	repeated []time.Duration
}

// kills is how many kills of each kind there are.
func wantedKills(t *testing.T) int {
	t.Helper()
	kills := 4
	if testing.Short() {
		kills = 2
	}
	if s := os.Getenv("WEIR_KILLS"); s != "" {
		var err error
		if kills, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	return kills
}

// between is the time between two checkpoints of runs that are killed.
const between = 20 * time.Millisecond

// running is a process, with what it says.
type running struct {
	cmd   *exec.Cmd
	mu    sync.Mutex
	said  strings.Builder
	begun chan struct{} // closed when the run begins: what was compiled and read of a checkpoint is behind it
	at    time.Time     // of that
	ended chan struct{}
	err   error
}

// Write implements io.Writer: it is standard error.
func (r *running) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said.Write(p)
	if r.at.IsZero() && strings.Contains(r.said.String(), "can be watched") {
		r.at = time.Now()
		close(r.begun)
	}
	return len(p), nil
}

func (r *running) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.said.String()
}

// startRun starts a run that says when it begins.
func startRun(t *testing.T, args ...string) *running {
	t.Helper()
	cmd, _ := weir(t, append([]string{"run", "-q", "--ui", "127.0.0.1:0"}, args...)...)
	r := &running{cmd: cmd, begun: make(chan struct{}), ended: make(chan struct{})}
	cmd.Stderr = r
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // where the test has failed it may still go on
	go func() {
		r.err = cmd.Wait()
		close(r.ended)
	}()
	return r
}

// killAfter kills a run some time after its beginning, or, where early says so, after the start of its process. It gives the time of the kill, and whether the
// process was killed, and not at its end before.
func (r *running) killAfter(after time.Duration, early bool) (at time.Time, killed bool) {
	if !early {
		select {
		case <-r.begun:
		case <-r.ended:
		}
	}
	select {
	case <-time.After(after):
	case <-r.ended:
	}
	at = time.Now()
	_ = r.cmd.Process.Kill() // it may have ended
	<-r.ended
	var ee *exec.ExitError
	return at, errors.As(r.err, &ee) && ee.ExitCode() == -1
}

// newest gives the newest checkpoint; nil for none. A folder that cannot be read is one that a killed process has left so.
func newest(t *testing.T, storage op.Storage, state string) *checkpoint.Checkpoint {
	t.Helper()
	s, c, err := checkpoint.Open(t.Context(), storage, state)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Skipped) > 0 {
		t.Fatalf("a kill has damaged a checkpoint: %v", s.Skipped)
	}
	if c != nil {
		_ = c.Close() // read only
	}
	return c
}

// count notes a process that was killed: last is the checkpoint that there was before it.
func (k *killer) count(r *running, at time.Time, last, now *checkpoint.Checkpoint) {
	k.done++
	if r.at.IsZero() || at.Before(r.at) {
		return
	}
	k.running++
	from := r.at
	if now != nil && now.Time.After(from) {
		from = now.Time
	}
	switch {
	case now != nil && now.Finished:
		k.ended++
		return
	case last != nil && now.ID == last.ID:
		k.recovery++
	}
	k.repeated = append(k.repeated, at.Sub(from))
}

func (k *killer) report(t *testing.T) {
	t.Helper()
	slices.Sort(k.repeated)
	quantile := func(q float64) time.Duration {
		if len(k.repeated) == 0 {
			return 0
		}
		return k.repeated[int(q*float64(len(k.repeated)-1))].Round(100 * time.Microsecond)
	}
	t.Logf("%d kills: %d hit the running job, %d of these in recovery, %d in the last commit; %d times resumed, %d outputs right; work repeated, with a checkpoint every %v: median %v, p99 %v, most %v",
		k.done, k.running, k.recovery, k.ended, k.resumed, k.runs, between, quantile(.5), quantile(.99), quantile(1))
	if k.resumed == 0 {
		t.Error("no run went on from a checkpoint")
	}
}

// TestKilled: a run with checkpoints that is killed with SIGKILL at random moments, and resumed each time, writes every row once: as if nothing had
// happened. WEIR_KILLS is how many kills there are of each kind of sink; bench/runtime/kill.sh runs a thousand.
func TestKilled(t *testing.T) {
	for i, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) { kind.kill(t, uint64(i), wantedKills(t)) })
	}
	t.Run("watch", func(t *testing.T) {
		killWatch(t, func(t *testing.T) string { folders++; return filepath.Join(t.TempDir(), fmt.Sprint(folders)) + "/" })
	})
	t.Run("watch s3", func(t *testing.T) { killWatch(t, func(t *testing.T) string { out, _ := killedInS3(t); return out }) })
	t.Run("watch hdfs", func(t *testing.T) { killWatch(t, func(t *testing.T) string { out, _ := killedInHDFS(t); return out }) })
}

func (c *kind) kill(t *testing.T, seed uint64, kills int) {
	dir := t.TempDir()
	place := func() (out, state string) {
		if c.out != nil {
			out, state = c.out(t)
		} else {
			folders++
			out = filepath.Join(dir, fmt.Sprint("out", folders)) + "/"
		}
		if state == "" {
			folders++
			state = filepath.Join(dir, fmt.Sprint("state", folders)) + "/"
		}
		return out, state
	}
	wanted, state := place()
	killInput(t, filepath.Join(dir, "in"), 5, cmp.Or(c.rows, 10_000), cmp.Or(c.bad, 10007))
	flow := filepath.Join(dir, "kill.flow")
	if err := os.WriteFile(flow, []byte(killSource+c.sinks), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "weir.yaml"), []byte("targets: { local: { storage: { s3: { part_size: 5MiB } } } }\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	p, diags := project.Load(flow)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	storage := storages(&env{ctx: t.Context()}, p, "")
	names := append(sinkNames(c.sinks), "rejected.jsonl")
	args := func(out, state string) []string {
		return []string{flow, "-p", "input=" + dir + "/in/", "-p", "out=" + out, "--max-errors=-1", "--checkpoint", state, "--every", between.String(), "--resume"}
	}
	r := startRun(t, append(args(wanted, state), "-j", "1")...)
	if <-r.ended; r.err != nil {
		t.Fatal(r.err, r)
	}
	whole := time.Since(r.at)
	want := outputs(t, storage, wanted, names)
	for name, text := range want {
		if len(text) == 0 {
			t.Fatalf("%s is empty", name)
		}
	}
	random := rand.New(rand.NewPCG(uint64(kills), seed))
	k := &killer{kills: kills}
	for k.done < kills || k.resumed == 0 && k.done < 10*kills {
		out, state := place()
		more := []string{"-j", fmt.Sprint(1 + random.IntN(3))}
		if c.args != nil {
			more = append(more, c.args(random)...)
		}
		var last *checkpoint.Checkpoint
		for attempt := 0; ; attempt++ {
			r := startRun(t, append(args(out, state), more...)...)
			after, early := time.Duration(random.Int64N(int64(whole))), random.IntN(4) == 0
			switch {
			case early: // while it compiles, reads the checkpoint, restores
				after = time.Duration(random.Int64N(int64(60 * time.Millisecond)))
			case random.IntN(3) == 0: // soon: before it has got far
				after /= 10
			}
			if k.done >= kills && k.resumed > 0 || last != nil && last.Finished && random.IntN(2) == 0 { // nothing is left but to commit: not for ever
				after, early = time.Hour, false
			}
			at, killed := r.killAfter(after, early)
			if strings.Contains(r.String(), "resuming from checkpoint") {
				k.resumed++
			}
			if !killed {
				if r.err != nil {
					t.Fatalf("attempt %d: %v\n%s", attempt, r.err, r)
				}
				break
			}
			now := newest(t, storage, state)
			k.count(r, at, last, now)
			last = now
		}
		same(t, want, outputs(t, storage, out, names))
		k.runs++
		if k.runs == 1 { // to resume once more does nothing
			cmd, stderr := weir(t, append([]string{"run"}, args(out, state)...)...)
			if err := cmd.Run(); err != nil || !strings.Contains(stderr.String(), "had finished") {
				t.Fatal(err, stderr)
			}
			same(t, want, outputs(t, storage, out, names))
		}
		if c.out == nil {
			if err := errors.Join(os.RemoveAll(out), os.RemoveAll(state)); err != nil {
				t.Fatal(err)
			}
		}
	}
	k.report(t)
}

// watchFlow watches a folder: its windows close when the row comes that is far behind all others.
const watchFlow = `
param input: path = "in/"
param out: path = "out/"

type Row = { n: int, k: string, x: float, t: string }

let rows = watch(input, format: jsonl, as: Row, poll: 20ms)
let kept = rows |> filter(n % 3 != 0) |> derive(m = n * 2, u = upper(k))
let windows = rows |> derive(at = 2026-01-01T00:00:00Z + 1ms * n) |> event_time(at, out_of_order: 10m, idle: 100ms)
  |> window(tumbling(2s)) |> aggregate(by: k, c = count(), total = sum(x))
rows.rejected |> write_jsonl(out + "rejected/")
kept |> write_jsonl(out + "rows/")
windows |> write_csv(out + "windows/")
`

// killWatch: a run that watches a folder and never ends is killed and resumed, while files appear, in any order of their names: every file is read once, and every
// window comes once. place gives a new folder for what is watched, the output and the checkpoints.
func killWatch(t *testing.T, place func(t *testing.T) string) {
	const files, rows = 8, 2500
	dir := t.TempDir()
	flow := filepath.Join(dir, "watch.flow")
	text := watchFlow
	if strings.Contains(place(t), "://") {
		text = strings.Replace(text, "poll: 20ms", "poll: 200ms", 1)
	}
	if err := os.WriteFile(flow, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	p, diags := project.Load(flow)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	storage := storages(&env{ctx: t.Context()}, p, "")
	names := sinkNames(watchFlow)
	random := rand.New(rand.NewPCG(uint64(wantedKills(t)), 77))
	k := &killer{}
	var want map[string]string
	for k.done < wantedKills(t) || k.resumed == 0 {
		root := place(t)
		in, out, state := root+"in/", root+"out/", root+"state/"
		appear := func(n int, content []byte) {
			f, err := storage.Create(t.Context(), fmt.Sprintf("%s%03d.jsonl", in, n*37%101), op.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			_, err = f.Write(content)
			token, err2 := f.Prepare()
			if err := errors.Join(err, err2, f.Close(), storage.Commit(t.Context(), token)); err != nil {
				t.Fatal(err)
			}
		}
		start := func() *running {
			return startRun(t, flow, "-p", "input="+in, "-p", "out="+out, "--checkpoint", state, "--every", between.String(), "--resume", "-j", fmt.Sprint(1+random.IntN(3)))
		}
		// go on until the output of what there is has come, by so many lines.
		lines := func(name string, n int, r *running, meanwhile func()) {
			for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
				meanwhile()
				got := strings.Count(outputs(t, storage, out, []string{name})[name], "\n")
				if got >= n {
					return
				}
				if time.Now().After(deadline) {
					t.Fatalf("%s has %d lines instead of %d\n%s", name, got, n, r)
				}
				select {
				case <-r.ended:
					t.Fatal(r.err, r)
				default:
				}
			}
		}
		there := 0
		kill := func(times int) *running {
			var last *checkpoint.Checkpoint
			for {
				r := start()
				if times--; times < 0 || want == nil { // the first run is not killed
					return r
				}
				if there < files && random.IntN(2) == 0 {
					appear(there, killRows(there*rows, rows, 100))
					there++
				}
				at, _ := r.killAfter(time.Duration(random.Int64N(int64(400*time.Millisecond))), random.IntN(4) == 0)
				if strings.Contains(r.String(), "resuming from checkpoint") {
					k.resumed++
				}
				now := newest(t, storage, state)
				k.count(r, at, last, now)
				last = now
			}
		}
		r := kill(6)
		for ; there < files; there++ {
			appear(there, killRows(there*rows, rows, 100))
		}
		bad := files * rows / 100
		kept, windows := 0, map[string]bool{}
		for n := range files * rows {
			if n%100 == 50 {
				continue
			}
			if n%3 != 0 {
				kept++
			}
			windows[fmt.Sprint(n/2000, n*7919%997)] = true
		}
		lines("rows/", kept, r, func() {})
		lines("rejected/", bad, r, func() {})
		if want != nil {
			at, _ := r.killAfter(0, false)
			k.count(r, at, nil, newest(t, storage, state))
		} else {
			stop(t, r)
		}
		// How far event time had come is forgotten where a run goes on with fewer tasks, so that the end comes more than once.
		end := func() {
			appear(there, []byte("{\"n\":90000000,\"k\":\"the end\",\"x\":0.5,\"t\":\"\"}\n"))
			there++
		}
		end()
		r = kill(2)
		looks := 0
		lines("windows/", len(windows), r, func() {
			if looks++; looks%25 == 0 {
				end()
			}
		})
		stop(t, r)
		got := outputs(t, storage, out, names)
		for name := range got { // what is rejected says where it stood
			got[name] = strings.ReplaceAll(got[name], root, "")
		}
		if want == nil {
			want = got
		} else {
			same(t, want, got)
			k.runs++
		}
	}
	k.report(t)
}

// stop ends a run as Ctrl-C does.
func stop(t *testing.T, r *running) {
	t.Helper()
	<-r.begun
	if err := r.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	<-r.ended
	var ee *exec.ExitError
	if !errors.As(r.err, &ee) || ee.ExitCode() != exitInterrupted {
		t.Fatal(r.err, r)
	}
}

// same compares what two runs wrote.
func same(t *testing.T, want, got map[string]string) {
	t.Helper()
	for name := range want {
		if got[name] != want[name] {
			t.Fatalf("%s is not what an uninterrupted run writes: %d bytes instead of %d; %s", name, len(got[name]), len(want[name]), firstDifference(want[name], got[name]))
		}
	}
}

func firstDifference(want, got string) string {
	count := map[string]int{}
	for line := range strings.SplitSeq(want, "\n") {
		count[line]++
	}
	for line := range strings.SplitSeq(got, "\n") {
		count[line]--
	}
	for line, n := range count {
		switch {
		case n > 0:
			return fmt.Sprintf("lost: %q", line)
		case n < 0:
			return fmt.Sprintf("doubled: %q", line)
		}
	}
	return "the same lines in another order"
}
