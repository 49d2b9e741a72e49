package relational

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
	"slices"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/spill"
)

// sortKey is a key by which rows are ordered: a column of booleans, numbers or bytes.
type sortKey struct {
	column int
	store  types.Storage
	desc   bool
}

// sortable gives the values of a key as such a column: lists and records by their form that sorts as they do.
func sortable(v *batch.Vector) *batch.Vector {
	switch v.Type.Kind.Storage() {
	case types.StoreList, types.StoreRecord:
	default:
		return v
	}
	out := batch.NewBuilder(sortableType(v.Type), v.N)
	var form []byte
	for i := range v.N {
		if v.IsNull(i) {
			out.Null()
			continue
		}
		form = batch.AppendKey(form[:0], v, i)
		out.Bytes(form)
	}
	return out.Done()
}

func sortableType(t types.Type) types.Type {
	switch t.Kind.Storage() {
	case types.StoreList, types.StoreRecord:
		return types.Type{Kind: types.Bytes, Nullable: t.Nullable}
	}
	return t
}

// compare orders two values: null last and NaN before it, whichever way the others are turned.
func (k *sortKey) compare(a *batch.Vector, i int, b *batch.Vector, j int) int {
	if x, y := k.last(a, i), k.last(b, j); x != y || x > 0 {
		return x - y
	}
	c := 0
	switch k.store {
	case types.StoreBool:
		c = cmp.Compare(boolBits(a.Bool(i)), boolBits(b.Bool(j)))
	case types.StoreInt:
		c = cmp.Compare(a.Int(i), b.Int(j))
	case types.StoreFloat:
		c = cmp.Compare(a.Float(i), b.Float(j))
	case types.StoreBytes:
		c = bytes.Compare(a.Bytes(i), b.Bytes(j))
	}
	if k.desc {
		return -c
	}
	return c
}

// The classes of a key's values, in their order.
const (
	isValue = iota
	isNaN
	isNull
)

func (k *sortKey) last(v *batch.Vector, i int) int {
	if v.IsNull(i) {
		return isNull
	}
	if k.store == types.StoreFloat {
		if x := v.Float(i); x != x {
			return isNaN
		}
	}
	return isValue
}

func boolBits(x bool) uint64 {
	if x {
		return 1
	}
	return 0
}

// compareOrdinals orders two rows by their places in the stream.
func compareOrdinals(a *batch.Batch, i int, b *batch.Batch, j int) int {
	for level := range min(len(a.Ord), len(b.Ord)) {
		if c := cmp.Compare(a.Ord[level][i], b.Ord[level][j]); c != 0 {
			return c
		}
	}
	return 0
}

// sortOrder is the order by keys, then by ordinals.
type sortOrder []sortKey

// compare orders two rows.
func (o sortOrder) compare(a *batch.Batch, i int, b *batch.Batch, j int) int {
	for k := range o {
		x := &o[k]
		if c := x.compare(a.Cols[x.column], i, b.Cols[x.column], j); c != 0 {
			return c
		}
	}
	return compareOrdinals(a, i, b, j)
}

// sort gives the places of all rows in order; rows that are equal, ordinals included, stay as they stand.
func (o sortOrder) sort(batches []*batch.Batch) []sortEntry {
	n := 0
	for _, b := range batches {
		n += b.N
	}
	es := make([]sortEntry, 0, n)
	for k, b := range batches {
		for i := range b.N {
			es = append(es, sortEntry{at: spill.Place{Batch: uint32(k), Row: uint32(i)}})
		}
	}
	s := &rowSorter{order: o, batches: batches, columns: make([][]*batch.Vector, len(o))}
	for k := range o {
		for _, b := range batches {
			s.columns[k] = append(s.columns[k], b.Cols[o[k].column])
		}
	}
	s.sort(es, make([]sortEntry, n), 0, 0)
	return es
}

// sortEntry is a row with the beginning of its key in a form that sorts as the key does.
type sortEntry struct {
	form uint64
	at   spill.Place
}

// rowSorter sorts rows by eight bytes of their keys at a time: by their digits (a radix sort from the last digit on, which keeps equal rows
// in their order) where there are many rows, by comparing where there are few. Then each run of equal ones goes on with the next bytes.
type rowSorter struct {
	order   sortOrder
	batches []*batch.Batch
	columns [][]*batch.Vector // by key and batch
}

// fewRows is how many rows are compared with each other by all that is left of their keys; radixRows from how many on digits are counted.
const (
	fewRows   = 24
	radixRows = 512
)

// sort orders rows that are equal in the keys before k, and in the first off bytes of key k. They stand in the order in which they came. aux
// is as long as they are.
func (s *rowSorter) sort(es, aux []sortEntry, k, off int) {
	for len(es) > 1 {
		if k == len(s.order) {
			s.byOrdinals(es)
			return
		}
		if len(es) <= fewRows {
			slices.SortFunc(es, func(a, b sortEntry) int { return s.compare(a.at, b.at, k) })
			return
		}
		values := s.fill(es, aux, k, off)
		if rest := es[values:]; len(rest) > 0 { // NaN, then null; all of a class are equal
			nan := 0
			for nan < len(rest) && rest[nan].form == isNaN {
				nan++
			}
			s.sort(rest[:nan], aux[:nan], k+1, 0)
			s.sort(rest[nan:], aux[:len(rest)-nan], k+1, 0)
			es, aux = es[:values], aux[:values]
		}
		byForm(es, aux)
		// Runs of equal ones, the longest last and in this loop, so that recursion is shallow however long the keys are.
		longest := es[:0]
		next := func(run []sortEntry) (key, from int) {
			if s.order[k].store == types.StoreBytes && s.goesOn(run[0].form, k) {
				return k, off + chunkLen
			}
			return k + 1, 0
		}
		for from := 0; from < len(es); {
			to := from + 1
			for to < len(es) && es[to].form == es[from].form {
				to++
			}
			run := es[from:to]
			if len(run) > len(longest) {
				run, longest = longest, run
			}
			if len(run) > 1 {
				nk, noff := next(run)
				s.sort(run, aux[:len(run)], nk, noff)
			}
			from = to
		}
		if len(longest) <= 1 {
			return
		}
		k, off = next(longest)
		es, aux = longest, aux[:len(longest)]
	}
}

// chunkLen is how many bytes of a text are in a form; the eighth says how many there are, or that more follow.
const (
	chunkLen = 7
	more     = chunkLen + 1
)

func (s *rowSorter) goesOn(form uint64, k int) bool {
	if s.order[k].desc {
		form = ^form
	}
	return form&0xff == more
}

// fill gives rows their forms, and moves those that have no value behind the others, NaN before null, their class in the place of the
// form. It gives the number of values.
func (s *rowSorter) fill(es, aux []sortEntry, k, off int) int {
	key := s.order[k]
	vs := s.columns[k]
	turn := uint64(0)
	if key.desc {
		turn = math.MaxUint64
	}
	n, nans, nulls := 0, 0, 0 // nulls stand in aux, from its end
	var v *batch.Vector
	of := uint32(math.MaxUint32)
	for _, e := range es {
		if e.at.Batch != of {
			of, v = e.at.Batch, vs[e.at.Batch]
		}
		u, i := v, int(e.at.Row)
		for u.Dict != nil {
			u, i = u.Dict, int(u.Idx[i])
		}
		if !u.Valid.Get(i) {
			nulls++
			aux[len(aux)-nulls] = sortEntry{isNull, e.at}
			continue
		}
		switch key.store {
		case types.StoreBool:
			e.form = boolBits(u.Bools[i])
		case types.StoreInt:
			e.form = uint64(u.Ints[i]) ^ 1<<63
		case types.StoreFloat:
			x := u.Floats[i]
			if x != x {
				aux[nans] = sortEntry{isNaN, e.at}
				nans++
				continue
			}
			e.form = floatForm(x)
		default:
			r := u.Refs[i]
			e.form = textForm(u.Buf[r.Off:r.Off+r.Len], off)
		}
		e.form ^= turn
		es[n] = e
		n++
	}
	copy(es[n:], aux[:nans])
	for i := range nulls {
		es[n+nans+i] = aux[len(aux)-1-i]
	}
	return n
}

// floatForm gives a number that is none of NaN as bits that sort as it does.
func floatForm(x float64) uint64 {
	u := math.Float64bits(x + 0) // -0 + 0 is 0
	if u>>63 != 0 {
		return ^u
	}
	return u | 1<<63
}

// textForm gives some bytes of a text from off on, and behind them how many there are.
func textForm(x []byte, off int) uint64 {
	x = x[off:]
	if len(x) > chunkLen {
		return binary.BigEndian.Uint64(x)&^0xff | more
	}
	u := uint64(len(x))
	for i, c := range x {
		u |= uint64(c) << (56 - 8*i)
	}
	return u
}

// byForm sorts by the forms, and leaves equal ones as they stand.
func byForm(es, aux []sortEntry) {
	if len(es) < radixRows {
		slices.SortFunc(es, func(a, b sortEntry) int {
			if c := cmp.Compare(a.form, b.form); c != 0 {
				return c
			}
			return comparePlaces(a.at, b.at)
		})
		return
	}
	var counts [8][256]uint32
	for _, e := range es {
		for d := range counts {
			counts[d][byte(e.form>>(8*d))]++
		}
	}
	from, to := es, aux
	for d := range counts {
		c := &counts[d]
		if int(c[byte(es[0].form>>(8*d))]) == len(es) { // all have the same digit
			continue
		}
		at := uint32(0)
		for i, n := range c {
			c[i] = at
			at += n
		}
		for _, e := range from {
			x := byte(e.form >> (8 * d))
			to[c[x]] = e
			c[x]++
		}
		from, to = to, from
	}
	if &from[0] != &es[0] {
		copy(es, from)
	}
}

func comparePlaces(a, b spill.Place) int {
	if c := cmp.Compare(a.Batch, b.Batch); c != 0 {
		return c
	}
	return cmp.Compare(a.Row, b.Row)
}

// compare orders two rows by the keys from k on, by ordinals, by where they stand.
func (s *rowSorter) compare(a, b spill.Place, k int) int {
	for ; k < len(s.order); k++ {
		if c := s.order[k].compare(s.columns[k][a.Batch], int(a.Row), s.columns[k][b.Batch], int(b.Row)); c != 0 {
			return c
		}
	}
	if c := compareOrdinals(s.batches[a.Batch], int(a.Row), s.batches[b.Batch], int(b.Row)); c != 0 {
		return c
	}
	return comparePlaces(a, b)
}

// byOrdinals sorts rows of equal keys, which mostly are in order.
func (s *rowSorter) byOrdinals(es []sortEntry) {
	order := func(a, b sortEntry) int { return s.compare(a.at, b.at, len(s.order)) }
	if !slices.IsSortedFunc(es, order) {
		slices.SortFunc(es, order)
	}
}
