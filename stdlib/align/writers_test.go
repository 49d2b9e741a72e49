package align

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/runtime/op/optest"
	"weir/runtime/storage/localfile"
	"weir/stdlib/align/scoring"
)

// diskWorld has the files of this machine, too.
type diskWorld struct{ *world }

func (diskWorld) Storage() op.Storage { return localfile.New() }

// hitRows makes rows as search gives them, with all columns.
func hitRows(t *testing.T) *batch.Batch {
	t.Helper()
	rec := types.RecordOf(recordRow...)
	row := types.Row{{Name: "query", Type: rec}, {Name: "target", Type: rec}}
	scheme, err := schemeOf(alignArgs("local", "BLOSUM62", "affine", 11, 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range columns {
		row = append(row, types.Field{Name: columns[i].name, Type: columns[i].typeOf(scheme)})
	}
	b := &batch.Batch{Row: row, N: 1}
	for _, v := range []any{
		[]any{"q 1", "MKTAYIAKQRQISFVKSHFSRQ"}, []any{"t1", "GGTAYIAKQQISWVKSHF"},
		int64(72), 32.342600027461426, 4.2e-5, int64(3), int64(19), int64(3), int64(18), int64(17), int64(16), int64(15), int64(15),
		int64(1), int64(1), int64(1), 15.0 / 17, 15.0 / 17, 15.0 / 16, 15.0 / 18, "7M1I9M",
	} {
		bu := batch.NewBuilder(row[len(b.Cols)].Type, 1)
		bu.Any(v)
		b.Cols = append(b.Cols, bu.Done())
	}
	return b
}

func written(t *testing.T, o *op.Operator, b *batch.Batch) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out")
	args := op.Args{"path": {Expr: expr.Lit(types.Of(types.Path), path)}, "query": {Names: []string{"query"}}, "target": {Names: []string{"target"}}, "matrix": {Word: "BLOSUM62"}}
	o.Type(&op.Typing{In: []types.Stream{{Row: b.Row}}, Args: args, Errorf: func(p, code, format string, a ...any) { t.Errorf(code+" "+format, a...) }})
	inst, err := o.New(&op.Config{Args: args, In: []types.Row{b.Row}})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{inst.Open(diskWorld{newWorld()}), inst.Data(0, b, nil), inst.Drain(nil), inst.Snapshot(1, &optest.State{}), inst.Commit(1), inst.Close()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(got)
}

func TestWriters(t *testing.T) {
	b := hitRows(t)
	for _, c := range []struct {
		o    *op.Operator
		want string
	}{
		{WriteBlast6, "q_1\tt1\t88.235\t17\t1\t1\t3\t19\t3\t18\t4.20e-05\t32.3\n"},
		{WritePAF, "q_1\t22\t2\t19\t+\tt1\t18\t2\t18\t15\t17\t255\tAS:i:72\tcg:Z:7M1I9M\n"},
		{WritePairwise, `Query:  q 1 (22)
Target: t1 (18)
Score 72, identical 15/17 (88.2 %), similar 15/17 (88.2 %), gaps 1/17 (5.9 %)

Query       3 TAYIAKQRQISFVKSHF 19
              ||||||| |||:|||||
Target      3 TAYIAKQ-QISWVKSHF 18


`},
	} {
		if d := cmp.Diff(c.want, written(t, c.o, b)); d != "" {
			t.Errorf("%s:\n%s", c.o.Name, d)
		}
	}
}

// On the minus strand BLAST's table turns the target's positions, PAF has a sign, and the text view shows the query's reverse complement.
func TestWritersOfTheMinusStrand(t *testing.T) {
	b := hitRows(t)
	set := func(name string, typ types.Type, v any) {
		bu := batch.NewBuilder(typ, 1)
		bu.Any(v)
		for i, f := range b.Row {
			if f.Name == name {
				b.Cols[i] = bu.Done()
				return
			}
		}
		b.Row, b.Cols = append(b.Row, types.Field{Name: name, Type: typ}), append(b.Cols, bu.Done())
	}
	integer := types.Of(types.Int)
	for _, side := range []struct {
		name     string
		sequence string
	}{{"query", "GGAACTTTTGCATTTT"}, {"target", "CCATGCAAAGTTGG"}} {
		set(side.name, types.RecordOf(recordRow...), []any{side.name[:1], side.sequence})
	}
	// The query's residues 3 to 13, turned, are ATGCAAAAGTT; the target has ATGCAAAGTT from residue 3 on.
	for name, v := range map[string]int64{"query_start": 3, "query_end": 13, "target_start": 3, "target_end": 12, "columns": 11, "aligned": 10, "identical": 10, "similar": 10, "mismatches": 0, "gap_opens": 1, "gap_columns": 1} {
		set(name, integer, v)
	}
	set("cigar", types.Of(types.Cigar), "5M1I5M")
	set("strand", types.Of(types.String), "-")
	for _, c := range []struct {
		o    *op.Operator
		want string
	}{
		{WriteBlast6, "q\tt\t88.235\t11\t0\t1\t3\t13\t12\t3\t4.20e-05\t32.3\n"},
		{WritePAF, "q\t16\t2\t13\t-\tt\t14\t2\t12\t10\t11\t255\tAS:i:72\tcg:Z:5M1I5M\n"},
		{WritePairwise, `Query:  q (16)
Target: t (14)
Score 72, identical 10/11 (90.9 %), similar 10/11 (90.9 %), gaps 1/11 (9.1 %)

Query      13 ATGCAAAAGTT 3
              ||||| |||||
Target      3 ATGCA-AAGTT 12


`},
	} {
		if d := cmp.Diff(c.want, written(t, c.o, b)); d != "" {
			t.Errorf("%s:\n%s", c.o.Name, d)
		}
	}
	set("strand", types.Of(types.String), "+")
	if got := written(t, WritePAF, b); got != "q\t16\t2\t13\t+\tt\t14\t2\t12\t10\t11\t255\tAS:i:72\tcg:Z:5M1I5M\n" {
		t.Error(got)
	}
}

// The digits are those of blastp's tables.
func TestBlastDigits(t *testing.T) {
	for e, want := range map[float64]string{0: "0.0", 3e-181: "0.0", 2.31e-100: "2.31e-100", 4.923e-5: "4.92e-05", 0.0012: "0.001", 0.18: "0.18", 1.24: "1.2", 1234.5: "1234"} {
		if got := blastEValue(e); got != want {
			t.Errorf("%g: %s, want %s", e, got, want)
		}
	}
	for b, want := range map[float64]string{33.88: "33.9", 99.95: "99", 114.7: "114", 12345: "1.234e+04"} {
		if got := blastBits(b); got != want {
			t.Errorf("%g: %s, want %s", b, got, want)
		}
	}
}

// No CIGAR makes the text view panic, or gives lines of different lengths.
func FuzzColumnsOf(f *testing.F) {
	f.Add([]byte("MKTA"), []byte("MKA"), 1, 1, []byte("2M1I1M"))
	f.Add([]byte(""), []byte("M"), -5, 900, []byte("999999999999M1X3D"))
	m, _ := scoring.Builtin("BLOSUM62")
	f.Fuzz(func(t *testing.T, query, target []byte, q, tt int, cigar []byte) {
		top, middle, bottom := columnsOf(m, query, target, q, tt, cigar)
		if len(top) != len(middle) || len(top) != len(bottom) || len(top) > len(query)+len(target) {
			t.Fatalf("%q\n%q\n%q", top, middle, bottom)
		}
		if bytes.Count(top, []byte("-")) > len(top) {
			t.Fatal("gaps")
		}
	})
}
