package testcat

import (
	"weir/compiler/expr"
	"weir/compiler/types"
	"weir/runtime/op"
)

// Hunted is what the first hunt of a set against itself gives.
var Hunted = types.Row{{Name: "query_number", Type: Int}, {Name: "target_number", Type: Int}, {Name: "score", Type: Int}}

func hunt(none func(*op.Config) (op.Instance, error), source func(*op.Config) (op.Source, error)) *op.Operator {
	return &op.Operator{Name: "hunt", Role: op.TransformRole, Bounded: op.NeedsEnd,
		Params: []op.Param{{Name: "db", Kind: op.Stream, Required: true},
			{Name: "on", Kind: op.Each, Required: true, Named: true},
			{Name: "as", Kind: op.Names, Required: true, Named: true, Min: 2},
			{Name: "mode", Kind: op.Word, Words: []string{"local", "fit"}, Default: "local"},
			{Name: "mirrored", Kind: op.Value, Type: Bool, Hidden: true}, {Name: "found", Kind: op.Stream, Hidden: true}},
		Caps: op.Caps{Mirror: &op.Mirror{Param: "mirrored", Found: "found", Row: Hunted, Symmetric: func(a op.Args) (bool, string) {
			on := a["on"].On[0]
			switch {
			case on.Left.String() != on.Right.String():
				return false, "two columns are compared"
			case a.Word("mode") == "fit":
				return false, "mode: fit treats the two differently"
			}
			return true, ""
		}}},
		Staged: &op.Staged{Collect: func(*op.Config, int) (op.Instance, error) { return none(nil) }, Scan: source}}
}

// Hunt adds the two best records of t for each of s.
func (s Stream) Hunt(t Stream, left, right, mode string) Stream {
	row := types.Row{{Name: "query", Type: types.RecordOf(s.Row()...)}, {Name: "target", Type: types.RecordOf(t.Row()...)}, {Name: "score", Type: Int}}
	return s.b.Node("hunt", row, op.Args{"db": {Ports: []int{1}}, "as": {Names: []string{"query", "target"}}, "mode": {Word: mode},
		"on": {On: []op.KeyPair{{Left: s.Col(left), Right: t.Col(right)}}}}, s, t)
}

// Path gives the column of an expression that is one.
func Path(e *expr.Expr) string {
	p, _ := e.Path()
	return p
}
