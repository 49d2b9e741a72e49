package stats_test

import (
	"flag"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	"pgregory.net/rapid"

	"weir/stdlib/align/scoring"
	"weir/stdlib/align/stats"
)

var update = flag.Bool("update", false, "write what is got into the golden files")

func model(t testing.TB, matrix string, open, extend float64) *stats.Model {
	t.Helper()
	m, ok := scoring.Builtin(matrix)
	if !ok {
		t.Fatalf("no matrix %s", matrix)
	}
	s, err := scoring.NewScheme(scoring.Local, m, scoring.Gap{Open: open, Extend: extend}, scoring.Ends{})
	if err != nil {
		t.Fatal(err)
	}
	found, err := stats.New(s)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Bits are those that blastp and DIAMOND print. E-values differ from DIAMOND's by at most 1 % and from blastp's
// by at most 6 %, or by what the tool's rounding hides.
func TestBitsAndEValuesAreThoseOfTheTools(t *testing.T) {
	data, err := os.ReadFile("testdata/tools.tsv")
	if err != nil {
		t.Fatal(err)
	}
	const database = 48608
	rows := 0
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if line[0] == '#' || f[0] == "tool" {
			continue
		}
		rows++
		var n [9]float64
		for i := 2; i < len(n); i++ {
			if n[i], err = strconv.ParseFloat(f[i], 64); err != nil {
				t.Fatal(err)
			}
		}
		open, extend, score, bits, evalue := n[2], n[3], n[4], n[5], n[6]
		m := model(t, f[1]+"_NCBI", open, extend)

		gotBits := m.Bits(score)
		// From 99.9 on both cut the fraction, blastp from there and DIAMOND from 100 on.
		rounded := math.Round(gotBits*10) / 10
		if rounded != bits && (gotBits < 99.9 || math.Floor(gotBits) != bits) {
			t.Errorf("%s: bits %v", strings.TrimSpace(line), gotBits)
		}

		relative := map[string]float64{"diamond": 0.01, "blastp": 0.06}[f[0]]
		got := m.EValue(score, int(n[7]), int(n[8]), database)
		if math.Abs(got-evalue) > max(relative*evalue, halfLastDigit(f[6])) {
			t.Errorf("%s: E-value %v", strings.TrimSpace(line), got)
		}
	}
	if rows != 462 {
		t.Errorf("%d rows", rows)
	}
}

// halfLastDigit is how far a number may be from what is printed of it.
func halfLastDigit(printed string) float64 {
	mantissa, exponent, _ := strings.Cut(printed, "e")
	_, fraction, _ := strings.Cut(mantissa, ".")
	e, _ := strconv.Atoi(exponent) // 0 where there is none
	return 0.5000001 * math.Pow10(e-len(fraction))
}

func TestSchemesWithoutStatistics(t *testing.T) {
	const path = "testdata/errors.txtar"
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	modes := map[string]scoring.Mode{"local": scoring.Local, "global": scoring.Global}
	kinds := map[string]scoring.GapKind{"affine": scoring.Affine, "emboss": scoring.Emboss, "linear": scoring.Linear}
	want := map[string]string{}
	for _, file := range archive.Files {
		want[file.Name] = string(file.Data)
	}
	var written []txtar.File
	for _, file := range archive.Files {
		if strings.HasSuffix(file.Name, ".want") {
			continue
		}
		f := strings.Fields(string(file.Data))
		matrix, ok := scoring.Builtin(f[1])
		open, err1 := strconv.ParseFloat(f[3], 64)
		extend, err2 := strconv.ParseFloat(f[4], 64)
		if !ok || err1 != nil || err2 != nil {
			t.Fatalf("%s: %s", file.Name, file.Data)
		}
		s, err := scoring.NewScheme(modes[f[0]], matrix, scoring.Gap{Kind: kinds[f[2]], Open: open, Extend: extend},
			scoring.Ends{})
		if err != nil {
			t.Fatal(err)
		}
		var got string
		if m, err := stats.New(s); err != nil {
			got = err.Error() + "\n"
		} else {
			got = fmt.Sprintf("a score of 100 has %.4f bits, E %.4g for 300 by 350 residues of 1,000,000\n",
				m.Bits(100), m.EValue(100, 300, 350, 1_000_000))
		}
		written = append(written, file, txtar.File{Name: file.Name + ".want", Data: []byte(got)})
		if diff := cmp.Diff(want[file.Name+".want"], got); diff != "" && !*update {
			t.Errorf("%s: %s", file.Name, diff)
		}
	}
	if *update {
		archive.Files = written
		if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// A user's copy of a toolkit matrix has its statistics; one that lacks an amino acid has none.
func TestStatisticsGoByTheValues(t *testing.T) {
	builtin, _ := scoring.Builtin("BLOSUM62_NCBI")
	var file strings.Builder
	const letters = "VYWTSPFMKLIHGEQCDNRA"
	file.WriteString(strings.Join(strings.Split(letters, ""), " "))
	for _, a := range letters {
		fmt.Fprintf(&file, "\n%c", a)
		for _, b := range letters {
			value, err := builtin.Score(byte(a), byte(b))
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&file, " %d", value)
		}
	}
	for _, test := range []struct {
		text string
		ok   bool
	}{{file.String(), true}, {"A C\nA 4 0\nC 0 9", false}} {
		m, err := scoring.ParseMatrix("mine", strings.NewReader(test.text))
		if err != nil {
			t.Fatal(err)
		}
		s, err := scoring.NewScheme(scoring.Local, m, scoring.Gap{Open: 11, Extend: 1}, scoring.Ends{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := stats.New(s); (err == nil) != test.ok {
			t.Error(err)
		}
	}
}

func TestEValueProperties(t *testing.T) {
	m := model(t, "BLOSUM62", 11, 1)
	rapid.Check(t, func(t *rapid.T) {
		score := rapid.Float64Range(1, 5000).Draw(t, "score")
		query, target := rapid.IntRange(1, 50_000).Draw(t, "query"), rapid.IntRange(1, 50_000).Draw(t, "target")
		database := rapid.Int64Range(0, 1<<40).Draw(t, "database")
		e := m.EValue(score, query, target, database)
		if math.IsNaN(e) || math.IsInf(e, 0) || e < 0 {
			t.Fatalf("E-value %v", e)
		}
		if better := m.EValue(score+1, query, target, database); better > e {
			t.Fatalf("a better score is less surprising: %v, %v", e, better)
		}
		if longer := m.EValue(score, query+1, target, database); longer < e*(1-1e-9) {
			t.Fatalf("a longer query is more surprising: %v, %v", e, longer)
		}
		if larger := m.EValue(score, query, target, database+1000); larger < e {
			t.Fatalf("a larger database is more surprising: %v, %v", e, larger)
		}
		one := m.EValue(score, query, target, int64(target))
		if other := m.EValue(score, target, query, int64(query)); math.Abs(one-other) > 1e-9*one {
			t.Fatalf("two sequences by themselves: %v, swapped %v", one, other)
		}
	})
	if got := m.EValue(100, 0, 10, 1000); got != 0 {
		t.Errorf("an empty query: %v", got)
	}
}
