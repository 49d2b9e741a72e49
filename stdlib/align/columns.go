package align

import (
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/align/scoring"
	"weir/stdlib/align/trace"
)

// The tiers of the columns: what must be computed for them.
const (
	scoreTier = iota // the score, by the kernels
	traceTier        // the path
)

// column is one column that an alignment has.
type column struct {
	name string
	kind types.Kind
	tier int
	doc  string
	// put appends the value for a pair.
	put func(b *batch.Builder, r *result)
}

// result is what is known of one aligned pair when its columns are filled. path is nil where no column asks for more than the score.
type result struct {
	scheme  *scoring.Scheme
	score   int32
	path    *trace.Alignment
	scratch []byte
}

// columns in the order in which a row has them.
var columns = []column{
	{"score", types.Int, scoreTier, "The score of the best alignment; a float under `gap: emboss`.", func(b *batch.Builder, r *result) {
		if r.scheme.IsFloat() {
			b.Float(r.scheme.Float(r.score))
		} else {
			b.Int(r.scheme.Int(r.score))
		}
	}},
	{"query_start", types.Int, traceTier, "The first query residue of the alignment, from 1.", func(b *batch.Builder, r *result) { b.Int(int64(r.span().QueryStart)) }},
	{"query_end", types.Int, traceTier, "The last query residue, inclusive.", func(b *batch.Builder, r *result) { b.Int(int64(r.span().QueryEnd)) }},
	{"target_start", types.Int, traceTier, "The first target residue of the alignment, from 1.", func(b *batch.Builder, r *result) { b.Int(int64(r.span().TargetStart)) }},
	{"target_end", types.Int, traceTier, "The last target residue, inclusive.", func(b *batch.Builder, r *result) { b.Int(int64(r.span().TargetEnd)) }},
	{"columns", types.Int, traceTier, "Columns of the alignment, gaps included; free end gaps are not part of it.", func(b *batch.Builder, r *result) { b.Int(int64(r.columns())) }},
	{"aligned", types.Int, traceTier, "Columns with two residues.", func(b *batch.Builder, r *result) { b.Int(int64(r.path.Aligned)) }},
	{"identical", types.Int, traceTier, "Columns with the same residue twice.", func(b *batch.Builder, r *result) { b.Int(int64(r.path.Identical)) }},
	{"similar", types.Int, traceTier, "Columns with a positive matrix value.", func(b *batch.Builder, r *result) { b.Int(int64(r.path.Similar)) }},
	{"mismatches", types.Int, traceTier, "Columns with two different residues.", func(b *batch.Builder, r *result) { b.Int(int64(r.path.Mismatches())) }},
	{"gap_opens", types.Int, traceTier, "Gaps.", func(b *batch.Builder, r *result) { b.Int(int64(r.gapOpens())) }},
	{"gap_columns", types.Int, traceTier, "Columns with a gap.", func(b *batch.Builder, r *result) { b.Int(int64(r.columns() - r.path.Aligned)) }},
	{"identity", types.Float, traceTier, "identical / columns with internal gaps, as a fraction: BLAST's pident.", func(b *batch.Builder, r *result) { b.Float(r.path.Identity()) }},
	{"identity_emboss", types.Float, traceTier, "identical / all columns, end gaps included: EMBOSS's.", func(b *batch.Builder, r *result) { b.Float(r.path.IdentityEmboss()) }},
	{"identity_aligned", types.Float, traceTier, "identical / columns with two residues.", func(b *batch.Builder, r *result) { b.Float(r.path.IdentityAligned()) }},
	{"identity_shorter", types.Float, traceTier, "identical / length of the shorter sequence.", func(b *batch.Builder, r *result) { b.Float(r.path.IdentityShorter()) }},
	{"cigar", types.Cigar, traceTier, "The path: M two residues, I a query residue against a gap, D a target residue against a gap.", func(b *batch.Builder, r *result) {
		if r.whole() {
			r.scratch = r.path.AppendCIGAR(r.scratch[:0])
		} else {
			r.scratch = r.path.AppendCoreCIGAR(r.scratch[:0])
		}
		b.Bytes(r.scratch)
	}},
}

var columnByName = func() map[string]*column {
	m := map[string]*column{}
	for i := range columns {
		m[columns[i].name] = &columns[i]
	}
	return m
}()

// whole reports that end gaps are part of the alignment: all of them are charged.
func (r *result) whole() bool {
	return r.scheme.Mode == scoring.Global && r.scheme.Free == scoring.Ends{}
}

func (r *result) span() trace.Span {
	if r.whole() {
		return r.path.Span
	}
	return r.path.Core
}

func (r *result) columns() int {
	if r.whole() {
		return r.path.Columns
	}
	return r.path.Columns - r.path.EndGapColumns
}

func (r *result) gapOpens() int {
	n := r.path.GapOpens
	if r.whole() {
		return n
	}
	ops := r.path.Ops
	for len(ops) > 0 && ops[0].Kind != trace.Match {
		ops, n = ops[1:], n-1
	}
	for len(ops) > 0 && ops[len(ops)-1].Kind != trace.Match {
		ops, n = ops[:len(ops)-1], n-1
	}
	return n
}

// typeOf gives the type that a column has under a scheme.
func (c *column) typeOf(s *scoring.Scheme) types.Type {
	if c.name == "score" && s.IsFloat() {
		return types.Of(types.Float)
	}
	return types.Of(c.kind)
}

// lazyColumns declares the columns for the planner.
func lazyColumns(op.Args) []op.LazyColumn {
	why := [...]string{scoreTier: "the score alone", traceTier: "the path (traceback)"}
	var out []op.LazyColumn
	for i := range columns {
		c := &columns[i]
		out = append(out, op.LazyColumn{Name: c.name, Tier: c.tier, Why: why[c.tier]})
	}
	return out
}
