package composition

import (
	"math"

	"weir/stdlib/align/scoring"
)

// letters are the codes of a matrix's letters; scoring.NoCode for one that it lacks.
type letters struct {
	standard       [residues]byte
	selenocysteine byte // U
	pyrrolysine    byte // O
	unknown        byte // X
	// pairs are the letters that stand for either of two residues: B, Z and J.
	pairs [3]struct {
		code byte
		of   [2]int // indices into standard
	}
}

func lettersOf(m *scoring.Matrix) (l letters) {
	index := map[byte]int{}
	for i := range residues {
		index[standard[i]] = i
		l.standard[i] = m.Encode[standard[i]]
	}
	l.selenocysteine, l.pyrrolysine, l.unknown = m.Encode['U'], m.Encode['O'], m.Encode['X']
	for i, p := range []string{"BDN", "ZEQ", "JIL"} {
		l.pairs[i].code = m.Encode[p[0]]
		l.pairs[i].of = [2]int{index[p[1]], index[p[2]]}
	}
	return l
}

// classes are the standard residues and, behind them, B, Z and J.
const classes = residues + 3

// highest is what X scores at most, in 1/Unit: less than nothing.
const highest = -1

// expand makes scores for all letters from the joint probabilities of the standard residues, whose margins rows and columns are, on the scale of lambda. B,
// Z and J score as the sum of what they stand for; X with a residue as the mean over what it faces, query and target being the sequences' compositions;
// U as C, O as X. The stop keeps its value.
func (a *Adjuster) expand(joint *table, rows, columns, query, target *probabilities, lambda float64) *Scores {
	var sum [classes][classes]float64
	var p, q [classes]float64
	fold := func(v []float64) {
		for k, pair := range a.letters.pairs {
			v[residues+k] = v[pair.of[0]] + v[pair.of[1]]
		}
	}
	copy(p[:], rows[:])
	copy(q[:], columns[:])
	fold(p[:])
	fold(q[:])
	for i := range residues {
		copy(sum[i][:], joint[i][:])
		fold(sum[i][:])
	}
	for k, pair := range a.letters.pairs {
		for j := range classes {
			sum[residues+k][j] = sum[pair.of[0]][j] + sum[pair.of[1]][j]
		}
	}
	var s [classes][classes]float64
	for i := range classes {
		for j := range classes {
			s[i][j] = math.Log(sum[i][j]/(p[i]*q[j])) / lambda
		}
	}
	// What a class of one sequence scores with X in the other.
	var queryX, targetX [classes]float64
	both := 0.0
	for i := range classes {
		for j := range residues {
			queryX[i] += s[i][j] * target[j]
			targetX[i] += s[j][i] * query[j]
		}
		if i < residues {
			both += queryX[i] * query[i]
		}
	}

	a.out = a.fixed
	code := func(class int) byte {
		if class < residues {
			return a.letters.standard[class]
		}
		return a.letters.pairs[class-residues].code
	}
	x := a.letters.unknown
	for i := range classes {
		ci := code(i)
		for j := range classes {
			a.set(ci, code(j), s[i][j])
		}
		a.set(ci, x, min(queryX[i], highest))
		a.set(x, ci, min(targetX[i], highest))
	}
	a.set(x, x, min(both, highest))
	a.imitate(a.letters.selenocysteine, a.letters.standard[4])
	a.imitate(a.letters.pyrrolysine, x)
	return &a.out
}

func (a *Adjuster) set(query, target byte, score float64) {
	if query != scoring.NoCode && target != scoring.NoCode {
		a.out[query][target] = round(score)
	}
}

// imitate gives a letter the scores of another one.
func (a *Adjuster) imitate(letter, of byte) {
	if letter == scoring.NoCode || of == scoring.NoCode {
		return
	}
	a.out[letter] = a.out[of]
	for i := range a.out {
		a.out[i][letter] = a.out[i][of]
	}
}
