package scoring

import "fmt"

// Error is a scheme or a matrix that makes no sense. Message says what is wrong with which value, Hint what to write
// instead. Line is the line of the matrix file, from 1, and 0 where there is none.
type Error struct {
	Matrix  string // the name of the matrix, "" where the error is not in a matrix file
	Line    int
	Message string
	Hint    string
}

// Error gives place, message and hint on one line.
func (e *Error) Error() string {
	text := e.Message
	if e.Hint != "" {
		text += " (" + e.Hint + ")"
	}
	switch {
	case e.Matrix != "" && e.Line > 0:
		return fmt.Sprintf("matrix %s, line %d: %s", e.Matrix, e.Line, text)
	case e.Matrix != "":
		return fmt.Sprintf("matrix %s: %s", e.Matrix, text)
	}
	return text
}

// LetterError is a byte of a sequence that the matrix has no score for.
type LetterError struct {
	Position int    // from 1
	Byte     byte   // as it stood in the sequence
	Matrix   string // the name of the matrix
}

// Error names the byte, its place and what to do about it where there is something to do.
func (e *LetterError) Error() string {
	text := fmt.Sprintf("position %d: %q is no letter of matrix %s", e.Position, e.Byte, e.Matrix)
	switch e.Byte {
	case '-', '.':
		text += " (a gap; read the file with gaps: strip)"
	case '*':
		text += " (a stop; read the file with stop: strip)"
	}
	return text
}
