package main

import (
	"fmt"

	"weir/runtime/flink"
)

type resumeCmd struct {
	clusterFlags
	Parallelism int    `short:"j" placeholder:"N" help:"Tasks of a stage that can be spread; by default as many as before."`
	Detach      bool   `short:"d" help:"Do not follow the run."`
	Progress    string `default:"auto" enum:"auto,never" help:"auto shows progress: redrawn lines on a terminal, else a line every ten seconds."`
	Quiet       bool   `short:"q" help:"No progress and no summary."`
	Job         string `arg:"" help:"A run that has ended, or the path of a savepoint."`
}

func (c *resumeCmd) Run(e *env) error {
	cluster, err := c.open(e)
	if err != nil {
		return err
	}
	r, err := cluster.Resume(e.ctx, c.Job, c.Parallelism, version(), flink.Jar)
	if err != nil {
		return clusterFailed(e, err)
	}
	if c.Detach {
		fmt.Fprintf(e.stdout, "%s\n", r.Run)
		commands(e, r)
		return nil
	}
	file, err := cluster.JobFile(e.ctx, r)
	if err != nil {
		return clusterFailed(e, err)
	}
	plan, err := file.DecodePlan()
	if err != nil {
		return err
	}
	return follow(e, cluster, r, plan, c.Progress, c.Quiet)
}
