package kernel_test

import (
	"bytes"
	"os"
	"testing"

	"weir/stdlib/align/kernel"
	"weir/stdlib/align/scoring"
	"weir/stdlib/align/scoring/oracletest"
)

// benchSequences are the letters of the FASTA file that WEIR_BENCH_FASTA names, or of the oracle.
func benchSequences(b *testing.B) [][]byte {
	name := os.Getenv("WEIR_BENCH_FASTA")
	if name == "" {
		return oracletest.Sequences(b)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		b.Fatal(err)
	}
	var sequences [][]byte
	for _, record := range bytes.Split(data, []byte(">"))[1:] {
		_, body, _ := bytes.Cut(record, []byte("\n"))
		sequences = append(sequences, bytes.ReplaceAll(body, []byte("\n"), nil))
	}
	return sequences
}

// BenchmarkScoreAll scores 64 queries, spread over the file, against all its sequences. GCUPS are thousand millions of
// cells per second of processor time.
func BenchmarkScoreAll(b *testing.B) {
	sequences := benchSequences(b)
	for _, c := range oracletest.Configs(b) {
		if c.Name != "L62" && c.Scheme.Mode == scoring.Local {
			continue
		}
		for _, path := range kernel.Paths() {
			b.Run(c.Name+"/"+path, func(b *testing.B) {
				b.Setenv(kernel.PathVariable, path)
				codes := oracletest.Encode(b, c.Scheme.Matrix, sequences)
				block := kernel.NewBlock(c.Scheme, codes)
				count := min(len(codes), 64)
				if path == "scalar" {
					count = 1
				}
				queries, scores := make([][]byte, count), make([][]int32, count)
				for i := range queries {
					queries[i] = codes[i*len(codes)/count]
					scores[i] = make([]int32, len(codes))
				}
				scorer, err := kernel.NewScorer(c.Scheme)
				if err != nil {
					b.Fatal(err)
				}
				start := cpuTime()
				for b.Loop() {
					scorer.ScoreAll(queries, block, nil, scores)
				}
				b.ReportMetric(float64(scorer.Cells())/(cpuTime()-start).Seconds()/1e9, "GCUPS")
			})
		}
	}
}

// BenchmarkTriangle scores every unordered pair of the file once, in blocks of 256 sequences in the file's order.
func BenchmarkTriangle(b *testing.B) {
	const size = 256
	sequences := benchSequences(b)
	scheme := oracletest.Configs(b)[0].Scheme
	codes := oracletest.Encode(b, scheme.Matrix, sequences)
	var blocks [][][]byte
	for len(codes) > 0 {
		n := min(size, len(codes))
		blocks = append(blocks, codes[:n])
		codes = codes[n:]
	}
	diagonal := make([]kernel.Set, size)
	scores := make([][]int32, size)
	for q := range diagonal {
		scores[q] = make([]int32, size)
		diagonal[q] = kernel.NewSet(size)
		for t := q + 1; t < size; t++ {
			diagonal[q].Add(t)
		}
	}
	for _, path := range kernel.Paths() {
		if path == "scalar" || path == "swar" {
			continue
		}
		b.Run(path, func(b *testing.B) {
			b.Setenv(kernel.PathVariable, path)
			scorer, err := kernel.NewScorer(scheme)
			if err != nil {
				b.Fatal(err)
			}
			start := cpuTime()
			for b.Loop() {
				for t, targets := range blocks {
					block := kernel.NewBlock(scheme, targets)
					for q, queries := range blocks[:t+1] {
						want := diagonal[:len(queries)]
						if q != t {
							want = nil
						}
						scorer.ScoreAll(queries, block, want, scores)
					}
				}
			}
			b.ReportMetric(float64(scorer.Cells())/(cpuTime()-start).Seconds()/1e9, "GCUPS")
		})
	}
}
