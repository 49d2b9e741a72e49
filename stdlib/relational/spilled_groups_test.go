package relational_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"weir/runtime/batch"
)

const readingType = `{ k: string?, i: int, f: float, t: string?, r: { a: int, l: list<string> } }`

// readings makes n rows with about keys different keys.
func readings(c *chain, n, keys int, seed uint64) *batch.Batch {
	r := rand.New(rand.NewPCG(seed, 1))
	rows := make([][]any, n)
	for i := range rows {
		var k, t any
		if x := r.IntN(keys); x != 0 {
			k = fmt.Sprintf("key\x00%d", x)
		}
		if x := r.IntN(50); x != 0 {
			t = fmt.Sprintf("text %d", x)
		}
		f := []float64{0.1, -1e16, 1e16, 3, r.NormFloat64(), 1e-9}[r.IntN(6)]
		rows[i] = []any{k, int64(r.IntN(40) - 20), f, t, []any{int64(r.IntN(3)), []any{"x", fmt.Sprint(r.IntN(2))}}}
	}
	b := table(c.row(), rows)
	perm := make([]uint32, n)
	for i, p := range r.Perm(n) {
		perm[i] = uint32(p)
	}
	return b.Take(perm) // rows come in any order
}

const everything = `n = count(), some = count(t), s = sum(f), si = sum(i), m = mean(f), v = variance(i), lo = min(t), hi = max(f), q = quantile(f, 0.3), med = median(i),
	d = count_distinct(t), de = count_distinct(r), one = first(t), other = last(f), all = collect(t), recs = collect(r), any = any(i > 18)`

// TestSpilled: with a tenth of the memory and less, at any parallelism, the same rows come in the same places.
func TestSpilled(t *testing.T) {
	for name, stage := range map[string]string{
		"many keys":    "aggregate(by: (k, i), " + everything + ")",
		"one column":   "aggregate(by: k, " + everything + ")",
		"one group":    "aggregate(" + everything + ")",
		"record":       "aggregate(by: r, " + everything + ")",
		"distinct":     "distinct()",
		"distinct on":  "distinct(on: (i, t))",
		"few columns":  "aggregate(by: k, n = count(), s = sum(f))",
		"distinct key": "distinct(on: k)",
	} {
		t.Run(name, func(t *testing.T) {
			c := newChain(t, readingType, stage, false)
			in := readings(c, 6000, 900, 7)
			c.open(1, nil)
			c.give(parts(in, 500)...)
			c.drain()
			c.close()
			want := c.written(true)
			if len(want) == 0 {
				t.Fatal("no rows")
			}
			for _, parallelism := range []int{1, 2, 5} {
				if len(c.keys) == 0 && parallelism > 1 {
					continue
				}
				for _, memory := range []int64{24 << 10, 8 << 10} {
					c.memory = memory
					c.open(parallelism, nil)
					c.give(parts(in, 130)...)
					if c.sites[0][0].counts["spills"] == 0 {
						t.Errorf("memory %d: nothing was spilled", memory)
					}
					c.drain()
					c.close()
					if got := c.written(true); got != want {
						t.Errorf("parallelism %d, memory %d: got\n%.3000s\nwant\n%.3000s", parallelism, memory, got, want)
					}
					if files, _ := os.ReadDir(c.dir); len(files) > 0 {
						t.Errorf("%d files are left", len(files))
					}
				}
			}
		})
	}
}
