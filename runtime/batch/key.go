package batch

import (
	"encoding/binary"

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
		return binary.BigEndian.AppendUint64(dst, floatKey(v.Floats[i]))
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
func KeyGroup(key []byte, n int) int { return GroupOf(KeyHash(key), n) }

// KeyHash is the hash that KeyGroup goes by.
func KeyHash(key []byte) uint64 { return mixed(fnv(fnvBasis, key)) }
