package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/stdlib/parquet/internal/encoding"
)

const (
	int32Type = parquet.Type(1) // parquet.Types has them as fields of a variable
	int64Type = parquet.Type(2)

	maxPage       = 256 << 20 // bytes of a page, unpacked
	maxPageValues = 1 << 24   // of a page of which more than the values themselves is held
	maxLevels     = 1 << 26   // values of a nested column that are read at a time: of one row, if it has so many
	maxText       = 1 << 30   // bytes of text that are read at a time, likewise
)

var (
	errValues = errors.New("a column has fewer values than there are rows")
	errLevels = errors.New("the levels of a page do not go together")
	errDict   = errors.New("a page refers to a dictionary that is not there")
)

// unsupported is something of the format that is not read here.
type unsupported string

func (u unsupported) Error() string { return string(u) }

// tooLarge is something that would take too much memory.
type tooLarge string

func (t tooLarge) Error() string { return string(t) }

// page is the page at hand of a column chunk.
type page struct {
	left int // values, nulls included, that have not been read
	defs encoding.Hybrid
	// def and rep are the levels of all values of a nested column; at is where to go on.
	def, rep []uint8
	at       int

	mode    mode
	data    []byte // of plain values, what has not been read
	bit     int    // of bools: where to go on in data
	index   encoding.Hybrid
	ints    []int64
	lengths []int64
}

// mode is how the values of a page lie.
type mode uint8

const (
	modePlain    mode = iota // one behind the other, byte arrays with their lengths before them
	modeBits                 // bools
	modeRunBits              // bools as runs
	modeIndexed              // positions in the dictionary
	modeIntegers             // in page.ints
	modeLengths              // byte arrays of page.lengths in data
)

// next brings the next data page; false where there is none.
func (c *chunk) next() (bool, error) {
	for c.pages.Next() {
		switch p := c.pages.Page().(type) {
		case *file.DictionaryPage:
			if err := c.dictionary(p); err != nil {
				return false, err
			}
		case *file.DataPageV1:
			return true, c.pageV1(p)
		case *file.DataPageV2:
			return true, c.pageV2(p)
		}
	}
	return false, c.pages.Err()
}

// pageV1 begins a page in which the levels are packed with the values, each with its length before it.
func (c *chunk) pageV1(p *file.DataPageV1) error {
	data := p.Data()
	levels := func(most int, enc parquet.Encoding) ([]byte, error) {
		switch {
		case most == 0:
			return nil, nil
		case enc != parquet.Encodings.RLE:
			return nil, unsupported(fmt.Sprintf("levels in the encoding %s", enc))
		case len(data) < 4:
			return nil, encoding.ErrShort
		}
		n := binary.LittleEndian.Uint32(data)
		if uint64(n) > uint64(len(data)-4) {
			return nil, encoding.ErrShort
		}
		part := data[4 : 4+n]
		data = data[4+n:]
		return part, nil
	}
	rep, err := levels(c.maxRep, p.RepetitionLevelEncoding())
	if err != nil {
		return err
	}
	def, err := levels(c.maxDef, p.DefinitionLevelEncoding())
	if err != nil {
		return err
	}
	return c.begin(int(p.NumValues()), rep, def, parquet.Encoding(p.Encoding()), data)
}

// pageV2 begins a page in which the levels stand before the values.
func (c *chunk) pageV2(p *file.DataPageV2) error {
	data := p.Data()
	r, d := int(p.RepetitionLevelByteLen()), int(p.DefinitionLevelByteLen())
	if r < 0 || d < 0 || r > len(data) || d > len(data)-r {
		return encoding.ErrShort
	}
	return c.begin(int(p.NumValues()), data[:r], data[r:r+d], parquet.Encoding(p.Encoding()), data[r+d:])
}

// begin prepares to read n values with their levels.
func (c *chunk) begin(n int, rep, def []byte, enc parquet.Encoding, data []byte) (err error) {
	if n < 0 || int64(n) > c.left {
		return errValues
	}
	c.left -= int64(n)
	p := &c.page
	*p = page{left: n, def: p.def[:0], rep: p.rep[:0], ints: p.ints, lengths: p.lengths}
	switch {
	case c.flat && c.maxDef == 1:
		p.defs, err = encoding.NewHybrid(def, 1)
	case !c.flat:
		if n > maxPageValues {
			return tooLarge(fmt.Sprintf("a page has %d values", n))
		}
		if p.def, err = readLevels(p.def, def, c.maxDef, n); err == nil {
			p.rep, err = readLevels(p.rep, rep, c.maxRep, n)
		}
	}
	if err != nil {
		return err
	}
	if c.kind == types.Invalid {
		return nil // only the levels are wanted
	}
	return c.content(enc, data, n)
}

// readLevels reads n levels up to most.
func readLevels(dst []uint8, data []byte, most, n int) ([]uint8, error) {
	if cap(dst) < n {
		dst = make([]uint8, n)
	}
	dst = dst[:n]
	if most == 0 {
		clear(dst)
		return dst, nil
	}
	h, err := encoding.NewHybrid(data, bits.Len(uint(most)))
	if err != nil {
		return nil, err
	}
	if err := h.ReadBytes(dst); err != nil {
		return nil, err
	}
	for _, l := range dst {
		if int(l) > most {
			return nil, errLevels
		}
	}
	return dst, nil
}

// content prepares to read the values of a page.
func (c *chunk) content(enc parquet.Encoding, data []byte, n int) (err error) {
	p := &c.page
	p.data = data
	is := func(physical ...parquet.Type) bool {
		for _, t := range physical {
			if t == c.physical {
				return true
			}
		}
		return false
	}
	bytesLike := is(parquet.Types.ByteArray, parquet.Types.FixedLenByteArray)
	whole := func() error { // what is held besides the page
		if n > maxPageValues {
			return tooLarge(fmt.Sprintf("a page has %d values", n))
		}
		return nil
	}
	switch {
	case enc == parquet.Encodings.Plain && is(parquet.Types.Boolean):
		p.mode = modeBits
	case enc == parquet.Encodings.Plain:
		p.mode = modePlain
	case enc == parquet.Encodings.PlainDict || enc == parquet.Encodings.RLEDict:
		if p.mode = modeIndexed; len(data) == 0 {
			p.index, err = encoding.NewHybrid(nil, 0)
			return err
		}
		if c.dict == nil {
			return errDict
		}
		p.index, err = encoding.NewHybrid(data[1:], int(data[0]))
	case enc == parquet.Encodings.RLE && is(parquet.Types.Boolean):
		p.mode = modeRunBits
		if len(data) >= 4 { // their length
			data = data[4:]
		}
		p.index, err = encoding.NewHybrid(data, 1)
	case enc == parquet.Encodings.DeltaBinaryPacked && is(int32Type, int64Type):
		if err := whole(); err != nil {
			return err
		}
		p.mode = modeIntegers
		p.ints, _, err = encoding.Delta(data, n)
		if c.physical == int32Type {
			for i, x := range p.ints {
				p.ints[i] = int64(int32(x))
			}
		}
	case enc == parquet.Encodings.DeltaLengthByteArray && is(parquet.Types.ByteArray):
		if err := whole(); err != nil {
			return err
		}
		p.mode = modeLengths
		p.lengths, p.data, err = encoding.DeltaLength(data, n)
	case enc == parquet.Encodings.DeltaByteArray && bytesLike:
		if err := whole(); err != nil {
			return err
		}
		p.mode = modeLengths
		if p.lengths, p.data, err = encoding.DeltaBytes(data, n, maxPage); errors.Is(err, encoding.ErrSize) {
			return tooLarge("a page has more than 256 MiB")
		}
	case enc == parquet.Encodings.ByteStreamSplit && c.width() > 0:
		p.mode = modePlain
		p.data, err = encoding.Split(data, c.width())
	default:
		return unsupported(fmt.Sprintf("%s in the encoding %s", c.physical, enc))
	}
	return err
}

// width is the length of a value in bytes where all have the same, else 0.
func (l *leaf) width() int {
	switch l.physical {
	case int32Type, parquet.Types.Float:
		return 4
	case int64Type, parquet.Types.Double:
		return 8
	case parquet.Types.Int96, parquet.Types.FixedLenByteArray:
		return l.length
	}
	return 0
}

// spans gives the next n byte arrays of the page: runs of region.
func (p *page) spans(width, n int, refs []batch.Ref) (region []byte, _ []batch.Ref, err error) {
	at, data := 0, p.data
	switch {
	case p.mode == modeLengths:
		if n > len(p.lengths) {
			return nil, nil, encoding.ErrShort
		}
		for _, l := range p.lengths[:n] {
			if width > 0 && int(l) != width {
				return nil, nil, encoding.ErrFormat
			}
			refs = append(refs, batch.Ref{Off: uint32(at), Len: uint32(l)})
			at += int(l) // their sum has been compared with the data
		}
		p.lengths = p.lengths[n:]
	case width > 0:
		if n > len(data)/width {
			return nil, nil, encoding.ErrShort
		}
		for range n {
			refs = append(refs, batch.Ref{Off: uint32(at), Len: uint32(width)})
			at += width
		}
	default:
		for range n {
			if len(data)-at < 4 {
				return nil, nil, encoding.ErrShort
			}
			l := int(binary.LittleEndian.Uint32(data[at:]))
			if at += 4; l > len(data)-at {
				return nil, nil, encoding.ErrShort
			}
			refs = append(refs, batch.Ref{Off: uint32(at), Len: uint32(l)})
			at += l
		}
	}
	p.data = data[at:]
	return data[:at], refs, nil
}
