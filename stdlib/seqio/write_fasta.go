package seqio

import (
	"bytes"
	"fmt"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/textio"
)

// Codes of write_fasta; lang/diag explains them.
const (
	codeColumns     = "W2851" // a row without what a FASTA record needs
	codeWidth       = "W2852" // a line width out of range
	codeNotWritable = "W6218" // a value that would be read back as something else
)

// maxWidth bounds the letters on a line; 0 asks for one line a sequence.
const maxWidth = 1 << 20

// WriteFasta is the operator that writes FASTA files.
var WriteFasta = &op.Operator{
	Name: "write_fasta",
	Role: op.SinkRole,
	Doc: `writes FASTA files.

The columns ` + "`id` and `sequence`" + ` are written, and ` + "`description`" + ` where there is one; other columns have no place in the format. A row whose record
would be read back as another one is rejected: an id that is empty or has white space, a line break in the description, white space or marks in the
sequence.`,
	Params: append([]op.Param{
		{Name: "path", Kind: op.Value, Type: types.Of(types.Path), Required: true,
			Doc: "A file, which is written by one task and becomes visible when the run ends; a folder (with a trailing /) of parts, which every task " +
				"writes; or - for standard output. A file named *.gz or *.zst is compressed."},
		{Name: "width", Kind: op.Value, Type: types.Of(types.Int), Default: "60", Doc: "Letters on a line; 0 puts each sequence on one line."},
	}, textio.Params...),
	SingleTask: textio.SingleTask,
	Type:       typeFasta,
	Caps: op.Caps{Needs: func(_ op.Args, in []types.Row, _ op.ColumnSet) []op.ColumnSet {
		need := op.NewColumnSet("id", "sequence")
		if in[0].Index("description") >= 0 {
			need.Add("description")
		}
		return []op.ColumnSet{need}
	}},
	Examples: []op.Example{{Doc: "The long proteins of a file, one line a sequence.", Code: `let proteins = read_fasta("proteome.fasta.gz")
let long = proteins |> filter(length(sequence) >= 6)
long |> write_fasta("long.fasta", width: 0)

test "short proteins are dropped" {
  given proteins = [
    { id: "a", description: "kept", sequence: "MKTAYI" },
    { id: "b", description: "dropped", sequence: "MK" },
  ]
  expect long = [{ id: "a", sequence: "MKTAYI" }]
}
`}},
	New: func(c *op.Config) (op.Instance, error) {
		return &fastaSink{Sink: textio.SinkOf(c.Args, "fasta"), width: int(c.Args.Int("width", 60))}, nil
	},
}

func typeFasta(t *op.Typing) types.Row {
	textio.Check(t)
	if w := t.Args.Int("width", 60); w < 0 || w > maxWidth {
		t.Errorf("width", codeWidth, "the width is a number from 0 to %d, not %d", maxWidth, w)
	}
	row := t.In[0].Row
	for _, c := range []struct {
		name     string
		optional bool
		ok       func(types.Type) bool
		want     string
	}{
		{"id", false, isString, "string"},
		{"description", true, isString, "string"},
		{"sequence", false, func(t types.Type) bool { return t.Kind.IsSequence() || isString(t) }, "protein, dna, rna or string"},
	} {
		typ, found := row.Lookup(c.name)
		switch {
		case !found && !c.optional:
			t.Errorf("", codeColumns, "a FASTA record needs a column `%s`: name one before, as in `|> select(id = …, sequence = …)`", c.name)
		case found && !c.ok(typ):
			t.Errorf("", codeColumns, "the column `%s` of a FASTA record is %s, not %s", c.name, c.want, typ)
		case found && typ.Nullable && !c.optional:
			t.Errorf("", codeColumns, "the column `%s` of a FASTA record may be null here: drop such rows before, with `|> filter(%s is not null)`",
				c.name, c.name)
		}
	}
	return nil
}

func isString(t types.Type) bool { return t.Kind == types.String || t.Kind == types.Path }

// fastaSink writes one record a row.
type fastaSink struct {
	textio.Sink
	width  int
	buf    []byte
	header []byte
}

func (s *fastaSink) Data(_ int, b *batch.Batch, out op.Output) error {
	id, description, sequence := b.Col("id"), b.Col("description"), b.Col("sequence")
	for k := range b.Len() {
		i := b.Pos(k)
		name, letters := id.Bytes(i), sequence.Bytes(i)
		var rest []byte
		if description != nil && !description.IsNull(i) {
			rest = description.Bytes(i)
		}
		if reason := s.unwritable(name, rest, letters); reason != "" {
			if err := out.Reject(op.RejectionAt(b, i, codeNotWritable, reason)); err != nil {
				return err
			}
			continue
		}
		s.buf = s.record(s.buf[:0], name, rest, letters)
		if _, err := s.Write(s.buf); err != nil {
			return err
		}
	}
	return nil
}

// record appends a record in lines.
func (s *fastaSink) record(dst, id, description, sequence []byte) []byte {
	dst = append(append(dst, '>'), id...)
	if len(description) > 0 {
		dst = append(append(dst, ' '), description...)
	}
	dst = append(dst, '\n')
	width := s.width
	if width == 0 {
		width = len(sequence)
	}
	for len(sequence) > 0 {
		n := min(width, len(sequence))
		dst = append(append(dst, sequence[:n]...), '\n')
		sequence = sequence[n:]
	}
	return dst
}

// unwritable says why a record would not be read back as it is, "" where it would. Only white space around a
// description is lost.
func (s *fastaSink) unwritable(id, description, sequence []byte) string {
	s.header = append(append(append(append(s.header[:0], '>'), id...), ' '), description...)
	if bytes.ContainsAny(s.header, "\r\n") {
		return "the header would have a line break"
	}
	if got, _ := (&record{header: s.header}).split(); len(id) == 0 || !bytes.Equal(got, id) {
		return "the id is empty or has white space, where an id ends"
	}
	for i, c := range sequence {
		if c <= ' ' || c >= 0x7f || c == '>' || c == ';' {
			return fmt.Sprintf("%s is no letter of a sequence (letter %d)", show(c), i+1)
		}
	}
	return ""
}
