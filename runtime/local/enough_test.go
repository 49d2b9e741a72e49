package local

import (
	"context"
	"fmt"
	"testing"

	"weir/planner/physical"
	"weir/runtime/op"
)

// TestEnough: a source ends its reading when nobody wants more of its rows, in its own stage or behind exchanges, however many splits there are; and
// it does not while somebody does, be it only for rejected rows.
func TestEnough(t *testing.T) {
	const n = 50
	for _, tasks := range []int{1, 2, 5} {
		for _, order := range []physical.Order{physical.Unordered, physical.BySplit} {
			for _, c := range []struct {
				name           string
				splits         int64
				chained, other bool
				rejected       bool
			}{
				{name: "chained", splits: 1 << 40, chained: true},
				{name: "behind exchanges", splits: 1 << 40},
				{name: "somebody else reads", splits: 40, other: true},
				{name: "somebody reads what is rejected", splits: 40, rejected: true},
			} {
				t.Run(fmt.Sprint(c.name, " ", tasks, order), func(t *testing.T) {
					p := newPlanner()
					args := op.Args{"rows": lit(100), "splits": lit(c.splits)}
					if c.rejected {
						args["reject"] = lit(39*100 + 7)
					}
					parallelism := tasks
					if c.chained {
						parallelism = 1
					}
					src, _ := p.source(parallelism, args)
					last := p.chain("double", nil, numberRow, src)
					if c.chained {
						last = p.chain("limit", op.Args{"n": lit(n)}, numberRow, last)
						p.chain("collect", op.Args{"to": text("first")}, nil, last)
					} else {
						last = p.behind(1, "limit", op.Args{"n": lit(n)}, numberRow, physical.Gather, order, in(last)[0])
						p.chain("collect", op.Args{"to": text("first")}, nil, last)
					}
					if c.other {
						p.behind(1, "collect", op.Args{"to": text("all")}, nil, physical.Gather, order, in(src)[0])
					}
					if c.rejected {
						p.behind(1, "collect", op.Args{"to": text("bad")}, nil, physical.Gather, physical.Unordered, side(src, "rejected"))
					}
					got, _, err := execute(t, context.Background(), p, Options{})
					if err != nil {
						t.Fatal(err)
					}
					if len(got["first"].lines) != n {
						t.Errorf("%d rows", len(got["first"].lines))
					}
					if c.other && len(got["all"].lines) != 4000 {
						t.Errorf("%d rows of all", len(got["all"].lines))
					}
					if c.rejected && len(got["bad"].lines) != 1 {
						t.Errorf("%d rejected rows", len(got["bad"].lines))
					}
				})
			}
		}
	}
}
