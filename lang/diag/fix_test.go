package diag_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"weir/lang/diag"
)

func edit(from, to int, text string) diag.Edit {
	return diag.Edit{Span: diag.Span{File: "x", Start: diag.Pos{Offset: from}, End: diag.Pos{Offset: to}}, New: text}
}

func fix(edits ...diag.Edit) diag.Diagnostic {
	return diag.Diagnostic{Span: edits[0].Span, Fix: &diag.Fix{Edits: edits}}
}

func TestApplyFixes(t *testing.T) {
	src := "0123456789"
	other := edit(0, 1, "z")
	other.Span.File = "y"
	for _, c := range []struct {
		name string
		list diag.List
		want string
	}{
		{"none", nil, src},
		{"one", diag.List{fix(edit(2, 4, "ab"))}, "01ab456789"},
		{"any order", diag.List{fix(edit(8, 9, "B")), fix(edit(0, 1, ""))}, "1234567B9"},
		{"overlap: the earlier one", diag.List{fix(edit(3, 6, "B")), fix(edit(2, 4, "A"))}, "01A456789"},
		{"adjacent", diag.List{fix(edit(2, 4, "A")), fix(edit(4, 6, "B"))}, "01AB6789"},
		{"two insertions", diag.List{fix(edit(2, 2, "A")), fix(edit(2, 2, "B"))}, "01A23456789"},
		{"all or nothing", diag.List{fix(edit(2, 4, "A")), fix(edit(3, 3, "B"), edit(9, 10, "C"))}, "01A456789"},
		{"several edits", diag.List{fix(edit(9, 10, ")"), edit(0, 0, "("))}, "(012345678)"},
		{"other file", diag.List{fix(other)}, src},
		{"outside", diag.List{fix(edit(9, 11, "")), fix(edit(5, 4, ""))}, src},
	} {
		if got := string(diag.ApplyFixes("x", []byte(src), c.list)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestApplyFixesOnce shows that the result's length is the source's, changed by fixes that do not overlap.
func TestApplyFixesOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "src")
		var list diag.List
		for range rapid.IntRange(0, 6).Draw(t, "n") {
			from := rapid.IntRange(-1, len(src)+1).Draw(t, "from")
			list = append(list, fix(edit(from, from+rapid.IntRange(-1, 4).Draw(t, "len"), rapid.StringN(0, 3,
				-1).Draw(t, "new"))))
		}
		got := diag.ApplyFixes("x", src, list)
		most := len(src)
		for _, d := range list {
			most += len(d.Fix.Edits[0].New)
		}
		if len(got) > most {
			t.Fatalf("%q became %q", src, got)
		}
	})
}

func TestSuppress(t *testing.T) {
	on := func(line int) diag.Span {
		return diag.Span{File: "x", Start: diag.Pos{Line: line, Col: 1}, End: diag.Pos{Line: line, Col: 2}}
	}
	list := diag.List{
		{Code: "W3001", Severity: diag.Warning, Span: on(1)}, {Code: "W3001", Severity: diag.Warning, Span: on(2)},
		{Code: "W1001", Severity: diag.Error, Span: on(3)}, {Code: "W3002", Severity: diag.Info, Span: on(4)},
	}
	allow := func(line int, code, reason string) diag.Allow {
		return diag.Allow{Span: on(line), Line: line, Code: code, Reason: reason}
	}
	got := diag.Suppress(list, []diag.Allow{
		allow(1, "W3001", "why"), allow(3, "W1001", "why"), allow(4, "W3002", ""), allow(5, "W3001", "why"), allow(6,
			"W30O1", "why"),
	})
	var out []string
	for _, d := range got {
		out = append(out, d.Code+" "+d.Severity.String()+" "+d.Message)
	}
	want := []string{
		"W3001 warning ", "W1001 error ",
		"W3001 warning `W1001` is an error; errors cannot be allowed",
		"W3002 warning this suppression gives no reason",
		"W3001 warning nothing to allow here: no warning `W3001`",
		"W3003 warning there is no code `W30O1`",
	}
	if diff := cmp.Diff(want, out); diff != "" {
		t.Error(diff)
	}
}
