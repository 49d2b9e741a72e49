package check

import (
	"sort"
	"strings"
	"unicode/utf8"

	"weir/compiler/resolve"
	"weir/lang/diag"
)

// listed writes names for a label: `shown` of them at most, then … where there are more.
func listed(names []string, shown int) string {
	if len(names) > shown {
		return strings.Join(names[:shown], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}

// meant gives the name that a word most likely means. A single letter is never taken for another one.
func meant(word string, names []string) (string, bool) {
	best, ok := diag.Suggest(word, names)
	if ok && utf8.RuneCountInString(word) == 1 && !strings.Contains(strings.ToLower(best), strings.ToLower(word)) {
		return "", false
	}
	return best, ok
}

// suggest completes a diagnostic about an unknown name: what is meant, as a fix, or what there is. before reads like
// "after `align` a row has".
func suggest(d *diag.Diagnostic, word string, at diag.Span, before string, names []string) {
	best, ok := meant(word, names)
	if ok {
		d.Fix = &diag.Fix{Message: "replace with `" + best + "`", Edits: []diag.Edit{{Span: at, New: best}}}
	}
	shown := 6
	if ok {
		shown = 3
		for i, n := range names {
			if n == best && i >= shown && i < 6 {
				shown = i + 1
			}
		}
	}
	if before == "" {
		return
	}
	if len(names) == 0 {
		d.Label = before + ": nothing"
		return
	}
	d.Label = before + ": " + listed(names, shown)
}

// valueNames lists the parameters and constants that an expression of the module can use.
func (c *checker) valueNames(s *scope) []string {
	var names []string
	for n := range s.locals {
		names = append(names, n)
	}
	for n, y := range s.module.Values {
		if y.Kind == resolve.Param || y.Kind == resolve.Let && y != c.inside && !c.isStream(y) {
			names = append(names, n)
		}
	}
	sort.Strings(names)
	return names
}

// streamNames lists the lets of a module that are streams.
func (c *checker) streamNames(m *resolve.Module) []string {
	var names []string
	for n, y := range m.Values {
		if y.Kind == resolve.Let && c.isStream(y) {
			names = append(names, n)
		}
	}
	sort.Strings(names)
	return names
}

// functionNames lists what can be called in an expression.
func (c *checker) functionNames(m *resolve.Module) []string {
	var names []string
	for n, y := range m.Values {
		if y.Kind == resolve.Fn {
			names = append(names, n)
		}
	}
	for _, f := range c.o.Catalogue.Functions() {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	}
	sort.Strings(names)
	return names
}

// operatorNames lists what can stand in a pipe.
func (c *checker) operatorNames(m *resolve.Module) []string {
	var names []string
	for n, y := range m.Values {
		if y.Kind == resolve.Fn {
			names = append(names, n)
		}
	}
	for _, o := range c.o.Catalogue.Operators() {
		names = append(names, o.Name)
	}
	sort.Strings(names)
	return names
}
