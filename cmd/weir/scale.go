package main

import (
	"fmt"
	"time"
)

type scaleCmd struct {
	clusterFlags
	Parallelism int    `short:"j" required:"" placeholder:"N" help:"Tasks of a stage that can be spread."`
	NoWait      bool   `name:"no-wait" help:"Do not wait until all tasks run again."`
	Job         string `arg:"" help:"A run: its ID or a beginning of it, or its application in YARN."`
}

func (c *scaleCmd) Run(e *env) error {
	cluster, err := c.open(e)
	if err != nil {
		return err
	}
	r, err := cluster.Find(e.ctx, c.Job)
	if err != nil {
		return clusterFailed(e, err)
	}
	s, err := cluster.Scale(e.ctx, r, c.Parallelism, !c.NoWait)
	if err != nil {
		return clusterFailed(e, err)
	}
	if s.Took > 0 {
		fmt.Fprintf(e.stderr, "weir: all tasks run again after %s\n", s.Took.Round(100*time.Millisecond))
	}
	fmt.Fprintf(e.stdout, "%s %d → %d\n", r.Run[:8], s.From, s.To)
	return nil
}
