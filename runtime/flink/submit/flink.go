package submit

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"
)

// flink speaks with the job manager of one application: directly, and where that cannot be reached, through YARN's proxy, which lets GET and PUT pass.
type flink struct {
	client *http.Client
	direct string // "": not known
	proxy  string
}

func (f *flink) do(ctx context.Context, method, path string, in, out any) error {
	var first error
	if f.direct != "" {
		first = call(ctx, f.client, method, f.direct+path, in, out)
		var status *statusError
		if first == nil || errors.As(first, &status) || ctx.Err() != nil {
			return first
		}
	}
	if f.proxy == "" {
		return first
	}
	if first != nil && method != http.MethodGet && method != http.MethodPut {
		return fmt.Errorf("the job manager at %s cannot be reached, and YARN's proxy passes only questions on: %w", f.direct, first)
	}
	err := call(ctx, f.client, method, f.proxy+path, in, out)
	if err != nil && first != nil {
		return errors.Join(first, err)
	}
	return err
}

// job is the state of a job.
type job struct {
	ID       string           `json:"jid"`
	Name     string           `json:"name"`
	State    string           `json:"state"` // INITIALIZING, CREATED, RUNNING, RESTARTING, FAILING, FAILED, CANCELLING, CANCELED, FINISHED, SUSPENDED, RECONCILING
	Start    int64            `json:"start-time"`
	End      int64            `json:"end-time"`
	Duration int64            `json:"duration"` // milliseconds
	Vertices []vertex         `json:"vertices"`
	Times    map[string]int64 `json:"timestamps"`
}

// ended reports that the job will not go on.
func (j *job) ended() bool {
	return j.State == "FINISHED" || j.State == "FAILED" || j.State == "CANCELED"
}

// vertex is a chain of operators that Flink runs together: a stage.
type vertex struct {
	ID             string         `json:"id"`
	Name           string         `json:"name"`
	Parallelism    int            `json:"parallelism"`
	MaxParallelism int            `json:"maxParallelism"`
	Status         string         `json:"status"`
	Start          int64          `json:"start-time"`
	End            int64          `json:"end-time"`
	Tasks          map[string]int `json:"tasks"`
	Metrics        struct {
		Backpressured float64 `json:"accumulated-backpressured-time"` // milliseconds, of all subtasks
		Idle          float64 `json:"accumulated-idle-time"`
		Busy          any     `json:"accumulated-busy-time"` // a number, or "NaN"
	} `json:"metrics"`
}

var stageName = regexp.MustCompile(`(?:^|-> |[ :])stage ([0-9]+): `)

// stage is the number of the stage that a vertex runs, by the name that the host gives it; -1 where it is none.
func (v *vertex) stage() int {
	m := stageName.FindStringSubmatch(v.Name)
	if m == nil {
		return -1
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return -1
	}
	return n
}

// accumulator is a counter, added up over subtasks.
type accumulator struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type accumulators struct {
	All []accumulator `json:"user-task-accumulators"`
}

// checkpoints is what Flink says of a job's checkpoints.
type checkpoints struct {
	Counts struct {
		Restored  int `json:"restored"`
		Total     int `json:"total"`
		Progress  int `json:"in_progress"`
		Completed int `json:"completed"`
		Failed    int `json:"failed"`
	} `json:"counts"`
	Latest struct {
		Completed *snapshot `json:"completed"`
		Savepoint *snapshot `json:"savepoint"`
		Restored  *snapshot `json:"restored"`
		Failed    *snapshot `json:"failed"`
	} `json:"latest"`
}

// snapshot is a checkpoint or savepoint.
type snapshot struct {
	ID        int64  `json:"id"`
	Triggered int64  `json:"trigger_timestamp"` // milliseconds
	Duration  int64  `json:"end_to_end_duration"`
	Size      int64  `json:"state_size"`
	Path      string `json:"external_path"`
	Savepoint bool   `json:"is_savepoint"`
	Kind      string `json:"checkpoint_type"` // CHECKPOINT, SAVEPOINT, SYNC_SAVEPOINT: one that the job has ended with
}

// exceptions is what has gone wrong in a job, the newest first.
type exceptions struct {
	Root    string `json:"root-exception"`
	History struct {
		Entries []exception `json:"entries"`
	} `json:"exceptionHistory"`
}

type exception struct {
	Name  string `json:"exceptionName"`
	Trace string `json:"stacktrace"`
	Time  int64  `json:"timestamp"` // milliseconds
	Task  string `json:"taskName"`
	Place string `json:"endpoint"`
	TM    string `json:"taskManagerId"`
}

// cancel ends a job; what is committed stays.
func (f *flink) cancel(ctx context.Context, id string) error {
	err := f.do(ctx, http.MethodPatch, "/jobs/"+url.PathEscape(id)+"?mode=cancel", nil, nil)
	var status *statusError
	if err != nil && !errors.As(err, &status) && f.proxy != "" { // the job manager cannot be reached: Flink has a question that cancels, for YARN's proxy
		return call(ctx, f.client, http.MethodGet, f.proxy+"/jobs/"+url.PathEscape(id)+"/yarn-cancel", nil, nil)
	}
	return err
}

// operation is something that takes a while.
type operation struct {
	Status struct {
		ID string `json:"id"` // IN_PROGRESS, COMPLETED
	} `json:"status"`
	Result struct {
		Location   string `json:"location"`
		Checkpoint int64  `json:"checkpointId"`
		Failure    *struct {
			Class string `json:"class"`
			Trace string `json:"stack-trace"`
		} `json:"failure-cause"`
	} `json:"operation"`
}

// operationPoll is how often an operation is asked whether it is done.
const operationPoll = 250 * time.Millisecond

// run starts an operation and waits for its end.
func (f *flink) run(ctx context.Context, path, status string, in any) (*operation, error) {
	var trigger struct {
		ID string `json:"request-id"`
	}
	if err := f.do(ctx, http.MethodPost, path, in, &trigger); err != nil {
		return nil, err
	}
	for {
		var o operation
		if err := f.do(ctx, http.MethodGet, status+url.PathEscape(trigger.ID), nil, &o); err != nil {
			return nil, err
		}
		if o.Status.ID != "IN_PROGRESS" {
			if o.Result.Failure != nil {
				return nil, errors.New(reason(o.Result.Failure.Trace))
			}
			return &o, nil
		}
		if err := sleep(ctx, operationPoll); err != nil {
			return nil, err
		}
	}
}

// savepoint makes one in a folder; with stop the job drains no further and ends once it is there.
func (f *flink) savepoint(ctx context.Context, id, dir string, stop bool) (string, error) {
	base := "/jobs/" + url.PathEscape(id)
	in := map[string]any{"target-directory": dir}
	path := base + "/savepoints"
	if stop {
		path = base + "/stop"
		in = map[string]any{"targetDirectory": dir, "drain": false}
	}
	o, err := f.run(ctx, path, base+"/savepoints/", in)
	if err != nil {
		return "", err
	}
	return o.Result.Location, nil
}

// checkpoint takes one now.
func (f *flink) checkpoint(ctx context.Context, id string) error {
	base := "/jobs/" + url.PathEscape(id) + "/checkpoints"
	_, err := f.run(ctx, base, base+"/", map[string]any{"checkpointType": "CONFIGURED"})
	return err
}

// bounds is between which parallelisms the adaptive scheduler may choose.
type bounds struct {
	Lower int `json:"lowerBound"`
	Upper int `json:"upperBound"`
}

type requirement struct {
	Parallelism bounds `json:"parallelism"`
}

func (f *flink) requirements(ctx context.Context, id string) (map[string]requirement, error) {
	out := map[string]requirement{}
	err := f.do(ctx, http.MethodGet, "/jobs/"+url.PathEscape(id)+"/resource-requirements", nil, &out)
	return out, err
}

func (f *flink) require(ctx context.Context, id string, r map[string]requirement) error {
	return f.do(ctx, http.MethodPut, "/jobs/"+url.PathEscape(id)+"/resource-requirements", r, nil)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
