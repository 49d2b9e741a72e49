package kernel

// tileColumns is the number of target columns that a kernel takes down the query at a time.
const tileColumns = 4

// args is what a kernel works on: a run of tiles of packed targets, against one query. A vector is the path's vector.
// Assembly reads slices by their first word, so it is check that keeps it inside of them.
type args struct {
	query   []uint16 // for each row the offset of its code's scores within a tile of the profile, in units of 8 bytes
	profile []byte   // tiles × stride: for each code of the query tileColumns vectors of scores
	// In and out: for each row the vectors H and E at the border between two tiles; of fillLocal also the row's best.
	edge   []byte
	acc    []byte // in and out: the best of all cells (local), or of the last row (global)
	reset  []byte // nil, or a vector that says in which lanes a target begins with the first tile
	tops   []byte // global: for each tile 1 + tileColumns vectors of row 0, that of the tile before's last column first
	left   []byte // global: the vector H of the first row left of a target's first tile
	zero   []byte // local: the vector of the score 0
	column []byte // out: for the column kernels, the best of each lane's last column, as an element of the last row
	cells  []byte // out: for the kernels that fill a Matrix, the low bytes of the scores

	rows, tiles int64
	stride      int64 // bytes in a tile of the profile
	leftStep    int64 // global: what left grows by from row to row
	first       int64 // local: cost of the first residue of a gap; global: what it costs more than another one
	extend      int64
	bias        int64 // local: what the profile has on top of the scores, 0 in assembly
}

// check panics unless every access of a kernel falls into the slices. Offsets in query must be less than
// stride/8 - tileColumns*vector/8, which is up to whoever makes them.
func (a *args) check(vector int, global bool) {
	rows, tiles := int(a.rows), int(a.tiles)
	ok := rows > 0 && tiles > 0 && len(a.query) >= rows && len(a.profile) >= tiles*int(a.stride) &&
		len(a.edge) >= rows*2*vector && len(a.acc) >= vector && (a.reset == nil || len(a.reset) >= vector)
	if global {
		ok = ok && len(a.tops) >= tiles*(1+tileColumns)*vector && (a.reset == nil || len(a.left) >= vector) &&
			len(a.column) >= vector
	} else {
		ok = ok && len(a.zero) >= vector
	}
	if !ok {
		panic("kernel: arguments out of bounds")
	}
}

// checkFill is check for the kernels that fill a Matrix of so many lanes.
func (a *args) checkFill(vector, lanes int, global bool) {
	rows, tiles := int(a.rows), int(a.tiles)
	ok := rows > 0 && tiles > 0 && len(a.query) >= rows && len(a.profile) >= tiles*int(a.stride) &&
		len(a.cells) >= tiles*rows*tileColumns*lanes
	if global {
		ok = ok && len(a.edge) >= rows*2*vector && len(a.tops) >= tiles*(1+tileColumns)*vector
	} else {
		ok = ok && len(a.edge) >= rows*3*vector && len(a.zero) >= vector
	}
	if !ok {
		panic("kernel: arguments out of bounds")
	}
}

// buildArgs is what a profile is made of.
type buildArgs struct {
	codes   []byte // for each tile and column a target code for each lane; noCode where a lane has no residue
	table   []byte // for each code of the query a row of 32 scores by target code
	profile []byte // out: tiles × rows × tileColumns vectors

	tiles, rows int64
	scale, add  int64 // an element is its score × scale + add; bytes are as in the table
}

// noCode is the code of a column in which a lane has no residue. Its score is 0.
const noCode = 0xFF

func (b *buildArgs) check(vector, lanes int) {
	tiles, rows := int(b.tiles), int(b.rows)
	if tiles <= 0 || rows <= 0 || len(b.codes) < tiles*tileColumns*lanes || len(b.table) < rows*32 ||
		len(b.profile) < tiles*rows*tileColumns*vector {
		panic("kernel: arguments out of bounds")
	}
}

// pairBlock is the rows of which pairs fills the profile at once.
const pairBlock = 32

// pairArgs is what the profile of one tile is made of where each lane has a query of its own. Codes must be less than
// 32 or, of queries, noCode.
type pairArgs struct {
	queries []byte // for each lane span codes
	targets []byte // for each column of the tile a code for each lane
	table   []byte // for each target code a row of 32 scores, scaled, by query code
	profile []byte // out: span × tileColumns vectors

	span int64 // rows; a multiple of pairBlock
	add  int64 // what words have on top of the scores
}

func (p *pairArgs) check(vector, lanes int) {
	span := int(p.span)
	if span <= 0 || span%pairBlock != 0 || len(p.queries) < lanes*span || len(p.targets) < tileColumns*lanes ||
		len(p.table) < 32*32 || len(p.profile) < span*tileColumns*vector {
		panic("kernel: arguments out of bounds")
	}
}
