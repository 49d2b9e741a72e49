package batch

import (
	"encoding/binary"
	"math"

	"weir/compiler/types"
)

// AppendKey appends a form of value i whose bytes compare as the language sorts: numbers by size, strings by their bytes, lists and records
// element by element, NaN behind every number and null behind everything. Equal values, and only they, have equal forms: 0.0 and -0.0 are
// equal, and every NaN is. No form is the beginning of another one, so forms of several values may be joined into a key of all of them.
func AppendKey(dst []byte, v *Vector, i int) []byte {
	if v.Dict != nil {
		return AppendKey(dst, v.Dict, int(v.Idx[i]))
	}
	if !v.Valid.Get(i) {
		return append(dst, 2)
	}
	dst = append(dst, 1)
	switch v.Type.Kind.Storage() {
	case types.StoreBool:
		if v.Bools[i] {
			return append(dst, 1)
		}
		return append(dst, 0)
	case types.StoreInt:
		return binary.BigEndian.AppendUint64(dst, uint64(v.Ints[i])^1<<63)
	case types.StoreFloat:
		x := v.Floats[i]
		switch {
		case x != x:
			return binary.BigEndian.AppendUint64(dst, math.MaxUint64)
		case x == 0:
			x = 0 // drops the sign
		}
		u := math.Float64bits(x)
		if u>>63 != 0 {
			u = ^u
		} else {
			u |= 1 << 63
		}
		return binary.BigEndian.AppendUint64(dst, u)
	case types.StoreBytes:
		for _, c := range v.Bytes(i) {
			if c == 0 {
				dst = append(dst, 0, 255)
			} else {
				dst = append(dst, c)
			}
		}
		return append(dst, 0, 0)
	case types.StoreList:
		for k := v.Offs[i]; k < v.Offs[i+1]; k++ {
			dst = AppendKey(dst, v.Fields[0], int(k))
		}
		return append(dst, 0)
	case types.StoreRecord:
		for _, f := range v.Fields {
			dst = AppendKey(dst, f, i)
		}
	}
	return dst
}

// KeyGroup gives the group, of n, of a key encoded by AppendKey: the high bits of its FNV-1a hash of 64 bits, mixed by the finaliser of
// MurmurHash3. It is part of what a snapshot means and must never change.
func KeyGroup(key []byte, n int) int {
	h := uint64(14695981039346656037)
	for _, c := range key {
		h = (h ^ uint64(c)) * 1099511628211
	}
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	h ^= h >> 33
	return int(h >> 32 * uint64(n) >> 32)
}
