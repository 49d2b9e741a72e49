package stat

import (
	"math"
	"math/bits"
)

// exact is a sum without rounding of ints, floats and squares of them. While the values are of like size it is a window of four chunks, which
// lies with those of other groups in one array; else it is chunks of its own.
type exact struct {
	window  [windowSize]int64 // chunks lo, lo+1, …, but the first three are within 0 … 2^32-1 only when they are settled
	wide    *chunks           // instead of the window
	lo      int32
	pending int16 // additions to the window since the carries were settled
	used    bool  // lo is set
	special uint8
}

const (
	windowSize = 4
	// maxTop bounds the last chunk of a window, which takes the carries of the others and cannot be settled itself.
	maxTop = 1 << 52
	// exactBytes is the size of an exact.
	exactBytes = 8*windowSize + 16
)

// What a sum has met besides finite numbers.
const (
	hasNaN uint8 = 1 << iota
	hasInf
	hasMinusInf
)

// addFloat adds x.
func (e *exact) addFloat(x float64) {
	u := math.Float64bits(x)
	exp, m := int(u>>52&0x7ff), u&(1<<52-1)
	switch exp {
	case 0x7ff:
		e.addSpecial(x)
		return
	case 0:
		if m == 0 {
			return
		}
		exp = 1
	default:
		m |= 1 << 52
	}
	pos := exp + floatBias
	shift := uint(pos & 31)
	low, high := int64(m<<shift&math.MaxUint32), int64(m>>(32-shift))
	if u>>63 != 0 {
		low, high = -low, -high
	}
	if k := uint(pos>>5 - int(e.lo)); k < windowSize-1 && e.used && e.wide == nil { // as put, which costs a call
		e.window[k] += low
		e.window[k+1] += high
		if e.pending++; e.pending >= maxPending {
			e.settle()
		}
		return
	}
	if !e.put(pos>>5, low, high) {
		e.widen().addWide(0, m, pos, u>>63 != 0)
	}
}

// put adds to the chunks i and i+1 of the window; false where they are not in it.
func (e *exact) put(i int, low, high int64) bool {
	if !e.used {
		e.lo, e.used = int32(i-1), true
	}
	k := uint(i - int(e.lo))
	if k >= windowSize-1 || e.wide != nil {
		return false
	}
	e.window[k] += low
	e.window[k+1] += high
	if e.pending++; e.pending >= maxPending {
		e.settle()
	}
	return true
}

// settle carries within the window.
func (e *exact) settle() {
	e.pending = 0
	var carry int64
	for k := range windowSize - 1 {
		v := e.window[k] + carry
		e.window[k], carry = v&math.MaxUint32, v>>32
	}
	top := &e.window[windowSize-1]
	if *top += carry; *top < -maxTop || *top > maxTop {
		e.widen()
	}
}

// widen takes chunks instead of the window.
func (e *exact) widen() *chunks {
	if e.wide == nil {
		e.wide = e.spread()
		e.window, e.pending = [windowSize]int64{}, 0
	}
	return e.wide
}

// spread gives the finite part of the sum as chunks: its own, or a copy of the window.
func (e *exact) spread() *chunks {
	if e.wide != nil {
		return e.wide
	}
	c := &chunks{}
	if e.used {
		c.lo, c.c = e.lo, append([]int64(nil), e.window[:]...)
		c.trim()
	}
	return c
}

func (e *exact) addSpecial(x float64) {
	switch {
	case math.IsInf(x, 1):
		e.special |= hasInf
	case math.IsInf(x, -1):
		e.special |= hasMinusInf
	default:
		e.special |= hasNaN
	}
}

// addInt adds x.
func (e *exact) addInt(x int64) {
	m := uint64(x)
	if x < 0 {
		m = -m
	}
	e.addProduct(0, m, bias, x < 0)
}

// addSquareFloat adds x².
func (e *exact) addSquareFloat(x float64) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		e.addSpecial(x * x)
		return
	}
	u := math.Float64bits(x)
	exp, m := int(u>>52&0x7ff), u&(1<<52-1)
	if exp == 0 {
		exp = 1
	} else {
		m |= 1 << 52
	}
	if m == 0 {
		return
	}
	zeros := bits.TrailingZeros64(m)
	m >>= zeros
	hi, lo := bits.Mul64(m, m)
	e.addProduct(hi, lo, 2*(exp-1075+zeros)+bias, false)
}

// addSquareInt adds x².
func (e *exact) addSquareInt(x int64) {
	m := uint64(x)
	if x < 0 {
		m = -m
	}
	hi, lo := bits.Mul64(m, m)
	e.addProduct(hi, lo, bias, false)
}

// addProduct adds the number of 128 bits whose lowest bit is at a position.
func (e *exact) addProduct(hi, lo uint64, pos int, negative bool) {
	if hi|lo == 0 {
		return
	}
	if shift := uint(pos & 31); hi == 0 && lo>>(64-shift) == 0 { // two chunks hold it; Go shifts by 64 to zero
		low, high := int64(lo<<shift&math.MaxUint32), int64(lo<<shift>>32)
		if negative {
			low, high = -low, -high
		}
		if e.put(pos>>5, low, high) {
			return
		}
	}
	e.widen().addWide(hi, lo, pos, negative)
	e.used = true
}

// merge adds another sum.
func (e *exact) merge(f *exact) {
	e.special |= f.special
	if !f.used {
		return
	}
	if e.wide == nil && f.wide == nil && (!e.used || e.lo == f.lo) {
		f.settle()
		if f.wide == nil {
			for k, v := range f.window {
				e.window[k] += v
			}
			e.lo, e.used = f.lo, true
			e.settle()
			return
		}
	}
	e.widen().merge(f.spread())
	e.used = true
}

// specialFloat gives what NaN and infinities make of a sum.
func (e *exact) specialFloat() (float64, bool) {
	switch {
	case e.special == 0:
		return 0, false
	case e.special == hasInf:
		return math.Inf(1), true
	case e.special == hasMinusInf:
		return math.Inf(-1), true
	}
	return math.NaN(), true
}

// float gives the sum, rounded once to the nearest float, ties to even; ±inf where it is too large.
func (e *exact) float() float64 {
	if x, is := e.specialFloat(); is {
		return x
	}
	return e.spread().float()
}

// extra is what is held besides the exact itself, in bytes.
func (e *exact) extra() int {
	if e.wide == nil {
		return 0
	}
	return 40 + 8*cap(e.wide.c)
}

func (e *exact) append(dst []byte) []byte {
	return e.spread().append(append(dst, e.special))
}

func (e *exact) read(r *reader) {
	*e = exact{}
	if len(r.b) == 0 {
		r.bad = true
		return
	}
	e.special, r.b = r.b[0], r.b[1:]
	var c chunks
	c.read(r)
	if r.bad || len(c.c) == 0 {
		return
	}
	e.used = true
	if len(c.c) > windowSize {
		e.wide = &c
		return
	}
	e.lo = c.lo
	copy(e.window[:], c.c)
}
