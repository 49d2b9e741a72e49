package check

import (
	"fmt"
	"sort"

	"weir/compiler/resolve"
	"weir/compiler/types"
	"weir/lang/diag"
	"weir/lang/syntax"
)

// typeResult is a declared type; busy while it is being resolved, to find cycles. size counts its parts.
type typeResult struct {
	t    types.Type
	size int
	busy bool
}

// maxTypeDepth is how deep types may nest; what types.Parse reads back bounds it.
const maxTypeDepth = 60

func (c *checker) declaredTypes(m *resolve.Module) {
	for _, s := range m.Own {
		if s.Kind == resolve.Type {
			c.declaredType(s, 0)
		}
	}
}

func (c *checker) declaredType(s *resolve.Symbol, depth int) (types.Type, int) {
	if r := c.records[s]; r != nil {
		if r.busy {
			c.report(diag.Diagnostic{Code: "W2006", Span: s.Span, Message: fmt.Sprintf("type `%s` contains itself", s.Name),
				Hint: "types are finite: name a key instead"})
			return types.Type{}, 1
		}
		return r.t, r.size
	}
	r := &typeResult{busy: true}
	c.records[s] = r
	r.t, r.size = c.typeExpr(s.Decl.(*syntax.TypeDecl).Type, s.Module, depth)
	r.busy = false
	if deep(r.t, maxTypeDepth) {
		c.limit(s.Span, "", "type `%s` nests more than %d deep", s.Name, maxTypeDepth)
		r.t, r.size = types.Type{}, 1
	}
	return r.t, r.size
}

// typeOf resolves a type as written; Invalid where it is wrong, which is reported.
func (c *checker) typeOf(x syntax.TypeExpr, m *resolve.Module) types.Type {
	t, _ := c.typeExpr(x, m, 0)
	return t
}

func (c *checker) typeExpr(x syntax.TypeExpr, m *resolve.Module, depth int) (types.Type, int) {
	if depth > maxTypeDepth {
		c.limit(x.Pos(), "", "types nest more than %d deep here", maxTypeDepth)
		return types.Type{}, 1
	}
	switch x := x.(type) {
	case *syntax.NullableType:
		t, n := c.typeExpr(x.Elem, m, depth)
		if t.Kind != types.Invalid {
			t.Nullable = true
		}
		return t, n
	case *syntax.RecordType:
		t, n := types.Type{Kind: types.Record}, 1
		bad := false
		for _, f := range x.Fields {
			if _, dup := t.Field(f.Name.Name); dup {
				c.errorf("W2017", f.Name.Span, "field `%s` is there twice", f.Name.Name)
				bad = true
				continue
			}
			ft, k := c.typeExpr(f.Type, m, depth+1)
			n += k
			if n > maxColumns {
				c.limit(x.Span, "", "a type of more than %d fields", maxColumns)
				return types.Type{}, 1
			}
			bad = bad || ft.Kind == types.Invalid
			t.Fields = append(t.Fields, types.Field{Name: f.Name.Name, Type: ft})
		}
		if bad {
			return types.Type{}, n
		}
		return t, n
	case *syntax.NamedType:
		return c.namedType(x, m, depth)
	}
	return types.Type{}, 1
}

func (c *checker) namedType(x *syntax.NamedType, m *resolve.Module, depth int) (types.Type, int) {
	name := x.Name.Name
	if name == "list" {
		if len(x.Args) != 1 {
			c.report(diag.Diagnostic{Code: "W2016", Span: x.Span, Message: "a list has one element type",
				Hint: "write `list<int>`"})
			return types.Type{}, 1
		}
		t, n := c.typeExpr(x.Args[0], m, depth+1)
		if t.Kind == types.Invalid {
			return t, n
		}
		return types.ListOf(t), n + 1
	}
	if len(x.Args) > 0 {
		c.errorf("W2016", x.Span, "`%s` takes no element type: only list does", name)
		return types.Type{}, 1
	}
	if s := m.Types[name]; s != nil {
		c.uses[s] = true
		return c.declaredType(s, depth+1)
	}
	if k, ok := types.Scalar(name); ok {
		return types.Of(k), 1
	}
	if m.MayHave(name) {
		return types.Type{}, 1
	}
	names := append(append([]string(nil), types.ScalarNames()...), "list")
	var own []string
	for n := range m.Types {
		own = append(own, n)
	}
	sort.Strings(own)
	d := diag.Diagnostic{Code: "W2015", Span: x.Name.Span, Message: fmt.Sprintf("unknown type `%s`", name)}
	if k, ok := otherNames[name]; ok {
		d.Fix = &diag.Fix{Message: "replace with `" + k + "`", Edits: []diag.Edit{{Span: x.Name.Span, New: k}}}
	} else {
		suggest(&d, name, x.Name.Span, "types are", append(own, names...))
	}
	c.report(d)
	return types.Type{}, 1
}

// otherNames is what other languages call our types.
var otherNames = map[string]string{"integer": "int", "int64": "int", "int32": "int", "long": "int", "number": "float",
	"double": "float", "float64": "float",
	"str": "string", "text": "string", "varchar": "string", "boolean": "bool", "date": "timestamp",
	"datetime": "timestamp", "time": "timestamp",
	"interval": "duration", "blob": "bytes", "file": "path", "uri": "path"}

// fields counts the columns of a row with all fields below, up to limit.
func fields(r []types.Field, limit int) int {
	n := 0
	for _, f := range r {
		n += typeSize(f.Type, limit-n)
		if n > limit {
			return n
		}
	}
	return n
}

func typeSize(t types.Type, limit int) int {
	switch {
	case limit <= 0:
		return 1
	case t.Kind == types.List:
		return 1 + typeSize(*t.Elem, limit-1)
	case t.Kind == types.Record:
		return 1 + fields(t.Fields, limit-1)
	}
	return 1
}

// deep reports whether a type nests deeper than a plan's JSON can hold.
func deep(t types.Type, left int) bool {
	if left <= 0 {
		return true
	}
	if t.Kind == types.List {
		return deep(*t.Elem, left-1)
	}
	for _, f := range t.Fields {
		if deep(f.Type, left-1) {
			return true
		}
	}
	return false
}

// hasInvalid reports whether a part of the type is not known, because of an error that was reported.
func hasInvalid(t types.Type) bool {
	switch t.Kind {
	case types.Invalid:
		return true
	case types.List:
		return hasInvalid(*t.Elem)
	case types.Record:
		for _, f := range t.Fields {
			if hasInvalid(f.Type) {
				return true
			}
		}
	}
	return false
}

func rowInvalid(r types.Row) bool { return hasInvalid(types.Type{Kind: types.Record, Fields: r}) }
