package batch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"

	"weir/compiler/types"
)

// The native frame (docs/codec.md): header, checksum, payload. It is what a batch looks like on a pipe, in a spill file and in a snapshot.
const (
	frameMagic   = "WB"
	frameVersion = 1
	headerLen    = 12
	// MaxFrame bounds a frame, in bytes.
	MaxFrame = 1 << 30
	// freeRows bounds the rows of a batch whose columns take no bytes to encode.
	freeRows = 1 << 20
	// maxTypeDepth and maxVectors bound what a hostile frame can make the decoder build.
	maxTypeDepth = 64
	maxVectors   = 1 << 16
)

// ErrFrame says that bytes are not a whole frame that this version can read: cut off, changed, or of another version.
var ErrFrame = errors.New("damaged batch frame")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// AppendFrame appends the rows that count as one frame. Dictionaries are written once and cut down to the entries in use. The error says
// that the batch does not fit a frame.
func AppendFrame(dst []byte, b *Batch) ([]byte, error) {
	b = b.Own()
	start := len(dst)
	dst = append(dst, frameMagic...)
	dst = append(dst, frameVersion, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	e := encoder{dst: dst, dicts: map[*Vector]int{}, indices: map[indexKey]int{}}
	e.batch(b)
	if e.err != nil {
		return dst[:start], e.err
	}
	frame := e.dst[start:]
	if len(frame) > MaxFrame {
		return dst[:start], fmt.Errorf("a batch of %d rows takes %d bytes, more than a frame's %d", b.N, len(frame), MaxFrame)
	}
	binary.LittleEndian.PutUint32(frame[4:], uint32(len(frame)-headerLen))
	binary.LittleEndian.PutUint32(frame[8:], checksum(frame))
	return e.dst, nil
}

// checksum covers the header before it and the payload behind it.
func checksum(frame []byte) uint32 {
	return crc32.Update(crc32.Checksum(frame[:8], castagnoli), castagnoli, frame[headerLen:])
}

type encoder struct {
	dst     []byte
	dicts   map[*Vector]int
	types   []types.Type // of the dictionaries written so far
	indices map[indexKey]int
	err     error
}

func (e *encoder) uint(x int)    { e.dst = binary.AppendUvarint(e.dst, uint64(x)) }
func (e *encoder) text(s string) { e.uint(len(s)); e.dst = append(e.dst, s...) }
func (e *encoder) flag(x ...bool) {
	f := byte(0)
	for i, b := range x {
		if b {
			f |= 1 << i
		}
	}
	e.dst = append(e.dst, f)
}

func (e *encoder) batch(b *Batch) {
	if b.N > freeRows && len(b.Cols) == 0 && len(b.Ord) == 0 {
		e.err = fmt.Errorf("a batch of %d rows without columns does not fit a frame", b.N)
		return
	}
	e.uint(b.N)
	e.uint(len(b.Row))
	for _, f := range b.Row {
		e.text(f.Name)
		e.typ(f.Type)
	}
	e.uint(len(b.Ord))
	for _, level := range b.Ord {
		last := uint64(0)
		for _, x := range level[:b.N] {
			e.dst = binary.AppendVarint(e.dst, int64(x-last))
			last = x
		}
	}
	o := b.Origin
	e.flag(o != nil, o != nil && o.Record != nil, o != nil && o.Line != nil, o != nil && o.Byte != nil)
	if o != nil {
		e.text(o.File)
		for _, s := range [][]int64{o.Record, o.Line, o.Byte} {
			last := int64(0)
			for _, x := range s {
				e.dst = binary.AppendVarint(e.dst, x-last)
				last = x
			}
		}
	}
	for i, c := range b.Cols {
		e.vector(c, b.Row[i].Type, b.N)
	}
}

func (e *encoder) typ(t types.Type) {
	e.dst = append(e.dst, byte(t.Kind))
	e.flag(t.Nullable)
	switch t.Kind {
	case types.List:
		e.typ(*t.Elem)
	case types.Record:
		e.uint(len(t.Fields))
		for _, f := range t.Fields {
			e.text(f.Name)
			e.typ(f.Type)
		}
	}
}

// vector writes a vector of n values of type t, both of which the reader knows.
func (e *encoder) vector(v *Vector, t types.Type, n int) {
	if v.N != n || v.Type.Kind != t.Kind || v.Dict == nil && t.Kind == types.Record && len(v.Fields) != len(t.Fields) {
		e.err = fmt.Errorf("%d values of %s stand where %d of %s should", v.N, v.Type, n, t)
		return
	}
	if v.Dict != nil {
		e.flag(false, true)
		e.dictionary(v, t)
		return
	}
	e.flag(v.Valid != nil, false)
	if v.Valid != nil {
		e.bits(v.N, v.Valid.Get)
	}
	switch v.Type.Kind.Storage() {
	case types.StoreBool:
		e.bits(v.N, func(i int) bool { return v.Bools[i] })
	case types.StoreInt:
		for _, x := range v.Ints[:v.N] {
			e.dst = binary.AppendVarint(e.dst, x)
		}
	case types.StoreFloat:
		for _, x := range v.Floats[:v.N] {
			e.dst = binary.LittleEndian.AppendUint64(e.dst, math.Float64bits(x))
		}
	case types.StoreBytes:
		for _, r := range v.Refs[:v.N] {
			e.uint(int(r.Len))
		}
		for _, r := range v.Refs[:v.N] {
			e.dst = append(e.dst, v.Buf[r.Off:r.Off+r.Len]...)
		}
	case types.StoreList:
		elem := v.Fields[0]
		idx := make([]uint32, 0, v.Offs[v.N]-v.Offs[0])
		for i := range v.N {
			e.uint(int(v.Offs[i+1] - v.Offs[i]))
		}
		for k := v.Offs[0]; k < v.Offs[v.N]; k++ {
			idx = append(idx, k)
		}
		if len(idx) != elem.N {
			elem = elem.Take(idx)
		}
		e.vector(elem, *t.Elem, len(idx))
	case types.StoreRecord:
		for i, f := range v.Fields {
			e.vector(f, t.Fields[i].Type, n)
		}
	default:
		e.err = fmt.Errorf("values of type %s cannot be written", v.Type)
	}
}

// dictionary writes the dictionary, then the index: each by its number from 1, or as 0 and itself where it comes for the first time.
func (e *encoder) dictionary(v *Vector, t types.Type) {
	if k, is := e.dicts[v.Dict]; is && e.types[k-1].Equal(t) {
		e.uint(k)
	} else {
		e.uint(0)
		e.uint(v.Dict.N)
		e.vector(v.Dict, t, v.Dict.N)
		e.types = append(e.types, t)
		e.dicts[v.Dict] = len(e.types)
	}
	at := indexKey{&v.Idx[0], v.N, v.Dict.N} // a dictionary vector has values, or Own has made it flat
	if k, is := e.indices[at]; is {
		e.uint(k)
		return
	}
	e.uint(0)
	e.indices[at] = len(e.indices) + 1
	for _, k := range v.Idx[:v.N] {
		switch indexWidth(v.Dict.N) {
		case 1:
			e.dst = append(e.dst, byte(k))
		case 2:
			e.dst = binary.LittleEndian.AppendUint16(e.dst, uint16(k))
		default:
			e.dst = binary.LittleEndian.AppendUint32(e.dst, k)
		}
	}
}

// indexWidth is the bytes of an entry of an index over n entries.
func indexWidth(n int) int {
	switch {
	case n <= 1<<8:
		return 1
	case n <= 1<<16:
		return 2
	}
	return 4
}

func (e *encoder) bits(n int, get func(int) bool) {
	for i := 0; i < n; i += 8 {
		c := byte(0)
		for k := range min(8, n-i) {
			if get(i + k) {
				c |= 1 << k
			}
		}
		e.dst = append(e.dst, c)
	}
}
