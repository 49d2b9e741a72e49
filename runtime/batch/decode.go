package batch

import (
	"encoding/binary"
	"fmt"
	"math"

	"weir/compiler/types"
)

// DecodeFrame reads the frame at the beginning of src and gives what follows it. The batch shares memory with src, which must not be
// changed any more. An error wraps ErrFrame; no bytes, hostile ones included, make it panic or take memory out of proportion to them.
func DecodeFrame(src []byte) (b *Batch, rest []byte, err error) {
	if len(src) < headerLen || string(src[:2]) != frameMagic {
		return nil, nil, fmt.Errorf("%w: no header", ErrFrame)
	}
	if src[2] != frameVersion || src[3] != 0 {
		return nil, nil, fmt.Errorf("%w: version %d.%d, not %d.0", ErrFrame, src[2], src[3], frameVersion)
	}
	n := int(binary.LittleEndian.Uint32(src[4:]))
	if n > MaxFrame || n > len(src)-headerLen {
		return nil, nil, fmt.Errorf("%w: %d bytes of %d", ErrFrame, len(src)-headerLen, n)
	}
	frame := src[: headerLen+n : headerLen+n]
	if checksum(frame) != binary.LittleEndian.Uint32(frame[8:]) {
		return nil, nil, fmt.Errorf("%w: the checksum does not match", ErrFrame)
	}
	d := &decoder{src: frame[headerLen:]}
	b = d.batch()
	if d.err == nil && len(d.src) != 0 {
		d.fail("%d bytes too many", len(d.src))
	}
	if d.err != nil {
		return nil, nil, d.err
	}
	return b, src[len(frame):], nil
}

// decoder takes the payload from its front. After the first error everything it gives is empty.
type decoder struct {
	src     []byte
	err     error
	vectors int
	dicts   []*Vector
	indices []index
}

type index struct {
	idx  []uint32
	dict int // entries of the dictionary
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: %s", ErrFrame, fmt.Sprintf(format, args...))
		d.src = nil
	}
}

func (d *decoder) take(n int) []byte {
	if n < 0 || n > len(d.src) {
		d.fail("%d bytes of %d", len(d.src), n)
		return nil
	}
	out := d.src[:n:n]
	d.src = d.src[n:]
	return out
}

func (d *decoder) byte() byte {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

// uint reads a number of at most limit.
func (d *decoder) uint(limit int, what string) int {
	x, n := binary.Uvarint(d.src)
	if n <= 0 || x > uint64(limit) {
		d.fail("%s", what)
		return 0
	}
	d.src = d.src[n:]
	return int(x)
}

func (d *decoder) int() int64 {
	x, n := binary.Varint(d.src)
	if n <= 0 {
		d.fail("a number is cut off")
		return 0
	}
	d.src = d.src[n:]
	return x
}

func (d *decoder) text() string { return string(d.take(d.uint(len(d.src), "the length of a name"))) }

// enough sees that n values of at least one byte each can follow, before memory is taken for them.
func (d *decoder) enough(n int) bool {
	if n > len(d.src) {
		d.fail("%d values in %d bytes", n, len(d.src))
	}
	return d.err == nil
}

func (d *decoder) batch() *Batch {
	b := &Batch{N: d.uint(max(freeRows, 8*len(d.src)), "the number of rows")}
	for range d.uint(len(d.src), "the number of columns") {
		if d.err != nil {
			return nil
		}
		name := d.text()
		b.Row = append(b.Row, types.Field{Name: name, Type: d.typ(0)})
	}
	for range d.uint(len(d.src), "the number of levels") {
		if !d.enough(b.N) {
			return nil
		}
		level := make([]uint64, b.N)
		last := uint64(0)
		for i := range level {
			last += uint64(d.int())
			level[i] = last
		}
		b.Ord = append(b.Ord, level)
	}
	if flags := d.byte(); flags&1 != 0 {
		b.Origin = &Origin{File: d.text()}
		for i, s := range []*[]int64{&b.Origin.Record, &b.Origin.Line, &b.Origin.Byte} {
			if flags&(2<<i) == 0 {
				continue
			}
			if !d.enough(b.N) {
				return nil
			}
			*s = make([]int64, b.N)
			last := int64(0)
			for k := range *s {
				last += d.int()
				(*s)[k] = last
			}
		}
	} else if flags != 0 {
		d.fail("an origin without a file")
	}
	for _, f := range b.Row {
		b.Cols = append(b.Cols, d.vector(f.Type, b.N))
	}
	return b
}

func (d *decoder) typ(depth int) types.Type {
	if d.vectors++; depth > maxTypeDepth || d.vectors > maxVectors {
		d.fail("a type that is too large")
		return types.Type{}
	}
	t := types.Type{Kind: types.Kind(d.byte())}
	if t.Kind > types.Record || t.Kind.Storage() == types.StoreNone {
		d.fail("an unknown type")
		return types.Type{}
	}
	t.Nullable = d.byte()&1 != 0
	switch t.Kind {
	case types.List:
		elem := d.typ(depth + 1)
		t.Elem = &elem
	case types.Record:
		for range d.uint(len(d.src), "the number of fields") {
			if d.err != nil {
				return types.Type{}
			}
			name := d.text()
			t.Fields = append(t.Fields, types.Field{Name: name, Type: d.typ(depth + 1)})
		}
	}
	return t
}

// vector reads n values. It always gives a vector that fits t, of no values where something is wrong.
func (d *decoder) vector(t types.Type, n int) *Vector {
	if d.vectors++; d.vectors > maxVectors {
		d.fail("too many vectors")
	}
	flags := d.byte()
	if d.err != nil {
		return &Vector{Type: t}
	}
	if flags&2 != 0 {
		return d.dictionary(t, n)
	}
	v := &Vector{Type: t, N: n}
	if flags&1 != 0 {
		v.Valid = NewBitmap(0)
		if bits := d.take((n + 7) / 8); bits != nil {
			v.Valid = NewBitmap(n)
			for i := range n {
				if bits[i>>3]&(1<<(i&7)) != 0 {
					v.Valid.Set(i)
				}
			}
		}
	}
	switch t.Kind.Storage() {
	case types.StoreBool:
		if bits := d.take((n + 7) / 8); bits != nil || n == 0 {
			v.Bools = make([]bool, n)
			for i := range v.Bools {
				v.Bools[i] = bits[i>>3]&(1<<(i&7)) != 0
			}
		}
	case types.StoreInt:
		if d.enough(n) {
			v.Ints = make([]int64, n)
			for i := range v.Ints {
				v.Ints[i] = d.int()
			}
		}
	case types.StoreFloat:
		if bytes := d.take(8 * n); bytes != nil || n == 0 {
			v.Floats = make([]float64, n)
			for i := range v.Floats {
				v.Floats[i] = math.Float64frombits(binary.LittleEndian.Uint64(bytes[8*i:]))
			}
		}
	case types.StoreBytes:
		if d.enough(n) {
			v.Refs = make([]Ref, n)
			total := 0
			for i := range v.Refs {
				l := d.uint(len(d.src), "the length of a text")
				v.Refs[i] = Ref{uint32(total), uint32(l)}
				if total += l; total > len(d.src) {
					d.fail("texts that are cut off")
					break
				}
			}
			v.Buf = d.take(total)
		}
	case types.StoreList:
		total := 0
		if d.enough(n) {
			v.Offs = make([]uint32, n+1)
			for i := range n {
				if total += d.uint(8*len(d.src), "the length of a list"); total > 8*len(d.src)+8 {
					d.fail("lists that are cut off")
					break
				}
				v.Offs[i+1] = uint32(total)
			}
		}
		v.Fields = []*Vector{d.vector(*t.Elem, total)}
	case types.StoreRecord:
		for _, f := range t.Fields {
			v.Fields = append(v.Fields, d.vector(f.Type, n))
		}
	}
	return v
}

func (d *decoder) dictionary(t types.Type, n int) *Vector {
	v := &Vector{Type: t, N: n}
	if k := d.uint(len(d.dicts), "the number of a dictionary"); k > 0 {
		v.Dict = d.dicts[k-1]
		if !v.Dict.Type.Equal(t) {
			d.fail("a dictionary of %s as %s", v.Dict.Type, t)
		}
	} else {
		v.Dict = d.vector(t, d.uint(n, "the size of a dictionary")) // every entry is in use
		d.dicts = append(d.dicts, v.Dict)
	}
	if k := d.uint(len(d.indices), "the number of an index"); k > 0 {
		if x := d.indices[k-1]; len(x.idx) != n || x.dict != v.Dict.N {
			d.fail("an index that does not fit")
		} else {
			v.Idx = x.idx
		}
	} else {
		w := indexWidth(v.Dict.N)
		if bytes := d.take(w * n); bytes != nil && n > 0 {
			v.Idx = make([]uint32, n)
			for i := range v.Idx {
				switch w {
				case 1:
					v.Idx[i] = uint32(bytes[i])
				case 2:
					v.Idx[i] = uint32(binary.LittleEndian.Uint16(bytes[2*i:]))
				default:
					v.Idx[i] = binary.LittleEndian.Uint32(bytes[4*i:])
				}
				if int(v.Idx[i]) >= v.Dict.N {
					d.fail("an index outside of its dictionary")
					break
				}
			}
		} else {
			d.fail("an index of no values")
		}
		d.indices = append(d.indices, index{v.Idx, v.Dict.N})
	}
	if d.err != nil {
		return &Vector{Type: t}
	}
	return v
}
