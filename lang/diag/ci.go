package diag

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name      string        `xml:"name,attr"`
		ClassName string        `xml:"classname,attr"`
		File      string        `xml:"file,attr,omitempty"`
		Line      int           `xml:"line,attr,omitempty"`
		Failure   *junitFailure `xml:"failure"`
		Output    string        `xml:"system-out,omitempty"`
	}
	junitFailure struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// renderJUnit writes a suite a file and a test case a finding. Errors and warnings are failures; an info has its
// text as output. Without findings there is one case, which passes, since some readers refuse an empty report.
func renderJUnit(w io.Writer, list List) error {
	report := junitSuites{Name: "weir"}
	for _, d := range list {
		name := d.Span.File
		if name == "" {
			name = "weir"
		}
		if n := len(report.Suites); n == 0 || report.Suites[n-1].Name != name {
			report.Suites = append(report.Suites, junitSuite{Name: name})
		}
		s := &report.Suites[len(report.Suites)-1]
		c := junitCase{Name: d.Code + " " + printable(d.Message), ClassName: name, File: d.Span.File,
			Line: d.Span.Start.Line}
		if d.Severity == Info {
			c.Output = d.plain()
		} else {
			var text bytes.Buffer
			if err := Text(&text, List{d}, nil, false); err != nil {
				return err
			}
			c.Failure = &junitFailure{Type: d.Severity.String(), Message: printable(d.Message), Text: text.String()}
			s.Failures++
			report.Failures++
		}
		s.Cases = append(s.Cases, c)
		s.Tests++
		report.Tests++
	}
	if report.Tests == 0 {
		report.Tests = 1
		report.Suites = []junitSuite{{Name: "weir", Tests: 1, Cases: []junitCase{{Name: "no findings",
			ClassName: "weir"}}}}
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(report); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// renderGitHub writes a workflow command a finding, which GitHub shows at the line.
func renderGitHub(w io.Writer, list List) error {
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	var b strings.Builder
	for _, d := range list {
		b.WriteString("::" + [...]string{"error", "warning", "notice"}[d.Severity] + " ")
		if !d.Span.IsZero() {
			fmt.Fprintf(&b, "file=%s,", property.Replace(filepath.ToSlash(d.Span.File)))
			if s := d.Span; s.Start.Line > 0 {
				fmt.Fprintf(&b, "line=%d,endLine=%d,col=%d,", s.Start.Line, s.End.Line, s.Start.Col)
				if s.Start.Line == s.End.Line { // GitHub refuses columns over several lines
					fmt.Fprintf(&b, "endColumn=%d,", max(s.End.Col, s.Start.Col+1))
				}
			}
		}
		fmt.Fprintf(&b, "title=%s::%s\n", d.Code, data.Replace(d.plain()))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// gitLabFinding is an entry of a Code Quality report (https://docs.gitlab.com/ci/testing/code_quality/).
type gitLabFinding struct {
	Description string         `json:"description"`
	CheckName   string         `json:"check_name"`
	Fingerprint string         `json:"fingerprint"`
	Severity    string         `json:"severity"`
	Location    gitLabLocation `json:"location"`
}

type gitLabLocation struct {
	Path  string      `json:"path"`
	Lines gitLabLines `json:"lines"`
}

type gitLabLines struct {
	Begin int `json:"begin"`
}

// renderGitLab writes a Code Quality report. The fingerprint is of file, code, message and how many like it came
// before, not of the line, so that a finding stays the same one when the lines above it change.
func renderGitLab(w io.Writer, list List) error {
	out := []gitLabFinding{}
	seen := map[string]int{}
	for _, d := range list {
		key := d.Span.File + "\x00" + d.Code + "\x00" + d.Message
		sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", key, seen[key]))
		seen[key]++
		path := filepath.ToSlash(d.Span.File)
		if path == "" {
			path = "weir.yaml"
		}
		out = append(out, gitLabFinding{Description: d.plain(), CheckName: d.Code,
			Fingerprint: hex.EncodeToString(sum[:16]),
			Severity:    [...]string{"major", "minor", "info"}[d.Severity],
			Location:    gitLabLocation{Path: path, Lines: gitLabLines{Begin: max(d.Span.Start.Line, 1)}}})
	}
	return writeJSON(w, out)
}
