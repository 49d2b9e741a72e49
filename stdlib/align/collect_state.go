package align

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"weir/runtime/batch"
	"weir/runtime/op"
)

// codeState is of a snapshot that cannot be read.
const codeState = "W6411"

// collected is what a snapshot says of the blocks that are laid out: the blocks themselves are in the staging area, which is kept.
type collected struct {
	Total  uint64      `json:"total"`
	Blocks []blockInfo `json:"blocks"`
}

// Snapshot writes what is known of the blocks so far, and the records that wait for the next one, as one item: a length, JSON, frames.
func (x *collect) Snapshot(_ uint64, w op.SnapshotWriter) error {
	head, err := json.Marshal(collected{x.total, x.blocks})
	if err != nil {
		return err
	}
	state := append(binary.AppendUvarint(nil, uint64(len(head))), head...)
	for _, b := range x.pending {
		if state, err = batch.AppendFrame(state, b); err != nil {
			return err
		}
	}
	return w.Item(state)
}

// Restore goes on behind the records of a snapshot.
func (x *collect) Restore(r op.SnapshotReader) error {
	for state := range r.Items() {
		n, k := binary.Uvarint(state)
		if k <= 0 || n > uint64(len(state)-k) {
			return badState(fmt.Errorf("%d bytes", len(state)))
		}
		var c collected
		if err := json.Unmarshal(state[k:k+int(n)], &c); err != nil {
			return badState(err)
		}
		x.total, x.blocks = c.Total, c.Blocks
		for rest := bytes.Clone(state[k+int(n):]); len(rest) > 0; { // batches go on using it
			var b *batch.Batch
			var err error
			if b, rest, err = batch.DecodeFrame(rest); err != nil {
				return badState(err)
			}
			if !b.Row.Equal(x.row) {
				return badState(fmt.Errorf("records of %s, not %s", b.Row, x.row))
			}
			if err := x.Data(x.port, b, nil); err != nil {
				return err
			}
		}
	}
	return r.Err()
}

func badState(err error) error {
	return &op.Error{Code: codeState, Message: "the state of collected records cannot be read", Err: err,
		Hint: "the checkpoint is damaged: start from the one before"}
}
