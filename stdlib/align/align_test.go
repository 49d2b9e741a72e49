package align

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// lines reads a gzipped file of the oracle.
func lines(t testing.TB, name string) []string {
	t.Helper()
	f, err := os.Open("testdata/oracle/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	s := bufio.NewScanner(z)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		out = append(out, s.Text())
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func oracleSequences(t testing.TB) []string {
	var seqs []string
	for _, l := range lines(t, "seqs.fasta.gz") {
		if strings.HasPrefix(l, ">") {
			seqs = append(seqs, "")
		} else {
			seqs[len(seqs)-1] += l
		}
	}
	return seqs
}

// alignArgs are the arguments of align over the pairs of runPairs. gap is its constructor and numbers.
func alignArgs(mode, matrix, gap string, open, extend float64) op.Args {
	number := func(x float64) *op.Arg { return &op.Arg{Expr: expr.Lit(types.Of(types.Float), x)} }
	column := func(rec string) *op.Arg {
		r := expr.Col(rec, types.RecordOf(recordRow...))
		return &op.Arg{Expr: &expr.Expr{Kind: expr.Field, Name: "sequence", Type: types.Of(types.Protein), Args: []*expr.Expr{r}}}
	}
	return op.Args{"a": column("a"), "b": column("b"), "mode": {Word: mode}, "matrix": {Word: matrix},
		"gap": {Word: gap, Args: op.Args{"open": number(open), "extend": number(extend)}}}
}

// alignBatches runs align over batches of pairs and gives its output.
func alignBatches(t testing.TB, args op.Args, in []*batch.Batch, columns ...string) *sink {
	t.Helper()
	rec := types.RecordOf(recordRow...)
	row := types.Row{{Name: "a", Type: rec}, {Name: "b", Type: rec}}
	all := Align.Type(&op.Typing{In: []types.Stream{{Row: row}}, Args: args, Errorf: func(p, code, format string, args ...any) {
		t.Errorf("%s: %s %s", p, code, fmt.Sprintf(format, args...))
	}})
	cfg := &op.Config{Args: args, In: []types.Row{row}, Out: op.NewColumnSet(append(columns, "a", "b")...).Prune(all)}
	inst, err := Align.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	out := &sink{}
	if err := inst.Open(newWorld()); err != nil {
		t.Fatal(err)
	}
	for _, b := range in {
		if err := inst.Data(0, b, out); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// The operators give the oracle's scores for all pairs, in every configuration: the whole way from records through blocks, tiles and kernels.
func TestAlignOracle(t *testing.T) {
	seqs, table := oracleSequences(t), lines(t, "scores.tsv.gz")
	if testing.Short() {
		seqs = seqs[:90]
	}
	configs := []struct {
		column, mode, matrix, gap string
		open, extend              float64
	}{
		{"L62", "local", "BLOSUM62", "affine", 11, 1}, {"L62N", "local", "BLOSUM62_NCBI", "affine", 11, 1},
		{"L45", "local", "BLOSUM45", "affine", 14, 2}, {"P250", "local", "PAM250", "affine", 14, 2},
		{"E62", "local", "BLOSUM62", "emboss", 10, 0.5}, {"G62", "global", "BLOSUM62", "affine", 11, 1},
		{"N62", "overlap", "BLOSUM62", "emboss", 10, 0.5}, {"Q62", "fit", "BLOSUM62", "affine", 11, 1},
		{"O62", "overlap", "BLOSUM62", "affine", 11, 1},
	}
	header := strings.Split(table[0], "\t")
	for _, c := range configs {
		t.Run(c.column, func(t *testing.T) {
			k := -1
			for i, h := range header {
				if h == c.column {
					k = i
				}
			}
			want := map[[2]uint64]float64{}
			for _, l := range table[1:] {
				f := strings.Split(l, "\t")
				x, err := strconv.ParseFloat(f[k], 64)
				if err != nil {
					t.Fatal(err)
				}
				i, _ := strconv.Atoi(f[0][1:])
				j, _ := strconv.Atoi(f[1][1:])
				want[[2]uint64{uint64(i - 1), uint64(j - 1)}] = x
			}
			in := runPairs(t, seqs, pairArgs("once", false), 128, 50_000_000)
			out := alignBatches(t, alignArgs(c.mode, c.matrix, c.gap, c.open, c.extend), in, "score")
			n := 0
			for _, b := range out.batches {
				v := b.Col("score")
				for i := range b.N {
					got := 0.0
					if v.Type.Kind == types.Float {
						got = v.Float(i)
					} else {
						got = float64(v.Int(i))
					}
					key := [2]uint64{b.Ord[0][i], b.Ord[1][i]}
					if got != want[key] {
						t.Fatalf("S%03d S%03d: score %v, want %v", key[0]+1, key[1]+1, got, want[key])
					}
					n++
				}
			}
			if n != len(seqs)*(len(seqs)-1)/2 {
				t.Errorf("%d pairs", n)
			}
		})
	}
}

// A bound on the score drops the rows under it and no other, and a second pass for the path adds to the first.
func TestAlignFloorAndSecondPass(t *testing.T) {
	seqs := oracleSequences(t)[:60]
	in := runPairs(t, seqs, pairArgs("once", false), 16, 1_000_000)
	args := alignArgs("local", "BLOSUM62", "affine", 11, 1)
	full := alignBatches(t, args, in, "score", "cigar", "identity")
	args["min_score"] = &op.Arg{Expr: expr.Lit(types.Of(types.Int), int64(60))}
	some := alignBatches(t, args, in, "score", "cigar", "identity")
	show := func(s *sink, floor int64) map[string]string {
		m := map[string]string{}
		for _, b := range s.batches {
			for i := range b.N {
				if b.Col("score").Int(i) >= floor {
					m[fmt.Sprint(b.Ord[0][i], b.Ord[1][i])] = fmt.Sprint(b.Col("score").Int(i), string(b.Col("cigar").Bytes(i)), b.Col("identity").Float(i))
				}
			}
		}
		return m
	}
	want, got := show(full, 60), show(some, -1<<60)
	if len(want) == 0 || len(want) != len(got) {
		t.Fatalf("%d rows, want %d", len(got), len(want))
	}
	for k, w := range want {
		if got[k] != w {
			t.Errorf("%s: %s, want %s", k, got[k], w)
		}
	}

	// The second pass: an align whose input has the score already.
	delete(args, "min_score")
	first := alignBatches(t, args, in, "score")
	inst, err := Align.New(&op.Config{Args: args, In: []types.Row{first.batches[0].Row}, Out: full.batches[0].Row})
	if err != nil {
		t.Fatal(err)
	}
	second := &sink{}
	if err := inst.Open(newWorld()); err != nil {
		t.Fatal(err)
	}
	for _, b := range first.batches {
		if err := inst.Data(0, b, second); err != nil {
			t.Fatal(err)
		}
	}
	for k, w := range show(second, 60) {
		if want[k] != w {
			t.Errorf("second pass, %s: %s, want %s", k, w, want[k])
		}
	}
}

// A sequence with a letter that the matrix does not know is a rejected row, and costs no good row.
func TestAlignRejectsLetters(t *testing.T) {
	in := runPairs(t, []string{"MKTA", "MK-A", "MKTW"}, pairArgs("once", false), 8, 1000)
	out := alignBatches(t, alignArgs("local", "BLOSUM62", "affine", 11, 1), in, "score")
	n := 0
	for _, b := range out.batches {
		n += b.N
	}
	if n != 1 || len(out.rejected) != 2 {
		t.Fatalf("%d rows and %d rejected", n, len(out.rejected))
	}
	if r := out.rejected[0]; r.Code != "W6303" || !strings.Contains(r.Reason, "gaps: strip") {
		t.Errorf("rejected with %+v", r)
	}
}
