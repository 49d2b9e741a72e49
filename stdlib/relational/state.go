package relational

import (
	"bytes"
	"fmt"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// keyIn gives the column of a row that a key is, where it is one whose values can be compared as they are; -1 else.
func keyIn(row types.Row, e *expr.Expr) int {
	if e.Kind != expr.Column {
		return -1
	}
	i := row.Index(e.Name)
	if i < 0 || row[i].Type.Kind != e.Type.Kind || !sortableType(row[i].Type).Equal(row[i].Type) {
		return -1
	}
	return i
}

// writeItems writes batches of held rows into a snapshot, one an item.
func writeItems(w op.SnapshotWriter, held []*batch.Batch) error {
	var buf []byte
	for _, b := range held {
		var err error
		if buf, err = batch.AppendFrame(buf[:0], b); err != nil {
			return err
		}
		if err := w.Item(buf); err != nil {
			return err
		}
	}
	return nil
}

// readRows reads a batch of rows of these columns.
func readRows(state []byte, row types.Row) (*batch.Batch, error) {
	b, rest, err := batch.DecodeFrame(bytes.Clone(state)) // the batch goes on using it
	switch {
	case err != nil:
		return nil, err
	case len(rest) > 0:
		return nil, fmt.Errorf("%d bytes too many", len(rest))
	case !b.Row.Equal(row):
		return nil, fmt.Errorf("rows of %s, not %s", b.Row, row)
	}
	return b, nil
}

func badState(operator string, err error) error {
	return &op.Error{Code: codeState, Message: "the state of " + operator + " cannot be read", Err: err,
		Hint: "the checkpoint is damaged: start from the one before"}
}
