package batch

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"weir/compiler/types"
)

// The key groups of a batch are those of its rows one by one, for keys of every type, as dictionaries too, and for a part of the rows.
func TestKeyGroups(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawBatch(t)
		groups := rapid.SampledFrom([]int{1, 3, 128, 4096}).Draw(t, "groups")
		got := KeyGroups(b.Cols, b.Sel, b.N, groups)
		hashes := KeyHashes(make([]uint64, 0, 4), b.Cols, b.Sel, b.N)
		for i := range b.Len() {
			row := b.Pos(i)
			var key []byte
			for _, v := range b.Cols {
				key = AppendKey(key, v, row)
			}
			if want := KeyGroup(key, groups); int(got[row]) != want {
				t.Fatalf("row %d: group %d, want %d", row, got[row], want)
			}
			if hashes[row] != KeyHash(key) {
				t.Fatalf("row %d: another hash", row)
			}
		}
	})
}

// Key groups are part of what a snapshot means: these never change.
func TestKeyGroupStays(t *testing.T) {
	for _, c := range []struct {
		v    *Vector
		want int
	}{{one(types.String, "ada"), 5}, {one(types.Int, int64(42)), 19}, {one(types.Float, 1.5), 21}, {one(types.Bool, true), 81}} {
		if got := KeyGroup(AppendKey(nil, c.v, 0), 128); got != c.want {
			t.Errorf("%v: %d, want %d", c.v.Value(0), got, c.want)
		}
	}
}

func one(k types.Kind, x any) *Vector {
	b := NewBuilder(types.Of(k), 1)
	b.Any(x)
	return b.Done()
}

// BenchmarkKeyGroups gives the cost of the key groups of 4,096 rows.
func BenchmarkKeyGroups(b *testing.B) {
	const n = 4096
	ints, texts := NewBuilder(types.Of(types.Int), n), NewBuilder(types.Of(types.String), n)
	idx := make([]uint32, n)
	for i := range n {
		ints.Int(int64(i) * 7919)
		texts.String(fmt.Sprintf("u%05d", i))
		idx[i] = uint32(i % 20)
	}
	text := texts.Done()
	for name, v := range map[string]*Vector{"int": ints.Done(), "text": text, "dictionary": {Type: text.Type, N: n, Dict: text.Take(idx[:20]), Idx: idx}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				KeyGroups([]*Vector{v}, nil, n, 128)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
		})
	}
}
