package local

import (
	"context"
	"fmt"
	"testing"

	"go.uber.org/goleak"

	"weir/planner/physical"
	"weir/runtime/op"
	"weir/runtime/storage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func runPlan(t testing.TB, p *planner, o Options) (map[string]*result, *Summary, error) {
	t.Helper()
	results := map[string]*result{}
	o.Catalogue, o.Storage = testCatalogue(t, results), storage.New()
	if o.TempDir == "" {
		o.TempDir = t.TempDir()
	}
	s, err := Run(context.Background(), &p.plan, o)
	return results, s, err
}

func TestHappyPath(t *testing.T) {
	for _, parallelism := range []int{1, 2, 8} {
		p := newPlanner()
		src, _ := p.source(parallelism, op.Args{"rows": lit(20), "splits": lit(20)})
		d := p.chain("double", nil, numberRow, src)
		p.behind(1, "collect", op.Args{"to": text("rows")}, nil, physical.Gather, physical.BySplit, in(d)[0])
		sum := p.behind(parallelism, "sum", nil, numberRow, physical.Hash, "", in(d)[0])
		p.behind(1, "collect", op.Args{"to": text("sums")}, nil, physical.Gather, physical.ByOrdinals, in(sum)[0])
		pr := p.pairs(parallelism, d, physical.BySplit)
		p.behind(1, "collect", op.Args{"to": text("pairs")}, nil, physical.Gather, physical.ByOrdinals, in(pr)[0])
		got, s, err := runPlan(t, p, Options{})
		if err != nil {
			t.Fatal(err)
		}
		rows := got["rows"].lines
		if len(rows) != 400 || rows[0] != "0\t0" || rows[399] != fmt.Sprintf("399\t%d", 2*(399*7919%101)) {
			t.Errorf("%d rows: %.60v", len(rows), rows)
		}
		if n := len(got["sums"].lines); n != 101 || got["sums"].lines[0][:2] != "0\t" {
			t.Errorf("%d sums", n)
		}
		if n := len(got["pairs"].lines); n != 400*399/2 {
			t.Errorf("%d pairs", n)
		}
		if c := s.Nodes[pr]; c.RowsIn != 400 || c.RowsOut != 400*399/2 || c.Named["pairs"] != c.RowsOut {
			t.Errorf("counters of pairs: %+v", c)
		}
	}
}
