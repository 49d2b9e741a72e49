package composition

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"weir/stdlib/align/scoring"
)

var matrices = []string{"BLOSUM45", "BLOSUM50", "BLOSUM62", "BLOSUM80_NCBI", "BLOSUM90", "PAM30", "PAM70", "PAM250"}

func adjuster(t testing.TB, method Method, matrix string) *Adjuster {
	t.Helper()
	m, ok := scoring.Builtin(matrix)
	if !ok {
		t.Fatalf("no matrix %s", matrix)
	}
	a, err := New(method, m)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func compose(t testing.TB, a *Adjuster, matrix, sequence string) Composition {
	m, _ := scoring.Builtin(matrix)
	codes, err := m.EncodeSeq(nil, []byte(sequence))
	if err != nil {
		t.Fatal(err)
	}
	return a.Compose(codes)
}

// anyComposition is that of a random sequence, of some kinds of residues more than of others.
func anyComposition(t *rapid.T, what string) Composition {
	c := Composition{length: rapid.IntRange(1, 2000).Draw(t, what+" length")}
	c.count = rapid.IntRange(1, c.length).Draw(t, what+" residues")
	sum := 0.0
	for i := range c.of {
		c.of[i] = math.Pow(rapid.Float64Range(0, 1).Draw(t, what), 4)
		sum += c.of[i]
	}
	if sum == 0 {
		c.of[0], sum = 1, 1
	}
	for i := range c.of {
		c.of[i] /= sum
	}
	return c
}

func TestFrequencies(t *testing.T) {
	for _, matrix := range matrices {
		f := adjuster(t, Adjusted, matrix).standard
		sum := 0.0
		for i := range f.joint {
			sum += f.background[i]
			for j := range f.joint {
				if f.joint[i][j] <= 0 || f.joint[i][j] != f.joint[j][i] {
					t.Errorf("%s: %c with %c has probability %v", matrix, standard[i], standard[j], f.joint[i][j])
				}
			}
		}
		if math.Abs(sum-1) > 1e-12 {
			t.Errorf("%s: the probabilities add up to %v", matrix, sum)
		}
	}
	if _, err := read("BLOSUM61"); err == nil {
		t.Error("there are frequencies of BLOSUM61")
	}
}

// The published matrices are the logarithms of the frequencies' ratios, in half or third bits.
func TestFrequenciesGiveTheMatrix(t *testing.T) {
	parts := map[string]float64{"BLOSUM45": 3, "BLOSUM50": 3, "PAM250": 3}
	for _, matrix := range matrices {
		a := adjuster(t, Scaled, matrix)
		m, _ := scoring.Builtin(matrix)
		part := parts[matrix]
		if part == 0 {
			part = 2
		}
		for i := range residues {
			for j := range residues {
				bits := math.Log2(a.standard.joint[i][j] / a.standard.background[i] / a.standard.background[j])
				published := float64(m.Scores[a.letters.standard[i]][a.letters.standard[j]])
				if math.Abs(part*bits-published) > 0.5 {
					t.Errorf("%s: %c with %c is %.3f, published %v", matrix, standard[i], standard[j], part*bits, published)
				}
			}
		}
	}
}

func TestMatricesWithoutFrequencies(t *testing.T) {
	for _, matrix := range []string{"BLOSUM60", "BLOSUM80", "EDNAFULL"} {
		m, _ := scoring.Builtin(matrix)
		if _, err := New(Scaled, m); err == nil || !strings.Contains(err.Error(), "cannot be accounted for with matrix "+matrix) {
			t.Errorf("%s: %v", matrix, err)
		}
	}
}

// λ of the standard matrices for an average composition: those of Altschul and Gish (Methods in Enzymology 266, 460, 1996), table II, and of NCBI's toolkit.
func TestLambda(t *testing.T) {
	for matrix, want := range map[string]float64{"BLOSUM45": 0.2291, "BLOSUM50": 0.2318, "BLOSUM62": 0.3176, "BLOSUM80_NCBI": 0.3430, "BLOSUM90": 0.3346, "PAM30": 0.3400, "PAM70": 0.3345, "PAM250": 0.2252} {
		if got := adjuster(t, Scaled, matrix).lambda * Unit; math.Abs(got-want) > 0.00005 {
			t.Errorf("%s: %.5f, want %.4f", matrix, got, want)
		}
	}
}

// A scaled matrix has the standard λ for the pair's compositions, unless it would have to be scaled up or down too far.
func TestScaledMatrixHasTheStandardLambda(t *testing.T) {
	all := map[string]*Adjuster{}
	for _, matrix := range matrices {
		all[matrix] = adjuster(t, Scaled, matrix)
	}
	seen := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		a := all[rapid.SampledFrom(matrices).Draw(t, "matrix")]
		q, s := anyComposition(t, "query"), anyComposition(t, "target")
		r := a.ratio(&q, &s)
		switch value, _ := excess(r*a.lambda, &a.basic, &q.of, &s.of); {
		case r == 1 && value <= 1e-9:
			seen["not scaled"]++
		case r == least && value >= -1e-9:
			seen["at the limit"]++
		case r > least && r < 1 && math.Abs(value) <= 1e-9:
			seen["scaled"]++
		default:
			t.Fatalf("ratio %v: the expectation is off by %v", r, value)
		}
	})
	if !testing.Short() && len(seen) != 3 { // a short run may miss a case
		t.Errorf("cases: %v", seen)
	}
}

// The joint probabilities have the sums and the relative entropy that were asked for, and Lagrange's form: the logarithm of x is t times that of the standard
// table, plus a term of the row and one of the column; t is positive. That is what the nearest table must fulfil, and no other does.
func TestTransportIsTheNearestTable(t *testing.T) {
	all := map[string]*Adjuster{}
	for _, matrix := range matrices {
		all[matrix] = adjuster(t, Adjusted, matrix)
	}
	tried, solved := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		a := all[rapid.SampledFrom(matrices).Draw(t, "matrix")]
		q, s := anyComposition(t, "query"), anyComposition(t, "target")
		tried++
		rows, columns := q.withPseudoCounts(&a.standard.background), s.withPseudoCounts(&a.standard.background)
		x := a.transport.solve(&rows, &columns, Entropy)
		if x == nil {
			return
		}
		solved++
		gotRows, gotColumns := x.rows(), x.columns()
		entropy := 0.0
		for i := range x {
			if math.Abs(gotRows[i]-rows[i]) > 1e-9 || math.Abs(gotColumns[i]-columns[i]) > 1e-9 {
				t.Fatalf("sums of %c: %v and %v, want %v and %v", standard[i], gotRows[i], gotColumns[i], rows[i], columns[i])
			}
			for j := range x {
				entropy += x[i][j] * math.Log(x[i][j]/rows[i]/columns[j])
			}
		}
		if math.Abs(entropy-Entropy) > 1e-9 {
			t.Fatalf("relative entropy %v", entropy)
		}
		// What a term of the row and one of the column cannot explain.
		rest := func(f func(i, j int) float64, i, j int) float64 { return f(i, j) - f(i, 0) - f(0, j) + f(0, 0) }
		found := func(i, j int) float64 { return math.Log(x[i][j]) }
		given := func(i, j int) float64 { return math.Log(a.standard.joint[i][j]) }
		power := rest(found, 1, 1) / rest(given, 1, 1)
		if power <= 0 {
			t.Fatalf("t is %v", power)
		}
		for i := range x {
			for j := range x {
				if d := rest(found, i, j) - power*rest(given, i, j); math.Abs(d) > 1e-6 {
					t.Fatalf("%c with %c: off by %v", standard[i], standard[j], d)
				}
			}
		}
	})
	if solved < tried/2 {
		t.Errorf("%d of %d solved", solved, tried)
	}
}

// Where no table has the relative entropy, the matrix is scaled.
func TestWithoutATableTheMatrixIsScaled(t *testing.T) {
	a, b := adjuster(t, Adjusted, "BLOSUM62"), adjuster(t, Scaled, "BLOSUM62")
	long := strings.Repeat("Q", 5000)
	q := compose(t, a, "BLOSUM62", long)
	if x := a.transport.solve(ptr(q.withPseudoCounts(&a.standard.background)), ptr(q.withPseudoCounts(&a.standard.background)), Entropy); x != nil {
		t.Fatal("one kind of residue has a relative entropy")
	}
	if got, want := *a.Scores(&q, &q), *b.Scores(&q, &q); got != want {
		t.Error("the matrix is not the scaled one")
	}
}

func ptr[T any](x T) *T { return &x }

// With query and target exchanged the matrix is transposed, whatever the method.
func TestScoresOfTheOtherOrder(t *testing.T) {
	for _, method := range []Method{Scaled, Adjusted} {
		a := adjuster(t, method, "BLOSUM62")
		rapid.Check(t, func(t *rapid.T) {
			q, s := anyComposition(t, "query"), anyComposition(t, "target")
			one := *a.Scores(&q, &s)
			other := a.Scores(&s, &q)
			for i := range one {
				for j := range one {
					// A value that lies between two units may be rounded either way.
					if d := one[i][j] - other[j][i]; d < -1 || d > 1 {
						t.Fatalf("method %d, %d with %d: %d and %d", method, i, j, one[i][j], other[j][i])
					}
				}
			}
		})
	}
}

// The rule of when to scale, at its thresholds.
func TestRule(t *testing.T) {
	a := adjuster(t, Adjusted, "BLOSUM62")
	of := func(sequence string, times int) Composition {
		return compose(t, a, "BLOSUM62", strings.Repeat(sequence, times))
	}
	const acidic, greasy, average = "DEDENQKSTGDE", "LIVFAGMWPYCS", "ARNDCQEGHILKMFPSTWYV"
	for _, c := range []struct {
		name          string
		query, target Composition
		want          bool
	}{
		{"unlike, and of unlike lengths", of(acidic, 3), of(greasy, 10), true},
		{"unlike, and of unlike lengths, the other way round", of(greasy, 10), of(acidic, 3), true},
		{"of like lengths", of(acidic, 3), of(greasy, 9), false},
		{"alike", of(greasy, 3), of(greasy, 10), false},
		{"near to each other", of(average, 1), of(average+"A", 5), false},
		{"lopsided", of("DE", 26), of(greasy, 90), false},
		{"lopsided, but short", of("DE", 25), of(greasy, 90), true},
	} {
		if got := scales(&c.query, &c.target, &a.standard.background); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

// A sequence without a standard residue has no composition; U counts as C.
func TestCompose(t *testing.T) {
	a := adjuster(t, Adjusted, "BLOSUM62_NCBI")
	none, some := compose(t, a, "BLOSUM62_NCBI", "XXBZ*O"), compose(t, a, "BLOSUM62_NCBI", "ARNDX")
	if a.Scores(&none, &some) != nil || a.Scores(&some, &none) != nil {
		t.Error("a matrix for nothing")
	}
	u, c := compose(t, a, "BLOSUM62_NCBI", "AUCX"), compose(t, a, "BLOSUM62_NCBI", "ACCX")
	if u != c || u.count != 3 || u.length != 4 || u.of[4] != 2.0/3 {
		t.Errorf("%+v, %+v", u, c)
	}
}

// All letters of the matrices for a pair, as a reader would print them.
func ExampleAdjuster_Scores() {
	m, _ := scoring.Builtin("BLOSUM62_NCBI")
	query, _ := m.EncodeSeq(nil, []byte("MSKKEEKLKQEAEKKLKEQEEKIRKLEEELKKAKEEAEKLKQE"))
	target, _ := m.EncodeSeq(nil, []byte("MEEKLRKIEEEQKRLLEKEKKQLEEARKKAEEEAKKLEEELKK"))
	const letters = "AEKLWBJXUO*"
	for _, method := range []Method{Scaled, Adjusted} {
		a, err := New(method, m)
		if err != nil {
			fmt.Println(err)
			return
		}
		q, t := a.Compose(query), a.Compose(target)
		scores := a.Scores(&q, &t)
		fmt.Printf("-")
		for _, l := range letters {
			fmt.Printf("%5c", l)
		}
		fmt.Println()
		for _, x := range []byte(letters) {
			fmt.Printf("%c", x)
			for _, y := range []byte(letters) {
				fmt.Printf("%5d", scores[m.Encode[x]][m.Encode[y]])
			}
			fmt.Println()
		}
	}
	// Output:
	// -    A    E    K    L    W    B    J    X    U    O    *
	// A   69  -15  -13  -26  -44  -29  -25  -11   -7  -11 -128
	// E  -15   86   14  -50  -50   15  -52   -1  -63   -1 -128
	// K  -13   14   79  -43  -52   -8  -44   -1  -53   -1 -128
	// L  -26  -50  -43   67  -28  -61   54  -25  -22  -25 -128
	// W  -44  -50  -52  -28  183  -69  -35  -45  -40  -45 -128
	// B  -29   15   -8  -61  -69   75  -59  -11  -54  -11 -128
	// J  -25  -52  -44   54  -35  -59   52  -28  -22  -28 -128
	// X   -9   -1   -1  -27  -46  -10  -30   -1  -47   -1 -128
	// U   -7  -63  -53  -22  -40  -54  -22  -48  150  -48 -128
	// O   -9   -1   -1  -27  -46  -10  -30   -1  -47   -1 -128
	// * -128 -128 -128 -128 -128 -128 -128 -128 -128 -128   32
	// -    A    E    K    L    W    B    J    X    U    O    *
	// A  164  -71  -64  -38  -50  -35  -32  -29   30  -29 -128
	// E  -75   92  -63 -147 -119    2 -146  -38 -148  -38 -128
	// K  -58  -53   92 -119 -111  -34 -117  -28 -114  -28 -128
	// L  -57 -161 -144  150  -31 -121  137  -71  -18  -71 -128
	// W  -57 -121 -123  -19  471  -98  -23  -75  -17  -75 -128
	// B  -36    6  -39 -102  -92  205  -95  -24  -57  -24 -128
	// J  -49 -159 -140  136  -34 -111  133  -68  -11  -68 -128
	// X  -31  -36  -33  -60  -73  -25  -58  -38  -71  -38 -128
	// U   26 -148 -124   -3  -15  -62    1  -72  400  -72 -128
	// O  -31  -36  -33  -60  -73  -25  -58  -38  -71  -38 -128
	// * -128 -128 -128 -128 -128 -128 -128 -128 -128 -128   32
}

func BenchmarkScores(b *testing.B) {
	for method, name := range []string{"scaled", "adjusted"} {
		b.Run(name, func(b *testing.B) {
			a := adjuster(b, Method(method), "BLOSUM62")
			q := compose(b, a, "BLOSUM62", "MTEYKLVVVGAGGVGKSALTIQLIQNHFVDEYDPTIEDSYRKQVVIDGETCLLDILDTAGQEEYSAMRDQYMRTGEGFLCVFAINNTKSFEDIHQYREQIKRVKDSDDVPMVLVGNKCDL")
			t := compose(b, a, "BLOSUM62", "MSKKEEKLKQEAEKKLKEQEEKIRKLEEELKKAKEEAEKLKQEMSTNPKPQRKTKRNTNRRPQDVKFPGG")
			for b.Loop() {
				a.Scores(&q, &t)
			}
		})
	}
}
