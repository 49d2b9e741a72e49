package diag

import (
	"encoding/json"
	"io"
)

// DocumentVersion is the version of Document. It grows when a field changes its meaning or goes; a new field does not
// change it.
const DocumentVersion = 1

// Document is what the format json gives: one JSON document.
//
//	{
//	  "version": 1,
//	  "diagnostics": [                        ordered by file and place
//	    {
//	      "code": "W2103",
//	      "severity": "error",                error, warning or info
//	      "message": "unknown column `scor`",
//	      "span": {                           left out where there is no place
//	        "file": "pairwise.flow",
//	        "start": {"offset": 210, "line": 13, "column": 13},   offset in bytes from 0; line and column from 1,
//	        "end": {"offset": 214, "line": 13, "column": 17}      column in Unicode code points; end is exclusive
//	      },
//	      "label": "…",                       said at the span
//	      "related": [{"span": {…}, "label": "…"}],
//	      "notes": ["…"],
//	      "hint": "…",
//	      "fix": {"message": "replace with `score`", "edits": [{"span": {…}, "new": "score"}]}
//	    }
//	  ],
//	  "summary": {"errors": 1, "warnings": 0, "infos": 0}
//	}
type Document struct {
	Version     int     `json:"version"`
	Diagnostics List    `json:"diagnostics"`
	Summary     Summary `json:"summary"`
}

// Summary counts the findings of a Document by severity.
type Summary struct {
	Errors   int `json:"errors"`
	Warnings int `json:"warnings"`
	Infos    int `json:"infos"`
}

// NewDocument makes the Document of a list, so that a command can put more beside it.
func NewDocument(list List) Document {
	doc := Document{Version: DocumentVersion, Diagnostics: list}
	if doc.Diagnostics == nil {
		doc.Diagnostics = List{}
	}
	doc.Summary.Errors, doc.Summary.Warnings, doc.Summary.Infos = list.count()
	return doc
}

func renderJSON(w io.Writer, list List) error { return writeJSON(w, NewDocument(list)) }

// writeJSON writes an indented document and a line break, with <, > and & as they are.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
