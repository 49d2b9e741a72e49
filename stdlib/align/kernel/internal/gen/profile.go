package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	. "weir/stdlib/align/kernel/internal/gen/layout"
)

type builder struct {
	isa
	codes, table, profile, tiles, rows, row, t GPVirtual
	fold, sixteen                              VecVirtual
}

// beginBuild loads the arguments and the constants that turn a target code into the two shuffle indices: one that
// selects nothing for codes of 16 and more, and one that selects nothing for codes below.
func beginBuild(set isa, name, doc string) *builder {
	TEXT(name, NOSPLIT, "func(a *uint64)")
	Doc(doc)
	b := &builder{isa: set}
	args := Load(Param("a"), GP64())
	for _, r := range []struct {
		reg *GPVirtual
		at  int
	}{{&b.codes, BuildCodes}, {&b.table, BuildTable}, {&b.profile, BuildProfile}, {&b.tiles, BuildTiles},
		{&b.rows, BuildRows}} {
		*r.reg = GP64()
		MOVQ(Mem{Base: args, Disp: r.at}, *r.reg)
	}
	b.row, b.t = GP64(), GP64()
	b.fold, b.sixteen = b.bytesOf(0x70), b.bytesOf(16)
	return b
}

func (b *builder) bytesOf(value uint32) VecVirtual {
	x := GP32()
	MOVL(U32(value), x)
	v := b.vec()
	VMOVD(x, v.AsX())
	VPBROADCASTB(v.AsX(), v)
	return v
}

// indices loads one vector of codes.
func (b *builder) indices(disp int) (low, high VecVirtual) {
	low, high = b.vec(), b.vec()
	b.load(Mem{Base: b.codes, Disp: disp}, high)
	VPADDUSB(b.fold, high, low)
	VPSUBB(b.sixteen, high, high)
	return low, high
}

// lookup gives the scores of one row of the table for the codes behind low and high.
func (b *builder) lookup(tableLow, tableHigh, low, high VecVirtual) VecVirtual {
	x, y := b.vec(), b.vec()
	VPSHUFB(low, tableLow, x)
	VPSHUFB(high, tableHigh, y)
	if b.bytes() == 64 {
		VPORQ(x, y, x)
	} else {
		VPOR(x, y, x)
	}
	return x
}

// loop runs body for every row of the table, once a tile; vectors of codes a tile are read before it.
func (b *builder) loop(vectors int, body func(low, high []VecVirtual, tableLow, tableHigh VecVirtual)) {
	Label("tile")
	var low, high []VecVirtual
	for v := range vectors {
		l, h := b.indices(v * b.bytes())
		low, high = append(low, l), append(high, h)
	}
	MOVQ(b.table, b.t)
	MOVQ(b.rows, b.row)
	Label("row")
	tableLow, tableHigh := b.vec(), b.vec()
	b.broadcast16(Mem{Base: b.t}, tableLow)
	b.broadcast16(Mem{Base: b.t, Disp: 16}, tableHigh)
	body(low, high, tableLow, tableHigh)
	ADDQ(I32(columns*b.bytes()), b.profile)
	ADDQ(U8(32), b.t)
	DECQ(b.row)
	JNZ(LabelRef("row"))
	ADDQ(I32(vectors*b.bytes()), b.codes)
	DECQ(b.tiles)
	JNZ(LabelRef("tile"))
	VZEROUPPER()
	RET()
}

// build8 writes the builder of byte profiles.
func build8(set isa) {
	name := "build8" + set.name()
	b := beginBuild(set, name, name+" fills a profile of bytes.")
	b.loop(columns, func(low, high []VecVirtual, tableLow, tableHigh VecVirtual) {
		for c := range columns {
			b.store(b.lookup(tableLow, tableHigh, low[c], high[c]), Mem{Base: b.profile, Disp: c * b.bytes()})
		}
	})
}

// build16 writes the builder of word profiles: each score is widened, scaled and offset.
func build16(set isa) {
	name := "build16" + set.name()
	b := beginBuild(set, name, name+" fills a profile of words.")
	args := Load(Param("a"), GP64())
	scale, add := b.vec(), b.vec()
	VPBROADCASTW(Mem{Base: args, Disp: BuildScale}, scale)
	VPBROADCASTW(Mem{Base: args, Disp: BuildAdd}, add)
	b.loop(columns/2, func(low, high []VecVirtual, tableLow, tableHigh VecVirtual) {
		for v := range columns / 2 {
			x := b.lookup(tableLow, tableHigh, low[v], high[v])
			upper, wide := b.vec(), b.vec()
			b.upperHalf(x, b.half(upper))
			VPMOVSXBW(b.half(x), wide)
			for part, source := range []VecVirtual{wide, upper} {
				if part == 1 {
					VPMOVSXBW(b.half(upper), upper)
				}
				VPMULLW(scale, source, source)
				VPADDW(add, source, source)
				b.store(source, Mem{Base: b.profile, Disp: (2*v + part) * b.bytes()})
			}
		}
	})
}
