package local

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"weir/runtime/checkpoint"
	"weir/runtime/storage/localfile"
)

// opened opens a checkpoint folder for a plan.
func opened(t fataler, p *planner, dir string) *Checkpoints {
	t.Helper()
	store, from, err := checkpoint.Open(context.Background(), localfile.New(), dir)
	if err != nil {
		t.Fatal(err)
	}
	c := &Checkpoints{Store: store, Every: 300 * time.Microsecond, From: from}
	if from != nil {
		if c.Match, err = from.MatchPlan(&p.plan); err != nil {
			t.Fatal(err)
		}
		if c.Match.Lost() {
			t.Fatalf("state is said to be lost: %+v", c.Match.States)
		}
	}
	return c
}

// TestResume: a run that is stopped at any moments, and taken up each time, gives what an uninterrupted one does: no row is lost, and none
// comes twice.
func TestResume(t *testing.T) {
	resumed, seeds := 0, 40
	if testing.Short() {
		seeds = 8
	}
	shapes := rapid.Custom(drawShape)
	for seed := range seeds {
		random := rand.New(rand.NewPCG(uint64(seed), 3))
		s := shapes.Example(seed)
		s.chain = append(s.chain, "slow")
		parallelism := 1 + random.IntN(4)
		memory := []int64{1, 20000, DefaultMemory}[random.IntN(3)]
		want, _, err := execute(t, context.Background(), s.plan(parallelism), Options{Memory: memory})
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		for attempt := 0; ; attempt++ {
			p := s.plan(parallelism)
			c := opened(t, p, dir)
			ctx, cancel := context.WithCancel(context.Background())
			if attempt < 8 {
				time.AfterFunc(time.Duration(random.IntN(6000))*time.Microsecond, cancel)
			}
			got, _, err := execute(t, ctx, p, Options{Memory: memory, Checkpoints: c})
			cancel()
			if c.From != nil {
				resumed++
				_ = c.From.Close()
			}
			if err != nil {
				if !errors.Is(err, context.Canceled) {
					t.Fatal(seed, err)
				}
				continue
			}
			for name := range want {
				if got[name] == nil || !slices.Equal(want[name].lines, got[name].lines) {
					t.Errorf("seed %d: %s after %d attempts: %s", seed, name, attempt, difference(want[name], got[name]))
				}
			}
			break
		}
	}
	if resumed == 0 {
		t.Error("no run was taken up from a checkpoint")
	}
}

// difference says which lines are missing, and which are too many.
func difference(want, got *result) string {
	if got == nil {
		return "nothing"
	}
	count := map[string]int{}
	for _, l := range want.lines {
		count[l]++
	}
	for _, l := range got.lines {
		count[l]--
	}
	out := ""
	for _, l := range append(slices.Clone(want.lines), got.lines...) {
		if n := count[l]; n != 0 {
			out += fmt.Sprintf(" %+d of %q", -n, l)
			count[l] = 0
		}
	}
	if out == "" {
		return "another order"
	}
	return out
}
