package input

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/runtime/op/optest"
)

// give is a reader: rows 0 to n-1 in batches of some size, and a rejected record before every third row.
func give(o op.Output, n, size int) error {
	for at := 0; at < n; {
		b := batch.NewBuilder(types.Of(types.Int), size)
		k := 0
		for ; k < size && at < n; k++ {
			if at%3 == 0 {
				if err := o.Reject(op.Rejection{Record: int64(at)}); err != nil {
					return err
				}
			}
			b.Int(int64(at))
			at++
		}
		if err := o.Emit(&batch.Batch{Row: types.Row{{Name: "n", Type: types.Of(types.Int)}}, N: k, Cols: []*batch.Vector{b.Done()}}); err != nil {
			return err
		}
	}
	return nil
}

// TestFollow: whatever a split is taken up from, and however often, every row and every rejected record comes once and in order, whatever size the
// batches have.
func TestFollow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 40).Draw(t, "rows")
		split := op.Split{Index: 7, Data: json.RawMessage(`{"path":"x"}`)}
		var rows, rejected []string
		for last := false; !last; {
			part, err := PartOf(split)
			if err != nil {
				t.Fatal(err)
			}
			got := &optest.Output{}
			f, err := Follow(got, split, part, true)
			if err != nil {
				t.Fatal(err)
			}
			if err := give(f, n, rapid.IntRange(1, 9).Draw(t, "size")); err != nil {
				t.Fatal(err)
			}
			if len(got.Rests) == 0 { // all was given before
				break
			}
			// Cut at one of the places of rest: what was given later is lost.
			cut := rapid.IntRange(0, len(got.Rests)-1).Draw(t, "cut")
			last = cut == len(got.Rests)-1
			next, err := got.Rests[cut]()
			if err != nil {
				t.Fatal(err)
			}
			p, err := PartOf(next)
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range got.Batches {
				for i := range b.N {
					if len(rows) < int(p.Rows) {
						rows = append(rows, fmt.Sprint(b.Cols[0].Int(i)))
					}
				}
			}
			for _, r := range got.Rejections {
				if len(rejected) < int(p.Rejected) {
					rejected = append(rejected, fmt.Sprint(r.Record))
				}
			}
			split = next
		}
		var wantRows, wantRejected []string
		for i := range n {
			wantRows = append(wantRows, fmt.Sprint(i))
			if i%3 == 0 {
				wantRejected = append(wantRejected, fmt.Sprint(i))
			}
		}
		if !slices.Equal(rows, wantRows) || !slices.Equal(rejected, wantRejected) {
			t.Fatalf("rows %v\nrejected %v", rows, rejected)
		}
	})
}
