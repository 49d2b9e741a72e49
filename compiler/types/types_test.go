package types

import (
	"testing"

	"pgregory.net/rapid"
)

// any draws a type of at most a given depth.
func anyType(depth int) *rapid.Generator[Type] {
	return rapid.Custom(func(t *rapid.T) Type {
		kinds := []Kind{Bool, Int, Float, String, Bytes, Path, Timestamp, Duration, Size, Protein, DNA, RNA, Cigar}
		if depth > 0 {
			kinds = append(kinds, List, Record)
		}
		ty := Type{Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), Nullable: rapid.Bool().Draw(t, "nullable")}
		switch ty.Kind {
		case List:
			e := anyType(depth-1).Draw(t, "element")
			ty.Elem = &e
		case Record:
			for i := range rapid.IntRange(0, 3).Draw(t, "fields") {
				ty.Fields = append(ty.Fields, Field{string(rune('a' + i)), anyType(depth-1).Draw(t, "field")})
			}
		}
		return ty
	})
}

// A type's text reads back as the same type.
func TestTextRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ty := anyType(3).Draw(t, "type")
		got, err := Parse(ty.String())
		if err != nil || !got.Equal(ty) {
			t.Fatalf("%s reads back as %s (%v)", ty, got, err)
		}
	})
}

// Assignability is reflexive, and what two types unify to takes both.
func TestUnify(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyType(1).Draw(t, "a"), anyType(1).Draw(t, "b")
		if !a.AssignableTo(a) || !a.AssignableTo(a.OrNull()) {
			t.Fatalf("%s is not assignable to itself", a)
		}
		if a.Nullable && a.AssignableTo(b) && !b.Nullable {
			t.Fatalf("%s is assignable to %s", a, b)
		}
		if u, ok := Unify(a, b); ok && (!a.AssignableTo(u) || !b.AssignableTo(u)) {
			t.Fatalf("%s and %s unify to %s", a, b, u)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"int", "list<string?>", "{ a: int, b: { c: float? } }?", "list<", "{", "{a}", "int??", "list<list<list<int>>>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ty, err := Parse(s)
		if err != nil {
			return
		}
		if again, err := Parse(ty.String()); err != nil || !again.Equal(ty) {
			t.Errorf("%q is %s, which is %s (%v)", s, ty, again, err)
		}
	})
}
