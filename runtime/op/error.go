package op

import (
	"fmt"
	"strings"
)

// Error is a failure that the user can act on: it has a W6 code, a place where there is one, and a hint.
type Error struct {
	Code    string // W6…
	Message string // one line, lower case, without the place
	Hint    string // what to do; may be empty
	Node    string // the operator, as Config.Name has it; set by the stage where it is empty
	File    string
	Record  int64 // from 1; 0 where not known
	Line    int64 // from 1; 0 where not known
	Byte    int64 // from 0; only where Record or Line is known too
	Err     error // the cause; its text is part of what is shown
}

// Place writes the file, record and line: "proteins.fasta, record 12, line 40".
func (e *Error) Place() string {
	var parts []string
	if e.File != "" {
		parts = append(parts, e.File)
	}
	if e.Record > 0 {
		parts = append(parts, fmt.Sprintf("record %d", e.Record))
	}
	if e.Line > 0 {
		parts = append(parts, fmt.Sprintf("line %d", e.Line))
	}
	return strings.Join(parts, ", ")
}

func (e *Error) Error() string {
	s := e.Message
	if p := e.Place(); p != "" {
		s = p + ": " + s
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }
