package align

import (
	"fmt"
	"math"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/align/scoring"
	"weir/stdlib/align/stats"
	"weir/stdlib/align/trace"
	"weir/stdlib/internal/basepair"
)

func sequenceRow(k types.Kind) types.Row {
	return types.Row{{Name: "id", Type: types.Of(types.String)}, {Name: "sequence", Type: types.Of(k)}}
}

// searchArgs are the arguments of search over rows of sequenceRow; more are added to them.
func searchArgs(k types.Kind, scheme op.Args, more op.Args) op.Args {
	col := expr.Col("sequence", types.Of(k))
	args := op.Args{"on": {On: []op.KeyPair{{Left: col, Right: col}}}, "as": {Names: []string{"q", "t"}}}
	for _, m := range []op.Args{scheme, more} {
		for name, a := range m {
			if name != "a" && name != "b" {
				args[name] = a
			}
		}
	}
	return args
}

func value(x any) *op.Arg {
	k := types.Float
	if _, ok := x.(int64); ok {
		k = types.Int
	}
	return &op.Arg{Expr: expr.Lit(types.Of(k), x)}
}

// searching is how a test drives search.
type searching struct {
	limit int   // records of a block
	goal  int64 // cells of a split
	tasks int
}

// run searches and gives the rows as text, in the order of their ordinals.
func (s searching) run(t rapid.TB, k types.Kind, queries, targets []string, args op.Args, columns ...string) []string {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	row := sequenceRow(k)
	all := Search.Type(&op.Typing{In: []types.Stream{{Row: row}, {Row: row}}, Args: args, Errorf: func(p, code, format string, a ...any) {
		t.Errorf("%s: %s %s", p, code, fmt.Sprintf(format, a...))
	}})
	need := op.NewColumnSet(append(columns, "q.id", "t.id")...)
	cfg := &op.Config{Args: args, In: []types.Row{row, row}, Out: need.Prune(all)}
	w, out := newWorld(), &sink{}
	for port, seqs := range [][]string{queries, targets} {
		inst, err := newSearchCollect(cfg, port)
		check(err)
		c := inst.(*searchCollect)
		c.limit = s.limit
		check(c.Open(w))
		for len(seqs) > 0 {
			n := min(len(seqs), 3)
			b := renumber(records(seqs[:n]), int(c.total)+c.records)
			b.Cols[1].Type = types.Of(k)
			b.Row = row
			check(c.Data(0, b, out))
			seqs = seqs[n:]
		}
		check(c.Drain(out))
	}
	scans := make([]*searchScan, s.tasks)
	for i := range scans {
		src, err := newSearchScan(cfg)
		check(err)
		scans[i] = src.(*searchScan)
		scans[i].goal = s.goal
		check(scans[i].Open(w))
	}
	n := 0
	for split, err := range scans[0].Splits(w, nil) {
		check(err)
		check(scans[n*7%s.tasks].Read(split, out))
		n++
	}
	return textOf(out.batches, columns)
}

// textOf writes rows of search, in the order of their ordinals: the ids, and the columns.
func textOf(batches []*batch.Batch, columns []string) []string {
	type line struct {
		query, rank uint64
		text        string
	}
	var lines []line
	for _, b := range batches {
		q, tt := b.Col("q"), b.Col("t")
		for i := range b.N {
			text := fmt.Sprint(q.Value(i).([]any)[0], " ", tt.Value(i).([]any)[0])
			for _, c := range columns {
				text += fmt.Sprint(" ", b.Col(c).Value(i))
			}
			lines = append(lines, line{b.Ord[0][i], b.Ord[1][i], text})
		}
	}
	sort.Slice(lines, func(i, j int) bool {
		if lines[i].query != lines[j].query {
			return lines[i].query < lines[j].query
		}
		return lines[i].rank < lines[j].rank
	})
	var text []string
	for _, l := range lines {
		text = append(text, l.text)
	}
	return text
}

// bruteForce is what search gives, computed pair by pair.
func bruteForce(t rapid.TB, queries, targets []string, args op.Args) []string {
	scheme, err := schemeOf(args, nil)
	if err != nil {
		t.Fatal(err)
	}
	model, _ := stats.New(scheme)
	residues := int64(0)
	for _, s := range targets {
		residues += int64(len(s))
	}
	residues = args.Int("database", residues)
	align := func(q, t string) trace.Alignment {
		a, _ := scheme.Matrix.EncodeSeq(nil, []byte(q))
		b, _ := scheme.Matrix.EncodeSeq(nil, []byte(t))
		out, _ := trace.Align(scheme, a, b)
		return out
	}
	var text []string
	for i, q := range queries {
		type row struct {
			trace.Alignment
			target int
			strand string
		}
		var rows []row
		for j, tt := range targets {
			best := row{align(q, tt), j, "+"}
			if bothStrands(args) {
				turned, _ := basepair.AppendReverse(nil, []byte(q))
				if other := align(string(turned), tt); other.Score > best.Score {
					best = row{other, j, "-"}
				}
			}
			switch {
			case (scheme.Mode == scoring.Local || scheme.Mode == scoring.Overlap) && best.Score < 1:
			case scheme.Float(best.Score) < args.Float("min_score", math.Inf(-1)):
			case model != nil && model.EValue(float64(best.Score), len(q), len(tt), residues) > args.Float("max_evalue", math.Inf(1)):
			default:
				rows = append(rows, best)
			}
		}
		sort.SliceStable(rows, func(a, b int) bool { return rows[a].Score > rows[b].Score })
		for _, r := range rows[:min(len(rows), int(args.Int("top", 10)))] {
			res := result{scheme: scheme, path: &r.Alignment, reverse: r.strand == "-", queryLen: len(q)}
			s := res.span()
			cigar := string(r.AppendCoreCIGAR(nil))
			if res.whole() {
				cigar = r.CIGAR()
			}
			score := any(scheme.Int(r.Score))
			if scheme.IsFloat() {
				score = scheme.Float(r.Score)
			}
			line := fmt.Sprint("r", i, " r", r.target, " ", score, " ", s.QueryStart, " ", s.QueryEnd, " ", s.TargetStart, " ", s.TargetEnd, " ", cigar)
			if bothStrands(args) {
				line += " " + r.strand
			}
			text = append(text, line)
		}
	}
	return text
}

var pathColumns = []string{"score", "query_start", "query_end", "target_start", "target_end", "cigar"}

// Search gives what all pairs aligned one by one, filtered and ranked, give: the best of each query, of equal scores the earlier target; whatever the
// blocks, the splits and the tasks. Letters are few, so that many scores are equal.
func TestSearchIsExhaustive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		protein := rapid.Bool().Draw(t, "protein")
		kind, letters, matrix := types.DNA, `[ACGTRN]{0,14}`, "EDNAFULL"
		if protein {
			kind, letters, matrix = types.Protein, `[ARNWC]{0,14}`, "BLOSUM62"
		}
		sequences := rapid.SliceOfN(rapid.StringMatching(letters), 1, 12)
		queries, targets := sequences.Draw(t, "queries"), sequences.Draw(t, "targets")
		mode := rapid.SampledFrom([]string{"local", "local", "global", "fit", "overlap"}).Draw(t, "mode")
		gap := rapid.SampledFrom([]string{"affine", "emboss"}).Draw(t, "gap")
		more := op.Args{"top": value(int64(rapid.IntRange(1, 6).Draw(t, "top"))), "strand": {Word: "forward"}}
		if rapid.Bool().Draw(t, "bounded") {
			more["min_score"] = value(rapid.Float64Range(-20, 40).Draw(t, "min_score"))
		}
		columns := pathColumns
		if !protein && rapid.Bool().Draw(t, "both") {
			more["strand"] = &op.Arg{Word: "both"}
			columns = append(columns[:len(columns):len(columns)], "strand")
		}
		open := float64(rapid.IntRange(8, 11).Draw(t, "open"))
		if protein && mode == "local" && rapid.Bool().Draw(t, "significant") {
			gap, open = "affine", 11
			more["max_evalue"] = value(math.Pow(10, rapid.Float64Range(-3, 2).Draw(t, "exponent")))
			if rapid.Bool().Draw(t, "sized") {
				more["database"] = value(rapid.Int64Range(1, 1000).Draw(t, "database"))
			}
		}
		args := searchArgs(kind, alignArgs(mode, matrix, gap, open, 1), more)
		want := bruteForce(t, queries, targets, args)
		for _, s := range []searching{{limit: 4096, goal: tileCells, tasks: 1}, {limit: 4, goal: 300, tasks: 2}, {limit: 1, goal: 1, tasks: 5}} {
			if d := cmp.Diff(want, s.run(t, kind, queries, targets, args, columns...)); d != "" {
				t.Fatalf("%+v:\n%s", s, d)
			}
		}
	})
}

// With compositions search aligns again what is within five times max_evalue, and all else goes by the new scores: unrounded for the ranking and the E-value,
// rounded for min_score.
func TestSearchByComposition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Related sequences of few kinds of residues: scores change much, and many are nearly equal.
		part := rapid.StringMatching(`[AEKLQRSX]{0,25}|B{4,12}`)
		parts := rapid.SliceOfN(part, 4, 4).Draw(t, "parts")
		sequence := rapid.Map(rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(parts), part), 0, 3), func(p []string) string { return strings.Join(p, "") })
		sequences := rapid.SliceOfN(sequence, 1, 10)
		queries, targets := sequences.Draw(t, "queries"), sequences.Draw(t, "targets")
		word := rapid.SampledFrom([]string{"scaled", "adjusted"}).Draw(t, "composition")
		more := op.Args{"composition": {Word: word}, "top": value(int64(rapid.IntRange(1, 6).Draw(t, "top")))}
		limit, least := 10.0, math.Inf(-1)
		if rapid.Bool().Draw(t, "significant") {
			limit = math.Pow(10, rapid.Float64Range(-6, 2).Draw(t, "exponent"))
			more["max_evalue"] = value(limit)
		}
		if rapid.Bool().Draw(t, "bounded") {
			least = float64(rapid.IntRange(-5, 60).Draw(t, "min_score"))
			more["min_score"] = value(least)
		}
		args := searchArgs(types.Protein, alignArgs("local", "BLOSUM62", "affine", 11, 1), more)

		scheme, err := schemeOf(args, nil)
		if err != nil {
			t.Fatal(err)
		}
		model, err := stats.New(scheme)
		if err != nil {
			t.Fatal(err)
		}
		fine, err := newRescorer(compositionMethods[word], scheme)
		if err != nil {
			t.Fatal(err)
		}
		residues := int64(len(strings.Join(targets, "")))
		var want []string
		for i, query := range queries {
			type row struct {
				score int32
				text  string
			}
			var rows []row
			for j, target := range targets {
				q, _ := scheme.Matrix.EncodeSeq(nil, []byte(query))
				s, _ := scheme.Matrix.EncodeSeq(nil, []byte(target))
				plain, err := trace.Align(scheme, q, s)
				if err != nil {
					t.Fatal(err)
				}
				if plain.Score < 1 || model.EValue(float64(plain.Score), len(q), len(s), residues) > 5*limit {
					continue
				}
				score, err := fine.align(q, s)
				if err != nil {
					t.Fatal(err)
				}
				whole := math.Round(float64(score) / 32)
				e := model.EValue(float64(score)/32, len(q), len(s), residues)
				if score < 1 || whole < least || e > limit {
					continue
				}
				p := &fine.path
				rows = append(rows, row{score, fmt.Sprint("r", i, " r", j, " ", whole, " ", model.Bits(whole), " ", e, " ", p.QueryStart, " ", p.QueryEnd, " ", p.CIGAR(), " ", p.Identity())})
			}
			sort.SliceStable(rows, func(a, b int) bool { return rows[a].score > rows[b].score })
			for _, r := range rows[:min(len(rows), int(args.Int("top", 10)))] {
				want = append(want, r.text)
			}
		}
		for _, s := range []searching{{limit: 4096, goal: tileCells, tasks: 1}, {limit: 3, goal: 300, tasks: 2}, {limit: 1, goal: 1, tasks: 5}} {
			if d := cmp.Diff(want, s.run(t, types.Protein, queries, targets, args, "score", "bits", "evalue", "query_start", "query_end", "cigar", "identity")); d != "" {
				t.Fatalf("%+v:\n%s", s, d)
			}
		}
	})
}

// A pair whose plain E-value is more than five times max_evalue is no hit, even if the new one is small enough.
func TestSearchStretch(t *testing.T) {
	// Of unlike compositions: what they share counts more than the standard matrix says.
	query, target := "DEEDGGSDEENDTWWCHMFPYNDEGSDEDENGSDDE", "LIVLAVILMAGWWCHMFPYLIVAAVLILGAVLLIAVM"
	more := op.Args{"composition": {Word: "adjusted"}}
	args := searchArgs(types.Protein, alignArgs("local", "BLOSUM62", "affine", 11, 1), more)
	evalues := func(args op.Args) (e float64) {
		rows := searching{limit: 10, goal: 1, tasks: 1}.run(t, types.Protein, []string{query}, []string{target}, args, "evalue")
		if len(rows) == 0 {
			return math.Inf(1)
		}
		if _, err := fmt.Sscanf(rows[0], "r0 r0 %g", &e); err != nil {
			t.Fatal(err)
		}
		return e
	}
	plain := evalues(searchArgs(types.Protein, alignArgs("local", "BLOSUM62", "affine", 11, 1), nil))
	adjusted := evalues(args)
	if !(adjusted < plain/6) {
		t.Fatalf("E-values %g and %g are no test", plain, adjusted)
	}
	for _, c := range []struct {
		limit float64
		found bool
	}{{plain / 4.9, true}, {plain / 5.1, false}} {
		args["max_evalue"] = value(c.limit)
		if got := evalues(args); math.IsInf(got, 1) == c.found || c.found && got != adjusted {
			t.Errorf("max_evalue %g: %g", c.limit, got)
		}
	}
}

// The reverse complement of a part is found on the minus strand, and a sequence that is its own reverse complement on the plus strand.
func TestSearchStrands(t *testing.T) {
	args := searchArgs(types.DNA, alignArgs("local", "EDNAFULL", "affine", 10, 2), op.Args{"strand": {Word: "both"}})
	targets := []string{"TTTTTCCATGAACGTTTTT", "GGAACGTTCC"}
	got := searching{limit: 10, goal: 1, tasks: 1}.run(t, types.DNA, []string{"GGGCGTTCATGGAAA", "AACGTT"}, targets, args, append(pathColumns, "strand", "identity")...)
	want := []string{
		"r0 r0 60 4 15 3 14 12M - 1",
		"r0 r1 25 4 8 5 9 5M + 1",
		"r1 r0 30 1 6 11 16 6M + 1",
		"r1 r1 30 1 6 3 8 6M + 1",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// A query whose reverse complement cannot be scored is rejected; a target needs none.
func TestSearchRejectsWhatCannotBeTurned(t *testing.T) {
	x := &searchCollect{collect: collect{port: queryPort}, args: op.Args{"strand": {Word: "both"}}}
	var err error
	if x.matrix, err = scoring.ParseMatrix("half", strings.NewReader("A C G T R *\nA 1 0 0 0 0 0\nC 0 1 0 0 0 0\nG 0 0 1 0 0 0\nT 0 0 0 1 0 0\nR 0 0 0 0 0 0\n* 0 0 0 0 0 1")); err != nil {
		t.Fatal(err)
	}
	for sequence, want := range map[string]string{
		"ACGT": "<nil>", "ACY": `position 3: 'Y' is no letter of matrix half`, "AC*T": `position 3: '*' has no complement, which strand: both needs`,
		"ACR": `reverse complement, position 1: 'Y' is no letter of matrix half`,
	} {
		if got := fmt.Sprint(x.check([]byte(sequence))); got != want {
			t.Errorf("%s: %s, want %s", sequence, got, want)
		}
	}
	x.port = targetPort
	if err := x.check([]byte("ACR*")); err != nil {
		t.Error(err)
	}
}
