package worker

import (
	"encoding/binary"
	"fmt"

	"weir/planner/physical"
	"weir/runtime/batch"
	"weir/runtime/exchange"
	"weir/runtime/flink/protocol"
	"weir/runtime/op"
)

// output is the sending end of an exchange that reads the stage.
type output struct {
	index int // in OpenRequest.Outputs
	tasks int
	x     *physical.Exchange
	hash  *exchange.Hash
	turn  int // of Rebalance
	head  packet
	w     *protocol.Writer
	// watermark is the last one that was sent.
	watermark int64
	buf       []byte
}

func newOutputs(j *job, c *op.Catalogue, w *protocol.Writer) ([]*output, error) {
	want := protocol.Outputs(j.plan, j.Stage)
	if len(want) != len(j.Outputs) {
		return nil, fmt.Errorf("OPEN has %d outputs of stage %d, and the plan has %d", len(j.Outputs), j.Stage, len(want))
	}
	var out []*output
	for i, o := range j.Outputs {
		if o.Stage != want[i].Stage || o.Input != want[i].Input || o.Tasks < 1 || o.Tasks > maxSenders {
			return nil, fmt.Errorf("OPEN has as output %d of stage %d input %d of stage %d with %d tasks, and the plan has input %d of stage %d", i, j.Stage, o.Input, o.Stage, o.Tasks,
				want[i].Input, want[i].Stage)
		}
		s := &output{index: i, tasks: o.Tasks, w: w, watermark: -1 << 63, head: packet{input: o.Input, sender: j.Task, senders: j.Tasks}, turn: j.Task}
		for _, to := range j.plan.Stages {
			if to.ID == o.Stage {
				s.x = &to.Inputs[o.Input]
			}
		}
		if s.x.Kind == physical.Forward && o.Tasks != j.Tasks {
			// The rows may lie by their keys, which another number of tasks would break.
			return nil, fmt.Errorf("stage %d has %d tasks and stage %d has %d, but rows go from task to task: give both the same parallelism", j.Stage, j.Tasks, o.Stage, o.Tasks)
		}
		if s.x.Kind == physical.Hash {
			var err error
			if s.hash, err = exchange.NewHash(c, s.x, j.KeyGroups); err != nil {
				return nil, err
			}
		}
		out = append(out, s)
	}
	return out, nil
}

// rows sends rows of a split to the tasks that they belong to.
func (s *output) rows(b *batch.Batch, seq uint64) error {
	switch s.x.Kind {
	case physical.Hash:
		parts, err := s.hash.Split(b, s.tasks)
		if err != nil {
			return err
		}
		for i, part := range parts {
			if part != nil {
				if err := s.send(i, i+1, part, seq); err != nil {
					return err
				}
			}
		}
		return nil
	case physical.Rebalance:
		s.turn = (s.turn + 1) % s.tasks
		return s.send(s.turn, s.turn+1, b, seq)
	}
	first, last := s.targets()
	return s.send(first, last, b, seq)
}

// targets gives the tasks [first, last) to which everything goes that is not of one row.
func (s *output) targets() (first, last int) {
	switch s.x.Kind {
	case physical.Gather:
		return 0, 1
	case physical.Forward:
		return s.head.sender, s.head.sender + 1
	}
	return 0, s.tasks
}

// maxRows bounds the bytes of the rows of one packet, as far as a batch can be cut.
const maxRows = 4 << 20 // what is more Flink writes to disk

// send sends rows to the tasks [first, last).
func (s *output) send(first, last int, b *batch.Batch, seq uint64) error {
	p := s.head
	p.kind, p.seq = rowsPacket, seq
	var err error
	if s.buf, err = batch.AppendFrame(p.append(s.buf[:0]), b); err != nil || len(s.buf) > maxRows && b.Len() > 1 {
		if err != nil && b.Len() <= 1 {
			return err
		}
		rows := make([]uint32, b.Len())
		for i := range rows {
			rows[i] = uint32(b.Pos(i))
		}
		half := len(rows) / 2
		if err := s.send(first, last, b.Select(rows[:half]), seq); err != nil {
			return err
		}
		return s.send(first, last, b.Select(rows[half:]), seq)
	}
	return s.put(first, last, s.buf)
}

// tell sends a packet without rows to everyone who may get rows.
func (s *output) tell(kind packetKind, seq uint64) error {
	p := s.head
	p.kind, p.seq = kind, seq
	first, last := s.targets()
	return s.put(first, last, p.append(nil))
}

func (s *output) put(first, last int, data []byte) error {
	var head [6]byte
	binary.LittleEndian.PutUint16(head[:], uint16(s.index))
	for to := first; to < last; to++ {
		binary.LittleEndian.PutUint32(head[2:], uint32(to))
		if err := s.w.Write(protocol.Out, head[:], data); err != nil {
			return err
		}
	}
	return nil
}
