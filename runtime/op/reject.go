package op

import "weir/runtime/batch"

// RejectionAt is the rejection of the row at a position of a batch, with all that is known of where it comes from.
func RejectionAt(b *batch.Batch, row int, code, reason string) Rejection {
	r := Rejection{Byte: -1, Code: code, Reason: reason}
	if o := b.Origin; o != nil {
		r.File = o.File
		if o.Record != nil {
			r.Record = o.Record[row]
		}
		if o.Line != nil {
			r.Line = o.Line[row]
		}
		if o.Byte != nil {
			r.Byte = o.Byte[row]
		}
	}
	return r
}

// Evaluate computes an expression and rejects the rows for which it has no value; kept is the batch without them. Text is the expression as
// the user wrote it, for the reasons.
func Evaluate(e Evaluator, text string, b *batch.Batch, out Output) (v *batch.Vector, kept *batch.Batch, err error) {
	v, failed, err := e.Eval(b)
	if err != nil || len(failed) == 0 {
		return v, b, err
	}
	sel := make([]uint32, 0, b.Len())
	for i := range b.Len() {
		row := b.Pos(i)
		if len(failed) == 0 || failed[0].Row != row {
			sel = append(sel, uint32(row))
			continue
		}
		if err := out.Reject(RejectionAt(b, row, failed[0].Code, failed[0].Reason+" (in `"+text+"`)")); err != nil {
			return nil, nil, err
		}
		failed = failed[1:]
	}
	return v, b.Select(sel), nil
}
