package trace

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"weir/stdlib/align/kernel"
	"weir/stdlib/align/scoring"
	"weir/stdlib/align/scoring/oracletest"
)

// homologs are two random proteins of a length, one residue in three the same, and a gap now and then.
func homologs(length int) (query, target []byte) {
	random := rand.New(rand.NewPCG(1, 2))
	query, target = make([]byte, length), make([]byte, length)
	at := 0
	for i := range query {
		query[i] = byte(random.IntN(20))
	}
	for j := range target {
		if random.IntN(60) == 0 {
			at += random.IntN(8)
		}
		target[j] = byte(random.IntN(20))
		if random.IntN(3) == 0 {
			target[j] = query[(j+at)%length]
		}
	}
	return query, target
}

// Titin's length is the last one; its scores alone would take 4.6 GiB.
func BenchmarkAlign(b *testing.B) {
	matrix, _ := scoring.Builtin("BLOSUM62")
	for _, mode := range []scoring.Mode{scoring.Local, scoring.Global} {
		for _, length := range []int{100, 350, 2000, 35213} {
			b.Run(fmt.Sprintf("%v/%d", mode, length), func(b *testing.B) {
				s, err := scoring.NewScheme(mode, matrix, scoring.Gap{Open: 11, Extend: 1}, scoring.Ends{})
				if err != nil {
					b.Fatal(err)
				}
				query, target := homologs(length)
				a := NewAligner(s)
				var out Alignment
				b.ReportAllocs()
				for b.Loop() {
					if err := a.Align(query, target, &out); err != nil {
						b.Fatal(err)
					}
				}
				cells := float64(length) * float64(length) * float64(b.N)
				b.ReportMetric(cells/b.Elapsed().Seconds()/1e9, "GCUPS")
			})
		}
	}
}

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

// BenchmarkTraceAllPairs finds the paths of 40 queries, spread over the file, with all its sequences; the scores are
// known. GCUPS are thousand millions of cells per second of processor time.
func BenchmarkTraceAllPairs(b *testing.B) {
	sequences := benchSequences(b)
	for _, c := range oracletest.Configs(b) {
		if c.Name != "L62" && c.Scheme.Mode == scoring.Local {
			continue
		}
		b.Run(c.Name, func(b *testing.B) {
			codes := oracletest.Encode(b, c.Scheme.Matrix, sequences)
			scorer, err := kernel.NewScorer(c.Scheme)
			if err != nil {
				b.Fatal(err)
			}
			block, scores := kernel.NewBlock(c.Scheme, codes), make([]int32, len(codes))
			const count = 40
			var pairs [count][]Pair
			cells := 0.0
			for k := range pairs {
				q := codes[k*len(codes)/count]
				scorer.Scores(q, block, scores)
				for i, t := range codes {
					pairs[k] = append(pairs[k], Pair{q, t, scores[i]})
				}
				cells += float64(len(q)) * float64(block.Residues())
			}
			batch := newBatch(b, c.Scheme)
			out := make([]Alignment, len(codes))
			start := cpuTime()
			for b.Loop() {
				for k := range pairs {
					if err := batch.Align(pairs[k], out); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(cells*float64(b.N)/(cpuTime()-start).Seconds()/1e9, "GCUPS")
		})
	}
}

// BenchmarkTraceHits finds the paths of the pairs of the file's sequences that score at least 100, in lots as the rows
// of a pipeline come in: those of about 64,000 pairs of queries of one length.
func BenchmarkTraceHits(b *testing.B) {
	c := oracletest.Configs(b)[0]
	codes := oracletest.Encode(b, c.Scheme.Matrix, benchSequences(b))
	slices.SortStableFunc(codes, func(x, y []byte) int { return len(y) - len(x) })
	scorer, err := kernel.NewScorer(c.Scheme)
	if err != nil {
		b.Fatal(err)
	}
	block, scores := kernel.NewBlock(c.Scheme, codes), make([]int32, len(codes))
	var lots [][]Pair
	seen, cells, hits := 1<<16, 0.0, 0
	for k, q := range codes {
		scorer.Scores(q, block, scores)
		for i := k + 1; i < len(codes); i++ {
			if seen++; seen > 1<<16 {
				lots = append(lots, nil)
				seen = 0
			}
			if scores[i] < 100 {
				continue
			}
			p := Pair{q, codes[i], scores[i]}
			if (i+k)%2 == 0 { // which of the two came first has nothing to do with their lengths
				p.Query, p.Target = p.Target, p.Query
			}
			lots[len(lots)-1] = append(lots[len(lots)-1], p)
			cells += float64(len(q)) * float64(len(codes[i]))
			hits++
		}
	}
	batch := newBatch(b, c.Scheme)
	out := make([]Alignment, 1<<16)
	start := cpuTime()
	for b.Loop() {
		for _, pairs := range lots {
			if err := batch.Align(pairs, out); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(cells*float64(b.N)/(cpuTime()-start).Seconds()/1e9, "GCUPS")
	b.ReportMetric(float64(hits), "hits")
}
