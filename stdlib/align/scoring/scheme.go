package scoring

import (
	"fmt"
	"math"
	"strconv"
)

// maxScale is the factor for two decimals, and maxCost a cost that no matrix value comes near.
const (
	maxScale = 100
	maxCost  = 10_000
)

// MaxScore bounds every value that an aligner computes for sequences that pass CheckLengths: a quarter of the range of
// an int32, so that a few sums of such values cannot overflow.
const MaxScore = 1 << 29

// NewScheme checks a user's choice and resolves it: Fit and Overlap free their ends, Local has none; free goes with
// Global only. An emboss gap with decimals is scaled. Costs go up to 10,000, decimals up to two. The first residue of a
// gap may not be cheaper than the next one. The error is an *Error.
func NewScheme(mode Mode, matrix *Matrix, gap Gap, free Ends) (*Scheme, error) {
	if matrix == nil {
		return nil, &Error{Message: "no matrix", Hint: "for example matrix: BLOSUM62"}
	}
	s := &Scheme{Mode: mode, Matrix: matrix, Gap: gap, Free: free, Scale: 1}
	if mode != Global && free != (Ends{}) {
		return nil, &Error{Message: "free_ends with mode " + mode.String(),
			Hint: "free_ends goes with mode global; fit and overlap free their own ends"}
	}
	switch mode {
	case Local, Global:
	case Fit:
		s.Free = Ends{TargetStart: true, TargetEnd: true}
	case Overlap:
		s.Free = Ends{QueryStart: true, QueryEnd: true, TargetStart: true, TargetEnd: true}
	default:
		return nil, &Error{Message: fmt.Sprintf("mode %d", mode), Hint: "modes are local, global, fit and overlap"}
	}
	if err := s.resolveGap(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Scheme) resolveGap() error {
	for _, cost := range []struct {
		name  string
		value float64
	}{{"open", s.Gap.Open}, {"extend", s.Gap.Extend}} {
		if err := s.Gap.checkCost(cost.name, cost.value); err != nil {
			return err
		}
	}
	switch s.Gap.Kind {
	case Affine:
		s.Extend = int32(s.Gap.Extend)
		s.First = int32(s.Gap.Open) + s.Extend
	case Linear:
		if s.Gap.Open != 0 {
			return &Error{Message: fmt.Sprintf("a linear gap with open %v", s.Gap.Open), Hint: "use affine(open, extend)"}
		}
		s.Extend = int32(s.Gap.Extend)
		s.First = s.Extend
	case Emboss:
		open, _ := times(s.Gap.Open, maxScale)
		extend, _ := times(s.Gap.Extend, maxScale)
		s.Scale = maxScale / gcd(gcd(open, extend), maxScale)
		s.First = open / (maxScale / s.Scale)
		s.Extend = extend / (maxScale / s.Scale)
		if s.First < s.Extend {
			return &Error{Message: fmt.Sprintf("%s: to open costs less than to extend", s.Gap),
				Hint: "open is the cost of the gap's first residue and must be the larger one"}
		}
	}
	return nil
}

func (g Gap) checkCost(name string, value float64) error {
	what := fmt.Sprintf("gap %s with %s %v", g.Kind, name, value)
	switch {
	case g.Kind > Linear:
		return &Error{Message: fmt.Sprintf("gap kind %d", g.Kind), Hint: "gaps are affine, emboss and linear"}
	case math.IsNaN(value) || value < 0:
		return &Error{Message: what, Hint: "it is a cost, so write it without a sign"}
	case value > maxCost:
		return &Error{Message: what, Hint: "the largest cost is 10,000"}
	case g.Kind != Emboss && value != math.Trunc(value):
		return &Error{Message: what, Hint: "write a whole number, or use emboss(open, extend), whose scores are floats"}
	}
	if _, ok := times(value, maxScale); !ok {
		return &Error{Message: what, Hint: "at most two decimals"}
	}
	return nil
}

// times is value·factor as a whole number, and whether it is one: whether the number read back is the value written.
func times(value float64, factor int32) (int32, bool) {
	whole := math.Round(value * float64(factor))
	return int32(whole), whole/float64(factor) == value
}

func gcd(a, b int32) int32 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// String is the mode's name in the language.
func (m Mode) String() string {
	switch m {
	case Local:
		return "local"
	case Global:
		return "global"
	case Fit:
		return "fit"
	case Overlap:
		return "overlap"
	}
	return "mode(" + strconv.Itoa(int(m)) + ")"
}

// String is the gap kind's name in the language.
func (k GapKind) String() string {
	switch k {
	case Affine:
		return "affine"
	case Emboss:
		return "emboss"
	case Linear:
		return "linear"
	}
	return "gap(" + strconv.Itoa(int(k)) + ")"
}

// String is the gap as a user writes it.
func (g Gap) String() string {
	if g.Kind == Linear {
		return fmt.Sprintf("linear(%v)", g.Extend)
	}
	return fmt.Sprintf("%s(open: %v, extend: %v)", g.Kind, g.Open, g.Extend)
}

// GapCost is the scaled cost of a gap of k residues, 0 for none.
func (s *Scheme) GapCost(k int) int64 {
	if k <= 0 {
		return 0
	}
	return int64(s.First) + int64(k-1)*int64(s.Extend)
}

// IsFloat says whether the user's score is a float, as it is under an emboss gap, whole or not.
func (s *Scheme) IsFloat() bool { return s.Gap.Kind == Emboss }

// Int is the user's value of an integer score where IsFloat is false.
func (s *Scheme) Int(score int32) int64 { return int64(score) / int64(s.Scale) }

// Float is the user's value of an integer score.
func (s *Scheme) Float(score int32) float64 { return float64(score) / float64(s.Scale) }

// Threshold is the least integer score whose user's value is at least value. It saturates at the ends of int32; a NaN,
// which nothing reaches, gives the largest int32.
func (s *Scheme) Threshold(value float64) int32 {
	scaled := math.Ceil(value * float64(s.Scale))
	switch {
	case math.IsNaN(scaled) || scaled > math.MaxInt32:
		return math.MaxInt32
	case scaled < math.MinInt32:
		return math.MinInt32
	}
	// The product is rounded; a step to either side makes it exact.
	t := int32(scaled)
	for t > math.MinInt32 && s.Float(t-1) >= value {
		t--
	}
	for t < math.MaxInt32 && s.Float(t) < value {
		t++
	}
	return t
}

// Symmetric says that query and target may be swapped without a change of the score: matrix and free ends are the same
// from both sides.
func (s *Scheme) Symmetric() bool {
	return s.Matrix.Symmetric && s.Free.QueryStart == s.Free.TargetStart && s.Free.QueryEnd == s.Free.TargetEnd
}

// CheckLengths says whether a query of m residues and a target of n can be scored in an int32: whether no value of any
// cell can leave ±MaxScore. The error is an *Error.
func (s *Scheme) CheckLengths(m, n int) error {
	largest := int64(max(s.Matrix.Max, -s.Matrix.Min)) * int64(s.Scale)
	// A cell is at most all residues of the shorter one matched, and at least two gaps that span both prefixes.
	high := float64(min(m, n)) * float64(largest)
	low := 2*float64(s.First) + (float64(m)+float64(n))*float64(s.Extend) + float64(largest)
	if high <= MaxScore && low <= MaxScore {
		return nil
	}
	return &Error{Message: fmt.Sprintf("sequences of %d and %d residues: a score could overflow 32 bits", m, n),
		Hint: "use smaller gap costs, fewer decimals, or shorter sequences"}
}
