package parquet

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/stdlib/parquet/internal/encoding"
)

// vals are values in the making, as they lie in a vector; which slices are in use follows from the kind.
type vals struct {
	bools  []bool
	ints   []int64
	floats []float64
	refs   []batch.Ref
	buf    []byte
}

// vector gives the values as a vector.
func (v *vals) vector(t types.Type, n int) *batch.Vector {
	return &batch.Vector{Type: t, N: n, Bools: v.bools, Ints: v.ints, Floats: v.floats, Refs: v.refs, Buf: v.buf}
}

// grow makes s longer by n values. What lies behind the length of values in the making has never been written to, and is zero.
func grow[T any](s []T, n int) []T {
	if len(s)+n <= cap(s) {
		return s[:len(s)+n]
	}
	return append(s, make([]T, n)...)
}

// room prepares to take up n values of a kind.
func (v *vals) room(k types.Kind, n int) {
	switch k.Storage() {
	case types.StoreBool:
		v.bools = make([]bool, 0, n)
	case types.StoreInt:
		v.ints = make([]int64, 0, n)
	case types.StoreFloat:
		v.floats = make([]float64, 0, n)
	}
}

// misfit is a value that its kind cannot hold, at a position of the values.
type misfit struct {
	pos  int
	text string
}

// notUTF8 says that text is not what text is.
type notUTF8 struct{ path string }

func (n notUTF8) Error() string { return "`" + n.path + "` has text that is not UTF-8" }

// plain appends the next n values of the page, which does not refer to a dictionary, to dst. Values that do not fit leave a zero
// and are listed.
func (r *reading) plain(p *page, n int, dst *vals, scratch *scratch) ([]misfit, error) {
	switch r.raw() {
	case rawNone:
		if n > 0 {
			return nil, encoding.ErrFormat
		}
		return nil, nil
	case rawBool:
		from := len(dst.bools)
		dst.bools = grow(dst.bools, n)
		return nil, p.readBools(dst.bools[from:])
	case rawInt:
		if r.kind == types.Float || r.kind == types.String {
			ints := scratch.intsOf(n)
			if err := r.readInts(p, ints); err != nil {
				return nil, err
			}
			return nil, r.fromInts(ints, dst)
		}
		from := len(dst.ints)
		dst.ints = grow(dst.ints, n)
		if err := r.readInts(p, dst.ints[from:]); err != nil {
			return nil, err
		}
		return r.scale(dst.ints, from), nil
	case rawFloat:
		from := len(dst.floats)
		dst.floats = grow(dst.floats, n)
		return nil, r.readFloats(p, dst.floats[from:])
	}
	region, refs, err := p.spans(r.width(), n, scratch.refs[:0])
	if scratch.refs = refs; err != nil {
		return nil, err
	}
	return r.fromBytes(region, refs, dst)
}

// scratch is room that is used again.
type scratch struct {
	ints []int64
	idx  []uint32
	refs []batch.Ref
}

func (s *scratch) intsOf(n int) []int64 {
	if cap(s.ints) < n {
		s.ints = make([]int64, n)
	}
	return s.ints[:n]
}

func (s *scratch) idxOf(n int) []uint32 {
	if cap(s.idx) < n {
		s.idx = make([]uint32, n)
	}
	return s.idx[:n]
}

// raw is how values lie in a page.
type raw uint8

const (
	rawNone raw = iota
	rawBool
	rawInt
	rawFloat
	rawBytes
)

func (r *reading) raw() raw {
	switch {
	case r.form == formNull:
		return rawNone
	case r.form == formBool:
		return rawBool
	case r.physical == int32Type || r.physical == int64Type:
		return rawInt
	case r.form == formFloat:
		return rawFloat
	}
	return rawBytes
}

func (p *page) readBools(dst []bool) error {
	if p.mode == modeRunBits {
		small := make([]uint8, len(dst))
		if err := p.index.ReadBytes(small); err != nil {
			return err
		}
		for i, b := range small {
			dst[i] = b != 0
		}
		return nil
	}
	err := encoding.Bools(p.data, p.bit, dst)
	p.bit += len(dst)
	return err
}

func (r *reading) readInts(p *page, dst []int64) error {
	if p.mode == modeIntegers {
		if len(p.ints) < len(dst) {
			return encoding.ErrShort
		}
		copy(dst, p.ints)
		p.ints = p.ints[len(dst):]
	} else {
		read, size := encoding.Ints64, 8
		if r.physical == int32Type {
			read, size = encoding.Ints32, 4
		}
		if err := read(p.data, dst); err != nil {
			return err
		}
		p.data = p.data[size*len(dst):]
	}
	if r.unsigned && r.narrow {
		for i, x := range dst {
			dst[i] = int64(uint32(x))
		}
	}
	return nil
}

func (r *reading) readFloats(p *page, dst []float64) error {
	read, size := encoding.Floats64, 8
	if r.width() == 4 {
		read, size = encoding.Floats32, 4
	}
	if err := read(p.data, dst); err != nil {
		return err
	}
	p.data = p.data[size*len(dst):]
	return nil
}

// scale brings the integers from a position on into the unit of their kind.
func (r *reading) scale(ints []int64, from int) []misfit {
	var bad []misfit
	if r.limited() {
		for i, x := range ints[from:] {
			if x < r.low || x > r.high {
				bad = append(bad, misfit{from + i, r.tell(x)})
				ints[from+i] = 0
			}
		}
	}
	if r.factor > 1 {
		for i := range ints[from:] {
			ints[from+i] *= r.factor
		}
	}
	return bad
}

// tell writes a number that does not fit.
func (r *reading) tell(x int64) string {
	if r.unsigned {
		return strconv.FormatUint(uint64(x), 10) + ", which is more than an int holds"
	}
	unit := map[int64]string{1e3: "microseconds", 1e6: "milliseconds"}[r.factor]
	if unit == "" {
		unit = "days"
	}
	return strconv.FormatInt(x, 10) + " " + unit + ", which is beyond what " + r.kind.String() + " holds (292 years around 1970)"
}

// fromInts gives integers as floats, or as the digits of decimals.
func (r *reading) fromInts(ints []int64, dst *vals) error {
	for _, x := range ints {
		switch {
		case r.kind == types.String:
			dst.text(decimalText(strconv.FormatInt(x, 10), r.scale10()))
		case r.form == formDecimal:
			dst.floats = append(dst.floats, decimalFloat(x, r.scale10()))
		case r.unsigned:
			dst.floats = append(dst.floats, float64(uint64(x)))
		default:
			dst.floats = append(dst.floats, float64(x))
		}
	}
	return nil
}

// scale10 is the number of digits of a decimal behind the point.
func (r *reading) scale10() int { return r.leaf.scale }

func (v *vals) text(s string) {
	v.refs = append(v.refs, batch.Ref{Off: uint32(len(v.buf)), Len: uint32(len(s))})
	v.buf = append(v.buf, s...)
}

// maxDecimal bounds the bytes of a decimal, which has at most maxDigits digits.
const (
	maxDecimal = 64
	maxDigits  = 153
)

// powers are those that a float holds exactly.
var powers = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
	1e19, 1e20, 1e21, 1e22}

// decimalFloat gives the float nearest to x / 10^scale.
func decimalFloat(x int64, scale int) float64 {
	const exact = 1 << 53
	if -exact <= x && x <= exact && scale < len(powers) {
		return float64(x) / powers[scale] // one rounding
	}
	return textFloat(strconv.FormatInt(x, 10), scale)
}

func textFloat(digits string, scale int) float64 {
	f, err := strconv.ParseFloat(digits+"e-"+strconv.Itoa(scale), 64)
	if err != nil && math.IsInf(f, 0) {
		return f
	}
	return f
}

// decimalText puts the point of a decimal into its digits.
func decimalText(digits string, scale int) string {
	if scale == 0 {
		return digits
	}
	sign := ""
	if digits[0] == '-' {
		sign, digits = "-", digits[1:]
	}
	if n := scale + 1 - len(digits); n > 0 {
		digits = strings.Repeat("0", n) + digits
	}
	return sign + digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
}

// fromBytes gives byte arrays as values of the kind.
func (r *reading) fromBytes(region []byte, refs []batch.Ref, dst *vals) ([]misfit, error) {
	if r.form == formText || r.form == formBytes || r.form == formUUID && r.kind == types.Bytes {
		return nil, r.copyText(region, refs, dst)
	}
	var bad []misfit
	for _, ref := range refs {
		b := region[ref.Off : ref.Off+ref.Len]
		switch r.form {
		case formUUID:
			var text [36]byte
			hex.Encode(text[:8], b[:4])
			for i, p := range [...]int{4, 6, 8} {
				at := 9 + 5*i
				hex.Encode(text[at:at+4], b[p:p+2])
			}
			hex.Encode(text[24:], b[10:])
			text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
			dst.text(string(text[:]))
		case formHalf:
			dst.floats = append(dst.floats, half(binary.LittleEndian.Uint16(b)))
		case formInt96:
			t, ok := julian(b)
			if !ok {
				bad = append(bad, misfit{len(dst.ints), "a timestamp beyond what timestamp holds (292 years around 1970)"})
			}
			dst.ints = append(dst.ints, t)
		case formDecimal:
			if len(b) > maxDecimal {
				return nil, encoding.ErrFormat
			}
			if m := r.decimal(b, dst); m != "" {
				bad = append(bad, misfit{len(dst.ints) - 1, m})
			}
		}
	}
	return bad, nil
}

// copyText copies byte arrays, and sees that text is UTF-8. Letters of sequences are folded to upper case.
func (r *reading) copyText(region []byte, refs []batch.Ref, dst *vals) error {
	if r.kind != types.Bytes && !isASCII(region) { // the lengths between them mostly are
		for _, ref := range refs {
			if !utf8.Valid(region[ref.Off : ref.Off+ref.Len]) {
				return notUTF8{r.path}
			}
		}
	}
	base := len(dst.buf)
	if base+len(region) > maxText {
		return tooLarge("a row has more than 1 GiB of text")
	}
	dst.buf = append(dst.buf, region...)
	if r.kind.IsSequence() {
		upper(dst.buf[base:], refs)
	}
	for _, ref := range refs {
		dst.refs = append(dst.refs, batch.Ref{Off: ref.Off + uint32(base), Len: ref.Len})
	}
	return nil
}

func isASCII(b []byte) bool {
	for len(b) >= 8 {
		if binary.LittleEndian.Uint64(b)&0x8080808080808080 != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// upper folds ASCII letters.
func upper(buf []byte, refs []batch.Ref) {
	for _, ref := range refs {
		for i, c := range buf[ref.Off : ref.Off+ref.Len] {
			if 'a' <= c && c <= 'z' {
				buf[int(ref.Off)+i] = c - 'a' + 'A'
			}
		}
	}
}

// half gives the value of a float of 16 bits.
func half(h uint16) float64 {
	sign, exp, frac := h>>15, int(h>>10&31), float64(h&1023)
	x := 0.0
	switch exp {
	case 0:
		x = math.Ldexp(frac, -24)
	case 31:
		if x = math.Inf(1); frac != 0 {
			x = math.NaN()
		}
	default:
		x = math.Ldexp(1024+frac, exp-25)
	}
	if sign != 0 {
		x = -x
	}
	return x
}

// julian gives the nanoseconds since 1970 of a nanosecond of the day and a Julian day.
func julian(b []byte) (t int64, ok bool) {
	const epoch, day = 2_440_588, 24 * 3600 * 1_000_000_000
	of := int64(binary.LittleEndian.Uint64(b))
	days := int64(int32(binary.LittleEndian.Uint32(b[8:]))) - epoch
	hi := days * day / day
	if hi != days || of < -day || of > 2*day {
		return 0, false
	}
	t = days*day + of
	if of >= 0 && t < days*day || of < 0 && t > days*day {
		return 0, false
	}
	return t, true
}

// decimal appends a decimal that is written as a number of two's complement, highest byte first. What does not fit leaves a zero.
func (r *reading) decimal(b []byte, dst *vals) (misfits string) {
	if len(b) <= 8 {
		x := int64(0)
		if len(b) > 0 && b[0] >= 0x80 {
			x = -1
		}
		for _, c := range b {
			x = x<<8 | int64(c)
		}
		switch r.kind {
		case types.Int:
			dst.ints = append(dst.ints, x)
		case types.Float:
			dst.floats = append(dst.floats, decimalFloat(x, r.scale10()))
		default:
			dst.text(decimalText(strconv.FormatInt(x, 10), r.scale10()))
		}
		return ""
	}
	x := new(big.Int).SetBytes(b)
	if b[0] >= 0x80 {
		x.Sub(x, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	switch r.kind {
	case types.Int:
		if !x.IsInt64() {
			dst.ints = append(dst.ints, 0)
			return fmt.Sprintf("%s, which is more than an int holds", shorten(x.String()))
		}
		dst.ints = append(dst.ints, x.Int64())
	case types.Float:
		dst.floats = append(dst.floats, textFloat(x.String(), r.scale10()))
	default:
		dst.text(decimalText(x.String(), r.scale10()))
	}
	return ""
}
