package main

type logsCmd struct {
	clusterFlags
	Job string `arg:"" help:"A run: its ID or a beginning of it, or its application in YARN."`
}

func (c *logsCmd) Run(e *env) error {
	cluster, err := c.open(e)
	if err != nil {
		return err
	}
	r, err := cluster.Find(e.ctx, c.Job)
	if err != nil {
		return clusterFailed(e, err)
	}
	return clusterFailed(e, cluster.Logs(e.ctx, r, e.stdout))
}
