package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	. "weir/stdlib/align/kernel/internal/gen/layout"
)

// The kernels that keep the low byte of every score are written for one instruction set: they wait for memory, and
// longer lanes are harder to fill.

// filler writes scores to memory behind a kernel's registers.
type filler struct {
	*frame
	cells GPVirtual
	low   VecVirtual // sixteen bits: ones in the low byte of every lane
}

func beginFill(o ops, bits, edge int, name, doc string) *filler {
	k := &filler{frame: begin(avx2{}, o, edge, name, doc), cells: GP64()}
	MOVQ(k.arg(ArgCells), k.cells)
	if bits == 16 {
		k.low = k.vec()
		VPCMPEQW(k.low, k.low, k.low)
		VPSRLW(U8(8), k.low, k.low)
	}
	return k
}

// keep stores the low bytes of a row's scores. Of sixteen bits, those of two columns lie beside each other, lane by
// lane.
func (k *filler) keep(h [columns]VecVirtual) {
	n := k.bytes()
	if k.low == nil {
		for c := range columns {
			k.store(h[c], Mem{Base: k.cells, Disp: c * n})
		}
		ADDQ(I32(columns*n), k.cells)
		return
	}
	for c := 0; c < columns; c += 2 {
		even, odd := k.vec(), k.vec()
		k.and(k.low, h[c], even)
		VPSLLW(U8(8), h[c+1], odd)
		VPOR(even, odd, odd)
		k.store(odd, Mem{Base: k.cells, Disp: c / 2 * n})
	}
	ADDQ(I32(columns/2*n), k.cells)
}

// fillLocal is local, but keeps the scores, and in the third vector of the edge the best of each row. Its targets begin
// with the edge.
func fillLocal(bits int) {
	name := fmt.Sprintf("fillLocal%dAVX2", bits)
	k := beginFill(saturating(bits), bits, 3, name,
		fmt.Sprintf("%s runs tiles of a local alignment in %d-bit lanes and keeps the scores.", name, bits))
	extend := k.constant(ArgExtend)
	zero := GP64()
	MOVQ(k.arg(ArgZero), zero)
	Label("tile")
	MOVQ(k.query, k.q)
	MOVQ(k.edge, k.e)
	for c := range columns {
		k.load(Mem{Base: zero}, k.a[c])
		k.load(Mem{Base: zero}, k.f[c])
	}
	Label("row")
	d := k.row(func() {})
	var open [columns]VecVirtual
	best := k.vec()
	for c := range columns {
		k.max(k.f[c], d[c], d[c])
	}
	// A score that a gap in the query's row ends with is below one before it.
	k.max(d[0], d[1], best)
	for c := range columns {
		open[c] = k.vec()
		k.sub(k.first, d[c], open[c])
		k.sub(extend, k.f[c], k.f[c])
		k.max(open[c], k.f[c], k.f[c])
		if c >= 2 {
			k.max(d[c], best, best)
		}
		k.max(k.gap, d[c], d[c])
		k.sub(extend, k.gap, k.gap)
		k.max(open[c], k.gap, k.gap)
	}
	k.max(Mem{Base: k.e, Disp: 2 * k.bytes()}, best, best)
	k.store(best, Mem{Base: k.e, Disp: 2 * k.bytes()})
	k.keep(d)
	k.nextRow("row")
	ADDQ(k.stride, k.profile)
	DECQ(k.tiles)
	JNZ(LabelRef("tile"))
	VZEROUPPER()
	RET()
}

// fillGlobal is global, but keeps the scores. Its targets begin with the edge.
func fillGlobal() {
	k := beginFill(wrapping(16), 16, 2, "fillGlobal16AVX2",
		"fillGlobal16AVX2 runs tiles of a global alignment in 16-bit lanes and keeps the scores.")
	n := k.bytes()
	tops := GP64()
	MOVQ(k.arg(ArgTops), tops)
	Label("tile")
	MOVQ(k.query, k.q)
	MOVQ(k.edge, k.e)
	for c := range columns {
		k.load(Mem{Base: tops, Disp: c * n}, k.a[c])
		k.load(Mem{Base: tops, Disp: (c + 1) * n}, k.f[c])
		k.sub(k.first, k.f[c], k.f[c])
	}
	Label("row")
	d := k.row(func() {})
	for c := range columns {
		open := k.vec()
		k.max(k.f[c], d[c], d[c])
		k.sub(k.first, d[c], open)
		k.max(open, k.f[c], k.f[c])
		k.max(k.gap, d[c], d[c])
		k.max(open, k.gap, k.gap)
	}
	k.keep(d)
	k.nextRow("row")
	ADDQ(I32((columns+1)*n), tops)
	ADDQ(k.stride, k.profile)
	DECQ(k.tiles)
	JNZ(LabelRef("tile"))
	VZEROUPPER()
	RET()
}
