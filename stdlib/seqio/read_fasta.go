// Package seqio reads and writes files of biological sequences.
package seqio

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"math"

	"weir/compiler/types"
	"weir/planner/estimate"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/input"
)

// Operators lists the operators of the package.
var Operators = []*op.Operator{ReadFasta, ReadFastq, WriteFasta}

// ReadFasta is the operator that reads FASTA files.
var ReadFasta = &op.Operator{
	Name: "read_fasta",
	Role: op.SourceRole,
	Doc: `reads FASTA files.

The path names a file, a folder (with a trailing /) or a glob; files come in the order of their names. Gzip, of many members as bgzip writes it, too, and
zstd are found by the content; a large plain file is read in ranges. The id is the first word of the header, the description the rest. Letters are folded to upper case, so that soft masking is
lost; white space and lines that begin with ; are passed over. docs/fasta.md says what is made of unusual files. A record that is bad goes to ` +
		"`.rejected`" + `; a file whose bytes cannot be trusted stops the run. Memory is bounded by the longest record, of at most 64 MiB.`,
	Params: []op.Param{
		{Name: "path", Kind: op.Value, Type: types.Of(types.Path), Required: true, Doc: "A file, a folder or a glob."},
		{Name: "alphabet", Kind: op.Word, Words: []string{"protein", "dna", "rna"}, Default: "protein",
			Doc: "The type of `sequence`, and the letters that it may have: all 26 and * in proteins, IUPAC's codes in dna and rna."},
		{Name: "stop", Kind: op.Word, Words: []string{"keep", "strip"}, Default: "keep", Doc: "`strip` removes a trailing * of a protein."},
		{Name: "gaps", Kind: op.Word, Words: []string{"reject", "strip"}, Default: "reject", Doc: "What to do with - and . in a sequence: the record is bad, or they are removed."},
	},
	Type: func(t *op.Typing) types.Row {
		return types.Row{
			{Name: "id", Type: types.Of(types.String)},
			{Name: "description", Type: types.Of(types.String)},
			{Name: "sequence", Type: types.Of(kindOf(t.Args))},
		}
	},
	Caps: op.Caps{Live: input.IsPipe,
		Needs:      func(op.Args, []types.Row, op.ColumnSet) []op.ColumnSet { return nil },
		SplitCount: func(a op.Args, s op.Storage) int { return input.Count(s, a.Text("path"), rangeBytes) },
	},
	Estimate: estimateFasta,
	Source:   func(c *op.Config) (op.Source, error) { return &fastaSource{cfg: c}, nil },
}

func kindOf(a op.Args) types.Kind {
	k, _ := types.Scalar(a.Word("alphabet"))
	if k == types.Invalid {
		return types.Protein
	}
	return k
}

// rangeBytes is the length of the ranges that a large plain file is cut into; a variable for tests alone.
var rangeBytes int64 = input.RangeBytes

// fastaSource reads files, or ranges of them, as splits.
type fastaSource struct {
	cfg *op.Config
	ctx op.Context
}

func (s *fastaSource) Open(ctx op.Context) error { s.ctx = ctx; return nil }
func (s *fastaSource) Close() error              { return nil }

func (s *fastaSource) Splits(ctx op.Context, _ []json.RawMessage) iter.Seq2[op.Split, error] {
	return input.Splits(ctx, s.cfg.Args.Text("path"), rangeBytes)
}

// chunk is what one read asks for; batchBytes is what a batch holds at most, but for one record.
const (
	chunk      = 256 << 10
	batchBytes = 256 << 10
)

func (s *fastaSource) Read(split op.Split, out op.SourceOutput) error {
	f, err := input.PartOf(split)
	if err != nil {
		return err
	}
	part := f
	if f.To > 0 {
		// Whether a record begins with the range is told by the byte before, and the last one may reach out of it.
		part.From, part.To = max(f.From-1, 0), math.MaxInt64
	}
	in, err := input.Open(s.ctx.Context(), s.ctx.Storage(), part)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // read only: nothing is lost
	follow, err := input.Follow(out, split, f, in.Eager())
	if err != nil {
		return err
	}
	w := newRecordWriter(s.cfg.Out, f.Path, split.Index, follow)
	p := newParser(newAlphabet(kindOf(s.cfg.Args)), s.cfg.Args.Word("stop") == "strip", s.cfg.Args.Word("gaps") == "strip", w.add)
	if f.To > 0 {
		in.Expect(f.To)
		p.between(f.From, f.To)
		if f.From > 0 {
			w.locate = (&locator{ctx: s.ctx, part: f}).locate
		}
	}
	// A pipe may trickle: what is complete goes on before a read that may wait.
	err = parseFasta(in, p, func() error {
		if err := s.ctx.Context().Err(); err != nil || in.Eager() {
			return err
		}
		if err := w.flush(); err != nil {
			return err
		}
		return out.Wait(in.Ready())
	})
	if err != nil && err != errRangeEnds {
		return err
	}
	return w.flush()
}

// recordWriter gathers records into batches of the columns that are wanted.
type recordWriter struct {
	row      types.Row
	file     string
	split    uint64
	out      op.Output
	builders []*batch.Builder
	origin   *batch.Origin
	bytes    int
	total    uint64 // good records of the split so far
	// locate makes the record's number and lines, which count from the range's beginning, those of the file; nil where they are. They are known only of what
	// is rejected here: to count them the file must be read up to there.
	locate func(r *record) error
}

func newRecordWriter(row types.Row, file string, split uint64, out op.Output) *recordWriter {
	w := &recordWriter{row: row, file: file, split: split, out: out}
	w.reset()
	return w
}

func (w *recordWriter) reset() {
	w.builders = make([]*batch.Builder, len(w.row))
	for i, f := range w.row {
		w.builders[i] = batch.NewBuilder(f.Type, 64)
	}
	w.origin, w.bytes = &batch.Origin{File: w.file}, 0
}

// add takes a record, or rejects it.
func (w *recordWriter) add(r *record) error {
	id, description := r.split()
	if r.reason == "" && len(id) == 0 {
		r.code, r.reasonLine = "W6214", r.line
		r.reason = fmt.Sprintf("the header has no id: a record begins with a line `%cid description`", r.header[0])
	}
	if r.reason != "" {
		located := *r
		if w.locate != nil {
			if err := w.locate(&located); err != nil {
				return err
			}
		}
		return w.out.Reject(located.rejection(w.file))
	}
	for i, f := range w.row {
		switch f.Name {
		case "id":
			w.builders[i].Bytes(id)
		case "description":
			w.builders[i].Bytes(description)
		case "sequence":
			w.builders[i].Bytes(r.sequence)
		case "quality":
			w.builders[i].Bytes(r.quality)
		}
	}
	w.bytes += len(r.header) + len(r.sequence) + len(r.quality)
	number, line := r.number, r.line
	if w.locate != nil {
		number, line = 0, 0
	}
	o := w.origin
	o.Record, o.Line, o.Byte = append(o.Record, number), append(o.Line, line), append(o.Byte, r.offset)
	if w.bytes >= batchBytes {
		return w.flush()
	}
	return nil
}

// flush emits what has been gathered.
func (w *recordWriter) flush() error {
	n := len(w.origin.Record)
	if n == 0 {
		return nil
	}
	b := &batch.Batch{Row: w.row, N: n, Origin: w.origin, Ord: [][]uint64{make([]uint64, n), make([]uint64, n)}}
	for i := range n {
		b.Ord[0][i], b.Ord[1][i] = w.split, w.total
		w.total++
	}
	for _, bu := range w.builders {
		b.Cols = append(b.Cols, bu.Done())
	}
	w.reset()
	return w.out.Emit(b)
}

// parseFasta feeds a parser with all of a stream. before is called before every read.
func parseFasta(in io.Reader, p *parser, before func() error) error {
	buf := make([]byte, chunk)
	for {
		if err := before(); err != nil {
			return err
		}
		n, err := in.Read(buf)
		if ferr := p.feed(buf[:n]); ferr != nil {
			return ferr
		}
		if err == io.EOF {
			return p.finish()
		}
		if err != nil {
			return err
		}
	}
}

func estimateFasta(e *op.Estimating) (estimate.Stream, estimate.Work) {
	return estimateRecords(e, func(in io.Reader, done func(r *record) error) error {
		return parseFasta(in, newParser(newAlphabet(kindOf(e.Args)), false, true, done), func() error { return nil })
	})
}
