// Package types has the types of the language: what a column holds, what a row looks like, and whether a stream ends.
// It is a leaf: everything from the checker to the worker speaks of values in these terms, and a type's text form is
// also its form in a plan's JSON.
package types

import (
	"fmt"
	"strings"
)

// Kind is the shape of a value, without its nullability.
type Kind uint8

// The kinds. Timestamp and Duration count nanoseconds (a timestamp from the Unix epoch, UTC), Size counts bytes. Protein, DNA
// and RNA are strings of residue letters, Cigar is a string of run-length operations. Null is the type of a bare `null`.
const (
	Invalid Kind = iota
	Null
	Bool
	Int
	Float
	String
	Bytes
	Path
	Timestamp
	Duration
	Size
	Protein
	DNA
	RNA
	Cigar
	Matrix
	List
	Record
)

var kindNames = [...]string{"invalid", "null", "bool", "int", "float", "string", "bytes", "path", "timestamp", "duration",
	"size", "protein", "dna", "rna", "cigar", "matrix", "list", "record"}

func (k Kind) String() string { return kindNames[k] }

// Storage is how values of a kind lie in memory (see runtime/batch).
type Storage uint8

const (
	StoreNone   Storage = iota // Invalid, Null, Matrix: never in a column
	StoreBool                  // one bool a value
	StoreInt                   // int64: Int, Timestamp, Duration, Size
	StoreFloat                 // float64
	StoreBytes                 // a run of bytes: String, Bytes, Path, Protein, DNA, RNA, Cigar
	StoreList                  // offsets into one element vector
	StoreRecord                // one vector a field
)

// Storage says how values of the kind lie in memory.
func (k Kind) Storage() Storage {
	switch k {
	case Bool:
		return StoreBool
	case Int, Timestamp, Duration, Size:
		return StoreInt
	case Float:
		return StoreFloat
	case String, Bytes, Path, Protein, DNA, RNA, Cigar:
		return StoreBytes
	case List:
		return StoreList
	case Record:
		return StoreRecord
	}
	return StoreNone
}

// IsSequence reports whether the kind is a biological sequence.
func (k Kind) IsSequence() bool { return k == Protein || k == DNA || k == RNA }

// Scalar names the kinds that a type can be written with, besides list<T> and { … }.
func Scalar(name string) (Kind, bool) {
	for k := Bool; k <= Matrix; k++ {
		if kindNames[k] == name {
			return k, true
		}
	}
	return Invalid, false
}

// ScalarNames lists the names that Scalar knows, for messages.
func ScalarNames() []string { return kindNames[Bool : Matrix+1] }

// Type is the type of a value. Types are values: compare them with Equal.
type Type struct {
	Kind     Kind
	Nullable bool
	Elem     *Type   // of a List
	Fields   []Field // of a Record
}

// Field is one column of a row or one field of a record.
type Field struct {
	Name string `json:"name"`
	Type Type   `json:"type"`
}

// Of gives the non-null type of a scalar kind.
func Of(k Kind) Type { return Type{Kind: k} }

// ListOf gives list<elem>.
func ListOf(elem Type) Type { return Type{Kind: List, Elem: &elem} }

// RecordOf gives the record type with these fields.
func RecordOf(fields ...Field) Type { return Type{Kind: Record, Fields: fields} }

// OrNull gives T?.
func (t Type) OrNull() Type { t.Nullable = true; return t }

// NotNull gives T for T?.
func (t Type) NotNull() Type { t.Nullable = false; return t }

// Equal reports whether both are the same type, field names, order and nullability included.
func (t Type) Equal(u Type) bool {
	if t.Kind != u.Kind || t.Nullable != u.Nullable || len(t.Fields) != len(u.Fields) {
		return false
	}
	if t.Kind == List {
		return t.Elem.Equal(*u.Elem)
	}
	for i := range t.Fields {
		if t.Fields[i].Name != u.Fields[i].Name || !t.Fields[i].Type.Equal(u.Fields[i].Type) {
			return false
		}
	}
	return true
}

// AssignableTo reports whether a value of type t may stand where u is wanted: the same type, int for float, a sequence, path or
// cigar for string, null or T for T?, and the same element by element.
func (t Type) AssignableTo(u Type) bool {
	if t.Kind == Null {
		return u.Nullable
	}
	if t.Nullable && !u.Nullable {
		return false
	}
	switch {
	case t.Kind == u.Kind:
	case t.Kind == Int && u.Kind == Float:
	case u.Kind == String && t.Kind.Storage() == StoreBytes && t.Kind != Bytes:
	default:
		return false
	}
	switch u.Kind {
	case List:
		return t.Elem.AssignableTo(*u.Elem)
	case Record:
		if len(t.Fields) != len(u.Fields) {
			return false
		}
		for i := range t.Fields {
			if t.Fields[i].Name != u.Fields[i].Name || !t.Fields[i].Type.AssignableTo(u.Fields[i].Type) {
				return false
			}
		}
	}
	return true
}

// Unify gives the narrowest type to which both are assignable.
func Unify(t, u Type) (Type, bool) {
	null := t.Nullable || u.Nullable || t.Kind == Null || u.Kind == Null
	if t.Kind == Null {
		return u.OrNull(), true
	}
	if u.Kind == Null {
		return t.OrNull(), true
	}
	t.Nullable, u.Nullable = null, null
	if t.AssignableTo(u) {
		return u, true
	}
	if u.AssignableTo(t) {
		return t, true
	}
	if t.Kind.Storage() == StoreBytes && u.Kind.Storage() == StoreBytes && t.Kind != Bytes && u.Kind != Bytes {
		return Type{Kind: String, Nullable: null}, true
	}
	return Type{}, false
}

// Field finds a field of a record type.
func (t Type) Field(name string) (Type, bool) {
	for _, f := range t.Fields {
		if f.Name == name {
			return f.Type, true
		}
	}
	return Type{}, false
}

// String writes the type as a user would.
func (t Type) String() string {
	var s string
	switch t.Kind {
	case List:
		s = "list<" + t.Elem.String() + ">"
	case Record:
		s = fieldsString(t.Fields)
	default:
		s = t.Kind.String()
	}
	if t.Nullable {
		s += "?"
	}
	return s
}

func fieldsString(fields []Field) string {
	if len(fields) == 0 {
		return "{}"
	}
	var b strings.Builder
	b.WriteString("{ ")
	for i, f := range fields {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(f.Name)
		b.WriteString(": ")
		b.WriteString(f.Type.String())
	}
	b.WriteString(" }")
	return b.String()
}

// MarshalText writes the type as a user would.
func (t Type) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (t *Type) UnmarshalText(text []byte) error {
	u, err := Parse(string(text))
	if err != nil {
		return err
	}
	*t = u
	return nil
}

// Row is the columns of a stream, in order.
type Row []Field

func (r Row) String() string { return fieldsString(r) }

// Index gives the position of a column, or -1.
func (r Row) Index(name string) int {
	for i, f := range r {
		if f.Name == name {
			return i
		}
	}
	return -1
}

// Lookup gives the type of a column.
func (r Row) Lookup(name string) (Type, bool) {
	if i := r.Index(name); i >= 0 {
		return r[i].Type, true
	}
	return Type{}, false
}

// Names lists the columns.
func (r Row) Names() []string {
	names := make([]string, len(r))
	for i, f := range r {
		names[i] = f.Name
	}
	return names
}

// Equal reports whether both rows have the same columns in the same order.
func (r Row) Equal(s Row) bool { return RecordOf(r...).Equal(RecordOf(s...)) }

// With gives a copy of the row with the column set: replaced in place where it exists, else appended.
func (r Row) With(name string, t Type) Row {
	out := append(Row(nil), r...)
	if i := out.Index(name); i >= 0 {
		out[i].Type = t
		return out
	}
	return append(out, Field{name, t})
}

// Stream is the type of a stream: its row, whether it ends, and what is known of event time.
type Stream struct {
	Row       Row  `json:"row"`
	Unbounded bool `json:"unbounded,omitempty"`
	// Time is the path of the column, a timestamp, that says when the event of a row happened; "" where none was named.
	Time string `json:"time,omitempty"`
	// Windows says how the rows belong to windows of event time, whose bounds are in the columns WindowStart and WindowEnd.
	Windows Windowing `json:"windows,omitempty"`
}

// Windowing says how the rows of a stream belong to windows.
type Windowing string

const (
	NoWindows      Windowing = ""
	FixedWindows   Windowing = "fixed"   // a row has the bounds of its window
	MergingWindows Windowing = "merging" // a row has bounds of its own; those of one key that meet or overlap are one window (sessions)
)

// WindowStart and WindowEnd are the columns, timestamps, with the bounds of a row's window: from the first up to, not including, the second.
const (
	WindowStart = "window_start"
	WindowEnd   = "window_end"
)

// Rejected is the row of every `.rejected` side output. Null where it is not known: a file has no record number when its very
// bytes cannot be unpacked.
var Rejected = Row{
	{"operator", Of(String)},
	{"file", Of(String).OrNull()},
	{"record", Of(Int).OrNull()},
	{"line", Of(Int).OrNull()},
	{"byte", Of(Int).OrNull()},
	{"code", Of(String)},
	{"reason", Of(String)},
	{"raw", Of(String).OrNull()},
}

// maxDepth bounds the nesting of a type that is read from text.
const maxDepth = 64

// Parse reads a type as String writes it.
func Parse(s string) (Type, error) {
	p := &parser{s: s}
	t, err := p.parse(0)
	if err != nil {
		return Type{}, err
	}
	if p.skip(); p.i != len(p.s) {
		return Type{}, fmt.Errorf("type %q: unexpected %q", s, p.s[p.i:])
	}
	return t, nil
}

type parser struct {
	s string
	i int
}

func (p *parser) skip() {
	for p.i < len(p.s) && p.s[p.i] == ' ' {
		p.i++
	}
}

func (p *parser) eat(c byte) bool {
	p.skip()
	if p.i < len(p.s) && p.s[p.i] == c {
		p.i++
		return true
	}
	return false
}

func (p *parser) word() string {
	p.skip()
	start := p.i
	for p.i < len(p.s) && !strings.ContainsRune(" {}<>,:?", rune(p.s[p.i])) {
		p.i++
	}
	return p.s[start:p.i]
}

func (p *parser) parse(depth int) (Type, error) {
	if depth > maxDepth {
		return Type{}, fmt.Errorf("type nested more than %d deep", maxDepth)
	}
	var t Type
	if p.eat('{') {
		t.Kind = Record
		for !p.eat('}') {
			if len(t.Fields) > 0 && !p.eat(',') {
				return t, fmt.Errorf("type %q: missing comma at byte %d", p.s, p.i)
			}
			name := p.word()
			if name == "" || !p.eat(':') {
				return t, fmt.Errorf("type %q: missing field at byte %d", p.s, p.i)
			}
			ft, err := p.parse(depth + 1)
			if err != nil {
				return t, err
			}
			t.Fields = append(t.Fields, Field{name, ft})
		}
	} else {
		name := p.word()
		k, ok := Scalar(name)
		switch {
		case ok:
			t.Kind = k
		case name == "null":
			t.Kind = Null
		case name == "list" && p.eat('<'):
			elem, err := p.parse(depth + 1)
			if err != nil {
				return t, err
			}
			if !p.eat('>') {
				return t, fmt.Errorf("type %q: missing > at byte %d", p.s, p.i)
			}
			t = ListOf(elem)
		default:
			return t, fmt.Errorf("type %q: no type is named %q", p.s, name)
		}
	}
	t.Nullable = p.eat('?')
	return t, nil
}
