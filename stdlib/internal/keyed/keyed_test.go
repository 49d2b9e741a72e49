package keyed

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/runtime/op/optest"
)

// total is an accumulator of a count and a Streaming list of ints, enough to see that state comes back.
type total struct{ n []int64 }

func (a *total) at(g int) *int64 {
	for g >= len(a.n) {
		a.n = append(a.n, 0)
	}
	return &a.n[g]
}

func (a *total) Add(groups, _ []uint32, _ []*batch.Vector, _ [][]uint64) error {
	for _, g := range groups {
		*a.at(int(g))++
	}
	return nil
}

func (a *total) Merge(other op.Accumulator, groups []uint32) error {
	for i, g := range groups {
		*a.at(int(g)) += *other.(*total).at(i)
	}
	return nil
}
func (a *total) Append(b *batch.Builder, g int)        { b.Int(*a.at(g)) }
func (a *total) MarshalGroup(dst []byte, g int) []byte { return append(dst, byte(*a.at(g))) }
func (a *total) Bytes() int                            { return 8 * cap(a.n) }
func (a *total) UnmarshalGroup(src []byte, g int) error {
	if len(src) != 1 {
		return errState
	}
	*a.at(g) = int64(src[0])
	return nil
}

func testSpec(first, last int) Spec {
	return Spec{New: func() ([]op.Accumulator, error) { return []op.Accumulator{&total{}}, nil }, Types: []types.Type{types.Of(types.Int)},
		First: first, Last: last, All: 128}
}

// anyType draws the type of a key.
func anyType(depth int) *rapid.Generator[types.Type] {
	return rapid.Custom(func(t *rapid.T) types.Type {
		kinds := []types.Kind{types.Bool, types.Int, types.Float, types.String, types.Timestamp, types.DNA}
		if depth > 0 {
			kinds = append(kinds, types.List, types.Record)
		}
		ty := types.Type{Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), Nullable: rapid.Bool().Draw(t, "nullable")}
		switch ty.Kind {
		case types.List:
			e := anyType(depth-1).Draw(t, "element")
			ty.Elem = &e
		case types.Record:
			for i := range rapid.IntRange(1, 3).Draw(t, "fields") {
				ty.Fields = append(ty.Fields, types.Field{Name: string(rune('a' + i)), Type: anyType(depth-1).Draw(t, "field")})
			}
		}
		return ty
	})
}

// anyValue draws a value of a type, as batch.Builder.Any takes it.
func anyValue(t *rapid.T, ty types.Type) any {
	if ty.Nullable && rapid.IntRange(0, 4).Draw(t, "null") == 0 {
		return nil
	}
	switch ty.Kind.Storage() {
	case types.StoreBool:
		return rapid.Bool().Draw(t, "x")
	case types.StoreInt:
		return rapid.Int64().Draw(t, "x")
	case types.StoreFloat:
		return rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, math.Copysign(0, -1), math.NaN(), math.Inf(1), math.Inf(-1)})).Draw(t, "x")
	case types.StoreBytes:
		return rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "\x00", "a\x00\x00b", "\xff"})).Draw(t, "x")
	case types.StoreList:
		list := []any{}
		for range rapid.IntRange(0, 3).Draw(t, "n") {
			list = append(list, anyValue(t, *ty.Elem))
		}
		return list
	}
	rec := make([]any, len(ty.Fields))
	for i, f := range ty.Fields {
		rec[i] = anyValue(t, f.Type)
	}
	return rec
}

// TestKeys: keys are those of batch.AppendKey, their hashes give batch.KeyGroup, and their values come back.
func TestKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var row types.Row
		var ts []types.Type
		b := &batch.Batch{N: rapid.IntRange(1, 6).Draw(t, "rows")}
		for i := range rapid.IntRange(1, 3).Draw(t, "columns") {
			ty := anyType(2).Draw(t, "type")
			c := batch.NewBuilder(ty, b.N)
			for range b.N {
				c.Any(anyValue(t, ty))
			}
			v := c.Done()
			if rapid.Bool().Draw(t, "dictionary") {
				idx := make([]uint32, b.N)
				for k := range idx {
					idx[k] = uint32(rapid.IntRange(0, b.N-1).Draw(t, "index"))
				}
				v = &batch.Vector{Type: ty, N: b.N, Dict: v, Idx: idx}
			}
			row, ts, b.Cols = append(row, types.Field{Name: string(rune('a' + i)), Type: ty}), append(ts, ty), append(b.Cols, v)
		}
		b.Row = row
		if rapid.Bool().Draw(t, "selection") {
			b.Sel = []uint32{uint32(b.N - 1)}
		}
		var keys Keys
		keys.Set(b.Cols, b)
		for i := range b.Len() {
			pos := b.Pos(i)
			var want []byte
			for _, v := range b.Cols {
				want = batch.AppendKey(want, v, pos)
			}
			n := keys.number(uint32(pos))
			if got := keys.key(n); string(got) != string(want) {
				t.Fatalf("key %x, not %x", got, want)
			}
			if got, want := int(keys.hash[n]>>32*128>>32), batch.KeyGroup(want, 128); got != want {
				t.Fatalf("key group %d, not %d", got, want)
			}
			builders := make([]*batch.Builder, len(ts))
			for k, ty := range ts {
				builders[k] = batch.NewBuilder(ty, 1)
			}
			if !AppendValues(builders, ts, want) {
				t.Fatalf("%x cannot be read", want)
			}
			var again []byte
			for _, c := range builders {
				again = batch.AppendKey(again, c.Done(), 0)
			}
			if string(again) != string(want) {
				t.Fatalf("%x reads back as %x", want, again)
			}
			for cut := range want {
				AppendValues([]*batch.Builder{batch.NewBuilder(ts[0], 1)}, ts[:1], want[:cut]) // must not panic
			}
		}
	})
}

// TestOrder: groups come in the order of their keys, whether prefixes tell them apart or not.
func TestOrder(t *testing.T) {
	s, err := New(testSpec(0, 128))
	if err != nil {
		t.Fatal(err)
	}
	ty := types.Of(types.String).OrNull()
	c := batch.NewBuilder(ty, 0)
	for _, x := range []any{"b", "", nil, "aaaaaaaaaaaaab", "aaaaaaaaaaaaaa", "a\x00", "a", "aaaaaaaa", "\xff\xff\xff\xff\xff\xff\xff\xff\xff"} {
		c.Any(x)
	}
	v := c.Done()
	b := &batch.Batch{N: v.N}
	var keys Keys
	keys.Set([]*batch.Vector{v}, b)
	if err := s.Add(Window{}, &keys, []uint32{8, 7, 6, 5, 4, 3, 2, 1, 0}, [][]*batch.Vector{nil}, nil); err != nil {
		t.Fatal(err)
	}
	var last []byte
	n := 0
	if err := s.Finish(Window{}, func(b *Block) error {
		for i := range b.N {
			if k := b.Key(i); last != nil && string(k) <= string(last) {
				t.Errorf("%q comes behind %q", k, last)
			}
			last = append(last[:0], b.Key(i)...)
			n++
		}
		return nil
	}); err != nil || n != v.N {
		t.Fatal(n, err)
	}
}

// snapshotOf makes what a snapshot of some groups has written.
func snapshotOf(t testing.TB, windows ...Window) *optest.State {
	t.Helper()
	spec := testSpec(0, 128)
	s, err := New(spec)
	if err != nil {
		t.Fatal(err)
	}
	v := &batch.Vector{Type: types.Of(types.Int), N: 5, Ints: []int64{1, 2, 3, 2, 1}}
	var keys Keys
	keys.Set([]*batch.Vector{v}, &batch.Batch{N: v.N})
	for _, w := range windows {
		if err := s.Add(w, &keys, []uint32{0, 1, 2, 3, 4}, [][]*batch.Vector{nil}, [][]uint64{{5, 4, 3, 2, 1}}); err != nil {
			t.Fatal(err)
		}
	}
	var out optest.State
	if err := s.Snapshot(&out); err != nil {
		t.Fatal(err)
	}
	if err := out.Finish(); err != nil {
		t.Fatal(err)
	}
	return &out
}

// FuzzRestore: no rows of whatever content make restoring a state, or going on with it, do worse than fail.
func FuzzRestore(f *testing.F) {
	key := batch.AppendKey(nil, &batch.Vector{Type: types.Of(types.Int), N: 1, Ints: []int64{7}}, 0)
	f.Add(uint8(batch.KeyGroup(key, 128)), int64(0), key, []byte{1, 0, 0, 0, 5}, int64(0), []byte{}, []byte{}, int64(1), int64(2), uint8(2))
	f.Add(uint8(batch.KeyGroup(nil, 128)), int64(0), []byte{}, []byte{1, 0, 0, 0, 5}, int64(0), []byte{}, []byte{1, 0, 0, 0, 5}, int64(1), int64(2), uint8(0))
	f.Add(uint8(3), int64(1), []byte{2}, []byte{9, 0, 0, 0, 5}, int64(1), []byte{2}, []byte{}, int64(5), int64(-1), uint8(1))
	f.Fuzz(func(t *testing.T, g uint8, part int64, key, state []byte, part2 int64, key2, state2 []byte, start, end int64, levels uint8) {
		var frame []byte
		w := entryWriter{size: 1 << 20, flush: frames(func(b []byte) error { frame = append(frame, b...); return nil })}
		ord := make([]uint64, levels%4)
		if err := w.row(Window{start, end}, part, key, state, ord); err != nil {
			t.Fatal(err)
		}
		if err := w.row(Window{start, end}, part2, key2, state2, ord); err != nil {
			t.Fatal(err)
		}
		if err := w.done(); err != nil {
			t.Fatal(err)
		}
		restored(t, &optest.State{Groups: map[int][][]byte{int(g % 128): {frame}}})
	})
}

// FuzzRestoreBytes: nor do any bytes.
func FuzzRestoreBytes(f *testing.F) {
	for g, states := range snapshotOf(f, Window{}, Window{1, 2}).Groups {
		for _, s := range states {
			f.Add(uint8(g), s)
		}
	}
	f.Fuzz(func(t *testing.T, g uint8, state []byte) {
		restored(t, &optest.State{Groups: map[int][][]byte{int(g % 128): {state}}})
	})
}

func restored(t *testing.T, in *optest.State) {
	s, err := New(testSpec(0, 128))
	if err != nil {
		t.Fatal(err)
	}
	if s.Restore(in) == nil {
		for _, w := range s.Windows() {
			if err := s.Finish(w, func(b *Block) error { b.Ordinals([]uint32{0}); return nil }); err != nil {
				t.Fatal(err)
			}
		}
	}
	x, err := NewSessions(testSpec(0, 128))
	if err != nil {
		t.Fatal(err)
	}
	if x.Restore(in) == nil {
		if err := x.Finish(math.MaxInt64, func(*Block) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRestoreDamaged: every byte of a snapshot that is changed, and every cut, is found out.
func TestRestoreDamaged(t *testing.T) {
	for g, states := range snapshotOf(t, Window{3, 4}).Groups {
		whole := states[0]
		try := func(what string, i int, state []byte) {
			s, err := New(testSpec(0, 128))
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Restore(&optest.State{Groups: map[int][][]byte{g: {state}}}); err == nil {
				t.Errorf("%s at %d is not found out", what, i)
			}
		}
		for i := range whole {
			bad := append([]byte(nil), whole...)
			bad[i] ^= 1
			try("a change", i, bad)
			if i > 0 {
				try("a cut", i, whole[:i])
			}
		}
		s, err := New(testSpec(0, 128))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Restore(&optest.State{Groups: map[int][][]byte{(g + 1) % 128: {whole}}}); err == nil {
			t.Error("a key in a group of others is not found out")
		}
	}
}
