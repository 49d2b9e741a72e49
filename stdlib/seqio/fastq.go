package seqio

import (
	"bytes"
	"fmt"

	"weir/stdlib/internal/input"
)

// codeFastq is the code of a FASTQ record whose lines do not fit together; lang/diag explains it.
const codeFastq = "W6217"

// fastqParser cuts a FASTQ stream into records of four lines: @header, sequence, + and quality. It calls done for every
// record, good or bad; the record is only lent.
//
// Where the lines do not have that frame, everything up to the next place that has it is one bad record, so that a
// missing or spoilt line costs no good record. A quality line may begin with @, but then the line after the next one is
// a sequence, which does not begin with +. Only where such a quality is followed by a record without its header is the
// frame ambiguous: then the good record is rejected with the bad one, rather than a header be taken for a quality.
type fastqParser struct {
	lines *input.Lines
	check *alphabet
	done  func(r *record) error

	ahead []fastqLine // the next lines, six at most
	spare [][]byte    // their memory, to be used again
	count int64       // records so far
}

// fastqLine is one line. What is cut off a line that is too long only counts.
type fastqLine struct {
	text         []byte
	length       int
	number, byte int64
}

func (l *fastqLine) begins(mark byte) bool { return len(l.text) > 0 && l.text[0] == mark }

// run parses to the end of the stream.
func (p *fastqParser) run() error {
	for {
		if err := p.fill(4); err != nil {
			return err
		}
		if len(p.ahead) == 0 {
			return nil
		}
		if len(bytes.TrimSpace(p.ahead[0].text)) == 0 {
			p.drop(1)
			continue
		}
		p.count++
		r := &record{number: p.count, line: p.ahead[0].number, offset: p.ahead[0].byte}
		if p.framed(0) && len(p.ahead) >= 4 {
			if p.ahead[3].begins('@') {
				// It is the quality, or, where that is missing, the next record's header.
				if err := p.fill(6); err != nil {
					return err
				}
			}
			if !p.short() {
				p.four(r)
				for _, l := range p.ahead[:4] {
					r.keepLine(l.text)
				}
				if err := p.done(r); err != nil {
					return err
				}
				p.drop(4)
				continue
			}
		}
		p.fault(r)
		for first := true; len(p.ahead) > 0 && (first || !p.framed(0)); first = false {
			r.keepLine(p.ahead[0].text)
			p.drop(1)
			if err := p.fill(4); err != nil {
				return err
			}
		}
		if err := p.done(r); err != nil {
			return err
		}
	}
}

// framed reports whether a record may begin at the i-th line ahead.
func (p *fastqParser) framed(i int) bool {
	return len(p.ahead) > i+2 && p.ahead[i].begins('@') && p.ahead[i+2].begins('+')
}

// short reports whether the next record begins on the fourth line: a line of this one is missing.
func (p *fastqParser) short() bool {
	if !p.framed(3) {
		return false
	}
	for _, c := range p.ahead[4].text {
		if p.check.class[c] != letter {
			return false
		}
	}
	return true
}

// fault says why no record begins here.
func (p *fastqParser) fault(r *record) {
	r.code, r.reasonLine = codeFastq, r.line
	switch {
	case p.short():
		r.reason, r.reasonLine = "a line of the record is missing: the next one begins on its fourth line", p.ahead[3].number
	case !p.ahead[0].begins('@'):
		r.reason = "the first line of a record begins with @"
	case len(p.ahead) > 2 && !p.ahead[2].begins('+'):
		r.reason, r.reasonLine = "the third line of a record begins with +: sequence and quality have one line each", p.ahead[2].number
	default:
		r.reason = "the file ends within the record"
	}
}

// four makes a record of the four lines.
func (p *fastqParser) four(r *record) {
	head, seq, plus, qual := &p.ahead[0], &p.ahead[1], &p.ahead[2], &p.ahead[3]
	bad := func(at *fastqLine, code, format string, args ...any) {
		if r.reason == "" {
			r.code, r.reason, r.reasonLine = code, fmt.Sprintf(format, args...), at.number
		}
	}
	r.header = head.text
	switch {
	case head.length > maxHeader:
		bad(head, "W6216", "the header is longer than %d bytes", maxHeader)
	case seq.length > maxSequence:
		bad(seq, "W6216", "the sequence is longer than %d residues", maxSequence)
	case plus.length > 1 && !bytes.Equal(plus.text[1:], head.text[1:]):
		bad(plus, codeFastq, "the + line names another record than the @ line")
	case seq.length != qual.length:
		bad(qual, codeFastq, "%d residues have %d values of quality", seq.length, qual.length)
	}
	for i, c := range seq.text {
		if p.check.class[c] != letter {
			bad(seq, "W6212", "byte %d: %s is no letter of a %s sequence", seq.byte+int64(i), show(c), p.check.kind)
			break
		}
		seq.text[i] = p.check.fold[c]
	}
	for i, c := range qual.text {
		if c < '!' || c > '~' {
			bad(qual, codeFastq, "byte %d: %s is no value of quality: these are the characters from ! to ~", qual.byte+int64(i), show(c))
			break
		}
	}
	r.sequence, r.quality = seq.text, qual.text
}

// fill reads on until n lines are at hand, or the stream ends.
func (p *fastqParser) fill(n int) error {
	for len(p.ahead) < n {
		l := fastqLine{}
		if last := len(p.spare) - 1; last >= 0 {
			l.text, p.spare = p.spare[last], p.spare[:last]
		}
		for end := false; !end; {
			piece, ok, err := p.lines.Next()
			if err != nil {
				return err
			}
			if !ok {
				if l.number > 0 {
					break
				}
				return nil
			}
			if piece.Begin {
				l.number, l.byte = piece.Line, piece.Byte
			}
			l.length += len(piece.Text)
			l.text = append(l.text, piece.Text[:min(len(piece.Text), maxSequence-len(l.text))]...)
			end = piece.End
		}
		p.ahead = append(p.ahead, l)
	}
	return nil
}

// drop takes the first n lines away.
func (p *fastqParser) drop(n int) {
	for i := range n {
		if t := p.ahead[i].text; cap(t) <= input.BlockSize {
			p.spare = append(p.spare, t[:0])
		}
	}
	p.ahead = append(p.ahead[:0], p.ahead[n:]...)
}

// keepLine adds a line to what a rejection shows.
func (r *record) keepLine(text []byte) {
	if len(r.raw) > 0 && len(r.raw) < maxRaw {
		r.raw = append(r.raw, '\n')
	}
	r.raw = append(r.raw, text[:min(len(text), maxRaw-len(r.raw))]...)
}
