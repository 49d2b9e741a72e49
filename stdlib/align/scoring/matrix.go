package scoring

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed matrices/BLOSUM* matrices/PAM* matrices/EDNAFULL
var matrixFiles embed.FS

// builtin parses each embedded file once, when it is first asked for.
var builtin = sync.OnceValue(func() map[string]func() *Matrix {
	entries, err := fs.ReadDir(matrixFiles, "matrices")
	if err != nil {
		panic("scoring: embedded matrices: " + err.Error())
	}
	all := make(map[string]func() *Matrix, len(entries))
	for _, entry := range entries {
		name := entry.Name()
		all[name] = sync.OnceValue(func() *Matrix {
			f, err := matrixFiles.Open("matrices/" + name)
			if err != nil {
				panic("scoring: embedded matrix: " + err.Error())
			}
			m, err := ParseMatrix(name, f)
			if err != nil {
				panic("scoring: embedded matrix: " + err.Error())
			}
			return m
		})
	}
	return all
})

// Builtin returns the matrix of that name: the published BLOSUM and PAM families and EDNAFULL, and the NCBI toolkit's
// versions under NAME_NCBI. The matrix is shared and must not be changed.
func Builtin(name string) (*Matrix, bool) {
	load, ok := builtin()[name]
	if !ok {
		return nil, false
	}
	return load(), true
}

// Names lists the built-in matrices: by family, then by number.
func Names() []string {
	names := make([]string, 0, len(builtin()))
	for name := range builtin() {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		familyA, numberA, suffixA := splitName(a)
		familyB, numberB, suffixB := splitName(b)
		if c := strings.Compare(familyA, familyB); c != 0 {
			return c
		}
		if numberA != numberB {
			return numberA - numberB
		}
		return strings.Compare(suffixA, suffixB)
	})
	return names
}

// splitName cuts BLOSUM62_NCBI into BLOSUM, 62 and _NCBI.
func splitName(name string) (family string, number int, suffix string) {
	const digits = "0123456789"
	rest := strings.TrimLeft(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	suffix = strings.TrimLeft(rest, digits)
	number, _ = strconv.Atoi(rest[:len(rest)-len(suffix)]) // 0 where the name has no number
	return name[:len(name)-len(rest)], number, suffix
}

// Nucleic says that the matrix is for nucleic acids: it has A, C, G and T or U, and no letter that is not one of
// IUPAC's nucleotide codes.
func (m *Matrix) Nucleic() bool { return isNucleic(m.Letters) }

func isNucleic(letters string) bool {
	return strings.Trim(letters, "ACGTURYSWKMBDHVNX*") == "" && strings.Contains(letters, "A") &&
		strings.Contains(letters, "C") && strings.Contains(letters, "G") && strings.ContainsAny(letters, "TU")
}

// EncodeSeq appends the residue codes of seq to dst. Case is folded. The error is a *LetterError for the first byte
// that is no letter; dst is then returned as it was.
func (m *Matrix) EncodeSeq(dst, seq []byte) ([]byte, error) {
	start := len(dst)
	dst = slices.Grow(dst, len(seq))
	codes := dst[start : start+len(seq)]
	var seen byte
	for i, b := range seq {
		c := m.Encode[b]
		codes[i] = c
		seen |= c
	}
	if seen < MaxCodes {
		return dst[:start+len(seq)], nil
	}
	i := slices.Index(codes, NoCode)
	return dst[:start], &LetterError{Position: i + 1, Byte: seq[i], Matrix: m.Name}
}

// Score is the matrix's value for two letters of either case.
func (m *Matrix) Score(query, target byte) (int8, error) {
	a, b := m.Encode[query], m.Encode[target]
	if a == NoCode || b == NoCode {
		return 0, fmt.Errorf("matrix %s has no value for %q and %q", m.Name, query, target)
	}
	return m.Scores[a][b], nil
}

// newMatrix completes a matrix whose square of scores is filled for letters: what Weir accepts beyond the file, the
// table of codes, the extremes and the symmetry.
func newMatrix(name, letters string, scores [MaxCodes][MaxCodes]int8) *Matrix {
	m := &Matrix{Name: name, Letters: letters, Scores: scores}
	for i := range m.Encode {
		m.Encode[i] = NoCode
	}
	for i := range len(letters) {
		m.setCode(letters[i], byte(i))
	}
	if isNucleic(letters) {
		m.alias('U', 'T')
	} else {
		m.copyLetter('U', 'C')
		m.copyLetter('O', 'X')
		m.copyLetter('J', 'X')
	}
	m.Min, m.Max, m.Symmetric = m.Scores[0][0], m.Scores[0][0], true
	for i := range len(m.Letters) {
		for j := range len(m.Letters) {
			m.Min = min(m.Min, m.Scores[i][j])
			m.Max = max(m.Max, m.Scores[i][j])
			m.Symmetric = m.Symmetric && m.Scores[i][j] == m.Scores[j][i]
		}
	}
	return m
}

// setCode gives a letter, in both cases, its code.
func (m *Matrix) setCode(letter, code byte) {
	m.Encode[letter] = code
	if letter >= 'A' && letter <= 'Z' {
		m.Encode[letter|0x20] = code
	}
}

// alias makes two letters one, under the first one's code; where only one of them is in the file, it stands for both.
func (m *Matrix) alias(a, b byte) {
	code := m.Encode[b]
	if code == NoCode {
		code = m.Encode[a]
	}
	m.setCode(a, code)
	m.setCode(b, code)
}

// copyLetter adds a letter that the file lacks, with a code of its own and the row and column of another one; where the
// file lacks that one as well, the letter stays unknown.
func (m *Matrix) copyLetter(letter, of byte) {
	from := m.Encode[of]
	if m.Encode[letter] != NoCode || from == NoCode {
		return
	}
	code := byte(len(m.Letters))
	for i := range m.Letters {
		m.Scores[code][i] = m.Scores[from][i]
		m.Scores[i][code] = m.Scores[i][from]
	}
	m.Scores[code][code] = m.Scores[from][from]
	m.Letters += string(rune(letter))
	m.setCode(letter, code)
}
