package main

import "fmt"

type cancelCmd struct {
	clusterFlags
	Job string `arg:"" help:"A run: its ID or a beginning of it, or its application in YARN."`
}

func (c *cancelCmd) Run(e *env) error {
	cluster, err := c.open(e)
	if err != nil {
		return err
	}
	r, err := cluster.Find(e.ctx, c.Job)
	if err != nil {
		return clusterFailed(e, err)
	}
	s, err := cluster.Cancel(e.ctx, r)
	if err != nil {
		return clusterFailed(e, err)
	}
	fmt.Fprintf(e.stdout, "%s %s\n", r.Run[:8], s.State)
	return nil
}
