package main

import (
	"context"
	"fmt"
	"runtime"

	"weir/lang/diag"
	"weir/planner/physical"
	"weir/runtime/conformance"
	"weir/runtime/local"
	"weir/runtime/op"
)

type testCmd struct {
	formats
	params
	Paths []string `arg:"" optional:"" help:"Files and folders; by default the present folder."`
}

func (c *testCmd) Run(e *env) error {
	files, err := flowFiles(c.Paths)
	if err != nil {
		return err
	}
	values, err := c.values()
	if err != nil {
		return err
	}
	var all diag.List
	texts := &sources{}
	passed, failed := 0, 0
	for _, file := range files {
		p, err := load(e, file, "", values, true)
		if err != nil {
			return err
		}
		for name, text := range p.sources.files {
			texts.add(name, text)
		}
		if p.diags.HasErrors() {
			all = append(all, p.diags...)
			failed++
			continue
		}
		for _, t := range p.result.Tests {
			found, err := conformance.Run(e.ctx, t, conformance.Options{Catalogue: p.catalogue, Parallelism: runtime.GOMAXPROCS(0), Driver: runLocal})
			if err != nil {
				return err
			}
			if e.ctx.Err() != nil {
				return exit(exitInterrupted)
			}
			if found.HasErrors() {
				failed++
			} else {
				passed++
			}
			all = append(all, found...)
		}
	}
	code, err := c.report(e, all, texts)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stderr, "%d tests passed, %d failed\n", passed, failed)
	if code != exitOK {
		return exit(code)
	}
	return nil
}

// runLocal is the driver of tests.
func runLocal(ctx context.Context, plan *physical.Plan, c *op.Catalogue, s op.Storage) error {
	_, err := local.Run(ctx, plan, local.Options{Catalogue: c, Storage: s})
	return err
}
