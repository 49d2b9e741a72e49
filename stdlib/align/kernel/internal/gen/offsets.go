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
	argRows     = 168
	argTiles    = 176
	argStride   = 184
	argLeftStep = 192
	argFirst    = 200
	argExtend   = 208

	buildCodes   = 0
	buildTable   = 24
	buildProfile = 48
	buildTiles   = 72
	buildRows    = 80
	buildScale   = 88
	buildAdd     = 96
)
