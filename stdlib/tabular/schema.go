package tabular

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"unicode"

	"weir/compiler/types"
	"weir/planner/estimate"
	"weir/runtime/batch"
	"weir/runtime/op"
	"weir/stdlib/internal/input"
)

// readPath and asParam are parameters of all readers.
var (
	readPath = op.Param{Name: "path", Kind: op.Value, Type: types.Of(types.Path), Required: true,
		Doc: "A file, a folder (with a trailing /), a glob, or - for standard input."}
	asParam = op.Param{Name: "as", Kind: op.RowType,
		Doc: "The type of a row. Without it the types are taken from the beginning of the first file."}
)

// sampleBytes is how much of the files a schema or an estimate is taken from.
const sampleBytes = 1 << 20

// typed is Type of a reader: the type that the user gave, or that of a sample, which is kept as the argument `as` so
// that the plan has it.
func (f *format) typed(t *op.Typing) types.Row {
	if a := t.Args["as"]; a != nil && a.Row != nil {
		for _, c := range a.Row {
			if !storable(c.Type) {
				t.Errorf("as", codeAs, "`%s` would be a %s, which no column can hold", c.Name, c.Type)
				return nil
			}
			if k := c.Type.Kind; f.table && isNested(k) {
				t.Errorf("as", codeNested, "`%s` is a %s, and a field of a table holds a plain value", c.Name, k)
				return nil
			}
		}
		return a.Row
	}
	path := t.Args.Text("path")
	if t.Storage == nil || path == "-" {
		t.Errorf("", codeNoType, "%s does not know the columns: say %s", f.name, example)
		return nil
	}
	row, err := f.sample(t, path)
	if err != nil {
		t.Errorf("", codeNoType, "the columns cannot be told from %s, %v: say %s", path, err, example)
		return nil
	}
	t.Args["as"] = &op.Arg{Row: row, Default: true}
	return row
}

// example ends a message about columns that are not known.
const example = "what a row is, as in `as: { id: string, n: int? }`"

// storable reports whether a column can have the type.
func storable(t types.Type) bool {
	switch t.Kind.Storage() {
	case types.StoreNone:
		return false
	case types.StoreList:
		return storable(*t.Elem)
	case types.StoreRecord:
		for _, f := range t.Fields {
			if !storable(f.Type) {
				return false
			}
		}
	}
	return true
}

// sample infers the row from the beginning of the first file.
func (f *format) sample(t *op.Typing, path string) (types.Row, error) {
	ctx := context.Background()
	files, err := t.Storage.List(ctx, path)
	if err != nil {
		return nil, cause(err)
	}
	if len(files) == 0 || files[0].Size < 0 {
		return nil, errors.New("which cannot be read twice")
	}
	in, err := input.Open(ctx, t.Storage, input.Part{Path: files[0].Path})
	if err != nil {
		return nil, cause(err)
	}
	defer func() { _ = in.Close() }() // read only: nothing is lost
	data, err := io.ReadAll(io.LimitReader(in, sampleBytes))
	if err != nil {
		return nil, cause(err)
	}
	data = bytes.TrimPrefix(data, bom)
	if len(data) >= sampleBytes-3 { // the last line may go on
		data = data[:bytes.LastIndexByte(data, '\n')+1]
	}
	row, err := f.infer(f, t.Args, data)
	if err == nil && len(row) == 0 {
		err = errors.New("which has no rows")
	}
	return row, err
}

// cause is an error without its place, which the message has already.
func cause(err error) error {
	var e *op.Error
	if errors.As(err, &e) {
		if e.Err != nil {
			return fmt.Errorf("%s (%w)", e.Message, e.Err)
		}
		return errors.New(e.Message)
	}
	return err
}

// isName reports whether a column can have the name.
func isName(s string) bool {
	for i, r := range s {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
			return false
		}
	}
	return s != ""
}

// tally is an Output that counts rows and the bytes of their letters.
type tally struct {
	rows  float64
	bytes map[string]float64
}

func (t *tally) Emit(b *batch.Batch) error {
	t.rows += float64(b.N)
	for i, c := range b.Cols {
		for _, r := range c.Refs {
			t.bytes[b.Row[i].Name] += float64(r.Len)
		}
	}
	return nil
}
func (t *tally) Side(string, *batch.Batch) error { return nil }
func (t *tally) Reject(op.Rejection) error       { return nil }
func (t *tally) Watermark(int64) error           { return nil }
func (t *tally) Idle() error                     { return nil }

func (t *tally) Rest(func() (op.Split, error)) error { return nil }

// Wait waits for nothing but the sample.
func (t *tally) Wait(ready <-chan struct{}) error { <-ready; return nil }

// estimate reads the beginning of the files and goes on from there; it counts exactly what fits into a sample.
func (f *format) estimate(e *op.Estimating) (estimate.Stream, estimate.Work) {
	as := e.Args["as"]
	if e.Storage == nil || as == nil || as.Row == nil {
		return estimate.Stream{}, estimate.Work{}
	}
	ctx := context.Background()
	files, err := e.Storage.List(ctx, e.Args.Text("path"))
	if err != nil {
		return estimate.Stream{}, estimate.Work{}
	}
	t := &tally{bytes: map[string]float64{}}
	size, seen, left := 0.0, 0.0, int64(sampleBytes)
	for _, file := range files {
		if file.Size < 0 {
			return estimate.Stream{}, estimate.Work{}
		}
		size += float64(file.Size)
		if left <= 0 {
			continue
		}
		r := newRows(as.Row, as.Row, file.Path, 0, t)
		rd := newReader(ctx, e.Storage, f, e.Args, input.Part{Path: file.Path}, r)
		rd.limit = left
		if err := rd.open(); err != nil {
			return estimate.Stream{}, estimate.Work{}
		}
		err := rd.run()
		share := min(1, float64(rd.in.Packed())/max(1, float64(file.Size)))
		_ = rd.in.Close() // read only: nothing is lost
		if err != nil && err != errLimit {
			return estimate.Stream{}, estimate.Work{}
		}
		if err == nil {
			share = 1
		}
		seen += share * float64(file.Size)
		left = rd.limit
	}
	whole := seen >= size
	if t.rows == 0 && !whole {
		return estimate.Stream{}, estimate.Work{}
	}
	number := func(x float64) estimate.Number {
		if whole {
			return estimate.Exact(x, "counted")
		}
		return estimate.Around(x, 0.1, "sampled")
	}
	out := estimate.Stream{Rows: number(t.rows), Width: map[string]estimate.Number{}}
	if !whole {
		out.Rows = number(t.rows * size / seen)
	}
	for name, n := range t.bytes {
		out.Width[name] = number(n / t.rows)
	}
	return out, estimate.Work{Bytes: estimate.Exact(size, "file size")}
}
