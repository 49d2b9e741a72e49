package relational

import (
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"strings"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/runtime/spill"
)

// joinSide is how the rows of one input are held: the columns that the output needs, then the keys and the time that are none of them.
type joinSide struct {
	name  string
	keys  []evaluator
	time  *evaluator // of an interval join; nil else
	row   types.Row
	width int // columns for the output
	from  []heldColumn
	key   []sortKey // where the keys are in row
	at    int       // where the time is in row
	nulls bool      // a row that cannot have a partner is given all the same

	buffer *spill.Buffer
	runs   *spill.Runs
	rows   int64 // all that are held
	bytes  int64 // that they would take in memory
	levels int   // of ordinals
}

// heldColumn is where a held column comes from: a column of the input, a key, or the time.
type heldColumn struct {
	column string
	key    int
	time   bool
}

// newSide lays out a side. out has the columns of it that the output needs; whole names those that are taken from a key, whose type both
// sides have been brought to.
func newSide(name string, out types.Row, pairs []op.KeyPair, port int, whole map[string]op.KeyPair, nulls bool) *joinSide {
	s := &joinSide{name: name, nulls: nulls, width: len(out), row: append(types.Row(nil), out...), at: -1}
	for _, f := range out {
		h := heldColumn{column: f.Name}
		for k, p := range pairs {
			if w, ok := whole[f.Name]; ok && w == p {
				h = heldColumn{key: k}
			}
		}
		s.from = append(s.from, h)
	}
	for k, p := range pairs {
		e := p.Left
		if port == 1 {
			e = p.Right
		}
		t := sortableType(e.Type)
		at := keyIn(out, e)
		if at >= 0 && s.from[at].column == "" && s.from[at].key != k {
			at = -1
		}
		for i, f := range s.from {
			if f.column == "" && f.key == k && sortableType(out[i].Type).Equal(out[i].Type) {
				at = i
			}
		}
		if at < 0 {
			at = len(s.row)
			s.row = append(s.row, types.Field{Name: fmt.Sprintf("#%d", k), Type: t.OrNull()})
			s.from = append(s.from, heldColumn{key: k})
		}
		s.key = append(s.key, sortKey{column: at, store: t.Kind.Storage()})
	}
	return s
}

// addTime makes room for the time of a row.
func (s *joinSide) addTime() {
	s.at = len(s.row)
	s.row = append(s.row, types.Field{Name: "#time", Type: types.Of(types.Timestamp)})
	s.from = append(s.from, heldColumn{time: true})
}

func (s *joinSide) open(ctx op.Context) {
	s.buffer = spill.NewBuffer(s.row)
	s.runs = spill.NewRuns(spill.Options{Dir: ctx.TempDir(), Row: s.row, Memory: ctx.Memory()})
}

// take evaluates the keys of rows and gives what of them is held.
func (s *joinSide) take(b *batch.Batch, out op.Output) (*batch.Batch, error) {
	keys, b, err := evalAll(s.keys, b, out)
	if err != nil {
		return nil, err
	}
	var times *batch.Vector
	if s.time != nil {
		if times, b, err = s.time.eval(b, out); err != nil {
			return nil, err
		}
		if b, err = withoutNulls(b, times, s.time.text, out); err != nil {
			return nil, err
		}
	}
	if !s.nulls {
		b = withoutNullKeys(b, keys)
	}
	cols := make([]*batch.Vector, len(s.row))
	for i, f := range s.from {
		switch {
		case f.time:
			cols[i] = times
		case f.column != "":
			cols[i] = b.Cols[b.Row.Index(f.column)].Project(s.row[i].Type)
		case i < s.width:
			cols[i] = keys[f.key].Project(s.row[i].Type)
		default:
			cols[i] = sortable(keys[f.key])
		}
	}
	return b.With(s.row, cols), nil
}

// withoutNullKeys drops rows that can have no partner.
func withoutNullKeys(b *batch.Batch, keys []*batch.Vector) *batch.Batch {
	some := false
	for _, k := range keys {
		some = some || k.Valid != nil || k.Dict != nil
	}
	if !some {
		return b
	}
	kept := make([]uint32, 0, b.Len())
	for i := range b.Len() {
		if row := b.Pos(i); !anyNull(keys, row) {
			kept = append(kept, uint32(row))
		}
	}
	if len(kept) == b.Len() {
		return b
	}
	return b.Select(kept)
}

func anyNull(vs []*batch.Vector, row int) bool {
	for _, v := range vs {
		if v.IsNull(row) {
			return true
		}
	}
	return false
}

// add holds rows.
func (s *joinSide) add(b *batch.Batch) {
	if b.Len() == 0 {
		return
	}
	before := s.buffer.Bytes()
	s.levels = max(s.levels, len(b.Ord))
	s.rows += int64(b.Len())
	s.buffer.Add(b)
	s.bytes += s.buffer.Bytes() - before
}

// spill puts what is in memory on disk.
func (s *joinSide) spill() error {
	if s.buffer.Rows() == 0 {
		return nil
	}
	err := s.runs.Write(spill.InMemory(s.buffer.Batches()))
	s.buffer.Reset()
	return err
}

// keysOf gives the vectors of the keys in held rows.
func (s *joinSide) keysOf(b *batch.Batch) []*batch.Vector {
	vs := make([]*batch.Vector, len(s.key))
	for k, key := range s.key {
		vs[k] = b.Cols[key.column]
	}
	return vs
}

// hashes appends a hash of the keys of every row, good for this process. Equal keys have equal hashes.
func (s *joinSide) hashes(dst []uint64, seed maphash.Seed, b *batch.Batch) []uint64 {
	from := len(dst)
	dst = append(dst, make([]uint64, b.N)...)
	hs := dst[from:]
	for k, key := range s.key {
		v := b.Cols[key.column]
		var idx []uint32
		if v.Dict != nil && v.Dict.Dict == nil && v.Dict.N <= b.N { // each entry once
			v, idx = v.Dict, v.Idx
		}
		one := func(i int) uint64 {
			switch {
			case v.IsNull(i):
				return 0
			case key.store == types.StoreInt:
				return uint64(v.Int(i))
			case key.store == types.StoreFloat:
				return floatBits(v.Float(i))
			case key.store == types.StoreBool:
				return boolBits(v.Bool(i))
			}
			return maphash.Bytes(seed, v.Bytes(i))
		}
		put := func(i int, x uint64) {
			if k > 0 {
				x += 31 * hs[i]
			}
			hs[i] = mix(x)
		}
		switch {
		case idx != nil:
			entries := make([]uint64, v.N)
			for i := range entries {
				entries[i] = one(i)
			}
			for i, e := range idx[:b.N] {
				put(i, entries[e])
			}
		case v.Dict == nil && key.store == types.StoreInt:
			for i, x := range v.Ints[:b.N] {
				put(i, uint64(x))
			}
		default:
			for i := range hs {
				put(i, one(i))
			}
		}
	}
	return dst
}

// floatBits gives equal bits for equal keys: 0.0 for -0.0, one for every NaN.
func floatBits(x float64) uint64 {
	if x != x {
		return math.MaxUint64
	}
	return math.Float64bits(x + 0)
}

// equal reports whether the keys of two rows, neither of them null, are equal. b is of the other side.
func (s *joinSide) equal(a []*batch.Vector, i int, b []*batch.Vector, j int) bool {
	for k := range s.key {
		switch x, y := a[k], b[k]; s.key[k].store {
		case types.StoreInt:
			if x.Int(i) != y.Int(j) {
				return false
			}
		case types.StoreFloat:
			if floatBits(x.Float(i)) != floatBits(y.Float(j)) {
				return false
			}
		case types.StoreBool:
			if x.Bool(i) != y.Bool(j) {
				return false
			}
		default:
			if string(x.Bytes(i)) != string(y.Bytes(j)) {
				return false
			}
		}
	}
	return true
}

// group gives the key group of a held row. Lists and records are held in their form already.
func (s *joinSide) group(buf []byte, pairs []op.KeyPair, b *batch.Batch, row, groups int) (int, []byte) {
	buf = buf[:0]
	for k, key := range s.key {
		v := b.Cols[key.column]
		if t := pairs[k].Left.Type; !sortableType(t).Equal(t) && !v.IsNull(row) {
			buf = append(buf, v.Bytes(row)...)
			continue
		}
		buf = batch.AppendKey(buf, v, row)
	}
	return batch.KeyGroup(buf, groups), buf
}

// byGroup gives the rows of batches, whose columns are those of row, the held ones first, by key group, in pieces.
func (s *joinSide) byGroup(row types.Row, batches []*batch.Batch, pairs []op.KeyPair, groups int, give func(group int, b *batch.Batch) error) error {
	at := make([][]spill.Place, groups)
	var buf []byte
	for k, b := range batches {
		for i := range b.N {
			var g int
			g, buf = s.group(buf, pairs, b, i, groups)
			at[g] = append(at[g], spill.Place{Batch: uint32(k), Row: uint32(i)})
		}
	}
	size := spill.NewSizer(batches)
	for g, rows := range at {
		for len(rows) > 0 {
			n, bytes := 0, int64(0)
			for n < len(rows) && n < spill.Rows && bytes < 1<<20 {
				bytes += size.Row(rows[n])
				n++
			}
			if err := give(g, spill.Gather(row, batches, rows[:n])); err != nil {
				return err
			}
			rows = rows[n:]
		}
	}
	return nil
}

// ofGroups selects the rows of some key groups.
func (s *joinSide) ofGroups(b *batch.Batch, pairs []op.KeyPair, first, last, groups int) *batch.Batch {
	kept := make([]uint32, 0, b.N)
	var buf []byte
	for i := range b.N {
		var g int
		if g, buf = s.group(buf, pairs, b, i, groups); g >= first && g < last {
			kept = append(kept, uint32(i))
		}
	}
	return b.Select(kept)
}

// snapshot gives the rows on disk to a snapshot as files. What is in memory is the caller's to write.
func (s *joinSide) snapshot(w op.SnapshotWriter) { s.runs.Snapshot(s.name+"-", w) }

// restored gives the rows of the files of a snapshot, whoever wrote them.
func (s *joinSide) restored(r op.SnapshotReader, give func(*batch.Batch) error) error {
	for name, path := range r.Files() {
		if !strings.HasPrefix(name, s.name+"-") {
			continue
		}
		f, err := spill.Open(path)
		if err != nil {
			return err
		}
		err = giveAll(f.Read(), func(b *batch.Batch) error {
			if !b.Row.Equal(s.row) {
				return badState("join", fmt.Errorf("rows of %s, not %s", b.Row, s.row))
			}
			return give(b)
		})
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return r.Err()
}

// giveAll gives the batches of a sequence.
func giveAll(s spill.Sequence, give func(*batch.Batch) error) error {
	for {
		b, err := s.Next()
		if err != nil || b == nil {
			return err
		}
		if err := give(b); err != nil {
			return err
		}
	}
}

// read gives all rows, those on disk first.
func (s *joinSide) read() spill.Sequence {
	return spill.Chain(s.runs.Read(), spill.InMemory(s.buffer.Batches()))
}
