package parquet

import (
	"context"
	"errors"
	"fmt"

	"weir/compiler/types"
	"weir/planner/estimate"
	"weir/runtime/op"
	"weir/stdlib/internal/input"
)

// ReadParquet is the operator that reads Parquet files.
var ReadParquet = &op.Operator{
	Name: "read_parquet",
	Role: op.SourceRole,
	Doc: `reads Parquet files: only the columns and row groups that are needed.

The path names a file, a folder (with a trailing /) or a glob; files come in the order of their names. The columns are those of
the first file. ` + "`as`" + ` chooses among them, and says what they are: a column that may be null in the file and not in the type
rejects the rows where it is. A column that a file lacks is null there, where the type allows that. Row groups whose statistics
say that no row can pass the filter behind are left out.

Integers of all widths are int (a uint64 beyond int64 is a bad row), floats of 16, 32 and 64 bits float; text, enums, JSON and
UUIDs string; other byte arrays bytes; dates and timestamps of any unit timestamp, which holds the years 1678 to 2261 (others
are bad rows; those without a time zone are taken as UTC); times of day and what was written as one duration; lists and maps
list, a map as one of { key, value }; structs records. A decimal is the nearest float, an int where it has no digits behind the
point, and with ` + "`as`" + ` its digits as a string. Also with ` + "`as`" + `: an int as float, duration or size; text as a path, cigar or
sequence, whose letters are folded to upper case; bytes as text. Intervals and variants cannot be read. Files that
write_parquet has written have the types that were written.

A bad row goes to ` + "`.rejected`" + `, with its number in the file; a file that is damaged, or has text that is not UTF-8, stops
the run. A task holds about 8 MiB, or a page of each column.`,
	Params: []op.Param{
		{Name: "path", Kind: op.Value, Type: types.Of(types.Path), Required: true, Doc: "A file, a folder (with a trailing /) or a glob."},
		{Name: "as", Kind: op.RowType, Doc: "The columns that are wanted, with their types. Without it all, as the first file has them."},
		{Name: "where", Kind: op.RowExpr, Type: types.Of(types.Bool), Hidden: true},
	},
	Type: typed,
	Caps: op.Caps{
		Needs:      func(op.Args, []types.Row, op.ColumnSet) []op.ColumnSet { return nil },
		Skip:       &op.Skip{Param: "where", Helps: helps},
		SplitCount: countSplits,
	},
	Estimate: estimated,
	Source:   newSource,
}

// maxLooks bounds the files of which the metadata is read before a run.
const maxLooks = 32

// typed is the row that the user has given, or that of the first file, which is kept as the argument `as` so that the plan has it.
func typed(t *op.Typing) types.Row {
	as := t.Args["as"]
	given := as != nil && as.Row != nil
	if given {
		for _, f := range as.Row {
			if !storable(f.Type) {
				t.Errorf("as", codeAs, "`%s` would be a %s, which no column can hold", f.Name, f.Type)
				return nil
			}
		}
	}
	path := t.Args.Text("path")
	if t.Storage == nil || path == "-" {
		if !given {
			t.Errorf("", codeNoType, "read_parquet does not know the columns: say %s", example)
			return nil
		}
		return as.Row
	}
	files, err := input.List(context.Background(), t.Storage, path)
	if err != nil {
		if given {
			return as.Row // the file may yet be written
		}
		t.Errorf("", codeNoType, "the columns cannot be told from %s, %v: say %s", path, cause(err), example)
		return nil
	}
	if given {
		return fits(t, files, as.Row)
	}
	f, err := readFooter(context.Background(), t.Storage, files[0].Path, "")
	if err != nil {
		t.Errorf("", codeNoType, "the columns cannot be told from %s, %v: say %s", path, cause(err), example)
		return nil
	}
	row, err := f.row()
	if err != nil {
		t.Errorf("", codeColumn, "the columns cannot be told from %s, %v: say which are wanted, %s", files[0].Path, err, example)
		return nil
	}
	t.Args["as"] = &op.Arg{Row: row, Default: true}
	return row
}

// example ends a message about columns that are not known.
const example = "as in `as: { id: string, n: int? }`"

// fits sees that the files have the columns of a row: the first what must be there, and one of the first few each other.
func fits(t *op.Typing, files []op.FileInfo, row types.Row) types.Row {
	missing := map[string]bool{}
	for _, f := range row {
		missing[f.Name] = true
	}
	for i, file := range files[:min(len(files), maxLooks)] {
		f, err := readFooter(context.Background(), t.Storage, file.Path, "")
		if err != nil {
			return row // the run says it, with what can be done
		}
		if _, err := bindRow(f.nodes, row); err != nil {
			t.Errorf("as", codeColumn, "%s: %v", file.Path, err)
			return nil
		}
		for _, n := range f.nodes {
			delete(missing, n.name)
		}
		if len(missing) == 0 || i+1 < len(files) && i+1 == maxLooks {
			return row
		}
	}
	for _, f := range row {
		if missing[f.Name] {
			t.Errorf("as", codeColumn, "%s: it has no column `%s`", files[0].Path, f.Name)
			return nil
		}
	}
	return row
}

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

// look reads the metadata of the first files a path names; all reports that there are no more.
func look(st op.Storage, path string) (footers []*footer, size float64, all bool) {
	if st == nil || path == "-" {
		return nil, 0, false
	}
	files, err := input.List(context.Background(), st, path)
	if err != nil {
		return nil, 0, false
	}
	for i, file := range files {
		if size += float64(max(0, file.Size)); i >= maxLooks {
			continue
		}
		f, err := readFooter(context.Background(), st, file.Path, file.Version)
		if err != nil {
			return nil, 0, false
		}
		footers = append(footers, f)
	}
	return footers, size, len(files) <= maxLooks
}

// countSplits is op.Caps.SplitCount.
func countSplits(a op.Args, st op.Storage) int {
	footers, _, all := look(st, a.Text("path"))
	if !all {
		return -1
	}
	n := 0
	for _, f := range footers {
		n += len(f.pieces())
	}
	return n
}

// estimated counts the rows of the groups that are read, and goes on from the first files to the others.
func estimated(e *op.Estimating) (estimate.Stream, estimate.Work) {
	footers, size, all := look(e.Storage, e.Args.Text("path"))
	as := e.Args["as"]
	if len(footers) == 0 || as == nil || as.Row == nil {
		return estimate.Stream{}, estimate.Work{}
	}
	where := tests(e.Args.Expr("where"))
	rows, seen, read := 0.0, 0.0, 0.0
	text := map[string]*meter{}
	for _, f := range footers {
		b, err := (&source{cfg: &op.Config{Args: e.Args, Out: as.Row}, where: where}).bindTo(f)
		if err != nil {
			return estimate.Stream{}, estimate.Work{}
		}
		seen += float64(f.size)
		for g, rg := range f.meta.RowGroups {
			if b.skips(g) {
				continue
			}
			rows += float64(rg.NumRows)
			for _, c := range b.declared {
				b.measure(g, c, text)
			}
			for _, c := range rg.Columns {
				read += float64(c.MetaData.TotalCompressedSize)
			}
		}
	}
	number := func(x float64) estimate.Number {
		if all {
			return estimate.Exact(x, "counted")
		}
		return estimate.Around(x*size/max(1, seen), 0.1, "sampled")
	}
	out := estimate.Stream{Rows: number(rows), Width: map[string]estimate.Number{}}
	for name, m := range text {
		if m.values > 0 && !m.unknown {
			out.Width[name] = estimate.Exact(m.bytes/m.values, "counted")
		}
	}
	return out, estimate.Work{Bytes: number(read)}
}

// meter adds up the bytes of a column of text.
type meter struct {
	bytes, values float64
	unknown       bool
}

// measure adds the bytes of a plain column's text, where the metadata has their number.
func (f *footer) measure(group int, c *column, to map[string]*meter) {
	if c.leaf == nil || !c.leaf.flat || c.leaf.kind.Storage() != types.StoreBytes {
		return
	}
	m := to[c.node.name]
	if m == nil {
		m = &meter{}
		to[c.node.name] = m
	}
	chunk := f.meta.RowGroups[group].Columns[c.leaf.index].MetaData
	if s := chunk.SizeStatistics; s != nil && s.UnencodedByteArrayDataBytes != nil {
		m.bytes, m.values = m.bytes+float64(*s.UnencodedByteArrayDataBytes), m.values+float64(chunk.NumValues)
		return
	}
	m.unknown = true
}
