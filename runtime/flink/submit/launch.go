package submit

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"weir/planner/physical"
)

// Job is what is to be submitted.
type Job struct {
	Plan        *physical.Plan // for at least two tasks, so that it can be spread
	Parallelism int            // of the stages that can be spread
	Settings    json.RawMessage
	MaxErrors   int64
	Weir        string // version
	Host        []byte // the jar of the host
}

// Tag is of all applications that Weir submits; each has one more, Tag-RUN.
const Tag = "weir"

// mainClass is the host's.
const mainClass = "weir.host.Main"

func newRun() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}

// Submit uploads what is needed and submits a job. It returns once the application master runs.
func (c *Cluster) Submit(ctx context.Context, j Job) (*Record, error) {
	plan, err := physical.Encode(j.Plan)
	if err != nil {
		return nil, err
	}
	run := newRun()
	file := &JobFile{Name: strings.TrimSuffix(filepath.Base(j.Plan.File), ".flow"), Plan: plan, Run: run, Work: c.runDir(run), Settings: j.Settings, MaxErrors: j.MaxErrors,
		KeyGroups: c.target.KeyGroups, Worker: []string{"./weir", "worker"}}
	return c.submit(ctx, file, spreadable(j.Plan), j.Parallelism, "", "", j.Weir, j.Host)
}

// Resume submits the job of a run anew, from its last checkpoint, or from the savepoint that is named instead of a run. Parallelism 0 leaves it as it was.
func (c *Cluster) Resume(ctx context.Context, what string, parallelism int, weir string, host []byte) (*Record, error) {
	var file *JobFile
	var origin, from string
	if strings.Contains(what, "://") {
		j, err := c.jobFile(ctx, beside(what))
		if err != nil {
			return nil, problem(codeRun, "no job file lies beside the savepoint "+what, "`weir savepoint` puts it there; `weir resume RUN` goes on from a run's last checkpoint", err)
		}
		file, from = j, what
	} else {
		r, err := c.Find(ctx, what)
		if err != nil {
			return nil, err
		}
		s, err := c.Status(ctx, r)
		if err != nil {
			return nil, err
		}
		switch {
		case !s.Ended:
			return nil, problem(codeControl, "the run "+short(r.Run)+" goes on", "`weir cancel "+short(r.Run)+"` ends it; `weir scale` changes its parallelism while it runs", nil)
		case s.State == StateFinished:
			return nil, problem(codeControl, "the run "+short(r.Run)+" has finished: there is nothing to go on with", "", nil)
		}
		if file, err = c.JobFile(ctx, r); err != nil {
			return nil, err
		}
		if from, err = c.lastCheckpoint(ctx, r); err != nil {
			return nil, err
		}
		origin = r.Run
		if from == "" {
			c.events.note("the run has no checkpoint yet: it begins anew")
		} else {
			c.events.note("resuming from %s", from)
		}
	}
	if parallelism == 0 {
		parallelism = 1
		for _, n := range file.Parallelism {
			parallelism = max(parallelism, n)
		}
	}
	if parallelism > file.KeyGroups {
		return nil, problem(codeControl, fmt.Sprintf("the run has %d key groups, and no more tasks", file.KeyGroups), "", nil)
	}
	file.Run = newRun()
	return c.submit(ctx, file, file.Spread, parallelism, from, origin, weir, host)
}

func (c *Cluster) submit(ctx context.Context, file *JobFile, spread []int, parallelism int, from, origin, weir string, host []byte) (*Record, error) {
	if _, err := c.Check(ctx, false); err != nil {
		return nil, err
	}
	plan, err := file.DecodePlan()
	if err != nil {
		return nil, err
	}
	file.Spread, file.Parallelism = spread, map[int]int{}
	for _, id := range spread {
		file.Parallelism[id] = parallelism
	}
	record := &Record{Run: file.Run, Name: file.Name, File: plan.File, PlanHash: plan.Hash, Weir: weir, Flink: c.flink.version, Submitted: time.Now().UTC().Truncate(time.Millisecond),
		Parallelism: parallelism, KeyGroups: file.KeyGroups, Queue: c.target.Queue, Work: file.Work, Checkpoints: c.runDir(file.Run) + "/checkpoints", From: from, Resumes: origin}
	lib, plugins, err := c.uploadFlink(ctx)
	if err != nil {
		return nil, err
	}
	program, err := c.uploadProgram(ctx)
	if err != nil {
		return nil, err
	}
	jar, err := c.putBytes(ctx, "host.jar", host)
	if err != nil {
		return nil, err
	}
	name := c.runDir(file.Run) + "/job.json"
	if err := c.saveJobFile(ctx, name, file); err != nil {
		return nil, err
	}
	options := c.options(record, lib, plugins, program)
	args := []string{"run-application", "-t", "yarn-application"}
	for _, key := range slices.Sorted(maps.Keys(options)) {
		args = append(args, "-D"+key+"="+options[key])
	}
	args = append(args, "-c", mainClass, jar, "--job", name)
	err = c.launch(ctx, args, func(application string) error {
		record.Application = application
		return c.saveRecord(ctx, record)
	})
	if err != nil {
		return nil, err
	}
	return record, c.applyScaling(ctx, record, file)
}

// options are those of Flink for a run.
func (c *Cluster) options(r *Record, lib, plugins, program string) map[string]string {
	t, dir := c.target, c.runDir(r.Run)
	mib := func(n int64) string { return fmt.Sprintf("%dm", n>>20) }
	o := map[string]string{
		"$internal.pipeline.job-id":           r.Run, // known before the job is, and the same for every application master
		"yarn.application.name":               "weir " + r.Name,
		"yarn.tags":                           Tag + "," + Tag + "-" + r.Run,
		"yarn.provided.lib.dirs":              lib,
		"yarn.ship-files":                     program,
		"yarn.application-attempts":           "1",
		"jobmanager.memory.process.size":      mib(t.JobManager),
		"taskmanager.memory.process.size":     mib(t.TaskManager),
		"taskmanager.numberOfTaskSlots":       strconv.Itoa(t.Slots),
		"taskmanager.memory.managed.fraction": "0.5", // the workers'; the host itself holds some packets
		"parallelism.default":                 strconv.Itoa(r.Parallelism),
		"pipeline.max-parallelism":            strconv.Itoa(r.KeyGroups),
		// Only the adaptive scheduler changes the parallelism of a job that runs.
		"jobmanager.scheduler": "adaptive",
		"jobmanager.adaptive-scheduler.resource-stabilization-timeout": "5s",
		"jobmanager.adaptive-scheduler.scaling-interval.min":           "1s",
		"execution.checkpointing.interval":                             t.CheckpointEvery.String(),
		"execution.checkpointing.mode":                                 "EXACTLY_ONCE",
		"execution.checkpointing.unaligned.enabled":                    "false",
		"execution.checkpointing.externalized-checkpoint-retention":    "RETAIN_ON_CANCELLATION",
		"execution.checkpointing.max-concurrent-checkpoints":           "1",
		"execution.checkpointing.tolerable-failed-checkpoints":         "100", // the next one is tried
		"execution.checkpointing.num-retained":                         "2",
		"execution.checkpointing.dir":                                  r.Checkpoints,
		"state.backend.type":                                           "hashmap", // the host keeps none: workers do
		// A failure that trying again cannot mend ends the job by itself; others are tried again, ever later, for some minutes.
		"restart-strategy.type":                                            "exponential-delay",
		"restart-strategy.exponential-delay.initial-backoff":               "1s",
		"restart-strategy.exponential-delay.max-backoff":                   "30s",
		"restart-strategy.exponential-delay.reset-backoff-threshold":       "10min",
		"restart-strategy.exponential-delay.attempts-before-reset-backoff": "20",
		"heartbeat.interval":                                               "4000",
		"heartbeat.timeout":                                                "20000",
		"jobmanager.archive.fs.dir":                                        dir + "/archive", // what Flink knew of the job at its end
		"classloader.check-leaked-classloader":                             "false",
	}
	if plugins != "" {
		o["yarn.provided.lib.dirs"] += ";" + plugins
	}
	if t.Queue != "" {
		o["yarn.application.queue"] = t.Queue
	}
	if t.ZooKeeper != "" {
		o["high-availability.type"] = "zookeeper"
		o["high-availability.zookeeper.quorum"] = t.ZooKeeper
		o["high-availability.zookeeper.path.root"] = "/weir"
		o["high-availability.storageDir"] = t.Dir + "/ha"
		o["yarn.application-attempts"] = strconv.Itoa(t.Attempts)
		o["yarn.application-attempt-failures-validity-interval"] = "600000"
	}
	if r.From != "" {
		o["execution.state-recovery.path"] = r.From
		o["execution.state-recovery.claim-mode"] = "NO_CLAIM" // what a run begins with stays as it is
	}
	if s := t.Scaling; s.Utilization > 0 {
		o["job.autoscaler.enabled"] = "true"
		o["job.autoscaler.target.utilization"] = strconv.FormatFloat(s.Utilization, 'g', -1, 64)
		o["job.autoscaler.vertex.min-parallelism"] = strconv.Itoa(s.Min)
		o["job.autoscaler.vertex.max-parallelism"] = strconv.Itoa(s.Max)
	}
	maps.Copy(o, t.Flink)
	return o
}

var applicationID = regexp.MustCompile(`Submitted application (application_[0-9]+_[0-9]+)`)

// launch runs Flink's client. It tells of the application as soon as YARN has it, and returns when it runs.
func (c *Cluster) launch(ctx context.Context, args []string, submitted func(application string) error) error {
	env, err := c.environment(ctx)
	if err != nil {
		return err
	}
	logs, err := os.MkdirTemp("", "weir-submit-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(logs) }() // nobody needs it
	cmd := exec.CommandContext(ctx, filepath.Join(c.flink.home, "bin", "flink"), args...)
	cmd.Env = append(env, "FLINK_LOG_DIR="+logs)
	// Ctrl-C is for weir to answer. A client that is ended takes the application with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	out, in := io.Pipe()
	cmd.Stdout, cmd.Stderr = in, in
	if err := cmd.Start(); err != nil {
		return problem(codeSubmit, "Flink's client does not start", "", err)
	}
	var tail []string
	var application string
	slow := false
	read := make(chan error, 1)
	go func() {
		var failed error
		s := bufio.NewScanner(out)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			line := s.Text()
			if tail = append(tail, line); len(tail) > 400 {
				tail = tail[1:]
			}
			if m := applicationID.FindStringSubmatch(line); m != nil && application == "" {
				application = m[1]
				c.events.note("YARN has the application %s", application)
				failed = submitted(application)
			}
			if strings.Contains(line, "Deployment took more than") && !slow {
				slow = true
				c.events.note("the application master does not run yet: the cluster may have no room for it, and `weir cluster` shows what it has")
			}
		}
		_, _ = io.Copy(io.Discard, out) // a line that is too long
		read <- failed
	}()
	err = cmd.Wait()
	_ = in.Close() // ends the reader
	rerr := <-read
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case rerr != nil:
		return rerr
	case err != nil:
		// A job that ends while the client still waits for it to begin is an error to the client: YARN knows better.
		if a, aerr := c.yarn.application(ctx, application); application != "" && aerr == nil && (a.State == "FINISHED" || a.State == "FAILED") {
			return nil
		}
		return problem(codeSubmit, "Flink's client could not submit the job: "+why(tail), "", nil)
	case application == "":
		return problem(codeSubmit, "Flink's client has submitted nothing: "+why(tail), "", nil)
	}
	return nil
}

// why finds in the output of a Java program what is wrong: the innermost cause of the last exception.
func why(lines []string) string {
	for i := len(lines) - 1; i >= 0; i-- {
		line := strings.TrimSpace(lines[i])
		if strings.HasPrefix(line, "Caused by: ") || strings.HasPrefix(line, "Error: ") {
			return reason(line)
		}
	}
	for i, line := range lines {
		if strings.Contains(line, "Exception: ") || strings.Contains(line, "ERROR") {
			return strings.TrimSpace(lines[i])
		}
	}
	if n := len(lines); n > 0 {
		return lines[n-1]
	}
	return "it said nothing"
}

// putBytes uploads what this program carries.
func (c *Cluster) putBytes(ctx context.Context, name string, data []byte) (string, error) {
	sum := sumOf(data)
	return c.put(ctx, sum, name, int64(len(data)), func() (io.Reader, error) { return strings.NewReader(string(data)), nil })
}

// applyScaling bounds the parallelism as the target says, once Flink has the job.
func (c *Cluster) applyScaling(ctx context.Context, r *Record, file *JobFile) error {
	if c.target.Scaling.Max == 0 {
		return nil
	}
	err := c.waitForJob(ctx, r)
	if err == nil {
		err = c.require(ctx, r, file, bounds{c.target.Scaling.Min, c.target.Scaling.Max})
	}
	if err != nil && ctx.Err() == nil {
		c.events.note("the bounds of `scaling` were not set: %v", err)
		err = nil
	}
	return err
}

func short(run string) string { return run[:min(len(run), 8)] }
