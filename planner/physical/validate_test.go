package physical_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"weir/compiler/types"
	"weir/planner/internal/testcat"
	"weir/planner/physical"
)

// planned gives the stages of a pipeline: split by split into pairs, pairs sorted into one file; then a grouping by
// hash.
func planned(t testing.TB) *physical.Plan {
	t.Helper()
	c := testcat.Catalogue()
	l := testcat.Pairwise(5)
	b := &testcat.Builder{Plan: l}
	b.Fasta("b/", 5).Group("id").Sink("file", "groups")
	p, _, err := physical.Lower(l, physical.LowerOptions{Catalogue: c, Target: "local", Parallelism: 4,
		Rebalance: true})
	if err != nil {
		t.Fatal(err)
	}
	if p, _, err = physical.EliminateExchanges(p, c); err != nil {
		t.Fatal(err)
	}
	if p, _, err = physical.Chain(p, c); err != nil {
		t.Fatal(err)
	}
	if err := physical.Validate(p, c); err != nil {
		t.Fatal(err)
	}
	return p
}

// Every way in which a plan can be wrong is found, and named.
func TestValidateFindsIt(t *testing.T) {
	c := testcat.Catalogue()
	for _, tc := range []struct {
		says   string
		damage func(p *physical.Plan)
	}{
		{"has version 9", func(p *physical.Plan) { p.Version = 9 }},
		{"no operator is named", func(p *physical.Plan) { p.Nodes[0].Op = "nonsense" }},
		{"stage 1 is missing or has another ID", func(p *physical.Plan) { p.Stages[1] = nil }},
		{"the parallelism is 0", func(p *physical.Plan) { p.Stages[0].Parallelism = 0 }},
		{"the parallelism is 5000", func(p *physical.Plan) { p.Stages[0].Parallelism = 5000 }},
		{"has no operator", func(p *physical.Plan) { p.Stages[3].Ops = nil }},
		{"of node 99, which does not exist", func(p *physical.Plan) { p.Stages[0].Ops[0].Node = 99 }},
		{"reads operator 7, which does not stand before it",
			func(p *physical.Plan) { p.Stages[0].Ops[1].Inputs[0][0].Op = 7 }},
		{"there is no such place", func(p *physical.Plan) { p.Stages[1].Inputs[0].From = -1 }},
		{"there is no such place", func(p *physical.Plan) { p.Stages[1].Inputs[0].Stage = 3 }},
		{"there is no such place", func(p *physical.Plan) { p.Stages[1].Inputs[0].Port = 1 << 30 }},
		{"begins after stage 2", func(p *physical.Plan) { p.Stages[2].After = []int{2} }},
		{"is not collected by a stage that has ended before", func(p *physical.Plan) { p.Stages[2].After = nil }},
		{"has no part \"whole\"", func(p *physical.Plan) { p.Stages[1].Ops[0].Part = physical.Whole }},
		{"has no part \"scan\"", func(p *physical.Plan) { p.Stages[0].Ops[0].Part = physical.Scan }},
		{"is there twice", func(p *physical.Plan) { p.Stages[0].Ops = append(p.Stages[0].Ops, p.Stages[0].Ops[0]) }},
		{"no stage runs", func(p *physical.Plan) { p.Stages = p.Stages[:len(p.Stages)-1] }},
		{"ports are fed", func(p *physical.Plan) { p.Stages[3].Inputs = nil }},
		{"is not fed by what the node reads", func(p *physical.Plan) { p.Stages[3].Inputs[0].Side = "rejected" }},
		{"is not fed by what the node reads", func(p *physical.Plan) {
			p.Stages[3].Inputs = append(p.Stages[3].Inputs,
				p.Stages[3].Inputs[0])
		}},
		{"carries {}", func(p *physical.Plan) { p.Stages[3].Inputs[0].Row = types.Row{} }},
		{"forward from 4 tasks to 1 task", func(p *physical.Plan) {
			p.Stages[3].Inputs[0].Kind,
				p.Stages[3].Inputs[0].Order = physical.Forward, ""
		}},
		{"gather to 4 tasks", func(p *physical.Plan) { p.Stages[3].Parallelism = 4 }},
		{"it must see all rows in one task", func(p *physical.Plan) {
			p.Stages[3].Parallelism, p.Stages[3].Inputs[0].Kind, p.Stages[3].Inputs[0].Order = 4, physical.Forward, ""
		}},
		{"gets them out of order", func(p *physical.Plan) { p.Stages[3].Inputs[0].Order = "" }},
		{"do not come in splits", func(p *physical.Plan) { p.Stages[3].Inputs[0].Order = physical.BySplit }},
		{"is no order", func(p *physical.Plan) { p.Stages[3].Inputs[0].Order = "alphabetical" }},
		{"is no kind of exchange", func(p *physical.Plan) { p.Stages[3].Inputs[0].Kind = "pigeon" }},
		{"without keys", func(p *physical.Plan) { p.Stages[5].Inputs[0].Keys = nil }},
		{"do not come together", func(p *physical.Plan) {
			p.Stages[5].Inputs[0].Kind, p.Stages[5].Inputs[0].Keys = physical.Rebalance, nil
		}},
		{"with keys", func(p *physical.Plan) { p.Stages[5].Inputs[0].Kind = physical.Forward }},
		{"a key has no expression", func(p *physical.Plan) { p.Stages[5].Inputs[0].Keys[0].Expr = nil }},
		{"a key has no expression", func(p *physical.Plan) { p.Nodes[8].Args["by"].Keys[0].Expr = nil }},
	} {
		p := copied(t, planned(t))
		tc.damage(p)
		err := physical.Validate(p, c)
		if err == nil || !strings.Contains(err.Error(), tc.says) && !strings.Contains(err.Error(),
			"an expression is missing") {
			t.Errorf("want an error that says %q, got %v", tc.says, err)
		}
	}
}

// copied gives a deep copy.
func copied(t testing.TB, p *physical.Plan) *physical.Plan {
	t.Helper()
	data, err := physical.Encode(p)
	if err != nil {
		t.Fatal(err)
	}
	c, err := physical.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDecodeRefuses(t *testing.T) {
	good, err := physical.Encode(planned(t))
	if err != nil {
		t.Fatal(err)
	}
	replace := func(old, with string) []byte { return bytes.Replace(good, []byte(old), []byte(with), 1) }
	deep := `{"version":1,"nodes":[{"args":{"a":{"expr":` +
		strings.Repeat(`{"kind":"call","type":"int","name":"f","args":[`, 2500) + `null`
	wide := `{"version":1,"x":` + strings.Repeat("[", 4000) + `"` + strings.Repeat("x", 1<<20)
	for _, tc := range []struct {
		says string
		data []byte
	}{
		{"byte 0", nil},
		{"byte 2: invalid character", []byte("nonsense")},
		{"this weir reads version 1", replace(`"version": 1`, `"version": 2`)},
		{"unknown field", replace(`"target"`, `"goal"`)},
		{"was changed after it was saved", replace("anaerococcus", "streptococcus")},
		{"after top-level value", append(bytes.Clone(good), "{}"...)},
		{"more than 5000 deep", []byte(deep + strings.Repeat("[", 5000))},
		{"nested too deeply for its size", []byte(wide)},
		{"which does not stand before it", replace(`"node": 1`, `"node": 3`)},
		{"0 arguments, not 1", replace(`"kind": "column"`, `"kind": "field"`)},
		{"bytes, more than", bytes.Repeat([]byte(" "), physical.MaxSize+1)},
	} {
		_, err := physical.Decode(tc.data)
		if err == nil || !strings.Contains(err.Error(), tc.says) && !(tc.says == "byte 0" &&
			strings.Contains(err.Error(), "unexpected end")) {
			t.Errorf("want an error that says %q, got %v", tc.says, err)
		}
	}
}

// A hash names what is run: it does not depend on estimates and decisions, and depends on everything else.
func TestDigest(t *testing.T) {
	p := planned(t)
	one, err := physical.Digest(p)
	if err != nil {
		t.Fatal(err)
	}
	q := copied(t, p)
	q.Decisions, q.Estimates, q.Hash = []physical.Decision{{Rule: "x"}}, map[int]physical.NodeEstimate{1: {}}, "other"
	if same, err := physical.Digest(q); err != nil || same != one {
		t.Errorf("estimates and decisions change the hash: %v", err)
	}
	q.Stages[0].Parallelism++
	if other, err := physical.Digest(q); err != nil || other == one {
		t.Errorf("the parallelism does not change the hash: %v", err)
	}
}

// Whatever is read as a plan, it is refused or can be checked, hashed and written: no panic, no memory without end.
func FuzzDecode(f *testing.F) {
	good, err := physical.Encode(planned(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"version":1,"nodes":[{"id":1,"op":"fasta","out":{"row":[]}}],"stages":[{"id":0,"ops":[{"node":1,"part":"whole"}],"parallelism":1}]}`))
	f.Add([]byte(`{"version":1,"nodes":[{"id":1,"op":"keep","args":{"cond":{"expr":{"kind":"field","type":"int","name":"x"}}}}]}`))
	c := testcat.Catalogue()
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := physical.Decode(data)
		if err == nil {
			if err := physical.Validate(p, c); err == nil {
				again, err := physical.Encode(p)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := physical.Decode(again); err != nil {
					t.Fatal(err)
				}
			}
			return
		}
		// Past the hash, which a fuzzer does not guess: what Validate makes of it.
		var q physical.Plan
		if len(data) < 1<<16 && json.Unmarshal(data, &q) == nil {
			if physical.Validate(&q, c) == nil {
				for _, n := range q.Nodes {
					_ = testcat.Columns(n.Out.Row)
				}
				_ = testcat.Stages(&q)
				if _, err := physical.Estimates(q.Nodes, c, nil); err != nil {
					t.Fatal(err)
				}
				physical.Risks(&q, c)
			}
		}
	})
}
