package tabular

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"weir/compiler/types"
)

// What is read quickly is what the scanner and the standard library read; whatever else may be left to them.
func TestQuick(t *testing.T) {
	quick := map[string]int{}
	var memo minuteMemo // of the line before
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.OneOf(
			rapid.Map(rapid.Float64(), func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }),
			rapid.Map(rapid.Int64(), func(x int64) string { return strconv.FormatInt(x, 10) }),
			rapid.StringMatching(`-?[0-9]{0,9}(\.[0-9]{0,9})?([eE][+-]?[0-9]{1,3})?`),
		).Draw(t, "number")
		line := []byte(number + ",")
		if x, to, ok := quickFloat(line, 0); ok {
			quick["float"]++
			want, err := strconv.ParseFloat(number, 64)
			s := scanner{b: line}
			if _, valid := s.number(); err != nil || math.Float64bits(x) != math.Float64bits(want) || to != len(number) || !valid || s.i != to {
				t.Fatalf("%s is read as %v", number, x)
			}
		}
		if x, to, ok := quickInt(line, 0); ok {
			quick["int"]++
			want, err := strconv.ParseInt(number, 10, 64)
			s := scanner{b: line}
			if _, valid := s.number(); err != nil || x != want || to != len(number) || !valid || s.i != to {
				t.Fatalf("%s is read as %d", number, x)
			}
		}
		word := rapid.SampledFrom([]string{"true", "false", "tru", "falsy", "trues", "falsee", "null", ""}).Draw(t, "word") + rapid.SampledFrom([]string{",", "}", "}}", " ,", ""}).Draw(t, "end")
		if x, to, ok := quickBool([]byte(word), 0); ok {
			quick["bool"]++
			s := scanner{b: []byte(word)}
			if want := s.word("true"); !want && !s.word("false") || want != (x == 1) || s.i != to {
				t.Fatalf("%s is read as %d", word, x)
			}
		}
		text := rapid.OneOf(
			rapid.Map(rapid.Int64Range(-1e18, 7e18), func(n int64) string { return time.Unix(0, n).UTC().Format(time.RFC3339Nano) }),
			rapid.StringMatching(`[12][0-9]{3}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,10})?(Z|\+01:00)`),
			rapid.String(),
		).Draw(t, "text")
		line = fmt.Appendf(nil, "\"%s\",", text)
		if to, ok := quickText(line, 0); ok {
			quick["text"]++
			s := scanner{b: line}
			from, end, escaped, valid := s.text()
			if from != 1 || end != to || escaped || !valid {
				t.Fatalf("%q ends at %d", line, to)
			}
		}
		if x, to, ok := quickTime(line, 0); ok {
			quick["time"]++
			for range 2 {
				if y, end, ok := memo.time(line, 0); !ok || x != y || to != end {
					t.Fatalf("%s is read as %d, not %d, behind another time", text, y, x)
				}
			}
			want, why := parseTime(types.Timestamp, []byte(text))
			if why != "" || x != want || to != len(line)-1 {
				t.Fatalf("%s is read as %d, not %d, %s", text, x, want, why)
			}
		} else if _, _, ok := memo.time(line, 0); ok {
			t.Fatalf("%s is no time that is read quickly", text)
		}
	})
	for _, what := range []string{"float", "int", "bool", "text", "time"} {
		if quick[what] == 0 {
			t.Errorf("no %s was read quickly", what)
		}
	}
}

// Every day of the years that quickTime knows.
func TestQuickDays(t *testing.T) {
	for d := time.Date(1700, 1, 1, 23, 59, 59, 1000, time.UTC); d.Year() < 2200; d = d.AddDate(0, 0, 1) {
		line := "\"" + d.Format(time.RFC3339Nano) + "\"}"
		if x, _, ok := quickTime([]byte(line), 0); !ok || x != d.UnixNano() {
			t.Fatalf("%s is read as %d", line, x)
		}
	}
}

// A key that was guessed is found where it stands, and nowhere else.
func TestGuess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.StringMatching(`"[ab]{0,18}" ?:`).Draw(t, "key")
		g := newGuess([]byte(key), 0)
		line := rapid.OneOf(rapid.StringMatching(`"[ab]{0,18}" ?:[0-9]{0,9}`), rapid.Just(key), rapid.Just(key[:len(key)-1]), rapid.Map(rapid.StringMatching(`[0-9]{0,9}`),
			func(s string) string { return key + s })).Draw(t, "line")
		pad := rapid.IntRange(0, 9).Draw(t, "place")
		if got, want := g.at([]byte(strings.Repeat(" ", pad)+line), pad), strings.HasPrefix(line, key); got != want {
			t.Fatalf("%q at the beginning of %q: %v", key, line, got)
		}
	})
}
