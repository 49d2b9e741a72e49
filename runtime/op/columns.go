package op

import (
	"sort"
	"strings"

	"weir/compiler/expr"
	"weir/compiler/types"
)

// ColumnSet is a set of column paths. A path stands for all that lies below it: "query" for every field of query.
type ColumnSet map[string]bool

// NewColumnSet makes a set.
func NewColumnSet(paths ...string) ColumnSet {
	s := ColumnSet{}
	for _, p := range paths {
		s.Add(p)
	}
	return s
}

// AllColumns is every column of a row.
func AllColumns(r types.Row) ColumnSet { return NewColumnSet(r.Names()...) }

// Add adds a path, unless one above it is there already; what lies below it is dropped.
func (s ColumnSet) Add(path string) {
	for p := path; ; {
		if s[p] {
			return
		}
		i := strings.LastIndexByte(p, '.')
		if i < 0 {
			break
		}
		p = p[:i]
	}
	for q := range s {
		if strings.HasPrefix(q, path+".") {
			delete(s, q)
		}
	}
	s[path] = true
}

// AddExpr adds the columns that an expression reads.
func (s ColumnSet) AddExpr(e *expr.Expr) {
	if e == nil {
		return
	}
	for _, p := range e.Columns() {
		s.Add(p)
	}
}

// AddAll adds the paths of another set.
func (s ColumnSet) AddAll(t ColumnSet) {
	for _, p := range t.Paths() {
		s.Add(p)
	}
}

// Has reports whether the column, or something below it, is in the set.
func (s ColumnSet) Has(column string) bool {
	for p := range s {
		if p == column || strings.HasPrefix(p, column+".") || strings.HasPrefix(column, p+".") {
			return true
		}
	}
	return false
}

// Under gives the part of the set below a record column, with paths relative to it; all reports that the whole record is in the set.
func (s ColumnSet) Under(column string) (sub ColumnSet, all bool) {
	sub = ColumnSet{}
	for p := range s {
		if p == column {
			return nil, true
		}
		if rest, ok := strings.CutPrefix(p, column+"."); ok {
			sub.Add(rest)
		}
	}
	return sub, false
}

// Paths lists the set in order.
func (s ColumnSet) Paths() []string { return sortedKeys(s) }

// Prune gives the part of a row that is in the set, records cut down to the fields that are.
func (s ColumnSet) Prune(r types.Row) types.Row {
	var out types.Row
	for _, f := range r {
		if !s.Has(f.Name) {
			continue
		}
		if sub, all := s.Under(f.Name); !all && f.Type.Kind == types.Record {
			t := f.Type
			t.Fields = sub.Prune(f.Type.Fields)
			f.Type = t
		}
		out = append(out, f)
	}
	return out
}

func sortedKeys[T any](m map[string]T) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
