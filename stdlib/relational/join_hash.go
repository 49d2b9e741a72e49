package relational

import (
	"context"
	"errors"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/spill"
)

// hashJoin joins two inputs that are there whole: the rows of one are put into a table, in which those of the other are looked up. Where the
// smaller input does not fit into memory, both are dealt out to files by a hash of their keys, and file is joined with file, in turn
// (Kitsuregawa, Tanaka, Moto-oka 1983: "Application of hash to data base machine and its architecture"; DeWitt and others 1984 call it the
// GRACE hash join). Rows of one key that do not fit even so are taken in blocks, each of which meets the whole of the other file.
type hashJoin struct {
	*join
	out   *joined
	hs    []uint64
	first []uint32 // candidates

	rows   []uint32 // of prober.pairs
	places []spill.Place
}

// joinInput is the rows of one side, or a part of them.
type joinInput struct {
	rows, bytes int64 // bytes are what they take in memory
	read        func() spill.Sequence
	close       func() error
}

// leastTable is the memory for which rows are not dealt out, however little there is.
const leastTable = 4 << 10

// maxDepth is how often rows are dealt out; maxParts to how many files.
const (
	maxDepth = 3
	maxParts = 32
)

func (h *hashJoin) run() error {
	var in [2]joinInput
	small := h.smaller()
	for s, side := range h.sides {
		if !small.runs.Empty() {
			if err := side.spill(); err != nil {
				return err
			}
		}
		in[s] = joinInput{side.rows, side.bytes, side.read, side.runs.Drop}
	}
	if small.runs.Empty() {
		return h.inMemory(in, h.numberOf(small))
	}
	return h.join2(in, 0)
}

func (h *hashJoin) numberOf(s *joinSide) int {
	if s == h.sides[0] {
		return 0
	}
	return 1
}

// join2 joins two inputs; depth is how often their rows have been dealt out.
func (h *hashJoin) join2(in [2]joinInput, depth int) error {
	build := 1
	if in[0].bytes < in[1].bytes {
		build = 0
	}
	switch limit := max(h.ctx.Memory(), leastTable); {
	case in[build].bytes+entryBytes*in[build].rows <= limit:
		return h.inMemory(in, build)
	case depth < maxDepth:
		return h.parted(in, build, depth)
	}
	return h.inBlocks(in, build)
}

// inMemory joins with a table of all rows of the side build.
func (h *hashJoin) inMemory(in [2]joinInput, build int) error {
	batches, err := readAll(in[build].read())
	if err != nil {
		return err
	}
	t := newTable(h.sides[build], h.seed, batches)
	if err := h.probe(t, build, in[1-build].read(), nil); err != nil {
		return err
	}
	if err := h.unmet(t, build); err != nil {
		return err
	}
	return h.out.keep(build, nil)
}

func readAll(s spill.Sequence) ([]*batch.Batch, error) {
	var out []*batch.Batch
	err := giveAll(s, func(b *batch.Batch) error { out = append(out, b); return nil })
	return out, err
}

// inBlocks joins with tables of as many rows of the side build as fit into memory at a time.
func (h *hashJoin) inBlocks(in [2]joinInput, build int) error {
	met := batch.NewBitmap(int(in[1-build].rows))
	rest := in[build].read()
	for {
		var block []*batch.Batch
		for bytes := int64(0); bytes < h.ctx.Memory(); {
			b, err := rest.Next()
			if err != nil {
				return err
			}
			if b == nil {
				break
			}
			block = append(block, b)
			bytes += int64(b.Bytes()) + entryBytes*int64(b.N)
		}
		if len(block) == 0 {
			break
		}
		t := newTable(h.sides[build], h.seed, block)
		if err := h.probe(t, build, in[1-build].read(), met); err != nil {
			return err
		}
		if err := h.unmet(t, build); err != nil {
			return err
		}
	}
	if err := h.out.keep(build, nil); err != nil {
		return err
	}
	if side := 1 - build; h.outer(side) { // rows of the other side without a partner in any block
		n := 0
		if err := giveAll(in[side].read(), func(b *batch.Batch) error {
			err := h.alone(side, b, func(i int) bool { return !met.Get(n + i) })
			n += b.N
			return err
		}); err != nil {
			return err
		}
	}
	return h.out.flush()
}

// probe looks the rows of the other side up in a table. met notes which of them have had a partner, for a table that is one of several;
// nil where it is the only one.
func (h *hashJoin) probe(t *joinTable, build int, rows spill.Sequence, met batch.Bitmap) error {
	if err := h.out.keep(build, t.batches); err != nil {
		return err
	}
	side := 1 - build
	size := spill.NewSizer(t.batches)
	number := 0
	return giveAll(rows, func(b *batch.Batch) error {
		if err := h.ctx.Context().Err(); err != nil {
			return context.Cause(h.ctx.Context())
		}
		at, err := h.out.use(side, b)
		if err != nil {
			return err
		}
		p := &prober{h: h, t: t, build: build, b: b, at: at, built: size, keys: h.sides[side].keysOf(b)}
		if at := h.sides[side].at; at >= 0 {
			p.times = b.Cols[at]
		}
		h.hs = h.sides[side].hashes(h.hs[:0], h.seed, b)
		h.first = t.candidates(h.first[:0], h.hs)
		if met == nil && p.times == nil && h.kind == "inner" {
			if err := p.pairs(); err != nil {
				return err
			}
			number += b.N
			return nil
		}
		for i := range b.N {
			has := false
			if h.first[i] != 0 && !anyNull(p.keys, i) {
				if has, err = p.row(i, h.first[i], h.hs[i], met != nil && met.Get(number+i)); err != nil {
					return err
				}
			}
			if met != nil {
				if has {
					met.Set(number + i)
				}
			} else if !has && h.outer(side) {
				if err := p.alone(i); err != nil {
					return err
				}
			}
		}
		number += b.N
		return nil
	})
}

// prober looks up rows of one batch.
type prober struct {
	h     *hashJoin
	t     *joinTable
	build int
	b     *batch.Batch
	at    uint32
	keys  []*batch.Vector
	size  *spill.Sizer  // of b; nil until it is asked
	built *spill.Sizer  // of the table's rows
	times *batch.Vector // of an interval join
}

// row finds the partners of a row, from an entry with its hash on; before says that it has had one in another table.
func (p *prober) row(i int, e uint32, hash uint64, before bool) (has bool, err error) {
	for e = p.t.match(e, hash, p.keys, i); e != 0; e = p.t.more(e, hash, p.keys, i) {
		q := p.t.entries[e-1].at
		if p.times != nil && !near(p.times.Int(i), p.t.times[q.Batch].Int(int(q.Row)), p.h.within) {
			continue
		}
		if p.h.leftOnly() {
			if p.build == 1 {
				if p.h.kind == "semi" && !before {
					return true, p.alone(i)
				}
				return true, nil
			}
			n := p.t.number(q)
			if p.t.met.Get(n) && p.times == nil { // as all others of this key have been
				return true, nil
			}
			p.t.met.Set(n)
			has = true
			continue
		}
		has = true
		p.t.met.Set(p.t.number(q))
		mine, other := spill.Place{Batch: p.at, Row: uint32(i)}, spill.Place{Batch: q.Batch + 1, Row: q.Row}
		l, r := mine, other
		if p.build == 0 {
			l, r = other, mine
		}
		if err := p.h.out.add(l, r, p.rowBytes(i)+p.built.Row(q)); err != nil {
			return false, err
		}
	}
	return has, nil
}

// pairs gives every pair of an inner join. All rows are looked up first, those with one text as the key without a call a row; then the columns of
// the batch are taken by position, its text shared, and only those of the table are gathered.
func (p *prober) pairs() error {
	h, t := p.h, p.t
	rows, at := h.rows[:0], h.places[:0]
	bytes := int64(0)
	flush := func() error {
		err := h.out.pairsOf(1-p.build, p.b, rows, at)
		rows, at, bytes = rows[:0], at[:0], 0
		return err
	}
	texts := oneText(t.side, p.keys)
	for i := range p.b.N {
		e := h.first[i]
		if e == 0 || anyNull(p.keys, i) {
			continue
		}
		var x []byte
		if texts != nil {
			r := texts.Refs[i]
			x = texts.Buf[r.Off : r.Off+r.Len]
		}
		for ; e != 0; e = t.same(t.entries[e-1].next, h.hs[i]) {
			q := t.entries[e-1].at
			switch {
			case t.exact:
			case texts != nil:
				if string(x) != string(t.keys[q.Batch][0].Bytes(int(q.Row))) {
					continue
				}
			case !t.side.equal(t.keys[q.Batch], int(q.Row), p.keys, i):
				continue
			}
			rows, at = append(rows, uint32(i)), append(at, spill.Place{Batch: q.Batch + 1, Row: q.Row})
			if bytes += p.built.Row(q); len(rows) == spill.Rows || bytes >= h.out.chunk {
				if err := flush(); err != nil {
					return err
				}
			}
		}
	}
	h.rows, h.places = rows, at
	if len(rows) == 0 {
		return nil
	}
	return flush()
}

// oneText gives the key where it is one column of text as it stands; else nil.
func oneText(s *joinSide, keys []*batch.Vector) *batch.Vector {
	if len(keys) == 1 && s.key[0].store == types.StoreBytes && keys[0].Dict == nil {
		return keys[0]
	}
	return nil
}

// near reports whether two times are no further apart than so much.
func near(a, b, within int64) bool {
	if a > b {
		a, b = b, a
	}
	return uint64(b)-uint64(a) <= uint64(within)
}

// alone gives a row without a partner.
func (p *prober) alone(i int) error {
	return p.h.alone1(1-p.build, spill.Place{Batch: p.at, Row: uint32(i)}, p.rowBytes(i))
}

func (p *prober) rowBytes(i int) int64 {
	if p.size == nil {
		p.size = spill.NewSizer([]*batch.Batch{p.b})
	}
	return p.size.Row(spill.Place{Row: uint32(i)})
}

func (h *hashJoin) alone1(side int, p spill.Place, bytes int64) error {
	if side == 0 {
		return h.out.add(p, nobody, bytes)
	}
	return h.out.add(nobody, p, bytes)
}

// alone gives the rows of a batch for which given holds, without a partner.
func (h *hashJoin) alone(side int, b *batch.Batch, given func(i int) bool) error {
	at, err := h.out.use(side, b)
	if err != nil {
		return err
	}
	size := spill.NewSizer([]*batch.Batch{b})
	for i := range b.N {
		if given(i) {
			if err := h.alone1(side, spill.Place{Batch: at, Row: uint32(i)}, size.Row(spill.Place{Row: uint32(i)})); err != nil {
				return err
			}
		}
	}
	return nil
}

// unmet gives the rows of a table that are given without a partner, when the other side has been looked up in it.
func (h *hashJoin) unmet(t *joinTable, build int) error {
	semi := h.kind == "semi" && build == 0
	if !semi && !h.outer(build) {
		return nil
	}
	size := spill.NewSizer(t.batches)
	for k, b := range t.batches {
		for i := range b.N {
			p := spill.Place{Batch: uint32(k), Row: uint32(i)}
			if t.met.Get(t.number(p)) != semi {
				continue
			}
			if err := h.alone1(build, spill.Place{Batch: p.Batch + 1, Row: p.Row}, size.Row(p)); err != nil {
				return err
			}
		}
	}
	return nil
}

// parted deals the rows of both sides out to files by their keys, and joins file with file.
func (h *hashJoin) parted(in [2]joinInput, build, depth int) error {
	n := int(min(max(2, 1+(in[build].bytes+entryBytes*in[build].rows)*5/4/max(h.ctx.Memory(), 1)), maxParts))
	var files [2][]*spill.File
	defer func() {
		for _, side := range files {
			for _, f := range side {
				if f != nil {
					_ = f.Close() // the error that matters is there already
				}
			}
		}
	}()
	for s := range in {
		var err error
		if files[s], err = h.deal(s, in[s].read(), n, depth); err != nil {
			return err
		}
		if err := in[s].close(); err != nil {
			return err
		}
	}
	for k := range n {
		var part [2]joinInput
		for s := range part {
			f := files[s][k]
			part[s] = joinInput{f.Rows(), f.Bytes(), f.Read, func() error { return nil }}
		}
		next := depth + 1
		if 10*part[build].bytes > 9*in[build].bytes { // one key has most of the rows
			next = maxDepth
		}
		if err := h.join2(part, next); err != nil {
			return err
		}
		for s := range files {
			f := files[s][k]
			files[s][k] = nil
			if err := f.Close(); err != nil {
				return err
			}
		}
	}
	return nil
}

// deal deals the rows of a side out to n files. Rows that can have no partner are given at once.
func (h *hashJoin) deal(side int, rows spill.Sequence, n, depth int) (files []*spill.File, err error) {
	s := h.sides[side]
	parts, err := spill.NewParts(h.ctx.TempDir(), s.row, n, h.ctx.Memory()/4)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, parts.Close()) }()
	if err := giveAll(rows, func(b *batch.Batch) error {
		if err := h.ctx.Context().Err(); err != nil {
			return context.Cause(h.ctx.Context())
		}
		keys := s.keysOf(b)
		if s.nulls {
			if err := h.alone(side, b, func(i int) bool { return anyNull(keys, i) }); err != nil {
				return err
			}
			if b = withoutNullKeys(b, keys).Compact(); b.N == 0 {
				return nil
			}
		}
		h.hs = s.hashes(h.hs[:0], h.seed, b)
		return parts.Add(b, func(i int) int { return int(h.hs[i] >> (10 * depth) & 1023 * uint64(n) >> 10) })
	}); err != nil {
		return nil, err
	}
	return parts.Files()
}
