// Package layout has the offsets of the structs that package kernel passes to assembly.
package layout

// Offsets of the fields of kernel.args and kernel.buildArgs. A slice takes three words, of which the kernels read the
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
	ArgRows     = 216
	ArgTiles    = 224
	ArgStride   = 232
	ArgLeftStep = 240
	ArgFirst    = 248
	ArgExtend   = 256

	BuildCodes   = 0
	BuildTable   = 24
	BuildProfile = 48
	BuildTiles   = 72
	BuildRows    = 80
	BuildScale   = 88
	BuildAdd     = 96
)
