package submit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"weir/planner/physical"
)

// JobFile is what host and workers are told (docs/flink.md).
type JobFile struct {
	Name        string          `json:"name"`
	Plan        json.RawMessage `json:"plan"` // a physical plan, as physical.Encode writes it
	Run         string          `json:"run"`
	Work        string          `json:"work"` // folder of the run, of its first submission where it was resumed
	Settings    json.RawMessage `json:"settings"`
	MaxErrors   int64           `json:"max_errors"`
	KeyGroups   int             `json:"key_groups"`
	Parallelism map[int]int     `json:"parallelism,omitempty"` // by stage; over the plan's
	Spread      []int           `json:"spread,omitempty"`      // stages that may have any parallelism; the others have one task
	Worker      []string        `json:"worker"`
	Memory      int64           `json:"memory"` // of a worker, bytes; 0: its share of what Flink manages
}

// DecodePlan reads the plan.
func (j *JobFile) DecodePlan() (*physical.Plan, error) { return physical.Decode(j.Plan) }

// spreadable gives the stages that may have any parallelism: a plan for several tasks has those with more than one.
func spreadable(p *physical.Plan) []int {
	var ids []int
	for _, s := range p.Stages {
		if s.Parallelism > 1 {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// Record is what is kept of a run in DIR/runs/RUN/run.json, so that it is found from any machine.
type Record struct {
	Run         string    `json:"run"` // 32 hexadecimal digits; Flink's job has the same ID
	Name        string    `json:"name"`
	File        string    `json:"file"`
	PlanHash    string    `json:"plan_hash"`
	Weir        string    `json:"weir"`  // version
	Flink       string    `json:"flink"` // version
	Application string    `json:"application,omitempty"`
	Submitted   time.Time `json:"submitted"`
	Parallelism int       `json:"parallelism"`
	KeyGroups   int       `json:"key_groups"`
	Queue       string    `json:"queue,omitempty"`
	Work        string    `json:"work"`
	Checkpoints string    `json:"checkpoints"`    // folder
	From        string    `json:"from,omitempty"` // the checkpoint or savepoint that it began with
	Resumes     string    `json:"resumes,omitempty"`
}

func (c *Cluster) runDir(run string) string { return c.target.Dir + "/runs/" + run }

func (c *Cluster) saveRecord(ctx context.Context, r *Record) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return write(ctx, c.storage, c.runDir(r.Run)+"/run.json", strings.NewReader(string(data)+"\n"))
}

// Records gives all runs of the target's folder, the newest first.
func (c *Cluster) Records(ctx context.Context) ([]*Record, error) {
	files, err := c.storage.List(ctx, c.target.Dir+"/runs/*/run.json")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []*Record
	for _, f := range files {
		r, err := c.record(ctx, f.Path)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b *Record) int { return b.Submitted.Compare(a.Submitted) })
	return all, nil
}

func (c *Cluster) record(ctx context.Context, name string) (*Record, error) {
	data, err := read(ctx, c.storage, name)
	if err != nil {
		return nil, err
	}
	var r Record
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &r, nil
}

// Find finds a run by its ID, a beginning of it that no other has, or its application in YARN.
func (c *Cluster) Find(ctx context.Context, name string) (*Record, error) {
	if len(name) == 32 && isHex(name) {
		r, err := c.record(ctx, c.runDir(name)+"/run.json")
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return r, err
		}
	}
	all, err := c.Records(ctx)
	if err != nil {
		return nil, err
	}
	var found []*Record
	for _, r := range all {
		if name != "" && (strings.HasPrefix(r.Run, name) || r.Application == name) {
			found = append(found, r)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, problem(codeRun, fmt.Sprintf("no run is called %s", name), fmt.Sprintf("`weir status` lists the runs that %s/runs has", c.target.Dir), nil)
	}
	return nil, problem(codeRun, fmt.Sprintf("%d runs begin with %s", len(found), name), "write more of the ID: "+found[0].Run+", "+found[1].Run, nil)
}

func isHex(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'f') })
}

// JobFile reads the job file of a run.
func (c *Cluster) JobFile(ctx context.Context, r *Record) (*JobFile, error) {
	return c.jobFile(ctx, c.runDir(r.Run)+"/job.json")
}

func (c *Cluster) jobFile(ctx context.Context, name string) (*JobFile, error) {
	data, err := read(ctx, c.storage, name)
	if err != nil {
		return nil, err
	}
	var j JobFile
	if err := json.Unmarshal(data, &j); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &j, nil
}

func (c *Cluster) saveJobFile(ctx context.Context, name string, j *JobFile) error {
	data, err := json.MarshalIndent(j, "", "  ")
	if err != nil {
		return err
	}
	return write(ctx, c.storage, name, strings.NewReader(string(data)+"\n"))
}

// beside is where the job file of a savepoint lies.
func beside(savepoint string) string { return strings.TrimRight(savepoint, "/") + ".job.json" }
