package bio

import (
	"fmt"
	"math"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/fn"
)

// Average masses, in dalton, of free molecules: amino acids by their formulas with the standard atomic weights of IUPAC, nucleotides as
// 5' monophosphates. A polymer has a water less a bond.
var (
	aminoMasses = residues(map[byte]float64{'A': 89.0932, 'C': 121.1582, 'D': 133.1027, 'E': 147.1293, 'F': 165.1891, 'G': 75.0666, 'H': 155.1546, 'I': 131.1729,
		'K': 146.1876, 'L': 131.1729, 'M': 149.2113, 'N': 132.1179, 'O': 255.3134, 'P': 115.1305, 'Q': 146.1445, 'R': 174.201, 'S': 105.0926, 'T': 119.1192,
		'U': 168.0532, 'V': 117.1463, 'W': 204.2252, 'Y': 181.1885})
	dnaMasses = residues(map[byte]float64{'A': 331.2218, 'C': 307.1971, 'G': 347.2212, 'T': 322.2085})
	rnaMasses = residues(map[byte]float64{'A': 347.2212, 'C': 323.1965, 'G': 363.2206, 'U': 324.1813})
)

const water = 18.0153

// MolecularWeight weighs.
var MolecularWeight = &op.Function{
	Name: "molecular_weight", Doc: "is the average mass of a molecule in dalton: of a protein, or of a single strand of dna or rna with a 5' phosphate; a string counts as a protein. " +
		"The values are Biopython's (Bio.SeqUtils.molecular_weight). A residue without a mass (X, N, *, …) rejects the row; null for an empty sequence.",
	Params: fn.Params("sequence: A protein, dna or rna."),
	Resolve: func(args []types.Type) (op.Overload, error) {
		return fn.Overloads(weigh("dna", &dnaMasses), weigh("rna", &rnaMasses), weigh("string", &aminoMasses))(args)
	},
	Examples: []op.FuncExample{fn.Ex(`round(molecular_weight("MKTAYIAK"), 3)`, "925.146"), fn.Fails(`molecular_weight("MX")`, "a mass is not known for 'X', residue 2")},
}

func weigh(param string, table *[256]float64) fn.Sig {
	return fn.S(param, "float?", func(c *op.Call) (*batch.Vector, error) {
		return fraction(c, func(x []byte, i int) (float64, float64) {
			s, ok := sum(c, x, i, table, "a mass")
			if len(x) == 0 || !ok {
				return 0, 0
			}
			return s - float64(len(x)-1)*water, 1
		}), nil
	})
}

// The pK values of B. Bjellqvist et al., Electrophoresis 14, 1023 (1993) and 15, 529 (1994), as ProtParam of ExPASy and Biopython use them: of
// side chains, and of ends, some of which depend on the residue.
var (
	positivePK = map[byte]float64{'K': 10.0, 'R': 12.0, 'H': 5.98}
	negativePK = map[byte]float64{'D': 4.05, 'E': 4.45, 'C': 9.0, 'Y': 10.0}
	nTermPK    = map[byte]float64{'A': 7.59, 'M': 7.0, 'S': 6.93, 'P': 8.36, 'T': 6.82, 'V': 7.44, 'E': 7.7}
	cTermPK    = map[byte]float64{'D': 4.55, 'E': 4.75}
)

const (
	nTermOther = 7.5
	cTermOther = 3.55
)

// IsoelectricPoint is the pH without charge.
var IsoelectricPoint = &op.Function{
	Name: "isoelectric_point", Doc: "is the pH at which a protein has no net charge, to 1e-4, by the pK values of Bjellqvist et al. (Electrophoresis 14, 1023, 1993; 15, 529, 1994), " +
		"which ProtParam of ExPASy uses, between pH 0 and 14. Residues without a charge, unknown letters among them, do not count; null for an empty sequence.",
	Params: fn.Params("protein: The protein."), Total: true,
	Resolve: fn.Overloads(fn.S("string", "float?", func(c *op.Call) (*batch.Vector, error) {
		return fraction(c, func(x []byte, _ int) (float64, float64) {
			if len(x) == 0 {
				return 0, 0
			}
			return isoelectric(x), 1
		}), nil
	})),
	Examples: []op.FuncExample{fn.Ex(`round(isoelectric_point("INGAR"), 2)`, "9.75")},
}

func isoelectric(x []byte) float64 {
	var counts [256]int
	for _, c := range x {
		counts[upper(c)]++
	}
	pk := func(m map[byte]float64, c byte, other float64) float64 {
		if v, ok := m[c]; ok {
			return v
		}
		return other
	}
	n, c := pk(nTermPK, upper(x[0]), nTermOther), pk(cTermPK, upper(x[len(x)-1]), cTermOther)
	letters := "KRHDECY"
	charge := func(ph float64) float64 {
		sum := 1/(1+math.Pow(10, ph-n)) - 1/(1+math.Pow(10, c-ph))
		for i := range letters {
			l := letters[i]
			if v, ok := positivePK[l]; ok {
				sum += float64(counts[l]) / (1 + math.Pow(10, ph-v))
			} else {
				sum -= float64(counts[l]) / (1 + math.Pow(10, negativePK[l]-ph))
			}
		}
		return sum
	}
	low, high := 0.0, 14.0
	for high-low > 1e-5 {
		if mid := (low + high) / 2; charge(mid) > 0 {
			low = mid
		} else {
			high = mid
		}
	}
	return (low + high) / 2
}

// codes has the amino acids of the 64 codons in the order TTT, TTC, TTA, TTG, TCT, …, GGG, by table: NCBI, The Genetic Codes,
// www.ncbi.nlm.nih.gov/Taxonomy/Utils/wprintgc.cgi.
var codes = map[int64]string{
	1:  "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
	2:  "FFLLSSSSYY**CCWWLLLLPPPPHHQQRRRRIIMMTTTTNNKKSS**VVVVAAAADDEEGGGG",
	3:  "FFLLSSSSYY**CCWWTTTTPPPPHHQQRRRRIIMMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
	4:  "FFLLSSSSYY**CCWWLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
	5:  "FFLLSSSSYY**CCWWLLLLPPPPHHQQRRRRIIMMTTTTNNKKSSSSVVVVAAAADDEEGGGG",
	6:  "FFLLSSSSYYQQCC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
	9:  "FFLLSSSSYY**CCWWLLLLPPPPHHQQRRRRIIIMTTTTNNNKSSSSVVVVAAAADDEEGGGG",
	10: "FFLLSSSSYY**CCCWLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
	11: "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
	12: "FFLLSSSSYY**CC*WLLLSPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
	13: "FFLLSSSSYY**CCWWLLLLPPPPHHQQRRRRIIMMTTTTNNKKSSGGVVVVAAAADDEEGGGG",
	14: "FFLLSSSSYYY*CCWWLLLLPPPPHHQQRRRRIIIMTTTTNNNKSSSSVVVVAAAADDEEGGGG",
}

// bases gives the bases of a letter of IUPAC as bits in the order T, C, A, G; 0 for any other letter.
var bases = func() (t [256]byte) {
	for c, b := range map[byte]byte{'T': 1, 'U': 1, 'C': 2, 'A': 4, 'G': 8, 'M': 6, 'R': 12, 'W': 5, 'S': 10, 'Y': 3, 'K': 9, 'V': 14, 'H': 7, 'D': 13, 'B': 11, 'N': 15, 'X': 15} {
		t[c], t[c+32] = b, b
	}
	return t
}()

// Translate reads codons.
var Translate = &op.Function{
	Name: "translate", Doc: "is the protein that dna or rna codes for, from its first base, by a table of NCBI (1 to 6 and 9 to 14; 1 is the standard code, 11 that of bacteria). Stop codons " +
		"are `*`. A codon with ambiguous bases is the amino acid that all its readings agree on, else X; the one or two bases at the end that make no codon are left out. A letter that is no " +
		"code of IUPAC rejects the row.",
	Params: []op.FuncParam{{Name: "sequence", Doc: "A dna or rna."}, {Name: "table", Doc: "A constant: the number of the code.", Default: "1"}},
	Resolve: func(args []types.Type) (op.Overload, error) {
		var sigs []fn.Sig
		for _, k := range []string{"dna", "rna", "string"} {
			s := fn.S(k+", int", "protein", nil)
			s.Prepare = prepareTranslate
			sigs = append(sigs, s)
		}
		return fn.Overloads(sigs...)(args)
	},
	Examples: []op.FuncExample{fn.Ex(`translate("ATGAAATAA", 1)`, `"MK*"`), fn.Ex(`translate("augTGANNNCTNA", 2)`, `"MWXL"`), fn.Fails(`translate("AT!", 1)`, "a codon is not known for '!', residue 3")},
}

func prepareTranslate(consts []any) (fn.Eval, error) {
	n, ok := consts[1].(int64)
	if !ok {
		return nil, fmt.Errorf("the table must be a constant")
	}
	code, ok := codes[n]
	if !ok {
		return nil, fmt.Errorf("there is no table %d: 1 to 6 and 9 to 14 are known", n)
	}
	return func(c *op.Call) (*batch.Vector, error) {
		return fn.MapBytes(c, func(dst []byte, i int) []byte {
			x := c.Args[0].Bytes(i)
			start := len(dst)
			for at := 0; at+3 <= len(x); at += 3 {
				amino, bad := read(code, x[at:at+3])
				if bad >= 0 {
					unknown(c, i, at+bad, x[at+bad], "a codon")
					return dst[:start]
				}
				dst = append(dst, amino)
			}
			return dst
		})
	}, nil
}

// read gives the amino acid of a codon; bad is the position of a letter that is no base, else -1.
func read(code string, codon []byte) (amino byte, bad int) {
	a, b, c := bases[codon[0]], bases[codon[1]], bases[codon[2]]
	for k, m := range [3]byte{a, b, c} {
		if m == 0 {
			return 0, k
		}
	}
	for k := range 64 {
		if a>>(k>>4)&1 == 0 || b>>(k>>2&3)&1 == 0 || c>>(k&3)&1 == 0 {
			continue
		}
		if amino != 0 && amino != code[k] {
			return 'X', -1
		}
		amino = code[k]
	}
	return amino, -1
}
