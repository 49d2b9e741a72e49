package parquet

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/parquet/metadata"

	"weir/compiler/types"
	"weir/runtime/op"
	"weir/stdlib/internal/input"
)

// footer is what a file says of itself.
type footer struct {
	path    string
	version string
	size    int64
	meta    *metadata.FileMetaData
	nodes   []*node
}

// readFooter reads the metadata at the end of a file. Errors are *op.Error.
func readFooter(ctx context.Context, st op.Storage, path, version string) (*footer, error) {
	f, err := st.Open(ctx, path, version)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // read only: nothing is lost
	return parseFooter(f)
}

// parseFooter reads the metadata of an open file.
func parseFooter(f op.File) (*footer, error) {
	info := f.Info()
	bad := func(code, message, hint string) error {
		return &op.Error{Code: code, File: info.Path, Message: message, Hint: hint}
	}
	const tail = 8 // the length of the metadata, and PAR1
	if !f.Seekable() || info.Size < 0 {
		return nil, bad(codeFormat, "a Parquet file is read from its end, and this is a stream", "write it to a file first")
	}
	buf := make([]byte, tail)
	if info.Size < tail+4 {
		return nil, bad(codeFormat, "this is no Parquet file: it is too short", hintFormat)
	}
	if err := readAt(f, buf, info.Size-tail); err != nil {
		return nil, located(err, info.Path)
	}
	switch string(buf[4:]) {
	case "PAR1":
	case "PARE":
		return nil, bad(codeUnsupported, "the file is encrypted", "decrypt it first")
	default:
		return nil, bad(codeFormat, "this is no Parquet file: it does not end in PAR1", hintFormat)
	}
	length := int64(binary.LittleEndian.Uint32(buf))
	if length > info.Size-tail-4 {
		return nil, bad(codeDamaged, "its metadata would be longer than the file", hintDamaged)
	}
	if length > maxFooter {
		return nil, bad(codeLarge, fmt.Sprintf("its metadata has %d bytes, more than %d", length, maxFooter), hintLarge)
	}
	buf = make([]byte, length)
	if err := readAt(f, buf, info.Size-tail-length); err != nil {
		return nil, located(err, info.Path)
	}
	out := &footer{path: info.Path, version: info.Version, size: info.Size}
	if err := guard(func() error { return out.parse(buf) }); err != nil {
		return nil, located(err, info.Path)
	}
	return out, nil
}

// readAt fills buf.
func readAt(r io.ReaderAt, buf []byte, at int64) error {
	n, err := r.ReadAt(buf, at)
	if n == len(buf) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (f *footer) parse(buf []byte) (err error) {
	if err := checkMetadata(buf); err != nil {
		return err
	}
	if f.meta, err = metadata.NewFileMetaData(buf, nil); err != nil {
		return err
	}
	if f.meta.IsSetEncryptionAlgorithm() {
		return unsupported("columns that are encrypted")
	}
	f.nodes = describe(f.meta.Schema)
	return f.check()
}

// check sees that every row group has every column, and that they lie within the file.
func (f *footer) check() error {
	for g, rg := range f.meta.RowGroups {
		if len(rg.Columns) != f.meta.Schema.NumColumns() || rg.NumRows < 0 {
			return fmt.Errorf("row group %d has %d columns and %d rows, and the schema has %d columns", g, len(rg.Columns), rg.NumRows,
				f.meta.Schema.NumColumns())
		}
		for i, c := range rg.Columns {
			m := c.MetaData
			switch {
			case m == nil:
				return fmt.Errorf("column %d of row group %d has no metadata", i, g)
			case c.FilePath != nil && *c.FilePath != "":
				return unsupported("columns that lie in another file")
			case int(m.Type) != int(f.meta.Schema.Column(i).PhysicalType()):
				return fmt.Errorf("column %d of row group %d has another type than the schema says", i, g)
			}
			from, n := f.extent(g, i)
			switch {
			case m.NumValues == 0: // nothing of it is ever read
			case from < 4 || n < 0 || n > f.size || from > f.size-n:
				return fmt.Errorf("column %d of row group %d lies outside of the file", i, g)
			}
			if m.NumValues < rg.NumRows {
				return fmt.Errorf("column %d of row group %d has %d values for %d rows", i, g, m.NumValues, rg.NumRows)
			}
		}
	}
	return nil
}

// extent gives where a column chunk lies, dictionary included.
func (f *footer) extent(group, column int) (from, length int64) {
	m := f.meta.RowGroups[group].Columns[column].MetaData
	from = m.DataPageOffset
	if d := m.DictionaryPageOffset; d != nil && *d > 0 && *d < from {
		from = *d
	}
	return from, m.TotalCompressedSize
}

// keyRow is the key under which a file that we have written has its row.
const keyRow = "weir.row"

// row gives the row of the file: that with which it was written, where we have written it, else what its columns say. The error names the
// column that has no type.
func (f *footer) row() (types.Row, error) {
	if v := f.meta.KeyValueMetadata().FindValue(keyRow); v != nil {
		if t, err := types.Parse(*v); err == nil && t.Kind == types.Record && len(t.Fields) > 0 {
			if _, err := bindRow(f.nodes, t.Fields); err == nil {
				return t.Fields, nil
			}
		}
	}
	var out types.Row
	for _, n := range f.nodes {
		if n.why != "" {
			return nil, fmt.Errorf("where %s, which has no type here", n.why)
		}
		out = append(out, types.Field{Name: n.name, Type: n.typ})
	}
	if why := checkFields(f.nodes); why != "" && len(f.nodes) > 0 {
		return nil, fmt.Errorf("where %s", why)
	}
	if len(out) == 0 {
		return nil, errors.New("which has no columns")
	}
	if len(out) > maxColumns {
		return nil, fmt.Errorf("which has more than %d columns", maxColumns)
	}
	return out, nil
}

// maxColumns bounds the columns of a row that is taken from a file.
const maxColumns = 10_000

// Hints of errors.
const (
	hintFormat  = "a Parquet file begins and ends in PAR1; was it written to its end?"
	hintDamaged = "write or copy the file again"
	hintLarge   = "write it again with smaller row groups and pages, for example with DuckDB or pyarrow"
	hintOther   = "write it again without, for example with DuckDB or pyarrow"
)

// guard turns a panic of the library over damaged data into an error.
func guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if e, ok := r.(error); ok {
				err = fmt.Errorf("it is not what its metadata says: %w", e)
			} else {
				err = fmt.Errorf("it is not what its metadata says: %v", r)
			}
		}
	}()
	return f()
}

// located makes an *op.Error of what has gone wrong with a file, unless it is one, or the run is being stopped.
func located(err error, path string) error {
	var known *op.Error
	var other unsupported
	var large tooLarge
	var text notUTF8
	switch {
	case err == nil, errors.As(err, &known), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.As(err, &other):
		return &op.Error{Code: codeUnsupported, File: path, Message: "the file has " + string(other) + ", which is not read", Hint: hintOther}
	case errors.As(err, &large):
		return &op.Error{Code: codeLarge, File: path, Message: string(large), Hint: hintLarge}
	case errors.As(err, &text):
		return &op.Error{Code: codeUTF8, File: path, Message: text.Error(), Hint: "read it as bytes: `as: { " + text.path + ": bytes, … }`"}
	case errors.Is(err, op.ErrChanged):
		return &op.Error{Code: input.FileChanged, File: path, Message: "the file has changed since it was first looked at", Err: err}
	}
	return &op.Error{Code: codeDamaged, File: path, Message: "the Parquet file is damaged", Err: err, Hint: hintDamaged}
}
