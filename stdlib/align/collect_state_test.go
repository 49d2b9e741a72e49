package align

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/runtime/op/optest"
)

// TestCollectRestored: records that are collected by one instance after the other lie in the same blocks as those that one has collected.
func TestCollectRestored(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seqs := rapid.SliceOfN(rapid.StringMatching(`[A-Z]{0,12}`), 0, 30).Draw(rt, "sequences")
		limit := rapid.IntRange(1, 8).Draw(rt, "records of a block")
		restarts := rapid.SliceOfN(rapid.IntRange(0, 30), 0, 3).Draw(rt, "restarts")
		rec := types.RecordOf(recordRow...)
		cfg := &op.Config{Args: pairArgs("once", false), In: []types.Row{recordRow}, Out: types.Row{{Name: "a", Type: rec}, {Name: "b", Type: rec}}}
		check := func(err error) {
			t.Helper()
			if err != nil {
				rt.Fatal(err)
			}
		}
		run := func(restarts []int) (map[string]string, map[string]string) {
			w, out := newWorld(), &sink{}
			start := func() *collect {
				x, err := newPairsCollect(cfg, 0)
				check(err)
				c := x.(*collect)
				c.limit = limit
				check(c.Open(w))
				return c
			}
			c := start()
			for from := 0; from <= len(seqs); from += 3 {
				for _, at := range restarts {
					if at/3*3 == from {
						state := &optest.State{}
						check(c.Snapshot(1, state))
						check(state.Finish())
						c = start()
						check(c.Restore(state))
					}
				}
				part := seqs[from:min(from+3, len(seqs))]
				check(c.Data(0, renumber(records(part), from), out))
			}
			check(c.Drain(out))
			blocks, meta := map[string]string{}, map[string]string{}
			for k, b := range w.batches {
				frame, err := batch.AppendFrame(nil, b)
				check(err)
				blocks[k] = string(frame)
			}
			for k, m := range w.meta {
				meta[k] = string(m)
			}
			return blocks, meta
		}
		blocks, meta := run(nil)
		again, metaAgain := run(restarts)
		if d := cmp.Diff(blocks, again); d != "" {
			rt.Fatal(d)
		}
		if d := cmp.Diff(meta, metaAgain); d != "" {
			rt.Fatal(d)
		}
	})
}

// TestCollectDamaged: state that is not whole is an error, whatever is wrong with it.
func TestCollectDamaged(t *testing.T) {
	rec := types.RecordOf(recordRow...)
	cfg := &op.Config{Args: pairArgs("once", false), In: []types.Row{recordRow}, Out: types.Row{{Name: "a", Type: rec}}}
	start := func() *collect {
		x, err := newPairsCollect(cfg, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := x.Open(newWorld()); err != nil {
			t.Fatal(err)
		}
		return x.(*collect)
	}
	c, state := start(), &optest.State{}
	if err := c.Data(0, records([]string{"MK", "ACDE"}), nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Snapshot(1, state); err != nil {
		t.Fatal(err)
	}
	whole := state.ItemList[0]
	for n := range whole {
		err := start().Restore(&optest.State{ItemList: [][]byte{whole[:n]}})
		if e, ok := err.(*op.Error); !ok && n != len(whole)-len(frames(t, whole)) || ok && e.Code != codeState {
			t.Errorf("%d bytes of %d: %v", n, len(whole), err)
		}
	}
}

// frames gives the frames behind the head.
func frames(t *testing.T, state []byte) []byte {
	for n := range state {
		if b, rest, err := batch.DecodeFrame(state[n:]); err == nil && len(rest) == 0 && b.N == 2 {
			return state[n:]
		}
	}
	t.Fatal("no frame")
	return nil
}
