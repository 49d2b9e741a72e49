package seqio

import (
	"encoding/json"
	"io"
	"iter"

	"weir/compiler/types"
	"weir/planner/estimate"
	"weir/runtime/op"
	"weir/stdlib/internal/input"
)

// ReadFastq is the operator that reads FASTQ files.
var ReadFastq = &op.Operator{
	Name: "read_fastq",
	Role: op.SourceRole,
	Doc: `reads FASTQ files, as sequencing machines give them.

A record has four lines: ` + "`@id description`" + `, the sequence, ` + "`+`" + ` and the quality, one character from ! to ~ for each letter (Cock et al. 2010,
doi:10.1093/nar/gkp1137); quality is given as it stands, with no offset taken off. Files, compression, line ends and blank lines between records are as
in read_fasta, and letters are folded to upper case. A record that is bad goes to ` + "`.rejected`" + `, and reading goes on at the next place that has the form of a
record; so sequences over several lines are rejected. Memory is bounded by the longest record, of at most 64 MiB.`,
	Params: []op.Param{
		{Name: "path", Kind: op.Value, Type: types.Of(types.Path), Required: true, Doc: "A file, a folder or a glob."},
		{Name: "alphabet", Kind: op.Word, Words: []string{"dna", "rna"}, Default: "dna",
			Doc: "The type of `sequence`; either has IUPAC's nucleotide codes, T and U alike."},
	},
	Type: func(t *op.Typing) types.Row {
		return types.Row{
			{Name: "id", Type: types.Of(types.String)},
			{Name: "description", Type: types.Of(types.String)},
			{Name: "sequence", Type: types.Of(fastqKind(t.Args))},
			{Name: "quality", Type: types.Of(types.String)},
		}
	},
	Caps: op.Caps{Live: input.IsPipe,
		Needs:      func(op.Args, []types.Row, op.ColumnSet) []op.ColumnSet { return nil },
		SplitCount: func(a op.Args, s op.Storage) int { return input.Count(s, a.Text("path"), 0) },
	},
	Examples: []op.Example{{Doc: "Reads that are long enough.", Code: `let reads = read_fastq("reads.fastq.gz")
let long = reads |> filter(length(sequence) >= 4)
long |> write_jsonl("long.jsonl")

test "short reads are dropped" {
  given reads = [
    { id: "r1", description: "", sequence: "ACGTN", quality: "IIII!" },
    { id: "r2", description: "", sequence: "ACG", quality: "III" },
  ]
  expect long = [{ id: "r1", sequence: "ACGTN", quality: "IIII!" }]
}
`}},
	Estimate: estimateFastq,
	Source:   func(c *op.Config) (op.Source, error) { return &fastqSource{cfg: c}, nil },
}

func fastqKind(a op.Args) types.Kind {
	if a.Word("alphabet") == "rna" {
		return types.RNA
	}
	return types.DNA
}

// fastqSource reads whole files as splits.
type fastqSource struct {
	cfg *op.Config
	ctx op.Context
}

func (s *fastqSource) Open(ctx op.Context) error { s.ctx = ctx; return nil }
func (s *fastqSource) Close() error              { return nil }

func (s *fastqSource) Splits(ctx op.Context, _ []json.RawMessage) iter.Seq2[op.Split, error] {
	return input.Splits(ctx, s.cfg.Args.Text("path"), 0)
}

func (s *fastqSource) Read(split op.Split, out op.SourceOutput) error {
	part, err := input.PartOf(split)
	if err != nil {
		return err
	}
	in, err := input.Open(s.ctx.Context(), s.ctx.Storage(), part)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // read only: nothing is lost
	follow, err := input.Follow(out, split, part, in.Eager())
	if err != nil {
		return err
	}
	w := newRecordWriter(s.cfg.Out, part.Path, split.Index, follow)
	// A pipe may trickle: what is complete goes on before a read that may wait.
	lines := input.NewLines(in, func() error {
		if err := s.ctx.Context().Err(); err != nil || in.Eager() {
			return err
		}
		if err := w.flush(); err != nil {
			return err
		}
		return out.Wait(in.Ready())
	})
	p := &fastqParser{lines: lines, check: newAlphabet(fastqKind(s.cfg.Args)), done: w.add}
	if err := p.run(); err != nil {
		return err
	}
	return w.flush()
}

func estimateFastq(e *op.Estimating) (estimate.Stream, estimate.Work) {
	return estimateRecords(e, func(in io.Reader, done func(r *record) error) error {
		p := &fastqParser{lines: input.LinesOf(in), check: newAlphabet(fastqKind(e.Args)), done: done}
		return p.run()
	})
}
