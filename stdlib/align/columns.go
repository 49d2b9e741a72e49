package align

import (
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/align/scoring"
	"weir/stdlib/align/stats"
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
	scheme              *scoring.Scheme
	stats               *stats.Model // nil where no column asks for bits or E-values
	score               int32
	rest                float64 // what rounding has taken from the score; E-values go by both
	queryLen, targetLen int
	reverse             bool  // path is that of the query's reverse complement
	database            int64 // residues
	path                *trace.Alignment
	scratch             []byte
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
	{"bits", types.Float, scoreTier, "The bit score, (λ·score − ln K) / ln 2; for local alignments whose matrix and gap costs have known parameters.",
		func(b *batch.Builder, r *result) { b.Float(r.stats.Bits(float64(r.score))) }},
	{"evalue", types.Float, scoreTier, "The number of alignments this good that are expected by chance in a database of `database` residues (Spouge's finite-size formula, as blastp and DIAMOND give it without composition-based statistics).",
		func(b *batch.Builder, r *result) {
			b.Float(r.stats.EValue(float64(r.score)+r.rest, r.queryLen, r.targetLen, r.database))
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
	m[strandColumn.name] = &strandColumn
	return m
}()

// strandColumn is there where both strands of the queries are searched.
var strandColumn = column{"strand", types.String, scoreTier, "`+`, or `-` where the query's reverse complement is aligned: positions are those of the query as it was given, the CIGAR goes along the target.",
	func(b *batch.Builder, r *result) {
		if r.reverse {
			b.String("-")
		} else {
			b.String("+")
		}
	}}

// addedColumns gives the columns that align or search adds with these arguments.
func addedColumns(a op.Args) []*column {
	var out []*column
	for i := range columns {
		out = append(out, &columns[i])
	}
	if bothStrands(a) {
		out = append(out, &strandColumn)
	}
	return out
}

// whole reports that end gaps are part of the alignment: all of them are charged.
func (r *result) whole() bool {
	return r.scheme.Mode == scoring.Global && r.scheme.Free == scoring.Ends{}
}

// span has the first and the last residue of the alignment in both sequences as they were given.
func (r *result) span() trace.Span {
	s := r.path.Core
	if r.whole() {
		s = r.path.Span
	}
	if r.reverse && s.QueryStart > 0 {
		s.QueryStart, s.QueryEnd = r.queryLen+1-s.QueryEnd, r.queryLen+1-s.QueryStart
	}
	return s
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

// withColumns gives the row with the columns behind it, or reports, at a parameter and by a format for its name, the one that is there already.
func withColumns(t *op.Typing, param string, row types.Row, s *scoring.Scheme, taken string) types.Row {
	out := append(types.Row(nil), row...)
	for _, c := range addedColumns(t.Args) {
		if row.Index(c.name) >= 0 {
			t.Errorf(param, "W2305", taken, c.name)
			return nil
		}
		out = append(out, types.Field{Name: c.name, Type: c.typeOf(s)})
	}
	return out
}

// lazyColumns declares the columns for the planner. database tells whether the operator knows the size of the database by itself.
func lazyColumns(a op.Args, database bool) []op.LazyColumn {
	why := [...]string{scoreTier: "the score alone", traceTier: "the path (traceback)"}
	unknown := statisticsUnavailable(a)
	var out []op.LazyColumn
	for _, c := range addedColumns(a) {
		l := op.LazyColumn{Name: c.name, Tier: c.tier, Why: why[c.tier]}
		if c.statistical() {
			l.Unavailable = unknown
		}
		if _, given := a.Const("database"); c.name == "evalue" && unknown == "" && !database && !given {
			l.Unavailable = "an E-value depends on the size of the database: say `database: n`, in residues"
		}
		out = append(out, l)
	}
	return out
}

// statistical reports that the column needs the statistics' parameters.
func (c *column) statistical() bool { return c.name == "bits" || c.name == "evalue" }

// statisticsUnavailable says why there are no bit scores and E-values for these arguments; "" where there are, or where only the run can tell.
func statisticsUnavailable(a op.Args) string {
	s, err := schemeOf(a, nil)
	if err != nil || a.Text("matrix") != "" {
		return ""
	}
	if _, err := stats.New(s); err != nil {
		return err.Error()
	}
	return ""
}

// plan sorts out the columns of a row that must be computed: builders[i] is nil where column i comes from elsewhere.
type plan struct {
	fill     []*column
	builders []*batch.Builder
	traced   bool
}

// newPlan makes the plan for n rows; present tells which columns come from elsewhere.
func newPlan(row types.Row, n int, present func(name string) bool) plan {
	p := plan{make([]*column, len(row)), make([]*batch.Builder, len(row)), false}
	for i, f := range row {
		c := columnByName[f.Name]
		if c == nil || present(f.Name) {
			continue
		}
		p.fill[i], p.builders[i] = c, batch.NewBuilder(f.Type, n)
		p.traced = p.traced || c.tier == traceTier
	}
	return p
}

// add appends the values of one pair.
func (p *plan) add(r *result) {
	for i, c := range p.fill {
		if c != nil {
			c.put(p.builders[i], r)
		}
	}
}

// modelOf gives the statistics that the columns of a row need; nil where they need none.
func modelOf(row types.Row, s *scoring.Scheme) (*stats.Model, error) {
	for _, f := range row {
		if c := columnByName[f.Name]; c != nil && c.statistical() {
			m, err := stats.New(s)
			if err != nil {
				return nil, &op.Error{Code: "W6305", Message: "there are no bit scores and E-values for this scheme", Err: err}
			}
			return m, nil
		}
	}
	return nil, nil
}
