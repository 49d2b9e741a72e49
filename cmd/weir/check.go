package main

import (
	"fmt"

	"weir/lang/diag"
)

type checkCmd struct {
	formats
	params
	Fix   bool     `help:"Apply the mechanical fixes that findings offer, then check again."`
	Paths []string `arg:"" optional:"" help:"Files and folders; by default the present folder."`
}

func (c *checkCmd) Run(e *env) error {
	files, err := flowFiles(c.Paths)
	if err != nil {
		return c.fail(e, err)
	}
	values, err := c.values()
	if err != nil {
		return c.fail(e, err)
	}
	var all diag.List
	texts := &sources{}
	seen := map[string]bool{} // findings of a project file or an import come with every pipeline: once is enough
	for _, file := range files {
		p, err := load(e, file, "", values, true)
		if err != nil {
			return c.fail(e, err)
		}
		if c.Fix {
			if p, err = c.fix(e, p, values); err != nil {
				return c.fail(e, err)
			}
		}
		for _, d := range p.diags {
			key := fmt.Sprint(d.Code, d.Span, d.Message)
			if !seen[key] {
				seen[key] = true
				all.Add(d)
			}
		}
		for name, text := range p.sources.files {
			texts.add(name, text)
		}
	}
	code, err := c.report(e, all, texts)
	if err != nil {
		return err
	}
	if code != exitOK {
		return exit(code)
	}
	return nil
}

// fix applies fixes until there are none that can be: one may make room for another.
func (c *checkCmd) fix(e *env, p *pipeline, values map[string]string) (*pipeline, error) {
	for range 10 {
		before := p.sources.files[p.file]
		after := diag.ApplyFixes(p.file, before, p.diags)
		if string(after) == string(before) {
			return p, nil
		}
		if err := replace(p.file, after); err != nil {
			return nil, err
		}
		var err error
		if p, err = load(e, p.file, "", values, true); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// fail says what is wrong with the environment: as JSON where standard output is to be one JSON document.
func (c *checkCmd) fail(e *env, err error) error {
	for _, f := range c.Format {
		if f == string(diag.FormatJSON) {
			writeFailure(e.stdout, "W6101", err.Error())
			return exit(exitUsage)
		}
	}
	return err
}
