// Package oracletest gives tests the oracle: 300 proteins, the scores of all 44,850 pairs in nine configurations, each
// agreed by two to four independent tools, and alignments where the optimum is unique. testdata/oracle/README.md of
// stdlib/align says how they were made.
package oracletest

import (
	"bufio"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"weir/stdlib/align/scoring"
)

// dir is the oracle's folder as seen from a package directly under stdlib/align.
var dir = filepath.Join("..", "testdata", "oracle")

// Config is one of the oracle's nine configurations.
type Config struct {
	Name   string // the name of its column
	Scheme *scoring.Scheme
}

// Pair is one row of the table of scores, with one score for each configuration.
type Pair struct {
	Query, Target int // indices into Sequences
	Scores        [9]float64
}

// Alignment is one row of the table of alignments. Where NOptimal is not 1, only the score is known.
type Alignment struct {
	Config        string
	Query, Target int // indices into Sequences
	Score         float64
	NOptimal      float64 // float64, because counts go beyond 64 bits

	QueryStart, QueryEnd, TargetStart, TargetEnd int // from 1, inclusive
	CIGAR                                        string
	Identical, Aligned                           int
	GapColumns, GapOpens, EndGapColumns          int
	IdentityEmboss, IdentityAligned              float64 // percent, as printed
	IdentityShorter                              float64
}

// Configs are the nine configurations in the order of the table's columns.
func Configs(tb testing.TB) []Config {
	tb.Helper()
	blast := scoring.Gap{Kind: scoring.Affine, Open: 11, Extend: 1}
	wide := scoring.Gap{Kind: scoring.Affine, Open: 14, Extend: 2}
	emboss := scoring.Gap{Kind: scoring.Emboss, Open: 10, Extend: 0.5}
	var configs []Config
	for _, c := range []struct {
		name   string
		mode   scoring.Mode
		matrix string
		gap    scoring.Gap
	}{
		{"L62", scoring.Local, "BLOSUM62", blast},
		{"L62N", scoring.Local, "BLOSUM62_NCBI", blast},
		{"L45", scoring.Local, "BLOSUM45", wide},
		{"P250", scoring.Local, "PAM250", wide},
		{"E62", scoring.Local, "BLOSUM62", emboss},
		{"G62", scoring.Global, "BLOSUM62", blast},
		{"N62", scoring.Overlap, "BLOSUM62", emboss},
		{"Q62", scoring.Fit, "BLOSUM62", blast},
		{"O62", scoring.Overlap, "BLOSUM62", blast},
	} {
		matrix, ok := scoring.Builtin(c.matrix)
		if !ok {
			tb.Fatalf("no matrix %s", c.matrix)
		}
		scheme, err := scoring.NewScheme(c.mode, matrix, c.gap, scoring.Ends{})
		if err != nil {
			tb.Fatal(err)
		}
		configs = append(configs, Config{c.name, scheme})
	}
	return configs
}

// Sequences are the 300 proteins, S001 first, as letters.
func Sequences(tb testing.TB) [][]byte {
	tb.Helper()
	var sequences [][]byte
	readLines(tb, "seqs.fasta.gz", func(line string) {
		if strings.HasPrefix(line, ">") {
			sequences = append(sequences, nil)
			return
		}
		last := len(sequences) - 1
		sequences[last] = append(sequences[last], line...)
	})
	return sequences
}

// Encode encodes all sequences for one matrix.
func Encode(tb testing.TB, matrix *scoring.Matrix, sequences [][]byte) [][]byte {
	tb.Helper()
	codes := make([][]byte, len(sequences))
	for i, seq := range sequences {
		var err error
		if codes[i], err = matrix.EncodeSeq(nil, seq); err != nil {
			tb.Fatalf("sequence %d: %v", i+1, err)
		}
	}
	return codes
}

// Pairs are the 44,850 rows of scores.
func Pairs(tb testing.TB) []Pair {
	tb.Helper()
	var pairs []Pair
	readRows(tb, "scores.tsv.gz", func(f []string) {
		p := Pair{Query: index(tb, f[0]), Target: index(tb, f[1])}
		for i := range p.Scores {
			p.Scores[i] = number(tb, f[2+i])
		}
		pairs = append(pairs, p)
	})
	return pairs
}

// Alignments are the rows of the table of alignments.
func Alignments(tb testing.TB) []Alignment {
	tb.Helper()
	var alignments []Alignment
	readRows(tb, "alignments.tsv.gz", func(f []string) {
		a := Alignment{Config: f[0], Query: index(tb, f[1]), Target: index(tb, f[2]), Score: number(tb, f[3]),
			NOptimal: number(tb, f[4])}
		if a.NOptimal == 1 {
			whole := func(s string) int { return int(number(tb, s)) }
			a.QueryStart, a.QueryEnd = whole(f[5]), whole(f[6])
			a.TargetStart, a.TargetEnd = whole(f[7]), whole(f[8])
			a.CIGAR = f[9]
			a.Identical, a.Aligned, a.GapColumns = whole(f[10]), whole(f[11]), whole(f[12])
			a.GapOpens, a.EndGapColumns = whole(f[13]), whole(f[14])
			a.IdentityEmboss, a.IdentityAligned = number(tb, f[15]), number(tb, f[16])
			a.IdentityShorter = number(tb, f[17])
		}
		alignments = append(alignments, a)
	})
	return alignments
}

// readRows calls f with the fields of every line but the first.
func readRows(tb testing.TB, name string, f func(fields []string)) {
	tb.Helper()
	header := true
	readLines(tb, name, func(line string) {
		if !header {
			f(strings.Split(line, "\t"))
		}
		header = false
	})
}

func readLines(tb testing.TB, name string, f func(line string)) {
	tb.Helper()
	file, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		tb.Fatal(err)
	}
	defer func() {
		if err := file.Close(); err != nil {
			tb.Error(err)
		}
	}()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		tb.Fatal(err)
	}
	lines := bufio.NewReader(unzipped)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			f(strings.TrimRight(line, "\r\n"))
		}
		if err == io.EOF {
			return
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
}

func index(tb testing.TB, id string) int {
	tb.Helper()
	n, err := strconv.Atoi(strings.TrimPrefix(id, "S"))
	if err != nil {
		tb.Fatal(err)
	}
	return n - 1
}

func number(tb testing.TB, s string) float64 {
	tb.Helper()
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		tb.Fatal(err)
	}
	return f
}
