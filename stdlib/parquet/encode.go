package parquet

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"weir/compiler/types"
	"weir/runtime/batch"
	"weir/runtime/op"
)

const (
	magic        = "PAR1"
	maxGroupRows = 1 << 20 // so that rows of a few bytes make splits of their own, too
)

// encoder is the textio.Encoder of Parquet. Every row group is written by a writer of its own, which believes that it writes a file;
// its metadata, moved to where the row group really is, is gathered for the end of the file.
type encoder struct {
	row   types.Row
	root  *schema.GroupNode
	props *parquet.WriterProperties
	kv    metadata.KeyValueMetadata
	limit int64 // bytes of a row group

	out    *behind
	groups *metadata.FileMetaData // of the row groups that are complete; nil where there are none

	group  file.BufferedRowGroupWriter // being written; nil between two
	writer *file.Writer
	leaves []*sinkLeaf
	from   int64 // where a file would begin that had this row group only
	size   int64 // of what has been added to the row group, about
	rows   int   // of the row group
}

// behind is the file. What a writer of a row group takes for the beginning of a file is left out.
type behind struct {
	w    io.Writer
	at   int64 // where the next byte goes
	skip int   // bytes to be left out
}

func (b *behind) Write(p []byte) (int, error) {
	n := min(b.skip, len(p))
	b.skip -= n
	if n == len(p) {
		return n, nil
	}
	m, err := b.w.Write(p[n:])
	b.at += int64(m)
	return n + m, err
}

func newEncoder(row types.Row, a op.Args) *encoder {
	e := &encoder{row: row, root: rootOf(row), limit: a.Int("row_group", defaultRowGroup), kv: metadata.NewKeyValueMetadata()}
	_ = e.kv.Append(keyRow, row.String()) // a type's text is UTF-8
	codec, ok := codecs[a.Word("compression")]
	if !ok {
		codec = codecs["zstd"]
	}
	e.props = parquet.NewWriterProperties(parquet.WithCompression(codec), parquet.WithCreatedBy("weir"), parquet.WithStats(true),
		parquet.WithDictionaryDefault(true), parquet.WithVersion(parquet.V2_LATEST))
	return e
}

// Begin implements textio.Encoder.
func (e *encoder) Begin(w io.Writer) error {
	e.out, e.groups, e.group, e.size = &behind{w: w}, nil, nil, 0
	_, err := io.WriteString(e.out, magic)
	return err
}

// suspended is what is needed to go on with a file.
type suspended struct {
	At     int64  `json:"at"`               // its length
	Footer []byte `json:"footer,omitempty"` // the metadata of the row groups that are complete
}

// Suspend implements textio.Encoder: the row group is complete as it is.
func (e *encoder) Suspend() ([]byte, error) {
	if err := e.flush(); err != nil {
		return nil, err
	}
	s := suspended{At: e.out.at}
	if e.groups != nil {
		var err error
		if s.Footer, err = e.groups.Serialize(context.Background()); err != nil {
			return nil, err
		}
	}
	return json.Marshal(s)
}

// Resume implements textio.Encoder.
func (e *encoder) Resume(w io.Writer, state []byte) error {
	var s suspended
	if err := json.Unmarshal(state, &s); err != nil {
		return err
	}
	e.out, e.groups, e.group, e.size = &behind{w: w, at: s.At}, nil, nil, 0
	if len(s.Footer) == 0 {
		return nil
	}
	return guard(func() (err error) {
		e.groups, err = metadata.NewFileMetaData(s.Footer, nil)
		return err
	})
}

// End implements textio.Encoder.
func (e *encoder) End() error {
	if err := e.flush(); err != nil {
		return err
	}
	if e.groups == nil {
		if err := e.begin(); err != nil {
			return err
		}
		m, err := e.writer.FileMetadata() // of a file without rows
		if err != nil {
			return err
		}
		if e.groups, err = m.Subset(nil); err != nil {
			return err
		}
		e.group = nil
	}
	n, err := e.groups.WriteTo(e.out, nil)
	if err != nil {
		return err
	}
	_, err = e.out.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(n)), magic...))
	e.groups = nil
	return err
}

// begin starts a row group.
func (e *encoder) begin() (err error) {
	e.out.skip, e.from = len(magic), e.out.at-int64(len(magic))
	if e.writer, err = file.NewParquetWriterWithError(e.out, e.root, file.WithWriterProps(e.props), file.WithWriteMetadata(e.kv)); err != nil {
		return err
	}
	if e.group, err = e.writer.AppendBufferedRowGroupChecked(); err != nil {
		return err
	}
	e.leaves, e.size, e.rows = nil, 0, 0
	for i, f := range e.row {
		leaves, err := e.leavesOf(i, f)
		if err != nil {
			return err
		}
		e.leaves = append(e.leaves, leaves...)
	}
	return nil
}

// flush completes the row group.
func (e *encoder) flush() error {
	if e.group == nil {
		return nil
	}
	if err := e.group.Close(); err != nil {
		return err
	}
	e.group = nil
	m, err := e.writer.FileMetadata()
	if err != nil {
		return err
	}
	if len(m.RowGroups) != 1 {
		return errors.New("a row group has no metadata")
	}
	number := 0
	if e.groups != nil {
		number = len(e.groups.RowGroups)
	}
	rg := m.RowGroups[0]
	if rg.Ordinal = nil; number < 1<<15 {
		ordinal := int16(number)
		rg.Ordinal = &ordinal
	}
	move := func(p *int64) {
		if p != nil {
			*p += e.from
		}
	}
	move(rg.FileOffset)
	for _, c := range rg.Columns {
		if c.FileOffset > 0 {
			c.FileOffset += e.from
		}
		c.MetaData.DataPageOffset += e.from
		move(c.MetaData.DictionaryPageOffset)
	}
	if e.groups == nil {
		e.groups = m
		return nil
	}
	return e.groups.AppendRowGroups(m)
}

// add adds rows: of a batch that is larger than a row group, some at a time.
func (e *encoder) add(b *batch.Batch) error {
	rows := make([]uint32, b.Len())
	for i := range rows {
		rows[i] = uint32(b.Pos(i))
	}
	size := max(1, int64(b.Size()))
	most := max(1, min(int64(len(rows)), int64(len(rows))*e.limit/size, maxGroupRows))
	for part := range slices.Chunk(rows, int(most)) {
		if err := e.addRows(b, part); err != nil {
			return err
		}
		e.size, e.rows = e.size+size*int64(len(part))/int64(len(rows)), e.rows+len(part)
		if e.size+size/int64(len(rows)) > e.limit || e.rows >= maxGroupRows {
			if err := e.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *encoder) addRows(b *batch.Batch, rows []uint32) error {
	if e.group == nil {
		if err := e.begin(); err != nil {
			return err
		}
	}
	for _, l := range e.leaves {
		if err := l.add(b.Cols[l.column], rows); err != nil {
			return fmt.Errorf("`%s`: %w", e.row[l.column].Name, err)
		}
	}
	return nil
}
