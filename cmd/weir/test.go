package main

type testCmd struct {
	Paths []string `arg:"" optional:"" help:"Files and folders; by default the present folder."`
}

func (c *testCmd) Run(e *env) error { return nil }
