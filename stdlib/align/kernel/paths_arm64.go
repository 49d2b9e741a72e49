package kernel

import "math"

// nativePaths are the paths in assembly that this processor can run: every arm64 has NEON.
func nativePaths() []path {
	return []path{newPath("neon", 16, nil,
		[]kernel{
			{bits: 8, run: local8NEON, build: build8NEON, fill: fillLocal8NEON, pairs: pairs8NEON, minScore: math.MinInt8, maxScore: math.MaxInt8,
				maxGap: math.MaxInt8, zero: math.MinInt8, top: math.MaxInt8},
			{bits: 16, run: local16NEON, build: build16NEON, fill: fillLocal16NEON, pairs: pairs16NEON, minScore: math.MinInt16, maxScore: math.MaxInt16,
				maxGap: math.MaxInt16, zero: math.MinInt16, top: math.MaxInt16},
			{bits: 32, run: local32NEON, build: build32, minScore: math.MinInt32, maxScore: math.MaxInt32,
				maxGap: math.MaxInt32, top: math.MaxInt32},
		},
		[]kernel{
			{bits: 16, run: global16NEON, column: column16NEON, build: build16NEON, fill: fillGlobal16NEON, pairs: pairs16NEON, bottom: math.MinInt16,
				top: math.MaxInt16},
			{bits: 32, run: global32NEON, column: column32NEON, build: build32, bottom: math.MinInt32,
				top: math.MaxInt32},
		})}
}
