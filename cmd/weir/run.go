package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"weir/cmd/weir/internal/project"
	"weir/lang/diag"
	"weir/runtime/local"
	"weir/runtime/op"
	"weir/runtime/stage"
)

type runCmd struct {
	params
	planFlags
	checkpointFlags
	watchFlags
	Memory    string `placeholder:"SIZE" help:"Memory for held rows and staged blocks, 1GiB by default; what needs more spills to files."`
	Temp      string `placeholder:"DIR" help:"Folder for what is spilled; by default the system's."`
	MaxErrors int64  `default:"0" placeholder:"N" help:"Rejected rows that nothing consumes and that are borne; -1 for any number."`
	Progress  string `default:"auto" enum:"auto,never" help:"auto shows progress: redrawn lines on a terminal, else a line every ten seconds."`
	Quiet     bool   `short:"q" help:"No progress and no summary."`
	File      string `arg:"" help:"The pipeline."`
}

func (c *runCmd) Run(e *env) error {
	p, err := compiled(e, c.File, c.Target, &c.params)
	if err != nil {
		return err
	}
	plan, target, err := c.plan(e, p)
	if err != nil {
		return err
	}
	if target.Yarn != nil {
		return c.runYarn(e, p, plan, target)
	}
	memory := target.Memory
	if c.Memory != "" {
		if memory, err = project.ParseSize(c.Memory); err != nil {
			return fmt.Errorf("--memory %w", err)
		}
	}
	temp, err := tempDir(c.Temp, target, p.project)
	if err != nil {
		return err
	}
	if c.MaxErrors < -1 {
		return errors.New("--max-errors is a number of rows, or -1 for any number")
	}
	keep, err := c.prepare(e, p, plan)
	if err != nil {
		return failedEarly(e, err)
	}
	watch, err := c.begin(e, p, plan)
	if err != nil {
		return err
	}
	display := newDisplay(e.stderr, plan, c.Progress, c.Quiet || keep.done)
	stop := make(chan struct{})
	var serving sync.WaitGroup
	summary, err := local.Run(e.ctx, plan, local.Options{
		Catalogue:   p.catalogue,
		Storage:     p.storage,
		TempDir:     temp,
		Memory:      memory,
		MaxErrors:   c.MaxErrors,
		Progress:    watch.update(display.update),
		Events:      keep.event(e, c.Quiet),
		Checkpoints: keep.options,
		Handle:      func(h *local.Handle) { serving.Go(func() { keep.serve(e, p, h, stop) }) },
	})
	close(stop)
	serving.Wait()
	display.close()
	werr := watch.end()
	if err != nil {
		return failed(e, err, summary.Resumable)
	}
	if err := errors.Join(keep.end(), werr); err != nil {
		return err
	}
	if keep.done {
		if !c.Quiet {
			fmt.Fprintln(e.stderr, "weir: the run had finished: there is nothing to do")
		}
		return nil
	}
	if !c.Quiet {
		writeSummary(e.stderr, plan, summary)
	}
	return nil
}

// failedEarly is for what fails before the run begins.
func failedEarly(e *env, err error) error {
	var oe *op.Error
	if errors.As(err, &oe) {
		return failed(e, err, false)
	}
	return err
}

// failed says why a run failed and gives the exit code that it means.
func failed(e *env, err error, resumable bool) error {
	again := ""
	if resumable {
		again = e.again()
	}
	if e.ctx.Err() != nil && errors.Is(err, context.Canceled) {
		if resumable {
			fmt.Fprintf(e.stderr, "weir: interrupted; go on from the last checkpoint with\n      %s\n", again)
		} else {
			fmt.Fprintln(e.stderr, "weir: interrupted; no file was written or changed. Run the command again to start anew.")
		}
		return exit(exitInterrupted)
	}
	return explainFailure(e, err, again)
}

// explainFailure says why a run failed, and the command that goes on with it ("": none can), and gives the exit code.
func explainFailure(e *env, err error, again string) error {
	state := "no file was written or changed"
	if again != "" {
		state = "go on from the last checkpoint with " + again
	}
	var bug *stage.Bug
	if errors.As(err, &bug) {
		return exit(reportBug(e, bug.Error(), bug.Stack))
	}
	var oe *op.Error
	if !errors.As(err, &oe) {
		fmt.Fprintf(e.stderr, "weir: the run failed: %v\n      %s\n", err, state)
		return exit(exitRun)
	}
	writeError(e, oe)
	more := ""
	if _, ok := diag.Lookup(oe.Code); ok {
		more = "      more: weir explain " + oe.Code
	}
	if again != "" {
		fmt.Fprintf(e.stderr, "  = note: the run stopped; once the cause is mended %s%s\n", state, more)
	} else {
		fmt.Fprintf(e.stderr, "  = note: the run stopped, and no file was written or changed; start it again once the cause is mended%s\n", more)
	}
	return exit(exitRun)
}

// writeError shows an error that a user can act on, as findings are shown.
func writeError(e *env, oe *op.Error) {
	head := "error"
	if oe.Code != "" {
		head += "[" + oe.Code + "]"
	}
	fmt.Fprintf(e.stderr, "%s: %s\n", head, oe.Error())
	if oe.Node != "" {
		fmt.Fprintf(e.stderr, "  = in: %s\n", oe.Node)
	}
	if oe.Hint != "" {
		fmt.Fprintf(e.stderr, "  = hint: %s\n", oe.Hint)
	}
}
