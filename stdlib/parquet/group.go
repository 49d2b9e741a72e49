package parquet

import (
	"errors"
	"io"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"

	"weir/runtime/batch"
	"weir/runtime/op"
)

const (
	maxRows     = 16 << 10 // of a batch
	minRows     = 1 << 10  // of a batch, where rows are wide
	batchBytes  = 8 << 20  // of a batch, about: of each column at least a page
	streamBytes = 1 << 20  // of what is read of a column at a time
)

// opened is a file that is being read.
type opened struct {
	*footer
	file   op.File
	reader *file.Reader
}

// seekable is a file as the library wants it.
type seekable struct {
	op.File
	size int64
	at   int64
}

// Seek implements io.Seeker.
func (s *seekable) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += s.at
	case io.SeekEnd:
		offset += s.size
	}
	if offset < 0 {
		return 0, errors.New("a place before the file")
	}
	s.at = offset
	return offset, nil
}

// open makes the file ready to be read.
func (f *footer) open(in op.File) (*opened, error) {
	o := &opened{footer: f, file: in}
	props := parquet.NewReaderProperties(memory.DefaultAllocator)
	props.BufferedStreamEnabled, props.BufferSize = true, streamBytes
	props.MaxCompressedPageSize, props.MaxUncompressedPageSize = maxPage, maxPage
	return o, guard(func() (err error) {
		if err := boundCodecs(); err != nil {
			return err
		}
		o.reader, err = file.NewParquetReader(&seekable{File: in, size: f.size}, file.WithMetadata(f.meta), file.WithReadProps(props))
		return err
	})
}

// rowGroup reads some columns of a row group.
type rowGroup struct {
	columns []*column
	chunks  []*chunk
	left    int64 // rows
	rows    int   // of a batch
	budget  int   // bytes of a chunk in a batch
}

// group begins to read columns of a row group, at most so many rows at a time.
func (o *opened) group(number int, columns []*column, rows int) (*rowGroup, error) {
	g := &rowGroup{columns: columns, left: o.meta.RowGroups[number].NumRows}
	width := 0
	err := guard(func() error {
		rg := o.reader.RowGroup(number)
		for _, c := range columns {
			for _, r := range c.readings() {
				m := o.meta.RowGroups[number].Columns[r.index].MetaData
				if _, err := compress.GetCodec(compress.Compression(m.Codec)); err != nil {
					return unsupported("data compressed by " + strings.ToLower(m.Codec.String()))
				}
				pages, err := rg.GetColumnPageReader(r.index)
				if err != nil {
					return err
				}
				g.chunks = append(g.chunks, &chunk{reading: r, pages: pages, left: m.NumValues})
				width += max(1, int(min(8*m.NumValues/max(1, g.left), batchBytes)))
			}
		}
		return nil
	})
	g.rows = min(rows, max(minRows, batchBytes/max(1, width)))
	g.budget = batchBytes / max(1, len(g.chunks))
	return g, err
}

// close gives back what the library holds.
func (g *rowGroup) close() {
	for _, c := range g.chunks {
		_ = c.pages.Close() // memory only
	}
}

// next gives the vectors of the columns for the next rows, and the rows among them that are bad. There are rows left.
func (g *rowGroup) next() (rows int, cols []*batch.Vector, bad map[int]op.Rejection, err error) {
	n := int(min(int64(g.rows), g.left))
	err = guard(func() error {
		for _, c := range g.chunks {
			if c.pending != nil {
				n = min(n, c.pending.rows)
			}
		}
		for _, c := range g.chunks {
			if c.pending == nil {
				if err := c.read(n, g.budget); err != nil {
					return err
				}
				n = min(n, c.pending.rows)
			}
		}
		a := &assembly{rows: n, parts: map[*reading]*part{}}
		for _, c := range g.chunks {
			a.parts[c.reading] = c.take(n)
		}
		for _, c := range g.columns {
			cols = append(cols, a.column(c))
		}
		bad = a.bad
		return a.err
	})
	g.left -= int64(n)
	return n, cols, bad, err
}
