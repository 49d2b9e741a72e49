package local

import (
	"sync"
	"time"

	"weir/runtime/stage"
)

// progressEvery is how often a run reports.
const progressEvery = 250 * time.Millisecond

// Progress is the state of a run at one moment.
type Progress struct {
	Elapsed  time.Duration
	Stages   []StageProgress      // as in the plan
	Nodes    map[int]stage.Counts // by node ID
	Rejected int64                // rows that nothing consumes
	// Checkpoints are those that were taken so far.
	Checkpoints CheckpointStats
}

// StageProgress is the state of a stage.
type StageProgress struct {
	ID      int
	Tasks   int
	Waiting bool // for the stages that must have ended before
	Ended   bool
	// Splits of the stage's sources: done, being read, known so far, and whether more may become known. Weight is what
	// the sources say: bytes or cells.
	SplitsDone, SplitsRunning, SplitsKnown int
	AllKnown                               bool
	WeightDone, WeightKnown                float64
	Queued                                 int           // messages that wait for the stage's tasks
	Blocked                                time.Duration // that tasks have waited for those behind them, all together
}

// report tells Options.Progress of the run's state until the function that it gives is called, which reports for the
// last time.
func (r *run) report(began time.Time) (stop func()) {
	if r.o.Progress == nil {
		return func() {}
	}
	over := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				r.o.Progress(r.progress(began))
			case <-over:
				r.o.Progress(r.progress(began))
				return
			}
		}
	})
	return func() { close(over); wg.Wait() }
}

func (r *run) progress(began time.Time) Progress {
	p := Progress{Elapsed: time.Since(began), Nodes: map[int]stage.Counts{}}
	p.Rejected, _ = r.rejects.summary()
	r.coordinator.mu.Lock()
	p.Checkpoints = r.coordinator.stats
	r.coordinator.mu.Unlock()
	for _, n := range r.plan.Nodes {
		p.Nodes[n.ID] = r.counters.Node(n.ID).Counts()
	}
	for _, s := range r.stages {
		sp := StageProgress{ID: s.plan.ID, Tasks: s.plan.Parallelism, Blocked: time.Duration(s.blocked.Load()), Ended: s.hasEnded()}
		for _, t := range s.tasks {
			sp.Queued += t.inbox.waiting()
		}
		if d := s.splits; d != nil {
			sp.Waiting = !s.started.Load()
			d.mu.Lock()
			sp.SplitsDone, sp.SplitsRunning, sp.SplitsKnown, sp.AllKnown = d.finishedSplits, d.running, d.known, d.all
			sp.WeightDone, sp.WeightKnown = d.doneWeight, d.weight
			d.mu.Unlock()
		}
		p.Stages = append(p.Stages, sp)
	}
	return p
}
