package main

// Offsets of the fields of kernel.args and kernel.buildArgs. A slice takes three words, of which the kernels read the
// first. A test of package kernel compares them with the structs.
const (
	argQuery    = 0
	argProfile  = 24
	argEdge     = 48
	argAcc      = 72
	argReset    = 96
	argTops     = 120
	argLeft     = 144
	argZero     = 168
	argColumn   = 192
	argRows     = 216
	argTiles    = 224
	argStride   = 232
	argLeftStep = 240
	argFirst    = 248
	argExtend   = 256

	buildCodes   = 0
	buildTable   = 24
	buildProfile = 48
	buildTiles   = 72
	buildRows    = 80
	buildScale   = 88
	buildAdd     = 96
)
