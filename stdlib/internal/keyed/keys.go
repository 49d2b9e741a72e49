package keyed

import (
	"bytes"
	"encoding/binary"
	"math"

	"weir/compiler/types"
	"weir/runtime/batch"
)

// Keys are the keys of a batch's rows in the form of batch.AppendKey, with their hashes. The values of a dictionary are encoded once, as long as
// batches with the same one follow each other.
type Keys struct {
	idx  []uint32 // by row, the number of its key; nil where that is the row
	at   []int    // key i is buf[at[i]:to[i]]; -1 where it is not encoded yet
	to   []int
	hash []uint64
	buf  []byte

	dict   *batch.Vector // the keys are its values; nil where they are not those of a dictionary
	seen   *batch.Vector // the dictionary of the last batch, too large to be encoded for one batch
	single bool          // there is one key, the empty one
	zeros  []uint32      // its numbers
	// memo has, by key, the group that was found for it last, behind the number of its part; empty where keys are those of rows.
	memo []uint64
}

// Set encodes the keys of the rows that count.
func (k *Keys) Set(vs []*batch.Vector, b *batch.Batch) {
	if len(vs) == 0 {
		k.setSingle(b.N)
		return
	}
	if len(vs) == 1 && vs[0].Dict != nil {
		if d := vs[0].Dict; d == k.dict || d == k.seen || d.N <= b.Len() {
			k.setDict(vs[0], b)
			return
		}
	}
	k.idx, k.buf, k.memo, k.dict, k.seen, k.single = nil, k.buf[:0], k.memo[:0], nil, nil, false
	if len(vs) == 1 {
		k.seen = vs[0].Dict
	}
	n := b.N
	k.at, k.to, k.hash = grown(k.at, n), grown(k.to, n), grown(k.hash, n)
	if b.Sel != nil {
		for _, row := range b.Sel {
			k.encode(vs, int(row))
		}
		return
	}
	if len(vs) == 1 && vs[0].Dict == nil {
		switch vs[0].Type.Kind.Storage() {
		case types.StoreBytes:
			k.texts(vs[0])
			return
		case types.StoreInt:
			if vs[0].Valid == nil {
				k.ints(vs[0].Ints)
				return
			}
		}
	}
	for i := range n {
		k.encode(vs, i)
	}
}

// setSingle is Set for n rows that have no key.
func (k *Keys) setSingle(n int) {
	for len(k.zeros) < n {
		k.zeros = append(k.zeros, 0)
	}
	k.idx = k.zeros[:n]
	if k.single {
		return
	}
	k.dict, k.seen, k.single = nil, nil, true
	k.at, k.to, k.hash, k.memo = append(k.at[:0], 0), append(k.to[:0], 0), append(k.hash[:0], Hash(nil)), append(k.memo[:0], 0)
}

// setDict is Set for one column that is a dictionary.
func (k *Keys) setDict(v *batch.Vector, b *batch.Batch) {
	d := v.Dict
	if k.dict != d {
		k.dict, k.seen, k.single, k.buf = d, nil, false, k.buf[:0]
		k.at, k.to, k.hash, k.memo = grown(k.at, d.N), grown(k.to, d.N), grown(k.hash, d.N), grown(k.memo, d.N)
		for i := range k.at {
			k.at[i] = -1
		}
		clear(k.memo)
	}
	k.idx = v.Idx
	entries := []*batch.Vector{d}
	if b.Sel != nil {
		for _, row := range b.Sel {
			if e := v.Idx[row]; k.at[e] < 0 {
				k.encode(entries, int(e))
			}
		}
		return
	}
	for _, e := range v.Idx[:b.N] {
		if k.at[e] < 0 {
			k.encode(entries, int(e))
		}
	}
}

// grown gives a slice of n elements, whatever they are.
func grown[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/4)
	}
	return s[:n]
}

func (k *Keys) encode(vs []*batch.Vector, i int) {
	from := len(k.buf)
	for _, v := range vs {
		k.buf = batch.AppendKey(k.buf, v, i)
	}
	k.at[i], k.to[i], k.hash[i] = from, len(k.buf), Hash(k.buf[from:])
}

// texts does what encode does, for one column of text.
func (k *Keys) texts(v *batch.Vector) {
	buf := k.buf
	for i, r := range v.Refs {
		from := len(buf)
		x := v.Buf[r.Off : r.Off+r.Len]
		if v.Valid != nil && !v.Valid.Get(i) || bytes.IndexByte(x, 0) >= 0 {
			buf = batch.AppendKey(buf, v, i)
		} else {
			buf = append(buf, 1)
			buf = append(buf, x...)
			buf = append(buf, 0, 0)
		}
		k.at[i], k.to[i] = from, len(buf)
	}
	k.buf = buf
	for i := range v.Refs {
		k.hash[i] = Hash(buf[k.at[i]:k.to[i]])
	}
}

// ints does what encode does, for one column of integers without nulls.
func (k *Keys) ints(xs []int64) {
	const width = 9
	buf := grown(k.buf, width*len(xs))
	for i, x := range xs {
		e := buf[width*i : width*i+width : width*i+width]
		e[0] = 1
		binary.BigEndian.PutUint64(e[1:], uint64(x)^1<<63)
		k.at[i], k.to[i], k.hash[i] = width*i, width*i+width, Hash(e)
	}
	k.buf = buf
}

// number gives the number of a row's key.
func (k *Keys) number(row uint32) uint32 {
	if k.idx != nil {
		return k.idx[row]
	}
	return row
}

func (k *Keys) key(number uint32) []byte { return k.buf[k.at[number]:k.to[number]] }

// Hash is the hash of a key whose high bits are its key group: see batch.KeyGroup.
func Hash(key []byte) uint64 { return batch.KeyHash(key) }

// AppendValues appends the values that a key was made of, one to each builder. 0.0 stands for -0.0, and one NaN for all. It reports false
// where that is no key of such values; something may have been appended then.
func AppendValues(bs []*batch.Builder, ts []types.Type, key []byte) bool {
	for i, t := range ts {
		var ok bool
		if key, ok = appendValue(bs[i], t, key); !ok {
			return false
		}
	}
	return len(key) == 0
}

func appendValue(b *batch.Builder, t types.Type, key []byte) (rest []byte, ok bool) {
	switch t.Kind.Storage() {
	case types.StoreList, types.StoreRecord:
		x, rest, ok := value(t, key)
		if ok {
			b.Any(x)
		}
		return rest, ok
	case types.StoreBytes:
		if len(key) > 0 && key[0] == 1 {
			if i := bytes.IndexByte(key[1:], 0); i >= 0 && i+2 < len(key) && key[i+2] == 0 {
				b.Bytes(key[1 : 1+i])
				return key[i+3:], true
			}
		}
	}
	x, rest, ok := value(t, key)
	switch x := x.(type) {
	case nil:
		b.Null()
	case bool:
		b.Bool(x)
	case int64:
		b.Int(x)
	case float64:
		b.Float(x)
	case string:
		b.String(x)
	}
	return rest, ok
}

// value reads a value in the form of a constant.
func value(t types.Type, key []byte) (x any, rest []byte, ok bool) {
	if len(key) == 0 || key[0] != 1 {
		return nil, key[min(1, len(key)):], len(key) > 0 && key[0] == 2
	}
	key = key[1:]
	switch t.Kind.Storage() {
	case types.StoreBool:
		if len(key) < 1 {
			return nil, nil, false
		}
		return key[0] != 0, key[1:], true
	case types.StoreInt, types.StoreFloat:
		if len(key) < 8 {
			return nil, nil, false
		}
		u, rest := binary.BigEndian.Uint64(key), key[8:]
		if t.Kind.Storage() == types.StoreInt {
			return int64(u ^ 1<<63), rest, true
		}
		switch {
		case u == math.MaxUint64:
			return math.NaN(), rest, true
		case u>>63 != 0:
			return math.Float64frombits(u &^ (1 << 63)), rest, true
		}
		return math.Float64frombits(^u), rest, true
	case types.StoreBytes:
		var text []byte
		for {
			i := bytes.IndexByte(key, 0)
			if i < 0 || i+1 >= len(key) {
				return nil, nil, false
			}
			text = append(text, key[:i]...)
			if key[i+1] == 0 {
				return string(text), key[i+2:], true
			}
			text = append(text, 0)
			key = key[i+2:]
		}
	case types.StoreList:
		list := []any{}
		for len(key) > 0 && key[0] != 0 {
			var e any
			if e, key, ok = value(*t.Elem, key); !ok {
				return nil, nil, false
			}
			list = append(list, e)
		}
		return list, key[min(1, len(key)):], len(key) > 0
	case types.StoreRecord:
		rec := make([]any, len(t.Fields))
		for i, f := range t.Fields {
			if rec[i], key, ok = value(f.Type, key); !ok {
				return nil, nil, false
			}
		}
		return rec, key, true
	}
	return nil, nil, false
}
