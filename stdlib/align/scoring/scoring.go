// Package scoring says what an alignment is worth: the substitution matrix, the gap costs and the ends that
// cost nothing. It is the vocabulary that every aligner below stdlib/align shares: the scalar reference, the
// vector kernels and the traceback all take a *Scheme and must agree to the last unit.
package scoring

// MaxCodes is the number of residue codes a matrix can tell apart. It is 32 so that a row of scores is one
// AVX2 register of bytes.
const MaxCodes = 32

// Matrix is a substitution matrix over at most MaxCodes residue codes.
type Matrix struct {
	Name    string
	Letters string                   // the letter of code i, for i < len(Letters)
	Scores  [MaxCodes][MaxCodes]int8 // by residue code: Scores[query][target]
	// Encode maps an ASCII letter (either case) to its residue code, and to NoCode what is no letter of the alphabet.
	// Letters that the file lacks but Weir accepts are mapped here: in proteins U, O and J get codes of their own, with
	// the row of C, X and X, so that identity still tells them apart; in nucleic acids U is T.
	Encode    [256]byte
	Min, Max  int8
	Symmetric bool // Scores[i][j] == Scores[j][i] for all i, j
}

// NoCode marks, in Matrix.Encode, a byte that is no letter of the alphabet.
const NoCode = 0xFF

// GapKind says how the two numbers of a gap are to be read.
type GapKind uint8

const (
	Affine GapKind = iota // a gap of k residues costs Open + k*Extend (BLAST's meaning)
	Emboss                // Open + (k-1)*Extend (EMBOSS's, parasail's and Biopython's meaning); the score is a float
	Linear                // k*Extend
)

// Gap is the cost of gaps as the user wrote it. Both numbers are costs, so they are not negative.
type Gap struct {
	Kind         GapKind
	Open, Extend float64 // whole numbers unless Kind is Emboss; Open is 0 under Linear
}

// Ends says which end gaps cost nothing. TargetStart frees the target's start: a run of target residues before the
// first query residue costs nothing; TargetEnd a run of them after the last one. QueryStart and QueryEnd do so for
// query residues. So Fit is {TargetStart, TargetEnd}, and the names are those of the option free_ends.
type Ends struct {
	QueryStart, QueryEnd, TargetStart, TargetEnd bool
}

// Mode is the shape of the alignment.
type Mode uint8

const (
	Local   Mode = iota // Smith–Waterman
	Global              // Needleman–Wunsch, ends charged but for Scheme.Free
	Fit                 // the query whole, the target's ends free
	Overlap             // all four ends free; the empty overlap, score 0, is allowed
)

// Scheme is all that decides a score. All costs are integers: an emboss gap with fractions is scaled, together with
// the matrix, by the smallest factor that makes it whole, so that every kernel computes exactly and in integers.
type Scheme struct {
	Mode   Mode
	Matrix *Matrix // values as published; they count Scale-fold
	Gap    Gap
	Free   Ends // resolved from Mode; under Global what the user freed

	Scale  int32 // 1 unless the gap is emboss with a fraction; the score is the integer score / Scale
	First  int32 // scaled cost of the first residue of a gap
	Extend int32 // scaled cost of each further residue
}
