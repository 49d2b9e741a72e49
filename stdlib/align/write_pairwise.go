package align

import (
	"bytes"
	"fmt"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/align/scoring"
	"weir/stdlib/internal/basepair"
)

var pairwiseColumns = []string{"score", "query_start", "query_end", "target_start", "columns", "identical", "similar", "gap_columns", "cigar"}

// WritePairwise is the operator that writes alignments for people.
var WritePairwise = hitWriter("write_pairwise", `writes alignments as text for people, as BLAST and EMBOSS show them.

Between the two sequences stands | for the same residue, : for a positive value in the matrix. What lies before and behind the alignment is not shown. Where the row has a
column `+"`strand`"+` that says -, the query's line is its reverse complement and its positions go down.`, "txt",
	[]string{"sequence"}, pairwiseColumns, hitParams(
		op.Param{Name: "matrix", Kind: op.Word, Words: scoring.Names(), Default: "BLOSUM62", Doc: "The matrix whose positive values are marked."},
		op.Param{Name: "width", Kind: op.Value, Type: types.Of(types.Int), Default: "60", Doc: "Columns on a line."},
	),
	func(a op.Args) (func([]byte, map[string]*batch.Vector, int) []byte, error) {
		m, ok := scoring.Builtin(a.Word("matrix"))
		if !ok {
			return nil, fmt.Errorf("no matrix is called %q", a.Word("matrix"))
		}
		width := int(min(max(a.Int("width", 60), 1), 1<<20))
		return func(dst []byte, v map[string]*batch.Vector, row int) []byte {
			b := bytes.NewBuffer(dst)
			writePairwise(b, m, width, v, row)
			return b.Bytes()
		}, nil
	})

// writePairwise writes one alignment: a head, and blocks of three lines.
func writePairwise(b *bytes.Buffer, m *scoring.Matrix, width int, v map[string]*batch.Vector, row int) {
	query, target := v["query.sequence"].Bytes(row), v["target.sequence"].Bytes(row)
	score := fmt.Sprint(v["score"].Value(row))
	columns := v["columns"].Int(row)
	fmt.Fprintf(b, "Query:  %s (%d)\nTarget: %s (%d)\n", v["query.id"].Bytes(row), len(query), v["target.id"].Bytes(row), len(target))
	fmt.Fprintf(b, "Score %s, identical %s, similar %s, gaps %s\n\n", score, share(v["identical"].Int(row), columns), share(v["similar"].Int(row), columns), share(v["gap_columns"].Int(row), columns))

	q, t := int(v["query_start"].Int(row)), int(v["target_start"].Int(row))
	first, step := q, 1
	if onReverse(v, row) {
		if turned, at := basepair.AppendReverse(nil, query); at < 0 {
			query = turned
			// The alignment begins in the turned query where it ends in the given one.
			q, step = int(v["query_end"].Int(row)), -1
			first = len(query) + 1 - q
		}
	}
	top, middle, bottom := columnsOf(m, query, target, first, t, v["cigar"].Bytes(row))
	for from := 0; from < len(top); from += width {
		to := min(from+width, len(top))
		qn, tn := to-from-bytes.Count(top[from:to], []byte("-")), to-from-bytes.Count(bottom[from:to], []byte("-"))
		fmt.Fprintf(b, "Query  %6d %s %d\n              %s\nTarget %6d %s %d\n\n", q, top[from:to], q+step*(qn-1), bytes.TrimRight(middle[from:to], " "), t, bottom[from:to], t+tn-1)
		q, t = q+step*qn, t+tn
	}
	b.WriteByte('\n')
}

func share(n, of int64) string {
	if of == 0 {
		return "0/0"
	}
	return fmt.Sprintf("%d/%d (%.1f %%)", n, of, 100*float64(n)/float64(of))
}

// columnsOf spells out an alignment: the query's line, the marks, the target's line, of the same length. What the CIGAR asks for beyond a sequence's
// end is left out, so that no row can make it panic.
func columnsOf(m *scoring.Matrix, query, target []byte, q, t int, cigar []byte) (top, middle, bottom []byte) {
	q, t = max(q-1, 0), max(t-1, 0)
	n := 0
	for _, c := range cigar {
		if c >= '0' && c <= '9' {
			n = min(n*10+int(c-'0'), 1<<30)
			continue
		}
		for ; n > 0; n-- {
			switch {
			case c == 'M' && q < len(query) && t < len(target):
				top, middle, bottom = append(top, query[q]), append(middle, mark(m, query[q], target[t])), append(bottom, target[t])
				q, t = q+1, t+1
			case c == 'I' && q < len(query):
				top, middle, bottom = append(top, query[q]), append(middle, ' '), append(bottom, '-')
				q++
			case c == 'D' && t < len(target):
				top, middle, bottom = append(top, '-'), append(middle, ' '), append(bottom, target[t])
				t++
			default:
				n = 1 // nothing is left that it could stand for
			}
		}
	}
	return top, middle, bottom
}

func mark(m *scoring.Matrix, a, b byte) byte {
	if a == b {
		return '|'
	}
	if s, err := m.Score(a, b); err == nil && s > 0 {
		return ':'
	}
	return ' '
}
