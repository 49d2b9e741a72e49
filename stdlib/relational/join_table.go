package relational

import (
	"hash/maphash"
	"math/bits"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/spill"
)

// joinTable finds the rows of one side, held in memory, by their keys: chains of entries with equal slots, each in the order in which the
// rows came.
type joinTable struct {
	side    *joinSide
	batches []*batch.Batch
	keys    [][]*batch.Vector // by batch
	times   []*batch.Vector   // by batch; of an interval join
	shift   int
	slots   []uint32 // the first entry + 1; 0 for none
	entries []joinEntry
	rows    int
	first   []uint32     // by batch: the number of its first row
	met     batch.Bitmap // by number: rows that have had a partner
	// exact: equal hashes are equal keys, since the hash of one number is a permutation.
	exact bool
}

// joinEntry is a row of a table: together what is looked at together.
type joinEntry struct {
	hash uint64
	next uint32 // entry + 1
	at   spill.Place
}

// entryBytes is what a row takes in a table, besides itself.
const entryBytes = 32

// newTable makes a table of batches without selections.
func newTable(s *joinSide, seed maphash.Seed, batches []*batch.Batch) *joinTable {
	n := 0
	for _, b := range batches {
		n += b.N
	}
	t := emptyTable(s, n)
	for _, b := range batches {
		t.name(b)
	}
	var hs []uint64
	for k := len(batches) - 1; k >= 0; k-- { // from the last row on, so that chains begin with the first
		b := batches[k]
		hs = s.hashes(hs[:0], seed, b)
		for i := b.N - 1; i >= 0; i-- {
			if !anyNull(t.keys[k], i) {
				t.put(hs[i], spill.Place{Batch: uint32(k), Row: uint32(i)})
			}
		}
	}
	return t
}

// emptyTable makes a table for about n rows.
func emptyTable(s *joinSide, n int) *joinTable {
	size := bits.Len(uint(max(n, 16) - 1)) // a power of two of at least n slots
	return &joinTable{side: s, shift: 64 - size, slots: make([]uint32, 1<<size), entries: make([]joinEntry, 0, n),
		exact: len(s.key) == 1 && s.key[0].store != types.StoreBytes}
}

// name gives the next numbers to the rows of a batch.
func (t *joinTable) name(b *batch.Batch) {
	t.batches = append(t.batches, b)
	t.first = append(t.first, uint32(t.rows))
	t.rows += b.N
	t.keys = append(t.keys, t.side.keysOf(b))
	if t.side.at >= 0 {
		t.times = append(t.times, b.Cols[t.side.at])
	}
	for len(t.met)*64 < t.rows {
		t.met = append(t.met, 0)
	}
}

// put makes a row that has a number be found.
func (t *joinTable) put(h uint64, at spill.Place) {
	if len(t.entries) == len(t.slots) {
		t.shift--
		t.slots = make([]uint32, 2*len(t.slots))
		for i := range t.entries {
			x := &t.entries[i]
			slot := &t.slots[x.hash>>t.shift]
			x.next, *slot = *slot, uint32(i+1)
		}
	}
	slot := &t.slots[h>>t.shift]
	t.entries = append(t.entries, joinEntry{h, *slot, at})
	*slot = uint32(len(t.entries))
}

// number is the number of a row among all rows of the table.
func (t *joinTable) number(p spill.Place) int { return int(t.first[p.Batch] + p.Row) }

// candidates appends, for every hash, the first entry that has it; 0 for none. It looks for all at once, so that the processor need not wait
// for one to begin with the next.
func (t *joinTable) candidates(dst []uint32, hashes []uint64) []uint32 {
	from := len(dst)
	for _, h := range hashes {
		dst = append(dst, t.slots[h>>t.shift])
	}
	for i, h := range hashes {
		dst[from+i] = t.same(dst[from+i], h)
	}
	return dst
}

// same gives the first entry with a hash, from an entry on.
func (t *joinTable) same(e uint32, h uint64) uint32 {
	for e != 0 && t.entries[e-1].hash != h {
		e = t.entries[e-1].next
	}
	return e
}

// match gives the first entry with a key, from an entry with its hash on.
func (t *joinTable) match(e uint32, h uint64, keys []*batch.Vector, row int) uint32 {
	for e != 0 {
		x := &t.entries[e-1]
		if t.exact || t.side.equal(t.keys[x.at.Batch], int(x.at.Row), keys, row) {
			return e
		}
		e = t.same(x.next, h)
	}
	return 0
}

// more gives the entry with the same key behind another one.
func (t *joinTable) more(e uint32, h uint64, keys []*batch.Vector, row int) uint32 {
	return t.match(t.same(t.entries[e-1].next, h), h, keys, row)
}
