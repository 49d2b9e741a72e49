// Package tabular reads and writes rows as text: JSON lines, CSV and TSV.
package tabular

import (
	"weir/compiler/types"
	"weir/runtime/op"
)

// Operators lists the operators of the package.
var Operators = []*op.Operator{ReadJSONL, ReadCSV, ReadTSV, WriteTSV, WriteCSV, WriteJSONL, Print, Watch}

// Codes of what goes wrong in these operators; lang/diag explains them.
const (
	codeNested    = "W2801" // a record or list where a line has room for plain values only
	codeNoType    = "W2802" // neither `as` nor a sample says what the columns are
	codeAs        = "W2803" // a type that no column can have
	codeDelimiter = "W2804" // a delimiter that cannot be one
	codeJSON      = "W6221" // a line that is not JSON
	codeValue     = "W6222" // a value of another type
	codeMissing   = "W6223" // a value that is missing
	codeUTF8      = "W6224" // a record that is not UTF-8
	codeLong      = "W6225" // a record that is too long
	codeQuote     = "W6226" // quotes that do not go together
	codeFields    = "W6227" // a record with another number of fields
	codeHeader    = "W6228" // a header that does not go with the type
)

// pathParam is the parameter of all writers.
var pathParam = op.Param{Name: "path", Kind: op.Value, Type: types.Of(types.Path), Required: true,
	Doc: "A file, which is written by one task and becomes visible when the run ends; a folder (with a trailing /) of " +
		"parts, which every task writes; or - for standard output. A file named *.gz or *.zst is compressed."}

// flat is Type of a sink whose lines have room for plain values only.
func flat(t *op.Typing) types.Row {
	for _, f := range t.In[0].Row {
		switch f.Type.Kind {
		case types.Record:
			if len(f.Type.Fields) > 0 {
				t.Errorf("", codeNested, "the column `%s` is a record, which has no place in a table: "+
					"name its fields before, as in `|> select(%s.%s, …)`", f.Name, f.Name, f.Type.Fields[0].Name)
			}
		case types.List:
			t.Errorf("", codeNested, "the column `%s` is a list, which has no place in a table: "+
				"make one row of each element with `|> explode(%s)`, or write JSON lines", f.Name, f.Name)
		}
	}
	return nil
}
