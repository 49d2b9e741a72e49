package local

import (
	"context"
	"sync/atomic"
	"time"

	"weir/compiler/logical"
	"weir/planner/physical"
	"weir/runtime/gather"
	"weir/runtime/op"
	"weir/runtime/stage"
)

// maxTasks bounds the tasks of a stage that a plan may ask for.
const maxTasks = 4096

// stageRun is a stage and its tasks.
type stageRun struct {
	run     *run
	plan    *physical.Stage
	tasks   []*task
	working atomic.Int64 // tasks that have not drained
	waiting *Signal      // of the enumerator that waits for other stages to end
	splits  *dispenser   // nil without a source
	started atomic.Bool
	blocked atomic.Int64 // nanoseconds that tasks have waited for those behind them
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
		sr := &stageRun{run: r, plan: s, waiting: NewSignal()}
		sr.working.Store(int64(s.Parallelism))
		for i := range s.Parallelism {
			wake := NewSignal()
			sr.tasks = append(sr.tasks, &task{stage: sr, number: i, wake: wake, space: NewSignal(), inbox: &inbox{wake: wake}, channels: make([]int, len(s.Inputs)), sated: make([]atomic.Bool, len(s.Inputs)),
				senders: map[output][]*sender{}})
		}
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
	held := int64(0) // by one gather
	if gathers > 0 {
		share := max(r.o.Memory/64, min(r.o.Memory/4, 8<<20))
		held = share / gathers
		rest -= share
	}
	for _, s := range r.stages {
		if err := s.connect(); err != nil {
			return err
		}
	}
	r.coordinator = newCoordinator(r)
	for _, s := range r.stages {
		if err := s.build(byID, rest/max(tasks, 1), held); err != nil {
			return err
		}
		r.coordinator.tasks += len(s.tasks)
	}
	return nil
}

// connect makes the tasks' ends of the exchanges that read the stage.
func (s *stageRun) connect() error {
	for _, t := range s.tasks {
		for _, x := range s.run.stages {
			for k := range x.plan.Inputs {
				in := &x.plan.Inputs[k]
				if in.Stage != s.plan.ID {
					continue
				}
				snd, err := newSender(s.run, x, k, t)
				if err != nil {
					return err
				}
				key := output{in.From, in.Side}
				t.senders[key] = append(t.senders[key], snd)
				t.outs = append(t.outs, snd)
			}
		}
	}
	return nil
}

// build makes the stage's operators.
func (s *stageRun) build(byID map[int]*stageRun, memory, held int64) error {
	for i, t := range s.tasks {
		st, err := stage.New(s.config(memory, i, len(s.tasks), t))
		if err != nil {
			return err
		}
		t.st = st
		if i == 0 {
			t.gather = gather.New(gather.Config{Plan: s.run.plan, Stage: s.plan, TempDir: s.run.o.TempDir, Memory: held, Data: t.ordered})
			if st.HasSource() {
				s.splits = newDispenser(s, s.ordered())
				s.run.coordinator.settled[s.plan.ID] = &progress{}
				if s.run.from != nil {
					s.run.restoreSource(s)
				}
			}
		}
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

// config is for a task of the stage; t is nil for one that only lists splits.
func (s *stageRun) config(memory int64, number, tasks int, t *task) stage.Config {
	r := s.run
	c := stage.Config{
		Context: r.ctx, Plan: r.plan, Stage: s.plan.ID, Catalogue: r.o.Catalogue, Storage: r.o.Storage, Staging: r.staging,
		Counters: r.counters, TempDir: r.o.TempDir, Memory: memory, Task: number, Tasks: tasks, Now: r.sched.Now, KeyGroups: KeyGroups,
		Resumable: r.coordinator.resumable,
		Reject: func(n *logical.Node, rej op.Rejection) error {
			return r.rejects.add(n.Name(), rej)
		},
	}
	if r.from != nil {
		c.Restored = r.from.ID
	}
	if t != nil {
		c.Out, c.Rest, c.Wait, c.Watermark, c.Idle, c.Channels = t.out, t.atRest, t.waitFor, t.watermark, t.idle, t.channels
	}
	return c
}

// start lets the tasks begin.
func (s *stageRun) start() {
	if s.splits != nil {
		s.run.start(func() {
			if s.waitBefore() {
				s.splits.enumerate()
			}
		})
	}
	for _, t := range s.tasks {
		s.run.start(t.run)
	}
}

// wakeAll tells the tasks that something has happened.
func (s *stageRun) wakeAll() {
	for _, t := range s.tasks {
		t.wake.Set()
	}
}

// drained says that one of the tasks has.
func (s *stageRun) drained() {
	if s.working.Add(-1) > 0 {
		return
	}
	for _, x := range s.run.stages {
		x.waiting.Set()
	}
}

func (s *stageRun) hasEnded() bool { return s.working.Load() == 0 }

// sourceName is how messages call the stage's first source.
func (s *stageRun) sourceName() string {
	for _, o := range s.plan.Ops {
		n := s.run.plan.Node(o.Node)
		if spec := s.run.o.Catalogue.Operator(n.Op); spec != nil && (spec.Role == op.SourceRole || o.Part == physical.Scan) {
			return n.Name()
		}
	}
	return ""
}

// waitBefore waits for the stages that must have ended; false where the run ends before.
func (s *stageRun) waitBefore() bool {
	ready := func() bool {
		for _, id := range s.plan.After {
			for _, x := range s.run.stages {
				if x.plan.ID == id && !x.hasEnded() {
					return false
				}
			}
		}
		return true
	}
	for !ready() {
		if s.run.ctx.Err() != nil {
			return false
		}
		s.run.sched.Wait(s.run.ctx, time.Time{}, nil, s.waiting)
	}
	s.started.Store(true)
	return true
}

// stopped is the error with which a helper of an ended run unwinds.
func stopped(ctx context.Context) error { return context.Cause(ctx) }
