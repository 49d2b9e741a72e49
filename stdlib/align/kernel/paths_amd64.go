package kernel

import (
	"math"

	"golang.org/x/sys/cpu"
)

// nativePaths are the paths in assembly that this processor can run, fastest first.
func nativePaths() []path {
	if !cpu.X86.HasAVX2 {
		return nil
	}
	avx2 := newPath("avx2", 32, nil,
		[]kernel{
			{bits: 8, run: local8AVX2, build: build8AVX2, fill: fillLocal8AVX2, pairs: pairs8AVX2, minScore: math.MinInt8, maxScore: math.MaxInt8,
				maxGap: math.MaxInt8, zero: math.MinInt8, top: math.MaxInt8},
			{bits: 16, run: local16AVX2, build: build16AVX2, fill: fillLocal16AVX2, pairs: pairs16AVX2, minScore: math.MinInt16, maxScore: math.MaxInt16,
				maxGap: math.MaxInt16, zero: math.MinInt16, top: math.MaxInt16},
			{bits: 32, run: local32AVX2, build: build32, minScore: math.MinInt32,
				maxScore: math.MaxInt32, maxGap: math.MaxInt32, top: math.MaxInt32},
		},
		[]kernel{
			{bits: 16, run: global16AVX2, column: column16AVX2, build: build16AVX2, fill: fillGlobal16AVX2, pairs: pairs16AVX2,
				bottom: math.MinInt16, top: math.MaxInt16},
			{bits: 32, run: global32AVX2, column: column32AVX2, build: build32,
				bottom: math.MinInt32, top: math.MaxInt32},
		})
	if !cpu.X86.HasAVX512F || !cpu.X86.HasAVX512BW {
		return []path{avx2}
	}
	avx512 := newPath("avx512", 64, &avx2,
		[]kernel{
			{bits: 8, run: local8AVX512, build: build8AVX512, minScore: math.MinInt8, maxScore: math.MaxInt8,
				maxGap: math.MaxInt8, zero: math.MinInt8, top: math.MaxInt8},
			{bits: 16, run: local16AVX512, build: build16AVX512, minScore: math.MinInt16, maxScore: math.MaxInt16,
				maxGap: math.MaxInt16, zero: math.MinInt16, top: math.MaxInt16},
			{bits: 32, run: local32AVX512, build: build32, minScore: math.MinInt32,
				maxScore: math.MaxInt32, maxGap: math.MaxInt32, top: math.MaxInt32},
		},
		[]kernel{
			{bits: 16, run: global16AVX512, column: column16AVX512, build: build16AVX512,
				bottom: math.MinInt16, top: math.MaxInt16},
			{bits: 32, run: global32AVX512, column: column32AVX512, build: build32,
				bottom: math.MinInt32, top: math.MaxInt32},
		})
	return []path{avx512, avx2}
}
