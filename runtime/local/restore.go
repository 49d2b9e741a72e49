package local

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"weir/planner/physical"
	"weir/runtime/checkpoint"
	"weir/runtime/gather"
	"weir/runtime/op"
	"weir/runtime/stage"
)

// part is one part of a node: what a stage runs of it.
type part struct {
	node int
	part physical.Part
	port int
}

func partOf(o physical.Op) part { return part{o.Node, o.Part, o.Port} }

// matched is where the parts of the plan's nodes were at the checkpoint.
type matched struct {
	old    *physical.Plan
	places map[part]spot // of the old plan
	ended  map[int]bool  // old stages
}

// spot is an operator of a stage.
type spot struct{ stage, op int }

// begin opens what the run is taken up from.
func (r *run) begin() error {
	if o := r.o.Checkpoints; o != nil {
		r.from = o.From
	}
	if r.from == nil {
		var random [8]byte
		if _, err := rand.Read(random[:]); err != nil {
			return err
		}
		r.id = hex.EncodeToString(random[:])
		return nil
	}
	r.id = r.from.Run
	if r.from.KeyGroups != KeyGroups {
		return cannotResume("it has %d key groups, and a local run has %d", r.from.KeyGroups, KeyGroups)
	}
	match := r.o.Checkpoints.Match
	m := &matched{old: match.Old, places: map[part]spot{}, ended: map[int]bool{}}
	for _, s := range match.Old.Stages {
		for i, o := range s.Ops {
			m.places[partOf(o)] = spot{s.ID, i}
		}
	}
	for _, s := range r.from.Stages {
		m.ended[s.ID] = s.Finished
	}
	r.matched = m
	dir, err := os.MkdirTemp(r.o.TempDir, "weir-restore-*")
	if err != nil {
		return cannotResume("its files cannot be brought here: %v", err)
	}
	r.restoreDir = dir
	r.rejects.n = r.from.Rejected
	var counts map[int]stage.Counts
	if len(r.from.Counters) > 0 {
		if err := json.Unmarshal(r.from.Counters, &counts); err != nil {
			return cannotResume("its counters cannot be read: %v", err)
		}
	}
	for _, n := range r.plan.Nodes {
		if old, is := match.Nodes[n.ID]; is {
			r.counters.Node(n.ID).Restore(counts[old])
		}
	}
	for _, s := range r.from.Staged {
		data, err := r.from.StagedBlock(r.ctx, s)
		if err != nil {
			return cannotResume("a staged block cannot be read: %v", err)
		}
		if err := r.staging.Restore(s.Key, data); err != nil {
			return cannotResume("a staged block cannot be read: %v", err)
		}
	}
	if err := r.staging.RestoreMeta(r.from.Meta); err != nil {
		return cannotResume("what is known of staged blocks cannot be read: %v", err)
	}
	return nil
}

func cannotResume(format string, args ...any) error {
	return &op.Error{Code: codeResume, Message: "the run cannot be taken up from the checkpoint: " + fmt.Sprintf(format, args...),
		Hint: "start it anew with another checkpoint folder"}
}

// placeOf finds where an operator was at the checkpoint.
func (r *run) placeOf(o physical.Op) (spot, bool) {
	old, is := r.o.Checkpoints.Match.Nodes[o.Node]
	if !is {
		return spot{}, false
	}
	p, is := r.matched.places[part{old, o.Part, o.Port}]
	return p, is
}

// restoreSource takes up the splits of a stage's sources.
func (r *run) restoreSource(s *stageRun) {
	for _, o := range s.plan.Ops {
		p, is := r.placeOf(o)
		if !is {
			continue
		}
		for i := range r.from.Sources {
			x := &r.from.Sources[i]
			if x.Stage != p.stage {
				continue
			}
			// Operators are numbered by their places in the stage, which may be others now.
			moved := *x
			to := map[int]int{}
			for k, n := range s.plan.Ops {
				if q, is := r.placeOf(n); is && q.stage == p.stage {
					to[q.op] = k
				}
			}
			moved.Rest, moved.Marks = map[uint64]checkpoint.Split{}, nil
			for seq, split := range x.Rest {
				split.Op = to[split.Op]
				moved.Rest[seq] = split
			}
			for k, marks := range x.Marks {
				if moved.Marks == nil {
					moved.Marks = map[int][]json.RawMessage{}
				}
				moved.Marks[to[k]] = marks
			}
			s.splits.restore(&moved)
			settled := r.coordinator.settled[s.plan.ID]
			settled.oldest = x.Oldest
			for _, seq := range x.Ahead {
				settled.add(seq)
			}
			return
		}
	}
}

// restore brings back what the task's operators, and what stands before them, had.
func (t *task) restore() error {
	r := t.stage.run
	ended, running := 0, 0
	for _, o := range t.stage.plan.Ops {
		if p, is := r.placeOf(o); is && r.matched.ended[p.stage] {
			ended++
		} else {
			running++
		}
	}
	if ended > 0 && running > 0 {
		return cannotResume("stage %d has operators that had ended and others that had not: use the parallelism of the run that made it", t.stage.plan.ID)
	}
	t.skip = ended > 0
	t.barrier = r.from.ID
	n := len(t.stage.tasks)
	first, last := stage.KeyGroupsOf(t.number, n, KeyGroups)
	err := t.st.Restore(func(i int) op.SnapshotReader {
		p, is := r.placeOf(t.stage.plan.Ops[i])
		if !is {
			return nil
		}
		return r.from.Reader(r.ctx, func(o checkpoint.Owner) bool { return o.Stage == p.stage && o.Op == p.op }, first, last, t.number, n, r.restoreDir)
	})
	if err != nil {
		return err
	}
	if err := t.restoreGather(); err != nil {
		return err
	}
	return t.st.Commit(r.from.ID)
}

// restoreGather brings the waiting rows back to the lanes that they waited in.
func (t *task) restoreGather() error {
	if t.number > 0 || t.skip {
		return nil
	}
	r := t.stage.run
	stages := map[int]bool{}
	for _, o := range t.stage.plan.Ops {
		if p, is := r.placeOf(o); is {
			stages[p.stage] = true
		}
	}
	state := r.from.Reader(r.ctx, func(o checkpoint.Owner) bool { return stages[o.Stage] && o.Op < 0 }, 0, 0, 0, 1, r.restoreDir)
	if state != nil {
		if err := t.gather.Restore(state, r.o.Checkpoints.Match.Nodes); errors.Is(err, gather.ErrOther) {
			return cannotResume("%v", err)
		} else if err != nil {
			return err
		}
	}
	if t.gather != nil {
		t.gather.Begin(func(id int) uint64 {
			for _, s := range r.stages {
				if s.plan.ID == id && s.splits != nil {
					return s.splits.done.oldest
				}
			}
			return 0
		})
	}
	return nil
}
