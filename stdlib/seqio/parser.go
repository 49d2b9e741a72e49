package seqio

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"weir/compiler/types"
	"weir/runtime/op"
)

// Limits of one record. A record beyond them is rejected, and the reader goes on with the next one.
const (
	maxSequence = 64 << 20 // residues
	maxHeader   = 1 << 20  // bytes
	maxRaw      = 1 << 10  // bytes of a rejected record that are kept
)

// classes of a byte in a sequence line.
const (
	bad    = iota
	letter // a residue, written as the table says
	space  // stripped
	gap
	stop
)

// alphabet says what the bytes of a sequence line are.
type alphabet struct {
	class [256]byte
	fold  [256]byte // the letter in upper case
	kind  types.Kind
}

// newAlphabet makes the alphabet of a kind of sequence: all 26 letters and * for proteins (B, J, Z and X are ambiguous residues, U and O are
// selenocysteine and pyrrolysine), IUPAC's nucleotide codes for dna and rna.
func newAlphabet(k types.Kind) *alphabet {
	a := &alphabet{kind: k}
	letters := "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	if k != types.Protein {
		letters = "ACGTUNRYSWKMBDHV"
	} else {
		a.class['*'] = stop
	}
	for _, c := range []byte(letters) {
		a.class[c], a.fold[c] = letter, c
		a.class[c+'a'-'A'], a.fold[c+'a'-'A'] = letter, c
	}
	for _, c := range []byte(" \t\v\f") {
		a.class[c] = space
	}
	a.class['-'], a.class['.'] = gap, gap
	return a
}

// record is one entry of a file.
type record struct {
	number, line, offset int64  // line and byte of the header
	header               []byte // with its mark, > or @; empty where there is none
	sequence             []byte
	quality              []byte // of FASTQ
	raw                  []byte
	reason               string // why it is bad; "" where it is not
	code                 string
	reasonLine           int64
}

// parser reads FASTA from chunks of any size. It calls done for every record, good or bad; the record is only lent.
type parser struct {
	alphabet  *alphabet
	stripStop bool
	stripGaps bool
	done      func(r *record) error

	state  state
	rec    record
	line   int64 // of the next byte, from 1
	offset int64 // of the next byte
	wasCR  bool  // the last byte was a carriage return, which ends a line by itself
	begun  bool  // a record is being read
	bom    int   // bytes of a byte order mark seen at the file's beginning
	to     int64 // records that begin here or behind are another's; 0 for none
	seeks  bool  // what comes before the first header is another's
}

type state uint8

const (
	lineStart state = iota
	inHeader
	inSequence
	inComment
)

func newParser(a *alphabet, stripStop, stripGaps bool, done func(r *record) error) *parser {
	return &parser{alphabet: a, stripStop: stripStop, stripGaps: stripGaps, done: done, line: 1}
}

// errRangeEnds says that the range of a parser has no more records.
var errRangeEnds = errors.New("the range ends")

// between makes the parser read the records that begin in a range. It is fed from the byte before the range on, and gives errRangeEnds behind the
// last one.
func (p *parser) between(from, to int64) {
	p.to = to
	if from > 0 {
		p.offset, p.state, p.seeks = from-1, inComment, true
	}
}

// feed parses the next bytes of the file.
func (p *parser) feed(chunk []byte) error {
	for len(chunk) > 0 {
		if p.seeks && p.offset >= p.to {
			return errRangeEnds
		}
		if p.offset < 3 && p.line == 1 && int(p.offset) == p.bom && chunk[0] == "\xEF\xBB\xBF"[p.bom] {
			p.bom++
			p.offset++
			chunk = chunk[1:]
			continue
		}
		if c := chunk[0]; c == '\n' || c == '\r' {
			if c == '\r' || !p.wasCR { // \r\n is one line's end
				p.line++
			}
			p.wasCR = c == '\r'
			p.state = lineStart
			p.offset++
			chunk = chunk[1:]
			continue
		}
		p.wasCR = false
		end := len(chunk)
		if i := bytes.IndexByte(chunk, '\n'); i >= 0 {
			end = i
		}
		if i := bytes.IndexByte(chunk[:end], '\r'); i >= 0 {
			end = i
		}
		if err := p.part(chunk[:end]); err != nil {
			return err
		}
		p.offset += int64(end)
		chunk = chunk[end:]
	}
	return nil
}

// part takes a part of a line, without its end.
func (p *parser) part(b []byte) error {
	if p.state == lineStart {
		switch b[0] {
		case '>':
			if err := p.finish(); err != nil {
				return err
			}
			if p.to > 0 && p.offset >= p.to && p.offset != int64(p.bom) { // the file's first record is the first range's, however short that is
				return errRangeEnds
			}
			p.seeks = false
			p.begin()
			p.state = inHeader
		case ';': // an old style of comment
			p.state = inComment
		default:
			if p.seeks {
				p.state = inComment
				break
			}
			if !p.begun {
				if len(bytes.Trim(b, " \t\v\f")) == 0 {
					return nil
				}
				p.begin()
				p.reject("W6211", "the sequence has no header: a record begins with a line `>id description`")
			}
			p.state = inSequence
		}
	}
	switch p.state {
	case inHeader:
		p.keep(b)
		if len(p.rec.header)+len(b) > maxHeader {
			p.reject("W6216", fmt.Sprintf("the header is longer than %d bytes", maxHeader))
			return nil
		}
		p.rec.header = append(p.rec.header, b...)
	case inSequence:
		p.keep(b)
		p.residues(b)
	}
	return nil
}

// begin starts a record at the present place.
func (p *parser) begin() {
	p.rec = record{number: p.rec.number + 1, line: p.line, offset: p.offset, header: p.rec.header[:0], sequence: p.rec.sequence[:0], raw: p.rec.raw[:0]}
	p.begun = true
}

// keep notes the first bytes of the record as they were read, with its line breaks.
func (p *parser) keep(b []byte) {
	if room := maxRaw - len(p.rec.raw); room > 0 {
		if len(p.rec.raw) > 0 && p.state == inSequence && p.rec.raw[len(p.rec.raw)-1] != '\n' {
			p.rec.raw = append(p.rec.raw, '\n')
			room--
		}
		p.rec.raw = append(p.rec.raw, b[:min(len(b), max(room, 0))]...)
	}
}

// residues takes the bytes of a sequence line.
func (p *parser) residues(b []byte) {
	if p.rec.reason != "" {
		return
	}
	if len(p.rec.sequence)+len(b) > maxSequence {
		p.reject("W6216", fmt.Sprintf("the sequence is longer than %d residues", maxSequence))
		return
	}
	a := p.alphabet
	for i, c := range b {
		switch a.class[c] {
		case letter:
			p.rec.sequence = append(p.rec.sequence, a.fold[c])
		case stop:
			p.rec.sequence = append(p.rec.sequence, c)
		case space:
		case gap:
			if !p.stripGaps {
				p.reject("W6213", fmt.Sprintf("byte %d: %q is a gap of an alignment; `gaps: strip` reads such files", p.offset+int64(i), c))
				return
			}
		default:
			p.reject("W6212", fmt.Sprintf("byte %d: %s is no letter of a %s sequence", p.offset+int64(i), show(c), a.kind))
			return
		}
	}
}

// show writes a byte so that it can be read.
func show(c byte) string {
	if c >= utf8.RuneSelf {
		return fmt.Sprintf("the byte 0x%02X", c)
	}
	return fmt.Sprintf("%q", c)
}

// reject notes the first thing that is wrong with the record.
func (p *parser) reject(code, reason string) {
	if p.rec.reason == "" {
		p.rec.code, p.rec.reason, p.rec.reasonLine = code, reason, p.line
	}
}

// finish gives the record out that has been read.
func (p *parser) finish() error {
	if !p.begun {
		return nil
	}
	p.begun = false
	if p.stripStop {
		p.rec.sequence = bytes.TrimSuffix(p.rec.sequence, []byte("*"))
	}
	return p.done(&p.rec)
}

// split gives id and description of a header line: the first word, and the rest. Bytes that are not UTF-8 are taken for Latin-1.
func (r *record) split() (id, description []byte) {
	h := r.header
	if len(h) > 0 {
		h = bytes.TrimSpace(h[1:])
	}
	if !utf8.Valid(h) {
		runes := make([]rune, len(h))
		for i, c := range h {
			runes[i] = rune(c)
		}
		h = []byte(string(runes))
	}
	i := bytes.IndexAny(h, " \t")
	if i < 0 {
		return h, nil
	}
	return h[:i], bytes.TrimLeft(h[i:], " \t")
}

// rejection turns a bad record into what `.rejected` has.
func (r *record) rejection(file string) op.Rejection {
	return op.Rejection{File: file, Record: r.number, Line: r.reasonLine, Byte: r.offset, Code: r.code, Reason: r.reason, Raw: string(bytes.ToValidUTF8(r.raw, []byte("\uFFFD")))}
}
