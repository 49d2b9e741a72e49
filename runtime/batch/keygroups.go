package batch

import (
	"math"

	"weir/compiler/types"
)

// The constants of FNV-1a of 64 bits.
const (
	fnvBasis = 14695981039346656037
	fnvPrime = 1099511628211
)

// mixed is the finaliser of MurmurHash3.
func mixed(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// fnv goes on hashing.
func fnv(h uint64, bytes []byte) uint64 {
	for _, c := range bytes {
		h = (h ^ uint64(c)) * fnvPrime
	}
	return h
}

// fnvPresent is the hash so far of a value that is there.
func fnvPresent(h uint64) uint64 { return (h ^ 1) * fnvPrime }

// fnv64 hashes the eight bytes of a number in the form of AppendKey.
func fnv64(h, u uint64) uint64 {
	h = (h ^ u>>56) * fnvPrime
	h = (h ^ u>>48&255) * fnvPrime
	h = (h ^ u>>40&255) * fnvPrime
	h = (h ^ u>>32&255) * fnvPrime
	h = (h ^ u>>24&255) * fnvPrime
	h = (h ^ u>>16&255) * fnvPrime
	h = (h ^ u>>8&255) * fnvPrime
	return (h ^ u&255) * fnvPrime
}

// fnvText hashes text in the form of AppendKey, where a zero byte is followed by 255.
func fnvText(h uint64, text []byte) uint64 {
	for _, c := range text {
		if h = (h ^ uint64(c)) * fnvPrime; c == 0 {
			h = (h ^ 255) * fnvPrime
		}
	}
	return h * fnvPrime * fnvPrime // two zero bytes
}

// KeyHashes gives the hash of the key that is made of the values of cols in every row, or in the rows of sel alone, at their positions: of the
// forms of AppendKey, one behind the other. Its high bits are the key group (see KeyGroup). Nothing is encoded but lists and records, and the
// entries of a dictionary that is not larger than the batch are hashed once where it is the first column. The result is dst, enlarged to n, where that
// has room; what it has at other positions is not to be looked at.
func KeyHashes(dst []uint64, cols []*Vector, sel []uint32, n int) []uint64 {
	if cap(dst) < n {
		dst = make([]uint64, n)
	}
	dst = dst[:n]
	rows := n
	if sel != nil {
		rows = len(sel)
	}
	if len(cols) > 0 && cols[0].Dict != nil && cols[0].Dict.N <= rows {
		v := cols[0]
		entries := make([]uint64, v.Dict.N)
		start(entries, nil)
		hashOn(entries, v.Dict, nil)
		if sel == nil {
			for i, e := range v.Idx[:n] {
				dst[i] = entries[e]
			}
		} else {
			for _, i := range sel {
				dst[i] = entries[v.Idx[i]]
			}
		}
		cols = cols[1:]
	} else {
		start(dst, sel)
	}
	for _, v := range cols {
		hashOn(dst, v, sel)
	}
	if sel == nil {
		for i, h := range dst {
			dst[i] = mixed(h)
		}
	} else {
		for _, i := range sel {
			dst[i] = mixed(dst[i])
		}
	}
	return dst
}

// start begins hashes.
func start(hs []uint64, sel []uint32) {
	if sel != nil {
		for _, i := range sel {
			hs[i] = fnvBasis
		}
		return
	}
	for i := range hs {
		hs[i] = fnvBasis
	}
}

// hashOn lets hashes go on with the values of a column.
func hashOn(hs []uint64, v *Vector, sel []uint32) {
	store := v.Type.Kind.Storage()
	if v.Dict == nil && v.Valid == nil && sel == nil {
		switch store {
		case types.StoreInt:
			for i, x := range v.Ints[:len(hs)] {
				hs[i] = fnv64(fnvPresent(hs[i]), uint64(x)^1<<63)
			}
			return
		case types.StoreBytes:
			for i, r := range v.Refs[:len(hs)] {
				hs[i] = fnvText(fnvPresent(hs[i]), v.Buf[r.Off:r.Off+r.Len])
			}
			return
		}
	}
	var buf []byte
	one := func(row int) {
		d, i := v, row
		for d.Dict != nil {
			d, i = d.Dict, int(d.Idx[i])
		}
		h := hs[row]
		switch {
		case !d.Valid.Get(i):
			h = (h ^ 2) * fnvPrime
		case store == types.StoreInt:
			h = fnv64(fnvPresent(h), uint64(d.Ints[i])^1<<63)
		case store == types.StoreFloat:
			h = fnv64(fnvPresent(h), floatKey(d.Floats[i]))
		case store == types.StoreBytes:
			h = fnvText(fnvPresent(h), d.Bytes(i))
		default:
			buf = AppendKey(buf[:0], d, i)
			h = fnv(h, buf)
		}
		hs[row] = h
	}
	if sel == nil {
		for i := range hs {
			one(i)
		}
		return
	}
	for _, i := range sel {
		one(int(i))
	}
}

// floatKey gives the number whose bytes, from the highest on, AppendKey writes for a float.
func floatKey(x float64) uint64 {
	switch {
	case x != x:
		return math.MaxUint64
	case x == 0:
		x = 0 // drops the sign
	}
	u := math.Float64bits(x)
	if u>>63 != 0 {
		return ^u
	}
	return u | 1<<63
}

// GroupOf gives the key group, of n, of a hash by KeyHashes.
func GroupOf(hash uint64, n int) int { return int(hash >> 32 * uint64(n) >> 32) }

// KeyGroups gives the key group, of groups, of every row of a batch of n rows, or of the rows of sel alone, at their positions: what KeyGroup gives
// for the joined forms of the values of cols.
func KeyGroups(cols []*Vector, sel []uint32, n, groups int) []uint32 {
	hashes := KeyHashes(nil, cols, sel, n)
	out := make([]uint32, n)
	if sel == nil {
		for i, h := range hashes {
			out[i] = uint32(GroupOf(h, groups))
		}
		return out
	}
	for _, i := range sel {
		out[i] = uint32(GroupOf(hashes[i], groups))
	}
	return out
}
