package scoring

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// maxMatrixBytes is far more than the largest matrix with comments takes.
const maxMatrixBytes = 1 << 18

// maxMatrixValue keeps a value, its negative and a difference from zero inside a byte.
const maxMatrixValue = math.MaxInt8

// ParseMatrix reads a substitution matrix in NCBI's format: lines that begin with # are comments; the first other line
// lists the letters of the columns (the target's); each further line is a letter (the query's) and one whole number,
// from -127 to 127, a column. Rows may come in any order, but rows and columns must have the same letters: A to Z in
// either case, and *. The matrix need not be symmetric. Letters keep the order of the columns. The error is an *Error
// with the line, or what r failed with.
func ParseMatrix(name string, r io.Reader) (*Matrix, error) {
	p := matrixParser{name: name}
	lines := bufio.NewScanner(io.LimitReader(r, maxMatrixBytes+1))
	lines.Buffer(nil, maxMatrixBytes+2) // so that a long line meets the cap on the file
	read := 0
	for lines.Scan() {
		p.line++
		if read += len(lines.Bytes()) + 1; read > maxMatrixBytes+1 {
			return nil, p.fail("the file is larger than 256 KiB", "is it a matrix?")
		}
		text := strings.TrimSpace(lines.Text())
		if text == "" || text[0] == '#' {
			continue
		}
		if err := p.parseLine(strings.Fields(text)); err != nil {
			return nil, err
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return nil, p.fail("the file is larger than 256 KiB", "is it a matrix?")
	} else if err != nil {
		return nil, fmt.Errorf("matrix %s: %w", name, err)
	}
	return p.finish()
}

type matrixParser struct {
	name    string
	line    int
	letters string
	scores  [MaxCodes][MaxCodes]int8
	rowLine [MaxCodes]int // the line of each letter's row, 0 while it has none
}

func (p *matrixParser) fail(message, hint string) *Error {
	return &Error{Matrix: p.name, Line: p.line, Message: message, Hint: hint}
}

func (p *matrixParser) parseLine(fields []string) error {
	if p.letters == "" {
		return p.parseHeader(fields)
	}
	return p.parseRow(fields)
}

func (p *matrixParser) parseHeader(fields []string) error {
	var letters strings.Builder
	for _, field := range fields {
		letter, ok := matrixLetter(field)
		if !ok {
			return p.fail(fmt.Sprintf("%s is no letter", quote(field)),
				"the first line lists the columns' letters, A to Z or *, one each")
		}
		if strings.IndexByte(letters.String(), letter) >= 0 {
			return p.fail(fmt.Sprintf("column %c stands twice", letter), "")
		}
		letters.WriteByte(letter)
	}
	p.letters = letters.String()
	return nil
}

func (p *matrixParser) parseRow(fields []string) error {
	letter, ok := matrixLetter(fields[0])
	if !ok {
		return p.fail(fmt.Sprintf("%s is no letter", quote(fields[0])), "a row begins with its letter, A to Z or *")
	}
	row := strings.IndexByte(p.letters, letter)
	if row < 0 {
		return p.fail(fmt.Sprintf("row %c has no column", letter), "columns are "+p.letters)
	}
	if p.rowLine[row] > 0 {
		return p.fail(fmt.Sprintf("row %c stands twice", letter), fmt.Sprintf("the first is on line %d", p.rowLine[row]))
	}
	p.rowLine[row] = p.line
	if len(fields)-1 != len(p.letters) {
		return p.fail(fmt.Sprintf("row %c has %d values", letter, len(fields)-1),
			fmt.Sprintf("there are %d columns, %s", len(p.letters), p.letters))
	}
	for column, field := range fields[1:] {
		value, err := strconv.Atoi(field)
		if err != nil || value < -maxMatrixValue || value > maxMatrixValue {
			return p.fail(fmt.Sprintf("%s at row %c, column %c", quote(field), letter, p.letters[column]),
				"a value is a whole number from -127 to 127")
		}
		p.scores[row][column] = int8(value)
	}
	return nil
}

func (p *matrixParser) finish() (*Matrix, error) {
	if p.letters == "" {
		return nil, &Error{Matrix: p.name, Message: "the file has no line of letters",
			Hint: "a matrix in NCBI's format begins with the letters of its columns"}
	}
	for i := range len(p.letters) {
		if p.rowLine[i] == 0 {
			return nil, &Error{Matrix: p.name, Line: p.line, Message: fmt.Sprintf("column %c has no row", p.letters[i]),
				Hint: "rows and columns have the same letters"}
		}
	}
	return newMatrix(p.name, p.letters, p.scores), nil
}

// matrixLetter is the upper-case letter that a field consists of. There are 27 of them, fewer than MaxCodes.
func matrixLetter(field string) (byte, bool) {
	if len(field) != 1 {
		return 0, false
	}
	c := field[0]
	if c >= 'a' && c <= 'z' {
		c -= 'a' - 'A'
	}
	return c, c == '*' || c >= 'A' && c <= 'Z'
}

// quote shows a field of a file, cut where it is long.
func quote(field string) string {
	const most = 20
	if len(field) > most {
		return strconv.QuoteToASCII(field[:most]) + "…"
	}
	return strconv.QuoteToASCII(field)
}
