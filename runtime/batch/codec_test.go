package batch

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"weir/compiler/types"
)

func drawType(t *rapid.T, depth int) types.Type {
	kinds := []types.Kind{types.Bool, types.Int, types.Float, types.String, types.Timestamp, types.Protein}
	if depth > 0 {
		kinds = append(kinds, types.List, types.Record)
	}
	k := types.Type{Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), Nullable: rapid.Bool().Draw(t, "nullable")}
	switch k.Kind {
	case types.List:
		elem := drawType(t, depth-1)
		k.Elem = &elem
	case types.Record:
		for _, name := range []string{"a", "b", "c"}[:rapid.IntRange(0, 3).Draw(t, "fields")] {
			k.Fields = append(k.Fields, types.Field{Name: name, Type: drawType(t, depth-1)})
		}
	}
	return k
}

func drawValue(t *rapid.T, k types.Type) any {
	if k.Nullable && rapid.IntRange(0, 3).Draw(t, "null") == 0 {
		return nil
	}
	switch k.Kind.Storage() {
	case types.StoreBool:
		return rapid.Bool().Draw(t, "bool")
	case types.StoreInt:
		return rapid.Int64().Draw(t, "int")
	case types.StoreFloat:
		return rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1.5, -2, math.Inf(1), math.Inf(-1), math.NaN(), 1e-300}).Draw(t, "float")
	case types.StoreBytes:
		return rapid.StringOfN(rapid.SampledFrom([]rune("ab\x00é")), 0, 6, -1).Draw(t, "string")
	case types.StoreList:
		out := []any{}
		for range rapid.IntRange(0, 3).Draw(t, "elements") {
			out = append(out, drawValue(t, *k.Elem))
		}
		return out
	}
	out := make([]any, len(k.Fields))
	for i, f := range k.Fields {
		out[i] = drawValue(t, f.Type)
	}
	return out
}

func drawVector(t *rapid.T, k types.Type, n int) *Vector {
	b := NewBuilder(k, n)
	for range n {
		b.Any(drawValue(t, k))
	}
	return b.Done()
}

func drawIndex(t *rapid.T, n, m int) []uint32 {
	idx := make([]uint32, n)
	for i := range idx {
		idx[i] = uint32(rapid.IntRange(0, m-1).Draw(t, "index"))
	}
	return idx
}

// drawBatch draws rows, with dictionaries of their own and shared ones, ordinals, origin and selection.
func drawBatch(t *rapid.T) *Batch {
	b := &Batch{N: rapid.IntRange(0, 9).Draw(t, "rows")}
	var shared *Vector
	for _, name := range []string{"x", "y", "z"}[:rapid.IntRange(0, 3).Draw(t, "columns")] {
		k := drawType(t, 2)
		var v *Vector
		switch rapid.IntRange(0, 3).Draw(t, "form") {
		case 0, 1:
			v = drawVector(t, k, b.N)
		case 2:
			m := rapid.IntRange(1, 5).Draw(t, "entries")
			v = &Vector{Type: k, N: b.N, Dict: drawVector(t, k, m), Idx: drawIndex(t, b.N, m)}
		case 3:
			if shared == nil {
				m := rapid.IntRange(1, 300).Draw(t, "entries")
				shared = &Vector{Type: k, N: b.N, Dict: drawVector(t, k, m), Idx: drawIndex(t, b.N, m)}
			}
			v, k = shared, shared.Type
		}
		b.Row, b.Cols = append(b.Row, types.Field{Name: name, Type: k}), append(b.Cols, v)
	}
	for range rapid.IntRange(0, 2).Draw(t, "levels") {
		level := make([]uint64, b.N)
		for i := range level {
			level[i] = rapid.Uint64().Draw(t, "ordinal")
		}
		b.Ord = append(b.Ord, level)
	}
	if rapid.Bool().Draw(t, "origin") {
		b.Origin = &Origin{File: rapid.String().Draw(t, "file")}
		for _, s := range []*[]int64{&b.Origin.Record, &b.Origin.Line, &b.Origin.Byte} {
			if rapid.Bool().Draw(t, "known") {
				*s = make([]int64, b.N)
				for i := range *s {
					(*s)[i] = rapid.Int64().Draw(t, "place")
				}
			}
		}
	}
	if rapid.Bool().Draw(t, "selected") {
		b.Sel = []uint32{}
		for i := range b.N {
			if rapid.Bool().Draw(t, "counts") {
				b.Sel = append(b.Sel, uint32(i))
			}
		}
	}
	return b
}

// sameRows compares the rows that count, bit by bit.
func sameRows(t interface {
	Helper()
	Fatalf(string, ...any)
}, got, want *Batch) {
	t.Helper()
	if !got.Row.Equal(want.Row) || got.Len() != want.Len() || len(got.Ord) != len(want.Ord) || (got.Origin == nil) != (want.Origin == nil) {
		t.Fatalf("got %d rows of %s, want %d of %s", got.Len(), got.Row, want.Len(), want.Row)
	}
	for i := range got.Len() {
		p, q := got.Pos(i), want.Pos(i)
		for c := range got.Cols {
			if g, w := got.Cols[c].Value(p), want.Cols[c].Value(q); !sameValue(g, w) {
				t.Fatalf("row %d, column %d: got %v, want %v", i, c, g, w)
			}
		}
		for l := range got.Ord {
			if got.Ord[l][p] != want.Ord[l][q] {
				t.Fatalf("row %d: ordinals differ", i)
			}
		}
		if w := want.Origin; w != nil {
			g := got.Origin
			for _, s := range [][2][]int64{{g.Record, w.Record}, {g.Line, w.Line}, {g.Byte, w.Byte}} {
				if g.File != w.File || (s[0] == nil) != (s[1] == nil) || s[0] != nil && s[0][p] != s[1][q] {
					t.Fatalf("row %d: origins differ", i)
				}
			}
		}
	}
}

func sameValue(a, b any) bool {
	switch x := a.(type) {
	case float64:
		y, is := b.(float64)
		return is && math.Float64bits(x) == math.Float64bits(y)
	case []any:
		y, is := b.([]any)
		if !is || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !sameValue(x[i], y[i]) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(a, b)
}

// TestRoundTrip: what is written is what is read, and owning rows changes none.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawBatch(t)
		sameRows(t, b.Own(), b)
		data, err := AppendFrame([]byte("before"), b)
		if err != nil {
			t.Fatal(err)
		}
		got, rest, err := DecodeFrame(append(data[len("before"):], "after"...))
		if err != nil || string(rest) != "after" {
			t.Fatal(err, rest)
		}
		sameRows(t, got, b)
		again, err := AppendFrame(nil, got)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again, data[len("before"):]) {
			t.Fatal("written again, the batch has another frame")
		}
	})
}

// TestSharing: columns over one dictionary or one index share them when read back, and only entries in use are written.
func TestSharing(t *testing.T) {
	rec := types.RecordOf(types.Field{Name: "id", Type: types.Of(types.Int)}, types.Field{Name: "s", Type: types.Of(types.String)})
	d := NewBuilder(rec, 0)
	for i := range int64(1000) {
		d.Any([]any{i, "a long text that is here a thousand times"})
	}
	idx := []uint32{7, 7, 900}
	v := &Vector{Type: rec, N: 3, Dict: d.Done(), Idx: idx}
	b := &Batch{Row: types.Row{{Name: "r", Type: rec}, {Name: "q", Type: rec}, {Name: "id", Type: types.Of(types.Int)}}, N: 3,
		Cols: []*Vector{v, v, v.Field(0)}}
	data, err := AppendFrame(nil, b)
	if err != nil {
		t.Fatal(err)
	}
	if len(data) > 250 {
		t.Errorf("three rows take %d bytes", len(data))
	}
	got, _, err := DecodeFrame(data)
	if err != nil {
		t.Fatal(err)
	}
	sameRows(t, got, b)
	r, q, id := got.Cols[0], got.Cols[1], got.Cols[2]
	if r.Dict != q.Dict || &r.Idx[0] != &q.Idx[0] || &r.Idx[0] != &id.Idx[0] || r.Dict.N != 2 {
		t.Error("dictionary and index are no longer shared")
	}
}

// TestDamage: every change of a byte and every truncation is found.
func TestDamage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data, err := AppendFrame(nil, drawBatch(t))
		if err != nil {
			t.Fatal(err)
		}
		for i := range data {
			if _, _, err := DecodeFrame(data[:i]); !errors.Is(err, ErrFrame) {
				t.Fatalf("cut off at %d: %v", i, err)
			}
			changed := bytes.Clone(data)
			changed[i] ^= byte(rapid.IntRange(1, 255).Draw(t, "change"))
			if _, _, err := DecodeFrame(changed); !errors.Is(err, ErrFrame) {
				t.Fatalf("changed at %d: %v", i, err)
			}
		}
	})
}

// TestKeyOrder: keys compare as values do, and equal values have equal keys.
func TestKeyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := drawType(t, 2)
		v := drawVector(t, k, 2)
		a, b := AppendKey(nil, v, 0), AppendKey(nil, v, 1)
		if got, want := bytes.Compare(a, b), compareValues(v.Value(0), v.Value(1)); got != want {
			t.Fatalf("%v and %v: keys compare as %d, want %d", v.Value(0), v.Value(1), got, want)
		}
		if len(a) < len(b) && bytes.HasPrefix(b, a) {
			t.Fatalf("the key of %v begins that of %v", v.Value(0), v.Value(1))
		}
	})
}

// compareValues is the order of the language: null last, NaN before it.
func compareValues(a, b any) int {
	rank := func(x any) int {
		if x == nil {
			return 2
		}
		if f, is := x.(float64); is && f != f {
			return 1
		}
		return 0
	}
	if r, s := rank(a), rank(b); r != s || r > 0 {
		return sign(r - s)
	}
	switch x := a.(type) {
	case bool:
		y := b.(bool)
		if x == y {
			return 0
		}
		if y {
			return -1
		}
		return 1
	case int64:
		if y := b.(int64); x != y {
			if x < y {
				return -1
			}
			return 1
		}
	case float64:
		if y := b.(float64); x != y {
			if x < y {
				return -1
			}
			return 1
		}
	case string:
		return bytes.Compare([]byte(x), []byte(b.(string)))
	case []any:
		y := b.([]any)
		for i := range min(len(x), len(y)) {
			if c := compareValues(x[i], y[i]); c != 0 {
				return c
			}
		}
		return sign(len(x) - len(y))
	}
	return 0
}

func sign(x int) int { return min(1, max(-1, x)) }

// FuzzDecodeFrame: hostile bytes are an error or a batch that can be read through; the checksum is made right, so that they get far.
func FuzzDecodeFrame(f *testing.F) {
	for seed := range 40 {
		data, err := AppendFrame(nil, rapid.Custom(drawBatch).Example(seed))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data[headerLen:])
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		if len(payload) > 1<<20 {
			return
		}
		b, _, err := DecodeFrame(frameOf(payload))
		if err != nil {
			if !errors.Is(err, ErrFrame) {
				t.Fatal(err)
			}
			return
		}
		if limit := 4096 + 400*len(payload); b.Bytes() > limit && len(b.Row) < 2 {
			t.Fatalf("%d bytes make a batch of %d", len(payload), b.Bytes())
		}
		data, err := AppendFrame(nil, b)
		if err != nil {
			return
		}
		if got, _, err := DecodeFrame(data); err != nil {
			t.Fatal(err)
		} else if got.N <= 1000 {
			sameRows(t, got, b)
		}
	})
}

func frameOf(payload []byte) []byte {
	frame := append([]byte(frameMagic), frameVersion, 0, byte(len(payload)), byte(len(payload)>>8), byte(len(payload)>>16), 0, 0, 0, 0, 0)
	frame = append(frame, payload...)
	sum := checksum(frame)
	for i := range 4 {
		frame[8+i] = byte(sum >> (8 * i))
	}
	return frame
}
