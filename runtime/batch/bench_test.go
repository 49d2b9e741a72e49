package batch

import (
	"fmt"
	"testing"

	"weir/compiler/types"
)

// BenchmarkFrame gives the speed of writing and reading frames of 4,096 rows of four columns.
func BenchmarkFrame(b *testing.B) {
	row := types.Row{{Name: "i", Type: types.Of(types.Int)}, {Name: "f", Type: types.Of(types.Float)}, {Name: "s", Type: types.Of(types.String)},
		{Name: "n", Type: types.Of(types.Int).OrNull()}}
	in := &Batch{Row: row, N: 4096}
	for _, f := range row {
		v := NewBuilder(f.Type, in.N)
		for k := range in.N {
			switch {
			case f.Name == "n" && k%3 == 0:
				v.Null()
			case f.Type.Kind == types.Int:
				v.Int(int64(k))
			case f.Type.Kind == types.Float:
				v.Float(float64(k) / 7)
			default:
				v.String(fmt.Sprint("value ", k))
			}
		}
		in.Cols = append(in.Cols, v.Done())
	}
	data, err := AppendFrame(nil, in)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("append", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			if data, err = AppendFrame(data[:0], in); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			if _, _, err := DecodeFrame(data); err != nil {
				b.Fatal(err)
			}
		}
	})
}
