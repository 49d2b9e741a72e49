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

// Stop is the error with which a rejected row ends a run: nothing consumes it. cause says why it is not borne, nil where none is.
func (r Rejection) Stop(node string, cause error) *Error {
	e := &Error{Code: r.Code, Message: r.Reason, Node: node, File: r.File, Record: r.Record, Line: r.Line, Err: cause,
		Hint: "to go on without such rows write `.rejected` of their `let` to a file, or allow some with --max-errors"}
	if r.Byte > 0 {
		e.Byte = r.Byte
	}
	return e
}
