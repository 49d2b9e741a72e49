package local

import (
	"weir/planner/physical"
	"weir/runtime/batch"
	"weir/runtime/eval"
	"weir/runtime/op"
)

// sender is one upstream task's end of an exchange.
type sender struct {
	run   *run
	dst   *stageRun
	input int // index in dst's Inputs
	kind  physical.ExchangeKind
	order physical.Order
	from  int // number of the sending task
	keys  []op.Evaluator
}

func newSender(r *run, dst *stageRun, input, from int) (*sender, error) {
	x := &dst.plan.Inputs[input]
	s := &sender{run: r, dst: dst, input: input, kind: x.Kind, order: x.Order, from: from}
	switch x.Kind {
	case physical.Forward, physical.Broadcast, physical.Rebalance, physical.Gather:
	case physical.Hash:
		if len(x.Keys) == 0 {
			return nil, badPlan("a hash exchange into stage %d has no keys", dst.plan.ID)
		}
		for _, k := range x.Keys {
			e, err := eval.Compile(r.o.Catalogue, k.Expr, x.Row)
			if err != nil {
				return nil, badPlan("the key `%s` of an exchange into stage %d: %v", k.Expr, dst.plan.ID, err)
			}
			s.keys = append(s.keys, e)
		}
	default:
		return nil, badPlan("an exchange into stage %d is of unknown kind %q", dst.plan.ID, x.Kind)
	}
	return s, nil
}

// to puts a message into a channel, or gives up when the run ends.
func (s *sender) to(r *run, c chan message, m message) error {
	select {
	case c <- m:
		return nil
	case <-r.ctx.Done():
		return stopped(r.ctx)
	}
}

// send sends rows of split seq to the task or tasks that they belong to.
func (s *sender) send(b *batch.Batch, seq uint64) error {
	m := message{kind: dataMessage, input: s.input, seq: seq, batch: b}
	tasks := s.dst.tasks
	switch s.kind {
	case physical.Gather:
		return s.to(s.run, tasks[0].inbox, m)
	case physical.Forward:
		return s.to(s.run, tasks[s.from%len(tasks)].inbox, m)
	case physical.Rebalance:
		return s.to(s.run, s.dst.shared, m)
	case physical.Broadcast:
		for _, t := range tasks {
			if err := s.to(s.run, t.inbox, m); err != nil {
				return err
			}
		}
		return nil
	}
	parts, err := s.partition(b)
	if err != nil {
		return err
	}
	for i, part := range parts {
		if part == nil {
			continue
		}
		m.batch = part
		if err := s.to(s.run, tasks[i].inbox, m); err != nil {
			return err
		}
	}
	return nil
}

// end says to every downstream task that this one has drained.
func (s *sender) end() error {
	for _, t := range s.dst.tasks {
		if err := s.to(s.run, t.inbox, message{kind: endMessage, input: s.input}); err != nil {
			return err
		}
	}
	if s.kind == physical.Rebalance && s.dst.senders.Add(-1) == 0 {
		close(s.dst.shared)
	}
	return nil
}

// partition deals the rows of a batch out by their key's group; nil for a task that gets none. The columns are shared.
func (s *sender) partition(b *batch.Batch) ([]*batch.Batch, error) {
	n := len(s.dst.tasks)
	if n == 1 {
		return []*batch.Batch{b}, nil
	}
	keys := make([]*batch.Vector, len(s.keys))
	bad := map[int]bool{} // a key cannot be computed; the operator behind the exchange finds that out again and rejects the row
	for i, k := range s.keys {
		v, failed, err := k.Eval(b)
		if err != nil {
			return nil, err
		}
		keys[i] = v
		for _, f := range failed {
			bad[f.Row] = true
		}
	}
	sels := make([][]uint32, n)
	var buf []byte
	for i := range b.Len() {
		row := b.Pos(i)
		group := 0
		if !bad[row] {
			buf = buf[:0]
			for _, k := range keys {
				buf = batch.AppendKey(buf, k, row)
			}
			group = batch.KeyGroup(buf, KeyGroups)
		}
		t := group * n / KeyGroups
		sels[t] = append(sels[t], uint32(row))
	}
	parts := make([]*batch.Batch, n)
	for i, sel := range sels {
		if sel != nil {
			parts[i] = b.Select(sel)
		}
	}
	return parts, nil
}

// KeyGroups is the number of key groups of a local run: the unit of routing and of state.
const KeyGroups = 128
