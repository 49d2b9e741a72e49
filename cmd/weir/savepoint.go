package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"weir/runtime/storage"
)

type savepointCmd struct {
	clusterFlags
	Stop    bool          `help:"End the run with the savepoint; only on a cluster."`
	Timeout time.Duration `default:"10m" help:"How long to wait."`
	Of      string        `arg:"" name:"run" help:"A run on this machine: its checkpoint folder, as it was given to weir run --checkpoint. A run on a cluster: its ID or a beginning of it, or its application in YARN."`
	To      string        `arg:"" optional:"" name:"folder" help:"Folder for the savepoint. Of a run on this machine: resume from it with weir run --checkpoint FOLDER --resume; on a cluster one is made in it (default: the run's own), and weir resume goes on from that."`
}

func (c *savepointCmd) Run(e *env) error {
	if storage.SchemeOf(c.Of) != "" {
		return errors.New("a run is asked for a savepoint through its checkpoint folder, which must be on this machine; a run on a cluster, by its ID")
	}
	if info, err := os.Stat(c.Of); err == nil && info.IsDir() {
		return c.local(e)
	}
	if strings.ContainsAny(c.Of, "/.") || c.To != "" && storage.SchemeOf(c.To) == "" {
		return fmt.Errorf("%s: no folder there", c.Of)
	}
	return c.cluster(e)
}

// cluster asks a run on a cluster.
func (c *savepointCmd) cluster(e *env) error {
	cluster, err := c.open(e)
	if err != nil {
		return err
	}
	r, err := cluster.Find(e.ctx, c.Of)
	if err != nil {
		return clusterFailed(e, err)
	}
	ctx, cancel := context.WithTimeout(e.ctx, c.Timeout)
	defer cancel()
	path, err := cluster.Savepoint(ctx, r, c.To, c.Stop)
	if err != nil {
		return clusterFailed(e, err)
	}
	fmt.Fprintf(e.stdout, "%s\n", path)
	return nil
}

// local asks a run on this machine, by a file in its checkpoint folder.
func (c *savepointCmd) local(e *env) error {
	switch {
	case c.To == "":
		return errors.New("a savepoint of a run on this machine needs a folder of its own: weir savepoint CHECKPOINTS FOLDER")
	case c.Stop:
		return errors.New("--stop is for runs on a cluster: end this one with Ctrl-C, and it can be resumed")
	}
	to := c.To
	if storage.SchemeOf(to) == "" {
		abs, err := filepath.Abs(to)
		if err != nil {
			return err
		}
		to = abs + "/"
	}
	f, err := os.CreateTemp(c.Of, "savepoint-*.new")
	if err != nil {
		return err
	}
	base := strings.TrimSuffix(f.Name(), "new")
	_, err = f.WriteString(to)
	if err := errors.Join(err, f.Close(), os.Rename(f.Name(), base+"request")); err != nil {
		return err
	}
	deadline := time.After(c.Timeout)
	for {
		select {
		case <-e.ctx.Done():
			_ = os.Remove(base + "request")
			return exit(exitInterrupted)
		case <-deadline:
			_ = os.Remove(base + "request")
			fmt.Fprintf(e.stderr, "weir: no run has answered within %s: is one going on with --checkpoint %s?\n", c.Timeout, c.Of)
			return exit(exitRun)
		case <-time.After(requestPoll):
		}
		answer, err := os.ReadFile(base + "answer")
		if err != nil {
			continue
		}
		_ = os.Remove(base + "answer")
		if s := string(answer); s != "done" {
			fmt.Fprintf(e.stderr, "weir: the savepoint %s\n", s)
			return exit(exitRun)
		}
		fmt.Fprintf(e.stdout, "%s\n", to)
		return nil
	}
}
