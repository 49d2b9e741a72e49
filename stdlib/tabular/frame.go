package tabular

import (
	"bytes"

	"weir/runtime/op"
)

// framer finds where records end. It goes on where it stopped when more bytes have come, so that no byte is looked at
// twice.
type framer struct {
	quote byte // within these a line feed does not end a record; 0: none
	comma byte // between fields, where there are quotes

	at    int // bytes of the record looked at so far
	state frameState
}

// newFramer makes the framer of a format.
func newFramer(f *format, a op.Args) framer {
	if f.quote {
		return framer{quote: '"', comma: delimiter(a)}
	}
	return framer{}
}

type frameState uint8

const (
	fieldStart  frameState = iota
	inPlain                // within a field without quotes
	inQuotes               //
	afterQuotes            // behind a quote that ends a field, or is the first of two
)

// next gives the length of the first record in data, with its line feed; 0 where it does not end there.
func (f *framer) next(data []byte) int {
	if f.quote == 0 {
		i := bytes.IndexByte(data[f.at:], '\n')
		if i < 0 {
			f.at = len(data)
			return 0
		}
		n := f.at + i + 1
		f.at = 0
		return n
	}
	for i := f.at; i < len(data); i++ {
		c := data[i]
		switch f.state {
		case inQuotes:
			k := bytes.IndexByte(data[i:], f.quote)
			if k < 0 {
				f.at = len(data)
				return 0
			}
			i += k
			f.state = afterQuotes
			continue
		case fieldStart, afterQuotes:
			if c == f.quote {
				f.state = inQuotes
				continue
			}
		}
		switch c {
		case '\n':
			f.reset()
			return i + 1
		case f.comma:
			f.state = fieldStart
		default:
			f.state = inPlain
		}
	}
	f.at = len(data)
	return 0
}

// open reports that the record so far ends within quotes.
func (f *framer) open() bool { return f.quote != 0 && f.state == inQuotes }

func (f *framer) reset() { f.at, f.state = 0, fieldStart }
