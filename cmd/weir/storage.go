package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"weir/cmd/weir/internal/project"
	"weir/runtime/op"
	"weir/runtime/storage"
)

// storageCmd looks at files as runs do: on this machine and in the stores, with the settings of a target.
type storageCmd struct {
	Ls    storageLsCmd    `cmd:"" help:"List the files that a path names, with size and time."`
	Cat   storageCatCmd   `cmd:"" help:"Write files to standard output."`
	Clean storageCleanCmd `cmd:"" help:"Remove what dead runs have left half written."`
}

// storagePath is what the commands have in common.
type storagePath struct {
	Target string `placeholder:"NAME" help:"The target in weir.yaml whose settings count; by default its target, else local."`
	Path   string `arg:"" help:"A file, a folder with a trailing /, or a pattern; s3:// and the like as in pipelines."`
}

func (c *storagePath) open(e *env) (op.Storage, error) {
	p, diags := project.Load(project.FileName) // the nearest one at or above the working directory
	if len(diags) > 0 {
		texts := &sources{}
		complain(e, diags, texts)
	}
	if p == nil || diags.HasErrors() {
		return nil, exit(exitFindings)
	}
	if _, _, ok := p.Named(c.Target); !ok {
		return nil, fmt.Errorf("no target is called %s: weir.yaml declares targets; without it there is only local", c.Target)
	}
	return storages(e, p, c.Target), nil
}

type storageLsCmd struct{ storagePath }

func (c *storageLsCmd) Run(e *env) error {
	s, err := c.open(e)
	if err != nil {
		return err
	}
	files, err := s.List(e.ctx, c.Path)
	if err != nil {
		return storageFailed(e, err)
	}
	for _, f := range files {
		fmt.Fprintf(e.stdout, "%14d  %s  %s\n", f.Size, f.Modified.UTC().Format(time.RFC3339), f.Path)
	}
	return nil
}

type storageCatCmd struct{ storagePath }

func (c *storageCatCmd) Run(e *env) error {
	s, err := c.open(e)
	if err != nil {
		return err
	}
	files, err := s.List(e.ctx, c.Path)
	if err != nil {
		return storageFailed(e, err)
	}
	for _, i := range files {
		f, err := s.Open(e.ctx, i.Path, i.Version)
		if err == nil {
			_, err = io.Copy(e.stdout, f)
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			return storageFailed(e, err)
		}
	}
	return nil
}

type storageCleanCmd struct {
	storagePath
	Older  time.Duration `default:"24h" placeholder:"DURATION" help:"Only what was last written to so long ago; a run that lasts longer would lose what it has written."`
	DryRun bool          `help:"Only show what would be removed."`
}

func (c *storageCleanCmd) Run(e *env) error {
	s, err := c.open(e)
	if err != nil {
		return err
	}
	orphans, err := s.(storage.Cleaner).Orphans(e.ctx, c.Path)
	if err != nil {
		return storageFailed(e, err)
	}
	before := time.Now().Add(-c.Older)
	removed, young := 0, 0
	for _, o := range orphans {
		if o.Modified.After(before) {
			young++
			continue
		}
		if !c.DryRun {
			if err := s.Abort(e.ctx, o.Token); err != nil {
				return storageFailed(e, err)
			}
		}
		removed++
		size := "-"
		if o.Size >= 0 {
			size = fmt.Sprint(o.Size)
		}
		fmt.Fprintf(e.stdout, "%14s  %s  %s\n", size, o.Modified.UTC().Format(time.RFC3339), o.Path)
	}
	verb := "removed"
	if c.DryRun {
		verb = "to be removed"
	}
	fmt.Fprintf(e.stderr, "%d half-written files %s, %d younger than %v left\n", removed, verb, young, c.Older)
	return nil
}

// storageFailed says what is wrong and gives the exit code.
func storageFailed(e *env, err error) error {
	var oe *op.Error
	switch {
	case e.ctx.Err() != nil:
		return exit(exitInterrupted)
	case errors.As(err, &oe):
		writeError(e, oe)
	default:
		fmt.Fprintf(e.stderr, "weir: %v\n", err)
	}
	return exit(exitRun)
}
