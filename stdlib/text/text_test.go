package text

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

// call computes a function for one row of texts and numbers.
func call(t testing.TB, f *op.Function, args ...any) (any, string) {
	t.Helper()
	var ts []types.Type
	var vs []*batch.Vector
	for _, a := range args {
		ty := types.Of(types.String)
		switch x := a.(type) {
		case int:
			ty, a = types.Of(types.Int), int64(x)
		case []any:
			ty = types.ListOf(types.Of(types.String))
		}
		ts, vs = append(ts, ty), append(vs, batch.Repeat(ty, a, 1))
	}
	o, err := f.Resolve(ts)
	if err != nil {
		t.Fatal(err)
	}
	reason := ""
	v, err := o.Eval(&op.Call{N: 1, Args: vs, Type: o.Result, Fail: func(_ int, code, r string) { reason = code + " " + r }})
	if err != nil {
		t.Fatal(err)
	}
	if reason != "" {
		return nil, reason
	}
	return v.Value(0), ""
}

// TestAgainstGo compares with the functions of Go's strings, on text that is UTF-8 and on bytes that are not.
func TestAgainstGo(t *testing.T) {
	texts := rapid.OneOf(rapid.StringOf(rapid.SampledFrom([]rune("abAB,ä \t✓"))), rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 8), func(b []byte) string { return string(b) }))
	rapid.Check(t, func(rt *rapid.T) {
		x, y := texts.Draw(rt, "x"), texts.Draw(rt, "y")
		i, j := rapid.IntRange(-9, 9).Draw(rt, "i"), rapid.IntRange(-9, 9).Draw(rt, "j")
		same := func(f *op.Function, want any, args ...any) {
			if got, reason := call(t, f, args...); got != want || reason != "" {
				rt.Errorf("%s(%q): got %q %s, want %q", f.Name, args, got, reason, want)
			}
		}
		same(Length, int64(utf8.RuneCountInString(x)), x)
		same(Trim, strings.TrimSpace(x), x)
		same(StartsWith, strings.HasPrefix(x, y), x, y)
		same(EndsWith, strings.HasSuffix(x, y), x, y)
		same(Contains, strings.Contains(x, y), x, y)
		if y != "" {
			same(Replace, strings.ReplaceAll(x, y, "<>"), x, y, "<>")
			parts, _ := call(t, Split, x, y)
			if back, _ := call(t, Join, parts, y); back != x {
				rt.Errorf("split and joined, %q is %q", x, back)
			}
		}
		if utf8.ValidString(x) {
			same(Upper, strings.ToUpper(x), x)
			runes := []rune(x)
			at := func(p int) int {
				if p < 0 {
					p += len(runes)
				}
				return max(0, min(p, len(runes)))
			}
			want := ""
			if at(i) < at(j) {
				want = string(runes[at(i):at(j)])
			}
			same(Slice, want, x, i, j)
			turned, _ := call(t, Reverse, x)
			same(Reverse, x, turned)
		}
		if i >= 0 {
			same(Repeat, strings.Repeat(x, i), x, i)
			padded, _ := call(t, PadLeft, x, i, "*")
			same(Length, int64(max(i, utf8.RuneCountInString(x))), padded)
		}
	})
}

// FuzzParse: what parse_… takes, Go's own parsers take, with the same value; try_parse_… is null exactly where parse_… rejects the row.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"42", "-0", "+7", "9223372036854775808", "1e3", "0x1p3", "1_000", "NaN", "-inf", "1e999", "2026-01-31", "2026-01-31T12:00:00.5+02:00",
		"9999-01-01", "True", " 7 ", "", "\xff", strings.Repeat("9", 2000)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		trimmed := strings.TrimSpace(s)
		for _, p := range []struct{ strict, try *op.Function }{{ParseInt, TryParseInt}, {ParseFloat, TryParseFloat}, {ParseTimestamp, TryParseTimestamp}, {ParseBool, TryParseBool}} {
			v, reason := call(t, p.strict, s)
			if try, _ := call(t, p.try, s); try != v && !isNaN(v) {
				t.Errorf("%s(%q) is %v, and tried %v", p.strict.Name, s, v, try)
			}
			if (v == nil) != (reason != "") || len(reason) > 400 {
				t.Errorf("%s(%q): %v %q", p.strict.Name, s, v, reason)
			}
			switch x := v.(type) {
			case int64:
				if p.strict == ParseInt {
					if want, err := strconv.ParseInt(trimmed, 10, 64); err != nil || want != x {
						t.Errorf("%q is %d, not %d", s, x, want)
					}
				} else if y := time.Unix(0, x).UTC().Year(); y < 1677 || y > 2262 {
					t.Errorf("%q is in the year %d", s, y)
				}
			case float64:
				if want, err := strconv.ParseFloat(trimmed, 64); (err != nil || want != x) && !math.IsNaN(x) {
					t.Errorf("%q is %v, not %v", s, x, want)
				}
			}
		}
	})
}

func isNaN(x any) bool {
	f, ok := x.(float64)
	return ok && math.IsNaN(f)
}

// FuzzFormat: a template is taken or refused, and what it writes around the places is there.
func FuzzFormat(f *testing.F) {
	for _, s := range []string{"{}", "a{}b{}", "{{{}}}", "{", "}", "{x}", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		parts, err := template(s)
		if err != nil {
			return
		}
		if n := strings.Count(strings.NewReplacer("{{", "", "}}", "").Replace(s), "{}"); n != len(parts)-1 {
			t.Errorf("%q has %d places, not %d", s, n, len(parts)-1)
		}
	})
}

// TestBadConstants: a pattern or template that makes no sense is an error before anything runs.
func TestBadConstants(t *testing.T) {
	for _, c := range []struct {
		f      *op.Function
		consts []any
	}{{Matches, []any{nil, "("}}, {Matches, []any{nil, nil}}, {Format, []any{"{", nil}}, {Format, []any{"{} {}", nil}}} {
		o, err := c.f.Resolve([]types.Type{types.Of(types.String), types.Of(types.String)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.Prepare(c.consts); err == nil {
			t.Errorf("%s(%v) is taken", c.f.Name, c.consts)
		}
	}
}
