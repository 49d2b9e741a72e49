package main

import . "weir/stdlib/align/kernel/internal/gen/layout"

// More vector registers.
const (
	best = 26
	low  = 27
)

// keep stores the low bytes of a row's scores at R13. Of sixteen bits, those of two columns lie beside each other, lane
// by lane.
func (w *writer) keep() {
	if w.bits == 8 {
		for c := range columns {
			w.store(d[c], "R13", c*vector)
		}
		w.op("ADD $%d, R13", columns*vector)
		return
	}
	for c := 0; c < columns; c += 2 {
		w.fixed(trn1, 0, d[c], d[c+1], low)
		w.store(low, "R13", c/2*vector)
	}
	w.op("ADD $%d, R13", columns/2*vector)
}

// fillTiles writes the loop over tiles.
func (w *writer) fillTiles(tile func()) {
	w.op("MOVD %d(R0), R13 // cells", ArgCells)
	w.label("tile")
	tile()
	w.op("ADD R4, R2")
	w.op("SUBS $1, R5")
	w.op("BNE tile")
	w.op("RET")
}

func (w *writer) fillLocal() {
	plus, minus := uint32(sqadd), uint32(sqsub)
	w.begin("fillLocal", 3)
	w.op("MOVD %d(R0), R9", ArgZero)
	w.load("R9", 0, zero)
	w.fillTiles(func() {
		w.op("MOVD R1, R7")
		w.op("MOVD R3, R8")
		for c := range columns {
			w.op("VMOV V%d.B16, V%d.B16", zero, a[c])
			w.op("VMOV V%d.B16, V%d.B16", zero, f[c])
		}
		w.label("row")
		w.row(plus)
		w.load("R8", 2*vector, best)
		for c := range columns {
			w.vec(smax, d[c], f[c], d[c])
		}
		for c := range columns {
			w.vec(minus, d[c], first, opened[c])
		}
		for c := range columns {
			w.vec(minus, f[c], extend, f[c])
		}
		for c := range columns {
			w.vec(smax, f[c], opened[c], f[c])
		}
		for c := range columns {
			w.vec(smax, best, d[c], best)
			w.vec(smax, d[c], gap, d[c])
			w.vec(minus, gap, extend, gap)
			w.vec(smax, gap, opened[c], gap)
		}
		w.store(best, "R8", 2*vector)
		w.keep()
		w.nextRow("row", 3)
	})
}

func (w *writer) fillGlobal() {
	w.begin("fillGlobal", 2)
	w.op("MOVD %d(R0), R12 // tops", ArgTops)
	w.fillTiles(func() {
		w.op("MOVD R1, R7")
		w.op("MOVD R3, R8")
		for c := range columns {
			w.load("R12", c*vector, a[c])
			w.load("R12", (c+1)*vector, f[c])
			w.vec(sub, f[c], first, f[c])
		}
		w.label("row")
		w.row(add)
		for c := range columns {
			w.vec(smax, d[c], f[c], d[c])
		}
		for c := range columns {
			w.vec(sub, d[c], first, opened[c])
		}
		for c := range columns {
			w.vec(smax, f[c], opened[c], f[c])
			w.vec(smax, d[c], gap, d[c])
			w.vec(smax, gap, opened[c], gap)
		}
		w.keep()
		w.nextRow("row", 2)
		w.op("ADD $%d, R12", (columns+1)*vector)
	})
}
