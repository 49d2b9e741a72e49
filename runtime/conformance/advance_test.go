package conformance_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"weir/compiler"
	"weir/compiler/types"
	"weir/lang/diag"
	"weir/planner/physical"
	"weir/runtime/conformance"
	"weir/runtime/local"
	"weir/runtime/op"
	"weir/stdlib"
)

// catalogue is that of the language with a source that never ends.
func catalogue(t *testing.T) *op.Catalogue {
	t.Helper()
	c, err := stdlib.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	clicks := &op.Operator{Name: "clicks", Role: op.SourceRole, Bounded: op.NeverEnds,
		Type: func(*op.Typing) types.Row {
			return types.Row{{Name: "user", Type: types.Of(types.String)}, {Name: "at", Type: types.Of(types.Timestamp)}}
		},
		Source: func(*op.Config) (op.Source, error) { return nil, nil }}
	if c, err = op.NewCatalogue(append(slices.Clone(c.Operators()), clicks), c.Functions(), c.Aggregates()); err != nil {
		t.Fatal(err)
	}
	return c
}

const head = `let raw = clicks()
let timed = raw |> event_time(at, out_of_order: 10s)
let minutes = timed |> window(tumbling(1m), allowed_lateness: 1m) |> aggregate(by: user, n = count())
let visits = timed |> window(session(30s)) |> aggregate(by: user, n = count())
let sliding = timed |> window(sliding(2m, every: 1m)) |> aggregate(n = count())
minutes |> write_jsonl("minutes/")
minutes.late |> write_jsonl("late/")
visits |> write_jsonl("visits/")
sliding |> write_jsonl("sliding/")
`

// TestAdvance: streams without an end give what their windows have closed, and nothing more, as time goes on in a test.
func TestAdvance(t *testing.T) {
	for name, test := range map[string]string{
		"nothing closes by itself": `
  given timed = [{ user: "u", at: 2026-01-01T00:00:10Z }, { user: "u", at: 2026-01-01T00:10:00Z }]
  expect minutes = []
  expect visits = []
  expect minutes.late = []`,
		"advance closes": `
  given timed = [{ user: "u", at: 2026-01-01T00:00:10Z }, { user: "v", at: 2026-01-01T00:01:00Z }, { user: "u", at: 2026-01-01T00:00:00Z }]
  advance 2026-01-01T00:00:59.999999999Z
  expect minutes = []
  advance 2026-01-01T00:01:00Z
  expect minutes = [{ user: "u", window_start: 2026-01-01T00:00:00Z, window_end: 2026-01-01T00:01:00Z, n: 2 }]
  advance 2026-01-01T00:02:00Z
  expect minutes = [{ user: "u", n: 2 }, { user: "v", n: 1 }]
  expect sliding = [{ window_start: 2025-12-31T23:59:00Z, n: 2 }, { window_start: 2026-01-01T00:00:00Z, n: 3 }]`,
		"rows move time": `
  given raw = [{ user: "u", at: 2026-01-01T00:00:10Z }, { user: "v", at: 2026-01-01T00:02:09Z }]
  expect minutes = []
  expect visits = [{ user: "u", window_start: 2026-01-01T00:00:10Z, window_end: 2026-01-01T00:00:40Z, n: 1 }]`,
		"late rows": `
  given raw = [{ user: "u", at: 2026-01-01T00:00:10Z }, { user: "v", at: 2026-01-01T00:02:09Z }, { user: "u", at: 2026-01-01T00:00:11Z },
               { user: "v", at: 2026-01-01T00:02:10Z }, { user: "u", at: 2026-01-01T00:00:12Z }]
  expect minutes = [{ user: "u", n: 2 }]
  expect minutes.late = [{ user: "u", at: 2026-01-01T00:00:12Z }]`,
		"sessions meet": `
  given timed = [{ user: "u", at: 2026-01-01T00:00:00Z }, { user: "u", at: 2026-01-01T00:01:00Z }, { user: "u", at: 2026-01-01T00:00:30Z },
                 { user: "u", at: 2026-01-01T00:01:31Z }]
  advance 2026-01-01T00:02:00Z
  expect visits = [{ user: "u", window_start: 2026-01-01T00:00:00Z, window_end: 2026-01-01T00:01:30Z, n: 3 }]`,
	} {
		t.Run(name, func(t *testing.T) {
			if found := run(t, head+"test \"x\" {"+test+"\n}\n"); found != "" {
				t.Error(found)
			}
		})
	}
}

// TestAdvanceFails: an expectation that comes too early fails, and says what is missing.
func TestAdvanceFails(t *testing.T) {
	found := run(t, head+`test "x" {
  given timed = [{ user: "u", at: 2026-01-01T00:00:10Z }]
  advance 2026-01-01T00:00:30Z
  expect minutes = [{ user: "u", n: 1 }]
  advance 2026-01-01T00:05:00Z
  expect minutes = [{ user: "u", n: 2 }]
}
`)
	if strings.Count(found, "W6501]") != 2*2 || !strings.Contains(found, "missing: { user: \"u\", n: 1 }") || !strings.Contains(found, "not expected: { user: \"u\", n: 1 }") {
		t.Error(found)
	}
}

func run(t *testing.T, code string) string {
	t.Helper()
	cat := catalogue(t)
	show := func(list diag.List) string {
		var b bytes.Buffer
		if err := diag.Text(&b, list, func(string) []byte { return []byte(code) }, false); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	r := compiler.Compile("x.flow", []byte(code), compiler.Options{Catalogue: cat})
	if r.Diags.HasErrors() {
		t.Fatal(show(r.Diags))
	}
	var all diag.List
	for _, parallelism := range []int{1, 3} {
		found, err := conformance.Run(t.Context(), r.Tests[0], conformance.Options{Catalogue: cat, Parallelism: parallelism,
			Driver: func(ctx context.Context, plan *physical.Plan, c *op.Catalogue, s op.Storage) error {
				_, err := local.Run(ctx, plan, local.Options{Catalogue: c, Storage: s})
				return err
			}})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found...)
	}
	return show(all)
}
