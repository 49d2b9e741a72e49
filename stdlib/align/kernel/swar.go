package kernel

import (
	"encoding/binary"
	"math"
)

// swarPath works everywhere: its vectors are 64-bit words, whose lanes the kernels keep apart. A value never uses its
// lane's highest bit, the guard, which takes the borrows. What needs more than 16 bits is left to the scalar reference.
func swarPath() path {
	const bias8, bias16 = 12, 1024
	// A step from below top stays below the guard.
	return newPath("swar", 8, nil,
		[]kernel{
			{bits: 8, minScore: -bias8, maxScore: 19, maxGap: math.MaxInt8, bias: bias8, top: math.MaxInt8 - bias8 - 19,
				run: local8SWAR, build: build8SWAR},
			{bits: 16, minScore: -bias16, maxScore: 3 * bias16, maxGap: math.MaxInt16, bias: bias16,
				top: math.MaxInt16 - 4*bias16, run: local16SWAR, build: build16SWAR},
		},
		[]kernel{
			{bits: 16, zero: 8192, top: math.MaxInt16, run: global16SWAR, column: column16SWAR, build: build16SWAR},
		})
}

// guards has the highest bit of every lane set.
const (
	guards8  = 0x8080808080808080
	guards16 = 0x8000800080008000
)

func local8SWAR(a *args)      { localSWAR(a, guards8, 7) }
func local16SWAR(a *args)     { localSWAR(a, guards16, 15) }
func build8SWAR(b *buildArgs) { buildElements(b, 8) }

func build16SWAR(b *buildArgs) { buildElements(b, 16) }

// subtract is a-b in every lane, and 0 where that is negative.
func subtract(a, b, guards uint64, shift uint) uint64 {
	d := (a | guards) - b
	m := d & guards
	return d & (m - m>>(shift&63))
}

// greater is the maximum of a and b in every lane.
func greater(a, b, guards uint64, shift uint) uint64 { return b + subtract(a, b, guards, shift) }

// repeat puts value into every lane.
func repeat(value int64, guards uint64, shift uint) uint64 {
	return guards >> (shift & 63) * uint64(value)
}

func word(s []byte, i int) uint64           { return binary.LittleEndian.Uint64(s[8*i:]) }
func setWord(s []byte, i int, value uint64) { binary.LittleEndian.PutUint64(s[8*i:], value) }

// localSWAR is the kernel described in internal/gen, with the score 0 as 0. The profile is biased, so that it is
// never negative.
func localSWAR(a *args, guards uint64, shift uint) {
	first, extend := repeat(a.first, guards, shift), repeat(a.extend, guards, shift)
	bias := repeat(a.bias, guards, shift)
	best := word(a.acc, 0)
	for tile := range int(a.tiles) {
		profile := a.profile[tile*int(a.stride):]
		keep := ^uint64(0)
		if tile == 0 && a.reset != nil {
			keep = word(a.reset, 0)
		}
		var f, diagonal [tileColumns]uint64
		edge := a.edge
		for _, offset := range a.query[:a.rows] {
			scores := profile[8*int(offset):][: 8*tileColumns : 8*tileColumns]
			next, gap := word(edge, 0)&keep, word(edge, 1)&keep
			for c := range tileColumns {
				d := subtract(diagonal[c]+word(scores, c), bias, guards, shift)
				d = greater(d, f[c], guards, shift)
				best = greater(d, best, guards, shift)
				open := subtract(d, first, guards, shift)
				f[c] = greater(subtract(f[c], extend, guards, shift), open, guards, shift)
				diagonal[c] = next
				next = greater(d, gap, guards, shift)
				gap = greater(subtract(gap, extend, guards, shift), open, guards, shift)
			}
			setWord(edge, 0, next)
			setWord(edge, 1, gap)
			edge = edge[16:]
		}
	}
	setWord(a.acc, 0, best)
}

// add16 is a+b in every lane, less the guard; b may be negative.
func add16(a, b uint64) uint64 { return (a + b&^guards16) &^ guards16 }

func greater16(a, b uint64) uint64 { return greater(a, b, guards16, 15) }

// global16SWAR is the kernel described in internal/gen. A lane that no target is in may run over; it wraps around.
func global16SWAR(a *args) {
	open, extend, step := repeat(a.first, guards16, 15), repeat(a.extend, guards16, 15), repeat(a.leftStep, guards16, 15)
	less := func(v uint64) uint64 { return ((v | guards16) - open) &^ guards16 }
	best := word(a.acc, 0)
	for tile := range int(a.tiles) {
		profile, tops := a.profile[tile*int(a.stride):], a.tops[tile*8*(1+tileColumns):]
		var mask, left uint64
		if tile == 0 && a.reset != nil {
			mask, left = word(a.reset, 0), word(a.left, 0)
		}
		var f, diagonal [tileColumns]uint64
		for c := range tileColumns {
			diagonal[c] = word(tops, c)
			f[c] = less(word(tops, c+1))
		}
		edge := a.edge
		var last [tileColumns]uint64
		for _, offset := range a.query[:a.rows] {
			scores := profile[8*int(offset):][: 8*tileColumns : 8*tileColumns]
			next := word(edge, 0)&^mask | left&mask
			gap := word(edge, 1)&^mask | less(left)&mask
			left = (left + step) &^ guards16
			for c := range tileColumns {
				d := greater16(add16(diagonal[c], word(scores, c)), f[c])
				opened := less(d)
				f[c] = greater16(f[c], opened)
				diagonal[c] = next
				next = greater16(d, gap)
				last[c] = next
				gap = greater16(gap, opened)
			}
			setWord(edge, 0, next)
			setWord(edge, 1, gap)
			edge = edge[16:]
		}
		for c := range tileColumns {
			best = greater16((best+extend)&^guards16, last[c])
		}
	}
	setWord(a.acc, 0, best)
}

func column16SWAR(a *args) {
	extend := repeat(a.extend, guards16, 15)
	best := word(a.edge, 0)
	for i := 1; i < int(a.rows); i++ {
		best = greater16((best+extend)&^guards16, word(a.edge, 2*i))
	}
	setWord(a.column, 0, best)
}
