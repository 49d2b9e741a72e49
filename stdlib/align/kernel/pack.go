package kernel

import (
	"cmp"
	"slices"
)

// placement is where a target lies in a strip. Its last residue is in the last column of its last tile, so that after
// that tile the edge holds the matrix's last column; what its length leaves of a tile is unused columns in front.
type placement struct {
	target     int32
	lane, pad  int32 // pad: unused columns of the first tile
	start, end int32 // tiles, end exclusive
}

// strip is a list of targets laid out one behind the other in the lanes of a vector.
type strip struct {
	tiles   int32
	byStart []placement
	byEnd   []int32   // indices into byStart
	lanes   [][]int32 // the same for each lane
}

// pack lays out targets, which must be sorted by length, longest first, and not be empty. Each goes to the lane that is
// filled least, which leaves the lanes' ends no further apart than a short target.
func (s *strip) pack(targets [][]byte, order []int32, lanes int) {
	s.tiles, s.byStart, s.byEnd = 0, s.byStart[:0], s.byEnd[:0]
	for len(s.lanes) < lanes {
		s.lanes = append(s.lanes, nil)
	}
	s.lanes = s.lanes[:lanes]
	for l := range s.lanes {
		s.lanes[l] = s.lanes[l][:0]
	}
	filled := make([]int32, lanes)
	for _, t := range order {
		lane := 0
		for l, f := range filled {
			if f < filled[lane] {
				lane = l
			}
		}
		n := len(targets[t])
		tiles := int32((n + tileColumns - 1) / tileColumns)
		p := placement{target: t, lane: int32(lane), pad: tiles*tileColumns - int32(n),
			start: filled[lane], end: filled[lane] + tiles}
		filled[lane] = p.end
		s.tiles = max(s.tiles, p.end)
		i := int32(len(s.byStart))
		s.byStart = append(s.byStart, p)
		s.byEnd = append(s.byEnd, i)
		s.lanes[lane] = append(s.lanes[lane], i)
	}
	slices.SortFunc(s.byEnd, func(x, y int32) int { return cmp.Compare(s.byStart[x].end, s.byStart[y].end) })
}

// idle is the part of the strip's tiles and lanes that no target fills.
func (s *strip) idle() float64 {
	var filled int64
	for i := range s.byStart {
		filled += int64(s.byStart[i].end - s.byStart[i].start)
	}
	return 1 - float64(filled)/(float64(s.tiles)*float64(len(s.lanes)))
}

// segment is a run of tiles with no target's start or end inside.
type segment struct {
	tile, tiles int32       // tile counts from the panel's first
	starts      []placement // the targets that begin with it
	ends        []int32     // those that end with it, as indices into byStart
	reset, left []byte      // for args, nil if nothing begins
}

// panel is a part of a strip that is scored at one go: as much as its profile may take of the cache.
type panel struct {
	tiles    int32
	codes    []byte
	tops     []byte
	profile  []byte
	segments []segment
	masks    []byte
	border   []bool
	starts   int // how much of byStart and byEnd lies before the next panel
	ends     int
	cursor   []int // for each lane how many placements end before the panel
}

// rewind makes the panel the one before the strip's first.
func (p *panel) rewind(lanes int) {
	p.tiles, p.starts, p.ends = 0, 0, 0
	p.cursor = resize(p.cursor, lanes)
	clear(p.cursor)
}

// split finds the segments of tiles [from, to). vector is the number of bytes for reset and left.
func (p *panel) split(s *strip, from, to int32, vector int) {
	p.tiles = to - from
	p.border = resize(p.border, int(p.tiles)+1)
	clear(p.border)
	p.border[0], p.border[p.tiles] = true, true
	starts, ends := p.starts, p.ends
	for ; p.starts < len(s.byStart) && s.byStart[p.starts].start < to; p.starts++ {
		p.border[s.byStart[p.starts].start-from] = true
	}
	for ; p.ends < len(s.byEnd) && s.byStart[s.byEnd[p.ends]].end <= to; p.ends++ {
		p.border[s.byStart[s.byEnd[p.ends]].end-from] = true
	}
	p.segments = p.segments[:0]
	used := 0
	for tile := int32(0); tile < p.tiles; {
		next := tile + 1
		for !p.border[next] {
			next++
		}
		g := segment{tile: tile, tiles: next - tile}
		first := starts
		for starts < p.starts && s.byStart[starts].start == from+tile {
			starts++
		}
		g.starts = s.byStart[first:starts]
		first = ends
		for ends < p.ends && s.byStart[s.byEnd[ends]].end == from+next {
			ends++
		}
		g.ends = s.byEnd[first:ends]
		if len(g.starts) > 0 {
			used += 2 * vector
		}
		p.segments = append(p.segments, g)
		tile = next
	}
	p.masks = resize(p.masks, used)
	used = 0
	for i := range p.segments {
		if g := &p.segments[i]; len(g.starts) > 0 {
			g.reset = p.masks[used : used+vector : used+vector]
			g.left = p.masks[used+vector : used+2*vector : used+2*vector]
			used += 2 * vector
		}
	}
}

// transpose writes the residue codes of tiles [from, from+p.tiles) column by column.
func (p *panel) transpose(s *strip, targets [][]byte, from int32) {
	lanes := len(s.lanes)
	p.codes = resize(p.codes, int(p.tiles)*tileColumns*lanes)
	for i := range p.codes {
		p.codes[i] = noCode
	}
	p.overlapping(s, from, func(pl *placement) {
		t := targets[pl.target]
		low, high, shift := p.span(pl, from, len(t))
		at := low*lanes + int(pl.lane)
		for _, code := range t[low+shift : high+shift] {
			p.codes[at] = code & 31
			at += lanes
		}
	})
}

// span says which columns of the panel, from low to high, high exclusive, a target of some residues lies in: column k holds residue k + shift.
func (p *panel) span(pl *placement, from int32, residues int) (low, high, shift int) {
	shift = int(from-pl.start)*tileColumns - int(pl.pad)
	return max(0, -shift), min(int(p.tiles)*tileColumns, residues-shift), shift
}

// overlapping calls f for every placement that has tiles in [from, from+p.tiles).
func (p *panel) overlapping(s *strip, from int32, f func(*placement)) {
	for l, list := range s.lanes {
		for _, i := range list[p.cursor[l]:] {
			pl := &s.byStart[i]
			if pl.start >= from+p.tiles {
				break
			}
			if pl.end > from {
				f(pl)
			}
		}
	}
}

// advance tells the panel that everything before tile to is done.
func (p *panel) advance(s *strip, to int32) {
	for l, list := range s.lanes {
		for p.cursor[l] < len(list) && s.byStart[list[p.cursor[l]]].end <= to {
			p.cursor[l]++
		}
	}
}
