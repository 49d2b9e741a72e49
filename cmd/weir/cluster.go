package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"weir/cmd/weir/internal/project"
	"weir/runtime/flink/submit"
	"weir/runtime/op"
)

// clusterFlags name the cluster of a command that needs no pipeline.
type clusterFlags struct {
	Target string `placeholder:"NAME" help:"The target in weir.yaml; by default its target, or the only one of kind yarn."`
}

// open finds the target in the nearest weir.yaml at or above the working directory.
func (f *clusterFlags) open(e *env) (*submit.Cluster, error) {
	p, diags := project.Load(project.FileName)
	if len(diags) > 0 {
		complain(e, diags, &sources{})
	}
	if p == nil || diags.HasErrors() {
		return nil, exit(exitFindings)
	}
	name := f.Target
	if name == "" && p.Targets[p.Target].Yarn == nil {
		var clusters []string
		for n, t := range p.Targets {
			if t.Yarn != nil {
				clusters = append(clusters, n)
			}
		}
		if len(clusters) == 1 {
			name = clusters[0]
		}
	}
	name, target, ok := p.Named(name)
	switch {
	case !ok:
		return nil, fmt.Errorf("no target is called %s: weir.yaml declares targets", name)
	case target.Yarn == nil:
		return nil, fmt.Errorf("the target %s is no cluster: name one of kind yarn with --target, which weir.yaml declares", name)
	}
	return openCluster(e, p, target)
}

func openCluster(e *env, p *project.Project, t project.Target) (*submit.Cluster, error) {
	c, err := submit.Open(*t.Yarn, schemes(e, p, t), submit.Events{
		Uploading: func(u submit.Uploaded) {
			fmt.Fprintf(e.stderr, "weir: uploading %s, %.1f MiB, once for all runs\n", u.Name, float64(u.Bytes)/(1<<20))
		},
		Note: func(text string) { fmt.Fprintf(e.stderr, "weir: %s\n", text) },
	})
	return c, clusterFailed(e, err)
}

// clusterFailed shows an error of a cluster as findings are shown, and gives the exit code that it means.
func clusterFailed(e *env, err error) error {
	if err == nil {
		return nil
	}
	if e.ctx.Err() != nil {
		return exit(exitInterrupted)
	}
	var oe *op.Error
	if !errors.As(err, &oe) {
		return err
	}
	writeError(e, oe)
	if submit.Environment(err) {
		return exit(exitUsage)
	}
	return exit(exitRun)
}

type clusterCmd struct {
	clusterFlags
	JSON bool `name:"json" help:"One JSON document."`
}

func (c *clusterCmd) Run(e *env) error {
	cluster, err := c.open(e)
	if err != nil {
		return err
	}
	r, err := cluster.Check(e.ctx, true)
	if err != nil {
		return clusterFailed(e, err)
	}
	if c.JSON {
		return writeJSON(e, r)
	}
	fmt.Fprintf(e.stdout, "resource manager  %s, Hadoop %s\n", r.ResourceManager, r.Hadoop)
	fmt.Fprintf(e.stdout, "configuration     %s\n", r.HadoopConf)
	fmt.Fprintf(e.stdout, "Flink             %s in %s\n", r.Flink, r.FlinkHome)
	fmt.Fprintf(e.stdout, "folder            %s, can be written\n", r.Dir)
	queue := r.Queue
	if queue == "" {
		queue = "the cluster's default"
	}
	fmt.Fprintf(e.stdout, "queue             %s; there are %s\n", queue, strings.Join(r.Queues, ", "))
	for _, n := range r.Nodes {
		fmt.Fprintf(e.stdout, "node %-24s %-9s %6d of %6d MiB free, %3d of %3d cores, %d containers\n", n.Name, strings.ToLower(n.State), n.FreeMemory>>20, n.Memory>>20, n.FreeCores, n.Cores,
			n.Containers)
	}
	return nil
}

func writeJSON(e *env, v any) error {
	enc := json.NewEncoder(e.stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
