package tabular

import (
	"encoding/base64"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/batch"
)

// appendPlain writes a value that is not null and has no letters to escape: all but strings, lists and records. A float
// has a point or an exponent, so that it is read back as one; NaN, Infinity and -Infinity are words. A timestamp is RFC
// 3339 in UTC, a duration as in the language, a size the number of its bytes.
func appendPlain(dst []byte, v *batch.Vector, i int) []byte {
	switch v.Type.Kind {
	case types.Bool:
		return strconv.AppendBool(dst, v.Bool(i))
	case types.Float:
		return appendFloat(dst, v.Float(i))
	case types.Timestamp:
		return time.Unix(0, v.Int(i)).UTC().AppendFormat(dst, time.RFC3339Nano)
	case types.Duration:
		return append(dst, expr.FormatDuration(time.Duration(v.Int(i)))...)
	}
	return strconv.AppendInt(dst, v.Int(i), 10)
}

// appendFloat writes the shortest decimal that reads back the same: with an exponent below 1e-6 and from 1e21 on, as
// JSON's encoders do.
func appendFloat(dst []byte, x float64) []byte {
	a := math.Abs(x)
	switch {
	case math.IsNaN(x):
		return append(dst, "NaN"...)
	case math.IsInf(x, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(x, -1):
		return append(dst, "-Infinity"...)
	case a != 0 && (a < 1e-6 || a >= 1e21):
		return strconv.AppendFloat(dst, x, 'e', -1, 64)
	}
	dst = strconv.AppendFloat(dst, x, 'f', -1, 64)
	if x != math.Trunc(x) {
		return dst
	}
	return append(dst, ".0"...)
}

// isText reports whether values of a kind are written as strings with escapes.
func isText(k types.Kind) bool { return k.Storage() == types.StoreBytes }

// text gives the letters of a string-like value that is not null. Bytes become base64.
func text(v *batch.Vector, i int) []byte {
	b := v.Bytes(i)
	if v.Type.Kind == types.Bytes {
		return base64.StdEncoding.AppendEncode(nil, b)
	}
	return b
}

// appendRune copies the character at the beginning of p, or U+FFFD where there is none, and gives its length. Strings
// are valid UTF-8 but for the pieces of bad records that `.rejected` has.
func appendRune(dst, p []byte) ([]byte, int) {
	r, n := utf8.DecodeRune(p)
	return utf8.AppendRune(dst, r), n
}
