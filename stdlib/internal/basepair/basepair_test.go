package basepair_test

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"weir/stdlib/internal/basepair"
)

func TestComplement(t *testing.T) {
	got, at := basepair.AppendComplement(nil, []byte("ACGTUuMKRYWSVHDBNnX-."))
	if want := "TGCAAaKMYRWSBDHVNnX-."; string(got) != want || at != -1 {
		t.Errorf("%s, want %s; %d", got, want, at)
	}
	if got, at := basepair.AppendComplement([]byte("x"), []byte("AC!")); string(got) != "x" || at != 2 {
		t.Error(string(got), at)
	}
}

// Turned twice a strand is itself, but for U.
func TestReverseTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := []byte(rapid.StringMatching(`[ACGTMRWSYKVHDBNXacgtn]*`).Draw(t, "s"))
		other, at := basepair.AppendReverse([]byte("x"), s)
		if at != -1 || other[0] != 'x' {
			t.Fatal(at, other)
		}
		if again, _ := basepair.AppendReverse(nil, other[1:]); !bytes.Equal(again, s) {
			t.Fatalf("%s, %s", s, again)
		}
	})
	if dst, at := basepair.AppendReverse([]byte("x"), []byte("AC*GT")); at != 2 || string(dst) != "x" {
		t.Error(string(dst), at)
	}
}
