package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"weir/runtime/flink/submit"
)

type statusCmd struct {
	clusterFlags
	JSON  bool   `name:"json" help:"One JSON document."`
	Wait  bool   `help:"Wait until the run has ended, and exit as weir run would."`
	Quiet bool   `short:"q" help:"With --wait: no progress and no summary."`
	Job   string `arg:"" optional:"" help:"A run: its ID or a beginning of it, or its application in YARN. Without one all runs are listed."`
}

func (c *statusCmd) Run(e *env) error {
	cluster, err := c.open(e)
	if err != nil {
		return err
	}
	if c.Job == "" {
		return c.list(e, cluster)
	}
	r, err := cluster.Find(e.ctx, c.Job)
	if err != nil {
		return clusterFailed(e, err)
	}
	if c.Wait {
		return c.wait(e, cluster, r)
	}
	s, err := cluster.Status(e.ctx, r)
	if err != nil {
		return clusterFailed(e, err)
	}
	if c.JSON {
		return writeJSON(e, s)
	}
	writeStatus(e, s)
	return nil
}

func (c *statusCmd) wait(e *env, cluster *submit.Cluster, r *submit.Record) error {
	file, err := cluster.JobFile(e.ctx, r)
	if err != nil {
		return clusterFailed(e, err)
	}
	plan, err := file.DecodePlan()
	if err != nil {
		return err
	}
	return follow(e, cluster, r, plan, "auto", c.Quiet)
}

func (c *statusCmd) list(e *env, cluster *submit.Cluster) error {
	records, err := cluster.Records(e.ctx)
	if err != nil {
		return clusterFailed(e, err)
	}
	all := make([]*submit.Status, 0, len(records))
	for _, r := range records {
		s, err := cluster.Status(e.ctx, r)
		if err != nil {
			return clusterFailed(e, err)
		}
		all = append(all, s)
	}
	if c.JSON {
		return writeJSON(e, map[string]any{"runs": all})
	}
	w := tabwriter.NewWriter(e.stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "run\tpipeline\tstate\tsubmitted\truns for\ttasks\tapplication")
	for _, s := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%s\n", s.Run[:8], s.Name, s.State, s.Submitted.Local().Format(time.DateTime), clock(s.Running), s.Parallelism, s.Application)
	}
	return w.Flush()
}

// writeStatus shows one run.
func writeStatus(e *env, s *submit.Status) {
	w := tabwriter.NewWriter(e.stdout, 0, 8, 2, ' ', 0)
	line := func(name, format string, args ...any) { fmt.Fprintf(w, "%s\t%s\n", name, fmt.Sprintf(format, args...)) }
	line("run", "%s", s.Run)
	line("pipeline", "%s (%s)", s.Name, s.File)
	line("state", "%s", s.State)
	line("submitted", "%s", s.Submitted.Local().Format(time.DateTime))
	line("runs for", "%s", clock(s.Running))
	line("application", "%s", s.Application)
	if s.Tracking != "" && !s.Ended {
		line("Flink's pages", "%s", s.Tracking)
	}
	if s.Containers > 0 {
		line("containers", "%d, %d MiB", s.Containers, s.Memory>>20)
	}
	if s.From != "" {
		line("began with", "%s", s.From)
	}
	for _, st := range s.Stages {
		line("vertex", "%s: %d tasks, %s", st.Name, st.Parallelism, st.State)
	}
	line("checkpoints", "%d completed, %d failed", s.Checkpoints.Completed, s.Checkpoints.Failed)
	if s.Checkpoints.Last != "" {
		line("last", "%s, %s bytes, %s", s.Checkpoints.LastTime.Local().Format(time.DateTime), thousands(s.Checkpoints.LastSize), s.Checkpoints.Last)
	}
	if s.Restarts > 0 {
		line("restarts", "%d", s.Restarts)
	}
	if s.Failure != "" {
		line("failure", "%s", s.Failure)
	}
	if err := w.Flush(); err != nil {
		fmt.Fprintln(e.stderr, "weir:", err)
	}
}
