// Package project finds and reads weir.yaml: what belongs to a project and its machines and not to a pipeline.
package project

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"weir/lang/diag"
	"weir/runtime/flink/submit"
	"weir/runtime/storage/s3"
)

// FileName is the project file: the nearest one at or above a pipeline's folder.
const FileName = "weir.yaml"

// maxBytes bounds the project file.
const maxBytes = 1 << 20

// Project is a read project file, or the defaults where there is none.
type Project struct {
	File string // "" where there is none
	Dir  string // the folder of File, or of the pipeline
	Root string // absolute; path literals of a pipeline stay inside it
	// Params are values for parameters, under -p and over the pipeline's defaults, as -p would have them; paths are relative to Dir.
	Params  map[string]Value
	Target  string // the default target
	Targets map[string]Target
}

// Value is a parameter's value with its place.
type Value struct {
	Text string
	Span diag.Span
}

// Target is where pipelines run: this machine (kind local), or a cluster (kind yarn).
type Target struct {
	Kind        string
	Parallelism int    // 0: one task a core
	Memory      int64  // bytes; 0: the default of the command
	Temp        string // folder for spilled data; "": the system's
	S3          s3.Options
	Yarn        *submit.Target // of kind yarn, and nil of others
}

// Named gives a target by its name, the project's own where that is "".
func (p *Project) Named(name string) (string, Target, bool) {
	if name == "" {
		name = p.Target
	}
	t, ok := p.Targets[name]
	return name, t, ok
}

// Load finds the project of a pipeline file. The findings have places in the project file.
func Load(pipeline string) (*Project, diag.List) {
	abs, err := filepath.Abs(pipeline)
	if err != nil {
		return nil, diag.List{{Code: "W6101", Message: err.Error()}}
	}
	dir := filepath.Dir(abs)
	for d := dir; ; d = filepath.Dir(d) {
		name := filepath.Join(d, FileName)
		data, err := readCapped(name)
		if err == nil {
			return parse(name, d, data)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, diag.List{{Code: "W6101", Message: fmt.Sprintf("the project file cannot be read: %v", err)}}
		}
		if d == filepath.Dir(d) {
			break
		}
	}
	p := defaults(dir)
	return p, nil
}

func readCapped(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxBytes {
		return nil, fmt.Errorf("%s is larger than 1 MiB", name)
	}
	return os.ReadFile(name)
}

func defaults(dir string) *Project {
	return &Project{Dir: dir, Root: dir, Params: map[string]Value{}, Target: "local", Targets: map[string]Target{"local": {Kind: "local"}}}
}

// parser reads the YAML tree by hand, so that every finding has a place and unknown keys are findings.
type parser struct {
	file  string
	src   string
	diags diag.List
}

func parse(file, dir string, data []byte) (*Project, diag.List) {
	name := file
	if wd, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(wd, file); err == nil && len(rel) < len(file) {
			name = rel
		}
	}
	p := &parser{file: name, src: string(data)}
	out := defaults(dir)
	out.File = file
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		p.syntax(err)
		return out, p.diags
	}
	if len(doc.Content) == 0 {
		return out, nil
	}
	var target *yaml.Node
	for key, value := range p.mapping(doc.Content[0], "the project file", "root", "params", "target", "targets") {
		switch key {
		case "root":
			root := p.text(value)
			if filepath.IsAbs(root) {
				p.report(value, "W6104", "`root` is an absolute path", "write it relative to the project file, so that the project can be moved")
				continue
			}
			out.Root = filepath.Join(dir, root)
			if info, err := os.Stat(out.Root); err != nil || !info.IsDir() {
				p.report(value, "W6104", fmt.Sprintf("`root` is no folder: %s", root), "")
			}
		case "params":
			for name, v := range p.mapping(value, "`params`") {
				out.Params[name] = Value{p.text(v), p.span(v)}
			}
		case "target":
			out.Target, target = p.text(value), value
		case "targets":
			for name, v := range p.mapping(value, "`targets`") {
				out.Targets[name] = p.target(name, v)
			}
		}
	}
	if _, ok := out.Targets[out.Target]; !ok && target != nil {
		p.report(target, "W6105", fmt.Sprintf("no target is called `%s`", out.Target), "name one of `targets`")
	}
	return out, p.diags
}

// kinds are those of targets that can be run on.
var kinds = []string{"local", "yarn"}

// target reads a target; its kind is what its name says where it does not.
func (p *parser) target(name string, n *yaml.Node) Target {
	kind, place := name, n
	if n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == "kind" {
				place = n.Content[i+1]
				kind = p.text(place)
			}
		}
	}
	switch kind {
	case "local":
		return p.local(name, n)
	case "yarn":
		return p.yarn(name, n)
	}
	p.diags.Add(diag.Diagnostic{Code: "W6106", Severity: diag.Warning, Span: p.span(place), Message: fmt.Sprintf("nothing can run on a target of kind `%s` yet", kind),
		Hint: "the kinds are " + strings.Join(kinds, " and ") + ": a target has `kind`, or is called so"})
	return Target{Kind: kind}
}

func (p *parser) local(name string, n *yaml.Node) Target {
	t := Target{Kind: "local"}
	for key, v := range p.mapping(n, "target `"+name+"`", "kind", "parallelism", "memory", "temp", "storage") {
		switch key {
		case "parallelism":
			if err := v.Decode(&t.Parallelism); err != nil || t.Parallelism < 1 || t.Parallelism > 1024 {
				p.report(v, "W6104", "`parallelism` is a whole number from 1 to 1024", "")
				t.Parallelism = 0
			}
		case "memory":
			bytes, err := ParseSize(p.text(v))
			if err != nil {
				p.report(v, "W6104", "`memory` "+err.Error(), "write 2GiB, say")
			}
			t.Memory = bytes
		case "temp":
			t.Temp = p.text(v)
		case "storage":
			t.S3 = p.storage(v)
		}
	}
	return t
}

func (p *parser) storage(n *yaml.Node) (o s3.Options) {
	for key, v := range p.mapping(n, "`storage`", "s3") {
		if key == "s3" {
			o = p.s3(v)
		}
	}
	return o
}

// mapping goes through a mapping's pairs; keys lists those that are known, none for any.
func (p *parser) mapping(n *yaml.Node, what string, keys ...string) func(yield func(string, *yaml.Node) bool) {
	return func(yield func(string, *yaml.Node) bool) {
		if n.Kind != yaml.MappingNode {
			if n.Tag != "!!null" {
				p.report(n, "W6103", what+" is a mapping of keys to values", "")
			}
			return
		}
		seen := map[string]bool{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			k, v := n.Content[i], n.Content[i+1]
			if seen[k.Value] {
				p.report(k, "W6103", fmt.Sprintf("`%s` stands here twice", k.Value), "")
				continue
			}
			seen[k.Value] = true
			if len(keys) > 0 && !slices.Contains(keys, k.Value) {
				hint := "known keys: " + strings.Join(keys, ", ")
				if s, ok := diag.Suggest(k.Value, keys); ok {
					hint = "did you mean `" + s + "`?"
				}
				p.report(k, "W6102", fmt.Sprintf("%s has no key `%s`", what, k.Value), hint)
				continue
			}
			if v.Kind == yaml.AliasNode {
				v = v.Alias
			}
			if !yield(k.Value, v) {
				return
			}
		}
	}
}

func (p *parser) text(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode {
		p.report(n, "W6103", "a single value is wanted here", "")
		return ""
	}
	return n.Value
}

func (p *parser) span(n *yaml.Node) diag.Span {
	end := n.Column + max(len(n.Value), 1)
	return diag.Span{File: p.file, Start: diag.Pos{Offset: p.offset(n.Line, n.Column), Line: n.Line, Col: n.Column},
		End: diag.Pos{Offset: p.offset(n.Line, end), Line: n.Line, Col: end}}
}

// offset turns a line and a column into a byte offset.
func (p *parser) offset(line, col int) int {
	rest, at := p.src, 0
	for ; line > 1; line-- {
		i := strings.IndexByte(rest, '\n')
		if i < 0 {
			return at
		}
		rest, at = rest[i+1:], at+i+1
	}
	return min(at+col-1, len(p.src))
}

func (p *parser) report(n *yaml.Node, code, message, hint string) {
	p.diags.Add(diag.Diagnostic{Code: code, Message: message, Hint: hint, Span: p.span(n)})
}

// syntax places yaml's own message ("yaml: line 3: …").
func (p *parser) syntax(err error) {
	line := 1
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if _, scan := fmt.Sscanf(text, "line %d:", &line); scan == nil {
		if _, rest, ok := strings.Cut(text, ": "); ok {
			text = rest
		}
	}
	at := diag.Pos{Offset: p.offset(line, 1), Line: line, Col: 1}
	p.diags.Add(diag.Diagnostic{Code: "W6103", Message: "this is not YAML: " + text, Span: diag.Span{File: p.file, Start: at, End: at}})
}
