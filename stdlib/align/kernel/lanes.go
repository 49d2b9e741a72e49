package kernel

import "encoding/binary"

// element reads lane i of a vector of lanes of the given width.
func element(v []byte, bits, i int) int32 {
	switch bits {
	case 8:
		return int32(int8(v[i]))
	case 16:
		return int32(int16(binary.LittleEndian.Uint16(v[2*i:])))
	}
	return int32(binary.LittleEndian.Uint32(v[4*i:]))
}

// setElement writes lane i; value must fit.
func setElement(v []byte, bits, i int, value int32) {
	switch bits {
	case 8:
		v[i] = byte(value)
	case 16:
		binary.LittleEndian.PutUint16(v[2*i:], uint16(value))
	default:
		binary.LittleEndian.PutUint32(v[4*i:], uint32(value))
	}
}

// repeatElement writes value into every lane of v, which is some vectors long.
func repeatElement(v []byte, bits int, value int32) {
	setElement(v, bits, 0, value)
	for n := bits / 8; n < len(v); n *= 2 {
		copy(v[n:], v[:n])
	}
}
