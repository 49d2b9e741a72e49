package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"weir/cmd/weir/internal/project"
	"weir/planner/physical"
	"weir/runtime/flink"
	"weir/runtime/flink/submit"
	"weir/runtime/local"
)

type submitCmd struct {
	params
	planFlags
	MaxErrors int64  `default:"0" placeholder:"N" help:"Rejected rows that nothing consumes and that are borne, of one task; -1 for any number."`
	File      string `arg:"" help:"The pipeline."`
}

func (c *submitCmd) Run(e *env) error {
	p, err := compiled(e, c.File, c.Target, &c.params)
	if err != nil {
		return err
	}
	plan, target, err := c.plan(e, p)
	if err != nil {
		return err
	}
	if target.Yarn == nil {
		return errors.New("weir submit wants a target of kind yarn: name it with --target; `weir run` runs here")
	}
	s := &submission{planFlags: &c.planFlags, maxErrors: c.MaxErrors}
	_, r, err := s.send(e, p, plan, target)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "%s\n", r.Run)
	commands(e, r)
	return nil
}

// submission is a pipeline on its way to a cluster.
type submission struct {
	planFlags *planFlags
	maxErrors int64
}

func (s *submission) send(e *env, p *pipeline, plan *physical.Plan, target project.Target) (*submit.Cluster, *submit.Record, error) {
	if s.maxErrors < -1 {
		return nil, nil, errors.New("--max-errors is a number of rows, or -1 for any number")
	}
	settings, err := settingsOf(target)
	if err != nil {
		return nil, nil, err
	}
	cluster, err := openCluster(e, p.project, target)
	if err != nil {
		return nil, nil, err
	}
	r, err := cluster.Submit(e.ctx, submit.Job{Plan: plan, Parallelism: s.planFlags.tasks(target), Settings: settings, MaxErrors: s.maxErrors, Weir: version(), Host: flink.Jar})
	if err != nil {
		return nil, nil, clusterFailed(e, err)
	}
	return cluster, r, nil
}

// commands says what can be done with a run that goes on without this command.
func commands(e *env, r *submit.Record) {
	id := r.Run[:8]
	fmt.Fprintf(e.stderr, "weir: the run %s goes on as %s\n", id, r.Application)
	for _, c := range []string{"status", "logs", "cancel"} {
		fmt.Fprintf(e.stderr, "      weir %s %s\n", c, id)
	}
}

// runYarn submits a run and follows it to its end.
func (c *runCmd) runYarn(e *env, p *pipeline, plan *physical.Plan, target project.Target) error {
	if err := c.onlyLocal(); err != nil {
		return err
	}
	s := &submission{planFlags: &c.planFlags, maxErrors: c.MaxErrors}
	cluster, r, err := s.send(e, p, plan, target)
	if err != nil {
		return err
	}
	return follow(e, cluster, r, plan, c.Progress, c.Quiet)
}

// onlyLocal complains of flags that mean nothing on a cluster.
func (c *runCmd) onlyLocal() error {
	for name, set := range map[string]bool{"--memory": c.Memory != "", "--temp": c.Temp != "", "--resume": c.Resume, "--ui": c.UI != "", "--metrics": c.Metrics != "", "--profile": c.Profile != "",
		"--checkpoint": c.Checkpoint != "auto"} {
		if set {
			return fmt.Errorf("%s is for runs on this machine: on a cluster weir.yaml says how a run keeps its state, and `weir resume` goes on with it", name)
		}
	}
	return nil
}

// follow shows a run until it has ended, and gives the exit code of its end.
func follow(e *env, cluster *submit.Cluster, r *submit.Record, plan *physical.Plan, progress string, quiet bool) error {
	display := newDisplay(e.stderr, plan, progress, quiet)
	status, err := cluster.Follow(e.ctx, r, plan, func(p local.Progress) { display.update(p) })
	display.close()
	if e.ctx.Err() != nil {
		return interrupted(e, cluster, r)
	}
	if err != nil {
		commands(e, r)
		return clusterFailed(e, err)
	}
	return ended(e, cluster, r, plan, status, quiet)
}

// ended tells how a run has ended.
func ended(e *env, cluster *submit.Cluster, r *submit.Record, plan *physical.Plan, status *submit.Status, quiet bool) error {
	id := r.Run[:8]
	summary := status.Summary()
	switch status.State {
	case submit.StateFinished:
		if err := cluster.Stdout(e.ctx, r, e.stdout); err != nil {
			return clusterFailed(e, err)
		}
		if !quiet {
			writeSummary(e.stderr, plan, summary)
		}
		return nil
	case submit.StateStopped:
		fmt.Fprintf(e.stderr, "weir: the run %s was stopped with the savepoint %s; go on with\n      weir resume %s\n", id, status.Checkpoints.Last, id)
		return exit(exitInterrupted)
	case submit.StateCanceled:
		fmt.Fprintf(e.stderr, "weir: the run %s was canceled", id)
		if summary.Resumable {
			fmt.Fprintf(e.stderr, "; go on from its last checkpoint with\n      weir resume %s", id)
		}
		fmt.Fprintln(e.stderr)
		return exit(exitInterrupted)
	}
	again := ""
	if summary.Resumable {
		again = "weir resume " + id
	}
	return explainFailure(e, status.Err(), again)
}

// interrupted answers to Ctrl-C: the run on the cluster knows nothing of it. On a terminal it asks, elsewhere it lets the run go on.
func interrupted(e *env, cluster *submit.Cluster, r *submit.Record) error {
	e.stop() // another Ctrl-C ends this command at once
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	f, ok := e.stdin.(*os.File)
	if !ok || !isTerminal(f) || !isTerminal(e.stderr) {
		commands(e, r)
		return exit(exitInterrupted)
	}
	fmt.Fprintf(e.stderr, "\nThe run goes on on the cluster. d: leave it running (default), c: cancel it, s: stop it with a savepoint\n> ")
	answer := make(chan string, 1)
	go func() {
		line, err := bufio.NewReader(e.stdin).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			line = ""
		}
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	choice := ""
	select {
	case choice = <-answer:
	case <-ctx.Done():
	}
	later := *e
	later.ctx = ctx
	switch {
	case strings.HasPrefix(choice, "c"):
		if _, err := cluster.Cancel(ctx, r); err != nil {
			return clusterFailed(&later, err)
		}
		fmt.Fprintf(e.stderr, "weir: the run was canceled; go on from its last checkpoint, where it has one, with\n      weir resume %s\n", r.Run[:8])
	case strings.HasPrefix(choice, "s"):
		path, err := cluster.Savepoint(ctx, r, "", true)
		if err != nil {
			return clusterFailed(&later, err)
		}
		fmt.Fprintf(e.stderr, "weir: the run was stopped with the savepoint %s; go on with\n      weir resume %s\n", path, r.Run[:8])
	default:
		commands(e, r)
	}
	return exit(exitInterrupted)
}
