// Package resolve finds what the names of a pipeline stand for: it reads a file and all that it imports, and gives
// every file its
// table of declarations. It knows nothing of types, operators or columns.
package resolve

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"weir/lang/diag"
	"weir/lang/syntax"
)

// MaxFiles is the most files that one pipeline may consist of.
const MaxFiles = 200

// maxDepth is the longest chain of imports.
const maxDepth = 50

// Options says where imports come from.
type Options struct {
	Root     string                       // imports are confined to it; empty: the folder of the main file
	ReadFile func(string) ([]byte, error) // nil: an import is an error
}

// Kind is the kind of a declaration.
type Kind uint8

// The kinds of declaration that have a name.
const (
	Param Kind = iota
	Secret
	Fn
	Let
	Type
)

func (k Kind) String() string { return [...]string{"parameter", "secret", "fn", "let", "type"}[k] }

// Symbol is a declared name.
type Symbol struct {
	Name   string
	Kind   Kind
	Span   diag.Span // of the name
	Decl   syntax.Decl
	Module *Module // the file that declares it
}

// Import is one import of a module.
type Import struct {
	Decl   *syntax.Import
	Module *Module // nil where it could not be read
}

// Module is one file and the names that can be used in it. Types have a table of their own; all else shares one.
type Module struct {
	File    *syntax.File
	Imports []Import
	Values  map[string]*Symbol
	Types   map[string]*Symbol
	Own     []*Symbol // what the file itself declares, in order
	Tests   []*syntax.Test
	Stmts   []*syntax.Statement

	broken  map[string]bool // what is declared, but could not be read
	partial bool            // an import could not be read
}

// MayHave reports whether an unknown name may stand for what was reported already: a declaration, or an import, that
// could not be read.
func (m *Module) MayHave(name string) bool { return m.partial || m.broken[name] }

// Lookup finds a parameter, secret, fn or let; nil where there is none.
func (m *Module) Lookup(name string) *Symbol { return m.Values[name] }

// Program is a main file with all that it imports, directly or not; Modules begins with Main.
type Program struct {
	Main    *Module
	Modules []*Module
}

// Files lists the files read, the main one first.
func (p *Program) Files() []*syntax.File {
	files := make([]*syntax.File, len(p.Modules))
	for i, m := range p.Modules {
		files[i] = m.File
	}
	return files
}

// Load parses the main file and its imports and builds their tables. The program is never nil; what could not be read
// is missing
// from it and reported with W1 and W20 codes.
func Load(file string, src []byte, o Options) (*Program, diag.List) {
	if o.Root == "" {
		o.Root = filepath.Dir(file)
	}
	l := &loader{o: o, modules: map[string]*Module{}, prog: &Program{}}
	l.prog.Main = l.load(filepath.Clean(file), file, src)
	return l.prog, l.diags
}

type loader struct {
	o       Options
	prog    *Program
	modules map[string]*Module // by cleaned path; a nil entry is one that could not be read
	stack   []string
	diags   diag.List
	full    bool // the cap on files was reported
}

func (l *loader) load(key, name string, src []byte) *Module {
	f, errs := syntax.Parse(name, src)
	l.diags = append(l.diags, errs...)
	m := &Module{File: f, Values: map[string]*Symbol{}, Types: map[string]*Symbol{}}
	l.modules[key] = m
	l.prog.Modules = append(l.prog.Modules, m)
	l.stack = append(l.stack, key)
	m.declare(&l.diags)
	if errs.HasErrors() {
		m.broken = map[string]bool{}
		for _, h := range head.FindAllSubmatch(src, -1) {
			m.broken[string(h[1])] = true
		}
	}
	for _, d := range f.Decls {
		if imp, ok := d.(*syntax.Import); ok {
			l.imports(m, imp)
		}
	}
	l.stack = l.stack[:len(l.stack)-1]
	return m
}

// head is the head of a declaration.
var head = regexp.MustCompile(`(?m)^(?:param|secret|type|fn|let)[ \t]+([\pL_][\pL\pN_]*)`)

// declare enters the file's own names.
func (m *Module) declare(diags *diag.List) {
	for _, d := range m.File.Decls {
		var s *Symbol
		switch d := d.(type) {
		case *syntax.Param:
			s = &Symbol{d.Name.Name, Param, d.Name.Span, d, m}
		case *syntax.Secret:
			s = &Symbol{d.Name.Name, Secret, d.Name.Span, d, m}
		case *syntax.Fn:
			s = &Symbol{d.Name.Name, Fn, d.Name.Span, d, m}
		case *syntax.Let:
			s = &Symbol{d.Name.Name, Let, d.Name.Span, d, m}
		case *syntax.TypeDecl:
			s = &Symbol{d.Name.Name, Type, d.Name.Span, d, m}
		case *syntax.Test:
			m.Tests = append(m.Tests, d)
			continue
		case *syntax.Statement:
			m.Stmts = append(m.Stmts, d)
			continue
		default:
			continue
		}
		table := m.table(s.Kind)
		if first := table[s.Name]; first != nil {
			diags.Add(diag.Diagnostic{Code: "W2001", Message: fmt.Sprintf("`%s` is declared twice", s.Name), Span: s.Span,
				Related: []diag.Related{{Span: first.Span, Label: "first declared here"}}, Hint: "give one of them another name"})
			continue
		}
		table[s.Name] = s
		m.Own = append(m.Own, s)
	}
}

func (m *Module) table(k Kind) map[string]*Symbol {
	if k == Type {
		return m.Types
	}
	return m.Values
}

// imports reads one import and brings its fn, type and let.
func (l *loader) imports(m *Module, d *syntax.Import) {
	m.Imports = append(m.Imports, Import{Decl: d})
	lit, _ := d.Path.Value.(string)
	if lit == "" {
		m.partial = true
		return // reported by the parser, or an empty name: see below
	}
	path, err := Path(l.o.Root, m.File.Name, lit)
	if err != nil {
		l.diags.Add(diag.Diagnostic{Code: "W2005", Message: err.Error(), Span: d.Path.Span,
			Hint: "move the file under the root, or move weir.yaml up"})
		m.partial = true
		return
	}
	key := filepath.Clean(path)
	for i, s := range l.stack {
		if s == key {
			var names []string
			for _, n := range append(l.stack[i:len(l.stack):len(l.stack)], key) {
				names = append(names, filepath.Base(n))
			}
			l.diags.Add(diag.Diagnostic{Code: "W2003", Message: "these files import each other", Span: d.Path.Span,
				Label: strings.Join(names, " → "),
				Hint:  "move what both need into a third file"})
			return
		}
	}
	from, read := l.modules[key]
	if !read {
		from = l.read(key, path, d)
	}
	m.Imports[len(m.Imports)-1].Module = from
	if from == nil {
		m.partial = true
		return
	}
	m.partial = m.partial || from.broken != nil
	for _, s := range from.Own {
		if s.Kind != Fn && s.Kind != Type && s.Kind != Let {
			continue
		}
		table := m.table(s.Kind)
		if first := table[s.Name]; first != nil && first != s {
			l.diags.Add(diag.Diagnostic{Code: "W2001",
				Message: fmt.Sprintf("`%s` is declared twice: here and in %s", s.Name, lit), Span: d.Path.Span,
				Related: []diag.Related{{Span: first.Span, Label: "declared here"}, {Span: s.Span,
					Label: "and imported from here"}},
				Hint: "give one of them another name"})
			continue
		}
		table[s.Name] = s
	}
}

func (l *loader) read(key, path string, d *syntax.Import) *Module {
	if len(l.prog.Modules) >= MaxFiles || len(l.stack) >= maxDepth {
		if !l.full {
			l.full = true
			l.diags.Add(diag.Diagnostic{Code: "W2004",
				Message: fmt.Sprintf("more than %d files, or imports nested more than %d deep", MaxFiles, maxDepth),
				Span:    d.Path.Span, Hint: "join small files"})
		}
		return nil
	}
	if l.o.ReadFile == nil {
		l.diags.Add(diag.Diagnostic{Code: "W2002", Message: "files cannot be imported here", Span: d.Path.Span})
		return nil
	}
	src, err := l.o.ReadFile(path)
	if err != nil {
		l.modules[key] = nil
		l.diags.Add(diag.Diagnostic{Code: "W2002", Message: fmt.Sprintf("`%s` cannot be read", path), Span: d.Path.Span,
			Label: cause(err),
			Hint:  "the path is relative to the file that imports"})
		return nil
	}
	return l.load(key, path, src)
}

// cause gives the innermost error: the path stands in the message already.
func cause(err error) string {
	for {
		u, ok := err.(interface{ Unwrap() error })
		if !ok || u.Unwrap() == nil {
			return err.Error()
		}
		err = u.Unwrap()
	}
}
