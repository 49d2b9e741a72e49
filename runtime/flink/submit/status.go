package submit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"weir/planner/physical"
	"weir/runtime/local"
	"weir/runtime/stage"
)

// State of a run.
type State string

// The states of a run.
const (
	StateWaiting    State = "waiting"    // in a queue of YARN
	StateStarting   State = "starting"   // its containers are being started
	StateRunning    State = "running"    //
	StateRestarting State = "restarting" // after a failure, or with another parallelism
	StateFinished   State = "finished"   // with all output committed
	StateStopped    State = "stopped"    // with a savepoint
	StateCanceled   State = "canceled"   //
	StateFailed     State = "failed"     //
)

// Status is what is known of a run.
type Status struct {
	*Record
	State       State         `json:"state"`
	Ended       bool          `json:"ended"`
	Running     time.Duration `json:"running_ns"`
	Stages      []StageStatus `json:"stages,omitempty"`
	Containers  int           `json:"containers,omitempty"`
	Memory      int64         `json:"memory,omitempty"` // bytes, of all containers
	Restarts    int           `json:"restarts"`         // as far as Flink remembers
	Checkpoints Checkpoints   `json:"checkpoints"`
	Failure     string        `json:"failure,omitempty"`
	Tracking    string        `json:"tracking,omitempty"` // URL of Flink's pages

	failure  error
	failures []exception
	progress local.Progress
	lost     bool // nothing is known of how it ended
}

// StageStatus is a stage of a run.
type StageStatus struct {
	Stage       int    `json:"stage"`
	Name        string `json:"name"`
	Parallelism int    `json:"parallelism"`
	State       string `json:"state"` // as Flink calls it
}

// Checkpoints of a run.
type Checkpoints struct {
	Completed int       `json:"completed"`
	Failed    int       `json:"failed"`
	Restored  int       `json:"restored"`
	Last      string    `json:"last,omitempty"`
	LastTime  time.Time `json:"last_time,omitzero"`
	LastSize  int64     `json:"last_size,omitempty"`
	Duration  int64     `json:"last_duration_ms,omitempty"`
}

// Err is why the run failed: as a local run would have it; nil where it did not.
func (s *Status) Err() error { return s.failure }

// Summary is what the run did, as of a local run.
func (s *Status) Summary() *local.Summary {
	return &local.Summary{Nodes: s.progress.Nodes, Wall: s.progress.Elapsed, Resumable: s.Checkpoints.Completed > 0 || s.Checkpoints.Restored > 0}
}

// Progress is how far the run is, as of a local run. It needs Follow's plan.
func (s *Status) Progress() local.Progress { return s.progress }

// Status asks YARN and Flink for a run, and what they have kept of it.
func (c *Cluster) Status(ctx context.Context, r *Record) (*Status, error) {
	return c.status(ctx, r, nil)
}

func (c *Cluster) status(ctx context.Context, r *Record, plan *physical.Plan) (*Status, error) {
	s := &Status{Record: r, State: StateWaiting}
	app, err := c.find(ctx, r)
	if err != nil && !errors.Is(err, errNoApplication) {
		return nil, c.unreachable(err)
	}
	if app != nil {
		s.Tracking = strings.TrimRight(c.yarn.bases[c.yarn.current], "/") + "/proxy/" + app.ID + "/"
		if !app.ended() {
			s.Containers, s.Memory = app.Containers, app.MemoryMB<<20
			if app.State != "RUNNING" {
				return s, nil
			}
			s.State = StateStarting
			from := c.jobManager(app)
			j, err := observe(ctx, from, s, plan)
			if err == nil && !j.ended() {
				return s, nil
			}
			// The job manager is not there yet, is being replaced, or has ended meanwhile: what is kept says more. Until then it starts, or starts anew.
			if a, aerr := c.archive(ctx, r); aerr == nil {
				return s, c.fromArchive(ctx, a, s, plan)
			}
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			return s, nil
		}
	}
	s.Ended = true
	a, err := c.archive(ctx, r)
	if err == nil {
		return s, c.fromArchive(ctx, a, s, plan)
	}
	if !errors.Is(err, errNoArchive) {
		return nil, err
	}
	s.lost = true
	s.State = StateFailed
	switch {
	case app == nil && r.Application == "":
		s.fail(problem(codeLost, "the run was never submitted", "", nil))
	case app == nil:
		s.fail(problem(codeLost, "YARN does not know the application any more, and Flink has kept nothing of the run", "", nil))
	case app.State == "KILLED" || app.FinalStatus == "KILLED":
		s.State = StateCanceled
		s.Running = time.Duration(app.Finished-app.Started) * time.Millisecond
	case app.FinalStatus == "SUCCEEDED":
		s.State = StateFinished
		s.Running = time.Duration(app.Finished-app.Started) * time.Millisecond
	default:
		s.Running = time.Duration(app.Finished-app.Started) * time.Millisecond
		s.fail(problem(codeLost, "the application ended before the job did: "+diagnosis(app.Diagnostics), "`weir logs "+short(r.Run)+"` shows what its containers have said", nil))
	}
	return s, nil
}

func (s *Status) fail(err error) { s.failure, s.Failure = err, err.Error() }

// diagnosis is what YARN says of an end, in one line.
func diagnosis(text string) string {
	var lines []string
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if i := strings.Index(line, "]"); strings.HasPrefix(line, "[") && i > 0 { // the time
			line = line[i+1:]
		}
		if line == "" || strings.HasPrefix(line, "For more detailed output") || slices.Contains(lines, line) {
			continue
		}
		lines = append(lines, line)
	}
	if len(lines) == 0 {
		return "YARN does not say why"
	}
	const enough = 600
	out := strings.Join(lines, "; ")
	if len(out) > enough {
		out = out[:enough] + "…"
	}
	return out
}

// find gives the application of a run; one whose submitter died before it could write it down is found by its tag.
func (c *Cluster) find(ctx context.Context, r *Record) (*application, error) {
	if r.Application != "" {
		return c.yarn.application(ctx, r.Application)
	}
	all, err := c.yarn.applications(ctx, Tag+"-"+r.Run)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, errNoApplication
	}
	r.Application = all[0].ID
	return &all[0], nil
}

func (c *Cluster) fromArchive(ctx context.Context, a archive, s *Status, plan *physical.Plan) error {
	j, err := observe(ctx, a, s, plan)
	if err != nil {
		return err
	}
	s.Ended = true
	if j.State == "" {
		s.State = StateFailed
		s.fail(problem(codeLost, "what Flink has kept of the run says nothing of its end", "", nil))
	}
	return nil
}

// observe fills the status with what Flink says of the job.
func observe(ctx context.Context, from answers, s *Status, plan *physical.Plan) (*job, error) {
	base := "/jobs/" + s.Run
	var j job
	if err := from.ask(ctx, base, &j); err != nil {
		return nil, err
	}
	var acc accumulators
	var ck checkpoints
	var ex exceptions
	for path, out := range map[string]any{"/accumulators": &acc, "/checkpoints": &ck, "/exceptions": &ex} {
		if err := from.ask(ctx, base+path, out); err != nil {
			return nil, err
		}
	}
	s.Running = time.Duration(j.Duration) * time.Millisecond
	s.Checkpoints = Checkpoints{Completed: ck.Counts.Completed, Failed: ck.Counts.Failed, Restored: ck.Counts.Restored}
	for _, last := range []*snapshot{ck.Latest.Restored, ck.Latest.Completed} {
		if last != nil && last.Path != "" {
			s.Checkpoints.Last, s.Checkpoints.LastTime = last.Path, time.UnixMilli(last.Triggered).UTC()
			s.Checkpoints.LastSize, s.Checkpoints.Duration = last.Size, last.Duration
		}
	}
	s.failures = ex.History.Entries
	s.Restarts = len(s.failures)
	switch j.State {
	case "RUNNING":
		s.State = StateRunning
		for _, v := range j.Vertices {
			if v.Tasks["RUNNING"]+v.Tasks["FINISHED"] < v.Parallelism {
				s.State = StateStarting
			}
		}
	case "RESTARTING", "FAILING", "RECONCILING", "SUSPENDED":
		s.State = StateRestarting
	case "FINISHED":
		s.State, s.Ended = StateFinished, true
		if p := ck.Latest.Savepoint; p != nil && p.Kind == "SYNC_SAVEPOINT" {
			s.State = StateStopped
			s.Checkpoints.Last = p.Path
		}
	case "CANCELED", "CANCELLING":
		s.State, s.Ended = StateCanceled, j.State == "CANCELED"
	case "FAILED":
		s.State, s.Ended = StateFailed, true
		s.Restarts = max(s.Restarts-1, 0) // the last failure was none that it restarted after
		trace := ex.Root
		for _, e := range s.failures {
			if trace == "" || !strings.Contains(trace, failureMark) && strings.Contains(e.Trace, failureMark) {
				trace = e.Trace
			}
		}
		s.fail(explain(trace, s.Run))
	default:
		s.State = StateStarting
		if s.Restarts > 0 || ck.Counts.Restored > 0 {
			s.State = StateRestarting
		}
	}
	for _, v := range j.Vertices {
		s.Stages = append(s.Stages, StageStatus{v.stage(), v.Name, v.Parallelism, v.Status})
	}
	s.progress = progress(plan, &j, acc.All)
	return &j, nil
}

// progress puts Flink's answers into the form of a local run's.
func progress(plan *physical.Plan, j *job, counters []accumulator) local.Progress {
	p := local.Progress{Elapsed: time.Duration(j.Duration) * time.Millisecond, Nodes: map[int]stage.Counts{}}
	for _, a := range counters {
		node, name, ok := counterName(a.Name)
		n, err := strconv.ParseInt(a.Value, 10, 64)
		if !ok || err != nil {
			continue
		}
		k := p.Nodes[node]
		switch name {
		case "rows_in":
			k.RowsIn = n
		case "rows_out":
			k.RowsOut = n
		case "rejected":
			k.Rejected = n
		case "bytes":
			k.Bytes = n
		case "busy", "busy_ns":
			k.Busy = time.Duration(n)
		case "watermark", "watermark_ns", "memory": // a sum over subtasks says nothing
		default:
			if k.Named == nil {
				k.Named = map[string]int64{}
			}
			k.Named[strings.TrimPrefix(name, "named.")] = n
		}
		p.Nodes[node] = k
	}
	if plan == nil {
		return p
	}
	ended := map[int]bool{}
	for _, st := range plan.Stages {
		sp := local.StageProgress{ID: st.ID, Tasks: st.Parallelism, Waiting: true}
		for _, v := range j.Vertices {
			if v.stage() != st.ID {
				continue
			}
			sp.Tasks = v.Parallelism
			sp.Ended = v.Status == "FINISHED"
			sp.Waiting = !sp.Ended && v.Tasks["RUNNING"] == 0
			sp.Blocked = time.Duration(v.Metrics.Backpressured) * time.Millisecond
		}
		for _, before := range st.After {
			sp.Waiting = sp.Waiting || !ended[before] && !sp.Ended
		}
		ended[st.ID] = sp.Ended
		p.Stages = append(p.Stages, sp)
	}
	return p
}

// counterName takes weir.NODE.COUNTER apart.
func counterName(s string) (node int, name string, ok bool) {
	rest, ok := strings.CutPrefix(s, "weir.")
	number, name, found := strings.Cut(rest, ".")
	node, err := strconv.Atoi(number)
	return node, name, ok && found && err == nil
}

// lastCheckpoint finds the newest complete checkpoint of a run: what Flink says, or else what lies in the folder; "" where there is none.
func (c *Cluster) lastCheckpoint(ctx context.Context, r *Record) (string, error) {
	s, err := c.Status(ctx, r)
	if err != nil {
		return "", err
	}
	// A checkpoint is complete once its metadata is there.
	files, err := c.storage.List(ctx, r.Checkpoints+"/"+r.Run+"/chk-*/_metadata")
	if err != nil && !isNotExist(err) {
		return "", err
	}
	best, number := "", -1
	for _, f := range files {
		folder := strings.TrimSuffix(f.Path, "/_metadata")
		var n int
		if _, err := fmt.Sscanf(folder[strings.LastIndexByte(folder, '/')+1:], "chk-%d", &n); err == nil && n > number {
			best, number = folder, n
		}
	}
	if s.State == StateStopped && s.Checkpoints.Last != "" { // the savepoint that it was stopped with is newer than all of them
		return s.Checkpoints.Last, nil
	}
	if best == "" && r.From != "" {
		best = r.From
	}
	return best, nil
}

// MarshalJSON writes the whole status.
func (s *Status) MarshalJSON() ([]byte, error) {
	type plain Status
	out := struct {
		*plain
		Nodes map[int]stage.Counts `json:"nodes,omitempty"`
	}{(*plain)(s), s.progress.Nodes}
	return json.Marshal(out)
}
