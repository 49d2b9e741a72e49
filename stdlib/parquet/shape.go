package parquet

import (
	"fmt"
	"unicode"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"weir/compiler/types"
)

// node is a column of a file, or a part of one: a leaf, a record or a list. Levels are those of Dremel's encoding, which Parquet uses.
type node struct {
	name string
	path string     // from the column on, for messages
	top  bool       // a column, and no part of one
	typ  types.Type // what it gives where nobody asks for something else
	why  string     // why it has no type; may be set of a part only

	present int // the definition level from which what it stands in is there
	def     int // the definition level from which it is not null
	rep     int // of a list: the repetition level at which a further element begins

	leaf   *leaf
	fields []*node // of a record
	elem   *node   // of a list; its `present` is the level from which there is an element
}

// leaf is a column of the file proper.
type leaf struct {
	index          int
	maxDef, maxRep int
	physical       parquet.Type
	length         int // of a fixed-length byte array
	form           form
	factor         int64 // of a time: nanoseconds in its unit
	precision      int   // of a decimal
	scale          int
	narrow         bool // integers of 32 bits
	unsigned       bool
}

// form says what the values of a leaf are.
type form uint8

const (
	formBool form = iota
	formInt
	formTime      // of day
	formTimestamp // since 1970, in units of factor
	formInt96     // nanoseconds of the day, and the Julian day
	formFloat
	formHalf // a float of 16 bits
	formText
	formBytes
	formUUID
	formDecimal
	formNull // always null
)

var formNames = [...]string{"a bool", "an integer", "a time of day", "a timestamp", "a timestamp", "a float", "a float", "text",
	"bytes", "a UUID", "a decimal", "always null"}

func (f form) String() string { return formNames[f] }

// describe gives the columns of a schema.
func describe(s *schema.Schema) []*node {
	d := &describer{}
	root := s.Root()
	out := make([]*node, root.NumFields())
	for i := range out {
		out[i] = d.node(root.Field(i), root.Field(i).Name(), 0, 0)
		out[i].top = true
	}
	return out
}

type describer struct{ leaves int }

// node describes one node of the schema below the definition and repetition levels of what it stands in.
func (d *describer) node(n schema.Node, path string, def, rep int) *node {
	if n.RepetitionType() != parquet.Repetitions.Repeated {
		return d.plain(n, path, def, rep)
	}
	c := &node{name: n.Name(), path: path, present: def, def: def, rep: rep + 1} // a list that does not say so
	c.list(d.plain(n, path, def+1, rep+1))
	return c
}

// list makes a list of the node.
func (c *node) list(elem *node) {
	c.elem = elem
	if c.why = elem.why; c.why == "" {
		c.typ = types.Type{Kind: types.List, Nullable: c.typ.Nullable, Elem: &elem.typ}
	}
}

// plain describes a node of which there is one, or none where it is optional.
func (d *describer) plain(n schema.Node, path string, present, rep int) *node {
	c := &node{name: n.Name(), path: path, present: present, def: present}
	if n.RepetitionType() == parquet.Repetitions.Optional {
		c.def++
	}
	switch n := n.(type) {
	case *schema.PrimitiveNode:
		c.leaf = newLeaf(n)
		c.leaf.index, c.leaf.maxDef, c.leaf.maxRep = d.leaves, c.def, rep
		d.leaves++
		var why string
		if c.typ, why = c.leaf.natural(); why != "" {
			c.why = "`" + path + "` " + why
		}
	case *schema.GroupNode:
		d.group(c, n, rep)
	}
	c.typ.Nullable = c.def > present
	return c
}

// group describes a record, or a list or map in its three levels or in one of the older shapes.
func (d *describer) group(c *node, n *schema.GroupNode, rep int) {
	isMap := isConverted(n, schema.ConvertedTypes.Map, schema.ConvertedTypes.MapKeyValue) || isLogical[schema.MapLogicalType](n)
	isList := isConverted(n, schema.ConvertedTypes.List) || isLogical[schema.ListLogicalType](n)
	if (isList || isMap) && n.NumFields() == 1 && n.Field(0).RepetitionType() == parquet.Repetitions.Repeated {
		c.rep = rep + 1
		c.list(d.element(n.Field(0), c.path, n.Name(), isMap, c.def+1, rep+1))
		return
	}
	for i := range n.NumFields() {
		f := d.node(n.Field(i), c.path+"."+n.Field(i).Name(), c.def, rep)
		c.fields = append(c.fields, f)
		if f.why != "" && c.why == "" {
			c.why = f.why
		}
	}
	c.record()
	if isLogical[schema.VariantLogicalType](n) {
		c.why = "`" + c.path + "` is a variant"
	}
	if c.why == "" {
		c.why = checkFields(c.fields)
	}
}

// record sets the type of a record by its fields.
func (c *node) record() {
	c.typ.Kind, c.typ.Fields = types.Record, make([]types.Field, len(c.fields))
	for i, f := range c.fields {
		c.typ.Fields[i] = types.Field{Name: f.name, Type: f.typ}
	}
}

// element describes the repeated node of a list or map: it is the element itself, or stands around it.
func (d *describer) element(n schema.Node, path, list string, isMap bool, present, rep int) *node {
	g, ok := n.(*schema.GroupNode)
	if !ok {
		return d.plain(n, path, present, rep)
	}
	if isMap && g.NumFields() == 2 {
		e := d.plain(n, path, present, rep)
		if len(e.fields) == 2 {
			e.fields[0].name, e.fields[1].name = "key", "value"
			e.record()
		}
		return e
	}
	only := g.NumFields() == 1 && g.Field(0).RepetitionType() != parquet.Repetitions.Repeated
	if !only || g.Name() == "array" || g.Name() == list+"_tuple" {
		return d.plain(n, path, present, rep)
	}
	return d.plain(g.Field(0), path, present, rep)
}

func isLogical[T schema.LogicalType](n schema.Node) bool {
	_, is := n.LogicalType().(T)
	return is
}

func isConverted(n schema.Node, kinds ...schema.ConvertedType) bool {
	for _, k := range kinds {
		if n.ConvertedType() == k {
			return true
		}
	}
	return false
}

// checkFields wants names that the language can say, each once.
func checkFields(fields []*node) string {
	seen := map[string]bool{}
	for _, f := range fields {
		switch {
		case !isName(f.name):
			return fmt.Sprintf("a column is called %q, which no column can be here", shorten(f.name))
		case seen[f.name]:
			return "two columns are called `" + f.path + "`"
		}
		seen[f.name] = true
	}
	if len(fields) == 0 {
		return "a record has no fields"
	}
	return ""
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

func shorten(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// newLeaf says what the values of a primitive column are. What the file says beside that is left to the form that the
// physical type has.
func newLeaf(n *schema.PrimitiveNode) *leaf {
	l := &leaf{physical: n.PhysicalType(), length: n.TypeLength()}
	switch l.physical {
	case parquet.Types.Boolean:
		l.form = formBool
	case parquet.Types.Int32:
		l.form, l.narrow = formInt, true
	case parquet.Types.Int64:
		l.form = formInt
	case parquet.Types.Int96:
		l.form, l.length = formInt96, 12
	case parquet.Types.Float, parquet.Types.Double:
		l.form = formFloat
	default:
		l.form = formBytes
	}
	switch t := n.LogicalType().(type) {
	case schema.StringLogicalType, schema.EnumLogicalType, schema.JSONLogicalType:
		if l.form == formBytes {
			l.form = formText
		}
	case schema.UUIDLogicalType:
		if l.physical == parquet.Types.FixedLenByteArray && l.length == 16 {
			l.form = formUUID
		}
	case schema.Float16LogicalType:
		if l.physical == parquet.Types.FixedLenByteArray && l.length == 2 {
			l.form = formHalf
		}
	case schema.IntLogicalType:
		l.unsigned = l.form == formInt && !t.IsSigned()
	case schema.DateLogicalType:
		l.form, l.factor = formTimestamp, 24*3600*1_000_000_000
	case schema.TimestampLogicalType:
		l.form, l.factor = formTimestamp, nanoseconds(t.TimeUnit())
	case schema.TimeLogicalType:
		l.form, l.factor = formTime, nanoseconds(t.TimeUnit())
	case schema.NullLogicalType:
		l.form = formNull
	case schema.DecimalLogicalType:
		if l.form == formInt || l.form == formBytes {
			l.form, l.precision, l.scale = formDecimal, int(t.Precision()), int(t.Scale())
		}
	}
	if isConverted(n, schema.ConvertedTypes.Interval) {
		l.factor = -1 // marks what natural refuses
	}
	return l
}

// nanoseconds gives the length of a unit, 0 for one that is not known.
func nanoseconds(u schema.TimeUnitType) int64 {
	switch u {
	case schema.TimeUnitMillis:
		return 1_000_000
	case schema.TimeUnitMicros:
		return 1_000
	case schema.TimeUnitNanos:
		return 1
	}
	return 0
}

// natural gives the type of a leaf where nobody asks for another, or why there is none.
func (l *leaf) natural() (t types.Type, why string) {
	switch {
	case l.form == formBytes && l.factor < 0:
		return t, "is an interval of months, days and milliseconds"
	case (l.form == formTimestamp || l.form == formTime) && (l.factor <= 0 || l.physical != parquet.Types.Int32 && l.physical != parquet.Types.Int64):
		return t, "has a unit of time that is not known"
	case l.physical == parquet.Types.FixedLenByteArray && l.length <= 0:
		return t, "has values of no length"
	case l.form == formDecimal && (l.precision <= 0 || l.precision > maxDigits || l.scale < 0 || l.scale > l.precision):
		return t, "has a number of digits that is not known"
	}
	switch l.form {
	case formBool:
		t.Kind = types.Bool
	case formInt:
		t.Kind = types.Int
	case formTime:
		t.Kind = types.Duration
	case formTimestamp, formInt96:
		t.Kind = types.Timestamp
	case formFloat, formHalf:
		t.Kind = types.Float
	case formBytes:
		t.Kind = types.Bytes
	case formDecimal:
		t.Kind = types.Float
		if l.scale == 0 {
			t.Kind = types.Int
		}
	default:
		t.Kind = types.String
	}
	return t, ""
}
