// Package basepair knows the letters of nucleic acids: which base pairs with which.
package basepair

import "slices"

// complements has the complement of every code of IUPAC: NC-IUB, Nucleic Acids Research 13, 3021 (1985).
var complements = func() (table [256]byte) {
	const from, to = "ACGTUMRWSYKVHDBNX-.", "TGCAAKYWSRMBDHVNX-."
	for i := range from {
		table[from[i]] = to[i]
		if c := from[i]; 'A' <= c && c <= 'Z' {
			table[c+32] = to[i] + 32
		}
	}
	return table
}()

// AppendComplement appends the complement of a sequence, letter by letter, to dst: as DNA has it, in the letters' cases; that of a gap (-, .) is a gap.
// Where a byte has no complement, dst comes back as it was, with the byte's index; else at is -1.
func AppendComplement(dst, sequence []byte) (out []byte, at int) {
	start := len(dst)
	for i, letter := range sequence {
		c := complements[letter]
		if c == 0 {
			return dst[:start], i
		}
		dst = append(dst, c)
	}
	return dst, -1
}

// AppendReverse appends the reverse complement of a sequence to dst: its complement from the other end. The rest is as with AppendComplement.
func AppendReverse(dst, sequence []byte) (out []byte, at int) {
	out, at = AppendComplement(dst, sequence)
	slices.Reverse(out[len(dst):])
	return out, at
}
