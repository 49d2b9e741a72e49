package scoring_test

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"weir/stdlib/align/scoring"
)

func builtin(t testing.TB, name string) *scoring.Matrix {
	t.Helper()
	m, ok := scoring.Builtin(name)
	if !ok {
		t.Fatalf("no matrix %s", name)
	}
	return m
}

func TestBuiltinMatrices(t *testing.T) {
	names := scoring.Names()
	if len(names) != 74 {
		t.Errorf("%d matrices", len(names))
	}
	for _, name := range names {
		m := builtin(t, name)
		if m.Name != name || !m.Symmetric || m.Max <= 0 || m.Min >= 0 {
			t.Errorf("%s: %s, symmetric %t, values %d to %d", name, m.Name, m.Symmetric, m.Min, m.Max)
		}
		if again, _ := scoring.Builtin(name); again != m {
			t.Errorf("%s is parsed twice", name)
		}
		for i := range len(m.Letters) {
			c := m.Letters[i]
			if c == 'U' && m.Nucleic() {
				continue // it is T
			}
			if m.Encode[c] != byte(i) || m.Encode[strings.ToLower(string(c))[0]] != byte(i) {
				t.Errorf("%s: %c has code %d, not %d", name, c, m.Encode[c], i)
			}
		}
	}
	if at := slices.Index(names, "BLOSUM62"); names[at+1] != "BLOSUM62_NCBI" || names[at+2] != "BLOSUM65" {
		t.Errorf("order: %v", names[at:at+3])
	}
	if _, ok := scoring.Builtin("BLOSUM61"); ok {
		t.Error("there is a BLOSUM61")
	}
	if _, ok := scoring.Builtin("SOURCES.md"); ok {
		t.Error("the note on sources is a matrix")
	}
}

// The values that alignment-conventions.md gives for both versions.
func TestPublishedAndToolkitMatricesDiffer(t *testing.T) {
	for _, test := range []struct {
		matrix string
		pair   string
		want   int8
	}{
		{"BLOSUM62", "BN", 3}, {"BLOSUM62_NCBI", "BN", 4}, {"BLOSUM62", "ZQ", 3}, {"BLOSUM62_NCBI", "ZQ", 4},
		{"BLOSUM62", "ZW", -3}, {"BLOSUM62_NCBI", "ZW", -2}, {"BLOSUM62", "BZ", 1}, {"BLOSUM62_NCBI", "BZ", 0},
		{"BLOSUM62", "XA", 0}, {"BLOSUM62_NCBI", "XA", -1}, {"BLOSUM62", "XW", -2}, {"BLOSUM62_NCBI", "XW", -1},
		{"BLOSUM62", "A*", -4}, {"BLOSUM62_NCBI", "*A", -4}, {"BLOSUM62", "**", 1}, {"BLOSUM62_NCBI", "**", 1},
		{"BLOSUM80", "AA", 7}, {"BLOSUM80_NCBI", "AA", 5}, {"BLOSUM80", "WW", 16}, {"BLOSUM80_NCBI", "WW", 11},
		// Letters that the file lacks, and blastp's J.
		{"BLOSUM62_NCBI", "JI", 3}, {"BLOSUM62_NCBI", "JL", 3}, {"BLOSUM62", "JI", -1}, {"BLOSUM62", "JA", 0},
		{"BLOSUM62", "UC", 9}, {"BLOSUM62", "UU", 9}, {"BLOSUM62", "UW", -2}, {"BLOSUM62", "UO", -2},
		{"BLOSUM62", "OO", -1}, {"BLOSUM62", "OP", -2}, {"BLOSUM62", "JO", -1}, {"BLOSUM62", "uc", 9},
		{"EDNAFULL", "UT", 5}, {"EDNAFULL", "ut", 5}, {"EDNAFULL", "AT", -4}, {"EDNAFULL", "NA", -2},
	} {
		if got, err := builtin(t, test.matrix).Score(test.pair[0], test.pair[1]); err != nil || got != test.want {
			t.Errorf("%s: %s is %d (%v), want %d", test.matrix, test.pair, got, err, test.want)
		}
	}
	same := 0
	published, toolkit := builtin(t, "BLOSUM62"), builtin(t, "BLOSUM62_NCBI")
	const standard = "ARNDCQEGHILKMFPSTWYV"
	for i := range len(standard) {
		for j := range len(standard) {
			a, _ := published.Score(standard[i], standard[j])
			b, _ := toolkit.Score(standard[i], standard[j])
			if a == b {
				same++
			}
		}
	}
	if same != 400 {
		t.Errorf("BLOSUM62's versions agree in %d of 400 values", same)
	}
}

func TestLettersKeepTheirIdentity(t *testing.T) {
	protein := builtin(t, "BLOSUM62")
	if protein.Encode['U'] == protein.Encode['C'] || protein.Encode['O'] == protein.Encode['X'] ||
		protein.Encode['J'] == protein.Encode['X'] {
		t.Error("a letter that scores as another one has its code")
	}
	dna := builtin(t, "EDNAFULL")
	if dna.Encode['U'] != dna.Encode['T'] || !dna.Nucleic() || protein.Nucleic() {
		t.Error("in nucleic acids U is T")
	}
	rna, err := scoring.ParseMatrix("rna", strings.NewReader("A C G U\nA 1 0 0 0\nC 0 1 0 0\nG 0 0 1 0\nU 0 0 0 1"))
	if err != nil {
		t.Fatal(err)
	}
	if rna.Encode['T'] != rna.Encode['U'] || rna.Encode['t'] != 3 {
		t.Error("a matrix with U only has no T")
	}
}

func TestEncodeSeq(t *testing.T) {
	m := builtin(t, "BLOSUM62")
	codes, err := m.EncodeSeq([]byte{7}, []byte("ArN*x"))
	if want := []byte{7, 0, 1, 2, 23, 22}; err != nil || !bytes.Equal(codes, want) {
		t.Errorf("%v, %v", codes, err)
	}
	for _, test := range []struct{ seq, want string }{
		{"AC-D", `position 3: '-' is no letter of matrix BLOSUM62 (a gap; read the file with gaps: strip)`},
		{".", `position 1: '.' is no letter of matrix BLOSUM62 (a gap; read the file with gaps: strip)`},
		{"A1", `position 2: '1' is no letter of matrix BLOSUM62`},
		{"A\x00", `position 2: '\x00' is no letter of matrix BLOSUM62`},
		{"A\xff", `position 2: 'ÿ' is no letter of matrix BLOSUM62`},
	} {
		codes, err := m.EncodeSeq([]byte{7}, []byte(test.seq))
		var letter *scoring.LetterError
		if !errors.As(err, &letter) || err.Error() != test.want || len(codes) != 1 {
			t.Errorf("%q: %v, %v", test.seq, codes, err)
		}
	}
	_, err = builtin(t, "EDNAFULL").EncodeSeq(nil, []byte("ACGT*"))
	if want := `position 5: '*' is no letter of matrix EDNAFULL (a stop; read the file with stop: strip)`; err == nil ||
		err.Error() != want {
		t.Error(err)
	}
}

func TestThresholdIsTheLeastScoreOfItsValue(t *testing.T) {
	matrix := builtin(t, "BLOSUM62")
	rapid.Check(t, func(t *rapid.T) {
		extend := float64(rapid.IntRange(0, 100).Draw(t, "extend")) / 100
		gap := scoring.Gap{Kind: scoring.Emboss, Open: 10, Extend: extend}
		s, err := scoring.NewScheme(scoring.Local, matrix, gap, scoring.Ends{})
		if err != nil {
			t.Fatal(err)
		}
		value := rapid.OneOf(rapid.Float64Range(-1000, 1000),
			rapid.Map(rapid.Int32(), s.Float)).Draw(t, "value")
		threshold := s.Threshold(value)
		if s.Float(threshold) < value && threshold != math.MaxInt32 {
			t.Fatalf("%d is worth %v, less than %v", threshold, s.Float(threshold), value)
		}
		if threshold != math.MinInt32 && s.Float(threshold-1) >= value {
			t.Fatalf("%d would do", threshold-1)
		}
	})
}

func TestCheckLengths(t *testing.T) {
	m := builtin(t, "BLOSUM62")
	fine := func(mode scoring.Mode, gap scoring.Gap, a, b int) bool {
		s, err := scoring.NewScheme(mode, m, gap, scoring.Ends{})
		if err != nil {
			t.Fatal(err)
		}
		return s.CheckLengths(a, b) == nil
	}
	hundredths := scoring.Gap{Kind: scoring.Emboss, Open: 10, Extend: 0.01}
	if !fine(scoring.Local, hundredths, 100_000, 100_000) || !fine(scoring.Global, hundredths, 100_000, 100_000) {
		t.Error("100,000 residues at scale 100 are refused")
	}
	if fine(scoring.Global, scoring.Gap{Open: 10_000, Extend: 10_000}, 100_000, 100_000) {
		t.Error("gaps of 100,000 residues at 10,000 each pass")
	}
	if fine(scoring.Local, scoring.Gap{Open: 11, Extend: 1}, math.MaxInt, math.MaxInt) {
		t.Error("the largest lengths pass")
	}
}

func FuzzParseMatrix(f *testing.F) {
	f.Add([]byte("  A C\nA 5 0\nC -1 3\n"))
	f.Add([]byte("# comment\r\n  a *\r\n* 1 -4\r\nA -4 5\r\n"))
	f.Add([]byte("A C G T\nA 1 0 0 0\nC 0 1 0 0\nG 0 0 1 0\nT 0 0 0 1"))
	f.Add([]byte("A C\nA 1 128\nC 2 1"))
	f.Add([]byte("A C\nA 1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := scoring.ParseMatrix("fuzz", bytes.NewReader(data))
		if err != nil {
			var located *scoring.Error
			if !errors.As(err, &located) || located.Matrix != "fuzz" {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		if len(m.Letters) == 0 || len(m.Letters) > scoring.MaxCodes {
			t.Fatalf("letters %q", m.Letters)
		}
		for b, code := range m.Encode {
			if code != scoring.NoCode && int(code) >= len(m.Letters) {
				t.Fatalf("byte %d has code %d of %d", b, code, len(m.Letters))
			}
		}
		for i := range len(m.Letters) {
			for j := range len(m.Letters) {
				value := m.Scores[i][j]
				if value < m.Min || value > m.Max || m.Symmetric && value != m.Scores[j][i] {
					t.Fatalf("%c, %c: %d, but values go from %d to %d", m.Letters[i], m.Letters[j], value, m.Min, m.Max)
				}
			}
		}
	})
}

func TestParseMatrixCapsTheFile(t *testing.T) {
	for name, data := range map[string]string{
		"long line":  "#" + strings.Repeat("x", 1<<19),
		"many lines": strings.Repeat("#\n", 1<<18),
	} {
		_, err := scoring.ParseMatrix("large", strings.NewReader(data))
		var located *scoring.Error
		if !errors.As(err, &located) || located.Line == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errors.New("disk on fire") }

func TestParseMatrixPassesReadErrorsOn(t *testing.T) {
	if _, err := scoring.ParseMatrix("m", failingReader{}); err == nil || err.Error() != "matrix m: disk on fire" {
		t.Error(err)
	}
}
