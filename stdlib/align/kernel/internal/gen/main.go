// Command gen writes the x86-64 kernels of package kernel with avo. Run it by way of generate.sh, which sets the flags.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	. "weir/stdlib/align/kernel/internal/gen/layout"
)

// columns is the width of a tile.
const columns = 4

func main() {
	ConstraintExpr("amd64")
	for _, isa := range []isa{avx2{}, avx512{}} {
		for _, bits := range []int{8, 16, 32} {
			local(isa, bits)
		}
		for _, bits := range []int{16, 32} {
			global(isa, bits)
			column(isa, bits)
		}
		build8(isa)
		build16(isa)
	}
	fillLocal(8)
	fillLocal(16)
	fillGlobal()
	pairs(8)
	pairs(16)
	Generate()
}

// isa is what differs between the instruction sets.
type isa interface {
	name() string
	bytes() int
	vec() VecVirtual
	half(VecVirtual) VecVirtual // the register's lower half
	and(a, b, dst Op)
	load(src, dst Op)
	store(src, dst Op)
	upperHalf(src, dst Op)
	broadcast16(src, dst Op) // 16 bytes into every 128-bit lane
	mask(src Op) Op          // a vector of all-ones and all-zero elements as select wants it
	sel(mask, yes, no, dst Op)
}

type avx2 struct{}

func (avx2) name() string                 { return "AVX2" }
func (avx2) bytes() int                   { return 32 }
func (avx2) vec() VecVirtual              { return YMM() }
func (avx2) half(v VecVirtual) VecVirtual { return v.AsX().(VecVirtual) }
func (avx2) and(a, b, dst Op)             { VPAND(a, b, dst) }
func (avx2) load(src, dst Op)             { VMOVDQU(src, dst) }
func (avx2) store(src, dst Op)            { VMOVDQU(src, dst) }
func (avx2) upperHalf(src, dst Op)        { VEXTRACTI128(U8(1), src, dst) }
func (avx2) broadcast16(src, dst Op)      { VBROADCASTI128(src, dst) }
func (avx2) mask(src Op) Op               { v := YMM(); VMOVDQU(src, v); return v }
func (avx2) sel(mask, yes, no, dst Op)    { VPBLENDVB(mask, yes, no, dst) }

type avx512 struct{}

func (avx512) name() string                 { return "AVX512" }
func (avx512) bytes() int                   { return 64 }
func (avx512) vec() VecVirtual              { return ZMM() }
func (avx512) half(v VecVirtual) VecVirtual { return v.AsY().(VecVirtual) }
func (avx512) and(a, b, dst Op)             { VPANDQ(a, b, dst) }
func (avx512) load(src, dst Op)             { VMOVDQU64(src, dst) }
func (avx512) store(src, dst Op)            { VMOVDQU64(src, dst) }
func (avx512) upperHalf(src, dst Op)        { VEXTRACTI64X4(U8(1), src, dst) }
func (avx512) broadcast16(src, dst Op)      { VBROADCASTI32X4(src, dst) }
func (avx512) mask(src Op) Op {
	v, k := ZMM(), K()
	VMOVDQU64(src, v)
	VPMOVB2M(v, k)
	return k
}
func (avx512) sel(mask, yes, no, dst Op) { VPBLENDMB(yes, no, mask, dst) }

// ops are the arithmetic instructions of one element width, dst last, as dst = b op a for (a, b, dst).
type ops struct {
	add, sub, max, min, broadcast func(...Op)
}

func saturating(bits int) ops {
	switch bits {
	case 8:
		return ops{VPADDSB, VPSUBSB, VPMAXSB, VPMINSB, VPBROADCASTB}
	case 16:
		return ops{VPADDSW, VPSUBSW, VPMAXSW, VPMINSW, VPBROADCASTW}
	}
	return wrapping(bits)
}

func wrapping(bits int) ops {
	if bits == 16 {
		return ops{VPADDW, VPSUBW, VPMAXSW, VPMINSW, VPBROADCASTW}
	}
	return ops{VPADDD, VPSUBD, VPMAXSD, VPMINSD, VPBROADCASTD}
}

// frame holds the registers that local and global kernels have in common.
type frame struct {
	isa
	ops
	args                        Register
	query, q, profile           GPVirtual
	edge, e, end, stride, tiles GPVirtual
	off                         GPVirtual
	a, f                        [columns]VecVirtual // a: diagonals, then H of the columns to the left
	gap, h3                     VecVirtual          // E, H of the last column
	first, acc                  VecVirtual
	perRow                      int // bytes of the edge
}

// begin loads what all kernels need; edge is the number of vectors that the edge has for each row.
func begin(set isa, o ops, edge int, name, doc string) *frame {
	TEXT(name, NOSPLIT, "func(a *uint64)")
	Doc(doc)
	k := &frame{isa: set, ops: o, perRow: edge * set.bytes()}
	k.args = Load(Param("a"), GP64())
	for _, r := range []struct {
		reg *GPVirtual
		at  int
	}{{&k.query, ArgQuery}, {&k.profile, ArgProfile}, {&k.edge, ArgEdge}, {&k.stride, ArgStride}, {&k.tiles, ArgTiles}} {
		*r.reg = GP64()
		MOVQ(k.arg(r.at), *r.reg)
	}
	k.q, k.e, k.end, k.off = GP64(), GP64(), GP64(), GP64()
	MOVQ(k.arg(ArgRows), k.end)
	IMUL3Q(U32(k.perRow), k.end, k.end)
	ADDQ(k.edge, k.end)
	for c := range columns {
		k.a[c], k.f[c] = set.vec(), set.vec()
	}
	k.gap, k.h3 = set.vec(), set.vec()
	k.first = k.constant(ArgFirst)
	return k
}

func (k *frame) loadAcc() {
	k.acc = k.vec()
	acc := GP64()
	MOVQ(k.arg(ArgAcc), acc)
	k.load(Mem{Base: acc}, k.acc)
}

func (k *frame) arg(at int) Mem { return Mem{Base: k.args, Disp: at} }

func (k *frame) constant(at int) VecVirtual {
	v := k.vec()
	k.broadcast(k.arg(at), v)
	return v
}

// row loads the row's H and E of the tile's left edge through fix and adds the profile to the diagonals. Each sum goes
// into the register of the diagonal to its right, so that H lies where the next row wants its diagonals.
func (k *frame) row(fix func()) (d [columns]VecVirtual) {
	n := k.bytes()
	MOVWQZX(Mem{Base: k.q}, k.off)
	d = [columns]VecVirtual{k.a[1], k.a[2], k.a[3], k.h3}
	for c := columns - 1; c >= 0; c-- {
		k.add(Mem{Base: k.profile, Index: k.off, Scale: 8, Disp: c * n}, k.a[c], d[c])
	}
	k.load(Mem{Base: k.e}, k.a[0])
	k.load(Mem{Base: k.e, Disp: n}, k.gap)
	fix()
	return d
}

func (k *frame) nextRow(loop string) {
	n := k.bytes()
	k.store(k.h3, Mem{Base: k.e})
	k.store(k.gap, Mem{Base: k.e, Disp: n})
	ADDQ(U8(2), k.q)
	ADDQ(I32(k.perRow), k.e)
	CMPQ(k.e, k.end)
	JNE(LabelRef(loop))
}

// finish stores acc and returns.
func (k *frame) finish() {
	acc := GP64()
	MOVQ(k.arg(ArgAcc), acc)
	k.store(k.acc, Mem{Base: acc})
	VZEROUPPER()
	RET()
}

// local writes a Smith-Waterman kernel. Eight and sixteen bits have the score 0 at the bottom of the saturating range,
// so that the addition of the profile is also the maximum with 0; thirty-two bits take that maximum.
//
// The optimum needs a gap in the query to open after a gap in the target but not the other way round, since two
// adjacent gaps cost the same in either order; so F and E open from D, the best without E, and the chain through E is short.
// What does not depend on it comes first, which keeps the pipes busier than to finish column by column.
func local(set isa, bits int) {
	name := fmt.Sprintf("local%d%s", bits, set.name())
	k := begin(set, saturating(bits), 2, name, fmt.Sprintf("%s runs tiles of a local alignment in %d-bit lanes.", name, bits))
	k.loadAcc()
	extend := k.constant(ArgExtend)
	zero, reset := GP64(), GP64()
	MOVQ(k.arg(ArgZero), zero)
	MOVQ(k.arg(ArgReset), reset)
	toZero := func(mask, a, dst Op) { k.min(mask, a, dst) }
	if bits == 32 {
		toZero = k.and
	}

	tile := func(kind string, fix func()) {
		MOVQ(k.query, k.q)
		MOVQ(k.edge, k.e)
		for c := range columns {
			k.load(Mem{Base: zero}, k.a[c])
			k.load(Mem{Base: zero}, k.f[c])
		}
		Label(kind)
		d := k.row(fix)
		var open [columns]VecVirtual
		for c := range columns {
			k.max(k.f[c], d[c], d[c])
			if bits == 32 {
				k.max(Mem{Base: zero}, d[c], d[c])
			}
		}
		for c := range columns {
			open[c] = k.vec()
			k.sub(k.first, d[c], open[c])
		}
		for c := range columns {
			k.sub(extend, k.f[c], k.f[c])
		}
		for c := range columns {
			k.max(open[c], k.f[c], k.f[c])
		}
		for c := range columns {
			k.max(d[c], k.acc, k.acc)
			k.max(k.gap, d[c], d[c])
			k.sub(extend, k.gap, k.gap)
			k.max(open[c], k.gap, k.gap)
		}
		k.nextRow(kind)
		ADDQ(k.stride, k.profile)
		DECQ(k.tiles)
	}
	TESTQ(reset, reset)
	JZ(LabelRef("tile"))
	tile("resetrow", func() {
		toZero(Mem{Base: reset}, k.a[0], k.a[0])
		toZero(Mem{Base: reset}, k.gap, k.gap)
	})
	JZ(LabelRef("done"))
	Label("tile")
	tile("row", func() {})
	JNZ(LabelRef("tile"))
	Label("done")
	k.finish()
}

// global writes a kernel for alignments that must end somewhere on the border. All values carry extend for every row
// and column that they are away from the corner, so that to extend a gap costs nothing: six instructions a cell.
func global(set isa, bits int) {
	name := fmt.Sprintf("global%d%s", bits, set.name())
	k := begin(set, wrapping(bits), 2, name,
		fmt.Sprintf("%s runs tiles of a global alignment in %d-bit lanes.", name, bits))
	k.loadAcc()
	n := set.bytes()
	reset, tops := GP64(), GP64()
	MOVQ(k.arg(ArgReset), reset)
	MOVQ(k.arg(ArgTops), tops)
	left, step, leftGap := k.vec(), k.vec(), k.vec()

	tile := func(kind string, fix func()) {
		MOVQ(k.query, k.q)
		MOVQ(k.edge, k.e)
		for c := range columns {
			k.load(Mem{Base: tops, Disp: c * n}, k.a[c])
			k.load(Mem{Base: tops, Disp: (c + 1) * n}, k.f[c])
			k.sub(k.first, k.f[c], k.f[c])
		}
		Label(kind)
		d := k.row(fix)
		for c := range columns {
			open := k.vec()
			k.max(k.f[c], d[c], d[c])
			k.sub(k.first, d[c], open)
			k.max(open, k.f[c], k.f[c])
			k.max(k.gap, d[c], d[c])
			k.max(open, k.gap, k.gap)
		}
		k.nextRow(kind)
		// The best of the last row so far moves along with the columns.
		extend := k.constant(ArgExtend)
		for c := range columns {
			k.add(extend, k.acc, k.acc)
			k.max(d[c], k.acc, k.acc)
		}
		ADDQ(I32((columns+1)*n), tops)
		ADDQ(k.stride, k.profile)
		DECQ(k.tiles)
	}
	TESTQ(reset, reset)
	JZ(LabelRef("tile"))
	mask := k.mask(Mem{Base: reset})
	MOVQ(k.arg(ArgLeft), reset)
	k.load(Mem{Base: reset}, left)
	k.broadcast(k.arg(ArgLeftStep), step)
	tile("resetrow", func() {
		k.sub(k.first, left, leftGap)
		k.sel(mask, left, k.a[0], k.a[0])
		k.sel(mask, leftGap, k.gap, k.gap)
		k.add(step, left, left)
	})
	JZ(LabelRef("done"))
	Label("tile")
	tile("row", func() {})
	JNZ(LabelRef("tile"))
	Label("done")
	k.finish()
}

// column writes the maximum over the rows of a global kernel's edge, the matrix's last column where targets end.
func column(set isa, bits int) {
	o := wrapping(bits)
	name := fmt.Sprintf("column%d%s", bits, set.name())
	TEXT(name, NOSPLIT, "func(a *uint64)")
	Doc(name + " finds the best of each lane's last column.")
	args := Load(Param("a"), GP64())
	edge, rows, acc := GP64(), GP64(), GP64()
	MOVQ(Mem{Base: args, Disp: ArgEdge}, edge)
	MOVQ(Mem{Base: args, Disp: ArgRows}, rows)
	MOVQ(Mem{Base: args, Disp: ArgColumn}, acc)
	best, extend := set.vec(), set.vec()
	o.broadcast(Mem{Base: args, Disp: ArgExtend}, extend)
	set.load(Mem{Base: edge}, best)
	JMP(LabelRef("next"))
	// The best so far moves along with the rows.
	Label("row")
	o.add(extend, best, best)
	o.max(Mem{Base: edge}, best, best)
	Label("next")
	ADDQ(I32(2*set.bytes()), edge)
	DECQ(rows)
	JNZ(LabelRef("row"))
	set.store(best, Mem{Base: acc})
	VZEROUPPER()
	RET()
}
