// Package syntax turns the text of a .flow file into a tree. It knows the shape of the language and nothing of its
// meaning: names are resolved, and operators told from functions, in the compiler.
package syntax

import "weir/lang/diag"

// File is one parsed .flow file.
type File struct {
	Name  string // as it stands in diagnostics
	Src   []byte
	Doc   string // the `##` block that the file begins with; it belongs to no declaration
	Decls []Decl
}

// Node is anything that has a place.
type Node interface{ Pos() diag.Span }

// Ident is a name as written.
type Ident struct {
	Name string
	Span diag.Span
}

// Decl is one declaration, or a bare pipe statement.
type Decl interface {
	Node
	decl()
}

// Declarations. Doc is the text of the `##` lines before the declaration, one line each, without the hashes.
type (
	// Import is `import "qc.flow"`.
	Import struct {
		Span diag.Span
		Path *Literal // a string
	}
	// Param is `param cutoff: int = 100`. Default is nil where the run must give a value.
	Param struct {
		Span    diag.Span
		Doc     string
		Name    Ident
		Type    TypeExpr
		Default Expr
	}
	// Secret is `secret token = env("LAB_TOKEN")`.
	Secret struct {
		Span  diag.Span
		Doc   string
		Name  Ident
		Value Expr
	}
	// TypeDecl is `type Reading = { plate: string, … }`.
	TypeDecl struct {
		Span diag.Span
		Doc  string
		Name Ident
		Type TypeExpr
	}
	// Fn is `fn gc(s: dna): float = …` or, with operators in the body, a pipeline fragment. Result is nil where it is
	// left out.
	Fn struct {
		Span   diag.Span
		Doc    string
		Name   Ident
		Params []FnParam
		Result TypeExpr
		Body   Expr
	}
	// Let is `let hits = proteins |> …`.
	Let struct {
		Span  diag.Span
		Doc   string
		Name  Ident
		Value Expr
	}
	// Test is `test "name" { given … advance … expect … }`.
	Test struct {
		Span  diag.Span
		Doc   string
		Name  *Literal // a string
		Steps []TestStep
	}
	// Statement is a bare pipe statement: `hits |> write_tsv(output)`.
	Statement struct {
		Span diag.Span
		Doc  string
		Pipe Expr
	}
)

// FnParam is one parameter of a Fn. Type is nil where it is left out, Default where the caller must give a value.
type FnParam struct {
	Name    Ident
	Type    TypeExpr
	Default Expr
}

// TestStep is one step of a Test. Kind is "given", "advance" or "expect"; Name is empty for advance, and
// has a dot where it is a side output: `growth.late`.
type TestStep struct {
	Span  diag.Span
	Kind  string
	Name  Ident
	Value Expr
}

// TypeExpr is a type as written.
type TypeExpr interface {
	Node
	typeExpr()
}

type (
	// NamedType is `int`, `protein` or a declared name; Args holds the element of `list<T>`.
	NamedType struct {
		Span diag.Span
		Name Ident
		Args []TypeExpr
	}
	// RecordType is `{ a: T, b: U }`.
	RecordType struct {
		Span   diag.Span
		Fields []FieldType
	}
	// NullableType is `T?`.
	NullableType struct {
		Span diag.Span
		Elem TypeExpr
	}
)

// FieldType is one field of a RecordType.
type FieldType struct {
	Name Ident
	Type TypeExpr
}

// Expr is an expression; a pipeline is one too.
type Expr interface {
	Node
	expr()
}

// LiteralKind says what kind of literal it is.
type LiteralKind uint8

const (
	Int       LiteralKind = iota // Value: int64
	Float                        // Value: float64
	String                       // Value: string
	Bool                         // Value: bool
	Null                         // Value: nil
	Duration                     // Value: time.Duration; 30s, 5m, 1h, 10d, 200ms
	Size                         // Value: int64 bytes; 128MiB, 2GB
	Percent                      // Value: float64 fraction; 80% is 0.8
	Timestamp                    // Value: time.Time, UTC; RFC 3339
)

type (
	// Literal is a constant; Raw is its text as written.
	Literal struct {
		Span  diag.Span
		Kind  LiteralKind
		Raw   string
		Value any
	}
	// Name is a reference to a column, parameter, let, enum value …
	Name struct {
		Ident Ident
	}
	// Field is `x.field`: a field of a record, or a side output such as `proteins.rejected`.
	Field struct {
		Span diag.Span
		X    Expr
		Sel  Ident
	}
	// Index is `x[i]`.
	Index struct {
		Span  diag.Span
		X     Expr
		Index Expr
	}
	// Call is `f(a, name: b, column = c)`: an operator or a function.
	Call struct {
		Span diag.Span
		Func Ident
		Args []Arg
	}
	// Unary is `-x` or `not x`; Op is "-" or "not".
	Unary struct {
		Span diag.Span
		Op   string
		X    Expr
	}
	// Binary is `x op y`; Op is one of or and == != < <= > >= ?? + - * / // %.
	Binary struct {
		Span   diag.Span
		Op     string
		OpSpan diag.Span
		X, Y   Expr
	}
	// IsNull is `x is null`, or `x is not null` where Not is set.
	IsNull struct {
		Span diag.Span
		X    Expr
		Not  bool
	}
	// In is `x in list`, or `x not in list` where Not is set.
	In struct {
		Span diag.Span
		X    Expr
		Not  bool
		List Expr
	}
	// If is `if cond { a } else { b }`, which may be chained: `else if`.
	If struct {
		Span             diag.Span
		Cond, Then, Else Expr
	}
	// List is `[a, b]`.
	List struct {
		Span  diag.Span
		Elems []Expr
	}
	// Record is `{ a: x, b: y }`.
	Record struct {
		Span   diag.Span
		Fields []RecordField
	}
	// Tuple is `(a, b)`, `(a = x, b)` or `(a = x)`; it stands only as an argument. Its
	// elements are Positional or Column.
	Tuple struct {
		Span  diag.Span
		Elems []Arg
	}
	// TypeLit is a row type that stands as the value of an option: `as: { a: float? }`.
	TypeLit struct {
		Span diag.Span
		Type TypeExpr
	}
	// Paren is `(x)`, kept so that the formatter keeps it.
	Paren struct {
		Span diag.Span
		X    Expr
	}
	// Pipe is `head |> a(…) |> b(…)`. Each stage is a Call.
	Pipe struct {
		Span   diag.Span
		Head   Expr
		Stages []*Call
	}
)

// RecordField is one field of a Record.
type RecordField struct {
	Name  Ident
	Value Expr
}

// ArgKind says how an argument was written.
type ArgKind uint8

const (
	Positional ArgKind = iota // value
	Option                    // name: value
	Column                    // name = value
)

// Arg is one argument of a Call. Name is empty for Positional.
type Arg struct {
	Kind  ArgKind
	Name  Ident
	Value Expr
}

func (d *Import) Pos() diag.Span    { return d.Span }
func (d *Param) Pos() diag.Span     { return d.Span }
func (d *Secret) Pos() diag.Span    { return d.Span }
func (d *TypeDecl) Pos() diag.Span  { return d.Span }
func (d *Fn) Pos() diag.Span        { return d.Span }
func (d *Let) Pos() diag.Span       { return d.Span }
func (d *Test) Pos() diag.Span      { return d.Span }
func (d *Statement) Pos() diag.Span { return d.Span }

func (*Import) decl()    {}
func (*Param) decl()     {}
func (*Secret) decl()    {}
func (*TypeDecl) decl()  {}
func (*Fn) decl()        {}
func (*Let) decl()       {}
func (*Test) decl()      {}
func (*Statement) decl() {}

func (t *NamedType) Pos() diag.Span    { return t.Span }
func (t *RecordType) Pos() diag.Span   { return t.Span }
func (t *NullableType) Pos() diag.Span { return t.Span }

func (*NamedType) typeExpr()    {}
func (*RecordType) typeExpr()   {}
func (*NullableType) typeExpr() {}

func (e *Literal) Pos() diag.Span { return e.Span }
func (e *Name) Pos() diag.Span    { return e.Ident.Span }
func (e *Field) Pos() diag.Span   { return e.Span }
func (e *Index) Pos() diag.Span   { return e.Span }
func (e *Call) Pos() diag.Span    { return e.Span }
func (e *Unary) Pos() diag.Span   { return e.Span }
func (e *Binary) Pos() diag.Span  { return e.Span }
func (e *IsNull) Pos() diag.Span  { return e.Span }
func (e *In) Pos() diag.Span      { return e.Span }
func (e *If) Pos() diag.Span      { return e.Span }
func (e *List) Pos() diag.Span    { return e.Span }
func (e *Record) Pos() diag.Span  { return e.Span }
func (e *Tuple) Pos() diag.Span   { return e.Span }
func (e *Paren) Pos() diag.Span   { return e.Span }
func (e *TypeLit) Pos() diag.Span { return e.Span }
func (e *Pipe) Pos() diag.Span    { return e.Span }

func (*Literal) expr() {}
func (*Name) expr()    {}
func (*Field) expr()   {}
func (*Index) expr()   {}
func (*Call) expr()    {}
func (*Unary) expr()   {}
func (*Binary) expr()  {}
func (*IsNull) expr()  {}
func (*In) expr()      {}
func (*If) expr()      {}
func (*List) expr()    {}
func (*Record) expr()  {}
func (*Tuple) expr()   {}
func (*Paren) expr()   {}
func (*TypeLit) expr() {}
func (*Pipe) expr()    {}
