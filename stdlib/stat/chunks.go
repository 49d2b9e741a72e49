package stat

import (
	"encoding/binary"
	"math"
	"math/big"
	"math/bits"
)

// chunks is a sum without rounding: a fixed-point number of 32-bit chunks in int64, so that carries are settled only now and then. Chunk k counts units of
// 2^(32k-bias). It is the small superaccumulator of R. M. Neal, "Fast exact summation using small and large superaccumulators", arXiv:1505.05571
// (2015), except that only the chunks in use are held.
type chunks struct {
	c       []int64 // chunks lo, lo+1, …; only the last may be negative once they are settled
	lo      int32
	pending int32 // additions since the carries were settled
}

const (
	// bias is the position of the bit that counts 1. The lowest bit that occurs is that of the square of the smallest float, 2^-2148.
	bias = 2176
	// floatBias is the position of the lowest bit of a float whose exponent field is 0.
	floatBias = bias - 1075
	// maxPending keeps chunks within 63 bits: an addition changes a chunk by less than 2^54.
	maxPending = 500
	// maxChunks is more than any sum needs: the square of the largest float has its highest bit at 2048+bias, and 2^64 of them add two chunks.
	maxChunks = (2048+bias)/32 + 4
)

// addWide adds the number of 128 bits whose lowest bit is at a position.
func (e *chunks) addWide(hi, lo uint64, pos int, negative bool) {
	if hi|lo == 0 {
		return
	}
	top := pos + 63 - bits.LeadingZeros64(lo)
	if hi != 0 {
		top = pos + 127 - bits.LeadingZeros64(hi)
	}
	i, shift := pos>>5, uint(pos&31)
	e.cover(i, top>>5+1)
	k := i - int(e.lo)
	for _, w := range [4]uint64{lo & math.MaxUint32, lo >> 32, hi & math.MaxUint32, hi >> 32} {
		if w != 0 {
			w <<= shift
			low, high := int64(w&math.MaxUint32), int64(w>>32)
			if negative {
				low, high = -low, -high
			}
			e.c[k] += low
			if high != 0 {
				e.c[k+1] += high
			}
		}
		k++
	}
	if e.pending++; e.pending >= maxPending {
		e.settle()
	}
}

// cover makes sure that the chunks i … j are there.
func (e *chunks) cover(i, j int) {
	if len(e.c) == 0 {
		e.lo, e.c = int32(i), make([]int64, j-i+1)
		return
	}
	if below := int(e.lo) - i; below > 0 {
		e.c = append(make([]int64, below, below+len(e.c)), e.c...)
		e.lo = int32(i)
	}
	if above := j - int(e.lo) - len(e.c) + 1; above > 0 {
		e.c = append(e.c, make([]int64, above)...)
	}
}

// settle carries, so that every chunk but the last is within 0 … 2^32-1 and the last within 32 bits with sign.
func (e *chunks) settle() {
	e.pending = 0
	var carry int64
	for k := range e.c {
		v := e.c[k] + carry
		if k == len(e.c)-1 && v >= math.MinInt32 && v <= math.MaxInt32 {
			e.c[k] = v
			return
		}
		e.c[k], carry = v&math.MaxUint32, v>>32
	}
	if len(e.c) > 0 {
		e.c = append(e.c, carry)
	}
}

// merge adds another sum.
func (e *chunks) merge(f *chunks) {
	if len(f.c) == 0 {
		return
	}
	f.settle()
	e.cover(int(f.lo), int(f.lo)+len(f.c)-1)
	for k, v := range f.c {
		e.c[k+int(f.lo-e.lo)] += v
	}
	if e.pending++; e.pending >= maxPending {
		e.settle()
	}
}

// magnitude gives the chunks of the absolute value, each within 0 … 2^32-1, without zeros on top.
func (e *chunks) magnitude() (c []int64, negative bool) {
	e.settle()
	c = append([]int64(nil), e.c...)
	if n := len(c); n > 0 && c[n-1] < 0 {
		negative = true
		f := chunks{c: c}
		for k := range c {
			c[k] = -c[k]
		}
		f.settle()
		c = f.c
	}
	for len(c) > 0 && c[len(c)-1] == 0 {
		c = c[:len(c)-1]
	}
	return c, negative
}

// float gives the sum, rounded once to the nearest float, ties to even; ±inf where it is too large.
func (e *chunks) float() float64 {
	c, negative := e.magnitude()
	if len(c) == 0 {
		return 0
	}
	at := func(k int) uint64 {
		if k < 0 {
			return 0
		}
		return uint64(c[k])
	}
	t := len(c) - 1
	lead := uint(bits.LeadingZeros32(uint32(c[t])))
	// w is the highest 64 bits of the number, rest whether there is anything below.
	w := at(t)<<32 | at(t-1)
	rest := at(t-2)<<lead&math.MaxUint32 != 0
	w = w<<lead | at(t-2)<<lead>>32
	for k := t - 3; k >= 0 && !rest; k-- {
		rest = c[k] != 0
	}
	high := 32*(int(e.lo)+t) + 31 - int(lead) // the position of the highest bit
	lowest := max(high-52, floatBias+1)       // of the bits that a float keeps
	drop := uint(lowest - (high - 63))
	if drop > 64 {
		return math.Copysign(0, sign(negative))
	}
	m, cut := w>>drop, w<<(64-drop) // Go shifts by 64 to zero
	if cut > 1<<63 || cut == 1<<63 && (rest || m&1 == 1) {
		m++
	}
	exp := lowest - floatBias
	if exp >= 0x7ff {
		return math.Inf(int(sign(negative)))
	}
	return math.Copysign(math.Float64frombits(uint64(exp-1)<<52+m), sign(negative))
}

func sign(negative bool) float64 {
	if negative {
		return -1
	}
	return 1
}

// big gives the finite part of the sum as an integer, times 2^exp.
func (e *chunks) big() (x *big.Int, exp int) {
	c, negative := e.magnitude()
	b := make([]byte, 4*len(c))
	for k, v := range c {
		binary.BigEndian.PutUint32(b[4*(len(c)-1-k):], uint32(v))
	}
	x = new(big.Int).SetBytes(b)
	if negative {
		x.Neg(x)
	}
	return x, 32*int(e.lo) - bias
}

// ratio gives x·2^exp / d, rounded once (twice below 2^-1022).
func ratio(x *big.Int, exp int, d *big.Int) float64 {
	if x.Sign() == 0 {
		return 0
	}
	f := new(big.Float).SetInt(x)
	f.SetMantExp(f, exp)
	q := new(big.Float).SetPrec(53).SetMode(big.ToNearestEven)
	y, _ := q.Quo(f, new(big.Float).SetInt(d)).Float64()
	return y
}

func (e *chunks) append(dst []byte) []byte {
	e.settle()
	dst = binary.AppendUvarint(dst, uint64(e.lo))
	dst = binary.AppendUvarint(dst, uint64(len(e.c)))
	for _, v := range e.c {
		dst = binary.AppendVarint(dst, v)
	}
	return dst
}

func (e *chunks) read(r *reader) {
	*e = chunks{}
	lo, n := r.uint(), r.count()
	if lo > maxChunks || n > maxChunks {
		r.bad = true
		return
	}
	e.lo, e.c = int32(lo), make([]int64, n)
	for k := range e.c {
		if e.c[k] = r.int(); e.c[k] < math.MinInt32 || e.c[k] > math.MaxUint32 {
			r.bad = true
		}
	}
}

// trim drops chunks that are zero at both ends.
func (e *chunks) trim() {
	e.settle()
	for len(e.c) > 0 && e.c[len(e.c)-1] == 0 {
		e.c = e.c[:len(e.c)-1]
	}
	for len(e.c) > 0 && e.c[0] == 0 {
		e.c, e.lo = e.c[1:], e.lo+1
	}
	if len(e.c) == 0 {
		e.lo = 0
	}
}
