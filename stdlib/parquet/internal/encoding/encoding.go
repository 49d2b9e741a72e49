// Package encoding decodes what the pages of a Parquet file hold: runs and bit-packed numbers, deltas, split byte streams and byte
// arrays, as https://parquet.apache.org/docs/file-format/data-pages/encodings/ specifies them. The bytes may come from anybody: every read
// is bounded, and no more values are made than the caller has asked for.
package encoding

import (
	"encoding/binary"
	"errors"
)

// Errors of data that is not what its encoding demands.
var (
	ErrShort  = errors.New("the page ends within its values")
	ErrFormat = errors.New("the page is not encoded as its header says")
)

// number gives the width bits, at most 64, that begin at a bit position, lowest bit first. The position and the width must lie within data.
func number(data []byte, bit int, width uint) uint64 {
	if width == 0 {
		return 0
	}
	p, shift := bit>>3, uint(bit&7)
	var x uint64
	if p+8 <= len(data) {
		x = binary.LittleEndian.Uint64(data[p:])
	} else {
		for i := len(data) - 1; i >= p; i-- {
			x = x<<8 | uint64(data[i])
		}
	}
	x >>= shift
	if shift+width > 64 {
		x |= uint64(data[p+8]) << (64 - shift)
	}
	if width == 64 {
		return x
	}
	return x & (1<<width - 1)
}

// uvarint reads a base-128 number.
func uvarint(data []byte) (x uint64, rest []byte, err error) {
	x, n := binary.Uvarint(data)
	if n <= 0 {
		return 0, nil, ErrFormat
	}
	return x, data[n:], nil
}
