// Command score scores every sequence of one FASTA file against every one of another, on one thread, and prints how
// many pairs, the sum of their scores and the path used. It is what compare.py times against other tools.
package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"os"

	"weir/stdlib/align/kernel"
	"weir/stdlib/align/scoring"
)

func main() {
	mode := flag.String("mode", "local", "local, global, fit or overlap")
	flag.Parse()
	if err := run(*mode, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "score:", err)
		os.Exit(1)
	}
}

func run(name string, files []string) error {
	modes := map[string]scoring.Mode{"local": scoring.Local, "global": scoring.Global, "fit": scoring.Fit,
		"overlap": scoring.Overlap}
	mode, ok := modes[name]
	if !ok || len(files) != 2 {
		return fmt.Errorf("usage: score -mode local|global|fit|overlap QUERIES TARGETS")
	}
	matrix, _ := scoring.Builtin("BLOSUM62")
	scheme, err := scoring.NewScheme(mode, matrix, scoring.Gap{Kind: scoring.Affine, Open: 11, Extend: 1}, scoring.Ends{})
	if err != nil {
		return err
	}
	var sets [2][][]byte
	for i := range sets {
		if sets[i], err = read(matrix, files[i]); err != nil {
			return err
		}
	}
	queries, targets := sets[0], sets[1]
	scorer, err := kernel.NewScorer(scheme)
	if err != nil {
		return err
	}
	block := kernel.NewBlock(scheme, targets)
	scores := make([][]int32, len(queries))
	for i := range scores {
		scores[i] = make([]int32, len(targets))
	}
	scorer.ScoreAll(queries, block, nil, scores)
	var sum int64
	for _, row := range scores {
		for _, s := range row {
			sum += int64(s)
		}
	}
	path, err := kernel.Active()
	if err != nil {
		return err
	}
	fmt.Println(len(queries)*len(targets), sum, path)
	return nil
}

// read reads the sequences of a FASTA file as residue codes.
func read(matrix *scoring.Matrix, name string) ([][]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<24)
	var sequences [][]byte
	for lines.Scan() {
		line := bytes.TrimSpace(lines.Bytes())
		switch {
		case bytes.HasPrefix(line, []byte(">")):
			sequences = append(sequences, nil)
		case len(sequences) > 0:
			last := len(sequences) - 1
			if sequences[last], err = matrix.EncodeSeq(sequences[last], line); err != nil {
				return nil, fmt.Errorf("%s, record %d: %w", name, len(sequences), err)
			}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	return sequences, file.Close()
}
