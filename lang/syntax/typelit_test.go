package syntax

import "testing"

// A row type may stand as the value of `as`, with all that a type has.
func TestRowTypeAsOption(t *testing.T) {
	src := "let a = read_jsonl(\"a.jsonl\", as: { x: float?, y: list<int>, z: { w: string } }, poll: 3s)\n"
	f, diags := Parse("a.flow", []byte(src))
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	arg := f.Decls[0].(*Let).Value.(*Call).Args[1]
	lit, ok := arg.Value.(*TypeLit)
	if !ok || arg.Kind != Option || arg.Name.Name != "as" {
		t.Fatalf("%+v", arg)
	}
	if r := lit.Type.(*RecordType); len(r.Fields) != 3 {
		t.Errorf("%+v", r)
	}
	if got := src[lit.Span.Start.Offset:lit.Span.End.Offset]; got != "{ x: float?, y: list<int>, z: { w: string } }" {
		t.Errorf("the span is %q", got)
	}
	// A tuple of names is still what pairs takes.
	if _, diags := Parse("a.flow", []byte("let a = b |> pairs(as: (query, target))\n")); len(diags) > 0 {
		t.Error(diags)
	}
}
