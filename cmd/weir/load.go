package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"weir/cmd/weir/internal/project"
	"weir/compiler"
	"weir/compiler/expr"
	"weir/lang/diag"
	"weir/lang/syntax"
	"weir/planner"
	"weir/planner/physical"
	"weir/runtime/eval"
	"weir/runtime/flink/submit"
	"weir/runtime/op"
	"weir/stdlib"
)

// params is the flag -p, which several commands have.
type params struct {
	Param []string `short:"p" sep:"none" placeholder:"NAME=VALUE" help:"Set a parameter of the pipeline; a path is relative to the working directory."`
}

func (p *params) values() (map[string]string, error) {
	m := map[string]string{}
	for _, s := range p.Param {
		name, value, ok := strings.Cut(s, "=")
		if !ok || !syntax.IsIdent(name) {
			return nil, fmt.Errorf("-p %s: write -p NAME=VALUE", s)
		}
		if _, dup := m[name]; dup {
			return nil, fmt.Errorf("-p %s: %s is set twice", s, name)
		}
		m[name] = value
	}
	return m, nil
}

// pipeline is a compiled .flow file and its surroundings.
type pipeline struct {
	file      string
	project   *project.Project
	catalogue *op.Catalogue
	storage   op.Storage
	sources   *sources
	result    *compiler.Result
	diags     diag.List // of the project file and of the pipeline, suppressions applied
}

// load reads and compiles a file, with the storages as a target has them ("": the project's). The error is for what is no finding in a file. checkOnly says
// that no run follows.
func load(e *env, file, target string, values map[string]string, checkOnly bool) (*pipeline, error) {
	src, err := readFlow(file)
	if err != nil {
		return nil, err
	}
	cat, err := stdlib.Catalogue()
	if err != nil {
		return nil, err
	}
	p := &pipeline{file: file, catalogue: cat, sources: &sources{}}
	p.sources.add(file, src)
	p.project, p.diags = project.Load(file)
	if p.project == nil || p.diags.HasErrors() {
		p.result = &compiler.Result{}
		return p, nil
	}
	p.storage = storages(e, p.project, target)
	p.result = compiler.Compile(file, src, compiler.Options{
		Catalogue: cat,
		Params:    p.params(src, values),
		Root:      p.project.Root,
		Storage:   p.storage,
		ReadFile:  readFlow,
		CheckOnly: checkOnly,
	})
	var allows []diag.Allow
	for _, f := range p.result.Files {
		p.sources.add(f.Name, f.Src)
		allows = append(allows, syntax.Allows(f)...)
	}
	p.diags = append(p.diags, diag.Suppress(p.result.Diags, allows)...)
	return p, nil
}

// params joins the values of the project file with those of the command line. The project file serves many pipelines, so a name that this
// one does not have is passed over; a path is relative to the project file's folder.
func (p *pipeline) params(src []byte, values map[string]string) map[string]string {
	all := map[string]string{}
	file, _ := syntax.Parse(p.file, src)
	for _, d := range file.Decls {
		decl, ok := d.(*syntax.Param)
		if !ok {
			continue
		}
		v, ok := p.project.Params[decl.Name.Name]
		if !ok {
			continue
		}
		text := v.Text
		if t, named := decl.Type.(*syntax.NamedType); named && t.Name.Name == "path" && text != "-" && !filepath.IsAbs(text) && !strings.Contains(text, "://") {
			folder := strings.HasSuffix(text, "/")
			text = filepath.Join(p.project.Dir, text)
			if folder {
				text += "/"
			}
		}
		all[decl.Name.Name] = text
	}
	for name, text := range values {
		all[name] = text
	}
	return all
}

// planFlags are the flags that decide a plan.
type planFlags struct {
	Target      string   `placeholder:"NAME" help:"The target in weir.yaml; by default its target, else local."`
	Parallelism int      `short:"j" placeholder:"N" help:"Tasks of a stage that can be spread; by default one a core."`
	DisableRule []string `placeholder:"RULE" help:"Leave out a rule of the planner; the results are the same."`
}

// plan makes the physical plan of a compiled pipeline; findings are printed and end the command.
func (f *planFlags) plan(e *env, p *pipeline) (*physical.Plan, project.Target, error) {
	name, target, ok := p.project.Named(f.Target)
	if !ok {
		return nil, target, fmt.Errorf("no target is called %s: weir.yaml declares targets; without it there is only local", name)
	}
	tasks := f.tasks(target)
	if target.Yarn != nil {
		tasks = max(tasks, 2) // a plan for one task could not be spread later
	}
	plan, diags := planner.Make(p.result.Plan, planner.Options{
		Catalogue:   p.catalogue,
		Storage:     p.storage,
		Target:      planTarget(name, target),
		Parallelism: tasks,
		Disable:     f.DisableRule,
		Fold:        func(x *expr.Expr) (any, bool) { return eval.Fold(p.catalogue, x) },
	})
	complain(e, diags, p.sources)
	if plan == nil {
		for _, d := range diags {
			if d.Code == "W4900" {
				return nil, target, exit(exitBug)
			}
		}
		return nil, target, exit(exitUsage)
	}
	return plan, target, nil
}

// tasks is the parallelism of stages that can be spread.
func (f *planFlags) tasks(t project.Target) int {
	switch {
	case f.Parallelism != 0:
		return f.Parallelism
	case t.Parallelism != 0:
		return t.Parallelism
	case t.Yarn != nil && t.Yarn.Scaling.Max > 0:
		return min(t.Yarn.Scaling.Max, planner.MaxLocalParallelism)
	case t.Yarn != nil:
		return submit.DefaultParallelism
	}
	return min(runtime.GOMAXPROCS(0), planner.MaxLocalParallelism)
}

// planTarget is what the planner plans for: a cluster's workers run the operators of a local run.
func planTarget(name string, t project.Target) string {
	if t.Yarn != nil || t.Kind == "local" {
		return "local"
	}
	return name
}

// compiled loads a file for a run or a plan: findings go to standard error, and errors end the command.
func compiled(e *env, file, target string, ps *params) (*pipeline, error) {
	values, err := ps.values()
	if err != nil {
		return nil, err
	}
	p, err := load(e, file, target, values, false)
	if err != nil {
		return nil, err
	}
	complain(e, p.diags, p.sources)
	if p.diags.HasErrors() {
		return nil, exit(exitFindings)
	}
	return p, nil
}

// tempDir is where a run spills to.
func tempDir(flag string, t project.Target, p *project.Project) (string, error) {
	dir := flag
	if dir == "" && t.Temp != "" {
		if dir = t.Temp; !filepath.IsAbs(dir) {
			dir = filepath.Join(p.Dir, dir)
		}
	}
	if dir == "" {
		return os.TempDir(), nil
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return "", fmt.Errorf("%s: no folder for temporary files there", dir)
	}
	return dir, nil
}
