package align

import (
	"fmt"
	"strconv"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

var blast6Columns = []string{"identity", "columns", "mismatches", "gap_opens", "query_start", "query_end", "target_start", "target_end", "evalue", "bits"}

// blast6Minus are the whole numbers of a hit on the minus strand.
var blast6Minus = []string{"columns", "mismatches", "gap_opens", "query_start", "query_end", "target_end", "target_start"}

// WriteBlast6 is the operator that writes BLAST's tabular format.
var WriteBlast6 = hitWriter("write_blast6", `writes hits in BLAST's tabular format (outfmt 6): twelve fields, no header.

The fields are query, target, identity in per cent, columns, mismatches, gap opens, the first and last residue of query and target, E-value and bit score, with the
digits that blastp prints. Where the row has a column `+"`strand`"+` that says -, the target's last residue comes before its first, as blastn has it. White space in an id becomes _.`, "tsv", nil, blast6Columns, hitParams(),
	func(op.Args) (func([]byte, map[string]*batch.Vector, int) []byte, error) {
		return func(dst []byte, v map[string]*batch.Vector, row int) []byte {
			dst = append(word(dst, v["query.id"].Bytes(row)), '\t')
			dst = append(word(dst, v["target.id"].Bytes(row)), '\t')
			dst = strconv.AppendFloat(dst, 100*v["identity"].Float(row), 'f', 3, 64)
			fields := blast6Columns[1:8]
			if onReverse(v, row) {
				fields = blast6Minus
			}
			for _, c := range fields {
				dst = strconv.AppendInt(append(dst, '\t'), v[c].Int(row), 10)
			}
			dst = append(append(dst, '\t'), blastEValue(v["evalue"].Float(row))...)
			dst = append(append(dst, '\t'), blastBits(v["bits"].Float(row))...)
			return append(dst, '\n')
		}, nil
	})

// blastEValue writes an E-value with the digits of blastp's tables.
func blastEValue(e float64) string {
	switch {
	case e < 1e-180:
		return "0.0"
	case e < 0.0009:
		return fmt.Sprintf("%.2e", e)
	case e < 0.1:
		return fmt.Sprintf("%.3f", e)
	case e < 1:
		return fmt.Sprintf("%.2f", e)
	case e < 10:
		return fmt.Sprintf("%.1f", e)
	}
	return fmt.Sprintf("%.0f", e)
}

// blastBits writes a bit score with the digits of blastp's tables: whole bits, cut off, from 100 on.
func blastBits(b float64) string {
	switch {
	case b > 9999:
		return fmt.Sprintf("%.3e", b)
	case b > 99.9:
		return strconv.FormatInt(int64(b), 10)
	}
	return fmt.Sprintf("%.1f", b)
}

var pafColumns = []string{"query_start", "query_end", "target_start", "target_end", "identical", "columns", "score", "cigar"}

// WritePAF is the operator that writes PAF.
var WritePAF = hitWriter("write_paf", `writes hits in PAF, the format of minimap2.

Positions count from 0 and ends are exclusive, as the format has it. The strand is that of the row's column `+"`strand`"+`, + where it has none; the mapping quality is 255 (not known); the tags are AS:i, or AS:f for a
float score, and cg:Z, the CIGAR. White space in an id becomes _.`, "paf", []string{"sequence"}, pafColumns, hitParams(),
	func(op.Args) (func([]byte, map[string]*batch.Vector, int) []byte, error) {
		return func(dst []byte, v map[string]*batch.Vector, row int) []byte {
			for _, side := range []string{"query", "target"} {
				if side == "target" {
					mark := "\t+\t"
					if onReverse(v, row) {
						mark = "\t-\t"
					}
					dst = append(dst, mark...)
				}
				dst = append(word(dst, v[side+".id"].Bytes(row)), '\t')
				dst = strconv.AppendInt(dst, int64(len(v[side+".sequence"].Bytes(row))), 10)
				dst = strconv.AppendInt(append(dst, '\t'), max(v[side+"_start"].Int(row)-1, 0), 10)
				dst = strconv.AppendInt(append(dst, '\t'), v[side+"_end"].Int(row), 10)
			}
			dst = strconv.AppendInt(append(dst, '\t'), v["identical"].Int(row), 10)
			dst = strconv.AppendInt(append(dst, '\t'), v["columns"].Int(row), 10)
			dst = append(dst, "\t255\tAS:"...)
			if s := v["score"]; s.Type.Kind == types.Float {
				dst = strconv.AppendFloat(append(dst, "f:"...), s.Float(row), 'f', -1, 64)
			} else {
				dst = strconv.AppendInt(append(dst, "i:"...), s.Int(row), 10)
			}
			return append(append(append(dst, "\tcg:Z:"...), v["cigar"].Bytes(row)...), '\n')
		}, nil
	})
