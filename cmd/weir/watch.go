package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/pprof"

	"weir/planner/explain"
	"weir/planner/physical"
	"weir/runtime/local"
	"weir/runtime/monitor"
)

// watchFlags let somebody look at a run.
type watchFlags struct {
	Metrics string `placeholder:"ADDR" help:"Serve metrics for Prometheus at http://ADDR/metrics; :PORT is this machine alone."`
	UI      string `name:"ui" placeholder:"ADDR" help:"Serve a page with the plan's graph, rates, lag and checkpoints at http://ADDR/."`
	Profile string `placeholder:"FILE" help:"Write a CPU profile of the run, for go tool pprof."`
}

// watching is what looks at a run.
type watching struct {
	monitor *monitor.Monitor // nil for nobody
	close   []func() error
}

// begin opens what was asked for.
func (f *watchFlags) begin(e *env, p *pipeline, plan *physical.Plan) (w *watching, err error) {
	w = &watching{}
	defer func() {
		if err != nil {
			_ = w.end() // the first error counts
		}
	}()
	if f.Metrics != "" || f.UI != "" {
		w.monitor = monitor.New(plan, explain.New(plan, p.catalogue))
	}
	if f.Metrics != "" {
		l, err := monitor.Serve(f.Metrics, w.monitor.Metrics())
		if err != nil {
			return w, fmt.Errorf("--metrics: %w", err)
		}
		w.close = append(w.close, l.Close)
		fmt.Fprintf(e.stderr, "weir: metrics at http://%s/metrics\n", l.Addr())
	}
	if f.UI != "" {
		l, err := monitor.Serve(f.UI, w.monitor.UI())
		if err != nil {
			return w, fmt.Errorf("--ui: %w", err)
		}
		w.close = append(w.close, l.Close)
		fmt.Fprintf(e.stderr, "weir: the run can be watched at http://%s/\n", l.Addr())
	}
	if f.Profile != "" {
		file, err := os.Create(f.Profile)
		if err != nil {
			return w, fmt.Errorf("--profile: %w", err)
		}
		if err := pprof.StartCPUProfile(file); err != nil {
			return w, errors.Join(err, file.Close())
		}
		w.close = append(w.close, func() error { pprof.StopCPUProfile(); return file.Close() })
	}
	return w, nil
}

// update passes the run's state on.
func (w *watching) update(next func(local.Progress)) func(local.Progress) {
	heap := newPacer()
	return func(p local.Progress) {
		heap.adjust()
		if w.monitor != nil {
			w.monitor.Update(p)
		}
		next(p)
	}
}

// end closes everything.
func (w *watching) end() error {
	if w.monitor != nil {
		w.monitor.End()
	}
	var errs []error
	for _, f := range w.close {
		errs = append(errs, f())
	}
	w.close = nil
	return errors.Join(errs...)
}
