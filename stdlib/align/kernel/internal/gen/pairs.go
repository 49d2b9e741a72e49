package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	. "weir/stdlib/align/kernel/internal/gen/layout"
)

// pairBuilder writes the builder of a profile for lanes that have a query each: the scores of every row, looked up lane
// by lane for 32 rows at a time, are transposed. Both halves of a register transpose 16 rows.
type pairBuilder struct {
	builder
	span, code GPVirtual
}

const (
	blockRows  = 32
	groupLanes = 16
)

// lane looks up the scores of the lane's next rows: rows points to their codes, at has the lane's target code.
func (b *pairBuilder) lane(rows GPVirtual, at int) VecVirtual {
	low, high, tableLow, tableHigh := b.vec(), b.vec(), b.vec(), b.vec()
	MOVBQZX(Mem{Base: b.codes, Disp: at}, b.code)
	SHLQ(U8(5), b.code)
	b.broadcast16(Mem{Base: b.table, Index: b.code, Scale: 1}, tableLow)
	b.broadcast16(Mem{Base: b.table, Index: b.code, Scale: 1, Disp: 16}, tableHigh)
	b.load(Mem{Base: rows}, high)
	VPADDUSB(b.fold, high, low)
	VPSUBB(b.sixteen, high, high)
	VPSHUFB(low, tableLow, low)
	VPSHUFB(high, tableHigh, high)
	VPOR(low, high, low)
	ADDQ(b.span, rows)
	return low
}

// interleave gives a[0] b[0] a[1] b[1] and so on, the lower half of the elements and the upper one.
func (b *pairBuilder) interleave(low, high func(...Op), x, y VecVirtual) [2]VecVirtual {
	upper := b.vec()
	high(y, x, upper)
	low(y, x, x)
	return [2]VecVirtual{x, upper}
}

// eight transposes eight lanes: vector k of the result has the eight scores of row 2k and then those of row 2k + 1.
func (b *pairBuilder) eight(rows GPVirtual, at int) (out [8]VecVirtual) {
	var four [2][4]VecVirtual
	for half := range four {
		var two [2][2]VecVirtual
		for pair := range two {
			x := b.lane(rows, at)
			y := b.lane(rows, at+1)
			at += 2
			two[pair] = b.interleave(VPUNPCKLBW, VPUNPCKHBW, x, y)
		}
		for part := range 2 {
			v := b.interleave(VPUNPCKLWD, VPUNPCKHWD, two[0][part], two[1][part])
			four[half][2*part], four[half][2*part+1] = v[0], v[1]
		}
	}
	for k := range 4 {
		v := b.interleave(VPUNPCKLDQ, VPUNPCKHDQ, four[0][k], four[1][k])
		out[2*k], out[2*k+1] = v[0], v[1]
	}
	return out
}

func pairs(bits int) {
	set := avx2{}
	n := set.bytes()
	name := fmt.Sprintf("pairs%dAVX2", bits)
	TEXT(name, NOSPLIT, "func(a *uint64)")
	Doc(fmt.Sprintf("%s fills a tile's profile for lanes of %d bits that have a query each.", name, bits))
	b := &pairBuilder{builder: builder{isa: set}}
	args := Load(Param("a"), GP64())
	queries, left := GP64(), GP64()
	for _, r := range []struct {
		reg *GPVirtual
		at  int
	}{{&queries, PairQueries}, {&b.codes, PairTargets}, {&b.table, PairTable}, {&b.profile, PairProfile},
		{&b.span, PairSpan}, {&left, PairSpan}} {
		*r.reg = GP64()
		MOVQ(Mem{Base: args, Disp: r.at}, *r.reg)
	}
	b.code = GP64()
	b.fold, b.sixteen = b.bytesOf(0x70), b.bytesOf(16)
	var add VecVirtual
	if bits == 16 {
		add = b.vec()
		VPBROADCASTW(Mem{Base: args, Disp: PairAdd}, add)
	}
	temp := AllocLocal(8 * n)

	// Groups of sixteen lanes, column by column; two of them to a column of bytes.
	groups := columns * (n * 8 / bits) / groupLanes
	group, rows, out := GP64(), GP64(), GP64()
	Label("block")
	MOVQ(U32(groups), group)
	MOVQ(b.profile, out)
	Label("group")
	if bits == 8 {
		// Odd groups are those of the upper lanes.
		upper := GP64()
		MOVQ(group, upper)
		ANDQ(U8(1), upper)
		SHLQ(U8(4), upper)
		IMULQ(b.span, upper)
		LEAQ(Mem{Base: queries, Index: upper, Scale: 1}, rows)
	} else {
		MOVQ(queries, rows)
	}
	first := b.eight(rows, 0)
	for k, v := range first {
		b.store(v, temp.Offset(k*n))
	}
	second := b.eight(rows, 8)
	for k, v := range second {
		x := b.vec()
		b.load(temp.Offset(k*n), x)
		both := b.interleave(VPUNPCKLQDQ, VPUNPCKHQDQ, x, v)
		for part, v := range both {
			for half := range 2 {
				at := Mem{Base: out, Disp: (2*k + part + groupLanes*half) * columns * n}
				switch {
				case bits == 16:
					if half == 1 {
						VEXTRACTI128(U8(1), v, v.AsX())
					}
					wide := b.vec()
					VPMOVSXBW(v.AsX(), wide)
					VPADDW(add, wide, wide)
					b.store(wide, at)
				case half == 0:
					VMOVDQU(v.AsX(), at)
				default:
					VEXTRACTI128(U8(1), v, at)
				}
			}
		}
	}
	ADDQ(U8(groupLanes), b.codes)
	ADDQ(U8(groupLanes*bits/8), out)
	DECQ(group)
	JNZ(LabelRef("group"))
	SUBQ(U32(columns*n*8/bits), b.codes)
	ADDQ(U8(blockRows), queries)
	ADDQ(U32(blockRows*columns*n), b.profile)
	SUBQ(U8(blockRows), left)
	JNZ(LabelRef("block"))
	VZEROUPPER()
	RET()
}
