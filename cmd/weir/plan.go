package main

import (
	"weir/planner/explain"
)

type planCmd struct {
	params
	planFlags
	Format string `default:"tree" enum:"tree,json,dot,mermaid,markdown" help:"tree, json, dot, mermaid or markdown."`
	File   string `arg:"" help:"The pipeline."`
}

func (c *planCmd) Run(e *env) error {
	p, err := compiled(e, c.File, c.Target, &c.params)
	if err != nil {
		return err
	}
	plan, _, err := c.plan(e, p)
	if err != nil {
		return err
	}
	m := explain.New(plan, p.catalogue)
	switch c.Format {
	case "json":
		return explain.JSON(e.stdout, plan, m)
	case "dot":
		return explain.DOT(e.stdout, m)
	case "mermaid":
		return explain.Mermaid(e.stdout, m)
	case "markdown":
		return explain.Markdown(e.stdout, m)
	}
	return explain.Tree(e.stdout, m, terminalWidth(e.stdout))
}
