package syntax

// Walk calls visit for n and, where visit returns true, for all that stands in it, in the order of the text: types,
// expressions, and the calls of a pipe. Names, arguments and fields are no nodes of their own.
func Walk(n Node, visit func(Node) bool) {
	if n == nil || !visit(n) {
		return
	}
	w := walker{visit: visit}
	switch n := n.(type) {
	case *Import:
		w.expr(n.Path)
	case *Param:
		w.typ(n.Type)
		w.expr(n.Default)
	case *Secret:
		w.expr(n.Value)
	case *TypeDecl:
		w.typ(n.Type)
	case *Fn:
		for _, p := range n.Params {
			w.typ(p.Type)
			w.expr(p.Default)
		}
		w.typ(n.Result)
		w.expr(n.Body)
	case *Let:
		w.expr(n.Value)
	case *Test:
		w.expr(n.Name)
		for _, s := range n.Steps {
			w.expr(s.Value)
		}
	case *Statement:
		w.expr(n.Pipe)
	case TypeExpr:
		w.typeParts(n)
	case Expr:
		w.exprParts(n)
	}
}

type walker struct{ visit func(Node) bool }

func (w walker) typ(t TypeExpr) {
	if t != nil {
		Walk(t, w.visit)
	}
}

func (w walker) expr(x Expr) {
	if x != nil {
		Walk(x, w.visit)
	}
}

func (w walker) args(args []Arg) {
	for _, a := range args {
		w.expr(a.Value)
	}
}

func (w walker) typeParts(t TypeExpr) {
	switch t := t.(type) {
	case *NamedType:
		for _, a := range t.Args {
			w.typ(a)
		}
	case *RecordType:
		for _, f := range t.Fields {
			w.typ(f.Type)
		}
	case *NullableType:
		w.typ(t.Elem)
	}
}

func (w walker) exprParts(x Expr) {
	switch x := x.(type) {
	case *Field:
		w.expr(x.X)
	case *Index:
		w.expr(x.X)
		w.expr(x.Index)
	case *Call:
		w.args(x.Args)
	case *Unary:
		w.expr(x.X)
	case *Binary:
		w.expr(x.X)
		w.expr(x.Y)
	case *IsNull:
		w.expr(x.X)
	case *In:
		w.expr(x.X)
		w.expr(x.List)
	case *If:
		w.expr(x.Cond)
		w.expr(x.Then)
		w.expr(x.Else)
	case *List:
		for _, e := range x.Elems {
			w.expr(e)
		}
	case *Record:
		for _, f := range x.Fields {
			w.expr(f.Value)
		}
	case *Tuple:
		w.args(x.Elems)
	case *TypeLit:
		w.typ(x.Type)
	case *Paren:
		w.expr(x.X)
	case *Pipe:
		w.expr(x.Head)
		for _, c := range x.Stages {
			w.expr(c)
		}
	}
}

// Source is the node's text as written.
func (f *File) Source(n Node) string {
	s := n.Pos()
	if s.Start.Offset > s.End.Offset || s.End.Offset > len(f.Src) {
		return ""
	}
	return string(f.Src[s.Start.Offset:s.End.Offset])
}

// DeclName gives the name that a declaration introduces; ok is false for an import, a test and a statement.
func DeclName(d Decl) (name Ident, ok bool) {
	switch d := d.(type) {
	case *Param:
		return d.Name, true
	case *Secret:
		return d.Name, true
	case *TypeDecl:
		return d.Name, true
	case *Fn:
		return d.Name, true
	case *Let:
		return d.Name, true
	}
	return Ident{}, false
}

// Argument finds the argument of a call that is given by name, as an option or a column; nil where there is none.
func (e *Call) Argument(kind ArgKind, name string) *Arg {
	for i := range e.Args {
		if a := &e.Args[i]; a.Kind == kind && a.Name.Name == name {
			return a
		}
	}
	return nil
}
