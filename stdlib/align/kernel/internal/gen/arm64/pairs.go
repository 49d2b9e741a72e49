package main

import (
	"fmt"

	. "weir/stdlib/align/kernel/internal/gen/layout"
)

// pairRows is how many rows are looked up and transposed at a time.
const pairRows = 16

// pairLoop writes the loops over rows and over a tile's columns of so many lanes; body leaves the column's scores at
// R7, one row every columns vectors.
func (w *writer) pairLoop(lanes int, body func()) {
	w.op("MOVD %d(R0), R1 // queries", PairQueries)
	w.op("MOVD %d(R0), R2 // targets", PairTargets)
	w.op("MOVD %d(R0), R3 // table", PairTable)
	w.op("MOVD %d(R0), R4 // profile", PairProfile)
	w.op("MOVD %d(R0), R5 // span", PairSpan)
	w.op("MOVD R5, R6 // rows left")
	w.label("block")
	w.op("MOVD R4, R7")
	w.op("MOVD $%d, R8", columns)
	w.label("column")
	w.op("MOVD R1, R10")
	body()
	w.op("ADD $%d, R2", lanes)
	w.op("ADD $%d, R7", vector)
	w.op("SUBS $1, R8")
	w.op("BNE column")
	w.op("SUB $%d, R2", columns*lanes)
	w.op("ADD $%d, R1", pairRows)
	w.op("ADD $%d, R4", pairRows*columns*vector)
	w.op("SUBS $%d, R6", pairRows)
	w.op("BNE block")
	w.op("RET")
}

// lookUp gives sixteen rows' scores of the lane whose rows R10 points to, and goes on to the next lane.
func (w *writer) lookUp(lane, dst int) {
	const table, rows = 24, 26
	w.op("MOVBU %d(R2), R9", lane)
	w.op("ADD R9<<5, R3, R9")
	w.load("R9", 0, table)
	w.load("R9", vector, table+1)
	w.load("R10", 0, rows)
	w.op("ADD R5, R10")
	w.fixed(tbl2, 0, table, rows, dst)
}

// fixed writes an instruction whose element size, a power of two of bytes, is not that of the scores.
func (w *writer) fixed(code uint32, size, n, m, dst int) {
	word := code | uint32(size)<<22 | uint32(m)<<16 | uint32(n)<<5 | uint32(dst)
	w.op("WORD $0x%08X // %s V%d, V%d, V%d", word, fmt.Sprintf("%s (%d bits)", names[code], 8<<size), n, m, dst)
}

// transpose interleaves the lanes in v, elements of 1, 2, 4 bytes and so on, until every vector has whole rows. spare
// is a free register. Vector k of the result has the rows from k·16/len(v) on.
func (w *writer) transpose(v []int, spare int) []int {
	for size, near := 0, 1; near < len(v); size, near = size+1, 2*near {
		// Lanes that lie near apart have not met yet; their place in v is that of the rows by now.
		next := make([]int, len(v))
		for k := range len(v) {
			if k&near != 0 {
				continue
			}
			x, y := v[k], v[k|near]
			w.fixed(zip1, size, x, y, spare)
			w.fixed(zip2, size, x, y, y)
			next[k], next[k|near] = spare, y
			spare = x
		}
		v = next
	}
	// The first interleaving split the rows by their upper half, so the bits of a place are in reverse order.
	out := make([]int, len(v))
	for k, r := range v {
		place := 0
		for bit := 1; bit < len(v); bit *= 2 {
			place *= 2
			if k&bit != 0 {
				place++
			}
		}
		out[place] = r
	}
	return out
}

func (w *writer) pairs8() {
	w.bits = 8
	w.text("pairs8NEON")
	w.pairLoop(16, func() {
		lanes := make([]int, 16)
		for l := range lanes {
			lanes[l] = l
			w.lookUp(l, l)
		}
		for r, v := range w.transpose(lanes, 16) {
			w.store(v, "R7", r*columns*vector)
		}
	})
}

func (w *writer) pairs16() {
	const plus, wide = 28, 29
	w.bits = 16
	w.text("pairs16NEON")
	w.constant(PairAdd, plus)
	w.pairLoop(8, func() {
		lanes := make([]int, 8)
		for l := range lanes {
			lanes[l] = l
			w.lookUp(l, l)
		}
		for k, v := range w.transpose(lanes, 16) {
			for part, extend := range []uint32{sxtl, sxtl2} {
				w.vec(extend, v, 0, wide)
				w.vec(add, wide, plus, wide)
				w.store(wide, "R7", (2*k+part)*columns*vector)
			}
		}
	})
}
