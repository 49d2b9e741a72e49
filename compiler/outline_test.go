package compiler_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"weir/compiler"
)

func TestOutline(t *testing.T) {
	src := `## The file.

## How many.
param n: int = 3
type Row = { id: string, m: float? }
fn half(x: float): float = x / 2
## What is read.
let a = read_tsv("a.tsv", as: Row)
let b = a |> filter(m is not null) |> derive(h = half(m))
let c = n * 2
let broken = a |> filter(zz > 1) |> select(id)
let lost = a |> align(zz, id)
`
	r := compiler.Compile("x.flow", []byte(src), compiler.Options{Catalogue: catalogue})
	var got []string
	for _, s := range r.Outline {
		got = append(got, fmt.Sprintf("%d %s %s: %s %s", s.Span.Start.Line, s.Kind, s.Name, s.Type, s.Doc))
	}
	want := `4 parameter n: int How many.
5 type Row: { id: string, m: float? }` + " " + `
6 fn half: ` + " " + `
8 let a: stream of { id: string, m: float? } What is read.
9 let b: stream of { id: string, m: float, h: float }` + " " + `
10 let c: int` + " " + `
11 let broken: stream of { id: string }` + " " + `
12 let lost: ` + " "
	if d := cmp.Diff(strings.Split(want, "\n"), got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// TestCheckOnly: where no run follows, a parameter needs no value, and what hangs on it is taken on trust.
func TestCheckOnly(t *testing.T) {
	src := "param file: path\nparam n: int\nlet a = read_fasta(file)\na |> limit(n) |> filter(idd == \"x\") |> print\n"
	r := compiler.Compile("x.flow", []byte(src), compiler.Options{Catalogue: catalogue, CheckOnly: true})
	if len(r.Diags) != 1 || r.Diags[0].Code != "W2103" {
		t.Errorf("%v", r.Diags)
	}
	src = strings.Replace(src, "idd", "id", 1)
	if r = compiler.Compile("x.flow", []byte(src),
		compiler.Options{Catalogue: catalogue, CheckOnly: true}); len(r.Diags) > 0 || r.Plan != nil {
		t.Errorf("%v, a plan: %v", r.Diags, r.Plan != nil)
	}
	if r = compiler.Compile("x.flow", []byte(src), compiler.Options{Catalogue: catalogue}); len(r.Diags) != 2 {
		t.Errorf("%v", r.Diags)
	}
	values := map[string]string{"file": "/elsewhere/a.fasta", "n": "3"}
	if r = compiler.Compile("x.flow", []byte(src), compiler.Options{Catalogue: catalogue,
		Params: values, CheckOnly: true}); len(r.Diags) > 0 || r.Plan == nil {
		t.Errorf("%v, a plan: %v", r.Diags, r.Plan != nil)
	}
}
