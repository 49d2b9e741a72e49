package diag

import "slices"

// Allow is a suppression comment: `# weir:allow W3104 reason`.
type Allow struct {
	Span   Span   // the comment
	Line   int    // the line whose findings it silences
	Code   string // as written
	Reason string // empty where it is left out, which is a finding
}

// Suppress gives the findings without those that an Allow silences, and with a warning for every Allow that is of no
// use (W3001), has no reason (W3002) or names no code that exists (W3003). An Allow silences warnings and infos of its
// code whose span begins on its line of its file; errors stay. The list given is not changed.
func Suppress(list List, allows []Allow) List {
	out := make(List, 0, len(list))
	used := make([]bool, len(allows))
	for _, d := range list {
		silenced := false
		for i, a := range allows {
			if d.Severity != Error && a.Code == d.Code && a.Span.File == d.Span.File && a.Line == d.Span.Start.Line {
				silenced, used[i] = true, true
			}
		}
		if !silenced {
			out = append(out, d)
		}
	}
	for i, a := range allows {
		switch _, known := Lookup(a.Code); {
		case !known:
			d := Diagnostic{Code: "W3003", Severity: Warning, Message: "there is no code `" + a.Code + "`",
				Span: a.Span}
			if best, ok := Suggest(a.Code, codeNames()); ok {
				d.Hint = "did you mean `" + best + "`?"
			}
			out = append(out, d)
		case !used[i]:
			d := Diagnostic{Code: "W3001", Severity: Warning, Message: "nothing to allow here: no warning `" +
				a.Code + "`", Span: a.Span,
				Fix: &Fix{Message: "delete the comment", Edits: []Edit{{Span: a.Span}}}}
			if isError := func(d Diagnostic) bool {
				return d.Code == a.Code && d.Severity == Error && d.Span.File == a.Span.File &&
					d.Span.Start.Line == a.Line
			}; slices.ContainsFunc(list, isError) {
				d.Message, d.Fix = "`"+a.Code+"` is an error; errors cannot be allowed", nil
			}
			out = append(out, d)
		case a.Reason == "":
			out = append(out, Diagnostic{Code: "W3002", Severity: Warning,
				Message: "this suppression gives no reason", Span: a.Span,
				Hint: "write `# weir:allow " + a.Code + " why it does not count here`"})
		}
	}
	return out
}

func codeNames() []string {
	var names []string
	for _, c := range Codes() {
		names = append(names, c.Code)
	}
	return names
}
