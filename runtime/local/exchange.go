package local

import (
	"slices"
	"time"

	"weir/planner/physical"
	"weir/runtime/batch"
	"weir/runtime/exchange"
)

// sender is one upstream task's end of an exchange.
type sender struct {
	run   *run
	dst   *stageRun
	input int // index in dst's Inputs
	kind  physical.ExchangeKind
	order physical.Order
	hash  *exchange.Hash
	to    []*channel // by task of dst; nil for a task that this one does not send to
	turn  int        // of Rebalance: the task that is looked at first
	from  *task
	op    int // of the sending stage
}

// newSender makes a task's end.
func newSender(r *run, dst *stageRun, input int, from *task) (*sender, error) {
	x := &dst.plan.Inputs[input]
	s := &sender{run: r, dst: dst, input: input, kind: x.Kind, order: x.Order, from: from, op: x.From, to: make([]*channel, len(dst.tasks))}
	switch x.Kind {
	case physical.Gather:
		s.open(0)
	case physical.Forward:
		s.open(from.number % len(dst.tasks))
	case physical.Broadcast, physical.Rebalance:
		for i := range dst.tasks {
			s.open(i)
		}
	case physical.Hash:
		var err error
		if s.hash, err = exchange.NewHash(r.o.Catalogue, x, KeyGroups); err != nil {
			return nil, badPlan("into stage %d: %v", dst.plan.ID, err)
		}
		for i := range dst.tasks {
			s.open(i)
		}
	default:
		return nil, badPlan("an exchange into stage %d is of unknown kind %q", dst.plan.ID, x.Kind)
	}
	return s, nil
}

func (s *sender) open(task int) {
	t := s.dst.tasks[task]
	s.to[task] = t.inbox.open(s.from, s.input, t.channels[s.input])
	t.channels[s.input]++
	if !slices.Contains(s.from.links, s.to[task]) {
		s.from.links = append(s.from.links, s.to[task])
	}
}

// put sends a message to a task.
func (s *sender) put(task int, m message) error {
	return s.from.put(s.to[task], m)
}

// put sends a message through a channel; it waits for room, or gives up when the run ends.
func (t *task) put(c *channel, m message) error {
	if c.push(m) {
		return nil
	}
	return t.waitForRoom(func() bool { return c.push(m) })
}

// waitForRoom tries until it can.
func (t *task) waitForRoom(try func() bool) error {
	r := t.stage.run
	began := time.Now()
	defer func() { t.stage.blocked.Add(int64(time.Since(began))) }()
	for {
		if r.ctx.Err() != nil {
			return stopped(r.ctx)
		}
		if try() {
			return nil
		}
		r.sched.Wait(r.ctx, time.Time{}, nil, t.space)
	}
}

// putAny sends a message to the task for which the fewest of this one's messages wait.
func (s *sender) putAny(m message) error {
	try := func() bool {
		best, least := -1, inboxBatches
		for k := range s.to {
			i := (s.turn + k) % len(s.to)
			if n := s.to[i].waiting(); n < least {
				best, least = i, n
			}
		}
		if best < 0 || !s.to[best].push(m) {
			return false
		}
		s.turn = (best + 1) % len(s.to)
		return true
	}
	if try() {
		return nil
	}
	return s.from.waitForRoom(try)
}

// unwanted reports whether no task wants rows any more.
func (s *sender) unwanted() bool {
	for i, c := range s.to {
		if c != nil && !s.dst.tasks[i].sated[s.input].Load() {
			return false
		}
	}
	return true
}

// send sends rows of split seq to the task or tasks that they belong to.
func (s *sender) send(b *batch.Batch, seq uint64) error {
	m := message{kind: dataMessage, input: s.input, seq: seq, batch: b}
	switch s.kind {
	case physical.Rebalance:
		return s.putAny(m)
	case physical.Hash:
		parts, err := s.hash.Split(b, len(s.to))
		if err != nil {
			return err
		}
		for i, part := range parts {
			if part == nil {
				continue
			}
			m.batch = part
			if err := s.put(i, m); err != nil {
				return err
			}
		}
		return nil
	}
	return s.all(m)
}

// all sends a message to every task that this one sends to.
func (s *sender) all(m message) error {
	m.input = s.input
	for i, c := range s.to {
		if c == nil {
			continue
		}
		if err := s.put(i, m); err != nil {
			return err
		}
	}
	return nil
}

// KeyGroups is the number of key groups of a local run: the unit of routing and of state.
const KeyGroups = 128
