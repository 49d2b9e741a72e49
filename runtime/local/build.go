package local

import (
	"context"
	"sync"
	"sync/atomic"

	"weir/compiler/logical"
	"weir/planner/physical"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/runtime/stage"
)

// maxTasks bounds the tasks of a stage that a plan may ask for.
const maxTasks = 4096

// inboxBatches bounds the batches that wait for a task.
const inboxBatches = 4

// stageRun is a stage and its tasks.
type stageRun struct {
	run    *run
	plan   *physical.Stage
	tasks  []*task
	shared chan message // what any task may take; nil where no exchange rebalances
	// senders counts the upstream tasks that may still send to shared.
	senders atomic.Int64
	working atomic.Int64  // tasks that have not drained
	ended   chan struct{} // closed when all tasks have drained
	splits  *dispenser    // nil without a source
	started atomic.Bool
}

// build makes stages, channels and tasks, without starting anything.
func (r *run) build() error {
	if r.plan.Version != physical.Version {
		return badPlan("it has version %d, and this program runs version %d", r.plan.Version, physical.Version)
	}
	byID := map[int]*stageRun{}
	for _, s := range r.plan.Stages {
		if s.Parallelism < 1 || s.Parallelism > maxTasks {
			return badPlan("stage %d has a parallelism of %d", s.ID, s.Parallelism)
		}
		if byID[s.ID] != nil {
			return badPlan("there are two stages %d", s.ID)
		}
		for _, id := range s.After {
			if byID[id] == nil {
				return badPlan("stage %d runs after stage %d, which is not before it", s.ID, id)
			}
		}
		sr := &stageRun{run: r, plan: s, ended: make(chan struct{})}
		for _, in := range s.Inputs {
			from := byID[in.Stage]
			if from == nil {
				return badPlan("stage %d reads stage %d, which is not before it", s.ID, in.Stage)
			}
			if in.From < 0 || in.From >= len(from.plan.Ops) || in.To < 0 || in.To >= len(s.Ops) {
				return badPlan("an exchange from stage %d to %d names an operator that is not there", in.Stage, s.ID)
			}
			if in.Order != physical.Unordered && in.Kind != physical.Gather {
				return badPlan("an exchange into stage %d is ordered, but does not gather", s.ID)
			}
			if in.Kind == physical.Rebalance {
				if sr.shared == nil {
					sr.shared = make(chan message, inboxBatches*s.Parallelism)
				}
				sr.senders.Add(int64(from.plan.Parallelism))
			}
		}
		byID[s.ID] = sr
		r.stages = append(r.stages, sr)
	}
	tasks, gathers := int64(0), int64(0)
	for _, s := range r.stages {
		tasks += int64(s.plan.Parallelism)
		for _, in := range s.plan.Inputs {
			if in.Order != physical.Unordered {
				gathers++
			}
		}
	}
	// A quarter of the memory is the staging area's; gathers have a sixty-fourth, but at least 8 MiB, where there are any: what they hold is written
	// out in order and read once, which costs little, while every byte of it is there three times when it is sorted.
	rest := r.o.Memory - r.o.Memory/4
	gather := int64(0)
	if gathers > 0 {
		share := max(r.o.Memory/64, min(r.o.Memory/4, 8<<20))
		gather = share / gathers
		rest -= share
	}
	for _, s := range r.stages {
		if err := s.build(byID, rest/max(tasks, 1), gather); err != nil {
			return err
		}
	}
	return nil
}

// build makes the stage's tasks.
func (s *stageRun) build(byID map[int]*stageRun, memory, gather int64) error {
	s.working.Store(int64(s.plan.Parallelism))
	ends := 0 // upstream tasks, one for each exchange
	for _, in := range s.plan.Inputs {
		ends += byID[in.Stage].plan.Parallelism
	}
	for i := range s.plan.Parallelism {
		t := &task{stage: s, number: i, inbox: make(chan message, inboxBatches), ends: ends, senders: map[output][]*sender{}}
		for _, x := range s.run.stages {
			for k := range x.plan.Inputs {
				if in := &x.plan.Inputs[k]; in.Stage == s.plan.ID {
					snd, err := newSender(s.run, x, k, i)
					if err != nil {
						return err
					}
					key := output{in.From, in.Side}
					t.senders[key] = append(t.senders[key], snd)
					t.outs = append(t.outs, snd)
				}
			}
		}
		st, err := stage.New(s.config(memory, i, t.out))
		if err != nil {
			return err
		}
		t.st = st
		if i == 0 {
			t.gather = newGather(s, gather, t)
			if st.HasSource() {
				s.splits = newDispenser(s, s.ordered())
			}
		}
		s.tasks = append(s.tasks, t)
	}
	for _, in := range s.plan.Inputs {
		if in.Order == physical.BySplit && byID[in.Stage].splits == nil {
			return badPlan("stage %d wants the order of splits of stage %d, which has no source", s.plan.ID, in.Stage)
		}
	}
	return nil
}

// ordered reports whether an exchange wants the order of this stage's splits.
func (s *stageRun) ordered() bool {
	for _, x := range s.run.stages {
		for _, in := range x.plan.Inputs {
			if in.Stage == s.plan.ID && in.Order == physical.BySplit {
				return true
			}
		}
	}
	return false
}

func (s *stageRun) config(memory int64, number int, out func(from int, side string, b *batch.Batch) error) stage.Config {
	r := s.run
	return stage.Config{
		Context: r.ctx, Plan: r.plan, Stage: s.plan.ID, Catalogue: r.o.Catalogue, Storage: r.o.Storage, Staging: r.staging,
		Counters: r.counters, TempDir: r.o.TempDir, Memory: memory, Task: number, Tasks: s.plan.Parallelism, Now: r.o.Clock.Now,
		Out: out, KeyGroups: KeyGroups,
		Reject: func(n *logical.Node, rej op.Rejection) error {
			return r.rejects.add(n.Name(), rej)
		},
	}
}

// start lets the tasks begin.
func (s *stageRun) start(all, working *sync.WaitGroup) {
	if s.splits != nil {
		all.Go(func() {
			if s.waitBefore() {
				s.splits.enumerate()
			}
		})
		all.Go(s.splits.feed)
	}
	for _, t := range s.tasks {
		working.Add(1)
		all.Go(func() { t.run(working.Done) })
	}
}

// waitBefore waits for the stages that must have ended; false where the run ends before.
func (s *stageRun) waitBefore() bool {
	for _, id := range s.plan.After {
		for _, x := range s.run.stages {
			if x.plan.ID == id {
				select {
				case <-x.ended:
				case <-s.run.ctx.Done():
					return false
				}
			}
		}
	}
	s.started.Store(true)
	return true
}

// stopped is the error with which a helper of an ended run unwinds.
func stopped(ctx context.Context) error { return context.Cause(ctx) }
