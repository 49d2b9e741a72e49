package encoding

import (
	"encoding/binary"
	"math"
)

// Delta reads integers that are written as differences (DELTA_BINARY_PACKED), at most `most` of them; rest is what stands behind them.
// Those of a column of 32 bits must be cut down to 32.
func Delta(data []byte, most int) (values []int64, rest []byte, err error) {
	var head [3]uint64 // numbers in a block, parts of a block, numbers in all
	for i := range head {
		if head[i], data, err = uvarint(data); err != nil {
			return nil, nil, err
		}
	}
	block, parts, total := head[0], head[1], head[2]
	first, n := binary.Varint(data)
	if n <= 0 {
		return nil, nil, ErrFormat
	}
	data = data[n:]
	if total > uint64(most) || block > math.MaxInt32 || parts == 0 || block%parts != 0 || (block/parts)%32 != 0 || block == 0 {
		return nil, nil, ErrFormat
	}
	if total == 0 {
		return nil, data, nil
	}
	values = make([]int64, 1, total)
	values[0] = first
	part := int(block / parts)
	for uint64(len(values)) < total {
		least, n := binary.Varint(data)
		if n <= 0 || len(data)-n < int(parts) {
			return nil, nil, ErrShort
		}
		widths := data[n : n+int(parts)]
		data = data[n+int(parts):]
		for _, width := range widths {
			if uint64(len(values)) == total {
				break // what is not needed has a width and no numbers
			}
			size := int(width) * part / 8
			if width > 64 || size > len(data) {
				return nil, nil, ErrShort
			}
			last := values[len(values)-1]
			for i := range min(part, int(total)-len(values)) {
				last += least + int64(number(data[:size], i*int(width), uint(width)))
				values = append(values, last)
			}
			data = data[size:]
		}
	}
	return values, data, nil
}

// DeltaLength reads the lengths of byte arrays that stand one behind the other (DELTA_LENGTH_BYTE_ARRAY), at most `most`; rest has their
// bytes, and is checked to have as many as the lengths say.
func DeltaLength(data []byte, most int) (lengths []int64, rest []byte, err error) {
	lengths, rest, err = Delta(data, most)
	if err != nil {
		return nil, nil, err
	}
	left := int64(len(rest))
	for _, n := range lengths {
		if n < 0 || n > left {
			return nil, nil, ErrShort
		}
		left -= n
	}
	return lengths, rest, nil
}

// DeltaBytes reads byte arrays each of which begins as the one before (DELTA_BYTE_ARRAY), at most `most` and of at most `size` bytes
// together, and gives them one behind the other, with their lengths. ErrSize says that they have more bytes.
func DeltaBytes(data []byte, most, size int) (lengths []int64, all []byte, err error) {
	prefixes, rest, err := Delta(data, most)
	if err != nil {
		return nil, nil, err
	}
	lengths, rest, err = DeltaLength(rest, most)
	if err != nil {
		return nil, nil, err
	}
	if len(prefixes) != len(lengths) {
		return nil, nil, ErrFormat
	}
	total, last := int64(0), int64(0)
	for i, p := range prefixes {
		if p < 0 || p > last {
			return nil, nil, ErrFormat
		}
		last = p + lengths[i]
		if total += last; total > int64(size) {
			return nil, nil, ErrSize
		}
	}
	all = make([]byte, 0, total)
	from := 0 // of the value before
	for i, p := range prefixes {
		begin := len(all)
		all = append(all, all[from:from+int(p)]...)
		all = append(all, rest[:lengths[i]]...)
		rest = rest[lengths[i]:]
		lengths[i] += p
		from = begin
	}
	return lengths, all, nil
}
