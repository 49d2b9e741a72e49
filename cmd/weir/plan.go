package main

import (
	"weir/planner/explain"
	"weir/planner/physical"
	"weir/runtime/op"
	"weir/runtime/storage"
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
	describeSinks(m, plan, p.storage)
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

// describeSinks says of each sink how its storage writes the file.
func describeSinks(m *explain.Model, plan *physical.Plan, s op.Storage) {
	d, ok := s.(storage.Describer)
	if !ok {
		return
	}
	paths := map[int]string{}
	for _, n := range plan.Nodes {
		paths[n.ID] = n.Args.Text("path")
	}
	for _, stage := range m.Stages {
		for _, o := range stage.Ops {
			if o.Sink && paths[o.Node] != "" {
				if text := d.Describe(paths[o.Node]); text != "" {
					o.Set = append(o.Set, text)
				}
			}
		}
	}
}
