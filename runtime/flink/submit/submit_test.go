package submit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/runtime/local"
	"weir/runtime/op"
	"weir/runtime/stage"
	"weir/runtime/storage/localfile"
)

const (
	runFinished = "c727f6fb094d09aa285bb511b73cfdf9"
	runStopped  = "fd2516dcd57aafd5f12e303ca29e7aaf"
	runCanceled = "3864ff575dcd55f2e9cf976b052de6f5"
	runFailed   = "b724dff427ae7313421c56cb7553d07c"
)

// fake is a YARN with one application, and Flink's job manager of it, which is asked through the proxy. Its answers are those of real ones.
type fake struct {
	t      *testing.T
	server *httptest.Server

	mu       sync.Mutex
	answers  map[string]string // by method and path
	requests []string          // method, path, body
	notes    []string
}

func newFake(t *testing.T) *fake {
	f := &fake{t: t, answers: map[string]string{}}
	f.server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.server.Close)
	f.answer("GET /ws/v1/cluster/info", `{"clusterInfo":{"id":1,"state":"STARTED","haState":"ACTIVE","hadoopVersion":"3.4.2"}}`)
	f.answer("GET /ws/v1/cluster/nodes", testdata(t, "yarn-nodes.json"))
	f.answer("GET /ws/v1/cluster/scheduler", testdata(t, "yarn-scheduler.json"))
	return f
}

func testdata(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func (f *fake) answer(request, body string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers[request] = body
}

func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = append(f.requests, strings.TrimSpace(r.Method+" "+r.URL.RequestURI()+" "+string(body)))
	answer, ok := f.answers[r.Method+" "+r.URL.Path]
	switch {
	case err != nil:
		w.WriteHeader(http.StatusInternalServerError)
	case !ok && strings.HasPrefix(r.URL.Path, "/proxy/") && r.Method == http.MethodPost:
		w.WriteHeader(http.StatusMethodNotAllowed)
	case !ok:
		w.WriteHeader(http.StatusNotFound)
		_, err = io.WriteString(w, `{"RemoteException":{"exception":"NotFoundException","message":"there is nothing at `+r.URL.Path+`"}}`)
	default:
		_, err = io.WriteString(w, answer)
	}
	if err != nil {
		f.t.Error(err)
	}
}

func (f *fake) asked(prefix string) (found []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.requests {
		if strings.HasPrefix(r, prefix) {
			found = append(found, r)
		}
	}
	return found
}

// cluster gives a cluster of the fake, whose folder is on this machine.
func (f *fake) cluster(change func(*Target)) *Cluster {
	f.t.Helper()
	dir := f.t.TempDir()
	conf := filepath.Join(dir, "conf")
	address := strings.TrimPrefix(f.server.URL, "http://")
	put(f.t, filepath.Join(conf, "yarn-site.xml"), `<configuration><property><name>yarn.resourcemanager.webapp.address</name><value>`+address+`</value></property></configuration>`)
	home := flinkHome(f.t, "flink-dist-1.20.1.jar")
	t := Target{FlinkHome: home, HadoopConf: conf, Dir: filepath.Join(dir, "weir"), KeyGroups: 128, Slots: 1, TaskManager: 1 << 30, JobManager: 1 << 30, CheckpointEvery: time.Second}
	if change != nil {
		change(&t)
	}
	if err := os.MkdirAll(t.Dir, 0o777); err != nil {
		f.t.Fatal(err)
	}
	c, err := Open(t, folders{&localfile.Local{}}, Events{Note: func(s string) { f.notes = append(f.notes, s) }})
	if err != nil {
		f.t.Fatal(err)
	}
	return c
}

// folders makes the folders of files, as HDFS does.
type folders struct{ op.Storage }

func (s folders) Create(ctx context.Context, path string, o op.CreateOptions) (op.StagedFile, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, err
	}
	return s.Storage.Create(ctx, path, o)
}

func put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o777); err != nil {
		t.Fatal(err)
	}
}

func flinkHome(t *testing.T, dist string) string {
	t.Helper()
	home := t.TempDir()
	put(t, filepath.Join(home, "bin", "flink"), "#!/bin/sh\necho 'Submitted application application_1_0001'\n")
	put(t, filepath.Join(home, "lib", dist), "dist")
	put(t, filepath.Join(home, "lib", "log4j-core.jar"), "log4j")
	put(t, filepath.Join(home, "lib", "flink-table-planner-loader-1.20.1.jar"), "tables")
	put(t, filepath.Join(home, "plugins", "metrics", "metrics.jar"), "metrics")
	return home
}

// run puts a run into the folder of a cluster, and what Flink has kept of it where archive is the name of a file.
func (f *fake) run(c *Cluster, id, archive string) *Record {
	f.t.Helper()
	r := &Record{Run: id, Name: "bad", Application: "application_1_0001", Submitted: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Parallelism: 2, KeyGroups: 128, Work: c.runDir(id),
		Checkpoints: c.runDir(id) + "/checkpoints"}
	if err := c.saveRecord(context.Background(), r); err != nil {
		f.t.Fatal(err)
	}
	put(f.t, c.runDir(id)+"/job.json", testdata(f.t, "job.json"))
	if archive != "" {
		put(f.t, c.runDir(id)+"/archive/"+id, testdata(f.t, archive))
	}
	return r
}

// application says what YARN knows of it.
func (f *fake) application(state, final, diagnostics string) {
	f.answer("GET /ws/v1/cluster/apps/application_1_0001", fmt.Sprintf(`{"app":{"id":"application_1_0001","user":"weir","state":%q,"finalStatus":%q,"diagnostics":%q,"startedTime":1000,"finishedTime":5000,
		"amRPCAddress":"N/A:-1","runningContainers":3,"allocatedMB":3584,"logAggregationStatus":"SUCCEEDED"}}`, state, final, diagnostics))
}

// The ends of real runs, as Flink has kept them.
func TestStatusEnded(t *testing.T) {
	for _, x := range []struct {
		run, archive string
		state        State
		completed    int
		failure      string
	}{
		{runFinished, "finished.json", StateFinished, 8, ""},
		{runStopped, "stopped.json", StateStopped, 31, ""},
		{runCanceled, "canceled.json", StateCanceled, 117, ""},
		{runFailed, "failed.json", StateFailed, 0, "W6222"},
	} {
		f := newFake(t)
		c := f.cluster(nil)
		r := f.run(c, x.run, x.archive)
		for _, known := range []bool{true, false} { // YARN forgets
			if known {
				f.application("FINISHED", "SUCCEEDED", "")
			} else {
				f.mu.Lock()
				delete(f.answers, "GET /ws/v1/cluster/apps/application_1_0001")
				f.mu.Unlock()
			}
			s, err := c.Status(context.Background(), r)
			if err != nil {
				t.Fatal(err)
			}
			if s.State != x.state || !s.Ended || x.completed > 0 && s.Checkpoints.Completed != x.completed {
				t.Errorf("%s: %s, ended %v, %+v", x.archive, s.State, s.Ended, s.Checkpoints)
			}
			var oe *op.Error
			if errors.As(s.Err(), &oe) && oe.Code != x.failure || (s.Err() == nil) != (x.failure == "") {
				t.Errorf("%s: %v", x.archive, s.Err())
			}
			if x.state == StateStopped && !strings.Contains(s.Checkpoints.Last, "/savepoints/savepoint-") {
				t.Errorf("stopped with %s", s.Checkpoints.Last)
			}
		}
	}
}

// A worker's failure is the error that a local run ends with.
func TestFailure(t *testing.T) {
	f := newFake(t)
	c := f.cluster(nil)
	f.application("FINISHED", "FAILED", "")
	s, err := c.Status(context.Background(), f.run(c, runFailed, "failed.json"))
	if err != nil {
		t.Fatal(err)
	}
	var oe *op.Error
	if !errors.As(s.Err(), &oe) {
		t.Fatal(s.Err())
	}
	want := op.Error{Code: "W6222", Node: "read_jsonl (bad.flow:3)", File: "bad.jsonl", Line: 2}
	if oe.Code != want.Code || oe.Node != want.Node || oe.File != want.File || oe.Line != want.Line || !strings.HasPrefix(oe.Error(), "bad.jsonl, line 2: `at`: ") {
		t.Errorf("%+v: %s", oe, oe)
	}
	bug := explain("java.io.IOException: worker has failed: weir-failure:{\"message\":\"a bug in sort (a.flow:3): index out of range\",\"node\":\"sort (a.flow:3)\",\"bug\":true,\"stack\":\"goroutine 1\"}\n\tat X", runFailed)
	var b *stage.Bug
	if !errors.As(bug, &b) || b.Error() != "a bug in sort (a.flow:3): index out of range" || string(b.Stack) != "goroutine 1" {
		t.Errorf("%#v", bug)
	}
	if err := explain("org.apache.flink.Some: no\nCaused by: java.lang.OutOfMemoryError: Java heap space\n\tat Y", runFailed); !strings.Contains(err.Error(), "Java heap space") {
		t.Error(err)
	}
}

// What was counted comes back as the counters of a local run do.
func TestProgress(t *testing.T) {
	f := newFake(t)
	c := f.cluster(nil)
	r := f.run(c, runFinished, "finished.json")
	f.application("FINISHED", "SUCCEEDED", "")
	s, err := c.Status(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	var pairs bool
	for _, n := range s.Summary().Nodes {
		pairs = pairs || n.RowsOut == 2_203_950
	}
	if !pairs {
		t.Errorf("%+v", s.Summary().Nodes)
	}
	for name, want := range map[string]string{"weir.3.rows_in": "3 rows_in true", "weir.12.named.cells": "12 named.cells true", "weir.x.y": "0 y false", "weir.3": "3  false", "other.3.x": "0  false"} {
		node, counter, ok := counterName(name)
		if got := fmt.Sprintf("%d %s %v", node, counter, ok); ok && got != want || !ok && !strings.HasSuffix(want, "false") {
			t.Errorf("%s: %s", name, got)
		}
	}
	for name, want := range map[string]int{"Source: splits of stage 0 -> stage 0: read_fasta, filter": 0, "stage 12: write_tsv": 12, "stage x: y": -1, "map": -1} {
		if v := (&vertex{Name: name}); v.stage() != want {
			t.Errorf("%s: %d", name, v.stage())
		}
	}
}

// While a run goes on, its job manager is asked, through the proxy where it cannot be reached.
func TestStatusRunning(t *testing.T) {
	f := newFake(t)
	c := f.cluster(nil)
	r := f.run(c, runFinished, "")
	f.application("ACCEPTED", "UNDEFINED", "")
	if s, err := c.Status(context.Background(), r); err != nil || s.State != StateWaiting || s.Ended {
		t.Errorf("%+v %v", s, err)
	}
	f.application("RUNNING", "UNDEFINED", "")
	if s, err := c.Status(context.Background(), r); err != nil || s.State != StateStarting {
		t.Errorf("%+v %v", s, err)
	}
	f.live("RUNNING", 2)
	s, err := c.Status(context.Background(), r)
	if err != nil || s.State != StateRunning || s.Ended || s.Containers != 3 || s.Checkpoints.Completed != 1 {
		t.Fatalf("%+v %v", s, err)
	}
	f.live("RESTARTING", 2)
	if s, err = c.Status(context.Background(), r); err != nil || s.State != StateRestarting {
		t.Fatalf("%+v %v", s, err)
	}
}

// live lets the proxy answer for a job of two stages.
func (f *fake) live(state string, tasks int) {
	base := "GET /proxy/application_1_0001/jobs/" + runFinished
	f.answer(base, fmt.Sprintf(`{"jid":%q,"state":%q,"duration":7000,"vertices":[
		{"id":"a","name":"Source: splits of stage 0 -> stage 0: read_jsonl","parallelism":%d,"status":"RUNNING","tasks":{"RUNNING":%d}},
		{"id":"b","name":"stage 1: aggregate","parallelism":%d,"status":"RUNNING","tasks":{"RUNNING":%d}},
		{"id":"c","name":"stage 2: write_jsonl","parallelism":1,"status":"RUNNING","tasks":{"RUNNING":1}}]}`, runFinished, state, tasks, tasks, tasks, tasks))
	f.answer(base+"/accumulators", `{"user-task-accumulators":[{"name":"weir.1.rows_in","type":"LongCounter","value":"13277"}]}`)
	f.answer(base+"/checkpoints", testdata(f.t, "flink-checkpoints.json"))
	f.answer(base+"/exceptions", `{"exceptionHistory":{"entries":[]}}`)
	f.answer(base+"/resource-requirements", `{"a":{"parallelism":{"lowerBound":1,"upperBound":2}},"b":{"parallelism":{"lowerBound":1,"upperBound":2}},"c":{"parallelism":{"lowerBound":1,"upperBound":1}}}`)
}

// Following ends when the run has, tells of failures in between once, and keeps on asking while the cluster does not answer.
func TestFollow(t *testing.T) {
	f := newFake(t)
	c := f.cluster(nil)
	r := f.run(c, runFinished, "")
	f.application("RUNNING", "UNDEFINED", "")
	f.live("RUNNING", 2)
	f.answer("GET /proxy/application_1_0001/jobs/"+runFinished+"/exceptions", `{"exceptionHistory":{"entries":[{"exceptionName":"java.lang.Exception","stacktrace":"java.lang.Exception: a worker was killed","timestamp":1000,"taskName":"x"}]}}`)
	file, err := c.JobFile(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := file.DecodePlan()
	if err != nil {
		t.Fatal(err)
	}
	updates := 0
	s, err := c.Follow(context.Background(), r, plan, func(p local.Progress) {
		if updates++; len(p.Stages) != len(plan.Stages) || p.Nodes[1].RowsIn != 13277 {
			t.Errorf("%+v", p)
		}
		if updates == 2 {
			put(t, c.runDir(runFinished)+"/archive/"+runFinished, testdata(t, "finished.json"))
			f.application("FINISHED", "SUCCEEDED", "")
		}
	})
	if err != nil || s.State != StateFinished || updates != 2 {
		t.Errorf("%+v %v, %d updates", s, err, updates)
	}
	if n := len(slices.DeleteFunc(slices.Clone(f.notes), func(s string) bool { return !strings.Contains(s, "a worker was killed") })); n != 1 {
		t.Errorf("%q", f.notes)
	}
}

// The stages that can be spread get new bounds, the others keep theirs; a checkpoint is asked for before.
func TestScale(t *testing.T) {
	f := newFake(t)
	c := f.cluster(nil)
	r := f.run(c, runFinished, "")
	f.application("RUNNING", "UNDEFINED", "")
	f.live("RUNNING", 2)
	base := "/proxy/application_1_0001/jobs/" + runFinished
	f.answer("PUT "+base+"/resource-requirements", `{}`)
	file, err := c.JobFile(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Scale(context.Background(), r, 4, false)
	if err != nil || s.To != 4 || s.Checkpoint { // the proxy lets no POST pass
		t.Fatalf("%+v %v", s, err)
	}
	asked := f.asked("PUT " + base)
	if len(asked) != 1 || len(f.asked("POST "+base+"/checkpoints")) != 1 {
		t.Fatalf("%q", f.requests)
	}
	var got map[string]requirement
	_, body, _ := strings.Cut(asked[0], "resource-requirements ")
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	for id, stage := range map[string]int{"a": 0, "b": 1, "c": 2} {
		want := bounds{1, 1}
		if id != "c" {
			want.Upper = 2
		}
		if slices.Contains(file.Spread, stage) {
			want = bounds{1, 4}
		}
		if got[id].Parallelism != want {
			t.Errorf("%s: %+v, want %+v (%v)", id, got[id], want, file.Spread)
		}
	}
	for _, n := range []int{0, file.KeyGroups + 1} {
		if _, err := c.Scale(context.Background(), r, n, false); err == nil {
			t.Errorf("scaled to %d", n)
		}
	}
}

// A run is found by a beginning of its ID that is its own, and by its application.
func TestFind(t *testing.T) {
	f := newFake(t)
	c := f.cluster(nil)
	f.run(c, runFinished, "")
	f.run(c, "c727"+strings.Repeat("0", 28), "")
	for name, want := range map[string]string{runFinished: runFinished, "c727f": runFinished, "c727": "2 runs begin with c727", "x": "no run is called x", "": "no run is called", "../..": "no run"} {
		r, err := c.Find(context.Background(), name)
		if err != nil && !strings.Contains(err.Error(), want) || err == nil && r.Run != want {
			t.Errorf("%q: %v %v", name, r, err)
		}
	}
}

// What is uploaded is uploaded once; what is not needed, never.
func TestUploadOnce(t *testing.T) {
	f := newFake(t)
	c := f.cluster(nil)
	var uploaded []string
	c.events.Uploading = func(u Uploaded) { uploaded = append(uploaded, u.Name) }
	for range 2 {
		lib, plugins, err := c.uploadFlink(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(lib, "flink-dist-1.20.1.jar")); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(filepath.Join(plugins, "metrics", "metrics.jar")); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(filepath.Join(lib, "flink-table-planner-loader-1.20.1.jar")); err == nil {
			t.Error("the tables were uploaded")
		}
		if _, err := c.putBytes(context.Background(), "host.jar", []byte("jar")); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"Flink 1.20.1", "host.jar"}; !slices.Equal(uploaded, want) {
		t.Errorf("%q", uploaded)
	}
}

// A job goes to Flink's client with the options that a run rests on, and its record is there as soon as YARN has it.
func TestSubmit(t *testing.T) {
	f := newFake(t)
	c := f.cluster(func(t *Target) {
		t.ZooKeeper, t.Attempts, t.Queue = "zk:2181", 3, "small"
		t.Flink = map[string]string{"heartbeat.timeout": "7000"}
		t.Scaling = Scaling{Min: 1, Max: 4, Utilization: 0.7}
	})
	t.Setenv("HADOOP_CLASSPATH", "/nowhere/*")
	args := filepath.Join(t.TempDir(), "args")
	put(t, filepath.Join(c.flink.home, "bin", "flink"), "#!/bin/sh\nprintf '%s\\n' \"$@\" >'"+args+"'\necho 'INFO YarnClientImpl [] - Submitted application application_1_0001'\n")
	var job JobFile
	if err := json.Unmarshal([]byte(testdata(t, "job.json")), &job); err != nil {
		t.Fatal(err)
	}
	plan, err := job.DecodePlan()
	if err != nil {
		t.Fatal(err)
	}
	c.target.Scaling.Max = 0 // there is no job whose bounds could be set
	r, err := c.Submit(context.Background(), Job{Plan: plan, Parallelism: 3, Weir: "test", Host: []byte("jar")})
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(args)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	for _, want := range []string{"run-application", "-D$internal.pipeline.job-id=" + r.Run, "-Djobmanager.scheduler=adaptive", "-Dexecution.checkpointing.mode=EXACTLY_ONCE", "-Dheartbeat.timeout=7000",
		"-Dyarn.application-attempts=3", "-Dhigh-availability.zookeeper.quorum=zk:2181", "-Dyarn.application.queue=small", "-Dparallelism.default=3", "-Dyarn.tags=weir,weir-" + r.Run,
		"-Dexecution.checkpointing.dir=" + r.Checkpoints, "-Djobmanager.archive.fs.dir=" + c.runDir(r.Run) + "/archive", "-Djob.autoscaler.target.utilization=0.7", "weir.host.Main"} {
		if !slices.Contains(lines, want) {
			t.Errorf("%s is missing of %q", want, lines)
		}
	}
	if again, err := c.Find(context.Background(), "application_1_0001"); err != nil || again.Run != r.Run || again.Parallelism != 3 {
		t.Errorf("%+v %v", again, err)
	}
	file, err := c.JobFile(context.Background(), r)
	if err != nil || file.Run != r.Run || file.Work != c.runDir(r.Run) || len(file.Spread) == 0 {
		t.Fatalf("%+v %v", file, err)
	}
	for _, id := range file.Spread {
		if file.Parallelism[id] != 3 {
			t.Errorf("stage %d has %d tasks", id, file.Parallelism[id])
		}
	}
	// Resumed, it goes on in the same folder, from the newest checkpoint that is complete.
	f.application("FINISHED", "KILLED", "")
	for _, name := range []string{"chk-9/_metadata", "chk-11/_metadata", "chk-12/part"} {
		put(t, r.Checkpoints+"/"+r.Run+"/"+name, "")
	}
	next, err := c.Resume(context.Background(), r.Run, 5, "test", []byte("jar"))
	if err != nil {
		t.Fatal(err)
	}
	if next.From != r.Checkpoints+"/"+r.Run+"/chk-11" || next.Resumes != r.Run || next.Work != r.Work || next.Run == r.Run || next.Parallelism != 5 {
		t.Errorf("%+v", next)
	}
}

// What is wrong with a cluster is said before anything is uploaded.
func TestCheck(t *testing.T) {
	for _, x := range []struct {
		what string
		set  func(*Target)
		want string
	}{
		{"", func(*Target) {}, ""},
		{"queue", func(t *Target) { t.Queue = "gold" }, "W6503 the cluster has no queue gold it has root.default, root.small"},
		{"queue by its path", func(t *Target) { t.Queue = "root.small" }, ""},
		{"memory", func(t *Target) { t.TaskManager = 1 << 40 }, "W6503 no machine of the cluster is large enough"},
		{"no Flink", func(t *Target) { t.FlinkHome = t.HadoopConf }, "W6502"},
		{"another Flink", func(x *Target) { x.FlinkHome = flinkHome(t, "flink-dist-1.19.2.jar") }, "W6502 this is Flink 1.19.2"},
		{"a next Flink", func(x *Target) { x.FlinkHome = flinkHome(t, "flink-dist-2.0.0.jar") }, "W6502 this is Flink 2.0.0"},
		{"a patched Flink", func(x *Target) { x.FlinkHome = flinkHome(t, "flink-dist-1.20.0-amzn-3.jar") }, ""},
		{"Scala in its name", func(x *Target) { x.FlinkHome = flinkHome(t, "flink-dist_2.12-1.13.6.jar") }, "W6502 this is Flink 1.13.6"},
	} {
		f := newFake(t)
		_, err := f.cluster(x.set).Check(context.Background(), true)
		got := ""
		var oe *op.Error
		if errors.As(err, &oe) {
			got = oe.Code + " " + oe.Message + " " + oe.Hint
		} else if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(got, x.want) || x.want == "" && got != "" {
			t.Errorf("%s: %s", x.what, got)
		}
	}
	f := newFake(t)
	c := f.cluster(nil)
	f.server.Close()
	if _, err := c.Check(context.Background(), true); !Environment(err) || !strings.Contains(err.Error(), "cannot be reached") {
		t.Error(err)
	}
}

// Hadoop's configuration: variables, two resource managers, HTTPS.
func TestResourceManagers(t *testing.T) {
	for conf, want := range map[string]string{
		"":                                  "http://127.0.0.1:8088",
		"yarn.resourcemanager.hostname=rm1": "http://rm1:8088",
		"yarn.resourcemanager.hostname=rm1 yarn.resourcemanager.webapp.address=${yarn.resourcemanager.hostname}:99":                                               "http://rm1:99",
		"yarn.http.policy=HTTPS_ONLY yarn.resourcemanager.hostname=rm1":                                                                                           "https://rm1:8090",
		"yarn.resourcemanager.ha.enabled=true yarn.resourcemanager.ha.rm-ids=a,b yarn.resourcemanager.hostname.a=one yarn.resourcemanager.webapp.address.b=two:1": "http://one:8088 http://two:1",
		"a=${b} b=${a} yarn.resourcemanager.hostname=${a}":                                                                                                        "",
	} {
		c := hadoopConf{}
		for _, p := range strings.Fields(conf) {
			name, value, _ := strings.Cut(p, "=")
			c[name] = value
		}
		if got := strings.Join(c.resourceManagers(), " "); got != want && want != "" {
			t.Errorf("%s: %s", conf, got)
		}
	}
}

// One that stands by does not answer for the cluster.
func TestStandby(t *testing.T) {
	f := newFake(t)
	standby := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	defer standby.Close()
	y := &yarn{client: http.DefaultClient, bases: []string{standby.URL, f.server.URL}}
	if i, err := y.info(context.Background()); err != nil || i.Version != "3.4.2" {
		t.Errorf("%+v %v", i, err)
	}
}

func TestReason(t *testing.T) {
	for trace, want := range map[string]string{
		"java.lang.Exception: a\n\tat X\nCaused by: java.io.IOException: b: c\n\tat Y": "b: c",
		"plain": "plain",
		"":      "",
		"org.apache.flink.runtime.rest.handler.RestHandlerException: Job not found": "Job not found",
	} {
		if got := reason(trace); got != want {
			t.Errorf("%q: %q", trace, got)
		}
	}
	if got := diagnosis("Application a failed\n[2026-11-24 16:49:31.590]Exit code: 1\n\n[2026-11-24 16:49:31.591]Exit code: 1\nFor more detailed output, check"); got != "Application a failed; Exit code: 1" {
		t.Error(got)
	}
}

// No answer of a server makes the client panic.
func FuzzAnswers(f *testing.F) {
	for _, name := range []string{"finished.json", "failed.json", "yarn-scheduler.json", "flink-job.json"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		_ = complaint("500", data)
		_ = explain(string(data), "x")
		_ = lastWords(string(data))
		_ = diagnosis(string(data))
		var q []queue
		leaves(data, "", &q, 0)
		var j job
		if json.Unmarshal(data, &j) == nil {
			progress(nil, &j, nil)
		}
	})
}
