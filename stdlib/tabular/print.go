package tabular

import (
	"weir/compiler/types"
	"weir/runtime/op"
	"weir/stdlib/internal/textio"
)

// Print is the operator that writes to standard output.
var Print = &op.Operator{
	Name: "print",
	Role: op.SinkRole,
	Doc: `writes rows to standard output, as they come.

As tab-separated values with a header line, in the form of write_tsv, or as JSON lines, in that of write_jsonl. What is out
cannot be taken back: when a run is started again after a failure, rows are written twice.`,
	Params: []op.Param{{Name: "format", Kind: op.Word, Words: []string{"tsv", "jsonl"},
		Doc: "The form of the rows: by default tsv, and jsonl where a column is a record or a list."}},
	AtLeastOnce: true,
	SingleTask:  func(op.Args) bool { return true },
	Type: func(t *op.Typing) types.Row {
		if t.Args.Word("format") == "tsv" {
			return flat(t)
		}
		return nil
	},
	New: func(c *op.Config) (op.Instance, error) {
		s := textio.Sink{Path: "-", Format: "jsonl"}
		if c.Args.Word("format") == "jsonl" || hasNested(c.In[0]) {
			return &lines{Sink: s, row: jsonRow(c.In[0])}, nil
		}
		s.Format, s.Header = "tsv", tsvHeader(c.In[0])
		return &lines{Sink: s, row: tsvRow}, nil
	},
}

func hasNested(row types.Row) bool {
	for _, f := range row {
		if isNested(f.Type.Kind) {
			return true
		}
	}
	return false
}

func isNested(k types.Kind) bool { return k == types.Record || k == types.List }
