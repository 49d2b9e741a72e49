package diag

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestSuggest(t *testing.T) {
	columns := []string{"query", "target", "score", "identity", "Cutoff", "query_start", "query_end"}
	for word, want := range map[string]string{
		"scor": "score", "socre": "score", "SCORE": "score", "cutoff": "Cutoff", "identiy": "identity", "quary": "query",
		"xyz": "", "q": "", "querystart": "query_start", "": "",
	} {
		if got, ok := Suggest(word, columns); ok != (want != "") || ok && got != want {
			t.Errorf("%q: %q %v, want %q", word, got, ok, want)
		}
	}
	if _, ok := Suggest("ab", []string{"aa", "bb"}); ok {
		t.Error("a tie is no suggestion")
	}
}

func TestAlternatives(t *testing.T) {
	names := strings.Split("abcdefgh", "")
	if got := Alternatives(names); got != "`a`, `b`, `c`, `d`, `e`, `f`, …" {
		t.Error(got)
	}
	if got := Alternatives(names[:2]); got != "`a`, `b`" {
		t.Error(got)
	}
	if got := Alternatives(nil); got != "" {
		t.Error(got)
	}
}

// naive is the definition of the distance (optimal string alignment) as a recursion.
func naive(a, b []rune) int {
	if len(a) == 0 || len(b) == 0 {
		return len(a) + len(b)
	}
	n, m := len(a)-1, len(b)-1
	cost := 1
	if a[n] == b[m] {
		cost = 0
	}
	d := min(naive(a[:n], b)+1, naive(a, b[:m])+1, naive(a[:n], b[:m])+cost)
	if n > 0 && m > 0 && a[n] == b[m-1] && a[n-1] == b[m] {
		d = min(d, naive(a[:n-1], b[:m-1])+1)
	}
	return d
}

func TestDistance(t *testing.T) {
	word := rapid.StringOfN(rapid.SampledFrom([]rune("abä")), 0, 6, -1)
	rapid.Check(t, func(t *rapid.T) {
		a, b, limit := word.Draw(t, "a"), word.Draw(t, "b"), rapid.IntRange(0, 7).Draw(t, "limit")
		want := min(naive([]rune(a), []rune(b)), limit+1)
		if got := distance(a, b, limit); got != want {
			t.Fatalf("%q %q %d: %d, want %d", a, b, limit, got, want)
		}
	})
}
