// Package bio has the functions over biological sequences. Letters count in upper and lower case alike.
package bio

import (
	"fmt"
	"math"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/basepair"
	"weir/stdlib/internal/fn"
)

// Functions lists the functions of the package.
var Functions = []*op.Function{CountLetters, FractionLetters, GC, ReverseComplement, Complement, Transcribe, BackTranscribe, Translate, MolecularWeight, Hydropathy, IsoelectricPoint}

func upper(c byte) byte {
	if 'a' <= c && c <= 'z' {
		return c - 32
	}
	return c
}

// unknown rejects a row for a residue that a function does not know.
func unknown(c *op.Call, row, at int, letter byte, what string) {
	c.Fail(row, fn.CodeUnknown, fmt.Sprintf("%s is not known for %q, residue %d", what, rune(letter), at+1))
}

// count gives how many residues of x are among letters, in any case.
func count(x []byte, set *[256]bool) int64 {
	n := int64(0)
	for _, c := range x {
		if set[c] {
			n++
		}
	}
	return n
}

// setOf is the letters in both cases.
func setOf(letters []byte) (set [256]bool) {
	for _, c := range letters {
		set[c] = true
		set[upper(c)] = true
		if u := upper(c); 'A' <= u && u <= 'Z' {
			set[u+32] = true
		}
	}
	return set
}

// CountLetters counts residues.
var CountLetters = &op.Function{
	Name: "count_letters", Doc: "counts the residues that are one of the letters, in either case: `count_letters(sequence, \"XBZ\")`.",
	Params: fn.Params("sequence: The sequence.", "letters: The letters."), Total: true,
	Resolve: fn.Overloads(fn.S("string, string", "int", func(c *op.Call) (*batch.Vector, error) {
		sets := newSets(c.Args[1])
		return fn.MapInts(c, func(i int) int64 { return count(c.Args[0].Bytes(i), sets(i)) }), nil
	})),
	Examples: []op.FuncExample{fn.Ex(`count_letters("MKXXx", "X")`, "3"), fn.Ex(`count_letters("ACGT", "GC")`, "2")},
}

// newSets keeps the set of the letters that a row has for the next row.
func newSets(v *batch.Vector) func(row int) *[256]bool {
	var last []byte
	var set [256]bool
	return func(row int) *[256]bool {
		if x := v.Bytes(row); last == nil || string(x) != string(last) {
			set, last = setOf(x), append([]byte{}, x...)
		}
		return &set
	}
}

// FractionLetters is a fraction.
var FractionLetters = &op.Function{
	Name: "fraction_letters", Doc: "is the fraction of the residues that are one of the letters, in either case: 0 to 1; null for an empty sequence.",
	Params: fn.Params("sequence: The sequence.", "letters: The letters."), Total: true,
	Resolve: fn.Overloads(fn.S("string, string", "float?", func(c *op.Call) (*batch.Vector, error) {
		sets := newSets(c.Args[1])
		return fraction(c, func(x []byte, i int) (float64, float64) { return float64(count(x, sets(i))), float64(len(x)) }), nil
	})),
	Examples: []op.FuncExample{fn.Ex(`fraction_letters("MKXX", "X")`, "0.5"), fn.Ex(`fraction_letters("", "X")`, "null")},
}

// fraction computes quotients; null where there is nothing to divide by.
func fraction(c *op.Call, f func(x []byte, row int) (part, whole float64)) *batch.Vector {
	nulls := fn.NewNulls(c.N)
	v := fn.MapFloats(c, func(i int) float64 {
		part, whole := f(c.Args[0].Bytes(i), i)
		if whole == 0 {
			nulls.Set(i)
			return 0
		}
		return part / whole
	})
	return nulls.Apply(v)
}

var strong, weak = setOf([]byte("GCS")), setOf([]byte("ATUW"))

// GC is the content of G and C.
var GC = &op.Function{
	Name: "gc", Doc: "is the fraction of G and C among the bases that are known (A, C, G, T, U, S, W), in either case: 0 to 1; null where there are none. Other letters do " +
		"not count, as in Biopython's gc_fraction with ambiguous=\"remove\".",
	Params: fn.Params("sequence: A dna or rna sequence, or a string."), Total: true,
	Resolve: fn.Overloads(nucleic("float?", func(c *op.Call) (*batch.Vector, error) {
		return fraction(c, func(x []byte, _ int) (float64, float64) {
			s := count(x, &strong)
			return float64(s), float64(s + count(x, &weak))
		}), nil
	})...),
	Examples: []op.FuncExample{fn.Ex(`gc("ACGTN")`, "0.5"), fn.Ex(`gc("NN")`, "null")},
}

// nucleic makes signatures for dna, rna and string; a result of "" is the kind of the argument.
func nucleic(result string, eval fn.Eval) []fn.Sig {
	var sigs []fn.Sig
	for _, k := range []string{"dna", "rna", "string"} {
		r := result
		if r == "" {
			r = k
		}
		s := fn.S(k, r, eval)
		sigs = append(sigs, s)
	}
	return sigs
}

// The functions that change strands.
var (
	ReverseComplement = strand("reverse_complement", "is the other strand, from its 5' end.", true, fn.Ex(`reverse_complement("AACGT")`, `"ACGTT"`))
	Complement        = strand("complement", "is the complement, letter by letter.", false, fn.Ex(`complement("AACG")`, `"TTGC"`))
)

func strand(name, doc string, turn bool, ex op.FuncExample) *op.Function {
	change := basepair.AppendComplement
	if turn {
		change = basepair.AppendReverse
	}
	eval := func(c *op.Call) (*batch.Vector, error) {
		return fn.MapBytes(c, func(dst []byte, i int) []byte {
			x := c.Args[0].Bytes(i)
			start := len(dst)
			dst, at := change(dst, x)
			if at >= 0 {
				unknown(c, i, at, x[at], "a complement")
				return dst
			}
			if c.Type.Kind == types.RNA {
				for k, y := range dst[start:] {
					switch y {
					case 'T':
						dst[start+k] = 'U'
					case 't':
						dst[start+k] = 'u'
					}
				}
			}
			return dst
		})
	}
	return &op.Function{Name: name, Doc: doc + " It knows the codes of IUPAC and gaps (-, .), keeps the case of letters, and writes U only into rna. Any other letter rejects the row.",
		Params: fn.Params("sequence: A dna or rna sequence, or a string of them."), Resolve: fn.Overloads(nucleic("", eval)...),
		Examples: []op.FuncExample{ex, fn.Fails(name+`("AC!")`, "a complement is not known for '!', residue 3")}}
}

// The functions between dna and rna.
var (
	Transcribe     = exchange("transcribe", "is the rna of a coding strand: T becomes U.", "dna", "rna", 'T', 'U', fn.Ex(`transcribe("ACGT")`, `"ACGU"`))
	BackTranscribe = exchange("back_transcribe", "is the dna of an rna: U becomes T.", "rna", "dna", 'U', 'T', fn.Ex(`back_transcribe("ACGU")`, `"ACGT"`))
)

func exchange(name, doc, from, to string, a, b byte, ex op.FuncExample) *op.Function {
	eval := func(c *op.Call) (*batch.Vector, error) {
		return fn.MapBytes(c, func(dst []byte, i int) []byte {
			for _, x := range c.Args[0].Bytes(i) {
				switch x {
				case a:
					x = b
				case a + 32:
					x = b + 32
				}
				dst = append(dst, x)
			}
			return dst
		})
	}
	return &op.Function{Name: name, Doc: doc, Params: fn.Params("sequence: The sequence."),
		Resolve: fn.Overloads(fn.S(from, to, eval), fn.S("string", "string", eval)), Examples: []op.FuncExample{ex}}
}

// hydropathies is the scale of J. Kyte and R. F. Doolittle, J. Mol. Biol. 157, 105 (1982).
var hydropathies = residues(map[byte]float64{'A': 1.8, 'R': -4.5, 'N': -3.5, 'D': -3.5, 'C': 2.5, 'Q': -3.5, 'E': -3.5, 'G': -0.4, 'H': -3.2, 'I': 4.5, 'L': 3.8, 'K': -3.9,
	'M': 1.9, 'F': 2.8, 'P': -1.6, 'S': -0.8, 'T': -0.7, 'W': -0.9, 'Y': -1.3, 'V': 4.2})

// residues makes a table of values by letter, in both cases; NaN elsewhere.
func residues(m map[byte]float64) (t [256]float64) {
	for i := range t {
		t[i] = math.NaN()
	}
	for c, x := range m {
		t[c], t[c+32] = x, x
	}
	return t
}

// Hydropathy is the grand average.
var Hydropathy = &op.Function{
	Name: "hydropathy", Doc: "is the grand average of hydropathy (GRAVY) of a protein: the mean over its residues of the scale of Kyte and Doolittle (J. Mol. Biol. 157, 105, " +
		"1982). A letter that is not one of the twenty amino acids rejects the row; null for an empty sequence.",
	Params: fn.Params("protein: The protein."),
	Resolve: fn.Overloads(fn.S("string", "float?", func(c *op.Call) (*batch.Vector, error) {
		return fraction(c, func(x []byte, i int) (float64, float64) {
			s, ok := sum(c, x, i, &hydropathies, "a hydropathy")
			if !ok {
				return 0, 1
			}
			return s, float64(len(x))
		}), nil
	})),
	Examples: []op.FuncExample{fn.Ex(`round(hydropathy("MKTAYIAK"), 4)`, "0.025"), fn.Fails(`hydropathy("MKX")`, "a hydropathy is not known for 'X', residue 3")},
}

// sum adds the values of residues; false where one has none, and the row is rejected.
func sum(c *op.Call, x []byte, row int, table *[256]float64, what string) (float64, bool) {
	var counts [256]int32
	for at, b := range x {
		if counts[b]++; counts[b] == 1 && math.IsNaN(table[b]) {
			unknown(c, row, at, b, what)
			return 0, false
		}
	}
	s := 0.0 // by letter, so that it depends on the composition alone
	for b, n := range counts {
		if n > 0 {
			s += float64(n) * table[b]
		}
	}
	return s, true
}
