package explain

import (
	"math"
	"strconv"
	"strings"

	"weir/planner/estimate"
)

// Unknown stands for what is not known.
const Unknown = "?"

// Quantity writes a number with its unit: `2,203,950 rows`, `~22,040 rows (assumed, up to 2,203,950)`, `? rows`. A
// number that is exact has no mark; one with a range says where it comes from.
func Quantity(n estimate.Number, one, many string) string {
	return write(n, func(x float64) string { return count(x) }, func(s string) string {
		if s == "1" {
			return s + " " + one
		}
		return s + " " + many
	})
}

// Bytes writes a number of bytes in decimal units.
func Bytes(n estimate.Number) string {
	return write(n, size, func(s string) string { return s })
}

func write(n estimate.Number, format func(float64) string, unit func(string) string) string {
	switch {
	case !n.Known():
		return unit(Unknown)
	case n.Low == n.Mid && n.Mid == n.High:
		return unit(format(n.Mid))
	case n.Low == 0:
		return unit("~"+format(n.Mid)) + " (" + n.Source + ", up to " + format(n.High) + ")"
	}
	return unit("~"+format(n.Mid)) + " (" + n.Source + ", " + format(n.Low) + " to " + format(n.High) + ")"
}

// count writes a number with separators, from a thousand million on with an exponent.
func count(x float64) string {
	switch {
	case math.IsNaN(x) || math.IsInf(x, 0):
		return Unknown
	case math.Abs(x) >= 1e9:
		m, e, _ := strings.Cut(strconv.FormatFloat(x, 'e', 1, 64), "e")
		exp, err := strconv.Atoi(e)
		if err != nil {
			return m + "e" + e
		}
		return m + "e" + strconv.Itoa(exp)
	}
	return thousands(int64(math.Round(x)))
}

func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

func size(x float64) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return Unknown
	}
	for _, u := range []struct {
		n    float64
		name string
	}{{1e12, " TB"}, {1e9, " GB"}, {1e6, " MB"}, {1e3, " KB"}} {
		if x >= u.n {
			s := strconv.FormatFloat(x/u.n, 'f', 1, 64)
			if x/u.n >= 100 {
				s = strconv.FormatFloat(x/u.n, 'f', 0, 64)
			}
			return strings.TrimSuffix(s, ".0") + u.name
		}
	}
	return thousands(int64(math.Round(x))) + " B"
}
