package encoding

import (
	"encoding/binary"
	"math/bits"
)

// Hybrid reads numbers of a fixed width that are written as runs of one number and as bit-packed groups of eight, in turn (RLE).
type Hybrid struct {
	data  []byte // what has not been begun
	width uint

	run    int    // of the present run, how many are left
	value  uint32 // of a run
	packed []byte // the present bit-packed groups
	bit    int    // where to go on in them
	groups int    // numbers left in them
}

// MaxWidth is the greatest width of a number, in bits.
const MaxWidth = 32

// NewHybrid begins to read numbers of width bits.
func NewHybrid(data []byte, width int) (Hybrid, error) {
	if width < 0 || width > MaxWidth {
		return Hybrid{}, ErrFormat
	}
	return Hybrid{data: data, width: uint(width)}, nil
}

// begin reads the header of a run or of bit-packed groups; both are empty.
func (h *Hybrid) begin() error {
	header, rest, err := uvarint(h.data)
	if err != nil {
		return ErrShort
	}
	n := header >> 1
	if n == 0 || n > 1<<31 {
		return ErrFormat
	}
	if header&1 == 0 {
		size := int(h.width+7) / 8
		if size > len(rest) {
			return ErrShort
		}
		h.value = uint32(number(rest, 0, uint(8*size)))
		if bits.Len32(h.value) > int(h.width) {
			return ErrFormat
		}
		h.run, h.data = int(n), rest[size:]
		return nil
	}
	count, size := 8*int(n), int(n)*int(h.width)
	if size > len(rest) { // some writers leave away what is not needed of the last groups
		size = len(rest)
		count = 8 * size / int(h.width)
	}
	if count == 0 {
		return ErrShort
	}
	h.packed, h.bit, h.groups, h.data = rest[:size], 0, count, rest[size:]
	return nil
}

// Read fills dst.
func (h *Hybrid) Read(dst []uint32) error {
	for len(dst) > 0 {
		switch {
		case h.run > 0:
			n := min(h.run, len(dst))
			for i := range dst[:n] {
				dst[i] = h.value
			}
			h.run -= n
			dst = dst[n:]
		case h.groups > 0:
			n := min(h.groups, len(dst))
			h.unpack(dst[:n])
			h.groups -= n
			dst = dst[n:]
		default:
			if err := h.begin(); err != nil {
				return err
			}
		}
	}
	return nil
}

// unpack gives bit-packed numbers.
func (h *Hybrid) unpack(dst []uint32) {
	data, bit, width := h.packed, uint(h.bit), h.width
	h.bit += len(dst) * int(width)
	i := 0
	if width > 0 { // as many as eight bytes surely have, at a time
		mask, each := uint64(1)<<width-1, int(57/width)
		for i+each <= len(dst) && bit>>3+8 <= uint(len(data)) {
			x := binary.LittleEndian.Uint64(data[bit>>3:]) >> (bit & 7)
			part := dst[i : i+each]
			for k := range part {
				part[k] = uint32(x & mask)
				x >>= width & 63
			}
			i, bit = i+each, bit+uint(each)*width
		}
	}
	for ; i < len(dst); i++ {
		dst[i] = uint32(number(data, int(bit), width))
		bit += width
	}
}

// ReadBytes fills dst with numbers of at most eight bits.
func (h *Hybrid) ReadBytes(dst []uint8) error {
	if h.width > 8 {
		return ErrFormat
	}
	for len(dst) > 0 {
		switch {
		case h.run > 0:
			n := min(h.run, len(dst))
			for i := range dst[:n] {
				dst[i] = uint8(h.value)
			}
			h.run -= n
			dst = dst[n:]
		case h.groups > 0:
			n := min(h.groups, len(dst))
			for i := range dst[:n] {
				dst[i] = uint8(number(h.packed, h.bit, h.width))
				h.bit += int(h.width)
			}
			h.groups -= n
			dst = dst[n:]
		default:
			if err := h.begin(); err != nil {
				return err
			}
		}
	}
	return nil
}

// ReadBits sets the bits of a bitmap, whose bits from `from` on are clear, for n numbers of one bit; set is how many are 1.
func (h *Hybrid) ReadBits(bitmap []uint64, from, n int) (set int, err error) {
	if h.width > 1 {
		return 0, ErrFormat
	}
	for n > 0 {
		switch {
		case h.run > 0:
			k := min(h.run, n)
			if h.value != 0 {
				fill(bitmap, from, k)
				set += k
			}
			h.run -= k
			from, n = from+k, n-k
		case h.groups > 0:
			k := min(h.groups, n, 64-from&63)
			if h.width > 0 {
				x := number(h.packed, h.bit, uint(k))
				bitmap[from>>6] |= x << (from & 63)
				set += bits.OnesCount64(x)
				h.bit += k
			}
			h.groups -= k
			from, n = from+k, n-k
		default:
			if err := h.begin(); err != nil {
				return set, err
			}
		}
	}
	return set, nil
}

// fill sets n bits.
func fill(bitmap []uint64, from, n int) {
	for n > 0 {
		k := min(n, 64-from&63)
		m := ^uint64(0)
		if k < 64 {
			m = 1<<k - 1
		}
		bitmap[from>>6] |= m << (from & 63)
		from, n = from+k, n-k
	}
}
