package align

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// rowsOf writes what align gives for batches of pairs, row by row in the order in which they come, its rejections, and the cells that it has
// computed.
func rowsOf(t testing.TB, args op.Args, in []*batch.Batch, mirrored bool, columns ...string) (rows []string, cells int64) {
	t.Helper()
	args = args.Clone()
	if mirrored {
		args[mirrorParam] = &op.Arg{Expr: expr.Lit(types.Of(types.Bool), true)}
	}
	rec := types.RecordOf(recordRow...)
	row := types.Row{{Name: "a", Type: rec}, {Name: "b", Type: rec}}
	all := Align.Type(&op.Typing{In: []types.Stream{{Row: row}}, Args: args, Errorf: func(p, code, format string, args ...any) {
		t.Errorf("%s: %s %s", p, code, fmt.Sprintf(format, args...))
	}})
	inst, err := Align.New(&op.Config{Args: args, In: []types.Row{row}, Out: op.NewColumnSet(append(columns, "a", "b", "score")...).Prune(all)})
	if err != nil {
		t.Fatal(err)
	}
	w, out := newWorld(), &sink{}
	if err := inst.Open(w); err != nil {
		t.Fatal(err)
	}
	for _, b := range in {
		if err := inst.Data(0, b, out); err != nil {
			t.Fatal(err)
		}
	}
	for _, b := range out.batches {
		score := func(i int) any {
			if b.Col("score").Type.Kind == types.Float {
				return b.Col("score").Float(i)
			}
			return b.Col("score").Int(i)
		}
		for i := range b.N {
			line := fmt.Sprint(b.Ord[0][i], b.Ord[1][i], " ", score(i))
			for _, c := range columns {
				line += " " + string(b.Col(c).Bytes(i))
			}
			rows = append(rows, line)
		}
	}
	for _, r := range out.rejected {
		rows = append(rows, r.Reason)
	}
	return rows, w.counts["cells"]
}

// An align that takes scores from pairs turned round gives the rows that one gives that computes all of them, in the same order: whatever the
// blocks and tiles are, whichever rows are dropped in between, and under schemes that treat query and target alike or not.
func TestMirrorKeepsRows(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seqs := rapid.SliceOfN(rapid.StringMatching(`[ACDEFGHIKLMNPQRSTVWY*\-]{0,30}`), 0, 12).Draw(rt, "sequences")
		limit := rapid.IntRange(1, 8).Draw(rt, "records of a block")
		goal := rapid.Int64Range(1, 4000).Draw(rt, "cells of a tile")
		order := rapid.SampledFrom([]string{"once", "both"}).Draw(rt, "order")
		in := runPairs(t, seqs, pairArgs(order, rapid.Bool().Draw(rt, "self")), limit, goal)
		if rapid.Bool().Draw(rt, "drop") {
			for i, b := range in {
				var keep []uint32
				for r := range b.N {
					if rapid.IntRange(0, 3).Draw(rt, "row") > 0 {
						keep = append(keep, uint32(r))
					}
				}
				in[i] = b.Select(keep)
			}
		}
		if rapid.Bool().Draw(rt, "shuffle") {
			in = rapid.Permutation(in).Draw(rt, "batches")
		}
		args := alignArgs(rapid.SampledFrom([]string{"local", "global", "overlap", "fit"}).Draw(rt, "mode"), "BLOSUM62",
			rapid.SampledFrom([]string{"affine", "emboss"}).Draw(rt, "gap"), 11, 1)
		if rapid.Bool().Draw(rt, "floor") {
			args["min_score"] = &op.Arg{Expr: expr.Lit(types.Of(types.Float), rapid.Float64Range(0, 20).Draw(rt, "bound"))}
		}
		want, _ := rowsOf(t, args, in, false, "cigar")
		got, _ := rowsOf(t, args, in, true, "cigar")
		if d := cmp.Diff(want, got); d != "" {
			rt.Fatalf("- all computed, + mirrored:\n%s", d)
		}
	})
}

// Behind pairs in both orders every cell is computed once, within a block and between two.
func TestMirrorHalves(t *testing.T) {
	seqs := oracleSequences(t)[:40]
	args := alignArgs("local", "BLOSUM62", "affine", 11, 1)
	for _, limit := range []int{7, 64} {
		_, once := rowsOf(t, args, runPairs(t, seqs, pairArgs("once", false), limit, 200_000), false)
		both := runPairs(t, seqs, pairArgs("both", false), limit, 200_000)
		if _, cells := rowsOf(t, args, both, true); cells != once {
			t.Errorf("blocks of %d: %d cells, want %d", limit, cells, once)
		}
		args := alignArgs("fit", "BLOSUM62", "affine", 11, 1)
		if _, cells := rowsOf(t, args, both, true); cells != 2*once {
			t.Errorf("blocks of %d, query and target differ: %d cells, want %d", limit, cells, 2*once)
		}
	}
}

// Whether the planner may halve the work follows from mode, matrix and free ends.
func TestSymmetric(t *testing.T) {
	ends := func(names ...string) op.Args {
		a := alignArgs("global", "BLOSUM62", "affine", 11, 1)
		a["free_ends"] = &op.Arg{Names: names}
		return a
	}
	file := alignArgs("local", "", "affine", 11, 1)
	file["matrix"] = &op.Arg{Expr: expr.Lit(types.Of(types.Path), "mine.mat")}
	for _, c := range []struct {
		what string
		args op.Args
		ok   bool
		why  string
	}{
		{"local", alignArgs("local", "BLOSUM62", "affine", 11, 1), true, ""},
		{"overlap", alignArgs("overlap", "PAM250", "emboss", 10, 0.5), true, ""},
		{"fit", alignArgs("fit", "BLOSUM62", "affine", 11, 1), false, "query and target are not treated alike by mode fit"},
		{"both starts free", ends("query_start", "target_start"), true, ""},
		{"one start free", ends("query_start"), false, "query and target are not treated alike by free_ends"},
		{"a matrix of the user", file, true, "if the matrix is symmetric"},
	} {
		if ok, why := symmetric(c.args); ok != c.ok || why != c.why {
			t.Errorf("%s: %v, %q", c.what, ok, why)
		}
	}
}
