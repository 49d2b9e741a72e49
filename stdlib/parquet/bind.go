package parquet

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"weir/compiler/types"
)

// column is what is read of a node so that it gives values of a type.
type column struct {
	typ  types.Type
	node *node // nil where the file does not have it: every value is null
	// required: the file may have a null where the type has none. The row is then rejected.
	required bool
	leaf     *reading
	fields   []*column // of a record, in the order of the type's
	elem     *column   // of a list
	// levels is a leaf below a record or list, for what there is and what is null.
	levels *reading
}

// reading is how a leaf is read.
type reading struct {
	*leaf
	path string
	typ  types.Type
	kind types.Kind // of typ; Invalid: only the levels are wanted
	flat bool       // a column of plain values: one a row, and at most one level
	// low and high bound what fits into the type, before it is multiplied by the factor.
	low, high int64
	required  bool // it may have nulls, and a row with one is rejected
}

// bind makes the column of a node for a type. The error says what does not go together.
func bind(n *node, t types.Type) (*column, error) {
	c := &column{typ: t, node: n, required: n.def > n.present && !t.Nullable}
	switch {
	case t.Kind == types.Record && n.fields != nil:
		for _, f := range t.Fields {
			g, err := bindField(n, f)
			if err != nil {
				return nil, err
			}
			c.fields = append(c.fields, g)
		}
	case t.Kind == types.List && n.elem != nil:
		e, err := bind(n.elem, *t.Elem)
		if err != nil {
			return nil, err
		}
		c.elem = e
	case n.leaf != nil && n.leaf.gives(t.Kind):
		c.leaf = newReading(n, t)
		c.leaf.required = c.required
		c.levels = c.leaf
		return c, nil
	case n.why != "" && (n.leaf != nil || len(n.fields) == 0):
		return nil, fmt.Errorf("%s, which has no type here", n.why)
	default:
		return nil, fmt.Errorf("`%s` is %s in the file, which cannot be read as %s", n.path, n.kind(), t)
	}
	if c.levels = c.firstLeaf(); c.levels == nil {
		c.levels = newReading(n.anyLeaf(), types.Type{})
	}
	return c, nil
}

// bindField makes the column of a field of a record, by its name.
func bindField(n *node, f types.Field) (*column, error) {
	for _, g := range n.fields {
		if g.name == f.Name {
			return bind(g, f.Type)
		}
	}
	if !f.Type.Nullable {
		return nil, fmt.Errorf("`%s` has no field `%s`", n.path, f.Name)
	}
	return &column{typ: f.Type}, nil
}

// kind says what the node is, for messages.
func (n *node) kind() string {
	switch {
	case n.leaf != nil:
		return n.leaf.form.String()
	case n.elem != nil:
		return "a list"
	}
	return "a record"
}

// anyLeaf gives the first leaf at or below the node.
func (n *node) anyLeaf() *node {
	for n.leaf == nil {
		if n.elem != nil {
			n = n.elem
		} else {
			n = n.fields[0]
		}
	}
	return n
}

// firstLeaf gives a leaf at or below the column; nil where the file has none of it.
func (c *column) firstLeaf() *reading {
	if c.leaf != nil {
		return c.leaf
	}
	if c.elem != nil {
		return c.elem.levels
	}
	for _, f := range c.fields {
		if r := f.firstLeaf(); r != nil {
			return r
		}
	}
	return nil
}

// readings lists the leaves that are read for the column.
func (c *column) readings() []*reading {
	var out []*reading
	seen := map[*reading]bool{}
	var walk func(*column)
	walk = func(c *column) {
		for _, r := range []*reading{c.leaf, c.levels} {
			if r != nil && !seen[r] {
				seen[r] = true
				out = append(out, r)
			}
		}
		for _, f := range c.fields {
			walk(f)
		}
		if c.elem != nil {
			walk(c.elem)
		}
	}
	walk(c)
	return out
}

// gives reports whether the values of a leaf can be given as values of a kind.
func (l *leaf) gives(k types.Kind) bool {
	if _, why := l.natural(); why != "" {
		return false
	}
	text := k.Storage() == types.StoreBytes && k != types.Bytes
	switch l.form {
	case formBool:
		return k == types.Bool
	case formInt:
		return k == types.Int || k == types.Float || (k == types.Duration || k == types.Size) && !l.narrow && !l.unsigned
	case formTime:
		return k == types.Duration
	case formTimestamp, formInt96:
		return k == types.Timestamp
	case formFloat, formHalf:
		return k == types.Float
	case formText, formBytes:
		return text || k == types.Bytes
	case formUUID:
		return k == types.String || k == types.Bytes
	case formDecimal:
		return k == types.Float || k == types.String || k == types.Int && l.scale == 0
	case formNull:
		return k.Storage() != types.StoreNone && k != types.List && k != types.Record
	}
	return false
}

func newReading(n *node, t types.Type) *reading {
	l, k := n.leaf, t.Kind
	r := &reading{leaf: l, path: n.path, typ: t, kind: k, flat: n.top, low: math.MinInt64, high: math.MaxInt64}
	switch l.form {
	case formInt:
		if l.unsigned && k == types.Int {
			r.low = 0 // what is beyond an int64 looks negative
		}
	case formTime, formTimestamp:
		r.low, r.high = math.MinInt64/l.factor, math.MaxInt64/l.factor
	}
	return r
}

// limited reports whether the leaf may have values that its kind cannot hold.
func (r *reading) limited() bool {
	switch r.form {
	case formInt:
		return r.unsigned && !r.narrow && r.kind == types.Int
	case formTime, formTimestamp:
		return r.low != math.MinInt64 && !(r.narrow && r.low <= math.MinInt32 && r.high >= math.MaxInt32)
	case formInt96:
		return true
	case formDecimal:
		return r.kind == types.Int && r.physical != int64Type && r.physical != int32Type
	}
	return false
}

// bindRow makes the columns of a declared row. A file that has none of them is another one than was meant.
func bindRow(nodes []*node, row types.Row) ([]*column, error) {
	out, err := bindFields(nodes, row)
	if err == nil && !slices.ContainsFunc(out, func(c *column) bool { return c.node != nil }) {
		err = errors.New("it has none of the columns")
	}
	return out, err
}

// bindFields makes the columns of a row, by their names.
func bindFields(nodes []*node, row types.Row) ([]*column, error) {
	all := &node{fields: nodes}
	var out []*column
	for _, f := range row {
		if all.field(f.Name) == nil && !f.Type.Nullable {
			return nil, fmt.Errorf("it has no column `%s`", f.Name)
		}
		c, err := bindField(all, f)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// field finds a field of a record.
func (n *node) field(name string) *node {
	for _, f := range n.fields {
		if f.name == name {
			return f
		}
	}
	return nil
}
