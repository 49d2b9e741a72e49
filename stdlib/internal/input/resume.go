package input

import (
	"encoding/json"

	"weir/runtime/batch"
	"weir/runtime/op"
)

// Output is the output of a source that reads a part of a file. It counts the rows and the rejected records that come, so that after a failure the
// part is read again and what was given before is dropped. A reader gives the same rows and rejects the same
// records every time; all that it need not know is where a checkpoint falls.
type Output struct {
	op.SourceOutput
	split op.Split
	part  Part
	// What the part says was given before.
	rows, rejected uint64
}

// Follow makes the output of one split. What cannot be read twice (standard input, a pipe) goes on with what comes.
func Follow(out op.SourceOutput, split op.Split, part Part, seekable bool) (*Output, error) {
	o := &Output{SourceOutput: out, split: split, part: part, rows: part.Rows, rejected: part.Rejected}
	o.part.Rows, o.part.Rejected = 0, 0
	if !seekable {
		o.rows, o.rejected = 0, 0
	}
	o.part.Pipe = !seekable
	return o, o.rest()
}

// Emit implements op.Output.
func (o *Output) Emit(b *batch.Batch) error {
	n := uint64(b.Len())
	before := o.part.Rows
	o.part.Rows += n
	if o.part.Rows <= o.rows {
		return nil
	}
	if before < o.rows {
		b = b.Compact().Slice(int(o.rows-before), int(n))
	}
	if err := o.SourceOutput.Emit(b); err != nil {
		return err
	}
	return o.rest()
}

// Reject implements op.Output.
func (o *Output) Reject(r op.Rejection) error {
	if o.part.Rejected++; o.part.Rejected <= o.rejected {
		return nil
	}
	return o.SourceOutput.Reject(r)
}

// rest says what is left of the split.
func (o *Output) rest() error {
	if o.part.Rows < o.rows || o.part.Rejected < o.rejected {
		return nil // not yet where the last one was
	}
	return o.SourceOutput.Rest(func() (op.Split, error) {
		s, p := o.split, o.part
		if p.Pipe {
			p.Rows, p.Rejected = 0, 0
		}
		data, err := json.Marshal(p)
		s.Data = data
		return s, err
	})
}
