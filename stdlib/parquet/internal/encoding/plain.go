package encoding

import (
	"encoding/binary"
	"errors"
	"math"
)

// ErrSize says that a page unpacks into more bytes than the caller takes.
var ErrSize = errors.New("the page holds more than one page may")

// Ints32 reads n integers of 32 bits into dst.
func Ints32(data []byte, dst []int64) error {
	if len(data) < 4*len(dst) {
		return ErrShort
	}
	for i := range dst {
		dst[i] = int64(int32(binary.LittleEndian.Uint32(data[4*i:])))
	}
	return nil
}

// Ints64 reads integers of 64 bits into dst.
func Ints64(data []byte, dst []int64) error {
	if len(data) < 8*len(dst) {
		return ErrShort
	}
	for i := range dst {
		dst[i] = int64(binary.LittleEndian.Uint64(data[8*i:]))
	}
	return nil
}

// Floats32 reads floats of 32 bits into dst.
func Floats32(data []byte, dst []float64) error {
	if len(data) < 4*len(dst) {
		return ErrShort
	}
	for i := range dst {
		dst[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:])))
	}
	return nil
}

// Floats64 reads floats of 64 bits into dst.
func Floats64(data []byte, dst []float64) error {
	if len(data) < 8*len(dst) {
		return ErrShort
	}
	for i := range dst {
		dst[i] = math.Float64frombits(binary.LittleEndian.Uint64(data[8*i:]))
	}
	return nil
}

// Bools reads bits into dst, the first of which is bit `from` of data.
func Bools(data []byte, from int, dst []bool) error {
	if 8*len(data) < from+len(dst) {
		return ErrShort
	}
	for i := range dst {
		bit := from + i
		dst[i] = data[bit>>3]>>(bit&7)&1 != 0
	}
	return nil
}

// Split puts the bytes of values of so many bytes each, which stand as one stream for all first bytes, one for all second ones and
// so on (BYTE_STREAM_SPLIT), together.
func Split(data []byte, size int) ([]byte, error) {
	if size <= 0 || len(data)%size != 0 {
		return nil, ErrFormat
	}
	n := len(data) / size
	out := make([]byte, len(data))
	for k := range size {
		for i, c := range data[k*n : (k+1)*n] {
			out[i*size+k] = c
		}
	}
	return out, nil
}
