package align

import (
	"weir/compiler/types"
	"weir/runtime/op"
)

// The writers of alignment formats. They are known, so that a pipeline that uses one is told that it has to wait, and cannot run yet.
var (
	// WriteBlast6 writes BLAST's tabular format.
	WriteBlast6 = laterWriter("write_blast6", "writes hits in BLAST's tabular format (outfmt 6).")
	// WritePAF writes minimap2's format.
	WritePAF = laterWriter("write_paf", "writes hits in PAF, minimap2's format of pairwise mappings.")
	// WritePairwise writes alignments for people.
	WritePairwise = laterWriter("write_pairwise", "writes alignments as text for people, as BLAST and EMBOSS show them.")
)

func laterWriter(name, doc string) *op.Operator {
	return &op.Operator{Name: name, Role: op.SinkRole, Doc: doc,
		Params: []op.Param{{Name: "path", Kind: op.Value, Type: types.Of(types.Path), Required: true, Doc: "A file, or a folder with a trailing /."}}}
}
