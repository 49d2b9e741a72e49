package parquet

import (
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/parquet/file"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/stdlib/parquet/internal/encoding"
)

// chunk reads a leaf in one row group, some rows at a time.
type chunk struct {
	*reading
	pages file.PageReader
	left  int64 // values of the chunk that no page has brought yet
	page  page

	dict    *batch.Vector // the dictionary, in the kind that is wanted; behind its entries a null where there may be nulls
	entries int           // of the dictionary without the null
	misfits map[uint32]string

	pending *part // what has been read and not taken
	scratch scratch
	refs    int // runs and bytes of text that the last part had: about what the next one will have
	bytes   int
}

// part is what has been read of a leaf for some rows.
type part struct {
	rows int
	// def and rep are the levels of a nested column; nil for a flat one.
	def, rep []uint8
	vec      *batch.Vector // one value a row of a flat column; of a nested one those that are there
	bad      []misfit      // by their position in vec
}

// take gives the next n rows, which have been read.
func (c *chunk) take(n int) *part {
	p := c.pending
	if p.rows == n {
		c.pending = nil
		return p
	}
	levels, values := n, n
	if p.def != nil {
		levels, values = 0, 0
		for rows := 0; levels < len(p.def); levels++ {
			if p.rep[levels] == 0 {
				if rows == n {
					break
				}
				rows++
			}
			if int(p.def[levels]) == c.maxDef {
				values++
			}
		}
	}
	first := &part{rows: n, vec: slice(p.vec, 0, values)}
	rest := &part{rows: p.rows - n, vec: slice(p.vec, values, p.vec.N)}
	if p.def != nil {
		first.def, first.rep, rest.def, rest.rep = p.def[:levels], p.rep[:levels], p.def[levels:], p.rep[levels:]
	}
	for _, m := range p.bad {
		if m.pos < values {
			first.bad = append(first.bad, m)
		} else {
			rest.bad = append(rest.bad, misfit{m.pos - values, m.text})
		}
	}
	c.pending = rest
	return first
}

// slice gives the values from i up to j.
func slice(v *batch.Vector, i, j int) *batch.Vector {
	idx := make([]uint32, j-i)
	for k := range idx {
		idx[k] = uint32(i + k)
	}
	return v.Take(idx)
}

// read makes pending the next n rows, or fewer where they take more than so many bytes; at least one.
func (c *chunk) read(n, budget int) error {
	g := &gathering{chunk: c, n: n}
	var err error
	if c.flat {
		err = g.readFlat(budget)
	} else {
		err = g.readNested(budget)
	}
	if err != nil {
		return err
	}
	c.pending = g.part()
	return nil
}

// gathering is a part in the making.
type gathering struct {
	*chunk
	n    int // rows that are wanted
	rows int

	vals    vals
	idx     []uint32 // instead of vals while all values are in the dictionary
	flatten bool     // they are not
	valid   batch.Bitmap
	nulls   int
	def     []uint8
	rep     []uint8
	bad     []misfit
	copied  bool // vals.buf has the bytes of the dictionary, from dictAt on
	dictAt  uint32
}

// readFlat reads rows of a column with one value a row.
func (g *gathering) readFlat(budget int) error {
	if g.maxDef == 1 {
		g.valid = batch.NewBitmap(g.n)
	}
	g.vals.room(g.kind, g.n)
	if g.refs > 0 {
		g.vals.refs, g.vals.buf = make([]batch.Ref, 0, g.n), make([]byte, 0, g.bytes+g.bytes/8)
	}
	for g.rows < g.n {
		if g.page.left == 0 {
			if g.rows > 0 && len(g.vals.buf) >= budget {
				return nil
			}
			ok, err := g.next()
			if err == nil && !ok {
				err = errValues
			}
			if err != nil {
				return err
			}
			continue
		}
		k := min(g.n-g.rows, g.page.left)
		there := k
		if g.maxDef == 1 {
			var err error
			if there, err = g.page.defs.ReadBits(g.valid, g.rows, k); err != nil {
				return err
			}
		}
		bad := len(g.bad)
		if g.kind != types.Invalid {
			if err := g.add(there); err != nil {
				return err
			}
		}
		if there < k {
			g.nulls += k - there
			g.spread(k, there, g.bad[bad:])
		}
		g.page.left -= k
		g.rows += k
	}
	return nil
}

// readNested reads the values and levels of rows.
func (g *gathering) readNested(budget int) error {
	g.def, g.rep = []uint8{}, []uint8{}
	for {
		p := &g.page
		if p.left == 0 {
			ok, err := g.next()
			switch {
			case err != nil:
				return err
			case !ok && g.rows == g.n:
				return nil
			case !ok:
				return errValues
			case len(p.rep) == 0:
				continue
			}
			p.at = 0
			if p.rep[0] == 0 && g.rows > 0 && g.size() >= budget {
				return nil
			}
		}
		from, there := p.at, 0
		for ; p.at < len(p.rep); p.at++ {
			if p.rep[p.at] == 0 {
				if g.rows == g.n {
					break
				}
				g.rows++
			} else if g.rows == 0 {
				return errLevels
			}
			if int(p.def[p.at]) == g.maxDef {
				there++
			}
		}
		if len(g.def)+p.at-from > maxLevels {
			return tooLarge(fmt.Sprintf("a row has more than %d values", maxLevels))
		}
		g.def, g.rep = append(g.def, p.def[from:p.at]...), append(g.rep, p.rep[from:p.at]...)
		p.left -= p.at - from
		if g.kind != types.Invalid {
			if err := g.add(there); err != nil {
				return err
			}
		}
		if p.left > 0 {
			return nil
		}
	}
}

// size is about what has been gathered, in bytes.
func (g *gathering) size() int {
	v := &g.vals
	return len(v.buf) + 8*(len(v.refs)+len(v.ints)+len(v.floats)) + 4*len(g.idx) + len(v.bools) + len(g.def)
}

// add appends the next n values that are there.
func (g *gathering) add(n int) error {
	if g.page.mode != modeIndexed {
		if g.idx != nil { // until now they were in the dictionary
			g.resolve()
		}
		g.flatten = true
		bad, err := g.plain(&g.page, n, &g.vals, &g.scratch)
		g.bad = append(g.bad, bad...)
		return err
	}
	text := g.kind.Storage() == types.StoreBytes && !g.flatten
	idx := g.scratch.idxOf(n)
	if text {
		from := len(g.idx)
		g.idx = grow(g.idx, n)
		idx = g.idx[from:]
	}
	if err := g.page.index.Read(idx); err != nil {
		return err
	}
	most := uint32(0)
	for _, x := range idx {
		most = max(most, x)
	}
	if n > 0 && int(most) >= g.entries {
		return errDict
	}
	if len(g.misfits) > 0 {
		for i, x := range idx {
			if m, ok := g.misfits[x]; ok {
				g.bad = append(g.bad, misfit{g.count() + i, m})
			}
		}
	}
	if !text {
		g.gather(idx)
	}
	return nil
}

// count is the number of values in vals.
func (g *gathering) count() int {
	v := &g.vals
	return len(v.ints) + len(v.floats) + len(v.refs) // of which one is in use
}

// gather appends entries of the dictionary.
func (g *gathering) gather(idx []uint32) {
	v, d := &g.vals, g.dict
	switch g.kind.Storage() {
	case types.StoreInt:
		v.ints = grow(v.ints, len(idx))
		pick(v.ints[len(v.ints)-len(idx):], d.Ints, idx)
	case types.StoreFloat:
		v.floats = grow(v.floats, len(idx))
		pick(v.floats[len(v.floats)-len(idx):], d.Floats, idx)
	case types.StoreBytes:
		if !g.copied { // the bytes of the dictionary are there once
			g.copied, g.dictAt = true, uint32(len(v.buf))
			v.buf = append(v.buf, d.Buf...)
		}
		for _, x := range idx {
			r := d.Refs[x]
			v.refs = append(v.refs, batch.Ref{Off: r.Off + g.dictAt, Len: r.Len})
		}
	}
}

// pick fills dst with entries of a dictionary.
func pick[T any](dst, entries []T, idx []uint32) {
	dst = dst[:len(idx)]
	for i, x := range idx {
		dst[i] = entries[x]
	}
}

// resolve makes values of what refers to the dictionary; nulls are already at their places.
func (g *gathering) resolve() {
	idx := g.idx
	g.idx, g.vals.refs = nil, g.vals.refs[:0]
	g.gather(idx)
}

// spread moves the last values, of which there are fewer than rows, to the rows that are not null. The others get zeros.
func (g *gathering) spread(rows, there int, bad []misfit) {
	null := uint32(g.entries)
	switch v := &g.vals; {
	case g.idx != nil || g.page.mode == modeIndexed && g.kind.Storage() == types.StoreBytes && !g.flatten:
		g.idx = spread(g.idx, rows, there, g.valid, null)
	case v.bools != nil || g.kind.Storage() == types.StoreBool:
		v.bools = spread(v.bools, rows, there, g.valid, false)
	case g.kind.Storage() == types.StoreInt:
		v.ints = spread(v.ints, rows, there, g.valid, 0)
	case g.kind.Storage() == types.StoreFloat:
		v.floats = spread(v.floats, rows, there, g.valid, 0)
	case g.kind.Storage() == types.StoreBytes:
		v.refs = spread(v.refs, rows, there, g.valid, batch.Ref{})
	}
	if len(bad) > 0 { // the k-th value that is there
		k, i := 0, 0
		for row := g.rows; i < len(bad); row++ {
			if g.valid.Get(row) {
				if bad[i].pos == g.rows+k {
					bad[i].pos = row
					i++
				}
				k++
			}
		}
	}
}

// spread moves the last `there` values of s, so that they take up `rows`, to where the bits are set; the value for others is zero.
func spread[T any](s []T, rows, there int, valid batch.Bitmap, zero T) []T {
	from := len(s) - there
	s = grow(s, rows-there)
	j := there - 1
	for i := rows - 1; i > j; i-- {
		if row := from + i; valid.Get(row) {
			s[row] = s[from+j]
			j--
		} else {
			s[row] = zero
		}
	}
	return s
}

// part gives what has been gathered.
func (g *gathering) part() *part {
	p := &part{rows: g.rows, def: g.def, rep: g.rep, bad: g.bad}
	n := g.count() + len(g.vals.bools)
	if g.flat {
		n = g.rows
	}
	switch {
	case g.kind == types.Invalid:
		p.vec = &batch.Vector{N: n}
	case g.idx != nil:
		p.vec = &batch.Vector{Type: g.dict.Type, N: len(g.idx), Dict: g.dict, Idx: g.idx}
		if g.dict.N > len(g.idx) {
			p.vec = p.vec.Flat()
		}
	default:
		p.vec = g.vals.vector(g.typ, n)
		g.refs, g.bytes = len(g.vals.refs), len(g.vals.buf)
		if g.nulls > 0 {
			p.vec.Valid = g.valid
		}
	}
	return p
}

// dictionary takes the dictionary page.
func (c *chunk) dictionary(p *file.DictionaryPage) error {
	if c.kind == types.Invalid {
		return nil
	}
	n, data := int(p.NumValues()), p.Data()
	if n < 0 || n > len(data) || c.dict != nil {
		return encoding.ErrFormat
	}
	var v vals
	bad, err := c.plain(&page{data: data}, n, &v, &c.scratch)
	if err != nil {
		return err
	}
	c.entries, c.misfits = n, map[uint32]string{}
	for _, m := range bad {
		c.misfits[uint32(m.pos)] = m.text
	}
	if c.flat && c.maxDef == 1 { // an entry for null
		switch c.kind.Storage() {
		case types.StoreInt:
			v.ints = append(v.ints, 0)
		case types.StoreFloat:
			v.floats = append(v.floats, 0)
		case types.StoreBytes:
			v.refs = append(v.refs, batch.Ref{})
		default:
			return errors.New("a column of bools has a dictionary")
		}
		c.dict = v.vector(c.typ, n+1)
		c.dict.Valid = batch.NewBitmap(n + 1)
		c.dict.Valid.Fill(n)
		return nil
	}
	c.dict = v.vector(c.typ, n)
	return nil
}
