package submit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"weir/planner/physical"
	"weir/runtime/local"
)

func isNotExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// followPoll is how often a run is asked how far it is.
const followPoll = time.Second

// lostPatience is for how long YARN may not answer before following gives up; the run goes on.
const lostPatience = 5 * time.Minute

// archivePatience is how long after an application's end the record of its job may come.
const archivePatience = 5 * time.Second

// Follow watches a run until it has ended. It gives the last status; an error is one of watching, or of ctx.
func (c *Cluster) Follow(ctx context.Context, r *Record, plan *physical.Plan, update func(local.Progress)) (*Status, error) {
	var lost time.Time
	seen := map[string]bool{}
	state := State("")
	for {
		s, err := c.status(ctx, r, plan)
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case err != nil && lost.IsZero():
			lost = time.Now()
			c.events.note("the cluster does not answer, and is asked again: %v", err)
		case err != nil && time.Since(lost) > lostPatience:
			return nil, err
		case err == nil:
			lost = time.Time{}
			c.tell(s, seen)
			if s.Ended {
				if s.lost && s.State != StateCanceled {
					return c.atLast(ctx, r, plan, s)
				}
				return s, nil
			}
			if s.State != state {
				if s.State == StateWaiting && state == "" {
					c.events.note("the application waits in the queue")
				}
				state = s.State
			}
			if len(s.progress.Stages) > 0 {
				update(s.progress)
			}
		}
		if err := sleep(ctx, followPoll); err != nil {
			return nil, err
		}
	}
}

// atLast waits a moment for the record of a job, which may come after the end of its application. Where none comes, what the application master has said
// last is the best that can be told.
func (c *Cluster) atLast(ctx context.Context, r *Record, plan *physical.Plan, s *Status) (*Status, error) {
	for end := time.Now().Add(archivePatience); time.Now().Before(end); {
		if err := sleep(ctx, operationPoll); err != nil {
			return nil, err
		}
		if next, err := c.status(ctx, r, plan); err == nil && !next.lost {
			return next, nil
		}
	}
	var text strings.Builder
	if s.State == StateFailed && c.gatheredLogs(ctx, r.Application, "", &limited{&text, 1 << 20}) == nil {
		if last := lastWords(text.String()); last != "" {
			s.fail(problem(codeLost, "the application ended before the job did: "+last, "`weir logs "+short(r.Run)+"` shows what its containers have said", nil))
		}
	}
	return s, nil
}

// limited writes until a number of bytes, and drops what comes behind.
type limited struct {
	w    io.Writer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	if n := min(len(p), l.left); n > 0 {
		l.left -= n
		if _, err := l.w.Write(p[:n]); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// lastWords is the cause of the last exception in logs; "" where there is none.
func lastWords(logs string) string {
	last := ""
	for _, line := range strings.Split(logs, "\n") {
		line = strings.TrimSpace(line)
		if f := parseFailure(line); f != nil {
			last = failureError(f).Error()
		} else if strings.HasPrefix(line, "Caused by: ") {
			last = reason(line)
		}
	}
	return last
}

// tell notes each failure that the job goes on after, once.
func (c *Cluster) tell(s *Status, seen map[string]bool) {
	for i, e := range slices.Backward(s.failures) {
		key := fmt.Sprint(e.Time, e.Name, e.Task)
		if seen[key] || s.State == StateFailed && i == 0 {
			continue
		}
		seen[key] = true
		what := reason(e.Trace)
		if f := parseFailure(e.Trace); f != nil {
			what = failureError(f).Error()
		}
		if what == "" {
			what = e.Name
		}
		c.events.note("%s: restarting after a failure: %s", time.UnixMilli(e.Time).Local().Format(time.TimeOnly), firstLine(what))
	}
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

// live gives the job manager of a run that goes on.
func (c *Cluster) live(ctx context.Context, r *Record) (*flink, error) {
	a, err := c.find(ctx, r)
	if err != nil && !errors.Is(err, errNoApplication) {
		return nil, c.unreachable(err)
	}
	if err != nil || a.ended() {
		return nil, problem(codeControl, "the run "+short(r.Run)+" has ended", "`weir status "+short(r.Run)+"` says how", nil)
	}
	return c.jobManager(a), nil
}

// waitForJob waits until Flink has the job.
func (c *Cluster) waitForJob(ctx context.Context, r *Record) error {
	for {
		f, err := c.live(ctx, r)
		if err != nil {
			return err
		}
		var j job
		if err := f.ask(ctx, "/jobs/"+r.Run, &j); err == nil && j.State != "INITIALIZING" && j.State != "" {
			return nil
		}
		if err := sleep(ctx, operationPoll); err != nil {
			return err
		}
	}
}

// Cancel ends a run, and waits until it has. What is committed stays; retained checkpoints do, too.
func (c *Cluster) Cancel(ctx context.Context, r *Record) (*Status, error) {
	a, err := c.find(ctx, r)
	if err != nil && !errors.Is(err, errNoApplication) {
		return nil, c.unreachable(err)
	}
	if err != nil || a.ended() {
		return c.Status(ctx, r)
	}
	if err := c.jobManager(a).cancel(ctx, r.Run); err != nil {
		// Not there yet, or not any more: then YARN ends the application.
		if kerr := c.yarn.kill(ctx, a.ID); kerr != nil {
			return nil, problem(codeControl, "the run cannot be canceled", "`yarn application -kill "+a.ID+"` ends the application", errors.Join(err, kerr))
		}
	}
	return c.Follow(ctx, r, nil, func(local.Progress) {})
}

// Savepoint makes a savepoint of a run that goes on, in a folder of its own below dir ("": the run's), and puts the job file beside it. With stop
// the run ends with it.
func (c *Cluster) Savepoint(ctx context.Context, r *Record, dir string, stop bool) (string, error) {
	f, err := c.live(ctx, r)
	if err != nil {
		return "", err
	}
	if dir == "" {
		dir = c.runDir(r.Run) + "/savepoints"
	}
	file, err := c.JobFile(ctx, r)
	if err != nil {
		return "", err
	}
	path, err := f.savepoint(ctx, r.Run, strings.TrimRight(dir, "/"), stop)
	if err != nil {
		return "", c.refused("no savepoint was made", err)
	}
	if file.Parallelism, err = c.parallelism(ctx, f, r, file); err != nil {
		c.events.note("the present parallelism is not known: %v", err)
	}
	if err := c.saveJobFile(ctx, beside(path), file); err != nil || !stop {
		return path, err
	}
	// The job has ended; the application does so a moment later, and only then can the run be taken up again.
	_, err = c.Follow(ctx, r, nil, func(local.Progress) {})
	return path, err
}

// parallelism is what the stages that can be spread have at present; what the job file says where the job has ended meanwhile.
func (c *Cluster) parallelism(ctx context.Context, f *flink, r *Record, file *JobFile) (map[int]int, error) {
	var j job
	if err := f.ask(ctx, "/jobs/"+r.Run, &j); err != nil {
		return file.Parallelism, nil //nolint:nilerr // stopped: the job manager is gone
	}
	out := map[int]int{}
	for _, v := range j.Vertices {
		if id := v.stage(); slices.Contains(file.Spread, id) {
			out[id] = v.Parallelism
		}
	}
	return out, nil
}

func (c *Cluster) refused(what string, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return problem(codeControl, what, "", err)
}

// Scaled is what Scale has done.
type Scaled struct {
	From, To   int
	Checkpoint bool          // one was taken before
	Took       time.Duration // from the request until all tasks ran again; 0 where it was not waited for
}

// Scale changes the parallelism of a run that goes on, without a new application: Flink restarts the job within it, from a checkpoint that is
// taken right before. With wait it returns when all tasks run again.
func (c *Cluster) Scale(ctx context.Context, r *Record, parallelism int, wait bool) (*Scaled, error) {
	f, err := c.live(ctx, r)
	if err != nil {
		return nil, err
	}
	file, err := c.JobFile(ctx, r)
	if err != nil {
		return nil, err
	}
	if parallelism < 1 || parallelism > file.KeyGroups {
		return nil, problem(codeControl, fmt.Sprintf("the parallelism is %d, and must be from 1 to %d, the key groups of the run", parallelism, file.KeyGroups), "", nil)
	}
	if len(file.Spread) == 0 {
		return nil, problem(codeControl, "no stage of the run can be spread", "each has one task, since it puts rows in order or is the only one that may write", nil)
	}
	out := &Scaled{To: parallelism}
	if now, err := c.parallelism(ctx, f, r, file); err == nil {
		for _, n := range now {
			out.From = max(out.From, n)
		}
	}
	switch err := f.checkpoint(ctx, r.Run); {
	case err == nil:
		out.Checkpoint = true
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	default:
		c.events.note("no checkpoint was taken before, so that work since the last one is done again: %v", err)
	}
	began := time.Now()
	if err := c.require(ctx, r, file, bounds{min(max(c.target.Scaling.Min, 1), parallelism), parallelism}); err != nil {
		return nil, c.refused("Flink does not take the parallelism", err)
	}
	for wait {
		s, err := c.status(ctx, r, nil)
		if err != nil {
			return nil, err
		}
		if s.Ended {
			return out, nil
		}
		if s.State == StateRunning && scaled(s, file.Spread, parallelism) {
			out.Took = time.Since(began)
			return out, nil
		}
		if err := sleep(ctx, operationPoll); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func scaled(s *Status, spread []int, parallelism int) bool {
	for _, st := range s.Stages {
		if slices.Contains(spread, st.Stage) && st.Parallelism != parallelism && st.State != "FINISHED" {
			return false
		}
	}
	return len(s.Stages) > 0
}

// require sets the bounds of the stages that can be spread.
func (c *Cluster) require(ctx context.Context, r *Record, file *JobFile, b bounds) error {
	f, err := c.live(ctx, r)
	if err != nil {
		return err
	}
	var j job
	if err := f.ask(ctx, "/jobs/"+r.Run, &j); err != nil {
		return err
	}
	all, err := f.requirements(ctx, r.Run)
	if err != nil {
		return err
	}
	for _, v := range j.Vertices {
		if slices.Contains(file.Spread, v.stage()) {
			all[v.ID] = requirement{b}
		}
	}
	return f.require(ctx, r.Run, all)
}

// Stdout writes what the sinks to standard output have written, stage by stage.
func (c *Cluster) Stdout(ctx context.Context, r *Record, w io.Writer) error {
	files, err := c.storage.List(ctx, r.Work+"/stdout/*")
	if isNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, i := range files {
		f, err := c.storage.Open(ctx, i.Path, i.Version)
		if err != nil {
			return err
		}
		_, err = io.Copy(w, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return nil
}
