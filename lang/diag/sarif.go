package diag

import (
	"io"
	"net/url"
	"path/filepath"
)

// SARIF 2.1.0 (OASIS, https://docs.oasis-open.org/sarif/sarif/v2.1.0/), as far as it is used here.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name  string      `json:"name"`
		Rules []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID    string    `json:"id"`
		Short sarifText `json:"shortDescription"`
		Full  sarifText `json:"fullDescription"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		RuleIndex *int            `json:"ruleIndex,omitempty"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations,omitempty"`
		Related   []sarifLocation `json:"relatedLocations,omitempty"`
		Fixes     []sarifFix      `json:"fixes,omitempty"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
		Message  *sarifText    `json:"message,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
		EndLine     int `json:"endLine"`
		EndColumn   int `json:"endColumn"`
	}
	sarifFix struct {
		Description sarifText     `json:"description"`
		Changes     []sarifChange `json:"artifactChanges"`
	}
	sarifChange struct {
		Artifact     sarifArtifact      `json:"artifactLocation"`
		Replacements []sarifReplacement `json:"replacements"`
	}
	sarifReplacement struct {
		Deleted  sarifRegion `json:"deletedRegion"`
		Inserted sarifText   `json:"insertedContent"`
	}
)

func renderSARIF(w io.Writer, list List) error {
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{Name: "weir", Rules: []sarifRule{}}
	index := map[string]int{}
	for _, d := range list {
		if _, seen := index[d.Code]; seen {
			continue
		}
		info, known := Lookup(d.Code)
		if !known {
			continue
		}
		index[d.Code] = len(run.Tool.Driver.Rules)
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{ID: info.Code, Short: sarifText{info.Title},
			Full: sarifText{info.About}})
	}
	for _, d := range list {
		r := sarifResult{RuleID: d.Code, Level: [...]string{"error", "warning", "note"}[d.Severity],
			Message: sarifText{d.plain()}}
		if i, known := index[d.Code]; known {
			r.RuleIndex = &i
		}
		if !d.Span.IsZero() {
			r.Locations = []sarifLocation{location(d.Span, "")}
		}
		for _, rel := range d.Related {
			if !rel.Span.IsZero() {
				r.Related = append(r.Related, location(rel.Span, rel.Label))
			}
		}
		if d.Fix != nil {
			f := sarifFix{Description: sarifText{d.Fix.Message}}
			for _, e := range d.Fix.Edits {
				f.Changes = append(f.Changes, sarifChange{Artifact: artifact(e.Span.File),
					Replacements: []sarifReplacement{{Deleted: region(e.Span), Inserted: sarifText{e.New}}}})
			}
			r.Fixes = []sarifFix{f}
		}
		run.Results = append(run.Results, r)
	}
	return writeJSON(w, sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0",
		Runs: []sarifRun{run}})
}

func artifact(file string) sarifArtifact {
	return sarifArtifact{URI: (&url.URL{Path: filepath.ToSlash(file)}).EscapedPath()}
}

func region(s Span) sarifRegion {
	return sarifRegion{StartLine: s.Start.Line, StartColumn: s.Start.Col, EndLine: s.End.Line, EndColumn: s.End.Col}
}

func location(s Span, label string) sarifLocation {
	l := sarifLocation{Physical: sarifPhysical{Artifact: artifact(s.File)}}
	if s.Start.Line > 0 {
		r := region(s)
		l.Physical.Region = &r
	}
	if label != "" {
		l.Message = &sarifText{label}
	}
	return l
}
