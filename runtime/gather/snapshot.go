package gather

import (
	"encoding/json"
	"errors"
	"fmt"

	"weir/runtime/batch"
	"weir/runtime/op"
)

// ErrOther is wrapped by Restore's error for a snapshot that this gather cannot have made.
var ErrOther = errors.New("rows waited for their order in a way that this plan has not")

// waiting is the head of an item of rows that wait to be put in order.
type waiting struct {
	Lane  string      `json:"lane"`
	Next  uint64      `json:"next,omitempty"`
	Ended []uint64    `json:"ended,omitempty"`
	Seq   uint64      `json:"seq,omitempty"`
	Rows  bool        `json:"rows,omitempty"` // a frame of rows follows
	Runs  []sortedRun `json:"runs,omitempty"`
}

// Snapshot writes the rows that wait.
func (g *Gather) Snapshot(w op.SnapshotWriter) error {
	for _, p := range g.ports {
		for _, l := range p.lanes {
			if err := l.snapshot(w); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeWaiting writes an item: the head, a zero byte, and a frame.
func writeWaiting(w op.SnapshotWriter, h waiting, b *batch.Batch) error {
	h.Rows = b != nil
	data, err := json.Marshal(h)
	if err != nil {
		return err
	}
	data = append(data, 0)
	if b != nil {
		if data, err = batch.AppendFrame(data, b); err != nil {
			return err
		}
	}
	return w.Item(data)
}

// Restore brings back what Snapshot wrote; old gives the IDs that the plan's nodes had then, nil where they are the same.
func (g *Gather) Restore(state op.SnapshotReader, old map[int]int) error {
	files := map[string]string{}
	for name, path := range state.Files() {
		files[name] = path
	}
	for item := range state.Items() {
		head, frame, _ := cutHead(item)
		var h waiting
		if err := json.Unmarshal(head, &h); err != nil {
			return fmt.Errorf("what is said of waiting rows cannot be read: %w", err)
		}
		l := g.laneOf(h.Lane, old)
		if l == nil {
			if h.Rows || len(h.Runs) > 0 {
				return fmt.Errorf("%w: use the parallelism of the run that made it", ErrOther)
			}
			continue
		}
		g.found[l] = true
		var b *batch.Batch
		if h.Rows {
			var err error
			if b, _, err = batch.DecodeFrame(frame); err != nil {
				return fmt.Errorf("waiting rows cannot be read: %w", err)
			}
		}
		if err := l.restore(h, b, files); err != nil {
			return err
		}
	}
	return state.Err()
}

// laneOf finds the lane of a name that a snapshot has; old gives the IDs that nodes had there.
func (g *Gather) laneOf(name string, old map[int]int) lane {
	if g == nil {
		return nil
	}
	for _, n := range g.names {
		was := n
		if old != nil {
			was.from, was.to = old[n.from], old[n.to]
		}
		if was.text() == name {
			return n.lane
		}
	}
	return nil
}

// Begin lets lanes that a snapshot did not have begin where all rows of the splits that were done have passed: oldest gives the oldest split of a stage
// that is not.
func (g *Gather) Begin(oldest func(stage int) uint64) {
	for _, n := range g.names {
		if l, is := n.lane.(*splitLane); is && !g.found[n.lane] {
			l.next = oldest(l.stage)
		}
	}
}

func cutHead(item []byte) (head, frame []byte, ok bool) {
	for i, c := range item {
		if c == 0 {
			return item[:i], item[i+1:], true
		}
	}
	return item, nil, false
}
