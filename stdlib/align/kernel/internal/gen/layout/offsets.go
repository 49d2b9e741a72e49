// Package layout has the offsets of the structs that package kernel passes to assembly.
package layout

// Offsets of the fields of kernel.args, kernel.buildArgs and kernel.pairArgs. A slice takes three words, of which the kernels read the
// first. A test of package kernel compares them with the structs.
const (
	ArgQuery    = 0
	ArgProfile  = 24
	ArgEdge     = 48
	ArgAcc      = 72
	ArgReset    = 96
	ArgTops     = 120
	ArgLeft     = 144
	ArgZero     = 168
	ArgColumn   = 192
	ArgCells    = 216
	ArgRows     = 240
	ArgTiles    = 248
	ArgStride   = 256
	ArgLeftStep = 264
	ArgFirst    = 272
	ArgExtend   = 280

	BuildCodes   = 0
	BuildTable   = 24
	BuildProfile = 48
	BuildTiles   = 72
	BuildRows    = 80
	BuildScale   = 88
	BuildAdd     = 96

	PairQueries = 0
	PairTargets = 24
	PairTable   = 48
	PairProfile = 72
	PairSpan    = 96
	PairAdd     = 104
)
