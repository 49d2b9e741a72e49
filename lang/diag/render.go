package diag

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Format names a rendering of findings, as `weir check --format` takes it.
type Format string

// Formats.
const (
	FormatText   Format = "text"   // for people
	FormatJSON   Format = "json"   // one document, see Document
	FormatSARIF  Format = "sarif"  // SARIF 2.1.0, for code scanning
	FormatJUnit  Format = "junit"  // JUnit XML, for test reports
	FormatGitHub Format = "github" // workflow commands of GitHub Actions
	FormatGitLab Format = "gitlab" // a Code Quality report of GitLab
)

// Formats lists all formats, the default first.
var Formats = []Format{FormatText, FormatJSON, FormatSARIF, FormatJUnit, FormatGitHub, FormatGitLab}

// Sources gives the text of a file that a span names, nil where it is not at hand; then no excerpt is shown.
type Sources func(file string) []byte

// Render writes the findings, ordered by place, in one format. Text is without colour; see Text. The error is the
// writer's, or says that there is no such format.
func Render(w io.Writer, format Format, list List, sources Sources) error {
	list = slices.Clone(list)
	list.Sort()
	switch format {
	case FormatText:
		return Text(w, list, sources, false)
	case FormatJSON:
		return renderJSON(w, list)
	case FormatSARIF:
		return renderSARIF(w, list)
	case FormatJUnit:
		return renderJUnit(w, list)
	case FormatGitHub:
		return renderGitHub(w, list)
	case FormatGitLab:
		return renderGitLab(w, list)
	}
	names := make([]string, len(Formats))
	for i, f := range Formats {
		names[i] = string(f)
	}
	return fmt.Errorf("unknown format %q; there are %s", format, strings.Join(names, ", "))
}

// count gives the number of findings of each severity.
func (l List) count() (errors, warnings, infos int) {
	for _, d := range l {
		switch d.Severity {
		case Error:
			errors++
		case Warning:
			warnings++
		default:
			infos++
		}
	}
	return errors, warnings, infos
}

// plain is a finding on one line of text, for the formats that have no carets: message, label, hint and fix.
func (d Diagnostic) plain() string {
	parts := []string{d.Message}
	if d.Label != "" {
		parts = append(parts, d.Label)
	}
	parts = append(parts, d.Notes...)
	if d.Hint != "" {
		parts = append(parts, "hint: "+d.Hint)
	}
	if d.Fix != nil {
		parts = append(parts, "fix: "+d.Fix.Message)
	}
	return printable(strings.Join(parts, "; "))
}
