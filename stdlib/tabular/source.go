package tabular

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"unicode/utf8"

	"weir/compiler/types"
	"weir/runtime/op"
	"weir/stdlib/internal/input"
)

const (
	blockBytes = 256 << 10 // what is read, and becomes a batch, at a time
	spareBytes = 4 << 10   // room behind a block for letters that are no copy of it
	maxRaw     = 1 << 10   // bytes of a bad record that are kept
)

// These are variables for tests alone.
var (
	rangeBytes int64 = input.RangeBytes
	maxRecord        = 64 << 20 // bytes of a record, so that memory is bounded
)

// format is what sets one format of records apart from another.
type format struct {
	name  string // of the operator
	table bool   // a field has room for a plain value only
	quote bool   // values may be in quotes, and a record may then have several lines
	// ranges: the file can be read from any line end on.
	ranges bool
	// parser makes what reads the records of one split.
	parser func(f *format, a op.Args, r *rows) parser
	// infer gives the row of a sample.
	infer func(f *format, a op.Args, sample []byte) (types.Row, error)
}

// parser reads one record.
type parser interface {
	// record reads a record without its line end, which lies at r.buf[at:]; it fills r.cells. skip: it is no row, and
	// no mistake either.
	record(rec []byte, at int) (skip bool, why *bad)
	// header takes the first record of a file; taken is false where it is a row.
	header(rec []byte) (taken bool, err *op.Error)
}

// source reads files of records.
type source struct {
	format *format
	cfg    *op.Config
	ctx    op.Context
}

func (s *source) Open(ctx op.Context) error { s.ctx = ctx; return nil }
func (s *source) Close() error              { return nil }

func (s *source) Splits(ctx op.Context, _ []json.RawMessage) iter.Seq2[op.Split, error] {
	return input.Splits(ctx, s.cfg.Args.Text("path"), s.format.rangeBytes())
}

// rangeBytes is the length of the ranges that a large plain file is cut into; 0 for none.
func (f *format) rangeBytes() int64 {
	if f.ranges {
		return rangeBytes
	}
	return 0
}

// countSplits is op.Caps.SplitCount.
func (f *format) countSplits(a op.Args, st op.Storage) int {
	return input.Count(st, a.Text("path"), f.rangeBytes())
}

func (s *source) Read(split op.Split, out op.SourceOutput) error {
	p, err := input.PartOf(split)
	if err != nil {
		return err
	}
	r := newRows(s.cfg.Args["as"].Row, s.cfg.Out, p.Path, split.Index, nil)
	rd := newReader(s.ctx.Context(), s.ctx.Storage(), s.format, s.cfg.Args, p, r)
	if err := rd.open(); err != nil {
		return err
	}
	defer func() { _ = rd.in.Close() }() // read only: nothing is lost
	if r.out, err = input.Follow(out, split, p, rd.in.Eager()); err != nil {
		return err
	}
	if rd.trickles {
		rd.wait = func() error { return out.Wait(rd.in.Ready()) }
	}
	return rd.run()
}

// reader reads one part of a file.
type reader struct {
	ctx     context.Context
	storage op.Storage
	format  *format
	part    input.Part
	rows    *rows
	parse   parser

	in       *input.Stream
	trickles bool   // what one read gave is given on at once
	scratch  []byte // of a stream that trickles
	wait     func() error
	limit    int64 // bytes to read at most, -1 for all: for samples
	eof      bool

	data  []byte // what has been read and not been passed over
	base  int64  // offset of data[0] in the file
	frame framer
	line  int64 // of the record at hand, from 1; 0 where the range does not begin the file
	skips bool  // a record that is too long is passed over
	begun bool  // the header has been looked at
	valid bool  // the lines in data that are whole are valid UTF-8

	counted struct{ line, offset int64 } // of a place before which lines have been counted, in a range
}

func newReader(ctx context.Context, st op.Storage, f *format, a op.Args, p input.Part, r *rows) *reader {
	return &reader{
		ctx: ctx, storage: st, format: f, part: p, rows: r, parse: f.parser(f, a, r), frame: newFramer(f, a), limit: -1,
	}
}

// open opens the file, at the first record that begins in the part.
func (rd *reader) open() (err error) {
	p := rd.part
	rd.line = 1
	if p.From > 0 {
		// The record that reaches into the part belongs to the one before: it is passed over, from the byte before the
		// part on.
		p.From--
		rd.base, rd.line, rd.skips, rd.begun = p.From, 0, true, true
	}
	if p.To > 0 {
		p.To = math.MaxInt64 // the last record may reach out of the part
	}
	if rd.in, err = input.Open(rd.ctx, rd.storage, p); err != nil {
		return err
	}
	rd.trickles = !rd.in.Eager()
	if rd.part.To > 0 {
		rd.in.Expect(rd.part.To)
	}
	return nil
}

// fill reads on behind data[from:], and drops what is before.
func (rd *reader) fill(from int) error {
	if err := rd.ctx.Err(); err != nil {
		return context.Cause(rd.ctx)
	}
	keep := rd.data[from:]
	rd.base += int64(from)
	if rd.trickles && len(keep) < blockBytes {
		if rd.scratch == nil {
			rd.scratch = make([]byte, blockBytes)
		}
		if rd.wait != nil {
			if err := rd.wait(); err != nil {
				return err
			}
		}
		n, err := rd.read(rd.scratch)
		if from == 0 { // nobody has a hand on it
			rd.data = append(keep, rd.scratch[:n]...)
		} else {
			rd.data = append(append(make([]byte, 0, len(keep)+n+spareBytes), keep...), rd.scratch[:n]...)
		}
		return rd.ended(err)
	}
	size := max(blockBytes, 2*len(keep))
	data := make([]byte, size, size+spareBytes)
	n := copy(data, keep)
	var err error
	for n < size && err == nil {
		var k int
		k, err = rd.read(data[n:])
		n += k
	}
	rd.data = data[:n]
	return rd.ended(err)
}

// read reads once, up to the limit.
func (rd *reader) read(p []byte) (int, error) {
	if rd.limit >= 0 {
		if p = p[:min(int64(len(p)), rd.limit)]; len(p) == 0 {
			return 0, errLimit
		}
	}
	for range 100 {
		n, err := rd.in.Read(p)
		if n > 0 && rd.limit >= 0 {
			rd.limit -= int64(n)
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}

// errLimit says that a sample has been read.
var errLimit = errors.New("the sample ends")

func (rd *reader) ended(err error) error {
	if err == io.EOF {
		rd.eof, err = true, nil
	}
	return err
}

// run reads the part to its end. Records that are bad are rejected; errLimit says that a sample was full.
func (rd *reader) run() error {
	pos := 0
	for !rd.eof {
		err := rd.fill(pos)
		if err != nil && err != errLimit {
			return err
		}
		var done bool
		if pos, done, err = rd.block(err); err != nil {
			return err
		}
		if err := rd.rows.flush(); err != nil {
			return err
		}
		if done {
			return nil
		}
	}
	return nil
}

// block reads the records that are whole, and gives how far they go. done: the next one belongs to another range.
func (rd *reader) block(filled error) (pos int, done bool, err error) {
	rd.rows.buf = rd.data
	// All records that are whole are looked at together; where there is a flaw, each by itself.
	rd.valid = utf8.Valid(rd.data[:bytes.LastIndexByte(rd.data, '\n')+1])
	first := int64(0) // where the first record of the file begins: it is of the first part, however short that is
	if rd.base == 0 && bytes.HasPrefix(rd.data, bom) {
		pos, first = len(bom), int64(len(bom))
	} else if rd.base == 0 && !rd.eof && bytes.HasPrefix(bom, rd.data) { // it may yet become one
		return 0, false, filled
	}
	for {
		rest := rd.data[pos:]
		if at := rd.base + int64(pos); !rd.skips && rd.part.To > 0 && at >= rd.part.To && at != first {
			return pos, true, nil
		}
		n := rd.frame.next(rest)
		switch {
		case n > 0:
		case len(rest) == 0 && rd.eof:
			return pos, true, nil
		case rd.skips && !rd.eof: // within a record that is not wanted
			rd.frame.reset()
			return len(rd.data), false, nil
		case rd.eof && !rd.frame.open():
			n = len(rest)
		case rd.eof || len(rest) > maxRecord:
			// A record without an end: it is bad, and reading goes on with the next line.
			why := &bad{codeLong, fmt.Sprintf("the record has more than %d bytes", maxRecord)}
			if rd.frame.open() {
				why = &bad{codeQuote, "a quote is not closed"}
			}
			if err := rd.reject(why, rest, pos); err != nil {
				return pos, false, err
			}
			rd.frame.reset()
			if n = bytes.IndexByte(rest, '\n') + 1; n == 0 {
				rd.skips = true
				return len(rd.data), rd.eof, nil
			}
			pos, rd.line = pos+n, rd.next(1)
			continue
		default:
			return pos, false, filled
		}
		if rd.skips {
			rd.skips = false
		} else if err := rd.record(rest[:n], pos); err != nil {
			return pos, false, err
		}
		lines := int64(1)
		if rd.format.quote {
			lines = int64(bytes.Count(rest[:n], []byte{'\n'}))
		}
		pos, rd.line = pos+n, rd.next(lines)
		rd.frame.reset()
	}
}

// bom is the byte order mark that some programs put before UTF-8.
var bom = []byte("\ufeff")

// next gives the number of the line that is so many lines ahead, 0 where it is not known.
func (rd *reader) next(lines int64) int64 {
	if rd.line == 0 {
		return 0
	}
	return rd.line + lines
}

// record reads one record, with its line end, that lies at data[pos:].
func (rd *reader) record(rec []byte, pos int) error {
	ended := len(rec) > 0 && rec[len(rec)-1] == '\n' // else it was not looked at with the others
	if ended {
		rec = rec[:len(rec)-1]
	}
	if n := len(rec); n > 0 && rec[n-1] == '\r' {
		rec = rec[:n-1]
	}
	if !rd.begun {
		rd.begun = true
		taken, e := rd.parse.header(rec)
		if e != nil {
			e.File, e.Line = rd.part.Path, rd.line
			return e
		}
		if taken {
			return nil
		}
	}
	var why *bad
	skip := false
	if rd.valid && ended || utf8.Valid(rec) {
		rd.rows.begin()
		skip, why = rd.parse.record(rec, pos)
	} else {
		why = &bad{codeUTF8, "the record is not valid UTF-8"}
	}
	if why == nil && !skip {
		why = rd.rows.commit(rd.line, rd.base+int64(pos))
	}
	if why != nil {
		return rd.reject(why, rec, pos)
	}
	return nil
}

// reject gives a bad record to `.rejected`. The line of a record in a range is counted only now.
func (rd *reader) reject(why *bad, rec []byte, pos int) error {
	offset := rd.base + int64(pos)
	line := rd.line
	if line == 0 {
		if err := rd.countLines(offset); err != nil {
			return err
		}
		line = rd.counted.line
	}
	if len(rec) > maxRaw {
		rec = rec[:maxRaw]
	}
	return rd.rows.out.Reject(op.Rejection{
		File: rd.part.Path, Line: line, Byte: offset, Code: why.code, Reason: why.reason,
		Raw: string(bytes.ToValidUTF8(rec, []byte("\ufffd"))),
	})
}

// countLines goes on counting lines up to an offset, at which one begins.
func (rd *reader) countLines(offset int64) error {
	from := &rd.counted
	f, err := rd.storage.Open(rd.ctx, rd.part.Path, rd.part.Version)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // read only: nothing is lost
	if from.line == 0 {
		from.line = 1
	}
	buf := make([]byte, blockBytes)
	in := io.NewSectionReader(f, from.offset, offset-from.offset)
	for {
		n, err := in.Read(buf)
		from.line += int64(bytes.Count(buf[:n], []byte{'\n'}))
		from.offset += int64(n)
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = rd.ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}
