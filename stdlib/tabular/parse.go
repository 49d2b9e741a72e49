package tabular

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"time"
	"unsafe"

	"weir/compiler/types"
)

// quoted shows a text in a reason.
func quoted(p []byte) string { return strconv.Quote(shorten(p)) }

// view gives a string over bytes, for a call that does not keep it.
func view(p []byte) string { return unsafe.String(unsafe.SliceData(p), len(p)) }

// parseLetters reads a string-like value from its text: as it is where copied is false. A reason says why it cannot be
// one.
func parseLetters(k types.Kind, p []byte) (letters []byte, copied bool, reason string) {
	switch k {
	case types.Protein, types.DNA, types.RNA:
		return parseSequence(k, p)
	case types.Cigar:
		return p, false, checkCigar(p)
	case types.Bytes:
		out, err := base64.StdEncoding.AppendDecode(nil, p)
		if err != nil {
			return nil, false, quoted(p) + " is not base64"
		}
		return out, true, ""
	}
	return p, false, ""
}

// letterClass says of a byte, for proteins and for nucleotides, whether it is a letter of a sequence.
var letterClass = func() (t [256]uint8) {
	const protein, nucleic = 1, 2
	for c := 'A'; c <= 'Z'; c++ {
		t[c] |= protein
	}
	t['*'] |= protein
	for _, c := range "ACGTUNRYSWKMBDHV" { // IUPAC's nucleotide codes
		t[c] |= nucleic
	}
	return t
}()

// parseSequence checks the letters of a sequence and folds them to upper case, as the readers of sequence files do.
func parseSequence(k types.Kind, p []byte) (letters []byte, copied bool, reason string) {
	class := uint8(2)
	if k == types.Protein {
		class = 1
	}
	for i, c := range p {
		if letterClass[c]&class != 0 {
			continue
		}
		if c < 'a' || c > 'z' || letterClass[c-'a'+'A']&class == 0 {
			return nil, false, fmt.Sprintf("%q, at %d of the sequence, is no letter of %s", rune(c), i+1, k)
		}
		if !copied {
			p, copied = append([]byte(nil), p...), true
		}
		p[i] = c - 'a' + 'A'
	}
	return p, copied, ""
}

// checkCigar wants lengths and operations: 12=1X3I.
func checkCigar(p []byte) string {
	digits := 0
	for _, c := range p {
		switch {
		case '0' <= c && c <= '9':
			digits++
			continue
		case digits == 0:
			return quoted(p) + " is not a cigar"
		}
		switch c {
		case 'M', 'I', 'D', 'N', 'S', 'H', 'P', '=', 'X':
			digits = 0
		default:
			return quoted(p) + " is not a cigar"
		}
	}
	if digits > 0 {
		return quoted(p) + " is not a cigar"
	}
	return ""
}

// parseTime reads a timestamp (RFC 3339, with its offset from UTC) or a duration as the language writes it (1h30m).
func parseTime(k types.Kind, p []byte) (n int64, reason string) {
	if k == types.Duration {
		if d, ok := parseDuration(p); ok {
			return d, ""
		}
		return 0, quoted(p) + " is not a duration such as 1h30m"
	}
	t, err := time.Parse(time.RFC3339Nano, view(p))
	if err != nil {
		return 0, quoted(p) + " is not a timestamp such as 2026-01-31T12:00:00Z"
	}
	if t.Before(minTime) || t.After(maxTime) {
		return 0, quoted(p) + " is outside the years 1678 to 2262"
	}
	return t.UnixNano(), ""
}

var minTime, maxTime = time.Unix(0, math.MinInt64), time.Unix(0, math.MaxInt64)

// units of durations, largest first.
var units = []struct {
	name string
	n    uint64
}{{"d", 24 * uint64(time.Hour)}, {"h", uint64(time.Hour)}, {"ms", uint64(time.Millisecond)},
	{"m", uint64(time.Minute)}, {"s", uint64(time.Second)}, {"us", uint64(time.Microsecond)}, {"ns", 1}}

// parseDuration reads whole numbers with units, one after the other, after an optional minus.
func parseDuration(p []byte) (int64, bool) {
	negative := len(p) > 0 && p[0] == '-'
	if negative {
		p = p[1:]
	}
	if len(p) == 0 {
		return 0, false
	}
	const limit = 1 << 63
	var total uint64
	for len(p) > 0 {
		i, n := 0, uint64(0)
		for i < len(p) && p[i]-'0' < 10 {
			if n > limit/10 {
				return 0, false
			}
			n = n*10 + uint64(p[i]-'0') // at most limit+9
			i++
		}
		if i == 0 {
			return 0, false
		}
		p = p[i:]
		found := false
		for _, u := range units {
			if len(p) >= len(u.name) && string(p[:len(u.name)]) == u.name {
				if total > limit || n > (limit-total)/u.n {
					return 0, false
				}
				total, p, found = total+n*u.n, p[len(u.name):], true
				break
			}
		}
		if !found {
			return 0, false
		}
	}
	if negative {
		return -int64(total), true
	}
	return int64(total), total < limit
}

// parseFloat reads a number whose form has been checked; a number too large for a float is refused.
func parseFloat(p []byte) (float64, string) {
	x, err := strconv.ParseFloat(view(p), 64)
	if err != nil {
		return 0, shorten(p) + " does not fit into a float"
	}
	return x, ""
}

// floatWord reads what stands for the values that JSON has no numbers for.
func floatWord(p []byte) (float64, bool) {
	switch view(p) {
	case "NaN":
		return math.NaN(), true
	case "Infinity":
		return math.Inf(1), true
	case "-Infinity":
		return math.Inf(-1), true
	}
	return 0, false
}
